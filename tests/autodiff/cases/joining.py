"""Joining arrays and splitting them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, packed, positive, real

x, s, v = real(2, 3, 4), real(), real(5)
A = real(3, 4)


def concatenating_cases() -> list[Case]:
    x, y = real(2, 3, 4), real(2, 1, 4)
    return [
        Case("concatenate", lambda x, y: np.concatenate([x, y, x], axis=1), (x, y)),
        Case("concatenate-flat", lambda x, y: np.concatenate([x, y], axis=None), (x, y)),
        Case("concatenate-constant", lambda x: np.concatenate([x, np.ones(3)]), (real(2),)),
        Case("stack", lambda x, y: np.stack([x, y, x], axis=-1), (real(2, 3), positive(2, 3))),
        Case("stack-dtype", lambda x: np.stack([x, x], dtype=x.dtype, casting="no"), (x,)),
        Case("stack-scalars", lambda x, y: np.stack([x, 1.0, y]), (real(), positive())),
    ]


def joining_cases() -> list[Case]:
    join: dict[Any, tuple[Any, Any]] = {
        np.hstack: ((3, 2), (3, 4)),
        np.vstack: ((2, 3), (4, 3)),
        np.dstack: ((2, 3), (2, 3)),
        np.column_stack: ((3, 2), (3,)),
    }
    cases = [
        Case(f.__name__, lambda x, y, f=f: f([x, y, x]), (real(*a), positive(*b)))
        for f, (left, right) in join.items()
        for a, b in [(left, right), ((3,), (3,))]
    ]
    cases += [
        Case("hstack-scalars", lambda x, y: np.hstack([x, 1.0, y]), (real(), positive())),
        Case("vstack-rows", np.vstack, (x,)),
        Case("append", lambda x, y: np.append(x, y), (A, v)),
        Case("append-axis", lambda x, y: np.append(x, y, axis=1), (A, positive(3, 2))),
        Case(
            "block",
            lambda x, y: np.block([[x, y], [np.zeros((2, 4)), np.ones((2, 1))]]),
            (A, positive(3, 1)),
        ),
        Case("block-vectors", lambda x, y: np.block([[x, 1.0, y], [y, x, 2.0]]), (v, positive(5))),
        Case("block-flat", lambda x, y: np.block([x, y]), (real(2, 2, 1), positive(2, 2, 3))),
        Case("block-scalar", np.block, (s,)),
        Case("atleast_2d", np.atleast_2d, (v,)),
        Case("atleast_2d-same", np.atleast_2d, (A,)),
        Case("atleast_3d-several", lambda *xs: packed(np.atleast_3d(*xs)), (s, v, A, x)),
        Case("atleast_3d-1", np.atleast_3d, (v,)),
        Case("atleast_3d-2", np.atleast_3d, (A,)),
    ]
    return cases


def splitting_cases() -> list[Case]:
    cases = [
        Case("split", lambda x: packed(np.split(x, 2, axis=-1)), (x,)),
        Case("split-at", lambda x: packed(np.split(x, [1, 3], axis=2)), (x,)),
        Case("split-beyond", lambda x: packed(np.split(x, [2, 9])), (v,)),
        Case("array_split", lambda x: packed(np.array_split(x, 3)), (v,)),
        Case("array_split-many", lambda x: packed(np.array_split(x, 7)), (v,)),
        Case("hsplit", lambda x: packed(np.hsplit(x, 3)), (x,)),
        Case("hsplit-vector", lambda x: packed(np.hsplit(x, [2])), (v,)),
        Case("vsplit", lambda x: packed(np.vsplit(x, 2)), (x,)),
        Case("dsplit", lambda x: packed(np.dsplit(x, 2)), (x,)),
    ]
    if hasattr(np, "unstack"):
        cases.append(Case("unstack", lambda x: packed(np.unstack(x, axis=1)), (x,)))
    return cases


CASES = [*concatenating_cases(), *joining_cases(), *splitting_cases()]
