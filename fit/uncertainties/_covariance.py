"""The covariance of parameters and of what follows from them, and what the data leave open."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fit.arguments._numbers import Array

# Singular values below this, of a Jacobian whose columns have the length 1, tell nothing.
SINGULAR = 1e-12
ROUNDED = 1e-14  # and so do pivots of a Hessian below this, whose diagonal is 1


class Determined(NamedTuple):
    """What the data say of the free parameters.

    Attributes
    ----------
    spread : ndarray of shape (n, rank)
        Its product with its transpose is the covariance, as far as that is finite.
    undetermined : ndarray of shape (n - rank, n)
        Steps of the parameters that change no residual.
    scale : ndarray of shape (n,)
        By how much each parameter alone would change the residuals by one standard deviation.
    """

    spread: Array
    undetermined: Array
    scale: Array


def triangle_of(matrix: Array) -> Array:
    """Return R of the QR factorisation, in a quarter of the time that `numpy.linalg.qr` takes."""
    rows, columns = min(matrix.shape), matrix.shape[1]
    factors = lapack().dgeqrf(matrix)[0]
    return np.where(_on_or_above_diagonal(rows, columns), factors[:rows], 0.0)


@cache
def lapack() -> Any:
    """Return SciPy's LAPACK, which NumPy wraps less directly."""
    from scipy.linalg import lapack

    return lapack


@lru_cache(maxsize=64)
def _on_or_above_diagonal(rows: int, columns: int) -> NDArray[np.bool_]:
    return ~np.tri(rows, columns, -1, np.bool_)


def from_triangle(triangle: Array, directions: Array) -> Determined:
    """Return the covariance (RᵀR)⁻¹ on the steps that the constraints allow, without forming it.

    Parameters
    ----------
    triangle : ndarray of shape (k, n)
        R of the QR factorisation of the Jacobian of the weighted residuals.
    directions : ndarray of shape (n, n - number of constraints)
        A basis of the allowed steps.
    """
    norms = np.linalg.norm(triangle, axis=0)
    scale = 1 / np.where(norms > 0, norms, 1.0)
    J = triangle @ directions
    lengths = np.linalg.norm(J, axis=0)
    lengths[lengths == 0] = 1.0
    _, s, Vt = np.linalg.svd(J / lengths)
    s = np.append(s, np.zeros(len(Vt) - len(s)))
    known = s > SINGULAR * s.max(initial=0.0)
    axes = directions @ (Vt.T / lengths[:, None])
    steps = axes[:, ~known].T
    steps /= np.max(np.abs(steps / scale), axis=1, keepdims=True)
    return Determined(axes[:, known] / s[known], steps, scale)


def from_hessian(hessian: Array, directions: Array) -> Determined | None:
    """Return twice the inverse of the Hessian of χ² on the allowed steps; None if not a minimum.

    Nor is there one where rounding hides whether it is a minimum.
    """
    reduced = directions.T @ hessian @ directions
    scale = np.sqrt(np.abs(np.diag(reduced)))
    scale[scale == 0] = 1.0
    try:
        L = np.linalg.cholesky(reduced / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    if np.diag(L).min(initial=1.0) ** 2 < ROUNDED:
        return None
    spread = 2**0.5 * directions @ (np.linalg.inv(L) / scale).T
    return Determined(spread, np.zeros((0, len(hessian))), np.ones(len(hessian)))


def covariance_of(J: Array, determined: Determined) -> Array:
    """Return the covariance of what has the Jacobian J; inf where the data leave it open."""
    spread = J @ determined.spread
    covariance: Array = spread @ spread.T
    open_ = _left_open(J, determined)
    covariance[open_, :] = covariance[:, open_] = np.inf
    return covariance


def correlation_of(covariance: Array) -> Array:
    """Return the correlations; NaN where an error is 0 or infinite."""
    errors = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: Array = covariance / np.outer(errors, errors)
    return correlation


def variance_of(J: Array, determined: Determined) -> Array:
    """Return the diagonal of `covariance_of`, for J of shape ``(..., n)``."""
    variance: Array = np.sum((J @ determined.spread) ** 2, axis=-1)
    return np.where(_left_open(J, determined), np.inf, variance)


def _left_open(J: Array, determined: Determined) -> NDArray[np.bool_]:
    """Whether something follows the steps that change no residual."""
    moved = np.abs(J @ determined.undetermined.T)
    possible = np.abs(J) @ determined.scale
    return np.asarray((moved > 1e-6 * possible[..., None]).any(axis=-1))
