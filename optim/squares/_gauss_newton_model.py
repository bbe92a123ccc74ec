"""The Gauss-Newton model: the linear problem about a point, and its best step within bounds."""

from __future__ import annotations

from math import frexp, inf, sqrt
from typing import Any, NamedTuple

import numpy as np

from optim.search._bounds import Bounds
from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.squares._residual_point import ResidualPoint, norm
from optim.squares._triangle import lapack, triangle_of_rows

# -- the linear problem at a point -----------------------------------------------------------


class GaussNewtonModel:
    """The linear problem about a point in the free unknowns, each in units of its scale.

    A step leaves the residuals ``target + triangle[:, :n] @ step``, and others, the noise, that no
    step can change.

    Attributes
    ----------
    rank : int
    removable : float
        The norm of the residuals that a step could still remove.
    noise : float
        The norm of those that no step could.
    offset : float
        The relative offset: 0 at a minimum, about 1 far from any.
    """

    __slots__ = (
        *("n", "tolerance", "scale", "products", "triangle", "target", "is_regular", "factors"),
        *("rank", "removable", "noise", "offset"),
    )

    def __init__(
        self,
        point: ResidualPoint,
        scale: Array,
        free: Any = None,
        step: Array | None = None,
        tolerance: float = EPS,
    ) -> None:
        n, m = len(point.x), point.size
        triangle = point.triangle
        if free is not None:
            rest = triangle[:, n] if step is None else triangle[:, n] + triangle[:, :n] @ step
            triangle = triangle_of_rows(np.column_stack([triangle[:, :n][:, free], rest]))
            scale, n = scale[free], triangle.shape[1] - 1
        self.n, self.tolerance = n, tolerance * max(m, n)
        scales = scale.tolist()
        if 0.0 in scales:
            scale = np.where(scale > 0, scale, 1.0)
            scales = scale.tolist()
        self.scale = scale
        self.products = point.products if free is None and point.are_independent else None
        self.triangle, self.target = triangle, triangle[:n, n]
        unreached = abs(float(triangle[n, n])) if len(triangle) > n else 0.0
        self.factors: tuple[Array, Array, Array] | None = None
        self.is_regular = self._is_regular(scales)
        if self.is_regular:
            self.rank, self.removable, self.noise = n, norm(self.target), unreached
        else:
            self.factors = self._factorise()
            self.rank, target = len(self.factors[0]), self.factors[1]
            self.removable = norm(target[: self.rank])
            self.noise = float(np.hypot(norm(target[self.rank :]), unreached))
        removable = self.removable / sqrt(max(self.rank, 1))
        noise = self.noise / sqrt(max(m - self.rank, 1))
        self.offset = removable / noise if noise else inf if removable else 0.0

    def _is_regular(self, scales: list[float]) -> bool:
        """Whether a bound on the condition of the linear problem shows that it has full rank.

        References
        ----------
        H. Guggenheimer, A. Edelman and C. R. Johnson, "A simple estimate of the condition number of
        a linear system", The College Mathematics Journal 26 (1995): it is below 2 / abs(det) where
        the columns are no longer than 1.
        """
        n = self.n
        if len(self.triangle) < n or not n:
            return False
        determinant = 1.0
        for diagonal, scale in zip(self.triangle.diagonal().tolist(), scales, strict=False):
            determinant *= diagonal / scale
        if abs(determinant) > 2 * self.tolerance:
            return True
        inverse, singular = lapack().dtrtri(self.triangle[:n, :n])
        if singular:
            return False
        condition = norm((self.scale[:, None] * inverse).ravel("K")) * sqrt(n)
        return condition * self.tolerance < 1

    def _factorise(self) -> tuple[Array, Array, Array]:
        """Return the singular values that are not zero, the target along left axes, right axes."""
        if not self.n:
            return np.empty(0), self.target, np.empty((0, 0))
        U, s, Vt = np.linalg.svd(self.triangle[: self.n, : self.n] / self.scale)
        return s[s > self.tolerance * s[0]], U.T @ self.target, Vt.T

    def step(self, radius: float = inf) -> tuple[Array, float, float]:
        """Return the step that removes most within a radius, its length and its damping."""
        if self.is_regular:
            step: Array = -lapack().dtrtrs(self.triangle[: self.n, : self.n], self.target)[0]
            size = norm(self.scale * step)
            if size <= 1.1 * radius:
                return step, size, 0.0
            if self.products is not None:
                return self._damped_by_cholesky(self.products, step, size, radius)
        if self.factors is None:
            self.factors = self._factorise()
        s, target, axes = self.factors
        if not len(s):
            return np.zeros(self.n), 0.0, 0.0
        along, damping = damped_step(s.tolist(), target.tolist(), radius)
        u = -axes[:, : len(s)].dot(along)
        return u / self.scale, norm(u), damping

    def _damped_by_cholesky(
        self, products: Array, step: Array, size: float, radius: float
    ) -> tuple[Array, float, float]:
        """Return the step within a radius from the products, which takes half the time or less."""
        solve, cholesky, cholesky_solve = lapack().dtrtrs, lapack().dpotrf, lapack().dpotrs
        n, squares, damping = self.n, self.scale**2, 0.0
        products, gradient = products[:n, :n], products[:n, n]
        triangle = self.triangle[:n, :n]
        for _ in range(100):
            slope = solve(triangle, squares * step, trans=1)[0]
            damping += (size - radius) / radius * size * size / float(slope.dot(slope))
            shifted = products.copy()
            shifted.ravel()[:: n + 1] += damping * squares
            triangle = cholesky(shifted)[0]
            step = -cholesky_solve(triangle, gradient)[0]
            size = norm(self.scale * step)
            if not size > 1.1 * radius:
                break
        return step, size, damping

    @property
    def undetermined(self) -> Array:
        """Steps that change no residual, as columns."""
        if self.factors is None:
            return np.empty((self.n, 0))
        steps: Array = self.factors[2][:, self.rank :] / self.scale[:, None]
        return steps

    def reduction(self, step: Array) -> float:
        """Return by how much the sum of squares would fall."""
        change = self.triangle[: self.n, : self.n].dot(step)
        return -float(change.dot(2 * self.target + change))


