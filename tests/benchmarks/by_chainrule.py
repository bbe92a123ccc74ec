"""The tasks by chainrule, eager: plain NumPy on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import autodiff
import nn
import optim
from autodiff import Tensor
from tests.benchmarks import tasks
from tests.benchmarks.timing import Call

Step: TypeAlias = Callable[[Any, Any], Any]


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


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""
    hessian_of = autodiff.hessian(partial(tasks.logistic_loss, np))
    return lambda: hessian_of(b, x, signs)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""
    jacobian_of = autodiff.jacobian(lambda p: tasks.gaussians(np, p, x))
    return lambda: jacobian_of(p)


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    return objective(tasks.damped_sine, tasks.grid(n))


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value and the gradient by the first of the data."""
    both = autodiff.value_and_grad(partial(f, np))
    return lambda: both(*data)


# -- training steps --------------------------------------------------------------------------


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    step = moons_step(start)
    return lambda: step(x, signs).item()


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    step = digits_step(start)
    return lambda: step(x, labels).item()


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    step = large_step(start)
    return lambda: step(x, labels).item()


def moons_step(start: list[Any]) -> Step:
    """Return the step of a network, as a function of points and signs."""
    return training_step(start, hinge, lambda p: optim.SGD(p, lr=0.05), decay=1e-4)


def digits_step(start: list[Any]) -> Step:
    """Return the step of a network, as a function of points and labels."""
    return training_step(start, nn.softmax_cross_entropy, lambda p: optim.Adam(p, lr=1e-3))


def large_step(start: list[Any]) -> Step:
    """Return the step of a network, as a function of points and labels."""
    return training_step(
        start, nn.softmax_cross_entropy, lambda p: optim.SGD(p, lr=1e-2, momentum=0.9)
    )


def hinge(scores: Any, signs: Any) -> Any:
    """Return the mean hinge loss."""
    return np.mean(nn.relu(1 - signs * scores))


def training_step(
    start: list[Any],
    loss: Callable[[Any, Any], Any],
    optimizer: Callable[[list[Tensor]], Any],
    decay: float = 0.0,
) -> Step:
    """Return the function that makes a training step on a batch and gives the loss before it."""
    weights = start[::2]
    sizes = [*(len(W) for W in weights), weights[-1].shape[1]]
    model = nn.MLP(sizes, dtype=weights[0].dtype)
    parameters = model.parameters()
    for parameter, value in zip(parameters, start, strict=True):
        parameter.data = value
    stepper = optimizer(parameters)

    def step(x: Any, y: Any) -> Any:
        stepper.zero_grad()
        value = loss(model(x), y)
        if decay:
            value = value + decay * nn.l2_penalty(parameters)
        value.backward()
        stepper.step()
        return value

    return step
