"""Recording a function: its arguments become fresh leaves, and what it computes their graph.

Plain arrays go in and plain arrays come out. Inside an enclosing differentiation both are Tensors
of its graph, and so derivatives nest.

An argument is an array, a number or a structure of them: nested dicts, lists, tuples, named tuples
and dataclasses. Its derivative comes in the same structure. A list or tuple that holds nothing but
numbers, or lists of numbers, is array_like, and so one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.checks import checked_output, numbers_among
from autodiff._core.closed_arrays import result_of
from autodiff._core.constant_arrays import argument_array, copy_argument_arrays
from autodiff._core.hook import recording
from autodiff._core.record import value_of
from autodiff._core.structures import as_numbers, is_container, map_structure, with_leaves
from autodiff._core.table import linear
from autodiff._core.tensor import Tensor, node
from autodiff._core.types import Argnums, Cotangent, Function, Structure, Value
from autodiff._core.walks import Graph


def argument(x: Any) -> Any:
    """Return ``x`` itself: the op that links a function's argument to an enclosing graph."""
    return x


argument_op = linear(argument, lambda g, out, x: g)


def _leaves(path: str, x: Structure) -> tuple[Structure, list[Tensor]]:
    """Return a structure with a fresh Tensor for each array, and these Tensors in their order."""
    if not is_container(x):
        leaf = _leaf(path, x)
        return leaf, [leaf]
    leaves: list[Tensor] = []

    def add(path: str, x: Value) -> Tensor:
        leaves.append(_leaf(path, x))
        return leaves[-1]

    return map_structure(add, x, path), leaves


def _leaf(path: str, x: Value) -> Tensor:
    """Return a fresh Tensor for an array, so that each differentiation has leaves of its own."""
    if isinstance(x, Tensor) and x.requires_grad and recording.get().records:
        leaf: Tensor = argument_op(at_present(x))
        return leaf
    plain = type(x) is np.ndarray and x.dtype.kind == "f"
    value = x if plain else value_of(as_numbers(path, x))
    return node(argument_array(value if value.ndim else value[()]), None, (), ())


def record_function(
    f: Function, args: Sequence[Structure], kwargs: dict[str, Any], argnums: Argnums
) -> Graph:
    """Call ``f`` on fresh leaves and return the graph between them and its single output."""
    return record_structures(f, args, kwargs, argnums)[0]


def record_structures(
    f: Function,
    args: Sequence[Structure],
    kwargs: dict[str, Any],
    argnums: Argnums,
    outlives: bool = False,
) -> tuple[Graph, Structure]:
    """Return the graph of a call, and its leaves in the structure of the chosen arguments.

    The structure is that of the one argument, or a tuple of several. A graph that ``outlives`` the
    call keeps copies of them.
    """
    count = len(args)
    numbers = numbers_among(argnums, count)
    args = list(args)
    structures = []
    leaves: list[Tensor] = []
    for i in numbers:
        structure, own = _leaves(f"argument {i % count}", args[i])
        structures.append(structure)
        args[i] = with_leaves(structure, own)  # of a container a copy, which f may change
        leaves += own
    if not leaves:
        raise ValueError(f"the arguments hold no array to differentiate by: argnums={argnums}")
    if not hasattr(argnums, "__index__"):
        structure = tuple(structures)
    token = recording.set(recording.get().resumed)
    try:
        out = result_of(f, args, kwargs)
        if isinstance(out, (list, tuple)):
            out = np.stack(out)
    finally:
        recording.reset(token)
    graph = Graph([checked_output(out)], leaves)
    if outlives or graph.enclosed:
        copy_argument_arrays(graph)
    return graph, structure


def is_nested(graph: Graph, seeds: Sequence[Cotangent] = ()) -> bool:
    """Whether the derivative belongs to an enclosing graph, and so has to be recorded."""
    return recording.get().records and (graph.enclosed or any(map(_requires_grad, seeds)))


def _requires_grad(x: Any) -> bool:
    return type(x) is Tensor and x.requires_grad


def value_from(graph: Graph) -> Value:
    """Return a function's value, in memory that belongs to the caller."""
    (out,) = graph.outputs
    if is_nested(graph):
        return out
    value = value_of(out)
    return value.copy() if isinstance(value, np.ndarray) else value
