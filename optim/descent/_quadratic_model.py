"""The quadratic model of f about a point, from its exact first and second derivatives."""

from __future__ import annotations

from functools import cached_property
from math import hypot, isfinite
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from optim.descent._convergence import negligible
from optim.descent._trust_region import RIM, step_within
from optim.search._objective import Array, Iterate
from optim.search._rounding import EPS

FIRST = 0.2  # the first radius, as a part of the scaled gradient, where Newton's step is none
LEAST_RADIUS = 1e-3  # and of the reach: the least there
SURE = 1e-10  # times n of the diagonal: eigenvalues above that no rounding has made positive


class StepWithin(NamedTuple):
    """A step to the minimum of a model in a ball, as the model measures it."""

    move: Array
    size: float
    slope: float  # of f along it
    change: float  # of the model


class LocalModel(Protocol):
    """A quadratic model of f about a point, in scaled coordinates."""

    def width(self, x: Array) -> float:
        """Return the size of x as the model sees it: the square is one of f's."""

    def within(self, radius: float) -> StepWithin:
        """Return the step to the minimum of the model in a ball."""

    def has_minimum(self, point: Iterate, reach: Array, tol: float) -> bool:
        """Whether the model has a minimum that is here, but for a negligible step."""

    def reasonable(self, reach: Array) -> float:
        """Return a first radius: Newton's step, or else one that is right for curvatures of 1."""


def model_of(x: Array, jac: Array, hess: Array, scale: Array) -> LocalModel:
    """Return the quadratic model, which takes no eigenvectors where no direction bends down."""
    scale = np.where(scale > 0, scale, 1.0)
    scaled = hess / scale / scale[:, None]
    if is_surely_positive(scaled):
        return ConvexModel(x, jac, hess, scale, scaled)
    return QuadraticModel(x, jac, hess, scale)


class ConvexModel:
    """A quadratic model whose minimum is a solution of linear equations."""

    def __init__(self, x: Array, jac: Array, hess: Array, scale: Array, scaled: Array) -> None:
        self.x, self.jac, self.hess, self.scale = x, jac, hess, scale
        self.step: Array = -np.linalg.solve(scaled, jac / scale) / scale
        self.slope = float(jac.dot(self.step))
        self.length = self.width(self.step)

    def width(self, x: Array) -> float:
        """Return the size of x as the model sees it: the square is one of f's."""
        return hypot(*(self.scale * x))

    def within(self, radius: float) -> StepWithin:
        """Return the step to the minimum of the model in a ball."""
        if self.length <= (1 + RIM) * radius:
            return StepWithin(self.step, self.length, self.slope, self.slope / 2)
        return self._by_axes.within(radius)

    @cached_property
    def _by_axes(self) -> QuadraticModel:
        return QuadraticModel(self.x, self.jac, self.hess, self.scale)

    def has_minimum(self, point: Iterate, reach: Array, tol: float) -> bool:
        """Whether the minimum is here, but for a negligible step."""
        return negligible(self.step, self.slope, point.fun, reach, tol)

    def reasonable(self, reach: Array) -> float:
        """Return a first radius: Newton's step."""
        return self.length


class QuadraticModel:
    """A quadratic model of f about a point, in scaled coordinates in which it is diagonal.

    A step is ``axes @ t``, and changes the model by ``slopes·t + ½ Σ curvatures t²``. A curvature
    of 1 is about the largest that f has had. What rounding alone explains is no curvature, and no
    slope along an axis without curvature.
    """

    def __init__(self, x: Array, jac: Array, hess: Array, scale: Array) -> None:
        self.x, self.hess = x, hess
        self.scale = np.where(scale > 0, scale, 1.0)
        scaled = hess / self.scale / self.scale[:, None]
        if not np.isfinite(scaled).all():  # some diagonal entries are nothing beside others
            self.scale = np.full(x.size, float(np.abs(hess).max()) ** 0.5)
            scaled = hess / self.scale / self.scale[:, None]
        self.curvatures, vectors = np.linalg.eigh(scaled)
        self.axes: Array = vectors / self.scale[:, None]
        self.slopes: Array = jac @ self.axes
        self.rounding = x.size * EPS * float(np.abs(self.curvatures).max())
        self.curved: NDArray[np.bool_] = self.curvatures > self.rounding
        self.convex = bool(self.curvatures[0] >= -self.rounding)
        level = np.abs(self.curvatures) <= self.rounding
        self.curvatures[level] = np.maximum(self.curvatures[level], 0.0)
        lost = np.abs(self.slopes) <= x.size * EPS * (np.abs(jac) @ np.abs(self.axes))
        self.slopes[level & lost] = 0.0

    def width(self, x: Array) -> float:
        """Return the size of x as the model sees it: the square is one of f's."""
        return hypot(*(self.scale * x))

    def within(self, radius: float) -> StepWithin:
        """Return the step to the minimum of the model in a ball."""
        t = step_within(radius, self.curvatures, self.slopes)
        slope = float(self.slopes @ t)
        change = slope + float(self.curvatures @ t**2) / 2
        return StepWithin(self.axes @ t, float(np.linalg.norm(t)), slope, change)

    def has_minimum(self, point: Iterate, reach: Array, tol: float) -> bool:
        """Whether the model has a minimum that is here, but for a negligible step."""
        curvatures = np.where(self.curved, self.curvatures, 1.0)
        t = np.where(self.curved, -self.slopes / curvatures, 0.0)
        width = self.width(point.x)
        left = float(np.abs(self.slopes[~self.curved]).max(initial=0.0)) * width
        return (
            self.convex
            and left <= max(tol * abs(point.fun), self.rounding * width * width)
            and negligible(self.axes @ t, float(self.slopes @ t), point.fun, reach, tol)
        )

    def reasonable(self, reach: Array) -> float:
        """Return a first radius: Newton's step, or else one that is right for curvatures of 1."""
        if self.curved.all():
            return hypot(*(self.slopes / self.curvatures))
        width = self.width(reach) or 1.0
        return max(FIRST * hypot(*self.slopes), LEAST_RADIUS * width)


def is_surely_positive(matrix: Array) -> bool:
    """Whether a symmetric matrix is positive definite, whatever rounding has done to it.

    No entry of its diagonal is above 1, and so no eigenvalue above n.
    """
    lowered = matrix.copy()
    lowered.ravel()[:: len(matrix) + 1] -= SURE * len(matrix)
    try:
        factor = np.linalg.cholesky(lowered)
    except np.linalg.LinAlgError:
        return False
    return isfinite(float(factor.sum()))
