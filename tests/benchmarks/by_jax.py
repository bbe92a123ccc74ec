"""The tasks by JAX, compiled by XLA for the CPU; loops of many steps are its scans.

There is no million: operations one by one are not what it compiles.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeAlias

from tests.benchmarks import THREADS, tasks
from tests.benchmarks.timing import Call

# First, for XLA reads its number of threads when it is imported.
os.environ["NPROC"] = str(THREADS)

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

# Of a parameter, its gradient, its state and the number of the step: the new ones.
Update: TypeAlias = Callable[[Any, Any, list[Any], Any], tuple[Any, list[Any]]]

# -- derivatives of functions ----------------------------------------------------------------

chain_and_gradient = jax.jit(jax.value_and_grad(partial(tasks.chain, jnp)))
gradient_of = jax.jit(jax.grad(tasks.rosenbrock))
hvp_of = jax.jit(lambda x, v: jax.jvp(jax.grad(tasks.rosenbrock), (x,), (v,))[1])
hessian_of = jax.jit(jax.hessian(tasks.rosenbrock))
logistic_hessian_of = jax.jit(jax.hessian(partial(tasks.logistic_loss, jnp)))
jacobian_of = jax.jit(jax.jacfwd(partial(tasks.gaussians, jnp)))


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""
    x = jnp.array(start)
    return lambda: np.append(*chain_and_gradient(x))


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""
    return on_device(gradient_of, x)


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""
    return on_device(hvp_of, x, v)


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian."""
    return on_device(hessian_of, x)


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""
    return on_device(logistic_hessian_of, b, x, signs)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""
    return on_device(jacobian_of, p, x)


def on_device(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives f of the data, as NumPy's array."""
    arrays = [jnp.array(part) for part in data]
    return lambda: np.asarray(f(*arrays))


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    return objective(tasks.damped_sine, tasks.grid(n))


# -- objectives ------------------------------------------------------------------------------


def rk4(x: Any, rates: Any) -> Any:
    """Return the sum of where x' = a sin x is at the time 1."""

    def body(x: Any, _: None) -> tuple[Any, None]:
        return tasks.rk4_step(jnp, x, rates), None

    return jnp.sum(jax.lax.scan(body, x, length=100)[0])


def lstm(parameters: Any, state: Any, sequence: Any) -> Any:
    """Return the mean loss of ADBench's network."""
    layers, around = tasks.lstm_weights(parameters, state)

    def body(cells: Any, pair: Any) -> tuple[Any, Any]:
        gain, cells = tasks.lstm_step(jnp, layers, around, cells, *pair)
        return cells, gain

    cells = [(state[i], state[i + 1]) for i in range(0, len(state), 2)]
    _, gains = jax.lax.scan(body, cells, (sequence[:-1], sequence[1:]))
    return -jnp.mean(gains) / len(sequence[0])


SCANS = {tasks.rk4: rk4, tasks.lstm: lstm}


@cache
def objective_and_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the compiled function that gives an objective's value and gradient."""
    return jax.jit(jax.value_and_grad(SCANS.get(f, partial(f, jnp))))


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value and the gradient by the first of the data."""
    both = objective_and_gradient(f)
    arrays = [jnp.array(part) for part in data]
    return lambda: tuple(map(np.asarray, both(*arrays)))


# -- training steps --------------------------------------------------------------------------


def training(x: Any, labels: Any, start: list[Any], step: Callable[..., Any], slots: int) -> Call:
    """Return the call that makes a training step and gives the loss before it."""
    points, targets = jnp.array(x), jnp.array(labels)
    parameters = [jnp.array(p) for p in start]
    state = [[jnp.zeros_like(p) for _ in range(slots)] for p in parameters]
    count = 0

    def call() -> Any:
        nonlocal parameters, state, count
        count += 1
        value, parameters, state = step(parameters, state, count, points, targets)
        return value.item()

    return call


def compiled(loss: Callable[[Any, Any], Any], update: Update, decay: float = 0.0) -> Any:
    """Return the compiled step: loss, parameters and state, by these, the count and the batch."""

    def objective(parameters: list[Any], x: Any, labels: Any) -> Any:
        weights, biases = parameters[::2], parameters[1::2]
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            x = jax.nn.relu(x @ W + b)
        value = loss(x @ weights[-1] + biases[-1], labels)
        return value + decay * sum(jnp.sum(p**2) for p in parameters) if decay else value

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters: list[Any], state: list[Any], count: Any, x: Any, labels: Any) -> Any:
        value, gradients = jax.value_and_grad(objective)(parameters, x, labels)
        moved = [
            update(p, g, s, count) for p, g, s in zip(parameters, gradients, state, strict=True)
        ]
        return value, [p for p, _ in moved], [s for _, s in moved]

    return step


def hinge(scores: Any, signs: Any) -> Any:
    """Return the mean hinge loss."""
    return jnp.mean(jax.nn.relu(1 - signs * scores))


def cross_entropy(scores: Any, labels: Any) -> Any:
    """Return the mean cross-entropy of the softmax."""
    return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(len(labels)), labels])


def descent(p: Any, g: Any, state: list[Any], count: Any) -> tuple[Any, list[Any]]:
    """Return the step of steepest descent."""
    return p - 0.05 * g, state


def momentum(p: Any, g: Any, state: list[Any], count: Any) -> tuple[Any, list[Any]]:
    """Return the step of steepest descent with momentum."""
    velocity = 0.9 * state[0] + g
    return p - 1e-2 * velocity, [velocity]


def adam(p: Any, g: Any, state: list[Any], count: Any) -> tuple[Any, list[Any]]:
    """Return the step of Adam."""
    m = 0.9 * state[0] + 0.1 * g
    v = 0.999 * state[1] + 0.001 * g * g
    p = p - 1e-3 / (1 - 0.9**count) * m / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    return p, [m, v]


moons_step = compiled(hinge, descent, decay=1e-4)
digits_step = compiled(cross_entropy, adam)
large_step = compiled(cross_entropy, momentum)


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    return training(x, signs, start, moons_step, slots=0)


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    return training(x, labels, start, digits_step, slots=2)


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    return training(x, labels, start, large_step, slots=1)
