"""Lagrange multipliers: minima, maxima and saddle points where equality constraints hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optim.descent._trust_region import step_within
from optim.multipliers._stationary_points import ACCEPTED, Point, System, told
from optim.multipliers._verdict import infeasible, not_finite, unbounded, verdict
from optim.search._keywords import OF_SCIPY, answering
from optim.search._objective import Array, Iterate
from optim.search._run import Callback, Search, run
from optim.squares._least_squares import least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

PATIENCE = 25  # steps in which the constraints are to come nearer to zero by half
FUNNEL = 0.3  # how far, in units of the size of x, a step may leave the constraints
ENDLESS = 1e100  # f falls without end
FAR = 1e30  # times the size of the start, and so does it there
ASKED = {"min": "minimum", "max": "maximum", "stationary": "any"}


@answering(OF_SCIPY)
def lagrange(
    f: Callable[..., Any],
    constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]],
    x0: Any,
    *,
    find: str = "min",
    tol: float = 1e-12,
    args: Any = (),
    maxiter: int = 500,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Find a minimum, a maximum or any stationary point of ``f`` where all constraints are zero.

    There the gradients balance: **∇f + Σ λᵢ ∇cᵢ = 0**, and all cᵢ = 0 (the conditions of Karush,
    Kuhn and Tucker). Newton's method solves these equations with exact second derivatives. For a
    minimum or maximum each step is split in two inside a trust region: one part towards the
    constraints, one along them that goes down even where the Lagrangian is not convex; a step
    counts only if it lowers f + μ ‖c‖, so that the method converges from afar.

    Parameters
    ----------
    f : callable
        Takes the structure of ``x0``, and ``args``, and returns one real number.
    constraints : callable or list of callables
        Each takes the structure of ``x0``, and returns a number, an array or a list of those, all
        of which are to be zero.
    x0 : array_like or structure
        Where to start. The constraints need not hold there.
    find : {"min", "max", "stationary"}
        Of these the last takes damped Newton steps to whatever stationary point is near.
    tol : float
        The KKT residual at which to stop. Where rounding lets no step lower it so far, 1e-8 is
        accepted.

    Returns
    -------
    OptimizeResult
        ``x, fun, jac``, the latter ∇f; ``multipliers`` and ``constraints``, the vectors of all λᵢ
        and cᵢ in order, and, for a list of functions, ``multipliers_by_constraint``, a list with
        an array for each; ``stationarity``, the norm of ∇f + Σ λᵢ ∇cᵢ over that of its
        terms, and ``violation``, the largest distance to where a constraint holds, both without
        units, the larger of which is the KKT residual ``kkt``; ``curvatures``, the eigenvalues of
        the Lagrangian's Hessian along the constraints (of ``x`` in units of its largest size on
        the way), and what they say of a stationary point, ``kind``: "minimum", "maximum", "saddle",
        "degenerate" where some are zero, or "not stationary"; ``nit, nfev, njev, nhev, status,
        success, message``. It is a success only where the residual is zero to the tolerance and
        the kind is the one asked for; at a degenerate point, if there is also nothing lower (or
        higher) nearby.

    Raises
    ------
    ValueError
        When ``find`` is none of these, ``tol`` is not positive, or there is no constraint.
    TypeError
        When a constraint is no function, or ``x0`` is complex.

    References
    ----------
    J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed. (2006), chapter 18.

    Examples
    --------
    The rectangle of the largest area among those of perimeter 8:

    >>> area, perimeter = lambda x: x[0] * x[1], lambda x: 2 * x[0] + 2 * x[1] - 8
    >>> result = lagrange(area, perimeter, [1.0, 5.0], find="max")
    >>> result.x.round(12), result.multipliers.round(12), result.kind
    (array([2., 2.]), array([-1.]), 'maximum')
    """
    if find not in ASKED:
        raise ValueError(f"find is one of {', '.join(map(repr, ASKED))}, but got {find!r}")
    if not tol > 0:
        raise ValueError(f"expected a positive tol, got {tol}")
    functions = list(constraints) if isinstance(constraints, Sequence) else [constraints]
    if not all(map(callable, functions)):
        raise TypeError(f"expected functions as constraints, got {constraints!r:.80}")
    if not functions:
        raise ValueError("there is no constraint: use newton, which needs none")
    system = System(f, functions, x0, args, ASKED[find])
    search = _balance(system, tol) if find == "stationary" else _descend(system, tol)
    # Each iterate is better than the one before, by the merit function of its step.
    numbers = count()
    return run(
        search,
        system,
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=lambda point: -next(numbers),
    )


# -- down, along the constraints -------------------------------------------------------------


