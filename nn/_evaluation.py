"""What a model reaches on data: its loss, and metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from math import isfinite
from typing import Any

import numpy as np

import autodiff
from autodiff import Tensor, no_grad
from nn._losses import binary_cross_entropy, hinge
from nn._module import Module

Loss = Callable[..., Any]  # of predictions, targets and, where data have weights, sample_weight=
Metric = Callable[[Any, Any], Any]  # of targets and predictions

MOST_ROWS = 1 << 13  # that go through the model at once


def loss_of(loss: Loss, outputs: Any, targets: Any, *weights: Any) -> Any:
    """Return the loss, of weighted rows where there are weights."""
    if weights:
        return loss(outputs, targets, sample_weight=weights[0])
    return loss(outputs, targets)


def value_of(x: Any) -> Any:
    """Return the value of what may be a Tensor."""
    return x.data if isinstance(x, Tensor) else x


def outputs_and_loss(model: Module, loss: Loss, inputs: Any, *targets: Any) -> tuple[Any, float]:
    """Return what a model makes of inputs, as one array, and its loss.

    Raises
    ------
    FloatingPointError
        When the loss is not finite. It names the op that made it so.
    """
    with no_grad(), np.errstate(all="ignore"):  # what is not finite ends in an error of its own
        starts = range(0, len(inputs), MOST_ROWS)
        # Copies, for a model may write into what it is given.
        parts = [value_of(model(inputs[start : start + MOST_ROWS].copy())) for start in starts]
        outputs = parts[0] if len(parts) == 1 else np.concatenate(parts)
        value = float(value_of(loss_of(loss, outputs, *targets)))
    if not isfinite(value):
        name_the_op(model, loss, inputs, *targets)
    return outputs, value


def name_the_op(model: Module, loss: Loss, inputs: Any, *targets: Any) -> None:
    """Raise the error that says which op makes the loss or its gradient infinite or NaN."""
    with autodiff.debug():
        value = loss_of(loss, model(inputs.copy()), *targets)
        value.backward()
    raise FloatingPointError(
        f"the loss is {value.item()}, or its gradient is not finite, though no op makes a NaN or "
        "an infinity out of finite numbers: look at the parameters and at the data"
    )


# -- metrics -----------------------------------------------------------------------------------


def metrics_by_name(metrics: Sequence[Metric], loss: Loss) -> dict[str, Metric]:
    """Return metrics by their names, as functions that take a model's outputs and give a float.

    Raises
    ------
    ValueError
        When two have one name, or that of a loss.
    """
    found = {getattr(f, "__name__", type(f).__name__): _of_outputs(f, loss) for f in metrics}
    if len(found) < len(metrics) or {"loss", "validation_loss"} & found.keys():
        raise ValueError(
            f"expected metrics with names of their own, got {[*found]} for {len(metrics)}: "
            "write them by def"
        )
    return found


def _of_outputs(metric: Metric, loss: Loss) -> Metric:
    """Return a metric that is given labels in the place of outputs where it asks for them."""
    try:
        asks_for_labels = "y_pred" in [*signature(metric).parameters][:2]
    except (TypeError, ValueError):  # of a function without a signature
        asks_for_labels = False
    metric_itself, loss_itself = (getattr(f, "func", f) for f in (metric, loss))  # of a partial
    module = getattr(metric_itself, "__module__", None) or ""
    of_two_classes = loss_itself in (binary_cross_entropy, hinge) or module.startswith(
        "sklearn.metrics._classification"
    )

    def of_outputs(targets: Any, outputs: Any) -> float:
        if asks_for_labels:
            outputs = _labels(targets, outputs, of_two_classes)
        return float(value_of(metric(targets, outputs)))

    return of_outputs


def _labels(targets: Any, outputs: Any, of_two_classes: bool) -> Any:
    """Return the labels that outputs mean, where the targets are labels; else the outputs.

    Outputs with one axis more than the targets have a score for each class. One score for each
    target means one of two classes where the loss or the metric speaks of such.
    """
    if outputs.ndim == targets.ndim + 1 and outputs.shape[-1] > 1 and targets.dtype.kind in "iub":
        return outputs.argmax(axis=-1)
    if of_two_classes and outputs.size == targets.size:
        for lower in (0, -1):
            if np.isin(targets, (lower, 1)).all():
                return np.where(outputs > 0, 1, lower).astype(targets.dtype).reshape(targets.shape)
    return outputs
