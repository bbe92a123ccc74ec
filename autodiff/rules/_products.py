"""Products of arrays: linear in each operand."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view

from autodiff._core.array_kinds import refuse_lazy
from autodiff._core.constants_like import zeros_like
from autodiff._core.machine import product
from autodiff._core.op import Each
from autodiff._core.table import multilinear, operation
from autodiff._core.types import Cotangent, Function, Value
from autodiff.rules._shapes import as_array, from_end


def matrix_transpose(x: Value) -> Value:
    """Return the transposed matrices."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def column(x: Value) -> Value:
    """Return the vectors as matrices of one column."""
    return x[..., None]


def row(x: Value) -> Value:
    """Return the vectors as matrices of one row."""
    return x[..., None, :]


def matvec(x: Value, y: Value) -> Value:
    """Multiply matrices with vectors; a batch of vectors is one product of matrices."""
    if x.ndim == 2:
        return product(y, x.T)
    return np.matmul(x, column(y))[..., 0]


def vecmat(x: Value, y: Value) -> Value:
    """Multiply vectors with matrices."""
    return product(x, y) if y.ndim == 2 else np.matmul(row(x), y)[..., 0, :]


def vecdot(x: Value, y: Value) -> Value:
    """Multiply vectors with vectors."""
    if x.ndim == 1 and y.ndim == 1 and type(x) is np.ndarray:
        return x.dot(y)
    return (x * y).sum(axis=-1)


_matmul = multilinear(
    np.matmul,
    lambda g, out, x, y: product(g, matrix_transpose(y)),
    lambda g, out, x, y: product(matrix_transpose(x), g),
    core=(2, 2),
    compute=product,
)
_matvec = multilinear(
    matvec,
    lambda g, out, x, y: column(g) * row(y),
    lambda g, out, x, y: vecmat(g, x),
    core=(2, 1),
)
_vecmat = multilinear(
    vecmat,
    lambda g, out, x, y: matvec(y, g),
    lambda g, out, x, y: column(x) * row(g),
    core=(1, 2),
)
_vecdot = multilinear(
    vecdot,
    lambda g, out, x, y: column(g) * y,
    lambda g, out, x, y: column(g) * x,
    core=(1, 1),
)


