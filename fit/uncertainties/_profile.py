"""The profile of χ² along one parameter, all others following, and the interval it gives."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from fit.arguments._executor import refuse_executor_in_chunks, shared_out, values_of
from fit.arguments._numbers import EPS, Array, check_count, number
from fit.arguments._words import in_prose, quantity, span_in_words
from fit.uncertainties._estimate import Estimate, quantile
from fit.uncertainties._one_by_one import BOUND, GIVEN_UP, End, end_by_search, least_with
from fit.uncertainties._vicinity import Ray, Vicinity, axes_of, is_minimum, ray_of, valley_at
from optim import Executor, Status

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

    def __repr__(self) -> str:
        points, span = quantity(len(self.values), "point"), span_in_words(self.name, self.values)
        return f"<Profile: {points}; {span}; {span_in_words('rise of χ²', self.chi_squared)}>"


def interval(result: Estimate, name: str, level: float = 0.6827) -> tuple[float, float]:
    """Return the ends of a likelihood interval; `FitResult.interval`."""
    refuse_violated(result)
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
    k = free_index(result, name)
    rise = result.sandwich.rise * factor**2
    around = Vicinity(result)
    error = float(around.errors[k])
    middle = float(result.p[k])
    if not np.isfinite(rise) or not np.isfinite(error):
        return Interval(-np.inf, np.inf)
    if is_rounding(around, rise):
        half = sqrt(result.sandwich.variance) * factor * error
        return Interval(middle - half, middle + half)
    notes: list[str] = []
    ends: dict[int, float] = {}
    for side in (1, -1):
        # To second order the other end is as much nearer as this one is farther.
        first = 2 * sqrt(rise) - ends[1] if side < 0 and sqrt(rise) < ends[1] * 2 else sqrt(rise)
        ray = ray_of(around, [k], [side])
        ends[side], why, reached = crossing_on(around, ray, rise, first)
        if why in (BOUND, GIVEN_UP):
            notes.append(_without_crossing(name, middle + side * reached * error, why, side))
    notes += around.lower_minimum()
    return Interval(middle - ends[-1] * error, middle + ends[1] * error, tuple(notes))


def is_rounding(around: Vicinity, rise: float) -> bool:
    """Whether χ² is made of rounding errors, so that no such rise of it can be seen."""
    return sqrt(rise) <= ROUNDED * EPS * around.terms


def crossing_on(around: Vicinity, ray: Ray, rise: float, first: float) -> End:
    """Return where on a ray the least χ² has risen so much; the first place to look is given."""
    if around.smooth:
        t = newton_crossing(around, axes_of(around, ray), rise, first)
        if t is not None:
            return End(t, "", t)
    with np.errstate(over="ignore", invalid="ignore"):  # where no end comes
        return end_by_search(around, ray, rise)


def _without_crossing(name: str, last: float, why: str, side: int) -> str:
    """Say why χ² was followed no farther, though it has not risen enough."""
    if why == BOUND:
        which = ("lower", "upper")[(side + 1) // 2]
        return f"the interval of {name} ends at its {which} bound {in_prose(f'{last:g}')}"
    return (
        f"the interval of {name} has no end as far as {in_prose(f'{last:g}')}, where the search "
        "was given up: χ² goes up and down on the way"
    )


def profile(
    result: Estimate, name: str, points: int, reach: float, executor: Executor | None
) -> Profile:
    """Return the profile of χ² along one parameter; `FitResult.profile`."""
    refuse_executor_in_chunks(executor, result.problem.y)
    refuse_violated(result)
    k = free_index(result, name)
    check_count("points", points, 2)
    if not number("reach", reach) > 0:
        raise ValueError(f"expected a positive reach, in standard errors, got {reach}")
    around = Vicinity(result)
    half = reach * standard_error(around, k, "it has no profile")
    parameters = result.problem.parameters
    middle = result.p[k]
    low, high = max(middle - half, parameters.lower[k]), min(middle + half, parameters.upper[k])
    values = np.linspace(low, high, points)
    if points % 2 and low > parameters.lower[k] and high < parameters.upper[k]:
        values[points // 2] = middle
    upwards = values >= middle
    # Each side is followed from the minimum, by itself.
    sides = [values[upwards], values[~upwards][::-1]]
    (above, over), (below, under) = values_of(
        shared_out(side_of_profile, sides, (result, k), executor), "side"
    )
    for lowest in (over, under):
        around.saw(*lowest)
    for note in around.lower_minimum():
        warnings.warn(note, RuntimeWarning, stacklevel=3)
    found = [*below[::-1], *above]
    every = np.array([parameters.every(p) for _, p in found], float)
    return Profile(name, values, np.array([rise for rise, _ in found]), every)


def side_of_profile(
    result: Estimate, k: int, values: Array
) -> tuple[list[tuple[float, Array]], tuple[float, Array]]:
    """Return the profile on one side of the minimum, and the lowest place that was seen."""
    around = Vicinity(result)
    return points_along(around, k, values), (around.lowest, around.lowest_p)


def standard_error(around: Vicinity, k: int, instead: str) -> float:
    """Return the error of a free parameter; refuse one along which there is nothing to follow.

    That is one that is not known, or infinite, or no more than the rounding of the parameter.
    """
    p = float(around.result.p[k])
    error = float(sqrt(around.result.sandwich.variance) * around.errors[k])
    if np.isnan(error):
        raise ValueError("nothing tells how large the errors of the data are: give the fit sigma")
    if not p - error < p + error < np.inf:
        rounding = "" if error == np.inf else f", no more than the rounding of {p:g}"
        name = around.result.free[k]
        raise ValueError(f"the standard error of {name} is {error:g}{rounding}: {instead}")
    return error


def refuse_violated(result: Estimate) -> None:
    """Refuse to follow χ² from a place that the constraints exclude."""
    if result.problem.constraints and not result.success and result.status is not Status.SINGULAR:
        raise ValueError(f"there is no minimum from which χ² could rise: {result.message}")


def free_index(result: Estimate, name: str) -> int:
    """Return which of the free parameters has this name."""
    parameters = result.problem.parameters
    if name in parameters.free:
        return parameters.free.index(name)
    if name not in parameters.names:
        raise ValueError(f"no parameter {name!r}; there are {', '.join(parameters.names)}")
    what = "tied to others" if name in parameters.ties else "fixed"
    raise ValueError(f"{name} is {what}: only free parameters ({', '.join(parameters.free)}) vary")


# -- by Newton's method ----------------------------------------------------------------------


def newton_crossing(around: Vicinity, axes: Array, rise: float, first: float) -> float | None:
    """Return where on the first axis the least χ² has risen so much; None if it is not found.

    All unknowns are found at once: χ² has its rise, and no derivative across the valley.
    """
    size = sqrt(rise)
    t = first
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
            step = left / (valley.slope + root) if valley.slope > 0 else np.nan
            across = valley.correction + step * valley.tangent
            moved = sqrt(step**2 + across.dot(across))
            if not np.isfinite(moved) or t + step <= 0:
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
    axes = axes_of(around, ray_of(around, [k], [1]))
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
