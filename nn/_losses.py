"""Losses: how far predictions are from the truth, as one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import softmax_cross_entropy

__all__ = ["mean_squared_error", "softmax_cross_entropy"]


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
