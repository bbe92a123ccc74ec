"""Walks: ordered passes over a graph, backward with cotangents or forward with tangents.

What they carry may have extra leading axes, a batch of seeds. Given the nodes in place of their
values the rules record themselves, and the walk builds the derivative's own graph.

A cotangent or tangent of a Tensor stands for its broadcast to the batch and the Tensor's shape: the
gradient of a sum stays one number until something needs an entry for each term. With a batch it has
all axes, some of length 1; without one, axes in front may be missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from sys import getrefcount
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.array_kinds import of_kind, snapshot
from autodiff._core.hook import Amend, recording
from autodiff._core.machine import LONG, keep_freed_memory, sum_of_rows
from autodiff._core.op import Custom, Together, total
from autodiff._core.record import value_of
from autodiff._core.scatter import Scattered, accumulate, in_full_shape
from autodiff._core.seeds import seed_of
from autodiff._core.table import operation
from autodiff._core.tensor import Tensor, constant
from autodiff._core.types import Cotangent, Shape, Tangent, Value
from autodiff._core.zeros import zero_preserving, zero_preserving_forward

Carried: TypeAlias = dict[Tensor, Cotangent]  # or tangents


class Graph:
    """The ops between some leaves and some outputs, in the order in which they were made.

    Without leaves it reaches back to every Tensor that no op made.
    """

    __slots__ = ("enclosed", "leaves", "oldest", "order", "outputs")

    def __init__(self, outputs: Sequence[Tensor], leaves: Sequence[Tensor] = ()) -> None:
        self.outputs = outputs
        self.leaves = leaves
        self.oldest = min([leaf._index for leaf in leaves]) if leaves else 0
        self.order, met_older = ancestors(outputs, leaves, self.oldest)
        if len(self.order) > LONG:
            keep_freed_memory()
        # Whether the outputs depend on Tensors of an enclosing differentiation as well.
        self.enclosed = met_older or any(leaf.op is not None for leaf in leaves)

    def pull(
        self, cotangents: Sequence[Cotangent], *, batch: Shape = (), record: bool = False
    ) -> Carried:
        """Walk backward: return the leaves' cotangents, of shape ``batch + leaf.shape``."""
        walk = partial(_backward, self, cotangents, batch, record)
        return _with_care(walk, zero_preserving, self.leaves, cotangents, batch, record)

    def push(
        self, tangents: Sequence[Tangent], *, batch: Shape = (), record: bool = False
    ) -> Carried:
        """Walk forward: return the outputs' tangents, of shape ``batch + output.shape``."""
        walk = partial(_forward, self, tangents, batch, record)
        return _with_care(walk, zero_preserving_forward, self.outputs, tangents, batch, record)


def ancestors(
    outputs: Sequence[Tensor], leaves: Sequence[Tensor] = (), oldest: int = 0
) -> tuple[list[Tensor], bool]:
    """Return the Tensors that ops made on the way to the outputs, in the order they were made.

    The search ends at the leaves, and before Tensors whose index is below ``oldest``; the second
    result says whether it met one of those, or another leaf that somebody holds.

    Raises
    ------
    RuntimeError
        When an input is younger than its consumer: its value was replaced in between.
    """
    found = {*outputs, *leaves}
    order = [y for y in found.difference(leaves) if y.op is not None and y._index >= oldest]
    young: list[Tensor] = []
    met_older = _reach_back(order, found, oldest, young)
    met_older |= oldest > 0 and any(y.requires_grad and y._index < oldest for y in outputs)
    order.sort(key=attrgetter("_index"))
    return order, met_older or (bool(young) and _has_other_owner(young))


def _reach_back(order: list[Tensor], found: set[Tensor], oldest: int, young: list[Tensor]) -> bool:
    """Add what an order's Tensors were made from; return whether some of that is older.

    ``young`` takes leaves that were made, or replaced, while the graph was recorded.
    """
    met_older = False
    for consumer in order:  # which grows meanwhile
        index = consumer._index
        for x in consumer.inputs:
            if type(x) is Tensor and x.requires_grad and x not in found:
                if x._index < oldest:
                    met_older = True
                elif x._index > index:
                    raise RuntimeError(_stale(x, consumer))
                elif x.op is not None:
                    found.add(x)
                    order.append(x)
                elif oldest:
                    young.append(x)
    return met_older


def _has_other_owner(young: list[Tensor]) -> bool:
    """Whether somebody holds one of the leaves beside the graph, which holds it once a mention."""
    mentions = Counter(map(id, young))
    # For each mention there is one among a consumer's inputs and one in ``young``; besides, there
    # are the variable here and the argument of the call that counts.
    return any(getrefcount(x) > 2 * mentions[id(x)] + 2 for x in young)


