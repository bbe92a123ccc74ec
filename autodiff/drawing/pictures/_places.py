"""Where everything stands in a picture by the own layout: nodes, labels, loops and notes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from autodiff.drawing._themes import LINE, SIZE, SMALL, text_width
from autodiff.drawing._values import Piece
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.layout._layout import Box, Point, Positions, layout
from autodiff.drawing.pictures._loops import loop_label, room_with_loops
from autodiff.drawing.pictures._shapes import FOLD

MARGIN_X, MARGIN_Y = 9.0, 5.0  # between a node's text and its outline
HEAD = 8.0  # above and beside the notes


def size_of(node: Vertex, said: Sequence[Sequence[Piece]]) -> Point:
    """Return the width and the height of a node that says this."""
    width = max((sum(map(width_of, line)) for line in said), default=0.0)
    height = sum(map(line_height, said)) + 2 * MARGIN_Y
    more = {"parameter": FOLD, "output": 4.0}.get(node.kind, 0.0)
    return max(width + 2 * MARGIN_X, 4 * FOLD), height + more


def width_of(piece: Piece) -> float:
    """Return how wide a piece of text is in its font."""
    is_title = piece.role in ("name", "formula")
    return text_width(piece.text, SIZE if is_title else SMALL, piece.role in ("name", "warning"))


def line_height(line: Sequence[Piece]) -> float:
    """Return how high a line is, the room between lines included."""
    return LINE * (SIZE if line[0].role in ("name", "formula") else SMALL)


def layout_with_labels(
    view: View, labels: Sequence[str], sizes: dict[str, Point], direction: str
) -> Positions:
    """Return the layout in which what stands on edges has room, as nodes have."""
    nodes = {node.key: node for node in view.nodes}
    if not any(labels):
        return layout(view, sizes, direction)
    loops = _loops(view)
    before: dict[str, list[Vertex]] = {}
    edges: list[Edge] = []
    ways: list[range] = []
    room: dict[str, Point] = {}
    place = {node.key: i for i, node in enumerate(view.nodes)}
    is_upwards = [edge.leads_back and place[edge.head] < place[edge.tail] for edge in view.edges]
    for i, edge in enumerate(view.edges):
        way = [edge.head, edge.tail] if is_upwards[i] else [edge.tail, edge.head]
        if edge.tail == edge.head:
            way.clear()
        elif labels[i]:
            label = Vertex(f"label {i}", "label", "")
            label.home = nodes[way[1]].home
            room[label.key] = text_width(labels[i], SMALL) + 6, SMALL * LINE
            before.setdefault(way[1], []).append(label)
            way.insert(1, label.key)
        ways.append(range(len(edges), len(edges) + max(len(way) - 1, 0)))
        edges += [Edge(*ends) for ends in pairwise(way)]
    for key, own in loops.items():
        said = [labels[i] for i in own]
        room[key] = room_with_loops(sizes[key], said, direction in ("TB", "BT"))
    rows = [row for node in view.nodes for row in (*before.get(node.key, ()), node)]
    found = layout(View(rows, edges), sizes | room, direction)
    routes = [[point for i in way for point in found.routes[i]] for way in ways]
    found.routes = [
        route[::-1] if upwards else route for upwards, route in zip(is_upwards, routes, strict=True)
    ]
    _put_labels_on_loops(found, loops, labels, sizes, direction)
    return found


def _put_labels_on_loops(
    found: Positions, loops: dict[str, list[int]], labels: Sequence[str],
    sizes: dict[str, Point], direction: str,
) -> None:  # fmt: skip
    """Add the places of what stands on the edges that lead from a node to itself."""
    for key, own in loops.items():
        for number, i in enumerate(own):
            found.centres[f"label {i}"] = loop_label(
                found.centres[key], sizes[key], labels[i], number, len(own),
                direction in ("TB", "BT"),
            )  # fmt: skip


def _loops(view: View) -> dict[str, list[int]]:
    """Return the numbers of the edges that lead from a node to itself, by its key."""
    loops: dict[str, list[int]] = {}
    for i, edge in enumerate(view.edges):
        if edge.tail == edge.head:
            loops.setdefault(edge.head, []).append(i)
    return loops


def paper(found: Positions, notes: Sequence[Sequence[Piece]]) -> Point:
    """Return the size of a picture with its notes, and move what stands below them."""
    width, height = found.size
    if not notes:
        return found.size
    down = sum(map(line_height, notes)) + HEAD

    def below_notes(point: Point) -> Point:
        return point[0], point[1] + down

    found.centres = {key: below_notes(centre) for key, centre in found.centres.items()}
    found.routes = [list(map(below_notes, route)) for route in found.routes]
    found.boxes = [
        Box(
            box.scopes,
            below_notes(box.corner),
            below_notes(box.opposite),
            list(map(below_notes, box.crossings)),
        )
        for box in found.boxes
    ]
    return max(width, *(sum(map(width_of, note)) + 2 * HEAD for note in notes)), height + down
