"""χ² about the minimum: how it rises, and the valley that leads away from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff import is_lazy, replaying
from fit.arguments._numbers import Array
from fit.problem._problem import Problem
from fit.uncertainties._covariance import lapack
from fit.uncertainties._estimate import Estimate
from optim import residuals_and_jacobian

LOWER = 1e-4  # by how much of a standard error's rise χ² must fall to count as a lower minimum


class Local(NamedTuple):
    """What is known of χ² at one place: its rise, and half of its gradient and Hessian."""

    u: Array
    rise: float
    gradient: Array
    hessian: Array


class Vicinity:
    """χ² about the minimum, in coordinates u in which it is uᵀu where the model is linear.

    Half its Hessian is JᵀJ and a rest that holds the model's second derivatives. The rest changes
    slowly, and is learned from how the gradient changes from one place to the next, by symmetric
    updates of rank one.

    References
    ----------
    J. E. Dennis, D. M. Gay and R. E. Welsch, "An adaptive nonlinear least-squares algorithm", ACM
    Transactions on Mathematical Software 7 (1981).
    """

    def __init__(self, result: Estimate) -> None:
        self.result = result
        determined = result.determined
        self.spread = np.ascontiguousarray(determined.spread)
        self.rest = np.zeros((self.spread.shape[1],) * 2)
        self.errors = np.sqrt(np.sum(self.spread**2, axis=1))
        open_ = np.abs(determined.undetermined) > 1e-6 * determined.scale
        self.errors[open_.any(axis=0)] = np.inf
        self.terms = float(np.linalg.norm(result.p / determined.scale))
        self.lowest, self.lowest_p = 0.0, result.p
        self.last: tuple[Array, Array] | None = None
        in_chunks = is_lazy(result.problem.y)
        self._squares = (_squares_in_chunks if in_chunks else _squares_in_memory)(
            result, self.spread
        )
        self.bounds = result.problem.parameters.lower, result.problem.parameters.upper
        self.bounded = result.problem.parameters.bounded

    @property
    def smooth(self) -> bool:
        """Whether χ² is a sum of squares about a minimum that nothing confines."""
        problem, p = self.result.problem, self.result.p
        lower, upper = self.bounds
        free = not self.bounded or bool(((lower < p) & (p < upper)).all())
        return free and problem.loss == "linear" and not problem.constraints

    def at(self, u: Array) -> Local | None:
        """Return χ² about a place; None where it is not finite, or out of bounds."""
        p = self.result.p + self.spread @ u
        if self.bounded and ((p < self.bounds[0]) | (p > self.bounds[1])).any():
            return None
        self.result.problem.spend()
        before, known = self.last or (None, None)
        rise, gradient, gram, there, known = self._squares(u, known)
        if not isfinite(rise + gradient.dot(gradient)):
            return None
        self.saw(rise, p)
        if before is not None:
            self._learn(u - before, gradient - there)
        self.last = u, known
        return Local(u, rise, gradient, gram + self.rest)

    def lower_minimum(self) -> list[str]:
        """Say so, if a lower minimum than the fit's was seen."""
        result = self.result
        if self.lowest >= -LOWER * result.variance:
            return []
        by_name = result.problem.parameters.by_name(self.lowest_p)
        at = ", ".join(f"{name} = {value:g}" for name, value in by_name.items())
        return [
            f"there is a lower minimum: χ² is {result.chi_squared + self.lowest:.6g} instead of "
            f"{result.chi_squared:.6g} at {at}: start there, with p0"
        ]

    def saw(self, rise: float, p: Array) -> None:
        """Keep the lowest place that was seen."""
        if rise < self.lowest:
            self.lowest, self.lowest_p = rise, p

    def _learn(self, step: Array, change: Array) -> None:
        """Make the rest give what second derivatives of the model did to the gradient."""
        miss = change - self.rest.dot(step)
        along = float(miss.dot(step))
        if abs(along) > 0.01 * sqrt(miss.dot(miss) * step.dot(step)):
            rest = self.rest + miss[:, None] * (miss / along)
            if abs(rest).max() < 10:  # JᵀJ is about 1 here
                self.rest = rest


def _squares_about(
    residuals: Callable[[Any], Any], p: Array, spread: Array, origin: Array
) -> Callable[[Array], tuple[Array, ...]]:
    """Return the residuals as a function of u, their Jacobian by u, and what χ² makes of them.

    That is its rise from the origin, half its gradient, and JᵀJ.
    """
    both = residuals_and_jacobian(residuals)

    def about(u: Array) -> tuple[Array, ...]:
        values, J = both(p + spread.dot(u))
        A = J.dot(spread)
        # The difference of two sums of squares, without their cancellation.
        rise = (values - origin).dot(values + origin)
        return values, A, rise, A.T.dot(values), A.T.dot(A)

    return about


# Half the gradient, JᵀJ, what the last place's derivatives make of the residuals here, and what
# of this place the next one needs.
Squares: TypeAlias = tuple[float, Array, Array, Array, Array]


