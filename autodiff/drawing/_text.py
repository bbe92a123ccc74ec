"""A view as text: a tree for a terminal, from the outputs to what they were computed from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from unicodedata import combining, east_asian_width

from autodiff._core.tensor import Tensor
from autodiff.drawing._graph import Names, read_view, require_flags
from autodiff.drawing._values import (
    WITHOUT_GRADIENT,
    Piece,
    alarms,
    edge_text,
    entries,
    facts,
    printable,
)
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.folding._folding import fold
from autodiff.drawing.folding._repeats import ends

DEEPEST = 16  # branches; what is below begins a tree of its own


class Row(NamedTuple):
    """A line of the tree: branches, a node, the edge that led to it, and where else it stands."""

    branches: str
    node: Vertex
    edge: Edge | None
    reference: str


def text(
    *outputs: Any,
    names: Names = None,
    values: bool = True,
    gradients: bool = False,
    derivatives: bool = False,
    collapse: str | bool | Collection[str] = "auto",
    start: Tensor | str | None = None,
    reach: int | None = None,
    unfold: bool = False,
) -> str:
    """Return the graph behind some Tensors, or that of a function, as a tree for a terminal.

    The tree leads from the outputs to what they were computed from. A node that is used more than
    once is shown where it is first used, and then referred to.

    Parameters
    ----------
    *outputs : Tensor, or a function and its arguments, or a plan
        What to show.
    names, values, gradients, derivatives, collapse, start, reach, unfold
        As `draw` takes them.

    Returns
    -------
    str
        A line for each use of a node, in columns: the node and the call that computed it, what
        kind it is, shape, value, gradient, local derivative and note.

    Raises
    ------
    TypeError, ValueError
        As `draw` does.

    Examples
    --------
    >>> def energy(mass, speed):
    ...     return mass * speed**2 / 2
    >>> print(text(energy, 2.0, 3.0, gradients=True))
    output = v2 / 2        output  9   grad 1
    └ v2 = mass * v1               18  grad 0.5
      ├ mass         leaf    2   grad 4.5
      └ v1 = speed ** 2            9   grad 1
        └ speed      leaf    3   grad 6
    """
    require_flags(values=values)
    view, start_key = read_view(
        *outputs,
        names=names,
        gradients=gradients,
        derivatives=derivatives,
        unfold=unfold,
        start=start,
        door="text",
    )
    return render_text(fold(view, collapse, start_key, reach), values=values, gradients=gradients)


def render_text(view: View, *, values: bool = True, gradients: bool = False) -> str:
    """Return the graph as a tree, outputs first, with columns of shapes, values and gradients.

    A node that is used more than once is shown in full where it is first used.
    """
    nodes = {node.key: node for node in view.nodes}
    rows = [_cells(row, nodes, values, gradients) for row in _rows(view, nodes)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    tree = [
        "  ".join(
            cell + " " * (width - _width(cell))
            for cell, width in zip(row, widths, strict=True)
            if width
        ).rstrip()
        for row in rows
    ]
    notes = [_on_one_line(note) for note in view.notes]
    return "\n".join([*tree, *[""] * bool(notes), *notes])


def _rows(view: View, nodes: dict[str, Vertex]) -> Iterator[Row]:
    """Yield the lines of the tree."""
    operands: dict[str, list[Edge]] = {key: [] for key in nodes}
    for edge in view.edges:
        operands[edge.head].append(edge)
    last = ends(view)
    roots = [node.key for node in view.nodes if node.key in last or node.kind == "output"]
    shown = set()
    for root in roots:  # which grows meanwhile
        stack: list[tuple[str, str, str, Edge | None]] = [(root, "", "", None)] * (
            root not in shown
        )
        while stack:
            key, branch, trunk, via = stack.pop()
            if key in shown:
                yield Row(branch, nodes[key], via, "(above)")
                continue
            if operands[key] and len(branch) > 2 * DEEPEST:
                roots.append(key)
                yield Row(branch, nodes[key], via, "(below)")
                continue
            shown.add(key)
            yield Row(branch, nodes[key], via, "")
            for i, use in enumerate(reversed(operands[key])):
                turn, on = ("├ ", "│ ") if i else ("└ ", "  ")
                stack.append((use.tail, trunk + turn, trunk + on, use))


def _cells(row: Row, nodes: dict[str, Vertex], values: bool, gradients: bool) -> list[str]:
    """Return a line's columns: the node, its kind, shape, value, gradient, use and note."""
    branches, node, edge, reference = row
    use = edge_text(edge, nodes[edge.tail], nodes[edge.head]) if edge else ""
    name = branches + _on_one_line(node.name)
    if reference:
        return [f"{name} {reference}", "", "", "", "", use, ""]
    formula = f" = {_on_one_line(node.formula)}" if node.formula else ""
    value = _text_of(entries(node.value)) if values else ""
    return [
        name + formula,
        "" if node.kind in ("op", "cut") else node.kind,
        facts(node.value),
        value,
        _gradient(node, gradients),
        use,
        _on_one_line("\n".join(filter(None, [*alarms(node, values), node.note]))),
    ]


def _gradient(node: Vertex, asked: bool) -> str:
    """Return a node's gradient; a dash for what was not computed, so that it is not taken for 0."""
    if node.gradient is not None:
        return "grad " + _text_of(entries(node.gradient))
    return "grad —" if asked and node.kind not in WITHOUT_GRADIENT else ""


def _text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _on_one_line(words: str) -> str:
    return "; ".join(printable(words).split("\n"))


def _width(words: str) -> int:
    """Return how many columns of a terminal some words take."""
    return sum(
        0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in words
    )  # fmt: skip
