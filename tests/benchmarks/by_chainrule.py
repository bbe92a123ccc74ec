"""The tasks by chainrule, eager: plain NumPy on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff
import nn
import optim
from autodiff import Tensor
from tests.benchmarks import tasks
from tests.benchmarks.timing import Call


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""

    def call() -> Any:
        x = Tensor(start)
        y = tasks.chain(np, x)
        y.backward()
        return np.append(y.data, x.grad)

    return call


def million(start: float, n: int) -> Call:
    """Return the call that gives the derivative of n operations on a number, and the graph."""

    def call() -> tuple[float, Tensor]:
        x = Tensor(start)
        y = tasks.million(x, n)
        y.backward()
        return float(x.grad), y

    return call


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""
    gradient_of = autodiff.grad(tasks.rosenbrock)
    return lambda: gradient_of(x)


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""
    return lambda: autodiff.hvp(tasks.rosenbrock, x, v)


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian."""
    hessian_of = autodiff.hessian(tasks.rosenbrock)
    return lambda: hessian_of(x)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""
    jacobian_of = autodiff.jacobian(lambda p: tasks.gaussians(np, p, x))
    return lambda: jacobian_of(p)


def training(
    x: Any,
    loss: Callable[[Any], Any],
    start: list[Any],
    optimizer: Callable[[list[Tensor]], Any],
    decay: float = 0.0,
) -> Call:
    """Return the call that makes a training step and gives the loss before it."""
    weights = start[::2]
    model = nn.MLP([*(len(W) for W in weights), weights[-1].shape[1]], dtype=x.dtype)
    parameters = model.parameters()
    for parameter, value in zip(parameters, start, strict=True):
        parameter.data = value
    stepper = optimizer(parameters)

    def call() -> Any:
        stepper.zero_grad()
        value = loss(model(x))
        if decay:
            value = value + decay * nn.l2_penalty(parameters)
        value.backward()
        stepper.step()
        return value.item()

    return call


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    return training(
        x,
        lambda scores: np.mean(nn.relu(1 - signs * scores)),
        start,
        lambda parameters: optim.SGD(parameters, lr=0.05),
        decay=1e-4,
    )


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    return training(
        x,
        lambda scores: nn.softmax_cross_entropy(scores, labels),
        start,
        lambda parameters: optim.Adam(parameters, lr=1e-3),
    )


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    return training(
        x,
        lambda scores: nn.softmax_cross_entropy(scores, labels),
        start,
        lambda parameters: optim.SGD(parameters, lr=1e-2, momentum=0.9),
    )
