"""Lengths: of two numbers and of deviations."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

x = real(2, 3, 4)
BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((1,), (4, 2, 1))]


def length_cases() -> list[Case]:
    cases = [
        Case("hypot", np.hypot, (real(*a), positive(*b)), False)
        for shapes in BROADCASTS
        for a, b in {shapes, shapes[::-1]}
    ]
    cases += [
        Case("std-ddof", lambda x: np.std(x, axis=(0, 1), ddof=1), (x,), False),
        Case("std-mean", lambda m: np.std(x, axis=1, mean=m), (unit(2, 1, 4),), False),
    ]
    return cases


CASES = length_cases()
