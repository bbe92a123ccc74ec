"""The tasks by PyTorch, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from tests.benchmarks import THREADS, tasks
from tests.benchmarks.timing import Call

torch.set_num_threads(THREADS)


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""

    def call() -> Any:
        x = torch.tensor(start, requires_grad=True)
        y = tasks.chain(torch, x)
        y.backward()
        return np.append(y.item(), x.grad)

    return call


def million(start: float, n: int) -> Call:
    """Return the call that gives the derivative of n operations on a number, and the graph."""

    def call() -> tuple[float, torch.Tensor]:
        x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        y = tasks.million(x, n)
        y.backward()
        return float(x.grad), y

    return call


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""
    leaf = torch.tensor(x, requires_grad=True)
    return lambda: torch.autograd.grad(tasks.rosenbrock(leaf), leaf)[0]


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""
    point, direction = torch.tensor(x), torch.tensor(v)
    return lambda: torch.autograd.functional.hvp(tasks.rosenbrock, point, direction)[1]


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian."""
    point, hessian_of = torch.tensor(x), torch.func.hessian(tasks.rosenbrock)
    return lambda: hessian_of(point)


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""
    points, labels, point = map(torch.tensor, (x, signs, b))
    hessian_of = torch.func.hessian(lambda b: tasks.logistic_loss(torch, b, points, labels))
    return lambda: hessian_of(point)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""
    point, data = torch.tensor(p), torch.tensor(x)
    jacobian_of = torch.func.jacfwd(lambda p: tasks.gaussians(torch, p, data))
    return lambda: jacobian_of(point)


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    return objective(tasks.damped_sine, tasks.grid(n))


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value and the gradient by the first of the data."""
    leaf, *others = map(torch.tensor, data)
    leaf.requires_grad_()

    def call() -> tuple[Any, Any]:
        value = f(torch, leaf, *others)
        return value.detach(), torch.autograd.grad(value, leaf)[0]

    return call


def training(
    x: Any,
    loss: Callable[[Any], Any],
    start: list[Any],
    optimizer: Callable[[list[Any]], Any],
    decay: float = 0.0,
) -> Call:
    """Return the call that makes a training step and gives the loss before it."""
    points = torch.tensor(x)
    parameters = [torch.tensor(p, requires_grad=True) for p in start]
    weights, biases = parameters[::2], parameters[1::2]
    stepper = optimizer(parameters)

    def call() -> Any:
        stepper.zero_grad()
        h = points
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            h = torch.relu(torch.addmm(b, h, W))
        value = loss(torch.addmm(biases[-1], h, weights[-1]))
        if decay:
            value = value + decay * sum((p**2).sum() for p in parameters)
        value.backward()
        stepper.step()
        return value.item()

    return call


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    targets = torch.tensor(signs)
    return training(
        x,
        lambda scores: torch.relu(1 - targets * scores).mean(),
        start,
        lambda parameters: torch.optim.SGD(parameters, lr=0.05),
        decay=1e-4,
    )


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    targets = torch.tensor(labels)
    return training(
        x,
        lambda scores: cross_entropy(scores, targets),
        start,
        lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
    )


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    targets = torch.tensor(labels)
    return training(
        x,
        lambda scores: cross_entropy(scores, targets),
        start,
        lambda parameters: torch.optim.SGD(parameters, lr=1e-2, momentum=0.9),
    )
