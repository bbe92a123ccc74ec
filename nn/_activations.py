"""Activations: the bends between the layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import elementwise


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


def _logistic(x: Any) -> Any:
    with np.errstate(over="ignore"):  # to infinity, far on the left, where the result is 0
        return 1 / (1 + np.exp(-x))


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


def relu(x: Any) -> Any:
    """Return max(x, 0), with the derivative 0 at 0.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return _relu_op(x)


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


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "tanh": np.tanh,
    "logistic": logistic,
    "identity": lambda x: x,
}
