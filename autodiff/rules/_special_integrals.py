"""scipy.special's integrals of elementary functions, elliptic integrals and Airy functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autodiff._core.table import elementwise, operation
from autodiff._core.types import Function, Value
from autodiff.rules._tails import inner, is_recorded, slope, where

_PI = math.pi


def _outputs(function: Any, *rules: Function) -> list[Function]:
    """State a ufunc with several outputs, each of which becomes an op of its own."""

    def output(i: int, rule: Function) -> Function:
        def compute(x: Value) -> Value:
            return function(x)[i]

        compute.__name__ = f"{function.__name__}[{i}]"
        return elementwise(compute, rule)

    ops = [output(i, rule) for i, rule in enumerate(rules)]
    operation(function)(lambda x: tuple(op(x) for op in ops))
    return ops


# -- Airy functions (DLMF 9) ------------------------------------------------------------------

_airy: list[Function] = _outputs(
    special.airy,
    lambda g, out, x: g * _airy[1](x),
    lambda g, out, x: g * (x * _airy[0](x)),
    lambda g, out, x: g * _airy[3](x),
    lambda g, out, x: g * (x * _airy[2](x)),
)

# -- integrals of elementary functions (DLMF 4.13, 6, 7.2, 25.12) ------------------------------
# sin(x)/x, sinh(x)/x and log(z)/(1-z) are hypergeometric functions, smooth at 0 and 1.


def _sine_over(x: Value) -> Value:
    near = np.abs(x) < 1
    return where(~near, lambda x: np.sin(x) / x, special.hyp0f1(1.5, -0.25 * (near * x) ** 2), x)


def _spence_slope(z: Value) -> Value:
    near = np.abs(1 - z) < 0.5
    series = -special.hyp2f1(1, 1, 2, near * (1 - z))
    return where(~near, lambda z: np.log(z) / (1 - z), series, z)


def _quarter_turns(square: Value) -> Value:
    """Return sin's argument πx²/2 for x², less whole turns."""
    return _PI / 2 * (square - 4 * np.rint(0.25 * square))


_wrightomega_slope = slope(
    "wrightomega′",
    lambda g, omega: g * (omega / (1 + omega)),
    lambda g, out, omega: g / (1 + omega) / (1 + omega),
)
_outputs(
    special.fresnel,
    lambda g, out, x: g * np.sin(_quarter_turns(x * x)),
    lambda g, out, x: g * np.cos(_quarter_turns(x * x)),
)
elementwise(special.exp1, lambda g, out, x: -g * (np.exp(-x) / x))
elementwise(special.expi, lambda g, out, x: g * (np.exp(x) / x))
_outputs(
    special.sici,
    lambda g, out, x: g * _sine_over(x),
    lambda g, out, x: g * (np.cos(x) / x),
)
_outputs(
    special.shichi,
    lambda g, out, x: g * special.hyp0f1(1.5, 0.25 * x * x),
    lambda g, out, x: g * (np.cosh(x) / x),
)
elementwise(special.spence, lambda g, out, z: g * _spence_slope(z))
elementwise(special.wrightomega, lambda g, out, z: _wrightomega_slope(g, out))

# -- elliptic integrals (DLMF 19), in Carlson's symmetric form where two arguments meet -------

_one_less = inner(
    "1 - m sin²φ",
    lambda phi, m: np.cos(phi) ** 2 + (1 - m) * np.sin(phi) ** 2,
    lambda g, out, phi, m: g * (-2 * m * np.sin(phi) * np.cos(phi)),
    lambda g, out, phi, m: -g * np.sin(phi) ** 2,
)


def _half_periods(phi: Value) -> tuple[Value, Value, Value]:
    """Return how many half periods are taken off an angle, and sin³/6 and cos² of what is left."""
    n = np.round(phi / _PI)
    return n, np.sin(phi - n * _PI) ** 3 / 6, np.cos(phi) ** 2


def _ellipk_slope(m: Value) -> Value:
    def quotient(m: Value) -> Value:
        return 0.5 * (special.ellipe(m) / (1 - m) - special.ellipk(m)) / m

    near = np.abs(m) < 0.5
    return where(~near, quotient, _PI / 8 * special.hyp2f1(1.5, 1.5, 2, near * m), m)


