"""The steps of the chain rule: first each value, then each cotangent along each edge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff._core.record import value_of
from autodiff._core.seeds import seed_of
from autodiff._core.tensor import Tensor
from autodiff.drawing._alarms import is_finite, origin, with_alarms
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.page._equations import (
    chain_rule,
    derivative_equation,
    slope,
    why_zero,
    with_numbers,
)
from autodiff.drawing.page._phrases import (
    in_brackets,
    spoken_text,
    value_text,
    without_repeats,
)
from autodiff.drawing.page._sentences import how_it_changes, what_is_held_fixed, what_it_does
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
    warnings : dict of str to str
        What is said at nodes of NaN and infinities that come up there, by their keys.
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
    warnings: dict[str, str] = field(default_factory=dict)


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
    view = with_alarms(view)
    outputs = [node for node in view.nodes if node.kind == "output"]
    failed = [node for node in view.nodes if node.kind == "failed"]
    name = outputs[0].name if outputs else "output"
    uses = uses_of(view, keys, name)
    ops = [node for node in view.nodes if node.formula and node not in failed]
    operands = _operands(view)
    forward = [
        _arguments(view),
        *(_forward(node, uses[node.key], operands[node.key], name) for node in ops),
    ]
    if failed:
        return [*forward, *map(_failure, failed)]
    [y] = [x for x, key in keys.items() if key == outputs[0].key]
    return [*forward, *_backward(view, outputs[0], y, uses)]


# -- forward ---------------------------------------------------------------------------------


def _arguments(view: View) -> ChainRuleStep:
    given = [node for node in view.nodes if not node.formula and node.kind != "failed"]
    named = [f"{node.name} = {value_text(node.value)}" for node in given if node.kind == "leaf"]
    warnings = {node.key: node.alarm for node in given if node.alarm}
    return ChainRuleStep(
        "Arguments",
        ", ".join(named) or "No arguments",
        "What is given, before anything is computed."
        + "".join(f" {node.name}: {warnings[node.key]}." for node in given if node.key in warnings),
        equations=[[node.name, value_text(node.value)] for node in given],
        values={node.key: value_text(node.value) for node in given},
        warnings=warnings,
    )


def _operands(view: View) -> dict[str, list[Vertex]]:
    """Return what each node is computed from, by its key: in the order of its formula."""
    nodes = {node.key: node for node in view.nodes}
    operands: dict[str, list[Vertex]] = {key: [] for key in nodes}
    for edge in view.edges:
        operands[edge.head].append(nodes[edge.tail])
    return operands


def _forward(node: Vertex, uses: list[Use], operands: list[Vertex], y: str) -> ChainRuleStep:
    slopes = {use.edge: slope(use) for use in uses}
    value = value_text(node.value)
    formula = node.formula
    return ChainRuleStep(
        "Forward",
        f"{node.name} = {formula}",
        f"{node.name} is {spoken_text(value)}."
        + f" {node.alarm}." * bool(node.alarm)
        + how_it_changes(uses)
        + what_is_held_fixed(uses),
        scope=_scope(node),
        equations=[
            without_repeats([node.name, formula, with_numbers(formula, operands), value]),
            *(derivative_equation(use, y) for use in uses),
        ],
        node=node.key,
        edges=list(slopes),
        values={node.key: value},
        derivatives=slopes,
        warnings={node.key: node.alarm} if node.alarm else {},
    )


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
        "The way back begins at the output, which changes as fast as itself. From here on, each "
        f"step says how fast {output.name} changes with a value that went into it.",
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
            with np.errstate(all="ignore"):
                total = image if earlier is None else earlier + image
            cotangents[key] = total
            step = _arrival(use, output.name, g, image, earlier, total, (met[key], expected[key]))
            made_of = (g, node.value, *map(value_of, use.inputs))
            warnings = (
                origin(image) if all(map(is_finite, made_of)) else "",
                origin(total, image, earlier),
            )
            if warning := ", ".join(filter(None, warnings)):
                step.warnings[key] = f"∂{output.name}/∂{use.tail.name}: {warning}"
                step.says += f" {step.warnings[key]}."
            yield step
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
    use: Use, y: str, g: Any, image: Any, earlier: Any, total: Any, nth: tuple[int, int]
) -> ChainRuleStep:
    """Return the step in which a cotangent comes along an edge, and is added to earlier ones."""
    tail, head = use.tail.name, use.head.name
    count, of = nth
    target, part = f"∂{y}/∂{tail}", value_text(image)
    more = " + …" if count < of else ""
    symbols, numbers = chain_rule(use, f"∂{y}/∂{head}", value_text(g))
    why = why_zero(use, g, image)
    chain = without_repeats([symbols, *([f"{part}, {why}"] if why else [numbers, part])])
    says = f"{head} passes {spoken_text(part)} back to {tail}{what_it_does(use, why)}."
    if of == 1:
        now, equations = part, [[target, *chain]]
    elif earlier is None:
        now, equations = part + more, [chain, [target, part + more]]
        says += f" It is contribution 1 of {of} to {target}."
    else:
        so_far = value_text(total)
        added = f"{value_text(earlier)} + {in_brackets(part)}"
        if np.ndim(image):
            added = "earlier + this"
        now, equations = so_far + more, [chain, [target, added + more, so_far + more]]
        says += f" It is contribution {count} of {of} to {target}: {added} = {so_far}."
    return ChainRuleStep(
        "Backward",
        f"{target} through {head}",
        says,
        scope=_scope(use.head),
        equations=equations,
        node=use.tail.key,
        sender=use.head.key,
        edges=[use.edge],
        token=part,
        derivatives={use.edge: slope(use)},
        cotangents={use.tail.key: now},
    )


def _gradients(view: View, y: str, cotangents: dict[str, Any]) -> ChainRuleStep:
    ends = [n for n in view.nodes if n.kind in ("leaf", "parameter") and n.key in cotangents]
    found = [[f"∂{y}/∂{node.name}", value_text(cotangents[node.key])] for node in ends]
    return ChainRuleStep(
        "Gradients",
        "The gradients",
        f"How fast {y} changes with what was given.",
        equations=found,
    )


def _scope(node: Vertex) -> str:
    return node.scopes[-1] if node.scopes else ""
