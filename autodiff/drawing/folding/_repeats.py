"""What a loop computes again and again, drawn once: a pattern of nodes "×12"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from autodiff.drawing._alarms import first_of_each
from autodiff.drawing._clusters import cluster_tree
from autodiff.drawing._view import NEXT_REPEAT, Edge, Home, Vertex, View
from autodiff.drawing.folding._runs import (
    Calls,
    Run,
    kinds_of_call,
    runs_of,
    without_names,
    without_path_numbers,
)
from autodiff.drawing.folding._shared import shared_sources

THE_LAST = ", the last"  # which repeat is shown
NUMBERS_DIFFER = ", numbers differ"  # from those of the last
FOLDED = re.compile(rf"×(\d+){THE_LAST}({NUMBERS_DIFFER})?")
FIRST_REPEAT = "first repeat"
FEW = 3  # other repeats, each of which has edges of its own


def without_repeats(view: View) -> View:
    """Return a view in which repeated patterns of calls are there once.

    Such a node has the name, the formula and the value of the last repeat. What goes into the
    first has an edge that says so, what goes from each repeat into the next one that leads back,
    and what is used of another repeat than the last one that says of which.
    """
    while True:
        in_order = list(cluster_tree(view).nodes())
        given = [node.key for node in in_order if not node.formula]
        nodes, calls, names = _read(in_order, view.edges, given)
        runs = runs_of(calls)
        shared = [nodes[i].key for i in shared_sources(calls, runs, len(given))]
        if len(shared) < len(given):
            nodes, calls, names = _read(in_order, view.edges, shared)
            runs = runs_of(calls)
        if not runs:
            return view
        forms = {
            node.key: without_path_numbers(without_names(node.formula, operands))
            for node, operands in zip(nodes, names, strict=True)
        }
        view = _without_runs(View(nodes, view.edges, view.notes), runs, forms)


def _read(
    nodes: list[Vertex], edges: list[Edge], apart: Collection[str]
) -> tuple[list[Vertex], Calls, list[list[str]]]:
    """Return nodes, with some of those that are given in front, as calls, and operands' names."""
    apart = set(apart)
    nodes = sorted(nodes, key=lambda node: node.key not in apart)
    place = {node.key: i for i, node in enumerate(nodes)}
    operands: list[list[int]] = [[] for _ in nodes]
    names: list[list[str]] = [[] for _ in nodes]
    for edge in edges:
        tail, head = place[edge.tail], place[edge.head]
        names[head].append(edge.operand or nodes[tail].name)
        if not edge.leads_back:
            operands[head].append(tail)
    outputs = {i for i, node in enumerate(nodes) if node.kind == "output"}
    kinds = kinds_of_call(nodes, names)
    return nodes, Calls(kinds, operands, _levels_shared(nodes), outputs, len(apart)), names


def _levels_shared(nodes: list[Vertex]) -> list[int]:
    """Return how many scopes each node is in that were entered before it."""
    homes: list[Home] = [(), *(node.home for node in nodes)]
    return [
        sum(a == b for a, b in zip(before, home, strict=False)) for before, home in pairwise(homes)
    ]


def _without_runs(view: View, runs: list[Run], forms: dict[str, str]) -> View:
    """Return the view with the last repeat of each run; ``forms`` are formulas without names."""
    nodes = view.nodes
    stands_for = {node.key: node for node in nodes}
    repeats: dict[str, tuple[Run, int]] = {}
    kept: dict[int, Vertex | None] = dict(enumerate(nodes))
    for run in runs:
        end = run.start + run.period * run.times
        for i in range(run.start, end):
            repeats[nodes[i].key] = run, (i - run.start) // run.period
            kept[i] = None
        for i in range(run.start, run.start + run.period):
            found = nodes[i : end : run.period]
            differ = len({forms[node.key] for node in found}) > 1 or _constants_differ(found)
            kept[i] = shown = _for_all(found, differ)
            stands_for |= {node.key: shown for node in found}
    return only_ancestors(
        View(
            [node for node in kept.values() if node], _edges(view, repeats, stands_for), view.notes
        ),
        {stands_for[key].key for key in ends(view)},
    )


def _constants_differ(found: list[Vertex]) -> bool:
    values = [node.value for node in found if node.kind == "constant"]
    return not all(np.array_equal(value, values[0]) for value in values)


def _for_all(found: list[Vertex], numbers_differ: bool) -> Vertex:
    """Return the node for all repeats of one: the last of them, which says so."""
    first, last = found[0], found[-1]
    so_far = FOLDED.fullmatch(last.note)
    times = len(found) * (int(so_far[1]) if so_far else 1)
    numbers_differ = numbers_differ or bool(so_far and so_far[2])
    note = f"×{times}{THE_LAST}{NUMBERS_DIFFER * numbers_differ}"
    return replace(
        last,
        scopes=tuple(map(_span, first.scopes, last.scopes)),
        entries=tuple(map(_span_of_entries, first.entries, last.entries)),
        note=note if so_far or not last.note else f"{note}, {last.note}",
        size=sum(node.size for node in found),
        alarm=_first_alarms([node.alarm for node in found]),
        gradient_alarm=_first_alarms([node.gradient_alarm for node in found]),
    )


