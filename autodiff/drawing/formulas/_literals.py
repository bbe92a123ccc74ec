"""Numbers and static arguments as formulas spell them."""

from __future__ import annotations

from math import isclose, log, pi, sqrt
from typing import Any

import numpy as np

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


def number(x: Any) -> tuple[str, int]:
    """Return a number as it is written, and how tightly that holds together."""
    if isinstance(x, bool | np.bool):
        return str(x), ATOM
    if isinstance(x, complex | np.complexfloating):
        return _complex(complex(x))
    text, level = _magnitude(abs(x))
    return (f"−{text}", min(level, NEGATIVE)) if x < 0 else (text, level)


def _complex(x: complex) -> tuple[str, int]:
    if x.real == 0:
        text = f"{abs(x.imag):.5g}j"
        return (f"−{text}", NEGATIVE) if x.imag < 0 else (text, ATOM)
    return f"({x.real:.5g}{x.imag:+.5g}j)".replace("-", "−"), ATOM


def _magnitude(x: Any) -> tuple[str, int]:
    for value, text, level in _CONSTANTS:
        if isclose(x, value, rel_tol=1e-15):
            return text, level
    return decimal(x), ATOM


def spelling(x: Any) -> str:
    """Return an argument as a program spells it."""
    if isinstance(x, np.ndarray):
        if x.ndim == 0:
            return spelling(x[()])
        return f"[{', '.join(map(spelling, x))}]" if x.size <= 4 else "…"
    if isinstance(x, list):
        return f"[{', '.join(map(spelling, x))}]"
    if isinstance(x, tuple):
        return spelling(x[0]) if len(x) == 1 else f"({', '.join(map(spelling, x))})"
    if isinstance(x, int | float | complex | np.number) and not isinstance(x, bool):
        return number(x)[0]
    return str(x) if isinstance(x, np.generic) else repr(x)
