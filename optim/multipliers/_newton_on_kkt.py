"""To any stationary point: Newton's method on the KKT equations for x and the multipliers."""

from __future__ import annotations

import numpy as np

from optim.descent._trust_region import ACCEPTED
from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.multipliers._feasibility import PATIENCE, is_blocked, is_nearer, restore_feasibility
from optim.multipliers._lagrange_verdict import infeasible_verdict, not_finite_verdict, verdict_on
from optim.multipliers._stationary_points import (
    LEVEL_OUT,
    SLOW,
    STATIONARY,
    ConstrainedPoint,
    as_iterate,
)
from optim.search._objective import Iterate
from optim.search._run import Search


def newton_on_kkt(system: ConstrainedObjective, kkt_tol: float) -> Search:
    """Solve the KKT equations for x and λ by Newton's method, each step as long as it helps."""
    point = ConstrainedPoint.at(system, system.start)
    if not point.finite:
        yield Iterate(point.x, point.fun)
        return not_finite_verdict(system, point)
    least = mark = point.residual
    restorations = steps = 0
    slow = False
    while True:
        yield as_iterate(system, point)
        if point.is_stationary(kkt_tol, slow):
            return verdict_on(system, point)
        steps += 1
        least = min(least, point.residual)
        blocked = is_blocked(point)
        if steps % (2 * PATIENCE) == 0:
            blocked, mark = blocked or least > 0.5 * mark, least
        following = None if blocked else _newton_step(system, point)
        if following is None and point.violation > STATIONARY and restorations < 3:
            restorations += 1
            following = restore_feasibility(system, point)
            if not is_nearer(following, point, 0.5):
                return infeasible_verdict(point)
        if following is None:
            return verdict_on(system, point)
        slow = following.residual > SLOW * point.residual
        point = following


def _newton_step(system: ConstrainedObjective, point: ConstrainedPoint) -> ConstrainedPoint | None:
    """Return the point after a damped Newton step for x and λ, if one lowers the residual."""
    curvatures, axes = point.tangential
    normal = point.back(point.c)
    slopes = axes.T @ (point.g + point.H @ normal)
    flat = np.abs(curvatures) <= LEVEL_OUT * np.linalg.norm(point.H)
    d = normal - axes @ np.where(flat, 0.0, slopes / np.where(flat, 1.0, curvatures))
    y = point.least_squares_multipliers(-point.g - point.H @ d)
    now = _kkt_norm(point, point)
    for halvings in range(30):
        length = 0.5**halvings
        x = point.x + length * point.scale * d
        fun, c = system.values(x)
        if not (np.isfinite(fun) and np.isfinite(c).all()):
            continue
        multipliers = (point.y + length * (y - point.y)) / point.rows
        trial = ConstrainedPoint.to_first_order(system, x, fun, c, point, multipliers)
        if _kkt_norm(trial, point) <= (1 - ACCEPTED * length) * now:
            trial = trial.to_second_order(system, point)
            if trial.finite:
                return trial
    return None


def _kkt_norm(trial: ConstrainedPoint, point: ConstrainedPoint) -> float:
    """Return the norm of all KKT equations at a trial point, in the units of another."""
    imbalance = trial.imbalance / trial.scale * point.scale / (point.terms or 1.0)
    violation = trial.c * trial.rows / point.rows
    return float(np.linalg.norm(np.append(imbalance, violation)))
