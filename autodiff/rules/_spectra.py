"""Eigenvalues, singular values and their vectors.

Several results go into one array, below each other. Where eigenvalues (or singular values) agree
to rounding, their own derivatives are those of the basis that LAPACK chose, and the vectors turn
into each other by an angle that has no derivative: a cotangent that asks for it is refused, and
a tangent bears NaN there, which is refused where vectors are taken from the array.

Complex vectors have an arbitrary phase: what is computed from those of eigh and svd must not
depend on it. In the comments ᴴ transposes and conjugates.

Unless another source is named: Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.record import value_of
from autodiff._core.table import custom, operation
from autodiff._core.tensor import stop_gradient
from autodiff._core.types import Cotangent, Tangent, Value
from autodiff.rules._decompositions import (
    adjoint,
    eps,
    from_triangle,
    in_memory,
    row_maxima,
    singular_values,
    with_name,
)
from autodiff.rules._products import column, conjugate, matrix_transpose, row


def _below(values: Value, *vectors: Any) -> Value:
    """Pack numbers as one row, and matrices with as many columns below it."""
    top = row(values).astype(vectors[0].dtype)
    return np.concatenate([top, *vectors], axis=-2)


def _rounding(values: Value, condition: Value = 1) -> Value:
    """Return below which difference values are equal, as a column."""
    known = value_of(values)
    size = row_maxima(np.abs(known))
    return (10 * known.shape[-1] * eps(known)) * condition * size


def _gap_inverses(values: Value, sign: int = -1, condition: Value = 1) -> Value:
    """Return 1 / (vⱼ - vᵢ), or 1 / (vⱼ + vᵢ), and 0 where that is 0 to rounding."""
    gaps = row(values) + sign * column(values)
    zero = np.abs(value_of(gaps)) <= column(_rounding(values, condition))
    return np.where(zero, 0, 1 / np.where(zero, 1, gaps))


def _is_undetermined(packed: Value, name: str, length: int) -> Value:
    """Return of which matrices some vectors of that length are not the only ones of their values.

    Those of equal values are any basis of their space. So are those of the singular value 0, where
    there are more entries in a vector than vectors; complex ones have a phase of their own there.
    """
    values = value_of(packed)[..., 0, :]
    n = values.shape[-1]
    noise = _rounding(values, _condition(packed) if name == "eig" else 1)
    close = np.abs(row(values) - column(values)) <= column(noise)
    equal = np.count_nonzero(close, axis=(-2, -1)) > n  # more than the diagonal
    if name == "svd" and (length > n or packed.dtype.kind == "c"):
        return equal | np.any(np.abs(values) <= noise, axis=-1)
    return equal


def _unless_undetermined(packed: Value, name: str, moved: Value, tangent: Value) -> Value:
    """Return the vectors' tangent, NaN if they are undetermined and their matrix moves."""
    unknown = _is_undetermined(packed, name, tangent.shape[-2])
    if not np.any(unknown):
        return tangent
    moves = np.any(value_of(moved) != 0, axis=(-2, -1))
    return np.where(column(column(unknown & moves)), np.nan, tangent)


def _rows(packed: Value, name: str, start: int, stop: int) -> Value:
    return packed[..., start:stop, :]


def _rows_rule(
    g: Cotangent, out: Value, packed: Value, name: str, start: int, stop: int
) -> Cotangent:
    # Whatever g is: it may be 0 where it is not needed, or where f(v) is in V f(v) Vᵀ.
    if np.any(_is_undetermined(packed, name, stop - start)):
        raise _not_determined(name)
    beside = [
        zeros_like(g, shape=(*g.shape[:-2], length, g.shape[-1]))
        for length in (start, packed.shape[-2] - stop)
    ]
    return np.concatenate([beside[0], g, beside[1]], axis=-2)


def _rows_forward(
    t: Tangent, out: Value, packed: Value, name: str, start: int, stop: int
) -> Tangent:
    if np.any(np.isnan(value_of(t[..., start:stop, :])) & ~np.isnan(value_of(t[..., :1, :]))):
        raise _not_determined(name)
    return t[..., start:stop, :]


def _not_determined(name: str) -> LinAlgError:
    values = "singular values" if name == "svd" else "eigenvalues"
    alone = {"eigh": "eigvalsh", "eig": "eigvals", "svd": "svdvals"}[name]
    return LinAlgError(
        f"{name} met equal {values}, whose vectors are any basis of their space: the vectors have "
        f"no derivative there, and the values no second one. First derivatives of the values are "
        f"known ({alone}); compute a function of the matrix without its vectors (by inv, solve, "
        "matrix_power, a series)"
    )


# The vectors below the values: where those that are not determined are refused.
_vectors: Any = custom(with_name("vectors", _rows), vjp=_rows_rule, jvp=_rows_forward)


def _diagonals(x: Value) -> Value:
    return np.diagonal(x, axis1=-2, axis2=-1)


