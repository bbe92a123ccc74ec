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
from scipy.special._ufuncs import _lambertw  # what special.lambertw calls

import autodiff.rules.special_orders  # noqa: F401  # the rest of the ufuncs
from autodiff._op import Function, elementwise, operation, without_derivative

_PI = math.pi
_ROOT_PI = math.sqrt(_PI)
_ROOT_2 = math.sqrt(2)
_ROOT_2PI = math.sqrt(2 * _PI)
_DEGREE = _PI / 180


def _outputs(function: Any, *rules: Function) -> list[Function]:
    """State a ufunc with several outputs, each of which becomes an op of its own."""

    def output(i: int, rule: Function) -> Function:
        def compute(x: Any) -> Any:
            return function(x)[i]

        compute.__name__ = f"{function.__name__}[{i}]"
        return elementwise(compute, rule)

    ops = [output(i, rule) for i, rule in enumerate(rules)]
    operation(function)(lambda x: tuple(op(x) for op in ops))
    return ops


def _unless_both_zero(y: Any, x: Any) -> Any:
    """Return y, but 1 where both are 0: there x log y has a corner, whose slopes are set to 0."""
    return np.where(np.logical_and(x == 0, y == 0), 1, y)


def _ratio(x: Any, y: Any) -> Any:
    """Return x / y, and 0 for 0 / 0."""
    return x / _unless_both_zero(y, x)


def _log(x: Any, y: Any) -> Any:
    """Return log y, and 0 where x and y are both 0."""
    return np.log(_unless_both_zero(y, x))


def _log1p(x: Any, y: Any) -> Any:
    """Return log(1 + y), and 0 where x and 1 + y are both 0."""
    return np.log1p(np.where(np.logical_and(x == 0, y == -1), 0, y))


for constant in (special.round, special.gammasgn):
    without_derivative(constant)

# -- elementary functions --------------------------------------------------------------------

elementwise(special.exp2, lambda g, out, x: g * (out * math.log(2)))
elementwise(special.exp10, lambda g, out, x: g * (out * math.log(10)))
elementwise(special.expm1, lambda g, out, x: g * (out + 1))
elementwise(special.log1p, lambda g, out, x: g / (1 + x))
elementwise(special.cosm1, lambda g, out, x: -g * np.sin(x))
elementwise(special.cbrt, lambda g, out, x: g / (3 * out * out))
elementwise(special.exprel, lambda g, out, x: g * (0.5 * special.hyp1f1(2, 3, x)))
elementwise(special.sindg, lambda g, out, x: (_DEGREE * g) * special.cosdg(x))
elementwise(special.cosdg, lambda g, out, x: (-_DEGREE * g) * special.sindg(x))
elementwise(special.tandg, lambda g, out, x: (_DEGREE * g) * (1 + out * out))
elementwise(special.cotdg, lambda g, out, x: (-_DEGREE * g) * (1 + out * out))
elementwise(
    special.radian,
    lambda g, out, d, m, s: _DEGREE * g,
    lambda g, out, d, m, s: (_DEGREE / 60) * g,
    lambda g, out, d, m, s: (_DEGREE / 3600) * g,
)
elementwise(
    special.powm1,
    lambda g, out, x, y: (g * y) * x ** np.where(y == 0, 1, y - 1),
    lambda g, out, x, y: g * ((out + 1) * np.log(np.where(x == 0, 1, x))),
)

# -- statistics and learning -----------------------------------------------------------------

