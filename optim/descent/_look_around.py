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
CLOSE = 1e-6  # of the reach: and that at the least
AGREES = 3.0  # times as large or as small: a curvature there that may still be the same
EXTREMES = [0, 1, -2, -1]  # of the curvatures far off: where f is tried at the most
FAR = 1e6  # times the size of the start: where f may have fallen without end
BEYOND_FAR = (1, 2)  # powers of ten times as far: where f has to rise then
BEYOND_LOWER = (4, 8)  # and times as far as to a lower point
LOST = 1e-6  # of f: what it may change by with the last digits of x
ESCAPES = 5  # how often a lower point may be found beside what is no minimum
FOUND = Status.CONVERGED, "a minimum, by the exact second derivatives and a look around"


def look_around(
    objective: Objective, point: Iterate, hess: Array, reach: Array
) -> tuple[Array | None, Verdict]:
    """Return a lower point beside what seems to be a minimum, if there is one, and the verdict.

    The gradient at two points, off along all principal axes at once, tells along which of them f is
    curved as the Hessian says. Along the others f itself is tried, on both sides.
    """
    x, fun = point.x, point.fun
    model = Model(x, point.jac, hess, 1 / np.where(reach > 0, reach, reach.max() or 1.0))
    doubtful = ~_confirmed(objective, point, model, reach)
    lower: Array | None = None
    verdict: Verdict = FOUND
    if doubtful.any():
        directions = _apart(objective, x, model.axes[:, doubtful], reach)
        weak = doubtful & model.curved
        if len(directions) > 1 and (weak & (model.slopes != 0)).any():
            # And the axis of least curvature, and the way that Newton's method would take.
            t = np.divide(model.slopes, model.curvatures, where=weak, out=np.zeros(x.size))
            directions = [model.axes[:, np.argmax(weak)], model.axes @ t, *directions]
        terms = float(reach @ np.abs(hess) @ reach)
        left = float(model.slopes[model.curved] ** 2 @ (1 / model.curvatures[model.curved]))
        lower, verdict = tried(objective.value, x, fun, directions, reach, terms, left)
    if verdict[0] is Status.CONVERGED or lower is not None:
        verdict = _endless(objective, x, fun, lower) or verdict
    return (None if verdict[0] in (Status.UNBOUNDED, Status.WANDERS) else lower), verdict


def _endless(objective: Objective, x: Array, fun: float, lower: Array | None) -> Verdict | None:
    """Return why the search for a minimum is to end, if f seems to have none."""
    start, powers, rays = objective.start, BEYOND_LOWER, []
    if lower is not None:
        objective.escapes += 1
        rays = [lower - x, lower - start]
    elif np.abs(x).max() > FAR * (np.abs(start).max() or 1.0):
        powers, rays = BEYOND_FAR, [x - start]
    for step in rays:
        if falls_without_end(objective.value, x, step, fun, powers):
            return Status.UNBOUNDED, f"f falls without end along {shown(step)}"
    if lower is None and rays and _digits_lost(objective, x, fun):
        return Status.WANDERS, "x has grown so large that its last digits alone change f"
    if lower is not None and objective.escapes > ESCAPES:
        return (
            Status.WANDERS,
            f"f was level {ESCAPES} times and fell again: its minimum seems to be at infinity",
        )
    return None


def _digits_lost(objective: Objective, x: Array, fun: float) -> bool:
    """Whether the last digits of x change f by a part of it that matters."""
    beside = objective.value(x * (1 + 4 * EPS * np.cos(np.arange(x.size))))
    return not abs(beside - fun) <= LOST * max(abs(fun), abs(objective.value(objective.start)))


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
    # Of different lengths, so that no two axes move an unknown to and fro.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], length.size)
    t = np.where(seen, length, 0.0) * signs * np.linspace(0.5, 1.5, length.size)
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
        bent = [flat.T @ objective.hessian(x + way) @ flat for way in (off, -off)]
        # On the side where less is in the way.
        bent = sorted((b for b in bent if np.isfinite(b).all()), key=np.linalg.norm)
        if bent:
            flat = flat @ np.linalg.eigh(bent[0])[1]
    return list(flat.T if flat.shape[1] <= len(EXTREMES) else flat.T[EXTREMES])
