"""Products of vectors, matrices and stacks of them; layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit


def two(name: str, f: Callable[..., Any], *shapes: tuple[Any, Any]) -> list[Case]:
    return [Case(name, f, (real(*a), positive(*b))) for a, b in shapes]


def many(name: str, f: Callable[..., Any], *shapes: tuple[int, ...]) -> Case:
    domains = [real, positive, unit, positive, real]
    return Case(name, f, tuple(make(*s) for make, s in zip(domains, shapes, strict=False)))


def matrix_cases() -> list[Case]:
    matmuls = [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 4)),
        ((3, 3), (3,)),  # sizes that agree by chance
        ((3,), (3, 3)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
    ]
    cases = [Case("matmul", lambda x, y: x @ y, (real(*a), positive(*b))) for a, b in matmuls]
    dots = [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((), (2, 3)),
        ((2, 3), ()),
        ((4, 2, 3), (3,)),
        ((3,), (4, 3, 2)),
        ((2, 3), (4, 3, 2)),
    ]
    cases += [Case("dot", np.dot, (real(*a), positive(*b))) for a, b in dots]
    cases += [
        Case("outer", np.outer, (real(*a), positive(*b))) for a, b in [((2,), (3,)), ((2, 2), ())]
    ]
    return cases


def tensor_cases() -> list[Case]:
    return [
        *two("inner", np.inner, ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((), (2, 3))),
        *two("inner", np.inner, ((2, 4, 3), (2, 3))),
        *two("vdot", lambda x, y: np.vdot(np.conj(x), y), ((3,), (3,)), ((2, 3), (3, 2))),
        *two("kron", np.kron, ((2,), (3,)), ((2, 3), (3, 2)), ((2, 2), (3,)), ((2,), (2, 1, 3))),
        *two("kron", np.kron, ((), (2, 3))),
        *two("tensordot", np.tensordot, ((2, 3, 4), (3, 4, 2)), ((3, 4), (3, 4))),
        *two("tensordot-1", lambda x, y: np.tensordot(x, y, 1), ((3,), (3,)), ((2, 3), (3, 2))),
        *two("tensordot-0", lambda x, y: np.tensordot(x, y, 0), ((2,), (3, 2)), ((), (2,))),
        *two(
            "tensordot-pairs",
            lambda x, y: np.tensordot(x, y, ((2, 0), (0, -1))),
            ((2, 3, 4), (4, 5, 2)),
        ),
        *two("tensordot-pair", lambda x, y: np.tensordot(x, y, (0, 1)), ((3, 2), (4, 3))),
        *two("tensordot-empty", lambda x, y: np.tensordot(x, y, 1), ((0, 3), (3, 2))),
        *two("linalg.tensordot", lambda x, y: np.linalg.tensordot(x, y, axes=1), ((2, 3), (3,))),
        *two("linalg.outer", np.linalg.outer, ((2,), (3,))),
        *two("linalg.matmul", np.linalg.matmul, ((2, 3), (3, 4))),
        *two("cross", np.cross, ((3,), (3,)), ((4, 3), (3,)), ((2, 1, 3), (4, 3))),
        *two(
            "cross-axes",
            lambda x, y: np.cross(x, y, axisa=0, axisb=1, axisc=0),
            ((3, 4), (4, 3)),
        ),
        *two("cross-axis", lambda x, y: np.cross(x, y, axis=0), ((3, 4), (3, 4))),
        *two("linalg.cross", lambda x, y: np.linalg.cross(x, y, axis=0), ((3, 2), (3, 2))),
        Case("linalg.trace", lambda x: np.linalg.trace(x, offset=1), (real(2, 3, 4),)),
        Case("linalg.diagonal", lambda x: np.linalg.diagonal(x, offset=-1), (real(2, 3, 4),)),
        Case("linalg.matrix_transpose", np.linalg.matrix_transpose, (real(2, 3, 4),)),
        many("multi_dot", lambda *m: np.linalg.multi_dot(m), (2, 3), (3, 4)),
        many("multi_dot", lambda *m: np.linalg.multi_dot(m), (2, 3), (3, 4), (4, 2)),
        many("multi_dot", lambda *m: np.linalg.multi_dot(m), (2,), (2, 3), (3, 4), (4,)),
        many("multi_dot", lambda *m: np.linalg.multi_dot(m), (3, 2), (2, 5), (5, 2), (2, 3)),
    ]


def stacked_cases() -> list[Case]:
    vectors = [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3))]
    cases = two("vecdot", lambda x, y: np.vecdot(np.conj(x), y), *vectors)
    cases += two(
        "linalg.vecdot",
        lambda x, y: np.linalg.vecdot(np.conj(x), y, axis=0),
        ((3, 2), (3, 2)),
    )
    cases += two(
        "vecdot-axis",
        lambda x, y: np.vecdot(np.conj(x), y, axis=0, keepdims=True),
        *(((3, 2), (3, 2)), ((3,), (3, 4))),
    )
    cases += two(
        "vecdot-axes", lambda x, y: np.vecdot(np.conj(x), y, axes=[0, 1, ()]), ((3, 2), (2, 3))
    )
    cases += two(
        "matmul-axes",
        lambda x, y: np.matmul(x, y, axes=[(0, 2), (-1, 0), (2, 0)]),
        ((2, 5, 3), (4, 5, 3)),
    )
    if hasattr(np, "matvec"):
        cases += two(
            "matvec-axes",
            lambda x, y: np.matvec(x, y, axes=[(1, 0), 0, -1]),
            *(((3, 2), (3,)), ((3, 2, 4), (3, 4))),
        )
        cases += two(
            "vecmat-axes",
            lambda x, y: np.vecmat(np.conj(x), y, axes=[0, (0, 1), 0]),
            ((3, 4), (3, 2, 4)),
        )
        cases += two("matvec", np.matvec, ((2, 3), (3,)), ((2, 3), (4, 3)), ((4, 2, 3), (4, 3)))
        cases += two(
            "vecmat",
            lambda x, y: np.vecmat(np.conj(x), y),
            ((3,), (3, 2)),
            ((4, 3), (3, 2)),
            ((4, 3), (4, 3, 2)),
        )
    return cases


def convolution_cases() -> list[Case]:
    lengths = [((6,), (3,)), ((3,), (6,)), ((5,), (4,)), ((4,), (5,)), ((3,), (3,)), ((4,), (1,))]
    cases = [
        case
        for mode in ("full", "same", "valid")
        for case in [
            *two(f"convolve-{mode}", lambda x, y, mode=mode: np.convolve(x, y, mode), *lengths),
            *two(
                f"correlate-{mode}",
                lambda x, y, mode=mode: np.correlate(x, np.conj(y), mode),
                *lengths,
            ),
        ]
    ]
    return cases + two("convolve-number", np.convolve, ((), (3,)))


CASES = [
    *matrix_cases(),
    *tensor_cases(),
    *stacked_cases(),
    *convolution_cases(),
]
