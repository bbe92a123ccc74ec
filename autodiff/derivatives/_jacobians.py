"""Jacobians: a batch of unit seeds goes through the recorded graph in one walk."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

from autodiff._core.checks import checked_argnums, require_function
from autodiff._core.complex_arguments import BY_PARTS, require_analytic
from autodiff._core.functions import is_nested, record_structures
from autodiff._core.structures import with_leaves
from autodiff._core.tensor import Tensor
from autodiff._core.types import Argnums, Function
from autodiff._core.walks import Graph
from autodiff.derivatives._batches import check_chunk, columns_of, places_of, rows_of
from autodiff.derivatives._columns import columns_by_data

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
    check_chunk(chunk)

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        graph, structure = record_structures(f, args, kwargs, argnums)
        (out,) = graph.outputs
        if out.size != out.size:  # which is NaN of chunks of unknown sizes
            raise ValueError(
                f"jacobian of a lazy array of shape {out.shape}, which has chunks of unknown "
                "sizes: write x = x.compute_chunk_sizes() of the arrays that it uses, before"
            )
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
        (columns,) = columns_of(graph, chunk)
        return [
            columns[own].reshape(x.size, out.size).T.reshape(out.shape + x.shape)
            for x, own in zip(graph.leaves, places_of(graph.leaves), strict=True)
        ]
    rows = rows_of(graph, chunk)
    return [J.reshape(out.shape + x.shape) for x, J in zip(graph.leaves, rows, strict=True)]


def _in_precision_of(out: Tensor, x: Tensor, J: Any) -> Any:
    """Return a block in the leaf's precision, as gradients are, whichever way it came about."""
    real = out.dtype.kind == x.dtype.kind == "f"
    return J.astype(x.dtype) if real and J.dtype != x.dtype else J


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
