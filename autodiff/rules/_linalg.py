"""numpy.linalg: linear equations, inverses, determinants.

Source: Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), for all that name no other. Every rule holds for stacks of matrices and for
complex ones: the cotangent of z = x + iy is du/dx - i du/dy, so a rule of an analytic function
transposes but does not conjugate.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autodiff._core.array_kinds import is_plain, refuse_lazy
from autodiff._core.constants_like import constants_like, ones_like, zeros_like
from autodiff._core.op import align
from autodiff._core.record import value_of
from autodiff._core.table import custom, operation, without_derivative
from autodiff._core.tensor import stop_gradient
from autodiff._core.types import Cotangent, Tangent, Value
from autodiff.rules._decompositions import (
    adjoint,
    attempt,
    eps,
    from_triangle,
    in_memory,
    row_maxima,
    with_name,
)
from autodiff.rules._norms import norm_of_matrices
from autodiff.rules._products import column, conjugate, matrix_transpose
from autodiff.rules._shapes import as_array
from autodiff.rules._tails import PLAIN

# -- linear equations ------------------------------------------------------------------------


def _solve_all(a: Value, b: Value) -> Value:
    """Solve a x = b; axes of b in front of those of a's become columns, to factorise a once."""
    extra = b.ndim - a.ndim
    if extra <= 0:
        return np.linalg.solve(a, b)
    behind = np.moveaxis(b, range(extra), range(-extra, 0))
    leading, columns = behind.shape[: a.ndim - 1], behind.shape[a.ndim - 1 :]
    x = np.linalg.solve(a, behind.reshape((*leading, prod(columns))))
    return np.moveaxis(x.reshape(x.shape[:-1] + columns), range(-extra, 0), range(extra))


def _align_tangent(t: Tangent, out: Value, x: Value) -> Tangent:
    return align(t, out.ndim - x.ndim, t.ndim - x.ndim)


_solve_op: Any = custom(
    with_name("solve", _solve_all),
    vjp=(
        lambda g, out, a, b: -_solve_op(matrix_transpose(a), g) @ matrix_transpose(out),
        lambda g, out, a, b: _solve_op(matrix_transpose(a), g),
    ),
    jvp=(
        lambda t, out, a, b: -_solve_op(a, _align_tangent(t, out, a) @ out),
        lambda t, out, a, b: _solve_op(a, _align_tangent(t, out, b)),
    ),
)


@operation(np.linalg.solve)
def _solve(a: Value, b: Value) -> Value:
    a, b = as_array(a), as_array(b)
    return _solve_op(a, column(b))[..., 0] if b.ndim == 1 else _solve_op(a, b)


custom(
    np.linalg.inv,
    vjp=lambda g, out, x: -matrix_transpose(out) @ g @ matrix_transpose(out),
    jvp=lambda t, out, x: -out @ t @ out,
)


@operation(np.linalg.tensorsolve)
def _tensorsolve(a: Value, b: Value, axes: Any = None) -> Value:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    shape = a.shape[b.ndim :]
    if prod(shape) ** 2 != a.size or prod(shape) != b.size:
        raise ValueError(f"tensorsolve of shapes {a.shape} and {b.shape}: not a square system")
    return _solve(a.reshape(b.size, b.size), b.ravel()).reshape(shape)


@operation(np.linalg.tensorinv)
def _tensorinv(a: Value, ind: int = 2) -> Value:
    rows, columns = a.shape[:ind], a.shape[ind:]
    if ind <= 0 or prod(rows) != prod(columns):
        raise ValueError(f"tensorinv of shape {a.shape} with ind={ind}: not square")
    return np.linalg.inv(a.reshape(prod(rows), prod(columns))).reshape(columns + rows)


