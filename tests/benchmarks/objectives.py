"""Objectives that fill their arrays: their gradients beside their values, and filling by itself.

``python -m tests.benchmarks objectives`` prints the tables, with ``--markdown`` for the README. An
objective is measured by itself, as ADBench does: the unit is its value on plain arrays. Filling
an array is measured beside the same in a list that is stacked.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np

import autodiff
from tests.autodiff.objectives import (
    bundle_adjustment,
    determinant,
    gaussian_mixture,
    hand_tracking,
    kmeans,
    least_squares,
    logsumexp,
    lstm,
    ode,
    particle,
)
from tests.benchmarks.timing import Call, Result, duration, measure

FILLED = 10_000  # entries, or rows of three
TARGET = 1.3  # times the list that is stacked, in time and in memory


class Objective(NamedTuple):
    """What is differentiated by how many of its arguments; of several numbers, half the squares."""

    title: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    unknowns: int = 1

    def cost(self) -> Callable[..., Any]:
        known = self.arguments[self.unknowns :]

        def cost(*unknowns: Any) -> Any:
            value = self.function(*unknowns, *known)
            return value if np.ndim(value) == 0 else np.sum(value**2) / 2

        return cost


def objectives() -> Iterator[Objective]:
    """Yield the rows of the table."""
    yield Objective(
        "Gaussian mixture, d = 10, k = 25, n = 1000",
        gaussian_mixture.log_posterior,
        gaussian_mixture.example(1000, 10, 25),
        3,
    )
    yield Objective(
        "bundle adjustment, 100 observations",
        bundle_adjustment.residuals,
        bundle_adjustment.example(10, 30, 100),
        3,
    )
    theta, places, hand = hand_tracking.example(500, 100)
    yield Objective(
        "hand tracking, 500 vertices, 100 points", hand_tracking.to_vertices, (theta, hand)
    )
    yield Objective("the same, complicated", hand_tracking.to_triangles, (theta, places, hand), 2)
    yield Objective("LSTM, 2 layers, 14 bits, 100 steps", lstm.loss, lstm.example(2, 14, 100), 2)
    yield Objective("determinant by minors, 5 × 5", determinant.by_minors, determinant.example(5))
    yield Objective("k-means, n = 1000, k = 10, d = 8", kmeans.cost, kmeans.example(1000, 10, 8))
    yield Objective(
        "log-sum-exp of 10 000 entries", logsumexp.log_sum_exp, logsumexp.example(10_000)
    )
    yield Objective("linear ODE, n = 10, 10 Runge-Kutta steps", ode.last, ode.example(10, 10))
    yield Objective("charged particle", particle.miss, particle.example())
    yield Objective(
        "least squares, 6 coefficients, n = 100",
        least_squares.half_squares,
        least_squares.example(6, 100),
    )


# -- filling -----------------------------------------------------------------------------------


def filled_entries(x: Any) -> Any:
    """Return the sum of entries that are written one by one, each made of the one before."""
    a = np.zeros(FILLED, like=x)
    a[0] = x[0]
    for i in range(FILLED - 1):
        a[i + 1] = a[i] * 1.0001 + 0.001
    return np.sum(a)


def stacked_entries(x: Any) -> Any:
    """Return the same, by a list."""
    a = [x[0]]
    for i in range(FILLED - 1):
        a.append(a[i] * 1.0001 + 0.001)
    return np.sum(np.stack(a))


def filled_rows(x: Any) -> Any:
    """Return the sum of rows that are written one by one, each made of the one before."""
    a = np.zeros((FILLED, len(x)), like=x)
    a[0] = x
    for i in range(FILLED - 1):
        a[i + 1] = a[i] * 1.0001 + 0.001
    return np.sum(a)


def stacked_rows(x: Any) -> Any:
    """Return the same, by a list."""
    a = [x]
    for i in range(FILLED - 1):
        a.append(a[i] * 1.0001 + 0.001)
    return np.sum(np.stack(a))


FILLING = {
    "10 000 entries": (stacked_entries, filled_entries, np.array([0.5])),
    "10 000 × 3, by rows": (stacked_rows, filled_rows, np.array([0.5, 1.0, -2.0])),
}


# -- timing ------------------------------------------------------------------------------------


def results(objective: Objective) -> list[Result]:
    """Return what the value takes, and with it the gradient, as written and as a plan."""
    cost = objective.cost()
    both = autodiff.value_and_grad(cost, argnums=tuple(range(objective.unknowns)))
    planned = autodiff.compile(both)
    point = objective.arguments[: objective.unknowns]

    def flat(f: Callable[..., Any]) -> Call:
        def call() -> tuple[Any, ...]:
            value, gradients = f(*point)
            return value, *gradients

        return call

    return measure(
        {
            "plain": lambda: partial(cost, *point),
            "chainrule": lambda: flat(both),
            "planned": lambda: flat(planned),
        },
        rtol=1e-9,
    )


def peak_memory(f: Callable[[Any], Any], x: Any) -> int:
    """Return the most bytes that a call holds."""
    f(x)
    gc.collect()
    tracemalloc.start()
    try:
        f(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def filling_results(name: str) -> tuple[Result, float]:
    """Return what filling takes beside stacking, and the ratio of the peaks of memory."""
    stacked, filled, x = FILLING[name]
    gradients = {"stacked": autodiff.grad(stacked), "filled": autodiff.grad(filled)}
    _, own = measure({name: lambda f=f: partial(f, x) for name, f in gradients.items()}, rtol=1e-9)
    peaks = [peak_memory(f, x) for f in gradients.values()]
    return own, peaks[1] / peaks[0]


# -- what is printed ---------------------------------------------------------------------------


def main(markdown: bool = False) -> None:
    """Print the tables."""
    print(f"\nObjectives that fill arrays, gradient against value, on {THREADS} threads")
    print(f"{'':44}{'value':>10}{'chainrule':>11}{'planned':>9}")
    lines = [
        "| gradient against value | value | chainrule | planned |",
        "| --- | --: | --: | --: |",
    ]
    for objective in objectives():
        plain, eager, planned = results(objective)
        title, value = objective.title, duration(plain.seconds)
        print(f"{title:44}{value:>10}{eager.ratio:11.2f}{planned.ratio:9.2f}", flush=True)
        lines.append(f"| {title} | {value} | {eager.ratio:.2f} | {planned.ratio:.2f} |")
    print("\nFilling an array, gradient of its sum, against a list that is stacked")
    print(f"{'':44}{'filled':>10}{'time':>11}{'memory':>9}")
    lines += ["", "| filling against stacking | filled | time | memory |", lines[1]]
    for name in FILLING:
        own, memory = filling_results(name)
        missed = ", missed" * (max(own.ratio, memory) > TARGET)
        print(
            f"{name:44}{duration(own.seconds):>10}{own.ratio:11.2f}{memory:9.2f}"
            f"   ≤ {TARGET:g}{missed}",
            flush=True,
        )
        lines.append(f"| {name} | {duration(own.seconds)} | {own.ratio:.2f} | {memory:.2f} |")
    if markdown:
        print("\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
