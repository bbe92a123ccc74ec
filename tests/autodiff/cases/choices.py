"""Functions that choose entries."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real

MASK = np.array([[True, False, True], [False, True, False]])
OTHER = np.array([[True, True, False], [False, False, False]])
HOLES = np.array([[np.nan, 1.0, np.inf], [2.0, -np.inf, 3.0]])


def choice_cases() -> list[Case]:
    x, y = real(2, 3), positive(3)
    halves = [lambda x: x**2, lambda x: np.sin(x) * 2]
    return [
        Case("where", lambda x, y: np.where(MASK, x, y), (real(2, 3), real(3))),
        Case("where-constant", lambda x: np.where(MASK, x * x, 0.0), (real(2, 3),)),
        Case("clip", lambda x: np.clip(x, -1.0, 1.2), (real(2, 3),), False),
        Case("clip-below", lambda x: x.clip(min=0.5), (real(2, 3),), False),
        Case("nan_to_num", lambda x: np.nan_to_num(x * x), (x,), False),
        Case("nan_to_num-holes", lambda x: np.nan_to_num(x * HOLES, nan=7.0), (x,), False),
        Case("select", lambda x, y: np.select([MASK, OTHER], [x * x, y]), (x, y)),
        Case("select-default", lambda x: np.select([OTHER], [x], x * x), (x,)),
        Case("piecewise", lambda x: np.piecewise(x, [MASK, ~MASK], halves), (x,)),
        Case("piecewise-else", lambda x: np.piecewise(x, [MASK], halves), (x,)),
        Case("piecewise-one-mask", lambda y: np.piecewise(y, MASK[0], halves), (y,)),
        Case("piecewise-overlap", lambda x: np.piecewise(x, [MASK, OTHER], halves), (x,)),
        Case("piecewise-rest-0", lambda x: np.piecewise(x, [OTHER], [np.exp]), (x,)),
        Case("piecewise-number", lambda x: np.piecewise(x, [OTHER], [3.0, np.exp]), (x,)),
        Case(
            "piecewise-scalar", lambda x: np.piecewise(x, [x < 0, x > 0], halves), (real(),), False
        ),
        Case(
            "piecewise-arguments",
            lambda x: np.piecewise(x, [MASK], [lambda x, p, q: p * x**q], 3.0, q=2),
            (x,),
        ),
        Case("full_like", lambda x: np.full_like(MASK * 1.0 + 0 * x, x[0, 1]), (x,)),
        Case("unique", lambda x: np.unique(x) ** 2, (x,), False),
    ]


CASES = choice_cases()
