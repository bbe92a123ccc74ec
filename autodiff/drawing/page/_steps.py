"""The steps of the chain rule: first each value, then each cotangent along each edge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff._core.seeds import seed_of
from autodiff._core.tensor import Tensor
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.page._phrases import (
    in_brackets,
    list_of,
    spoken_text,
    value_text,
    without_repeats,
)
from autodiff.drawing.page._uses import Use, uses_of


@dataclass
class ChainRuleStep:
    """What one step says and shows; texts are plain.

    Attributes
    ----------
    way : str
        "Arguments", "Forward", "Backward", "Gradients" or "Failed".
    heading : str
    says : str
        The step in words.
    scope : str
        The innermost scope in which the op was recorded.
    equations : list of list of str
        What is equal, from the symbols to the number.
    node, sender : str
        The key of the node that something appears at, and of the one it comes from.
    edges : list of int
        The numbers of the edges along which something travels.
    token : str
        What travels.
    values, cotangents : dict of str to str
        What appears at nodes, by their keys.
    derivatives : dict of int to str
        What stands on edges during this step, by their numbers.
    """

    way: str
    heading: str
    says: str
    scope: str = ""
    equations: list[list[str]] = field(default_factory=list)
    node: str = ""
    sender: str = ""
    edges: list[int] = field(default_factory=list)
    token: str = ""
    values: dict[str, str] = field(default_factory=dict)
    cotangents: dict[str, str] = field(default_factory=dict)
    derivatives: dict[int, str] = field(default_factory=dict)


def steps_of(view: View, keys: Mapping[Any, str]) -> list[ChainRuleStep]:
    """Return the steps forward through a view and back.

    Parameters
    ----------
    view : View
        One with an output, or a call that failed, in which each op has a node of its own.
    keys : dict of Tensor to str
        The keys of its nodes.

    Raises
    ------
    TypeError, ValueError
        When its output is not one real number.
    """
    outputs = [node for node in view.nodes if node.kind == "output"]
    failed = [node for node in view.nodes if node.kind == "failed"]
    name = outputs[0].name if outputs else "output"
    uses = uses_of(view, keys, name)
    ops = [node for node in view.nodes if node.formula and node not in failed]
    forward = [_arguments(view), *(_forward(node, uses[node.key], name) for node in ops)]
    if failed:
        return [*forward, *map(_failure, failed)]
    [y] = [x for x, key in keys.items() if key == outputs[0].key]
    return [*forward, *_backward(view, outputs[0], y, uses)]


# -- forward ---------------------------------------------------------------------------------


def _arguments(view: View) -> ChainRuleStep:
    given = [node for node in view.nodes if not node.formula]
    named = [f"{node.name} = {value_text(node.value)}" for node in given if node.kind == "leaf"]
    return ChainRuleStep(
        "Arguments",
        ", ".join(named) or "No arguments",
        "What is given, before anything is computed.",
        equations=[[node.name, value_text(node.value)] for node in given],
        values={node.key: value_text(node.value) for node in given},
    )


def _forward(node: Vertex, uses: list[Use], y: str) -> ChainRuleStep:
    slopes = {use.edge: _slope(use) for use in uses}
    value = value_text(node.value)
    return ChainRuleStep(
        "Forward",
        f"{node.name} = {node.formula}",
        f"{node.name} is {spoken_text(value)}." + _rates(uses),
        scope=_scope(node),
        equations=[
            without_repeats([node.name, node.formula, _with_numbers(node, uses), value]),
            *(_derivative_equation(use, y) for use in uses),
        ],
        node=node.key,
        edges=list(slopes),
        values={node.key: value},
        derivatives=slopes,
    )


def _rates(uses: list[Use]) -> str:
    """Return what the local derivatives mean, where they are numbers."""
    if not uses or any(use.formula is None or use.formula.value is None for use in uses):
        return ""
    times = [f"{_slope(use)} times " * (_slope(use) != "1") for use in uses]
    rates = [f"{n}as fast as {use.tail.name}" for n, use in zip(times, uses, strict=True)]
    return f" It changes {list_of(rates)}."


def _derivative_equation(use: Use, y: str) -> list[str]:
    """Return the local derivative: its formula, the numbers in it, and what they make.

    Of a structural op it is what will come back along the edge.
    """
    if use.formula is None:
        return [use.symbol, f"the rule of {use.op.name}"]
    if use.op.structural:
        return [f"∂{y}/∂{use.tail.name}", use.formula.symbols + " + …" * (use.others > 0)]
    numbers = use.formula.numbers.split(" = ")[0]
    return without_repeats([use.symbol, use.formula.symbols, numbers, _slope(use)])


def _slope(use: Use) -> str:
    """Return what stands on an edge: the local derivative as a number, else its formula."""
    if use.formula is None:
        return ""
    return use.formula.symbols if use.formula.value is None else value_text(use.formula.value)


def _with_numbers(node: Vertex, uses: list[Use]) -> str:
    """Return a node's formula with numbers for those operands that are numbers."""
    formula = node.formula
    numbers = {use.tail.name: use.tail.value for use in uses if np.ndim(use.tail.value) == 0}
    if not numbers:
        return ""
    name = "|".join(map(re.escape, sorted(numbers, key=len, reverse=True)))

    def number(match: re.Match[str]) -> str:
        text = value_text(numbers[match[0]])
        return f"({text})" if text.startswith("−") and match[0] != formula else text

    return re.sub(rf"(?<![\w.])(?:{name})(?![\w(.\[])", number, formula)


