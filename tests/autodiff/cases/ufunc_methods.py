"""The methods of ufuncs: reduce, accumulate, outer."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real


def method_cases() -> list[Case]:
    x, y = real(2, 3, 4), positive(3)
    reduces = (np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2)
    axes: list[Any] = [0, -1, None, (0, 2)]
    cases = [
        Case(
            f"{f.__name__}.reduce-{axis}",
            lambda x, f=f, axis=axis: f.reduce(x, axis=axis, keepdims=axis == -1),
            (x,),
            f is np.multiply,
        )
        for f in reduces
        for axis in axes
        if not (f in (np.logaddexp, np.logaddexp2) and axis in axes[2:])  # not in NumPy
    ]
    cases += [
        Case(
            f"{f.__name__}.accumulate-{axis}",
            lambda x, f=f, axis=axis: f.accumulate(x, axis),
            (x,),
            f in (np.add, np.multiply),
        )
        for f in (np.add, np.multiply, np.maximum, np.minimum)
        for axis in (0, 1, -1)
    ]
    cases += [
        Case(f"{f.__name__}.outer", f.outer, (real(2, 3), positive(4)), f in analytic)
        for analytic in [(np.add, np.subtract, np.multiply, np.divide)]
        for f in (*analytic, np.maximum, np.arctan2, np.logaddexp, np.hypot)
    ]
    cases += [
        Case("multiply.reduce-default", np.multiply.reduce, (x,)),
        Case("power.outer", np.power.outer, (positive(), real(2))),
        Case("outer-constant", lambda y: np.subtract.outer([1.0, 2.0], y), (y,)),
        Case("outer-number", lambda y: np.multiply.outer(y, 2.0), (y,)),
        Case("less.outer", lambda y: y * np.less.outer(y, y), (y,), False),
    ]
    return cases


CASES = method_cases()
