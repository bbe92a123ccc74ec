"""Pictures on dark paper are as legible as those on light paper."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest

from demos.website.inks import for_dark_paper

plt = pytest.importorskip("matplotlib.pyplot", reason="Matplotlib is not installed")


def test_black_text_and_markers_are_white_on_dark_paper() -> None:
    figure, axes = plt.subplots()
    axes.set_axis_off()
    axes.plot(0.5, 0.5, "o", color="black", gid="marker")
    axes.text(0.2, 0.2, "text", color="black", gid="words")
    text = io.StringIO()
    figure.savefig(text, format="svg")
    plt.close(figure)
    root = ElementTree.fromstring(for_dark_paper(text.getvalue()))
    for name in ("marker", "words"):
        assert fills(root, name) == {"#ffffff"}


def fills(root: ElementTree.Element, gid: str) -> set[str]:
    """Return the colours that a group's shapes are filled with, their own or inherited."""
    found = set()

    def look(element: ElementTree.Element, fill: str, inside: bool) -> None:
        style = dict(
            rule.split(": ") for rule in element.get("style", "").split("; ") if ": " in rule
        )
        fill = style.get("fill", element.get("fill", fill))
        inside = inside or element.get("id") == gid
        if inside and element.tag.endswith("use"):
            found.add(fill)
        for child in element:
            look(child, fill, inside)

    look(root, "#000000", False)
    return found
