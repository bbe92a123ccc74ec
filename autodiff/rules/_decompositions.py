"""Decompositions of matrices: Cholesky and QR. Those by values and vectors are in spectra.

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

from autodiff._core.array_kinds import refuse_lazy
from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.record import value_of
from autodiff._core.table import custom, operation
from autodiff._core.types import Cotangent, Tangent, Value
from autodiff.rules._products import conjugate, matrix_transpose


def adjoint(x: Value) -> Value:
    """Return the transposed and conjugated matrices."""
    return matrix_transpose(conjugate(x))


def triangle(n: int, x: Value, diagonal: float) -> Value:
    """Return ones below the diagonal and a number on it, in the type of ``x``."""
    return constants_like(x, (np.tri(n, k=-1) + diagonal * np.eye(n)).astype(x.dtype))


def eps(x: Value) -> float:
    """Return the relative precision of the entries, and of float64 for integers."""
    return float(np.finfo(np.result_type(x.dtype, np.float32)).eps)


def row_maxima(x: Value) -> Value:
    """Return the largest entry of each row, as a column; 0 of rows without entries."""
    if not x.shape[-1]:
        return zeros_like(x, shape=(*x.shape[:-1], 1))
    return np.max(x, axis=-1, keepdims=True)


def singular_values(x: Value) -> Value:
    """Return the singular values, in a call that other libraries have too."""
    return np.linalg.svd(x, compute_uv=False)


def with_name(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function under the name that pictures and messages give its op."""
    function.__name__ = name
    return function


def in_memory(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of matrices under the name of its op, which refuses lazy ones.

    Dask would compute them while the graph is made, has another factor, or no such function.
    """

    def in_memory_only(*arguments: Any) -> Any:
        refuse_lazy(f"np.linalg.{name} is", "give a matrix in memory, as x.compute()", *arguments)
        return function(*arguments)

    return with_name(name, in_memory_only)


def attempt(function: Callable[..., Any], problem: str, *arguments: Any) -> Any:
    """Call a function that needs a regular matrix within a rule."""
    try:
        return function(*arguments)
    except ValueError:
        raise LinAlgError(problem) from None


def from_triangle(a: Value, upper: bool) -> Value:
    """Return the Hermitian matrices whose lower or upper triangle is that of ``a``."""
    n = a.shape[-1]
    if a.ndim < 2 or a.shape[-2] != n:
        raise ValueError(f"square matrices expected, not an array of shape {a.shape}")
    read = constants_like(a, np.tri(n, dtype=bool))
    full = np.where(read.T if upper else read, a, adjoint(a))
    if a.dtype.kind != "c":
        return full
    return np.where(constants_like(a, np.eye(n, dtype=bool)), np.real(a), full)


# -- Cholesky --------------------------------------------------------------------------------


def _cholesky_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    # Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016).
    inverse = np.linalg.inv(out)
    inner = triangle(x.shape[-1], x, 0.5) * (matrix_transpose(out) @ g)
    return matrix_transpose(inverse) @ inner @ conjugate(inverse)


def _cholesky_forward(t: Tangent, out: Value, x: Value) -> Tangent:
    inverse = np.linalg.inv(out)
    return out @ (triangle(x.shape[-1], x, 0.5) * (inverse @ t @ adjoint(inverse)))


_cholesky_op = custom(
    in_memory("cholesky", lambda x: np.linalg.cholesky(x)),
    vjp=_cholesky_rule,
    jvp=_cholesky_forward,
)


@operation(np.linalg.cholesky)
def _cholesky(a: Value, *, upper: bool = False) -> Value:
    factor = _cholesky_op(from_triangle(a, upper))
    return adjoint(factor) if upper else factor


# -- QR --------------------------------------------------------------------------------------
# Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in
# optimum experimental design", arXiv:1001.1654 (2010). R's diagonal is real.


def _qr_rule(g: Cotangent, out: Value, x: Value) -> Cotangent:
    m, n = x.shape[-2:]
    q, r, gq, gr = out[..., :m, :], out[..., m:, :], g[..., :m, :], g[..., m:, :]
    inner = triangle(n, x, 0.5).T * (gr @ matrix_transpose(r) - matrix_transpose(q) @ gq)
    image = gq + conjugate(q) @ (inner + adjoint(inner))
    problem = "qr has no derivative at a matrix without full rank"
    pivots = np.abs(np.diagonal(value_of(r), axis1=-2, axis2=-1))
    if np.any(pivots <= m * eps(x) * row_maxima(pivots)):
        raise LinAlgError(problem)
    return matrix_transpose(attempt(np.linalg.solve, problem, r, matrix_transpose(image)))


_qr_op = custom(with_name("qr", lambda x: np.concatenate(np.linalg.qr(x), axis=-2)), vjp=_qr_rule)
_QRResult: Any = type(np.linalg.qr(np.eye(1)))


@operation(np.linalg.qr)
def _qr(a: Value, mode: str = "reduced") -> Value:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and m > n):
        raise ValueError(
            f"qr of shape {a.shape} with mode={mode!r} has no derivative: use 'reduced' or 'r'"
        )
    packed = _qr_op(a[..., :m])  # of a wide matrix, the square part in front
    q, r = packed[..., :m, :], packed[..., m:, :]
    if m < n:
        r = np.concatenate([r, adjoint(q) @ a[..., m:]], axis=-1)
    return r if mode == "r" else _QRResult(q, r)
