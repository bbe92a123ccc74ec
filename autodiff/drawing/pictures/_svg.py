"""A view as SVG, by the own layout: what a plain installation draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from autodiff.drawing._themes import FONT, LINE, SIZE, SMALL, THEMES, Theme, text_width
from autodiff.drawing._values import (
    Piece,
    caption,
    edge_hover_text,
    edge_text,
    hover_text,
    lines,
    printable,
)
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.layout._layout import Box, Point, Positions
from autodiff.drawing.pictures._head import PICTURE, head
from autodiff.drawing.pictures._loops import loop_lines
from autodiff.drawing.pictures._places import HEAD, layout_with_labels, line_height, paper, size_of
from autodiff.drawing.pictures._shapes import FOLD, number, outline, path

ARROW = 7.0
ASIDE = 7.0  # from a border or an edge to a cluster's name
ORIGIN = "Laid out by chainrule itself, without the dot of Graphviz or pygraphviz."
WIDTHS = {"leaf": 1.6, "parameter": 1.6, "failed": 2.4}


def svg(
    view: View,
    *,
    direction: str = "TB",
    theme: str = "auto",
    values: bool = True,
    gradients: bool = False,
    said: dict[str, list[list[Piece]]] | None = None,
) -> str:
    """Return the picture of a view as SVG, for a file or to stand in a page.

    A node's element has its key as id, an edge's element names both ends in ``data-tail`` and
    ``data-head``; edges are in the view's order, and text has its role as class. ``said`` are the
    lines of each node, by its key, where they are not to be those of other pictures.
    """
    colours = THEMES[theme]
    said = said or {n.key: lines(n, values=values, gradients=gradients) for n in view.nodes}
    hover = {n.key: hover_text(n, values=values, gradients=gradients) for n in view.nodes}
    nodes = {node.key: node for node in view.nodes}
    labels = [edge_text(edge, nodes[edge.tail], nodes[edge.head]) for edge in view.edges]
    sizes = {key: size_of(nodes[key], text) for key, text in said.items()}
    found = layout_with_labels(view, labels, sizes, direction)
    notes = caption(view.notes)
    width, height = paper(found, notes)
    body = [
        *(_cluster(box, colours) for box in sorted(found.boxes, key=lambda box: len(box.scopes))),
        *_edges(view, found, sizes, colours, direction),
        *_labels(view, found, labels, colours),
        *(
            _node(node, found.centres[key], sizes[key], said[key], hover[key], colours)
            for key, node in nodes.items()
        ),
        _text(notes, HEAD, HEAD, colours),
    ]
    size = f'width="{number(width)}" height="{number(height)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="{PICTURE}" {size} '
            f'viewBox="0 0 {number(width)} {number(height)}" font-family="{FONT}">',
            f"<!-- {ORIGIN} -->",
            head(list(hover.values()), theme == "auto").rstrip("\n"),
            f'<rect width="100%" height="100%" fill="{colours.paper}"/>',
            *filter(None, body),
            "</svg>\n",
        ]
    )


# -- elements --------------------------------------------------------------------------------


def _node(
    node: Vertex,
    centre: Point,
    size: Point,
    said: Sequence[Sequence[Piece]],
    hover: str,
    theme: Theme,
) -> str:
    x, y = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    paint = f'fill="{theme.fills[node.kind]}" stroke="{theme.outlines[node.kind]}"'
    paint += f' stroke-width="{WIDTHS[node.kind]}"' if node.kind in WIDTHS else ""
    shape = path("M", x, y) + outline(node.kind, *size)
    below = FOLD / 2 if node.kind == "parameter" else 0.0  # its rim
    top = centre[1] + below - sum(map(line_height, said)) / 2
    return (
        f'<g id="{node.key}" class="node {node.kind}"><title>{escape(hover)}</title>'
        f'<path d="{shape}" {paint}/>{_text(said, centre[0], top, theme, "middle")}</g>'
    )


def _text(
    said: Sequence[Sequence[Piece]], x: float, top: float, theme: Theme, anchor: str = "start"
) -> str:
    """Return lines of text one below the other."""
    rows = []
    for line in said:
        top += line_height(line)
        pieces = "".join(_span(piece, theme) for piece in line)
        rows.append(f'<text x="{number(x)}" y="{number(top - 0.25 * SIZE)}" '
                    f'text-anchor="{anchor}" xml:space="preserve">{pieces}</text>')  # fmt: skip
    return "".join(rows)


def _span(piece: Piece, theme: Theme) -> str:
    text, role = piece
    size = SIZE if role in ("name", "formula") else SMALL
    weight = ' font-weight="bold"' if role in ("name", "warning") else ""
    look = f'class="{role}" fill="{theme.text[role]}" font-size="{size:g}"{weight}'
    return f"<tspan {look}>{escape(text)}</tspan>" * bool(text)


def _cluster(box: Box, theme: Theme) -> str:
    (left, top), (right, bottom) = box.corner, box.opposite
    names = [printable(name) for name in box.scopes]
    place = path("M", left, top) + outline("op", right - left, bottom - top)
    title = _text([[Piece(names[-1], "fact")]], _title_left(box), top + 2, theme)
    return (
        f'<g class="cluster"><title>scope {escape(" / ".join(names))}</title><path d="{place}" '
        f'fill="{theme.fills["cluster"]}" stroke="{theme.outlines["cluster"]}"/>{title}</g>'
    )


def _title_left(box: Box) -> float:
    """Return where a cluster's name begins: on its border's upper left, beside what crosses it."""
    (left, top), (right, _) = box.corner, box.opposite
    width = text_width(printable(box.scopes[-1]), SMALL)
    crossed = sorted(x for x, y in box.crossings if y == top)
    places = [left + ASIDE, *(x + ASIDE for x in crossed)]
    free = (
        place
        for place in places
        if place + width < right and not any(place - 2 < x < place + width for x in crossed)
    )
    return next(free, places[0])


def _edges(
    view: View, found: Positions, sizes: dict[str, Point], theme: Theme, direction: str
) -> Iterator[str]:
    nodes = {node.key: node for node in view.nodes}
    dx, dy = {"TB": (0, 1), "BT": (0, -1), "LR": (1, 0), "RL": (-1, 0)}[direction]
    for edge, route in zip(view.edges, found.routes, strict=True):
        if edge.tail == edge.head:
            lines = loop_lines(found.centres[edge.head], sizes[edge.head], ARROW, bool(dy))
        else:
            (x, y), (end_x, end_y) = route[0], route[-1]
            is_ahead = (end_x - x) * dx + (end_y - y) * dy >= 0
            lines = _line_and_arrow(route, (dx, dy) if is_ahead else (-dx, -dy))
        yield _edge(edge, nodes, lines, theme)


def _line_and_arrow(route: list[Point], towards: Point) -> tuple[str, str]:
    """Return the data of the paths of an edge and its arrowhead, which points in a direction."""
    dx, dy = towards
    x, y = route[-1]
    base_x, base_y = x - dx * ARROW, y - dy * ARROW
    side_x, side_y = dy * ARROW / 2.4, dx * ARROW / 2.4
    arrow = path("M", x, y, "L", base_x + side_x, base_y + side_y,
                 "L", base_x - side_x, base_y - side_y, "z")  # fmt: skip
    return _curve([*route[:-1], (base_x, base_y)], bool(dx)), arrow


def _edge(edge: Edge, nodes: dict[str, Vertex], lines: tuple[str, str], theme: Theme) -> str:
    tail, head = nodes[edge.tail], nodes[edge.head]
    hover = edge_hover_text(edge, tail, head)
    is_dashed = tail.kind in ("constant", "cut") or edge.leads_back
    dashed = ' stroke-dasharray="4 3"' * is_dashed
    line, arrow = lines
    return (
        f'<g class="edge" data-tail="{edge.tail}" data-head="{edge.head}">'
        f"<title>{escape(hover)}</title>"
        f'<path d="{line}" fill="none" stroke="{theme.line}"{dashed}/>'
        f'<path d="{arrow}" fill="{theme.line}"/></g>'
    )


def _labels(view: View, found: Positions, labels: Sequence[str], theme: Theme) -> Iterator[str]:
    """Yield what stands on edges, each on a strip of what is behind it."""
    scopes = {node.key: node.scopes for node in view.nodes}
    for i, (edge, label) in enumerate(zip(view.edges, labels, strict=True)):
        if label:
            x, y = found.centres[f"label {i}"]
            width, height = text_width(label, SMALL) + 2, SMALL * LINE
            strip = path("M", x - width / 2, y - height / 2) + outline("leaf", width, height)
            behind = theme.fills["cluster"] if scopes[edge.head] else theme.paper
            text = _text([[Piece(label, "derivative")]], x, y - height / 2, theme, "middle")
            yield f'<g class="label"><path d="{strip}" fill="{behind}"/>{text}</g>'


def _curve(route: Sequence[Point], aside: bool) -> str:
    """Return the data of a path that leaves and reaches each layer straight on."""
    parts = [path("M", *route[0])]
    for (x, y), (to_x, to_y) in pairwise(route):
        if (y if aside else x) == (to_y if aside else to_x):
            parts.append(path("L", to_x, to_y))
        elif aside:
            middle = (x + to_x) / 2
            parts.append(path("C", middle, y, middle, to_y, to_x, to_y))
        else:
            middle = (y + to_y) / 2
            parts.append(path("C", x, middle, to_x, middle, to_x, to_y))
    return "".join(parts)
