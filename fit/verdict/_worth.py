"""What a minimum of χ² is worth: whether it describes the data at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fit.arguments._numbers import Array

CHANCE = 16.0  # variances, by which the χ² of two models may differ by chance, as 4 errors are one
ROUNDED = 1e-20  # of the sum of squares of the data: what is left of it by rounding
LINEAR = 1e-9  # of the change of residuals: what rounding makes of it where they are linear
DESCRIBED = 0.9  # of the squares of the data, from where on a pole of the curve is theirs
HALVINGS = 20  # of the gaps between points
FAR = 1000.0  # times as far as the data and the curve at them reach, where there is a pole


def shortcoming(
    model: Callable[[Any], Any], x: Any, y: Array, weights: Array | None, chi_squared: float
) -> str:
    """Return why a fit by least squares describes nothing, in words, if so.

    The model is that with the fitted parameters. Of data that are all alike nothing is said: they
    have nothing for a model to describe.
    """
    if weights is None:
        whole, constant = y, _squares(y - np.add.reduce(y) / y.size)
    else:
        whiten = weights.dot if weights.ndim == 2 else weights.__mul__
        ones, whole = whiten(np.ones(y.size)), whiten(y)
        constant = _squares(whiten(y - ones.dot(whole) / ones.dot(ones)))
    return shortcoming_beside_constant(
        constant, _squares(whole), y.size, chi_squared, lambda: pole_between_points(model, x, y)
    )


def shortcoming_beside_constant(
    constant: float,
    whole: float,
    n: int,
    chi_squared: float,
    pole: Callable[[], tuple[float, float] | None],
) -> str:
    """Return why a fit describes nothing, beside the best constant and the data's own squares."""
    if chi_squared <= (1 - DESCRIBED) * constant:
        return ""
    if constant <= ROUNDED * whole:
        return ""
    if chi_squared > constant * (1 + CHANCE / max(n - 1, 1)):
        return (
            f"the fit is worse than a constant: its χ² is {chi_squared:.4g}, but that of the best "
            f"constant {constant:.4g}"
        )
    gap = pole()
    if gap is None:
        return ""
    return f"the curve has a pole between the points x = {gap[0]:.4g} and {gap[1]:.4g}"


def only_minimum(residuals: Callable[[Any], Any], p: Array) -> bool:
    """Whether the residuals are linear in the parameters, as far as two places far away tell."""
    step = np.where(p != 0, np.abs(p), 1.0) * np.random.default_rng(0).uniform(0.5, 1.5, p.size)
    with np.errstate(all="ignore"):
        before, here, after = (np.asarray(residuals(q), float) for q in (p - step, p, p + step))
        bend = np.max(np.abs(before + after - 2 * here))
        return bool(bend <= LINEAR * np.max(np.abs(after - before)))


def pole_between_points(
    model: Callable[[Any], Any], x: Any, y: Array
) -> tuple[float, float] | None:
    """Return between which points a model goes through infinity, if it does.

    Of each gap the half is kept whose ends differ more, until next to nothing of it is left.
    """
    if not isinstance(x, np.ndarray) or x.shape != y.shape or x.size < 2:
        return None
    order = np.argsort(x)
    left, right = x[order[:-1]], x[order[1:]]

    def values(places: Array) -> Array:  # as many as there are points: some models take no others
        return np.asarray(model(np.append(places, x[order[-1]])), float)[:-1]

    try:
        with np.errstate(all="ignore"):
            below, above = values(left), values(right)
            reach = np.ptp(np.concatenate([y, below, above]))
            for _ in range(HALVINGS):
                middle = (left + right) / 2
                there = values(middle)
                first = np.abs(there - below) > np.abs(above - there)
                right, above = np.where(first, middle, right), np.where(first, there, above)
                left, below = np.where(first, left, middle), np.where(first, below, there)
                apart = np.abs(above - below)
                if not np.max(apart) > reach / FAR:
                    return None
    except Exception:  # A model can be made for the measured x alone, and fail as it likes.
        return None
    k = int(np.argmax(apart))
    return (float(x[order[k]]), float(x[order[k + 1]])) if apart[k] > FAR * reach else None


def _squares(values: Array) -> float:
    return float(values.dot(values))
