"""How the page that steps looks: labels that can be read, and nothing cut without a sign."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autodiff import steps
from tests.autodiff.drawing.test_steps_page import PAGE

RNG = np.random.default_rng(0)
NET = nn.MLP([2, 16, 1], "tanh")


def loss(x: Any, y: Any) -> Any:
    return nn.mean_squared_error(NET(x), y)


def singular(x: Any) -> Any:
    return np.sum(np.log(x - 1.0) * x)


X = np.array([[0.5, 1.0, 2.0], [3.0, 4.0, -5.0]])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    data = RNG.normal(size=(50, 2)), RNG.normal(size=(50, 1))
    PAGE.save(folder / "micrograd.html")
    steps(loss, *data).save(folder / "loss.html")
    steps(loss, *data, direction="LR").save(folder / "aside.html")
    with np.errstate(all="ignore"):
        steps(singular, X).save(folder / "singular.html")
    return {path.stem: path.as_uri() for path in folder.iterdir()}


# -- labels, and what is cut -----------------------------------------------------------------

FAULTS = """() => {
  const svg = document.querySelector("#graph > svg");
  const box = (element) => element.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const others = [...svg.querySelectorAll(".node > path, .cluster text")];
  const covered = (k) => {
    const labels = [...svg.querySelectorAll(".on-edge.derivative")];
    for (const [i, label] of labels.entries()) {
      for (const other of [...others, ...labels.slice(0, i)]) {
        const owner = other.matches("path") ? other.parentNode : other;
        if (meet(box(label), box(other)))
          found.push(`${k}: ${label.textContent} on ${owner.textContent}`);
      }
      if (box(label).left < box(svg).left || box(label).right > box(svg).right)
        found.push(`${k}: ${label.textContent} is cut`);
    }
  };
  const sides = (box) => [
    ["left", box.scrollLeft], ["right", box.scrollWidth - box.clientWidth - box.scrollLeft],
    ["top", box.scrollTop], ["bottom", box.scrollHeight - box.clientHeight - box.scrollTop],
  ].filter(([side, more]) => more > 2).map(([side]) => side);
  const cut = (k) => {
    for (const box of document.querySelectorAll("main, main *:not(svg *)")) {
      const beyond = sides(box);
      if (!beyond.length) continue;
      const style = getComputedStyle(box);
      if (style.display === "inline") continue;
      const scrolls = style.overflowX !== "visible";
      const told = scrolls ? (box.dataset.more ?? "").split(" ") : [];
      const untold = beyond.filter((side) => !told.includes(side) && (scrolls || side === "right"));
      if (untold.length) found.push(`${k}: ${box.tagName} ${box.id} ${box.className} ${untold}`);
    }
  };
  const found = [];
  for (let k = 0; k <= Number(at("slider").max); k++) {
    show(k);
    covered(k);
    cut(k);
  }
  return [...new Set(found)];
}"""


@pytest.mark.parametrize(
    ("name", "width"), [("micrograd", 1280), ("loss", 390), ("aside", 390), ("singular", 1280)]
)
def test_labels_cover_no_text_and_nothing_is_cut_without_a_sign_that_it_scrolls(
    opened: Any, name: str, width: int
) -> None:
    page = opened(name, width=width, height=900)
    assert page.evaluate(FAULTS) == []
    for box in (".wide", "#equations"):  # which wrap
        assert page.locator(box).evaluate("(box) => box.scrollWidth - box.clientWidth") <= 0


def test_the_longest_numbers_fit_into_the_table_on_a_narrow_page(opened: Any) -> None:
    page = opened("loss", width=390, afresh=True)
    page.evaluate(
        """for (const cell of document.querySelectorAll("td"))
          cell.textContent = "(50, 1): −1.2345e−05 … 1.2345e−05";"""
    )
    assert page.locator(".wide").evaluate("(box) => box.scrollWidth - box.clientWidth") <= 0


def test_a_number_that_moves_stands_on_a_ground_of_its_own_and_starts_at_the_sender(
    opened: Any,
) -> None:
    page = opened(step=27, motion="no-preference", afresh=True)
    page.evaluate("requestAnimationFrame = () => {}")  # it stays where it starts
    page.keyboard.press("ArrowRight")
    colours = page.evaluate(
        """() => ["rect", "text"].map((part) =>
          getComputedStyle(document.querySelector(`.on-edge.token ${part}`)).fill)"""
    )
    assert len(set(colours)) == 2
    token, sender = page.evaluate(
        """() => [".on-edge.token", ".node.sender > path"].map((one) =>
          document.querySelector(one).getBoundingClientRect().toJSON())"""
    )  # at one time, for the graph scrolls
    assert sender["top"] <= (token["top"] + token["bottom"]) / 2 <= sender["bottom"]


def test_a_number_that_moves_passes_the_local_derivative_by(opened: Any) -> None:
    page = opened(motion="no-preference", afresh=True)
    page.evaluate("requestAnimationFrame = () => {}")
    covered = page.evaluate(
        """() => steps.flatMap((step, k) => {
          if (!step.sender) return [];
          show(k - 1);
          show(k);
          const box = (one) => document.querySelector(one).getBBox();
          const label = document.querySelector(".on-edge.derivative");
          if (!label) return [];
          const { e, f } = label.transform.baseVal.consolidate().matrix;
          const { width, height } = label.getBBox();
          const tag = { x: e - width / 2, y: f - height / 2, width, height };
          const token = box(".on-edge.token");
          const path = edges[step.edges[0]].querySelector("path");
          return Array.from({ length: 11 }, (_, i) => {
            const { x, y } = path.getPointAtLength((path.getTotalLength() * i) / 10);
            const { width, height } = token;
            return shared(tag, { x: x - width / 2, y: y - height / 2, width, height });
          }).filter((area) => area > 60).map(() => k); // more than a corner
        })"""
    )
    assert covered == []


def test_the_local_derivative_is_back_on_its_edge_once_the_number_has_arrived(opened: Any) -> None:
    page = opened("loss", motion="no-preference", afresh=True)
    k = page.evaluate("steps.findIndex((step) => step.heading === '∂output/∂y through v6')")
    page.evaluate(f"show({k - 1})")
    page.clock.install()
    page.keyboard.press("ArrowRight")
    away = """() => {
      const label = document.querySelector(".on-edge.derivative");
      const { e, f } = label.transform.baseVal.consolidate().matrix;
      const path = document.querySelector(".edge.focus path");
      const along = Array.from({ length: 101 }, (_, i) =>
        path.getPointAtLength((path.getTotalLength() * i) / 100));
      return Math.min(...along.map(({ x, y }) => Math.hypot(x - e, y - f)));
    }"""
    assert page.evaluate(away) > 10
    page.clock.run_for(1500)
    assert page.locator(".on-edge.token").count() == 0
    assert page.evaluate(away) < 5


def test_the_sign_goes_where_there_is_nothing_more(opened: Any) -> None:
    page = opened(height=500)
    graph = page.locator("#graph")
    graph.evaluate("(box) => box.scrollTo(0, 0)")
    page.wait_for_function("at('graph').dataset.more === 'bottom'")
    graph.evaluate("(box) => box.scrollTo(0, 1e6)")
    page.wait_for_function("at('graph').dataset.more === 'top'")
    assert graph.evaluate("(box) => getComputedStyle(box).maskImage") != "none"


# -- source ----------------------------------------------------------------------------------


def test_the_readers_function_is_first_and_the_librarys_are_closed(opened: Any) -> None:
    page = opened("loss")
    assert page.locator("#source > :is(h3, pre)").first.inner_text() == "loss"
    titles = page.locator("#source summary").all_inner_texts()
    assert page.locator("#source details[open]").count() == 0
    assert all("forward" in title or ".py" in title for title in titles)
    page.fill("#slider", "1")
    marked = page.locator("#source :is(.line, summary).now").all()
    assert any(mark.is_visible() for mark in marked)


def test_the_readers_line_is_marked_beside_the_librarys_that_it_leads_to(opened: Any) -> None:
    page = opened("loss")
    for way in ("Forward", "Backward"):
        k = page.evaluate(f"steps.findIndex((s) => s.way === '{way}' && s.edges.length)")
        page.evaluate(f"show({k})")
        own, library = page.locator("#source .line.now").all()
        assert "return nn.mean_squared_error(NET(x), y)" in own.inner_text()
        assert own.is_visible()
        assert library.locator("xpath=ancestor::details").count() == 1


def test_a_function_of_the_library_itself_has_no_readers_line() -> None:
    page = steps(nn.mean_squared_error, np.ones(3), np.zeros(3))
    assert "page = steps(" not in page.html


# -- NaN -------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", ["light", "dark"])
def test_nan_is_red_where_it_is_first_and_there_ever_after(opened: Any, colour: str) -> None:
    page = opened("singular", colour=colour)
    red = page.evaluate("getComputedStyle(document.body).getPropertyValue('--warning')")
    step = page.evaluate("steps.findIndex((step) => Object.keys(step.warnings).length)")
    page.evaluate(f"show({step - 1})")
    assert page.locator("main .warning:not(:empty)").count() == 0
    page.keyboard.press("ArrowRight")
    node = page.locator("#graph .node.focus text > .warning")
    assert node.inner_html() == "NaN first here: [0, 0]; inf first here: [0, 1]"
    page.keyboard.press("End")
    assert node.count() == 0
    told = page.locator("#graph text > .warning:not(:empty)").all_text_contents()
    assert told[0] == "NaN first here: [0, 0]; inf first here: [0, 1]"
    assert "NaN" in page.inner_text("tr[data-key]")  # brought about by others
    assert page.locator(":is(tr[data-key], #equations) .warning").count() == 0
    assert page.locator("#graph .node:has(.fact .warning)").count() == 1
    page.evaluate(f"show({step})")
    for place in ("#graph .node", "#equations"):
        words = page.locator(f"{place} .warning:not(:empty)")
        assert "NaN" in " ".join(words.all_text_contents())
        colours = words.evaluate_all(
            """(all, svg) => all.map((word) => getComputedStyle(word)[svg ? "fill" : "color"])""",
            place.startswith("#graph"),
        )
        assert {rgb(red)} == set(colours)


def rgb(colour: str) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return f"rgb({', '.join(map(str, parts))})"


def test_who_cannot_see_red_reads_it(opened: Any) -> None:
    page = opened("singular")
    step = page.evaluate("steps.findIndex((step) => Object.keys(step.warnings).length)")
    page.evaluate(f"show({step})")
    assert "NaN first here: [0, 0]; inf first here: [0, 1]" in page.inner_text("[aria-live=polite]")


def test_the_rules_of_accessibility_are_kept_where_there_is_nan(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for colour in ("light", "dark"):
        page = opened("singular", 9999, width=390, height=800, colour=colour)
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()


def test_a_closed_function_is_accessible_and_opens(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened("loss", 1, width=390)
    if page.locator("#source summary").count() == 0:
        pytest.skip("all lines are the reader's")
    page.locator("#source summary").first.click()
    found = axe.run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.locator("#source details[open] pre").is_visible()
