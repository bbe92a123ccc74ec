"""Whether a point that SciPy ended at is a minimum: feasible, stationary, and no saddle point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optim.descent._convergence import BEYOND
from optim.descent._look_around import far_out
from optim.descent._surroundings import along, as_predicted, goes_on, in_digits, levels_off
from optim.from_scipy._constraints import Violation, violation
from optim.from_scipy._feasible_look import RADII, Limited, lower_nearby
from optim.from_scipy._kkt import (
    ReducedNewton,
    Stationarity,
    are_dependent,
    reduced_newton,
    stationarity,
)
from optim.search._objective import Array
from optim.search._run import Status, Verdict

if TYPE_CHECKING:
    from optim.from_scipy._scipy_search import ScipySearch

# How far a constraint may be violated, of the size of its terms: SLSQP's own default accuracy, the
# loosest of all methods that take constraints.
FEASIBLE = 1e-6
# What may be left to gain at a minimum, of f, or of what was gained where that is less than 1, as
# SciPy's own tolerances are absolute; to second order ten times that, as SLSQP stops at 1e-6. This
# is to tell a minimum from none, not to be accurate.
NOTHING = 1e-6
PROMISED = 0.05  # of x: how far away at most is the minimum that f promises, even if f is flat
COARSE = 1e-4  # the same for methods without derivatives: the accuracy that Nelder-Mead aims at
EXCUSED = 1e-2  # what the caller's own tolerances may excuse
NEGATIVE = 1e-6  # of the largest curvature: what makes a saddle point
SOFT = 1e-2  # of the largest curvature: where constraints leave it doubtful whether f rises
LEVEL = 1e-12  # of the largest curvature: what is none
MANY = 100  # unknowns, beyond which no Hessian is computed for the verdict alone
FAR_AHEAD = (1e4, 1e8)  # times a step on which f falls: where it has risen if it has a minimum
DEPTH = 1e15  # times 1 + |f(x0)|: how far f falls only where it falls without end
DEPENDENT_CONSTRAINTS = (
    "The gradients of the constraints are dependent there (leave out constraints that follow from "
    "others, and write none as a square)"
)
LIMIT = re.compile(r"max\w*\.? number|maxfun|limit|exceed", re.IGNORECASE)  # in SciPy's messages


@dataclass
class Endpoint:
    """What is known of a point; what is not, is None. ``sizes`` are those of its unknowns.

    Derivatives from differences are not ``exact``.
    """

    x: Array
    fun: float
    sizes: Array
    violation: Violation
    gradient: Array | None = None
    first_order: Stationarity | None = None
    exact: bool = False


def point_at(search: ScipySearch, x: Array) -> Endpoint:
    """Return what the derivatives tell of x: the method's own, or recorded, or from differences."""
    sizes = search.sizes(x)
    worst = violation(x, sizes, search.lower, search.upper, search.constraints)
    if not np.all(np.isfinite(x)):
        return Endpoint(x, np.nan, sizes, worst)
    try:
        fun, gradient = search.value_and_slopes(x, sizes)
        rows = [gradient, *(c.jacobian(x) for c in search.constraints)]
    except Exception:
        return Endpoint(x, search.value(x), sizes, worst)
    point = Endpoint(x, fun, sizes, worst)
    if all(np.all(np.isfinite(row)) for row in rows):
        point.gradient = gradient
        point.first_order = stationarity(
            x, gradient, sizes, search.lower, search.upper, search.constraints
        )
        measured = search.by_differences or any(c.by_differences for c in search.constraints)
        point.exact = not measured
    return point


def _newton(around: Limited, first_order: Stationarity) -> ReducedNewton | None:
    """Return the Newton step within the constraints; None where second derivatives are unknown."""
    matrix = around.hessian(around.x) if around.x.size <= MANY else None
    return None if matrix is None else reduced_newton(matrix, around.x, first_order, around.sizes)


