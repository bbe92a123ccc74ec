"""How far a fitted model moves when its parameters move as far as their errors let them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import jacobian, jvp, replaying
from fit.arguments._numbers import Array, as_x
from fit.uncertainties._covariance import variance_of
from fit.uncertainties._estimate import Estimate, quantile
from fit.uncertainties._further_measurement import deviations_of_further

ALONE = 1e-9  # of what it changes by: a value that depends on the parameters at its own place only


def band(
    result: Estimate, x: Any, level: float, kind: str, sigma: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Return the edges of a band about the model; `FitResult.band`."""
    if kind not in ("confidence", "prediction"):
        raise ValueError(f"expected the kind 'confidence' or 'prediction', got {kind!r}")
    if sigma is not None and kind == "confidence":
        raise ValueError("sigma is that of further measurements: give kind='prediction' too")
    factor = quantile(level, result.dof_of_errors)
    model, parameters = result.model_at(as_x(x)), result.problem.parameters
    J = replaying(jacobian(model))(result.p)
    spread = factor * np.sqrt(result.sandwich.variance) * result.determined.spread
    sides = reaches(model, result.p, J, spread, (parameters.lower, parameters.upper))
    below, above = np.where(np.isinf(variance_of(J, result.determined)), np.inf, sides)
    middle = result.predict(x)
    if kind == "prediction":
        own = deviations_of_further(result.problem, middle, sigma)
        scatter = factor * np.sqrt(result.variance) * own
        below, above = np.hypot(below, scatter), np.hypot(above, scatter)
    return middle - below, middle + above


def reaches(
    model: Callable[[Any], Any], p: Array, J: Array, spread: Array, bounds: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Return how far each value of a model may fall and rise.

    For each, the parameters go to both ends of the way on which it changes most. Where the model
    does not take parameters that differ from value to value, or is not finite there, it falls and
    rises by as much as its slope says.

    Parameters
    ----------
    model : callable
        Takes the free parameters.
    p : ndarray of shape (n,)
        Where they are.
    J : ndarray of shape (..., n)
        The model's Jacobian there.
    spread : ndarray of shape (n, rank)
        Its product with its transpose is the covariance, times the square of how many standard
        errors the parameters move.
    bounds : two ndarrays of shape (n,)
        Which the parameters keep to.
    """
    along = J @ spread
    linear = np.linalg.norm(along, axis=-1)
    unit = along / np.where(linear > 0, linear, 1.0)[..., None]
    steps = np.moveaxis(unit @ spread.T, -1, 0)
    here, *bounds_here = (np.broadcast_to(v, J.shape) for v in (p, *bounds))
    here, lower, upper = (np.moveaxis(v, -1, 0) for v in (here, *bounds_here))
    terms = np.sum(np.abs(np.moveaxis(J, -1, 0) * steps), axis=0)
    try:
        with np.errstate(all="ignore"):
            middle, changes, *ends = replaying(_along_step(model))(here, steps, lower, upper)
            alone = np.shape(changes) == linear.shape and np.all(
                np.abs(changes - linear) <= ALONE * terms
            )
            if not alone:
                return linear, linear
            below, above = (
                np.max([sign * (end - middle) for end in (*ends, middle)], axis=0)
                for sign in (-1, 1)
            )
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return linear, linear
    known = np.isfinite(below + above)
    return np.where(known, below, linear), np.where(known, above, linear)


def _along_step(model: Callable[[Any], Any]) -> Callable[..., tuple[Any, ...]]:
    """Return the function that gives a model, how it changes along a step, and both ends of it."""

    def along_step(here: Array, step: Array, lower: Array, upper: Array) -> tuple[Any, ...]:
        low, high = (model(np.clip(end, lower, upper)) for end in (here - step, here + step))
        return *jvp(model, here, step), low, high

    return along_step
