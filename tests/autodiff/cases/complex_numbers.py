"""Real functions of real arguments that go through complex numbers."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real


def complex_cases() -> list[Case]:
    """Real functions of real arguments that go through complex numbers, both ways."""
    x, y, z, s = real(2, 3), positive(3), real(3), real()
    return [
        Case("abs-complex", lambda x, y: np.abs((x + 1j * y) ** 2), (x, y), False),
        Case("abs-complex-scalar", lambda x: np.abs(x - 2j), (s,), False),
        Case("angle", lambda x, y: np.angle(np.exp(x + 1j * y)), (x, y), False),
        Case("angle-degrees", lambda x, y: np.angle(x - 1j * y, deg=True), (x, y), False),
        Case("angle-real", lambda x: np.angle(x) + x, (x,), False),
        Case("real", lambda x, y: np.real(np.exp(x + 1j * y)), (x, y), False),
        Case("imag", lambda x, y: np.imag(np.exp(x + 1j * y)), (x, y), False),
        Case("real-real", lambda x: np.real(x) * x.real, (x,), False),
        Case("imag-real", lambda x: np.imag(x) + x, (x,), False),
        Case("conj", lambda x, y: np.real(np.conj(np.exp(x + 1j * y)) ** 2 * x), (x, y), False),
        Case("sign-complex", lambda x, y: np.imag(np.sign(x + 1j * y)), (x, y), False),
        Case("multiply-complex", lambda x, y: np.imag((2 + 1j) * x / (y - 1j)), (x, y), False),
        Case("nan_to_num-complex", lambda x: np.nan_to_num(x * (1 + 2j)).imag, (x,), False),
        Case("real_if_close", lambda x: np.real_if_close(x * x + 0j), (x,), False),
        Case("emath.sqrt", lambda x: np.imag(np.emath.sqrt(-x * x - 1)), (x,), False),
        Case("emath.sqrt-inside", lambda x: np.emath.sqrt(x), (positive(3),)),
        Case("emath.log", lambda x: np.real(np.emath.log(x)), (z,), False),
        Case("emath.logn", lambda x: np.abs(np.emath.logn(2.0, x)), (z,), False),
        Case("emath.arcsin", lambda x: np.imag(np.emath.arcsin(x * x + 1)), (x,), False),
        Case("emath.power", lambda x: np.real(np.emath.power(x, 1.5)), (z,), False),
    ]


CASES = complex_cases()
