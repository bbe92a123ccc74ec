"""Whether a point that SciPy ended at is a minimum: feasible, stationary, and no saddle point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from autodiff import grad, hessian
from optim._objective import Array
from optim._run import Status, Verdict
from optim.descent._convergence import BEYOND, negligible
from optim.descent._flat_directions import tried
from optim.from_scipy._constraints import Violation, violation
from optim.from_scipy._kkt import ReducedNewton, Stationarity, reduced_newton, stationarity

if TYPE_CHECKING:
    from optim.from_scipy._search import Search

EPS = float(np.finfo(float).eps)
# How far a constraint may be violated, of the size of its terms: SLSQP's own default accuracy, the
# loosest of all methods that take constraints.
FEASIBLE = 1e-6
# What may be left to gain at a minimum, of f, or of what was gained where that is less than 1, as
# SciPy's own tolerances are absolute; to second order ten times that, as SLSQP stops at 1e-6. This
# is to tell a minimum from none, not to be accurate.
NOTHING = 1e-6
NEAR = 0.05  # of x: how far away at most is the minimum that f promises, even if f is flat
COARSE = 1e-4  # the same for methods without derivatives: the accuracy that Nelder-Mead aims at
LOOSEST = 1e-2  # what the caller's own tolerances may excuse
ROUNDING = 16 * EPS
NEGATIVE = 1e-6  # of the largest curvature: what makes a saddle point
MANY = 100  # unknowns, beyond which no Hessian is computed for the verdict alone
ENDLESS = 1e15  # times 1 + |f(x0)|: how far f falls only where it falls without end
LIMIT = re.compile(r"max\w*\.? number|maxfun|limit|exceed", re.IGNORECASE)  # in SciPy's messages


@dataclass
class Point:
    """What is known of a point; what is not, is None. ``sizes`` are those of its unknowns."""

    x: Array
    fun: float
    sizes: Array
    violation: Violation
    gradient: Array | None = None
    first_order: Stationarity | None = None


def point_at(search: Search, x: Array) -> Point:
    """Return what the derivatives tell of x, be they the method's own or recorded for this."""
    sizes = search.sizes(x)
    worst = violation(x, sizes, search.lower, search.upper, search.constraints)
    if not np.all(np.isfinite(x)):
        return Point(x, np.nan, sizes, worst)
    point = Point(x, search.value(x), sizes, worst, _gradient(search, x))
    known = all(callable(c.jac) and np.all(np.isfinite(c.jacobian(x))) for c in search.constraints)
    if point.gradient is not None and known:
        point.first_order = stationarity(
            x, point.gradient, sizes, search.lower, search.upper, search.constraints
        )
    return point


def _gradient(search: Search, x: Array) -> Array | None:
    """Return ∇f(x); None where f cannot be recorded, or it is not finite."""
    if search.knows_gradient:
        gradient = search.gradient(x)
    else:
        try:
            gradient = grad(search.f)(x)
        except Exception:
            return None
    return gradient if np.all(np.isfinite(gradient)) else None


def _newton(search: Search, point: Point, first_order: Stationarity) -> ReducedNewton | None:
    """Return the Newton step within the constraints; None where second derivatives are unknown."""
    x = point.x
    if x.size > MANY:
        return None
    try:
        matrix = np.asarray((search.given_hess or hessian(search.f))(x), float)
        start = 0
        for c in search.constraints:
            own = first_order.multipliers[start : start + c.lower.size]
            start += c.lower.size
            if own.any() and c.matrix is None:
                matrix = matrix + np.asarray((c.hess or c.curvature)(x, own), float)
    except Exception:
        return None
    if not np.all(np.isfinite(matrix)):
        return None
    return reduced_newton(matrix, first_order, point.sizes)


def verdict_on(
    search: Search, point: Point, claimed: bool, message: str, asked: float = 0.0
) -> Verdict:
    """Return how the search ended.

    Parameters
    ----------
    search : Search
    point : Point
        Where SciPy ended.
    claimed, message : bool, str
        Whether SciPy calls that a success, and what it says.
    asked : float
        The loosest tolerance that the caller gave.
    """
    asked = min(asked, LOOSEST)
    feasible = point.violation.relative <= max(FEASIBLE, asked)
    lowest = min(search.least, point.fun if feasible else np.inf)
    if lowest < -ENDLESS * (1 + abs(search.first)):
        return Status.UNBOUNDED, f"{message}f falls without end: it has come to {lowest:.3g}"
    if not np.isfinite(point.fun):
        return Status.NOT_FINITE, f"{message}f is {point.fun} where SciPy ended"
    if not feasible and (claimed or search.least == np.inf):
        return Status.INFEASIBLE, f"{message}The point is infeasible: {point.violation.where}"
    if not claimed and LIMIT.search(message):
        return Status.LIMIT, message
    if not feasible or point.first_order is None:
        return (Status.CONVERGED if claimed else Status.STALLED), message
    newton = _newton(search, point, point.first_order)
    if newton is not None and _curves_downwards(search, point, point.first_order, newton):
        kind = "maximum" if np.all(newton.curvatures < -NEGATIVE) else "saddle point"
        return Status.OTHER_KIND, f"{message}This is a {kind}, no minimum: start elsewhere"
    if claimed:
        verdict = _confirmed(search, point, point.first_order, newton, message, asked)
    elif _is_minimum_to_rounding(point, point.first_order, newton, point.sizes):
        reason = "the exact Newton step from here changes f or x by no more than rounding does"
        verdict = Status.CONVERGED, f"{message}Yet it is a minimum: {reason}"
    else:
        return Status.STALLED, message
    if verdict[0] is Status.CONVERGED and newton is not None and not search.constraints:
        doubt = _continues(search, point, newton, max(NOTHING, asked))
        if doubt:
            return doubt[0], f"{message}{doubt[1]}"
    return verdict


