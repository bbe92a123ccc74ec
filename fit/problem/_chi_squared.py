"""χ², and the weighted residuals whose squares it sums: what every fit minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import hessian, jacobian
from fit.arguments._numbers import Array
from fit.problem._data import checked_data
from fit.problem._sigma import OF_MODEL, Sigma, refuse_errors_of_model

TOLERANCE = 1e-9  # of its standard error, that a parameter may be off before the last step


def chi_squared(
    model: Callable[..., Any], x: Any, y: ArrayLike, sigma: Sigma | None = None
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
    sigma : array_like of shape (n,) or (n, n), a number, Relative or Cholesky, optional
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
    refuse_errors_of_model(sigma, OF_MODEL)
    data = checked_data(x, y, sigma, names=names)
    return sum_of_squares(weighted_residuals(model, *data, names=names))


def sum_of_squares(residuals: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the sum of squared residuals, as a function of their parameters."""
    return lambda p: np.sum(residuals(p) ** 2)


def half_of(chi_squared: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return half of χ², of which multipliers are in the units of least squares."""
    return lambda p: chi_squared(p) / 2


def weighted_residuals(
    model: Callable[..., Any],
    x: Any,
    y: Array,
    weights: Array | None,
    *,
    names: tuple[str, str],
) -> Callable[[Any], Any]:
    """Return the residuals of a model, in standard deviations, as a function of its parameters.

    The names are what the caller's arguments are called, for messages.
    """

    def residuals(p: Any) -> Any:
        values = model(x, *p)
        if isinstance(values, list | tuple):
            values = np.stack(values)
        shape = values.shape if hasattr(values, "shape") else ()
        if shape != y.shape and shape not in ((), (1,)):
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


def has_derivatives(residuals: Callable[[Any], Any], p: Array) -> bool:
    """Whether residuals have first and second derivatives at p: whether they can be recorded."""
    try:
        jacobian(residuals)(p)
        hessian(sum_of_squares(residuals))(p)
    except Exception:
        return False
    return True
