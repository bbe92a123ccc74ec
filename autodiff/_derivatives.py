"""Derivatives of functions: each one records the function once and walks over what it recorded.

Plain arrays go in and plain arrays come out. Inside an enclosing differentiation both are Tensors
of its graph, and so derivatives nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

import numpy as np

from autodiff._op import linear, value_of
from autodiff._tensor import LostGraphError, Tensor, constant, node, recording
from autodiff._walks import Graph, one_like, seed_like

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = int | tuple[int, ...]


# -- recording a function --------------------------------------------------------------------


def argument(x: Any) -> Any:
    """Return ``x`` itself: the op that links a function's argument to an enclosing graph."""
    return x


linked = linear(argument, lambda g, out, x: g)


def _leaf(x: Any, number: int) -> Tensor:
    """Return a fresh Tensor for an argument, so that each differentiation has leaves of its own."""
    if type(x) is Tensor and x.requires_grad and recording.get():
        return linked(x)  # type: ignore[no-any-return]
    value = value_of(x)
    value = value if hasattr(value, "__array_function__") else np.asarray(value)
    if value.dtype.kind in "biu":
        value = value.astype(np.float64)
    if value.dtype.kind not in "fc":
        raise TypeError(f"argument {number} is to be differentiated, but is no number: {x!r:.60}")
    return node(value if value.ndim else value[()], None, (), (), True)


def record_function(
    f: Function, args: Sequence[Any], kwargs: dict[str, Any], argnums: Argnums
) -> Graph:
    """Call ``f`` on fresh leaves and return the graph between them and its single output."""
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    if not all(-len(args) <= i < len(args) for i in numbers):
        raise ValueError(f"argnums={argnums}, but the function was given {len(args)} argument(s)")
    args = list(args)
    leaves = []
    for i in numbers:
        args[i] = _leaf(args[i], i)
        leaves.append(args[i])
    mode = recording.set(recording.get() or True)
    try:
        out = f(*args, **kwargs)
        if isinstance(out, list | tuple):
            out = np.stack(out)
    except ValueError as error:
        # NumPy wraps our refusal to become an array's entry into an error of its own.
        if isinstance(error.__cause__, LostGraphError):
            raise error.__cause__ from None
        raise
    finally:
        recording.reset(mode)
    return Graph([out if type(out) is Tensor else constant(np.asarray(out)[()])], leaves)


def _nested(graph: Graph, seeds: Sequence[Any] = ()) -> bool:
    """Whether the derivative belongs to an enclosing graph, and so has to be recorded."""
    return bool(recording.get()) and (
        graph.enclosed or any(type(s) is Tensor and s.requires_grad for s in seeds)
    )


def _value(graph: Graph) -> Any:
    (out,) = graph.outputs
    return out if _nested(graph) else out.value


def _one(graph: Graph, derivative: str) -> Any:
    """Return the cotangent 1 of an output that must be a single real number."""
    (out,) = graph.outputs
    if out.size != 1 or out.dtype.kind == "c":
        raise TypeError(
            f"{derivative} needs a function that returns one real number, but it returned shape "
            f"{out.shape} of {out.dtype}: sum it, or use jacobian"
        )
    return one_like(out)


def _packed(results: Sequence[Any], argnums: Any) -> Any:
    return tuple(results) if isinstance(argnums, tuple) else results[0]


# -- first derivatives -----------------------------------------------------------------------


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the gradient of ``f``.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to. A tuple gives a tuple of gradients, each
        of its argument's shape.

    Raises
    ------
    TypeError
        When ``f`` returns more than one entry, or loses the graph on its way.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sum(np.sin(x)))(np.zeros(3))
    array([1., 1., 1.])
    """
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

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        graph = record_function(f, args, kwargs, argnums)
        gradients = graph.pull([_one(graph, "grad")], record=_nested(graph))
        return _value(graph), _packed([gradients[x] for x in graph.leaves], argnums)

    return value_and_gradient


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the Jacobian of ``f``, of shape ``out.shape + x.shape``.

    All its columns go forward, or all its rows backward, through the graph in one walk, whichever
    are fewer.

    Parameters
    ----------
    f : callable
        Returns an array of any shape, or a list or tuple, which is stacked.
    argnums : int or tuple of int
        Which arguments to differentiate with respect to; a tuple gives a tuple.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda v: [v[0] * v[1], v[0] ** 2])(np.array([2.0, 3.0]))
    array([[3., 2.],
           [4., 0.]])
    """

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        graph = record_function(f, args, kwargs, argnums)
        (out,) = graph.outputs
        forward = sum(x.size for x in graph.leaves) <= out.size
        if any(x.dtype.kind != out.dtype.kind for x in graph.leaves):
            forward = out.dtype.kind == "c"  # only so does no part of a complex number get lost
        if forward:
            columns = [_columns(graph, x)[0] for x in graph.leaves]
        else:
            rows = graph.pull([_identity(out)], batch=(out.size,), record=_nested(graph))
            columns = [rows[x] for x in graph.leaves]
        shapes = [out.shape + x.shape for x in graph.leaves]
        return _packed([c.reshape(s) for c, s in zip(columns, shapes, strict=True)], argnums)

    return matrix


