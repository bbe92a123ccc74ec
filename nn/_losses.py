"""Losses: how far predictions are from the truth, as one number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff import Each, Tensor, custom, softmax_cross_entropy

__all__ = ["l2_penalty", "mean_squared_error", "softmax_cross_entropy"]


def sum_of_squares(*arrays: Any) -> Any:
    """Return the sum of the squares of all entries."""
    return sum(np.vdot(x, x) for x in arrays)


def _column(g: Any, x: Any) -> Any:
    return g[(..., *(None,) * x.ndim)] if g.ndim else g


# One op for all parameters: a training step spends more time on making nodes than on squares.
_sum_of_squares = custom(
    sum_of_squares,
    vjp=Each(lambda i, g, out, *arrays: (2 * _column(g, arrays[i])) * arrays[i]),
    jvp=Each(
        lambda i, t, out, *arrays: np.sum(
            (2 * t) * arrays[i], axis=tuple(range(-arrays[i].ndim, 0))
        )
    ),
)


def l2_penalty(parameters: Iterable[Tensor]) -> Any:
    """Return the sum of the squares of all entries of real parameters.

    Added to a loss with a small factor it keeps the parameters small.

    Examples
    --------
    >>> l2_penalty([Tensor([1.0, 2.0]), Tensor(3.0)]).item()
    14.0
    """
    return _sum_of_squares(*parameters)


def mean_squared_error(prediction: Any, target: Any) -> Any:
    """Return the mean over all entries of (prediction - target)².

    Raises
    ------
    ValueError
        When the shapes differ: broadcasting one against the other is hardly ever meant.

    Examples
    --------
    >>> float(mean_squared_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    """
    if np.shape(prediction) != np.shape(target):
        raise ValueError(
            f"expected prediction and target of one shape, got {np.shape(prediction)} and "
            f"{np.shape(target)}"
        )
    return np.mean(np.square(prediction - target))
