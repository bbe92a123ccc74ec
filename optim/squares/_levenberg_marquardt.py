"""The method of Levenberg and Marquardt: Gauss-Newton steps inside a trust region and bounds."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from optim.descent._trust_region import ACCEPTED
from optim.search._bounds import Bounds
from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.squares._gauss_newton_model import (
    GaussNewtonModel,
    TrialStep,
    gauss_newton_model,
    step_from,
)
from optim.squares._newton_steps import CONVERGING, CREEPS, STRETCH, newton_descent, newton_step
from optim.squares._poles import pole_between
from optim.squares._residual_point import Function, ResidualPoint, norm

CLOSER = 1e-6  # the relative offset at which the polish is tried again
BLUR = 1e-8  # of the cost: the last steps, which rounding blurs, may raise it by so much
FORESEEN = 0.25  # of the foreseen fall, within which a short step has met no pole
HOPELESS = -1e6  # a gain from which it shows that a step was far too long


class End(NamedTuple):
    """Where the search ended, the largest norms on the way, and whether it came to its end."""

    point: ResidualPoint
    linear: GaussNewtonModel
    scale: Array
    ended: bool


def levenberg_marquardt(
    function: Function, point: ResidualPoint, limit: int, bounds: Bounds | None, offset_tol: float
) -> Generator[ResidualPoint, None, End]:
    """Descend from a point by at most ``limit`` evaluations, and polish what was reached."""
    scale = point.norms
    radius = point.terms or abs(point.cost) ** 0.5
    linear = gauss_newton_model(point, scale, bounds)
    close = max(CONVERGING, offset_tol)
    wary = False  # of the linear problem: whether the cost alone is computed first
    mark, left = point.cost, limit
    patient = function.hessian is not None
    while True:
        if patient and limit <= left - STRETCH:
            if point.cost > CREEPS * mark:
                point, limit = yield from newton_descent(function, point, limit, bounds)
                scale = np.maximum(scale, point.norms)
                linear = gauss_newton_model(point, scale, bounds)
                patient = False
            mark, left = point.cost, limit
        if linear.offset <= close:
            point, linear, limit = yield from polish(
                function, point, linear, limit, bounds, offset_tol
            )
            if linear.offset <= max(CLOSER, offset_tol) or close == CLOSER:
                return End(point, linear, scale, True)
            close = CLOSER
            linear = gauss_newton_model(point, scale, bounds)
        step = step_from(point, linear, scale, radius, bounds)
        if step.reduction <= EPS * point.cost or step.size <= EPS * norm(scale * point.x):
            # No step can be seen to lower the cost.
            point, linear, limit = yield from polish(
                function, point, linear, limit, bounds, offset_tol
            )
            return End(point, linear, scale, True)
        if not limit:
            return End(point, linear, scale, False)
        trial, gain, size, limit = _try_step(function, point, step, radius, limit, wary)
        wary = gain < 0.6
        radius = _next_radius(radius, size, gain)
        if trial is not None:
            point = trial
            yield point
            scale = np.maximum(scale, point.norms)
            linear = gauss_newton_model(point, scale, bounds)


def _try_step(
    function: Function,
    point: ResidualPoint,
    step: TrialStep,
    radius: float,
    limit: int,
    wary: bool,
) -> tuple[ResidualPoint | None, float, float, int]:
    """Return where a step leads if it is taken, its gain and its size, and the limit left.

    The gain is the fall in cost as a share of the foreseen one. Where a pole lies on the way, the
    size is that of the step as far as there. Who is wary computes the cost alone first.
    """
    gain = 1.0
    if wary:
        gain = (point.cost - function.cost(step.x)) / step.reduction
        limit -= 1
    if not (gain > ACCEPTED and limit):
        return None, gain, step.size, limit
    trial = function.evaluate(step.x)
    limit -= 1
    gain = (point.cost - trial.cost) / step.reduction if trial.usable else -np.inf
    if gain > ACCEPTED and (abs(gain - 1) > FORESEEN or step.size > radius / 2):
        pole, looked = pole_between(point, trial, function.sample, limit)
        limit -= looked
        if pole is not None:
            return None, 0.0, pole * step.size, limit
    return trial if gain > ACCEPTED else None, gain, step.size, limit


def _next_radius(radius: float, size: float, gain: float) -> float:
    if gain < 0.25:
        return size / (2 if gain > HOPELESS else 10)
    return max(radius, 2 * size) if gain >= 0.75 else radius


# -- the polish ------------------------------------------------------------------------------


def polish(
    function: Function,
    point: ResidualPoint,
    linear: GaussNewtonModel,
    limit: int,
    bounds: Bounds | None,
    offset_tol: float,
) -> Generator[ResidualPoint, None, tuple[ResidualPoint, GaussNewtonModel, int]]:
    """Take undamped steps while each leaves less to remove; return the last, and the limit left.

    These are accelerated Gauss-Newton steps, and when one fails Newton steps. From the offset
    ``offset_tol`` on, one more is taken without new derivatives.
    """

    def gauss_newton() -> tuple[TrialStep, Array]:
        step = step_from(point, linear, point.norms, np.inf, bounds)
        return step, aitken_extrapolation(point, step, last, bounds) if last else step.x

    if not linear.is_regular:  # what rank it has depends on the scale
        linear = gauss_newton_model(point, point.norms, bounds)
    last = None  # the last Gauss-Newton step
    newton = False
    while limit and linear.offset > offset_tol and linear.removable > point.rounding:
        if newton and function.hessian:
            x = newton_step(function.hessian(point.x), point, bounds)
            if x is None:
                break
        else:
            last, x = gauss_newton()
        trial = function.evaluate(x)
        limit -= 1
        if trial.usable and trial.cost <= (1 + BLUR) * point.cost:
            there = gauss_newton_model(trial, trial.norms, bounds)
            if there.removable <= 0.9 * linear.removable:
                point, linear = trial, there
                yield point
                continue
        if newton or not function.hessian or linear.removable <= 1000 * point.rounding:
            break
        newton = True
    if limit and point.rounding < linear.removable and linear.offset <= offset_tol:
        moved = function.with_frozen_jacobian(point, gauss_newton()[1])
        limit -= 1
        if moved.cost <= (1 + BLUR) * point.cost:
            point = moved
            yield point
    return point, linear, limit


def aitken_extrapolation(
    point: ResidualPoint, step: TrialStep, last: TrialStep, bounds: Bounds | None
) -> Array:
    """Return where to go by two Gauss-Newton steps, of which the second starts at the point.

    Such steps converge linearly, the slower the larger the residuals are and the more they are
    curved. On the line through where both lead the step that is left is least at this place.

    References
    ----------
    B. M. Irons and R. C. Tuck, "A version of the Aitken accelerator for computer iteration",
    International Journal for Numerical Methods in Engineering 1 (1969).
    """
    scaled = point.norms * step.step
    change = scaled - point.norms * last.step
    x: Array = step.x - change.dot(scaled) / change.dot(change) * (step.x - last.x)
    return x if bounds is None else np.clip(x, *bounds)
