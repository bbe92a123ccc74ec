"""The formula of a local derivative, from the rule itself: it is given symbols for arrays."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

import numpy as np

import autodiff.drawing.formulas._arithmetic  # noqa: F401  # what operators write
from autodiff._core.op import Each, Op, Together
from autodiff._core.tensor import Tensor
from autodiff.drawing.formulas._expressions import CHOICE, COMPARISON, Symbol, literal
from autodiff.drawing.formulas._images import IMAGES, IMAGES_OF_EACH
from autodiff.drawing.formulas._literals import (
    ATOM,
    MOST_ENTRIES,
    decimal,
    entries,
    fraction,
    is_rounded_to_integer,
    number,
)


@dataclass(frozen=True)
class Formula:
    """A local derivative: of an elementwise op the factor, of any other the cotangent's image.

    Attributes
    ----------
    symbols : str
        With the operands' names: "cos(x)", "g @ W.T".
    numbers : str
        With numbers in their places, and what they make: "cos(3) = −0.98999". Empty where an
        operand has many entries. Where the formula has no value, as 0/0, both texts are but what
        the rule makes.
    value : number, optional
        The derivative, where it is one number.
    """

    symbols: str
    numbers: str = ""
    value: Any = None


def derivative_texts(y: Tensor, names: Sequence[str]) -> Callable[[int], str]:
    """Return what is said at the edge from an input, by the input's number.

    That is the formula, and the number if it is one. Of an op that is not elementwise it is the map
    that takes ``g``, the cotangent of what the op computed, to what comes back along the edge;
    beside an operand that is called g it is ``ḡ``. It is empty where no formula comes of the rule.
    Takes what ``local_derivatives`` takes.

    Examples
    --------
    >>> derivative_texts(np.sin(Tensor(3.0)), ["x", "v1"])(0)
    'cos(x) = −0.98999'
    >>> derivative_texts(Tensor(np.eye(2)) @ np.eye(2), ["x", "w", "v1"])(0)
    'g ↦ g @ w.T'
    """
    assert y.op is not None
    is_map = y.op.structural
    beginning = f"{cotangent_letter(names)} ↦ " if is_map else ""
    formula_of = local_derivatives(y, names)

    def text(i: int) -> str:
        formula = formula_of(i)
        if formula is None:
            return ""
        if formula.value is None or formula.symbols in (
            decimal(formula.value),
            fraction(formula.value),
        ):
            return f"{beginning}{formula.symbols}"
        return f"{formula.symbols} = {decimal(formula.value)}"

    return text


def cotangent_letter(names: Sequence[str]) -> str:
    """Return g, or else the first of ḡ, ḡ′, ḡ″, ... that none of the names begins with."""
    letter = "g"
    while any(re.match(rf"{letter}(?![\w′])", name) for name in names):
        letter = "ḡ" if letter == "g" else f"{letter}′"
    return letter


def local_derivatives(y: Tensor, names: Sequence[str]) -> Callable[[int], Formula | None]:
    """Return the derivative of what an op computed by an input, by the input's number.

    So a thousand operands are not looked at a thousand times.

    Parameters
    ----------
    y : Tensor
        What the op computed.
    names : sequence of str
        What each of the node's inputs is called, and behind them the node itself. An input without
        a name, "", is written as it is: a number, an axis.

    Returns
    -------
    callable
        It returns None where the rule is such that no formula comes of it.

    Examples
    --------
    >>> formula = local_derivatives(np.sin(Tensor(3.0)), ["x", "v1"])(0)
    >>> formula.symbols, formula.numbers
    ('cos(x)', 'cos(3) = −0.98999')
    """
    assert y.op is not None
    values = [*y._values, y._value]
    of_kind = (
        _images(y.op, values, names) if y.op.structural else partial(_slope, y.op, values, names)
    )

    def formula(i: int) -> Formula | None:
        try:
            with np.errstate(all="ignore"):
                return of_kind(i)
        except Exception:  # a rule of one's own may do anything with what it takes for arrays
            return None

    return formula


# -- elementwise ops: a factor -----------------------------------------------------------------


def _slope(op: Op, values: Sequence[Any], names: Sequence[str], i: int) -> Formula | None:
    small = all(np.ndim(v) <= 1 or np.size(v) == 1 for v in values) and all(
        np.size(v) <= MOST_ENTRIES for v in values
    )
    *operands, out = [
        _as_number(v) if not name and np.size(v) == 1 else v if small else _sample(v, k)
        for k, (name, v) in enumerate(zip(names, values, strict=True))
    ]
    labels = map(_label, names[:-1], values)
    atoms = [*map(_atom, labels, operands), Symbol(names[-1], ATOM, lambda: out, smooth=False)]
    formula = _factor(op, i, atoms)
    if formula is None:
        return None
    is_constant = not isinstance(formula, Symbol)
    if not small:
        return (
            Formula(number(formula)[0], value=formula) if is_constant else Formula(_text(formula))
        )
    value = np.asarray(_rule(op, i)(np.float64(1), out, *operands)) + 0  # not −0
    result = value.item() if value.size == 1 else None
    shown = entries(value.reshape(-1), decimal) if result is None else decimal(result)
    if is_constant and _agree(formula, value):
        return Formula(number(formula)[0], value=formula)
    if not (is_constant or result is None) and np.isfinite(result) and not _is_finite(formula):
        return Formula(shown, shown, result)  # as of 0/0, which equals no number
    if is_constant or (result is None and not _agree_where_finite(formula.value, value)):
        return Formula(shown, shown, result)  # as where single entries tie
    written = literal(_factor(op, i, [*map(_with_number, atoms)]))
    text = _text(written)
    is_equal = text != shown and _agree(written.value, value)
    return Formula(_text(formula), f"{text} = {shown}" if is_equal else shown, result)


def _agree(x: Any, y: Any) -> bool:
    """Whether numbers are alike, as far as five digits of what they are made of can tell."""
    return np.allclose(x, y, 1e-3, 1e-4, equal_nan=True)


def _is_finite(x: Symbol) -> bool:
    return bool(np.all(np.isfinite(x.value)))


def _agree_where_finite(x: Any, y: Any) -> bool:
    return bool(np.all(np.isclose(x, y, 1e-3, 1e-4) | ~np.isfinite(x) | ~np.isfinite(y)))


def _factor(op: Op, i: int, atoms: Sequence[Any]) -> Any:
    from autodiff.drawing.formulas._slopes import (
        SLOPES,  # which takes as long to import as SciPy does
    )

    *operands, out = atoms
    rule = _rule(op, i)
    stated = SLOPES.get(op.name) if _is_ours(rule) else None
    return stated[i](out, *operands) if stated else rule(np.float64(1), out, *operands)


def _rule(op: Op, i: int) -> Callable[..., Any]:
    """Return a rule itself, without the look at what it returns that one's own are given."""
    rule: Callable[..., Any] = inspect.unwrap(op.rules[i])
    return rule


