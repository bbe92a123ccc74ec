"""The methods of ufuncs: reduce, accumulate, outer and at, and where they write by ``out=``.

Imported last, for it reads the table.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.fillable import (
    Fillable,
    as_present,
    as_value,
    makes_view,
    on_fillable,
    plain_key,
)
from autodiff._core.fillable_interface import Flat, places_at
from autodiff._core.ndarray import operations
from autodiff._core.record import value_of
from autodiff._core.scatter import scatter
from autodiff._core.table import operation, without_derivative
from autodiff._core.types import Axes, Function, Value
from autodiff.rules._neural import logsumexp
from autodiff.rules._shapes import from_end, operands

# Along axis 0, where NumPy's functions of the same kind take all axes.


def _reduces(ufunc: np.ufunc, function: Function) -> None:
    @operation(ufunc.reduce)
    def reduce(
        array: Value, axis: Axes = 0, dtype: DTypeLike | None = None, **options: Any
    ) -> Value:
        array = array if dtype is None else array.astype(dtype)
        return function(array, axis=axis, **options)


def _accumulates(ufunc: np.ufunc, function: Function) -> None:
    @operation(ufunc.accumulate)
    def accumulate(array: Value, axis: int = 0, dtype: DTypeLike | None = None) -> Value:
        return function(array if dtype is None else array.astype(dtype), axis=axis)


def _log_sum_exp(
    x: Value, axis: Axes, *, keepdims: bool = False, initial: Value = None, where: Value = True
) -> Value:
    x = x if where is True else np.where(where, x, -np.inf)
    total = logsumexp(x, axis, keepdims=keepdims)
    return total if initial is None else np.logaddexp(total, initial)


def _log2_sum_exp2(x: Value, axis: Axes, *, initial: Value = None, **options: Any) -> Value:
    initial = None if initial is None else initial * math.log(2)
    return _log_sum_exp(x * math.log(2), axis, initial=initial, **options) / math.log(2)


def _running_extremum(ufunc: np.ufunc) -> Function:
    """Take each entry from where it was reached; of equal ones from the latest."""

    def extremum(x: Value, axis: int) -> Value:
        value = value_of(x)
        (axis,) = from_end(axis, value.ndim)
        positions = np.arange(value.shape[axis]).reshape((-1,) + (1,) * (-axis - 1))
        reached = (value == ufunc.accumulate(value, axis)) | np.isnan(value)
        latest = np.maximum.accumulate(np.where(reached, positions, 0), axis)
        return np.take_along_axis(x, latest, axis)

    return extremum


_reduces(np.add, np.sum)
_reduces(np.multiply, np.prod)
_reduces(np.maximum, np.max)
_reduces(np.minimum, np.min)
_reduces(np.fmax, np.nanmax)
_reduces(np.fmin, np.nanmin)
_reduces(np.logaddexp, _log_sum_exp)
_reduces(np.logaddexp2, _log2_sum_exp2)
_accumulates(np.add, np.cumsum)
_accumulates(np.multiply, np.cumprod)
_accumulates(np.maximum, _running_extremum(np.maximum))
_accumulates(np.minimum, _running_extremum(np.minimum))

for _ufunc in (
    *(np.logical_and, np.logical_or, np.logical_xor),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm),
):
    without_derivative(_ufunc.reduce)
    without_derivative(_ufunc.accumulate)


def _has_outer(ufunc: np.ufunc) -> None:
    if ufunc.signature is not None:
        return  # not elementwise

    @operation(ufunc.outer)
    def outer(a: Value, b: Value, **options: Any) -> Value:
        a, b = operands([a, b])
        return ufunc(a[(..., *(None,) * b.ndim)], b, **options)


for _function in list(operations):
    if isinstance(_function, np.ufunc) and (_function.nin, _function.nout) == (2, 1):
        _has_outer(_function)


# -- what writes into an array that can be filled -----------------------------------------------


# What makes one of two values that are written to one place, one after the other.
_COMBINED_BY = {np.divide: np.multiply} | {
    ufunc: ufunc for ufunc in (np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp)
}
FEW = 8  # so often may a place be named to be written to each time, with NumPy's very digits


def _in_type_of(ufunc: np.ufunc, a: Fillable, b: Value) -> tuple[Value, bool]:
    """Return operands in the type that a ufunc computes in, and whether the array has that type."""
    types = ufunc.resolve_dtypes((a.dtype, b.dtype, None), casting="unsafe")
    return b.astype(types[1]), types[0] == types[1] == types[2] == a.dtype


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


def _at(ufunc: np.ufunc, a: Fillable, indices: Any, b: Value = None) -> None:
    """Write ufunc(entry, b) to each place, once for each time that it is named."""
    key = plain_key(indices)
    if makes_view(key):
        others = () if b is None else (as_value(b),)
        a[key] = ufunc(as_present(a[key]), *others)
        return
    places = places_at(a.shape, key)
    flat, in_one_type = places.ravel(), False
    if b is not None:
        b = np.ravel(np.broadcast_to(as_value(b), places.shape))
        b, in_one_type = _in_type_of(ufunc, a, b)
    entries = Flat(a)
    if ufunc in (np.add, np.subtract) and in_one_type:
        distinct, which = np.unique(flat, return_inverse=True)
        sums = scatter(b, ((..., which),), (1,), distinct.shape)
        entries[distinct] = ufunc(entries[distinct], sums)
        return
    if ufunc in _COMBINED_BY and in_one_type and _most_repeats(flat) > FEW:
        with np.errstate(all="ignore"):
            once, combined = _combine(_COMBINED_BY[ufunc], flat, b)
        if np.all(np.isfinite(value_of(combined))):  # else one of them was out of range alone
            flat, b = once, combined
    rest = np.arange(flat.size)
    while rest.size:  # as many rounds as a place is named
        distinct, first = np.unique(flat[rest], return_index=True)
        others = () if b is None else (b[rest[first]],)
        entries[distinct] = ufunc(entries[distinct], *others)
        rest = np.delete(rest, first)


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


on_fillable[np.ufunc.at] = _at
on_fillable[np.ufunc] = _into