def _stale(x: Tensor, consumer: Tensor) -> str:
    name = repr(x.name) if x.name else f"a leaf of shape {x.shape}"
    op = consumer.op.name if consumer.op else ""
    return (
        f"the value of {name} was replaced after {op} had used it, so the recorded graph no "
        "longer matches: compute the output again before differentiating it"
    )


# -- backward --------------------------------------------------------------------------------


def _backward(
    graph: Graph, seeds: Sequence[Cotangent], batch: Shape, record: bool, amend: Amend
) -> Carried:
    """Pass over the graph from the last op to the first; what remains belongs to the leaves."""
    cotangents = dict(zip(graph.outputs, seeds, strict=True))
    oldest = graph.oldest
    take, get = cotangents.pop, cotangents.get
    for consumer in reversed(graph.order):
        g = take(consumer)
        op: Any = amend(consumer) if amend else consumer.op
        out: Any
        if record:
            out, inputs = consumer, consumer.inputs
        else:
            out, inputs = consumer._value, consumer._values
        full = out.shape
        rules = op.rules
        images = None
        structural = op.structural
        if structural:
            if g.shape != full:
                g = in_full_shape(g, batch + full)
            if type(rules) is Together:
                images = rules.images(g, out, inputs)
        elif type(g) is Scattered:
            g = g.assemble()
        for i, x in enumerate(consumer.inputs):
            if type(x) is Tensor and x.requires_grad and x._index >= oldest:
                image = rules[i](g, out, *inputs) if images is None else images(i)
                shape = x._value.shape
                if structural:
                    if batch or (image.shape and image.shape != shape):
                        image = unbroadcast_structural(image, shape, batch)
                elif shape != full:
                    image = unbroadcast(image, shape, full, batch)
                earlier = get(x)
                cotangents[x] = image if earlier is None else accumulate(earlier, image)
    return cotangents


def unbroadcast_structural(image: Cotangent, shape: Shape, batch: Shape) -> Cotangent:
    """Return a structural op's image in its operand's rank, summed over axes that broadcast it."""
    if type(image) is Scattered:
        return image
    own = image.shape[len(batch) :]
    return image if own == shape else unbroadcast(image, shape, own, batch)


def unbroadcast(image: Cotangent, shape: Shape, full: Shape, batch: Shape) -> Cotangent:
    """Return an image summed over the axes along which an operand was broadcast.

    The operand has the shape ``shape``, and the image stands for its broadcast to ``batch + full``:
    where it has length 1 along such an axis, it counts as often as that axis is long.
    """
    if type(image) is np.ndarray and image.ndim == 2 and shape == full[1:] and image.shape == full:
        return sum_of_rows(image)
    rank = len(batch)
    axes, factor, rest = _summation(image.shape[rank:], shape, full)
    if axes:
        image = image.sum(axis=axes)
    if image.ndim and image.shape[rank:] != rest:
        image = image.reshape(batch + rest)
    return image if factor == 1 else image * factor


@lru_cache(maxsize=1024)
def _summation(own: Shape, shape: Shape, full: Shape) -> tuple[tuple[int, ...], int, Shape]:
    """Return the axes of an image to sum over, the factor for those it lacks, and what is left.

    The axes count from the end.
    """
    rank = max(len(full), len(shape))
    own, operand, full = ((1,) * (rank - len(lengths)) + lengths for lengths in (own, shape, full))
    axes, factor = [], 1
    for axis, (length, kept, n) in enumerate(zip(own, operand, full, strict=True), -rank):
        if kept == 1 != n:
            axes += [axis] * (length == n)
            factor *= 1 if length == n else n
    rest = [1 if axis in axes else length for axis, length in enumerate(own, -rank)]
    return tuple(axes), factor, tuple(rest[rank - len(shape) :])


# -- forward ---------------------------------------------------------------------------------


def _forward(
    graph: Graph, seeds: Sequence[Tangent], batch: Shape, record: bool, amend: Amend
) -> Carried:
    """Pass over the graph from the first op to the last."""
    tangents = {x: t for x, t in zip(graph.leaves, seeds, strict=True) if t is not None}
    last_consumer: dict[Tensor, Any]
    last_consumer = {x: y for y in graph.order for x in y.inputs if type(x) is Tensor}
    last_consumer.update(dict.fromkeys(graph.outputs))  # None, for their tangents stay
    for consumer in graph.order:
        known = [tangents.get(x) if type(x) is Tensor else None for x in consumer.inputs]
        if all(t is None for t in known):
            continue
        op: Any = amend(consumer) if amend else consumer.op
        tangents[consumer] = _tangent(op, consumer, known, batch, record)
        for x in consumer.inputs:
            if type(x) is Tensor and last_consumer[x] is consumer:
                tangents.pop(x, None)
    return tangents


