"""Metrics: what is said of predictions, in the order of scikit-learn's: targets first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import to_numpy
from nn._losses import as_floats, class_targets, reduce_losses, require


def accuracy(targets: Any, predictions: Any, *, sample_weight: Any = None) -> float:
    """Return the share of predictions that are right.

    Predictions are labels of any type, shape (n,); scores, shape (n, classes), the largest of which
    counts, for targets as in `cross_entropy`; or a column of logits, shape (n, 1), which are
    positive for the class 1, for targets of 0 and 1, or of -1 and 1.

    >>> accuracy([0, 1, 0, 1], [[2.0, 1.0], [0.0, 3.0], [5.0, 1.0], [4.0, 1.0]])
    0.75
    """
    truth, found = _values(targets), _values(predictions)
    if found.ndim == 2:
        truth, found = _classes(truth, as_floats(found))
    for labels in (truth, found):
        if labels.dtype.kind == "f":
            whole = np.all(labels == np.rint(labels))
            require(whole, "labels (logits are a column, predictions[:, None])", labels)
    same = truth.shape == found.shape == (found.size,)
    require(same, "as many targets as predictions", truth.shape, found.shape)
    return float(reduce_losses(np.asarray(truth == found, np.float64), "mean", sample_weight))


def _classes(targets: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the classes that targets and scores mean."""
    require(not np.isnan(scores).any(), "predictions without NaN", scores)
    if scores.shape[1] == 1:
        classes = {*targets.ravel().tolist()}
        two = classes <= {0, 1} or classes <= {-1, 1}
        require(two, "targets of 0 and 1, or of -1 and 1, for logits in a column", classes)
        return targets.ravel() > 0, scores[:, 0] > 0
    targets = class_targets(targets, scores)
    return targets if targets.ndim == 1 else targets.argmax(axis=1), scores.argmax(axis=1)


def r_squared(targets: Any, predictions: Any, *, sample_weight: Any = None) -> float:
    """Return 1 - Σ (target - prediction)² / Σ (target - mean target)², averaged over the columns.

    Where all targets are equal it is 1 for right predictions and 0 for others.

    >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    truth, found = (as_floats(_values(x), np.float64) for x in (targets, predictions))
    truth, found = (x[:, None] if x.ndim == 1 else x for x in (truth, found))
    same = truth.shape == found.shape and len(truth) > 1
    require(same, "two or more targets and as many predictions", truth.shape, found.shape)
    require(np.isfinite(truth).all(), "finite targets", truth)
    unexplained = []
    for t, p in zip(truth.T, found.T, strict=True):
        centre = reduce_losses(t, "mean", sample_weight)
        error, spread = (reduce_losses((t - x) ** 2, "mean", sample_weight) for x in (p, centre))
        unexplained.append(error / spread if np.ptp(t) > 0 else np.sign(error))
    return float(1 - np.mean(unexplained))


def _values(x: Any) -> Any:
    return to_numpy(x)
