"""Gathering entries of many Tensors into one, and its transpose: handing each its part back."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import of_one_kind
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.op import Together, rank
from autodiff._core.scatter import scatter
from autodiff._core.table import linear
from autodiff._core.types import Cotangent, Function, Shape, Value

_NUMBERS = frozenset({np.float64, np.float32, np.complex128})
_ALL = (...,)


def gather(pieces: list[Any], places: NDArray[np.intp] | None, shape: Shape) -> Value:
    """Return an array of this shape out of the pieces' entries, which are numbered through.

    The places are the numbers of its entries; None stands for all numbers in their order.
    """
    key = _ALL if places is None else (..., places)
    return _gather_op(*pieces, key, tuple(map(rank, pieces)), shape)


def _gather(*arguments: Any) -> Value:
    *pieces, key, ranks, shape = arguments
    if _NUMBERS.issuperset(map(type, pieces)):
        entries = np.array(pieces)
    else:
        pieces = of_one_kind(pieces)
        batch = pieces[0].shape[: pieces[0].ndim - ranks[0]]
        rank = len(batch) + 1
        flat = [x if x.ndim == rank else x.reshape((*batch, _size(x, batch))) for x in pieces]
        entries = np.concatenate(flat, axis=-1)
    if len(key) > 1:
        entries = entries[key]
    return entries.reshape((*entries.shape[:-1], *shape))


def _size(x: Value, batch: Shape) -> int:
    return prod(x.shape[len(batch) :])


def _parts(g: Cotangent, out: Value, arguments: tuple[Any, ...]) -> Function:
    """Return the part of a cotangent that belongs to each of the pieces."""
    *pieces, key, ranks, shape = arguments
    batch = g.shape[: g.ndim - len(shape)]
    shapes = [x.shape[x.ndim - rank :] for x, rank in zip(pieces, ranks, strict=True)]
    ends = [0, *accumulate(map(prod, shapes))]
    entries = g.reshape((*batch, prod(shape)))
    if len(key) > 1:
        entries = scatter(entries, (key,), (1,), (ends[-1],))
    every = (slice(None),) * len(batch)

    def part(i: int) -> Cotangent:
        own = shapes[i]
        if not own:
            return entries[(*every, ends[i])]
        run = entries[(*every, slice(ends[i], ends[i + 1]))]
        return run if len(own) == 1 else run.reshape(batch + own)

    return part


_gather.__name__ = "gather"
_gather_op = linear(_gather, Together(_parts), kind=Nonnegative)