def _is_ours(rule: Callable[..., Any]) -> bool:
    """Whether it is this library that states a rule: an op of one's own may have any name."""
    if isinstance(rule, partial):
        rule = rule.func
    home = str(getattr(rule, "__module__", ""))
    return home.startswith(("autodiff.rules.", "autodiff._core.", "nn."))


def _text(x: Any) -> str:
    """Return a formula's text, of a condition that of the number it counts as."""
    formula = literal(x)
    if formula.level > COMPARISON:
        return formula.text
    return f"({formula.text})" if formula.level == CHOICE else f"(1 if {formula.text} else 0)"


def _label(name: str, value: Any) -> str:
    """Return what stands for an operand: of an array without a name what can be said of it."""
    if name or np.ndim(value) == 0 or np.size(value) == 1:
        return name
    is_mask = np.result_type(value).kind == "b" and np.size(value) > MOST_ENTRIES
    return "mask" if is_mask else entries(np.asarray(value))


def _as_number(value: Any) -> Any:
    """Return the one entry of an array; where there is but a number, that as it is."""
    return value.reshape(-1)[0] if np.ndim(value) else value


def _atom(name: str, value: Any) -> Any:
    """Return what a rule is given for an operand: its symbol, or a number as it is."""
    if not name:
        return literal(value) if np.ndim(value) else value
    return Symbol(name, ATOM, lambda: value, smooth=np.result_type(value).kind in "fc")


def _with_number(atom: Any) -> Any:
    """Return a symbol whose text is its value, which is what one reads there."""
    if not isinstance(atom, Symbol):
        return atom
    value = atom.value
    written = literal(value.item() if np.size(value) == 1 else value)
    written.compute = lambda: _to_five_digits(value)
    written.smooth = atom.smooth
    return written


def _to_five_digits(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return value
    shown = [_number_of_five_digits(x) for x in array.reshape(-1).tolist()]
    return np.array(shown, array.dtype).reshape(array.shape)[()]


def _number_of_five_digits(x: Any) -> Any:
    text = f"{x:.5g}"
    if isinstance(x, float) and is_rounded_to_integer(text, x):
        return x
    return type(x)(text)


def _sample(value: Any, k: int) -> Any:
    """Return two numbers of the same type, in no special place, for the entries of many."""
    if type(value) in (int, float, complex, bool):
        return value
    dtype = np.result_type(value)
    first = 0.37 + 0.1 * k if dtype.kind in "fc" else 2 + k
    return np.array([first, 2 * first], dtype)


# -- other ops: the image of g -----------------------------------------------------------------


def _images(op: Op, values: Sequence[Any], names: Sequence[str]) -> Callable[[int], Formula | None]:
    """Return what becomes of the cotangent, by the number of the operand that it comes to."""
    *inputs, out = values
    count = op.operands(tuple(inputs))
    atoms = [
        _atom(name, x) if k < count and hasattr(x, "dtype") else x
        for k, (name, x) in enumerate(zip(names[:-1], inputs, strict=True))
    ]
    g = Symbol(cotangent_letter(names), ATOM, lambda: np.ones_like(out))
    made = Symbol(names[-1], ATOM, lambda: out)

    @cache
    def images() -> Callable[[int], Any]:
        rules: Any = op.rules
        if isinstance(rules, Each) and op.name in IMAGES_OF_EACH and _is_ours(_rule(op, 0)):
            return lambda i: IMAGES_OF_EACH[op.name](i, g, made, *atoms)
        if type(rules) is Together:
            return cast("Callable[[int], Any]", rules.images(g, made, tuple(atoms)))
        return lambda i: _rule_or_its_words(op, i)(g, made, *atoms)

    def formula(i: int) -> Formula | None:
        image = images()(i)
        if isinstance(image, str):
            return Formula(image)
        return Formula(_text(image)) if isinstance(image, Symbol) else None

    return formula


def _rule_or_its_words(op: Op, i: int) -> Callable[..., Any]:
    """Return a rule, or what is stated to be read in its place."""
    rule = _rule(op, i)
    is_stated = op.name in IMAGES and not isinstance(op.rules, Each) and _is_ours(rule)
    return IMAGES[op.name][i] if is_stated else rule
