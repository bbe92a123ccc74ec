"""All columns of a Jacobian from one walk, where the output is elementwise in its data.

A model of parameters p and data x, such as p[0] * np.exp(-p[1] * x), maps each data point by
itself: of an array along the data axis, y[n] depends on the n-th entry only. Then ∂y[n]/∂v[n] is
one number for each entry of such an array, and the walk back with the cotangent 1 finds them all
at once, if it does not sum over the data where a parameter was broadcast along them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.array_kinds import is_foreign, is_plain, of_kind, of_one_kind
from autodiff._core.hook import recording
from autodiff._core.machine import LARGE, keep_freed_memory
from autodiff._core.scatter import Scattered, accumulate, in_full_shape, read_rule
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Shape, Value
from autodiff._core.walks import Graph, unbroadcast, unbroadcast_structural

# What arrives at a Tensor, and whether it runs along the data. If so, it is ∂y[n]/∂(its n-th
# entry); if not, ∂y[n]/∂(all of it), with n in front, or one number for all n where it is a number.
Arrival: TypeAlias = tuple[Cotangent, bool]
Arrivals: TypeAlias = dict[Tensor, Arrival]
Columns: TypeAlias = dict[Tensor, dict[int, Cotangent]]  # of each leaf, by the number of the entry


class MixesDataError(Exception):
    """An entry of the output depends on several data points, or may do so for all one sees."""


def columns_by_data(graph: Graph) -> list[Value] | None:
    """Return the Jacobian of a vector by each leaf, of shape ``(n, *leaf.shape)``.

    None where the graph shows that the output is not elementwise in its data. The data are
    followed from the output back, never guessed from a length.
    """
    (out,) = graph.outputs
    if out.ndim != 1 or any(x.dtype.kind != out.dtype.kind for x in graph.leaves):
        return None
    if out.size > LARGE:
        keep_freed_memory()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            arrivals, columns = _walk_back(graph, out.size)
        except MixesDataError:
            return None
        if out.dtype.kind == "f" and _meets_complex(graph.leaves, arrivals, columns):
            return None  # the walk back drops what is imaginary at the leaves
        results: list[Value] = []
        for x in graph.leaves:
            J = _jacobian(arrivals.get(x), columns[x], x, out.size)
            results.append(J.copy() if any(J is other for other in results) else J)
        finite = recording.get().all_finite(results)
    return results if finite else None


def _meets_complex(leaves: Sequence[Tensor], arrivals: Arrivals, columns: Columns) -> bool:
    """Whether what arrives at a leaf is complex."""
    ends = [arrivals[x][0] for x in leaves if x in arrivals]
    ends += [g for own in columns.values() for g in own.values()]
    return any(type(g) is not Scattered and g.dtype.kind == "c" for g in ends)


def _walk_back(graph: Graph, n: int) -> tuple[Arrivals, Columns]:
    """Return what arrives at the leaves, and at single entries of those that are vectors.

    Raises
    ------
    MixesDataError
        Where the output is not seen to be elementwise in its data.
    """
    (out,) = graph.outputs
    most = sum(map(attrgetter("size"), graph.leaves))  # more would cost more than the result
    columns: Columns = {x: {} for x in graph.leaves}
    arrivals: Arrivals = {out: (out.dtype.type(1), True)}
    take, get, oldest = arrivals.pop, arrivals.get, graph.oldest
    for consumer in reversed(graph.order):
        arrival = take(consumer, None)
        if arrival is None:
            continue
        g, along_data = arrival
        op: Any = consumer.op
        value = consumer._value
        if along_data:
            if op.structural:
                raise MixesDataError
        elif _keep_as_column(consumer, g, columns):
            continue
        else:
            g = _in_shape_for_rules(g, consumer, n, most)
        for i, x in enumerate(consumer.inputs):
            if type(x) is Tensor and x.requires_grad and x._index >= oldest:
                image = op.rules[i](g, value, *consumer._values)
                shape = x._value.shape
                x_along_data = along_data and shape == value.shape
                # What arrives at a number is not summed over the data.
                if op.structural or (shape != value.shape and (shape or not along_data)):
                    image = _unbroadcast(image, shape, consumer, along_data, n)
                arrival = image, x_along_data
                earlier = get(x)
                arrivals[x] = arrival if earlier is None else _sum(earlier, arrival)
    return arrivals, columns


def _in_shape_for_rules(g: Cotangent, consumer: Tensor, n: int, most: int) -> Cotangent:
    """Return the cotangents of all n outputs by a Tensor as its op's rules take them."""
    op: Any = consumer.op
    value = consumer._value
    if value.size > most:
        raise MixesDataError
    whole = op.structural or type(g) is Scattered
    return in_full_shape(g, (n, *value.shape)) if whole else g


def _unbroadcast(
    image: Cotangent, shape: Shape, consumer: Tensor, along_data: bool, n: int
) -> Cotangent:
    """Return an operand's image in its own shape, with n in front."""
    op: Any = consumer.op
    full = consumer._value.shape
    if along_data:
        return in_full_shape(image, full).reshape(n, *shape)
    if op.structural:
        return unbroadcast_structural(image, shape, (n,))
    return unbroadcast(image, shape, full, (n,))


def _sum(a: Arrival, b: Arrival) -> Arrival:
    if a[1] != b[1]:
        raise MixesDataError
    return accumulate(a[0], b[0]), a[1]


def _keep_as_column(consumer: Tensor, g: Cotangent, columns: Columns) -> bool:
    """Keep what arrives at one entry of a vector of parameters as its column; return whether so."""
    op: Any = consumer.op
    if not op.structural or op.rules[0] is not read_rule:
        return False
    x, key = consumer.inputs[0], consumer._values[1]
    if x not in columns or x.ndim != 1 or len(key) != 2 or type(key[1]) is not int:
        return False
    if type(g) is Scattered:
        g = g.assemble()
    own, i = columns[x], key[1] % x.size
    own[i] = own[i] + g if i in own else g
    return True


def _jacobian(
    arrival: Arrival | None, columns: dict[int, Cotangent], leaf: Tensor, n: int
) -> Value:
    """Return the Jacobian by a leaf from what arrived there; a diagonal one by data."""
    if arrival is None and leaf.ndim == 1:
        return _rows(columns, leaf, n).T
    g, along_data = arrival or (np.zeros((), leaf.dtype), False)
    if along_data:
        J = np.diag(in_full_shape(g, leaf.shape))
    else:
        J = in_full_shape(g, (n, *leaf.shape)).astype(leaf.dtype, copy=False)
    J = of_kind(J, leaf._value)
    if columns or not is_plain(J) or J.base is not None:
        J = J.copy()
    for i, column in columns.items():
        J[:, i] += column
    return J


def _rows(columns: dict[int, Cotangent], leaf: Tensor, n: int) -> Value:
    """Return the transposed Jacobian by a vector, so that each column is one piece of memory."""
    if all(map(is_plain, columns.values())) and not is_foreign(leaf._value):
        rows = np.empty((leaf.size, n), leaf.dtype)
        for i in range(leaf.size):
            rows[i] = columns.get(i, 0)
        return rows
    zero = np.zeros(n, leaf.dtype)
    whole = [in_full_shape(columns[i], (n,)) if i in columns else zero for i in range(leaf.size)]
    return np.stack(of_one_kind([*whole, leaf._value])[:-1]).astype(leaf.dtype, copy=False)
