"""The data of a fit: what is measured, and where, and what cannot be meant."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._numbers import INSTEAD, Array, as_x, is_masked, nan_for_masked, numbers, refuse
from fit.problem._sigma import (
    Cholesky,
    Relative,
    Sigma,
    counting,
    refuse_errors_of_model,
    weights_of,
)

NAMES = ("x", "y")  # of the arguments, in messages


class Data(NamedTuple):
    """What is measured, as `Problem` has it.

    Attributes
    ----------
    x, y : where, and what
    weights : ndarray of shape (), (n,) or (n, n), or None
        What turns differences of ``y`` into standard deviations, if any errors were given.
    x_sigma : ndarray of the shape of x, or None
    relative : Relative or None
        The standard deviations of ``y``, if they were given as fractions.
    left_out : int
        How many points there were besides, with a NaN.
    """

    x: Any
    y: Array
    weights: Array | None
    x_sigma: Array | None
    relative: Relative | None
    left_out: int

    def points_that_count(self) -> tuple[Any, Array]:
        """Return x and y of the points that count, or of all where x cannot be taken apart."""
        points, (x, y) = counting(self.weights, len(self.y)), self[:2]
        one_each = isinstance(x, np.ndarray) and x.shape[-1:] == y.shape
        return (x[..., points], y[points]) if one_each and not points.all() else (x, y)


def data_of(
    x: Any, y: ArrayLike, sigma: Sigma | None, x_sigma: ArrayLike | None, nan_policy: str
) -> Data:
    """Return the data of a fit, or raise a ValueError that says what is bad."""
    if nan_policy != "raise":
        size = np.size(y)
        data = _data_of_all(*without_nan(x, y, sigma, x_sigma, nan_policy))
        return data._replace(left_out=size - len(data.y))
    try:
        return _data_of_all(x, y, sigma, x_sigma)
    except ValueError:  # of which a NaN is the reason, if there is one
        for name, given in (("x", x), ("y", y), ("sigma", sigma), ("x_sigma", x_sigma)):
            _refuse(np.isnan, name, given, INSTEAD)
        raise


def _data_of_all(x: Any, y: ArrayLike, sigma: Sigma | None, x_sigma: ArrayLike | None) -> Data:
    """Return the data of a fit that leaves out none of the points."""
    x, values, weights = checked_data(x, y, sigma, names=NAMES)
    if x_sigma is not None:
        refuse_errors_of_model(
            sigma, "with x_sigma errors relative to the model are not known: give sigma itself"
        )
        x_sigma = _deviations_of_x(x, x_sigma, len(values))
    relative = sigma if isinstance(sigma, Relative) else None
    return Data(x, values, weights, x_sigma, relative, 0)


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
    return x, y, None if sigma is None else weights_of(sigma, y, y_name)


def without_nan(
    x: Any, y: ArrayLike, sigma: Sigma | None, x_sigma: ArrayLike | None, nan_policy: str
) -> tuple[Any, ArrayLike, Sigma | None, ArrayLike | None]:
    """Return the data without the points that hold a NaN, if that is asked for."""
    if nan_policy != "omit":
        raise ValueError(f"expected the nan_policy 'raise' or 'omit', got {nan_policy!r}")
    if isinstance(sigma, Cholesky):
        raise ValueError("nan_policy='omit' needs the covariance itself as sigma, not its factor")
    x, y, x_sigma = map(nan_for_masked, (x, y, x_sigma))
    x = as_x(x, check_finite=False)
    values: Any = numbers("y", y, check_finite=False)
    of_y: Any = nan_for_masked(sigma.fraction if isinstance(sigma, Relative) else sigma)
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
    if is_masked(values) or not isinstance(values, np.ndarray | list):
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


def _deviations_of_x(x: Any, x_sigma: ArrayLike, n: int) -> Array:
    """Return the standard deviations of x, one for each entry."""
    deviations = numbers("x_sigma", x_sigma)
    if np.shape(x)[-1:] != (n,):
        raise ValueError(
            f"x_sigma needs x to be an array of shape ({n},), or with a row for each variable, "
            f"got {type(x).__name__} of shape {np.shape(x)}"
        )
    if deviations.shape not in ((), x.shape):
        raise ValueError(f"x_sigma has shape {deviations.shape}, but x {x.shape}")
    if (deviations < 0).any():
        refuse("x_sigma", deviations, deviations < 0, "expected standard deviations, 0 where exact")
    return np.broadcast_to(deviations, x.shape)
