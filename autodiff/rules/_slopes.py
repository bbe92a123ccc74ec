"""Slopes of elementary functions that take more than a line, accurate far out and near poles.

Each takes ``g`` first, as a rule does, and returns ``g`` times the slope.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.types import Cotangent, Value
from autodiff.rules._tails import PLAIN, inner, slope

# -- powers and logarithms -------------------------------------------------------------------


def power_by_base(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    """Return the image of xʸ's cotangent for the base."""
    if type(y) is int or type(y) is float:
        if y == 2:
            return (2 * g) * x
        return (y * g) * x ** (y - 1) if y else 0.0 * g
    return (g * y) * x ** np.where((y == 0) & (x == 0), 1, y - 1)  # x**0 is constant, at 0 too


def _log(x: Value) -> Value:
    return np.log(np.where(x == 0, 1, x))  # 0**y is constant for y > 0


def _log_power_by_base(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    return g * np.where(x == 0, 0, x ** (y - 1) * (1 + y * _log(x)))


_log_power = inner(
    "xʸ log x",
    lambda x, y: x**y * _log(x),
    _log_power_by_base,  # not from xʸ, which may underflow where this does not
    lambda g, out, x, y: g * (out * _log(x)),
)


def power_by_exponent(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    """Return the image of xʸ's cotangent for the exponent."""
    return g * (out * _log(x) if type(out) in PLAIN else _log_power(x, y))


# -- trigonometric and hyperbolic functions --------------------------------------------------


def _sech_squared(g: Cotangent, x: Value) -> Cotangent:
    if x.dtype.kind == "c":  # whose cosh has no direction where it is infinite
        out = np.tanh(x)
        return g * ((1 - out) * (1 + out))
    cosh = np.cosh(x)
    return g / (cosh * cosh)


def _cosine(sine: Value) -> Value:
    """Return √(1 - sine²), along arcsin's complex cuts on the side that it lies on."""
    if sine.dtype.kind == "c":  # differences keep the sign of a zero imaginary part
        return np.sqrt(-(sine - 1)) * np.sqrt(sine - -1)
    return np.sqrt((1 - sine) * (1 + sine))


def arcsinh_slope(out: Value, x: Value) -> Value:
    """Return 1 / √(x² + 1), from arcsinh x where x² would overflow."""
    return 1 / (np.sqrt(x * x + 1) if x.dtype.kind == "c" else np.cosh(out))


tanh_slope = slope(
    "tanh′",
    _sech_squared,
    lambda g, out, x: g * (-2 * (np.tanh(x) * out)),
)
arcsin_slope = slope(
    "arcsin′",
    lambda g, x: g / _cosine(x),
    lambda g, out, x: g * (x * out * out * out),
)
arctan_slope = slope(
    "arctan′",
    lambda g, x: g / (1 + x * x),
    lambda g, out, x: g * (-2 * (x * out * out)),
)
arctanh_slope = slope(
    "arctanh′",
    lambda g, x: g / ((1 - x) * (1 + x)),
    lambda g, out, x: g * (2 * (x * out * out)),
)


def share(g: Cotangent, mine: Value, other: Value, out: Value) -> Cotangent:
    """Return what one of two operands gets of an extremum's cotangent; ties share."""
    return np.where(mine == other, g * 0.5, np.where(mine == out, g, 0))