def _identity(x: Tensor) -> Any:
    """Return a batch of seeds, one for each entry of ``x``."""
    return np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape)


def _columns(graph: Graph, leaf: Tensor) -> list[Any]:
    """Return each output's derivative by one leaf, as a matrix of shape (outputs, entries)."""
    tangents = [_identity(x) if x is leaf else None for x in graph.leaves]
    pushed = graph.push(tangents, batch=(leaf.size,), record=_nested(graph))
    return [pushed[y].reshape(leaf.size, y.size).T for y in graph.outputs]


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``f`` at the primals and its derivative along the tangents, in one forward walk.

    Parameters
    ----------
    f : callable
    primals, tangents : array_like, or tuples of them
        A tuple is a list of arguments; anything else is the only one. Shapes agree.

    Returns
    -------
    value, tangent
        Both of the shape that ``f`` returns.

    Examples
    --------
    >>> value, tangent = jvp(lambda x: x**3, 2.0, 1.0)
    >>> float(value), float(tangent)
    (8.0, 12.0)
    """
    primals, tangents = _as_arguments(primals, tangents)
    graph = record_function(f, primals, {}, tuple(range(len(primals))))
    seeds = [seed_like(x, t) for x, t in zip(graph.leaves, tangents, strict=True)]
    pushed = graph.push(seeds, record=_nested(graph, seeds))
    return _value(graph), pushed[graph.outputs[0]]


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``f`` at the primals and the function that pulls a cotangent back to them.

    Returns
    -------
    value
        What ``f`` returns.
    pull : callable
        Takes a cotangent of the value's shape; returns that of the primal, or a tuple for several.

    Examples
    --------
    >>> import numpy as np
    >>> value, pull = vjp(np.sin, np.zeros(2))
    >>> pull(np.array([1.0, 10.0]))
    array([ 1., 10.])
    """
    argnums = tuple(range(len(primals))) if len(primals) > 1 else 0
    graph = record_function(f, primals, {}, argnums)

    def pull(cotangent: Any) -> Any:
        seed = seed_like(graph.outputs[0], cotangent)
        pulled = graph.pull([seed], record=_nested(graph, [seed]))
        return _packed([pulled[x] for x in graph.leaves], argnums)

    return _value(graph), pull


def _as_arguments(primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    primals = primals if isinstance(primals, tuple) else (primals,)
    tangents = tangents if isinstance(tangents, tuple) else (tangents,)
    if len(primals) != len(tangents):
        raise ValueError(f"there are {len(primals)} primals, but {len(tangents)} tangents")
    return primals, tangents


# -- second derivatives: forward over backward -----------------------------------------------


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the Hessian of ``f``, of shape ``x.shape + x.shape``.

    The gradient's graph is walked forward once, with all the columns; the result is exactly
    symmetric. A tuple of argnums gives a tuple of tuples of blocks.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda v: v[0] ** 2 * v[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        graph = _gradient_graph(record_function(f, args, kwargs, argnums), "hessian")
        leaves = graph.leaves
        columns = [_columns(graph, x) for x in leaves]
        blocks = [
            _packed(
                [
                    ((columns[j][i] + columns[i][j].T) / 2).reshape(x.shape + y.shape)
                    for j, y in enumerate(leaves)
                ],
                argnums,
            )
            for i, x in enumerate(leaves)
        ]
        return _packed(blocks, argnums)

    return matrix


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """Return the product of the Hessian of ``f`` with the tangents, without the Hessian.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals, tangents : array_like, or tuples of them
        As for `jvp`. A tuple gives a tuple.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda v: v[0] ** 2 * v[1], np.array([1.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 2.])
    """
    arguments, directions = _as_arguments(primals, tangents)
    graph = _gradient_graph(record_function(f, arguments, {}, tuple(range(len(arguments)))), "hvp")
    seeds = [seed_like(x, t) for x, t in zip(graph.leaves, directions, strict=True)]
    pushed = graph.push(seeds, record=_nested(graph, seeds))
    return _packed([pushed[g] for g in graph.outputs], primals)


def _gradient_graph(graph: Graph, derivative: str) -> Graph:
    """Return the graph between the leaves and the gradients with respect to them."""
    gradients = graph.pull([_one(graph, derivative)], record=True)
    return Graph([gradients[x] for x in graph.leaves], graph.leaves)
