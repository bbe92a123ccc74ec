"""Derivatives by all entries: a batch of seeds goes through a recorded graph in one walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np

from autodiff._core.array_kinds import of_kind
from autodiff._core.functions import is_nested
from autodiff._core.machine import BATCH_BYTES
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Tangent, Value
from autodiff._core.walks import Graph

# Of a leaf, its place among all entries, and the numbers of the first seed and of that behind the
# last: these seeds, or None where all of them are zero there.
Seeds: TypeAlias = Callable[[Tensor, slice, int, int], Tangent | None]


def check_chunk(chunk: int | None) -> None:
    """Refuse what is no number of seeds."""
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk is a number of rows or columns, 1 or more, but got {chunk!r}")


def columns_of(graph: Graph, chunk: int | None) -> list[Value]:
    """Return each output's derivatives by all entries of the leaves, which come first."""
    return derivatives_along(graph, sum(x.size for x in graph.leaves), _own_unit_seeds, chunk)


def _own_unit_seeds(x: Tensor, own: slice, start: int, stop: int) -> Tangent | None:
    if own.start < stop and start < own.stop:
        return unit_seeds(x, start - own.start, stop - own.start)
    return None  # a leaf that these do not reach needs no tangent


def derivatives_along(graph: Graph, count: int, seeds: Seeds, chunk: int | None) -> list[Value]:
    """Return each output's derivatives along a number of seeds, which come first."""
    places = places_of(graph.leaves)
    parts = []
    for start, stop in _chunks(count, chunk, graph):
        tangents = [seeds(x, own, start, stop) for x, own in zip(graph.leaves, places, strict=True)]
        pushed = graph.push(tangents, batch=(stop - start,), record=is_nested(graph))
        parts.append([pushed[y] for y in graph.outputs])
    return _concatenate_batches(parts)


def rows_of(graph: Graph, chunk: int | None) -> list[Value]:
    """Return the derivatives of all entries of the output, which come first, by each leaf."""
    (out,) = graph.outputs
    parts = []
    for start, stop in _chunks(out.size, chunk, graph):
        seeds = [unit_seeds(out, start, stop)]
        pulled = graph.pull(seeds, batch=(stop - start,), record=is_nested(graph))
        parts.append([pulled[x] for x in graph.leaves])
    return _concatenate_batches(parts)


def places_of(leaves: Sequence[Tensor]) -> list[slice]:
    """Return where each leaf's entries stand, if all of them stand in a row."""
    stops = list(accumulate(x.size for x in leaves))
    return [slice(stop - x.size, stop) for x, stop in zip(leaves, stops, strict=True)]


def _chunks(count: int, chunk: int | None, graph: Graph) -> Iterator[tuple[int, int]]:
    """Yield the first and last seed of each walk; at least one walk, for the results' shapes."""
    if chunk is None:
        largest = max(x._value.nbytes for x in (*graph.order, *graph.leaves, *graph.outputs))
        seed = max(largest, sum(x._value.nbytes for x in graph.leaves))
        chunk = max(1, int(BATCH_BYTES // max(1, seed)))
    for start in range(0, max(1, count), chunk):
        yield start, min(start + chunk, count)


def unit_seeds(x: Tensor, start: int, stop: int) -> Cotangent:
    """Return a batch of seeds, some rows of the identity; zeros where they belong elsewhere."""
    units = np.eye(stop - start, x.size, start, dtype=x.dtype).reshape(stop - start, *x.shape)
    return of_kind(units, x._value)


def _concatenate_batches(parts: Sequence[Sequence[Value]]) -> list[Value]:
    """Return the results of several walks, each with its batch in front, one behind the other."""
    if len(parts) == 1:
        return list(parts[0])
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
