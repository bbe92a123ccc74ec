"""The profile of χ² by one search for each place, where Newton's method does not follow it."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from autodiff import is_lazy
from fit.arguments._numbers import EPS, Array
from fit.problem._chi_squared import half_of
from fit.problem._problem import SpentError
from fit.uncertainties._vicinity import Ray, Vicinity
from optim import Status, lagrange, least_squares

FARTHEST = 1e6  # how many standard errors away an end is looked for
SEARCHED = 100  # places on a ray, at most
BOUND, GIVEN_UP, NEVER = "bound", "given up", "never"


class End(NamedTuple):
    """Where on a ray the least χ² has risen so much, if it has.

    Attributes
    ----------
    t : float
        Infinite where it never has, or the search was given up.
    why : str
        What ended the search, if it was not the rise of χ².
    reached : float
        How far χ² was followed.
    """

    t: float
    why: str
    reached: float


def least_with(around: Vicinity, held: Any, value: Any, near: Array) -> tuple[float, Array]:
    """Return the rise of the least χ² at values of some parameters, and where it is."""
    result = around.result
    problem = result.problem
    lower, upper = (bound.copy() for bound in around.bounds)
    lower[held] = upper[held] = value
    start = np.clip(near, lower, upper)
    if problem.constraints:
        found = lagrange(
            half_of(problem.chi_squared),
            start,
            _with_some_held(problem.constraint, held, value),
        )
        rise = 2 * float(found.fun) - result.chi_squared
    else:
        found = least_squares(
            problem.residuals,
            start,
            args=problem.args,
            bounds=(lower, upper),
            loss=problem.loss,
            f_scale=problem.f_scale or 1.0,
            max_nfev=problem.evaluations_left,
        )
        rise = 2 * float(found.cost) - result.chi_squared
        if problem.loss == "linear" and not is_lazy(problem.y):
            origin = result.weighted_residuals
            rise = float((found.fun - origin) @ (found.fun + origin))
    problem.spend(found.nfev + found.nhev)
    if problem.evaluations_left is not None and found.status is Status.LIMIT:
        raise SpentError
    p = np.asarray(found.x, float)
    if not np.isfinite(rise):
        return np.inf, start
    around.saw(rise, p)
    return rise, p


def _with_some_held(
    constraint: Callable[[Any], Any], held: Any, value: Any
) -> Callable[[Any], Any]:
    """Return constraints that hold parameters besides, at values that plans may vary."""
    which, at = np.atleast_1d(held), np.atleast_1d(value)
    return lambda p: np.concatenate([constraint(p), p[which] - at])


def end_by_search(around: Vicinity, ray: Ray, rise: float) -> End:
    """Return where the least χ² has risen so much, by following it step by step."""
    from scipy.optimize import brentq

    # √Δχ², in units of the one looked for, and all parameters, by the place.
    known: dict[float, tuple[float, Array]] = {0.0: (0.0, around.result.p)}

    def root(t: float) -> float:
        if t not in known:
            near, ahead = _starts_near(known, t, ray.tangent)
            values = ray.values_at(t)
            risen, p = least_with(around, ray.held, values, ahead)
            if not np.isfinite(risen):
                risen, p = least_with(around, ray.held, values, near)
            known[t] = min(sqrt(max(risen, 0.0) / rise), 10.0), p
        return known[t][0]

    unit = sqrt(rise)
    step, last, slope = unit / 2, 0.0, 1 / unit
    while known[last][0] < 1:
        if last == ray.farthest:
            return End(last, BOUND, last)
        if last > FARTHEST * unit:
            return End(np.inf, NEVER, last)
        if len(known) > SEARCHED:
            return End(np.inf, GIVEN_UP, last)
        t = min(last + step, ray.farthest)
        off = abs(root(t) - known[last][0] - slope * (t - last))
        if off > 0.25 and step > unit / 100:
            # Too far from the last place to have followed the same valley.
            del known[t]
            step /= 4
            continue
        slope = (known[t][0] - known[last][0]) / (t - last)
        before, last = last, t
        step *= 3 if off < 0.1 else 1
    t = brentq(lambda t: root(t) - 1, before, last, xtol=1e-9 * (last - before), rtol=4 * EPS)
    return End(float(t), "", float(t))


def _starts_near(
    known: dict[float, tuple[float, Array]], t: float, tangent: Array
) -> tuple[Array, Array]:
    """Return the known parameters nearest to a place, and where the last two lead from there."""
    one, *others = sorted(known, key=lambda other: abs(other - t))
    near = known[one][1]
    slope = (near - known[others[0]][1]) / (one - others[0]) if others else tangent
    return near, near + (t - one) * slope
