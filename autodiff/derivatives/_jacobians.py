"""Jacobians and Hessians: a batch of unit seeds goes through the recorded graph in one walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial, wraps
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.checks import checked_argnums, require_function
from autodiff._core.complex_arguments import BY_PARTS, require_analytic, require_real_arguments
from autodiff._core.functions import is_nested, record_structures
from autodiff._core.hook import recording
from autodiff._core.machine import BATCH_BYTES
from autodiff._core.structures import with_leaves
from autodiff._core.tensor import Tensor
from autodiff._core.types import Argnums, Cotangent, Function, Value
from autodiff._core.walks import Graph
from autodiff.derivatives._colouring import compression
from autodiff.derivatives._columns import columns_by_data
from autodiff.derivatives._dependence import dependence
from autodiff.derivatives._second import gradient_graph

MODES = ("auto", "forward", "reverse")


def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: str = "auto", chunk: int | None = None
) -> Function:
    """Return the function that computes the Jacobian of ``f``, of shape ``out.shape + x.shape``.

    All its columns go forward, or all its rows backward, through the graph in one walk, whichever
    are fewer. Where the recorded graph shows that a vector is elementwise in some data, as models
    are, one walk without a batch gives all columns. Of an argument that is a structure it is the
    same structure with a block for each leaf.

    By a complex argument z = x + iy it is ∂f/∂x - i ∂f/∂y of a real output, as for `grad`, and the
    derivative of a complex one, which has to be analytic.

    Parameters
    ----------
    f : callable
        Returns an array of any shape, or a list or tuple, which is stacked.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to; a tuple gives a tuple.
    mode : {"auto", "forward", "reverse"}
        By columns, by rows, or whichever are fewer. The result is the same.
    chunk : int, optional
        How many columns or rows go through the graph at a time. Otherwise so many that no array of
        the walk takes much more than 64 MB (one at least).

    Raises
    ------
    ValueError
        When the mode is none of these, or would lose a part of a complex derivative: from real
        arguments to a complex output only forward keeps all of it, the other way round only
        reverse.
    TypeError
        When a complex output is no analytic function of a complex argument.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda v: [v[0] * v[1], v[0] ** 2])(np.array([2.0, 3.0]))
    array([[3., 2.],
           [4., 0.]])
    """
    require_function(f, "jacobian")
    checked_argnums(argnums)
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(map(repr, MODES))}, but got {mode!r}")
    _check_chunk(chunk)

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        graph, structure = record_structures(f, args, kwargs, argnums)
        (out,) = graph.outputs
        if out.dtype.kind == "c" and any(x.dtype.kind == "c" for x in graph.leaves):
            require_analytic(
                graph,
                "jacobian by complex arguments needs an analytic function or a real one",
                BY_PARTS,
            )
        blocks = map(partial(_in_precision_of, out), graph.leaves, _blocks(graph, mode, chunk))
        return with_leaves(structure, blocks)

    return matrix


def _blocks(graph: Graph, mode: str, chunk: int | None) -> list[Any]:
    """Return the Jacobian of the output by each leaf."""
    (out,) = graph.outputs
    if mode == "auto" and chunk is None and not is_nested(graph):
        by_data = columns_by_data(graph)
        if by_data is not None:
            return by_data
    if _forward_is_chosen(graph, mode):
        (columns,) = _columns(graph, np.arange(sum(x.size for x in graph.leaves)), chunk)
        return [
            columns[own].reshape(x.size, out.size).T.reshape(out.shape + x.shape)
            for x, own in zip(graph.leaves, _places(graph.leaves), strict=True)
        ]
    rows = _rows(graph, chunk)
    return [J.reshape(out.shape + x.shape) for x, J in zip(graph.leaves, rows, strict=True)]


def _in_precision_of(out: Tensor, x: Tensor, J: Any) -> Any:
    """Return a block in the leaf's precision, as gradients are, whichever way it came about."""
    real = out.dtype.kind == x.dtype.kind == "f"
    return J.astype(x.dtype) if real and J.dtype != x.dtype else J


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
    _check_chunk(chunk)

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
    leaves, places = graph.leaves, _places(graph.leaves)
    count = places[-1].stop
    columns = [
        c.reshape(count, x.size)
        for c, x in zip(_columns(graph, np.arange(count), chunk), leaves, strict=True)
    ]

    def block(i: int, j: int) -> Value:
        symmetric = (columns[i][places[j]].T + columns[j][places[i]]) / 2
        return symmetric.reshape(leaves[i].shape + leaves[j].shape)

    every = range(len(leaves))
    return [[block(i, j) for j in every] for i in every]


