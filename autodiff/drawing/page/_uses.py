"""Uses: the edges of a view, and what the ops behind them do with the cotangents that come back."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autodiff._core.op import Op
from autodiff._core.record import record, value_of
from autodiff._core.tensor import Tensor
from autodiff._core.walks import Graph
from autodiff._core.zeros import zero_preserving
from autodiff.drawing._values import derivative_symbol
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.formulas._symbols import Formula, local_derivatives
from autodiff.drawing.reading._held_fixed import mark_held_operands, ordinal
from autodiff.drawing.reading._words import identity, is_operand


@dataclass
class Use:
    """One use of a node by an op.

    Attributes
    ----------
    edge : int
        Its number in the view.
    tail, head : Vertex
        What is used, and what the op computes.
    op : Op
    inputs : tuple
        Of the op.
    i : int
        The number of the input that is the tail.
    formula : Formula, optional
        The local derivative; where the op is structural, what it makes of the cotangent.
    symbol : str
        The local derivative's: "∂y/∂x".
    holds_others : bool
        Whether another operand of the op depends on the tail, too.
    others : int
        How many other uses the tail has.
    """

    edge: int
    tail: Vertex
    head: Vertex
    op: Op
    inputs: tuple[Any, ...]
    i: int
    formula: Formula | None
    symbol: str
    holds_others: bool
    others: int = 0

    @property
    def is_factor(self) -> bool:
        """Whether the cotangent is multiplied by the local derivative, entry by entry."""
        return self.formula is not None and not self.op.structural

    def image(self, g: Any) -> Any:
        """Return the cotangent that comes along the edge when ``g`` has come to its head."""
        y, leaf = self._again()
        with np.errstate(all="ignore"):
            return Graph([y], [leaf]).pull([g])[leaf] + 0  # not −0

    def leaves_out(self, g: Any) -> bool:
        """Whether a 0 in ``g`` is passed on as 0 where the rule alone makes NaN of it."""
        y, _ = self._again()
        careful = zero_preserving(y)
        if careful is self.op:
            return False
        with np.errstate(all="ignore"):
            plain, kept = (
                np.asarray(op.rules[self.i](g, y._value, *y._values)) for op in (self.op, careful)
            )
        return not np.array_equal(plain, kept, equal_nan=True)

    def _again(self) -> tuple[Tensor, Tensor]:
        """Return what the op computes and the tail, as a graph of their own."""
        inputs = list(map(value_of, self.inputs))
        leaf = inputs[self.i] = Tensor(inputs[self.i])
        with np.errstate(all="ignore"):
            return record(self.op, *inputs), leaf


def uses_of(view: View, keys: Mapping[Any, str], y: str) -> dict[str, list[Use]]:
    """Return the uses of what requires a gradient, by the key of the node that uses it.

    ``keys`` are those of a view in which each op has a node of its own; ``y`` is the output's name.
    Marks the view's edges that hold other operands fixed.
    """
    mark_held_operands(view.edges)
    nodes = {node.key: node for node in view.nodes}
    edges: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, edge in enumerate(view.edges):
        edges[edge.tail, edge.head].append(number)
    found: dict[str, list[Use]] = {key: [] for key in nodes}
    for consumer, head in keys.items():
        if type(consumer) is not Tensor or consumer.op is None or not nodes[head].formula:
            continue
        tails = [_key(x, keys) for x in consumer.inputs]
        called = {key: nodes[key].name for key in [*tails, head] if key}
        formula_of = _local_derivatives(consumer, [*tails, head], called, y)
        for i, (x, tail) in enumerate(zip(consumer.inputs, tails, strict=True)):
            if tail and type(x) is Tensor and x.requires_grad:
                numbers = edges[tail, head]  # fewer than uses where the words name it once
                number = numbers.pop(0) if len(numbers) > 1 else numbers[0]
                ends = nodes[tail], nodes[head]
                edge = view.edges[number]
                if tails.count(tail) > 1:  # though the words may name it once
                    edge = replace(edge, holds_others=True, ordinal=ordinal(tails[:i].count(tail)))
                found[head].append(
                    Use(
                        number,
                        *ends,
                        consumer.op,
                        consumer.inputs,
                        i,
                        formula_of(i),
                        derivative_symbol(edge, *ends),
                        edge.holds_others,
                    )
                )
    uses = [use for own in found.values() for use in own]
    count = Counter(use.tail.key for use in uses)
    for use in uses:
        use.others = count[use.tail.key] - 1
    return found


def _key(x: Any, keys: Mapping[Any, str]) -> str:
    """Return the key of the node that an input stands for, "" if it has none.

    A view leaves out the Tensor that a function differentiated within another is given.
    """
    while type(x) is Tensor and x not in keys and x.inputs:
        x = x.inputs[0]
    return keys.get(identity(x), "") if is_operand(x) else ""


def _local_derivatives(
    x: Tensor, keys: list[str], names: dict[str, str], y: str
) -> Callable[[int], Formula | None]:
    """Return local derivatives in which the cotangent, ``g`` to the rules, bears its own name.

    ``keys`` are those of the inputs and of the node itself.
    """
    marks = {key: chr(0xE000 + k) for k, key in enumerate(names)}  # not alike, nor like g
    formula_of = local_derivatives(x, [marks.get(key, "") for key in keys])
    cotangent = f"∂{y}/∂{names[keys[-1]]}"
    written = {mark: names[key] for key, mark in marks.items()}
    written |= {"g": cotangent, "g/": f"({cotangent})/"}
    part = re.compile(rf"(?<![\w.])g(?!\w)/?|[{''.join(marks.values())}]")

    def with_names(i: int) -> Formula | None:
        formula = formula_of(i)
        if formula is None:
            return None
        symbols = part.sub(lambda match: written[match[0]], formula.symbols)
        return replace(formula, symbols=symbols)

    return with_names
