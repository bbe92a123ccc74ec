"""Ufuncs beyond the first slice, their methods, choices, and complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit


def negative(*shape: int) -> np.ndarray:
    return -positive(*shape)


UNARY = {
    np.exp2: real,
    np.log2: positive,
    np.log10: positive,
    np.sinc: real,
}
REAL_UNARY = {
    np.cbrt: negative,
    np.degrees: real,
    np.rad2deg: real,
    np.radians: real,
    np.deg2rad: real,
    np.i0: real,
}
REAL_BINARY = {
    np.logaddexp: (real, unit),
    np.logaddexp2: (real, unit),
    np.arctan2: (real, negative),
    np.fmax: (real, unit),
    np.fmin: (real, unit),
    np.fmod: (real, positive),
    np.mod: (real, positive),
    np.copysign: (real, unit),
    np.nextafter: (real, unit),
    np.heaviside: (real, unit),
}
BROADCASTS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3)), ((0,), ())]
MASK = np.array([[True, False, True], [False, True, False]])
OTHER = np.array([[True, True, False], [False, False, False]])
HOLES = np.array([[np.nan, 1.0, np.inf], [2.0, -np.inf, 3.0]])


def ufunc_cases() -> list[Case]:
    cases = [
        Case(f.__name__, f, (domain(*shape),), f in UNARY)
        for f, domain in {**UNARY, **REAL_UNARY}.items()
        for shape in [(), (2, 3), (1,), (0,)]
    ]
    cases += [
        Case(f.__name__, f, (left(*a), right(*b)), False)
        for f, (left, right) in REAL_BINARY.items()
        for shapes in BROADCASTS
        for a, b in {shapes, shapes[::-1]}
    ]
    x, y, s = real(2, 3), positive(3), real()
    exponents = np.array([[-2, 0, 3], [1, 5, -7]])
    cases += [
        Case("float_power", np.float_power, (positive(2, 3), real(3))),
        Case("float_power-2", lambda x: np.float_power(x, 2), (x,)),
        Case("float_power-list", lambda x: np.float_power([1.0, 2.0, 3.0], x), (x,)),
        Case("logaddexp-constant", lambda x: np.logaddexp(0, x), (x,), False),
        Case("arctan2-constant", lambda x: np.arctan2(1.0, x), (x,), False),
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
        Case("sinc-near-0", np.sinc, (0.1 * real(2, 3),)),
        Case("sinc-at-0", np.sinc, (np.zeros(2),), False),
        Case("i0-large", lambda x: np.i0(5 + x) / 100, (positive(3),), False),
        Case("i0-at-0", np.i0, (np.zeros(2),), False),
    ]
    return cases


def choice_cases() -> list[Case]:
    x, y = real(2, 3), positive(3)
    halves = [lambda x: x**2, lambda x: np.sin(x) * 2]
    return [
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
        Case("unwrap", lambda x: np.unwrap(4 * x), (x,), False),
        Case("unwrap-axis", lambda x: np.unwrap(x * x, axis=0, period=1.0), (x,), False),
        Case("unwrap-jumps", lambda x: np.unwrap(3 * x, discont=4.0), (real(7),), False),
        Case("full_like", lambda x: np.full_like(MASK * 1.0 + 0 * x, x[0, 1]), (x,)),
        Case("unique", lambda x: np.unique(x) ** 2, (x,), False),
    ]


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


def method_cases() -> list[Case]:
    x, y = real(2, 3, 4), positive(3)
    reduces = (np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2)
    axes: list[Any] = [0, -1, None, (0, 2)]
    cases = [
        Case(
            f"{f.__name__}.reduce-{axis}",
            lambda x, f=f, axis=axis: f.reduce(x, axis=axis, keepdims=axis == -1),
            (x,),
            f is np.multiply,
        )
        for f in reduces
        for axis in axes
        if not (f in (np.logaddexp, np.logaddexp2) and axis in axes[2:])  # not in NumPy
    ]
    cases += [
        Case(
            f"{f.__name__}.accumulate-{axis}",
            lambda x, f=f, axis=axis: f.accumulate(x, axis),
            (x,),
            f in (np.add, np.multiply),
        )
        for f in (np.add, np.multiply, np.maximum, np.minimum)
        for axis in (0, 1, -1)
    ]
    cases += [
        Case(f"{f.__name__}.outer", f.outer, (real(2, 3), positive(4)), f in analytic)
        for analytic in [(np.add, np.subtract, np.multiply, np.divide)]
        for f in (*analytic, np.maximum, np.arctan2, np.logaddexp, np.hypot)
    ]
    cases += [
        Case("multiply.reduce-default", np.multiply.reduce, (x,)),
        Case("power.outer", np.power.outer, (positive(), real(2))),
        Case("outer-constant", lambda y: np.subtract.outer([1.0, 2.0], y), (y,)),
        Case("outer-number", lambda y: np.multiply.outer(y, 2.0), (y,)),
        Case("less.outer", lambda y: y * np.less.outer(y, y), (y,), False),
    ]
    return cases


CASES = [*ufunc_cases(), *choice_cases(), *complex_cases(), *method_cases()]
