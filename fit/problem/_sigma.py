"""The errors of what is measured: as they are given, and as the weights that they make."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fit.arguments._numbers import Array, numbers, refuse

OF_MODEL = (
    "errors relative to the model follow its parameters: fit.fit finds them, with Model or Line() "
    "as model; here give sigma itself"
)
Sigma: TypeAlias = "ArrayLike | Relative | Cholesky"


class Relative(NamedTuple):
    """Standard deviations that are a fraction of a value: σ = fraction · \\|y\\|.

    Of what was measured ("data"), they are known before the fit, but bias it: values that came out
    low get small errors, and pull the fit down by some 2 fraction² of itself. Of the model's values
    ("model"), they are those of the fit's own result: `fit.fit` is repeated until they stay, which
    has no such bias. `chi_squared` and linear fits know those of the data only.

    Parameters
    ----------
    fraction : array_like of shape (n,) or a number
        1 at the most: 20 % are 0.2.
    of : {"data", "model"}

    Examples
    --------
    >>> from fit import chi_squared
    >>> f = chi_squared(lambda x, m: m * x, [1.0, 2.0], [10.0, 21.0], Relative(0.1))
    >>> float(f([10.0]))  # doctest: +ELLIPSIS
    0.2267...
    """

    fraction: ArrayLike
    of: str = "data"


class Cholesky(NamedTuple):
    """The covariance L Lᵀ of correlated data, by its lower triangular factor L.

    Examples
    --------
    >>> from fit import chi_squared
    >>> L = [[1.0, 0.0], [1.0, 2.0]]
    >>> f = chi_squared(lambda x, m: m * x, [1.0, 2.0], [1.0, 4.0], Cholesky(L))
    >>> float(f([1.0]))
    1.0
    """

    factor: ArrayLike


def deviations_of(weights: Array | None, n: int) -> Array | None:
    """Return the standard deviation of each point."""
    if weights is None:
        return None
    deviations, count = np.full(n, np.inf), counting(weights, n)
    if weights.ndim == 2:
        factor = np.linalg.inv(weights[np.ix_(count, count)])
        deviations[count] = np.linalg.norm(factor, axis=1)
    else:
        deviations[count] = 1 / np.broadcast_to(weights, n)[count]
    return deviations


def weights_of(sigma: Sigma, y: Array, y_name: str) -> Array:
    """Return what turns differences into standard deviations: factors, or a matrix."""
    n = len(y)
    if isinstance(sigma, Cholesky):
        return _inverse_factor(numbers("sigma", sigma.factor), n, y_name)
    relative = isinstance(sigma, Relative)
    of_y = sigma.fraction if isinstance(sigma, Relative) else sigma
    deviations = numbers("sigma", of_y, check_finite=False)
    if deviations.shape not in ((), (n,)) and (relative or deviations.shape != (n, n)):
        raise ValueError(
            f"sigma has shape {deviations.shape}, but {y_name} {n} points: expected ({n},) for "
            + (
                "fractions"
                if relative
                else f"standard deviations or ({n}, {n}) for a covariance matrix"
            )
        )
    if deviations.ndim == 2:
        return whitening(deviations)
    if isinstance(sigma, Relative):
        beyond = np.isfinite(deviations) & ((deviations > 1) | (deviations <= 0))
        if beyond.any():
            refuse(
                "the fraction in Relative",
                deviations,
                beyond,
                "expected more than 0, and 1 at the most: 20 % are Relative(0.2)",
            )
        deviations = deviations * _sizes(sigma.of, y, y_name)
    if np.count_nonzero(deviations > 0) < deviations.size:
        refuse("sigma", deviations, ~(deviations > 0), "expected positive standard deviations")
    if not np.count_nonzero(deviations < np.inf):
        raise ValueError("sigma is infinite for all points: none would count")
    return np.asarray(1 / deviations)  # of a number too, which would be a constant of plans


def _sizes(of: str, y: Array, y_name: str) -> Array:
    """Return what relative errors are a fraction of, as far as the data tell."""
    sizes = np.abs(y)
    if of not in ("data", "model"):
        raise ValueError(f"expected errors relative to 'data' or 'model', got of={of!r}")
    if of == "data" and not y.all():
        refuse(
            y_name,
            y,
            y == 0,
            "expected no zeros, whose relative errors would be 0: give them by sigma, or as "
            "Relative(..., of='model')",
        )
    if not y.any():
        raise ValueError(
            f"{y_name} is 0 at all points, so that a fit has no relative errors to begin with: "
            "give sigma itself"
        )
    return np.where(sizes > 0, sizes, np.min(sizes, where=sizes > 0, initial=np.inf))


def refuse_errors_of_model(sigma: Sigma | None, instead: str) -> None:
    """Refuse errors that are not known before the fit."""
    if isinstance(sigma, Relative) and sigma.of == "model":
        raise ValueError(instead)


def whitening(covariance: Array) -> Array:
    """Return the matrix that makes residuals of this covariance independent, of variance 1.

    Points of infinite variance do not count: their rows and columns are 0.
    """
    count = ~np.isinf(np.diag(covariance))
    if not count.all():
        if not count.any():
            raise ValueError("sigma is infinite for all points: none would count")
        weights = np.zeros_like(covariance)
        among = np.ix_(count, count)
        weights[among] = whitening(covariance[among])
        return weights
    if not np.isfinite(covariance).all():
        refuse("sigma", covariance, ~np.isfinite(covariance), "expected finite covariances")
    deviations = np.sqrt(np.abs(np.diag(covariance)))
    skew = np.abs(covariance - covariance.T) > 1e-8 * np.outer(deviations, deviations)
    if skew.any():
        refuse(
            "sigma",
            covariance,
            skew,
            "expected a symmetric covariance matrix, or Cholesky(L) for its factor",
        )
    try:
        return np.linalg.inv(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        from scipy.linalg.lapack import dpotrf

        first = dpotrf(covariance, lower=True)[1] - 1
        raise ValueError(
            f"`sigma` must be positive definite: its smallest eigenvalue is "
            f"{np.linalg.eigvalsh(covariance)[0]:.3g}, and its rows contradict one another from "
            f"sigma[{first}, {first}] on"
        ) from None


def _inverse_factor(L: Array, n: int, y_name: str) -> Array:
    if L.shape != (n, n):
        raise ValueError(
            f"the Cholesky factor has shape {L.shape}, but {y_name} {n} points: expected ({n}, {n})"
        )
    if np.triu(L, 1).any():
        refuse("sigma", L, np.triu(L, 1) != 0, "expected a lower triangular Cholesky factor")
    diagonal = np.diag(L)
    if (diagonal <= 0).any():
        refuse("the factor's diagonal", diagonal, diagonal <= 0, "expected positive entries")
    return np.asarray(np.linalg.inv(L), float)


def counting(weights: Array | None, n: int) -> NDArray[np.bool_]:
    """Return which points count: those whose standard deviation is finite."""
    if weights is None:
        return np.ones(n, bool)
    if weights.ndim == 2:
        return np.asarray(weights.any(axis=1))
    count = np.asarray(weights != 0)
    return count if count.shape == (n,) else np.broadcast_to(count, n)
