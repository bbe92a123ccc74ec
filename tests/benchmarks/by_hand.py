"""Hand-written NumPy with hand-derived gradients: the yardstick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tests.benchmarks import tasks
from tests.benchmarks.timing import Call

Arrays: TypeAlias = list[Any]
Loss: TypeAlias = Callable[[Any], tuple[Any, Any]]
Step: TypeAlias = Callable[[Any, Any], None]

# -- derivatives of functions ----------------------------------------------------------------


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""

    def call() -> Any:
        x = start
        kept = []
        for _ in range(200):
            e = np.exp(np.sin(x))
            t = np.tanh(e)
            kept.append((x, e, t))
            x = x + 0.01 * t
        g = np.ones_like(x)
        for y, e, t in reversed(kept):
            g = g + 0.01 * g * (1 - t * t) * e * np.cos(y)
        return np.append(x.sum(), g)

    return call


def million(start: float, n: int) -> Call:
    """Return the call that gives the derivative of n operations on a number."""

    def call() -> tuple[float, float]:
        y = tasks.million(start, n)
        g = 1.0
        for _ in range(n // 2):
            g = g * 0.999
        return g, y

    return call


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""

    def call() -> Any:
        residual = x[1:] - x[:-1] ** 2
        g = np.zeros_like(x)
        g[:-1] = -400 * x[:-1] * residual - 2 * (1 - x[:-1])
        g[1:] += 200 * residual
        return g

    return call


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""

    def call() -> Any:
        beside = -400 * x[:-1]
        product = np.zeros_like(x)
        product[:-1] = (1200 * x[:-1] ** 2 - 400 * x[1:] + 2) * v[:-1] + beside * v[1:]
        product[1:] += 200 * v[1:] + beside * v[:-1]
        return product

    return call


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian, a matrix with three diagonals."""

    def call() -> Any:
        diagonal = np.zeros_like(x)
        diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        diagonal[1:] += 200
        beside = -400 * x[:-1]
        return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)

    return call


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""

    def call() -> Any:
        p = 1 / (1 + np.exp(signs * (x @ b)))
        return x.T @ (x * (p * (1 - p))[:, None])

    return call


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""

    def call() -> Any:
        J = np.empty((x.size, 11))
        for i in range(0, 9, 3):
            u = (x - p[i + 1]) / p[i + 2]
            bell = np.exp(-u * u)
            slope = (2 * p[i] / p[i + 2]) * bell * u
            J[:, i], J[:, i + 1], J[:, i + 2] = bell, slope, slope * u
        J[:, 9], J[:, 10] = 1, x
        return J

    return call


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    x = tasks.grid(n)

    def call() -> tuple[Any, Any]:
        bell = np.exp(-(x**2))
        product = bell * np.sin(3 * x)
        return np.sum(product), 3 * bell * np.cos(3 * x) - 2 * x * product

    return call


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value alone."""
    return lambda: f(np, *data)


# -- training steps --------------------------------------------------------------------------


def training(x: Any, loss: Loss, start: Arrays, step: Step, decay: float = 0.0) -> Call:
    """Return the call that makes a training step and gives the loss before it.

    The parameters lie in one flat array and the gradients in another, so that an update of all of
    them takes few calls.
    """
    flat = np.concatenate([p.ravel() for p in start])
    flat_gradient = np.empty_like(flat)
    parameters, gradients = views(flat, start), views(flat_gradient, start)
    weights, biases = parameters[::2], parameters[1::2]

    def call() -> Any:
        inputs = [x]
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            inputs.append(np.maximum(inputs[-1] @ W + b, 0))
        value, g = loss(inputs[-1] @ weights[-1] + biases[-1])
        for i in reversed(range(len(weights))):
            np.matmul(inputs[i].T, g, out=gradients[2 * i])
            np.sum(g, axis=0, out=gradients[2 * i + 1])
            if i:
                g = (g @ weights[i].T) * (inputs[i] > 0)
        if decay:
            value += decay * np.vdot(flat, flat)
            flat_gradient[:] += 2 * decay * flat
        step(flat, flat_gradient)
        return value

    return call


def views(flat: Any, like: Arrays) -> Arrays:
    """Return the parts of a flat array, in the shapes of other arrays."""
    ends = np.cumsum([p.size for p in like])
    parts = np.split(flat, ends[:-1])
    return [part.reshape(p.shape) for part, p in zip(parts, like, strict=True)]


def moons(x: Any, signs: Any, start: Arrays) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""

    def hinge(scores: Any) -> tuple[Any, Any]:
        margins = 1 - signs * scores
        return np.maximum(margins, 0).mean(), np.where(margins > 0, -signs / len(signs), 0)

    return training(x, hinge, start, descent(lr=0.05), decay=1e-4)


def digits(x: Any, labels: Any, start: Arrays) -> Call:
    """Return a step of Adam on the cross-entropy."""
    return training(x, cross_entropy(labels), start, adam(lr=1e-3))


def large(x: Any, labels: Any, start: Arrays) -> Call:
    """Return a step with momentum on the cross-entropy."""
    return training(x, cross_entropy(labels), start, momentum(lr=1e-2, kept=0.9))


def cross_entropy(labels: Any) -> Loss:
    """Return the function that gives the mean cross-entropy of the softmax and its gradient."""
    rows = np.arange(len(labels))

    def loss(scores: Any) -> tuple[Any, Any]:
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        g = exponentials / exponentials.sum(axis=1, keepdims=True)
        value = -np.log(g[rows, labels]).mean()
        g[rows, labels] -= 1
        g /= len(labels)
        return value, g

    return loss


def descent(lr: float) -> Step:
    """Return the step of steepest descent."""

    def step(parameters: Any, gradient: Any) -> None:
        parameters -= lr * gradient

    return step


def momentum(lr: float, kept: float) -> Step:
    """Return the step of steepest descent with momentum."""
    velocity: Any = 0.0

    def step(parameters: Any, gradient: Any) -> None:
        nonlocal velocity
        velocity *= kept
        velocity += gradient
        parameters -= lr * velocity

    return step


def adam(lr: float) -> Step:
    """Return the step of Adam."""
    m: Any = 0.0
    v: Any = 0.0
    steps = 0

    def step(parameters: Any, gradient: Any) -> None:
        nonlocal m, v, steps
        steps += 1
        m *= 0.9
        m += 0.1 * gradient
        v *= 0.999
        v += 0.001 * gradient * gradient
        parameters -= lr / (1 - 0.9**steps) * m / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)

    return step
