"""Factors of matrices: Cholesky's, and an orthogonal one by a triangular one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, spectral, tall, wide

L = np.linalg


def case(name: str, f: Any, *args: np.ndarray, analytic: bool = False) -> Case:
    return Case(name, f, args, analytic)


def decomposition_cases() -> list[Case]:
    one, stack = spectral(3, 3), spectral(2, 3, 3)
    cases = [
        *(case("cholesky", L.cholesky, x @ x.mT) for x in (one, stack, one[:1, :1])),
        case("cholesky-upper", lambda x: L.cholesky(x, upper=True), one + one.T),
    ]
    for name, f in {"qr-0": lambda x: L.qr(x)[0], "qr-r": lambda x: L.qr(x, mode="r")}.items():
        cases += [case(name, f, x) for x in (one, tall(4, 2), wide(2, 4), tall(2, 3, 2))]
    cases += [case("qr-complete", lambda x: L.qr(x, "complete").R, wide(2, 3))]
    return cases


CASES = decomposition_cases()
