"""The derivatives that curve_fit searches with: exact ones, the caller's, or finite differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from traceback import walk_tb
from typing import Any

import numpy as np

from autodiff import Tensor
from fit.arguments._numbers import Array
from fit.as_scipy._arguments import Limits
from fit.problem._chi_squared import has_derivatives

STEPS = {"2-point": np.finfo(float).eps ** (1 / 2), "3-point": np.finfo(float).eps ** (1 / 3)}
TINY = 1e-100  # a step whose square is nothing
NOISE = {"2-point": 1e-7, "3-point": 1e-9, "cs": 1e-14}  # of derivatives, at the most


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
    """Return the Jacobian by differences, by the names that SciPy has for them, within the bounds.

    "2-point" goes one step to a side, "3-point" one to each side, or two to one where a bound is
    near; "cs" goes into the complex plane, so that nothing is subtracted.
    """
    lower, upper = (np.array(-np.inf), np.array(np.inf)) if limits is None else limits

    def of_residuals(p: Array) -> Array:
        axes = np.eye(p.size)
        if name == "cs":
            columns = [residuals(p + 1j * TINY * e).imag / TINY for e in axes]
        else:
            here, steps = residuals(p), STEPS[name] * np.maximum(np.abs(p), 1.0)
            rooms = np.broadcast_arrays(p - lower, upper - p)
            columns = [
                _slope(partial(_at, residuals, p, e), here, h, below, above, name == "3-point")
                for e, h, below, above in zip(axes, steps, *rooms, strict=True)
            ]
        return np.stack(columns, axis=-1)

    return of_residuals


def _at(residuals: Callable[[Any], Any], p: Array, axis: Array, t: float) -> Any:
    return residuals(p + t * axis)


def _slope(
    f: Callable[[float], Any], here: Any, h: float, below: float, above: float, three: bool
) -> Any:
    """Return the derivative of a function at 0, by two or three of its values from there.

    They are a step h apart, if there is so much room below or above.
    """
    if three and h <= min(below, above):
        return (f(h) - f(-h)) / (2 * h)
    # To the side that has room; two steps of a third do not round beyond its end.
    h = min(h, above / 3) if above >= below else -min(h, below / 3)
    if not three:
        return (f(h) - here) / h
    return (4 * f(h) - 3 * here - f(2 * h)) / (2 * h)


def recordable(x: Any) -> Any:
    """Return x as the array that it is but in name, as a column of a table is."""
    if type(x) is np.ndarray or getattr(x, "ndim", 0) != 1:
        return x
    try:
        return np.asarray(x, float)
    except (TypeError, ValueError):
        return x


def raise_unless_recording_failed(
    error: Exception,
    residuals: Callable[[Any], Any],
    recorded: Callable[[Any], Any],
    start: Array,
) -> None:
    """Raise what a fit fails by without recording as well, such as what its callback raises."""
    p = _where_it_failed(error, recorded, start)
    try:
        with np.errstate(all="ignore"):
            values = residuals(p)
    except Exception as without_recording:
        raise without_recording from None
    if np.iscomplexobj(values) or has_derivatives(recorded, p):
        raise error


def _where_it_failed(error: BaseException, f: Callable[[Any], Any], start: Array) -> Array:
    """Return the parameters for which a function of them raised an error, or the start.

    They are looked up in the traceback, since a function that noted them would change what is not
    its own, and so have no plan.
    """
    reasons: BaseException | None = error
    while reasons is not None:
        frames = [
            frame for frame, _ in walk_tb(reasons.__traceback__) if frame.f_code is f.__code__
        ]
        if frames:
            p = frames[-1].f_locals["p"]
            return p.data if isinstance(p, Tensor) else np.asarray(p, float)
        reasons = reasons.__cause__ or reasons.__context__
    return start
