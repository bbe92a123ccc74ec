"""What is left out of a large picture: repeats, the insides of scopes, what is far away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autodiff.drawing._alarms import with_alarms, without_source
from autodiff.drawing._clusters import Cluster, cluster_tree
from autodiff.drawing._values import literal
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.folding._repeats import (
    FIRST_REPEAT,
    THE_LAST,
    ends,
    part,
    without_repeats,
)

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
        repeats where there are more than 300 nodes; if that is not enough it closes scopes, the
        innermost first, and then keeps what is nearest to the outputs. Another text is the name
        of a scope to be closed.
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
        folded = _from_start(folded, start_key)
    if reach is not None:
        folded = _near(folded, reach)
    folded = _collapsed(folded, collapse)
    folded.notes = [*folded.notes, *without_source(whole, folded)]
    return folded


def _collapsed(folded: View, collapse: str | bool) -> View:
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


# -- slices ----------------------------------------------------------------------------------


def _from_start(view: View, start: str) -> View:
    """Return what is computed from a node, and the leaves that go into it."""
    known = {start}
    place = {node.key: i for i, node in enumerate(view.nodes)}
    for edge in sorted(view.edges, key=lambda edge: place[edge.head]):
        if edge.tail in known:
            known.add(edge.head)
    made = {edge.head for edge in view.edges}
    leaves = {edge.tail for edge in view.edges if edge.head in known - {start}} - made
    found = part(view, known | leaves)
    name = view.nodes[place[start]].name
    found.notes = [*view.notes, f"only what lies between {name} and the outputs"]
    return found


def _near(view: View, reach: int) -> View:
    """Return what is at most so many edges away from the outputs."""
    found = part(view, {key for key, far in _distances(view).items() if far <= reach})
    left_out = len(view.nodes) - len(found.nodes)
    if left_out:
        edges = f"{reach} edge{'s' * (reach != 1)}"
        found.notes = [
            *view.notes,
            f"only what is within {edges} of the outputs: {_many(left_out)} more nodes before it",
        ]
    return found


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


# -- "auto" ----------------------------------------------------------------------------------


def _small_enough(view: View) -> View:
    """Return the view as it is or, with a note, so much of it as can be read."""
    if len(view.nodes) <= MOST_NODES:
        return view
    folded = without_plain_constants(without_repeats(view))
    done = ["repeats folded"] * (len(folded.nodes) < len(view.nodes))
    depth = max((len(node.scopes) for node in folded.nodes), default=0)
    while depth and len(folded.nodes) > MOST_NODES:
        folded = _with_scopes_closed(folded, partial(_is_as_deep, depth))
        depth -= 1
    done += ["scopes closed"] * any(node.kind == "scope" for node in folded.nodes)
    if done:
        folded.notes = [*folded.notes, f"{_many(len(view.nodes))} nodes: {', '.join(done)}"]
    if len(folded.nodes) > MOST_NODES:
        nearest = list(_distances(folded))[:MOST_NODES]
        left_out = _many(len(folded.nodes) - MOST_NODES)
        note = f"only the {MOST_NODES} nodes nearest to the outputs: {left_out} more before them"
        folded = part(folded, set(nearest))
        folded.notes = [*folded.notes, note]
    return folded


def _is_as_deep(depth: int, cluster: Cluster) -> bool:
    return len(cluster.scopes) >= depth


def _many(number: int) -> str:
    return f"{number:,}".replace(",", " ")


# -- constants -------------------------------------------------------------------------------


def without_plain_constants(view: View) -> View:
    """Return the view with numbers in formulas, in the place of arrays without name or pattern."""
    plain = {
        node.key: (node.name, literal(node.value.flat[0]))
        for node in view.nodes
        if node.kind == "constant"
        and re.fullmatch(r"v\d+", node.name)
        and isinstance(node.value, np.ndarray)
        and node.value.size
        and (node.value == node.value.flat[0]).all()
    }
    replaced: dict[str, list[tuple[str, str]]] = {}
    for edge in view.edges:
        if edge.tail in plain:
            replaced.setdefault(edge.head, []).append(plain[edge.tail])
    nodes = []
    for node in view.nodes:
        formula = node.formula
        for name, number in replaced.get(node.key, ()):
            formula = re.sub(rf"(?<![\w.]){name}(?![\w.])", number, formula)
        if node.key not in plain:
            nodes.append(replace(node, formula=formula))
    return part(View(nodes, view.edges, view.notes), {node.key for node in nodes})


# -- scopes ----------------------------------------------------------------------------------


def _with_scopes_closed(view: View, is_closed: Callable[[Cluster], bool]) -> View:
    """Return the view with one node in the place of each of some clusters.

    Outputs and what has failed stay as they are.
    """
    shown = ("output", "failed")
    outside = [replace(n, scopes=()) if n.kind in shown else n for n in view.nodes]
    scopes = {node.key: node.scopes for node in view.nodes}
    nodes: list[Vertex] = []
    stands_for = {node.key: node.key for node in view.nodes}

    def close(cluster: Cluster) -> None:
        for member in cluster.members:
            if isinstance(member, Vertex):
                nodes.append(replace(member, scopes=scopes[member.key]))
            elif is_closed(member):
                inside = list(member.nodes())
                stands_for.update((node.key, inside[-1].key) for node in inside)
                nodes.append(_in_one(member.scopes, inside, view))
            else:
                close(member)

    close(cluster_tree(View(outside, view.edges)))
    closed = {node.key for node in nodes if node.kind == "scope"}
    repeated = {node.key for node in nodes if node.kind == "scope" and node.note.startswith("×")}
    edges: dict[Any, Edge] = {}
    for i, edge in enumerate(view.edges):
        tail, head = stands_for[edge.tail], stands_for[edge.head]
        if tail == head and not (edge.leads_back and (head in repeated or head not in closed)):
            continue
        if head in closed:  # one edge for all the uses within
            edges[tail, head, edge.repeat] = replace(edge, tail=tail, head=head, derivative="")
        else:
            edges[i] = replace(edge, tail=tail)
    return View(nodes, list(edges.values()), view.notes)


def _in_one(scopes: tuple[str, ...], inside: list[Vertex], view: View) -> Vertex:
    """Return the node of a closed scope: it is named for what comes out and says what goes in."""
    keys = {node.key for node in inside}
    used = {edge.tail for edge in view.edges if edge.tail in keys and edge.head not in keys}
    results = [node for node in inside if node.key in used] or inside[-1:]
    names = {node.key: node.name for node in view.nodes if node.kind != "parameter"}
    into = {
        edge.operand or names[edge.tail]: None
        for edge in view.edges
        if edge.head in keys and edge.tail in names
        and (edge.tail not in keys if not edge.leads_back else edge.operand)
        and not edge.repeat.startswith(FIRST_REPEAT)
    }  # fmt: skip
    size = f"{_many(len(inside))} node{'s' * (len(inside) != 1)}"
    repeats = {n.note if re.fullmatch(rf"×\d+{THE_LAST}", n.note) else "" for n in inside}
    node = Vertex(
        inside[-1].key,
        "scope",
        ", ".join(node.name for node in results),
        f"{scopes[-1]}({', '.join(into)})",
        scopes=scopes[:-1],
        place=inside[0].place,
        note=", ".join(filter(None, [*repeats, size] if len(repeats) == 1 else [size])),
    )
    if len(results) == 1:
        node.value, node.gradient = results[0].value, results[0].gradient
    for alarm in ("alarm", "gradient_alarm"):
        found = ((getattr(member, alarm), member.name) for member in inside)
        setattr(node, alarm, next((f"{text}, in {name}" for text, name in found if text), ""))
    return node
