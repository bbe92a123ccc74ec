"""Activations: the bends between the layers."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from autodiff import elementwise, log_softmax, softmax

__all__ = [
    "ACTIVATIONS",
    "activation",
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "log_softmax",
    "logistic",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]

Function: TypeAlias = Callable[..., Any]


def plain_number(x: Any) -> Any:
    """Return a number of NumPy as Python's, which leaves the precision to the arrays beside it."""
    return x.item() if isinstance(x, np.generic) else x


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


def _logistic(x: Any) -> Any:
    with np.errstate(over="ignore"):  # to infinity, far on the left, where the result is 0
        return 1 / (1 + np.exp(np.negative(x)))


def _logistic_slope(x: Any) -> Any:
    return 0.5 / (1 + np.cosh(x))  # out * (1 - out), which cancels where out is near 1


def _logistic_rule(g: Any, out: Any, x: Any) -> Any:
    if type(x) is np.ndarray:  # in a pass less
        return (0.5 * g) / (1 + np.cosh(x))
    return g * _logistic_slope_op(x)


_relu_op = elementwise(_relu, lambda g, out, x: g * (out > 0), name="relu")
_logistic_op = elementwise(_logistic, _logistic_rule, name="logistic")
_logistic_slope_op = elementwise(
    _logistic_slope, lambda g, out, x: g * (-out * np.tanh(0.5 * x)), name="logistic′"
)


def _gate(name: str, distribution: Function, density: Function, far: float) -> Function:
    """State the op x F(x) of a distribution function F, which is a step beyond ± ``far``."""

    def rule(g: Any, out: Any, x: Any) -> Any:
        return g * (distribution(x) + np.clip(x, -far, far) * density(x))

    return elementwise(lambda x: np.maximum(x, -far) * distribution(x), rule, name=name)


def relu(x: Any) -> Any:
    """Return max(x, 0), with the derivative 0 at 0.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return _relu_op(x)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Return x where it is positive, elsewhere ``negative_slope`` times x.

    Examples
    --------
    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return np.where(np.greater(x, 0), x, np.multiply(plain_number(negative_slope), x))


def elu(x: Any) -> Any:
    """Return x where it is positive, elsewhere exp(x) - 1 (Clevert et al., 2016).

    Examples
    --------
    >>> elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    positive = np.greater(x, 0)
    return np.where(positive, x, np.expm1(np.where(positive, 0, x)))


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), also called the sigmoid.

    Write its logarithm as ``-np.logaddexp(0, -x)``: far left the second derivative of
    ``np.log(logistic(x))`` is a difference of equal numbers.

    Examples
    --------
    >>> float(logistic(0.0))
    0.5
    """
    return _logistic_op(x)


sigmoid = logistic


def _normal_distribution(x: Any) -> Any:
    out = special.ndtr(x)  # which makes longer floats of float16
    return out.astype(np.float16) if getattr(x, "dtype", None) == np.float16 else out


_gelu_op = _gate(
    "gelu", _normal_distribution, lambda x: np.exp(-0.5 * np.square(x)) / sqrt(2 * pi), far=40.0
)
_silu_op = _gate("silu", logistic, _logistic_slope_op, far=800.0)


def gelu(x: Any) -> Any:
    """Return x Φ(x), with the distribution function of the normal distribution.

    Hendrycks and Gimpel, *Gaussian error linear units*, 2016.

    Examples
    --------
    >>> gelu(np.array([-1.0, 2.0])).round(4)
    array([-0.1587,  1.9545])
    """
    return _gelu_op(x)


def silu(x: Any) -> Any:
    """Return x / (1 + exp(-x)), also called swish (Elfwing et al., 2018).

    Examples
    --------
    >>> silu(np.array([-1.0, 2.0])).round(4)
    array([-0.2689,  1.7616])
    """
    return _silu_op(x)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)), a smooth relu.

    Examples
    --------
    >>> softplus(np.array([-1.0, 2.0])).round(4)
    array([0.3133, 2.1269])
    """
    return np.logaddexp(0, x)


def identity(x: Any) -> Any:
    """Return x."""
    return x


ACTIVATIONS: dict[str, Function] = {
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "silu": silu,
    "tanh": np.tanh,
    "logistic": logistic,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "identity": identity,
}


def activation(name: str | Function) -> Function:
    """Return the activation of this name; a function is returned as it is.

    Raises
    ------
    ValueError
        When there is none of this name.

    Examples
    --------
    >>> activation("tanh") is np.tanh
    True
    """
    if callable(name):
        return name
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(
            f"unknown activation {name!r}: expected a function or one of {[*ACTIVATIONS]}"
        )
    return ACTIVATIONS[name]