def damped_step(s: list[float], target: list[float], radius: float) -> tuple[list[float], float]:
    """Return the t within a radius that makes s t nearest to the target, and its damping.

    This is the t of least Σ (s t - target)² + damping t². The damping is found by Hebden's
    iteration.
    """
    # In units in which no square underflows.
    largest, unit = s[0], 2.0 ** (frexp(max(map(abs, target[: len(s)])))[1] - 1)
    s = [a / largest for a in s]
    target = [b / unit for b in target]
    radius = radius * largest / unit
    damping = 0.0
    t = [b / a for a, b in zip(s, target, strict=False)]
    squares = [a * a for a in s]
    for _ in range(100):
        sum_of_squares = sum([a * a for a in t])
        size = sqrt(sum_of_squares)
        if not size > 1.1 * radius:
            break
        slope = sum([a * a / (b + damping) for a, b in zip(t, squares, strict=True)])
        damping += (size - radius) / radius * sum_of_squares / slope
        t = [a * b / (c + damping) for a, b, c in zip(s, target, squares, strict=False)]
    return [a * unit / largest for a in t], damping * largest**2


# -- a step ----------------------------------------------------------------------------------


class TrialStep(NamedTuple):
    """A step, where it leads, its length in units of the scale, and by how much the cost falls."""

    step: Array
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
        step, size, damping = linear.step(radius)
        reduction = linear.reduction(step) if damping else linear.removable**2
        x = point.x + step
        return TrialStep(x - point.x, x, size, reduction)
    scale = np.where(scale > 0, scale, 1.0)
    step, held = _bounded_step(point, scale, radius, bounds)
    x = np.clip(point.x + step, *bounds)
    lower, upper = bounds
    x = np.where(held, np.where(2 * x < lower + upper, lower, upper), x)
    change = point.triangle[:, :-1] @ step
    reduction = -float(2 * (point.gradient @ step) + change @ change)
    return TrialStep(x - point.x, x, norm(scale * step), reduction)


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
        of_free, _, damping = linear.step(max(radius**2 - spent**2, (radius / 10) ** 2) ** 0.5)
        goal = step.copy()
        goal[~held] = of_free
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
