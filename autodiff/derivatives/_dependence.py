"""Which entries of a graph's outputs can depend on which entries of its leaves.

The ops alone decide, never a value: what they do not exclude counts as a dependence, though the
derivative be 0 at this point, or everywhere. So the answer holds for all values with which the same
ops are computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType, NoneType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff._core.nonnegative import Nonnegative
from autodiff._core.op import Elementwise, Multilinear, rank
from autodiff._core.tensor import Tensor
from autodiff._core.walks import Graph

# Of each entry of a Tensor, on which entries of the leaves it depends: these come first.
Mask: TypeAlias = NDArray[np.bool]

MOST_BYTES = 1 << 26  # of a mask

_KNOWN = (int, float, str, slice, NoneType, EllipsisType, np.ndarray, np.generic, np.dtype)


def dependence(graph: Graph) -> NDArray[np.bool] | None:
    """Return a row for each entry of the outputs: on which entries of the leaves it can depend.

    None where finding out would take too much memory.
    """
    count = sum(x.size for x in graph.leaves)
    if count * max(y.size for y in (*graph.order, *graph.outputs)) > MOST_BYTES:
        return None
    masks: dict[Tensor, Mask] = {}
    start = 0
    for x in graph.leaves:
        masks[x] = np.eye(count, x.size, -start, bool).reshape(count, *x.shape)
        start += x.size
    last_consumer: dict[Tensor, Any]
    last_consumer = {x: y for y in graph.order for x in y.inputs if type(x) is Tensor}
    last_consumer.update(dict.fromkeys(graph.outputs))
    for consumer in graph.order:
        known = [masks.get(x) if type(x) is Tensor else None for x in consumer.inputs]
        if any(mask is not None for mask in known):
            masks[consumer] = _mask(consumer, known, count)
        for x in consumer.inputs:
            if type(x) is Tensor and last_consumer[x] is consumer:
                masks.pop(x, None)
    none = [np.zeros((count, y.size), bool) for y in graph.outputs]
    found = [masks.get(y, mask) for y, mask in zip(graph.outputs, none, strict=True)]
    return np.concatenate([mask.reshape(count, -1 if count else 0) for mask in found], axis=1).T


def _mask(consumer: Tensor, known: Sequence[Mask | None], count: int) -> Mask:
    """Return the mask of what an op makes, from those of its inputs (None: depends on nothing)."""
    op: Any = consumer.op
    inputs = consumer._values
    if isinstance(op, Nonnegative):
        operands = op.operands(inputs)
        if all(_is_known(x, i < operands) for i, x in enumerate(inputs)):
            moved = [
                x if not hasattr(x, "dtype") else _none(x, count) if mask is None else mask
                for x, mask in zip(inputs[:operands], known, strict=False)
            ]
            with np.errstate(invalid="ignore"):  # the mean of nothing
                return np.asarray(op.compute(*moved, *inputs[operands:]) != 0)
    if isinstance(op, Elementwise):
        return _unions(consumer, known, [0] * len(inputs), count)
    consumed = op.core if isinstance(op, Multilinear) else list(map(rank, inputs))
    return _unions(consumer, known, consumed, count)


def _unions(
    consumer: Tensor, known: Sequence[Mask | None], consumed: Sequence[int], count: int
) -> Mask:
    """Return the mask of what depends on all entries along the trailing axes that an op consumes.

    Those in front of them broadcast.
    """
    loops = [rank(x) - n for x, n in zip(consumer._values, consumed, strict=False)]
    loop = max(loops)
    mask = np.zeros((count, *consumer.shape), bool)
    for part, n, own in zip(known, consumed, loops, strict=False):
        if part is not None:
            union = np.any(part, axis=tuple(range(-n, 0)))
            missing, made = (1,) * (loop - own), (1,) * (consumer.ndim - loop)
            mask |= union.reshape(count, *missing, *union.shape[1:], *made)
    return mask


def _none(x: Any, count: int) -> Mask:
    """Return the mask of an operand that depends on nothing."""
    return np.broadcast_to(False, (count, *x.shape))


def _is_known(x: Any, operand: bool = False) -> bool:
    """Whether an argument is an operand, or holds no value that depends on others.

    An index that was computed is such a value. While a plan is recorded, it is no array of NumPy's.
    """
    if issubclass(type(x), tuple | list):
        return all(map(_is_known, x))
    return issubclass(type(x), _KNOWN) or (operand and hasattr(x, "dtype"))
