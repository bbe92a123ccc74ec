"""What is known of each kind of call: whether it makes a view, writes, or allocates."""

from __future__ import annotations

import enum
import operator
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Opaque, Part, fill_in
from autodiff.compiled._program import Node
from autodiff.compiled._random import Draw


class Kind(enum.Enum):
    """What a call gives."""

    VIEW = "a view of its first input"
    NUMBER = "a number, NumPy's or Python's"
    OUT = "entries that it writes into a given array"
    NEW = "an array of its own"
    OTHER = "something that may share memory with its inputs, such as a tuple of arrays"


# Functions that write into a given array, apart from ufuncs and their reductions.
_WITH_OUT = frozenset(
    {
        *(np.where, functions.setitem, functions.add_at, functions.scatter, functions.full),
        *(functions.astype, functions.copy, functions.concatenate, functions.stack),
    }
)
# Functions whose results never share memory with their arguments.
_ALLOCATING = frozenset(
    {
        *(np.sort, np.argsort, np.argmax, np.argmin, np.cumsum, np.cumprod, np.diff, np.partition),
        *(np.argpartition, np.searchsorted, np.interp, np.take_along_axis, np.roll, np.take),
        *(np.var, np.std, np.nansum, np.nanmean, np.nanmax, np.nanmin, np.tensordot, np.kron),
        *(np.outer, np.inner, np.cross, np.linalg.inv, np.linalg.solve, np.linalg.cholesky),
        *(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.convolve, np.prod, np.mean),
        *(np.add.accumulate, np.multiply.accumulate, np.triu, np.tril, np.pad, np.repeat),
    }
)
# What may be, or contain, a view of an input.
SHARING = frozenset({Kind.VIEW, Kind.OTHER})
_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)
# Calls that write into what their first input becomes: they begin with a copy of it.
CHANGING = frozenset({functions.setitem, functions.add_at})
JOINING = frozenset({functions.concatenate, functions.stack})


def kind_of(node: Node) -> Kind:
    """Return what a node's call gives."""
    function, value = node.function, node.value
    if function is functions.getitem and is_basic(node):
        return Kind.VIEW
    if not isinstance(value, np.ndarray):
        number = isinstance(value, np.generic | float | int | complex)
        return Kind.NUMBER if number and function is not functions.item else Kind.OTHER
    if is_reduction(function) and _runs_backwards(node.inputs[0]):
        return Kind.NEW
    if is_ufunc(function) or function in _WITH_OUT or is_reduction(function):
        return Kind.OUT if value.dtype.kind in "biufc" and value.ndim else Kind.NEW
    if function in functions.VIEWS:
        return Kind.VIEW
    if function is functions.getitem:
        return Kind.NEW if _picks(node) else Kind.OTHER
    if type(function) is Draw or function is functions.weighted_gram or _is_allocating(function):
        return Kind.NEW
    return Kind.OTHER


def _runs_backwards(x: Any) -> bool:
    """Return whether an array lies in memory the other way round.

    The maximum over an axis of such a one, with out=, is wrong in NumPy 2.0.
    """
    value = x.value if type(x) is Node else x
    return isinstance(value, np.ndarray) and min(value.strides, default=0) < 0


def _is_allocating(function: Any) -> bool:
    return type(function) is Opaque and function.function in _ALLOCATING


def is_basic(node: Node) -> bool:
    """Return whether a node's key is of integers and slices that are known, so makes a view."""
    return is_static(node.options["key"]) and isinstance(node.inputs[0], Node | np.ndarray)


def _picks(node: Node) -> bool:
    """Return whether a node's key has an array of indices or a mask in it, so makes a copy.

    Integers and slices, known or computed, make a view.
    """
    key = node.options["key"]
    keys = key if type(key) is tuple else (key,)
    parts = [_value(node.inputs[1 + k.number]) if type(k) is Part else k for k in keys]
    return any(isinstance(k, bool | np.bool | list) or np.ndim(k) for k in parts if _is_index(k))


def _is_index(k: Any) -> bool:
    return k is not None and k is not Ellipsis and type(k) is not slice


def is_ufunc(function: Any) -> bool:
    """Return whether it is a ufunc with one result (of matmul too)."""
    return isinstance(function, np.ufunc) and function.nout == 1


@lru_cache(maxsize=256)
def is_reduction(function: Any) -> bool:
    """Return whether it is the method ``reduce`` of a ufunc."""
    owner = getattr(function, "__self__", None)
    return isinstance(owner, np.ufunc) and function.__name__ == "reduce"