def _descend(system: System, tol: float) -> Search:
    """Minimise: a trust-region method of sequential quadratic programming (Byrd, Omojokun)."""
    point = Point.at(system, system.start)
    if not point.finite:
        yield Iterate(point.x, system.sign * point.fun)
        return not_finite(system, point)
    size = np.maximum(point.scale, 1.0)  # of the start
    radius = max(1.0, float(np.linalg.norm(point.x / point.scale)))
    penalty = 0.0
    restorations = 0
    slow = False
    mark = point
    steps = 0
    while True:
        yield told(system, point)
        steps += 1
        blocked = _blocked(point)
        if steps % PATIENCE == 0 and point.violation > ACCEPTED:
            blocked, mark = blocked or not _nearer(point, mark, 0.5), point
        following: Point | None = None
        if point.residual <= tol and not point.bends[1]:
            following = _polished(system, point, slow)
            if following is None:
                following = _lower_nearby(system, point, _suspect(point, slow))
                radius = max(radius, 0.1)
            if following is None:
                return verdict(system, point)
        elif np.max(np.abs(point.x) / size) > FAR and point.violation <= ACCEPTED:
            return unbounded(system, point)
        elif not blocked:
            following, radius, penalty, fell = _step(system, point, radius, penalty)
            if fell:
                return unbounded(system, point)
        if following is None and point.violation > ACCEPTED and restorations < 3:
            restorations += 1
            following = _restored(system, point)
            if not _nearer(following, point, 0.5):
                if _nearer(following, point, 1.0):
                    point = following
                    yield told(system, point)
                return infeasible(point)
            radius = max(1.0, float(np.linalg.norm(following.x / following.scale)))
        if following is None:
            if point.residual <= ACCEPTED and not point.bends[1]:
                following = _lower_nearby(system, point, np.ones(point.tangential[0].size, bool))
                radius = max(radius, 0.1)
            if following is None:
                return verdict(system, point)
        slow = following.residual > 0.01 * point.residual
        point = following


def _blocked(point: Point) -> bool:
    """Whether no small step brings the constraints nearer to zero."""
    left = np.linalg.norm(point.factors[0].T @ point.c)
    return bool(point.violation > ACCEPTED and left <= 1e-8 * np.linalg.norm(point.c))


def _nearer(trial: Point, point: Point, share: float) -> bool:
    """Whether the constraints are nearer to zero at a trial point, by this share at least."""
    left = np.linalg.norm(trial.c * trial.rows / point.rows)
    return trial.finite and bool(left < share * np.linalg.norm(point.c))


def _step(
    system: System, point: Point, radius: float, penalty: float
) -> tuple[Point | None, float, float, bool]:
    """Return the next point, the trust radius, the penalty μ, and whether f fell to -infinity."""
    now = float(np.linalg.norm(point.c))
    for _ in range(60):
        d, full = _quadratic_step(point, radius)
        size = float(np.linalg.norm(d))
        if size <= 1e-17:
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
        if fun < -ENDLESS and np.all(np.abs(c) <= np.maximum(np.abs(point.c), 1e-8) * point.rows):
            return None, radius, penalty, True
        if not merit - left > 1e-4 * predicted and np.isfinite(c).all():
            # The constraints' curvature alone may spoil a good step: go back to them.
            back = point.back(c / point.rows)
            if np.linalg.norm(back) <= size:
                corrected = x + point.scale * back
                values = _merit(system, point, corrected, penalty)
                if merit - values[2] > 1e-4 * predicted or not left <= values[2]:
                    x, (fun, c, left) = corrected, values
        gain = merit - left
        wide = float(np.linalg.norm(c / point.rows)) <= max(now, FUNNEL)
        good = np.isfinite(gain) and gain > 1e-4 * predicted and predicted > 0 and wide
        # Close to the end rounding hides the gain, but not that the gradients balance better.
        if good or (full and point.residual <= 1e-4 and np.isfinite(gain)):
            trial = Point.of(system, x, fun, c, point)
            if trial.finite and (good or trial.residual <= 0.5 * point.residual):
                ratio = gain / predicted if good else 1.0
                growth = 7 if 0.9 < ratio < 1.1 else 2 if 0.3 < ratio < 3 else 0
                return trial, max(radius, growth * size), penalty, False
        radius = min(radius, size) / (2 if np.isfinite(gain) else 10)
    return None, radius, penalty, False


def _merit(system: System, point: Point, x: Array, penalty: float) -> tuple[float, Array, float]:
    """Return f, the constraints c, and f + μ ‖c‖ in the units of another point."""
    fun, c = system.values(x)
    return fun, c, fun + penalty * float(np.linalg.norm(c / point.rows))


def _quadratic_step(point: Point, radius: float) -> tuple[Array, bool]:
    """Return a step towards the constraints and down along them, and whether it is Newton's."""
    U, s, V, _ = point.factors
    curvatures, axes = point.tangential
    # The singular values descend, and so they go backwards.
    normal = V @ _within(0.8 * radius, s[::-1] ** 2, (s * (U.T @ point.c))[::-1])[::-1]
    left = float(np.sqrt(max(0.0, radius * radius - float(normal @ normal))))
    slopes = axes.T @ (point.g + point.H @ normal)
    slopes[np.abs(slopes) <= 1e-16 * point.terms] = 0.0
    along = _within(left, curvatures, slopes)
    full = (
        np.linalg.norm(normal) < 0.79 * radius
        and np.linalg.norm(along) < 0.99 * left
        and not np.any(curvatures < 0)
    )
    return normal + axes @ along, bool(full)


