"""Metrics: what is said of predictions, in the order of scikit-learn's: targets first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor
from nn._losses import weights_of


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
        When there are no targets, lengths differ, there is a NaN, numbers of shape (n,) are no
        labels, targets are no classes of the scores, as rows with more than one label, or weights
        are not one for each row or add up to 0.

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
    if truth.dtype.kind in "fO":
        _refuse_targets("NaN", np.not_equal(truth, truth).astype(bool))
    weights = _mean_weights(sample_weight, len(truth))
    return float(np.average(_are_right(_labels(truth, found), found), weights=weights))


def _labels(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[Any]:
    """Return targets as labels: of rows of probabilities the class of the largest."""
    if truth.ndim == 1:
        return truth
    if truth.shape[1] == 1:
        return truth[:, 0]
    if found.ndim == 2 and found.shape[1] not in (1, truth.shape[1]):
        raise ValueError(
            "expected labels, or probabilities of the classes that the scores have, as targets, "
            f"got shapes {truth.shape} and {found.shape}"
        )
    wrong = np.full(len(truth), True)
    if truth.dtype.kind in "fiub":
        wrong = (truth.min(axis=1) < 0) | (np.abs(truth.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        raise ValueError(
            "expected targets in rows to be probabilities, as one-hot rows are, which add up to 1 "
            f"in each row, got {truth[wrong][0].tolist()}: rows of several labels are judged one "
            "column at a time, accuracy(targets[:, j], scores[:, [j]])"
        )
    return np.asarray(truth.argmax(axis=1))


def _are_right(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.bool_]:
    """Return for each label whether the prediction, itself or by its scores, is the same."""
    if found.ndim == 1:
        if found.dtype.kind == "f" and np.any(found != np.rint(found)):
            raise ValueError(
                f"expected predictions of shape {found.shape} to be labels, got "
                f"{found[found != np.rint(found)][0]}: logits are a column, predictions[:, None]"
            )
        kinds = truth.dtype.kind, found.dtype.kind
        if "O" not in kinds and (kinds[0] in "SU") != (kinds[1] in "SU"):
            raise ValueError(f"expected labels of one type, got {truth.dtype} and {found.dtype}")
        return np.asarray(truth == found)
    numbers = truth.dtype.kind in "fiub"
    if found.shape[1] > 1:
        classes = found.shape[1]
        wrong = ~np.isin(truth, range(classes)) if numbers else np.full(truth.shape, True)
        if wrong.any():
            raise ValueError(
                f"expected integer labels from 0 to {classes - 1} for scores of {classes} classes, "
                f"got {truth[wrong].tolist()[0]!r}"
            )
        return np.asarray(truth == found.argmax(axis=1))
    if not numbers or not any(np.isin(truth, pair).all() for pair in ((0, 1), (-1, 1))):
        raise ValueError(
            "expected targets of 0 and 1, or of -1 and 1, for predictions in one column, got "
            f"{[*dict.fromkeys(truth.tolist())][:5]}"
        )
    return np.asarray((truth > 0) == (found[:, 0] > 0))


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
        When the shapes differ, there are fewer than two targets, one is not finite, or weights
        are not one for each row or add up to 0. Where a prediction is NaN, so is the result.

    Examples
    --------
    >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    truth, found = _values(targets), _values(predictions)
    _check_rows(truth, found)
    truth, found = (x.astype(np.float64) for x in (truth, found))
    _refuse_targets("not finite", ~np.isfinite(truth))
    truth, found = (x.reshape(len(x), -1) for x in (truth, found))
    if truth.shape != found.shape or len(truth) < 2:
        raise ValueError(
            f"expected two or more targets and as many predictions, got shapes {truth.shape} and "
            f"{found.shape}"
        )
    weights = _mean_weights(sample_weight, len(truth))
    centre = np.average(truth, axis=0, weights=weights)
    spread = np.average((truth - centre) ** 2, axis=0, weights=weights)
    error = np.average((truth - found) ** 2, axis=0, weights=weights)
    unexplained = np.divide(error, spread, out=np.sign(error), where=spread > 0)
    return float(np.mean(1 - unexplained))


def _values(x: Any) -> NDArray[Any]:
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def _mean_weights(sample_weight: Any, rows: int) -> NDArray[Any] | None:
    """Return the weights of rows, of which there is a mean."""
    if sample_weight is None:
        return None
    weights: NDArray[Any] = weights_of("row", _values(sample_weight), (rows,), np.float64)
    if not weights.sum() > 0:
        raise ValueError(f"expected weights with a positive sum, got {weights.sum():g}")
    return weights


def _refuse_targets(what: str, wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"{wrong.sum()} of {wrong.size} targets are {what}, the first at index {first}: leave "
            "such rows out"
        )


def _check_rows(targets: NDArray[Any], predictions: NDArray[Any]) -> None:
    for values in (targets, predictions):
        if values.ndim not in (1, 2) or not values.size or len(values) != len(targets):
            raise ValueError(
                "expected targets and predictions with the same number of rows, 1 or more, got "
                f"shapes {targets.shape} and {predictions.shape}"
            )
