"""Training steps, as replayed plans."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

import autodiff
from autodiff import recorded_state
from nn._checkpoints import Owners, restore, state_of
from nn._evaluation import Loss, loss_of, name_the_op
from nn._module import Module
from optim import Optimizer

Step = Callable[..., Any]  # of inputs, targets and perhaps weights


def training_step(model: Module, loss: Loss, optimizer: Optimizer) -> Step:
    """Return the function that makes a step on a batch, and gives the loss before it.

    A step whose loss or gradient is not finite is not made, but raises FloatingPointError, which
    names the op.
    """
    parameters = model.parameters()  # more than the optimiser's, where some are not trained

    def step(inputs: Any, *targets: Any) -> Any:
        for p in parameters:
            p.grad = None
        value = loss_of(loss, model(inputs), *targets)
        value.backward()
        # A replay knows by itself whether all is finite, and leaves what is not to this function.
        if recorded_state(optimizer) is optimizer and not _is_finite(value, optimizer):
            name_the_op(model, loss, inputs, *targets)
        optimizer.step()
        return value

    return step


def _is_finite(value: Any, optimizer: Optimizer) -> bool:
    gradients = [p.grad for p in optimizer.parameters if p.grad is not None]
    return isfinite(value.item()) and all(np.isfinite(g).all() for g in gradients)


def plan_of(step: Step, batch: tuple[Any, ...], owners: Owners) -> Step:
    """Return a step that is replayed from its first call on, for batches like this one.

    A call that is recorded agrees with its replays to rounding. That one is undone, so that all
    calls count alike, whichever was the first: what goes on from a file takes the same way.
    """
    compiled = autodiff.compile(step, eager_calls=0)
    before = state_of(owners)
    try:
        compiled(*[a.copy() for a in batch])  # for a model may write into what it is given
    finally:
        restore(owners, before)
    return compiled