elementwise(special.expit, lambda g, out, x: g * (out * special.expit(-x)))
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
    lambda g, out, x, y: g * (_log(y, x) - _log(x, y)),
    lambda g, out, x, y: g * (1 - _ratio(x, y)),
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
    lambda g, out, delta, r: g * (delta * _ratio(r, np.hypot(delta, r))),
)
elementwise(
    special.boxcox,
    lambda g, out, x, p: g * x ** (p - 1),
    lambda g, out, x, p: g * (0.5 * np.log(x) ** 2 * special.hyp1f1(2, 3, p * np.log(x))),
)
elementwise(
    special.boxcox1p,
    lambda g, out, x, p: g * np.exp((p - 1) * np.log1p(x)),
    lambda g, out, x, p: g * (0.5 * np.log1p(x) ** 2 * special.hyp1f1(2, 3, p * np.log1p(x))),
)
elementwise(
    special.inv_boxcox,
    lambda g, out, x, p: g * (out / (1 + p * x)),
    lambda g, out, x, p: g * (-0.5 * out * x * x * special.hyp2f1(2, 2, 3, -p * x)),
)
elementwise(
    special.inv_boxcox1p,
    lambda g, out, x, p: g * ((out + 1) / (1 + p * x)),
    lambda g, out, x, p: g * (-0.5 * (out + 1) * x * x * special.hyp2f1(2, 2, 3, -p * x)),
)

# -- the error function and its kin (DLMF 7) -------------------------------------------------
# erfcx, dawsn and w tend to zero more slowly than the two terms of their derivative; far out the
# asymptotic series (DLMF 7.12.1) replaces the difference, there exact to rounding.

_FAR = 30.0


def _series(s: Any, *factors: float) -> Any:
    """Return 1 + a s (1 + b s (1 + c s ...)) for the factors a, b, c, ..."""
    total: Any = 1
    for factor in reversed(factors):
        total = 1 + (factor * s) * total
    return total


def _tail(s: Any) -> Any:
    """Return Σ (2k-1)!! sᵏ from k = 1 on, for |s| below 1/1800."""
    return s * _series(s, 3, 5, 7, 9, 11, 13, 15)


def _erfcx_slope(out: Any, x: Any) -> Any:
    far = np.logical_and(np.real(x) > 0, np.abs(x) > _FAR)
    tail = _tail(-0.5 / np.where(far, x, _FAR) ** 2)
    return np.where(far, 2 / _ROOT_PI * tail, 2 * x * out - 2 / _ROOT_PI)


def _dawsn_slope(out: Any, x: Any) -> Any:
    far = np.real(x * x) > _FAR**2
    return np.where(far, -_tail(0.5 / np.where(far, x, _FAR) ** 2), 1 - 2 * x * out)


def _wofz_slope(out: Any, z: Any) -> Any:
    far = np.logical_and(np.imag(z) >= 0, np.abs(z) > _FAR)
    tail = _tail(0.5 / np.where(far, z, _FAR) ** 2)
    return np.where(far, (-2j / _ROOT_PI) * tail, 2j / _ROOT_PI - 2 * z * out)


def _voigt_slopes(x: Any, sigma: Any, gamma: Any) -> tuple[Any, Any]:
    """Return F' and F" of F(x + iγ) = w((x + iγ) / √2σ) / √2πσ, whose real part is the profile.

    It solves the heat equation with time σ²/2, so that F" tells how it changes with σ. Far from
    the line, or for σ = 0, it is a Lorentzian's.
    """
    zeta = x + gamma * 1j  # in this order, since 1j * np.float64 is Python's complex
    far = np.logical_and(gamma >= 0, np.abs(zeta) > _FAR * _ROOT_2 * sigma)
    width = np.where(far, 1, sigma)
    z = zeta / (_ROOT_2 * width)
    w = special.wofz(z)
    first = (1j / _ROOT_PI - z * w) / (_ROOT_PI * width**2)
    second = -(w / (_ROOT_2PI * width) + zeta * first) / width**2
    pole = 1 / np.where(far, zeta, 1)
    s = np.where(far, (sigma * pole) ** 2, 0)
    lorentzian = (-1j / _PI) * pole**2 * _series(s, 3, 5, 7, 9, 11, 13, 15)
    bent = (2j / _PI) * pole**3 * _series(s, 6, 7.5, 28 / 3, 11.25, 13.2, 91 / 6, 120 / 7)
    return np.where(far, lorentzian, first), np.where(far, bent, second)


