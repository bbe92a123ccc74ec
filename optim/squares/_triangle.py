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


def triangle_by_reflections(rows: Array) -> Array:
    """Return R of the QR factors of the matrix whose columns are given as rows."""
    columns, m = rows.shape
    if m < 2 * ROWS or columns > ROWS // 4:
        return triangle_of_rows(rows.T)
    # A tall one block by block first, while each is in the cache, and then what is left of them.
    whole = m - m % ROWS
    blocks: Any = np.linalg.qr(rows[:, :whole].T.reshape(-1, ROWS, columns), mode="r")
    return triangle_of_rows(np.concatenate([blocks.reshape(-1, columns), rows[:, whole:].T]))


def triangle_by_cholesky(products: Array, squares: list[float]) -> Array | None:
    """Return R from the products of the columns, or None if some are nearly dependent.

    It takes a quarter of the time. The gradient is as exact, and so is where the search ends; that
    R itself loses up to four digits slows the last steps by no more than that.

    Parameters
    ----------
    products : ndarray of shape (n + 1, n + 1)
        Of any two columns, the last of which holds the residuals.
    squares : list of float
        Its diagonal.
    """
    triangle: Array
    triangle, failed = lapack().dpotrf(products)
    if failed:
        return None
    *pivots, last = triangle.diagonal().tolist()
    if last * last < LEFT_OVER**2 * squares[-1]:
        return None
    least = INDEPENDENT**2
    for pivot, square in zip(pivots, squares, strict=False):
        if not pivot * pivot >= least * square:
            return None
    return triangle


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
