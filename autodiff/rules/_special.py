"""scipy.special's ufuncs. Imported when the first of them is given a Tensor.

The derivatives are those of the NIST Digital Library of Mathematical Functions (DLMF,
https://dlmf.nist.gov), written so that they neither cancel nor overflow where the function itself
does not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

import autodiff.rules._special_errors
import autodiff.rules._special_integrals
import autodiff.rules._special_orders  # noqa: F401  # the rest of the ufuncs
from autodiff._core.table import elementwise, without_derivative
from autodiff._core.types import Value
from autodiff.rules._tails import slope, where

_PI = math.pi
_DEGREE = _PI / 180


def _unless_both_zero(y: Value, x: Value) -> Value:
    """Return y, but 1 where both are 0: there x log y has a corner, whose slopes are set to 0."""
    return np.where(np.logical_and(x == 0, y == 0), 1, y)


def _ratio(x: Value, y: Value) -> Value:
    """Return x / y, and 0 for 0 / 0."""
    return x / _unless_both_zero(y, x)


def _log(x: Value, y: Value) -> Value:
    """Return log y, and 0 where x and y are both 0."""
    return np.log(_unless_both_zero(y, x))


def _log1p(x: Value, y: Value) -> Value:
    """Return log(1 + y), and 0 where x and 1 + y are both 0."""
    return np.log1p(np.where(np.logical_and(x == 0, y == -1), 0, y))


for constant in (special.round, special.gammasgn):
    without_derivative(constant)

# -- elementary functions --------------------------------------------------------------------


def _cotdg_slope(out: Value, x: Value) -> Value:
    square = out * out
    steep = square > 1e4  # where SciPy's value is less accurate than the slope
    return where(steep, lambda x: 1 / special.sindg(x) / special.sindg(x), 1 + square, x)


def _exprel_slope(out: Value, x: Value, scale: Value = 1) -> Value:
    """Return the slope of (exp(scale · x) - 1) / x: its series, but on the left the quotient's."""
    left = scale * x < -1
    # From 800 on it would overflow, and take the longer the larger its argument is.
    series = special.hyp1f1(2, 3, np.minimum(scale * x, 800))
    return where(
        left,
        lambda out, x, scale: (scale * np.exp(scale * x) - out) / x,
        0.5 * scale * scale * series,
        *(out, x, scale),
    )


elementwise(special.exp2, lambda g, out, x: g * (out * math.log(2)))
elementwise(special.exp10, lambda g, out, x: g * (out * math.log(10)))
elementwise(special.expm1, lambda g, out, x: g * np.exp(x))
elementwise(special.log1p, lambda g, out, x: g / (1 + x))
elementwise(special.cosm1, lambda g, out, x: -g * np.sin(x))
elementwise(special.cbrt, lambda g, out, x: g / (3 * out * out))
elementwise(special.exprel, lambda g, out, x: g * _exprel_slope(out, x))
elementwise(special.sindg, lambda g, out, x: (_DEGREE * g) * special.cosdg(x))
elementwise(special.cosdg, lambda g, out, x: (-_DEGREE * g) * special.sindg(x))
elementwise(special.tandg, lambda g, out, x: (_DEGREE * g) * (1 + out * out))
elementwise(special.cotdg, lambda g, out, x: (-_DEGREE * g) * _cotdg_slope(out, x))
elementwise(
    special.radian,
    lambda g, out, d, m, s: _DEGREE * g,
    lambda g, out, d, m, s: (_DEGREE / 60) * g,
    lambda g, out, d, m, s: (_DEGREE / 3600) * g,
)
elementwise(
    special.powm1,
    lambda g, out, x, y: (g * y) * x ** np.where(y == 0, 1, y - 1),
    lambda g, out, x, y: g * (x**y * np.log(np.where(x == 0, 1, x))),
)

# -- statistics and learning -----------------------------------------------------------------


