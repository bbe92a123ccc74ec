"""The picture of a plan: its values, from what comes in to what goes out."""

from __future__ import annotations

from typing import Any

from autodiff.drawing._view import Edge, Vertex, View


def view_of(lines: Any) -> View:
    """Return the view of a plan, whose values have shapes and dtypes but no entries yet."""
    keys = {line.name: f"n{i}" for i, line in enumerate(lines)}
    nodes = [
        Vertex(keys[line.name], line.kind, line.name, line.formula, note=line.facts)
        for line in lines
    ]
    edges = [
        Edge(keys[name], keys[line.name]) for line in lines for name in line.inputs if name in keys
    ]
    return View(nodes, edges)
