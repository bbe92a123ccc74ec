"""Second derivatives along a direction: forward over backward."""

from __future__ import annotations

from autodiff._core.array_kinds import is_on_device, is_plain
from autodiff._core.checks import require_function
from autodiff._core.functions import is_nested, record_structures
from autodiff._core.seeds import one_for, seeds_for
from autodiff._core.structures import as_arguments, with_leaves
from autodiff._core.types import Function, Structure
from autodiff._core.walks import Graph


def hvp(f: Function, primals: Structure, tangents: Structure) -> Structure:
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
    arguments = as_arguments(primals)
    argnums = tuple(range(len(arguments))) if several else 0
    graph, structure = record_structures(f, arguments, {}, argnums)
    graph = gradient_graph(graph, "hvp")
    seeds = seeds_for(structure if several else (structure,), as_arguments(tangents))
    pushed = graph.push(seeds, record=is_nested(graph, seeds))
    results = [pushed[g] for g in graph.outputs]
    for i, x in enumerate(results):  # two arguments may have one gradient, not one array
        if (is_plain(x) or is_on_device(x)) and any(x is other for other in results[:i]):
            results[i] = x.copy()
    return with_leaves(structure, results)


def gradient_graph(graph: Graph, derivative: str) -> Graph:
    """Return the graph between the leaves and the gradients with respect to them."""
    gradients = graph.pull([one_for(graph.outputs[0], derivative)], record=True)
    return Graph([gradients[x] for x in graph.leaves], graph.leaves)
