"""The page that steps: its text, and in headless Chromium what a reader sees and can do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, scope, steps


def relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


def micrograd(a: Any, b: Any) -> Any:
    """The example of https://github.com/karpathy/micrograd, which prints the values below."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


RNG = np.random.default_rng(0)
WEIGHTS = [Tensor(RNG.normal(size=(3, 3)), name=f"layers.{i}.weight") for i in range(2)]


def network(x: Any) -> Any:
    for i, weight in enumerate(WEIGHTS):
        with scope(f"layers.{i}"):
            x = np.tanh(x @ weight)
    return np.mean(x**2)


PAGE = steps(micrograd, -4.0, 2.0)
LAYERS = steps(network, RNG.normal(size=(8, 3)))


def data(html: str) -> Any:
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]


# -- the text of a page ----------------------------------------------------------------------


@pytest.mark.parametrize("page", [PAGE, LAYERS])
def test_a_page_is_small_and_needs_nothing_beside_it(page: Any) -> None:
    assert len(page.html.encode()) < 300_000
    addresses = re.findall(r"https?://[^\s\"'<)]+", page.html)
    assert set(addresses) <= {
        "http://www.w3.org/2000/svg",
        "https://github.com/karpathy/micrograd,",
    }
    assert not re.search(r"<link[^>]+href=\"(?!data:)|<script[^>]+src=|@import|\{\{", page.html)


def test_a_page_is_the_same_each_time() -> None:
    assert steps(micrograd, -4.0, 2.0).html == PAGE.html


def test_each_step_names_the_line_that_computed_it() -> None:
    lines = re.findall(r'id="(line-\d+-\d+)"><i>\d+</i>(.*)', PAGE.html)
    source = {line: text.strip() for line, text in lines}
    found = {
        step["heading"]: source.get("".join(step["lines"])) for step in data(PAGE.html)["steps"]
    }
    assert found["e = c₃ - d₃"] == "e = c - d"
    assert found["∂g₂/∂c₃ through e"] == "e = c - d"
    assert found["v9 = maximum(v8, 0)"] == "return np.maximum(x, 0.0)"


def test_layers_are_clusters_and_are_named_with_their_steps() -> None:
    assert LAYERS.html.count('class="cluster"') == 2
    scopes = [step["scope"] for step in data(LAYERS.html)["steps"] if step["scope"]]
    assert list(dict.fromkeys(scopes)) == ["layers.0", "layers.1"]
    assert scopes == [*["layers.0"] * 2, *["layers.1"] * 2, *["layers.1"] * 3, *["layers.0"] * 3]


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", "<b>&amp;", '"x"', "{{data}}"]
)
def test_hostile_names_are_text(name: str) -> None:
    x = Tensor(2.0, name=name)
    page = steps(lambda y: x * y, 3.0, title=name)
    assert "<script>alert" not in page.html
    assert "<b>" not in page.html
    assert any(name in step["heading"] for step in data(page.html)["steps"])


def test_what_else_a_function_uses_can_be_named() -> None:
    weight = Tensor(3.0)
    page = steps(lambda x: weight * x, 2.0, names={"weight": weight}, title="A product")
    assert [step["heading"] for step in data(page.html)["steps"]][:2] == [
        "x = 2",
        "output = weight * x",
    ]
    assert "<h1>A product</h1>" in page.html


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    shown = PAGE._repr_html_()
    assert shown.startswith("<iframe ")
    assert "<!DOCTYPE" not in shown
    assert "&lt;!DOCTYPE html&gt;" in shown


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    PAGE.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == PAGE.html
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        PAGE.save(tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "taken"]


