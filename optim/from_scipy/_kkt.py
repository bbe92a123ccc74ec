"""The conditions of Karush, Kuhn and Tucker, of first and second order, at one point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from optim._objective import Array
from optim.from_scipy._constraints import Constraint

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
        return Stationarity(np.zeros(0), np.zeros(x.size), gradient, 0.0, rows, rows)
    none: list[Array] = [np.zeros(0)]
    J = np.concatenate([np.zeros((0, x.size)), *[c.jacobian(x) for c in constraints]])
    value = np.concatenate(none + [c.value(x) for c in constraints] + [x])
    low = np.concatenate(none + [c.lower for c in constraints] + [lower])
    high = np.concatenate(none + [c.upper for c in constraints] + [upper])
    near = ACTIVE * np.concatenate([np.abs(J) @ reach, reach])
    at_low = (value - low <= near) | (low == high)
    at_high = (high - value <= near) | (low == high)
    m = np.zeros(value.size)
    if len(J):
        signed = np.concatenate([_rows(J, at_low) * -1, _rows(J, at_high)])
        pushes = _least_squares_not_negative(signed * reach, -gradient * reach)
        m[at_low] -= pushes[: at_low.sum()]
        m[at_high] += pushes[at_low.sum() :]
    else:
        m = np.where(at_low, np.minimum(-gradient, 0), 0) + np.where(
            at_high, np.maximum(-gradient, 0), 0
        )
    distance = np.where(m < 0, value - low, high - value)
    fixed = (m != 0) | (low == high)
    return Stationarity(
        m[: len(J)],
        m[len(J) :],
        gradient + m[: len(J)] @ J + m[len(J) :],
        float(np.sum(np.abs(m * np.where(m == 0, 0, distance)))),
        _rows(J, fixed),
        np.concatenate([_rows(J, at_low & ~fixed), -_rows(J, at_high & ~fixed)]),
    )


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


class ReducedNewton(NamedTuple):
    """The Newton step along what the constraints leave free, and the curvatures there.

    Attributes
    ----------
    step : ndarray of shape (n,)
        Downhill also where a curvature is negative.
    slope : float
        The derivative of f along the step.
    curvatures : ndarray
        Eigenvalues of the Lagrangian's Hessian, over the largest of their sizes, ascending.
    falls : bool
        Whether a direction of negative curvature leads to feasible points.
    level : ndarray of shape (n, k)
        Directions without curvature, or along which the minimum is promised to be far away.
    """

    step: Array
    slope: float
    curvatures: Array
    falls: bool
    level: Array


LEVEL = 1e-12  # of the largest curvature: what is none
FAR = 1e-2  # of the reach: how far away a minimum is that calls for a look


def reduced_newton(hessian: Array, point: Stationarity, reach: Array) -> ReducedNewton:
    """Return the Newton step, each unknown measured by its reach."""
    rows = point.held * reach
    scaled = hessian * np.outer(reach, reach)
    if len(rows):
        _, sizes, directions = np.linalg.svd(rows / np.linalg.norm(rows, axis=1)[:, None])
        free = directions[np.count_nonzero(sizes > 1e-10 * sizes[0]) :].T
        values, vectors = np.linalg.eigh(free.T @ scaled @ free)
        vectors = free @ vectors
    else:
        values, vectors = np.linalg.eigh(scaled)
    slopes = vectors.T @ (point.residual * reach)
    largest = max(np.abs(values).max(initial=0.0), np.finfo(float).tiny)
    ways = vectors * reach[:, None]
    parts = -slopes / np.maximum(np.abs(values), np.finfo(float).eps * largest)
    step = ways @ parts
    level = ways[:, (np.abs(values) <= LEVEL * largest) | (np.abs(parts) > FAR)]
    inwards = point.one_sided @ ways[:, values < 0]
    falls = bool(np.any(np.all(inwards >= 0, axis=0) | np.all(inwards <= 0, axis=0)))
    return ReducedNewton(step, float(point.residual @ step), values / largest, falls, level)
