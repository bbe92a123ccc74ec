"""R of the QR factors of a Jacobian with its residuals: by Cholesky where that is exact enough."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from optim.search._objective import Array

# The sine of the angle between a column and those before it from which Cholesky loses nothing.
INDEPENDENT = 1e-2  # for the columns of the Jacobian
LEFT_OVER = 1e-5  # for the residuals behind them, of which no more than a size is wanted
ROWS = 512  # of a Jacobian that are factorised at a time, while they are in the cache


@cache
def lapack() -> Any:
    """Return SciPy's LAPACK, which NumPy wraps less directly."""
    from scipy.linalg import lapack

    return lapack


def triangle_and_norms(jacobian: Array, residuals: Array) -> tuple[Array, Array]:
    """Return R of the QR factors of the Jacobian with the residuals as its last column.

    And the norms of the Jacobian's columns.
    """
    m, n = jacobian.shape
    products = np.empty((n + 1, n + 1))
    if m > n:
        products[:n, :n] = jacobian.T.dot(jacobian)
        products[n, :n] = products[:n, n] = jacobian.T.dot(residuals)
        products[n, n] = residuals.dot(residuals)
        triangle = triangle_by_cholesky(products)
        if triangle is not None:
            return triangle, np.sqrt(products.diagonal()[:n])
    triangle = triangle_by_reflections(jacobian, residuals)
    columns = triangle[:, :n]
    return triangle, np.sqrt(np.einsum("ij,ij->j", columns, columns))


def triangle_by_reflections(jacobian: Array, residuals: Array) -> Array:
    """Return R of the QR factors of the Jacobian with the residuals as its last column."""
    m, n = jacobian.shape
    matrix = np.empty((n + 1, m)).T  # with its columns in one piece of memory each
    matrix[:, :n] = jacobian
    matrix[:, n] = residuals
    if m < 2 * ROWS or n > ROWS // 4:
        return triangle_of_rows(matrix)
    # A tall one block by block first, while each is in the cache, and then what is left of them.
    whole = m - m % ROWS
    blocks: Any = np.linalg.qr(matrix[:whole].reshape(-1, ROWS, n + 1), mode="r")
    return triangle_of_rows(np.concatenate([blocks.reshape(-1, n + 1), matrix[whole:]]))


def triangle_by_cholesky(products: Array) -> Array | None:
    """Return R from the products of the columns, or None if some are nearly dependent.

    It takes a quarter of the time. The gradient is as exact, and so is where the search ends; that
    R itself loses up to four digits slows the last steps by no more than that.
    """
    triangle: Array
    triangle, failed = lapack().dpotrf(products)
    if failed:
        return None
    *of_jacobian, of_residuals = (triangle.diagonal() ** 2 / products.diagonal()).tolist()
    independent = min(of_jacobian) >= INDEPENDENT**2 and of_residuals >= LEFT_OVER**2
    return triangle if independent else None


def triangle_of_rows(matrix: Array) -> Array:
    """Return R of the QR factors of a matrix, in half the time of ``mode="r"`` if it is small."""
    factors: Any = np.linalg.qr(matrix, mode="raw")[0].T
    rows, columns = min(matrix.shape), matrix.shape[1]
    triangle: Array = np.where(upper(rows, columns), factors[:rows], 0.0)
    return triangle


@lru_cache(maxsize=64)
def upper(rows: int, columns: int) -> Any:
    """Return which entries lie on or above the diagonal."""
    return np.triu(np.ones((rows, columns), bool))
