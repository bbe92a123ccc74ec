"""Numbers and static arguments as formulas spell them.

What is mathematics has the sign "−", what is code "-": an axis, an index.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import isclose, isfinite, log, pi, sqrt
from typing import Any

import numpy as np

MOST_ENTRIES = 4  # of an array that is written into a formula
MOST_DIGITS = 8  # of a number that is written as it is
GREATEST_DIVISOR = 12
PRODUCT, NEGATIVE, _POWER, ATOM = range(7, 11)  # how tightly they hold together

_CONSTANTS = [
    (pi, "π", ATOM),
    (2 * pi, "2·π", PRODUCT),
    (pi / 2, "π/2", PRODUCT),
    (1 / pi, "1/π", PRODUCT),
    (pi / 180, "π/180", PRODUCT),
    (pi / 180 / 60, "π/10800", PRODUCT),
    (pi / 180 / 3600, "π/648000", PRODUCT),
    (180 / pi, "180/π", PRODUCT),
    (log(2), "log(2)", ATOM),
    (log(10), "log(10)", ATOM),
    (1 / log(2), "1/log(2)", PRODUCT),
    (1 / log(10), "1/log(10)", PRODUCT),
    (sqrt(2), "√2", _POWER),
    (sqrt(pi), "√π", _POWER),
    (sqrt(pi) / 2, "√π/2", PRODUCT),
    (1 / sqrt(pi), "1/√π", PRODUCT),
    (2 / sqrt(pi), "2/√π", PRODUCT),
    (sqrt(2 * pi), "√(2·π)", _POWER),
]


def decimal(x: Any) -> str:
    """Return a number in decimals, to five digits."""
    if isinstance(x, complex | np.complexfloating):
        return _complex(complex(x))[0]
    return (f"{x:.5g}" if isinstance(x, float | np.floating) else str(int(x))).replace("-", "−")


def as_written(x: Any) -> str:
    """Return a number as a program writes it, by its first digits and "…" if it has many.

    These are at least as many as tell it from a whole number.
    """
    if isinstance(x, complex | np.complexfloating):
        real, imag = as_written(x.real), as_written(x.imag)
        return f"({real}{'' if imag.startswith('-') else '+'}{imag}j)" if x.real else f"{imag}j"
    text = all_digits(x)
    mantissa, e, exponent = text.partition("e")
    first = re.match(r"-?\d+\.0*[1-9]\d{0,3}", mantissa)
    if first is None or first[0] == mantissa or _is_short(mantissa):
        return text
    return f"{first[0]}…{e}{exponent}"


def all_digits(x: Any) -> str:
    """Return a number with as many digits as tell it from all others of its type."""
    return str(x).removesuffix(".0")


def _is_short(digits: str) -> bool:
    return len(digits.replace(".", "").lstrip("-0")) <= MOST_DIGITS


def is_rounded_to_integer(text: str, x: Any) -> bool:
    """Whether the text of a number is that of a whole one, and the number is none."""
    return bool(isfinite(x) and float(text).is_integer() and not float(x).is_integer())


def number(x: Any) -> tuple[str, int]:
    """Return a number as it is written, and how tightly that holds together."""
    if isinstance(x, bool | np.bool):
        return str(x), ATOM
    if isinstance(x, complex | np.complexfloating):
        return _complex(complex(x))
    text, level = _magnitude(abs(x))
    is_negative = str(x).startswith("-")  # −0 too
    return (f"−{text}", min(level, NEGATIVE)) if is_negative else (text, level)


def _complex(x: complex) -> tuple[str, int]:
    if x.real == 0:
        text = f"{abs(x.imag):.5g}j"
        return (f"−{text}", NEGATIVE) if x.imag < 0 else (text, ATOM)
    return f"({x.real:.5g}{x.imag:+.5g}j)".replace("-", "−"), ATOM


def _magnitude(x: Any) -> tuple[str, int]:
    for value, text, level in _CONSTANTS:
        if isclose(x, value, rel_tol=1e-15):
            return text, level
    if ratio := fraction(x):
        return ratio, PRODUCT
    text, digits = f"{x:.5g}", all_digits(x)
    if isinstance(x, float | np.floating):
        is_exact = _is_short(digits.partition("e")[0]) or is_rounded_to_integer(text, x)
        text = digits if is_exact else text
    else:
        text = str(int(x))
    text = text.replace("-", "−")
    return text, _POWER if "e" in text else ATOM


def fraction(x: Any) -> str:
    """Return p/q for what five digits do not tell and a small divisor does."""
    if isinstance(x, complex | np.complexfloating) or not isfinite(x) or float(f"{x:.5g}") == x:
        return ""
    ratio = Fraction(float(x)).limit_denominator(GREATEST_DIVISOR)
    if ratio.denominator == 1 or abs(ratio.numerator) >= 100:
        return ""
    is_exact = isclose(x, ratio, rel_tol=2**-24)  # float32's
    return str(ratio).replace("-", "−") if is_exact else ""


def entries(x: Any, write: Callable[[Any], str] = lambda x: number(x)[0]) -> str:
    """Return an array as its few entries; "…" stands for more."""
    if np.ndim(x) == 0:
        return write(x[()])
    if x.size > MOST_ENTRIES:
        return "…"
    return f"[{', '.join(entries(part, write) for part in x)}]"


def spelling(x: Any) -> str:
    """Return an argument as a program spells it."""
    if isinstance(x, np.ndarray):
        return entries(x, spelling)
    if isinstance(x, list):
        return f"[{', '.join(map(spelling, x))}]"
    if isinstance(x, tuple):
        return spelling(x[0]) if len(x) == 1 else f"({', '.join(map(spelling, x))})"
    if isinstance(x, int | float | complex | np.number) and not isinstance(x, bool):
        return number(x)[0].replace("−", "-")
    return str(x) if isinstance(x, np.generic) else repr(x)
