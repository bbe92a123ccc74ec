"""More functions of numbers, whose derivatives take more than a line each."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from autodiff._core.constants_like import constants_like
from autodiff._core.table import elementwise, operation
from autodiff._core.types import Cotangent, Value
from autodiff.rules._tails import slope


@operation(np.float_power)
def _float_power(x: Value, y: Value) -> Value:
    one = np.float64(1)  # makes operands double precision at least
    return np.power(np.multiply(x, one), np.multiply(y, one))


def _weight(mine: Value, other: Value, exp: Value, logaddexp: Any) -> Value:
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

# -- angles ----------------------------------------------------------------------------------


def _polar(x: Value, y: Value) -> tuple[Value, Value, Value]:
    """Return cos θ, sin θ and r; at the origin and at infinity 0, 0 and 1."""
    r = np.hypot(x, y)
    flat = (r == 0) | (r == np.inf)
    r = np.where(flat, 1, r)
    return np.where(flat, 0, x) / r, np.where(flat, 0, y) / r, r


def _over_square_by_x(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    cos, sin, r = _polar(x, y)
    return g * ((sin - cos) * (sin + cos) / r / r)


def _over_square_by_y(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    cos, sin, r = _polar(x, y)
    return g * (-2 * (cos * sin) / r / r)


def _over_square(g: Cotangent, x: Value, y: Value) -> Cotangent:
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

# -- sin(πx)/(πx) and I₀ -----------------------------------------------------------------------


def _sinc_slope(x: Value, out: Value) -> Value:
    near = np.abs(x) < 0.5
    far = np.where(near, 1, x)
    return np.where(
        near,
        _sinc_slope_series(np.where(near, x, 0)),
        (np.cos(math.pi * (far - 2 * np.rint(0.5 * np.real(far)))) - out) / far,
    )


def _sinc_slope_series(x: Value) -> Value:
    """Sum the Taylor series for |x| < 1/2, with terms to spare for the derivatives of the sum."""
    square = -((math.pi * x) ** 2)
    terms = [2 * (k + 1) / math.factorial(2 * k + 3) for k in range(16)]
    return -(math.pi**2) * x * reduce(lambda rest, term: term + square * rest, reversed(terms))


elementwise(np.sinc, lambda g, out, x: g * _sinc_slope(x, out))

# I₁(x) is the mean of sinh(x cos θ) cos θ over the angles. For a smooth periodic function equal
# steps converge exponentially (Trefethen and Weideman, SIAM Review 56 (2014)): 64 in a quarter
# turn are right to the last digit until I₀ overflows at 713, and so are all derivatives.
_COSINES = np.cos((np.arange(64) + 0.5) * (math.pi / 128))


def _bessel_i1(x: Value) -> Value:
    cosines = constants_like(x, _COSINES.astype(x.dtype))
    return np.sum(np.sinh(x[..., None] * cosines) * (cosines / len(cosines)), axis=-1)


elementwise(np.i0, lambda g, out, x: g * _bessel_i1(x), compute=lambda x: np.i0(x)[()])
