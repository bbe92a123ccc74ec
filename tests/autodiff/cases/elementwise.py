"""Arithmetic, exponentials, trigonometric functions, and corners."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

UNARY = {
    np.negative: real,
    np.positive: real,
    np.square: real,
    np.reciprocal: positive,
    np.sqrt: positive,
    np.exp: real,
    np.expm1: real,
    np.log: positive,
    np.log1p: positive,
    np.sin: real,
    np.cos: real,
    np.tan: unit,
    np.arcsin: unit,
    np.arccos: unit,
    np.arctan: real,
    np.sinh: real,
    np.cosh: real,
    np.tanh: real,
    np.arcsinh: real,
    np.arccosh: lambda *shape: 1.5 + positive(*shape),
    np.arctanh: unit,
    np.exp2: real,
    np.log2: positive,
    np.log10: positive,
}
BINARY = {
    np.add: (real, real),
    np.subtract: (real, real),
    np.multiply: (real, real),
    np.divide: (real, positive),
    np.power: (positive, real),
}
KINKED = {
    np.maximum: (real, unit),
    np.minimum: (real, unit),
    np.fmax: (real, unit),
    np.fmin: (real, unit),
}
BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((1,), (4, 2, 1))]


def elementwise_cases() -> list[Case]:
    cases = [
        Case(f.__name__, f, (domain(*shape),))
        for f, domain in UNARY.items()
        for shape in [(), (2, 3), (1,), (0,)]
    ]
    cases += [
        Case(f.__name__, f, (left(*a), right(*b)), f in BINARY)
        for f, (left, right) in {**BINARY, **KINKED}.items()
        for shapes in BROADCASTS
        for a, b in {shapes, shapes[::-1]}
    ]
    cases += [
        *(Case("cbrt", np.cbrt, (-positive(*shape),), False) for shape in [(), (2, 3), (1,), (0,)]),
        Case("absolute", np.abs, (real(2, 3),), False),
        Case("fabs", np.fabs, (real(2, 3),), False),
        Case("power-2", lambda x: x**2, (real(2, 3),)),
        Case("power-3", lambda x: x**3, (real(2, 3),)),
        Case("power-1.5", lambda x: x**1.5, (positive(2, 3),)),
        Case("power-0", lambda x: x**0, (real(2, 3),)),
        Case("power-array", lambda x: x ** np.array([0, 1, 3]), (real(2, 3),)),
        Case("base-2", lambda x: 2**x, (real(2, 3),)),
        Case("reflected", lambda x: 1 / (3 - x) - 2 * x, (real(2, 3),)),
    ]
    return cases


CASES = elementwise_cases()