def verdict_on(
    search: ScipySearch, point: Endpoint, claimed: bool, message: str, asked: float = 0.0
) -> Verdict:
    """Return how the search ended.

    Parameters
    ----------
    search : ScipySearch
    point : Endpoint
        Where SciPy ended.
    claimed, message : bool, str
        Whether SciPy calls that a success, and what it says.
    asked : float
        The loosest tolerance that the caller gave.
    """
    asked = min(asked, EXCUSED)
    feasible = point.violation.relative <= max(FEASIBLE, asked)
    limited = not claimed and LIMIT.search(message)
    unclaimed = Status.LIMIT if limited else Status.STALLED
    lowest = min(search.least, point.fun if feasible else np.inf)
    if lowest < -DEPTH * (1 + abs(search.first)):
        return Status.UNBOUNDED, f"{message}f falls without end: it has come to {lowest:.3g}"
    if not np.isfinite(point.fun):
        return Status.NOT_FINITE, f"{message}f is {point.fun} where SciPy ended"
    if not feasible:
        where = point.violation.where
        if point.first_order and are_dependent(point.first_order.held * point.sizes):
            where = f"{where}. {DEPENDENT_CONSTRAINTS}"
        return Status.INFEASIBLE, f"{message}The point is infeasible: {where}"
    if point.first_order is None or point.gradient is None:
        return (Status.CONVERGED if claimed else unclaimed), message
    around = Limited(search, point.x, point.fun, point.sizes, point.gradient, point.first_order)
    newton = _newton(around, point.first_order)
    tolerance = max(NOTHING if search.knows_gradient else COARSE, asked)
    doubt = _doubt(search, point, around, point.first_order, newton, tolerance)
    if doubt is None and claimed:
        return Status.CONVERGED, message
    if doubt is None:
        return Status.CONVERGED, f"{message}Yet it is a minimum: f is no lower nearby"
    if limited and doubt[0] is Status.STALLED:
        return Status.LIMIT, message
    return doubt[0], message + doubt[1]


def _doubt(
    search: ScipySearch,
    point: Endpoint,
    around: Limited,
    first_order: Stationarity,
    newton: ReducedNewton | None,
    tolerance: float,
) -> Verdict | None:
    """Return why a feasible point is no minimum, or cannot be told to be one; None if it is."""
    scale = _scale(search, point)
    enough = 10 * tolerance * scale
    if newton is not None and _curves_downwards(search, point, first_order, newton):
        every = bool(np.all(newton.curvatures < -NEGATIVE)) and not len(first_order.held)
        kind = "maximum" if every else "saddle point"
        return Status.OTHER_KIND, f"This is a {kind}, no minimum: start elsewhere"
    size = float(np.abs(first_order.residual).max())
    if not isfinite(BEYOND * hypot(*(first_order.residual * point.sizes))):
        return Status.STALLED, (
            f"Nothing tells that this is a minimum: a gradient of {size:.3g} times the size of x "
            "overflows. Rescale f and x"
        )
    doubtful = np.ones(0 if newton is None else newton.bends.size, bool)
    stationary = _is_stationary(search, point, first_order, newton, tolerance)
    if stationary:
        if newton is not None:
            doubtful = _doubtful_axes(search, around, newton)
        if not doubtful.any():
            return _far_out(search, around, doubtful=False)
    elif search.constraints and are_dependent(first_order.held * point.sizes):
        return (
            Status.SINGULAR,
            f"{DEPENDENT_CONSTRAINTS}, so that no multipliers can tell a minimum",
        )
    steps = [first_order.onto_limits] if first_order.onto_limits.any() else []
    if newton is not None:
        steps += [newton.step, BEYOND * newton.step]
    # Along a curved surface it takes many short steps to follow f where it is flat.
    radii = () if stationary and search.constraints else RADII
    lower = lower_nearby(around, steps, radii, enough)
    if lower is None and newton is not None:
        tail = _tail(around, first_order, newton, doubtful)
        if tail is not None:
            return levels_off(tail)
        hidden = max(scale, newton.terms)
        lower, verdict = along(around, newton.axes[:, doubtful].T, enough, hidden, smooth=False)
        if verdict[0] is not Status.CONVERGED and lower is None:
            return verdict
    if lower is None:
        return _far_out(search, around, doubtful=True)
    return _falls_to(search, around, lower, size)


