"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, tall

L = np.linalg


def case(name: str, f: Any, *args: np.ndarray, analytic: bool = False) -> Case:
    return Case(name, f, args, analytic)


def norm_cases() -> list[Case]:
    inf = np.inf
    along: list[Any] = [
        *[(None, None), (None, 1), (2, 0), (3, -2), (inf, 1), (0, 1)],
        *[(None, (0, 2)), ("nuc", (2, 0)), (2, (1, 0)), (1, (-1, 0)), (-inf, (0, 1))],
    ]
    cases = [
        case(f"norm-{p}", lambda x, p=p: L.norm(x, p), real(4))
        for p in (None, 0, 1, 2, 3, 4, 1.5, inf, -inf)
    ]
    cases += [case(f"norm-{p}", lambda x, p=p: L.norm(x, p), positive(4)) for p in (0.5, -1, -2)]
    cases += [
        case(f"norm-matrix-{p}", lambda x, p=p: L.norm(x, p), tall(3, 2))
        for p in (None, "fro", "nuc", 1, -1, 2, -2, inf, -inf)
    ]
    cases += [
        case(
            f"norm-{p}-{axis}-{keepdims}",
            lambda x, p=p, axis=axis, keepdims=keepdims: L.norm(x, p, axis, keepdims),
            real(2, 3, 4),
        )
        for p, axis in along
        for keepdims in (False, True)
    ]
    cases += [
        case("vector_norm", L.vector_norm, real(2, 3)),
        case("vector_norm-3", lambda x: L.vector_norm(x, axis=(0, 2), ord=3), real(2, 3, 2)),
        case("vector_norm-1", lambda x: L.vector_norm(x, ord=1, keepdims=True), real(2, 3)),
        case("matrix_norm", L.matrix_norm, real(2, 3, 4)),
        case("matrix_norm-nuc", lambda x: L.matrix_norm(x, ord="nuc"), tall(2, 3, 2)),
        case("matrix_norm-1", lambda x: L.matrix_norm(x, ord=1, keepdims=True), tall(2, 3, 2)),
    ]
    return cases


CASES = norm_cases()
