"""The picture of a plan: its values, from what comes in to what goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.drawing._picture import Picture


def picture_of(lines: Any) -> Picture:
    """Draw the lines of a plan's program."""
    from autodiff.drawing._picture import EDGES, NODES, STYLE, Picture, label

    picture = Picture(**STYLE)
    kinds = {line.name: line.kind for line in lines}
    for line in lines:
        picture.node(
            line.name, label(line.name, line.formula, [line.facts], ""), **NODES[line.kind]
        )
        for name in line.inputs:
            picture.edge(name, line.name, **EDGES.get(kinds[name], EDGES["op"]))
    return picture
