"""A look around the point where a method ended: is f lower at a feasible point nearby?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autodiff import value_and_grad
from optim._objective import Array
from optim._run import Status, Verdict
from optim.descent._flat_directions import shown
from optim.from_scipy._constraints import violation
from optim.from_scipy._kkt import ReducedNewton, shortest

if TYPE_CHECKING:
    from optim.from_scipy._search import Search

RADII = 10.0 ** -np.arange(1, 8)  # of the unknowns' sizes: how far away the gradient is looked at
MOST = 40
EXTRA = 6  # steps beyond three for each unknown, at each radius
LENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 3.0)  # of the unknowns' sizes: where f is tried along an axis
FALLS = 0.1  # of what the gradients promise: what f falls by where they say which way is down
MET = 1e-9  # of the size of its terms: how well a constraint has to be met at a lower point
CORRECTIONS = 4
BEYOND = 20.0  # times as far as the minimum along an axis: where the gradient is looked at
CLOSE = 1e-6  # of the unknowns' sizes: and how far off at the least
LEVEL = 1e-12  # of the largest curvature: what is none
AGREES = 0.7  # of the change that was predicted: by how much the gradient's may differ from it
ROUNDING = 16 * float(np.finfo(float).eps)


class Surroundings:
    """f and its gradient near x, at points that meet the bounds and constraints.

    Attributes
    ----------
    x, fun, sizes, gradient : of the point in the middle
        ``sizes`` measure the unknowns.
    """

    def __init__(self, search: Search, x: Array, fun: float, sizes: Array, gradient: Array) -> None:
        self.x, self.fun, self.sizes, self.gradient = x, fun, sizes, gradient
        self._search = search
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

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Return f and ∇f at the feasible point close to x; where they are unknown, ∞ and NaN."""
        search = self._search
        nothing = np.inf, np.full(x.size, np.nan)
        try:
            x_feasible = self.feasible(x)
            if x_feasible is None:
                return nothing
            if search.knows_gradient:
                value, gradient = search.value(x_feasible), search.gradient(x_feasible)
            else:
                search.nfev += 1
                value, gradient = value_and_grad(search.f)(x_feasible)
        except Exception:
            return nothing
        return (np.inf if np.isnan(value) else float(value)), gradient

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


def lower_nearby(around: Surroundings, steps: list[Array], enough: float) -> Array | None:
    """Return a feasible point near x where f is lower by more than ``enough``, if one is found.

    Some steps are tried first. Then f is followed down along minus the shortest vector in the
    convex hull of its gradients nearby: at a corner of f that leads along the corner, where the
    gradient at x alone leads across it.
    """
    start, first = around.x, around.fun
    for step in steps:
        if first - around.value(start + step) > enough:
            return around.feasible(start + step)
    for radius in RADII:
        lower = _followed(around, float(radius), first - enough)
        if lower is not None:
            return lower
    return None


def as_predicted(around: Surroundings, newton: ReducedNewton) -> NDArray[np.bool_]:
    """Return along which axes the gradient changes as second derivatives say, on both sides.

    That is tried off along all axes at once, far beyond where the minimum is promised to be.
    """
    axes, bends = newton.axes, newton.bends
    lengths = np.maximum(BEYOND * newton.away, CLOSE)
    seen: NDArray[np.bool_] = (bends > LEVEL * bends.max(initial=0.0)) & (lengths < 1)
    # As far along each as changes f as much: then no change hides behind another's third order.
    change = np.max(np.where(seen, bends * lengths**2, 0.0), initial=0.0)
    lengths = np.minimum(1.0, np.sqrt(change / np.where(seen, bends, 1.0)))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], lengths.size)
    for way in (signs * lengths, -signs * lengths):
        if seen.any():
            way = np.where(seen, way, 0.0)
            _, gradient = around.value_and_gradient(around.x + axes @ way)
            change = (gradient - around.gradient) @ axes
            seen = seen & (np.abs(change - way * bends) < AGREES * np.abs(way * bends))
    return seen


def along_axes(
    around: Surroundings, axes: Array, enough: float, blur: float
) -> tuple[Array | None, Verdict | None]:
    """Return a lower point along axes on which second derivatives decide nothing, or a doubt.

    f has to rise on both sides, or to be level on both.
    """
    for axis in (axes / np.abs(axes / around.sizes[:, None]).max(axis=0, initial=0.0)).T:
        ends = [_end_of(around, way, enough, blur) for way in (axis, -axis)]
        for lower, change in ends:
            if change < -enough:
                return lower, None
        ahead, behind = (change for _, change in ends)
        if min(ahead, behind) < -blur or (ahead > blur) != (behind > blur):
            way = shown(axis if ahead < behind else -axis)
            return None, (
                Status.WANDERS,
                f"f levels off along {way}, as far as it can be seen: its minimum seems to be at "
                "infinity",
            )
    return None, None


def _end_of(around: Surroundings, axis: Array, enough: float, blur: float) -> tuple[Array, float]:
    """Return where f first rises along an axis, or falls enough; and by how much it changes."""
    x, change = around.x, 0.0
    for length in LENGTHS:
        x = around.x + length * axis
        there = around.feasible(x)
        if there is None or np.abs((there - x) / axis).min() > length / 2:
            return x, np.inf  # a limit is in the way
        change = around.value(x) - around.fun
        if change > blur or change < -enough:
            break
    return x, change


def _followed(around: Surroundings, radius: float, target: float) -> Array | None:
    """Return a point where f has come down to a target, by steps of a radius and more."""
    x, fun, sizes = around.x, around.fun, around.sizes
    gradients, outward = [around.gradient * sizes], around.limits_within(radius, x)
    for _ in range(min(3 * x.size + EXTRA, MOST)):
        way = -shortest(np.array(gradients), outward)
        slope = float(np.linalg.norm(way))
        if slope <= fun - target or radius * slope <= ROUNDING * abs(fun):
            return None  # no more is to be had within the unknowns' sizes
        step = radius * sizes * way / slope
        there, gradient = around.value_and_gradient(x + step)
        if not np.all(np.isfinite(gradient)):
            return None
        if fun - there < FALLS * radius * slope:
            gradients.append(gradient * sizes)
            continue
        x = _along(around, x, step, there, radius)
        fun, gradient = around.value_and_gradient(x)
        if fun < target:
            return around.feasible(x)
        gradients, outward = [gradient * sizes], around.limits_within(radius, x)
    return None


def _along(around: Surroundings, x: Array, step: Array, fun: float, radius: float) -> Array:
    """Return the lowest of the points at growing distances along a step on which f falls."""
    while radius < 1:
        further = around.value(x + 3 * step)
        if not further < fun:
            break
        step, fun, radius = 3 * step, further, 3 * radius
    return x + step
