"""What is given to a loop as a whole or to its first repeat, and so is no part of the pattern."""

from __future__ import annotations

from collections.abc import Iterable

from autodiff.drawing.folding._runs import Calls, Run


def shared_sources(calls: Calls, runs: Iterable[Run], count: int) -> set[int]:
    """Return which of the first so many nodes, that no call made, have no like in other repeats.

    A weight of each layer goes into its repeat alone, and another of its kind into the next. A rate
    goes into several repeats, and the first state into one in which the others have a call's.
    """
    seen: set[int] = set()
    shared: set[int] = set()
    for run in runs:
        repeats: dict[int, set[int]] = {}
        alone: set[int] = set()
        end = run.start + run.period * run.times
        for i in range(run.start, end):
            near = i + run.period if i + run.period < end else i - run.period
            for source, other in zip(calls.operands[i], calls.operands[near], strict=True):
                if source < count and source not in seen:
                    repeats.setdefault(source, set()).add((i - run.start) // run.period)
                    if other >= count or calls.kinds[source] != calls.kinds[other]:
                        alone.add(source)
        shared |= alone | {source for source, used in repeats.items() if len(used) > 1}
        seen |= repeats.keys()
    return shared
