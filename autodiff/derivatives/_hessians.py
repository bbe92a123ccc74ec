"""Hessians: the gradient's graph is walked forward, along all entries or along few sums of them."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from autodiff._core.checks import checked_argnums, require_function
from autodiff._core.complex_arguments import require_real_arguments
from autodiff._core.functions import is_nested, record_structures
from autodiff._core.hook import recording
from autodiff._core.structures import with_leaves
from autodiff._core.tensor import Tensor
from autodiff._core.types import Argnums, Function, Value
from autodiff._core.walks import Graph
from autodiff.derivatives._batches import check_chunk, columns_of, derivatives_along, places_of
from autodiff.derivatives._colouring import compression
from autodiff.derivatives._dependence import dependence
from autodiff.derivatives._second import gradient_graph


def hessian(f: Function, argnums: Argnums = 0, *, chunk: int | None = None) -> Function:
    """Return the function that computes the Hessian of ``f``, of shape ``x.shape + x.shape``.

    The gradient's graph is walked forward once, with all the columns; the result is exactly
    symmetric. Where that graph shows that most entries are zero, whatever the values, few sums of
    columns are enough: three of a matrix with three diagonals. `compile` looks for them when it
    makes a plan, once for many calls.

    A tuple of argnums gives a tuple of tuples of blocks, and a structure the structure of
    structures of blocks: ``H["w"]["b"]`` is ∂²f/∂w∂b, of shape ``w.shape + b.shape``.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to: real ones.
    chunk : int, optional
        How many columns go through the graph at a time; as for `jacobian`.

    Raises
    ------
    TypeError
        When ``f`` returns more than one entry, or an argument is complex.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda v: v[0] ** 2 * v[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    require_function(f, "hessian")
    checked_argnums(argnums)
    check_chunk(chunk)

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        graph, structure = record_structures(f, args, kwargs, argnums)
        require_real_arguments(graph, "hessian")
        graph = gradient_graph(graph, "hessian")
        blocks = _few_columns(graph, chunk) or _all_columns(graph, chunk)
        return with_leaves(structure, [with_leaves(structure, row) for row in blocks])

    return matrix


def _all_columns(graph: Graph, chunk: int | None) -> list[list[Value]]:
    """Return a gradient's derivative, block by block, made symmetric."""
    leaves, places = graph.leaves, places_of(graph.leaves)
    count = places[-1].stop
    columns = [
        c.reshape(count, x.size) for c, x in zip(columns_of(graph, chunk), leaves, strict=True)
    ]

    def block(i: int, j: int) -> Value:
        symmetric = (columns[i][places[j]].T + columns[j][places[i]]) / 2
        return symmetric.reshape(leaves[i].shape + leaves[j].shape)

    every = range(len(leaves))
    return [[block(i, j) for j in every] for i in every]


def _few_columns(graph: Graph, chunk: int | None) -> list[list[Value]] | None:
    """Return the same from sums of columns, where few are enough for all later calls."""
    if not recording.get().repeats or is_nested(graph):
        return None
    pattern = dependence(graph)
    compressed = None if pattern is None else compression(pattern)
    if compressed is None:
        return None
    leaves, places = graph.leaves, places_of(graph.leaves)
    colours = compressed.colours

    def seeds(x: Tensor, own: slice, start: int, stop: int) -> Any:
        own_colour = colours[own] == np.arange(start, stop)[:, None]
        return own_colour.astype(x.dtype).reshape(-1, *x.shape) if own_colour.any() else None

    found = derivatives_along(graph, int(colours.max()) + 1, seeds, chunk)
    flat = [c.reshape(len(c), x.size) for c, x in zip(found, leaves, strict=True)]
    sums = (flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)).reshape(-1)
    rows, columns = compressed.rows, compressed.columns

    def block(i: int, j: int) -> Value:
        x, y = leaves[i], leaves[j]
        row, column = rows - places[i].start, columns - places[j].start
        here = (row >= 0) & (row < x.size) & (column >= 0) & (column < y.size)
        entries = sums[compressed.sources[here]]
        dtype = np.result_type(x.dtype, y.dtype)
        block = np.zeros_like(entries, shape=x.size * y.size, dtype=dtype)
        block[(row * y.size + column)[here]] = entries
        return block.reshape(x.shape + y.shape)

    every = range(len(leaves))
    return [[block(i, j) for j in every] for i in every]
