"""A point of a search, with the linear problem there: factors and norms when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from math import isfinite, sqrt
from typing import Any, NamedTuple, Self

import numpy as np

from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.squares._triangle import triangle_by_cholesky, triangle_by_reflections

SAMPLE = 256  # of many residuals, so many are looked at one by one


class ResidualPoint:
    """A place in the space of the unknowns, and what was evaluated there.

    Attributes
    ----------
    x : ndarray of shape (n,)
    products : ndarray of shape (n + 1, n + 1)
        Of any two columns of the Jacobian and, last, the residuals, as the linear problem has
        them: weighted by a robust loss.
    size : int
        How many residuals there are.
    cost : float
        Twice it: the sum of squares, or of losses.
    are_independent : bool
        Whether the columns of the Jacobian are so independent that their products tell all; known
        with the triangle.
    """

    __slots__ = (
        *("x", "products", "size", "cost", "are_independent"),
        *("_squares", "_norms", "_triangle", "_terms"),
    )

    def __init__(self, x: Array, products: Array, size: int, losses: float | None = None) -> None:
        self.x = x
        self.products = products
        self.size = size
        self._squares: list[float] = products.diagonal().tolist()
        self.cost = self._squares[-1] if losses is None else float(losses)
        self._norms: Array | None = None
        self._triangle: Array | None = None
        self._terms: float | None = None

    @property
    def sample(self) -> Array:
        """Of evenly spread residuals a row for each unknown, their derivatives, and themselves."""
        raise NotImplementedError

    def triangle_by_reflections(self) -> Array:
        """Return R of the QR factors from the columns themselves."""
        raise NotImplementedError

    def not_finite(self) -> str:
        """Return which residual, or its derivatives, is not finite; "" if it is the sum alone."""
        raise NotImplementedError

    @property
    def usable(self) -> bool:
        return isfinite(self.cost) and isfinite(sum(self._squares[:-1]))

    @property
    def norms(self) -> Array:
        """Of the columns of the linear problem's Jacobian."""
        if self._norms is None:
            norms: Array = np.sqrt(self.products.diagonal()[:-1])
            self._norms = norms
        return self._norms

    @property
    def triangle(self) -> Array:
        """R of the QR factors of the Jacobian with the residuals as its last column."""
        if self._triangle is None:
            if self.size > len(self.x):
                self._triangle = triangle_by_cholesky(self.products, self._squares)
            self.are_independent = self._triangle is not None
            if self._triangle is None:
                self._triangle = self.triangle_by_reflections()
        return self._triangle

    @property
    def terms(self) -> float:
        """The size of what the unknowns contribute to the residuals, as far as it is linear."""
        if self._terms is None:
            self._terms = norm(self.norms * self.x)
        return self._terms

    @property
    def rounding(self) -> float:
        """The size of what can be removed from the residuals by the errors of rounding alone."""
        return EPS * sqrt(self.x.size) * (self.terms + sqrt(abs(self.cost)))

    @property
    def gradient(self) -> Array:
        """Of half the cost."""
        gradient: Array = self.triangle[:, :-1].T @ self.triangle[:, -1]
        return gradient

    def next_to(self, x: Array, cost: float) -> Self:
        """Return a point next to this one, with the derivatives of this one."""
        point = copy(self)
        point.x, point.cost = x, cost
        point._triangle, point.are_independent = self.triangle, self.are_independent
        point._terms = None
        return point


class PointWithRows(ResidualPoint):
    """A point that holds all residuals and derivatives.

    Attributes
    ----------
    rows : ndarray of shape (n + 1, m)
        The transposed Jacobian, and below it the residuals.
    weighted : ndarray of shape (n + 1, m)
        The same as the linear problem has it.
    residuals : ndarray of shape (m,)
    shape : tuple of int
        That of the residuals as the function returns them.
    """

    __slots__ = ("residuals", "rows", "shape", "weighted")

    def __init__(
        self,
        x: Array,
        rows: Any,
        products: Array,
        shape: tuple[int, ...],
        losses: float | None = None,
        weighted: Any = None,
    ) -> None:
        super().__init__(x, products, rows.shape[1], losses)
        self.rows = rows
        self.residuals: Array = rows[-1]
        self.weighted: Array = rows if weighted is None else weighted
        self.shape = shape

    @property
    def jacobian(self) -> Array:
        """Of shape (residuals, unknowns)."""
        jacobian: Array = self.rows[:-1].T
        return jacobian

    @property
    def sample(self) -> Array:
        rows: Array = sample_of(self.rows)
        return rows

    def triangle_by_reflections(self) -> Array:
        return triangle_by_reflections(self.weighted)

    def not_finite(self) -> str:
        for what, values in (("residual", self.residuals), ("the Jacobian's row", self.jacobian)):
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                return f"{what} {bad[0][0]} of {len(values)} is {values[tuple(bad[0])]}"
        return ""


class Function(NamedTuple):
    """What is minimised.

    The linear problem at a point; the cost alone; the sample of the residuals alone; a point with
    the derivatives of another near it; and the Hessian of half the cost.
    """

    evaluate: Callable[[Array], ResidualPoint]
    cost: Callable[[Array], float]
    sample: Callable[[Array], Array]
    with_frozen_jacobian: Callable[[Any, Array], ResidualPoint]
    hessian: Callable[[Array], Array] | None


def sample_of(rows: Any) -> Any:
    """Return evenly spread entries of the last axis; all where there are few."""
    every = max(1, rows.shape[-1] // SAMPLE)
    return rows[..., ::every] if every > 1 else rows


def norm(v: Array) -> float:
    """Return the Euclidean norm of a vector."""
    return sqrt(v.dot(v))
