"""Functions that move entries about: each is linear, and its transpose moves them back."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import (
    at_present,
    dispatches,
    is_foreign,
    is_plain,
    of_kind,
    refuse_container,
)
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.record import value_of
from autodiff._core.table import linear, operation
from autodiff._core.tensor import Tensor, stop_gradient
from autodiff._core.types import Axes, Cotangent, Shape, Value

_ALL = slice(None)

# The static arguments count from the end, so that leading batch axes pass through: shapes go with
# the rank of their operand, axes are negative.


_ALL_AXES = [tuple(range(-ndim, 0)) for ndim in range(65)]  # NumPy has 64 at most


def from_end(axes: Any, ndim: int) -> tuple[int, ...]:
    """Return axes as negative numbers; None is all of them."""
    if axes is None or axes is _ALL_AXES[ndim]:
        return _ALL_AXES[ndim]
    if type(axes) is tuple and len(axes) == 1:
        axes = axes[0]
    if type(axes) is int and -ndim <= axes < ndim:
        return (axes - ndim if axes >= 0 else axes,)
    return tuple(axis - ndim for axis in normalize_axis_tuple(axes, ndim))


def as_array(x: Value) -> Value:
    """Return a Tensor or an array as it is, and a number or list as an array."""
    if type(x) is Tensor:
        return x
    x = at_present(x)
    if type(x) is Tensor:
        return x
    if type(x) is not np.ndarray and not isinstance(x, np.generic):
        refuse_container(x)
        x = x if dispatches(x) else np.asarray(x)
    if x.dtype.kind == "O":
        raise TypeError(
            f"a Tensor computes with numbers, but an array of shape {x.shape} has dtype object: "
            "write a.astype(float), or np.stack where there are Tensors in it"
        )
    return x


def operands(arrays: Sequence[Value]) -> list[Any]:
    """Return Tensors and arrays as they are, and anything else as an array of their kind."""
    made = [as_array(a) for a in arrays]
    for i, (array, given) in enumerate(zip(made, arrays, strict=True)):
        if array is not given and is_plain(array):
            other = next(filter(is_foreign, map(value_of, made)), None)
            made[i] = of_kind(array, other)
    return made


def _leading(x: Value, rank: int) -> Value:
    return x.shape[: x.ndim - rank]


# -- the same entries in another shape -------------------------------------------------------

_reshape_op = linear(
    np.reshape,
    lambda g, out, x, shape, rank: g.reshape(_leading(g, out.ndim) + x.shape),
    compute=lambda x, shape, rank: x.reshape(_leading(x, rank) + shape),
    kind=Nonnegative,
)


@operation(np.reshape)
def _reshape(a: Value, shape: Any, order: str = "C") -> Value:
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(map(int, shape))
    if -1 in shape:
        known = -prod(shape)
        shape = tuple(a.size // max(known, 1) if n == -1 else n for n in shape)
    if order != "C":
        return np.transpose(_reshape(_first_axis_last("reshape", a, order), shape[::-1]))
    return _reshape_op(a, shape, a.ndim)


@operation(np.ravel)
def _ravel(a: Value, order: str = "C") -> Value:
    if order != "C":
        a = _first_axis_last("ravel", a, order)
    return _reshape_op(a, (a.size,), a.ndim)


def _first_axis_last(function: str, a: Value, order: str) -> Value:
    """Return the array whose entries in the order 'C' are those of ``a`` in the order 'F'."""
    if order != "F":
        raise ValueError(
            f"np.{function} of a Tensor takes its entries in the order 'C' or 'F', not {order!r}: "
            "their order in memory is NumPy's own"
        )
    return np.transpose(a)


@operation(np.expand_dims)
def _expand_dims(a: Value, axis: int | tuple[int, ...]) -> Value:
    ndim = a.ndim + (1 if isinstance(axis, int) else len(axis))
    new = {ndim + i for i in from_end(axis, ndim)}
    lengths = iter(a.shape)
    return _reshape_op(a, tuple(1 if i in new else next(lengths) for i in range(ndim)), a.ndim)


@operation(np.squeeze)
def _squeeze(a: Value, axis: Axes = None) -> Value:
    if axis is None:
        return _reshape_op(a, tuple(n for n in a.shape if n != 1), a.ndim)
    gone = {a.ndim + i for i in from_end(axis, a.ndim)}
    if any(a.shape[i] != 1 for i in gone):
        raise ValueError(f"squeeze(axis={axis}) of shape {a.shape}: only axes of length 1 can go")
    return _reshape_op(a, tuple(n for i, n in enumerate(a.shape) if i not in gone), a.ndim)


@operation(np.atleast_1d)
def _atleast_1d(*arys: Value) -> Value:
    return _each(arys, lambda a: a if a.ndim else a[None])


@operation(np.atleast_2d)
def _atleast_2d(*arys: Value) -> Value:
    return _each(arys, lambda a: a[(None,) * max(2 - a.ndim, 0)])


@operation(np.atleast_3d)
def _atleast_3d(*arys: Value) -> Value:
    added = {0: (None, None, None), 1: (None, _ALL, None), 2: (_ALL, _ALL, None)}
    return _each(arys, lambda a: a[added.get(a.ndim, ())])


def _each(arrays: Sequence[Value], function: Any) -> Value:
    results = tuple(map(function, operands(arrays)))
    return results[0] if len(results) == 1 else results


# -- axes in another order -------------------------------------------------------------------


def _behind(x: Value, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return an order of axes for ``x``, whose leading axes stay."""
    batch = x.ndim - len(axes)
    return (*range(batch), *(x.ndim + axis for axis in axes))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(i) - len(axes) for i in range(-len(axes), 0))


