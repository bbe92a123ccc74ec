"""Losses: how far predictions are from the truth, in the precision of the predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import DTypeLike

from autodiff import (
    Each,
    Tensor,
    custom,
    log_softmax,
    scope,
    softmax_cross_entropy,
    to_numpy,
)
from nn._activations import relu, softplus
from nn._module import Module

P = ParamSpec("P")


def in_its_scope(loss: Callable[P, Any]) -> Callable[P, Any]:
    """Return a loss that is a box in pictures: 0.3 of the 5 µs that a call takes at the least."""
    named = scope(loss.__name__)

    @wraps(loss)
    def loss_in_its_scope(*args: P.args, **kwargs: P.kwargs) -> Any:
        with named:
            return loss(*args, **kwargs)

    return loss_in_its_scope


@in_its_scope
def mean_squared_error(
    predictions: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of (prediction - target)², both of one shape.

    The reduction may also be "sum", or "none", which returns what is reduced. A ``sample_weight``
    of shape (n,) multiplies the losses of its row, and the mean is divided by the mean weight. Of
    an empty batch, or weights that add up to 0, there is none. All losses have this in common.

    >>> float(mean_squared_error([1.0, 3.0], [1.0, 1.0]))
    2.0
    """
    predictions, targets = _of_one_shape(predictions, targets)
    return reduce_losses(np.square(predictions - targets), reduction, sample_weight)


