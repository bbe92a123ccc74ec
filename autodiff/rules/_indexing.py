"""Reading entries by a key: integers, slices, arrays of integers or booleans, in any mixture.

And the counterpart of writing: a new Tensor with other entries there.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import at_present, is_array, is_lazy, is_plain, open_to, refuse_lazy
from autodiff._core.constant_arrays import read_only
from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.ndarray import Entries
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.op import Each
from autodiff._core.record import value_of
from autodiff._core.scatter import Key, read, scatter
from autodiff._core.table import linear, operation
from autodiff._core.tensor import Tensor, constant
from autodiff._core.types import Function, Shape, Value
from autodiff.rules._shapes import as_array, operands

_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})
_KNOWN = frozenset({*_BASIC, bool})  # all that stands in a plain key beside index arrays
_ALL = slice(None)


@operation(operator.getitem)
def _getitem(x: Value, key: Any) -> Value:
    rank = x._value.ndim
    if (type(key) is int or type(key) is slice) and rank:  # the commonest, in half the time
        return read(x, (..., key, *(_ALL,) * (rank - 1)))
    keys = list(key) if type(key) is tuple else [key]
    if _BASIC.issuperset(map(type, keys)):
        return read(x, (..., *_part_for_each_axis(keys, x.shape)))
    keys = [_plain(k) for k in keys]
    if bool in map(type, keys):
        return np.ravel(x)[_numbers(x, keys)]
    keys = _part_for_each_axis(_without_masks(keys, x.shape), x.shape)
    apart = _has_arrays_apart(keys)
    keys = [k for k in keys if k is not Ellipsis]
    return _read_apart(x, keys) if apart else read(x, (..., *keys))


def _read_apart(x: Value, keys: list[Any]) -> Value:
    """Read by index arrays that stand apart: NumPy puts their axes in front of all others."""
    advanced = [i for i, k in enumerate(keys) if type(k) is int or type(k) not in _KNOWN]
    x = read(x, (..., *(_ALL if i in advanced else k for i, k in enumerate(keys))))
    x = np.moveaxis(x, advanced, range(len(advanced)))
    return read(x, (..., *(keys[i] for i in advanced), *(_ALL,) * (x.ndim - len(advanced))))


def _has_arrays_apart(keys: list[Any]) -> bool:
    """Whether something stands between a key's index arrays, among which its integers count."""
    advanced = [i for i, k in enumerate(keys) if type(k) is int or type(k) not in _KNOWN]
    return any(map(_is_array, keys)) and advanced[-1] - advanced[0] >= len(advanced)


def _numbers(x: Value, keys: list[Any]) -> Value:
    """Return the numbers of the entries at a key: NumPy itself says which they are."""
    try:
        return open_to(np.arange(x.size).reshape(x.shape), *keys)[tuple(keys)]
    except IndexError as error:
        raise IndexError(f"a key that does not fit a Tensor of shape {x.shape}: {error}") from None


def _part_for_each_axis(keys: list[Any], shape: Shape) -> list[Any]:
    """Return a key as integers, slices, index arrays and None, with a part for every axis.

    Without an Ellipsis, it counts from the end as well. One that stands for no axis stays beside
    index arrays, which it keeps apart.
    """
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > len(shape):
        raise IndexError(f"{used} indices for a Tensor of shape {shape}")
    rest = [_ALL] * (len(shape) - used)
    for i, k in enumerate(keys):
        if k is Ellipsis:
            none = [k] if any(map(_is_array, keys)) else []
            return keys[:i] + (rest or none) + keys[i + 1 :]
    return keys + rest


def _plain(key: Any) -> Any:
    key = value_of(at_present(key))
    if type(key) in _BASIC:
        return key
    array = key if is_array(key) else np.asarray(key)
    if array.size == 0 and not hasattr(key, "dtype"):
        array = array.astype(np.intp)
    if array.dtype.kind not in "iub":
        raise IndexError(f"a Tensor is indexed by integers, slices and masks, not by {key!r:.60}")
    return read_only(array) if array.ndim or not is_plain(array) else array.item()


def _is_mask(key: Any) -> bool:
    return _is_array(key) and key.dtype.kind == "b"


def _is_array(key: Any) -> bool:
    """Whether a part of a plain key is an array, not a number that stands in for an integer."""
    return type(key) not in _KNOWN and key.ndim > 0


