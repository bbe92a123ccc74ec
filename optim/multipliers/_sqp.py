"""Down along the constraints: sequential quadratic programming in a trust region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optim.descent._trust_region import ACCEPTED, step_within
from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.multipliers._feasibility import PATIENCE, is_blocked, is_nearer, restore_feasibility
from optim.multipliers._lagrange_verdict import (
    infeasible_verdict,
    not_finite_verdict,
    unbounded_verdict,
    verdict_on,
)
from optim.multipliers._stationary_points import SLOW, STATIONARY, ConstrainedPoint, as_iterate
from optim.search._objective import Array, Iterate
from optim.search._run import Search

SHORTEST_STEP = 1e-17  # of the size of x: it changes nothing
NO_SLOPE = 1e-16  # of the gradients' terms: rounding alone
CLOSING = 1e-4  # the KKT residual from which on rounding may hide that f falls
UNMOVED = 1e-10  # of x: a further Newton step that changes no more is not taken
TO_LAST_DIGIT = 1e-16  # the KKT residual than which there is no better
UNBOUND = 1e-8  # the violation with which f may fall without end
WIDE = 1e3  # a trust radius, in units of the size of x, that limits no last step
FUNNEL = 0.3  # how far, in units of the size of x, a step may leave the constraints
LOWEST = -1e100  # f falls without end
OUTERMOST = 1e30  # times the size of the start, and so does it there
ON_TRACK = 1e-13  # the violation to which a trial point nearby is led back
OFF_TRACK = 1e-10  # and that up to which it counts
GAIN = 1e-12  # of f and the gradients' terms: a point nearby is lower by more


def sqp_descent(system: ConstrainedObjective, kkt_tol: float) -> Search:
    """Minimise: a trust-region method of sequential quadratic programming (Byrd, Omojokun)."""
    point = ConstrainedPoint.at(system, system.start)
    if not point.finite:
        yield Iterate(point.x, system.sign * point.fun)
        return not_finite_verdict(system, point)
    size = np.maximum(point.scale, 1.0)  # of the start
    radius, penalty = _first_radius(point), 0.0
    steps = restorations = 0
    mark, slow = point, False
    while True:
        yield as_iterate(system, point)
        steps += 1
        blocked = is_blocked(point)
        if steps % PATIENCE == 0 and point.violation > STATIONARY:
            blocked, mark = blocked or not is_nearer(point, mark, 0.5), point
        following: ConstrainedPoint | None = None
        if point.is_stationary(kkt_tol, slow) and not point.bends[1]:
            following, radius = _beyond_stationary(system, point, slow, radius)
            if following is None:
                return verdict_on(system, point)
        elif np.max(np.abs(point.x) / size) > OUTERMOST and point.violation <= STATIONARY:
            return unbounded_verdict(system, point)
        elif not blocked:
            following, radius, penalty, fell = _step(system, point, radius, penalty)
            if fell:
                return unbounded_verdict(system, point)
        if following is None and point.violation > STATIONARY and restorations < 3:
            restorations += 1
            following = restore_feasibility(system, point)
            if not is_nearer(following, point, 0.5):
                return (yield from _infeasible(system, point, following))
            radius = _first_radius(following)
        if following is None and point.residual <= STATIONARY and not point.bends[1]:
            following = _lower_nearby(system, point, np.ones(point.tangential[0].size, bool))
            radius = max(radius, 0.1)
        if following is None:
            return verdict_on(system, point)
        slow = following.residual > SLOW * point.residual
        point = following


def _first_radius(point: ConstrainedPoint) -> float:
    """Return the trust radius to set out with: the size of x."""
    return max(1.0, float(np.linalg.norm(point.x / point.scale)))


def _infeasible(
    system: ConstrainedObjective, point: ConstrainedPoint, nearest: ConstrainedPoint
) -> Search:
    """Yield the point where the constraints are nearest to zero, if it is better; say so."""
    if is_nearer(nearest, point, 1.0):
        point = nearest
        yield as_iterate(system, point)
    return infeasible_verdict(point)


def _beyond_stationary(
    system: ConstrainedObjective, point: ConstrainedPoint, slow: bool, radius: float
) -> tuple[ConstrainedPoint | None, float]:
    """Return what is better by far than a stationary point, or lower nearby, and the radius."""
    polished = _polish(system, point, slow)
    if polished is not None:
        return polished, radius
    return _lower_nearby(system, point, _suspect(point, slow)), max(radius, 0.1)


def _step(
    system: ConstrainedObjective, point: ConstrainedPoint, radius: float, penalty: float
) -> tuple[ConstrainedPoint | None, float, float, bool]:
    """Return the next point, the trust radius, the penalty μ, and whether f fell to -infinity."""
    now = float(np.linalg.norm(point.c))
    for _ in range(60):
        d, full = _quadratic_step(point, radius)
        size = float(np.linalg.norm(d))
        if size <= SHORTEST_STEP:
            break
        rise = float(d @ (point.g + point.H @ d / 2))
        nearer = now - float(np.linalg.norm(point.c + point.A @ d))
        needed = rise / (0.7 * nearer) if nearer > 0 else 0.0
        least = 0.01 * point.terms or 1.0
        penalty = max(penalty / 2, 1.2 * float(np.linalg.norm(point.y)), needed, least)
        predicted = penalty * nearer - rise
        merit = point.fun + penalty * now

        x = point.x + point.scale * d
        fun, c, left = _merit(system, point, x, penalty)
        if fun < LOWEST and np.all(np.abs(c) <= np.maximum(np.abs(point.c), UNBOUND) * point.rows):
            return None, radius, penalty, True
        if not merit - left > ACCEPTED * predicted and np.isfinite(c).all():
            # The constraints' curvature alone may spoil a good step: go back to them.
            back = point.back(c / point.rows)
            if np.linalg.norm(back) <= size:
                corrected = x + point.scale * back
                values = _merit(system, point, corrected, penalty)
                if merit - values[2] > ACCEPTED * predicted or not left <= values[2]:
                    x, (fun, c, left) = corrected, values
        gain = merit - left
        wide = float(np.linalg.norm(c / point.rows)) <= max(now, FUNNEL)
        good = np.isfinite(gain) and gain > ACCEPTED * predicted and predicted > 0 and wide
        # Close to the end rounding hides the gain, but not that the gradients balance better.
        if good or (full and point.residual <= CLOSING and np.isfinite(gain)):
            trial = ConstrainedPoint.of(system, x, fun, c, point)
            if trial.finite and (good or trial.residual <= 0.5 * point.residual):
                ratio = gain / predicted if good else 1.0
                growth = 7 if 0.9 < ratio < 1.1 else 2 if 0.3 < ratio < 3 else 0
                return trial, max(radius, growth * size), penalty, False
        radius = min(radius, size) / (2 if np.isfinite(gain) else 10)
    return None, radius, penalty, False


def _merit(
    system: ConstrainedObjective, point: ConstrainedPoint, x: Array, penalty: float
) -> tuple[float, Array, float]:
    """Return f, the constraints c, and f + μ ‖c‖ in the units of another point."""
    fun, c = system.values(x)
    return fun, c, fun + penalty * float(np.linalg.norm(c / point.rows))


def _quadratic_step(point: ConstrainedPoint, radius: float) -> tuple[Array, bool]:
    """Return a step towards the constraints and down along them, and whether it is Newton's."""
    U, s, V, _ = point.factors
    curvatures, axes = point.tangential
    # The singular values descend, and so they go backwards.
    normal = V @ _within(0.8 * radius, s[::-1] ** 2, (s * (U.T @ point.c))[::-1])[::-1]
    left = float(np.sqrt(max(0.0, radius * radius - float(normal @ normal))))
    slopes = axes.T @ (point.g + point.H @ normal)
    slopes[np.abs(slopes) <= NO_SLOPE * point.terms] = 0.0
    along = _within(left, curvatures, slopes)
    full = (
        np.linalg.norm(normal) < 0.79 * radius
        and np.linalg.norm(along) < 0.99 * left
        and not np.any(curvatures < 0)
    )
    return normal + axes @ along, bool(full)


