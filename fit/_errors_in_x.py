"""Errors in x as well as in y: effective variance, and orthogonal distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import Tensor, hvp, jvp, vjp
from fit._data import Array
from fit.models._model import Model

MAXITER = 100  # of the search for the point of the curve that is nearest to a measured one
# A Newton step of this size, in standard deviations of x, leaves rounding errors only.
SMALL = 1e-8
# Where to look first, as shares of the largest distance in x that is possible.
PLACES = (-0.9, -0.6, -0.3, 0.3, 0.6, 0.9)


def effective_variance(
    model: Model, x: Array, y: Array, sigma: Array, x_sigma: Array
) -> Callable[[Any], Any]:
    """Return residuals over √(σ_y² + (∂f/∂x)² σ_x²), as a function of all parameters.

    The slope is taken at the measured x, and the variances vary with the parameters.

    References
    ----------
    J. Orear, "Least squares when both variables have uncertainties", American Journal of Physics
    50 (1982).
    """

    def weighted(p: Any) -> Any:
        values, slopes = _values_and_slopes(model, x, p)
        return (values - y) / np.sqrt(sigma**2 + _over_variables((slopes * x_sigma) ** 2))

    return weighted


def orthogonal_distance(
    model: Model, x: Array, y: Array, sigma: Array, x_sigma: Array
) -> Callable[[Any], Any]:
    """Return the distances of the points from the curve, in standard deviations, with their signs.

    Each measured point has its own true x, which is where (x - x_i)²/σ_x² + (f(x) - y)²/σ_y² is
    least, and moves with the parameters. Two Newton steps from there, with fixed second
    derivatives, tell how: they give the first and second derivatives of the distances exactly.

    References
    ----------
    P. T. Boggs, R. H. Byrd and R. B. Schnabel, "A stable and efficient algorithm for nonlinear
    orthogonal distance regression", SIAM Journal on Scientific and Statistical Computing 8 (1987).
    """

    def weighted(p: Any) -> Any:
        here = [q.data if isinstance(q, Tensor) else q for q in p]
        true = nearest_x(model, x, y, sigma, x_sigma, here)
        values, slopes = _values_and_slopes(model, true, here)
        curvature = _curvature(model, true, y, sigma, x_sigma, here, values, slopes)
        inverse = np.moveaxis(np.linalg.inv(curvature), 0, -1)
        for _ in range(2):
            values, slopes = _values_and_slopes(model, true, p)
            slope = _slope_of_distance(true, x, y, sigma, x_sigma, values, slopes)
            step = np.sum(inverse * slope.reshape(-1, len(y)), axis=1)
            true = true - x_sigma * step.reshape(x.shape)
        values, slopes = _values_and_slopes(model, true, p)
        spread = np.sqrt(sigma**2 + _over_variables((slopes * x_sigma) ** 2))
        return (values - y) * spread / sigma**2

    return weighted


def takes_each_point_alone(model: Model, x: Array, p: Any) -> bool:
    """Whether each value of the model depends on the x of its own point only."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=x.shape)
    _, slopes = _values_and_slopes(model, x, p)
    _, moved = jvp(lambda x: _values(model, x, p), x, direction)
    alone, terms = slopes * direction, np.abs(slopes * direction)
    return bool(
        np.all(np.abs(_over_variables(alone) - moved) <= 1e-9 * np.max(_over_variables(terms)))
    )


def nearest_x(model: Model, x: Array, y: Array, sigma: Array, x_sigma: Array, p: Any) -> Array:
    """Return the true x of each point, for given parameters.

    The best of a few places is improved by Newton's method, or by the method of Gauss and Newton
    where the distance bends down. Each point has steps of its own, and none increases its distance.
    """

    def distances(true: Array) -> Array:
        squares = _over_variables(((true - x) / x_sigma) ** 2)
        total: Array = squares + ((_values(model, true, p) - y) / sigma) ** 2
        return total

    with np.errstate(all="ignore"):
        true, least = x, distances(x)
        farthest = np.sqrt(least)
        for row in range(x.size // len(y)):
            axis = np.zeros((x.size // len(y), 1))
            axis[row] = 1.0
            for place in PLACES:
                trial = x + place * (axis * farthest).reshape(x.shape) * x_sigma
                there = distances(trial)
                true, least = np.where(there < least, trial, true), np.fmin(there, least)
        fraction = np.ones(len(y))  # of the step
        rounding = 10 * np.finfo(float).eps * np.abs(x / x_sigma).reshape(-1, len(y)).max(axis=0)
        tolerance = SMALL + rounding
        for _ in range(MAXITER):
            values, slopes = _values_and_slopes(model, true, p)
            curvature = _curvature(model, true, y, sigma, x_sigma, p, values, slopes)
            slope = _slope_of_distance(true, x, y, sigma, x_sigma, values, slopes)
            rows = slope.reshape(-1, len(y)).T[:, :, None]
            step = fraction * np.linalg.solve(curvature, rows)[:, :, 0].T
            small = np.sum(step**2, axis=0) <= tolerance**2
            trial = true - x_sigma * step.reshape(x.shape)
            there = distances(trial)
            taken = small | (there <= least)
            true, least = np.where(taken, trial, true), np.where(taken, there, least)
            fraction = np.where(taken, 1.0, fraction / 4)
            if small.all():
                break
    return true


def _slope_of_distance(
    true: Any, x: Array, y: Array, sigma: Array, x_sigma: Array, values: Any, slopes: Any
) -> Any:
    """Return half the derivative of a point's squared distance by true x, in units of σ_x."""
    return (true - x) / x_sigma + (values - y) * slopes * x_sigma / sigma**2


def _curvature(
    model: Model,
    true: Array,
    y: Array,
    sigma: Array,
    x_sigma: Array,
    p: Any,
    values: Array,
    slopes: Array,
) -> Array:
    """Return half the second derivatives of each distance, of shape (n, variables, variables).

    Where they are not positive definite, the part that the model's second derivatives make is left
    out.
    """
    n = len(y)
    scale = x_sigma.reshape(-1, n) / sigma
    first = slopes.reshape(-1, n) * scale
    straight = np.eye(len(first)) + np.einsum("in,jn->nij", first, first)
    bent = np.empty_like(straight)
    for row in range(len(first)):
        axis = np.zeros_like(true).reshape(-1, n)
        axis[row] = 1.0
        second = hvp(lambda x: np.sum(_values(model, x, p)), true, axis.reshape(true.shape))
        bent[:, row] = (second.reshape(-1, n) * scale * scale[row] * (values - y)).T
    full: Array = straight + bent
    full = np.where(np.isfinite(full), full, 0.0)
    positive = np.linalg.eigvalsh(full)[:, 0] > 1e-3
    return np.where(positive[:, None, None], full, straight)


def _values(model: Model, x: Any, p: Any) -> Any:
    """Return the model at x, as one array."""
    values = model(x, *p)
    return (np.stack(values) if isinstance(values, list | tuple) else values) * np.ones(x.shape[-1])


def _values_and_slopes(model: Model, x: Any, p: Any) -> tuple[Any, Any]:
    """Return the model and its derivative by each entry of x."""
    values, pull = vjp(lambda x: _values(model, x, p), x)
    return values, pull(np.ones(x.shape[-1]))


def _over_variables(squares: Any) -> Any:
    """Return the sum over several variables, where x has a row for each."""
    return squares if np.ndim(squares) == 1 else np.sum(squares, axis=0)
