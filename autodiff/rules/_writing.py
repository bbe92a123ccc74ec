"""What writes into an array that can be filled, and what NumPy answers with views of an array."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autodiff._core.fillable import Fillable, as_present, as_value, makes_view, on_fillable
from autodiff._core.fillable_interface import Flat, places_at
from autodiff._core.record import value_of
from autodiff._core.scatter import scatter
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


# -- ufuncs ----------------------------------------------------------------------------------


# What makes one of two values that are written to one place, one after the other.
_COMBINED_BY = {np.divide: np.multiply} | {
    ufunc: ufunc for ufunc in (np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp)
}
FEW = 8  # so often may a place be named to be written to each time, with NumPy's very digits


def _most_repeats(places: Any) -> int:
    return int(np.unique(places, return_counts=True)[1].max(initial=0))


def _combine(ufunc: np.ufunc, places: Any, values: Value) -> tuple[Any, Value]:
    """Return places that are named once each, with what is made of all values for each."""
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    while len(places) > 1 and (places[1:] == places[:-1]).any():  # in halves
        first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
        lengths = np.diff(np.append(first, len(places)))
        ranks = np.arange(len(places)) - np.repeat(first, lengths)
        kept = np.flatnonzero(ranks % 2 == 0)
        partner = np.minimum(kept + 1, len(places) - 1)
        has_partner = (partner > kept) & (places[partner] == places[kept])
        both = ufunc(values[kept], values[np.where(has_partner, partner, kept)])
        places, values = places[kept], np.where(has_partner, both, values[kept])
    return places, values


@_writes(np.ufunc.at)
def _at(ufunc: np.ufunc, a: Fillable, indices: Any, b: Value = None) -> None:
    """Write ufunc(entry, b) to each place, once for each time that it is named."""
    key = _key(indices)
    if makes_view(key):
        others = () if b is None else (as_value(b),)
        a[key] = ufunc(as_present(a[key]), *others)
        return
    places = places_at(a.shape, key)
    flat = places.ravel()
    if b is not None:
        b = np.ravel(np.broadcast_to(as_value(b), places.shape))
    entries = Flat(a)
    if ufunc in (np.add, np.subtract):
        distinct, which = np.unique(flat, return_inverse=True)
        sums = scatter(b, ((..., which),), (1,), distinct.shape)
        entries[distinct] = ufunc(entries[distinct], sums)
        return
    if ufunc in _COMBINED_BY and b is not None and _most_repeats(flat) > FEW:
        flat, b = _combine(_COMBINED_BY[ufunc], flat, b)
    rest = np.arange(flat.size)
    while rest.size:  # as many rounds as a place is named
        distinct, first = np.unique(flat[rest], return_index=True)
        others = () if b is None else (b[rest[first]],)
        entries[distinct] = ufunc(entries[distinct], *others)
        rest = np.delete(rest, first)


def _key(key: Any) -> Any:
    if type(key) is tuple:
        return tuple(map(_key, key))
    return value_of(as_present(key))


@_writes(np.ufunc)
def _into(ufunc: np.ufunc, method: str, args: Any, kwargs: Any) -> Any:
    """Compute a ufunc, and write what it gives into the arrays of ``out=``."""
    outs = kwargs.pop("out")
    args = as_present(args)
    where = value_of(as_present(kwargs.pop("where", True)))
    if method != "__call__":
        more = {} if where is True else {"where": where}
        return outs[0].take_result(getattr(ufunc, method)(*args, **more, **kwargs))
    if where is not True:
        return _into_some(ufunc, args, kwargs, outs, where)
    results = _as_tuple(ufunc(*args, **kwargs))
    fitting = [
        _fitting(out, result) for out, result in zip(outs, results, strict=True)
    ]  # all of them, before one is written
    for out, result in zip(outs, fitting, strict=True):
        if out is not None:
            out[...] = result
    done = tuple(
        [result if out is None else out for out, result in zip(outs, results, strict=True)]
    )
    return done if len(done) > 1 else done[0]


def _fitting(out: Any, result: Any) -> Any:
    """Return a ufunc's result as it fits into an array, which may be larger."""
    if not isinstance(out, Fillable):
        return result
    wider = np.shape(result) != out.shape
    return out.fitting(np.broadcast_to(result, out.shape) if wider else result)


def _into_some(ufunc: np.ufunc, args: Any, kwargs: Any, outs: Any, where: Any) -> Any:
    """Compute a ufunc where a condition holds, and write it there."""
    shape = np.broadcast_shapes(
        *map(np.shape, args), np.shape(where), *(out.shape for out in outs if out is not None)
    )
    mask = np.broadcast_to(where, shape)
    results = _as_tuple(ufunc(*[np.broadcast_to(x, shape)[mask] for x in args], **kwargs))
    if any(out is None for out in outs):
        raise TypeError(f"np.{ufunc.__name__} with where= takes an array for each result in out=")
    fitting = [out[mask].copy().fitting(result) for out, result in zip(outs, results, strict=True)]
    for out, result in zip(outs, fitting, strict=True):
        out[mask] = result
    return outs if len(outs) > 1 else outs[0]


def _as_tuple(x: Any) -> Any:
    return x if type(x) is tuple else (x,)