def _few_columns(graph: Graph, chunk: int | None) -> list[list[Value]] | None:
    """Return the same from sums of columns, where few are enough for all later calls."""
    if is_nested(graph) or not recording.get().repeats:
        return None
    pattern = dependence(graph)
    compressed = None if pattern is None else compression(pattern)
    if compressed is None:
        return None
    leaves, places = graph.leaves, _places(graph.leaves)
    found = _columns(graph, compressed.colours, chunk)
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


def _check_chunk(chunk: int | None) -> None:
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk is a number of rows or columns, 1 or more, but got {chunk!r}")


def _forward_is_chosen(graph: Graph, mode: str) -> bool:
    (out,) = graph.outputs
    kinds = {x.dtype.kind for x in graph.leaves}
    if kinds == {out.dtype.kind}:
        columns = sum(x.size for x in graph.leaves)
        return mode == "forward" or (mode == "auto" and columns <= out.size)
    only = "forward" if out.dtype.kind == "c" else "reverse"
    if mode not in ("auto", only) and "c" in kinds | {out.dtype.kind}:
        raise ValueError(
            f"mode={mode!r} would lose a part of the derivative of a {out.dtype} output by "
            f"{' and '.join(sorted({str(x.dtype) for x in graph.leaves}))} arguments: use "
            f"mode={only!r} or 'auto'"
        )
    return only == "forward"


# -- batches of seeds ------------------------------------------------------------------------


def _columns(graph: Graph, colours: NDArray[np.intp], chunk: int | None) -> list[Value]:
    """Return each output's derivatives by the leaves' entries, those of one colour added up.

    The colours come first.
    """
    places = _places(graph.leaves)
    parts = []
    for start, stop in _chunks(int(colours.max(initial=-1)) + 1, chunk, graph):
        own_colour = np.arange(start, stop)[:, None]
        seeds = [colours[own] == own_colour for own in places]
        # A leaf that the chunk does not reach needs no tangent.
        tangents = [
            seed.astype(x.dtype).reshape(-1, *x.shape) if seed.any() else None
            for x, seed in zip(graph.leaves, seeds, strict=True)
        ]
        pushed = graph.push(tangents, batch=(stop - start,), record=is_nested(graph))
        parts.append([pushed[y] for y in graph.outputs])
    return _concatenate_batches(parts)


def _rows(graph: Graph, chunk: int | None) -> list[Value]:
    """Return the derivatives of all entries of the output, which come first, by each leaf."""
    (out,) = graph.outputs
    parts = []
    for start, stop in _chunks(out.size, chunk, graph):
        seeds = [_units(out, start, stop)]
        pulled = graph.pull(seeds, batch=(stop - start,), record=is_nested(graph))
        parts.append([pulled[x] for x in graph.leaves])
    return _concatenate_batches(parts)


def _places(leaves: Sequence[Tensor]) -> list[slice]:
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


def _units(x: Tensor, start: int, stop: int) -> Cotangent:
    """Return a batch of seeds, some rows of the identity; zeros where they belong elsewhere."""
    return np.eye(stop - start, x.size, start, dtype=x.dtype).reshape(stop - start, *x.shape)


def _concatenate_batches(parts: Sequence[Sequence[Value]]) -> list[Value]:
    """Return the results of several walks, each with its batch in front, one behind the other."""
    if len(parts) == 1:
        return list(parts[0])
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