def _log_ratio(x: Value, y: Value) -> Value:
    """Return log(x / y), without cancellation where x and y are nearly equal."""
    near = np.abs(x - y) < 0.1 * y
    apart = _log(y, x) - _log(x, y)
    return where(near, lambda x, y: np.log1p((x - y) / y), apart, x, y)


def _one_minus_ratio(x: Value, y: Value) -> Value:
    """Return 1 - x / y, and 1 where both are 0."""
    near = np.abs(x - y) < 0.1 * y
    return where(near, lambda x, y: (y - x) / y, 1 - _ratio(x, y), x, y)


def _root_slope(x: Value, p: Value) -> Value:
    """Return the slope by p of log(1 + px) / p: its series for small px, or the quotient's."""
    far = np.abs(p * x) > 0.5
    series = -0.5 * x * x * special.hyp2f1(2, 2, 3, np.where(far, 0, -p * x))
    return where(far, lambda x, p: (x / (1 + p * x) - np.log1p(p * x) / p) / p, series, x, p)


_expit_slope = slope(
    "expit′",
    lambda g, x: (0.5 * g) / (1 + np.cosh(x)),
    lambda g, out, x: g * (-out * np.tanh(0.5 * x)),
)
_pseudo_huber_slope = slope(
    "pseudo_huber′",
    lambda g, delta, r: g * (delta * _ratio(r, np.hypot(delta, r))),
    lambda g, out, delta, r: g * _ratio(r, np.hypot(delta, r)) ** 3,
    lambda g, out, delta, r: g * _ratio(delta, np.hypot(delta, r)) ** 3,
)
elementwise(special.expit, lambda g, out, x: _expit_slope(g, x))
elementwise(special.logit, lambda g, out, x: g / (x * (1 - x)))
elementwise(special.log_expit, lambda g, out, x: g * special.expit(-x))
elementwise(special.entr, lambda g, out, x: -g * (np.log(x) + 1))
elementwise(
    special.xlogy,
    lambda g, out, x, y: g * _log(x, y),
    lambda g, out, x, y: g * _ratio(x, y),
)
elementwise(
    special.xlog1py,
    lambda g, out, x, y: g * _log1p(x, y),
    lambda g, out, x, y: g * _ratio(x, 1 + y),
)
elementwise(
    special.rel_entr,
    lambda g, out, x, y: g * (_log(y, x) - _log(x, y) + 1),
    lambda g, out, x, y: -g * _ratio(x, y),
)
elementwise(
    special.kl_div,
    lambda g, out, x, y: g * _log_ratio(x, y),
    lambda g, out, x, y: g * _one_minus_ratio(x, y),
)
elementwise(
    special.huber,
    lambda g, out, delta, r: g * np.maximum(np.abs(r) - delta, 0),
    lambda g, out, delta, r: g * np.clip(r, -delta, delta),
)
elementwise(
    special.pseudo_huber,
    lambda g, out, delta, r: (
        g * _ratio(_ratio(r * r, np.hypot(delta, r) + delta) ** 2, np.hypot(delta, r))
    ),
    lambda g, out, delta, r: _pseudo_huber_slope(g, delta, r),
)
elementwise(
    special.boxcox,
    lambda g, out, x, p: g * x ** (p - 1),
    lambda g, out, x, p: g * _exprel_slope(out, p, np.log(x)),
)
elementwise(
    special.boxcox1p,
    lambda g, out, x, p: g * np.exp((p - 1) * np.log1p(x)),
    lambda g, out, x, p: g * _exprel_slope(out, p, np.log1p(x)),
)
elementwise(
    special.inv_boxcox,
    lambda g, out, x, p: g * (out / (1 + p * x)),
    lambda g, out, x, p: g * (out * _root_slope(x, p)),
)
elementwise(
    special.inv_boxcox1p,
    lambda g, out, x, p: g * (special.inv_boxcox(x, p) / (1 + p * x)),
    lambda g, out, x, p: g * (special.inv_boxcox(x, p) * _root_slope(x, p)),
)

