"""The last steps of a search that learns curvature: by exact second derivatives, to a verdict."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from optim.descent._convergence import BEYOND, negligible, tiny
from optim.descent._curvature import Curvature
from optim.descent._line_search import NOISE
from optim.descent._look_around import FOUND, look_around
from optim.descent._trust_region import STUCK
from optim.search._objective import Array, Iterate, Objective
from optim.search._run import Status, Verdict

CONTRACTION = 0.25  # of the fall, or the slopes, that are left: what a right step leaves
FAST = 0.01  # what it leaves where the second derivatives there are not singular
UNDERFLOW = 1e-300


FLAT = (
    Status.STALLED,
    "f is flat here, to second order: nothing tells whether this is a minimum, or f has a corner "
    "here, or levels off without end",
)


def no_minimum(objective: Objective, point: Iterate, exact: Curvature) -> Verdict | None:
    """Return why where nothing is left to gain is no minimum, or cannot be told to be one."""
    if exact.bends_down and _is_stationary(objective, point, exact):
        return Status.OTHER_KIND, "a stationary point, but f curves downwards there: no minimum"
    if exact.bends_down:
        return Status.STALLED, STUCK
    return FLAT if exact.flat and exact.hess is None else None


def _is_stationary(objective: Objective, point: Iterate, exact: Curvature) -> bool:
    """Whether the gradient vanishes where second derivatives say: it does not beside a cusp."""
    if exact.model is None or not point.jac.any():
        return True
    curvatures, slopes = exact.model.curvatures, exact.model.slopes
    curved = np.abs(curvatures) > exact.model.rounding
    t = np.divide(-slopes, curvatures, where=curved, out=np.zeros_like(slopes))
    _, jac = objective.value_and_gradient(point.x + exact.model.axes @ t)
    left = np.linalg.norm((jac @ exact.model.axes)[curved])
    return bool(left <= CONTRACTION * np.linalg.norm(slopes[curved]))


def approach(
    objective: Objective,
    point: Iterate,
    exact: Curvature,
    reach: Array,
    tol: float,
    highest: float,
    stuck: bool,
) -> Generator[Iterate, None, tuple[Iterate, Verdict | None]]:
    """Yield what Newton steps lead to from where they are small; return the last, and a verdict.

    Next to a minimum each comes much closer, with the second derivatives of the first. Where f only
    levels off towards infinity they do not, and there is no verdict: the search should go on.
    """
    if exact.bends_down and point.jac.any() and not stuck:
        return point, None
    if point.jac.any() and -exact.slope < UNDERFLOW:
        return point, FLAT
    refusal = no_minimum(objective, point, exact)
    if refusal:
        return point, refusal
    if (np.abs(point.jac) <= exact.noise).all():
        return (yield from _look_beyond(objective, point, exact, reach, BEYOND * exact.step))
    step, slope = exact.step, exact.slope
    if exact.hess is None:  # the step is better than what solves next to it
        slope = -float(point.jac.dot(exact.solve(point.jac)))
    noise = NOISE * abs(point.fun)
    closer = fast = small = False
    while slope < 0:
        trial, next_step, next_slope = _after(objective, point.x + step, exact)
        if not (trial.fun <= point.fun + noise and slope < next_slope <= 0):
            break
        contracts, fast = next_slope >= CONTRACTION * slope, next_slope >= FAST * slope
        point, step, slope = trial, next_step, next_slope
        yield point
        closer = closer or contracts
        small = negligible(step, slope, point.fun, reach, tol, highest)
        if not contracts or (small and (not fast or tiny(step, reach, tol))):
            break
    small = small or negligible(step, slope, point.fun, reach, tol, highest)
    if stuck or (small and (fast or closer or tiny(step, reach, tol))):
        return (yield from _look_beyond(objective, point, exact, reach, BEYOND * step))
    return point, None


def _look_beyond(
    objective: Objective, point: Iterate, exact: Curvature, reach: Array, beyond: Array
) -> Generator[Iterate, None, tuple[Iterate, Verdict | None]]:
    """Yield a point that is lower than what seems to be a minimum, or return the verdict."""
    if exact.hess is None:  # then f is tried many steps further along the way alone
        falls = objective.value(point.x + beyond) < point.fun - NOISE * abs(point.fun)
        lower, verdict = point.x + beyond if falls else None, FOUND
    else:
        hess = exact.hess if point.x is exact.x else objective.hessian(point.x)
        lower, verdict = look_around(objective, point, hess, reach)
    if lower is None:
        return point, verdict
    trial, _, _ = _after(objective, lower, exact)
    if not np.isfinite(trial.jac).all():
        return point, FLAT
    yield trial
    return trial, None


def _after(objective: Objective, x: Array, exact: Curvature) -> tuple[Iterate, Array, float]:
    """Return the point at x, and the next step from there with its slope."""
    fun, jac = objective.value_and_gradient(x)
    step = -exact.solve(jac)
    return Iterate(x, fun, jac), step, float(jac.dot(step))
