"""The data of a fit: what is measured, with which errors, and what cannot be meant."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
INSTEAD = "give nan_policy='omit' to leave those points out"  # of masked entries, and NaN
OF_MODEL = (
    "errors relative to the model follow its parameters: fit.fit finds them, with Model or Line() "
    "as model; here give sigma itself"
)
NAMES = ("x", "y")  # of the arguments, in messages
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


def checked_data(
    x: Any,
    y: ArrayLike,
    sigma: Sigma | None,
    *,
    names: tuple[str, str],
    check_finite: bool = True,
) -> tuple[Any, Array, Array | None]:
    """Return x, y and the weights of the residuals, or raise a ValueError that says what is bad."""
    x_name, y_name = names
    y = numbers(y_name, y, check_finite)
    if y.ndim != 1:
        raise ValueError(
            f"{y_name} has shape {y.shape}, expected (n,): flatten it, and what the model returns"
        )
    x = as_x(x, x_name, check_finite)
    return x, y, None if sigma is None else _weights(sigma, y, y_name)


def as_x(x: Any, name: str = "x", check_finite: bool = True) -> Any:
    """Return what a model is evaluated at, with floats for lists, arrays and numbers."""
    is_array = isinstance(x, list | tuple | np.ndarray | Real)
    # One column of a table is an array of numbers; a table is the model's own affair.
    is_array = is_array or (hasattr(x, "__array__") and np.ndim(x) == 1)
    if not is_array:
        return x
    refuse_unequal(name, x)
    return numbers(name, x, check_finite)


def refuse_unequal(name: str, x: Any) -> None:
    """Refuse several arrays of unequal shapes, which are no array, but may be meant as they are."""
    if isinstance(x, list | tuple) and len({np.shape(part) for part in x}) > 1:
        shapes = ", ".join(str(np.shape(part)) for part in x)
        raise ValueError(
            f"{name} is a {type(x).__name__} of the shapes {shapes}, which make no array: give a "
            "dict of them, by names of your choice, which the model takes as it is"
        )


def numbers(name: str, values: ArrayLike, check_finite: bool = True) -> Array:
    """Return an argument as an array of floats, or raise a ValueError that names it."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: {INSTEAD}")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    if not array.size:
        raise ValueError(f"{name} is empty")
    array = array.astype(float)
    if check_finite and not np.isfinite(array).all():
        refuse(name, array, ~np.isfinite(array), "expected finite numbers")
    return array


def unmasked(values: Any) -> Any:
    """Return an argument with NaN for what is masked."""
    return np.ma.filled(values.astype(float), np.nan) if np.ma.is_masked(values) else values


def number(name: str, value: Any, check_finite: bool = True) -> float:
    """Return an argument as a number, or raise a ValueError that names it."""
    array = numbers(name, value, check_finite)
    if array.size != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected a number")
    return float(array.item())


def refuse(name: str, array: Array, bad: NDArray[np.bool_], expected: str) -> NoReturn:
    """Raise a ValueError that names the first bad entry of an argument."""
    first = tuple(map(int, np.argwhere(bad)[0]))
    entry = f"{name}[{', '.join(map(str, first))}]" if first else name
    count = f" ({bad.sum()} of {array.size} are not)" if array.size > 1 else ""
    raise ValueError(f"{entry} is {array[first]}, {expected}{count}")


