"""The tasks by chainrule, planned at the first call: what varies from call to call is an argument.

There is no plan of a million operations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

import autodiff
from tests.benchmarks import by_chainrule, tasks
from tests.benchmarks.timing import Call


def planned(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is planned at its first call."""
    return autodiff.compile(f, eager_calls=0)


# Functions are planned once for each shape, not at each turn.
chain_and_gradient = planned(autodiff.value_and_grad(partial(tasks.chain, np)))
gradient_of = planned(autodiff.grad(tasks.rosenbrock))
hvp_of = planned(partial(autodiff.hvp, tasks.rosenbrock))
hessian_of = planned(autodiff.hessian(tasks.rosenbrock))
logistic_hessian_of = planned(autodiff.hessian(partial(tasks.logistic_loss, np)))
jacobian_of = planned(autodiff.jacobian(partial(tasks.gaussians, np)))


@cache
def objective_and_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the planned function that gives an objective's value and gradient."""
    return planned(autodiff.value_and_grad(partial(f, np)))


def chain(start: Any) -> Call:
    """Return the call that gives the value and the gradient of the chain."""
    return lambda: np.append(*chain_and_gradient(start))


def gradient(x: Any) -> Call:
    """Return the call that gives the gradient of Rosenbrock's function."""
    return lambda: gradient_of(x)


def hvp(x: Any, v: Any) -> Call:
    """Return the call that gives the product of its Hessian with a vector."""
    return lambda: hvp_of(x, v)


def hessian(x: Any) -> Call:
    """Return the call that gives its Hessian."""
    return lambda: hessian_of(x)


def logistic(x: Any, signs: Any, b: Any) -> Call:
    """Return the call that gives the Hessian of a logistic regression by its coefficients."""
    return lambda: logistic_hessian_of(b, x, signs)


def jacobian(p: Any, x: Any) -> Call:
    """Return the call that gives the Jacobian of three Gaussians and a line."""
    return lambda: jacobian_of(p, x)


def large_array(n: int) -> Call:
    """Return the call that gives the value and the gradient of the damped sine."""
    return objective(tasks.damped_sine, tasks.grid(n))


def objective(f: Callable[..., Any], *data: Any) -> Call:
    """Return the call that gives the value and the gradient by the first of the data."""
    both = objective_and_gradient(f)
    return lambda: both(*data)


# -- training steps --------------------------------------------------------------------------


def moons(x: Any, signs: Any, start: list[Any]) -> Call:
    """Return a step of steepest descent on the hinge loss with an L2 penalty."""
    step = planned(by_chainrule.moons_step(start))
    return lambda: step(x, signs).item()


def digits(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step of Adam on the cross-entropy."""
    step = planned(by_chainrule.digits_step(start))
    return lambda: step(x, labels).item()


def large(x: Any, labels: Any, start: list[Any]) -> Call:
    """Return a step with momentum on the cross-entropy."""
    step = planned(by_chainrule.large_step(start))
    return lambda: step(x, labels).item()