def _squares_in_memory(result: Estimate, spread: Array) -> Callable[[Array, Array | None], Squares]:
    """Return the function that gives the rise of χ², and what else is known there."""
    # In one plan with what is made of them.
    about = replaying(
        _squares_about(result.problem.residuals, result.p, spread, result.weighted_residuals)
    )

    def squares(u: Array, last: Array | None) -> Squares:
        residuals, A, rise, gradient, gram = about(u)
        there = gradient if last is None else residuals.dot(last)
        return float(rise), gradient, gram, there, A

    return squares


def _squares_in_chunks(result: Estimate, spread: Array) -> Callable[[Array, Array | None], Squares]:
    """Return the same of data in chunks, where derivatives are taken again, not kept."""

    def squares(u: Array, last: Array | None) -> Squares:
        return *result.problem.total(_squares_of_part, result.p, spread, u, last), u

    return squares


def _squares_of_part(
    part: Problem, p: Array, spread: Array, u: Array, last: Array | None
) -> tuple[float, Array, Array, Array]:
    about = replaying(_squares_about(part.residuals, p, spread, part.residuals_at(p)))
    residuals, _, rise, gradient, gram = about(u)
    there = gradient if last is None else residuals.dot(about(last)[1])
    return float(rise), gradient, gram, there


class Valley(NamedTuple):
    """χ² as the others follow one parameter, to second order about one place.

    Attributes
    ----------
    correction : ndarray
        How far the others are from where χ² is least, at this value of the parameter.
    tangent : ndarray
        How they follow it.
    rise, slope, bend : float
        The least χ² is ``rise + 2 slope t + bend t²``.
    """

    correction: Array
    tangent: Array
    rise: float
    slope: float
    bend: float


class Ray(NamedTuple):
    """A way on which some parameters move from the minimum, in units of their standard errors.

    Attributes
    ----------
    held : ndarray of int
        Which of the free parameters.
    origin, direction : ndarrays of their number
        Where they are at 0, and by how much they change by 1.
    lower, upper : ndarrays of their number
    farthest : float
        Where the first of their bounds is met.
    along : ndarray
        Which way that is in the coordinates in which χ² is uᵀu, if the model is linear.
    tangent : ndarray of shape (number of free parameters,)
        By how much all parameters change by 1 then.
    """

    held: NDArray[np.int64]
    origin: Array
    direction: Array
    lower: Array
    upper: Array
    farthest: float
    along: Array
    tangent: Array

    def values_at(self, t: float) -> Array:
        """Return the values of the parameters at a place, which no rounding puts out of bounds."""
        values: Array = np.clip(self.origin + t * self.direction, self.lower, self.upper)
        return values


def ray_of(around: Vicinity, held: Sequence[int], toward: Sequence[float]) -> Ray:
    """Return the ray on which parameters move so that χ² rises by t², if the model is linear.

    Parameters
    ----------
    held : sequence of int
    toward : sequence of float
        A vector of length 1, in the metric of the covariance of these parameters.
    """
    which = np.array(held)
    rows = around.spread[which]
    factor = np.linalg.cholesky(rows @ rows.T)
    direction = factor @ np.array(toward, float)
    origin = around.result.p[which]
    lower, upper = (bound[which] for bound in around.bounds)
    ends = np.where(direction > 0, upper, lower)
    moving = direction != 0
    farthest = np.min((ends - origin)[moving] / direction[moving], initial=np.inf)
    along = rows.T @ np.linalg.solve(factor.T, np.array(toward, float))
    tangent = around.spread @ along
    return Ray(which, origin, direction, lower, upper, float(farthest), along, tangent)


def axes_of(around: Vicinity, ray: Ray) -> Array:
    """Return orthonormal axes, in columns: along the first a ray, along the others none of it."""
    rows = around.spread[ray.held]
    across = np.linalg.qr(np.column_stack([rows.T, np.eye(rows.shape[1])]))[0]
    return np.column_stack([ray.along, across[:, len(rows) : rows.shape[1]]])


def valley_at(local: Local, axes: Array) -> Valley | None:
    """Return the valley about a place; None where χ² has no stationary point across it."""
    g = local.gradient.dot(axes)
    H = axes.T.dot(local.hessian).dot(axes)
    along, across = H[0, 1:], g[1:]
    if not along.size:
        return Valley(along, along, local.rise, float(g[0]), float(H[0, 0]))
    found, singular = lapack().dgesv(H[1:, 1:], np.array([across, along]).T)[2:]
    if singular:
        return None
    correction, tangent = -found.T
    return Valley(
        correction,
        tangent,
        local.rise + float(across.dot(correction)),
        float(g[0] + along.dot(correction)),
        float(H[0, 0] + along.dot(tangent)),
    )


def is_minimum(local: Local, axes: Array) -> bool:
    """Whether χ² bends upwards across the valley."""
    across = axes[:, 1:]
    if not across.size:
        return True
    return not lapack().dpotrf(across.T.dot(local.hessian).dot(across))[1]
