"""Arithmetic and conditions in formulas, with as few brackets as they can be read with.

Simplified is no more than what rules write for speed: 1·x, 0 + x, x/1, −(−x), x·x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.drawing.formulas._expressions import (
    AND,
    CHOICE,
    COMPARISON,
    MATRIX_PRODUCT,
    NOT,
    OR,
    POWER,
    SUM,
    Symbol,
    all_smooth,
    call,
    in_brackets,
    literal,
    values_in,
    writers,
)
from autodiff.drawing.formulas._literals import ATOM, NEGATIVE, PRODUCT

_SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _formula(text: str, level: int, function: Callable[..., Any], *args: Any) -> Symbol:
    return Symbol(text, level, lambda: function(*values_in(args)), smooth=all_smooth(args))


def _is(x: Any, value: float) -> bool:
    return not isinstance(x, Symbol) and np.ndim(x) == 0 and bool(x == value)


def _negative(x: Any) -> Any:
    if not isinstance(x, Symbol):
        return -x
    if x.opposite is not None:
        return x.opposite
    level = x.level if x.level in (MATRIX_PRODUCT, PRODUCT) else NEGATIVE
    text = f"−{in_brackets(x, MATRIX_PRODUCT)}"
    return Symbol(text, level, lambda: -1 * x.value, smooth=x.smooth, opposite=x)


def _sum(x: Any, y: Any) -> Any:
    if _is(x, 0):
        return y
    if _is(y, 0):
        return x
    a, b = literal(x), literal(y)
    if b.opposite is not None:
        text = f"{in_brackets(a, SUM)} − {in_brackets(b.opposite, MATRIX_PRODUCT)}"
    else:
        text = f"{in_brackets(a, SUM)} + {in_brackets(b, SUM)}"
    return _formula(text, SUM, np.add, x, y)


def _difference(x: Any, y: Any) -> Any:
    if _is(x, 0):
        return _negative(y)
    if _is(y, 0):
        return x
    a, b = literal(x), literal(y)
    if b.opposite is not None:
        text = f"{in_brackets(a, SUM)} + {in_brackets(b.opposite, MATRIX_PRODUCT)}"
    else:
        text = f"{in_brackets(a, SUM)} − {in_brackets(b, MATRIX_PRODUCT)}"
    return _formula(text, SUM, np.subtract, x, y)


def _with_sign(write: Callable[[Symbol, Symbol], Symbol], x: Any, y: Any) -> Symbol:
    """Return a product or a quotient with the minus in front of it."""
    a, b = literal(x), literal(y)
    minus = (a.opposite is None) != (b.opposite is None)
    product = write(
        a if a.opposite is None else a.opposite, b if b.opposite is None else b.opposite
    )
    result: Symbol = _negative(product) if minus else product
    return result


def _product(x: Any, y: Any) -> Any:
    for one, other in ((x, y), (y, x)):
        if _is(one, 1):
            return other
        if _is(one, -1):
            return _negative(other)
        if _is(one, 0):
            return 0.0
    return _with_sign(_factors, x, y)


def _factors(a: Symbol, b: Symbol) -> Symbol:
    if a is b or _repeats(a.text, b):
        return _formula(f"{in_brackets(b, ATOM)}²", POWER, np.multiply, a, b)
    front, dot, last = a.text.rpartition("·")
    if dot and a.level == PRODUCT and _repeats(last, b):
        return _formula(f"{front}·{last}²", PRODUCT, np.multiply, a, b)
    text = f"{in_brackets(a, PRODUCT)}·{in_brackets(b, PRODUCT)}"
    return _formula(text, PRODUCT, np.multiply, a, b)


def _repeats(text: str, x: Symbol) -> bool:
    return text == x.text and x.level == ATOM and not text[0].isdigit()


def _quotient(x: Any, y: Any) -> Any:
    if _is(y, 1):
        return x
    if _is(x, 0):
        return 0.0
    return _with_sign(
        lambda a, b: _formula(
            f"{in_brackets(a, PRODUCT)}/{in_brackets(b, POWER)}", PRODUCT, np.divide, a, b
        ),
        x,
        y,
    )


def _matrix_product(x: Any, y: Any) -> Symbol:
    return _with_sign(
        lambda a, b: _formula(
            f"{in_brackets(a, MATRIX_PRODUCT)} @ {in_brackets(b, POWER)}",
            MATRIX_PRODUCT,
            np.matmul,
            a,
            b,
        ),
        x,
        y,
    )


def _power(x: Any, y: Any) -> Any:
    if _is(y, 0):
        return 1.0
    if _is(y, 1):
        return x
    base, exponent = literal(x), literal(y)
    if exponent.text.removeprefix("−").isdecimal():
        text = exponent.text.translate(_SUPERSCRIPTS)
    else:
        text = f"^{in_brackets(exponent, ATOM)}"
    return _formula(in_brackets(base, ATOM) + text, POWER, np.power, x, y)


def _root(x: Symbol) -> Symbol:
    text = x.text if x.text.isidentifier() else f"({x.text})"
    return _formula(f"√{text}", POWER, np.sqrt, x)


# -- conditions --------------------------------------------------------------------------------
# Rules have exceptions, at poles, ties and infinities. A formula says what holds elsewhere, unless
# that is where the operands are.


def _comparison(ufunc: np.ufunc, sign: str, rare: bool | None = None) -> Callable[..., Symbol]:
    def write(x: Any, y: Any) -> Symbol:
        text = f"{in_brackets(literal(x), SUM)} {sign} {in_brackets(literal(y), SUM)}"
        alone = rare if all_smooth((x, y)) else None
        return Symbol(text, COMPARISON, lambda: ufunc(*values_in((x, y))), alone, smooth=False)

    return write


def _and(x: Any, y: Any) -> Symbol:
    a, b = literal(x), literal(y)
    text = f"{in_brackets(a, AND)} and {in_brackets(b, AND)}"
    rare = True if a.rare or b.rare else False if a.rare is b.rare is False else None
    return Symbol(text, AND, lambda: np.logical_and(*values_in((x, y))), rare, smooth=False)


def _or(x: Any, y: Any) -> Symbol:
    a, b = literal(x), literal(y)
    text = f"{in_brackets(a, OR)} or {in_brackets(b, OR)}"
    rare = True if a.rare and b.rare else False if False in (a.rare, b.rare) else None
    return Symbol(text, OR, lambda: np.logical_or(*values_in((x, y))), rare, smooth=False)


def _not(x: Symbol) -> Symbol:
    rare = None if x.rare is None else not x.rare
    text = f"not {in_brackets(x, NOT)}"
    return Symbol(text, NOT, lambda: np.logical_not(x.value), rare, smooth=False)


def _choice(condition: Any, x: Any, y: Any) -> Any:
    """Return np.where."""
    if not isinstance(condition, Symbol):
        if np.ndim(condition) == 0:
            return x if condition else y
        return call("where", np.where, (condition, x, y), {})
    if condition.rare is not None:
        return x if np.all(condition.value) else y
    a, b = literal(x), literal(y)
    text = f"{in_brackets(a, OR)} if {in_brackets(condition, OR)} else {in_brackets(b, OR)}"
    return _formula(text, CHOICE, np.where, condition, x, y)


def _swapaxes(x: Any, i: int, j: int) -> Any:
    if {i % x.ndim, j % x.ndim} == {x.ndim - 2, x.ndim - 1}:
        return x.mT
    return call("swapaxes", np.swapaxes, (x, i, j), {})


writers |= {
    np.swapaxes: _swapaxes,
    np.where: _choice,
    np.add: _sum,
    np.subtract: _difference,
    np.negative: _negative,
    np.positive: lambda x: x,
    np.multiply: _product,
    np.divide: _quotient,
    np.matmul: _matrix_product,
    np.power: _power,
    np.square: lambda x: _power(x, 2),
    np.sqrt: _root,
    np.less: _comparison(np.less, "<"),
    np.less_equal: _comparison(np.less_equal, "≤"),
    np.greater: _comparison(np.greater, ">"),
    np.greater_equal: _comparison(np.greater_equal, "≥"),
    np.equal: _comparison(np.equal, "==", rare=True),
    np.not_equal: _comparison(np.not_equal, "≠", rare=False),
    np.logical_and: _and,
    np.bitwise_and: _and,
    np.logical_or: _or,
    np.bitwise_or: _or,
    np.logical_not: _not,
    np.invert: _not,
}
