"""A look around what seems to be a minimum, whichever way the search came there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optim._objective import Array, Iterate, Objective
from optim._run import Status, Verdict
from optim.descent._flat_directions import room_within, shown, tried
from optim.descent._model import Model
from optim.descent._trust_region import EPS, falls_without_end

FURTHER = 20.0  # times as far as the minimum may be along an axis: how far the look goes
FAR = 1e6  # times the size of the start: where f may have fallen without end
ENDLESS = (4, 8)  # powers of ten times as far again: where f has to have risen
ESCAPES = 5  # how often a lower point may be found beside what is no minimum
CLOSE = 1e-6  # of the reach: and that at the least
EXTREMES = [0, 1, -2, -1]  # of the curvatures far off: where f is tried at the most
AGREES = 3.0  # times as large or as small: a curvature there that may still be the same
FOUND = Status.CONVERGED, "a minimum, by the exact second derivatives and a look around"


def look_around(
    objective: Objective, point: Iterate, model: Model, reach: Array
) -> tuple[Array | None, Verdict]:
    """Return a lower point beside what the model takes for a minimum, if there is one; a verdict.

    The gradient at two points, off along all axes of the model at once, tells along which of them f
    is curved as the model says. Along the others f itself is tried, on both sides.
    """
    x, fun, start = point.x, point.fun, objective.start
    doubtful = ~_confirmed(objective, point, model, reach)
    lower: Array | None = None
    verdict: Verdict = FOUND
    if doubtful.any():
        directions = _apart(objective, x, model.axes[:, doubtful], reach)
        terms = float(reach @ np.abs(model.hess) @ reach)
        left = (point.jac @ model.axes)[model.curved] ** 2 @ (1 / model.curvatures[model.curved])
        lower, verdict = tried(objective.value, x, fun, directions, reach, terms, float(left))
    rays = []
    if lower is not None:
        objective.escapes += 1
        rays = [lower - x, lower - start]
    elif np.abs(x).max() > FAR * (np.abs(start).max() or 1.0):
        rays = [x - start]
    for step in rays:
        if falls_without_end(objective.value, x, step, fun, ENDLESS):
            return None, (Status.UNBOUNDED, f"f falls without end along {shown(step)}")
    if objective.escapes > ESCAPES:
        return None, (
            Status.WANDERS,
            f"f was level {ESCAPES} times and fell again: its minimum seems to be at infinity",
        )
    return lower, verdict


def _confirmed(
    objective: Objective, point: Iterate, model: Model, reach: Array
) -> NDArray[np.bool_]:
    """Return along which axes the gradient changes as the model says, far beyond the minimum."""
    axes, curvatures = model.axes, np.where(model.curved, model.curvatures, 1.0)
    noise = 10 * EPS * np.abs(axes).T @ (np.abs(model.hess) @ np.abs(point.x))
    away = (np.abs(point.jac @ axes) + noise) / curvatures  # the minimum along each axis
    room = room_within(reach, axes)
    length = np.maximum(FURTHER * away, CLOSE * room)
    seen: NDArray[np.bool_] = model.curved & (length < room)
    if not seen.any():
        return seen
    t = np.where(seen, length, 0.0) * np.random.default_rng(0).choice([-1.0, 1.0], length.size)
    confirmed = seen
    for way in (t, -t):
        _, jac = objective.value_and_gradient(point.x + axes @ way)
        change = (jac - point.jac) @ axes
        ratio = np.divide(change, way * curvatures, where=seen, out=np.zeros_like(t))
        confirmed = confirmed & (ratio > 1 / AGREES) & (ratio < AGREES)
        if confirmed.all() or not confirmed.any():
            break
    return confirmed


def _apart(objective: Objective, x: Array, flat: Array, reach: Array) -> list[Array]:
    """Return directions that span the same as some flat ones, apart by how f is curved far off.

    Where there is no curvature any direction is as good as any other, and f may rise along all but
    one. Higher derivatives tell: by them the curvature far off is large along some only.
    """
    flat = flat * room_within(reach, flat)
    if flat.shape[1] > 1:
        off = flat @ np.random.default_rng(0).normal(size=flat.shape[1])
        bent = flat.T @ objective.hessian(x + off) @ flat
        if np.isfinite(bent).all():
            flat = flat @ np.linalg.eigh(bent)[1]
    return list(flat.T if flat.shape[1] <= len(EXTREMES) else flat.T[EXTREMES])