def _doubtful_axes(
    search: ScipySearch, around: Limited, newton: ReducedNewton
) -> NDArray[np.bool_]:
    """Return along which axes f need not be curved as second derivatives say."""
    # Where there are constraints, that costs more than it tells of what is curved enough.
    doubtful: NDArray[np.bool_] = newton.curvatures < (SOFT if search.constraints else np.inf)
    bends = np.where(doubtful & (newton.curvatures > LEVEL), newton.bends, 0.0)
    if doubtful.any():
        doubtful &= ~as_predicted(around, newton.axes, bends, newton.away)
    return doubtful


def _tail(
    around: Limited, first_order: Stationarity, newton: ReducedNewton, doubtful: NDArray[np.bool_]
) -> Array | None:
    """Return the way along which f levels off without end, if it seems to."""
    slopes = newton.axes.T @ first_order.residual
    weak = doubtful & (newton.curvatures > LEVEL)
    parts = np.divide(-slopes, newton.bends, where=weak, out=np.zeros_like(slopes))
    way = newton.axes @ parts
    bend = float(newton.bends @ parts**2)
    return way if bend > 0 and goes_on(around, newton.step, way, bend) else None


def _far_out(search: ScipySearch, around: Limited, *, doubtful: bool) -> Verdict | None:
    """Return why a point far from the start is no minimum, if nothing limits how far it may be."""
    if search.bounded or search.constraints:
        return None
    return far_out(around.value, search.start, around.x, around.fun, doubtful)


def _falls_to(search: ScipySearch, around: Limited, lower: Array, size: float) -> Verdict:
    """Return what a lower point nearby says of x, and what lies beyond it."""
    step = lower - around.x
    fun = around.value(lower)
    if not (search.bounded or search.constraints):
        far, further = (around.value(around.x + length * step) for length in FAR_AHEAD)
        fall = around.fun - fun
        if far < around.fun - 1e3 * fall and further < around.fun - 1e7 * fall:
            return Status.UNBOUNDED, f"f falls without end along {in_digits(step)}"
        if further <= far <= fun:
            return Status.WANDERS, (
                f"f falls from {around.fun:.6g} to {far:.6g} along {in_digits(step)}, and does not "
                "rise again: its minimum seems to be at infinity"
            )
    residual = f"the {'projected ' * search.bounded}gradient"
    if search.constraints:
        residual = "∇f + Σ λᵢ ∇cᵢ + μ"
    return Status.STALLED, (
        f"This is no minimum: {residual} is still {size:.3g}, and f falls from "
        f"{around.fun:.6g} to {fun:.6g} nearby. Tighten the tolerances, or rescale f and x"
    )


def _is_stationary(
    search: ScipySearch,
    point: Endpoint,
    first_order: Stationarity,
    newton: ReducedNewton | None,
    tolerance: float,
) -> bool:
    """Whether nothing is left to gain, by slope or by Newton's step, nor by meeting the limits."""
    scale = _scale(search, point)
    slopes = np.abs(first_order.residual) * point.sizes
    small = bool(np.all(slopes <= tolerance * scale))
    if newton is not None:
        small = small or (
            -newton.slope <= 20 * tolerance * scale
            and bool(np.all(np.abs(newton.step) <= PROMISED * point.sizes))
            and bool(np.all(np.abs(newton.held_slopes) <= 10 * tolerance * scale))
        )
    elif search.constraints:  # what is left to gain goes with the square of the slopes
        small = small or bool(np.all(slopes <= sqrt(tolerance) * scale))
    return small and first_order.gain <= 10 * tolerance * scale


def _curves_downwards(
    search: ScipySearch, point: Endpoint, first_order: Stationarity, newton: ReducedNewton
) -> bool:
    """Whether a stationary point has a feasible direction of negative curvature."""
    slopes = np.abs(first_order.residual) * point.sizes
    return bool(
        newton.falls
        and newton.curvatures[0] < -NEGATIVE
        and np.all(slopes <= sqrt(NOTHING) * _scale(search, point))
    )


def _scale(search: ScipySearch, point: Endpoint) -> float:
    """Return what a change of f is compared with."""
    return abs(point.fun) + min(1.0, abs(search.first - point.fun))
