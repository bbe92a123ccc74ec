"""Sums over indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit


def many(name: str, f: Callable[..., Any], *shapes: tuple[int, ...]) -> Case:
    domains = [real, positive, unit, positive, real]
    return Case(name, f, tuple(make(*s) for make, s in zip(domains, shapes, strict=False)))


def form_cases() -> list[Case]:
    cases: list[Case] = []
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


def einsum_cases() -> list[Case]:
    forms: dict[str, tuple[tuple[int, ...], ...]] = {
        " i j , j k -> i k ": ((2, 3), (3, 4)),
        "ba": ((2, 3),),  # implicit: in alphabetical order
        "i...,i...": ((2, 3), (2, 1)),
        "...,...": ((2, 3), (3,)),
        "...ii->...i": ((2, 3, 3),),
        "...i->i...": ((2, 3, 4),),
        "iij,jii->": ((2, 2, 3), (3, 2, 2)),
        "i,i,i->i": ((3,), (3,), (3,)),
        "ij,jk,kl,lm->im": ((2, 3), (3, 2), (2, 4), (4, 2)),
        "ij,ij->ij": ((1, 3), (2, 1)),
        "ij,jk->ik": ((2, 3), (1, 4)),
        "Ab,bA->": ((2, 3), (3, 2)),
        "ij,->ij": ((2, 3), ()),
        "ij,jk->k": ((0, 3), (3, 2)),
    }
    cases = [
        many(f"einsum {form}", lambda *xs, form=form: np.einsum(form, *xs), *shapes)
        for form, shapes in forms.items()
    ]
    three = ((2, 3), (3, 4), (4, 2))
    paths: list[Any] = [True, "optimal", ["einsum_path", (1, 2), (0, 1)]]
    cases += [
        many(
            f"einsum-optimize-{path}",
            lambda *xs, path=path: np.einsum("ij,jk,kl->il", *xs, optimize=path),
            *three,
        )
        for path in paths
    ]
    cases += [
        many("einsum-lists-implicit", lambda x, y: np.einsum(x, [30, 2], y, [2, 5]), *three[:2]),
        many("einsum-lists-ellipsis", lambda x: np.einsum(x, [..., 1], [1, ...]), (2, 3, 4)),
        many("einsum-lists-number", lambda x, y: np.einsum(x, [0, 1], y, [1], []), (2, 3), (3,)),
    ]
    return cases


CASES = [*form_cases(), *einsum_cases()]
