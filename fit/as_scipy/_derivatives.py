"""The derivatives that curve_fit searches with: exact ones, the caller's, or finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import Tensor
from fit.arguments._numbers import Array
from fit.as_scipy._arguments import Limits

NOISE = {"2-point": 1e-7, "3-point": 1e-9, "cs": 1e-14}  # of SciPy's differences, at the most


def check_jac(jac: Any) -> None:
    """Refuse what is neither a function nor the name of one of SciPy's differences."""
    if jac is not None and not callable(jac) and jac not in NOISE:
        raise ValueError(f"`jac` must be '2-point', '3-point', 'cs' or callable, got {jac!r}")


def weighted_jacobian(
    jac: Callable[..., Any], x: Any, scale: Array | None, transposed: bool
) -> Callable[[Array], Array]:
    """Return the Jacobian of the weighted residuals, from the caller's of the model."""

    def of_residuals(p: Array) -> Array:
        J = np.asarray(jac(x, *p), float)
        J = J.T if transposed else J
        if scale is None:
            return J
        weighted: Array = scale @ J if scale.ndim == 2 else scale[..., None] * J
        return weighted

    return of_residuals


def differences(
    residuals: Callable[[Any], Any], name: str, limits: Limits | None
) -> Callable[[Array], Array]:
    """Return the Jacobian by SciPy's finite differences, within the bounds."""
    from scipy.optimize._numdiff import approx_derivative

    bounds = (-np.inf, np.inf) if limits is None else limits

    def of_residuals(p: Array) -> Array:
        J: Array = approx_derivative(residuals, p, method=name, bounds=bounds)
        matrix: Array = np.atleast_2d(J)
        return matrix

    return of_residuals


class Remembering:
    """A function that remembers where it was last evaluated."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.p: Any = None

    def __call__(self, p: Any) -> Any:
        self.p = p
        return self.f(p)


def recordable(x: Any) -> Any:
    """Return x as the array that it is but in name, as a column of a table is."""
    if getattr(x, "ndim", 0) != 1:
        return x
    try:
        return np.asarray(x, float)
    except (TypeError, ValueError):
        return x


def raise_unless_recording_failed(
    error: Exception, residuals: Callable[[Any], Any], p: Any
) -> None:
    """Raise what a fit fails by without recording as well: the error, or one that numbers give."""
    if p is None:
        raise error
    try:
        with np.errstate(all="ignore"):
            values = residuals(p.data if type(p) is Tensor else p)
    except Exception as without_recording:
        raise without_recording from None
    if np.iscomplexobj(values):
        raise error
