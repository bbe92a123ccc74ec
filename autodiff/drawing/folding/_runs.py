"""Where a pattern of calls is there again and again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple

from autodiff.drawing._view import Vertex

FEWEST = 3  # repeats that are worth folding
PERIODS = 32  # that are tried from one node


class Run(NamedTuple):
    """A pattern of ``period`` nodes that is there ``times`` in a row."""

    start: int
    period: int
    times: int


def kinds_of_call(nodes: Sequence[Vertex], names: Sequence[list[str]]) -> list[int]:
    """Return a number for each node, equal where only operands, numbers, places and keys differ.

    An output is of the kind that its call, or the closed scope, is.
    """
    numbers: dict[Any, int] = {}
    fresh = count()
    found = []
    for node, operands in zip(nodes, names, strict=True):
        form = _NUMBER.sub("#", without_path_numbers(without_names(node.formula, operands)))
        form = re.sub(r"\[[^][]*\]", _without_digits, form)
        name = "" if node.formula else _without_digits(node.name)
        scopes = tuple(map(_without_digits, node.scopes))
        shape = getattr(node.value, "shape", ()), getattr(node.value, "dtype", None)
        kind = "" if form and node.kind in ("op", "scope", "output") else node.kind
        label: Any = (kind, form, name, scopes, shape, node.note)
        if kind in ("output", "failed"):
            label = node.key
        found.append(numbers[label] if label in numbers else numbers.setdefault(label, next(fresh)))
    return found


def _without_digits(text: str | re.Match[str]) -> str:
    return re.sub(r"\d+", "#", text if isinstance(text, str) else text[0])


_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?j?|inf|nan)(?![\w.])")


def without_path_numbers(formula: str) -> str:
    """Return a formula with a sign in the place of numbers in paths, such as "layers.1"."""
    return re.sub(r"(?<=[^\W\d])\.\d+", ".#", formula)


def without_names(formula: str, names: Iterable[str]) -> str:
    """Return a formula with a sign in the place of its operands."""
    found = sorted(map(re.escape, names), key=len, reverse=True)
    whole = rf"(?<![\w.])(?:{'|'.join(found)})(?![\w(])"
    return re.sub(whole, "•", formula) if found else formula


class Calls(NamedTuple):
    """What runs are looked for in: the kind of each node, its operands, and what is an output.

    ``levels_shared`` are the scopes that a node is in with the one before it. Runs begin at
    ``first`` or later; what is before that is in none.
    """

    kinds: list[int]
    operands: list[list[int]]
    levels_shared: list[int]
    outputs: Collection[int]
    first: int = 0


def runs_of(calls: Calls) -> list[Run]:
    """Return runs that do not overlap, from the start; of those from one node the longest.

    They begin where the scopes of a repeat are entered, and only the last repeat has outputs.
    """
    kinds, levels_shared = calls.kinds, calls.levels_shared
    following: dict[int, list[int]] = {}
    for i, kind in enumerate(kinds):
        following.setdefault(kind, []).append(i)
    number = {i: k for places in following.values() for k, i in enumerate(places)}
    limits: dict[int, Limit] = {}
    runs = []
    start = calls.first
    while start < len(kinds):
        after = number[start] + 1
        found = []
        for other in following[kinds[start]][after : after + PERIODS]:
            period = other - start
            least = start + (FEWEST - 1) * period
            limit = limits.get(period)
            if limit is None or start > limit.start or limit.end >= least:
                limits[period] = limit = _limit(start, period, calls)
            if limit.end >= least:
                found.append(Run(start, period, (limit.end - start) // period + 1))
        best = max(found, key=lambda run: (run.period * run.times, -run.period), default=None)
        if best is None:
            start += 1
        else:
            second = start + best.period
            shared = levels_shared[second : second + best.period]
            best = _run_from(start + shared.index(min(shared)), best, calls)
            runs.append(best)
            start = best.start + best.period * best.times
    return runs


def _run_from(start: int, run: Run, calls: Calls) -> Run:
    """Return the run that begins at a later node, if there are repeats enough."""
    times = (_limit(start, run.period, calls).end - start) // run.period + 1
    return Run(start, run.period, times) if start > run.start and times >= FEWEST else run


class Limit(NamedTuple):
    """The first node that is not there again a period on, if one looks from ``start`` or before.

    So that no node is looked at from each start before it.
    """

    end: int
    start: int


def _limit(start: int, period: int, calls: Calls) -> Limit:
    """Return how far nodes are there again a period on.

    Operands move on by a period as well, or come from outside; at first both will do.
    """
    kinds, operands = calls.kinds, calls.operands
    for end in range(start, len(kinds) - period):
        ours, others = operands[end], operands[end + period]
        is_other = kinds[end] != kinds[end + period] or len(ours) != len(others)
        if is_other or end in calls.outputs:
            return Limit(end, end)
        outside = start + period if end < start + period else start
        differ = [
            a
            for a, b in zip(ours, others, strict=True)
            if (b - a != period if a >= start else b >= outside)
        ]
        if differ:
            return Limit(end, max(start, *differ))
    return Limit(max(start, len(kinds) - period), len(kinds))
