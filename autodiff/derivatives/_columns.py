"""All columns of a Jacobian from one walk, where the output is elementwise in its data.

A model of parameters p and data x, such as p[0] * np.exp(-p[1] * x), maps each data point by
itself: of an array along the data axis, y[n] depends on the n-th entry only. Then ∂y[n]/∂v[n] is
one number for each entry of such an array, and the walk back with the cotangent 1 finds them all
at once, if it does not sum over the data where a parameter was broadcast along them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.machine import LARGE, keep_freed_memory
from autodiff._core.scatter import Scattered, accumulate, in_full_shape, read_rule
from autodiff._core.tensor import Tensor
from autodiff._core.walks import Graph, unbroadcast, unbroadcast_structural


def columns_by_data(graph: Graph) -> list[Any] | None:
    """Return the Jacobian of a vector by each leaf, of shape ``(n, *leaf.shape)``.

    None where the graph shows that the output is not elementwise in its data. The data are
    followed from the output back, never guessed from a length.
    """
    (out,) = graph.outputs
    kinds = {x.dtype.kind for x in (out, *graph.leaves)}
    if out.ndim != 1 or len(kinds) > 1:
        return None
    n = out.size
    if n > LARGE:
        keep_freed_memory()
    most = sum([x.size for x in graph.leaves])  # what is larger would cost more than the result
    columns: dict[Tensor, dict[int, Any]] = {x: {} for x in graph.leaves}
    # What arrives at a Tensor: where it runs along the data, ∂y[n]/∂(its n-th entry); elsewhere
    # ∂y[n]/∂(all of it), with n in front, or one number for all n if the Tensor is a number.
    arrived: dict[Tensor, tuple[Any, bool]] = {out: (out.dtype.type(1), True)}
    take, oldest = arrived.pop, graph.oldest
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for consumer in reversed(graph.order):
            arrival = take(consumer, None)
            if arrival is None:
                continue
            g, along_data = arrival
            op: Any = consumer.op
            value = consumer._value
            if op.structural:
                if along_data:
                    return None
                if type(g) is Scattered:
                    g = g.assemble()
                if op.rules[0] is read_rule and _column(consumer, g, columns):
                    continue
            if not along_data:
                if value.size > most:
                    return None
                if op.structural or type(g) is Scattered:
                    g = in_full_shape(g, (n, *value.shape))
            for i, x in enumerate(consumer.inputs):
                if type(x) is not Tensor or not x.requires_grad or x._index < oldest:
                    continue
                image = op.rules[i](g, value, *consumer._values)
                shape = x._value.shape
                x_along_data = along_data and shape == value.shape
                if along_data and not x_along_data:  # a number: not summed over the data
                    if shape:
                        image = in_full_shape(image, value.shape).reshape(n, *shape)
                elif op.structural:
                    image = unbroadcast_structural(image, shape, (n,))
                elif shape != value.shape:
                    image = unbroadcast(image, shape, value.shape, (n,))
                if x in arrived:
                    earlier, differs = arrived[x][0], arrived[x][1] != x_along_data
                    if differs:
                        return None
                    image = accumulate(earlier, image)
                arrived[x] = image, x_along_data
        ends = [arrived[x][0] for x in graph.leaves if x in arrived]
        ends += [g for own in columns.values() for g in own.values()]
        if kinds == {"f"} and any(type(g) is not Scattered and g.dtype.kind == "c" for g in ends):
            return None  # complex on the way: the walk back drops what is imaginary at the leaves
        results: list[Any] = []
        for x in graph.leaves:
            J = _jacobian(arrived.get(x), columns[x], x, n)
            results.append(J.copy() if any(J is other for other in results) else J)
        finite = all(np.isfinite(np.add.reduce(J, axis=None)) for J in results)
    return results if finite else None


def _column(consumer: Tensor, g: Any, columns: dict[Tensor, dict[int, Any]]) -> bool:
    """Keep what arrives at one entry of a vector of parameters as a column, if it is that."""
    x, key = consumer.inputs[0], consumer._values[1]
    if x not in columns or x.ndim != 1 or len(key) != 2 or type(key[1]) is not int:
        return False
    own, i = columns[x], key[1] % x.size
    own[i] = own[i] + g if i in own else g
    return True


def _jacobian(
    arrival: tuple[Any, bool] | None, columns: dict[int, Any], leaf: Tensor, n: int
) -> Any:
    """Return the Jacobian by a leaf from what arrived there; a diagonal one by data."""
    if arrival is None and leaf.ndim == 1:
        rows = np.empty((leaf.size, n), leaf.dtype)  # each column in one piece of memory
        for i in range(leaf.size):
            rows[i] = columns.get(i, 0)
        return rows.T
    g, along_data = arrival or (np.zeros((), leaf.dtype), False)
    if along_data:
        J = np.diag(in_full_shape(g, leaf.shape))
    else:
        J = in_full_shape(g, (n, *leaf.shape)).astype(leaf.dtype, copy=False)
    if J.base is not None or columns:
        J = J.copy()
    for i, column in columns.items():
        J[:, i] += column
    return J
