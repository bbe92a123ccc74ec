"""Making arrays by ``like=`` and by functions of the same shape, out of Tensors and constants."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, real

x, v = real(2, 3), real(3)


def nesting_cases() -> list[Case]:
    return [
        Case("array", lambda v: np.array([[v[0], 0.0], [2.0, v[1]]], like=v), (v,)),
        Case("array-rows", lambda x: np.array([x[0], x[1] ** 2, [1.0, 2.0, 3.0]], like=x), (x,)),
        Case("array-of-one", lambda x: np.array(x, like=x) * x, (x,)),
        Case("array-ndmin", lambda v: np.array(v, ndmin=3, like=v), (v,)),
        Case("asarray", lambda v: np.asarray([v[2], v[0]], like=v), (v,)),
        Case("asanyarray", lambda v: np.asanyarray((v, v), like=v), (v,)),
        Case("ascontiguousarray", lambda v: np.ascontiguousarray([v], like=v), (v,)),
        Case("copy", lambda x: 2 * np.copy(x), (x,)),
    ]


def creating_cases() -> list[Case]:
    return [
        Case("full", lambda v: np.full((2, 3), v[0] * v[1], like=v), (v,)),
        Case("full-row", lambda v: np.full((2, 3), v, like=v), (v,)),
        Case("full_like", lambda x: x * np.full_like(x, x[0, 1]), (x,)),
        Case(
            "fromfunction",
            lambda v: np.fromfunction(lambda i: v * i, (3,), dtype=v.dtype, like=v),
            (v,),
        ),
        Case("fromiter", lambda v: np.fromiter((v[i] for i in (2, 0)), v.dtype, like=v), (v,)),
        Case("eye", lambda x: x @ np.eye(3, 2, like=x), (x,)),
    ]


CASES = nesting_cases() + creating_cases()
