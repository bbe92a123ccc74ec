"""Angles, logaddexp, float_power, sinc and I₀."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit


def negative(*shape: int) -> np.ndarray:
    return -positive(*shape)


UNARY = {
    np.sinc: real,
    np.degrees: real,
    np.rad2deg: real,
    np.radians: real,
    np.deg2rad: real,
    np.i0: real,
}
BINARY = {
    np.logaddexp: (real, unit),
    np.logaddexp2: (real, unit),
    np.arctan2: (real, negative),
}
BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((0,), ())]


def longer_cases() -> list[Case]:
    cases = [
        Case(f.__name__, f, (domain(*shape),), f is np.sinc)
        for f, domain in UNARY.items()
        for shape in [(), (2, 3), (1,), (0,)]
    ]
    cases += [
        Case(f.__name__, f, (left(*a), right(*b)), False)
        for f, (left, right) in BINARY.items()
        for shapes in BROADCASTS
        for a, b in {shapes, shapes[::-1]}
    ]
    x = real(2, 3)
    cases += [
        Case("float_power", np.float_power, (positive(2, 3), real(3))),
        Case("float_power-2", lambda x: np.float_power(x, 2), (x,)),
        Case("float_power-list", lambda x: np.float_power([1.0, 2.0, 3.0], x), (x,)),
        Case("logaddexp-constant", lambda x: np.logaddexp(0, x), (x,), False),
        Case("arctan2-constant", lambda x: np.arctan2(1.0, x), (x,), False),
        Case("sinc-near-0", np.sinc, (0.1 * real(2, 3),)),
        Case("sinc-at-0", np.sinc, (np.zeros(2),), False),
        Case("i0-large", lambda x: np.i0(5 + x) / 100, (positive(3),), False),
        Case("i0-at-0", np.i0, (np.zeros(2),), False),
    ]
    return cases


CASES = longer_cases()