_transpose_op = linear(
    np.transpose,
    lambda g, out, x, axes: g.transpose(_behind(g, _inverse(axes))),
    compute=lambda x, axes: x.transpose(_behind(x, axes)),
    kind=Nonnegative,
)


@operation(np.transpose)
def _transpose(a: Value, axes: Any = None) -> Value:
    return _transpose_op(a, from_end(range(a.ndim)[::-1] if axes is None else axes, a.ndim))


@operation(np.swapaxes)
def _swapaxes(a: Value, axis1: int, axis2: int) -> Value:
    order = list(range(a.ndim))
    i, j = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    order[i], order[j] = j, i
    return _transpose(a, order)


@operation(np.matrix_transpose)
def _matrix_transpose(x: Value) -> Value:
    return _swapaxes(x, -1, -2)


@operation(np.moveaxis)
def _moveaxis(a: Value, source: Any, destination: Any) -> Value:
    sources = normalize_axis_tuple(source, a.ndim)
    order = [i for i in range(a.ndim) if i not in sources]
    for to, axis in sorted(zip(normalize_axis_tuple(destination, a.ndim), sources, strict=True)):
        order.insert(to, axis)
    return _transpose(a, order)


@operation(np.rollaxis)
def _rollaxis(a: Value, axis: int, start: int = 0) -> Value:
    axis = normalize_axis_index(axis, a.ndim)
    start = normalize_axis_index(start + a.ndim if start < 0 else start, a.ndim + 1)
    return _moveaxis(a, axis, start - (axis < start))


# -- broadcasting -------------------------------------------------------------------------------


def _broadcast(x: Value, shape: Shape, rank: int) -> Value:
    leading = _leading(x, rank)
    own = x.shape[len(leading) :]
    x = x.reshape(leading + (1,) * (len(shape) - rank) + own)
    return np.broadcast_to(x, leading + shape)


def _broadcast_rule(g: Cotangent, out: Value, x: Value, shape: Shape, rank: int) -> Cotangent:
    """Return a cotangent summed over the axes along which ``x`` was broadcast."""
    own = (1,) * (len(shape) - rank) + x.shape[x.ndim - rank :]
    leading = _leading(g, len(shape))
    axes = tuple(i for i in range(-len(shape), 0) if own[i] == 1 != shape[i])
    g = g.sum(axis=axes) if axes else g
    return g.reshape(leading + own[len(shape) - rank :])


_broadcast_op = linear(np.broadcast_to, _broadcast_rule, compute=_broadcast, kind=Nonnegative)


@operation(np.broadcast_to)
def _broadcast_to(array: Value, shape: Any) -> Value:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return _broadcast_op(array, shape, array.ndim)


@operation(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    arrays = operands(args)
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(np.broadcast_to(a, shape) for a in arrays)


# -- another type ----------------------------------------------------------------------------

_cast = linear(
    np.ndarray.astype,
    lambda g, out, x, dtype: (g.real if "f" in (x.dtype.kind, out.dtype.kind) else g).astype(
        x.dtype
    ),
    compute=lambda x, dtype: x.astype(dtype),
    kind=Nonnegative,
)


@operation(np.ndarray.astype)
def _astype(
    x: Value,
    dtype: DTypeLike | None,
    order: str = "K",
    casting: Any = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Value:
    dtype = np.dtype(dtype)
    if casting != "unsafe" and not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"a Tensor of dtype {x.dtype} cannot become {dtype} by casting={casting!r}")
    return _cast(x if dtype.kind in "fc" else stop_gradient(x), dtype)


if hasattr(np, "astype"):  # from NumPy 2.1 on
    operation(np.astype)(_astype)
