"""What is left out of a large picture: repeats, the insides of scopes, what is far away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from autodiff.drawing._alarms import first_of_each, with_alarms, without_source
from autodiff.drawing._clusters import Cluster, cluster_tree
from autodiff.drawing._view import Edge, Home, Vertex, View
from autodiff.drawing.folding._constants import without_plain_constants
from autodiff.drawing.folding._repeats import (
    FIRST_REPEAT,
    FOLDED,
    NUMBERS_DIFFER,
    THE_LAST,
    without_repeats,
)
from autodiff.drawing.folding._slices import (
    many,
    nearest_part,
    part_from_start,
    part_near_outputs,
)

AT_A_GLANCE = 60  # nodes that are read at once
MOST_NODES = 300  # that can be read


def fold(
    view: View, collapse: str | bool = "auto", start_key: str | None = None,
    reach: int | None = None,
) -> View:  # fmt: skip
    """Return what is to be drawn of a view.

    Parameters
    ----------
    view : View
    collapse : "auto", bool or str
        Whether to fold repeats, hide plain constants and close the innermost scopes. "auto" folds
        repeats where there are more than 300 nodes, closes scopes where there are still more than
        60, the innermost first, and of more than 300 keeps the 60 nearest to the outputs. Another
        text is the name of a scope to be closed.
    start_key : str, optional
        The key of a node: only what lies between it and the outputs is kept, and the leaves that
        go into that.
    reach : int, optional
        Only what is at most so many edges away from the outputs is kept.

    Raises
    ------
    TypeError, ValueError
        When ``collapse`` or ``reach`` is none of these.
    """
    _require_known(view, collapse, reach)
    whole = folded = with_alarms(view)
    if start_key is not None:
        folded = part_from_start(folded, start_key)
    if reach is not None:
        folded = part_near_outputs(folded, reach)
    folded = _view_for(folded, collapse)
    folded.notes = [*folded.notes, *without_source(whole, folded)]
    return folded


def _view_for(folded: View, collapse: str | bool) -> View:
    """Return the view with as much folded and closed as was asked for."""
    if collapse == "auto":
        return _small_enough(folded)
    if collapse is True:
        folded = without_plain_constants(without_repeats(folded))
        return _with_scopes_closed(
            folded, lambda c: not any(isinstance(m, Cluster) for m in c.members)
        )
    if collapse is False:
        return folded
    return _with_scopes_closed(folded, lambda cluster: cluster.scopes[-1] == collapse)


def _require_known(view: View, collapse: Any, reach: Any) -> None:
    names = dict.fromkeys(name for node in view.nodes for name in node.scopes)
    if collapse != "auto" and not isinstance(collapse, bool) and collapse not in names:
        known = f" or the name of a scope: {', '.join(names)}" if names else "; there are no scopes"
        raise ValueError(f"collapse is 'auto', True, False{known}; got {collapse!r:.60}")
    if reach is not None and (isinstance(reach, bool) or not isinstance(reach, int)):
        raise TypeError(f"reach is a number of edges, such as 3, but got {reach!r:.60}")
    if reach is not None and reach < 0:
        raise ValueError(f"reach is a number of edges, 0 or more, but got {reach}")


# -- "auto" ----------------------------------------------------------------------------------


def _small_enough(view: View) -> View:
    """Return the view as it is or, with a note, so much of it as can be read."""
    folded, done = view, []
    if len(view.nodes) > MOST_NODES:
        folded = without_plain_constants(without_repeats(view))
        done += ["repeats folded"] * (len(folded.nodes) < len(view.nodes))
    folded = _with_inner_scopes_closed(folded)
    done += ["scopes closed"] * any(node.kind == "scope" for node in folded.nodes)
    if done:
        note = f"{many(len(view.nodes))} nodes: {', '.join(done)} (collapse=False shows all)"
        folded.notes = [*folded.notes, note]
    return nearest_part(folded, AT_A_GLANCE) if len(folded.nodes) > MOST_NODES else folded


def _with_inner_scopes_closed(view: View) -> View:
    """Return the view with scopes closed until it is small, but for the outermost if it can be."""
    innermost = max((len(node.scopes) for node in view.nodes), default=0)
    for depth in range(innermost, 0, -1):
        is_enough = AT_A_GLANCE if depth in (innermost, *range(2, innermost)) else MOST_NODES
        if len(view.nodes) > is_enough:
            view = _with_scopes_closed(view, partial(_is_as_deep, depth))
    return view


def _is_as_deep(depth: int, cluster: Cluster) -> bool:
    return len(cluster.scopes) >= depth


# -- scopes ----------------------------------------------------------------------------------


def _with_scopes_closed(view: View, is_closed: Callable[[Cluster], bool]) -> View:
    """Return the view with one node in the place of each of some clusters.

    Outputs and what has failed stay as they are, and what is given and used elsewhere as well.
    Marks for what is left out stand before the closed scopes that would use it.
    """
    shown = ("output", "failed", "cut")
    outside = [replace(n, scopes=()) if n.kind in shown else n for n in view.nodes]
    scopes = {node.key: node.scopes for node in view.nodes}
    heads: dict[str, set[str]] = {node.key: set() for node in view.nodes}
    for edge in view.edges:
        heads[edge.tail].add(edge.head)
    nodes: list[Vertex] = []
    stands_for: dict[str, Vertex] = {}

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
                    stands_for.update((node.key, nodes[-1]) for node in inside)
            else:
                close(member)

    close(cluster_tree(View(outside, view.edges)))
    nodes = _with_a_mark_each(nodes, view.edges, stands_for)
    return View(nodes, _edges_between(view, stands_for), view.notes)


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


def _edges_between(view: View, stands_for: dict[str, Vertex]) -> list[Edge]:
    """Return the edges of a view between the nodes that stand for its own."""
    names = {node.key: node.name for node in view.nodes}
    edges: dict[Any, Edge] = {}
    for i, edge in enumerate(view.edges):
        tail, head = stands_for[edge.tail], stands_for[edge.head]
        is_repeated = head.kind != "scope" or head.note.startswith("×")
        if tail is head and not (edge.leads_back and is_repeated):
            continue
        operand = edge.operand or names[edge.tail]
        moved = replace(edge, tail=tail.key, head=head.key, repeat=_repeat_said(edge, is_repeated),
                        operand=operand if operand != tail.name else "")  # fmt: skip
        if head.kind == "scope":  # one edge for all the uses within
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
    """Return the node of a closed scope: it is named for what comes out and says what goes in."""
    keys = {node.key for node in inside}
    used = {edge.tail for edge in view.edges if edge.tail in keys and edge.head not in keys}
    results = [node for node in inside if node.key in used] or inside[-1:]
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
        "scope",
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
