"""Activations: the bends between the layers."""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from autodiff import elementwise, log_softmax, softmax

Function: TypeAlias = Callable[..., Any]


def _with_rule(rule: Function) -> Callable[[Function], Function]:
    """Make an op of the decorated function; the rule takes g, the output and x."""
    return lambda function: elementwise(function, rule)


@_with_rule(lambda g, out, x: g * (out > 0))
def relu(x: Any) -> Any:
    """Return max(x, 0), with the derivative 0 at 0."""
    return np.maximum(x, 0)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Return x where it is positive, elsewhere ``negative_slope`` times x."""
    if isinstance(negative_slope, np.generic):  # whose precision is not that of x
        negative_slope = negative_slope.item()
    return np.where(np.greater(x, 0), x, np.multiply(negative_slope, x))


def elu(x: Any) -> Any:
    """Return x where it is positive, elsewhere exp(x) - 1 (Clevert et al., 2016)."""
    positive = np.greater(x, 0)
    return np.where(positive, x, np.expm1(np.where(positive, 0, x)))


@_with_rule(lambda g, out, x: g * (-out * np.tanh(0.5 * x)))
def logistic_slope(x: Any) -> Any:
    """Return the derivative of the logistic function."""
    return 0.5 / (1 + np.cosh(x))  # out * (1 - out), which cancels where out is near 1


@_with_rule(
    lambda g, out, x: 0.5 * g / (1 + np.cosh(x)) if type(x) is np.ndarray else g * logistic_slope(x)
)
def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), the sigmoid; its logarithm is ``-np.logaddexp(0, -x)``."""
    with np.errstate(over="ignore"):  # to infinity, far on the left, where the result is 0
        return 1 / (1 + np.exp(np.negative(x)))


@_with_rule(lambda g, out, x: g * (logistic(x) + np.clip(x, -800, 800) * logistic_slope(x)))
def silu(x: Any) -> Any:
    """Return x / (1 + exp(-x)), also called swish (Elfwing et al., 2018)."""
    return np.maximum(x, -800) * logistic(x)  # which is 0 there, and of -∞ · 0 no number


@_with_rule(lambda g, out, x: g * (_normal(x) + _x_times_density(np.clip(x, -40, 40))))
def gelu(x: Any) -> Any:
    """Return x Φ(x), Φ the normal distribution's function (Hendrycks and Gimpel, 2016)."""
    return np.maximum(x, -40) * _normal(x)


def _x_times_density(x: Any) -> Any:
    return x * np.exp(-0.5 * np.square(x)) / sqrt(2 * pi)


def _normal(x: Any) -> Any:
    out = special.ndtr(x)  # which makes longer floats of float16
    return out.astype(np.float16) if getattr(x, "dtype", None) == np.float16 else out


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)), a smooth relu."""
    return np.logaddexp(0, x)


def identity(x: Any) -> Any:
    """Return x."""
    return x


sigmoid = logistic
_OF_NUMBERS: list[Function] = [relu, leaky_relu, elu, gelu, silu, np.tanh, logistic, softplus]
ACTIVATIONS = {f.__name__: f for f in [*_OF_NUMBERS, softmax, log_softmax, identity]}
ACTIVATIONS["sigmoid"] = sigmoid


def activation(name: str | Function) -> Function:
    """Return the activation of this name; a function is returned as it is."""
    if callable(name):
        return name
    if name not in (names := [*ACTIVATIONS]):
        raise ValueError(f"unknown activation {name!r}: expected a function or one of {names}")
    return ACTIVATIONS[name]
