"""Time our searches beside SciPy's, which get values and derivatives written by hand in NumPy.

``python -m tests.benchmarks.minimisers`` prints the tables: of Rosenbrock's valley, and of a
logistic regression. Ours get the function alone, and are timed when its derivatives have been
planned; beside that stands what the first search takes in a process that knows no plan of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from autodiff import forget_plans
from optim import bfgs, lbfgs, newton
from tests.benchmarks.timing import Call, measure

Search = Callable[[], OptimizeResult]

SIZES = (2, 10, 100, 1000)
PATIENCE = 100  # unknowns beyond which SciPy's BFGS takes over ten seconds a call
REGRESSIONS = ((2000, 20), (20_000, 100))
RIDGE = 0.01  # of the sum of squares of the weights
WARM = 60  # searches, within which all derivatives of small arrays are planned
FIRST = 5  # times that a first search is taken


# -- Rosenbrock's valley ---------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    """Return the height of the valley, whose floor is a parabola."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_hand(x: Any) -> tuple[float, Any]:
    """Return the height of the valley and its gradient."""
    before = x[:-1]
    off, left = x[1:] - before * before, 1 - before
    gradient = np.empty_like(x)
    gradient[0] = 0
    gradient[1:] = pull = 200 * off
    gradient[:-1] -= 2 * (pull * before + left)
    return float(100 * off.dot(off) + left.dot(left)), gradient


def start(n: int) -> np.ndarray:
    """Return the usual start."""
    x = np.ones(n)
    x[0] = -1.2
    return x


def in_the_valley(n: int) -> dict[str, tuple[Search, list[Search]]]:
    """Return our searches by name, each with those of SciPy that do the same."""

    def by_scipy(method: str) -> Search:
        return lambda: minimize(rosenbrock_by_hand, start(n), jac=True, method=method)

    ours: dict[str, tuple[Search, list[Search]]] = {
        "lbfgs": (lambda: lbfgs(rosenbrock, start(n)), [by_scipy("L-BFGS-B")])
    }
    if n <= PATIENCE:
        ours = {"bfgs": (lambda: bfgs(rosenbrock, start(n)), [by_scipy("BFGS")])} | ours
    return ours


# -- logistic regression ---------------------------------------------------------------------


def observations(m: int, n: int) -> Any:
    """Return m rows of n features, each times its label, which is 1 or -1."""
    rng = np.random.default_rng(1)
    features, weights = rng.normal(size=(m, n)), rng.normal(size=n) / np.sqrt(n)
    labels = np.where(rng.random(m) < 1 / (1 + np.exp(-2 * features @ weights)), 1.0, -1.0)
    return labels[:, None] * features


def loss(w: Any, rows: Any) -> Any:
    """Return minus the log-likelihood of the weights, with a penalty."""
    return np.sum(np.log1p(np.exp(-(rows @ w)))) + RIDGE * np.sum(w**2)


def loss_by_hand(w: Any, rows: Any) -> tuple[float, Any]:
    """Return the loss and its gradient."""
    odds = np.exp(-rows.dot(w))
    gradient = 2 * RIDGE * w - (odds / (1 + odds)).dot(rows)
    return float(np.log1p(odds).sum() + RIDGE * w.dot(w)), gradient


def hessian_by_hand(w: Any, rows: Any) -> Any:
    """Return the loss's matrix of second derivatives."""
    odds = np.exp(-rows.dot(w))
    matrix = (rows.T * (odds / (1 + odds) ** 2)).dot(rows)
    matrix.flat[:: w.size + 1] += 2 * RIDGE
    return matrix


def of_a_regression(m: int, n: int) -> dict[str, tuple[Search, list[Search]]]:
    """Return our searches by name, each with those of SciPy that do the same."""
    rows, zero = observations(m, n), np.zeros(n)

    def by_scipy(method: str, **derivatives: Any) -> Search:
        arguments = {"args": (rows,), "jac": True, "method": method, **derivatives}
        return lambda: minimize(loss_by_hand, zero, **arguments)

    second = [by_scipy(name, hess=hessian_by_hand) for name in ("Newton-CG", "trust-exact")]
    return {
        "newton": (lambda: newton(loss, zero, args=(rows,)), second),
        "bfgs": (lambda: bfgs(loss, zero, args=(rows,)), [by_scipy("BFGS")]),
    }


# -- timing ----------------------------------------------------------------------------------


def preparing(search: Search) -> Callable[[], Call]:
    """Return a contestant, which is asked for the minimum that it finds."""
    return lambda: lambda: search().fun + 1  # a minimum of 0 is compared as 1


def seconds_at_first(search: Search) -> float:
    """Return what the first search takes, which finds no plan."""
    times = []
    for _ in range(FIRST):
        forget_plans()
        begin = perf_counter()
        search()
        times.append(perf_counter() - begin)
    return median(times)


def compare(task: str, contestants: dict[str, tuple[Search, list[Search]]]) -> None:
    """Print a row for each of our searches, beside the fastest of SciPy's."""
    for name, (ours, theirs) in contestants.items():
        first = seconds_at_first(ours)
        for _ in range(WARM if first < 0.05 else 5):
            ours()
        named = {f"SciPy {i}": preparing(search) for i, search in enumerate(theirs)}
        *rivals, own = measure(named | {"ours": preparing(ours)}, rtol=1e-5)
        rival = min(rivals, key=lambda result: result.seconds)
        their_counts, counts = theirs[rivals.index(rival)](), ours()
        print(
            f"{name:8}{task:>12}{counts.nfev:7} +{counts.nhev:2}{1e3 * own.seconds:9.2f}"
            f"{their_counts.nfev:9} +{their_counts.get('nhev', 0):2}{1e3 * rival.seconds:9.2f}"
            f"{own.ratio / rival.ratio:8.2f}{1e3 * first:9.2f}{first / rival.seconds:7.2f}",
            flush=True,
        )


def main() -> None:
    """Print how long each takes, and how often it evaluates f with its gradient."""
    print(f"Searches to the end, on {THREADS} threads")
    print(f"{'':20}{'chainrule, planned':>19}{'SciPy, by hand':>21}{'':8}{'the first':>16}")
    header = f"{'evaluations':>11}{'ms':>8}"
    print(f"{'method':8}{'':12}{header}  {header}{'ratio':>8}{'ms':>9}{'ratio':>7}")
    for n in SIZES:
        compare(f"valley {n}", in_the_valley(n))
    for m, n in REGRESSIONS:
        compare(f"{m} × {n}", partial(of_a_regression, m, n)())
    print("evaluations: of f with its gradient, + Hessians and products with one")


if __name__ == "__main__":
    main()