@pytest.mark.parametrize(
    ("f", "args", "error", "says"),
    [
        (np.sign, (1.0,), TypeError, "has no derivative by an argument"),
        (lambda x: sum(x * i for i in range(600)), (1.0,), ValueError, "1200 ops"),
    ],
)
def test_what_cannot_be_stepped_through(f: Any, args: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        steps(f, *args)


def test_what_was_typed_and_has_no_file_is_shown_without_its_source() -> None:
    code = "from autodiff import steps; print(steps(lambda x: x * x, 3.0).html)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "There is no source to show" in done.stdout


# -- in a browser ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    PAGE.save(folder / "micrograd.html")
    (folder / "notebook.html").write_text(f"<!DOCTYPE html>{PAGE._repr_html_()}", encoding="utf-8")
    return {path.stem: path.as_uri() for path in folder.iterdir()}


def step_of(page: Any) -> int:
    return int(re.match(r"Step (\d+)", page.inner_text("#count"))[1])  # type: ignore[index]


@pytest.mark.parametrize(("step", "width", "colour"), [(6, 390, "light"), (40, 1280, "dark")])
def test_the_rules_of_accessibility_are_kept(
    opened: Any, step: int, width: int, colour: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(step=step, width=width, height=800, colour=colour)
    page.click("summary")
    for _ in range(2):
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("w")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_reader_sees_the_numbers_of_micrograds_example_arrive(opened: Any) -> None:
    page = opened()
    cells = {name: f"tr:has(th:text-is('{name}')) td" for name in ("a", "b", "g₂")}
    numbers = {"24.7041": "g₂", "138.8338": "a", "645.5773": "b"}
    course = data(PAGE.html)["steps"]
    for number, name in numbers.items():
        arrives = next(k for k, s in enumerate(course) if number in str(s["equations"]))
        page.fill("#slider", str(arrives - 1))
        assert number not in page.inner_text("main")
        page.keyboard.press("ArrowRight")
        assert number in page.inner_text("#equations")
        assert number in page.inner_text(cells[name] + (".gradient" if name < "c" else ".fact"))
        assert number in page.text_content("#graph .node.focus")


def test_values_and_cotangents_stand_in_the_graph_once_they_are_known(opened: Any) -> None:
    page = opened(step=1)
    value, gradient = "#graph #n2 .fact", "#graph #n2 .gradient"
    assert page.text_content(value) == "−2"
    assert page.text_content(gradient) == ""
    page.keyboard.press("ArrowLeft")
    assert page.text_content(value) == ""
    page.keyboard.press("End")
    assert page.text_content(gradient) == "−27.7668"


def test_keys_buttons_and_the_slider_lead_from_step_to_step(opened: Any) -> None:
    page = opened()
    last = int(page.get_attribute("#slider", "max"))
    for act, step in [
        (lambda: page.keyboard.press("ArrowLeft"), 0),
        (lambda: page.keyboard.press("ArrowRight"), 1),
        (lambda: page.keyboard.press("End"), last),
        (lambda: page.keyboard.press("ArrowRight"), last),
        (lambda: page.keyboard.press("Home"), 0),
        (lambda: page.click("#forward"), 1),
        (lambda: page.click("#forward"), 2),
        (lambda: page.click("#back"), 1),
        (lambda: page.click("#last"), last),
        (lambda: page.click("#first"), 0),
        (lambda: page.fill("#slider", "7"), 7),
        (lambda: page.keyboard.press("ArrowRight"), 8),
        (lambda: page.click("summary"), 8),
        (lambda: page.click("#outline a >> nth=12"), 12),
    ]:
        act()
        page.wait_for_function(f"document.getElementById('slider').value === '{step}'")


def test_space_plays_and_pauses_and_playing_ends_at_the_end(opened: Any) -> None:
    page = opened(step=64, afresh=True)
    page.clock.install()
    page.keyboard.press(" ")
    assert (step_of(page), page.get_attribute("#play", "aria-label")) == (65, "Pause")
    page.clock.run_for(10_000)
    assert (step_of(page), page.get_attribute("#play", "aria-label")) == (66, "Play")
    page.keyboard.press(" ")
    assert (step_of(page), page.get_attribute("#play", "aria-label")) == (0, "Pause")
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_each_step_has_an_address(opened: Any, address: dict[str, str]) -> None:
    page = opened(step=5, afresh=True)
    assert step_of(page) == 5
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("#step-6")
    assert page.get_attribute("#link", "href") == "#step-6"
    page.keyboard.press("End")
    page.go_back()
    assert page.url == "about:blank"  # a step leaves nothing in the history
    page.goto(f"{address['micrograd']}#step-9999")
    assert step_of(page) == 66


def test_a_step_is_told_to_who_cannot_see_it(opened: Any) -> None:
    page = opened(step=1)
    told = page.inner_text("[aria-live=polite]")
    assert "c₁ = a + b" in told
    assert "c₁ is −2. It changes as fast as a and as fast as b." in told
    assert page.get_attribute("#slider", "aria-valuetext") == "Step 1 of 66: c₁ = a + b"


def test_the_line_and_the_edges_of_a_step_are_marked(opened: Any) -> None:
    page = opened(step=1)
    assert page.inner_text(".line.now").split(maxsplit=1)[1].strip() == "c = a + b"
    assert page.locator(".edge.focus").count() == 2
    assert page.locator(".on-edge.derivative").all_text_contents() == ["1", "1"]
    assert page.locator(".node.focus").get_attribute("id") == "n2"


def tips(page: Any) -> list[tuple[str, str]]:
    """Return the ends of the marked edges, the one that is pointed at first."""
    found = page.evaluate(
        """() => [...document.querySelectorAll(".edge.focus")].map((edge) => {
          const tip = edge.querySelector("path + path").getPointAtLength(0);
          const far = (key) => {
            const box = at(key).querySelector("path").getBBox();
            return Math.hypot(
              Math.max(box.x - tip.x, 0, tip.x - box.x - box.width),
              Math.max(box.y - tip.y, 0, tip.y - box.y - box.height));
          };
          const { tail, head } = edge.dataset;
          return far(tail) < far(head) ? [tail, head, far(tail)] : [head, tail, far(head)];
        })"""
    )
    assert all(distance < 1 for *_, distance in found)
    return [(at, other) for at, other, _ in found]


def test_arrowheads_point_where_values_and_cotangents_go(opened: Any) -> None:
    page = opened()
    course = data(PAGE.html)["steps"]
    for k in (1, 40, 2, 41):  # which turns edges to and fro
        page.evaluate(f"show({k})")
        step = course[k]
        assert {at for at, _ in tips(page)} == {step["node"]}
        if step["sender"]:
            assert tips(page) == [(step["node"], step["sender"])]


def test_the_whole_graph_is_fitted_into_its_box_and_back(opened: Any) -> None:
    page = opened(step=30)
    graph, button = page.locator("#graph"), page.locator("#whole")
    for act in (lambda: page.keyboard.press("w"), lambda: button.click()):
        assert graph.evaluate("(box) => box.scrollHeight - box.clientHeight") > 0
        act()
        assert button.get_attribute("aria-pressed") == "true"
        assert graph.evaluate("(box) => box.scrollHeight - box.clientHeight") <= 0
        assert graph.evaluate("(box) => box.scrollWidth - box.clientWidth") <= 0
        assert graph.get_attribute("data-more") == ""
        page.keyboard.press("ArrowRight")
        act()
        assert button.get_attribute("aria-pressed") == "false"
        box, node = graph.bounding_box(), page.locator(".node.focus > path").bounding_box()
        assert box["y"] <= node["y"]
        assert node["y"] + node["height"] <= box["y"] + box["height"]


def test_the_node_of_a_step_is_brought_into_view(opened: Any) -> None:
    page = opened(width=390, height=700)
    for step in (0, 23, 40, 66):
        page.fill("#slider", str(step))
        graph = page.locator("#graph").bounding_box()
        for node in page.locator(".node.focus > path").all():
            box = node.bounding_box()
            for start, length in (("x", "width"), ("y", "height")):
                assert graph[start] <= box[start]
                assert box[start] + box[length] <= graph[start] + graph[length]


def test_numbers_travel_unless_the_reader_wants_no_motion(opened: Any) -> None:
    for motion, moving in (("no-preference", 1), ("reduce", 0)):
        page = opened(step=27, motion=motion)
        page.keyboard.press("ArrowRight")
        assert page.locator(".on-edge.token").count() == moving


def test_a_frame_in_a_notebook_steps_too(opened: Any) -> None:
    frame = opened("notebook", afresh=True).frame_locator("iframe")
    frame.locator("#forward").click()
    assert frame.locator("#count").inner_text() == "Step 1 of 66"
    frame.locator("summary").click()
    frame.locator("#outline a").nth(12).click()
    assert frame.locator("#count").inner_text() == "Step 12 of 66"
    assert frame.locator("#link").is_hidden()
