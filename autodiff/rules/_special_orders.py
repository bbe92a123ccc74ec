"""scipy.special's ufuncs that have an order, shape parameters or branches, constants here.

The derivatives by most of those are not elementary. The derivatives by the argument are those of
the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autodiff._core.table import elementwise
from autodiff._core.types import Function, Value
from autodiff.rules._tails import inner, where

_ROOT_PI = math.sqrt(math.pi)


def _by_last(function: Any, parameters: str, rule: Function) -> None:
    """State a ufunc by its derivative in the last operand; those before it are constants."""
    called = function.__name__.removeprefix("_")
    refusals = [_refusal(called, name) for name in parameters.split()]
    elementwise(function, *refusals, rule, name=called)


def _refusal(function: str, name: str) -> Function:
    """Return the rule of an operand by which a function has no derivative."""

    def refuse(*_: Any) -> Any:
        raise TypeError(
            f"scipy.special.{function} has no derivative in its argument {name} here, "
            f"only in its last one: make {name} a number, an array or stop_gradient({name})"
        )

    return refuse


# -- incomplete gamma and beta functions, distributions (DLMF 8) -----------------------------


# Where a power of x or 1 - x tends to 0, its derivative comes from the density of one power less:
# from its own logarithm it would be 0 · ∞ at 0.


def _rise(out: Value, a: Value, x: Value, lower: Function) -> Value:
    """Return x^(a-1)′ / x^(a-1) times a density, given the density of the lower power."""
    near = (a > 1) & (x < 0.25)
    pole = np.where(near | (a == 1), 1, x)
    return where(near, lower, out * (a - 1) / pole, a, x)


def _gamma_slope(out: Value, a: Value, x: Value) -> Value:
    return _rise(out, a, x, lambda a, x: _gamma_density(a - 1, x)) - out


def _beta_slope(out: Value, a: Value, b: Value, x: Value) -> Value:
    def up(a: Value, x: Value) -> Value:
        return (a + b - 1) * _beta_density(a - 1, b, x)

    def down(b: Value, y: Value) -> Value:
        return (a + b - 1) * _beta_density(a, b - 1, 1 - y)

    return _rise(out, a, x, up) - _rise(out, b, 1 - x, down)


_gamma_density = inner(
    "gamma density",
    lambda a, x: np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a)),
    _refusal("gammainc", "a"),
    lambda g, out, a, x: g * _gamma_slope(out, a, x),
)
_beta_density = inner(
    "beta density",
    lambda a, b, x: np.exp(
        special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)
    ),
    _refusal("betainc", "a"),
    _refusal("betainc", "b"),
    lambda g, out, a, b, x: g * _beta_slope(out, a, b, x),
)


def _t_density(n: Value, t: Value) -> Value:
    power = np.exp(-0.5 * (n + 1) * np.log1p(t * t / n))
    return power * (special.poch(0.5 * n, 0.5) / (_ROOT_PI * np.sqrt(n)))


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


def _lower_less_upper(f: Function, v: Value, x: Value) -> Value:
    return 0.5 * (f(v - 1, x) - f(v + 1, x))


def _lower_and_upper(f: Function, v: Value, x: Value) -> Value:
    return 0.5 * (f(v - 1, x) + f(v + 1, x))


def _struve_slope(f: Function, sign: int, out: Value, v: Value, x: Value) -> Value:
    """Return the slope of H or L by its neighbours (DLMF 11.4.25); far out H without the upper.

    The lower neighbour of order 0 is the upper one, but for a constant, and smooth at 0.
    """
    zero = v == 0
    lower = np.where(zero, sign, 1) * f(np.where(zero, 1, v - 1), x)
    term = (0.5 / _ROOT_PI * special.rgamma(v + 1.5)) * (0.5 * x) ** v
    near = 0.5 * (lower + sign * f(v + 1, x)) + np.where(zero, 2, 1) * term
    if sign > 0:
        return near
    far = np.abs(x) > np.where(zero, np.inf, 10 + v)
    return where(far, lambda lower, out, v, x: lower - v / x * out, near, lower, out, v, x)


def _where_far(out: Value, v: Value, x: Value, turn: Value, near: Any) -> Value:
    """Return the slope of a scaled function, which far out vanishes faster than the function.

    There it is x^(-1/2) P(turn / x) with Hankel's series P = Σ aₖ(v) tᵏ (DLMF 10.17, 10.40). Just
    before, second derivatives lose four digits of sixteen at the order 50, and more at higher ones.
    """

    def decay(out: Value, v: Value, x: Value, turn: Value) -> Value:
        pole = 1 / x
        t = turn * pole
        series: Any = 1
        moment: Any = 0  # Σ k aₖ tᵏ
        for k in range(30, 0, -1):
            ratio = (4 * v * v - (2 * k - 1) ** 2) / (8 * k) * t
            series, moment = 1 + ratio * series, ratio * (series + moment)
        return -out * (0.5 + moment / series) * pole

    return where(np.abs(x) > np.maximum(30, v * v / 6), decay, near, out, v, x, turn)


def _sign(x: Value, function: Any) -> Value:
    """Return the sign of real x; a function scaled by |x| is not analytic."""
    if np.iscomplexobj(x):
        raise TypeError(
            f"scipy.special.{function.__name__} has a derivative at real arguments only"
        )
    return np.sign(x)


def _ie_slope(out: Value, v: Value, x: Value, unscaled: Value) -> Value:
    """Return the slope of I scaled by exp(-|x|), given the scaled slope of I."""
    sign = _sign(x, special.ive)
    return _where_far(out, v, x, -sign, unscaled - sign * out)


elementwise(special.j0, lambda g, out, x: -g * special.j1(x))
elementwise(special.j1, lambda g, out, x: g * (0.5 * (special.j0(x) - special.jv(2, x))))
elementwise(special.y0, lambda g, out, x: -g * special.y1(x))
elementwise(special.y1, lambda g, out, x: g * (special.y0(x) - out / x))
elementwise(special.i0, lambda g, out, x: g * special.i1(x))
elementwise(special.i1, lambda g, out, x: g * (0.5 * (special.i0(x) + special.iv(2, x))))
elementwise(special.k0, lambda g, out, x: -g * special.k1(x))
elementwise(special.k1, lambda g, out, x: -g * (special.k0(x) + out / x))
elementwise(special.i0e, lambda g, out, x: g * _ie_slope(out, 0, x, special.i1e(x)))
elementwise(
    special.i1e,
    lambda g, out, x: g * _ie_slope(out, 1, x, 0.5 * (special.i0e(x) + special.ive(2, x))),
)
elementwise(special.k0e, lambda g, out, x: g * _where_far(out, 0, x, 1, out - special.k1e(x)))
elementwise(
    special.k1e, lambda g, out, x: g * _where_far(out, 1, x, 1, out - special.k0e(x) - out / x)
)

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
    lambda g, out, v, x: g * _ie_slope(out, v, x, _lower_and_upper(special.ive, v, x)),
)
_by_last(
    special.kve,
    "v",
    lambda g, out, v, x: g * _where_far(out, v, x, 1, out - _lower_and_upper(special.kve, v, x)),
)
for f, i in ((special.hankel1e, 1j), (special.hankel2e, -1j)):
    _by_last(
        f,
        "v",
        lambda g, out, v, z, f=f, i=i: (
            g * _where_far(out, v, z, i, _lower_less_upper(f, v, z) - i * out)
        ),
    )
_by_last(
    special.struve,
    "v",
    lambda g, out, v, x: g * _struve_slope(special.struve, -1, out, v, x),
)
_by_last(
    special.modstruve,
    "v",
    lambda g, out, v, x: g * _struve_slope(special.modstruve, 1, out, v, x),
)

# -- the exponential integral (DLMF 8.19) ------------------------------------------------------

_by_last(
    special.expn,
    "n",
    lambda g, out, n, x: (
        -g * np.where(n > 0, special.expn(np.maximum(n - 1, 0), x), (np.exp(-x) + out) / x)
    ),
)

# -- the zeta function and Lambert's (DLMF 25.11, 4.13), Python's functions around a ufunc ------


class _Probe:
    """An argument that returns the ufunc which it is given to."""

    def __array_ufunc__(self, ufunc: np.ufunc, *_: Any, **__: Any) -> np.ufunc:
        return ufunc


def _ufunc_within(function: Function, *others: Any) -> np.ufunc | None:
    """Return the ufunc to which a function hands its first argument on, if it does."""
    try:
        found = function(_Probe(), *others)
    except Exception:  # whatever it makes of such an argument
        return None
    return found if isinstance(found, np.ufunc) else None


if zeta := _ufunc_within(special.zeta, 1.0):
    _by_last(zeta, "x", lambda g, out, x, q: g * (-x * special.zeta(x + 1, q)))
if lambertw := _ufunc_within(special.lambertw):
    elementwise(
        lambertw,
        lambda g, out, z, k, tol: g * (np.exp(-out) / (1 + out)),
        *[lambda g, out, z, k, tol: 0 * g] * 2,  # the branch and the tolerance are never Tensors
        name="lambertw",
    )

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
    lambda g, out, n, x: g * special.eval_gegenbauer(n - 1, 1.5, x),
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
        g
        * np.where(n == 0, 0, (n + a + b + 1) / 2)
        * special.eval_jacobi(np.where(n == 0, 0, n - 1), a + 1, b + 1, x)
    ),
)
