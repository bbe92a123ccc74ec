"""Decompositions of matrices: Cholesky, eigenvalues, singular values, QR.

Every rule holds for stacks of matrices and for complex ones: the cotangent of z = x + iy is
du/dx - i du/dy, so a rule of an analytic function transposes but does not conjugate. In the
comments ᴴ transposes and conjugates. Of a Hermitian matrix LAPACK reads one triangle, so the
derivative with respect to the other is 0.

Unless another source is named: Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autodiff._op import custom, operation, value_of
from autodiff._tensor import stop_gradient
from autodiff.rules.products import column, conjugate, flipped, row


def adjoint(x: Any) -> Any:
    """Return the transposed and conjugated matrices."""
    return flipped(conjugate(x))


def real_like(x: Any, image: Any) -> Any:
    """Return what a real operand gets of a complex image."""
    return image if x.dtype.kind == "c" else np.real(image)


def triangle(n: int, x: Any, diagonal: float) -> Any:
    """Return ones below the diagonal and a number on it, in the type of ``x``."""
    return (np.tri(n, k=-1) + diagonal * np.eye(n)).astype(x.dtype)


def eps(x: Any) -> float:
    """Return the relative precision of the entries, and of float64 for integers."""
    return float(np.finfo(np.result_type(x.dtype, np.float32)).eps)


def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function under the name that pictures and messages give its op."""
    function.__name__ = name
    return function


def attempt(function: Callable[..., Any], problem: str, *arguments: Any) -> Any:
    """Call a function that needs a regular matrix within a rule."""
    try:
        return function(*arguments)
    except ValueError:
        raise LinAlgError(problem) from None


def from_triangle(a: Any, upper: bool) -> Any:
    """Return the Hermitian matrices whose lower or upper triangle is that of ``a``."""
    n = a.shape[-1]
    if a.ndim < 2 or a.shape[-2] != n:
        raise ValueError(f"square matrices expected, not an array of shape {a.shape}")
    read = np.tri(n, dtype=bool)
    full = np.where(read.T if upper else read, a, adjoint(a))
    return full if a.dtype.kind != "c" else np.where(np.eye(n, dtype=bool), np.real(a), full)


# -- Cholesky --------------------------------------------------------------------------------


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    # Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016).
    inverse = np.linalg.inv(out)
    inner = triangle(x.shape[-1], x, 0.5) * (flipped(out) @ g)
    return flipped(inverse) @ inner @ conjugate(inverse)


def _cholesky_forward(t: Any, out: Any, x: Any) -> Any:
    inverse = np.linalg.inv(out)
    return out @ (triangle(x.shape[-1], x, 0.5) * (inverse @ t @ adjoint(inverse)))


_factorised = custom(
    named("cholesky", lambda x: np.linalg.cholesky(x)), vjp=_cholesky_rule, jvp=_cholesky_forward
)


@operation(np.linalg.cholesky)
def _cholesky(a: Any, *, upper: bool = False) -> Any:
    factor = _factorised(from_triangle(a, upper))
    return adjoint(factor) if upper else factor


# -- eigenvalues and eigenvectors --------------------------------------------------------------
# Several results go into one array, below each other. Where eigenvalues (or singular values) agree
# to rounding, their own derivatives are those of the basis that LAPACK chose, and the mixing of
# their vectors, which has no derivative, counts as 0. Complex vectors have an arbitrary phase: what
# is computed from those of eigh and svd must not depend on it.


def _gap_inverses(values: Any, sign: int = -1) -> Any:
    """Return 1 / (vⱼ - vᵢ), or 1 / (vⱼ + vᵢ), and 0 where that is 0 to rounding."""
    gaps = row(values) + sign * column(values)
    known = value_of(values)
    smallest = known.shape[-1] * eps(known) * np.abs(known).max(axis=-1, initial=0)
    zero = np.abs(value_of(gaps)) <= column(column(smallest))
    return np.where(zero, 0, 1 / np.where(zero, 1, gaps))