def _within(radius: float, curvatures: Array, slopes: Array) -> Array:
    return step_within(radius, curvatures, slopes) if slopes.size else slopes


def _polished(system: System, point: Point, slow: bool) -> Point | None:
    """Return the point after one more Newton step, where that is better by far.

    Next to a start that was much larger than this point, an error may look small that is not.
    """
    d, full = _quadratic_step(point, 1e3)
    moved = np.any(np.abs(point.scale * d) > 1e-10 * np.abs(point.x))
    if slow or not full or not moved or point.residual <= 1e-16:
        return None
    trial = Point.at(system, point.x + point.scale * d, point)
    return trial if trial.finite and trial.residual <= 0.01 * point.residual else None


def _suspect(point: Point, slow: bool) -> NDArray[np.bool_]:
    """Return along which principal axes a stationary point may be no minimum.

    It is so where f is flat to second order: that of x³ for example. Slow convergence is another
    sign of it, and then the least curvature is suspect.
    """
    curvatures = point.tangential[0]
    softest: NDArray[np.bool_] = curvatures == np.min(curvatures, initial=np.inf)
    return point.unresolved | (slow & softest)


def _lower_nearby(system: System, point: Point, suspect: NDArray[np.bool_]) -> Point | None:
    """Return a lower point some way along one of these principal axes, if there is one."""
    worth = 1e-12 * (abs(point.fun) + point.slopes)
    for axis in point.tangential[1].T[suspect]:
        for step in (0.1, -0.1, 0.01, -0.01):
            x = point.x + point.scale * (step * axis)
            for _ in range(6):
                fun, c = system.values(x)
                if not np.isfinite(c).all() or np.all(np.abs(c) <= 1e-13 * point.rows):
                    break
                x = x + point.scale * point.back(c / point.rows)
            feasible = np.all(np.abs(c) <= max(1e-10, 2 * point.violation) * point.rows)
            if feasible and fun < point.fun - worth:
                trial = Point.of(system, x, fun, c, point)
                if trial.finite:
                    return trial
    return None


def _restored(system: System, point: Point) -> Point:
    """Return a point where the constraints are nearest to zero, whatever f is there."""
    # A little off, lest symmetry keep the search where it is.
    nudge = 1e-2 * np.cos(np.arange(1.0, 1.0 + point.x.size))
    x = least_squares(lambda x: system.constraints(x) / point.rows, point.x + point.scale * nudge).x
    return Point.at(system, x, point)


# -- to any stationary point -----------------------------------------------------------------


def _balance(system: System, tol: float) -> Search:
    """Solve the KKT equations for x and λ by Newton's method, each step as long as it helps."""
    point = Point.at(system, system.start)
    if not point.finite:
        yield Iterate(point.x, point.fun)
        return not_finite(system, point)
    least = mark = point.residual
    restorations = steps = 0
    while True:
        yield told(system, point)
        if point.residual <= tol:
            return verdict(system, point)
        steps += 1
        least = min(least, point.residual)
        blocked = _blocked(point)
        if steps % (2 * PATIENCE) == 0:
            blocked, mark = blocked or least > 0.5 * mark, least
        following = None if blocked else _newton_step(system, point)
        if following is None and point.violation > ACCEPTED and restorations < 3:
            restorations += 1
            following = _restored(system, point)
            if not _nearer(following, point, 0.5):
                return infeasible(point)
        if following is None:
            return verdict(system, point)
        point = following


def _newton_step(system: System, point: Point) -> Point | None:
    """Return the point after a damped Newton step for x and λ, if one lowers the residual."""
    curvatures, axes = point.tangential
    normal = point.back(point.c)
    slopes = axes.T @ (point.g + point.H @ normal)
    flat = np.abs(curvatures) <= 1e-13 * np.linalg.norm(point.H)
    d = normal - axes @ np.where(flat, 0.0, slopes / np.where(flat, 1.0, curvatures))
    y = point.fitted(-point.g - point.H @ d)
    now = _unbalanced(point, point)
    for halvings in range(30):
        length = 0.5**halvings
        x = point.x + length * point.scale * d
        fun, c = system.values(x)
        if not (np.isfinite(fun) and np.isfinite(c).all()):
            continue
        multipliers = (point.y + length * (y - point.y)) / point.rows
        trial = Point.to_first_order(system, x, fun, c, point, multipliers)
        if _unbalanced(trial, point) <= (1 - 1e-4 * length) * now:
            trial = trial.to_second_order(system, point)
            if trial.finite:
                return trial
    return None


def _unbalanced(trial: Point, point: Point) -> float:
    """Return the norm of all KKT equations at a trial point, in the units of another."""
    imbalance = trial.imbalance / trial.scale * point.scale / (point.terms or 1.0)
    violation = trial.c * trial.rows / point.rows
    return float(np.linalg.norm(np.append(imbalance, violation)))