@operation(np.linalg.matrix_power)
def _matrix_power(a: Value, n: int) -> Value:
    exponent = operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"matrix_power of shape {a.shape}: square matrices expected")
    if exponent < 0:
        a, exponent = np.linalg.inv(a), -exponent
    if exponent == 0:
        return zeros_like(a) + constants_like(a, np.eye(a.shape[-1], dtype=a.dtype))
    if exponent == 1:
        return a
    half = _matrix_power(a @ a, exponent // 2)
    return half @ a if exponent % 2 else half


# -- pseudo-inverse and least squares: of constant rank ----------------------------------------
# Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
# whose variables separate", SIAM J. Numer. Anal. 10 (1973):
# d(A⁺) = -A⁺ dA A⁺ + A⁺A⁺ᴴ dAᴴ (1 - AA⁺) + (1 - A⁺A) dAᴴ A⁺ᴴA⁺


def _complement(product: Any, rank: Any, full: int) -> Any:
    """Return 1 - a projector of that rank; None where it has full rank, and nothing is left."""
    known = value_of(rank)
    plain = is_plain(known) or type(known) in PLAIN
    if plain and np.all(known == full):
        return None  # rounding would remain, which the squared condition magnifies
    return constants_like(product, np.eye(full, dtype=product.dtype)) - product


def _rank(inverse: Value, x: Value) -> Value:
    """Return the rank that a pseudo-inverse was computed with, the trace of its projector."""
    return np.rint(
        np.sum(np.real(value_of(inverse) * matrix_transpose(value_of(x))), axis=(-2, -1))
    )


def _pinv_rule(g: Cotangent, out: Value, x: Value, *static: Any) -> Cotangent:
    m, n = x.shape[-2:]
    transposed, h = matrix_transpose(out), conjugate(out)
    rank = _rank(out, x)
    residual, kernel = _complement(x @ out, rank, m), _complement(out @ x, rank, n)
    image = -transposed @ g @ transposed
    if residual is not None:
        image = image + conjugate(residual) @ adjoint(g) @ h @ transposed
    if kernel is not None:
        image = image + transposed @ h @ adjoint(g) @ conjugate(kernel)
    return image


_pinv_op = custom(
    in_memory("pinv", lambda x, rcond, hermitian: np.linalg.pinv(x, rcond, hermitian)),
    vjp=_pinv_rule,
)


@operation(np.linalg.pinv)
def _pinv(a: Value, rcond: Any = None, hermitian: bool = False, *, rtol: Any = ...) -> Value:
    if rcond is not None and rtol is not ...:
        raise ValueError("pinv takes rcond or rtol, not both")
    if rtol is None:
        rcond = max(a.shape[-2:]) * eps(a)
    elif rcond is None:
        rcond = 1e-15 if rtol is ... else rtol
    a = from_triangle(a, upper=False) if hermitian else a
    return _pinv_op(a, rcond, hermitian)


def _lstsq_by_matrix(g: Cotangent, out: Value, a: Value, b: Value, rcond: float) -> Cotangent:
    m, n = a.shape
    inverse = np.linalg.pinv(a, rcond)
    transposed, h = matrix_transpose(inverse), conjugate(inverse)
    rank = _rank(inverse, a)
    image = -transposed @ g @ matrix_transpose(out)
    if np.any(rank < m):
        image = image + conjugate(b - a @ out) @ (adjoint(g) @ h @ transposed)
    kernel = _complement(inverse @ a, rank, n)
    if kernel is not None:
        image = image + transposed @ conjugate(out) @ adjoint(g) @ conjugate(kernel)
    return image


_least_squares = custom(
    in_memory("lstsq", lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0]),
    vjp=(
        _lstsq_by_matrix,
        lambda g, out, a, b, rcond: matrix_transpose(np.linalg.pinv(a, rcond)) @ g,
    ),
)


