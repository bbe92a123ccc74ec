"""scipy.special's error functions and the normal distribution (DLMF 7).

Scaled error functions tend to zero more slowly than the two terms of their slopes. Far out a slope
comes from Laplace's continued fraction instead (DLMF 7.9.3), whose terms do not cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autodiff._core.table import elementwise
from autodiff._core.types import Value
from autodiff.rules._tails import slope, where

_ROOT_PI = math.sqrt(math.pi)
_ROOT_2 = math.sqrt(2)
_ROOT_2PI = math.sqrt(2 * math.pi)


def _fraction(x: Value, square: Value, first: int) -> Value:
    """Return x + ns / (x + (n + 1)s / (x + ...)) for a square s, which is small beside x².

    From n = ``first`` on. To 15 it is right to rounding where x² is above 72 s.
    """
    total = x
    for n in range(15, first - 1, -1):
        total = x + n * square / total
    return total


def _far(x: Value, width: Value = 1) -> Value:
    """Return where the fraction holds; at the imaginary axis it lacks what decays like exp(x²)."""
    real = np.real(x)
    beside_axis = np.abs(np.imag(x)) > np.hypot(real, 30 * width)
    return beside_axis | (real > 1e-6 * width) & (np.abs(x) > 7 * width)


# -- error functions -------------------------------------------------------------------------


def _erfcx_slope(out: Value, x: Value) -> Value:
    return where(
        _far(x) if x.dtype.kind == "c" else x > 6,
        lambda out, x: -out / _fraction(x, 0.5, 2),
        2 * x * out - 2 / _ROOT_PI,
        *(out, x),
    )


def _dawsn_slope(out: Value, x: Value) -> Value:
    return where(np.real(x * x) > 64, lambda x: -_double_factorials(1 / x), 1 - 2 * x * out, x)


def _double_factorials(pole: Value) -> Value:
    """Return Σ (2k-1)!! (pole²/2)ᵏ from k = 1 on, for a pole below 1/8 (DLMF 7.12.1)."""
    square = 0.5 * pole * pole
    total: Any = 1
    for k in range(21, 1, -1):
        total = 1 + ((2 * k - 1) * square) * total
    return square * total


elementwise(special.erf, lambda g, out, x: g * (2 / _ROOT_PI * np.exp(-x * x)))
elementwise(special.erfc, lambda g, out, x: g * (-2 / _ROOT_PI * np.exp(-x * x)))
elementwise(special.erfi, lambda g, out, x: g * (2 / _ROOT_PI * np.exp(x * x)))
elementwise(special.erfcx, lambda g, out, x: g * _erfcx_slope(out, x))
elementwise(special.dawsn, lambda g, out, x: g * _dawsn_slope(out, x))
elementwise(special.wofz, lambda g, out, z: g * (-1j * _erfcx_slope(out, z * -1j)))
elementwise(special.erfinv, lambda g, out, y: g * (_ROOT_PI / 2 * np.exp(out * out)))
elementwise(special.erfcinv, lambda g, out, y: g * (-_ROOT_PI / 2 * np.exp(out * out)))

# -- the normal distribution -----------------------------------------------------------------


def _log_ndtr_decay(out: Value, x: Value) -> Value:
    """Return x + log_ndtr′, by which that is multiplied in its own slope."""
    return where(np.real(x) < -8.5, lambda x: 1 / _fraction(-x, 1, 2), x + out, x)


_log_ndtr_slope = slope(
    "log_ndtr′",
    lambda g, x: (_ROOT_2 / _ROOT_PI * g) / special.erfcx(-x / _ROOT_2),
    lambda g, out, x: -g * (out * _log_ndtr_decay(out, x)),
)
elementwise(special.ndtr, lambda g, out, x: g * (np.exp(-0.5 * x * x) / _ROOT_2PI))
elementwise(special.ndtri, lambda g, out, y: g * (_ROOT_2PI * np.exp(0.5 * out * out)))
elementwise(special.log_ndtr, lambda g, out, x: _log_ndtr_slope(g, x))
elementwise(
    special.ndtri_exp, lambda g, out, y: g * (_ROOT_PI / _ROOT_2 * special.erfcx(-out / _ROOT_2))
)
elementwise(
    special.owens_t,
    lambda g, out, h, a: (
        g * (np.exp(-0.5 * h * h) * special.erf(a * h / _ROOT_2) / -(2 * _ROOT_2PI))
    ),
    lambda g, out, h, a: g * (np.exp(-0.5 * h * h * (1 + a * a)) / (2 * math.pi * (1 + a * a))),
)

# -- Voigt's profile -------------------------------------------------------------------------
# The real part of F(γ - ix) = erfcx(z) / √2πσ for z = (γ - ix) / √2σ. It solves the heat equation
# with time σ²/2, so that F" tells how it changes with σ. Far from the line it is a Lorentzian's.
# Where γ is below σ/5 and |x| above 5σ, second derivatives come out of terms that cancel, in part:
# with relative errors of 2e-12 at (5, 1, 0.1), 2e-10 at (7, 1, 1e-3) and 2e-8 at (30, 1, 1e-10).


def _lorentzian(x: Value, sigma: Value) -> tuple[Value, Value, Value]:
    """Return F = 1 / πa, with a = x + σ²/b, and b and c, the next two steps of the fraction."""
    square = sigma * sigma
    c = _fraction(x, square, 3)
    b = x + 2 * square / c
    return 1 / (math.pi * (x + square / b)), b, c


def _slope_far(x: Value, sigma: Value) -> Value:
    f, b, _ = _lorentzian(x, sigma)
    return -f / b


def _bend_far(x: Value, sigma: Value) -> Value:
    f, b, c = _lorentzian(x, sigma)
    return 2 * f / (b * c)


def _near(x: Value, sigma: Value) -> tuple[Value, Value]:
    """Return F′ and F"."""
    z = x / (_ROOT_2 * sigma)
    w = special.erfcx(z)
    first = (z * w - 1 / _ROOT_PI) / (_ROOT_PI * sigma * sigma)
    return first, (w / (_ROOT_2PI * sigma) + x * first) / (sigma * sigma)


def _voigt_slope(x: Value, sigma: Value, gamma: Value) -> Value:
    x = gamma - x * 1j  # in this order, since 1j * np.float64 is Python's complex
    far = _far(x, _ROOT_2 * sigma)
    return where(far, _slope_far, _near(x, np.where(far, 1, sigma))[0], x, sigma)


def _voigt_bend(x: Value, sigma: Value, gamma: Value) -> Value:
    x = gamma - x * 1j
    far = _far(x, _ROOT_2 * sigma)
    return where(far, _bend_far, _near(x, np.where(far, 1, sigma))[1], x, sigma)


elementwise(
    special.voigt_profile,
    lambda g, out, x, sigma, gamma: g * np.imag(_voigt_slope(x, sigma, gamma)),
    lambda g, out, x, sigma, gamma: -g * (sigma * np.real(_voigt_bend(x, sigma, gamma))),
    lambda g, out, x, sigma, gamma: g * np.real(_voigt_slope(x, sigma, gamma)),
)
