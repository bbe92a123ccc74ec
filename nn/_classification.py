"""Losses of classification. What a network puts out are logits: logarithms of odds, or scores.

See `nn._losses` for reductions and weights. What a loss needs of the softmax or the sigmoid is in
it, in a form that neither overflows nor cancels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import log_softmax, softmax_cross_entropy
from nn._activations import plain_number, relu, softplus
from nn._losses import as_floats, predictions_and_targets, reduce_losses, weights_of

__all__ = ["binary_cross_entropy", "cross_entropy", "hinge", "softmax_cross_entropy"]


def cross_entropy(
    logits: Any,
    targets: Any,
    *,
    weight: Any = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    sample_weight: Any = None,
) -> Any:
    """Return the mean over the rows of -Σ weight · target · log softmax(logits).

    Parameters
    ----------
    logits : array_like or Tensor, shape (..., classes)
    targets : array_like or Tensor
        The right class of each row, integers of shape (...); or the probabilities of all classes,
        of the shape of the logits.
    weight : array_like, shape (classes,), optional
        Of each class. Where the targets are integers, the mean is divided by the mean weight of
        these, as in PyTorch.
    label_smoothing : float
        The part of each target that is spread evenly over all classes, from 0 to 1.
    reduction : str
        "mean", "sum" or "none".
    sample_weight : array_like, shape (n,), optional
        Of each row.

    Raises
    ------
    ValueError
        When shapes do not agree, a label is no class, probabilities are negative or do not add up
        to 1, or there is nothing to take a mean of.

    Examples
    --------
    >>> logits = [[0.0, 0.0], [0.0, 1.0]]
    >>> float(cross_entropy(logits, [1, 1]).round(4))
    0.5032
    >>> float(cross_entropy(logits, [[0.5, 0.5], [0.0, 1.0]]).round(4))
    0.5032
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"expected a label_smoothing from 0 to 1, got {label_smoothing}")
    label_smoothing = plain_number(label_smoothing)
    logits = as_floats(logits)
    targets = class_targets(targets, logits)
    labelled = targets.ndim < logits.ndim
    plain = weight is sample_weight is None and reduction == "mean" and not label_smoothing
    if plain and labelled and logits.ndim == 2 and targets.size:
        return softmax_cross_entropy(logits, targets)  # the same as one op
    logs = log_softmax(logits)
    if weight is not None:
        class_weights = weights_of("class", weight, logits.shape[-1:], logits.dtype)
        logs = logs * class_weights
    if labelled:
        likelihoods = logs[(*np.indices(targets.shape, sparse=True), targets)]
    else:
        likelihoods = np.sum(logs * targets, axis=-1)
    if label_smoothing:
        even = np.mean(logs, axis=-1)
        likelihoods = (1 - label_smoothing) * likelihoods + label_smoothing * even
    loss = reduce_losses(-likelihoods, reduction, sample_weight)
    if weight is None or not labelled or reduction != "mean":
        return loss
    # Along an axis, for np.take does not see that a plan's labels change.
    found = np.take_along_axis(class_weights, targets.ravel(), axis=0).reshape(targets.shape)
    mean_weight = reduce_losses(found, "mean", sample_weight)
    if mean_weight == 0:
        raise ValueError("the class weights of the targets add up to 0: there is no mean loss")
    return loss / mean_weight


def class_targets(targets: Any, logits: Any) -> Any:
    """Return labels, or probabilities in the precision of the logits, after a check of each."""
    targets = targets if hasattr(targets, "__array_function__") else np.asarray(targets)
    classes = logits.shape[-1] if logits.ndim else 0
    if targets.shape == logits.shape and classes:
        targets = as_floats(targets, logits.dtype)
        sums, rounding = np.sum(targets, axis=-1), classes * np.finfo(targets.dtype).eps
        if not (np.all(targets >= 0) and np.all(np.abs(sums - 1) <= max(rounding, 1e-6))):
            raise ValueError(
                "expected targets of the logits' shape to be probabilities, which are not negative "
                f"and add up to 1 in each row, got sums from {np.min(sums)} to {np.max(sums)} and "
                f"the least entry {np.min(targets)}"
            )
        return targets
    if targets.shape != logits.shape[:-1] or targets.dtype.kind not in "iu" or not classes:
        raise ValueError(
            f"expected logits of shape (..., classes), and integer labels of shape (...) or "
            f"probabilities of shape (..., classes) as targets, got logits of shape {logits.shape} "
            f"and targets of shape {targets.shape} and type {targets.dtype}"
        )
    if targets.size and not (np.min(targets) >= 0 and np.max(targets) < classes):
        raise ValueError(
            f"labels run from 0 to {classes - 1} for logits of shape {logits.shape}, but these "
            f"from {np.min(targets)} to {np.max(targets)}"
        )
    return targets


def binary_cross_entropy(
    logits: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of -y log p - (1 - y) log(1 - p), where p = σ(logit).

    Targets y are probabilities, often 0 or 1, of the shape of the logits. It is PyTorch's
    ``binary_cross_entropy_with_logits``. It raises what `mean_squared_error` does, and a
    ValueError when a target is not between 0 and 1.

    Examples
    --------
    >>> binary_cross_entropy([0.0, -1000.0], [1, 1], reduction="none").round(4)
    array([6.931e-01, 1.000e+03])
    """
    logits, targets = predictions_and_targets(logits, targets)
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError(
            f"expected targets between 0 and 1, got some from {np.min(targets)} to "
            f"{np.max(targets)}"
        )
    with np.errstate(invalid="ignore"):  # of NaN, which NumPy warns of
        # Of a target 0 or 1 there is one term, so that nothing cancels.
        losses = targets * softplus(-logits) + (1 - targets) * softplus(logits)
    return reduce_losses(losses, reduction, sample_weight)


def hinge(scores: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None) -> Any:
    """Return the mean over all entries of max(0, 1 - target · score), for targets of -1 and 1.

    Its derivative is 0 at the corner. It raises what `mean_squared_error` does, and a ValueError
    when a target is neither -1 nor 1.

    Examples
    --------
    >>> hinge([3.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0. , 0.5, 1.5])
    """
    scores, targets = predictions_and_targets(scores, targets)
    if not np.all(np.abs(targets) == 1):
        raise ValueError(
            f"expected targets of -1 and 1, got {np.unique(targets)[:5]}: "
            "of 0 and 1 write 2 * targets - 1"
        )
    return reduce_losses(relu(1 - targets * scores), reduction, sample_weight)
