"""Numbers in the place of arrays whose entries are all the same."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from autodiff.drawing._values import literal
from autodiff.drawing._view import View
from autodiff.drawing.folding._repeats import NUMBERS_DIFFER, part

# What is taken entry by entry: operators between two operands, and some functions.
_OPERATION = re.compile(
    r"\S+ (?:[-+*/%]|//|\*\*|[<>]=?|[=!]=) \S+"
    r"|(?:where|maximum|minimum|fmax|fmin|clip|hypot|arctan2|logaddexp)\(.*\)"
)


def without_plain_constants(view: View) -> View:
    """Return the view with numbers in formulas, in the place of arrays without name or pattern.

    An array stays where its shape says something: beside an operand of another shape than the
    result, or in a call that is not taken entry by entry.
    """
    plain = {
        node.key: (node.name, _number(node.value.flat[0]), NUMBERS_DIFFER in node.note)
        for node in view.nodes
        if node.kind == "constant"
        and re.fullmatch(r"v\d+", node.name)
        and isinstance(node.value, np.ndarray)
        and node.value.size
        and (node.value == node.value.flat[0]).all()
    }
    for key in _whose_shape_matters(view, plain):
        del plain[key]
    replaced: dict[str, list[tuple[str, str, bool]]] = {}
    for edge in view.edges:
        if edge.tail in plain:
            replaced.setdefault(edge.head, []).append(plain[edge.tail])
    nodes = []
    for node in view.nodes:
        formula, note = node.formula, node.note
        for name, number, differs in replaced.get(node.key, ()):
            if number.startswith("-") and formula.startswith(f"{name} **"):
                number = f"({number})"
            formula = re.sub(rf"(?<![\w.]){name}(?![\w.])", number, formula)
            if differs and NUMBERS_DIFFER not in note:
                note += NUMBERS_DIFFER
        if node.key not in plain:
            nodes.append(replace(node, formula=formula, note=note))
    return part(View(nodes, view.edges, view.notes), {node.key for node in nodes})


def _number(x: Any) -> str:
    return f"({literal(x)})" if isinstance(x, complex) else literal(x)


def _whose_shape_matters(view: View, keys: Collection[str]) -> set[str]:
    """Return which of some nodes cannot be a number in each call that uses them."""
    nodes = {node.key: node for node in view.nodes}
    shapes: dict[str, list[tuple[int, ...]]] = {}
    for edge in view.edges:
        if edge.tail not in keys:
            shapes.setdefault(edge.head, []).append(np.shape(nodes[edge.tail].value))
    return {
        edge.tail
        for edge in view.edges
        if edge.tail in keys
        and not (
            _OPERATION.fullmatch(nodes[edge.head].formula)
            and np.shape(nodes[edge.head].value) in shapes.get(edge.head, ())
        )
    }