# -- gamma and beta functions (DLMF 5) -------------------------------------------------------


def _psi_slope(x: Value) -> Value:
    if np.iscomplexobj(x):
        raise TypeError("scipy.special.psi has a derivative here at real arguments only")
    return special.zeta(2, x)


def _psi_difference(a: Value, b: Value) -> Value:
    """Return ψ(a + b) - ψ(a); where b is small beside a > 0, by Taylor's series (DLMF 5.15.1)."""
    plain = special.psi(a + b) - special.psi(a)
    return where(np.abs(b) < 0.01 * a, _psi_difference_near, plain, a, b)


def _psi_difference_near(a: Value, b: Value) -> Value:
    total: Any = 0
    for k in range(8, 1, -1):
        total = special.zeta(k, a) - b * total
    return b * total


# Where k > n the binomial has zeros, and so no logarithm. There it is, by reflection (DLMF 5.5.3),
# B(n + 1, k - n) sin(π(k - n)) / π.


def _binomial_slope_by_n(out: Value, n: Value, k: Value) -> Value:
    a = n - k + 1
    return where(a < 0.5, _reflected_slope_by_n, out * _psi_difference(a, k), out, n, k)


def _reflected_slope_by_n(out: Value, n: Value, k: Value) -> Value:
    z = k - n
    return out * _psi_difference(z, n + 1 - z) - special.beta(n + 1, z) * np.cos(_PI * z)


def _binomial_slope_by_k(out: Value, n: Value, k: Value) -> Value:
    b = k + 1
    a = n - k + 1
    slope = where(a < 0.5, _reflected_slope_by_k, out * _psi_difference(b, a - b), out, n, k)
    # The binomial of n and n - k is the same.
    left = (b < 0.5) & (a >= 0.5)
    return where(left, lambda out, n, k: -_reflected_slope_by_k(out, n, n - k), slope, out, n, k)


def _reflected_slope_by_k(out: Value, n: Value, k: Value) -> Value:
    z = k - n
    return special.beta(n + 1, z) * np.cos(_PI * z) - out * _psi_difference(z, n + 1)


def _rgamma_slope(out: Value, x: Value) -> Value:
    """Return (1/Γ)', to the left by reflection, which has no poles where 1/Γ is zero."""
    left = np.real(x) < 0.5
    y = np.where(left, x, 0)
    cos, sin = np.cos(_PI * y), np.sin(_PI * y)
    reflected = special.gamma(1 - y) * (cos - special.psi(1 - y) * sin / _PI)
    return np.where(left, reflected, -out * special.psi(np.where(left, 1, x)))


elementwise(special.gamma, lambda g, out, x: g * (out * special.psi(x)))
elementwise(special.gammaln, lambda g, out, x: g * special.psi(x))
elementwise(special.loggamma, lambda g, out, x: g * special.psi(x))
elementwise(special.rgamma, lambda g, out, x: g * _rgamma_slope(out, x))
elementwise(special.psi, lambda g, out, x: g * _psi_slope(x))
elementwise(
    special.beta,
    lambda g, out, a, b: -g * (out * _psi_difference(a, b)),
    lambda g, out, a, b: -g * (out * _psi_difference(b, a)),
)
elementwise(
    special.betaln,
    lambda g, out, a, b: -g * _psi_difference(a, b),
    lambda g, out, a, b: -g * _psi_difference(b, a),
)
elementwise(
    special.binom,
    lambda g, out, n, k: g * _binomial_slope_by_n(out, n, k),
    lambda g, out, n, k: g * _binomial_slope_by_k(out, n, k),
)
elementwise(
    special.poch,
    lambda g, out, x, m: g * (out * _psi_difference(x, m)),
    lambda g, out, x, m: g * (out * special.psi(x + m)),
)
