"""What a loop computes again and again, drawn once: a pattern of nodes "×12"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from autodiff.drawing._clusters import cluster_tree
from autodiff.drawing._view import Edge, Vertex, View

FEWEST = 3  # repeats that are worth folding
PERIODS = 32  # that are tried from one node


class Run(NamedTuple):
    """A pattern of ``period`` nodes that is there ``times`` in a row."""

    start: int
    period: int
    times: int

    @property
    def last(self) -> int:
        """Where the last repeat begins."""
        return self.start + (self.times - 1) * self.period


def without_repeats(view: View) -> View:
    """Return a view in which repeated patterns of calls are there once.

    Such a node has the name and the value of the last repeat, and the formula of the first, so
    that it leads from what goes into the loop to what comes out of it.
    """
    while True:
        nodes = list(cluster_tree(view).nodes())
        place = {node.key: i for i, node in enumerate(nodes)}
        operands: list[list[int]] = [[] for _ in nodes]
        for edge in view.edges:
            operands[place[edge.head]].append(place[edge.tail])
        names = [[nodes[i].name for i in found] for found in operands]
        runs = _runs(_kinds_of_call(nodes, names), operands)
        if not runs:
            return view
        view = _without_runs(View(nodes, view.edges, view.notes), runs, names)


# -- finding them ----------------------------------------------------------------------------


def _kinds_of_call(nodes: Sequence[Vertex], names: Sequence[list[str]]) -> list[int]:
    """Return a number for each node, equal where only operands, places and keys differ."""
    numbers: dict[Any, int] = {}
    fresh = count()
    found = []
    for node, operands in zip(nodes, names, strict=True):
        form = re.sub(r"\[[^][]*\]", _without_digits, _with_names(node.formula, operands, "•"))
        name = "" if node.formula else _without_digits(node.name)
        scopes = tuple(map(_without_digits, node.scopes))
        shape = getattr(node.value, "shape", ()), getattr(node.value, "dtype", None)
        label: Any = (node.kind, form, name, scopes, shape, node.note)
        if node.kind in ("output", "failed"):
            label = node.key
        found.append(numbers[label] if label in numbers else numbers.setdefault(label, next(fresh)))
    return found


def _without_digits(text: str | re.Match[str]) -> str:
    return re.sub(r"\d+", "#", text if isinstance(text, str) else text[0])


def _with_names(formula: str, names: Iterable[str], to: str | Mapping[str, str]) -> str:
    """Return a formula with other names for its operands."""
    found = sorted(map(re.escape, names), key=len, reverse=True)
    if not found:
        return formula
    whole = rf"(?<![\w.])(?:{'|'.join(found)})(?![\w(])"
    return re.sub(whole, lambda name: to if isinstance(to, str) else to[name[0]], formula)


def _runs(kinds: list[int], operands: list[list[int]]) -> list[Run]:
    """Return runs that do not overlap, from the start; of those from one node the longest."""
    following: dict[int, list[int]] = {}
    for i, kind in enumerate(kinds):
        following.setdefault(kind, []).append(i)
    number = {i: k for places in following.values() for k, i in enumerate(places)}
    runs = []
    start = 0
    while start < len(kinds):
        after = number[start] + 1
        again = following[kinds[start]][after : after + PERIODS]
        tried = [_run(start, other - start, kinds, operands) for other in again]
        found = [run for run in tried if run.times >= FEWEST]
        best = max(found, key=lambda run: (run.period * run.times, -run.period), default=None)
        if best is None:
            start += 1
        else:
            runs.append(best)
            start += best.period * best.times
    return runs


def _run(start: int, period: int, kinds: list[int], operands: list[list[int]]) -> Run:
    """Return how often what begins at a node is there in a row."""

    def is_repeated(i: int) -> bool:
        """Whether operands move on by a period, or come from outside; at first both will do."""
        ours, others = operands[i], operands[i + period]
        outside = start + period if i < start + period else start
        return (
            kinds[i] == kinds[i + period]
            and len(ours) == len(others)
            and all(
                b - a == period if a >= start else b < outside
                for a, b in zip(ours, others, strict=True)
            )
        )

    end = start
    while end + period < len(kinds) and is_repeated(end):
        end += 1
    return Run(start, period, (end - start) // period + 1)


# -- folding them ----------------------------------------------------------------------------


def _without_runs(view: View, runs: list[Run], names: list[list[str]]) -> View:
    """Return the view with each run's first formulas and last values only."""
    nodes = view.nodes
    stands_for = {node.key: node.key for node in nodes}
    gone = set()  # heads of edges that lead from repeat to repeat, or to another than the first
    kept: dict[int, Vertex | None] = dict(enumerate(nodes))
    for run in runs:
        inside = {
            nodes[run.start + i].name: nodes[run.last + i].name for i in range(run.period)
        }  # fmt: skip
        for i in range(run.start, run.start + run.period * run.times):
            last = run.last + (i - run.start) % run.period
            stands_for[nodes[i].key] = nodes[last].key
            kept[i] = None
            if i >= run.start + run.period:
                gone.add(nodes[i].key)
        for i in range(run.period):
            first, last = run.start + i, run.last + i
            kept[first] = _for_all(nodes[first], nodes[last], run.times, names[first], names[last],
                                   inside)  # fmt: skip
    edges: list[Edge] = []
    tails: dict[tuple[str, str], str] = {}
    for edge in view.edges:
        tail, head = stands_for[edge.tail], stands_for[edge.head]
        if edge.head not in gone and tails.setdefault((tail, head), edge.tail) == edge.tail:
            edges.append(Edge(tail, head, edge.derivative))
    return only_ancestors(
        View([node for node in kept.values() if node], edges, view.notes),
        {stands_for[key] for key in ends(view)},
    )


def _for_all(
    first: Vertex,
    last: Vertex,
    times: int,
    first_names: list[str],
    last_names: list[str],
    inside: dict[str, str],
) -> Vertex:
    """Return the node for all repeats of one."""
    formula = _with_names(first.formula, inside, inside)
    if _with_names(first.formula, first_names, "•") != _with_names(last.formula, last_names, "•"):
        formula = _span(formula, last.formula)
    so_far = re.fullmatch(r"×(\d+)", last.note)
    if so_far:
        times *= int(so_far[1])
    return replace(
        last,
        name=last.name if last.formula else _span(first.name, last.name),
        formula=formula,
        scopes=tuple(map(_span, first.scopes, last.scopes)),
        note=f"×{times}" if so_far or not last.note else f"×{times}, {last.note}",
    )


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"


def ends(view: View) -> set[str]:
    """Return the keys of what nothing uses."""
    return {node.key for node in view.nodes} - {edge.tail for edge in view.edges}


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
