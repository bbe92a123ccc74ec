"""Cotangents of all nodes for a picture; no ``grad`` is read or written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from autodiff._core.hook import NO_GRAD, recording
from autodiff._core.op import Together
from autodiff._core.scatter import accumulate, in_full_shape
from autodiff._core.tensor import Tensor
from autodiff._core.types import Value
from autodiff._core.walks import unbroadcast_structural
from autodiff._core.zeros import zero_preserving


def cotangents_of(
    outputs: Sequence[Tensor],
    ends: Collection[Tensor] = (),
    closed: Collection[Tensor] = (),
) -> dict[Tensor, Value]:
    """Return the cotangent of each Tensor that the sum of the outputs' entries depends on.

    The walk ends at some Tensors, even where an op made them. Through those that are closed nothing
    comes back, and what more would have come to has no cotangent.
    """
    carried: dict[Tensor, Any] = {y: np.ones_like(y._value) for y in outputs if y.requires_grad}
    found: dict[Tensor, Value] = {}
    unknown: set[Tensor] = set()
    token = recording.set(NO_GRAD)
    try:
        with np.errstate(all="ignore"):
            for consumer in reversed(_order(list(carried), ends)):
                if consumer not in unknown:
                    found[consumer] = g = _of_its_kind(carried.pop(consumer), consumer._value)
                if consumer in unknown or consumer in closed:
                    unknown.update(x for x in consumer.inputs if type(x) is Tensor)
                else:
                    _carry_on(g, consumer, carried)
            known = carried.keys() - unknown
            return found | {x: _of_its_kind(carried[x], x._value) for x in known}
    finally:
        recording.reset(token)


def _order(outputs: list[Tensor], ends: Collection[Tensor]) -> list[Tensor]:
    """Return what ops made on the way to the outputs, in the order they were made."""
    found = dict.fromkeys(y for y in outputs if y.op is not None and y not in ends)
    order = list(found)
    for consumer in order:  # which grows meanwhile
        for x in consumer.inputs:
            if type(x) is Tensor and x.requires_grad and x.op and x not in found and x not in ends:
                found[x] = None
                order.append(x)
    return sorted(order, key=attrgetter("_index"))


def _carry_on(g: Value, consumer: Tensor, carried: dict[Tensor, Any]) -> None:
    """Add to its inputs' cotangents what a node's cotangent gives them."""
    rules = zero_preserving(consumer).rules
    arguments = g, consumer._value, *consumer._values
    image_of = (
        rules.images(g, consumer._value, consumer._values) if type(rules) is Together else None
    )
    for i, x in enumerate(consumer.inputs):
        if type(x) is Tensor and x.requires_grad:
            image = image_of(i) if image_of else rules[i](*arguments)
            image = unbroadcast_structural(image, x._value.shape, ())
            earlier = carried.get(x)
            carried[x] = image if earlier is None else accumulate(earlier, image)


def _of_its_kind(g: Any, value: Value) -> Value:
    """Return a cotangent in the full shape and the dtype of the value it belongs to."""
    g = in_full_shape(g, value.shape)
    if g.dtype == value.dtype:
        return g
    return (g.real if value.dtype.kind == "f" else g).astype(value.dtype)
