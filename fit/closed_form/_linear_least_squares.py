"""Linear least squares to the last digits, by QR and refinement."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fit.arguments._numbers import EPS, Array
from fit.closed_form._double_double import DoubleDouble, add, double_double, multiply, total
from fit.uncertainties._covariance import Determined, from_triangle

ROUNDED = 1e-12  # relative errors of R's inverse up to here are left as they are
STEPS = 10  # of refinement at most: two are the rule, three where the condition is 10¹⁰


class Solution(NamedTuple):
    """The solution of a linear least-squares problem.

    Attributes
    ----------
    x : ndarray of shape (p,)
        Of the shortest scaled length, where several are equally good.
    residuals : ndarray of shape (n,)
        The target less what the columns make of x.
    triangle : ndarray of shape (p, p)
        R of the QR factorisation of the design matrix.
    determined : Determined
        The inverse of R, to at least 12 digits.
    steps : int
        Of refinement.
    """

    x: Array
    residuals: Array
    triangle: Array
    determined: Determined
    steps: int


def least_squares_solution(columns: DoubleDouble, target: DoubleDouble) -> Solution:
    """Solve a linear least-squares problem by QR and refinement with residuals of 32 digits.

    The inverse T of the triangle R from QR, with its columns scaled, has errors of the condition
    times rounding. Where that is too much, A·T is formed with 32 digits: it is nearly orthonormal,
    and the inverse of its own triangle corrects T to all digits. Refinement adds T·Tᵀ·Aᵀr, for the
    residuals r, until nothing is left; each step gains the digits that the condition leaves.

    References
    ----------
    Å. Björck, "Iterative refinement of linear least squares solutions I", BIT 7 (1967); "Stability
    analysis of the method of seminormal equations for linear least squares problems", Linear
    Algebra and its Applications 88/89 (1987).
    N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2002), chapter 20.
    """
    triangle: Any = np.linalg.qr(columns.high.T, mode="r")
    determined = from_triangle(triangle, np.eye(len(columns.high)))
    spread = determined.spread
    if EPS * np.linalg.norm(spread / determined.scale[:, None]) > ROUNDED:
        nearly_orthonormal = _product(columns, spread)
        spread = spread @ np.linalg.inv(np.linalg.qr(nearly_orthonormal, mode="r"))
    x = np.zeros(len(spread))
    before = np.inf
    for step in range(1, STEPS + 1):
        residuals, gradient = _residuals_and_gradient(columns, target, x)
        change = spread.T @ gradient
        dx = spread @ change
        x = x + dx
        size = float(np.linalg.norm(change))
        rate = size / before if before else 0.0
        before = size
        # What the next step would change is rounded away, or it is rounding itself.
        if rate > 0.5 or (step > 1 and (np.abs(dx) * rate <= EPS * np.abs(x)).all()):
            break
    residuals = residuals - dx @ columns.high
    return Solution(x, residuals, triangle, determined._replace(spread=spread), step)


def _product(columns: DoubleDouble, matrix: Array) -> Array:
    """Return the design matrix times a matrix, free of cancellation, of shape (n, k)."""
    n, k = columns.high.shape[1], matrix.shape[1]
    product = np.empty((n, k))
    for part in _parts(n, matrix.size):
        terms = multiply(columns.at(np.s_[:, None, part]), DoubleDouble(matrix[:, :, None]))
        product[part] = total(terms, 0).high.T
    return product


def _residuals_and_gradient(
    columns: DoubleDouble, target: DoubleDouble, x: Array
) -> tuple[Array, Array]:
    """Return the residuals and their products with the columns, both rounded once at the end."""
    p, n = columns.high.shape
    residuals = np.empty(n)
    gradient = DoubleDouble(np.zeros(p), np.zeros(p))
    for part in _parts(n, p):
        A = columns.at(np.s_[:, part])
        r = add(target.at(part), total(multiply(A, DoubleDouble(-x[:, None])), 0))
        residuals[part] = r.high
        gradient = add(gradient, total(multiply(A, r), 1))
    return residuals, gradient.high


def _parts(n: int, width: int) -> list[slice]:
    """Return slices of the data, short enough for what is computed of them to stay in the cache."""
    length = max(1, 2**15 // max(width, 1))
    return [slice(i, i + length) for i in range(0, n, length)]


def weighted_rows(rows: DoubleDouble, weights: Array) -> DoubleDouble:
    """Return rows over the data in standard deviations, still with all digits."""
    if weights.ndim < 2:
        return multiply(rows, DoubleDouble(weights))
    n = len(weights)
    whitened = [np.empty_like(rows.high), np.empty_like(rows.low)]
    for part in _parts(n, n):
        factors = double_double(weights[part])
        for row in np.ndindex(rows.high.shape[:-1]):
            product = total(multiply(factors, rows.at(row)), 1)
            whitened[0][(*row, part)], whitened[1][(*row, part)] = product
    return DoubleDouble(*whitened)