def without_nan(
    x: Any, y: ArrayLike, sigma: Sigma | None, x_sigma: ArrayLike | None, nan_policy: str
) -> tuple[Any, ArrayLike, Sigma | None, ArrayLike | None]:
    """Return the data without the points that hold a NaN, if that is asked for."""
    if nan_policy == "raise":
        for name, given in (("x", x), ("y", y), ("sigma", sigma), ("x_sigma", x_sigma)):
            _refuse(np.isnan, name, given, INSTEAD)
        return x, y, sigma, x_sigma
    if nan_policy != "omit":
        raise ValueError(f"expected the nan_policy 'raise' or 'omit', got {nan_policy!r}")
    if isinstance(sigma, Cholesky):
        raise ValueError("nan_policy='omit' needs the covariance itself as sigma, not its factor")
    x, y, x_sigma = map(unmasked, (x, y, x_sigma))
    x = as_x(x, check_finite=False)
    values: Any = numbers("y", y, check_finite=False)
    of_y: Any = unmasked(sigma.fraction if isinstance(sigma, Relative) else sigma)
    spread: Any = None if of_y is None else numbers("sigma", of_y, check_finite=False)
    x_spread: Any = None if x_sigma is None else numbers("x_sigma", x_sigma, check_finite=False)
    n = values.shape[-1] if values.ndim else 0
    is_covariance = np.shape(spread) == (n, n)

    def is_per_point(a: Any) -> bool:
        return isinstance(a, np.ndarray) and a.shape[-1:] == (n,)

    good = np.ones(n, bool)
    for a in (x, values, np.diag(spread) if is_covariance else spread, x_spread):
        if is_per_point(a):
            good &= ~np.isnan(a).reshape(-1, n).any(axis=0)
    for name, array in (("x", x), ("y", values)):
        _refuse(np.isinf, name, array, "and nan_policy='omit' leaves NaN out only")
    if good.all():
        return x, y, sigma, x_sigma
    if not is_per_point(x):
        raise ValueError(
            f"nan_policy='omit' cannot leave points out of x, which is of type {type(x).__name__}"
        )
    kept = [a[..., good] if is_per_point(a) else a for a in (x, values, spread, x_spread)]
    if is_covariance:
        kept[2] = spread[np.ix_(good, good)]
    spread = sigma._replace(fraction=kept[2]) if isinstance(sigma, Relative) else kept[2]
    return kept[0], kept[1], spread, kept[3]


def _refuse(bad: Any, name: str, values: Any, why: str) -> None:
    """Refuse an array, or a list of numbers, that holds what is bad."""
    if isinstance(values, Relative):
        name, values = "the fraction in Relative", values.fraction
    if np.ma.is_masked(values) or not isinstance(values, np.ndarray | list):
        return  # what else may be wrong is looked at later
    try:
        array = np.asarray(values)
    except ValueError:
        return
    if array.dtype.kind != "f":
        return
    found = bad(array)
    if found.any():
        refuse(name, array, found, f"expected finite numbers, {why}")


def counting(weights: Array | None, n: int) -> NDArray[np.bool_]:
    """Return which points count: those whose standard deviation is finite."""
    if weights is None:
        return np.ones(n, bool)
    return np.broadcast_to(weights.any(axis=1) if weights.ndim == 2 else weights != 0, n)


def chosen(points: NDArray[np.bool_], x: Any, y: Array) -> tuple[Any, Array]:
    """Return some of the points, or all of them where x cannot be taken apart."""
    one_each = isinstance(x, np.ndarray) and x.shape[-1:] == y.shape
    return (x[..., points], y[points]) if one_each and not points.all() else (x, y)


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


def _weights(sigma: Sigma, y: Array, y_name: str) -> Array:
    """Return what turns differences into standard deviations: factors, or a matrix."""
    n = len(y)
    if isinstance(sigma, Cholesky):
        return _inverse_factor(numbers("sigma", sigma.factor), n, y_name)
    relative = isinstance(sigma, Relative)
    of_y = sigma.fraction if isinstance(sigma, Relative) else sigma
    deviations = numbers("sigma", of_y, check_finite=False)
    if deviations.shape not in ((), (n,), *([] if relative else [(n, n)])):
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
    if not (deviations > 0).all():
        refuse("sigma", deviations, ~(deviations > 0), "expected positive standard deviations")
    if np.isinf(deviations).all():
        raise ValueError("sigma is infinite for all points: none would count")
    return 1 / deviations


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