def _without_masks(keys: list[Any], shape: Shape) -> list[Any]:
    """Return a key with the indices of its true entries in place of each mask."""
    if not any(map(_is_mask, keys)):
        return keys
    spans = [k.ndim if _is_mask(k) else int(k is not None and k is not Ellipsis) for k in keys]
    parts: list[Any] = []
    axis = 0
    for k, span in zip(keys, spans, strict=True):
        if _is_mask(k) and k.shape != shape[axis : axis + span]:
            raise IndexError(
                f"a mask of shape {k.shape} on axis {axis} of a Tensor of shape {shape}: their "
                "lengths differ"
            )
        parts += k.nonzero() if _is_mask(k) else [k]
        axis += len(shape) - sum(spans) if k is Ellipsis else span
    return parts


# -- along an axis ---------------------------------------------------------------------------


@operation(np.take)
def _take(a: Value, indices: Value, axis: int | None = None, *, mode: str = "raise") -> Value:
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    return a[(*(_ALL,) * axis, _in_range(indices, a.shape[axis], mode))]


def _in_range(indices: Value, length: int, mode: str) -> Value:
    """Return integers as the indices that NumPy's ``mode`` makes of them."""
    places = as_array(value_of(indices))
    if mode == "wrap":
        return places % length
    if mode == "clip":
        return np.clip(places, 0, length - 1)
    if mode != "raise":
        raise ValueError(f"indices out of range are for 'raise', 'wrap' or 'clip', not {mode!r}")
    return places


@operation(np.take_along_axis)
def _take_along_axis(arr: Value, indices: Value, axis: int | None = -1) -> Value:
    places = as_array(value_of(indices))
    if axis is None:
        arr, axis = np.ravel(arr), 0
    if places.ndim != arr.ndim:
        raise ValueError(
            f"np.take_along_axis needs as many axes in the indices, of shape {places.shape}, as in "
            f"the array, of shape {arr.shape}"
        )
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in arr.shape)])
    grid[axis] = places
    return arr[tuple(grid)]


@operation(np.compress)
def _compress(condition: Value, a: Value, axis: int | None = None) -> Value:
    places = np.flatnonzero(value_of(condition))
    return np.take(open_to(as_array(a), places), places, axis)


@operation(np.extract)
def _extract(condition: Value, arr: Value) -> Value:
    return np.compress(np.ravel(value_of(condition)), arr)


@operation(np.choose)
def _choose(a: Value, choices: Value, *, mode: str = "raise") -> Value:
    chosen = constant(_in_range(a, len(choices), mode))
    if np.any(chosen < 0) or np.any(chosen >= len(choices)):
        raise ValueError(f"np.choose among {len(choices)} arrays got a number beyond them")
    choices = [c if np.isscalar(c) else operands([c])[0] for c in choices]
    out = choices[0]
    for number, choice in enumerate(choices):
        out = np.where(chosen == number, choice, out)
    return out


# -- diagonals -------------------------------------------------------------------------------


def _diagonal_places(rows: int, columns: int, offset: int) -> tuple[Value, Value]:
    """Return the row and the column of each entry on a diagonal."""
    below, beyond = max(-offset, 0), max(offset, 0)
    places = np.arange(min(rows - below, columns - beyond))
    return places + below, places + beyond


