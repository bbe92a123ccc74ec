"""scipy.special's ufuncs that have an order or shape parameters, which are constants here.

The derivatives by most of those are not elementary. The derivatives by the argument are those of
the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special
from scipy.special._ufuncs import _zeta  # what special.zeta calls

from autodiff._op import Function, elementwise

_ROOT_PI = math.sqrt(math.pi)


def _by_last(function: Any, parameters: str, rule: Function) -> None:
    """State a ufunc by its derivative in the last operand; those before it are constants."""

    def refusal(name: str) -> Function:
        def refuse(*_: Any) -> Any:
            raise TypeError(
                f"scipy.special.{function.__name__} has no derivative in its argument {name} here, "
                f"only in its last one: make {name} a number, an array or stop_gradient({name})"
            )

        return refuse

    elementwise(function, *map(refusal, parameters.split()), rule)


# -- incomplete gamma and beta functions, distributions (DLMF 8) -----------------------------


def _gamma_density(a: Any, x: Any) -> Any:
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


def _t_density(n: Any, t: Any) -> Any:
    return np.exp(-0.5 * (n + 1) * np.log1p(t * t / n) - special.betaln(0.5, n / 2)) / np.sqrt(n)


_by_last(special.gammainc, "a", lambda g, out, a, x: g * _gamma_density(a, x))
_by_last(special.gammaincc, "a", lambda g, out, a, x: -g * _gamma_density(a, x))
_by_last(special.gammaincinv, "a", lambda g, out, a, y: g / _gamma_density(a, out))
_by_last(special.gammainccinv, "a", lambda g, out, a, y: -g / _gamma_density(a, out))
_by_last(special.betainc, "a b", lambda g, out, a, b, x: g * _beta_density(a, b, x))
_by_last(special.betaincc, "a b", lambda g, out, a, b, x: -g * _beta_density(a, b, x))
_by_last(special.betaincinv, "a b", lambda g, out, a, b, y: g / _beta_density(a, b, out))
_by_last(special.betainccinv, "a b", lambda g, out, a, b, y: -g / _beta_density(a, b, out))
_by_last(special.stdtr, "df", lambda g, out, n, t: g * _t_density(n, t))
_by_last(special.stdtrit, "df", lambda g, out, n, p: g / _t_density(n, out))
_by_last(special.chdtr, "v", lambda g, out, v, x: g * (0.5 * _gamma_density(v / 2, x / 2)))
_by_last(special.chdtrc, "v", lambda g, out, v, x: -g * (0.5 * _gamma_density(v / 2, x / 2)))
_by_last(special.chdtri, "v", lambda g, out, v, p: -g * (2 / _gamma_density(v / 2, out / 2)))
_by_last(special.pdtr, "k", lambda g, out, k, m: -g * _gamma_density(np.floor(k) + 1, m))
_by_last(special.pdtrc, "k", lambda g, out, k, m: g * _gamma_density(np.floor(k) + 1, m))

# -- Bessel functions (DLMF 10, 11) ----------------------------------------------------------
# By the neighbours in order, which needs no division by x.


def _lower_less_upper(f: Function, v: Any, x: Any) -> Any:
    return 0.5 * (f(v - 1, x) - f(v + 1, x))


def _lower_and_upper(f: Function, v: Any, x: Any) -> Any:
    return 0.5 * (f(v - 1, x) + f(v + 1, x))


def _struve_term(v: Any, x: Any) -> Any:
    return (0.5 / _ROOT_PI * special.rgamma(v + 1.5)) * (0.5 * x) ** v


def _sign(x: Any, function: Any) -> Any:
    """Return the sign of real x; a function scaled by |x| is not analytic."""
    if np.iscomplexobj(x):
        raise TypeError(
            f"scipy.special.{function.__name__} has a derivative at real arguments only"
        )
    return np.sign(x)


elementwise(special.j0, lambda g, out, x: -g * special.j1(x))
elementwise(special.j1, lambda g, out, x: g * (0.5 * (special.j0(x) - special.jv(2, x))))
elementwise(special.y0, lambda g, out, x: -g * special.y1(x))
elementwise(special.y1, lambda g, out, x: g * (0.5 * (special.y0(x) - special.yn(2.0, x))))
elementwise(special.i0, lambda g, out, x: g * special.i1(x))
elementwise(special.i1, lambda g, out, x: g * (0.5 * (special.i0(x) + special.iv(2, x))))
elementwise(special.k0, lambda g, out, x: -g * special.k1(x))
elementwise(special.k1, lambda g, out, x: g * (-0.5 * (special.k0(x) + special.kn(2.0, x))))
elementwise(special.i0e, lambda g, out, x: g * (special.i1e(x) - np.sign(x) * out))
elementwise(
    special.i1e,
    lambda g, out, x: g * (0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * out),
)
elementwise(special.k0e, lambda g, out, x: g * (out - special.k1e(x)))
elementwise(special.k1e, lambda g, out, x: g * (out - 0.5 * (special.k0e(x) + special.kve(2, x))))

for f in (special.jv, special.yv, special.yn, special.hankel1, special.hankel2):
    _by_last(f, "v", lambda g, out, v, x, f=f: g * _lower_less_upper(f, v, x))
for f in (special.kv, special.kn):
    _by_last(f, "v", lambda g, out, v, x, f=f: -g * _lower_and_upper(f, v, x))
for f in (special.jve, special.yve):  # scaled by exp(-|Im x|): constant for real x
    _by_last(f, "v", lambda g, out, v, x, f=f: g * (_lower_less_upper(f, v, x) + 0 * _sign(x, f)))
_by_last(special.iv, "v", lambda g, out, v, x: g * _lower_and_upper(special.iv, v, x))
_by_last(
    special.ive,
    "v",
    lambda g, out, v, x: g * (_lower_and_upper(special.ive, v, x) - _sign(x, special.ive) * out),
)
_by_last(special.kve, "v", lambda g, out, v, x: g * (out - _lower_and_upper(special.kve, v, x)))
_by_last(
    special.hankel1e,
    "v",
    lambda g, out, v, z: g * (_lower_less_upper(special.hankel1e, v, z) - 1j * out),
)
_by_last(
    special.hankel2e,
    "v",
    lambda g, out, v, z: g * (_lower_less_upper(special.hankel2e, v, z) + 1j * out),
)
_by_last(
    special.struve,
    "v",
    lambda g, out, v, x: g * (_lower_less_upper(special.struve, v, x) + _struve_term(v, x)),
)
_by_last(
    special.modstruve,
    "v",
    lambda g, out, v, x: g * (_lower_and_upper(special.modstruve, v, x) + _struve_term(v, x)),
)

# -- the exponential integral and the zeta function (DLMF 8.19, 25.11) -------------------------

_by_last(
    special.expn,
    "n",
    lambda g, out, n, x: (
        -g * np.where(n > 0, special.expn(np.maximum(n - 1, 0), x), (np.exp(-x) + out) / x)
    ),
)
_by_last(_zeta, "x", lambda g, out, x, q: g * (-x * special.zeta(x + 1, q)))

# -- hypergeometric functions and orthogonal polynomials (DLMF 13, 15, 18) -------------------

_by_last(special.hyp0f1, "v", lambda g, out, v, x: g * (special.hyp0f1(v + 1, x) / v))
_by_last(
    special.hyp1f1, "a b", lambda g, out, a, b, x: g * (a / b * special.hyp1f1(a + 1, b + 1, x))
)
_by_last(
    special.hyp2f1,
    "a b c",
    lambda g, out, a, b, c, x: g * (a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, x)),
)
_by_last(special.hyperu, "a b", lambda g, out, a, b, x: -g * (a * special.hyperu(a + 1, b + 1, x)))
_by_last(
    special.eval_legendre,
    "n",
    lambda g, out, n, x: g * ((n + 1) / 2 * special.eval_jacobi(n - 1, 1, 1, x)),
)
_by_last(special.eval_chebyt, "n", lambda g, out, n, x: g * (n * special.eval_chebyu(n - 1, x)))
_by_last(
    special.eval_chebyu, "n", lambda g, out, n, x: g * (2 * special.eval_gegenbauer(n - 1, 2, x))
)
_by_last(
    special.eval_hermite,
    "n",
    lambda g, out, n, x: g * (2 * n * special.eval_hermite(np.maximum(n - 1, 0), x)),
)
_by_last(
    special.eval_hermitenorm,
    "n",
    lambda g, out, n, x: g * (n * special.eval_hermitenorm(np.maximum(n - 1, 0), x)),
)
_by_last(
    special.eval_laguerre, "n", lambda g, out, n, x: -g * special.eval_genlaguerre(n - 1, 1, x)
)
_by_last(
    special.eval_genlaguerre,
    "n alpha",
    lambda g, out, n, a, x: -g * special.eval_genlaguerre(n - 1, a + 1, x),
)
_by_last(
    special.eval_gegenbauer,
    "n alpha",
    lambda g, out, n, a, x: g * (2 * a * special.eval_gegenbauer(n - 1, a + 1, x)),
)
_by_last(
    special.eval_jacobi,
    "n alpha beta",
    lambda g, out, n, a, b, x: (
        g * ((n + a + b + 1) / 2 * special.eval_jacobi(n - 1, a + 1, b + 1, x))
    ),
)
