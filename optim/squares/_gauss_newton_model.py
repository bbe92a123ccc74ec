"""The Gauss-Newton model: the linear problem about a point, and its best step within bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np

from optim.search._bounds import Bounds
from optim.search._objective import Array, Iterate
from optim.search._rounding import EPS
from optim.squares._triangle import lapack, triangle_of_rows


class ResidualPoint(NamedTuple):
    """A place in the space of the unknowns, and what was evaluated there."""

    x: Array
    residuals: Array
    jacobian: Array  # (residuals, unknowns)
    cost: float  # twice it: the sum of squares, or of losses
    triangle: Array  # R of the QR factors of the Jacobian with the residuals as its last column
    norms: Array  # of the Jacobian's columns

    @property
    def usable(self) -> bool:
        return isfinite(self.cost) and isfinite(self.norms.sum())

    @property
    def terms(self) -> float:
        """The size of what the unknowns contribute to the residuals, as far as it is linear."""
        return norm(self.norms * self.x)

    @property
    def rounding(self) -> float:
        """The size of what can be removed from the residuals by the errors of rounding alone."""
        return EPS * sqrt(self.x.size) * (self.terms + sqrt(abs(self.cost)))

    @property
    def gradient(self) -> Array:
        """Of half the cost."""
        gradient: Array = self.triangle[:, :-1].T @ self.triangle[:, -1]
        return gradient

    @property
    def iterate(self) -> Iterate:
        more = {"cost": self.cost / 2, "triangle": self.triangle[: self.x.size, :-1]}
        return Iterate(self.x, self.residuals, self.jacobian, more)


class Function(NamedTuple):
    """What is minimised.

    The linear problem at a point; the cost alone; the residuals alone; a point with the derivatives
    of another near it; and the Hessian of half the cost.
    """

    evaluate: Callable[[Array], ResidualPoint]
    cost: Callable[[Array], float]
    residuals: Callable[[Array], Array]
    with_frozen_jacobian: Callable[[ResidualPoint, Array], ResidualPoint]
    hessian: Callable[[Array], Array] | None


def norm(v: Array) -> float:
    """Return the Euclidean norm of a vector."""
    return sqrt(v.dot(v))


# -- the linear problem at a point -----------------------------------------------------------


class GaussNewtonModel:
    """The linear problem about a point in the free unknowns, each in units of its scale.

    A step of u leaves the residuals ``target + matrix @ u``, and others, the noise, that no step
    can change.
    """

    def __init__(
        self,
        point: ResidualPoint,
        scale: Array,
        free: Any = None,
        step: Array | None = None,
        tolerance: float = EPS,
    ) -> None:
        m, n = point.jacobian.shape
        triangle = point.triangle
        if free is not None:
            rest = triangle[:, n] if step is None else triangle[:, n] + triangle[:, :n] @ step
            triangle = triangle_of_rows(np.column_stack([triangle[:, :n][:, free], rest]))
            scale, n = scale[free], triangle.shape[1] - 1
        self.m, self.n, self.tolerance = m, n, tolerance * max(m, n)
        self.scale = scale if scale.all() else np.where(scale > 0, scale, 1.0)
        self.matrix = triangle[:n, :n] / self.scale
        self.target = triangle[:n, n]
        self.unreached = abs(float(triangle[n, n])) if len(triangle) > n else 0.0
        self.inverse = self._inverse()

    def _inverse(self) -> Array | None:
        """Return the inverse of the matrix if a bound on its condition shows that it has one."""
        matrix = self.matrix
        if len(matrix) != self.n or not self.n:
            return None
        inverse: Array
        inverse, singular = lapack().dtrtri(matrix)
        if singular:
            return None
        condition = norm(inverse.ravel("K")) * norm(matrix.ravel("K"))
        return inverse if condition * self.tolerance < 1 else None

    @cached_property
    def factors(self) -> tuple[Array, Array, Array]:
        """The singular values that are not zero, the target along all left axes, and all right."""
        if not self.n:
            return np.empty(0), self.target, np.empty((0, 0))
        U, s, Vt = np.linalg.svd(self.matrix)
        return s[s > self.tolerance * s[0]], U.T @ self.target, Vt.T

    @property
    def rank(self) -> int:
        return self.n if self.inverse is not None else len(self.factors[0])

    @property
    def removable(self) -> float:
        """The norm of the residuals that a step could still remove."""
        return norm(self.target if self.inverse is not None else self.factors[1][: self.rank])

    @property
    def noise(self) -> float:
        """The norm of those that no step could."""
        if self.inverse is not None:
            return self.unreached
        return float(np.hypot(norm(self.factors[1][self.rank :]), self.unreached))

    @property
    def offset(self) -> float:
        """The relative offset: 0 at a minimum, about 1 far from any."""
        removable = self.removable / max(self.rank, 1) ** 0.5
        noise = self.noise / max(self.m - self.rank, 1) ** 0.5
        return removable / noise if noise else np.inf if removable else 0.0

    def step(self, radius: float = np.inf) -> tuple[Array, float]:
        """Return the u that removes most within a radius, and the damping of which it is the step.

        The damping is found by Hebden's iteration.
        """
        if self.inverse is not None:
            u = self.inverse.dot(self.target)
            if norm(u) <= 1.1 * radius:
                return -u, 0.0
        s, removable, axes = self.factors
        if not len(s):
            return np.zeros(self.n), 0.0
        removable = removable[: len(s)]
        largest, unit = s[0], 2.0 ** np.frexp(np.abs(removable).max())[1]  # squares underflow
        s, removable, radius = s / largest, removable / unit, radius * largest / unit
        damping = 0.0
        t = removable / s
        for _ in range(100):
            if not (size := norm(t)) > 1.1 * radius:
                break
            damping += (
                (size - radius) / radius * size * size / float(np.sum(t**2 / (s**2 + damping)))
            )
            t = s * removable / (s**2 + damping)
        return -axes[:, : len(s)] @ (t * unit / largest), damping * largest**2

    def reduction(self, u: Array) -> float:
        """Return by how much the sum of squares would fall."""
        change = self.matrix.dot(u)
        return -float(change.dot(2 * self.target + change))


# -- a step ----------------------------------------------------------------------------------


class TrialStep(NamedTuple):
    """Where a step leads, its length in units of the scale, and by how much the cost would fall."""

    x: Array
    size: float
    reduction: float


def gauss_newton_model(
    point: ResidualPoint, scale: Array, bounds: Bounds | None, tolerance: float = EPS
) -> GaussNewtonModel:
    """Return the linear problem in the unknowns that no bound holds."""
    free = None if bounds is None else ~held_by(bounds, point)
    return GaussNewtonModel(point, scale, free, tolerance=tolerance)


def held_by(bounds: Bounds, point: ResidualPoint) -> Any:
    """Return which unknowns are at a bound that the gradient presses them against."""
    lower, upper = bounds
    x, gradient = point.x, point.gradient
    pressed = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
    return pressed | (lower == upper)


def step_from(
    point: ResidualPoint,
    linear: GaussNewtonModel,
    scale: Array,
    radius: float,
    bounds: Bounds | None,
) -> TrialStep:
    """Return the step that removes most of the residuals within a radius and the bounds."""
    if bounds is None:
        u, damping = linear.step(radius)
        reduction = linear.reduction(u) if damping else linear.removable**2
        return TrialStep(point.x + u / linear.scale, norm(u), reduction)
    scale = np.where(scale > 0, scale, 1.0)
    step, held = _bounded_step(point, scale, radius, bounds)
    x = np.clip(point.x + step, *bounds)
    lower, upper = bounds
    x = np.where(held, np.where(2 * x < lower + upper, lower, upper), x)
    change = point.triangle[:, :-1] @ step
    reduction = -float(2 * (point.gradient @ step) + change @ change)
    return TrialStep(x, norm(scale * step), reduction)


def _bounded_step(
    point: ResidualPoint, scale: Array, radius: float, bounds: Bounds
) -> tuple[Array, Any]:
    """Return that step, and which unknowns it holds at or brings to a bound.

    The linear problem in the bounds is convex. From where the last free unknowns had their least
    squares, one that meets a bound is held there, or one that is better off within is freed.

    References
    ----------
    P. B. Stark and R. L. Parker, "Bounded-variable least-squares: an algorithm and applications",
    Computational Statistics 10 (1995).
    """
    lowest, highest = bounds[0] - point.x, bounds[1] - point.x
    held = held_by(bounds, point)
    step = np.zeros(point.x.size)
    jacobian = point.triangle[:, :-1]
    for _ in range(10 * step.size):
        linear = GaussNewtonModel(point, scale, ~held, np.where(held, step, 0.0))
        spent = norm((scale * step)[held])
        u, damping = linear.step(max(radius**2 - spent**2, (radius / 10) ** 2) ** 0.5)
        goal = step.copy()
        goal[~held] = u / linear.scale
        limit = np.clip(goal, lowest, highest)
        outside = ~held & (limit != goal)
        if outside.any():
            share = np.where(outside, (limit - step) / (goal - step), np.inf)
            first = int(np.argmin(share))
            step = step + share[first] * (goal - step)
            step[first], held[first] = limit[first], True
            continue
        step = goal
        gradient = point.gradient + jacobian.T @ (jacobian @ step) + damping * scale**2 * step
        inward = np.where(step <= lowest, -gradient, gradient)
        inward[~held | (lowest == highest)] = 0.0
        if not (inward > EPS * norm(point.gradient)).any():
            break
        held[np.argmax(inward / scale)] = False
    return step, held