@operation(np.linalg.lstsq)
def _lstsq(a: Value, b: Value, rcond: float | None = None) -> Value:
    a, b = as_array(a), as_array(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ValueError(f"lstsq of shapes {a.shape} and {b.shape}: (m, n) and (m,) or (m, k)")
    m, n = a.shape
    cutoff = max(m, n) * eps(a) if rcond is None else rcond if rcond >= 0 else eps(a)
    s = np.linalg.svdvals(a)
    rank = int(np.sum(value_of(s) > cutoff * row_maxima(value_of(s))))
    x = _least_squares(a, column(b) if b.ndim == 1 else b, cutoff)
    x = x[:, 0] if b.ndim == 1 else x
    if rank < n or m <= n:
        return x, np.zeros(0, s.dtype), rank, s
    e = b - a @ x
    residuals = np.sum(np.real(conjugate(e) * e), axis=0)  # |e|² would have a corner at 0
    return x, residuals.reshape(-1), rank, s


# -- determinants ----------------------------------------------------------------------------

_determinant = custom(
    np.linalg.det,
    vjp=lambda g, out, x: column(column(g * out)) * matrix_transpose(_inverse_or_nan(x)),
    jvp=lambda t, out, x: out * np.sum(matrix_transpose(_inverse_or_nan(x)) * t, axis=(-2, -1)),
)


def _inverse_or_nan(x: Value) -> Value:
    """Return an inverse, of what is not finite NaN."""
    try:
        return np.linalg.inv(x)
    except LinAlgError:
        if np.all(np.isfinite(value_of(x))):
            raise
        return ones_like(x) * np.nan


@operation(np.linalg.det)
def _det(a: Value) -> Value:
    refuse_lazy("np.linalg.det is", "give a matrix in memory, as x.compute()", value_of(a))
    if a.ndim < 2 or not a.size or not a.requires_grad or _is_regular(value_of(a)):
        return _determinant(a)
    if a.ndim == 2:
        # Of what is not finite LAPACK may seek singular vectors without end.
        is_finite = np.all(np.isfinite(value_of(a)))
        return _det_of_singular(a) if is_finite else _determinant(a)
    n = a.shape[-1]
    return np.stack([_det(matrix) for matrix in a.reshape(-1, n, n)]).reshape(a.shape[:-2])


def _is_regular(x: Value) -> Value:
    """Whether all matrices are far enough from singular for det(A) A⁻¹ to be differentiated."""
    try:
        with np.errstate(all="ignore"):
            norms = [np.abs(m).sum(axis=-2).max(axis=-1) for m in (x, np.linalg.inv(x))]
            return not np.any(norms[0] * norms[1] > eps(x) ** -0.5)
    except LinAlgError:
        return bool(x.shape[-1] != x.shape[-2])  # then it is det that says so


def _det_of_singular(a: Value) -> Value:
    """Return a determinant whose derivatives of any order are right at a singular matrix.

    In constant bases that are singular vectors, A has a regular block; the determinant of its
    Schur complement, which almost vanishes, is a polynomial of few entries.
    """
    u, s, vh = np.linalg.svd(value_of(a))
    rank = int(np.sum(s > s[0] * eps(s) ** 0.5))
    b = adjoint(u) @ a @ adjoint(vh)
    rest = b[rank:, rank:]
    if not rank:
        return np.linalg.det(u @ vh) * _det_as_polynomial(rest)
    block = b[:rank, :rank]
    rest = rest - b[rank:, :rank] @ np.linalg.solve(block, b[:rank, rank:])
    return np.linalg.det(u @ vh) * _determinant(block) * _det_as_polynomial(rest)


def _det_as_polynomial(a: Value) -> Value:
    """Return the determinant by the method of Faddeev and LeVerrier, which never divides by it."""
    one = constants_like(a, np.eye(len(a), dtype=a.dtype))
    m, c = one, 1.0
    for k in range(1, len(a) + 1):
        m = a @ m
        c = np.sum(m * one) / -k
        m = m + c * one
    return c * (-1) ** len(a)


def _sign_and_log(x: Value) -> Value:
    return np.stack(np.linalg.slogdet(x), axis=-1)


def _transposed_inverse(x: Value) -> Value:
    problem = "slogdet has no finite derivative at a singular matrix"
    return matrix_transpose(attempt(np.linalg.inv, problem, x))


def _slogdet_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    weight = np.real(g[..., 1])
    if x.dtype.kind == "c":  # only then does the sign turn
        weight = weight + np.imag(g[..., 0] * out[..., 0]) * 1j
    return column(column(weight)) * _transposed_inverse(x)


def _slogdet_forward(t: Tangent, out: Value, x: Value) -> Tangent:
    growth = np.sum(_transposed_inverse(x) * t, axis=(-2, -1))
    turn = np.imag(growth) * 1j if x.dtype.kind == "c" else 0 * growth
    return np.stack([turn * out[..., 0], np.real(growth) + 0 * turn], axis=-1)


_signs_and_logs = custom(
    in_memory("slogdet", _sign_and_log), vjp=_slogdet_rule, jvp=_slogdet_forward
)
_SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


@operation(np.linalg.slogdet)
def _slogdet(a: Value) -> Value:
    packed = _signs_and_logs(a)
    sign, log = packed[..., 0], packed[..., 1]
    return _SlogdetResult(sign if a.dtype.kind == "c" else stop_gradient(sign), np.real(log))


# -- condition and rank ----------------------------------------------------------------------


@operation(np.linalg.cond)
def _cond(x: Value, p: Value = None) -> Value:
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        with np.errstate(all="ignore"):
            return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    norm, inverse_norm = [
        norm_of_matrices(m, p, (-2, -1), keepdims=False) for m in (x, np.linalg.inv(x))
    ]
    return norm * inverse_norm


without_derivative(np.linalg.matrix_rank)