def _below(values: Any, *vectors: Any) -> Any:
    """Pack numbers as one row, and matrices with as many columns below it."""
    top = row(values).astype(vectors[0].dtype)
    return np.concatenate([top, *vectors], axis=-2)


def _eigh_rule(g: Any, out: Any, x: Any, uplo: Any) -> Any:
    values, v = np.real(out[..., 0, :]), out[..., 1:, :]
    inner = _gap_inverses(values) * (flipped(v) @ g[..., 1:, :])
    return conjugate(v) @ (inner @ flipped(v) + column(g[..., 0, :]) * flipped(v))


_eigh_packed = custom(
    named("eigh", lambda x, uplo: _below(*np.linalg.eigh(x, uplo))), vjp=_eigh_rule
)
_EighResult: Any = type(np.linalg.eigh(np.eye(1)))


@operation(np.linalg.eigh)
def _eigh(a: Any, UPLO: str = "L") -> Any:
    packed = _eigh_packed(from_triangle(a, UPLO in "uU"), UPLO)
    return _EighResult(np.real(packed[..., 0, :]), packed[..., 1:, :])


def _eigvalsh_rule(g: Any, out: Any, x: Any, uplo: Any) -> Any:
    v = np.linalg.eigh(x, uplo)[1]
    return conjugate(v) @ (column(np.real(g)) * flipped(v))


def _eigvalsh_forward(t: Any, out: Any, x: Any, uplo: Any) -> Any:
    v = np.linalg.eigh(x, uplo)[1]
    return np.real(np.sum(conjugate(v) * (t @ v), axis=-2))


_eigvalsh_only = custom(
    named("eigvalsh", lambda x, uplo: np.linalg.eigvalsh(x, uplo)),
    vjp=_eigvalsh_rule,
    jvp=_eigvalsh_forward,
)


