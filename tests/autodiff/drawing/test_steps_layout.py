"""What of a page is in view while one steps, on a desk and on a phone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autodiff import steps

NETWORK = nn.MLP([2, 3, 1], seed=0)
RNG = np.random.default_rng(0)


def loss(points: Any, targets: Any) -> Any:
    hidden = NETWORK(points)
    errors = hidden - targets
    return np.mean(errors**2)


def small(x: Any, y: Any) -> Any:
    u = x * y
    return u + np.sin(u)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    steps(loss, RNG.normal(size=(4, 2)), RNG.normal(size=(4, 1))).save(folder / "loss.html")
    steps(small, 2.0, 3.0).save(folder / "small.html")
    return {path.stem: path.as_uri() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["small", "loss"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_step_the_graph_and_the_line_are_in_view_above_the_buttons(
    opened: Any, name: str, width: int, height: int
) -> None:
    page = opened(name, width=width, height=height)
    above = page.locator(".controls").bounding_box()["y"]
    for step in range(page.evaluate("last")):
        page.evaluate(f"show({step})")
        parts = page.locator(".step, .graph, .source, .node.focus > path").all()
        for part in [*parts, *page.locator("#source .line.now").all()[:1]]:
            box = part.bounding_box()
            if box is not None and box["height"]:
                assert box["y"] >= 0
                assert box["y"] + box["height"] <= above, (step, part.get_attribute("class"))


def test_six_lines_of_the_source_are_in_view_on_a_desk(opened: Any) -> None:
    page = opened("loss", width=1280, height=800)
    assert page.locator("#source").bounding_box()["height"] > 6 * 21


def test_a_small_graph_is_enlarged_into_its_box_but_not_beyond_it(opened: Any) -> None:
    page = opened("small", width=1280, height=800)
    graph, picture = page.locator("#graph"), page.locator("#graph > svg")
    room, drawn = graph.bounding_box(), picture.bounding_box()
    assert drawn["height"] > 0.75 * room["height"]
    assert graph.evaluate("(box) => box.scrollHeight - box.clientHeight") <= 0
    largest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.node > path')]"
        ".map((path) => path.getBoundingClientRect().width / path.getBBox().width))"
    )
    assert 1.2 < largest <= 1.7


def test_the_gradients_are_written_once_and_told(opened: Any) -> None:
    page = opened("loss", width=1280, height=800)
    page.keyboard.press("End")
    assert page.inner_text(".step").count("∂output/∂points") == 1
    assert page.get_attribute("#equations", "aria-live") == "polite"
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("#equations", "aria-live") == "off"  # what is told in words


def test_each_step_is_shown_from_its_top(opened: Any) -> None:
    page = opened("loss", width=390, height=844)
    page.evaluate("show(3), document.querySelector('.step').scrollTo(0, 1000), show(9)")
    assert page.evaluate("document.querySelector('.step').scrollTop") == 0


@pytest.mark.parametrize(
    ("width", "height", "colour"), [(1280, 800, "dark"), (390, 844, "light"), (390, 667, "dark")]
)
def test_what_scrolls_is_accessible(opened: Any, width: int, height: int, colour: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened("loss", width=width, height=height, colour=colour)
    page.keyboard.press("End")
    found = axe.run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
