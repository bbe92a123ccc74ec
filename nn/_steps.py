"""Training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff
from autodiff import Tensor, recorded_state
from nn._batches import Rows
from nn._module import Module
from optim import Optimizer

Loss = Callable[..., Any]  # of predictions, targets and, where data have weights, sample_weight=
Step = Callable[..., Any]  # of inputs, targets and perhaps weights


def loss_of(loss: Loss, outputs: Any, targets: Any, *weights: Any) -> Any:
    """Return the loss, of weighted rows where there are weights."""
    return loss(outputs, targets, **({"sample_weight": weights[0]} if weights else {}))


def value_of(x: Any) -> Any:
    """Return the value of what may be a Tensor."""
    return x.data if isinstance(x, Tensor) else x


def weight_of(rows: Rows) -> float:
    """Return how much rows count together: by their weights, or their number."""
    return float(np.sum(rows[2], dtype=float)) if len(rows) > 2 else float(len(rows[0]))


def training_step(model: Module, loss: Loss, optimizer: Optimizer) -> Step:
    """Return the function that makes a step on a batch, and gives the loss before it.

    A step whose loss or gradient is not finite is not made: an error names the op.
    """
    parameters = model.parameters()  # more than the optimiser's, where some are not trained

    def step(inputs: Any, *targets: Any) -> Any:
        for p in parameters:
            p.grad = None
        value = loss_of(loss, model(inputs), *targets)
        value.backward()
        # A replay knows by itself whether all is finite, and leaves what is not to this function.
        if recorded_state(optimizer) is optimizer:
            computed = [value.data, *(p.grad for p in optimizer.parameters if p.grad is not None)]
            if not all(np.isfinite(x).all() for x in computed):
                name_the_op(model, loss, inputs, *targets)
        optimizer.step()
        return value

    return step


def name_the_op(model: Module, loss: Loss, inputs: Any, *targets: Any) -> None:
    """Raise the error that says which op makes the loss or its gradient infinite or NaN."""
    with autodiff.debug():
        value = loss_of(loss, model(inputs.copy()), *targets)
        value.backward()
    raise FloatingPointError(
        f"the loss is {value.item()}, or its gradient is not finite, though no op makes a NaN or "
        "an infinity out of finite numbers: look at the parameters and at the data"
    )
