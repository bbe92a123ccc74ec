"""The ops of the first slice: arithmetic, elementary functions, sums, shapes, indices, products."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import log_softmax, logsumexp, softmax, softmax_cross_entropy
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
}
BINARY = {
    np.add: (real, real),
    np.subtract: (real, real),
    np.multiply: (real, real),
    np.divide: (real, positive),
    np.power: (positive, real),
}
KINKED = {np.maximum: (real, unit), np.minimum: (real, unit), np.hypot: (real, positive)}
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
    mask = np.array([[True, False, True], [False, True, False]])
    cases += [
        Case("absolute", np.abs, (real(2, 3),), False),
        Case("fabs", np.fabs, (real(2, 3),), False),
        Case("power-2", lambda x: x**2, (real(2, 3),)),
        Case("power-3", lambda x: x**3, (real(2, 3),)),
        Case("power-1.5", lambda x: x**1.5, (positive(2, 3),)),
        Case("power-0", lambda x: x**0, (real(2, 3),)),
        Case("power-array", lambda x: x ** np.array([0, 1, 3]), (real(2, 3),)),
        Case("base-2", lambda x: 2**x, (real(2, 3),)),
        Case("reflected", lambda x: 1 / (3 - x) - 2 * x, (real(2, 3),)),
        Case("where", lambda x, y: np.where(mask, x, y), (real(2, 3), real(3))),
        Case("where-constant", lambda x: np.where(mask, x * x, 0.0), (real(2, 3),)),
        Case("clip", lambda x: np.clip(x, -1.0, 1.2), (real(2, 3),), False),
        Case("clip-below", lambda x: x.clip(min=0.5), (real(2, 3),), False),
    ]
    return cases


def reduction_cases() -> list[Case]:
    axes: list[Any] = [None, 0, -1, (0, 2), 1]
    cases = [
        Case(
            f"{f.__name__}-{axis}-{keepdims}",
            lambda x, f=f, axis=axis, keepdims=keepdims: f(x, axis=axis, keepdims=keepdims),
            (real(2, 3, 4),),
            f not in (np.max, np.min),
            f in (np.sum, np.mean),
        )
        for f in (np.sum, np.mean, np.max, np.min, logsumexp)
        for axis in axes
        for keepdims in (False, True)
    ]
    cases += [
        Case(f"{f.__name__}-scalar", f, (real(),), True, f is not logsumexp)
        for f in (np.sum, np.mean, np.max, logsumexp)
    ]
    cases.append(Case("sum-empty", np.sum, (real(0),)))
    cases += [
        Case("softmax", softmax, (real(2, 3),), True, False),
        Case("softmax-confident", lambda x: softmax(9 * x), (real(2, 3),), True, False),
        Case("log_softmax-0", lambda x: log_softmax(x, axis=0), (real(2, 3),), True, False),
        Case(
            "cross_entropy", lambda x: softmax_cross_entropy(x, [2, 0]), (real(2, 3),), True, False
        ),
    ]
    return cases


def shape_cases() -> list[Case]:
    x, y, s = real(2, 3, 4), real(2, 1, 4), real()
    return [
        Case("reshape", lambda x: np.reshape(x, (4, -1)), (x,)),
        Case("reshape-method", lambda x: x.reshape(2, 12), (x,)),
        Case("reshape-scalar", lambda x: x.reshape(1, 1), (s,)),
        Case("reshape-F", lambda x: np.reshape(x, (4, -1), order="F"), (x,)),
        Case("ravel", np.ravel, (x,)),
        Case("ravel-F", lambda x: x.ravel(order="F") * np.arange(24), (x,)),
        Case("flatten", lambda x: x.flatten(), (x,)),
        Case("transpose", np.transpose, (x,)),
        Case("transpose-axes", lambda x: x.transpose(1, 2, 0), (x,)),
        Case("T", lambda x: x.T, (x,)),
        Case("mT", lambda x: x.mT, (x,)),
        Case("swapaxes", lambda x: np.swapaxes(x, 0, -1), (x,)),
        Case("moveaxis", lambda x: np.moveaxis(x, (0, 1), (2, 0)), (x,)),
        Case("expand_dims", lambda x: np.expand_dims(x, (0, 2)), (x,)),
        Case("squeeze", np.squeeze, (y,)),
        Case("squeeze-axis", lambda x: x.squeeze(1), (y,)),
        Case("atleast_1d", np.atleast_1d, (s,)),
        Case("broadcast_to", lambda x: np.broadcast_to(x, (5, 2, 3, 4)), (y,)),
        Case("broadcast_to-scalar", lambda x: np.broadcast_to(x, (2, 3)), (s,)),
        Case("concatenate", lambda x, y: np.concatenate([x, y, x], axis=1), (x, y)),
        Case("concatenate-flat", lambda x, y: np.concatenate([x, y], axis=None), (x, y)),
        Case("concatenate-constant", lambda x: np.concatenate([x, np.ones(3)]), (real(2),)),
        Case("stack", lambda x, y: np.stack([x, y, x], axis=-1), (real(2, 3), positive(2, 3))),
        Case("stack-dtype", lambda x: np.stack([x, x], dtype=x.dtype, casting="no"), (x,)),
        Case("stack-scalars", lambda x, y: np.stack([x, 1.0, y]), (real(), positive())),
        Case("astype", lambda x: x.astype(x.dtype) * 2, (x,)),
    ]


def index_cases() -> list[Case]:
    x = real(3, 4, 5)
    i = np.array([0, 2, 2])
    mask = real(3, 4) > 0
    keys: dict[str, Any] = {
        "integer": 1,
        "negative": (-1, 2),
        "all": (0, 1, 2),
        "slice": (slice(None), slice(3, 0, -2)),
        "ellipsis": (..., 2),
        "newaxis": (None, 1, ..., None, slice(1, 3)),
        "empty": slice(0, 0),
        "array": i,
        "list": [1, 0, 1],
        "array-inside": (slice(None), i),
        "arrays": (i, np.array([1, 1, 3])),
        "arrays-2d": (slice(None), np.array([[0, 1], [1, 3]])),
        "arrays-apart": (i, slice(None), np.array([4, 0, 4])),
        "array-and-integer-apart": (1, slice(None), i),
        "array-newaxis-array": (i, None, np.array([1, 1, 3])),
        "mask": mask,
        "mask-full": x > 0,
        "mask-inside": (slice(None), np.array([True, False, True, True]), 0),
        "arrays-apart-by-an-empty-ellipsis": (slice(None), i, ..., np.array([1, 0, 1])),
        "integer-ellipsis-array": (1, ..., slice(None), i),
        "truth": (True, i),
        "untruth": (slice(None), False),
        "mask-and-slice": (slice(0, 2), slice(None), np.array([True, False, True, False, True])),
    }
    cases = [Case(f"getitem-{name}", lambda x, k=k: x[k], (x,)) for name, k in keys.items()]
    cases += [
        Case("getitem-scalar", lambda x: x[()], (real(),)),
        Case("getitem-many", lambda x: x[0] * x[1] + x[[1, 1]].sum(axis=0) + x[2], (real(3, 2),)),
        Case("getitem-and-whole", lambda x: x[1:] * x[:-1] + x.sum(), (real(4),)),
        Case("take", lambda x: np.take(x, i, axis=1), (x,)),
        Case("take-flat", lambda x: np.take(x, i), (x,)),
        Case("iteration", lambda x: sum(row * k for k, row in enumerate(x)), (real(3, 2),)),
    ]
    return cases


def product_cases() -> list[Case]:
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
    einsums = {
        "ij,jk->ik": ((2, 3), (3, 4)),
        "ij,jk": ((2, 3), (3, 4)),
        "ij->ji": ((2, 3),),
        "ij->": ((2, 3),),
        "ii->i": ((3, 3),),
        "ii": ((3, 3),),
        "iji->j": ((3, 2, 3),),
        "i,i": ((3,), (3,)),
        "i,j": ((2,), (3,)),
        "ij,ij->i": ((2, 3), (2, 3)),
        "ij,kl->j": ((2, 3), (4, 2)),
        "i,ij,j": ((2,), (2, 3), (3,)),
        "...ij,...jk->...ik": ((5, 2, 3), (3, 4)),
        "...i->...": ((2, 3),),
        "b...,b->...": ((2, 3, 4), (2,)),
        "ii,i->i": ((3, 3), (3,)),
        "ij,jk->ki": ((2, 1), (3, 4)),
    }
    for subscripts, shapes in einsums.items():
        cases.append(
            Case(
                f"einsum {subscripts}",
                lambda *xs, s=subscripts: np.einsum(s, *xs),
                tuple(
                    make(*shape)
                    for make, shape in zip([real, positive, unit], shapes, strict=False)
                ),
            )
        )
    cases.append(
        Case(
            "einsum-lists",
            lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]),
            (real(2, 3), positive(3, 4)),
        )
    )
    return cases


CASES = [
    *elementwise_cases(),
    *reduction_cases(),
    *shape_cases(),
    *index_cases(),
    *product_cases(),
]
