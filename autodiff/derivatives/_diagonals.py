"""The diagonals of Jacobians and Hessians, and their sums, without the matrices."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from autodiff._core.checks import require_function
from autodiff._core.complex_arguments import BY_PARTS, require_analytic, require_real_arguments
from autodiff._core.functions import argument, is_nested, record_function
from autodiff._core.machine import BATCH_ENTRIES
from autodiff._core.op import Elementwise
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function
from autodiff._core.walks import Graph
from autodiff.derivatives._batches import unit_seeds
from autodiff.derivatives._second import gradient_graph


def hessian_diagonal(f: Function) -> Function:
    """Return the function that computes the diagonal of the Hessian of ``f``, ∂²f/∂xᵢ².

    Where the gradient's recorded graph shows that each of its entries depends on the same entry
    of ``x`` alone, as for a sum over an elementwise expression, one walk forward gives the whole
    diagonal: 2.5 times the time of the gradient, for a hundred entries as for a million. Otherwise
    all columns go forward through the gradient's graph in small batches, of which only the
    diagonal is kept: the time of `hessian`, but memory for a batch instead of n² numbers.

    Parameters
    ----------
    f : callable
        Takes one real array of any shape; returns one real number.

    Returns
    -------
    callable
        Gives an array of the shape of its argument.

    Raises
    ------
    TypeError
        When ``f`` returns more than one entry, or its argument is complex.

    Examples
    --------
    >>> import numpy as np
    >>> hessian_diagonal(lambda x: np.sum(x**3))(np.array([1.0, 2.0, 3.0]))
    array([ 6., 12., 18.])
    """
    require_function(f, "hessian_diagonal")

    @wraps(f)
    def diagonal(x: Any) -> Any:
        return _second_derivatives(f, x, "hessian_diagonal")

    return diagonal


def laplacian(f: Function) -> Function:
    """Return the function that computes the Laplacian of ``f``, Σᵢ ∂²f/∂xᵢ².

    Parameters, costs and errors are those of `hessian_diagonal`.

    Examples
    --------
    The potential of a point charge solves Laplace's equation:

    >>> import numpy as np
    >>> potential = lambda r: 1 / np.sqrt(np.sum(r**2))
    >>> print(f"{abs(laplacian(potential)(np.array([1.0, 2.0, 2.0]))):.12f}")
    0.000000000000
    """
    require_function(f, "laplacian")

    @wraps(f)
    def trace(x: Any) -> Any:
        return np.sum(_second_derivatives(f, x, "laplacian"))

    return trace


def divergence(F: Function) -> Function:
    """Return the function that computes the divergence of ``F``, Σᵢ ∂Fᵢ/∂xᵢ.

    One walk forward where ``F`` is seen to be elementwise, small batches of columns otherwise, as
    `hessian_diagonal` tells.

    Parameters
    ----------
    F : callable
        Takes an array of any shape and returns one of the same shape, or a list or tuple, which
        is stacked. Of a complex array it has to be analytic.

    Raises
    ------
    ValueError
        When the two shapes differ.
    TypeError
        When ``F`` is no analytic function of a complex array.

    Examples
    --------
    >>> import numpy as np
    >>> float(divergence(lambda v: [v[0] * v[1], v[1] ** 2])(np.array([5.0, 1.0])))
    3.0
    """
    require_function(F, "divergence")

    @wraps(F)
    def trace(x: Any) -> Any:
        graph = record_function(F, (x,), {}, 0)
        (leaf,), (out,) = graph.leaves, graph.outputs
        if out.shape != leaf.shape:
            raise ValueError(
                f"divergence needs a function that returns an array of its argument's shape "
                f"{leaf.shape}, but it returned shape {out.shape}: use jacobian"
            )
        if leaf.dtype.kind == "c":
            require_analytic(graph, "divergence needs an analytic function", BY_PARTS)
        return np.sum(_jacobian_diagonal(graph))

    return trace


def _second_derivatives(f: Function, x: Any, derivative: str) -> Any:
    graph = record_function(f, (x,), {}, 0)
    require_real_arguments(graph, derivative)
    return _jacobian_diagonal(gradient_graph(graph, derivative))


def _jacobian_diagonal(graph: Graph) -> Any:
    """Return the derivative of each entry of the output by the same entry of the only leaf."""
    (leaf,), (out,) = graph.leaves, graph.outputs
    record = is_nested(graph)
    if acts_on_each_entry(graph, leaf) or not leaf.size:
        return graph.push([np.ones_like(leaf._value)], record=record)[out]
    largest = max(y.size for y in (leaf, out, *graph.order))
    count = max(1, BATCH_ENTRIES // largest)
    parts = []
    for start in range(0, leaf.size, count):
        batch = (min(count, leaf.size - start),)
        seeds = unit_seeds(leaf, start, start + batch[0])
        columns = graph.push([seeds], batch=batch, record=record)[out]
        # A copy, for a view would keep all columns.
        parts.append(np.copy(np.diagonal(columns.reshape(*batch, leaf.size), start)))
    return np.concatenate(parts).reshape(leaf.shape)


def acts_on_each_entry(graph: Graph, leaf: Tensor) -> bool:
    """Whether the graph shows that each entry of the output depends on the leaf's same entry alone.

    It does if everything that depends on the leaf has the leaf's shape and was made elementwise.
    """
    dependent = {leaf}
    for consumer in graph.order:
        if any(type(x) is Tensor and x in dependent for x in consumer.inputs):
            op: Any = consumer.op
            if consumer.shape != leaf.shape:
                return False
            if not isinstance(op, Elementwise) and op.compute is not argument:
                return False
            dependent.add(consumer)
    return True
