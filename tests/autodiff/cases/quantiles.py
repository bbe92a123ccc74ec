"""Quantiles and medians."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, real

x = real(2, 3, 4)


def quantile_cases() -> list[Case]:
    methods = [
        *("inverted_cdf", "averaged_inverted_cdf", "closest_observation"),
        *("interpolated_inverted_cdf", "hazen", "weibull", "linear", "median_unbiased"),
        *("normal_unbiased", "lower", "higher", "midpoint", "nearest"),
    ]
    qs = np.array([[0.0, 0.2], [0.51, 1.0]])
    cases = [
        Case(f"quantile-{m}", lambda x, m=m: np.quantile(x, [0.2, 0.55], 1, method=m), (x,), False)
        for m in methods
    ]
    cases += [
        Case("quantile", lambda x: np.quantile(x, 0.37), (x,), False),
        Case("quantile-2d", lambda x: np.quantile(x, qs, axis=(0, 2)), (x,), False),
        Case("quantile-keepdims", lambda x: np.quantile(x, qs, 1, keepdims=True), (x,), False),
        Case("percentile", lambda x: np.percentile(x, 30, axis=-1), (x,), False),
        Case("percentile-many", lambda x: np.percentile(x, [0, 25, 25, 100]), (x,), False),
        Case(
            "quantile-weights",
            lambda x: np.quantile(x, [0.2, 0.7], 1, method="inverted_cdf", weights=[1.0, 2.0, 3.0]),
            (x,),
            False,
        ),
        Case("quantile-of-one", lambda x: np.quantile(x, 0.3), (real(1),), False),
        Case("median-scalar", np.median, (real(),), False),
    ]
    return cases


CASES = quantile_cases()