# -- of Hermitian matrices ---------------------------------------------------------------------


def _eigh_rule(g: Cotangent, out: Value, x: Value, uplo: Any) -> Cotangent:
    values, v = np.real(out[..., 0, :]), _vectors(out, "eigh", 1, out.shape[-2])
    inner = _gap_inverses(values) * (matrix_transpose(v) @ g[..., 1:, :])
    return conjugate(v) @ (inner @ matrix_transpose(v) + column(g[..., 0, :]) * matrix_transpose(v))


def _eigh_forward(t: Tangent, out: Value, x: Value, uplo: Any) -> Tangent:
    values, v = np.real(out[..., 0, :]), _vectors(out, "eigh", 1, out.shape[-2])
    moved = adjoint(v) @ t @ v
    turned = v @ (_gap_inverses(values) * moved)
    return _below(np.real(_diagonals(moved)), _unless_undetermined(out, "eigh", t, turned))


_eigh_op = custom(
    in_memory("eigh", lambda x, uplo: _below(*np.linalg.eigh(x, uplo))),
    vjp=_eigh_rule,
    jvp=_eigh_forward,
)
_EighResult: Any = type(np.linalg.eigh(np.eye(1)))


@operation(np.linalg.eigh)
def _eigh(a: Value, UPLO: str = "L") -> Value:
    packed = _eigh_op(from_triangle(a, UPLO in "uU"), UPLO)
    vectors = _vectors(packed, "eigh", 1, packed.shape[-2])
    return _EighResult(np.real(packed[..., 0, :]), vectors)


def _eigvalsh_rule(g: Cotangent, out: Value, x: Value, uplo: Any) -> Cotangent:
    v = np.linalg.eigh(x, uplo)[1]
    return conjugate(v) @ (column(np.real(g)) * matrix_transpose(v))


def _eigvalsh_forward(t: Tangent, out: Value, x: Value, uplo: Any) -> Tangent:
    v = np.linalg.eigh(x, uplo)[1]
    return np.real(np.sum(conjugate(v) * (t @ v), axis=-2))


_eigvalsh_only = custom(
    in_memory("eigvalsh", lambda x, uplo: np.linalg.eigvalsh(x, uplo)),
    vjp=_eigvalsh_rule,
    jvp=_eigvalsh_forward,
)


@operation(np.linalg.eigvalsh)
def _eigvalsh(a: Value, UPLO: str = "L") -> Value:
    return _eigvalsh_only(from_triangle(a, UPLO in "uU"), UPLO)


# -- of any square matrices --------------------------------------------------------------------


def _condition(packed: Value) -> Value:
    """Return the condition of a basis of eigenvectors, if there is one, as a column."""
    s = singular_values(value_of(packed)[..., 1:, :])
    if np.any(s[..., -1:] < 10 * eps(packed) ** 0.5 * s[..., :1]):
        raise LinAlgError("eig has no derivative at a matrix without a basis of eigenvectors")
    return s[..., :1] / s[..., -1:]


def _real_like(x: Value, image: Value) -> Value:
    """Return what a real operand gets of a complex image."""
    return image if x.dtype.kind == "c" else np.real(image)


def _eig_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    condition, vt = _condition(out), matrix_transpose(_vectors(out, "eig", 1, out.shape[-2]))
    inner = _gap_inverses(out[..., 0, :], condition=condition) * (vt @ g[..., 1:, :])
    return _real_like(x, np.linalg.solve(vt, inner @ vt + column(g[..., 0, :]) * vt))


def _eig_forward(t: Tangent, out: Value, x: Value) -> Tangent:
    condition, v = _condition(out), _vectors(out, "eig", 1, out.shape[-2])
    moved = np.linalg.solve(v, t @ v)
    turned = v @ (_gap_inverses(out[..., 0, :], condition=condition) * moved)
    return _below(_diagonals(moved), _unless_undetermined(out, "eig", t, turned))


def _eig_compute(x: Value) -> Value:
    packed = _below(*np.linalg.eig(x))
    return packed.astype(np.result_type(packed, np.complex64))


_eig_op = custom(in_memory("eig", _eig_compute), vjp=_eig_rule, jvp=_eig_forward)
_EigResult: Any = type(np.linalg.eig(np.eye(1)))


def _as_numpys(a: Value, values: Value, x: Value) -> Value:
    """Return results of eig as real ones where NumPy does: all eigenvalues are."""
    complex_ = a.dtype.kind == "c" or bool(np.any(np.imag(value_of(values))))
    return x if complex_ else np.real(x)


