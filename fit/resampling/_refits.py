"""Fits that are made again, each with data of its own, handed out one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import SeedSequence

from autodiff import is_lazy
from fit.arguments._executor import shared_out
from fit.arguments._numbers import Array, check_count, seeds_of
from fit.problem._problem import Problem
from fit.resampling._draws import (
    Counts,
    check_points,
    drawn_counts,
    measured_anew,
    with_counts,
)
from fit.search._minimum import minimum_of
from fit.search._searches import Effort
from fit.uncertainties._estimate import Estimate
from optim import Executor, Outcomes

KINDS = ("points", "parametric")


def bootstrap(
    result: Estimate, n: int, kind: str, seed: Any, executor: Executor | None
) -> Outcomes:
    """Return the free parameters of so many fits; `FitResult.bootstrap`."""
    if kind not in KINDS:
        raise ValueError(f"expected a kind out of {', '.join(KINDS)}, got {kind!r}")
    check_count("n", n, 2)
    again = _for_fits(result)
    if kind == "points":
        check_points(result)
    elif not np.isfinite(result.variance):
        raise ValueError(
            "nothing tells how large the errors of the data are, with as many parameters as "
            "points: give the fit sigma"
        )
    seeds = seeds_of(seed, int(n))
    f = fit_of_points_drawn if kind == "points" else fit_of_new_measurement
    return shared_out(f, seeds, (again,), executor)


def jackknife(result: Estimate, executor: Executor | None) -> Outcomes:
    """Return the free parameters of the fits without one point each; `FitResult.jackknife`."""
    again = _for_fits(result)
    check_points(result)
    points = np.flatnonzero(result.problem.counting).tolist()
    return shared_out(fit_without_point, points, (again,), executor)


def _for_fits(result: Estimate) -> Estimate:
    """Return the estimate alone, of a problem that is searched from where it ended."""
    if is_lazy(result.problem.y):
        raise ValueError(
            "a fit is made again from all data at once, which are in chunks: fit to a part of "
            "them, as x[::1000].compute(), and resample that fit; its errors are √1000 times as "
            "large as those of all points"
        )
    if not result.success:
        raise ValueError(f"there is no minimum about which fits could scatter: {result.message}")
    problem = result.problem
    problem.residuals(result.p)  # which says what is missing, if the model is
    problem = replace(problem, parameters=replace(problem.parameters, start=result.p))
    return Estimate(
        problem,
        result.p,
        result.triangle,
        result.weighted_residuals,
        result.chi_squared,
        result.success,
        result.status,
        result.message,
        result.nfev,
        result.method if problem.x_sigma is not None else "least-squares",
    )


# -- what is handed out ----------------------------------------------------------------------


def fit_of_points_drawn(result: Estimate, seed: SeedSequence) -> Array:
    """Return the parameters of the fit to points that were drawn with replacement."""
    return _parameters_of(result, drawn_counts(result.problem, seed))


def fit_without_point(result: Estimate, point: int) -> Array:
    """Return the parameters of the fit to all points but one."""
    counts = result.problem.counting.astype(int)
    counts[point] = 0
    return _parameters_of(result, counts)


def fit_of_new_measurement(result: Estimate, seed: SeedSequence) -> Array:
    """Return the parameters of the fit to data that scatter about the model."""
    return _where_least(measured_anew(result, seed), result.method)


def _parameters_of(result: Estimate, counts: Counts) -> Array:
    problem = result.problem
    distinct, needed = int(np.count_nonzero(counts)), problem.n - result.dof
    if distinct < needed:
        raise RuntimeError(f"{distinct} distinct points: too few for {needed} parameters")
    return _where_least(with_counts(problem, counts), result.method)


def _where_least(problem: Problem, method: str) -> Array:
    """Return where the search for the minimum ends; raise what it says where it is none."""
    found = minimum_of(problem, method, Effort())
    if not found.success:
        raise RuntimeError(found.message)
    return found.p
