"""Parts of a view, in which a mark stands for what is left out before a node."""

from __future__ import annotations

from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.folding._repeats import ends


def part_from_start(view: View, start: str) -> View:
    """Return what is computed from a node, and the leaves that go into it."""
    known = {start}
    place = {node.key: i for i, node in enumerate(view.nodes)}
    for edge in sorted(view.edges, key=lambda edge: place[edge.head]):
        if edge.tail in known:
            known.add(edge.head)
    made = {edge.head for edge in view.edges}
    leaves = {edge.tail for edge in view.edges if edge.head in known - {start}} - made
    found = _marked_part(view, known | leaves)
    name = view.nodes[place[start]].name
    found.notes = [*view.notes, f"only what lies between {name} and the outputs"]
    return found


def part_near_outputs(view: View, reach: int) -> View:
    """Return what is at most so many edges away from the outputs."""
    found = _marked_part(view, {key for key, far in _distances(view).items() if far <= reach})
    left_out = _left_out(view, found)
    if left_out:
        edges = f"{reach} edge{'s' * (reach != 1)}"
        found.notes = [
            *view.notes,
            f"only what is within {edges} of the outputs: {many(left_out)} more nodes before it",
        ]
    return found


def nearest_part(view: View, count: int) -> View:
    """Return so many nodes, those nearest to the outputs."""
    found = _marked_part(view, set(list(_distances(view))[:count]))
    left_out = many(_left_out(view, found))
    note = f"only the {count} nodes nearest to the outputs: {left_out} more before them"
    found.notes = [note, *view.notes]
    return found


def _marked_part(view: View, keys: set[str]) -> View:
    """Return the nodes with some keys, and a mark before each whose operands are left out."""
    edges = [edge for edge in view.edges if edge.tail in keys and edge.head in keys]
    cut = {edge.head for edge in view.edges if edge.tail not in keys}
    nodes: list[Vertex] = []
    for node in view.nodes:
        mark = Vertex(f"{node.key}_cut", "cut", "…", scopes=node.scopes, entries=node.entries)
        if node.key in keys and node.key in cut and mark.key not in keys:
            nodes.append(mark)
            edges.append(Edge(mark.key, node.key))
        if node.key in keys:
            nodes.append(node)
    return View(nodes, edges, view.notes)


def _left_out(view: View, found: View) -> int:
    kept = {node.key for node in found.nodes}
    return sum(node.key not in kept and node.kind != "cut" for node in view.nodes)


def _distances(view: View) -> dict[str, int]:
    """Return how many edges each node is away from the nearest output, the nearest first."""
    tails: dict[str, list[str]] = {}
    for edge in view.edges:
        tails.setdefault(edge.head, []).append(edge.tail)
    outputs = ends(view) | {node.key for node in view.nodes if node.kind == "output"}
    distances = {node.key: 0 for node in view.nodes if node.key in outputs}
    waiting = list(distances)
    for key in waiting:  # which grows meanwhile
        for tail in tails.get(key, ()):
            if tail not in distances:
                distances[tail] = distances[key] + 1
                waiting.append(tail)
    return distances


def many(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", " ")