@in_its_scope
def mean_absolute_error(
    predictions: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of |prediction - target|, with the derivative 0 at 0.

    >>> float(mean_absolute_error([1.0, 3.0], [1.0, 1.0]))
    1.0
    """
    predictions, targets = _of_one_shape(predictions, targets)
    return reduce_losses(np.abs(predictions - targets), reduction, sample_weight)


@in_its_scope
def huber(
    predictions: Any,
    targets: Any,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
    sample_weight: Any = None,
) -> Any:
    """Return the mean over all entries of r²/2 where |r| < δ, and δ(|r| - δ/2) farther out.

    Here r is prediction - target: outliers pull with the force δ at most (Huber, Robust estimation
    of a location parameter, Annals of Mathematical Statistics 35, 1964).

    >>> huber([1.0, 3.0], [0.5, 0.0], reduction="none")
    array([0.125, 2.5  ])
    """
    require(delta > 0, "a positive delta", delta)
    predictions, targets = _of_one_shape(predictions, targets)
    residuals = predictions - targets
    delta = delta if isinstance(delta, Tensor) else float(delta)
    near = np.clip(residuals, -delta, delta)
    return reduce_losses(near * (residuals - 0.5 * near), reduction, sample_weight)


@in_its_scope
def binary_cross_entropy(
    logits: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of -y log p - (1 - y) log(1 - p), where p = σ(logit).

    The targets y are from 0 to 1. PyTorch calls it ``binary_cross_entropy_with_logits``.

    >>> binary_cross_entropy([0.0, -1000.0], [1, 1], reduction="none").round(4)
    array([6.931e-01, 1.000e+03])
    """
    logits, targets = _of_one_shape(logits, targets)
    require(np.all((targets >= 0) & (targets <= 1)), "targets between 0 and 1", targets)
    with np.errstate(invalid="ignore"):  # of NaN, which NumPy warns of
        # Of a target 0 or 1 there is one term, so that nothing cancels.
        losses = targets * softplus(-logits) + (1 - targets) * softplus(logits)
    return reduce_losses(losses, reduction, sample_weight)


@in_its_scope
def hinge(scores: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None) -> Any:
    """Return the mean over all entries of max(0, 1 - target · score), for targets of -1 and 1.

    >>> hinge([3.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0. , 0.5, 1.5])
    """
    scores, targets = _of_one_shape(scores, targets)
    signs = np.all(np.abs(targets) == 1)
    require(signs, "targets of -1 and 1 (of 0 and 1 write 2 * targets - 1)", targets)
    return reduce_losses(relu(1 - targets * scores), reduction, sample_weight)


@in_its_scope
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

    Targets of logits of shape (..., classes) are integers of shape (...), the classes, or the
    probabilities of all classes. ``label_smoothing``, from 0 to 1, is the part of a target that is
    spread evenly over all classes. ``weight`` has an entry for each class; the mean for integers is
    divided by their mean weight, as in PyTorch.

    >>> float(cross_entropy([[0.0, 0.0], [0.0, 1.0]], [1, 1]).round(4))
    0.5032
    """
    require(0 <= label_smoothing <= 1, "a label_smoothing from 0 to 1", label_smoothing)
    logits = as_floats(logits)
    targets = class_targets(targets, logits)
    labelled = targets.ndim < logits.ndim
    plain = weight is sample_weight is None and reduction == "mean" and not label_smoothing
    if plain and labelled and logits.ndim == 2 and targets.size:
        return softmax_cross_entropy(logits, targets)  # the same as one op
    logs, counts = log_softmax(logits), None
    if weight is not None:
        weights = weights_of("class", weight, logits.shape[-1:], logits.dtype)
        logs = logs * weights
    if not labelled:
        losses = -np.sum(logs * targets, axis=-1)
    else:
        losses = -logs[(*np.indices(targets.shape, sparse=True), targets)]
        if weight is not None:  # along an axis, for np.take does not see a plan's labels change
            counts = np.take_along_axis(weights, targets.ravel(), axis=0).reshape(targets.shape)
    if label_smoothing:
        part = float(label_smoothing)
        losses = (1 - part) * losses - part * np.mean(logs, axis=-1)
    return reduce_losses(losses, reduction, sample_weight, counts)


def class_targets(targets: Any, logits: Any) -> Any:
    """Return labels, or probabilities in the precision of the logits, after a check of each."""
    targets = targets if hasattr(targets, "__array_function__") else to_numpy(targets)
    classes = logits.shape[-1] if logits.ndim else 0
    require(classes, "logits of shape (..., classes)", logits.shape)
    labelled = targets.shape == logits.shape[:-1] and targets.dtype.kind in "iu"
    if not labelled and targets.shape != logits.shape:
        wanted = f"labels, integers of shape {logits.shape[:-1]}, or probabilities, {logits.shape}"
        found = f"targets of shape {targets.shape} and type {targets.dtype}"
        raise ValueError(f"expected {wanted}, got {found}")
    if labelled:
        right = not targets.size or (targets.min() >= 0 and targets.max() < classes)
        require(right, f"labels from 0 to {classes - 1}", targets)
        return targets
    targets = as_floats(targets, logits.dtype)
    sums, rounding = np.sum(targets, axis=-1), classes * np.finfo(targets.dtype).eps
    right = np.all(targets >= 0) and np.all(np.abs(sums - 1) <= max(rounding, 1e-6))
    require(right, "probabilities of 0 or more, and sums of 1 in each row", targets, sums)
    return targets


# One op for all parameters: a training step spends more time on making nodes than on squares.
@custom(vjp=Each(lambda i, g, out, *xs: (2 * g)[(..., *(None,) * xs[i].ndim)] * xs[i]))
def sum_of_squares(*arrays: Any) -> Any:
    """Return the sum of the squares of all entries."""
    return sum(np.vdot(x, x) for x in arrays)


def l2_penalty(parameters: Iterable[Tensor]) -> Any:
    """Return the sum of the squares of all entries of real parameters.

    Added to a loss with a small factor it keeps the parameters small.

    >>> l2_penalty([Tensor([1.0, 2.0]), Tensor(3.0)]).item()
    14.0
    """
    if isinstance(parameters, Module):
        raise TypeError("expected parameters, got a module: write l2_penalty(model.parameters())")
    return sum_of_squares(*parameters)


def reduce_losses(losses: Any, reduction: str, sample_weight: Any, counts: Any = None) -> Any:
    """Return losses, their sum or mean, weighted; counts are weights that are in them already."""
    require(reduction in ("mean", "sum", "none"), "reduction 'mean', 'sum' or 'none'", reduction)
    if sample_weight is not None:
        weights = weights_of("row", sample_weight, losses.shape[:1], losses.dtype)
        weights = weights.reshape(weights.shape + (1,) * (losses.ndim - 1))
        losses = losses * weights
        counts = weights if counts is None else counts * weights
    if reduction != "mean":
        return np.sum(losses) if reduction == "sum" else losses
    require(losses.size, "a batch that is not empty, for the mean", losses.shape)
    if counts is None:
        return np.mean(losses)
    mean_count = np.mean(counts)
    require(mean_count != 0, "weights that do not add up to 0, for the mean", mean_count)
    return np.mean(losses) / mean_count


def weights_of(what: str, weights: Any, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """Return the weights of rows or classes as floats, after a check of their shape."""
    weights = as_floats(weights, dtype)
    require(weights.shape == shape, f"weights of shape {shape}, one for each {what}", weights.shape)
    return weights


def _of_one_shape(predictions: Any, targets: Any) -> tuple[Any, Any]:
    """Return both as floats in the precision of the predictions."""
    predictions = as_floats(predictions)
    targets = as_floats(targets, predictions.dtype)
    if predictions.shape != targets.shape:
        found = f"{predictions.shape} and {targets.shape}: write targets.reshape(predictions.shape)"
        raise ValueError(f"expected predictions and targets of one shape, got {found}")
    return predictions, targets


def as_floats(x: Any, dtype: DTypeLike | None = None) -> Any:
    """Return real numbers as floats: of the dtype, else of their own, integers of float64."""
    x = x if hasattr(x, "__array_function__") else to_numpy(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"expected real numbers, got an array of dtype {x.dtype}")
    dtype = dtype or (x.dtype if x.dtype.kind == "f" else np.float64)
    return x if x.dtype == dtype else x.astype(dtype)


def require(holds: Any, expected: str, *found: Any) -> None:
    """Raise a ValueError unless what is expected holds; of arrays it tells the range."""
    if not holds:
        values = [x.data if isinstance(x, Tensor) else x for x in found]
        told = [f"{x.min()} to {x.max()}" if getattr(x, "ndim", 0) else str(x) for x in values]
        raise ValueError(f"expected {expected}, got {' and '.join(told)}")