@operation(np.diagonal)
def _diagonal(a: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    row, column = _diagonal_places(rows, columns, offset)
    if is_lazy(value_of(a)):  # Dask's arrays are not read by pairs of places
        return _entry_of_each_row(a, offset)[..., max(-offset, 0) :][..., : len(row)]
    return a[(..., row, column)]


def _entry_of_each_row(a: Value, offset: int) -> Value:
    """Return of each row its entry on a diagonal, 0 where it has none."""
    rows, columns = (constants_like(a, np.arange(n)) for n in a.shape[-2:])
    return np.sum(np.where(rows[:, None] + offset == columns, a, 0), axis=-1)


@operation(np.trace)
def _trace(
    a: Value, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None
) -> Value:
    return np.sum(_diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@operation(np.diag)
def _diag(v: Value, k: int = 0) -> Value:
    if v.ndim == 2:
        return _diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"np.diag takes an array with one or two axes, not of shape {v.shape}")
    length = len(v) + abs(k)
    key = (..., *_diagonal_places(length, length, k))
    return scatter(v, (key,), (1,), (length, length))


@operation(np.diagflat)
def _diagflat(v: Value, k: int = 0) -> Value:
    return _diag(np.ravel(v), k)


# -- adding up in bins -----------------------------------------------------------------------


@operation(np.bincount)
def _bincount(x: Value, weights: Value = None, minlength: int = 0) -> Value:
    """Return how often each number occurs, a constant; linear in the weights, if there are any."""
    numbers, weights = as_array(value_of(x)), None if weights is None else as_array(weights)
    instead = "give arrays in memory, as x.compute()"
    refuse_lazy("np.bincount is", instead, numbers, value_of(weights))
    counts = np.bincount(numbers, value_of(weights), minlength)
    if weights is None:
        return constant(counts)
    places = read_only(numbers.astype(np.intp))
    return scatter(weights.astype(counts.dtype), ((..., places),), (1,), counts.shape)


@operation(np.histogram)
def _histogram(
    a: Value, bins: Any = 10, range: Any = None, density: Any = None, weights: Value = None
) -> Value:
    entries, bins = np.ravel(value_of(a)), value_of(bins)
    facts = np.histogram(entries, bins, range, density, value_of(weights))
    if not (type(weights) is Tensor and weights.requires_grad):
        return facts
    edges = facts[1]
    places = np.searchsorted(edges, entries, side="right") - 1
    places = places - (entries == edges[-1])  # both ends belong to the last bin
    number = len(edges) - 1
    places = np.where((places >= 0) & (places < number), places, number)  # one more for the rest
    sums = np.bincount(places, np.ravel(weights), number + 1)[:number].astype(weights.dtype)
    return sums / np.diff(edges) / np.sum(sums) if density else sums, edges


# -- other entries in some places ------------------------------------------------------------


def _put(x: Value, entries: Any, key: Key) -> Value:
    x = open_to(x, entries, *key)
    out = x.copy() if is_lazy(x) else np.copy(x)
    if out.dtype != entries.dtype:  # as a tangent's that is real beside one that is complex
        out = out.astype(np.result_type(out, entries))
    out[key] = entries
    return out if out.ndim else out[()]


_put.__name__ = "set"
put: Function = linear(
    _put,
    Each(lambda i, g, out, x, entries, key: g[key] if i else put(g, zeros_like(g[key]), key)),
    kind=Nonnegative,
)


@operation(Entries.set)
def _set(places: Entries, v: Value) -> Value:
    x, key, entries = _places_and_entries(places, "set", v)
    if _is_array(key[-1]):
        _, from_behind = np.unique(key[-1][::-1], return_index=True)
        last = key[-1].size - 1 - from_behind
        key, entries = (..., key[-1][last]), open_to(entries, last)[last]
    return _in_shape(put(x, entries, key), places.x.shape)


@operation(Entries.add)
def _add(places: Entries, v: Value) -> Value:
    x, key, entries = _places_and_entries(places, "add", v)
    scattered = scatter(entries, (key,), (entries.ndim,), x.shape)
    return _in_shape(x + scattered, places.x.shape)


@operation(Entries.multiply)
def _multiply(places: Entries, v: Value) -> Value:
    x, key, factors = _places_and_entries(places, "multiply", v)
    if not _is_array(key[-1]):
        return _in_shape(put(x, x[key] * factors, key), places.x.shape)
    rest = open_to(np.arange(key[-1].size), key[-1])
    while rest.size:  # as many rounds as a place is repeated
        unique, first = np.unique(key[-1][rest], return_index=True)
        x = put(x, x[unique] * factors[rest[first]], (..., unique))
        rest = np.delete(rest, first)
    return _in_shape(x, places.x.shape)


def _places_and_entries(places: Entries, name: str, v: Value) -> tuple[Any, Key, Any]:
    """Return the Tensor, the places in it and ``v`` with an entry for each of them.

    Index arrays become one, into the Tensor along one axis.
    """
    x = places.x
    keys = [_plain(k) for k in (places.key if type(places.key) is tuple else [places.key])]
    numbers = _numbers(x, keys)
    number = isinstance(v, int | float | complex)
    v = np.asarray(v, np.result_type(x.dtype, v)) if number else operands([v])[0]
    if np.can_cast(v.dtype, x.dtype, "same_kind"):
        v = v.astype(x.dtype)
    else:
        x = x.astype(np.result_type(x.dtype, v.dtype))
    try:
        v = np.broadcast_to(v, numbers.shape)
    except ValueError:
        raise ValueError(
            f"x.at[...].{name}(v): there are entries of shape {numbers.shape} in these places "
            f"of x, of shape {x.shape}, which v of shape {v.shape} does not fit"
        ) from None
    if bool not in map(type, keys) and not any(map(_is_array, keys)):
        return x, (..., *_part_for_each_axis(keys, x.shape)), v
    return np.ravel(x), (..., numbers.ravel()), np.ravel(v)


def _in_shape(x: Value, shape: Shape) -> Value:
    return x if x.shape == shape else x.reshape(shape)
