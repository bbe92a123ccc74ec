"""The cases of the rules' tests as ops of programs, by name, and cases for ops that have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case, positive, real, unit

OUTERS = [
    *(np.copysign, np.float_power, np.fmax, np.fmin, np.fmod, np.heaviside, np.logaddexp2),
    *(np.minimum, np.nextafter, np.remainder),
]
MORE = [
    *(Case(f"{f.__name__}.outer", f.outer, (positive(2, 2), positive(3)), False) for f in OUTERS),
    Case("ldexp.outer", lambda x: np.ldexp.outer(x, [0, 1, 2]), (real(3),), False),
    Case("emath.log2", lambda x: np.real(np.emath.log2(x)), (real(3),), False),
    Case("emath.log10", lambda x: np.real(np.emath.log10(x)), (real(3),), False),
    Case("emath.arccos", lambda x: np.real(np.emath.arccos(x)), (unit(3),), False),
    Case("emath.arctanh", lambda x: np.real(np.emath.arctanh(x)), (unit(3),), False),
    Case("sort_complex", lambda x: np.real(np.sort_complex(x * (1 + 2j))), (real(4),), False),
]


def _numbered(cases: list[Case]) -> dict[str, Case]:
    """Return the cases by name, where one that occurs twice gets a number."""
    found: dict[str, Case] = {}
    for c in cases:
        name, k = str(c), 2
        while name in found:
            name, k = f"{c}-{k}", k + 1
        found[name] = c
    return found


def _flows(c: Case) -> bool:
    """Return whether there are entries for derivatives to flow through."""
    return all(x.size for x in c.args) and np.size(c.f(*c.args)) > 0


BY_NAME = _numbered([c for c in [*CASES, *MORE] if _flows(c)])
case: dict[str, Callable[..., Any]] = {name: c.f for name, c in BY_NAME.items()}
operand: dict[str, tuple[np.ndarray, ...]] = {name: c.args for name, c in BY_NAME.items()}