def _failure(node: Vertex) -> ChainRuleStep:
    heading = f"{node.formula or node.name} raises an error"
    return ChainRuleStep(
        "Failed", heading, node.note, scope=_scope(node), node=node.key, values={node.key: ""}
    )


# -- backward --------------------------------------------------------------------------------


def _backward(
    view: View, output: Vertex, y: Tensor, uses: dict[str, list[Use]]
) -> Iterator[ChainRuleStep]:
    """Yield the seed's step, one for each edge that a cotangent comes along, and the last."""
    cotangents: dict[str, Any] = {output.key: seed_of(y, None)}
    expected = _contributions(view, output.key, uses)
    met: Counter[str] = Counter()
    seed = f"∂{output.name}/∂{output.name}"
    yield ChainRuleStep(
        "Backward",
        f"{seed} = 1",
        f"The way back begins at the output: as {output.name} changes, so does {output.name}.",
        equations=[[seed, "1"]],
        node=output.key,
        token="1",
        cotangents={output.key: "1"},
    )
    for node in reversed(view.nodes):
        for use in uses[node.key] if node.key in cotangents else ():
            key = use.tail.key
            met[key] += 1
            g, earlier = cotangents[node.key], cotangents.get(key)
            image = use.image(g)
            cotangents[key] = image if earlier is None else earlier + image
            yield _arrival(use, output.name, g, image, earlier, (met[key], expected[key]))
    yield _gradients(view, output.name, cotangents)


def _contributions(view: View, output: str, uses: dict[str, list[Use]]) -> Counter[str]:
    """Return how many contributions will come to each node."""
    reached, count = {output}, Counter[str]()
    for node in reversed(view.nodes):
        if node.key in reached:
            count.update(use.tail.key for use in uses[node.key])
            reached |= count.keys()
    return count


def _arrival(
    use: Use, y: str, g: Any, image: Any, earlier: Any, nth: tuple[int, int]
) -> ChainRuleStep:
    """Return the step in which a cotangent comes along an edge, and is added to earlier ones."""
    tail, head = use.tail.name, use.head.name
    count, of = nth
    total, part = f"∂{y}/∂{tail}", value_text(image)
    more = " + …" if count < of else ""
    chain = without_repeats([*_chain_rule(use, f"∂{y}/∂{head}", value_text(g)), part])
    says = f"{head} passes {spoken_text(part)} back to {tail}: {_what_it_does(use)}."
    if of == 1:
        now, equations = part, [[total, *chain]]
    elif earlier is None:
        now, equations = part + more, [chain, [total, part + more]]
        says += f" It is contribution 1 of {of} to {total}."
    else:
        so_far, is_number = value_text(earlier + image), np.ndim(image) == 0
        added = f"{value_text(earlier)} + {in_brackets(part)}" if is_number else "earlier + this"
        now, equations = so_far + more, [chain, [total, added + more, so_far + more]]
        says += f" It is contribution {count} of {of} to {total}: {added} = {so_far}."
    return ChainRuleStep(
        "Backward",
        f"{total} through {head}",
        says,
        scope=_scope(use.head),
        equations=equations,
        node=use.tail.key,
        sender=use.head.key,
        edges=[use.edge],
        token=part,
        derivatives={use.edge: _slope(use)},
        cotangents={use.tail.key: now},
    )


def _what_it_does(use: Use) -> str:
    if use.op.structural:
        return f"what came to it, by the rule of {use.op.name}"
    where = f", added up where {use.tail.name} was broadcast" * _is_broadcast(use)
    return f"what came to it, times {use.symbol}{where}"


def _chain_rule(use: Use, arrived: str, g: str) -> tuple[str, str]:
    """Return the cotangent times the local derivative, in symbols and, of numbers, in numbers."""
    formula = use.formula
    if formula is None:
        return f"the rule of {use.op.name}, of {arrived}", ""
    if use.op.structural:
        return formula.symbols, ""
    sign = "Σ " * _is_broadcast(use)  # over the axes that the operand lacks
    if formula.value is None:
        return f"{sign}{arrived} · {in_brackets(formula.symbols)}", ""
    is_number = np.ndim(use.head.value) == 0
    numbers = f"{g} · {in_brackets(value_text(formula.value))}" if is_number else ""
    return f"{sign}{arrived} · {use.symbol}", numbers


def _is_broadcast(use: Use) -> bool:
    return bool(np.shape(use.tail.value) != np.shape(use.head.value))


def _gradients(view: View, y: str, cotangents: dict[str, Any]) -> ChainRuleStep:
    ends = [n for n in view.nodes if n.kind in ("leaf", "parameter") and n.key in cotangents]
    found = [[f"∂{y}/∂{node.name}", value_text(cotangents[node.key])] for node in ends]
    return ChainRuleStep(
        "Gradients",
        "The gradients",
        "All that flows back has arrived. " + f"{list_of([' is '.join(pair) for pair in found])}.",
        equations=found,
    )


def _scope(node: Vertex) -> str:
    return node.scopes[-1] if node.scopes else ""