def _continues(
    search: Search, point: Point, newton: ReducedNewton, tolerance: float
) -> Verdict | None:
    """Return why f is no lowest where its derivatives are nearly zero: it may only level off."""
    scale = _scale(search, point)
    there = _value_near(search, point.x + newton.step)
    beyond = _value_near(search, point.x + BEYOND * newton.step)
    if point.fun - there > 10 * tolerance * scale or point.fun - beyond > ROUNDING * scale:
        return Status.STALLED, (
            f"This is no minimum: f falls from {point.fun:.6g} to {min(there, beyond):.6g} along "
            "the exact Newton step. Tighten the tolerances, or rescale f and x"
        )
    lower, verdict = tried(
        lambda x: _value_near(search, x), point.x, point.fun, newton.level.T, point.sizes, 0.0
    )
    if lower is not None:
        return Status.STALLED, (
            f"This is no minimum: f falls from {point.fun:.6g} to "
            f"{_value_near(search, lower):.6g} nearby, where its derivatives are nearly zero"
        )
    levels_off = verdict[0] is Status.WANDERS and not search.bounded
    return verdict if levels_off else None


def _value_near(search: Search, x: Array) -> float:
    """Return f within the bounds; where there is none, infinity."""
    try:
        value = search.plain(np.clip(x, search.lower, search.upper))
    except Exception:  # far away the caller's function may fail
        return np.inf
    return np.inf if np.isnan(value) else value


def _curves_downwards(
    search: Search, point: Point, first_order: Stationarity, newton: ReducedNewton
) -> bool:
    """Whether a stationary point has a feasible direction of negative curvature."""
    slopes = np.abs(first_order.residual) * point.sizes
    return bool(
        newton.falls
        and newton.curvatures[0] < -NEGATIVE
        and np.all(slopes <= sqrt(NOTHING) * _scale(search, point))
    )


def _scale(search: Search, point: Point) -> float:
    """Return what a change of f is compared with."""
    return abs(point.fun) + min(1.0, abs(search.first - point.fun))


def _is_minimum_to_rounding(
    point: Point, first_order: Stationarity, newton: ReducedNewton | None, reach: Array
) -> bool:
    """Whether nothing is left to gain or to mend but rounding, at positive curvature."""
    return (
        newton is not None
        and newton.curvatures.size > 0
        and bool(np.all(newton.curvatures > 0))
        and point.violation.relative <= ROUNDING
        and first_order.gain <= ROUNDING * abs(point.fun)
        and negligible(newton.step, newton.slope, point.fun, reach, ROUNDING)
    )


def _confirmed(
    search: Search,
    point: Point,
    first_order: Stationarity,
    newton: ReducedNewton | None,
    message: str,
    asked: float,
) -> Verdict:
    """Return whether a claimed minimum is one: by slope, by Newton step, or by a look around."""
    reach = point.sizes
    tolerance = max(NOTHING if search.knows_gradient else COARSE, asked)
    scale = _scale(search, point)
    slopes = np.abs(first_order.residual) * reach
    small = bool(np.all(slopes <= tolerance * scale))
    if newton is not None:
        small = small or (
            negligible(newton.step, newton.slope, scale, reach, 10 * tolerance)
            and bool(np.all(np.abs(newton.step) <= NEAR * reach))
        )
    elif search.constraints:  # what is left to gain goes with the square of the slopes
        small = small or bool(np.all(slopes <= sqrt(tolerance) * scale))
    if small and first_order.gain <= 10 * tolerance * scale:
        return Status.CONVERGED, message
    size = np.abs(first_order.residual).max()
    if search.constraints:
        return Status.STALLED, (
            f"{message}This is no minimum: ∇f + Σ λᵢ ∇cᵢ + μ is still {size:.3g} there, and up to "
            f"the limits {first_order.gain:.3g} is left to gain. Tighten the tolerances"
        )
    # The gradient tells nothing at a corner, and so what it says is put to the test.
    lower = _lowest_nearby(search, point, first_order, newton)
    if point.fun - lower <= tolerance * scale:
        return Status.CONVERGED, message
    return Status.STALLED, (
        f"{message}This is no minimum: the {'projected ' * search.bounded}gradient is still "
        f"{size:.3g}, and f falls from {point.fun:.6g} to {lower:.6g} nearby. Tighten the "
        "tolerances, or rescale f and x"
    )


def _lowest_nearby(
    search: Search, point: Point, first_order: Stationarity, newton: ReducedNewton | None
) -> float:
    """Return the least value of f at the Newton step, and at some steps against the gradient."""
    reach = point.sizes
    way = -reach * first_order.residual * reach
    steps = [10.0**-k / np.abs(way / reach).max() * way for k in range(8)]
    if newton is not None:
        steps += [newton.step, newton.step / 10]
    return min(point.fun, *(_value_near(search, point.x + s) for s in steps))
