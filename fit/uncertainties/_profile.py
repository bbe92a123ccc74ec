"""The profile of χ² along one parameter, all others following, and the interval it gives."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from fit.arguments._numbers import EPS, Array
from fit.uncertainties._estimate import Estimate, quantile
from fit.uncertainties._one_by_one import end_by_search, least_with
from fit.uncertainties._vicinity import Vicinity, axes_of, is_minimum, valley_at
from optim import Status

ROUNDED = 1000  # times the rounding of the residuals, within which no rise of χ² can be seen
STEPS = 15  # of Newton's method, after which the slow and sure way is gone instead
EXACT = 1e-10  # by how much of its length an interval may be off
FOLLOWED = 1e-3  # how near to a profile, in standard errors, its points are projected onto it


class Interval(NamedTuple):
    """A likelihood interval, and what is to be said of it."""

    low: float
    high: float
    notes: tuple[str, ...] = ()


class Profile(NamedTuple):
    """The least χ² for given values of one parameter.

    Attributes
    ----------
    name : str
    values : ndarray of shape (m,)
        Of the parameter.
    chi_squared : ndarray of shape (m,)
        By how much the least χ² has risen there.
    parameters : ndarray of shape (m, number of parameters)
        All parameters where it is least.
    """

    name: str
    values: Array
    chi_squared: Array
    parameters: Array


def interval(result: Estimate, name: str, level: float = 0.6827) -> tuple[float, float]:
    """Return the ends of a likelihood interval; `FitResult.interval`."""
    _refuse_violated(result)
    factor = quantile(level, result.dof_of_errors)
    low, high, notes = likelihood_interval(result, name, factor)
    for note in notes:
        if "bound" not in note:
            warnings.warn(note, RuntimeWarning, stacklevel=3)
    return low, high


def likelihood_interval(result: Estimate, name: str, factor: float = 1.0) -> Interval:
    """Return the interval that in a linear model would reach so many standard errors.

    An end that Newton's method does not find is searched for.

    References
    ----------
    D. J. Venzon and S. H. Moolgavkar, "A method for computing profile-likelihood-based confidence
    intervals", Applied Statistics 37 (1988).
    """
    k = _index(result, name)
    rise = result.sandwich.rise * factor**2
    around = Vicinity(result)
    error = float(around.errors[k])
    middle = float(result.p[k])
    if not np.isfinite(rise) or not np.isfinite(error):
        return Interval(-np.inf, np.inf)
    if sqrt(rise) <= ROUNDED * EPS * around.terms:
        # χ² is made of rounding errors: no rise of it can be seen.
        half = sqrt(result.sandwich.variance) * factor * error
        return Interval(middle - half, middle + half)
    notes: list[str] = []
    ends: dict[int, float] = {}
    axes = axes_of(around, k)
    for side in (1, -1):
        # To second order the other end is as much nearer as this one is farther.
        first = 2 * sqrt(rise) - ends[1] if side < 0 and sqrt(rise) < ends[1] * 2 else sqrt(rise)
        crossing = newton_crossing(around, axes, side, rise, first) if around.smooth else None
        if crossing is not None:
            ends[side] = side * crossing
        else:
            ends[side] = side * (end_by_search(around, k, side, rise, notes) - middle) / error
    notes += around.lower_minimum()
    return Interval(middle - ends[-1] * error, middle + ends[1] * error, tuple(notes))


def profile(result: Estimate, name: str, points: int = 13, reach: float = 3.0) -> Profile:
    """Return the profile of χ² along one parameter; `FitResult.profile`."""
    _refuse_violated(result)
    k = _index(result, name)
    if points < 2:
        raise ValueError(f"expected 2 points or more, got {points}")
    if not reach > 0:
        raise ValueError(f"expected a positive reach, in standard errors, got {reach}")
    around = Vicinity(result)
    half = reach * sqrt(result.sandwich.variance) * around.errors[k]
    if not np.isfinite(half) or half == 0:
        raise ValueError(f"the standard error of {name} is {half / reach:g}: it has no profile")
    parameters = result.problem.parameters
    middle = result.p[k]
    low, high = max(middle - half, parameters.lower[k]), min(middle + half, parameters.upper[k])
    values = np.linspace(low, high, points)
    if points % 2 and low > parameters.lower[k] and high < parameters.upper[k]:
        values[points // 2] = middle
    rises, where = np.empty(points), np.empty((points, result.p.size))
    for side in (np.flatnonzero(values >= middle), np.flatnonzero(values < middle)[::-1]):
        for i, (rise, p) in zip(side, points_along(around, k, values[side]), strict=True):
            rises[i], where[i] = rise, p
    for note in around.lower_minimum():
        warnings.warn(note, RuntimeWarning, stacklevel=3)
    every = np.array([parameters.every(p) for p in where], float)
    return Profile(name, values, rises, every)


def _refuse_violated(result: Estimate) -> None:
    """Refuse to follow χ² from a place that the constraints exclude."""
    if result.problem.constraints and not result.success and result.status is not Status.SINGULAR:
        raise ValueError(f"there is no minimum from which χ² could rise: {result.message}")


def _index(result: Estimate, name: str) -> int:
    """Return which of the free parameters has this name."""
    parameters = result.problem.parameters
    if name in parameters.free:
        return parameters.free.index(name)
    if name not in parameters.names:
        raise ValueError(f"no parameter {name!r}; there are {', '.join(parameters.names)}")
    what = "tied to others" if name in parameters.ties else "fixed"
    raise ValueError(f"{name} is {what}: only free parameters ({', '.join(parameters.free)}) vary")


# -- by Newton's method ----------------------------------------------------------------------


def newton_crossing(
    around: Vicinity, axes: Array, side: int, rise: float, first: float
) -> float | None:
    """Return where, in standard errors, the least χ² has risen so much; None if that is not found.

    All unknowns are found at once: χ² has its rise, and no derivative across the valley.
    """
    size = sqrt(rise)
    t = side * first
    u = t * axes[:, 0]
    before = size
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            local = around.at(u)
            valley = None if local is None else valley_at(local, axes)
            if local is None or valley is None:
                return None
            left = rise - valley.rise
            root = sqrt(max(valley.slope**2 + valley.bend * left, 0.0))
            step = left / (valley.slope + side * root) if valley.slope * side > 0 else np.nan
            across = valley.correction + step * valley.tangent
            moved = sqrt(step**2 + across.dot(across))
            if not np.isfinite(moved) or side * (t + step) <= 0:
                return None
            share = min(1.0, size / moved) if moved else 1.0
            t += share * step
            u = u + share * (axes[:, 0] * step + axes[:, 1:].dot(across))
            # Each step leaves about as many times less as the last one did.
            if moved * min(moved / before, 1.0) <= EXACT * size:
                return float(t) if is_minimum(local, axes) else None
            before = moved
    return None


def points_along(around: Vicinity, k: int, values: Array) -> list[tuple[float, Array]]:
    """Return the least χ² and where it is, at values that lead away from the minimum."""
    result = around.result
    found: list[tuple[float, Array]] = []
    axes = axes_of(around, k)
    distances = (values - result.p[k]) / around.errors[k]
    here, u = 0.0, np.zeros(len(axes))
    tangents: list[Array] = []
    smooth = around.smooth
    for value, t in zip(values, distances, strict=True):
        if t == 0:
            found.append((0.0, result.p))
            continue
        point = None
        if smooth:
            across = _mean_tangent(tangents, len(u) - 1) * (t - here)
            ahead = u + (axes[:, 0] * (t - here) + axes[:, 1:].dot(across))
            point = _projection(around, axes, ahead)
        if point is None:
            smooth = False
            near = found[-1][1] if found else result.p
            found.append(least_with(around, k, value, near))
            continue
        u, rise, tangent = point
        here = t
        tangents.append(tangent)
        p = result.p + around.spread @ u
        p[k] = value
        found.append((rise, p))
    return found


def _mean_tangent(tangents: Sequence[Array], n: int) -> Array:
    """Return the mean tangent on the step to the next point, by Adams and Bashforth's rule."""
    if not tangents:
        return np.zeros(n)
    return 1.5 * tangents[-1] - 0.5 * tangents[-2] if len(tangents) > 1 else tangents[-1]


def _projection(around: Vicinity, axes: Array, u: Array) -> tuple[Array, float, Array] | None:
    """Return the point of the valley at the parameter's value in u, its χ² and its tangent."""
    limit = FOLLOWED * sqrt(around.result.variance)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            local = around.at(u)
            valley = None if local is None else valley_at(local, axes)
            if local is None or valley is None:
                return None
            u = u + axes[:, 1:].dot(valley.correction)
            if sqrt(valley.correction.dot(valley.correction)) <= limit:
                return (u, valley.rise, valley.tangent) if is_minimum(local, axes) else None
    return None
