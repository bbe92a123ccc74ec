"""Derivatives of functions: each one records the function once and walks over what it recorded.

Plain arrays go in and plain arrays come out. Inside an enclosing differentiation both are Tensors
of its graph, and so derivatives nest.

An argument is an array, a number or a structure of them: nested dicts, lists, tuples, named tuples
and dataclasses. Its derivative comes in the same structure. A list or tuple that holds nothing but
numbers, or lists of numbers, is array_like, and so one array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.constant_arrays import SHARED_BYTES as LARGE
from autodiff._core.constant_arrays import kept
from autodiff._core.op import linear, value_of
from autodiff._core.structures import as_numbers, is_container, mapped, matched, replaced
from autodiff._core.tensor import LostGraphError, Tensor, constant, node, recording
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
    return node(value, None, (), (), True)


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
    mode = recording.set(recording.get() or True)
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
        recording.reset(mode)
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


def _value(graph: Graph) -> Any:
    """Return a function's value, in memory that belongs to the caller."""
    (out,) = graph.outputs
    if is_nested(graph):
        return out
    return out._value.copy() if isinstance(out._value, np.ndarray) else out._value


def _one(graph: Graph, derivative: str) -> Any:
    """Return the cotangent 1 of an output that must be a single real number."""
    (out,) = graph.outputs
    if out.size != 1 or out.dtype.kind == "c":
        raise TypeError(
            f"{derivative} needs a function that returns one real number, but it returned shape "
            f"{out.shape} of {out.dtype}: sum it, or use jacobian"
        )
    return one_like(out)


def _seeds(structures: tuple[Any, ...], tangents: Sequence[Any]) -> list[Any]:
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


def _require_primals(f: Any, primals: tuple[Any, ...], derivative: str) -> None:
    require_function(f, derivative)
    if not primals:
        raise TypeError(f"{derivative} needs the point as well: {derivative}(f, x)")


def _as_arguments(x: Any) -> tuple[Any, ...]:
    """Return the arguments of a function: those in a tuple, or else the only one."""
    return x if type(x) is tuple else (x,)


