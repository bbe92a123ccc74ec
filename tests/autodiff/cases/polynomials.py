"""Polynomials by their coefficients, and evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

windows: Any = np.lib.stride_tricks.sliding_window_view

curve = positive(6)[::-1] ** 2

CASES = [
    Case("polyval", np.polyval, (real(3), unit(2, 2))),
    Case("polyval-scalar", np.polyval, (real(3), unit())),
    Case("polyadd", np.polyadd, (real(3), positive(2))),
    Case("polysub", np.polysub, (real(2), positive(3))),
    Case("polymul", np.polymul, (real(3), positive(2))),
    Case("polyder", lambda p: np.polyder(p, 2), (real(4),)),
    Case("polyint", lambda p: np.polyint(p, 2, k=[1.0, 2.0]), (real(3),)),
    Case("polyfit", lambda x, y: np.polyfit(x, y, 2), (real(6), curve), False, False),
    Case(
        "polyfit-columns", lambda y: np.polyfit(np.arange(4.0), y, 1), (real(4, 2),), False, False
    ),
    Case(
        "polyfit-weights",
        lambda x, y, w: np.polyfit(x, y, 2, w=w),
        (real(6), curve, positive(6)),
        False,
        False,
    ),
    Case(
        "polyfit-weights-of-columns",
        lambda y, w: np.polyfit(np.arange(4.0), y, 1, w=w),
        (real(4, 2), positive(4)),
        False,
        False,
    ),
    Case(
        "polyfit-covariance",
        lambda y: np.polyfit(np.arange(6.0), y, 1, cov=True)[1],
        (curve,),
        False,
        False,
    ),
    Case(
        "polyfit-unscaled-covariance",
        lambda x: np.polyfit(x, np.ones((5, 2)), 1, cov="unscaled")[1],
        (real(5),),
        False,
        False,
    ),
    Case("linspace-step", lambda a, b: np.linspace(a, b, 5, retstep=True)[1], (real(), unit(2))),
    Case("logspace-bases", lambda b: np.logspace(0, [1.0, 2.0], 3, base=b, axis=1), (positive(2),)),
    Case("linspace", lambda a, b: np.linspace(a, b, 5), (real(), positive())),
    Case("linspace-open", lambda a: np.linspace(a, 3.0, 4, endpoint=False, axis=1), (real(2),)),
    Case("logspace", lambda a, b: np.logspace(a, b, 4, base=2.0), (real(), positive()), False),
    Case("geomspace", lambda a, b: np.geomspace(a, b, 4), (positive(2), positive())),
    Case("sliding_window_view", lambda x: windows(x, 2, axis=1) ** 2, (real(2, 4),)),
    Case("sliding_window_view-all", lambda x: windows(x, (2, 2)), (real(3, 3),)),
]
