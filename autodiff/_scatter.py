"""Reading entries, and its transpose: adding cotangents up in the places they came from.

Keys are tuples that start with an Ellipsis, so that they count from the end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff._op import Each, linear
from autodiff._tensor import Tensor

Key: TypeAlias = tuple[Any, ...]


class Scattered:
    """A cotangent that is known at some keys of a Tensor and zero elsewhere.

    A thousand reads of one large array share one array of zeros. Pieces that are Tensors are
    collected instead, for one op to put all of them in their places.
    """

    __slots__ = ("full_shape", "pieces", "total")

    shape = None  # fits no Tensor's

    def __init__(self, key: Key, g: Any, full_shape: tuple[int, ...]) -> None:
        self.full_shape = full_shape
        self.pieces = [(key, g)]
        self.total: Any = None

    def add(self, key: Key, g: Any) -> None:
        """Add a piece."""
        self.pieces.append((key, g))
        if type(g) is not Tensor:
            self._write_arrays()

    def assemble(self) -> Any:
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
            if type(g) is not Tensor:
                if self.total is None:
                    self.total = _zeros(self.full_shape, g.dtype)
                elif self.total.dtype != g.dtype:
                    self.total = self.total.astype(np.result_type(self.total, g))
                _add_at(self.total, key, g)
        self.pieces = [(key, g) for key, g in self.pieces if type(g) is Tensor]


def accumulate(a: Any, b: Any) -> Any:
    """Return the sum of two cotangents of one Tensor, either of which may be scattered."""
    if type(a) is Scattered:
        for key, g in b.pieces if type(b) is Scattered else [((...,), b)]:
            a.add(key, g)
        return a
    if type(b) is Scattered:
        b.add((...,), a)
        return b
    return a + b


def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    zeros = np.empty(shape, dtype)
    zeros.fill(0)  # in memory that was in use just now, where np.zeros would ask for new pages
    return zeros


def _add_at(total: NDArray[Any], key: Key, piece: Any) -> None:
    if any(type(k) is np.ndarray for k in key):  # may name an entry twice, where += adds once
        np.add.at(total, key, piece)
    else:
        part = total[key]
        part += piece


def _read(x: NDArray[Any], key: Key) -> Any:
    entries = x[key]
    return entries if entries.ndim else entries[()]


def _scatter(*arguments: Any) -> NDArray[Any]:
    *pieces, keys, ranks, shape = arguments
    batch = pieces[0].shape[: pieces[0].ndim - ranks[0]]
    total = _zeros(batch + shape, np.result_type(*pieces))
    for key, piece in zip(keys, pieces, strict=True):
        _add_at(total, key, piece)
    return total


def _read_rule(g: Any, out: Any, x: Any, key: Key) -> Scattered:
    return Scattered(key, g, g.shape[: g.ndim - out.ndim] + x.shape)


_read.__name__ = "getitem"
_scatter.__name__ = "scatter"
read = linear(_read, _read_rule)
scatter = linear(_scatter, Each(lambda i, g, out, *arguments: g[arguments[-3][i]]))
