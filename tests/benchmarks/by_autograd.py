"""The tasks by HIPS autograd. It has no networks: the updates are those written by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from tests.benchmarks import by_hand, tasks
from tests.benchmarks.timing import Call


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""
    both = autograd.value_and_grad(lambda x: tasks.chain(anp, x))
    return lambda: np.append(*both(start))


def million(start: float, n: int) -> Call:
    """Return the call that gives the derivative of n operations on a number, and the graph."""

    def call() -> tuple[float, Any]:
        pull, _ = autograd.make_vjp(lambda x: tasks.million(x, n))(start)
        return pull(1.0), pull

    return call


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""
    gradient_of = autograd.grad(tasks.rosenbrock)
    return lambda: gradient_of(x)


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""
    product = autograd.hessian_vector_product(tasks.rosenbrock)
    return lambda: product(x, v)


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian."""
    hessian_of = autograd.hessian(tasks.rosenbrock)
    return lambda: hessian_of(x)


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""
    hessian_of = autograd.hessian(lambda b: tasks.logistic_loss(anp, b, x, signs))
    return lambda: hessian_of(b)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line, a column at a time."""
    return lambda: np.stack([column_by_entry(p, x, i) for i in range(p.size)], axis=1)


def column_by_entry(p: Any, x: Any, i: int) -> Any:
    """Return the derivative by one parameter, given as an array as long as the data."""

    def model(value: Any) -> Any:
        return tasks.gaussians(anp, [*p[:i], value, *p[i + 1 :]], x)

    return autograd.elementwise_grad(model)(np.full_like(x, p[i]))


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    return objective(tasks.damped_sine, tasks.grid(n))


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value and the gradient by the first of the data."""
    both = autograd.value_and_grad(partial(f, anp))
    return lambda: both(*data)


def training(
    x: Any,
    loss: Callable[[Any], Any],
    start: list[Any],
    step: by_hand.Step,
    decay: float = 0.0,
) -> Call:
    """Return the call that makes a training step and gives the loss before it."""
    flat = np.concatenate([p.ravel() for p in start])
    parameters = by_hand.views(flat, start)

    def objective(parameters: Any) -> Any:
        weights, biases = parameters[::2], parameters[1::2]
        h = x
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            h = anp.maximum(h @ W + b, 0)
        value = loss(h @ weights[-1] + biases[-1])
        if decay:
            value = value + decay * sum(anp.sum(p**2) for p in parameters)
        return value

    both = autograd.value_and_grad(objective)

    def call() -> Any:
        value, gradients = both(parameters)
        step(flat, np.concatenate([g.ravel() for g in gradients]))
        return value

    return call


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    return training(
        x,
        lambda scores: anp.mean(anp.maximum(1 - signs * scores, 0)),
        start,
        by_hand.descent(lr=0.05),
        decay=1e-4,
    )


def cross_entropy(labels: Any) -> Callable[[Any], Any]:
    """Return the mean cross-entropy of the softmax as a function of the scores."""
    rows = np.arange(len(labels))

    def loss(scores: Any) -> Any:
        z = scores - anp.max(scores, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, labels])

    return loss


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    return training(x, cross_entropy(labels), start, by_hand.adam(lr=1e-3))


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    return training(x, cross_entropy(labels), start, by_hand.momentum(lr=1e-2, kept=0.9))
