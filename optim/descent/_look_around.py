"""A look around what seems to be a minimum, whichever way the search came there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import NamedTuple

import numpy as np

from optim.descent._quadratic_model import QuadraticModel
from optim.descent._surroundings import (
    LOWER_NEARBY,
    ROUNDING,
    along,
    as_predicted,
    goes_on,
    in_digits,
    levels_off,
    room_within,
)
from optim.descent._trust_region import falls_without_end
from optim.search._objective import Array, Iterate, Objective
from optim.search._rounding import EPS
from optim.search._run import Status, Verdict

NEARER = 0.01  # of the sizes: where curvature tells flat directions apart
EXTREMES = [0, 1, -2, -1]  # of the curvatures far off: where f is tried at the most
FAR = 1e6  # times the size of the start: where f may have fallen without end
FARTHEST = 1e9  # and where it has, unless second derivatives say that there is a minimum
BEYOND_FAR = (1, 2)  # powers of ten times as far: where f has to rise then
BEYOND_LOWER = (4, 8)  # and times as far as to a lower point
LOWER = 1e-9  # of f: what it must fall by for the search to go on
STEPS = (30.0, 1e3)  # of Newton's, beyond which f may fall again
LOST = 1e-6  # of f: what it may change by with the last digits of x
ESCAPES = 5  # how often a lower point may be found beside what is no minimum
FOUND = Status.CONVERGED, "a minimum, by the exact second derivatives and a look around"


class Unlimited(NamedTuple):
    """f and its gradient about a point, where there are no limits."""

    objective: Objective
    x: Array
    fun: float
    jac: Array
    sizes: Array

    def feasible(self, x: Array) -> Array:
        """Return x."""
        return x

    def value(self, x: Array) -> float:
        """Return f(x)."""
        return self.objective.value(x)

    def gradient(self, x: Array) -> Array:
        """Return ∇f(x)."""
        return self.objective.value_and_gradient(x)[1]

    def bend(self, x: Array, way: Array) -> float:
        """Return the second derivative along a way at x."""
        return float(way @ self.objective.hessian_product(x)(way))


def around_point(objective: Objective, point: Iterate, reach: Array) -> Unlimited:
    """Return what is around a point, where ``reach`` is the largest size of each unknown."""
    sizes = np.where(reach > 0, reach, reach.max() or 1.0)
    return Unlimited(objective, point.x, point.fun, point.jac, sizes)


def look_around(
    objective: Objective, point: Iterate, hess: Array, reach: Array
) -> tuple[Array | None, Verdict]:
    """Return a lower point beside what seems to be a minimum, if there is one, and the verdict.

    The gradients at the last points of the search, or else at two off along all principal axes at
    once, tell along which of them f is curved as the Hessian says. Along the others Newton's way is
    gone further, and f itself is tried, on both sides.
    """
    around = around_point(objective, point, reach)
    x, fun = point.x, point.fun
    model = QuadraticModel(x, point.jac, hess, 1 / around.sizes)
    curvatures = np.where(model.curved, model.curvatures, 1.0)
    noise = 10 * EPS * np.abs(model.axes).T @ (np.abs(hess) @ np.abs(x))
    away = np.where(model.curved, np.abs(model.slopes) + noise, np.inf) / curvatures
    doubtful = ~as_predicted(around, model.axes, curvatures, away, list(objective.recent))
    lower: Array | None = None
    verdict: Verdict = FOUND
    if doubtful.any():
        terms = float(reach @ np.abs(hess) @ reach)
        left = float(model.slopes[model.curved] ** 2 @ (1 / model.curvatures[model.curved]))
        weak = doubtful & model.curved & (np.abs(model.slopes) > noise)
        step = -model.axes[:, weak] @ (model.slopes[weak] / model.curvatures[weak])
        lower, verdict = _beyond(around, step, left), LOWER_NEARBY
        bend = float(step @ hess @ step)
        if lower is None and weak.any() and goes_on(around, step, step, bend):
            return None, levels_off(step)
        if lower is None:
            lower, verdict = try_along(around, _apart(around, model.axes[:, doubtful]), terms, left)
    if verdict[0] is Status.CONVERGED or lower is not None:
        verdict = _endless(objective, x, fun, lower, bool(doubtful.any())) or verdict
    return (None if verdict[0] in (Status.UNBOUNDED, Status.WANDERS) else lower), verdict


def try_along(
    around: Unlimited, directions: Iterable[Array], terms: float, left: float = 0.0
) -> tuple[Array | None, Verdict]:
    """Try f along directions in which it has neither slope nor curvature.

    ``terms`` is about the size of what cancels in f, which may be the square of their difference;
    ``left`` is what f is known to have left to fall by, and may.
    """
    size = abs(around.fun)
    hidden = max(size, sqrt(size) * sqrt(terms), ROUNDING * terms)
    return along(around, directions, max(LOWER * size, left), hidden)


def _endless(
    objective: Objective, x: Array, fun: float, lower: Array | None, doubtful: bool
) -> Verdict | None:
    """Return why the search for a minimum is to end, if f seems to have none."""
    if lower is None:
        return far_out(objective.value, objective.start, x, fun, doubtful)
    objective.escapes += 1
    for step in (lower - x, lower - objective.start):
        if falls_without_end(objective.value, x, step, fun, BEYOND_LOWER):
            return Status.UNBOUNDED, f"f falls without end along {in_digits(step)}"
    if objective.escapes > ESCAPES:
        return (
            Status.WANDERS,
            f"f was level {ESCAPES} times and fell again: its minimum seems to be at infinity",
        )
    return None


def far_out(
    value: Callable[[Array], float], start: Array, x: Array, fun: float, doubtful: bool
) -> Verdict | None:
    """Return why what seems to be a minimum far from the start is none, if f seems to have none.

    ``doubtful`` says that second derivatives alone do not tell that it is one.
    """
    far = np.abs(x).max() / (np.abs(start).max() or 1.0)
    if not far > FAR:
        return None
    step = x - start
    if falls_without_end(value, x, step, fun, BEYOND_FAR):
        return Status.UNBOUNDED, f"f falls without end along {in_digits(step)}"
    beside = value(x * (1 + 4 * EPS * np.cos(np.arange(x.size))))
    if not abs(beside - fun) <= LOST * max(abs(fun), abs(value(start))):
        return Status.WANDERS, "x has grown so large that its last digits alone change f"
    if doubtful and far > FARTHEST:
        return Status.WANDERS, (
            f"x has grown by a factor of {far:.0e}, to where f levels off: its minimum seems to be "
            "at infinity"
        )
    return None


def _beyond(around: Unlimited, step: Array, left: float) -> Array | None:
    """Return a lower point some steps further on, as there is beyond an inflection."""
    for times in STEPS if step.any() else ():
        there = around.x + times * step
        if around.value(there) < around.fun - max(LOWER * abs(around.fun), left):
            return there
    return None


def _apart(around: Unlimited, flat: Array) -> list[Array]:
    """Return directions that span the doubtful axes, apart by how f is curved far off.

    Where there is no curvature any direction is as good as any other, and f may rise along all but
    one. Higher derivatives tell: by them the curvature far off is large along some only.
    """
    flat = flat * room_within(around.sizes, flat)
    if flat.shape[1] == 1:
        return [flat[:, 0]]
    off = NEARER * flat @ np.random.default_rng(0).normal(size=flat.shape[1])
    hessian = around.objective.hessian
    bent = [flat.T @ hessian(around.x + way) @ flat for way in (off, -off)]
    # On the side where less is in the way.
    bent = sorted((b for b in bent if np.isfinite(b).all()), key=np.linalg.norm)
    if bent:
        flat = flat @ np.linalg.eigh(bent[0])[1]
    return list(flat.T if flat.shape[1] <= len(EXTREMES) else flat.T[EXTREMES])
