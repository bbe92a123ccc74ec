"""Functions that turn, repeat, pad, join, split, insert, remove, sort and pick entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import Tensor
from tests.autodiff.cases.case import Case, positive, real, unit

x, y, s, v = real(2, 3, 4), positive(2, 3, 4), real(), real(5)
A, B = real(3, 4), positive(3, 4)


def packed(parts: Any) -> Any:
    """Join arrays of any shapes, each with a weight of its own."""
    return np.concatenate([(i + 1) * np.ravel(part) for i, part in enumerate(parts)])


def turning_cases() -> list[Case]:
    cases = [
        Case("flip", np.flip, (x,)),
        Case("flip-axes", lambda x: np.flip(x, (0, -1)), (x,)),
        Case("flipud", np.flipud, (x,)),
        Case("fliplr", np.fliplr, (x,)),
        Case("roll", lambda x: np.roll(x, 5), (x,)),
        Case("roll-axis", lambda x: np.roll(x, -1, axis=1), (x,)),
        Case("roll-axes", lambda x: np.roll(x, (1, 2, 1), axis=(0, -1, -1)), (x,)),
        Case("roll-one-shift", lambda x: np.roll(x, 1, axis=(0, 1)), (x,)),
        Case("rollaxis", lambda x: np.rollaxis(x, 2), (x,)),
        Case("rollaxis-to", lambda x: np.rollaxis(x, 0, 2), (x,)),
        Case("rollaxis-last", lambda x: np.rollaxis(x, 0, -1), (x,)),
        Case("copy", lambda x: 2 * np.copy(x), (x,)),
        Case("rot90-axes", lambda x: np.rot90(x, 1, axes=(2, 0)), (x,)),
        Case("permute_dims", lambda x: np.permute_dims(x, (1, 2, 0)), (x,)),
    ]
    cases += [Case(f"rot90-{k}", lambda x, k=k: np.rot90(x, k), (A,)) for k in (0, 1, 2, 3, -1)]
    return cases


def repeating_cases() -> list[Case]:
    cases = [
        Case("repeat", lambda x: np.repeat(x, 3), (A,)),
        Case("repeat-axis", lambda x: np.repeat(x, 2, axis=1), (x,)),
        Case("repeat-last", lambda x: np.repeat(x, [2], axis=-1), (x,)),
        Case("repeat-counts", lambda x: np.repeat(x, [0, 2, 3], axis=1), (x,)),
        Case("repeat-no-times", lambda x: np.repeat(x, 0, axis=0), (A,)),
        Case("repeat-scalar", lambda x: np.repeat(x, 4), (s,)),
        Case("resize", lambda x: np.resize(x, (3, 7)), (A,)),
        Case("resize-smaller", lambda x: np.resize(x, 5), (A,)),
        Case("broadcast_arrays", lambda x, y: packed(np.broadcast_arrays(x, y)), (A, real(3, 1))),
        Case("meshgrid", lambda x, y: packed(np.meshgrid(x, y)), (v, positive(3))),
        Case(
            "meshgrid-ij",
            lambda x, y, z: packed(np.meshgrid(x, y, z, indexing="ij")),
            (real(2), positive(3), unit(4)),
        ),
        Case(
            "meshgrid-sparse",
            lambda x, y: np.multiply(*np.meshgrid(x, y, sparse=True)),
            (v, positive(3)),
        ),
        Case("vander", np.vander, (v,)),
        Case("vander-increasing", lambda x: np.vander(x, 3, increasing=True), (v,)),
    ]
    reps: list[Any] = [2, (2, 1), (2, 1, 3), (1, 1), (3, 0)]
    cases += [Case(f"tile-{r}", lambda x, r=r: np.tile(x, r), (A,)) for r in reps]
    cases.append(Case("tile-scalar", lambda x: np.tile(x, (2, 3)), (s,)))
    return cases


def padding_cases() -> list[Case]:
    each_side = ((1, 2), (0, 3))
    forms: list[tuple[str, Any, dict[str, Any]]] = [
        ("constant", 1, {}),
        ("constant", each_side, {"constant_values": 2.0}),
        ("constant", each_side, {"constant_values": ((1, 2), (3, 4))}),
        ("edge", each_side, {}),
        ("reflect", 2, {}),
        ("reflect", ((7, 2), (1, 9)), {}),
        ("reflect", ((7, 2), (1, 9)), {"reflect_type": "odd"}),
        ("symmetric", ((7, 2), (1, 9)), {}),
        ("symmetric", ((7, 2), (1, 9)), {"reflect_type": "odd"}),
        ("wrap", ((7, 2), (1, 9)), {}),
        ("linear_ramp", each_side, {}),
        ("linear_ramp", each_side, {"end_values": ((1, 2), (3, 4))}),
        ("mean", each_side, {}),
        ("mean", each_side, {"stat_length": ((2, 1), (3, 9))}),
        ("maximum", each_side, {"stat_length": 2}),
        ("minimum", each_side, {}),
        ("median", each_side, {}),
    ]
    cases = [
        Case(
            f"pad-{mode}-{width}-{options}",
            lambda x, mode=mode, width=width, options=options: np.pad(x, width, mode, **options),
            (A,),
            mode not in ("maximum", "minimum", "median"),
        )
        for mode, width, options in forms
    ]
    cases += [
        Case("pad-edge-batch", lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2)), "edge"), (x,)),
        Case("pad-reflect-one", lambda x: np.pad(x, 2, "reflect", reflect_type="odd"), (real(1),)),
        Case("pad-constant-empty", lambda x: np.pad(x, 1), (real(0),)),
    ]
    return cases


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


def inserting_cases() -> list[Case]:
    return [
        Case("insert", lambda x, y: np.insert(x, 1, y), (v, positive())),
        Case("insert-several", lambda x, y: np.insert(x, [1, 1, 4], y), (v, positive(3))),
        Case("insert-row", lambda x, y: np.insert(x, 1, y, axis=0), (A, positive(4))),
        Case("insert-column", lambda x, y: np.insert(x, 1, y, axis=1), (A, positive(3))),
        Case("insert-columns", lambda x, y: np.insert(x, [1, 2], y, axis=1), (A, positive(3, 2))),
        Case("insert-slice", lambda x, y: np.insert(x, slice(0, 2), y), (v, positive(2))),
        Case("insert-constant", lambda x: np.insert(x, -1, 7.0), (A,)),
        Case("delete", lambda x: np.delete(x, 1), (A,)),
        Case("delete-columns", lambda x: np.delete(x, [0, -1], axis=1), (A,)),
        Case("delete-slice", lambda x: np.delete(x, slice(None, None, 2), axis=2), (x,)),
        Case("delete-mask", lambda x: np.delete(x, np.array([1, 0, 0, 1, 0], bool)), (v,)),
        Case("trim_zeros", lambda x: np.trim_zeros(x * [0, 1, 0, 1, 0]), (v,)),
        Case("trim_zeros-front", lambda x: np.trim_zeros(x * [0, 1, 0, 1, 0], "f"), (v,)),
        Case("trim_zeros-back", lambda x: np.trim_zeros(x * [0, 1, 0, 1, 0], "b"), (v,)),
    ]


def sorting_cases() -> list[Case]:
    return [
        Case("sort", np.sort, (x,), False),
        Case("sort-axis", lambda x: np.sort(x, axis=1), (x,), False),
        Case("sort-flat", lambda x: np.sort(x, axis=None), (x,), False),
        Case("sort-stable", lambda x: np.sort(x, kind="stable"), (x,), False),
        Case("partition", lambda x: np.partition(x, 2), (x,), False),
        Case("partition-axis", lambda x: np.partition(x, (0, 1), axis=1), (x,), False),
        Case("partition-flat", lambda x: np.partition(x, 3, axis=None), (A,), False),
    ]


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


def slice_function_cases() -> list[Case]:
    return [
        Case("apply_along_axis", lambda x: np.apply_along_axis(np.sum, 1, x), (x,)),
        Case("apply_along_axis-same", lambda x: np.apply_along_axis(np.cumsum, 1, x), (x,)),
        Case(
            "apply_along_axis-more",
            lambda x: np.apply_along_axis(lambda r, k: np.outer(r, r) * k, 0, x, 3.0),
            (A,),
        ),
        Case("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, [0, 2]), (x,)),
    ]


CASES = [
    *turning_cases(),
    *repeating_cases(),
    *padding_cases(),
    *joining_cases(),
    *splitting_cases(),
    *inserting_cases(),
    *sorting_cases(),
    *picking_cases(),
    *writing_cases(),
    *slice_function_cases(),
]