def _ellipkm1_slope(p: Value) -> Value:
    small = p < 0.25  # too small perhaps for 1 - p to tell it from 0
    return where(small, lambda p: special.elliprd(0, 1, p) / -6, -_ellipk_slope(1 - p), p)


def _ellipe_slope(m: Value) -> Value:
    def quotient(m: Value) -> Value:
        return 0.5 * (special.ellipe(m) - special.ellipk(m)) / m

    near = np.abs(m) < 0.5
    return where(~near, quotient, -_PI / 8 * special.hyp2f1(0.5, 1.5, 2, near * m), m)


def _ellipkinc_slope(phi: Value, m: Value) -> Value:
    n, cube, x = _half_periods(phi)
    return 2 * n * _ellipk_slope(m) + cube * special.elliprd(x, 1, _one_less(phi, m))


def _ellipeinc_slope(phi: Value, m: Value) -> Value:
    n, cube, x = _half_periods(phi)
    return 2 * n * _ellipe_slope(m) - cube * special.elliprd(x, _one_less(phi, m), 1)


def _elliprd_slope(out: Value, x: Value, y: Value, z: Value) -> Value:
    """Return ∂/∂x of the integral that is symmetric in x and y alone (DLMF 19.18)."""
    # Each derivative of the quotient loses more, where they nearly agree.
    limit, order = (0.2, 12) if is_recorded(out) else (0.02, 5)
    near = np.abs(z - x) < limit * np.abs(z + x)
    apart = 0.5 * (out - special.elliprd(y, z, x)) / np.where(near, 1, z - x)
    return where(near, _elliprd_slope_near, apart, x, y, z, order)


def _elliprd_slope_near(x: Value, y: Value, z: Value, order: int) -> Value:
    """Return ∂/∂x where x and z nearly agree, in powers of their difference.

    It is -3/4 times the integral over t from 0 of ((t + x)(t + z))^(-3/2) (t + y)^(-1/2), where the
    product is (t + c)² - d² for x, z = c ± d. Where y is tiny, its own derivative by y has an error
    of some 1e-17 c / y beside 1.
    """
    c = 0.5 * (x + z)
    square = ((x - z) / (x + z)) ** 2
    total: Any = 0
    for k in reversed(range(order)):
        term = special.hyp2f1(0.5, 2 * k + 2.5, 2 * k + 3.5, 1 - y / c) / (2 * k + 2.5)
        total = term + (k + 1.5) / (k + 1) * square * total
    return -0.75 * total / c**2.5


def _elliprd_slope_in_z(out: Value, x: Value, y: Value, z: Value) -> Value:
    """Return ∂/∂z by Euler's theorem: the integral is homogeneous of degree -3/2."""
    along_x = np.where(x == 0, 0, x * _elliprd_slope(out, x, y, z))
    along_y = np.where(y == 0, 0, y * _elliprd_slope(out, y, x, z))
    return (-1.5 * out - along_x - along_y) / z


elementwise(special.ellipk, lambda g, out, m: g * _ellipk_slope(m))
elementwise(special.ellipkm1, lambda g, out, p: g * _ellipkm1_slope(p))
elementwise(special.ellipe, lambda g, out, m: g * _ellipe_slope(m))
elementwise(
    special.ellipkinc,
    lambda g, out, phi, m: g / np.sqrt(_one_less(phi, m)),
    lambda g, out, phi, m: g * _ellipkinc_slope(phi, m),
)
elementwise(
    special.ellipeinc,
    lambda g, out, phi, m: g * np.sqrt(_one_less(phi, m)),
    lambda g, out, phi, m: g * _ellipeinc_slope(phi, m),
)
elementwise(
    special.elliprf,
    lambda g, out, x, y, z: g * (special.elliprd(y, z, x) / -6),
    lambda g, out, x, y, z: g * (special.elliprd(z, x, y) / -6),
    lambda g, out, x, y, z: g * (special.elliprd(x, y, z) / -6),
)
elementwise(
    special.elliprd,
    lambda g, out, x, y, z: g * _elliprd_slope(out, x, y, z),
    lambda g, out, x, y, z: g * _elliprd_slope(out, y, x, z),
    lambda g, out, x, y, z: g * _elliprd_slope_in_z(out, x, y, z),
)
