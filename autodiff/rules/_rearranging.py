"""Functions that turn, repeat, sort, insert and remove entries.

The common ones are ops; the others let NumPy move the numbers of the entries, and read by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autodiff._core.array_kinds import open_to, refuse_lazy
from autodiff._core.constants_like import constants_like, ones_like
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.record import value_of
from autodiff._core.table import linear, operation
from autodiff._core.types import Axes, Value
from autodiff.rules._joining import concatenate
from autodiff.rules._shapes import as_array, from_end, operands

_ALL = slice(None)

# -- turning ---------------------------------------------------------------------------------

_flip_op = linear(np.flip, lambda g, out, x, axes: np.flip(g, axes), kind=Nonnegative)
_roll_op = linear(
    np.roll,
    lambda g, out, x, shifts, axes: np.roll(g, tuple(-s for s in shifts), axes),
    kind=Nonnegative,
)


@operation(np.flip)
def _flip(m: Value, axis: Axes = None) -> Value:
    return _flip_op(m, from_end(axis, m.ndim))


@operation(np.flipud)
def _flipud(m: Value) -> Value:
    return _flip(m, 0)


@operation(np.fliplr)
def _fliplr(m: Value) -> Value:
    return _flip(m, 1)


@operation(np.roll)
def _roll(a: Value, shift: Any, axis: Axes = None) -> Value:
    if axis is None:
        return _roll(np.ravel(a), shift, 0).reshape(a.shape)
    shifts, axes = np.broadcast_arrays(np.atleast_1d(value_of(shift)), axis)
    negative = (normalize_axis_index(i, a.ndim) - a.ndim for i in axes.tolist())
    return _roll_op(a, tuple(shifts.tolist()), tuple(negative))


@operation(np.rot90)
def _rot90(m: Value, k: int = 1, axes: Any = (0, 1)) -> Value:
    first, second = from_end(axes, m.ndim)
    match k % 4:
        case 0:
            return m
        case 1:
            return np.swapaxes(_flip(m, second), first, second)
        case 2:
            return _flip(m, (first, second))
    return _flip(np.swapaxes(m, first, second), second)


# -- repeating -------------------------------------------------------------------------------


@operation(np.repeat)
def _repeat(a: Value, repeats: Any, axis: int | None = None) -> Value:
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    repeats = as_array(value_of(repeats))
    if repeats.size > 1:
        places = open_to(np.arange(a.shape[axis]), repeats)
        return np.take(a, np.repeat(places, repeats), axis)
    before, length, after = a.shape[:axis], a.shape[axis], a.shape[axis + 1 :]
    times = int(repeats.item())
    copies = np.broadcast_to(np.expand_dims(a, axis + 1), (*before, length, times, *after))
    return np.reshape(copies, (*before, length * times, *after))


@operation(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    reps = np.atleast_1d(value_of(reps)).tolist()
    lengths = (1,) * (len(reps) - np.ndim(A)) + np.shape(A)
    reps = [1] * (len(lengths) - len(reps)) + reps
    apart = np.reshape(A, tuple(n for length in lengths for n in (1, length)))
    pairs = list(zip(reps, lengths, strict=True))
    copies = np.broadcast_to(apart, tuple(n for pair in pairs for n in pair))
    return np.reshape(copies, tuple(times * length for times, length in pairs))


@operation(np.resize)
def _resize(a: Value, new_shape: Any) -> Value:
    if not a.size:
        return np.broadcast_to(np.sum(a), new_shape)  # zeros
    return np.ravel(a)[np.resize(np.arange(a.size), new_shape)]


# -- inserting and removing ------------------------------------------------------------------


@operation(np.append)
def _append(arr: Value, values: Value, axis: int | None = None) -> Value:
    return concatenate([arr, values], axis)


@operation(np.insert)
def _insert(arr: Value, obj: Any, values: Value, axis: int | None = None) -> Value:
    arr, values = operands([arr, values])
    if axis is None:
        arr, axis = np.ravel(arr), 0
    numbers = np.arange(arr.size + values.size)
    places = np.insert(
        numbers[: arr.size].reshape(arr.shape),
        value_of(obj),
        numbers[arr.size :].reshape(values.shape),
        axis,
    )
    return concatenate([np.ravel(arr), np.ravel(values).astype(arr.dtype)])[places]


@operation(np.delete)
def _delete(arr: Value, obj: Any, axis: int | None = None) -> Value:
    if axis is None:
        arr, axis = np.ravel(arr), 0
    length = arr.shape[normalize_axis_index(axis, arr.ndim)]
    return np.take(arr, np.delete(np.arange(length), value_of(obj)), axis)


@operation(np.trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb", axis: Axes = None) -> Any:
    if trim.lower() not in ("fb", "bf", "f", "b"):
        raise ValueError(f"np.trim_zeros trims 'f', 'b' or 'fb' (front and back), not {trim!r}")
    kept = [_ALL] * filt.ndim
    nonzero = np.nonzero(filt)
    for i in from_end(axis, filt.ndim):
        places = nonzero[i]
        start = places.min() if "f" in trim.lower() and places.size else None
        stop = places.max() + 1 if "b" in trim.lower() and places.size else None
        kept[i] = slice(start, stop if places.size else 0)
    return filt[tuple(kept)]


# -- sorting: the derivative follows each entry to its place ---------------------------------


IN_ORDER = "np.sort and np.partition are", "give an array in memory, as x.compute()"


@operation(np.sort)
def _sort(
    a: Value, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None
) -> Value:
    refuse_lazy(*IN_ORDER, value_of(a))
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argsort(a, axis, "stable" if stable else kind), axis)


@operation(np.partition)
def _partition(a: Value, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Value:
    refuse_lazy(*IN_ORDER, value_of(a))
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argpartition(a, kth, axis, kind), axis)


@operation(np.sort_complex)
def _sort_complex(a: Value) -> Value:
    return _sort(a).astype(np.result_type(a, np.complex64))


# -- grids and matrices ----------------------------------------------------------------------


@operation(np.tril)
def _tril(m: Value, k: int = 0) -> Value:
    return np.where(_triangle(m, k), m, 0)


@operation(np.triu)
def _triu(m: Value, k: int = 0) -> Value:
    return np.where(_triangle(m, k - 1), 0, m)


def _triangle(m: Value, k: int) -> Value:
    """Return the mask of the entries on and below a diagonal."""
    rows, columns = m.shape[-2:] if m.ndim > 1 else 2 * m.shape
    return constants_like(m, np.tri(rows, columns, k, dtype=bool))


@operation(np.meshgrid)
def _meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid has the indexing 'xy' or 'ij', not {indexing!r}")
    order = list(range(len(xi)))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    grid = tuple(
        np.reshape(x, tuple(-1 if i == axis else 1 for i in range(len(xi))))
        for x, axis in zip(operands(xi), order, strict=True)
    )
    return grid if sparse else np.broadcast_arrays(*grid)


@operation(np.vander)
def _vander(x: Value, N: int | None = None, increasing: bool = False) -> Value:
    if x.ndim != 1:
        raise ValueError(f"np.vander takes an array with one axis, not of shape {x.shape}")
    powers = [ones_like(x)]
    for _ in range((len(x) if N is None else N) - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers if increasing else powers[::-1], axis=-1)


# -- functions of slices ---------------------------------------------------------------------


@operation(np.apply_along_axis)
def _apply_along_axis(func1d: Any, axis: int, arr: Value, *args: Any, **kwargs: Any) -> Value:
    axis = normalize_axis_index(axis, arr.ndim)
    slices = np.moveaxis(arr, axis, -1)
    loop = slices.shape[:-1]
    if 0 in loop:
        raise ValueError(f"np.apply_along_axis has no slice along axis {axis} of {arr.shape}")
    stacked = np.stack([func1d(slices[i], *args, **kwargs) for i in np.ndindex(*loop)])
    results = np.reshape(stacked, loop + stacked.shape[1:])
    own = range(len(loop), results.ndim)
    return np.moveaxis(results, own, [axis + i - len(loop) for i in own])


@operation(np.apply_over_axes)
def _apply_over_axes(func: Any, a: Value, axes: Any) -> Value:
    for axis in np.atleast_1d(axes).tolist():
        axis = normalize_axis_index(axis, a.ndim)
        result = func(a, axis)
        a = result if result.ndim == a.ndim else np.expand_dims(result, axis)
    return a
