"""Time BFGS and L-BFGS on Rosenbrock's valley beside SciPy's, which get the same exact gradient.

``python -m tests.benchmarks.minimisers`` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from autodiff import value_and_grad
from optim import bfgs, lbfgs
from tests.benchmarks.timing import Call, measure

SIZES = (2, 10, 100, 1000)
METHODS = {"BFGS": bfgs, "L-BFGS-B": lbfgs}
PATIENCE = 100  # unknowns beyond which SciPy's BFGS takes over ten seconds a call


def rosenbrock(x: Any) -> Any:
    """Return the height of the valley, whose floor is a parabola."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def start(n: int) -> np.ndarray:
    """Return the usual start."""
    x = np.ones(n)
    x[0] = -1.2
    return x


def by_scipy(name: str, n: int) -> OptimizeResult:
    """Minimise with SciPy's method of this name."""
    return minimize(value_and_grad(rosenbrock), start(n), jac=True, method=name)


def by_chainrule(name: str, n: int) -> OptimizeResult:
    """Minimise with ours."""
    return METHODS[name](rosenbrock, start(n))


def preparing(minimise: Callable[[], OptimizeResult]) -> Callable[[], Call]:
    """Return a contestant, which is asked for the minimum that it finds."""
    return lambda: lambda: minimise().fun + 1  # a minimum of 0 is compared as 1


def main() -> None:
    """Print how long each takes, and how often it evaluates f with its gradient."""
    print(f"Rosenbrock's valley from (-1.2, 1, ..., 1), on {THREADS} threads")
    print(f"{'':16}{'chainrule':>22}{'SciPy':>22}{'ratio of':>10}{'of the':>9}")
    header = f"{'evaluations':>13}{'ms':>9}"
    print(f"{'method':10}{'n':>6}{header}{header}{'medians':>10}{'shortest':>9}")
    for n in SIZES:
        for name in METHODS:
            if name == "BFGS" and n > PATIENCE:
                continue
            contestants = {
                "SciPy": partial(by_scipy, name, n),
                "ours": partial(by_chainrule, name, n),
            }
            theirs, ours = measure({k: preparing(v) for k, v in contestants.items()}, rtol=1e-5)
            counts = {k: v() for k, v in contestants.items()}
            print(
                f"{name:10}{n:6}"
                f"{counts['ours'].nfev:9} +{counts['ours'].nhev:2}{1e3 * ours.seconds:9.2f}"
                f"{counts['SciPy'].nfev:13}{1e3 * theirs.seconds:9.2f}"
                f"{ours.ratio:10.2f}{ours.best:9.2f}",
                flush=True,
            )
    print("evaluations: of f with its gradient, + Hessians and products with one")


if __name__ == "__main__":
    main()