@operation(np.linalg.eig)
def _eig(a: Value) -> Value:
    packed = _eig_op(a)
    values, v = packed[..., 0, :], _vectors(packed, "eig", 1, packed.shape[-2])
    if not v.size:
        return _EigResult(_as_numpys(a, values, values), _as_numpys(a, values, v))
    # LAPACK gives each vector length 1 and makes its largest component real; so must the rule.
    length = np.sqrt(np.sum(np.real(v) ** 2 + np.imag(v) ** 2, axis=-2, keepdims=True))
    places = constants_like(v, column(np.arange(v.shape[-2])))
    largest = row(np.argmax(np.abs(value_of(v)), axis=-2)) == places
    component = np.sum(np.where(largest, v, 0), axis=-2, keepdims=True)
    phase = component / np.abs(component)
    v = v * (stop_gradient(length * phase) / (length * phase))
    return _EigResult(_as_numpys(a, values, values), _as_numpys(a, values, v))


@operation(np.linalg.eigvals)
def _eigvals(a: Value) -> Value:
    values = _eig_op(a)[..., 0, :]
    return _as_numpys(a, values, values)


# -- singular values and vectors ---------------------------------------------------------------
# Townsend, "Differentiating the singular value decomposition" (2016). With P = Uᴴ dA V, the
# rotations X = Uᴴ dU and Y = Vᴴ dV follow from X + Y = (P + Pᴴ) / (sⱼ - sᵢ) and
# X - Y = (P - Pᴴ) / (sⱼ + sᵢ), which splits a complex phase evenly.


def _svd_compute(x: Value) -> Value:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return _below(s, u, matrix_transpose(vh))


def _svd_parts(packed: Value, m: int) -> tuple[Value, Value, Value]:
    """Return U, the singular values, and V conjugated."""
    u = _vectors(packed, "svd", 1, m + 1)
    return u, np.real(packed[..., 0, :]), _vectors(packed, "svd", m + 1, packed.shape[-2])


def _svd_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    m, n = x.shape[-2:]
    u, s, conjugate_v = _svd_parts(out, m)
    v = conjugate(conjugate_v)
    gu, gv = g[..., 1 : m + 1, :], conjugate(g[..., m + 1 :, :])
    x_turn, y_turn, vt = matrix_transpose(u) @ gu, matrix_transpose(v) @ gv, matrix_transpose(v)
    together = _gap_inverses(s) * (x_turn + y_turn)
    opposite = _gap_inverses(s, 1) * (x_turn - y_turn)
    inner = 0.5 * (together + adjoint(together) + opposite - adjoint(opposite))
    image = conjugate(u) @ (inner @ vt + column(g[..., 0, :]) * vt)
    if m > n:
        return image + ((gu - conjugate(u) @ x_turn) * row(_inverses(s))) @ vt
    if m < n:
        return image + conjugate(u) @ (column(_inverses(s)) * adjoint(gv - conjugate(v) @ y_turn))
    return image


def _inverses(s: Any) -> Any:
    """Return 1 / s, and 0 where that is 0 to rounding."""
    zero = value_of(s) <= _rounding(s)
    return np.where(zero, 0, 1 / np.where(zero, 1, s))


def _svd_forward(t: Tangent, out: Value, x: Value) -> Tangent:
    m, n = x.shape[-2:]
    u, s, conjugate_v = _svd_parts(out, m)
    v = conjugate(conjugate_v)
    moved = adjoint(u) @ t @ v
    together = _gap_inverses(s) * (moved + adjoint(moved))
    opposite = _gap_inverses(s, 1) * (moved - adjoint(moved))
    du, dv = 0.5 * u @ (together + opposite), 0.5 * v @ (together - opposite)
    if m > n:
        du = du + (t @ v - u @ moved) * row(_inverses(s))
    if m < n:
        dv = dv + (adjoint(t) @ u - v @ adjoint(moved)) * row(_inverses(s))
    vectors = [_unless_undetermined(out, "svd", t, x) for x in (du, conjugate(dv))]
    return _below(np.real(_diagonals(moved)), *vectors)


def _svdvals_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return conjugate(u) @ (column(np.real(g)) * conjugate(vh))


def _svdvals_forward(t: Tangent, out: Value, x: Value) -> Tangent:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return np.real(np.sum(conjugate(u) * (t @ adjoint(vh)), axis=-2))


_svd_op = custom(with_name("svd", _svd_compute), vjp=_svd_rule, jvp=_svd_forward)
_svdvals = custom(in_memory("svdvals", singular_values), vjp=_svdvals_rule, jvp=_svdvals_forward)
operation(np.linalg.svdvals)(_svdvals)
_SVDResult: Any = type(np.linalg.svd(np.eye(1)))


@operation(np.linalg.svd)
def _svd(a: Value, full_matrices: bool = True, compute_uv: bool = True) -> Value:
    if not compute_uv:
        return _svdvals(a)
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        raise ValueError(
            f"svd of shape {a.shape}: vectors beyond the first {min(m, n)} are arbitrary and have "
            "no derivative, use full_matrices=False"
        )
    u, s, v = _svd_parts(_svd_op(a), m)
    return _SVDResult(u, s, matrix_transpose(v))
