"""Slopes of functions of numbers as a textbook writes them, where the rule reads worse.

Rules are written so that nothing cancels or overflows, some by series and by cases; a reader wants
the formula. Each is a function of the output and the operands, by the name of the op.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special

from autodiff.drawing.formulas._expressions import call, literal
from autodiff.rules._slopes import power_by_exponent

_ROOT_PI, _ROOT_TAU = sqrt(pi), sqrt(2 * pi)


def _function(name: str, function: Any) -> Callable[..., Any]:
    return lambda *args: call(name, function, args, {})


def _unknown(*args: Any) -> None:
    """Stand for an order or a parameter, by which the rules do not differentiate."""


def _bell(x: Any) -> Any:
    return np.exp(-(x**2) / 2)


_gamma = _function("gamma", special.gamma)
_beta = _function("beta", special.beta)


def _zw(x: Any, sigma: Any, gamma: Any) -> Any:
    """Return z·w(z), of which Voigt's profile is the real part."""
    z = (x + gamma * 1j) / (sigma * sqrt(2))
    return z * special.wofz(z)


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return x ** (a - 1) * (1 - x) ** (b - 1) / _beta(a, b)


def _gamma_density(a: Any, x: Any) -> Any:
    return x ** (a - 1) * np.exp(-x) / _gamma(a)


def _poisson(k: Any, m: Any) -> Any:
    return m**k * np.exp(-m) / _gamma(k + 1)


def _struve_part(v: Any, x: Any) -> Any:
    return (x / 2) ** v / (_ROOT_PI * _gamma(v + 1.5))


