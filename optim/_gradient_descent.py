"""Steepest descent: walk against the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import value_and_grad

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


def gradient_descent(
    f: Callable[[Any], Any],
    x0: ArrayLike,
    *,
    step: float,
    steps: int,
    tolerance: float = 0.0,
) -> OptimizeResult:
    """Minimise ``f`` by steps of fixed size against its gradient: x ← x - step · ∇f(x).

    Parameters
    ----------
    f : callable
        Takes an array of the shape of ``x0`` and returns one real number.
    x0 : array_like
        Where to start.
    step : float
        What the gradient is multiplied by.
    steps : int
        How many steps to take at the most.
    tolerance : float
        Stop where the norm of the gradient is at most this.

    Returns
    -------
    OptimizeResult
        ``x, fun, jac`` at the end; ``path``, all points from the first to the last, of shape
        ``(nit + 1, *x0.shape)``; ``nit, nfev, njev, status, success, message``. Success is claimed
        only where the gradient has come down to the tolerance.

    Raises
    ------
    ValueError
        When ``f`` or its gradient is not finite at the start, or ``step`` is not positive.

    Examples
    --------
    >>> result = gradient_descent(lambda x: (x - 3.0) ** 2, 0.0, step=0.5, steps=10)
    >>> float(result.x), result.path.tolist()
    (3.0, [0.0, 3.0])
    """
    from scipy.optimize import OptimizeResult

    if not step > 0:
        raise ValueError(f"expected a positive step, got {step}")
    f_and_gradient = value_and_grad(f)
    x = np.array(x0, dtype=float)[()]
    value, gradient = f_and_gradient(x)
    if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
        raise ValueError(f"f is {value} at the start {x!r:.80}, with the gradient {gradient!r:.80}")
    path = [x]
    status, message = 1, f"all {steps} steps were taken"
    while True:
        if np.linalg.norm(gradient) <= tolerance:
            status, message = 0, f"the gradient's norm has come down to {tolerance:g}"
            break
        if len(path) > steps:
            break
        candidate = x - step * gradient
        new_value, new_gradient = f_and_gradient(candidate)
        if not (np.isfinite(new_value) and np.all(np.isfinite(new_gradient))):
            status, message = 2, f"f is {new_value} after step {len(path)}: take smaller steps"
            break
        x, value, gradient = candidate, new_value, new_gradient
        path.append(x)
    return OptimizeResult(
        x=x,
        fun=value,
        jac=gradient,
        path=np.stack(path),
        nit=len(path) - 1,
        nfev=len(path) + (status == 2),
        njev=len(path) + (status == 2),
        status=status,
        success=status == 0,
        message=message,
    )
