"""The formula of a local derivative, from the rule itself: it is given symbols for arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.drawing._expressions import ATOM, COMPARISON, OR, Symbol, literal, number, spelled

MOST_ENTRIES = 4  # of an array that is written into a formula


@dataclass(frozen=True)
class Formula:
    """A local derivative: of an elementwise op the factor, of another its image of ``g``.

    Attributes
    ----------
    symbols : str
        With the operands' names: "cos(x)", "g @ W.T".
    numbers : str
        With numbers in their places, and what they make: "cos(3) = −0.98999". Empty where an
        operand has many entries, or nothing is left to be put in.
    value : number, optional
        The derivative, where it is one number.
    """

    symbols: str
    numbers: str = ""
    value: Any = None


def derivative_text(y: Tensor, i: int, names: Sequence[str]) -> str:
    """Return what stands on the edge from an input: the formula, and the number if it is one.

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> derivative_text(np.sin(x), 0, ["x", "v1"])
    'cos(x) = −0.98999'
    """
    formula = local_derivative(y, i, names)
    if formula is None:
        return ""
    if formula.value is None:
        return formula.symbols
    text = number(formula.value)[0]
    return text if text == formula.symbols else f"{formula.symbols} = {text}"


def local_derivative(y: Tensor, i: int, names: Sequence[str]) -> Formula | None:
    """Return the derivative of what an op computed by its input number ``i``.

    Parameters
    ----------
    y : Tensor
        What the op computed.
    i : int
        The number of the input.
    names : sequence of str
        What each of the node's inputs is called, and behind them the node itself. An empty name
        stands for an input that is written as it is: a number, an axis.

    Returns
    -------
    Formula, optional
        None where the rule is such that no formula comes of it.

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> formula = local_derivative(np.sin(x), 0, ["x", "v1"])
    >>> formula.symbols, formula.numbers
    ('cos(x)', 'cos(3) = −0.98999')
    """
    try:
        return _elementwise(y, i, names) if not y.op.structural else _structural(y, i, names)
    except Exception:  # a rule may be anything, one's own above all
        return None


def _elementwise(y: Tensor, i: int, names: Sequence[str]) -> Formula | None:
    values = [*map(value_of, y.inputs), value_of(y)]
    small = all(np.size(v) <= MOST_ENTRIES and np.ndim(v) <= 1 for v in values)
    atoms = [
        _atom(name, v if small else _sample(v, k), name == names[-1] and k == len(y.inputs))
        for k, (name, v) in enumerate(zip(names, values, strict=True))
    ]
    derivative = _image(y.op, i, np.float64(1), atoms)
    if derivative is None:
        return None
    if not isinstance(derivative, Symbol):
        return Formula(number(derivative)[0], value=derivative)
    symbols = _as_number(derivative)
    if not small:
        return Formula(symbols)
    value = np.asarray(derivative.value)
    result = value.item() * 1 if value.size == 1 else None
    with_numbers = _image(y.op, i, np.float64(1), [_number_atom(a) for a in atoms])
    text = _as_number(with_numbers)
    end = spelled(value * 1) if result is None else number(result)[0]
    return Formula(symbols, text if text == end else f"{text} = {end}", result)


def _image(op: Any, i: int, g: Any, atoms: Sequence[Any]) -> Any:
    *inputs, out = atoms
    return op.rules[i](g, out, *inputs)


def _as_number(x: Any) -> str:
    """Return a formula's text, a condition as the number that it counts as."""
    if isinstance(x, Symbol) and OR <= x.level <= COMPARISON:
        return f"1 if {x.text} else 0"
    return literal(x).text


def _atom(name: str, value: Any, is_out: bool) -> Any:
    """Return what a rule is given for an input: its symbol, or a number as it is."""
    if not name:
        return value if type(value) in (int, float, complex, bool) else literal(value)
    return Symbol(name, ATOM, lambda: value, smooth=not is_out and _kind(value) in "fc")


def _number_atom(atom: Any) -> Any:
    if not isinstance(atom, Symbol):
        return atom
    value = atom.value
    text, level = number(value[()]) if np.ndim(value) == 0 else (spelled(value), ATOM)
    return Symbol(text, level, lambda: value, smooth=atom.smooth)


def _kind(value: Any) -> str:
    return str(np.asarray(value).dtype.kind)


def _sample(value: Any, k: int) -> Any:
    """Return a number of the same type, in no special place, for the entries of many."""
    if type(value) in (int, float, complex, bool):
        return value
    return np.asarray(value).dtype.type(0.37 + k if _kind(value) in "fc" else 2 + k)


def _structural(y: Tensor, i: int, names: Sequence[str]) -> Formula | None:
    count = y.op.operands(y.inputs)
    values = [*map(value_of, y.inputs)]
    atoms = [
        _atom(names[k], v, False) if k < count and names[k] else v for k, v in enumerate(values)
    ]
    out = Symbol(names[-1], ATOM, lambda: value_of(y), smooth=False)
    g = Symbol("g", ATOM, lambda: np.ones_like(value_of(y)), smooth=False)
    image = y.op.rules[i](g, out, *atoms)
    return Formula(_as_number(image)) if isinstance(image, Symbol) else None
