"""The method of Levenberg and Marquardt: Gauss-Newton steps inside a trust region and bounds."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optim._bounds import Bounds
from optim._linearised import EPS, Linearised, Point, held_by, linearised, norm, step_from
from optim._objective import Array, Iterate

CLOSE = 1e-2  # the relative offset at which the polish is tried first
CLOSER = 1e-6  # and that at which it is tried again


class End(NamedTuple):
    """Where the search ended, the largest norms on the way, and whether it came to its end."""

    point: Point
    linear: Linearised
    scale: Array
    ended: bool


class Function(NamedTuple):
    """What is minimised: the linear problem at a point, and the exact Hessian of half the cost."""

    evaluate: Callable[[Array], Point]
    hessian: Callable[[Array], Array]


def levenberg_marquardt(
    function: Function, point: Point, limit: int, bounds: Bounds | None
) -> Generator[Iterate, None, End]:
    """Descend from a point by at most ``limit`` evaluations, and polish what was reached."""
    scale = point.norms
    radius = point.terms or abs(point.cost) ** 0.5
    linear = linearised(point, scale, bounds)
    close = CLOSE
    while True:
        if linear.offset <= close:
            point, linear, limit = yield from polish(function, point, limit, bounds)
            if linear.offset <= CLOSER or close == CLOSER:
                return End(point, linear, scale, True)
            close = CLOSER
            linear = linearised(point, scale, bounds)
        step = step_from(point, linear, scale, radius, bounds)
        if step.reduction <= EPS * point.cost or step.size <= EPS * norm(scale * point.x):
            # No step can be seen to lower the cost.
            point, linear, limit = yield from polish(function, point, limit, bounds)
            return End(point, linear, scale, True)
        if not limit:
            return End(point, linear, scale, False)
        trial = function.evaluate(step.x)
        limit -= 1
        gain = (point.cost - trial.cost) / step.reduction if trial.usable else -np.inf
        if gain < 0.25:
            radius = step.size / 2
        elif gain > 0.75:
            radius = max(radius, 2 * step.size)
        if gain > 1e-4:
            point = trial
            yield point.iterate
            scale = np.maximum(scale, point.norms)
            linear = linearised(point, scale, bounds)


# -- the polish ------------------------------------------------------------------------------


def polish(
    function: Function, point: Point, limit: int, bounds: Bounds | None
) -> Generator[Iterate, None, tuple[Point, Linearised, int]]:
    """Take undamped steps while each leaves less to remove; return the last, and the limit left.

    These are accelerated Gauss-Newton steps, and when one fails Newton steps.
    """
    linear = linearised(point, point.norms, bounds)
    last = None  # the last point and where a Gauss-Newton step led from it
    newton = False
    while limit and linear.removable > point.rounding:
        if newton:
            x = newton_step(function.hessian(point.x), point, bounds)
            if x is None:
                break
        else:
            goal = step_from(point, linear, point.norms, np.inf, bounds).x
            x = accelerated(point, goal, *last, bounds) if last else goal
            last = point.x, goal
        trial = function.evaluate(x)
        limit -= 1
        if trial.usable and trial.cost <= (1 + 1e-8) * point.cost:
            there = linearised(trial, trial.norms, bounds)
            if there.removable <= 0.9 * linear.removable:
                point, linear = trial, there
                yield point.iterate
                continue
        if newton or linear.removable <= 1000 * point.rounding:
            break
        newton = True
    return point, linear, limit


def accelerated(
    point: Point, goal: Array, last_x: Array, last_goal: Array, bounds: Bounds | None
) -> Array:
    """Return where to go after two Gauss-Newton steps, each from a point to a goal.

    Such steps converge linearly, the slower the larger the residuals are and the more they are
    curved. On the line through both goals the step that is left is least where this leads.

    References
    ----------
    B. M. Irons and R. C. Tuck, "A version of the Aitken accelerator for computer iteration",
    International Journal for Numerical Methods in Engineering 1 (1969).
    """
    step = point.norms * (goal - point.x)
    change = step - point.norms * (last_goal - last_x)
    x: Array = goal - (change @ step) / (change @ change) * (goal - last_goal)
    return x if bounds is None else np.clip(x, *bounds)


def newton_step(hessian: Array, point: Point, bounds: Bounds | None) -> Array | None:
    """Return where Newton's step leads, if the Hessian is positive definite."""
    scale, free, scaled = scaled_hessian(hessian, point, bounds)
    try:
        np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return None
    x = point.x.copy()
    x[free] -= np.linalg.solve(scaled, (point.gradient / scale)[free]) / scale[free]
    return x if bounds is None else np.clip(x, *bounds)


def bends_down(hessian: Array, point: Point, bounds: Bounds | None) -> bool:
    """Whether the cost has a curvature below zero along some free unknowns."""
    _, _, scaled = scaled_hessian(hessian, point, bounds)
    if not scaled.size or not np.isfinite(scaled).all():
        return False
    curvatures = np.linalg.eigvalsh(scaled)
    return bool(curvatures[0] < -1e-6 * np.abs(curvatures).max())


def scaled_hessian(
    hessian: Array, point: Point, bounds: Bounds | None
) -> tuple[Array, NDArray[np.intp], Array]:
    """Return the scale, which unknowns are free, and their Hessian in units of the scale."""
    scale = np.where(point.norms > 0, point.norms, 1.0)
    free = np.arange(point.x.size) if bounds is None else np.flatnonzero(~held_by(bounds, point))
    return scale, free, (hessian / scale / scale[:, None])[np.ix_(free, free)]
