"""A look around the point where a method ended: is f lower at a feasible point nearby?"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from optim.descent._surroundings import ROUNDING
from optim.from_scipy._constraints import violation
from optim.from_scipy._kkt import Stationarity, shortest
from optim.search._objective import Array

if TYPE_CHECKING:
    from optim.from_scipy._scipy_search import ScipySearch

RADII = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)  # of the sizes: where gradients are looked at
MOST_STEPS = 40
EXTRA = 6  # steps beyond three for each unknown, at each radius
FALLS = 0.1  # of what the gradients promise: what f falls by where they say which way is down
MET = 1e-9  # of the size of its terms: how well a constraint has to be met at a lower point
CORRECTIONS = 4


class Limited:
    """f and its gradients about x, at points that meet the bounds and constraints.

    Attributes
    ----------
    x, fun, sizes : of the point in the middle
        ``sizes`` measure the unknowns.
    slopes : ndarray of shape (n,)
        ∇f(x).
    jac : ndarray of shape (n,)
        The gradient of the Lagrangian.
    """

    def __init__(
        self,
        search: ScipySearch,
        x: Array,
        fun: float,
        sizes: Array,
        slopes: Array,
        first_order: Stationarity,
    ) -> None:
        self.x, self.fun, self.sizes, self.slopes = x, fun, sizes, slopes
        self.jac = first_order.residual
        self._search, self._pushes = search, first_order
        worst = violation(x, sizes, search.lower, search.upper, search.constraints)
        self._allowed = max(worst.relative, MET)

    def feasible(self, x: Array) -> Array | None:
        """Return a point close to x that meets all limits; None if none is found."""
        search = self._search
        x = np.clip(x, search.lower, search.upper)
        if not search.constraints:
            return x
        for _ in range(CORRECTIONS):
            worst = violation(x, self.sizes, search.lower, search.upper, search.constraints)
            if worst.relative <= self._allowed:
                return x
            rows, misses = [], []
            for c in search.constraints:
                off = c.excess(x) > 0
                rows.append(c.jacobian(x)[off] * self.sizes)
                misses.append((np.clip(c.value(x), c.lower, c.upper) - c.value(x))[off])
            matrix = np.concatenate(rows)
            if not np.all(np.isfinite(matrix)):
                return None
            step = np.linalg.lstsq(matrix, np.concatenate(misses))[0]
            x = np.clip(x + self.sizes * step, search.lower, search.upper)
        return None

    def value(self, x: Array) -> float:
        """Return f at the feasible point close to x; where there is none, infinity."""
        try:
            x_feasible = self.feasible(x)
            value = np.inf if x_feasible is None else self._search.plain(x_feasible)
        except Exception:  # far away the caller's functions may fail
            return np.inf
        return np.inf if np.isnan(value) else value

    def value_and_slopes(self, x: Array) -> tuple[float, Array]:
        """Return f and ∇f at the feasible point close to x; where they are unknown, ∞ and NaN."""
        try:
            there = self.feasible(x)
            if there is not None:
                value, slopes = self._search.value_and_slopes(there, self.sizes)
                return (np.inf if np.isnan(value) else value), slopes
        except Exception:  # far away the caller's functions may fail
            pass
        return np.inf, np.full(x.size, np.nan)

    def gradient(self, x: Array) -> Array:
        """Return the gradient of the Lagrangian at the feasible point close to x."""
        there = self.feasible(x)
        nothing = np.full(x.size, np.nan)
        if there is None:
            return nothing
        total = self.value_and_slopes(there)[1] + self._pushes.bound_multipliers
        at = 0
        for c in self._search.constraints:
            own = self._pushes.multipliers[at : at + c.lower.size]
            at += c.lower.size
            if own.any():
                total = total + own @ c.jacobian(there)
        return total

    def hessian(self, x: Array) -> Array | None:
        """Return the Hessian of the Lagrangian at x; None where it is unknown."""
        search = self._search
        try:
            matrix = np.asarray((search.given_hess or search.curvature)(x), float)
            at = 0
            for c in search.constraints:
                own = self._pushes.multipliers[at : at + c.lower.size]
                at += c.lower.size
                if own.any() and c.matrix is None:
                    bent = c.hess if callable(c.hess) else c.curvature
                    matrix = matrix + np.asarray(bent(x, own), float)
        except Exception:
            return None
        return matrix if np.all(np.isfinite(matrix)) else None

    def bend(self, x: Array, way: Array) -> float:
        """Return the Lagrangian's second derivative along a way, at the feasible point close to x.

        That is NaN where it is unknown, or a limit is in the way.
        """
        there = self.feasible(x)
        if (
            there is None
            or np.max(np.abs(there - x) / self.sizes) > np.max(np.abs(way) / self.sizes) / 2
        ):
            return np.nan
        matrix = self.hessian(there)
        return np.nan if matrix is None else float(way @ matrix @ way)

    def limits_within(self, radius: float, x: Array) -> Array:
        """Return the outward normals of all limits within a radius of x, in scaled unknowns."""
        search, sizes = self._search, self.sizes
        unit = np.eye(x.size)
        near = radius * sizes
        rows = [-unit[x - search.lower <= near], unit[search.upper - x <= near]]
        for c in search.constraints:
            J = c.jacobian(x) * sizes
            near = radius * np.abs(J).sum(axis=1)
            rows += [-J[c.value(x) - c.lower <= near], J[c.upper - c.value(x) <= near]]
        return np.concatenate(rows)


def lower_nearby(
    around: Limited, steps: list[Array], radii: Sequence[float], enough: float
) -> Array | None:
    """Return a feasible point near x where f is lower by more than ``enough``, if one is found.

    Some steps are tried first. Then f is followed down along minus the shortest vector in the
    convex hull of its gradients nearby: at a corner of f that leads along the corner, where the
    gradient at x alone leads across it.
    """
    start, first = around.x, around.fun
    for step in steps:
        if first - around.value(start + step) > enough:
            return around.feasible(start + step)
    for radius in radii:
        lower = _follow_down(around, radius, first - enough)
        if lower is not None:
            return lower
    return None


def _follow_down(around: Limited, radius: float, target: float) -> Array | None:
    """Return a point where f has come down to a target, by steps of a radius and more."""
    x, fun, sizes = around.x, around.fun, around.sizes
    gradients, outward = [around.slopes * sizes], around.limits_within(radius, x)
    for _ in range(min(3 * x.size + EXTRA, MOST_STEPS)):
        if not (np.all(np.isfinite(gradients[-1])) and np.all(np.isfinite(outward))):
            return None
        way = -shortest(np.array(gradients), outward)
        slope = hypot(*way)
        if slope <= fun - target or radius * slope <= ROUNDING * abs(fun):
            return None  # no more is to be had within the unknowns' sizes
        step = radius * sizes * way / slope
        there, gradient = around.value_and_slopes(x + step)
        if not np.all(np.isfinite(gradient)):
            return None
        if there < target:
            return around.feasible(x + step)
        if fun - there < FALLS * radius * slope:
            gradients.append(gradient * sizes)
            continue
        x = _along(around, x, step, there, radius)
        fun, gradient = around.value_and_slopes(x)
        if fun < target:
            return around.feasible(x)
        gradients, outward = [gradient * sizes], around.limits_within(radius, x)
    return None


def _along(around: Limited, x: Array, step: Array, fun: float, radius: float) -> Array:
    """Return the lowest of the points at growing distances along a step on which f falls."""
    while radius < 1:
        further = around.value(x + 3 * step)
        if not further < fun:
            break
        step, fun, radius = 3 * step, further, 3 * radius
    return x + step
