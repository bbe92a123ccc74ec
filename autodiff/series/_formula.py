"""Power series as they are written by hand, in plain text and in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff._core.types import Value

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _superscript(exponent: Any, latex: bool) -> str:
    return f"^{{{exponent}}}" if latex else str(exponent).translate(_SUPERSCRIPT)


def _number(value: Value, latex: bool) -> str:
    if np.iscomplexobj(value):
        sign = "-" if value.imag < 0 else "+"
        return f"({_number(value.real, latex)} {sign} {_number(abs(value.imag), latex)}i)"
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    if not exponent:
        return mantissa
    times = r" \cdot " if latex else "·"
    return f"{mantissa}{times}10{_superscript(int(exponent), latex)}"


def _split_sign(value: Value) -> tuple[str, Value]:
    return ("-", -value) if not np.iscomplexobj(value) and value < 0 else ("+", value)


def formula(
    coefficients: Iterable[Value], center: Value, variable: str, latex: bool, most: int = 12
) -> str:
    """Return the polynomial as it is written by hand, the middle left out if it is long."""
    sign, size = _split_sign(center)
    opposite = "-" if sign == "+" else "+"
    base = variable if center == 0 else f"({variable} {opposite} {_number(size, latex)})"
    terms = []
    power = ""
    for k, coefficient in enumerate(coefficients):
        sign, size = _split_sign(coefficient)
        number = _number(size, latex)
        if coefficient != 0:
            factors = [number] if number != "1" or not power else []
            factors += [power] if power else []
            terms.append((sign, (r" \, " if latex else " ").join(factors)))
        power = base if k == 0 else f"{base}{_superscript(k + 1, latex)}"
    if len(terms) > most:
        terms[most - 2 : -1] = [("+", r"\cdots" if latex else "…")]
    first_sign, first = terms[0] if terms else ("+", "0")
    rest = "".join(f" {sign} {term}" for sign, term in terms[1:])
    return f"{'-' if first_sign == '-' else ''}{first}{rest} + O({power})"