elementwise(special.erf, lambda g, out, x: g * (2 / _ROOT_PI * np.exp(-x * x)))
elementwise(special.erfc, lambda g, out, x: g * (-2 / _ROOT_PI * np.exp(-x * x)))
elementwise(special.erfi, lambda g, out, x: g * (2 / _ROOT_PI * np.exp(x * x)))
elementwise(special.erfcx, lambda g, out, x: g * _erfcx_slope(out, x))
elementwise(special.dawsn, lambda g, out, x: g * _dawsn_slope(out, x))
elementwise(special.wofz, lambda g, out, z: g * _wofz_slope(out, z))
elementwise(
    special.voigt_profile,
    lambda g, out, x, sigma, gamma: g * np.real(_voigt_slopes(x, sigma, gamma)[0]),
    lambda g, out, x, sigma, gamma: g * (sigma * np.real(_voigt_slopes(x, sigma, gamma)[1])),
    lambda g, out, x, sigma, gamma: -g * np.imag(_voigt_slopes(x, sigma, gamma)[0]),
)
elementwise(special.erfinv, lambda g, out, y: g * (_ROOT_PI / 2 * np.exp(out * out)))
elementwise(special.erfcinv, lambda g, out, y: g * (-_ROOT_PI / 2 * np.exp(out * out)))
elementwise(special.ndtr, lambda g, out, x: g * (np.exp(-0.5 * x * x) / _ROOT_2PI))
elementwise(special.ndtri, lambda g, out, y: g * (_ROOT_2PI * np.exp(0.5 * out * out)))
elementwise(
    special.log_ndtr, lambda g, out, x: g * (_ROOT_2 / _ROOT_PI / special.erfcx(-x / _ROOT_2))
)
elementwise(
    special.ndtri_exp, lambda g, out, y: g * (_ROOT_PI / _ROOT_2 * special.erfcx(-out / _ROOT_2))
)
elementwise(
    special.owens_t,
    lambda g, out, h, a: (
        g * (np.exp(-0.5 * h * h) * special.erf(a * h / _ROOT_2) / -(2 * _ROOT_2PI))
    ),
    lambda g, out, h, a: g * (np.exp(-0.5 * h * h * (1 + a * a)) / (2 * _PI * (1 + a * a))),
)
_outputs(
    special.fresnel,
    lambda g, out, x: g * np.sin(_PI / 2 * x * x),
    lambda g, out, x: g * np.cos(_PI / 2 * x * x),
)

# -- gamma and beta functions (DLMF 5) -------------------------------------------------------


def _psi_slope(x: Any) -> Any:
    if np.iscomplexobj(x):
        raise TypeError("scipy.special.psi has a derivative here at real arguments only")
    return special.zeta(2, x)


def _rgamma_slope(out: Any, x: Any) -> Any:
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
    lambda g, out, a, b: g * (out * (special.psi(a) - special.psi(a + b))),
    lambda g, out, a, b: g * (out * (special.psi(b) - special.psi(a + b))),
)
elementwise(
    special.betaln,
    lambda g, out, a, b: g * (special.psi(a) - special.psi(a + b)),
    lambda g, out, a, b: g * (special.psi(b) - special.psi(a + b)),
)
elementwise(
    special.binom,
    lambda g, out, n, k: g * (out * (special.psi(n + 1) - special.psi(n - k + 1))),
    lambda g, out, n, k: g * (out * (special.psi(n - k + 1) - special.psi(k + 1))),
)
elementwise(
    special.poch,
    lambda g, out, x, m: g * (out * (special.psi(x + m) - special.psi(x))),
    lambda g, out, x, m: g * (out * special.psi(x + m)),
)

# -- Airy functions (DLMF 9) ------------------------------------------------------------------

