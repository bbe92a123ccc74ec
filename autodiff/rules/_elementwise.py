"""Calculus on one page: a function of numbers on each line, and its derivative."""

from __future__ import annotations

import math
import operator

import numpy as np

from autodiff._core.table import elementwise, operation
from autodiff._core.types import Value
from autodiff.rules._slopes import (
    arcsin_slope,
    arcsinh_slope,
    arctan_slope,
    arctanh_slope,
    power_by_base,
    power_by_exponent,
    share,
    tanh_slope,
)

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
elementwise(np.cbrt, lambda g, out, x: g / (3 * out * out))
elementwise(np.power, power_by_base, power_by_exponent, compute=operator.pow)


# -- exponentials and logarithms -------------------------------------------------------------

_LN_2 = math.log(2)
_LOG2_E, _LOG10_E = 1 / math.log(2), 1 / math.log(10)

elementwise(np.exp, lambda g, out, x: g * out)
elementwise(np.expm1, lambda g, out, x: g * np.exp(x))
elementwise(np.log, lambda g, out, x: g / x)
elementwise(np.log1p, lambda g, out, x: g / (1 + x))
elementwise(np.exp2, lambda g, out, x: g * (out * _LN_2))
elementwise(np.log2, lambda g, out, x: (_LOG2_E * g) / x)
elementwise(np.log10, lambda g, out, x: (_LOG10_E * g) / x)

# -- trigonometric and hyperbolic functions --------------------------------------------------

elementwise(np.sin, lambda g, out, x: g * np.cos(x))
elementwise(np.cos, lambda g, out, x: -g * np.sin(x))
elementwise(np.tan, lambda g, out, x: g * (1 + out * out))
elementwise(np.arcsin, lambda g, out, x: arcsin_slope(g, x))
elementwise(np.arccos, lambda g, out, x: arcsin_slope(-g, x))
elementwise(np.arctan, lambda g, out, x: arctan_slope(g, x))
elementwise(np.sinh, lambda g, out, x: g * np.cosh(x))
elementwise(np.cosh, lambda g, out, x: g * np.sinh(x))
elementwise(np.tanh, lambda g, out, x: tanh_slope(g, x))
elementwise(np.arcsinh, lambda g, out, x: g * arcsinh_slope(out, x))
# x - -1 keeps the sign of an imaginary part -0, which tells the sides of the cut; x + 1 loses it.
elementwise(np.arccosh, lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x - -1)))
elementwise(np.arctanh, lambda g, out, x: arctanh_slope(g, x))

# -- corners ---------------------------------------------------------------------------------
# At a corner the derivative chosen is finite: 0 for |x|, and ties share equally.

_real_absolute = elementwise(np.absolute, lambda g, out, x: g * np.sign(x))
elementwise(np.fabs, lambda g, out, x: g * np.sign(x))


@operation(np.absolute)
def _absolute(x: Value) -> Value:
    return _real_absolute(x) if x.dtype.kind != "c" else np.hypot(np.real(x), np.imag(x))


_function: np.ufunc
for _function in (np.maximum, np.minimum, np.fmax, np.fmin):
    elementwise(
        _function,
        lambda g, out, x, y: share(g, x, y, out),
        lambda g, out, x, y: share(g, y, x, out),
    )
