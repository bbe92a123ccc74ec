"""0 · ∞ = 0: the care that a second walk takes where the first met infinities.

What no output depends on has the cotangent 0, and what no input moves the tangent 0; so they have
to stay 0 through any rule, though the rule multiply them by what is infinite or NaN. Where an image
is finite it stays, for derivatives flow through a cotangent that merely happens to be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.op import Custom, Each, Elementwise, Multilinear, Op
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Function, Value


def zero_preserving(consumer: Tensor) -> Any:
    """Return a Tensor's op with rules for the way back that map zero to zero."""
    op: Any = consumer.op
    if isinstance(op, Elementwise):
        rules = [
            _zero_preserving_rule(rule, lambda rule, g, out, inputs: g == 0) for rule in op.rules
        ]
        return Elementwise(op.name, op.compute, rules, op.linear)
    if isinstance(op, Multilinear):
        return Multilinear(op.name, op.compute, Each(_product_rule(op)), op.core)
    if isinstance(op, Custom) and op.spread is not None:
        spread = op.spread
        rules = [
            _zero_preserving_rule(op.rules[0], lambda rule, g, out, inputs: spread(g, *inputs) == 0)
        ]
        return Custom(op.name, op.compute, rules, op.forward)
    return op


def zero_preserving_forward(consumer: Tensor) -> Any:
    """Return the same for the way forward, where the derivative may be the 0 and ``g`` the ∞."""

    def vanishes(rule: Function, g: Cotangent, out: Value, inputs: Sequence[Value]) -> Any:
        derivative = rule(g.dtype.type(1), value_of(out), *map(value_of, inputs))
        return (g == 0) | (derivative == 0)

    op: Any = consumer.op
    if not isinstance(op, Elementwise):
        return op
    rules = [_zero_preserving_rule(rule, vanishes) for rule in op.rules]
    return Elementwise(op.name, op.compute, rules, op.linear)


def _zero_preserving_rule(rule: Function, vanishes: Callable[..., Any]) -> Function:
    """Return a rule that gives 0 where its image vanishes, but is not finite."""

    def image(g: Cotangent, out: Value, *inputs: Value) -> Cotangent:
        plain = rule(g, out, *inputs)
        return np.where(vanishes(rule, g, out, inputs) & ~np.isfinite(plain), 0, plain)

    return image


def _product_rule(op: Op) -> Function:
    """Return the rule, told the operand's number, that leaves out terms where ``g`` is 0.

    An image is a sum over products with ``g``. The same sum over ones, of where ``g`` is not 0 and
    another operand not finite, counts the terms that are not finite for good.
    """

    def image(i: int, g: Cotangent, out: Value, *inputs: Value) -> Cotangent:
        rule = op.rules[i]
        plain = rule(g, out, *inputs)
        values = list(map(value_of, inputs))
        arrays = [k for k, x in enumerate(values) if k != i and hasattr(x, "dtype")]
        endless = {k: ~np.isfinite(values[k]) for k in arrays if not np.all(np.isfinite(values[k]))}
        if not endless:
            return plain
        met: Any = 0
        for k, mask in endless.items():
            ones = [np.ones_like(x) if j in arrays else x for j, x in enumerate(values)]
            ones[k] = mask.astype(values[k].dtype)
            met = met + rule((value_of(g) != 0).astype(g.dtype), value_of(out), *ones)
        finite = [np.where(endless[k], 0, x) if k in endless else x for k, x in enumerate(inputs)]
        return np.where((met == 0) & ~np.isfinite(plain), rule(g, out, *finite), plain)

    return image
