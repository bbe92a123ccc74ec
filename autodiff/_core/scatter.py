"""Reading entries, and its transpose: adding cotangents up in the places they came from.

Keys are tuples that start with an Ellipsis, so that they count from the end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import is_array, is_on_device, is_plain, library_of
from autodiff._core.constants_like import zeros_like
from autodiff._core.machine import numbering_pays, zeros
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.op import Together, total
from autodiff._core.record import value_of
from autodiff._core.table import linear
from autodiff._core.types import Cotangent, Function, Shape, Value

Key: TypeAlias = tuple[Any, ...]
_OWN = (np.ndarray, np.generic)


class Scattered:
    """A cotangent that is known at some keys of a Tensor and zero elsewhere.

    A thousand reads of one large array share one array of zeros. Pieces that cannot be written
    into it, Tensors and other kinds of arrays, are collected for one op to put in their places.
    """

    __slots__ = ("full_shape", "pieces", "total")

    shape = None  # fits no Tensor's

    def __init__(self, key: Key, g: Cotangent, full_shape: Shape) -> None:
        self.full_shape = full_shape
        self.pieces = [(key, g)]
        self.total: Any = None

    def add(self, key: Key, g: Cotangent) -> None:
        """Add a piece."""
        self.pieces.append((key, g))
        if can_be_added(g):
            self._write_arrays()

    def assemble(self) -> Cotangent:
        """Return the sum of the pieces as one array, or Tensor."""
        self._write_arrays()
        if not self.pieces:
            return self.total
        keys, cotangents = zip(*self.pieces, strict=True)
        ranks = tuple(g.ndim for g in cotangents)
        scattered = scatter(*cotangents, keys, ranks, self.full_shape)
        return scattered if self.total is None else scattered + self.total

    def _write_arrays(self) -> None:
        """Write the pieces that are arrays into one array that belongs to this object."""
        for key, g in self.pieces:
            if can_be_added(g):
                if self.total is None:
                    self.total = _zeros(self.full_shape, g.dtype, g)
                elif self.total.dtype != g.dtype:
                    self.total = self.total.astype(np.result_type(self.total.dtype, g.dtype))
                _add_at(self.total, key, g)
        self.pieces = [(key, g) for key, g in self.pieces if not can_be_added(g)]


def accumulate(a: Cotangent, b: Cotangent) -> Cotangent:
    """Return the sum of two cotangents of one Tensor, either of which may be scattered."""
    if type(a) is not Scattered:
        if type(b) is not Scattered:
            return a + b
        a, b = b, a
    pieces = b.pieces if type(b) is Scattered else [((...,), in_full_shape(b, a.full_shape))]
    for key, g in pieces:
        a.add(key, g)
    return a


def in_full_shape(g: Cotangent, shape: Shape) -> Cotangent:
    """Return a cotangent or tangent broadcast to its full shape."""
    if type(g) is Scattered:
        g = g.assemble()
    if g.shape == shape:
        return g
    if isinstance(g, _OWN):
        full = np.empty(shape, g.dtype)
        full[...] = g
        return full
    return np.broadcast_to(g, shape)


def can_be_added(piece: Any) -> bool:
    """Return whether a piece can be added in an array of its kind, in place."""
    return isinstance(piece, _OWN) or is_on_device(piece)


def _zeros(shape: Shape, dtype: np.dtype[Any], piece: Value) -> Any:
    """Return zeros of a piece's kind."""
    return zeros(shape, dtype) if is_plain(piece) else np.zeros_like(piece, dtype, shape=shape)


def _add_at(array: NDArray[Any], key: Key, piece: Value) -> None:
    plain = type(array) is np.ndarray  # whose keys are as plain: the question by type is faster
    if not (np.ndarray in map(type, key) if plain else any(map(is_array, key))):
        part = array[key]
        part += piece
    elif array.ndim > 1 and plain and numbering_pays(array.size, piece.size):
        places = np.arange(array.size).reshape(array.shape)[key]
        np.add.at(array.reshape(-1), places.ravel(), piece.ravel())
    else:  # an index may name an entry twice, where += would add once
        np.add.at(array, key, piece)


def entries_at(x: NDArray[Any], key: Key) -> Value:
    """Return what stands at a key, without axes a number."""
    entries = x[key]
    return entries if entries.ndim else entries[()]


def _scatter(*arguments: Any) -> Value:
    *pieces, keys, ranks, shape = arguments
    if not all(map(can_be_added, pieces)):
        parts = zip(pieces, keys, strict=True)
        return total(_among_zeros(piece, key, shape) for piece, key in parts)
    batch = pieces[0].shape[: pieces[0].ndim - ranks[0]]
    scattered = _zeros(batch + shape, np.result_type(*[x.dtype for x in pieces]), pieces[0])
    for key, piece in zip(keys, pieces, strict=True):
        _add_at(scattered, key, piece)
    return scattered


def _among_zeros(piece: Value, key: Key, shape: Shape) -> Value:
    """Return a piece in its place by NumPy's functions alone, axis by axis; they may be lazy."""
    if key == (...,):
        return piece
    if any(map(is_array, key)):
        raise TypeError(
            f"the derivative of reading arrays of {library_of(piece)} by index arrays or masks is "
            "not available: read it by integers and slices, or multiply it by a mask"
        )
    own = (0 if k is None else None if type(k) is int else slice(None) for k in key[1:])
    piece = piece[(..., *own)]
    if 0 in piece.shape:  # of which Dask takes nothing
        return zeros_like(piece, shape=piece.shape[: piece.ndim - len(shape)] + shape)
    entries = [k for k in key[1:] if k is not None]  # of the last axes, behind those of a batch
    for axis, k in enumerate(entries, -len(entries)):
        if k == slice(None):
            continue
        places = np.arange(shape[axis])[k].reshape(-1)
        sources = np.full(shape[axis], len(places))  # the zero behind the piece
        sources[places] = np.arange(len(places))
        zero_shape = list(piece.shape)
        zero_shape[axis] = 1
        zero = zeros_like(piece, shape=tuple(zero_shape))
        piece = np.take(np.concatenate([piece, zero], axis), sources, axis)
    return piece


def read_rule(g: Cotangent, out: Value, x: Value, key: Key) -> Scattered:
    """Return the cotangent of what entries were read from, known at these entries."""
    if not isinstance(value_of(out), _OWN):
        g = g + zeros_like(out)  # of the same kind
    return Scattered(key, g, g.shape[: g.ndim - out.ndim] + x.shape)


def _pieces(g: Cotangent, out: Value, arguments: tuple[Any, ...]) -> Function:
    """Return what each of the pieces that were scattered gets of a cotangent."""
    keys = arguments[-3]
    return lambda i: g[keys[i]]


entries_at.__name__ = "getitem"
_scatter.__name__ = "scatter"
read = linear(entries_at, read_rule, kind=Nonnegative)
scatter = linear(_scatter, Together(_pieces), kind=Nonnegative)
