"""χ² about the minimum: how it rises, and the valley that leads away from there."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from fit.arguments._numbers import Array
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
        self.spread = determined.spread
        self.rest = np.zeros((self.spread.shape[1],) * 2)
        self.errors = np.sqrt(np.sum(self.spread**2, axis=1))
        open_ = np.abs(determined.undetermined) > 1e-6 * determined.scale
        self.errors[open_.any(axis=0)] = np.inf
        self.terms = float(np.linalg.norm(result.p / determined.scale))
        self.lowest, self.lowest_p = 0.0, result.p
        self.last: tuple[Array, Array] | None = None
        self._both = residuals_and_jacobian(result.problem.residuals)
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
        residuals, J = self._both(p)
        # The difference of two sums of squares, without their cancellation.
        origin = self.result.weighted_residuals
        rise = float((residuals - origin).dot(residuals + origin))
        A = J.dot(self.spread)
        gradient = A.T.dot(residuals)
        if not (np.isfinite(rise) and np.isfinite(gradient).all()):
            return None
        self.saw(rise, p)
        if self.last is not None:
            self._learn(u - self.last[0], (A - self.last[1]).T.dot(residuals))
        self.last = u, A
        return Local(u, rise, gradient, A.T.dot(A) + self.rest)

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
            rest = self.rest + np.outer(miss, miss / along)
            if abs(rest).max() < 10:  # JᵀJ is about 1 here
                self.rest = rest


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


def axes_of(around: Vicinity, k: int) -> Array:
    """Return orthonormal axes, in columns: along the first one parameter varies, along no other."""
    row = around.spread[k] / around.errors[k]
    axes = np.linalg.qr(np.column_stack([row, np.eye(row.size)]))[0]
    axes[:, 0] = row
    return np.asarray(axes[:, : row.size], float)


def valley_at(local: Local, axes: Array) -> Valley | None:
    """Return the valley about a place; None where χ² has no stationary point across it."""
    g = axes.T.dot(local.gradient)
    H = axes.T.dot(local.hessian).dot(axes)
    try:
        inverse = np.linalg.inv(H[1:, 1:])
    except np.linalg.LinAlgError:
        return None
    correction, tangent = -inverse.dot(g[1:]), -inverse.dot(H[1:, 0])
    return Valley(
        correction,
        tangent,
        local.rise + float(g[1:].dot(correction)),
        float(g[0] + H[0, 1:].dot(correction)),
        float(H[0, 0] + H[0, 1:].dot(tangent)),
    )


def is_minimum(local: Local, axes: Array) -> bool:
    """Whether χ² bends upwards across the valley."""
    try:
        np.linalg.cholesky((axes.T @ local.hessian @ axes)[1:, 1:])
    except np.linalg.LinAlgError:
        return False
    return True
