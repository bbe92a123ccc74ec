"""χ², and the weighted residuals whose squares it sums: what every fit minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Model: TypeAlias = Callable[..., Any]


def chi_squared(
    model: Model, x: Any, y: ArrayLike, sigma: ArrayLike | None = None
) -> Callable[[Any], Any]:
    """Return χ² as a function of one vector of parameters, ``p``.

    It is the sum of the squares of ``(model(x, *p) - y) / sigma``, in plain NumPy, so that it can
    be handed to `autodiff.grad` and `autodiff.hessian` and to everything in `optim` that minimises.

    Parameters
    ----------
    model : callable
        Takes ``x`` and then each parameter by itself; returns one value for each data point.
    x : array_like or any object
        What the model is evaluated at. Lists and arrays become arrays of floats.
    y : array_like of shape (n,)
        What was measured.
    sigma : array_like of shape (n,) or (n, n), or a number, optional
        The standard deviations of ``y``, in its units, or its covariance matrix. 1 by default.

    Raises
    ------
    ValueError
        When ``x`` or ``y`` are empty or not finite, ``sigma`` is not positive (definite) or has
        another length, or, from the function returned, when the model's shape is not that of ``y``.

    Examples
    --------
    >>> from autodiff import grad
    >>> f = chi_squared(lambda x, m, c: m * x + c, [0.0, 1.0, 2.0], [1.0, 3.0, 6.0])
    >>> float(f([2.0, 1.0])), grad(f)([2.0, 1.0])
    (1.0, array([-4., -2.]))
    """
    names = ("x", "y")
    residuals = weighted_residuals(model, *checked_data(x, y, sigma, names=names), names=names)

    def value(p: Any) -> Any:
        return np.sum(residuals(p) ** 2)

    return value


def weighted_residuals(
    model: Model, x: Any, y: Array, weights: Array | None, *, names: tuple[str, str]
) -> Callable[[Any], Any]:
    """Return the residuals of a model, in standard deviations, as a function of its parameters.

    The names are what the caller's arguments are called, for messages.
    """

    def residuals(p: Any) -> Any:
        values = model(x, *p)
        if isinstance(values, list | tuple):
            values = np.stack(values)
        shape = np.shape(values)
        if shape not in (y.shape, ()):
            x_name, y_name = names
            raise ValueError(
                f"{y_name} has shape {y.shape}, but for {x_name} of shape {np.shape(x)} the model "
                f"returned shape {shape}: it must return one value for each entry of {y_name}"
            )
        difference = values - y
        if weights is None:
            return difference
        return weights @ difference if weights.ndim == 2 else difference * weights

    return residuals


# -- the data --------------------------------------------------------------------------------


def checked_data(
    x: Any,
    y: ArrayLike,
    sigma: ArrayLike | None,
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
    if isinstance(x, list | tuple | np.ndarray) or getattr(x, "ndim", 0) == 1:
        x = numbers(x_name, x, check_finite)
    return x, y, None if sigma is None else _weights(numbers("sigma", sigma), len(y), y_name)


def numbers(name: str, values: ArrayLike, check_finite: bool = True) -> Array:
    """Return an argument as an array of floats, or raise a ValueError that names it."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: leave those points out")
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    if not array.size:
        raise ValueError(f"{name} is empty")
    array = array.astype(float)
    if check_finite and not np.isfinite(array).all():
        _refuse(name, array, ~np.isfinite(array), "expected finite numbers")
    return array


def _refuse(name: str, array: Array, bad: NDArray[np.bool_], expected: str) -> NoReturn:
    """Raise a ValueError that names the first bad entry of an argument."""
    first = tuple(map(int, np.argwhere(bad)[0]))
    entry = f"{name}[{', '.join(map(str, first))}]" if first else name
    raise ValueError(f"{entry} is {array[first]}, {expected} ({bad.sum()} of {array.size} are not)")


def _weights(sigma: Array, n: int, y_name: str) -> Array:
    """Return what turns differences into standard deviations: factors, or a matrix."""
    if sigma.shape not in ((), (n,), (n, n)):
        raise ValueError(
            f"sigma has shape {sigma.shape}, but {y_name} {n} points: expected ({n},) for standard "
            f"deviations or ({n}, {n}) for a covariance matrix"
        )
    if sigma.ndim == 2:
        return _whitening(sigma)
    if (sigma <= 0).any():
        _refuse("sigma", sigma, sigma <= 0, "expected positive standard deviations")
    return 1 / sigma


def _whitening(covariance: Array) -> Array:
    """Return the matrix that makes residuals of this covariance independent, of variance 1."""
    skew = ~np.isclose(covariance, covariance.T, rtol=1e-8, atol=0)
    if skew.any():
        _refuse("sigma", covariance, skew, "expected a symmetric covariance matrix")
    try:
        return np.linalg.inv(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(covariance)[0]
        raise ValueError(
            f"sigma is not positive definite: its smallest eigenvalue is {smallest:.3g}"
        ) from None
