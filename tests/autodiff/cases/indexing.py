"""Reading entries, picking and writing them, counting in bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import Tensor
from tests.autodiff.cases.case import Case, positive, real

x, s, v, line = real(2, 3, 4), real(), real(5), real(5)
A, B = real(3, 4), positive(3, 4)


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


def picking_cases() -> list[Case]:
    places = np.array([[2, 0], [1, 1], [0, 3]])
    which = np.array([[0, 2, 1, 0]])
    return [
        Case("take-wrap", lambda x: np.take(x, [7, -9], axis=1, mode="wrap"), (A,)),
        Case("take-clip", lambda x: np.take(x, [7, -9], mode="clip"), (A,)),
        Case("take_along_axis", lambda x: np.take_along_axis(x, places, axis=1), (A,)),
        Case("take_along_axis-0", lambda x: np.take_along_axis(x, which, axis=0), (A,)),
        Case("take_along_axis-flat", lambda x: np.take_along_axis(x, which[0], None), (A,)),
        Case("take_along_axis-batch", lambda x: np.take_along_axis(x, places[None], -1), (x,)),
        Case("compress", lambda x: np.compress([True, False, True], x, axis=1), (x,)),
        Case("compress-flat", lambda x: np.compress([0, 1, 1], x), (A,)),
        Case("extract", lambda x: np.extract(np.eye(3, 4), x), (A,)),
        Case("choose", lambda x, y: np.choose(which, [x, y, 1.0]), (A, B)),
        Case("choose-rows", lambda x: np.choose(which[0], x), (A,)),
        Case("choose-wrap", lambda x, y: np.choose(which - 4, [x, y], mode="wrap"), (A, B)),
        Case("choose-clip", lambda x, y: np.choose(which * 9 - 1, [x, y], mode="clip"), (A, B)),
        Case("diagonal", np.diagonal, (A,)),
        Case("diagonal-above", lambda x: np.diagonal(x, 2), (A,)),
        Case("diagonal-below", lambda x: np.diagonal(x, -1), (A,)),
        Case("diagonal-beyond", lambda x: np.diagonal(x, 7), (A,)),
        Case("diagonal-axes", lambda x: np.diagonal(x, 1, axis1=2, axis2=0), (x,)),
        Case("trace", np.trace, (x,)),
        Case("trace-axes", lambda x: np.trace(x, -1, axis1=-1, axis2=1), (x,)),
        Case("trace-matrix", np.trace, (A,)),
        Case("diag", np.diag, (v,)),
        Case("diag-above", lambda x: np.diag(x, 2), (v,)),
        Case("diag-below", lambda x: np.diag(x, -1), (v,)),
        Case("diag-of-matrix", lambda x: np.diag(x, 1), (A,)),
        Case("diagflat", lambda x: np.diagflat(x, 1), (real(2, 2),)),
        Case("tril", lambda x: np.tril(x, 1), (x,)),
        Case("triu", lambda x: np.triu(x, -1), (A,)),
        Case("triu-vector", np.triu, (v,)),
    ]


def with_entries(x: Any, key: Any, method: str, v: Any) -> Any:
    """What ``x.at[key].method(v)`` stands for."""
    if isinstance(v, Tensor) and not isinstance(x, Tensor):
        x = Tensor(x, requires_grad=False)
    if isinstance(x, Tensor):
        return getattr(x.at[key], method)(v)
    out = np.array(x, np.result_type(x, v))
    if method == "set":
        out[key] = v
    else:
        getattr(np, method).at(out, key, v)
    return out


def writing_cases() -> list[Case]:
    keys: dict[str, tuple[Any, Any]] = {
        "entry": ((1, 2), ()),
        "row": (1, (4,)),
        "slices": ((slice(None, 2), slice(None, None, -2)), (2, 2)),
        "all": (..., (3, 4)),
        "broadcast": ((slice(None), [0, 3]), (3, 1)),
        "indices": (([0, 2], [1, 1]), (2,)),
        "mask": (A > 0, ()),
        "repeated": (([0, 2, 0, 0], [1, 1, 1, 3]), (4,)),
        "apart": (([0, 1], None, [1, 1]), (2, 1)),
    }
    cases = [
        Case(
            f"at-{method}-{name}",
            lambda x, v, key=key, method=method: with_entries(x, key, method, v),
            (A, positive(*shape)),
        )
        for method in ("set", "add", "multiply")
        for name, (key, shape) in keys.items()
    ]
    cases += [
        Case("at-set-constant", lambda x: with_entries(x, 1, "set", 2.0), (A,)),
        Case("at-set-scalar", lambda x: with_entries(x, (), "set", 2.0) + x, (s,)),
    ]
    return cases


def counting_cases() -> list[Case]:
    places, at = np.array([1, 0, 1, 4, 1]), np.array([0.1, 0.9, 0.5, 0.3, 1.0])
    return [
        Case("bincount", lambda w: np.bincount(places, w), (line,), False),
        Case("bincount-minlength", lambda w: np.bincount(places, w, minlength=8), (line,), False),
        Case("histogram", lambda w: np.histogram(at, 3, weights=w)[0], (line,), False),
        Case(
            "histogram-density",
            lambda w: np.histogram(at, [0, 0.2, 0.6, 1], density=True, weights=w)[0],
            (positive(5),),
            False,
        ),
    ]


CASES = [*index_cases(), *picking_cases(), *writing_cases(), *counting_cases()]