def _within(radius: float, curvatures: Array, slopes: Array) -> Array:
    return step_within(radius, curvatures, slopes) if slopes.size else slopes


def _polish(
    system: ConstrainedObjective, point: ConstrainedPoint, slow: bool
) -> ConstrainedPoint | None:
    """Return the point after one more Newton step, where that is better by far.

    Next to a start that was much larger than this point, an error may look small that is not.
    """
    d, full = _quadratic_step(point, WIDE)
    moved = np.any(np.abs(point.scale * d) > UNMOVED * np.abs(point.x))
    if slow or not full or not moved or point.residual <= TO_LAST_DIGIT:
        return None
    trial = ConstrainedPoint.at(system, point.x + point.scale * d, point)
    return trial if trial.finite and trial.residual <= 0.01 * point.residual else None


def _suspect(point: ConstrainedPoint, slow: bool) -> NDArray[np.bool_]:
    """Return along which principal axes a stationary point may be no minimum.

    It is so where f is flat to second order: that of x³ for example. Slow convergence is another
    sign of it, and then the least curvature is suspect.
    """
    curvatures = point.tangential[0]
    softest: NDArray[np.bool_] = curvatures == np.min(curvatures, initial=np.inf)
    return point.signless | (slow & softest)


def _lower_nearby(
    system: ConstrainedObjective, point: ConstrainedPoint, suspect: NDArray[np.bool_]
) -> ConstrainedPoint | None:
    """Return a lower point some way along one of these principal axes, if there is one."""
    worth = GAIN * (abs(point.fun) + point.slopes)
    for axis in point.tangential[1].T[suspect]:
        for step in (0.1, -0.1, 0.01, -0.01):
            x = point.x + point.scale * (step * axis)
            for _ in range(6):
                fun, c = system.values(x)
                if not np.isfinite(c).all() or np.all(np.abs(c) <= ON_TRACK * point.rows):
                    break
                x = x + point.scale * point.back(c / point.rows)
            feasible = np.all(np.abs(c) <= max(OFF_TRACK, 2 * point.violation) * point.rows)
            if feasible and fun < point.fun - worth:
                trial = ConstrainedPoint.of(system, x, fun, c, point)
                if trial.finite:
                    return trial
    return None
