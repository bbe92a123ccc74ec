"""Making arrays that can be filled: NumPy's creators told by ``like=`` that Tensors will go in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autodiff._core.fillable import Fillable, as_present, as_value, fillable, on_fillable
from autodiff._core.ndarray import operations
from autodiff._core.record import value_of
from autodiff._core.table import operation
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Shape, Value

# -- of constants ----------------------------------------------------------------------------


def _creates(function: Function) -> None:
    @operation(function)
    def create(*args: Any, **kwargs: Any) -> Fillable:
        return fillable(function(*args, **kwargs))


for _function in (
    *(np.zeros, np.ones, np.eye, np.identity, np.tri, np.arange),
    *(np.frombuffer, np.fromstring, np.fromfile, np.loadtxt, np.genfromtxt),
):
    _creates(_function)


@operation(np.empty)
def _empty(shape: Any, dtype: DTypeLike = float, order: Any = "C") -> Fillable:
    return fillable(np.zeros(shape, dtype, order))


@operation(np.full)
def _full(
    shape: Any, fill_value: Any, dtype: DTypeLike | None = None, order: Any = "C"
) -> Fillable:
    fill_value = as_value(fill_value)
    dtype = _type_of(fill_value) if dtype is None else dtype
    out = fillable(np.zeros(shape, dtype, order))
    out[...] = fill_value
    return out


def _creates_like(function: Function, value: Any) -> None:
    @operation(function)
    def create(
        a: Value,
        dtype: DTypeLike | None = None,
        order: Any = "K",
        subok: bool = True,
        shape: Any = None,
    ) -> Any:
        constants = _like(a, dtype, order, shape)
        constants[...] = value
        return fillable(constants)


_creates_like(np.zeros_like, 0)
_creates_like(np.empty_like, 0)
_creates_like(np.ones_like, 1)


@operation(np.full_like)
def _full_like(
    a: Value,
    fill_value: Any,
    dtype: DTypeLike | None = None,
    order: Any = "K",
    *,
    shape: Any = None,
) -> Any:
    out = fillable(_like(a, dtype, order, shape))
    out[...] = fill_value
    return out


def _like(a: Any, dtype: DTypeLike | None, order: Any, shape: Any) -> NDArray[Any]:
    """Return zeros of an array's shape and type, which lie in memory as its entries do."""
    value = value_of(a)
    if isinstance(value, np.ndarray):
        return np.zeros_like(value, dtype, order, subok=False, shape=shape)
    return np.zeros(
        np.shape(a) if shape is None else shape, _type_of(a) if dtype is None else dtype
    )


# -- of entries ------------------------------------------------------------------------------


@operation(np.array)
def array(
    object: Any,
    dtype: DTypeLike | None = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    ndmin: int = 0,
) -> Any:
    """Return an array of a Tensor's entries, or of nested lists of Tensors, arrays and numbers."""
    if not copy:
        return operations[np.asarray](object, dtype)
    object = as_present(object)
    if isinstance(object, Tensor) and object.ndim >= ndmin:
        return _full_like(object, object, dtype, order)
    shape = _shape(object)
    if dtype is None:
        types = {_type_of(leaf) for _, leaf in _leaves(object)}
        dtype = np.result_type(*types) if types else float
    out = fillable(np.zeros(shape, dtype))
    for place, leaf in _leaves(object):
        out[place] = leaf
    return out.reshape((1,) * (ndmin - out.ndim) + shape) if ndmin > out.ndim else out


@operation(np.copy)
def _copy(a: Value, order: str = "K") -> Any:
    return array(a, order=order)


def _leaves(x: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield what stands in nested lists, with its place."""
    if isinstance(x, list | tuple):
        for i, part in enumerate(x):
            yield from _leaves(part, (*place, i))
    else:
        yield place, x


def _shape(x: Any) -> Shape:
    """Return the shape of the array that nested lists make."""
    if not isinstance(x, list | tuple):
        return np.shape(x)
    shapes = [_shape(part) for part in x]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                "np.array takes lists of equal lengths and arrays of equal shapes side by side, "
                f"but the first has shape {shapes[0]} and number {i} has {shape}"
            )
    return (len(x), *(shapes[0] if shapes else ()))


def _type_of(x: Any) -> Any:
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def _takes_as_array(function: Function, ndmin: int = 0) -> None:
    """State one of NumPy's functions that return an array itself, and make one of all else."""

    @operation(function)
    def as_array(a: Any, dtype: DTypeLike | None = None, *, requirements: Any = None) -> Any:
        is_array = isinstance(a, Tensor | np.ndarray) and (dtype is None or a.dtype == dtype)
        return a if is_array and a.ndim >= ndmin else array(a, dtype, ndmin=ndmin)

    on_fillable[function] = as_array


_takes_as_array(np.asarray)
_takes_as_array(np.asanyarray)
_takes_as_array(np.require)
_takes_as_array(np.ascontiguousarray, ndmin=1)
_takes_as_array(np.asfortranarray, ndmin=1)


@operation(np.fromfunction)
def _fromfunction(function: Function, shape: Any, *, dtype: DTypeLike = float, **more: Any) -> Any:
    return array(function(*np.indices(shape, dtype=dtype), **more))


@operation(np.fromiter)
def _fromiter(iter: Iterable[Any], dtype: DTypeLike, count: int = -1) -> Any:
    entries = list(iter) if count < 0 else list(islice(iter, count))
    if len(entries) < count:
        raise ValueError(f"np.fromiter got {len(entries)} entries, not {count}")
    return array(entries, dtype)
