"""What a model reaches on data: its loss, and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

import numpy as np

from autodiff import no_grad
from nn._losses import binary_cross_entropy, hinge
from nn._module import Module
from nn._steps import Loss, loss_of, name_the_op, value_of

Metric = Callable[[Any, Any], Any]  # of targets and predictions

MOST_ROWS = 1 << 13  # that go through the model at once


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
    if not np.isfinite(value):
        name_the_op(model, loss, inputs, *targets)
    return outputs, value


def metrics_by_name(metrics: Iterable[Metric], loss: Loss) -> dict[str, Metric]:
    """Return metrics by their names, as functions that take a model's outputs and give a float.

    Raises
    ------
    ValueError
        When two have one name, or that of a loss.
    """
    given = [*metrics]
    found = {getattr(f, "__name__", type(f).__name__): _of_outputs(f, loss) for f in given}
    if len(found) < len(given) or {"loss", "validation_loss", "epoch", "self"} & found.keys():
        raise ValueError(
            f"expected metrics with names of their own, got {[*found]} for {len(given)}: "
            "write them by def"
        )
    return found


def _of_outputs(metric: Metric, loss: Loss) -> Metric:
    """Return a metric that is given labels in the place of outputs where it asks for them."""
    try:
        asks_for_labels = "y_pred" in [*signature(metric).parameters][:2]
    except (TypeError, ValueError):  # of a function without a signature
        asks_for_labels = False

    def of_outputs(targets: Any, outputs: Any) -> float:
        is_class = targets.dtype.kind in "iub" and outputs.ndim == targets.ndim + 1
        if asks_for_labels and is_class and outputs.shape[-1] > 1:
            outputs = outputs.argmax(axis=-1)
        elif asks_for_labels and loss in (binary_cross_entropy, hinge):
            below = 0 if loss is binary_cross_entropy else -1
            outputs = np.where(outputs > 0, 1, below).astype(targets.dtype).reshape(targets.shape)
        return float(value_of(metric(targets, outputs)))

    return of_outputs
