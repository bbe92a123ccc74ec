"""Equations, inverses, determinants, powers and condition numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, real, regular, spectral, tall, wide

L = np.linalg


def case(name: str, f: Any, *args: np.ndarray, analytic: bool = False) -> Case:
    return Case(name, f, args, analytic)


def equation_cases() -> list[Case]:
    one, stack = regular(3, 3), regular(2, 3, 3)
    sides: list[tuple[np.ndarray, np.ndarray]] = [
        (one, real(3)),
        (one, real(3, 2)),
        (one, real(4, 3, 2)),
        (stack, real(3)),
        (stack, real(3, 2)),
        (stack, real(2, 3, 1)),
        (stack, real(4, 1, 3, 2)),
        (regular(3, 1, 3, 3), real(2, 3, 2)),
        (regular(1, 1), real(1)),
    ]
    cases = [Case("solve", L.solve, pair) for pair in sides]
    cases += [Case("inv", L.inv, (x,)) for x in (one, stack, regular(1, 1), real(0, 0))]
    cases += [Case("det", L.det, (x,)) for x in (one, stack, regular(1, 1), real(0, 2, 2))]
    cases += [Case("det-exchanged", lambda x: L.det(x[::-1]), (one,))]
    cases += [
        case("slogdet", lambda x: L.slogdet(x).logabsdet, x) for x in (one, stack, -regular(1, 1))
    ]
    cases += [case("slogdet-sign", lambda x: (lambda s, d: s * d)(*L.slogdet(x)), -one)]
    cases += [
        Case(f"matrix_power-{n}", lambda x, n=n: L.matrix_power(x, n) / 10.0**n, (x,))
        for n in (-3, -1, 0, 1, 2, 3, 6)
        for x in (one, stack)
    ]
    cases += [
        Case("tensorinv", lambda x: L.tensorinv(x.reshape(2, 3, 3, 2)), (regular(6, 6),)),
        Case("tensorinv-1", lambda x: L.tensorinv(x.reshape(4, 2, 2), ind=1), (regular(4, 4),)),
        Case(
            "tensorsolve",
            lambda a, b: L.tensorsolve(a.reshape(2, 3, 6), b),
            (regular(6, 6), real(2, 3)),
        ),
        Case(
            "tensorsolve-axes",
            lambda a, b: L.tensorsolve(np.moveaxis(a.reshape(2, 3, 6), 2, 1), b, axes=(1,)),
            (regular(6, 6), real(2, 3)),
        ),
    ]
    return cases


def inverse_cases() -> list[Case]:
    matrices = [regular(3, 3), tall(4, 2), wide(2, 4), tall(2, 3, 2)]
    cases = [case("pinv", L.pinv, x) for x in matrices]
    cases += [
        case("pinv-rcond", lambda x: L.pinv(x, rcond=1e-8), matrices[1]),
        case("pinv-rtol", lambda x: L.pinv(x, rtol=1e-8), matrices[1]),
        case("pinv-hermitian", lambda x: L.pinv(x, hermitian=True), spectral(3, 3)),
        case(
            "pinv-low-rank",
            lambda x, y: L.pinv(x @ y, rcond=1e-8),
            tall(4, 2),
            wide(2, 3),
        ),
        case("lstsq", lambda a, b: L.lstsq(a, b)[0], tall(4, 2), real(4)),
        case("lstsq", lambda a, b: L.lstsq(a, b)[0], tall(4, 2), real(4, 3)),
        case("lstsq-square", lambda a, b: L.lstsq(a, b)[0], regular(3, 3), real(3)),
        case("lstsq-wide", lambda a, b: L.lstsq(a, b)[0], wide(2, 4), real(2, 2)),
        case("lstsq-residuals", lambda a, b: L.lstsq(a, b)[1], tall(4, 2), real(4)),
        case("lstsq-s", lambda a, b: L.lstsq(a, b)[3] + b[0], tall(4, 2), real(4)),
    ]
    return cases


def condition_cases() -> list[Case]:
    inf = np.inf
    return [
        *(
            case(f"cond-{p}", lambda x, p=p: L.cond(x, p), spectral(3, 3))
            for p in (None, 2, -2, 1, -1, inf, -inf, "fro", "nuc")
        ),
        case("cond-stack", L.cond, tall(2, 4, 3)),
    ]


CASES = [*equation_cases(), *inverse_cases(), *condition_cases()]
