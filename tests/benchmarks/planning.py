"""What a plan costs: the time to make it, after how many runs that is won back, and a replay's own.

``python -m tests.benchmarks.planning`` prints the tables.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np

import autodiff
from autodiff.compiled import _compile as planner
from tests.benchmarks import by_chainrule, tasks
from tests.benchmarks.timing import (
    ROUNDS,
    SECONDS_PER_TURN,
    UNTIMED,
    Call,
    duration,
    prime_allocator,
    turn,
)

Function: TypeAlias = Callable[..., Any]


class Cost(NamedTuple):
    """What the plan of a function costs and brings, in seconds."""

    nodes: int  # calls of NumPy as they are recorded, before the passes
    planning: float  # what the first calls take beyond eager ones
    eager: float
    replay: float


def functions() -> Iterator[tuple[str, Callable[[], Function], tuple[Any, ...]]]:
    """Yield what is planned: its title, what makes the function anew, and its arguments."""
    data = {task.name: task.data for task in tasks.all_tasks()}
    chain = autodiff.value_and_grad(partial(tasks.chain, np))
    yield "chain of 1000", lambda: chain, data["chain"]
    x, signs, start = data["moons"]
    yield "moons step", lambda: by_chainrule.moons_step(start), (x, signs)
    gradient = autodiff.grad(tasks.rosenbrock)
    yield "Rosenbrock, 1000", lambda: gradient, data["gradient_1000"]
    yield "Rosenbrock, 100 000", lambda: gradient, data["gradient"]


def cost(make: Callable[[], Function], arguments: tuple[Any, ...]) -> Cost:
    """Return what was measured of a function."""
    first = []
    for _ in range(ROUNDS):
        f = planned(make())
        gc.collect()
        start = perf_counter()
        for _ in range(UNTIMED):
            f(*arguments)
        first.append(perf_counter() - start)
    eager = seconds(lambda: partial(make(), *arguments))
    replay = seconds(lambda: partial(planned(make()), *arguments))
    return Cost(recorded(make(), arguments), median(first) - UNTIMED * eager, eager, replay)


def recorded(f: Function, arguments: tuple[Any, ...]) -> int:
    """Return how many nodes come to the passes."""
    nodes = []
    passes = planner.improve

    def improve(program: Any) -> None:
        nodes.append(len(program.nodes))
        passes(program)

    f = planned(f)
    with patch.object(planner, "improve", improve):
        for _ in range(UNTIMED):
            f(*arguments)
    return nodes[-1]


def planned(f: Function) -> Function:
    """Return a function that is planned at its first call."""
    return autodiff.compile(f, eager_calls=0)


def seconds(prepare: Callable[[], Call]) -> float:
    """Return what a call takes, the median of several turns."""
    calls = max(1, round(SECONDS_PER_TURN / min(turn(prepare, 1) for _ in range(3))))
    return median(turn(prepare, calls) for _ in range(ROUNDS))


def main() -> None:
    """Print the tables."""
    prime_allocator()
    print(f"Plans, made at the first call, on {THREADS} threads: medians of {ROUNDS}")
    columns = ("nodes", "planning", "a node", "eager", "replay", "won back after")
    print(f"{'':20}" + "".join(f"{name:>12}" for name in columns[:-1]) + f"{columns[-1]:>16}")
    for title, make, arguments in functions():
        c = cost(make, arguments)
        times = (c.planning, c.planning / c.nodes, c.eager, c.replay)
        saved = c.eager - c.replay
        runs = f"{c.planning / saved:.0f} runs" if saved > 0 else "never"
        cells = "".join(f"{duration(t):>12}" for t in times)
        print(f"{title:20}{c.nodes:12}{cells}{runs:>16}", flush=True)

    x, out = np.ones(10), np.empty(10)
    add = seconds(lambda: lambda: np.add(x, 1.0, out))
    replay = seconds(lambda: partial(planned(lambda x: x + 1.0), x))
    print(f"\nx + 1 on 10 entries: {duration(replay)}, of which np.add takes {duration(add)}")


if __name__ == "__main__":
    main()
