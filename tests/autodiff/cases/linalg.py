"""numpy.linalg: one matrix, stacks of matrices, and every keyword that has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real

L = np.linalg


def regular(*shape: int) -> np.ndarray:
    """Matrices that are far from singular and not symmetric."""
    return real(*shape) + 3 * np.eye(*shape[-2:])


def spectral(*shape: int) -> np.ndarray:
    """Matrices whose eigenvalues and singular values are well apart."""
    return 0.2 * real(*shape) + np.diag([1.0, 3.0, 6.0])


def tall(*shape: int) -> np.ndarray:
    m, n = shape[-2:]
    return 0.3 * real(*shape) + np.eye(m, n) * np.arange(1.0, n + 1)


def wide(*shape: int) -> np.ndarray:
    m, n = shape[-2:]
    return 0.3 * real(*shape) + np.eye(m, n) * np.arange(1.0, m + 1)[:, None]


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


def decomposition_cases() -> list[Case]:
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
        *(case("cholesky", L.cholesky, x @ x.mT) for x in (one, stack, one[:1, :1])),
        case("cholesky-upper", lambda x: L.cholesky(x, upper=True), one + one.T),
    ]
    for name, f in {"qr-0": lambda x: L.qr(x)[0], "qr-r": lambda x: L.qr(x, mode="r")}.items():
        cases += [case(name, f, x) for x in (one, tall(4, 2), wide(2, 4), tall(2, 3, 2))]
    cases += [case("qr-complete", lambda x: L.qr(x, "complete").R, wide(2, 3))]
    cases += [case("eigvals", L.eigvals, x) for x in (one, stack)]
    cases += [case("eig-vectors", lambda x: L.eig(x).eigenvectors, x) for x in (one, stack)]
    turning = real(3, 3) - real(3, 3).T + one  # two of its eigenvalues are complex
    cases += [
        case("eigvals-complex", lambda x: np.real(L.eigvals(x)) + np.imag(L.eigvals(x)), turning),
        case("eig-complex-real", lambda x: np.real(L.eig(x)[1]), turning),
        case("eig-complex-imag", lambda x: np.imag(L.eig(x)[1]), turning),
    ]
    return cases


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
        *(
            case(f"cond-{p}", lambda x, p=p: L.cond(x, p), spectral(3, 3))
            for p in (None, 2, -2, 1, -1, inf, -inf, "fro", "nuc")
        ),
        case("cond-stack", L.cond, tall(2, 4, 3)),
    ]
    return cases


CASES = [*equation_cases(), *inverse_cases(), *decomposition_cases(), *norm_cases()]
