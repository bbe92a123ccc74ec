"""Reading entries by a key: integers, slices, arrays of integers or booleans, in any mixture."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autodiff._op import operation, value_of
from autodiff._scatter import Key, read

_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})
_ALL = slice(None)


@operation(operator.getitem)
def _getitem(x: Any, key: Any) -> Any:
    keys = list(key) if type(key) is tuple else [key]
    if not _BASIC.issuperset(map(type, keys)):
        keys = [part for k in keys for part in _index_arrays(k)]
    keys = _spelled_out(keys, x.shape)
    advanced = [i for i, k in enumerate(keys) if isinstance(k, np.ndarray)]
    if not advanced:
        return read(x, (..., *keys))
    advanced = [i for i, k in enumerate(keys) if isinstance(k, np.ndarray | int)]
    if advanced[-1] - advanced[0] + 1 == len(advanced):
        return read(x, (..., *keys))
    # NumPy puts the axes of index arrays that stand apart in front: move their operand's there.
    x = read(x, (..., *(_ALL if i in advanced else k for i, k in enumerate(keys))))
    x = np.moveaxis(x, advanced, range(len(advanced)))
    return read(x, (..., *(keys[i] for i in advanced), *(_ALL,) * (x.ndim - len(advanced))))


def _index_arrays(key: Any) -> Key:
    """Return one part of a key in plain form; a mask becomes the indices of its true entries."""
    key = value_of(key)
    if type(key) in _BASIC:
        return (key,)
    array = np.asarray(key)
    if array.size == 0 and not hasattr(key, "dtype"):
        array = array.astype(np.intp)
    if array.dtype.kind == "b" and array.ndim:
        return array.nonzero()
    if array.dtype.kind not in "iu":
        raise IndexError(f"a Tensor is indexed by integers, slices and masks, not by {key!r:.60}")
    return (array if array.ndim else int(array),)


def _spelled_out(keys: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Return the key with a part for every axis and no Ellipsis, so that it counts from the end."""
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > len(shape):
        raise IndexError(f"{used} indices for a Tensor of shape {shape}")
    rest = [_ALL] * (len(shape) - used)
    for i, k in enumerate(keys):
        if k is Ellipsis:
            return keys[:i] + rest + keys[i + 1 :]
    return keys + rest


@operation(np.take)
def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.ravel(a)[indices]
    return a[(*(_ALL,) * normalize_axis_index(axis, a.ndim), indices)]
