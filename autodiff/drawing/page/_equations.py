"""What is equal in a step: formulas, the same with numbers in them, and what they make."""

from __future__ import annotations

import re

import numpy as np

from autodiff.drawing._view import Vertex
from autodiff.drawing.page._phrases import in_brackets, is_number, value_text, without_repeats
from autodiff.drawing.page._uses import Use


def derivative_equation(use: Use, y: str) -> list[str]:
    """Return the local derivative: its formula, the numbers in it, and what they make.

    Of a structural op it is what will come back along the edge.
    """
    if use.formula is None:
        return [use.symbol, f"the rule of {use.op.name}"]
    if use.op.structural:
        return [f"∂{y}/∂{use.tail.name}", use.formula.symbols + " + …" * (use.others > 0)]
    formulas = [use.formula.symbols, use.formula.numbers.split(" = ")[0]]
    if use.formula.value is not None:  # which a number alone says with other digits
        formulas = [text for text in formulas if not is_number(text)]
    return without_repeats([use.symbol, *formulas, slope(use)])


def slope(use: Use) -> str:
    """Return what stands on an edge: the local derivative as a number, else its formula."""
    if use.formula is None:
        return ""
    return use.formula.symbols if use.formula.value is None else value_text(use.formula.value)


def with_numbers(node: Vertex, uses: list[Use]) -> str:
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


def chain_rule(use: Use, arrived: str, g: str) -> tuple[str, str]:
    """Return the cotangent times the local derivative, in symbols and, of numbers, in numbers."""
    formula = use.formula
    if formula is None:
        return f"the rule of {use.op.name}, of {arrived}", ""
    if use.op.structural:
        return formula.symbols, ""
    sign = "Σ " * is_broadcast(use)  # over the axes that the operand lacks
    if formula.value is None:
        return f"{sign}{arrived} · {in_brackets(formula.symbols)}", ""
    single = np.ndim(use.head.value) == 0
    numbers = f"{g} · {in_brackets(value_text(formula.value))}" if single else ""
    return f"{sign}{arrived} · {use.symbol}", numbers


def is_broadcast(use: Use) -> bool:
    """Whether an op repeats an operand along some axes."""
    return bool(np.shape(use.tail.value) != np.shape(use.head.value))