# -- first derivatives -----------------------------------------------------------------------


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the gradient of ``f``.

    By a complex argument z = x + iy it is ∂f/∂x - i ∂f/∂y, as in JAX and autograd, so that a step
    against its conjugate goes down. `jacobian` and `vjp` give the derivative of holomorphic
    functions.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to: arrays, numbers, or structures of them.
        A tuple gives a tuple of gradients. Each has its argument's structure and shapes.

    Raises
    ------
    TypeError
        When ``f`` returns more than one entry, or loses the graph on its way; when an argument
        holds something else than numbers, naming the path to it.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sum(np.sin(x)))(np.zeros(3))
    array([1., 1., 1.])
    >>> grad(lambda p: np.sum(p["w"] ** 2) * p["b"])({"w": np.array([1.0, 2.0]), "b": 3.0})
    {'w': array([ 6., 12.]), 'b': np.float64(5.0)}
    """
    require_function(f, "grad")
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the value of ``f`` and its gradient; see `grad`.

    Examples
    --------
    >>> value, gradient = value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    >>> float(value), [float(g) for g in gradient]
    (10.0, [5.0, 2.0])
    """
    require_function(f, "value_and_grad")
    checked_argnums(argnums)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        graph, structure = record_structures(f, args, kwargs, argnums)
        gradients = graph.pull([_one(graph, "grad")], record=is_nested(graph))
        return _value(graph), replaced(structure, [gradients[x] for x in graph.leaves])

    return value_and_gradient


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``f`` at the primals and its derivative along the tangents, in one forward walk.

    Parameters
    ----------
    f : callable
    primals, tangents : array_like, structures, or tuples of them
        A tuple is a list of arguments; anything else, a named tuple too, is the only one.
        Structures and shapes agree.

    Returns
    -------
    value, tangent
        Both of the shape that ``f`` returns.

    Raises
    ------
    ValueError
        When a tangent differs from its primal in structure or shape, naming the path.

    Examples
    --------
    >>> value, tangent = jvp(lambda x: x**3, 2.0, 1.0)
    >>> float(value), float(tangent)
    (8.0, 12.0)
    """
    require_function(f, "jvp")
    value, push = linearize(f, *_as_arguments(primals))
    return value, push(*_as_arguments(tangents))


def linearize(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``f`` at the primals and the linear function that pushes tangents forward from there.

    ``f`` is recorded once, however often its linear approximation is called. The mirror image of
    `vjp`.

    Returns
    -------
    value
        What ``f`` returns.
    push : callable
        Takes a tangent for each primal, of the same structure; returns that of the value. It
        keeps the graph for as long as it lives.

    Raises
    ------
    ValueError
        By ``push``, when a tangent differs from its primal in structure or shape.

    Examples
    --------
    >>> value, push = linearize(lambda x, y: x**2 * y, 2.0, 3.0)
    >>> float(value), float(push(1.0, 0.0)), float(push(0.0, 1.0))
    (12.0, 12.0, 4.0)
    """
    _require_primals(f, primals, "linearize")
    every = tuple(range(len(primals)))
    graph, structures = record_structures(f, primals, {}, every, outlives=True)

    def push(*tangents: Any) -> Any:
        seeds = _seeds(structures, tangents)
        return graph.push(seeds, record=is_nested(graph, seeds))[graph.outputs[0]]

    return _value(graph), push


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``f`` at the primals and the function that pulls a cotangent back to them.

    Returns
    -------
    value
        What ``f`` returns.
    pull : callable
        Takes a cotangent of the value's shape; returns that of the primal, in its structure, or a
        tuple for several. Of complex numbers it keeps Re(cotangent · change) the same at both ends.

    Examples
    --------
    >>> import numpy as np
    >>> value, pull = vjp(np.sin, np.zeros(2))
    >>> pull(np.array([1.0, 10.0]))
    array([ 1., 10.])
    """
    _require_primals(f, primals, "vjp")
    argnums = tuple(range(len(primals))) if len(primals) > 1 else 0
    graph, structure = record_structures(f, primals, {}, argnums, outlives=True)

    def pull(cotangent: Any) -> Any:
        seed = seed_like(graph.outputs[0], cotangent)
        pulled = graph.pull([seed], record=is_nested(graph, [seed]))
        return replaced(structure, [pulled[x] for x in graph.leaves])

    return _value(graph), pull


# -- forward over backward -------------------------------------------------------------------


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """Return the product of the Hessian of ``f`` with the tangents, without the Hessian.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals, tangents : array_like, structures, or tuples of them
        As for `jvp`. The result has their structure; a tuple gives a tuple. Of complex ones it is
        how the gradient (see `grad`) changes along the tangents.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda v: v[0] ** 2 * v[1], np.array([1.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 2.])
    """
    require_function(f, "hvp")
    several = type(primals) is tuple
    arguments = _as_arguments(primals)
    argnums = tuple(range(len(arguments))) if several else 0
    graph, structure = record_structures(f, arguments, {}, argnums)
    graph = gradient_graph(graph, "hvp")
    seeds = _seeds(structure if several else (structure,), _as_arguments(tangents))
    pushed = graph.push(seeds, record=is_nested(graph, seeds))
    results = [pushed[g] for g in graph.outputs]
    for i, result in enumerate(results):  # two arguments may have one gradient, not one array
        if type(result) is np.ndarray and any(result is other for other in results[:i]):
            results[i] = result.copy()
    return replaced(structure, results)


def gradient_graph(graph: Graph, derivative: str) -> Graph:
    """Return the graph between the leaves and the gradients with respect to them."""
    gradients = graph.pull([_one(graph, derivative)], record=True)
    return Graph([gradients[x] for x in graph.leaves], graph.leaves)
