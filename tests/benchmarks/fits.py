"""Time curve_fit beside SciPy's, and what follows; also lmfit and iminuit where installed.

``python -m tests.benchmarks.fits`` prints the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np
import scipy.optimize

import fit
from tests.benchmarks.timing import Call, measure

AGREE = 1e-3  # to which all fits find the same, in spite of their tolerances


class Problem(NamedTuple):
    """A model, its data, and where the fit starts."""

    model: Callable[..., Any]
    x: np.ndarray
    y: np.ndarray
    start: list[float]
    noise: float


def decay(x: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * x) + c


def peaks(
    x: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, i: Any, j: Any, k: Any
) -> Any:
    """Return three Gaussians on a line."""
    y = j + k * x
    for height, centre, width in ((a, b, c), (d, e, f), (g, h, i)):
        y = y + height * np.exp(-(((x - centre) / width) ** 2))
    return y


def problems() -> Iterator[Problem]:
    """Yield the problems of the table."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 4, 50)
    yield Problem(decay, x, decay(x, 2.5, 1.3, 0.5) + 0.05 * rng.normal(size=50), [1.0] * 3, 0.05)
    true = np.array([3.0, 2.0, 0.5, 2.0, 5.0, 0.8, 4.0, 8.0, 0.6, 1.0, 0.1])
    for n in (1000, 100_000):
        x = np.linspace(0, 10, n)
        yield Problem(peaks, x, peaks(x, *true) + 0.1 * rng.normal(size=n), list(1.1 * true), 0.1)


# -- the contestants, each of which finds the parameters and their errors ----------------------


def by_scipy(problem: Problem) -> Any:
    popt, _ = scipy.optimize.curve_fit(*problem[:4])
    return popt


def by_chainrule(problem: Problem) -> Any:
    popt, _ = fit.curve_fit(*problem[:4])
    return popt


def by_chainrule_cold(problem: Problem) -> Any:
    """Fit a model that no plan is known of: of code that is the same, but another object."""
    model: Any = problem.model
    fresh = FunctionType(model.__code__.replace(), model.__globals__)
    return by_chainrule(problem._replace(model=fresh))


def by_chainrules_fit(problem: Problem) -> Any:
    model, x, y, start, _ = problem
    return fit.fit(model, x, y, p0=start).p


def by_lmfit(problem: Problem) -> Any:
    model = import_module("lmfit").Model(problem.model)
    start = dict(zip(model.param_names, problem.start, strict=True))
    found = model.fit(problem.y, x=problem.x, **start)
    return list(found.best_values.values())


def by_iminuit(problem: Problem) -> Any:
    model, x, y, start, noise = problem
    cost = import_module("iminuit.cost").LeastSquares(x, y, noise, model)
    found = import_module("iminuit").Minuit(cost, *start)
    found.migrad()
    found.hesse()
    return list(found.values)


CONTESTANTS = {
    "SciPy": by_scipy,
    "chainrule": by_chainrule,
    "first": by_chainrule_cold,  # of such a model and such data
    "fit": by_chainrules_fit,
}
PEERS = {"lmfit": by_lmfit, "iminuit": by_iminuit}


# -- what follows from a fit -----------------------------------------------------------------


def intervals_by_chainrule(problem: Problem) -> Call:
    model, x, y, start, noise = problem
    result = fit.fit(model, x, y, noise, p0=start)
    return lambda: np.ravel([result.interval(name) for name in result.free])


def intervals_by_iminuit(problem: Problem) -> Call:
    model, x, y, start, noise = problem
    cost = import_module("iminuit.cost").LeastSquares(x, y, noise, model)
    found = import_module("iminuit").Minuit(cost, *start)
    found.migrad()

    def intervals() -> Any:
        found.minos()
        merrors = found.merrors.values()
        ends = zip(found.values, merrors, strict=True)
        return np.ravel([(p + e.lower, p + e.upper) for p, e in ends])

    return intervals


def profiles_by_chainrule(problem: Problem) -> Call:
    model, x, y, start, noise = problem
    result = fit.fit(model, x, y, noise, p0=start)
    return lambda: np.stack([result.profile(name).chi_squared for name in result.free])


def nist_by_chainrule() -> Call:
    """Fit the 27 nonlinear problems of NIST from both of their starts."""
    path = Path(__file__).parents[1] / "fit" / "nist_strd.json"
    sets = [facts for facts in json.loads(path.read_text()).values() if not facts["linear"]]
    fits = []
    for facts in sets:
        y = np.log(facts["y"]) if "y_transform" in facts else np.array(facts["y"])
        x, several = np.array(facts["x"]).T, ", ".join(facts["xvars"])
        x, unpack = (x, several + ", = x") if x.ndim > 1 else (x, several + " = x")
        names: dict[str, Any] = {"np": np}
        source = f"def model(x, {', '.join(facts['params'])}):\n {unpack}\n return {facts['model']}"
        exec(source, names)
        fits += [(names["model"], x, y, start) for start in facts["starts"]]
    return lambda: np.concatenate([fit.curve_fit(*each)[0] for each in fits])


def main() -> None:
    """Print how long each takes, and how many times as long as SciPy."""
    contestants = CONTESTANTS | {name: f for name, f in PEERS.items() if find_spec(name)}
    print(f"curve_fit, with errors, on {THREADS} threads")
    print(f"{'parameters':>10}{'points':>9}  {'':10}{'ms':>9}{'ratio of':>10}{'of the':>9}")
    print(f"{'':19}  {'':10}{'median':>9}{'medians':>10}{'shortest':>9}")
    for problem in problems():
        size = f"{len(problem.start):10}{len(problem.x):9}"
        calls = {name: preparing(f, problem) for name, f in contestants.items()}
        for result in measure(calls, rtol=AGREE):
            print(
                f"{size}  {result.contestant:10}{1e3 * result.seconds:9.3f}"
                f"{result.ratio:10.2f}{result.best:9.2f}",
                flush=True,
            )
            size = " " * len(size)
    small = next(problems())
    tasks: dict[str, dict[str, Callable[[], Call]]] = {
        "all intervals of 3 parameters": {"chainrule": partial(intervals_by_chainrule, small)},
        "all profiles of 3 parameters": {"chainrule": partial(profiles_by_chainrule, small)},
        "NIST's 54 fits": {"chainrule": nist_by_chainrule},
    }
    if find_spec("iminuit"):
        tasks["all intervals of 3 parameters"]["iminuit"] = partial(intervals_by_iminuit, small)
    for task, calls in tasks.items():
        for result in measure(calls, rtol=AGREE):
            print(f"{task:30} {result.contestant:10}{1e3 * result.seconds:9.3f} ms", flush=True)


def preparing(f: Callable[[Problem], Any], problem: Problem) -> Callable[[], Call]:
    """Return a contestant of a problem."""
    return lambda: partial(f, problem)


if __name__ == "__main__":
    main()
