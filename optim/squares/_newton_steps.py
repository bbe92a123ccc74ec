"""Newton steps by the exact Hessian, where the linear problem is a poor one or tells nothing."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from optim.descent._trust_region import ACCEPTED, step_within
from optim.search._bounds import Bounds
from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.squares._gauss_newton_model import gauss_newton_model, held_by
from optim.squares._poles import pole_between
from optim.squares._residual_point import Function, ResidualPoint, norm

CONVERGING = 1e-2  # the relative offset from which on Gauss-Newton steps converge as well
STRETCH = 50  # evaluations in which
CREEPS = 0.9  # times the cost is to be reached
BENDS = 1e-6  # of the largest curvature: one below zero, which rounding does not explain
BENDS_LEAST = 1e-9  # and one that is worth a step aside, where some curvatures are zero
ASIDE = 1e-5  # of the model's terms: how long that step is


def newton_descent(
    function: Function, point: ResidualPoint, limit: int, bounds: Bounds | None
) -> Generator[ResidualPoint, None, tuple[ResidualPoint, int]]:
    """Descend by Newton steps in a trust region; return the last point, and the limit left.

    Where the residuals are large and curved, the linear problem creeps along a curved valley, and
    the exact Hessian leads on. It ends close to a minimum, and where it does no better.
    """
    radius = 0.1 * (point.terms or 1.0)
    mark, left = point.cost, limit
    while limit and gauss_newton_model(point, point.norms, bounds).offset > CONVERGING:
        if limit <= left - STRETCH // 2:
            if point.cost > CREEPS * mark:
                break
            mark, left = point.cost, limit
        trial, radius, limit = trusted_newton_step(function, point, radius, limit, bounds)
        if trial is None:
            break
        point = trial
        yield point
    return point, limit


def trusted_newton_step(
    function: Function, point: ResidualPoint, radius: float, limit: int, bounds: Bounds | None
) -> tuple[ResidualPoint | None, float, int]:
    """Return the point after a Newton step, the next radius, and the limit left.

    The radius is halved twice until a step lowers the cost; there is no point where none does.
    """
    assert function.hessian is not None
    scale, free, hessian = scaled_hessian(function.hessian(point.x), point, bounds)
    if not free.size or not np.isfinite(hessian).all():
        return None, radius, limit
    curvatures, axes = np.linalg.eigh(hessian)
    gradient = (point.gradient / scale)[free]
    while limit:
        x = point.x.copy()
        x[free] += axes @ step_within(radius, curvatures, axes.T @ gradient) / scale[free]
        x = x if bounds is None else np.clip(x, *bounds)
        step = ((x - point.x) * scale)[free]
        size = norm(step)
        foreseen = -float(step @ (2 * gradient + hessian @ step))
        if not foreseen > EPS * point.cost or size <= EPS * point.terms:
            break
        trial = function.evaluate(x)
        limit -= 1
        gain = (point.cost - trial.cost) / foreseen if trial.usable else -np.inf
        if gain > ACCEPTED:
            pole, looked = pole_between(point, trial, function.sample, limit)
            limit -= looked
            if pole is None:
                return trial, max(radius, 2 * size) if gain > 0.75 else radius, limit
        radius = size / 4
    return None, radius, limit


def newton_step(hessian: Array, point: ResidualPoint, bounds: Bounds | None) -> Array | None:
    """Return where Newton's step leads, if the Hessian is positive definite."""
    scale, free, scaled = scaled_hessian(hessian, point, bounds)
    try:
        np.linalg.cholesky(scaled)
        step = np.linalg.solve(scaled, (point.gradient / scale)[free])
    except np.linalg.LinAlgError:
        return None
    x = point.x.copy()
    x[free] -= step / scale[free]
    return x if bounds is None else np.clip(x, *bounds)


def scaled_hessian(
    hessian: Array, point: ResidualPoint, bounds: Bounds | None
) -> tuple[Array, NDArray[np.intp], Array]:
    """Return the scale, which unknowns are free, and their Hessian in units of the scale."""
    scale = np.where(point.norms > 0, point.norms, 1.0)
    free = np.arange(point.x.size) if bounds is None else np.flatnonzero(~held_by(bounds, point))
    return scale, free, (hessian / scale / scale[:, None])[np.ix_(free, free)]


# -- saddle points ---------------------------------------------------------------------------


def bends_down(hessian: Array, point: ResidualPoint, bounds: Bounds | None) -> bool:
    """Whether the cost has a curvature below zero along some free unknowns."""
    return way_down(hessian, point, bounds, BENDS) is not None


def beside_saddle(
    function: Function, point: ResidualPoint, bounds: Bounds | None
) -> ResidualPoint | None:
    """Return a point a little beside a singular one if the cost bends down there.

    Without this, a search stays on the symmetry of its start, where two terms of a model are alike.
    """
    if not function.hessian:
        return None
    way = way_down(function.hessian(point.x), point, bounds, BENDS_LEAST)
    if way is None:
        return None
    x = point.x + ASIDE * (point.terms or 1.0) * way
    beside = function.evaluate(x if bounds is None else np.clip(x, *bounds))
    return beside if beside.usable else None


def way_down(
    hessian: Array, point: ResidualPoint, bounds: Bounds | None, share: float
) -> Array | None:
    """Return the step of length 1, in units of the scale, along which the cost bends down most.

    None if it does so by less than a share of the largest curvature.
    """
    scale, free, scaled = scaled_hessian(hessian, point, bounds)
    if not scaled.size or not np.isfinite(scaled).all():
        return None
    curvatures, axes = np.linalg.eigh(scaled)
    if curvatures[0] >= -share * np.abs(curvatures).max():
        return None
    step = np.zeros(point.x.size)
    step[free] = axes[:, 0] / scale[free]
    return step
