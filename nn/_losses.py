"""Losses: how far predictions are from the truth, as one number.

Each has the reductions of PyTorch: "mean", "sum", or "none", which returns what is reduced. Where
rows have a ``sample_weight``, all losses of a row are multiplied by it, and the mean is divided by
the mean weight. What is computed has the precision of the predictions: float32 stays float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff import Each, Tensor, custom
from nn._activations import plain_number
from nn._module import Module

REDUCTIONS = ("mean", "sum", "none")


def as_floats(x: Any, dtype: DTypeLike | None = None) -> Any:
    """Return real numbers as floats: of the dtype, else of their own, integers of float64."""
    x = x if hasattr(x, "__array_function__") else np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"expected real numbers, got an array of dtype {x.dtype}")
    dtype = dtype or (x.dtype if x.dtype.kind == "f" else np.float64)
    return x if x.dtype == dtype else x.astype(dtype)


def predictions_and_targets(predictions: Any, targets: Any) -> tuple[Any, Any]:
    """Return both as floats of one dtype, after a check that they have one shape."""
    predictions = as_floats(predictions)
    targets = as_floats(targets, predictions.dtype)
    if predictions.shape != targets.shape:
        raise ValueError(
            f"expected predictions and targets of one shape, got {predictions.shape} and "
            f"{targets.shape}: where entries belong together, write "
            "targets.reshape(predictions.shape)"
        )
    return predictions, targets


def weights_of(what: str, weights: Any, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """Return the weights of rows or classes as floats, after a check of their shape."""
    weights = as_floats(weights, dtype)
    if weights.shape != shape:
        raise ValueError(
            f"expected weights of shape {shape}, one for each {what}, got {weights.shape}"
        )
    return weights


def reduce_losses(losses: Any, reduction: str, sample_weight: Any) -> Any:
    """Return the mean or the sum of losses, or these, after weighting by the first axis."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"unknown reduction {reduction!r}: expected one of {REDUCTIONS}")
    if reduction == "mean" and not losses.size:
        raise ValueError(f"an empty batch has no mean loss: the losses have shape {losses.shape}")
    if sample_weight is not None:
        weights = weights_of("row", sample_weight, losses.shape[:1], losses.dtype)
        losses = losses * weights.reshape(weights.shape + (1,) * (losses.ndim - weights.ndim))
    if reduction != "mean":
        return np.sum(losses) if reduction == "sum" else losses
    if sample_weight is None:
        return np.mean(losses)
    mean_weight = np.mean(weights)
    if mean_weight == 0:
        raise ValueError("the sample weights add up to 0, so that there is no mean loss")
    return np.mean(losses) / mean_weight


def mean_squared_error(
    predictions: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of (prediction - target)².

    Raises
    ------
    ValueError
        When the shapes differ, the weights are not one for each row, or there is no mean: of an
        empty batch, or of weights that add up to 0.

    Examples
    --------
    >>> float(mean_squared_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    """
    predictions, targets = predictions_and_targets(predictions, targets)
    return reduce_losses(np.square(predictions - targets), reduction, sample_weight)


def mean_absolute_error(
    predictions: Any, targets: Any, *, reduction: str = "mean", sample_weight: Any = None
) -> Any:
    """Return the mean over all entries of |prediction - target|, with the derivative 0 at 0.

    It raises what `mean_squared_error` does.

    Examples
    --------
    >>> float(mean_absolute_error([1.0, 3.0], [1.0, 1.0]))
    1.0
    """
    predictions, targets = predictions_and_targets(predictions, targets)
    return reduce_losses(np.abs(predictions - targets), reduction, sample_weight)


def huber(
    predictions: Any,
    targets: Any,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
    sample_weight: Any = None,
) -> Any:
    """Return the mean over all entries of r²/2 where |r| < δ, and δ(|r| - δ/2) farther out.

    Here r is prediction - target: outliers pull with the force δ at most [1]_. It raises what
    `mean_squared_error` does, and a ValueError when delta is not positive.

    References
    ----------
    .. [1] P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical
       Statistics 35 (1964), 73-101.

    Examples
    --------
    >>> huber([1.0, 3.0], [0.5, 0.0], reduction="none")
    array([0.125, 2.5  ])
    """
    if not delta > 0:
        raise ValueError(f"expected a positive delta, got {delta}")
    predictions, targets = predictions_and_targets(predictions, targets)
    residuals = predictions - targets
    delta = plain_number(delta)
    near = np.clip(residuals, -delta, delta)
    return reduce_losses(near * (residuals - 0.5 * near), reduction, sample_weight)


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
    if isinstance(parameters, Module):
        raise TypeError("expected parameters, got a module: write l2_penalty(model.parameters())")
    return _sum_of_squares(*parameters)
