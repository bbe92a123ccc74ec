"""First derivatives: each records the function once and walks over what it recorded."""

from __future__ import annotations

from functools import wraps
from typing import Any

from autodiff._core.checks import checked_argnums, require_function
from autodiff._core.functions import is_nested, record_structures, value_from
from autodiff._core.seeds import one_for, seed_like, seeds_for
from autodiff._core.structures import as_arguments, with_leaves
from autodiff._core.types import Argnums, Cotangent, Function, Structure, Tangent, Value


def _require_primals(f: Any, primals: tuple[Structure, ...], derivative: str) -> None:
    require_function(f, derivative)
    if not primals:
        raise TypeError(f"{derivative} needs the point as well: {derivative}(f, x)")


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
    def gradient(*args: Structure, **kwargs: Any) -> Structure:
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
    def value_and_gradient(*args: Structure, **kwargs: Any) -> tuple[Value, Structure]:
        graph, structure = record_structures(f, args, kwargs, argnums)
        gradients = graph.pull([one_for(graph.outputs[0], "grad")], record=is_nested(graph))
        return value_from(graph), with_leaves(structure, [gradients[x] for x in graph.leaves])

    return value_and_gradient


def jvp(f: Function, primals: Structure, tangents: Structure) -> tuple[Value, Tangent]:
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
    value, push = linearize(f, *as_arguments(primals))
    return value, push(*as_arguments(tangents))


def linearize(f: Function, *primals: Structure) -> tuple[Value, Function]:
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

    def push(*tangents: Structure) -> Tangent:
        seeds = seeds_for(structures, tangents)
        return graph.push(seeds, record=is_nested(graph, seeds))[graph.outputs[0]]

    return value_from(graph), push


def vjp(f: Function, *primals: Structure) -> tuple[Value, Function]:
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

    def pull(cotangent: Cotangent) -> Structure:
        seed = seed_like(graph.outputs[0], cotangent)
        pulled = graph.pull([seed], record=is_nested(graph, [seed]))
        return with_leaves(structure, [pulled[x] for x in graph.leaves])

    return value_from(graph), pull
