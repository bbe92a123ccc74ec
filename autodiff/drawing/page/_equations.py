"""What is equal in a step: formulas, the same with numbers in them, and what they make."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from autodiff.drawing._view import Vertex
from autodiff.drawing.formulas._literals import all_digits, is_rounded_to_integer
from autodiff.drawing.page._phrases import in_brackets, is_number, value_text, without_repeats
from autodiff.drawing.page._uses import Use


def derivative_equation(use: Use, y: str) -> list[str]:
    """Return the local derivative: its formula, the numbers in it, and what they make.

    Of a structural op it is what will come back along the edge.
    """
    formula = use.formula
    if formula is None:
        return [use.symbol, f"the rule of {use.op.name}"]
    if use.op.structural:
        return [f"∂{y}/∂{use.tail.name}", formula.symbols + " + …" * (use.others > 0)]
    numbers = formula.numbers.split(" = ")
    if formula.value is None:
        return without_repeats([use.symbol, formula.symbols, *numbers])
    texts = [text for text in (formula.symbols, numbers[0]) if not is_number(text)]
    return without_repeats([use.symbol, *texts, value_text(formula.value)])  # of its digits


def slope(use: Use) -> str:
    """Return what stands on an edge: the local derivative as a number, else its formula."""
    if use.formula is None:
        return ""
    return use.formula.symbols if use.formula.value is None else value_text(use.formula.value)


def with_numbers(formula: str, operands: list[Vertex]) -> str:
    """Return a formula with numbers for those operands that are numbers.

    The operands are in the order in which the formula names them, for names may be alike, and like
    those of functions and of arguments.
    """
    pieces, end = [], 0
    for operand in operands:
        name = re.compile(rf"(?<![\w.]){re.escape(operand.name)}(?!\w|\(|=[^=])")
        found = name.search(formula, end)
        if found is None:  # which the formula does not name, or is cut before
            continue
        start, previous, end = found.start(), end, found.end()
        pieces.append(formula[previous:start])
        if np.ndim(operand.value) or formula.startswith((".", "["), end):
            pieces.append(operand.name)
        else:
            pieces.append(_number(operand.value, formula[:start], formula[end:]))
    return "".join([*pieces, formula[end:]])


def _number(value: Any, before: str, behind: str) -> str:
    """Return a number between two parts of a formula, in brackets unless it stands alone."""
    is_alone = re.search(r"(?:^|[(\[=]|, )$", before) and re.match(r"$|[)\],]", behind)
    text = value_text(value)
    if np.result_type(value).kind == "f" and is_rounded_to_integer(text.replace("−", "-"), value):
        text = all_digits(value).replace("-", "−")
    return text if is_alone else in_brackets(text)


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
    arrived_number = in_brackets(g) if g.endswith("j") else g
    numbers = f"{arrived_number} · {in_brackets(value_text(formula.value))}" if single else ""
    return f"{sign}{arrived} · {use.symbol}", numbers


def why_zero(use: Use, g: Any, image: Any) -> str:
    """Return where an image is 0 though a factor of it is not finite, and why."""
    tail, head = use.tail.name, use.head.name
    if use.leaves_out(g):
        is_sum = use.op.structural or is_broadcast(use)
        where = f"with {'terms of ' * is_sum}0 where"
        return f"{where if np.any(g) else 'since'} nothing arrives at {head}"
    alike = not use.op.structural and np.shape(image) == np.shape(g)
    if alike and np.any((image == 0) & ~np.isfinite(g)):
        where = "since" if np.size(g) == 1 else "with 0 where"
        return f"{where} {head} does not change with {tail}"
    return ""


def is_broadcast(use: Use) -> bool:
    """Whether an op repeats an operand along some axes."""
    return bool(np.shape(use.tail.value) != np.shape(use.head.value))
