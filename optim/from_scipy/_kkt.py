"""The conditions of Karush, Kuhn and Tucker, of first and second order, at one point."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from optim.from_scipy._constraints import Constraint
from optim.search._objective import Array
from optim.search._rounding import EPS, TINY

# How near a limit counts as active, of the size of its terms. Where that is wrong, the multiplier
# times the distance, which `Stationarity.gain` sums up, tells what could still be gained.
ACTIVE = 1e-2


class Stationarity(NamedTuple):
    """How nearly ∇f + Σ λᵢ ∇cᵢ + μ = 0, with λ and μ of the signs that a minimum asks for.

    Attributes
    ----------
    multipliers, bound_multipliers : ndarrays of shapes (m,) and (n,)
        λ and μ: at most 0 at a lower limit, at least 0 at an upper one, and 0 away from both.
    residual : ndarray of shape (n,)
        The left side.
    gain : float
        By how much f could still fall, were the limits that push met exactly.
    onto_limits : ndarray of shape (n,)
        The step to where those limits are met exactly, to first order.
    held : ndarray of shape (k, n)
        The gradients of what is fixed to first order: equalities, and limits that push.
    one_sided : ndarray of shape (j, n)
        Those of limits that are touched, but do not push: a direction leads inwards where its
        products with them are not negative.
    """

    multipliers: Array
    bound_multipliers: Array
    residual: Array
    gain: float
    onto_limits: Array
    held: Array
    one_sided: Array


def stationarity(
    x: Array,
    gradient: Array,
    reach: Array,
    lower: Array,
    upper: Array,
    constraints: Sequence[Constraint],
) -> Stationarity:
    """Return the multipliers at x that bring ∇f + Σ λᵢ ∇cᵢ + μ nearest to zero.

    Bounds count as constraints, and each equation is weighed with the reach of its unknown.
    """
    if not constraints and np.all(np.isinf(lower)) and np.all(np.isinf(upper)):
        rows = np.zeros((0, x.size))
        none = np.zeros(x.size)
        return Stationarity(np.zeros(0), none, gradient, 0.0, none, rows, rows)
    empty: list[Array] = [np.zeros(0)]
    J = np.concatenate([np.zeros((0, x.size)), *[c.jacobian(x) for c in constraints]])
    value = np.concatenate(empty + [c.value(x) for c in constraints] + [x])
    low = np.concatenate(empty + [c.lower for c in constraints] + [lower])
    high = np.concatenate(empty + [c.upper for c in constraints] + [upper])
    near = ACTIVE * np.concatenate([np.abs(J) @ reach, reach])
    at_low = (value - low <= near) | (low == high)
    at_high = (high - value <= near) | (low == high)
    m = _multipliers(J, gradient, reach, at_low, at_high)
    missing = np.where(m < 0, low - value, high - value)
    fixed = (m != 0) | (low == high)
    held = _rows(J, fixed)
    return Stationarity(
        m[: len(J)],
        m[len(J) :],
        gradient + m[: len(J)] @ J + m[len(J) :],
        float(np.sum(np.abs(m * np.where(m == 0, 0, missing)))),
        reach * np.linalg.lstsq(held * reach, missing[fixed])[0],
        held,
        np.concatenate([_rows(J, at_low & ~fixed), -_rows(J, at_high & ~fixed)]),
    )


def _multipliers(J: Array, gradient: Array, reach: Array, at_low: Array, at_high: Array) -> Array:
    """Return the multipliers of all constraints and bounds, by which of their limits are met."""
    if not len(J):
        pushes: Array = np.where(at_low, np.minimum(-gradient, 0), 0)
        return pushes + np.where(at_high, np.maximum(-gradient, 0), 0)
    m = np.zeros(at_low.size)
    signed = np.concatenate([_rows(J, at_low) * -1, _rows(J, at_high)])
    pushes = _least_squares_not_negative(signed * reach, -gradient * reach)
    m[at_low] -= pushes[: at_low.sum()]
    m[at_high] += pushes[at_low.sum() :]
    return m


def _rows(J: Array, chosen: Array) -> Array:
    """Return some of the gradients of all constraints and of all unknowns, which come last."""
    count, size = J.shape
    at = np.flatnonzero(chosen[count:])
    units = np.zeros((at.size, size))
    units[np.arange(at.size), at] = 1
    return np.concatenate([J[chosen[:count]], units])


def _least_squares_not_negative(rows: Array, target: Array) -> Array:
    """Return the z ≥ 0 that brings z @ rows nearest to the target."""
    from scipy.optimize import nnls

    sizes = np.sqrt(np.sum(rows * rows, axis=1))
    sizes[sizes == 0] = 1
    if not (len(rows) and np.all(np.isfinite(rows)) and np.all(np.isfinite(target))):
        return np.zeros(len(rows))
    try:
        z, _ = nnls((rows / sizes[:, None]).T, target)
    except RuntimeError:  # it went round
        return np.zeros(len(rows))
    pushes: Array = z / sizes
    return pushes


def shortest(hull: Array, cone: Array) -> Array:
    """Return the shortest vector in the convex hull of some rows plus the cone of others."""
    from scipy.optimize import nnls

    size = float(np.abs(hull).max()) or 1.0
    rows = np.concatenate([hull / size, _of_length_one(cone)])
    # Of the weights that are not negative, those whose sum is to be 1 get a further equation: that
    # alone is as if the sum were 1, with the vector shortened.
    sums = np.where(np.arange(len(rows)) < len(hull), 1.0, 0.0)
    weights = sums
    with suppress(RuntimeError):  # where it goes round the mean has to do
        weights, _ = nnls(np.column_stack([rows, sums]).T, np.eye(rows.shape[1] + 1)[-1])
    vector: Array = size * (weights @ rows) / (weights @ sums)
    return vector


class ReducedNewton(NamedTuple):
    """The Newton step along what the constraints leave free, and the curvatures there.

    Attributes
    ----------
    step : ndarray of shape (n,)
        Downhill also where a curvature is negative.
    slope : float
        The derivative of f along the step.
    held_slopes : ndarray of shape (n,)
        What is left of the slopes across what the constraints leave free, over the sizes.
    axes : ndarray of shape (n, k)
        Those of the Lagrangian's Hessian, where each unknown is measured by its size.
    bends : ndarray of shape (k,)
        The second derivatives along them, ascending.
    away : ndarray of shape (k,)
        How far off along each its minimum may be, rounding included.
    terms : float
        About the size of what may cancel in f.
    falls : bool
        Whether an axis along which f bends down leads to feasible points.
    """

    step: Array
    slope: float
    held_slopes: Array
    axes: Array
    bends: Array
    away: Array
    terms: float
    falls: bool

    @property
    def curvatures(self) -> Array:
        """The second derivatives over the largest of their sizes."""
        curvatures: Array = self.bends / max(np.abs(self.bends).max(initial=0.0), TINY)
        return curvatures


def reduced_newton(hessian: Array, x: Array, point: Stationarity, sizes: Array) -> ReducedNewton:
    """Return the Newton step from x, each unknown measured by its size."""
    scaled = hessian * np.outer(sizes, sizes)
    free = _orthogonal(point.held * sizes)
    bends, axes = np.linalg.eigh(free.T @ scaled @ free)
    axes = free @ axes
    slopes = axes.T @ (point.residual * sizes)
    stiff = np.maximum(np.abs(bends), max(EPS * np.abs(bends).max(initial=0.0), TINY))
    noise = 10 * EPS * np.abs(axes).T @ (np.abs(scaled) @ np.abs(x / sizes))
    step = sizes * (axes @ (-slopes / stiff))
    ways = axes * sizes[:, None]
    inwards = point.one_sided @ ways[:, bends < 0]
    return ReducedNewton(
        step,
        float(point.residual @ step),
        point.residual * sizes - axes @ slopes,
        ways,
        bends,
        (np.abs(slopes) + noise) / stiff,
        float(np.abs(x) @ np.abs(hessian) @ np.abs(x)),
        bool(np.any(np.all(inwards >= 0, axis=0) | np.all(inwards <= 0, axis=0))),
    )


DEPENDENT = 1e-10  # of the largest singular value of rows of length 1: what is none


def _orthogonal(rows: Array) -> Array:
    """Return directions, as columns, that are orthogonal to all rows."""
    rows = _of_length_one(rows)
    if not len(rows):
        return np.eye(rows.shape[1])
    _, sizes, directions = np.linalg.svd(rows)
    free: Array = directions[np.count_nonzero(sizes > DEPENDENT * sizes[0]) :].T
    return free


def _of_length_one(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=1)
    chosen: Array = rows[lengths > 0] / lengths[lengths > 0, None]
    return chosen


ALMOST = 1e-3  # the same, where what the constraints say to first order cannot be relied on


def are_dependent(rows: Array) -> bool:
    """Whether gradients are dependent, or one of them is zero."""
    units = _of_length_one(rows)
    if len(units) < len(rows) or len(rows) > rows.shape[1]:
        return True
    return bool(len(rows) and np.linalg.svd(units)[1][-1] < ALMOST)