_airy: list[Function] = _outputs(
    special.airy,
    lambda g, out, x: g * _airy[1](x),
    lambda g, out, x: g * (x * _airy[0](x)),
    lambda g, out, x: g * _airy[3](x),
    lambda g, out, x: g * (x * _airy[2](x)),
)

# -- integrals of elementary functions (DLMF 4.13, 6, 25.12) ----------------------------------
# sin(x)/x and sinh(x)/x are hypergeometric functions, smooth at 0.

elementwise(special.exp1, lambda g, out, x: -g * (np.exp(-x) / x))
elementwise(special.expi, lambda g, out, x: g * (np.exp(x) / x))
_outputs(
    special.sici,
    lambda g, out, x: g * special.hyp0f1(1.5, -0.25 * x * x),
    lambda g, out, x: g * (np.cos(x) / x),
)
_outputs(
    special.shichi,
    lambda g, out, x: g * special.hyp0f1(1.5, 0.25 * x * x),
    lambda g, out, x: g * (np.cosh(x) / x),
)
elementwise(special.spence, lambda g, out, z: -g * special.hyp2f1(1, 1, 2, 1 - z))
elementwise(special.wrightomega, lambda g, out, z: g * (out / (1 + out)))
_lambert_rules = (
    lambda g, out, z, k, tol: g * (np.exp(-out) / (1 + out)),
    *[lambda g, out, z, k, tol: 0 * g] * 2,  # the branch and the tolerance are never Tensors
)
elementwise(_lambertw, *_lambert_rules)

# -- elliptic integrals (DLMF 19), in Carlson's symmetric form where two arguments meet -------


def _within_half_period(phi: Any) -> tuple[Any, Any, Any]:
    """Return how many half periods were taken off an angle, and its sine and cosine then."""
    n = np.round(phi / _PI)
    rest = phi - n * _PI
    return n, np.sin(rest), np.cos(rest)


def _ellipk_slope(m: Any) -> Any:
    return _PI / 8 * special.hyp2f1(1.5, 1.5, 2, m)


def _ellipe_slope(m: Any) -> Any:
    return -_PI / 8 * special.hyp2f1(0.5, 1.5, 2, m)


def _ellipkinc_slope(phi: Any, m: Any) -> Any:
    n, s, c = _within_half_period(phi)
    return 2 * n * _ellipk_slope(m) + s**3 * special.elliprd(c * c, 1, 1 - m * s * s) / 6


def _ellipeinc_slope(phi: Any, m: Any) -> Any:
    n, s, c = _within_half_period(phi)
    return 2 * n * _ellipe_slope(m) - s**3 * special.elliprd(c * c, 1 - m * s * s, 1) / 6


def _elliprd_slope(out: Any, x: Any, y: Any, z: Any) -> Any:
    """Return ∂/∂x of the integral that is symmetric in x and y alone (DLMF 19.18)."""
    return 0.5 * (out - special.elliprd(y, z, x)) / (z - x)


def _elliprd_slope_in_z(out: Any, x: Any, y: Any, z: Any) -> Any:
    """Return ∂/∂z by Euler's theorem: the integral is homogeneous of degree -3/2."""
    along_x = np.where(x == 0, 0, x * _elliprd_slope(out, x, y, z))
    along_y = np.where(y == 0, 0, y * _elliprd_slope(out, y, x, z))
    return (-1.5 * out - along_x - along_y) / z


elementwise(special.ellipk, lambda g, out, m: g * _ellipk_slope(m))
elementwise(special.ellipkm1, lambda g, out, p: -g * special.elliprd(0, 1, p) / 6)
elementwise(special.ellipe, lambda g, out, m: g * _ellipe_slope(m))
elementwise(
    special.ellipkinc,
    lambda g, out, phi, m: g / np.sqrt(1 - m * np.sin(phi) ** 2),
    lambda g, out, phi, m: g * _ellipkinc_slope(phi, m),
)
elementwise(
    special.ellipeinc,
    lambda g, out, phi, m: g * np.sqrt(1 - m * np.sin(phi) ** 2),
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
