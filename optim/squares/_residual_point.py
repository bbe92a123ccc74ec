"""A point of a search, with the linear problem there: factors and norms when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np

from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.squares._triangle import triangle_by_cholesky, triangle_by_reflections


class ResidualPoint:
    """A place in the space of the unknowns, and what was evaluated there.

    Attributes
    ----------
    x : ndarray of shape (n,)
    residuals : ndarray of shape (m,)
    rows : ndarray of shape (n + 1, m)
        The transposed Jacobian, and below it the residuals.
    weighted : ndarray of shape (n + 1, m)
        The same as the linear problem has it: weighted by a robust loss.
    products : ndarray of shape (n + 1, n + 1)
        Of any two rows of these.
    cost : float
        Twice it: the sum of squares, or of losses.
    shape : tuple of int
        That of the residuals as the function returns them.
    are_independent : bool
        Whether the columns of the Jacobian are so independent that their products tell all; known
        with the triangle.
    """

    __slots__ = (
        *("x", "residuals", "rows", "weighted", "products", "cost", "shape"),
        *("are_independent", "_squares", "_norms", "_triangle", "_terms"),
    )

    def __init__(
        self,
        x: Array,
        rows: Any,
        products: Array,
        shape: tuple[int, ...],
        losses: float | None = None,
        weighted: Any = None,
    ) -> None:
        self.x = x
        self.rows = rows
        self.residuals: Array = rows[-1]
        self.weighted: Array = rows if weighted is None else weighted
        self.products = products
        self._squares: list[float] = products.diagonal().tolist()
        self.cost = self._squares[-1] if losses is None else float(losses)
        self.shape = shape
        self._norms: Array | None = None
        self._triangle: Array | None = None
        self._terms: float | None = None

    @property
    def usable(self) -> bool:
        return isfinite(self.cost) and isfinite(sum(self._squares[:-1]))

    @property
    def jacobian(self) -> Array:
        """Of shape (residuals, unknowns)."""
        jacobian: Array = self.rows[:-1].T
        return jacobian

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
            n, m = self.rows.shape[0] - 1, self.rows.shape[1]
            if m > n:
                self._triangle = triangle_by_cholesky(self.products, self._squares)
            self.are_independent = self._triangle is not None
            if self._triangle is None:
                self._triangle = triangle_by_reflections(self.weighted)
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

    def with_residuals(self, x: Array, residuals: Array, cost: float) -> ResidualPoint:
        """Return a point next to this one, with the derivatives of this one."""
        point = ResidualPoint(x, self.rows, self.products, self.shape, cost, self.weighted)
        point.residuals = residuals
        point._triangle, point.are_independent = self.triangle, self.are_independent
        return point


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
