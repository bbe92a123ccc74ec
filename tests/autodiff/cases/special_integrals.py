"""Integrals: exponential, elliptic, of sines; Airy's functions and the omega function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tests.autodiff.cases.case import Case, positive, real, unit

x, p, u = real(2, 3), positive(2, 3), unit(2, 3)
q = real(2, 3, low=0.1, high=0.9)  # a probability

HOLOMORPHIC: dict[Any, list[Any]] = {
    special.exp1: [p],
    special.expi: [p],
    special.spence: [p],
    special.wrightomega: [x],
}
REAL: dict[Any, list[Any]] = {
    special.ellipk: [u, -5 * p],
    special.ellipkm1: [q, 1 + 0.1 * x],
    special.ellipe: [u, -5 * p],
}
SEVERAL = {  # operands, all differentiated
    special.ellipkinc: [x, u],
    special.ellipeinc: [x, u],
    special.elliprf: [p, 2 - u, 3 + x],
    special.elliprd: [p, 2 - u, 3 + x],
}
DELICATE = [  # where some entries, and not others, take another form
    (special.ellipkinc, [x, 0 * u]),
    (special.ellipeinc, [2 * x, 0 * u]),
    (special.elliprf, [p, 1 + 0 * u, p]),
    (special.elliprd, [p, 2 - u, p * (1 + 0.2 * u)]),
]
TUPLES = {
    special.airy: x,
    special.fresnel: x,
    special.sici: p,
    special.shichi: p,
}


def together(f: Callable[..., Any], x: Any) -> Any:
    return np.stack(f(x))


CASES = [
    *(
        Case(f.__name__, f, (a,), False, True)
        for f, operands in HOLOMORPHIC.items()
        for a in operands
    ),
    *(Case(f.__name__, f, (a,), False) for f, operands in REAL.items() for a in operands),
    *(Case(f.__name__, f, tuple(operands), False) for f, operands in SEVERAL.items()),
    *(Case(f"{f.__name__} delicate", f, tuple(operands), False) for f, operands in DELICATE),
    *(Case(f.__name__, partial(together, f), (a,), False) for f, a in TUPLES.items()),
]
