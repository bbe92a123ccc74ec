"""Metrics: what is said of predictions, in the order of scikit-learn's: targets first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor


def accuracy(targets: Any, predictions: Any, *, sample_weight: Any = None) -> float:
    """Return the share of predictions that are right.

    Parameters
    ----------
    targets : array_like, shape (n,)
        Labels of any type; integers from 0 on where predictions are scores. Of rows of
        probabilities, as one-hot rows are, the largest counts.
    predictions : array_like or Tensor
        Labels of shape (n,); or logits or probabilities of shape (n, classes), of which the largest
        counts; or one column of logits, shape (n, 1), of which positive ones mean the class 1.
    sample_weight : array_like, shape (n,), optional

    Raises
    ------
    ValueError
        When there are no targets, lengths differ, numbers of shape (n,) are no labels, or there is
        a NaN among the predictions.

    Examples
    --------
    >>> accuracy([0, 1, 1], [[2.0, 1.0], [0.0, 3.0], [5.0, 1.0]]).__round__(3)
    0.667
    >>> accuracy([-1, 1], [[-0.3], [0.2]])
    1.0
    """
    truth, found = _values(targets), _values(predictions)
    _check_rows(truth, found)
    if found.dtype.kind == "f" and np.isnan(found).any():
        raise ValueError(f"{np.isnan(found).sum()} of {found.size} predictions are NaN")
    if truth.ndim == 2:
        truth = truth.argmax(axis=1) if truth.shape[1] > 1 else truth[:, 0]
    if found.ndim == 1:
        if found.dtype.kind == "f" and np.any(found != np.rint(found)):
            raise ValueError(
                f"expected predictions of shape {found.shape} to be labels, got "
                f"{found[found != np.rint(found)][0]}: logits are a column, predictions[:, None]"
            )
        right = truth == found
    elif found.shape[1] > 1:
        right = truth == found.argmax(axis=1)
    else:
        if not (np.isin(truth, (0, 1)).all() or np.isin(truth, (-1, 1)).all()):
            raise ValueError(
                "expected targets of 0 and 1, or of -1 and 1, for predictions in one column, got "
                f"{np.unique(truth)[:5]}"
            )
        right = (truth > 0) == (found[:, 0] > 0)
    return float(np.average(right, weights=sample_weight))


def r_squared(targets: Any, predictions: Any, *, sample_weight: Any = None) -> float:
    """Return 1 - Σ (target - prediction)² / Σ (target - mean target)², averaged over the columns.

    Where all targets are equal it is 1 for right predictions and 0 for others.

    Parameters
    ----------
    targets, predictions : array_like or Tensor, shape (n,) or (n, outputs)
    sample_weight : array_like, shape (n,), optional

    Raises
    ------
    ValueError
        When the shapes differ, or there are fewer than two targets.

    Examples
    --------
    >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    truth, found = _values(targets), _values(predictions)
    _check_rows(truth, found)
    truth, found = (x.reshape(len(x), -1).astype(np.float64) for x in (truth, found))
    if truth.shape != found.shape or len(truth) < 2:
        raise ValueError(
            f"expected two or more targets and as many predictions, got shapes {truth.shape} and "
            f"{found.shape}"
        )
    centre = np.average(truth, axis=0, weights=sample_weight)
    spread = np.average((truth - centre) ** 2, axis=0, weights=sample_weight)
    error = np.average((truth - found) ** 2, axis=0, weights=sample_weight)
    unexplained = np.divide(error, spread, out=(error > 0).astype(float), where=spread > 0)
    return float(np.mean(1 - unexplained))


def _values(x: Any) -> NDArray[Any]:
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def _check_rows(targets: NDArray[Any], predictions: NDArray[Any]) -> None:
    for values in (targets, predictions):
        if values.ndim not in (1, 2) or not values.size or len(values) != len(targets):
            raise ValueError(
                "expected targets and predictions with the same number of rows, 1 or more, got "
                f"shapes {targets.shape} and {predictions.shape}"
            )