def _first_alarms(alarms: Sequence[str]) -> str:
    return first_of_each((text, f"in repeat {i}") for i, text in enumerate(alarms, 1))


class RepeatedUse(NamedTuple):
    """An edge between the nodes that are drawn, and what it was an edge of.

    ``is_of_last`` says whether its head is in the last repeat or in none; ``from_repeat`` which
    repeat its tail is in, of ``times``, where the head is not in that run: 1 of 1 if in none.
    """

    edge: Edge
    tail: str
    is_of_last: bool
    from_repeat: int = 1
    times: int = 1


def _edges(
    view: View, repeats: dict[str, tuple[Run, int]], stands_for: dict[str, Vertex]
) -> list[Edge]:
    """Return the edges of last repeats, and those by which something goes into others only."""
    names = {node.key: node.name for node in view.nodes}
    uses: list[RepeatedUse] = []
    for edge in view.edges:
        tail, head = stands_for[edge.tail], stands_for[edge.head]
        operand = edge.operand or names[edge.tail]
        moved = replace(edge, tail=tail.key, head=head.key,
                        operand=operand if operand != tail.name else "")  # fmt: skip
        run, number = repeats.get(edge.head, (None, 0))
        tail_run, tail_number = repeats.get(edge.tail, (None, 0))
        is_of_last = run is None or number == run.times - 1
        if run and tail_run is run:
            if is_of_last and tail_number < number:
                moved.repeat = NEXT_REPEAT
            if is_of_last:
                uses.append(RepeatedUse(moved, edge.tail, True))
            continue
        if not is_of_last:
            moved.derivative = ""
            if not edge.leads_back:
                moved.repeat = f"repeat {number + 1}" if number else FIRST_REPEAT
        times = tail_run.times if tail_run and not edge.leads_back else 1
        from_repeat = tail_number + 1 if times > 1 else 1
        uses.append(RepeatedUse(moved, edge.tail, is_of_last, from_repeat, times))
    return _edges_shown(uses)


def _edges_shown(uses: list[RepeatedUse]) -> list[Edge]:
    """Return the edges: of several between two nodes those that go into the last repeat.

    What does not go into the last repeat goes into the first it can, and says into how many others
    it goes. What comes from another repeat than the last says so; of more than a few only the
    latest is shown, or the last where each of them is used.
    """
    between: dict[tuple[str, str], list[RepeatedUse]] = {}
    for use in uses:
        between.setdefault((use.edge.tail, use.edge.head), []).append(use)
    shown: dict[int, None] = {}
    for group in between.values():
        first = group[0]
        chosen = [use for use in group if use.is_of_last] or [
            use for use in group if (use.tail, use.edge.repeat) == (first.tail, first.edge.repeat)
        ]
        if not chosen[0].is_of_last:
            others = _others(len({use.edge.repeat for use in group}) - 1)
            for use in chosen:
                use.edge.repeat += others
        from_others = [use for use in chosen if use.from_repeat < use.times]
        from_last = [use for use in chosen if use.from_repeat == use.times]
        is_of_all = from_last and len({use.tail for use in group}) == first.times
        if not is_of_all or len({use.tail for use in from_others}) <= FEW:
            from_last += _from_other_repeats(from_others)
        else:
            for use in from_last:
                use.edge.repeat, use.edge.derivative = "from each repeat", ""
        shown |= dict.fromkeys(id(use.edge) for use in from_last)
    return [use.edge for use in uses if id(use.edge) in shown]


def _from_other_repeats(uses: list[RepeatedUse]) -> list[RepeatedUse]:
    """Return the uses of some repeats, of many the latest's, which say where they come from."""
    others = len({use.tail for use in uses}) - 1
    if others < FEW:
        shown, others = uses, 0
    else:
        shown = [use for use in uses if use.tail == uses[-1].tail]
    for use in shown:
        said = f"from repeat {use.from_repeat}{_others(others)}"
        use.edge.repeat = ", ".join(filter(None, [use.edge.repeat, said]))
    return shown


def _others(count: int) -> str:
    return f" and {count} other{'s' * (count > 1)}" * bool(count)


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"


def _span_of_entries(first: int, last: int) -> int:
    return last if first == last else -abs(last)


def ends(view: View) -> set[str]:
    """Return the keys of what nothing uses, but for another repeat of it."""
    used = {edge.tail for edge in view.edges if not edge.leads_back}
    return {node.key for node in view.nodes} - used


def only_ancestors(view: View, keys: set[str]) -> View:
    """Return the part of a view that leads to some nodes."""
    tails: dict[str, list[str]] = {}
    for edge in view.edges:
        tails.setdefault(edge.head, []).append(edge.tail)
    found = set(keys)
    waiting = list(keys)
    while waiting:
        new = [tail for tail in tails.get(waiting.pop(), ()) if tail not in found]
        found.update(new)
        waiting += new
    return part(view, found)


def part(view: View, keys: set[str]) -> View:
    """Return the nodes with some keys, and the edges between them."""
    return View(
        [node for node in view.nodes if node.key in keys],
        [edge for edge in view.edges if edge.tail in keys and edge.head in keys],
        view.notes,
    )
