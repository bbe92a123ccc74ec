"""Constant arrays in a graph: what a user changes afterwards changes no derivative.

A rule reads an op's constants when the walk comes by, perhaps long after the op was computed. So
the graph keeps a copy that nobody can write to. It keeps an array itself that is read-only already,
so that data of many megabytes need not be copied: ``X.flags.writeable = False``.
"""

from __future__ import annotations

from mmap import mmap
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import snapshot
from autodiff._core.hook import recording
from autodiff._core.machine import SHARED_BYTES

_copies: WeakValueDictionary[Any, NDArray[Any]] = WeakValueDictionary()


def read_only(x: Any) -> Any:
    """Return a constant as the graph can keep it: of an array, one that nobody can write to."""
    if not isinstance(x, np.ndarray):
        return snapshot(x)
    if not x.flags.writeable and _stays(x):
        return x
    if x.nbytes < SHARED_BYTES:
        return _copy(x)
    if 0 in x.strides:  # of a broadcast array only what it repeats
        once = x[tuple([slice(None) if stride else slice(0, 1) for stride in x.strides])]
        if once.size < x.size:
            return np.broadcast_to(read_only(once), x.shape)
    place = (x.__array_interface__["data"][0], x.shape, x.strides, x.dtype)
    earlier = _copies.get(place)
    if earlier is None or not _same(earlier, x):
        earlier = _copies[place] = _copy(x)
    return earlier


def argument_array(x: Any) -> Any:
    """Return an argument as a graph keeps it that ends with the call: a large one as it is."""
    large = type(x) is np.ndarray and x.nbytes >= SHARED_BYTES
    return x if large else read_only(x)


def copy_argument_arrays(graph: Any) -> None:
    """Replace large arguments in a graph that outlives a call, and views of them, by copies."""
    arrays = [x for x in graph.leaves if type(x._value) is np.ndarray]
    large = [x for x in arrays if x._value.nbytes >= SHARED_BYTES]
    lent = [x for x in large if read_only(x._value) is not x._value]
    if lent:
        for y in graph.order:
            if any(np.may_share_memory(y._value, x._value) for x in lent):
                y._value = read_only(y._value)
        for x in lent:
            x._value = read_only(x._value)
        value = recording.get().value
        for consumer in graph.order:
            consumer._values = tuple(
                [value(x) if hasattr(x, "_value") else x for x in consumer.inputs]
            )


def _stays(x: NDArray[Any]) -> bool:
    """Whether nobody can write to an array, nor to what it is a view of."""
    owner: Any = x
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None or isinstance(owner, bytes | mmap)


def _copy(x: NDArray[Any]) -> NDArray[Any]:
    copy = x.copy("K")
    copy.setflags(write=False)  # 90 ns; by flags.writeable it takes 250
    return copy


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two arrays of one shape and type agree in every bit, so also in NaN and -0."""
    if a.itemsize > 8:
        return a.tobytes() == b.tobytes()
    bits = f"u{a.itemsize}"
    return np.array_equal(a.view(bits), b.view(bits))
