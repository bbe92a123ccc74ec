"""Robust losses: what residuals cost that are larger than noise should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autodiff import grad, linearize
from optim.search._objective import Array
from optim.search._run import check_choice, check_number

Loss: TypeAlias = Callable[[Any], Any]

# Each takes z = (residual / scale)², and grows as z itself where z is small. Names and definitions
# are those of `scipy.optimize.least_squares`.
LOSSES: dict[str, Loss] = {
    "soft_l1": lambda z: 2 * z / (1 + np.sqrt(1 + z)),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.maximum(z, 1)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}

# The share of a residual's weight that its curvature is taken to have at the least. Beyond some
# size a residual's cost bends down, and the quadratic model of the cost would have no minimum.
LEAST_CURVATURE = 0.01


def loss_named(loss: str | Loss) -> Loss | None:
    """Return the loss of a name, or what the caller wrote; None for the linear one."""
    if callable(loss):
        return loss
    if loss == "linear":
        return None
    check_choice("loss", loss, ("linear", *LOSSES), " or a function of z")
    return LOSSES[loss]


def check_f_scale(f_scale: Any) -> None:
    """Refuse as the size of an outlier what is no positive, finite number."""
    check_number("f_scale", f_scale, "a positive, finite number", lambda size: 0 < size < np.inf)


def cost_and_weights(loss: Loss, scale: float, residuals: Array) -> tuple[Any, Array, Array]:
    """Return the sum of the losses, and by what to multiply the residuals and the Jacobian's rows.

    The least squares problem that these make has the same gradient, and its JᵀJ is the curvature of
    the sum as far as the first derivatives of the residuals tell, bounded below.

    References
    ----------
    B. Triggs, P. F. McLauchlan, R. I. Hartley and A. W. Fitzgibbon, "Bundle adjustment: a modern
    synthesis" (2000), section 4.3.
    """
    z = (residuals / scale) ** 2
    rho, first, second = value_and_derivatives(loss, z)
    weight = np.maximum(first, 0)
    curvature = np.sqrt(np.maximum(first + 2 * z * second, LEAST_CURVATURE * weight))
    ratio = np.where(curvature > 0, weight / np.where(curvature > 0, curvature, 1.0), 0.0)
    return scale**2 * np.sum(rho), ratio, curvature


def influence(
    loss: str | Loss, residuals: ArrayLike, f_scale: float = 1.0
) -> tuple[Array, Array, Array]:
    """Return what residuals cost under a robust loss, and how each pulls: its influence.

    Parameters
    ----------
    loss, f_scale
        As in `optim.least_squares`.
    residuals : array_like

    Returns
    -------
    cost : ndarray
        ``f_scale**2 * ρ(z)``, with ``z = (residuals / f_scale)**2``: the square of a residual
        where the loss is linear.
    influence, slope : ndarray
        Half of the derivative of the cost, the residual itself where the loss is linear, and the
        derivative of that.

    Raises
    ------
    ValueError
        When the loss has no such name, or ``f_scale`` is not positive.
    TypeError
        When ``f_scale`` is no number.

    References
    ----------
    P. J. Huber, "Robust Statistics" (1981), section 3.2.

    Examples
    --------
    >>> cost, pull, slope = influence("huber", [0.5, 3.0])
    >>> cost, pull, slope
    (array([0.25, 5.  ]), array([0.5, 1. ]), array([1., 0.]))
    """
    check_f_scale(f_scale)
    r = np.asarray(residuals, float)
    function = loss_named(loss)
    if function is None:
        return r**2, r, np.ones_like(r)
    z = (r / f_scale) ** 2
    rho, first, second = value_and_derivatives(function, z)
    return f_scale**2 * rho, first * r, first + 2 * z * second


def value_and_derivatives(loss: Loss, z: Array) -> tuple[Array, Array, Array]:
    """Return ρ, ρ′ and ρ″ at each z."""
    value = loss(z)
    if not hasattr(value, "dtype"):
        value = np.asarray(value)
    if value.shape != z.shape:
        of_scipy = value.shape == (3, *z.shape)
        raise ValueError(
            f"the loss returned shape {value.shape} for z of shape {z.shape}: it must return one "
            "value for each"
            + (", and not derivatives as SciPy's: return only its first row" if of_scipy else "")
        )
    first, push = linearize(grad(lambda z: np.sum(loss(z))), z)
    return value, first, push(np.ones_like(z))
