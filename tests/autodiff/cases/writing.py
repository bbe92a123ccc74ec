"""Filling arrays: by keys, through views, and by NumPy's functions that write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, real

v = real(3)


def written(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes an array, has it written to and reads it."""

    def f(*arguments: Any) -> Any:
        a = np.ones((3, 3), arguments[0].dtype, like=arguments[0])
        a[1] = 2 * arguments[0]
        write(a, *arguments)
        return a + 0.0

    return f


def key_cases() -> list[Case]:
    def alternate(a: Any, v: Any) -> None:
        a[0] = a[1] * v
        a[:, 2] = a[0] + v
        a[2, 0] = 5.0

    keys: dict[str, Any] = {
        "row": 2,
        "column": np.s_[:, 1],
        "backwards": np.s_[::-2],
        "none": np.s_[None, 0],
        "indices": [2, 0],
        "mask": np.eye(3, dtype=bool),
        "pairs": ([0, 1, 1], [2, 0, 0]),
        "all": ...,
    }
    return [
        *(Case(f"at-{k}", written(lambda a, v, key=key: a.__setitem__(key, v)), (v,))
          for k, key in keys.items()),
        Case("entry", written(lambda a, v: a.__setitem__((0, 1), v[2])), (v,)),
        Case("alternating", written(alternate), (v,)),
    ]  # fmt: skip


def view_cases() -> list[Case]:
    def diagonal_of_view(a: Any, v: Any) -> None:
        block = a.T[1:]
        block[0] *= v
        np.fill_diagonal(block, v[0] * v[1])

    def rows(a: Any, v: Any) -> None:
        for row, factor in zip(a, v, strict=True):
            row[1:] += factor
            row.reshape(3, 1)[0] = factor**2

    return [
        Case("view", written(diagonal_of_view), (v,)),
        Case("rows", written(rows), (v,)),
        Case("augmented", written(lambda a, v: a.__imul__(a.T * v)), (v,)),
    ]


def function_cases() -> list[Case]:
    places = np.array([[2, 0, 1]])
    functions: dict[str, Callable[..., Any]] = {
        "add.at": lambda a, v: np.add.at(a, [0, 0, 2], v),
        "multiply.at": lambda a, v: np.multiply.at(a, ([0, 0, 2], 1), v),
        "put_along_axis": lambda a, v: np.put_along_axis(a, places, v[None], axis=0),
        "put": lambda a, v: np.put(a, [1, 5, 7], v),
        "copyto": lambda a, v: np.copyto(a, v, where=[True, False, True]),
        "place": lambda a, v: np.place(a, np.eye(3, dtype=bool), v[:2]),
        "putmask": lambda a, v: np.putmask(a, np.eye(3, dtype=bool), v),
        "out": lambda a, v: np.multiply(a, v, out=a),
        "out-where": lambda a, v: np.divide(1.0, v, out=a, where=[True, False, True]),
        "out-sum": lambda a, v: np.sum(a * v, axis=0, out=a[1]),
    }
    return [Case(name, written(f), (v,)) for name, f in functions.items()]


CASES = key_cases() + view_cases() + function_cases()