def conjugate(x: Value) -> Value:
    """Return the complex conjugate, a real array as it is."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@operation(np.matmul)
def _matrix_product(x: Value, y: Value, *, axes: Any = None) -> Value:
    x, y = as_array(x), as_array(y)
    if axes is not None:
        return _along(_matrix_product, x, y, axes)
    x_rank, y_rank = x.ndim, y.ndim
    if x_rank > 1 and y_rank > 1:
        return _matmul(x, y)
    if not x_rank or not y_rank:
        raise ValueError(
            f"matmul of shapes {x.shape} and {y.shape}: a number has no rows or columns, use *"
        )
    _check_lengths("matmul", x, y, -1, -1 if y_rank == 1 else -2)
    if x_rank == 1:
        return _vecdot(x, y) if y_rank == 1 else _vecmat(x, y)
    return _matvec(x, y)


def _check_lengths(name: str, x: Value, y: Value, x_axis: int, y_axis: int) -> None:
    if x.shape[x_axis] != y.shape[y_axis]:
        raise ValueError(
            f"{name} of shapes {x.shape} and {y.shape}: {x.shape[x_axis]} entries of the first "
            f"meet {y.shape[y_axis]} of the second"
        )


@operation(np.dot)
def _dot(a: Value, b: Value) -> Value:
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return _matrix_product(a, b)
    return _tensordot(a, b, (-1, max(-2, -b.ndim)))


@operation(np.inner)
def _inner(a: Value, b: Value) -> Value:
    a, b = as_array(a), as_array(b)
    return _tensordot(a, b, (-1, -1)) if a.ndim and b.ndim else a * b


@operation(np.vdot)
def _vdot(a: Value, b: Value) -> Value:
    return _matrix_product(conjugate(np.ravel(as_array(a))), np.ravel(as_array(b)))


@operation(np.outer)
def _outer(a: Value, b: Value) -> Value:
    return column(np.ravel(as_array(a))) * row(np.ravel(as_array(b)))


@operation(np.kron)
def _kron(a: Value, b: Value) -> Value:
    a, b = as_array(a), as_array(b)
    rank = max(a.ndim, b.ndim)
    m, n = (1,) * (rank - a.ndim) + a.shape, (1,) * (rank - b.ndim) + b.shape
    blocks = a.reshape([k for length in m for k in (length, 1)])
    block = b.reshape([k for length in n for k in (1, length)])
    return (blocks * block).reshape([i * j for i, j in zip(m, n, strict=True)])


@operation(np.tensordot)
def _tensordot(a: Value, b: Value, axes: Any = 2) -> Value:
    a, b = as_array(a), as_array(b)
    pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int | np.integer) else axes
    summed_a = normalize_axis_tuple(pairs[0], a.ndim)
    summed_b = normalize_axis_tuple(pairs[1], b.ndim)
    lengths = [a.shape[i] for i in summed_a]
    if lengths != [b.shape[i] for i in summed_b]:
        raise ValueError(
            f"tensordot of shapes {a.shape} and {b.shape} along axes {summed_a} and {summed_b}: "
            "their lengths have to agree"
        )
    free_a = [i for i in range(a.ndim) if i not in summed_a]
    free_b = [i for i in range(b.ndim) if i not in summed_b]
    rows, columns = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    left = a.transpose([*free_a, *summed_a]).reshape(prod(rows), prod(lengths))
    right = b.transpose([*summed_b, *free_b]).reshape(prod(lengths), prod(columns))
    return np.matmul(left, right).reshape(rows + columns)


@operation(np.linalg.multi_dot)
def _multi_dot(arrays: Sequence[Value]) -> Value:
    arrays = [as_array(a) for a in arrays]
    first, last = arrays[0], arrays[-1]
    inner_ranks = {a.ndim for a in arrays[1:-1]}
    if len(arrays) < 2 or not {first.ndim, last.ndim} <= {1, 2} or not inner_ranks <= {2}:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ValueError(
            "multi_dot takes two matrices or more, where the first and the last may be vectors, "
            f"not shapes {shapes}"
        )
    matrices = [row(first) if first.ndim == 1 else first, *arrays[1:]]
    matrices[-1] = column(last) if last.ndim == 1 else last
    result = _in_cheapest_order(matrices)
    result = result[0] if first.ndim == 1 else result
    return result[..., 0] if last.ndim == 1 else result


def _in_cheapest_order(matrices: list[Value]) -> Value:
    """Multiply a chain of matrices in the order that takes the fewest multiplications.

    Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", section 15.2.
    """
    lengths = [m.shape[0] for m in matrices] + [matrices[-1].shape[1]]
    count = len(matrices)
    cost, cut = {(i, i + 1): 0 for i in range(count)}, {}
    for span in range(2, count + 1):
        for i in range(count - span + 1):
            j = i + span
            cost[i, j], cut[i, j] = min(
                (cost[i, k] + cost[k, j] + lengths[i] * lengths[k] * lengths[j], k)
                for k in range(i + 1, j)
            )
    return _product_between(matrices, cut, 0, count)


def _product_between(
    matrices: list[Value], cut: dict[tuple[int, int], int], i: int, j: int
) -> Value:
    """Return the product of the matrices from i to before j, cut where it is cheapest."""
    if j == i + 1:
        return matrices[i]
    k = cut[i, j]
    return np.matmul(_product_between(matrices, cut, i, k), _product_between(matrices, cut, k, j))


@operation(np.cross)
def _cross(
    a: Value, b: Value, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Value:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ValueError(
            f"cross multiplies vectors of 2 or 3 entries, not of {a.shape[-1]} and {b.shape[-1]}"
        )
    x, y = [a[..., i] for i in range(a.shape[-1])], [b[..., i] for i in range(b.shape[-1])]
    normal = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return normal
    x, y = [*x, 0][:3], [*y, 0][:3]  # a vector in the plane has no third component
    parts = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], normal]
    return np.moveaxis(np.stack(parts, axis=-1), -1, axisc)


# -- products of stacks of vectors and matrices, and numpy.linalg's names ----------------------


def _along(function: Function, x: Value, y: Value, axes: Any) -> Value:
    """Multiply along the named axes: those of each operand, then those of the product."""
    pairs = [from_end(own, a.ndim) for own, a in zip(axes[:2], (x, y), strict=True)]
    x, y = (np.moveaxis(a, own, range(-len(own), 0)) for own, a in zip(pairs, (x, y), strict=True))
    out = function(x, y)
    own = from_end(axes[2] if len(axes) > 2 else (), out.ndim)
    return np.moveaxis(out, range(-len(own), 0), own)


@operation(np.vecdot)
def _stacked_vecdot(
    x1: Value, x2: Value, *, axis: int = -1, axes: Any = None, keepdims: bool = False
) -> Value:
    x1, x2 = as_array(x1), as_array(x2)
    if axes is not None or axis != -1:
        own = (axis, axis) if axes is None else axes
        x1 = np.moveaxis(x1, from_end(own[0], x1.ndim), (-1,))
        x2 = np.moveaxis(x2, from_end(own[1], x2.ndim), (-1,))
    _check_lengths("vecdot", x1, x2, -1, -1)
    out = _vecdot(conjugate(x1), x2)
    return np.expand_dims(out, axis if axes is None else axes[2]) if keepdims else out


if hasattr(np, "matvec"):  # from NumPy 2.2 on

    @operation(np.matvec)
    def _stacked_matvec(x1: Value, x2: Value, *, axes: Any = None) -> Value:
        x1, x2 = as_array(x1), as_array(x2)
        if axes is not None:
            return _along(_stacked_matvec, x1, x2, axes)
        _check_lengths("matvec", x1, x2, -1, -1)
        return _matvec(x1, x2)

    @operation(np.vecmat)
    def _stacked_vecmat(x1: Value, x2: Value, *, axes: Any = None) -> Value:
        x1, x2 = as_array(x1), as_array(x2)
        if axes is not None:
            return _along(_stacked_vecmat, x1, x2, axes)
        _check_lengths("vecmat", x1, x2, -1, -2)
        return _vecmat(conjugate(x1), x2)


@operation(np.linalg.vecdot)
def _linalg_vecdot(x1: Value, x2: Value, *, axis: int = -1) -> Value:
    return _stacked_vecdot(x1, x2, axis=axis)


@operation(np.linalg.tensordot)
def _linalg_tensordot(x1: Value, x2: Value, *, axes: Any = 2) -> Value:
    return _tensordot(x1, x2, axes)


@operation(np.linalg.cross)
def _linalg_cross(x1: Value, x2: Value, *, axis: int = -1) -> Value:
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"linalg.cross of shapes {x1.shape} and {x2.shape}: vectors of 3 entries")
    return _cross(x1, x2, axis=axis)


@operation(np.linalg.outer)
def _linalg_outer(x1: Value, x2: Value) -> Value:
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"linalg.outer of shapes {x1.shape} and {x2.shape}: two vectors expected")
    return _outer(x1, x2)


@operation(np.linalg.matmul)
def _linalg_matmul(x1: Value, x2: Value) -> Value:
    return _matrix_product(x1, x2)


operation(np.linalg.matrix_transpose)(lambda x: np.matrix_transpose(x))
operation(np.linalg.trace)(lambda x, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype))
operation(np.linalg.diagonal)(lambda x, *, offset=0: np.diagonal(x, offset, -2, -1))


# -- convolution -----------------------------------------------------------------------------
# Recorded as a window on the full convolution. Its transposes are such windows too.


def convolution(x: Value, y: Value, start: int, length: int) -> Value:
    """Return ``length`` entries of the full convolution along the last axes, from ``start`` on."""
    refuse_lazy(
        "np.convolve and np.correlate are",
        "write the sum of w[k] * x[k : len(x) - len(w) + k + 1] over the entries of the shorter "
        "one",
        *(x, y),
    )
    if x.shape[-1] < y.shape[-1]:
        x, y = y, x
    low, high = start - y.shape[-1] + 1, start + length
    inside = x[..., max(low, 0) : high]
    padded = zeros_like(x, shape=(*x.shape[:-1], high - low))
    padded[..., max(-low, 0) :][..., : inside.shape[-1]] = inside
    if x.ndim == y.ndim == 1:
        return np.convolve(padded, y, "valid")
    windows = sliding_window_view(padded, y.shape[-1], axis=-1)
    return np.einsum("...km,...m->...k", windows, y[..., ::-1])


def _convolution_rule(i: int, g: Cotangent, out: Value, *arguments: Any) -> Cotangent:
    mine, other, start = arguments[i], arguments[1 - i], arguments[2]
    return _convolve_op(g, other[..., ::-1], other.shape[-1] - 1 - start, mine.shape[-1])


_convolve_op = multilinear(convolution, Each(_convolution_rule), core=(1, 1))


@operation(np.convolve)
def _convolve(a: Value, v: Value, mode: str = "full") -> Value:
    a, v = np.atleast_1d(as_array(a)), np.atleast_1d(as_array(v))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(f"convolve takes two vectors with entries, not {a.shape} and {v.shape}")
    short, long = sorted([a.size, v.size])
    modes = {
        "full": (0, long + short - 1),
        "same": ((short - 1) // 2, long),
        "valid": (short - 1, long - short + 1),
    }
    if mode not in modes:
        raise ValueError(f"convolve's mode is 'full', 'same' or 'valid', not {mode!r}")
    return _convolve_op(a, v, *modes[mode])


@operation(np.correlate)
def _correlate(a: Value, v: Value, mode: str = "valid") -> Value:
    a, v = np.atleast_1d(as_array(a)), np.atleast_1d(as_array(v))
    if a.size < v.size:  # NumPy exchanges them, which matters where "same" is not symmetric
        return conjugate(_correlate(v, a, mode))[::-1]
    return _convolve(a, conjugate(v)[::-1], mode)
