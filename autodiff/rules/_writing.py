"""What writes into an array that can be filled, and what NumPy answers with views of an array."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autodiff._core.fillable import Fillable, as_present, as_value, on_fillable
from autodiff._core.fillable_interface import Flat
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Value
from autodiff.rules._indexing import _in_range

# -- views -----------------------------------------------------------------------------------


def _views(function: Function) -> None:
    name = next(iter(signature(function).parameters))

    def view(*args: Any, **kwargs: Any) -> Any:
        a = args[0] if args else kwargs.pop(name)
        of_tensor = {k: v for k, v in kwargs.items() if k not in ("subok", "writeable")}

        def view_of(x: Any) -> Any:
            return function(x, *args[1:], **(of_tensor if type(x) is Tensor else kwargs))

        return a.viewed_by(view_of)

    on_fillable[function] = view


for _function in (
    *(np.transpose, np.matrix_transpose, np.reshape, np.ravel, np.squeeze, np.expand_dims),
    *(np.swapaxes, np.moveaxis, np.rollaxis),
    *(np.diagonal, np.diag, np.flip, np.fliplr, np.flipud, np.rot90, np.broadcast_to),
    *(np.array_split, np.split, np.hsplit, np.vsplit, np.dsplit),
    *(np.lib.stride_tricks.sliding_window_view,),
    *((np.unstack,) if hasattr(np, "unstack") else ()),
):
    _views(_function)


def _views_each(function: Function) -> None:
    def views(*arys: Any) -> Any:
        found = tuple(
            [a.viewed_by(function) if isinstance(a, Fillable) else function(a) for a in arys]
        )
        return found if len(found) > 1 else found[0]

    on_fillable[function] = views


def _broadcast_arrays(*args: Any, **subok: Any) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple([np.broadcast_to(x, shape) for x in args])


on_fillable[np.broadcast_arrays] = _broadcast_arrays
for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    _views_each(_function)


def _trim_zeros(filt: Fillable, trim: Any = "fb", **axis: Any) -> Any:
    values = value_of(filt.at_present())
    if values.ndim != 1:
        return np.copy(np.trim_zeros(filt.at_present(), trim, **axis))
    front, back = (
        len(values) - len(np.trim_zeros(values, end)) if end in trim.lower() else 0
        for end in ("f", "b")
    )
    return filt[front : max(front, len(values) - back)]


on_fillable[np.trim_zeros] = _trim_zeros
on_fillable[np.real] = lambda val: val.real
on_fillable[np.imag] = lambda val: val.imag
on_fillable[np.real_if_close] = lambda a, tol=100: (
    np.real_if_close(a.at_present(), tol) if a.dtype.kind == "c" else a
)
on_fillable[np.size] = lambda a, axis=None: np.size(a._constants, axis)
on_fillable[np.shape] = lambda a: a.shape
on_fillable[np.ndim] = lambda a: a.ndim


# -- writers ---------------------------------------------------------------------------------


def _writes(function: Function) -> Callable[[Function], Function]:
    def register(implementation: Function) -> Function:
        on_fillable[function] = implementation
        return implementation

    return register


@_writes(np.copyto)
def _copyto(dst: Fillable, src: Value, casting: str = "same_kind", where: Value = True) -> None:
    src = as_value(src)
    given = np.result_type(value_of(src))
    if not np.can_cast(given, dst.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"np.copyto from {given} to {dst.dtype} is no cast of the kind {casting!r}")
    _write_where(dst, src, where)


def _write_where(a: Fillable, v: Value, where: Value) -> None:
    """Write the entries of a value where a condition holds."""
    where = value_of(as_present(where))
    if where is True:
        a[...] = v
    else:
        mask = np.broadcast_to(where, a.shape)
        v = np.reshape(v, np.shape(v)[max(np.ndim(v) - a.ndim, 0) :])  # as setting does
        a[mask] = np.broadcast_to(v, a.shape)[mask]


@_writes(np.put)
def _put(a: Fillable, ind: Any, v: Value, mode: str = "raise") -> None:
    places = np.ravel(_in_range(as_present(ind), a.size, mode))
    if places.size:
        Flat(a)[places] = v


@_writes(np.put_along_axis)
def _put_along_axis(arr: Fillable, indices: Any, values: Value, axis: int | None = None) -> None:
    if axis is None:
        Flat(arr)[np.ravel(value_of(as_present(indices)))] = np.broadcast_to(
            as_value(values), np.shape(indices)
        )
        return
    places = np.asarray(value_of(as_present(indices)))
    if places.ndim != arr.ndim:
        raise ValueError(
            "np.put_along_axis needs as many axes in the indices, of shape "
            f"{places.shape}, as in the array, of shape {arr.shape}"
        )
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in arr.shape)])
    grid[normalize_axis_index(axis, arr.ndim)] = places
    arr[tuple(grid)] = values


@_writes(np.fill_diagonal)
def _fill_diagonal(a: Fillable, val: Value, wrap: bool = False) -> None:
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap=wrap)
    Flat(a)[np.flatnonzero(marked)] = val


@_writes(np.place)
def _place(arr: Fillable, mask: Any, vals: Value) -> None:
    places, vals = np.flatnonzero(_mask_of(arr, mask, "place")), as_value(vals)
    if places.size and not np.size(vals):
        raise ValueError("np.place cannot insert from an empty array")
    if places.size:
        Flat(arr)[places] = vals


@_writes(np.putmask)
def _putmask(a: Fillable, mask: Any, values: Value) -> None:
    mask, values = _mask_of(a, mask, "putmask").reshape(a.shape), as_value(values)
    if np.size(values):
        a[mask] = np.resize(values, a.shape)[mask]


def _mask_of(a: Fillable, mask: Any, name: str) -> Any:
    mask = np.asarray(value_of(as_present(mask)), bool)
    if mask.size != a.size:
        raise ValueError(
            f"np.{name} takes a mask with an entry for each of the array's, which has shape "
            f"{a.shape}, but got one of shape {mask.shape}"
        )
    return mask


@_writes(np.nan_to_num)
def _nan_to_num(x: Fillable, copy: bool = True, nan: Any = 0.0, *args: Any, **more: Any) -> Value:
    result = np.nan_to_num(x.at_present(), True, nan, *args, **more)
    return result if copy else x.take_result(result)
