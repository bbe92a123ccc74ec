"""Timing contestants in turns, so that whatever disturbs one disturbs all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter, sleep
from typing import Any, TypeAlias

import numpy as np

ROUNDS = 15
SECONDS_PER_TURN = 0.03
UNTIMED = 3  # calls at the start of a turn, in which some compile or plan
PAUSE = 0.1  # seconds until the threads of the contestant before have stopped spinning

Call: TypeAlias = Callable[[], Any]
Contestants: TypeAlias = Mapping[str, Callable[[], Call]]


@dataclass(frozen=True)
class Result:
    """What one contestant took: seconds, and how many times as long as the first contestant."""

    contestant: str
    seconds: float  # the median over the rounds
    ratio: float  # the median of the ratios within each round
    best: float  # the ratio of the shortest times
    remark: str = ""  # what else was measured, and what it should be


def measure(contestants: Contestants, rtol: float) -> list[Result]:
    """Return the results of all contestants, once their numbers agree with those of the first."""
    prime_allocator()
    verify(contestants, rtol)
    calls = {
        name: max(1, round(SECONDS_PER_TURN / min(turn(prepare, 1) for _ in range(3))))
        for name, prepare in contestants.items()
    }
    gc.collect()
    gc.freeze()  # the collector stays on, but nobody pays for the modules of the others
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, prepare in contestants.items():
            times[name].append(turn(prepare, calls[name]))
    gc.unfreeze()
    return compare(times)


def prime_allocator() -> None:
    """Make glibc keep large arrays that are freed, instead of faulting them in again each time."""
    np.empty(32_000_000, np.uint8)


def verify(contestants: Contestants, rtol: float) -> None:
    """Check that all contestants compute the same, also when they are called again.

    The first may leave out the gradient that the others give beside the value: these are compared
    with each other.
    """
    expected: list[list[Any]] = []
    for name, prepare in contestants.items():
        call = prepare()
        results = [parts(call()) for _ in range(5)]
        expected = expected or results
        for result, right in zip(results, expected, strict=True):
            for part, right_part in zip(result[: len(right)], right, strict=True):
                np.testing.assert_allclose(
                    part,
                    right_part,
                    rtol,
                    rtol * np.max(abs(right_part)),
                    err_msg=f"{name} is wrong",
                )
        expected = max(expected, results, key=lambda found: len(found[0]))


def parts(result: Any) -> list[Any]:
    """Return copies of the arrays that a call gave: one, or those of a tuple."""
    return [np.array(part) for part in (result if isinstance(result, tuple) else (result,))]


def turn(prepare: Callable[[], Call], calls: int) -> float:
    """Return the seconds that a call takes, on average over several after the untimed."""
    call = prepare()
    gc.collect()
    sleep(PAUSE)
    for _ in range(UNTIMED):
        call()
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls


def compare(times: dict[str, list[float]]) -> list[Result]:
    """Return the results of times that were taken round by round."""
    first = next(iter(times.values()))
    return [
        Result(
            name,
            seconds=median(own),
            ratio=median(t / unit for t, unit in zip(own, first, strict=True)),
            best=min(own) / min(first),
        )
        for name, own in times.items()
    ]


def duration(seconds: float) -> str:
    """Return a time with three digits and the unit of its size."""
    unit, size = next(((u, s) for u, s in (("s", 1), ("ms", 1e-3)) if seconds >= s), ("µs", 1e-6))
    return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"
