"""Ops: how a function is computed, and one rule for each input that says how it differentiates.

A rule is a linear map. It takes ``g`` (a cotangent of the output on the way back, a tangent of the
input on the way forward), the output and the inputs, and calls nothing but NumPy's functions and
operators: given arrays it computes, given Tensors it records itself, and so derivatives of any
order come about. ``g`` may carry extra leading axes, a batch of rank ``g.ndim - out.ndim``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.constants_like import zeros_like
from autodiff._core.record import record
from autodiff._core.types import Cotangent, Function, Rule, Shape, Tangent, Value

Rules: TypeAlias = "Sequence[Rule] | Each"


class Op:
    """One differentiable operation: its name, how it is computed, and its rules.

    Its inputs are operands (Tensors and arrays) and, behind them, static arguments (axes, shapes).
    """

    __slots__ = ("compute", "linear", "name", "rules", "structural")

    def __init__(self, name: str, compute: Function, rules: Rules) -> None:
        self.name = name
        self.compute = compute
        self.rules = rules
        # A structural rule cares where an entry stands, so its ``g`` has the full shape. An
        # elementwise rule does not: ``g`` keeps axes of length 1, or is a number, while it can.
        self.structural = not isinstance(self, Elementwise)
        self.linear = isinstance(self, Linear)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def operands(self, inputs: tuple[Any, ...]) -> int:
        """Return how many of the inputs are operands; static arguments stand behind them."""
        return len(inputs) if isinstance(self.rules, Each) else len(self.rules)

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the output's tangent from the inputs' (None for those that have none).

        In front of their own axes the tangents have ``batch_rank`` others, those of the batch.
        """
        raise NotImplementedError


class Elementwise(Op):
    """Each entry of the output depends on the same entry of each (broadcast) operand.

    Such a derivative is diagonal, hence its own transpose: one rule serves both directions.
    """

    __slots__ = ()

    rules: Sequence[Rule]

    def __init__(
        self, name: str, compute: Function, rules: Sequence[Rule], linear: bool = False
    ) -> None:
        super().__init__(name, compute, rules)
        self.linear = linear

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the sum of the rules' images; a linear op takes all its tangents at once."""
        aligned = [
            None if t is None else align(t, out.ndim - np.ndim(x), batch_rank)
            for t, x in zip(tangents, inputs, strict=True)
        ]
        if self.linear and all(t is not None for t in aligned):
            return record(self, *aligned)
        return total(self.rules[i](t, out, *inputs) for i, t in enumerate(aligned) if t is not None)


class Linear(Op):
    """The output is linear in all operands together; each rule is the transpose.

    Static axes and shapes count from the end, so that the op itself maps a batch of tangents.
    """

    __slots__ = ()

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the op of all the tangents."""
        leading = next(t.shape[:batch_rank] for t in tangents if t is not None)
        count = self.operands(inputs)
        pairs = zip(tangents[:count], inputs, strict=False)
        return record(self, *[_tangent_or_zero(t, x, leading) for t, x in pairs], *inputs[count:])


def _tangent_or_zero(t: Tangent, x: Any, leading: Shape) -> Tangent:
    """Return an operand's tangent, zeros where it has none, and a static argument as it is."""
    if t is None and hasattr(x, "dtype"):
        return np.broadcast_to(zeros_like(x), leading + x.shape)
    return x if t is None else t


class Multilinear(Op):
    """The output is linear in each operand while the others are held; each rule is a transpose.

    ``core`` says how many trailing axes the op consumes of each operand; those before them
    broadcast.
    """

    __slots__ = ("core",)

    def __init__(self, name: str, compute: Function, rules: Rules, core: Sequence[int]) -> None:
        super().__init__(name, compute, rules)
        self.core = core

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the sum over the operands of the op with its tangent in its place."""
        loops = [rank(x) - core for x, core in zip(inputs, self.core, strict=False)]
        return total(
            record(self, *inputs[:i], align(t, max(loops) - loops[i], batch_rank), *inputs[i + 1 :])
            for i, t in enumerate(tangents)
            if t is not None
        )


def rank(x: Any) -> int:
    """Return the number of an operand's axes, 0 of a number or a static argument."""
    axes: int = getattr(x, "ndim", 0)
    return axes


class Custom(Op):
    """The rules hold for the way back; ``forward``, where it is given, for the way forward.

    Of a reduction ``spread`` says which entry of ``g`` each entry of the image is a multiple of:
    where that is 0, the image stays 0 in a walk that takes care (zeros.py).
    """

    __slots__ = ("forward", "spread")

    def __init__(
        self,
        name: str,
        compute: Function,
        rules: Rules,
        forward: Rules | None = None,
        spread: Function | None = None,
    ) -> None:
        super().__init__(name, compute, rules)
        self.forward = forward
        self.spread = spread

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the sum of the forward rules' images."""
        assert self.forward is not None
        return total(
            self.forward[i](t, out, *inputs) for i, t in enumerate(tangents) if t is not None
        )


class Each:
    """The rules of an op with any number of operands: one rule, told the operand's number.

    Parameters
    ----------
    rule : callable
        Takes the number of the operand, ``g``, the output and all arguments, as any rule does.

    Examples
    --------
    >>> from autodiff import custom, grad
    >>> squares = custom(
    ...     lambda *xs: sum(x * x for x in xs),
    ...     vjp=Each(lambda i, g, out, *xs: 2 * g * xs[i]),
    ...     name="squares",
    ... )
    >>> [float(g) for g in grad(squares, (0, 1, 2))(1.0, 2.0, 3.0)]
    [2.0, 4.0, 6.0]
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, i: int) -> Rule:
        return partial(self.rule, i)


class Together(Each):
    """The rules of an op with many operands: one function makes the images of all of them.

    Given a cotangent, the output and the inputs, it returns a function of the operand's number;
    so a thousand operands are not handed to a rule a thousand times.
    """

    def __init__(self, images: Callable[[Any, Any, tuple[Any, ...]], Function]) -> None:
        super().__init__(lambda i, g, out, *inputs: images(g, out, inputs)(i))
        self.images = images


def align(t: Tangent, missing: int, batch_rank: int) -> Tangent:
    """Insert axes of length 1 behind the batch, where a smaller operand lacks them."""
    if batch_rank and missing > 0:
        return t[(slice(None),) * batch_rank + (None,) * missing]
    return t


def total(images: Iterator[Cotangent]) -> Cotangent:
    """Return the sum of at least one image."""
    return reduce(operator.add, images)
