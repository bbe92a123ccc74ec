"""Recording a function: its arguments become fresh leaves, and what it computes their graph.

Plain arrays go in and plain arrays come out. Inside an enclosing differentiation both are Tensors
of its graph, and so derivatives nest.

An argument is an array, a number or a structure of them: nested dicts, lists, tuples, named tuples
and dataclasses. Its derivative comes in the same structure. A list or tuple that holds nothing but
numbers, or lists of numbers, is array_like, and so one array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.constant_arrays import SHARED_BYTES as LARGE
from autodiff._core.constant_arrays import kept
from autodiff._core.conversions import LostGraphError
from autodiff._core.record import value_of
from autodiff._core.structures import as_numbers, is_container, mapped, matched, replaced
from autodiff._core.table import linear
from autodiff._core.tensor import PLAIN, Tensor, constant, node, recording
from autodiff._core.walks import Graph, one_like, seed_like

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = int | tuple[int, ...]


def require_function(f: Any, derivative: str) -> None:
    """Raise at once if what is to be differentiated is no function."""
    if not callable(f):
        raise TypeError(
            f"{derivative} takes a function, but got {f!r:.60} ({type(f).__name__}): give it f "
            "itself, not what f returns"
        )


def checked_argnums(argnums: Any) -> tuple[int, ...]:
    """Return the numbers of arguments as integers, in a tuple."""
    try:
        return tuple(
            map(operator.index, argnums if isinstance(argnums, list | tuple) else [argnums])
        )
    except TypeError:
        raise TypeError(
            f"argnums is an integer or a tuple of integers, but got {argnums!r:.60}: a point goes "
            "to the function that is returned, as in grad(f)(x)"
        ) from None


# -- recording a function --------------------------------------------------------------------


def argument(x: Any) -> Any:
    """Return ``x`` itself: the op that links a function's argument to an enclosing graph."""
    return x


linked = linear(argument, lambda g, out, x: g)


def _leaves(path: str, x: Any) -> tuple[Any, list[Tensor]]:
    """Return a structure with a fresh Tensor for each array, and these Tensors in their order."""
    if not is_container(x):
        leaf = _leaf(path, x)
        return leaf, [leaf]
    leaves: list[Tensor] = []

    def add(path: str, x: Any) -> Tensor:
        leaves.append(_leaf(path, x))
        return leaves[-1]

    return mapped(add, x, path), leaves


def _leaf(path: str, x: Any) -> Tensor:
    """Return a fresh Tensor for an array, so that each differentiation has leaves of its own."""
    if type(x) is Tensor and x.requires_grad and recording.get():
        leaf: Tensor = linked(x)
        return leaf
    plain = type(x) is np.ndarray and x.dtype.kind == "f"
    value = x if plain else value_of(as_numbers(path, x))
    if isinstance(value, np.ndarray):
        value = value[()] if not value.ndim else kept(value) if value.nbytes < LARGE else value
    return node(value, None, (), (), PLAIN)


def record_function(
    f: Function, args: Sequence[Any], kwargs: dict[str, Any], argnums: Argnums
) -> Graph:
    """Call ``f`` on fresh leaves and return the graph between them and its single output."""
    return record_structures(f, args, kwargs, argnums)[0]


def record_structures(
    f: Function,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    argnums: Argnums,
    outlives: bool = False,
) -> tuple[Graph, Any]:
    """Return the graph of a call, and its leaves in the structure of the chosen arguments.

    The structure is that of the one argument, or a tuple of several. A graph that ``outlives`` the
    call keeps copies of them.
    """
    single = hasattr(argnums, "__index__")
    numbers = checked_argnums(argnums)
    count = len(args)
    args = list(args)
    structures = []
    leaves: list[Tensor] = []
    for i in numbers:
        if not -count <= i < count:
            raise ValueError(f"argnums={argnums}, but the function was given {count} argument(s)")
        if len(numbers) > 1 and [k % count for k in numbers].count(i % count) > 1:
            raise ValueError(f"argnums={argnums} name an argument twice")
        structure, own = _leaves(f"argument {i % count}", args[i])
        structures.append(structure)
        args[i] = replaced(structure, own)  # of a container a copy, which f may change
        leaves += own
    if not leaves:
        raise ValueError(f"the arguments hold no array to differentiate by: argnums={argnums}")
    if not single:
        structure = tuple(structures)
    token = recording.set(recording.get() or PLAIN)
    try:
        out = f(*args, **kwargs)
        if isinstance(out, (list, tuple)):
            out = np.stack(out)
    except ValueError as error:
        # NumPy wraps our refusal to become an array's entry into an error of its own.
        if isinstance(error.__cause__, LostGraphError):
            raise error.__cause__ from None
        raise
    finally:
        recording.reset(token)
    out = out if type(out) is Tensor else _constant_output(out)
    if out.dtype.kind == "b":
        raise TypeError(
            "the function returned truth values, which have no derivative: return numbers, as "
            "np.where(condition, a, b) does"
        )
    graph = Graph([out], leaves)
    if outlives or graph.enclosed:
        _own_values(graph)
    return graph, structure