def _tangent(
    op: Any, consumer: Tensor, known: Sequence[Tangent], batch: Shape, record: bool
) -> Tangent:
    """Return the tangent of a Tensor from those of its inputs (None for those that have none)."""
    out, inputs = (consumer, consumer.inputs) if record else (consumer._value, consumer._values)
    if op.structural:
        pairs = zip(known, inputs, strict=True)
        known = [None if t is None else in_full_shape(t, batch + x.shape) for t, x in pairs]
    if isinstance(op, Custom) and op.forward is None:
        return _transpose_of_transpose(op, known, out, inputs, batch)
    return op.push(known, out, inputs, len(batch))


def _transpose_of_transpose(
    op: Custom, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch: Shape
) -> Tangent:
    """Return the tangent of an op that states only the way back.

    Its rule u ↦ Jᵀu is linear, so walking back through the rule itself transposes it to t ↦ Jt.
    """
    images = []
    for i, t in enumerate(tangents):
        if t is not None:
            rule: Any = op.rules[i]
            token = recording.set(recording.get().resumed)
            u = Tensor(np.zeros_like(value_of(out)))
            shape = inputs[i].shape
            image = in_full_shape(unbroadcast_structural(rule(u, out, *inputs), shape, ()), shape)
            recording.reset(token)
            graph = Graph([image if type(image) is Tensor else constant(image)], [u])
            images.append(graph.pull([t], batch=batch, record=recording.get().records)[u])
    return total(iter(images))


# -- the gradient of one output --------------------------------------------------------------


_accumulating = Lock()  # so that threads with common leaves lose nothing


@operation(Tensor.backward)
def accumulate_gradients(output: Tensor, cotangent: ArrayLike | None) -> None:
    """Add the gradients of ``output`` to its leaves: what ``Tensor.backward`` does."""
    gradients = Graph([output]).pull([seed_of(output, cotangent)])
    hook = recording.get()
    with _accumulating:
        for leaf, gradient in gradients.items():
            earlier = hook.gradient(leaf)
            hook.set_gradient(leaf, gradient if earlier is None else earlier + gradient)


# -- the care around a walk ------------------------------------------------------------------


def _with_care(
    walk: Callable[[Amend], Carried],
    careful: Amend,
    wanted: Sequence[Tensor],
    given: Sequence[Cotangent],
    batch: Shape,
    record: bool,
) -> Carried:
    """Walk, and return what arrived at the wanted Tensors (or at all) in full shape and dtype.

    Where something is infinite or NaN the walk is repeated with 0 · inf = 0. What shares memory
    with a seed, another result or a larger array is copied.
    """
    hook = recording.get()
    token = recording.set(hook.resumed if record else hook.paused)
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for amend in (None, careful):
                arrived = walk(amend)
                found = _own_results(arrived, wanted or arrived, given, batch, record)
                if hook.all_finite(map(value_of, found.values())):
                    break
            else:
                hook.on_divergence(walk)
    finally:
        recording.reset(token)
    return found


def _own_results(
    arrived: Carried, ends: Iterable[Tensor], given: Sequence[Cotangent], batch: Shape, record: bool
) -> Carried:
    """Return what arrived at some Tensors in full shape and dtype, each in memory of its own."""
    found: Carried = {}
    taken = set(map(id, given))
    for x in ends:
        g = arrived.get(x)
        value = x._value
        if g is None or g.shape != value.shape or g.dtype is not value.dtype:
            g = _derivative_like(g, value, batch)
        if type(g) is np.ndarray:
            if not g.ndim:
                g = g[()]
            elif g.base is not None or id(g) in taken:
                g = g.copy()
            taken.add(id(g))
        elif type(g) is not Tensor:
            g = snapshot(g)
        found[x] = constant(g) if record and type(g) is not Tensor else g
    return found


def _derivative_like(g: Cotangent | None, value: Value, batch: Shape) -> Cotangent:
    """Return what a walk brought to a Tensor of this value in full shape and in its dtype."""
    if g is None:
        return of_kind(np.zeros(batch + value.shape, value.dtype)[()], value)
    g = in_full_shape(g, batch + value.shape)
    if g.dtype != value.dtype:
        g = (g.real if value.dtype.kind == "f" else g).astype(value.dtype)
    return g
