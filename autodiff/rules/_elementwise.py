"""Calculus on one page: a function of numbers on each line, and its derivative."""

from __future__ import annotations

import math
import operator
from functools import reduce
from typing import Any

import numpy as np

from autodiff._core.table import elementwise, operation
from autodiff._core.tensor import constant
from autodiff.rules._tails import PLAIN, inner, slope

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


def _power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    if type(y) is int or type(y) is float:
        if y == 2:
            return (2 * g) * x
        return (y * g) * x ** (y - 1) if y else 0.0 * g
    return (g * y) * x ** np.where((y == 0) & (x == 0), 1, y - 1)  # x**0 is constant, at 0 too


def _log(x: Any) -> Any:
    return np.log(np.where(x == 0, 1, x))  # 0**y is constant for y > 0


def _log_power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    return g * np.where(x == 0, 0, x ** (y - 1) * (1 + y * _log(x)))


_log_power = inner(
    "xʸ log x",
    lambda x, y: x**y * _log(x),
    _log_power_by_base,  # not from xʸ, which may underflow where this does not
    lambda g, out, x, y: g * (out * _log(x)),
)


def _power_by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    return g * (out * _log(x) if type(out) in PLAIN else _log_power(x, y))


elementwise(np.power, _power_by_base, _power_by_exponent, compute=operator.pow)


@operation(np.float_power)
def _float_power(x: Any, y: Any) -> Any:
    one = np.float64(1)  # makes operands double precision at least
    return np.power(np.multiply(x, one), np.multiply(y, one))


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


def _weight(mine: Any, other: Any, exp: Any, logaddexp: Any) -> Any:
    """Return exp(mine) / (exp(mine) + exp(other)); equal infinities share."""
    tie = np.isinf(mine) & (mine == other)
    return exp(-logaddexp(0, np.where(tie, 0, other - mine)))


elementwise(
    np.logaddexp,
    lambda g, out, x, y: g * _weight(x, y, np.exp, np.logaddexp),
    lambda g, out, x, y: g * _weight(y, x, np.exp, np.logaddexp),
)
elementwise(
    np.logaddexp2,
    lambda g, out, x, y: g * _weight(x, y, np.exp2, np.logaddexp2),
    lambda g, out, x, y: g * _weight(y, x, np.exp2, np.logaddexp2),
)

# -- trigonometric and hyperbolic functions --------------------------------------------------


def _sech_squared(g: Any, x: Any) -> Any:
    if x.dtype.kind == "c":  # whose cosh has no direction where it is infinite
        out = np.tanh(x)
        return g * ((1 - out) * (1 + out))
    cosh = np.cosh(x)
    return g / (cosh * cosh)


def _cosine(sine: Any) -> Any:
    """Return √(1 - sine²), along arcsin's complex cuts on the side that it lies on."""
    if sine.dtype.kind == "c":  # differences keep the sign of a zero imaginary part
        return np.sqrt(-(sine - 1)) * np.sqrt(sine - -1)
    return np.sqrt((1 - sine) * (1 + sine))


def _arcsinh_slope(out: Any, x: Any) -> Any:
    return 1 / (np.sqrt(x * x + 1) if x.dtype.kind == "c" else np.cosh(out))


_tanh_slope = slope(
    "tanh′",
    _sech_squared,
    lambda g, out, x: g * (-2 * (np.tanh(x) * out)),
)
_arcsin_slope = slope(
    "arcsin′",
    lambda g, x: g / _cosine(x),
    lambda g, out, x: g * (x * out * out * out),
)
_arctan_slope = slope(
    "arctan′",
    lambda g, x: g / (1 + x * x),
    lambda g, out, x: g * (-2 * (x * out * out)),
)
_arctanh_slope = slope(
    "arctanh′",
    lambda g, x: g / ((1 - x) * (1 + x)),
    lambda g, out, x: g * (2 * (x * out * out)),
)

elementwise(np.sin, lambda g, out, x: g * np.cos(x))
elementwise(np.cos, lambda g, out, x: -g * np.sin(x))
elementwise(np.tan, lambda g, out, x: g * (1 + out * out))
elementwise(np.arcsin, lambda g, out, x: _arcsin_slope(g, x))
elementwise(np.arccos, lambda g, out, x: _arcsin_slope(-g, x))
elementwise(np.arctan, lambda g, out, x: _arctan_slope(g, x))
elementwise(np.sinh, lambda g, out, x: g * np.cosh(x))
elementwise(np.cosh, lambda g, out, x: g * np.sinh(x))
elementwise(np.tanh, lambda g, out, x: _tanh_slope(g, x))
elementwise(np.arcsinh, lambda g, out, x: g * _arcsinh_slope(out, x))
elementwise(np.arccosh, lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x - -1)))
elementwise(np.arctanh, lambda g, out, x: _arctanh_slope(g, x))


