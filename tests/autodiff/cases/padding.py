"""Padding, in each of its modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, real

x, A = real(2, 3, 4), real(3, 4)


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


CASES = padding_cases()
