"""Joining arrays, and taking them apart again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import DTypeLike

from autodiff._core.nonnegative import Nonnegative
from autodiff._core.op import Together
from autodiff._core.table import linear, operation
from autodiff._core.types import Cotangent, Function, Value
from autodiff.rules._shapes import operands

_ALL = slice(None)

# -- joining ---------------------------------------------------------------------------------


def _parts(g: Cotangent, out: Value, arguments: tuple[Any, ...]) -> Function:
    """Return the part of a cotangent that belongs to each of the arrays that were joined."""
    *arrays, axis = arguments
    ends = [0, *accumulate(a.shape[axis] for a in arrays)]
    rest = (_ALL,) * (-axis - 1)
    return lambda i: g[(..., slice(ends[i], ends[i + 1]), *rest)]


def _layers(g: Cotangent, out: Value, arguments: tuple[Any, ...]) -> Function:
    """Return the part of a cotangent that belongs to each of the arrays that were stacked."""
    rest = (_ALL,) * (-arguments[-1] - 1)
    return lambda i: g[(..., i, *rest)]


_concatenate_op = linear(
    np.concatenate,
    Together(_parts),
    compute=lambda *arguments: np.concatenate(arguments[:-1], axis=arguments[-1]),
    kind=Nonnegative,
)
_stack_op = linear(
    np.stack,
    Together(_layers),
    compute=lambda *arguments: np.stack(arguments[:-1], axis=arguments[-1]),
    kind=Nonnegative,
)


def _cast(arrays: Sequence[Value], dtype: DTypeLike | None, casting: Any) -> Sequence[Value]:
    """Return arrays in one type, where NumPy's rule of casting allows it."""
    if dtype is None and casting == "same_kind":
        return arrays
    dtype = np.result_type(*(a.dtype for a in arrays)) if dtype is None else dtype
    return [a.astype(dtype, casting=casting) for a in arrays]


@operation(np.concatenate)
def concatenate(
    arrays: Sequence[Value],
    axis: int | None = 0,
    *,
    dtype: DTypeLike | None = None,
    casting: Any = "same_kind",
) -> Value:
    """Join Tensors and arrays along an axis, flattened if it is None."""
    arrays = _cast(operands(arrays), dtype, casting)
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    return _concatenate_op(*arrays, normalize_axis_index(axis, arrays[0].ndim) - arrays[0].ndim)


@operation(np.stack)
def _stack(
    arrays: Sequence[Value],
    axis: int = 0,
    *,
    dtype: DTypeLike | None = None,
    casting: Any = "same_kind",
) -> Value:
    arrays = _cast(operands(arrays), dtype, casting)
    ndim = arrays[0].ndim + 1
    return _stack_op(*arrays, normalize_axis_index(axis, ndim) - ndim)


def _at_least(ndim: int, arrays: Sequence[Value]) -> list[Value]:
    make = (np.atleast_1d, np.atleast_2d, np.atleast_3d)[ndim - 1]
    return [make(a) for a in operands(arrays)]


@operation(np.hstack)
def _hstack(
    tup: Sequence[Value], *, dtype: DTypeLike | None = None, casting: Any = "same_kind"
) -> Value:
    arrays = _at_least(1, tup)
    axis = 0 if arrays[0].ndim == 1 else 1
    return concatenate(arrays, axis, dtype=dtype, casting=casting)


@operation(np.vstack)
def _vstack(
    tup: Sequence[Value], *, dtype: DTypeLike | None = None, casting: Any = "same_kind"
) -> Value:
    return concatenate(_at_least(2, tup), dtype=dtype, casting=casting)


@operation(np.dstack)
def _dstack(tup: Sequence[Value]) -> Value:
    return concatenate(_at_least(3, tup), axis=2)


@operation(np.column_stack)
def _column_stack(tup: Sequence[Value]) -> Value:
    return concatenate([a if a.ndim > 1 else np.reshape(a, (-1, 1)) for a in operands(tup)], 1)


@operation(np.block)
def _block(arrays: Any) -> Value:
    depth, rank = _depth_and_rank(arrays)
    return _concatenate_nested(arrays, depth, max(depth, rank))


def _depth_and_rank(arrays: Any) -> tuple[int, int]:
    """Return how deep the lists are nested, and the most axes of an array in them."""
    if not isinstance(arrays, list):
        return 0, np.ndim(arrays)
    if not arrays:
        raise ValueError("np.block got an empty list")
    depths, ranks = zip(*map(_depth_and_rank, arrays), strict=True)
    if len(set(depths)) > 1:
        raise ValueError(f"np.block got lists of different depths side by side: {depths}")
    return depths[0] + 1, max(ranks)


def _concatenate_nested(arrays: Any, depth: int, rank: int) -> Value:
    if depth:
        return concatenate([_concatenate_nested(a, depth - 1, rank) for a in arrays], axis=-depth)
    return operands([arrays])[0][(None,) * (rank - np.ndim(arrays))]


# -- taking apart ----------------------------------------------------------------------------


@operation(np.array_split)
def _array_split(ary: Value, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    axis = normalize_axis_index(axis, ary.ndim)
    length = ary.shape[axis]
    if np.ndim(indices_or_sections):
        borders = list(map(int, indices_or_sections))
    else:
        sizes = [len(part) for part in np.array_split(range(length), indices_or_sections)]
        borders = np.cumsum(sizes[:-1], dtype=int).tolist()
    ends = zip([0, *borders], [*borders, length], strict=True)
    return [ary[(*(_ALL,) * axis, slice(start, stop))] for start, stop in ends]


@operation(np.split)
def _split(ary: Value, indices_or_sections: Any, axis: int = 0) -> Any:
    length = ary.shape[normalize_axis_index(axis, ary.ndim)]
    if not np.ndim(indices_or_sections) and length % indices_or_sections:
        raise ValueError(
            f"split of {length} entries along axis {axis} into {indices_or_sections} equal parts "
            "is not possible: use np.array_split"
        )
    return _array_split(ary, indices_or_sections, axis)


@operation(np.hsplit)
def _hsplit(ary: Value, indices_or_sections: Any) -> Any:
    _need_axes("hsplit", ary, 1)
    return _split(ary, indices_or_sections, min(ary.ndim - 1, 1))


@operation(np.vsplit)
def _vsplit(ary: Value, indices_or_sections: Any) -> Any:
    _need_axes("vsplit", ary, 2)
    return _split(ary, indices_or_sections, 0)


@operation(np.dsplit)
def _dsplit(ary: Value, indices_or_sections: Any) -> Any:
    _need_axes("dsplit", ary, 3)
    return _split(ary, indices_or_sections, 2)


def _need_axes(function: str, x: Value, ndim: int) -> None:
    if x.ndim < ndim:
        raise ValueError(f"np.{function} takes an array of {ndim} or more axes, not {x.shape}")


if hasattr(np, "unstack"):  # from NumPy 2.1 on

    @operation(np.unstack)
    def _unstack(x: Value, /, *, axis: int = 0) -> tuple[Value, ...]:
        return tuple(np.moveaxis(x, axis, 0))
