"""Eigenvalues, singular values and their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, real, spectral, tall, wide

L = np.linalg


def case(name: str, f: Any, *args: np.ndarray, analytic: bool = False) -> Case:
    return Case(name, f, args, analytic)


def spectral_cases() -> list[Case]:
    one, stack = spectral(3, 3), spectral(2, 3, 3)
    cases = [
        case(f"{name}-{i}", lambda x, f=f, i=i: f(x)[i], x)
        for name, f in {
            "eigh": L.eigh,
            "eigh-U": lambda x: L.eigh(x, UPLO="U"),
            "svd": lambda x: L.svd(x, full_matrices=False),
            "svd-square": L.svd,
        }.items()
        for i in (range(3) if "svd" in name else range(2))
        for x in (one, stack + 0.5)
    ]
    cases += [
        case(f"svd-{i}", lambda x, i=i: L.svd(x, full_matrices=False)[i], x)
        for i in range(3)
        for x in (tall(4, 2), wide(2, 4), tall(2, 3, 2))
    ]
    cases += [
        case("svd-product", lambda x: (lambda u, s, v: (u * s) @ v)(*L.svd(x, False)), tall(3, 2)),
        case("svd-values", lambda x: L.svd(x, compute_uv=False), tall(3, 2)),
        *(case("svdvals", L.svdvals, x) for x in (one, tall(4, 2), wide(2, 2, 3))),
        *(case("eigvalsh", L.eigvalsh, x) for x in (one, stack)),
        case("eigvalsh-U", lambda x: L.eigvalsh(x, "U"), one),
    ]
    cases += [case("eigvals", L.eigvals, x) for x in (one, stack)]
    cases += [case("eig-vectors", lambda x: L.eig(x).eigenvectors, x) for x in (one, stack)]
    turning = real(3, 3) - real(3, 3).T + one  # two of its eigenvalues are complex
    cases += [
        case("eigvals-complex", lambda x: np.real(L.eigvals(x)) + np.imag(L.eigvals(x)), turning),
        case("eig-complex-real", lambda x: np.real(L.eig(x)[1]), turning),
        case("eig-complex-imag", lambda x: np.imag(L.eig(x)[1]), turning),
    ]
    return cases


CASES = spectral_cases()