def _own_values(graph: Graph) -> None:
    """Replace large arguments in a graph that outlives a call, and views of them, by copies."""
    large = [x for x in graph.leaves if type(x._value) is np.ndarray and x._value.nbytes >= LARGE]
    own = [x for x in large if kept(x._value) is not x._value]
    if own:
        for y in graph.order:
            if any(np.may_share_memory(y._value, x._value) for x in own):
                y._value = kept(y._value)
        for x in own:
            x._value = kept(x._value)
        for consumer in graph.order:
            consumer._values = tuple(map(value_of, consumer.inputs))


def _constant_output(out: Any) -> Tensor:
    """Return what a function returned without regard to its arguments, if that is numbers."""
    value = out if hasattr(out, "__array_function__") else np.asarray(out)
    if value.dtype.kind not in "biufc":
        raise TypeError(
            f"the function returned {out!r:.60} ({type(out).__name__}), not numbers: return an "
            "array or a Tensor, or a list or tuple of them"
        )
    return constant(value if value.ndim else value[()])


def is_nested(graph: Graph, seeds: Sequence[Any] = ()) -> bool:
    """Whether the derivative belongs to an enclosing graph, and so has to be recorded."""
    return bool(recording.get()) and (graph.enclosed or any(map(_requires_grad, seeds)))


def _requires_grad(x: Any) -> bool:
    return type(x) is Tensor and x.requires_grad


def value_from(graph: Graph) -> Any:
    """Return a function's value, in memory that belongs to the caller."""
    (out,) = graph.outputs
    if is_nested(graph):
        return out
    return out._value.copy() if isinstance(out._value, np.ndarray) else out._value


def one_for(graph: Graph, derivative: str) -> Any:
    """Return the cotangent 1 of an output that must be a single real number."""
    (out,) = graph.outputs
    if out.size != 1 or out.dtype.kind == "c":
        raise TypeError(
            f"{derivative} needs a function that returns one real number, but it returned shape "
            f"{out.shape} of {out.dtype}: sum it, or use jacobian"
        )
    return one_like(out)


def seeds_for(structures: tuple[Any, ...], tangents: Sequence[Any]) -> list[Any]:
    """Return a tangent for each leaf of the arguments, whose structure they must have."""
    if len(tangents) != len(structures):
        raise ValueError(f"there are {len(structures)} primals, but {len(tangents)} tangents")
    seeds = []
    for i, (structure, tangent) in enumerate(zip(structures, tangents, strict=True)):
        if type(structure) is Tensor and type(tangent) is np.ndarray:  # the common case, at once
            seeds.append(_seed(f"argument {i}", structure, tangent))
        else:
            pairs = matched(structure, tangent, f"argument {i}", "tangent")
            seeds += [_seed(path, leaf, t) for path, leaf, t in pairs]
    return seeds


def _seed(path: str, leaf: Tensor, tangent: Any) -> Any:
    """Return a leaf's tangent, of its shape and type."""
    if type(tangent) is not np.ndarray or tangent.dtype.kind != "f":
        tangent = as_numbers(f"the tangent of {path}", tangent)
    shape = leaf._value.shape
    if tangent.shape != shape and tangent.size * leaf.size != 1:
        raise ValueError(f"{path} has shape {shape}, but its tangent {tangent.shape}")
    return seed_like(leaf, tangent)


def as_arguments(x: Any) -> tuple[Any, ...]:
    """Return the arguments of a function: those in a tuple, or else the only one."""
    return x if type(x) is tuple else (x,)