@operation(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return _eigvalsh_only(from_triangle(a, UPLO in "uU"), UPLO)


def _eig_rule(g: Any, out: Any, x: Any) -> Any:
    vt = flipped(out[..., 1:, :])
    inner = _gap_inverses(out[..., 0, :]) * (vt @ g[..., 1:, :])
    problem = "eig has no derivative at a matrix without a basis of eigenvectors"
    image = attempt(np.linalg.solve, problem, vt, inner @ vt + column(g[..., 0, :]) * vt)
    return real_like(x, image)


def _eig_compute(x: Any) -> Any:
    packed = _below(*np.linalg.eig(x))
    return packed.astype(np.result_type(packed, np.complex64))


_eig_packed = custom(named("eig", _eig_compute), vjp=_eig_rule)
_EigResult: Any = type(np.linalg.eig(np.eye(1)))


def _as_numpys(a: Any, values: Any, x: Any) -> Any:
    """Return results of eig as real ones where NumPy does: all eigenvalues are."""
    complex_ = a.dtype.kind == "c" or bool(np.any(np.imag(value_of(values))))
    return x if complex_ else np.real(x)


@operation(np.linalg.eig)
def _eig(a: Any) -> Any:
    packed = _eig_packed(a)
    values, v = packed[..., 0, :], packed[..., 1:, :]
    # LAPACK gives each vector length 1 and makes its largest component real; so must the rule.
    length = np.sqrt(np.sum(np.real(v) ** 2 + np.imag(v) ** 2, axis=-2, keepdims=True))
    largest = row(np.argmax(np.abs(value_of(v)), axis=-2)) == column(np.arange(v.shape[-2]))
    component = np.sum(np.where(largest, v, 0), axis=-2, keepdims=True)
    phase = component / np.abs(component)
    v = v * (stop_gradient(length * phase) / (length * phase))
    return _EigResult(_as_numpys(a, values, values), _as_numpys(a, values, v))


@operation(np.linalg.eigvals)
def _eigvals(a: Any) -> Any:
    values = _eig_packed(a)[..., 0, :]
    return _as_numpys(a, values, values)


# -- singular values and vectors ---------------------------------------------------------------
# Townsend, "Differentiating the singular value decomposition" (2016). With P = Uᴴ dA V, the
# rotations X = Uᴴ dU and Y = Vᴴ dV follow from X + Y = (P + Pᴴ) / (sⱼ - sᵢ) and
# X - Y = (P - Pᴴ) / (sⱼ + sᵢ), which splits a complex phase evenly.


def _svd_compute(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return _below(s, u, flipped(vh))


def _svd_rule(g: Any, out: Any, x: Any) -> Any:
    m, n = x.shape[-2:]
    s, u, v = np.real(out[..., 0, :]), out[..., 1 : m + 1, :], conjugate(out[..., m + 1 :, :])
    gu, gv = g[..., 1 : m + 1, :], conjugate(g[..., m + 1 :, :])
    x_turn, y_turn, vt = flipped(u) @ gu, flipped(v) @ gv, flipped(v)
    together = _gap_inverses(s) * (x_turn + y_turn)
    opposite = _gap_inverses(s, 1) * (x_turn - y_turn)
    inner = 0.5 * (together + adjoint(together) + opposite - adjoint(opposite))
    image = conjugate(u) @ (inner @ vt + column(g[..., 0, :]) * vt)
    if m == n:
        return image
    zero = value_of(s) <= max(m, n) * eps(s) * np.max(value_of(s), axis=-1, keepdims=True)
    inverses = np.where(zero, 0, 1 / np.where(zero, 1, s))
    if m > n:
        return image + (gu - conjugate(u) @ x_turn) * row(inverses) @ vt
    return image + conjugate(u) @ (column(inverses) * adjoint(gv - conjugate(v) @ y_turn))


def _svdvals_rule(g: Any, out: Any, x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return conjugate(u) @ (column(np.real(g)) * conjugate(vh))


def _svdvals_forward(t: Any, out: Any, x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return np.real(np.sum(conjugate(u) * (t @ adjoint(vh)), axis=-2))


_svd_packed = custom(named("svd", _svd_compute), vjp=_svd_rule)
_svdvals = custom(np.linalg.svdvals, vjp=_svdvals_rule, jvp=_svdvals_forward)
_SVDResult: Any = type(np.linalg.svd(np.eye(1)))


@operation(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return _svdvals(a)
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        raise ValueError(
            f"svd of shape {a.shape}: vectors beyond the first {min(m, n)} are arbitrary and have "
            "no derivative, use full_matrices=False"
        )
    packed = _svd_packed(a)
    u, v = packed[..., 1 : m + 1, :], packed[..., m + 1 :, :]
    return _SVDResult(u, np.real(packed[..., 0, :]), flipped(v))


# -- QR --------------------------------------------------------------------------------------
# Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in
# optimum experimental design", arXiv:1001.1654 (2010). R's diagonal is real.


def _qr_rule(g: Any, out: Any, x: Any) -> Any:
    m, n = x.shape[-2:]
    q, r, gq, gr = out[..., :m, :], out[..., m:, :], g[..., :m, :], g[..., m:, :]
    inner = triangle(n, x, 0.5).T * (gr @ flipped(r) - flipped(q) @ gq)
    image = gq + conjugate(q) @ (inner + adjoint(inner))
    problem = "qr has no derivative at a matrix without full rank"
    pivots = np.abs(np.diagonal(value_of(r), axis1=-2, axis2=-1))
    if np.any(pivots <= m * eps(x) * np.max(pivots, axis=-1, keepdims=True, initial=0)):
        raise LinAlgError(problem)
    return flipped(attempt(np.linalg.solve, problem, r, flipped(image)))


_qr_packed = custom(named("qr", lambda x: np.concatenate(np.linalg.qr(x), axis=-2)), vjp=_qr_rule)
_QRResult: Any = type(np.linalg.qr(np.eye(1)))


@operation(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and m > n):
        raise ValueError(
            f"qr of shape {a.shape} with mode={mode!r} has no derivative: use 'reduced' or 'r'"
        )
    packed = _qr_packed(a[..., :m])  # of a wide matrix, the square part in front
    q, r = packed[..., :m, :], packed[..., m:, :]
    if m < n:
        r = np.concatenate([r, adjoint(q) @ a[..., m:]], axis=-1)
    return r if mode == "r" else _QRResult(q, r)