def is_elementwise(node: Node) -> bool:
    """Return whether each entry depends on the entries at its place alone."""
    function = node.function
    if isinstance(function, np.ufunc):
        return function.nout == 1 and function.signature is None
    return function is np.where


def begins_empty(node: Node) -> bool:
    """Return whether a node writes into an array piece by piece, so does not allocate it."""
    return node.function in _WITH_OUT and node.function is not functions.full


# -- keys ------------------------------------------------------------------------------------


def render_key(key: Any, parts: Any = ()) -> str:
    """Return the text between the brackets."""
    if type(key) is tuple:
        if not key:
            return "()"
        return ", ".join(_key_item(k, parts) for k in key)
    return _key_item(key, parts)


def _key_item(k: Any, parts: Any) -> str:
    if type(k) is slice:
        start, stop, step = (
            "" if x is None else _key_item(x, parts) for x in (k.start, k.stop, k.step)
        )
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if k is Ellipsis:
        return "..."
    if type(k) is Part:
        return str(parts[k.number])
    if isinstance(k, bool | np.bool):
        return repr(bool(k))
    return "None" if k is None else str(operator.index(k))


def is_static(key: Any) -> bool:
    """Return whether a key is of integers and slices that are known."""
    keys = key if type(key) is tuple else (key,)
    return all(
        isinstance(k, _BASIC)
        and type(k) is not bool
        and not (type(k) is slice and Part in map(type, (k.start, k.stop, k.step)))
        for k in keys
    )


def keeps_all(key: Any) -> bool:
    """Return whether a static key names all entries in their shape."""
    keys = key if type(key) is tuple else (key,)
    return all(k is Ellipsis or k == slice(None) for k in keys)


def keeps_order(key: Any) -> bool:
    """Return whether the entries at a static key lie in order where all do."""
    keys = [k for k in (key if type(key) is tuple else (key,)) if k is not None]
    while keys and isinstance(keys[0], int | np.integer):
        keys.pop(0)
    if keys and type(keys[0]) is slice and keys[0].step in (None, 1):
        keys.pop(0)
    return all(k == slice(None) for k in keys)


# -- joining -----------------------------------------------------------------------------------


def pieces_of(node: Node) -> Iterator[tuple[Any, Any]]:
    """Yield the pieces of a joined array, each with the key of its place."""
    axis = node.options["axis"]
    before = (slice(None),) * axis
    if node.function is functions.stack:
        for i, x in enumerate(node.inputs):
            yield x, (*before, i)
        return
    start = 0
    for x in node.inputs:
        stop = start + x.shape[axis]
        yield x, (*before, slice(start, stop))
        start = stop


class Scattering:
    """How pieces are added to zeros: the first at a place are assigned, the others added."""

    def __init__(self, node: Node) -> None:
        keys = node.options["keys"]
        shape = node.options["shape"]
        self.assigned: list[tuple[Any, Any]] = []
        self.added: list[tuple[Any, Any]] = []
        covered = np.zeros(shape, bool)
        touched = np.zeros(shape, bool)
        for x, key in zip(node.inputs, keys, strict=False):
            where = touched[key] if is_static(key) else None
            if where is not None and where.shape == np.shape(_value(x)) and not where.any():
                self.assigned.append((x, key))
                covered[key] = True
                touched[key] = True
            else:
                self.added.append((x, key))
                touched[fill_in(key, _values(node.inputs[len(keys) :]))] = True
        zeros = _slabs(~covered)
        if zeros is None:
            zeros = [(...,)]
            self.assigned, self.added = [], list(zip(node.inputs, keys, strict=False))
        self.zeros: list[Any] = zeros  # the keys of what no assigned piece covers


def _value(x: Any) -> Any:
    return x.value if type(x) is Node else x


def _values(inputs: Any) -> list[Any]:
    return [_value(x) for x in inputs]


def _slabs(bare: Any) -> list[Any] | None:
    """Return the keys of a few slices along one axis that make up a region, if there are any."""
    if not bare.any():
        return []
    for axis in range(bare.ndim):
        others = tuple(i for i in range(bare.ndim) if i != axis)
        line = bare.any(others)
        if np.array_equal(line, bare.all(others)):
            ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]))).tolist()
            if len(ends) <= 6:
                before = (slice(None),) * axis
                return [
                    (*before, slice(start, stop))
                    for start, stop in zip(ends[::2], ends[1::2], strict=True)
                ]
    return None