SLOPES: dict[str, tuple[Callable[..., Any], ...]] = {
    "power": (
        lambda out, x, y: y * x ** (y - 1),
        lambda out, x, y: power_by_exponent(np.float64(1), out, x, y),
    ),
    "tanh": (lambda out, x: 1 - out**2,),
    "arcsinh": (lambda out, x: 1 / np.sqrt(x**2 + 1),),
    "arcsin": (lambda out, x: 1 / np.sqrt(1 - x**2),),
    "arccos": (lambda out, x: -1 / np.sqrt(1 - x**2),),
    "arctanh": (lambda out, x: 1 / (1 - x**2),),
    "sqrt": (lambda out, x: 1 / (2 * out),),
    "log2": (lambda out, x: 1 / (x * log(2)),),
    "log10": (lambda out, x: 1 / (x * log(10)),),
    "arctan2": (
        lambda out, y, x: x / (x**2 + y**2),
        lambda out, y, x: -y / (x**2 + y**2),
    ),
    "hypot": (lambda out, x, y: x / out, lambda out, x, y: y / out),
    "logaddexp": (lambda out, x, y: np.exp(x - out), lambda out, x, y: np.exp(y - out)),
    "logaddexp2": (lambda out, x, y: np.exp2(x - out), lambda out, x, y: np.exp2(y - out)),
    "sinc": (lambda out, x: (np.cos(pi * x) - out) / x,),
    "i0": (lambda out, x: special.i1(x),),
    # activations
    "logistic": (lambda out, x: out * (1 - out),),
    "gelu": (lambda out, x: special.ndtr(x) + x * _bell(x) / _ROOT_TAU,),
    "silu": (lambda out, x: special.expit(x) * (1 + x - out),),
    # scipy.special: statistics
    "expit": (lambda out, x: out * (1 - out),),
    "exprel": (lambda out, x: (np.exp(x) - out) / x,),
    "cotdg": (lambda out, x: -pi / 180 * (1 + out**2),),
    "log_ndtr": (lambda out, x: _bell(x) / (_ROOT_TAU * special.ndtr(x)),),
    "ndtr": (lambda out, x: _bell(x) / _ROOT_TAU,),
    "ndtri": (lambda out, x: _ROOT_TAU * np.exp(out**2 / 2),),
    "ndtri_exp": (lambda out, x: _ROOT_TAU * np.exp(x + out**2 / 2),),
    "kl_div": (lambda out, x, y: np.log(x / y), lambda out, x, y: 1 - x / y),
    "boxcox": (
        lambda out, x, p: x ** (p - 1),
        lambda out, x, p: (x**p * np.log(x) - out) / p,
    ),
    "boxcox1p": (
        lambda out, x, p: (1 + x) ** (p - 1),
        lambda out, x, p: ((1 + x) ** p * np.log1p(x) - out) / p,
    ),
    "inv_boxcox": (
        lambda out, x, p: out / (1 + p * x),
        lambda out, x, p: out * (x / (1 + p * x) - np.log1p(p * x) / p) / p,
    ),
    "inv_boxcox1p": (
        lambda out, x, p: (1 + out) / (1 + p * x),
        lambda out, x, p: (1 + out) * (x / (1 + p * x) - np.log1p(p * x) / p) / p,
    ),
    # gamma and beta functions
    "beta": (
        lambda out, a, b: out * (special.psi(a) - special.psi(a + b)),
        lambda out, a, b: out * (special.psi(b) - special.psi(a + b)),
    ),
    "betaln": (
        lambda out, a, b: special.psi(a) - special.psi(a + b),
        lambda out, a, b: special.psi(b) - special.psi(a + b),
    ),
    "binom": (
        lambda out, n, k: out * (special.psi(n + 1) - special.psi(n - k + 1)),
        lambda out, n, k: out * (special.psi(n - k + 1) - special.psi(k + 1)),
    ),
    "poch": (
        lambda out, x, m: out * (special.psi(x + m) - special.psi(x)),
        lambda out, x, m: out * special.psi(x + m),
    ),
    "rgamma": (lambda out, x: -out * special.psi(x),),
    "gammainc": (_unknown, lambda out, a, x: _gamma_density(a, x)),
    "gammaincc": (_unknown, lambda out, a, x: -_gamma_density(a, x)),
    "gammaincinv": (_unknown, lambda out, a, y: 1 / _gamma_density(a, out)),
    "gammainccinv": (_unknown, lambda out, a, y: -1 / _gamma_density(a, out)),
    "betainc": (_unknown, _unknown, lambda out, a, b, x: _beta_density(a, b, x)),
    "betaincc": (_unknown, _unknown, lambda out, a, b, x: -_beta_density(a, b, x)),
    "betaincinv": (_unknown, _unknown, lambda out, a, b, y: 1 / _beta_density(a, b, out)),
    "betainccinv": (_unknown, _unknown, lambda out, a, b, y: -1 / _beta_density(a, b, out)),
    "chdtr": (_unknown, lambda out, v, x: _gamma_density(v / 2, x / 2) / 2),
    "chdtrc": (_unknown, lambda out, v, x: -_gamma_density(v / 2, x / 2) / 2),
    "chdtri": (_unknown, lambda out, v, p: -2 / _gamma_density(v / 2, out / 2)),
    "pdtr": (_unknown, lambda out, k, m: -_poisson(k, m)),
    "pdtrc": (_unknown, lambda out, k, m: _poisson(k, m)),
    # error functions and integrals
    "dawsn": (lambda out, x: 1 - 2 * x * out,),
    "erfcx": (lambda out, x: 2 * x * out - 2 / _ROOT_PI,),
    "wofz": (lambda out, x: literal(2j) / _ROOT_PI - 2 * x * out,),
    "voigt_profile": (
        lambda out, x, sigma, gamma: -np.real(_zw(x, sigma, gamma)) / (_ROOT_PI * sigma**2),
        lambda out, x, sigma, gamma: (
            (
                (x * np.real(_zw(x, sigma, gamma)) - gamma * np.imag(_zw(x, sigma, gamma)))
                / (_ROOT_PI * sigma**2)
                + gamma / (pi * sigma**2)
                - out
            )
            / sigma
        ),
        lambda out, x, sigma, gamma: (
            (np.imag(_zw(x, sigma, gamma)) - 1 / _ROOT_PI) / (_ROOT_PI * sigma**2)
        ),
    ),
    "owens_t": (
        lambda out, h, a: -_bell(h) * special.erf(a * h / sqrt(2)) / (2 * literal(_ROOT_TAU)),
        lambda out, h, a: np.exp(-(h**2) * (1 + a**2) / 2) / (2 * pi * (1 + a**2)),
    ),
    "spence": (lambda out, x: np.log(x) / (1 - x),),
    "sici[0]": (lambda out, x: np.sin(x) / x,),
    "shichi[0]": (lambda out, x: np.sinh(x) / x,),
    "fresnel[0]": (lambda out, x: np.sin(pi / 2 * x**2),),
    "fresnel[1]": (lambda out, x: np.cos(pi / 2 * x**2),),
    # elliptic integrals
    "ellipk": (lambda out, m: (special.ellipe(m) / (1 - m) - out) / (2 * m),),
    "ellipe": (lambda out, m: (out - special.ellipk(m)) / (2 * m),),
    "ellipkm1": (lambda out, p: (out - special.ellipe(1 - p) / p) / (2 * (1 - p)),),
    "ellipkinc": (
        lambda out, phi, m: 1 / np.sqrt(1 - m * np.sin(phi) ** 2),
        lambda out, phi, m: (
            (special.ellipeinc(phi, m) / (1 - m) - out) / (2 * m)
            - np.sin(2 * phi) / (4 * (1 - m) * np.sqrt(1 - m * np.sin(phi) ** 2))
        ),
    ),
    "ellipeinc": (
        lambda out, phi, m: np.sqrt(1 - m * np.sin(phi) ** 2),
        lambda out, phi, m: (out - special.ellipkinc(phi, m)) / (2 * m),
    ),
    "elliprd": (
        lambda out, x, y, z: (out - special.elliprd(y, z, x)) / (2 * (z - x)),
        lambda out, x, y, z: (out - special.elliprd(x, z, y)) / (2 * (z - y)),
        lambda out, x, y, z: (
            -(
                3 * out
                + x * (out - special.elliprd(y, z, x)) / (z - x)
                + y * (out - special.elliprd(x, z, y)) / (z - y)
            )
            / (2 * z)
        ),
    ),
    # Bessel functions
    "hankel1e": (
        _unknown,
        lambda out, v, x: (special.hankel1e(v - 1, x) - special.hankel1e(v + 1, x)) / 2 - 1j * out,
    ),
    "hankel2e": (
        _unknown,
        lambda out, v, x: (special.hankel2e(v - 1, x) - special.hankel2e(v + 1, x)) / 2 + 1j * out,
    ),
    "i0e": (lambda out, x: special.i1e(x) - np.sign(x) * out,),
    "i1e": (lambda out, x: (special.i0e(x) + special.ive(2, x)) / 2 - np.sign(x) * out,),
    "k0e": (lambda out, x: out - special.k1e(x),),
    "k1e": (lambda out, x: out - special.k0e(x) - out / x,),
    "ive": (
        _unknown,
        lambda out, v, x: (special.ive(v - 1, x) + special.ive(v + 1, x)) / 2 - np.sign(x) * out,
    ),
    "kve": (
        _unknown,
        lambda out, v, x: out - (special.kve(v - 1, x) + special.kve(v + 1, x)) / 2,
    ),
    "struve": (
        _unknown,
        lambda out, v, x: (
            (special.struve(v - 1, x) - special.struve(v + 1, x) + _struve_part(v, x)) / 2
        ),
    ),
    "modstruve": (
        _unknown,
        lambda out, v, x: (
            (special.modstruve(v - 1, x) + special.modstruve(v + 1, x) + _struve_part(v, x)) / 2
        ),
    ),
}
