"""Remainders, signs, fractions and exponents, unwrapped angles."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

BINARY = {
    np.fmod: (real, positive),
    np.mod: (real, positive),
    np.copysign: (real, unit),
    np.nextafter: (real, unit),
    np.heaviside: (real, unit),
}
BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((0,), ())]


def step_cases() -> list[Case]:
    cases = [
        Case(f.__name__, f, (left(*a), right(*b)), False)
        for f, (left, right) in BINARY.items()
        for shapes in BROADCASTS
        for a, b in {shapes, shapes[::-1]}
    ]
    x, y, s = real(2, 3), positive(3), real()
    exponents = np.array([[-2, 0, 3], [1, 5, -7]])
    cases += [
        Case("fmod-negative", lambda x, y: np.fmod(x, -y), (x, y), False),
        Case("mod-negative", lambda x, y: np.mod(x, -y), (x, y), False),
        Case("mod-2", lambda x: np.mod(3 * x, 2), (x,), False),
        Case("ldexp", lambda x: np.ldexp(x, exponents), (x,), False),
        Case("ldexp-scalar", lambda x: np.ldexp(x, exponents), (s,), False),
        Case("frexp", lambda x: np.frexp(x)[0] * (1.0 + np.frexp(x)[1]), (positive(2, 3),), False),
        Case("modf", lambda x: np.modf(x)[0] * (2.0 + np.modf(x)[1]), (x,), False),
        Case(
            "divmod",
            lambda x, y: np.divmod(x, y)[1] * (1 + np.divmod(x, y)[0]),
            (x, y),
            False,
        ),
        Case("unwrap", lambda x: np.unwrap(4 * x), (x,), False),
        Case("unwrap-axis", lambda x: np.unwrap(x * x, axis=0, period=1.0), (x,), False),
        Case("unwrap-jumps", lambda x: np.unwrap(3 * x, discont=4.0), (real(7),), False),
    ]
    return cases


CASES = step_cases()
