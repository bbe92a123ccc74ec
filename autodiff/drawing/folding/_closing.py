"""Closed scopes: one node in the place of all that is inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from autodiff.drawing._alarms import first_of_each
from autodiff.drawing._clusters import Cluster, cluster_tree
from autodiff.drawing._view import Edge, Home, Vertex, View
from autodiff.drawing.folding._repeats import FIRST_REPEAT, FOLDED, NUMBERS_DIFFER, THE_LAST
from autodiff.drawing.folding._slices import many


def with_scopes_closed(view: View, is_closed: Callable[[Cluster], bool]) -> View:
    """Return the view with one node in the place of each of some clusters.

    What has failed stays as it is, and what is given and used elsewhere as well. Marks for what is
    left out stand before the closed scopes that would use it.
    """
    shown = ("failed", "cut")
    outside = [replace(n, scopes=()) if n.kind in shown else n for n in view.nodes]
    scopes = {node.key: node.scopes for node in view.nodes}
    heads: dict[str, set[str]] = {node.key: set() for node in view.nodes}
    for edge in view.edges:
        heads[edge.tail].add(edge.head)
    nodes: list[Vertex] = []
    stands_for: dict[str, Vertex] = {}
    boxes: set[str] = set()

    def keep(node: Vertex) -> None:
        nodes.append(replace(node, scopes=scopes[node.key]))
        stands_for[node.key] = nodes[-1]

    def close(cluster: Cluster) -> None:
        for member in cluster.members:
            if isinstance(member, Vertex):
                keep(member)
            elif is_closed(member):
                inside = list(member.nodes())
                apart = _given_and_used_elsewhere(inside, heads)
                for node in inside:
                    if node.key in apart:
                        keep(node)
                inside = [node for node in inside if node.key not in apart]
                if inside:
                    nodes.append(_in_one(member.home, inside, view))
                    boxes.add(nodes[-1].key)
                    stands_for.update((node.key, nodes[-1]) for node in inside)
            else:
                close(member)

    close(cluster_tree(View(outside, view.edges)))
    nodes = _with_a_mark_each(nodes, view.edges, stands_for)
    return View(nodes, _edges_between(view, stands_for, boxes), view.notes)


def _with_a_mark_each(
    nodes: list[Vertex], edges: list[Edge], stands_for: dict[str, Vertex]
) -> list[Vertex]:
    """Return the nodes with one mark for what is left out before each, in the same scopes."""
    marks: dict[str, Vertex] = {}
    for edge in edges:
        mark, head = stands_for[edge.tail], stands_for[edge.head]
        if mark.kind == "cut":
            mark.home = head.home
            stands_for[edge.tail] = marks.setdefault(head.key, mark)
    kept = {mark.key for mark in marks.values()}
    return [node for node in nodes if node.kind != "cut" or node.key in kept]


def _given_and_used_elsewhere(inside: list[Vertex], heads: dict[str, set[str]]) -> set[str]:
    """Return which nodes of a scope no call made, and are not used in the scope alone."""
    keys = {node.key for node in inside}
    given = [node.key for node in inside if not node.formula]
    return {key for key in given if not heads[key] or not heads[key] <= keys}


def _edges_between(view: View, stands_for: dict[str, Vertex], boxes: set[str]) -> list[Edge]:
    """Return the edges of a view between the nodes that stand for its own, boxes among them."""
    names = {node.key: node.name for node in view.nodes}
    edges: dict[Any, Edge] = {}
    for i, edge in enumerate(view.edges):
        tail, head = stands_for[edge.tail], stands_for[edge.head]
        is_repeated = head.key not in boxes or head.note.startswith("×")
        if tail is head and not (edge.leads_back and is_repeated):
            continue
        operand = edge.operand or names[edge.tail]
        moved = replace(edge, tail=tail.key, head=head.key, repeat=_repeat_said(edge, is_repeated),
                        operand=operand if operand != tail.name else "")  # fmt: skip
        if head.key in boxes:  # one edge for all the uses within
            moved.derivative = ""
            edges[tail.key, head.key, moved.repeat, moved.operand] = moved
        else:
            edges[i] = moved
    return list(edges.values())


def _repeat_said(edge: Edge, head_is_repeated: bool) -> str:
    """Return the edge's repeat, without that of its head where this is inside one call."""
    if head_is_repeated:
        return edge.repeat
    of_head = rf"^(?:{FIRST_REPEAT}|repeat \d+)(?: and \d+ others?)?(?:, |$)"
    return re.sub(of_head, "", edge.repeat)


def _in_one(home: Home, inside: list[Vertex], view: View) -> Vertex:
    """Return the node of a closed scope: it is named for what comes out and says what goes in.

    It is an output if one of these comes out of it.
    """
    keys = {node.key for node in inside}
    used = {edge.tail for edge in view.edges if edge.tail in keys and edge.head not in keys}
    is_output = any(node.kind == "output" for node in inside)
    results = [n for n in inside if n.key in used or n.kind == "output"] or inside[-1:]
    names = {node.key: node.name for node in view.nodes if node.kind != "parameter"}
    times = _times_of_all(inside) if home[-1][1] < 0 else 1
    is_repeated = times > 1
    into = {
        edge.operand or names[edge.tail]: None
        for edge in view.edges
        if edge.head in keys and edge.tail in names
        and (edge.operand if edge.leads_back and is_repeated else edge.tail not in keys)
        and not (is_repeated and edge.repeat.startswith(FIRST_REPEAT))
    }  # fmt: skip
    node = Vertex(
        inside[-1].key,
        "output" if is_output else "scope",
        ", ".join(node.name for node in results),
        f"{home[-1][0]}({', '.join(into)})",
        place=inside[0].place,
        note=_size_note(inside, times),
        size=sum(member.size for member in inside),
    )
    node.home = home[:-1]
    if len(results) == 1:
        node.value, node.gradient = results[0].value, results[0].gradient
    for alarm in ("alarm", "gradient_alarm"):
        found = ((getattr(member, alarm), f"in {member.name}") for member in inside)
        setattr(node, alarm, first_of_each(found))
    return node


def _times_of_all(inside: list[Vertex]) -> int:
    """Return how many repeats each of some nodes stands for; 1 where they differ."""
    found = [FOLDED.match(node.note) for node in inside]
    times = {int(fold[1]) if fold else 1 for fold in found}
    return times.pop() if len(times) == 1 else 1


def _size_note(inside: list[Vertex], times: int) -> str:
    """Return how many nodes there are in a closed scope, and how many repeats of it."""
    size = sum(node.size for node in inside) // times
    nodes = f"{many(size)} node{'s' * (size != 1)}"
    if times == 1:
        return nodes
    differ = NUMBERS_DIFFER * any(NUMBERS_DIFFER in node.note for node in inside)
    return f"×{times}{THE_LAST}{differ}, {nodes}"
