"""Calculus on one page: a function of numbers on each line, and its derivative."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autodiff._op import elementwise, linear, operation
from autodiff._tensor import stop_gradient

# -- arithmetic ------------------------------------------------------------------------------
# Python's operators compute what the ufuncs do, and are ten times faster on single numbers.

elementwise(
    np.add,
    lambda g, out, x, y: g,
    lambda g, out, x, y: g,
    compute=operator.add,
    linear=True,
)
elementwise(
    np.subtract,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g,
    compute=operator.sub,
    linear=True,
)
elementwise(
    np.multiply,
    lambda g, out, x, y: g * y,
    lambda g, out, x, y: g * x,
    compute=operator.mul,
)
elementwise(
    np.divide,
    lambda g, out, x, y: g / y,
    lambda g, out, x, y: -g * out / y,
    compute=operator.truediv,
)
elementwise(np.negative, lambda g, out, x: -g, compute=operator.neg, linear=True)
elementwise(np.positive, lambda g, out, x: g, compute=operator.pos, linear=True)
elementwise(np.square, lambda g, out, x: (2 * g) * x)
elementwise(np.reciprocal, lambda g, out, x: -g * out * out)
elementwise(np.sqrt, lambda g, out, x: (0.5 * g) / out)


def _power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    if type(y) is int or type(y) is float:
        if y == 2:
            return (2 * g) * x
        return (y * g) * x ** (y - 1) if y else 0.0 * g
    return (g * y) * x ** np.where(y == 0, 1, y - 1)  # x**0 is constant, at x = 0 too


def _power_by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    return g * (out * np.log(np.where(x == 0, 1, x)))  # 0**y is constant for y > 0


elementwise(np.power, _power_by_base, _power_by_exponent, compute=operator.pow)

# -- exponentials and logarithms -------------------------------------------------------------

elementwise(np.exp, lambda g, out, x: g * out)
elementwise(np.expm1, lambda g, out, x: g * (out + 1))
elementwise(np.log, lambda g, out, x: g / x)
elementwise(np.log1p, lambda g, out, x: g / (1 + x))

# -- trigonometric and hyperbolic functions --------------------------------------------------

elementwise(np.sin, lambda g, out, x: g * np.cos(x))
elementwise(np.cos, lambda g, out, x: -g * np.sin(x))
elementwise(np.tan, lambda g, out, x: g * (1 + out * out))
elementwise(np.arcsin, lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arccos, lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arctan, lambda g, out, x: g / (1 + x * x))
elementwise(np.sinh, lambda g, out, x: g * np.cosh(x))
elementwise(np.cosh, lambda g, out, x: g * np.sinh(x))
elementwise(np.tanh, lambda g, out, x: g - (g * out) * out)
elementwise(np.arcsinh, lambda g, out, x: g / np.sqrt(x * x + 1))
elementwise(np.arccosh, lambda g, out, x: g / np.sqrt((x - 1) * (x + 1)))
elementwise(np.arctanh, lambda g, out, x: g / ((1 - x) * (1 + x)))

# -- corners ---------------------------------------------------------------------------------
# At a corner the derivative chosen is finite: 0 for |x|, and ties share equally.

_real_absolute = elementwise(np.absolute, lambda g, out, x: g * np.sign(x))
elementwise(np.fabs, lambda g, out, x: g * np.sign(x))


@operation(np.absolute)
def _absolute(x: Any) -> Any:
    return _real_absolute(x) if x.dtype.kind != "c" else np.hypot(np.real(x), np.imag(x))


def _share(g: Any, mine: Any, other: Any, out: Any) -> Any:
    return np.where(mine == other, g * 0.5, np.where(mine == out, g, 0))


elementwise(
    np.maximum,
    lambda g, out, x, y: _share(g, x, y, out),
    lambda g, out, x, y: _share(g, y, x, out),
)
elementwise(
    np.minimum,
    lambda g, out, x, y: _share(g, x, y, out),
    lambda g, out, x, y: _share(g, y, x, out),
)


@operation(np.clip)
def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low = a_min if min is None else min
    high = a_max if max is None else max
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


def _norm_share(g: Any, mine: Any, out: Any) -> Any:
    return g * (mine / np.where(out == 0, 1, out))


elementwise(
    np.hypot,
    lambda g, out, x, y: _norm_share(g, x, out),
    lambda g, out, x, y: _norm_share(g, y, out),
)

_chosen = elementwise(
    np.where,
    lambda g, out, condition, x, y: 0 * g,  # never asked for: the condition is made a constant
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
)


@operation(np.where)
def _where(condition: Any, x: Any, y: Any) -> Any:
    return _chosen(stop_gradient(condition), x, y)


# -- complex numbers -------------------------------------------------------------------------
# The cotangent of z = x + iy is du/dx - i du/dy, so that the rules of analytic functions hold as
# they stand. (JAX and autograd have the same convention.)

linear(np.real, lambda g, out, z: g + 0j if z.dtype.kind == "c" else g)
linear(np.imag, lambda g, out, z: g * -1j if z.dtype.kind == "c" else 0 * g)
linear(np.conjugate, lambda g, out, z: np.conjugate(g))
