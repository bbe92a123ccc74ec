"""Functions that turn, repeat, insert, remove, sort, or take apart along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, packed, positive, real, unit

x, s, v = real(2, 3, 4), real(), real(5)
A = real(3, 4)


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
    *inserting_cases(),
    *sorting_cases(),
    *slice_function_cases(),
]
