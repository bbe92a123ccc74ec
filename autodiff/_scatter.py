"""Reading entries, and its transpose: adding cotangents up in the places they came from.

Keys are tuples that start with an Ellipsis, so that they count from the end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff._op import Each, linear

Key: TypeAlias = tuple[Any, ...]


class Scattered:
    """A cotangent that is known at some keys of a Tensor and zero elsewhere.

    The pieces stay apart until the walk arrives there: a thousand reads of one large array cost
    one array of zeros, not a thousand.
    """

    __slots__ = ("pieces",)

    def __init__(self, pieces: list[tuple[Key, Any]]) -> None:
        self.pieces = pieces

    @property
    def shape(self) -> None:
        """No shape that could be compared: the pieces are fitted when they are assembled."""

    def assemble(self, shape: tuple[int, ...]) -> Any:
        """Return the sum of the pieces as an array (or Tensor) of this shape."""
        keys, cotangents = zip(*self.pieces, strict=True)
        return scatter(*cotangents, keys, tuple(np.ndim(g) for g in cotangents), shape)


def accumulate(a: Any, b: Any) -> Any:
    """Return the sum of two cotangents of one Tensor, either of which may be scattered."""
    if type(a) is Scattered or type(b) is Scattered:
        return Scattered([*_pieces(a), *_pieces(b)])
    return a + b


def _pieces(g: Any) -> list[tuple[Key, Any]]:
    return g.pieces if type(g) is Scattered else [((...,), g)]


def _read(x: NDArray[Any], key: Key) -> Any:
    entries = x[key]
    return entries if entries.ndim else entries[()]


def _scatter(*arguments: Any) -> NDArray[Any]:
    *pieces, keys, ranks, shape = arguments
    batch = pieces[0].shape[: pieces[0].ndim - ranks[0]]
    total = np.zeros(batch + shape, np.result_type(*pieces))
    for key, piece in zip(keys, pieces, strict=True):
        if any(type(k) is np.ndarray for k in key):  # may name an entry twice, where += adds once
            np.add.at(total, key, piece)
        else:
            total[key] += piece
    return total


_read.__name__ = "getitem"
_scatter.__name__ = "scatter"
read = linear(_read, lambda g, out, x, key: Scattered([(key, g)]))
scatter = linear(_scatter, Each(lambda i, g, out, *arguments: g[arguments[-3][i]]))