def _polar(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return cos θ, sin θ and r; at the origin and at infinity 0, 0 and 1."""
    r = np.hypot(x, y)
    flat = (r == 0) | (r == np.inf)
    r = np.where(flat, 1, r)
    return np.where(flat, 0, x) / r, np.where(flat, 0, y) / r, r


def _over_square_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    cos, sin, r = _polar(x, y)
    return g * ((sin - cos) * (sin + cos) / r / r)


def _over_square_by_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    cos, sin, r = _polar(x, y)
    return g * (-2 * (cos * sin) / r / r)


def _over_square(g: Any, x: Any, y: Any) -> Any:
    cos, _, r = _polar(x, y)
    return g * (cos / r)


_arctan2_slope = slope("x/(x²+y²)", _over_square, _over_square_by_x, _over_square_by_y)
elementwise(
    np.arctan2,
    lambda g, out, y, x: _arctan2_slope(g, x, y),
    lambda g, out, y, x: _arctan2_slope(-g, y, x),
)
_function: np.ufunc
for _function in (np.degrees, np.rad2deg):
    elementwise(_function, lambda g, out, x: g * (180 / math.pi))
for _function in (np.radians, np.deg2rad):
    elementwise(_function, lambda g, out, x: g * (math.pi / 180))


def _sinc_slope(x: Any, out: Any) -> Any:
    near = np.abs(x) < 0.5
    far = np.where(near, 1, x)
    return np.where(
        near,
        _sinc_slope_series(np.where(near, x, 0)),
        (np.cos(math.pi * (far - 2 * np.rint(0.5 * np.real(far)))) - out) / far,
    )


def _sinc_slope_series(x: Any) -> Any:
    """Sum the Taylor series for |x| < 1/2, with terms to spare for the derivatives of the sum."""
    square = -((math.pi * x) ** 2)
    terms = [2 * (k + 1) / math.factorial(2 * k + 3) for k in range(16)]
    return -(math.pi**2) * x * reduce(lambda rest, term: term + square * rest, reversed(terms))


elementwise(np.sinc, lambda g, out, x: g * _sinc_slope(x, out))

# I₁(x) is the mean of sinh(x cos θ) cos θ over the angles. For a smooth periodic function equal
# steps converge exponentially (Trefethen and Weideman, SIAM Review 56 (2014)): 64 in a quarter
# turn are right to the last digit until I₀ overflows at 713, and so are all derivatives.
_COSINES = np.cos((np.arange(64) + 0.5) * (math.pi / 128))


def _bessel_i1(x: Any) -> Any:
    cosines = _COSINES.astype(x.dtype)
    return np.sum(np.sinh(x[..., None] * cosines) * (cosines / len(cosines)), axis=-1)


elementwise(np.i0, lambda g, out, x: g * _bessel_i1(x), compute=lambda x: np.i0(x)[()])

# -- corners ---------------------------------------------------------------------------------
# At a corner the derivative chosen is finite: 0 for |x|, and ties share equally.

_real_absolute = elementwise(np.absolute, lambda g, out, x: g * np.sign(x))
elementwise(np.fabs, lambda g, out, x: g * np.sign(x))


@operation(np.absolute)
def _absolute(x: Any) -> Any:
    return _real_absolute(x) if x.dtype.kind != "c" else np.hypot(np.real(x), np.imag(x))


def _share(g: Any, mine: Any, other: Any, out: Any) -> Any:
    return np.where(mine == other, g * 0.5, np.where(mine == out, g, 0))


for _function in (np.maximum, np.minimum, np.fmax, np.fmin):
    elementwise(
        _function,
        lambda g, out, x, y: _share(g, x, y, out),
        lambda g, out, x, y: _share(g, y, x, out),
    )

# -- steps -----------------------------------------------------------------------------------
# Between its steps each of these is linear in its first operand.

elementwise(
    np.fmod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.rint((x - out) / y),
)
elementwise(
    np.remainder,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.floor_divide(x, y),
)
elementwise(
    np.copysign,
    lambda g, out, x, y: g * (np.sign(x) * np.sign(out)),
    lambda g, out, x, y: 0 * g,
)
elementwise(
    np.nextafter,
    lambda g, out, x, y: g,
    lambda g, out, x, y: 0 * g,
)
elementwise(
    np.heaviside,
    lambda g, out, x, at_zero: 0 * g,
    lambda g, out, x, at_zero: np.where(x == 0, g, 0),
)
elementwise(
    np.ldexp,
    lambda g, out, x, exponent: g * np.ldexp(np.ones_like(x), exponent),
    lambda g, out, x, exponent: 0 * g,  # never asked for: exponents are integers
)


_fraction = elementwise(np.modf, lambda g, out, x: g, compute=lambda x: np.modf(x)[0])


@operation(np.modf)
def _modf(x: Any) -> Any:
    return _fraction(x), np.trunc(x)


@operation(np.frexp)
def _frexp(x: Any) -> Any:
    exponent = np.frexp(x._value)[1]
    return np.ldexp(x, -exponent), constant(exponent)


@operation(np.divmod)
def _divmod(x: Any, y: Any) -> Any:
    return np.floor_divide(x, y), np.remainder(x, y)


@operation(np.unwrap)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    return p + (np.unwrap(p._value, discont, axis, period=period) - p._value)
