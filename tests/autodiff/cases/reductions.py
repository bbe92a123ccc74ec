"""Sums, means, products, variances, extrema; those that leave out NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

AXES: list[Any] = [None, 0, -2, (0, 2), (2, 0, 1), ()]
REAL_ANALYTIC = {np.var, np.std}  # not complex differentiable
KINKED = {np.ptp, np.median, np.amax, np.amin}
x, z = real(2, 3, 4), positive(2, 3, 4)


def sum_and_extremum_cases() -> list[Case]:
    axes: list[Any] = [None, 0, -1, (0, 2), 1]
    cases = [
        Case(
            f"{f.__name__}-{axis}-{keepdims}",
            lambda x, f=f, axis=axis, keepdims=keepdims: f(x, axis=axis, keepdims=keepdims),
            (real(2, 3, 4),),
            f not in (np.max, np.min),
        )
        for f in (np.sum, np.mean, np.max, np.min)
        for axis in axes
        for keepdims in (False, True)
    ]
    cases += [Case(f"{f.__name__}-scalar", f, (real(),)) for f in (np.sum, np.mean, np.max)]
    cases.append(Case("sum-empty", np.sum, (real(0),)))
    return cases


def spread_cases() -> list[Case]:
    cases = [
        Case(
            f"{f.__name__}-{axis}-{keepdims}",
            lambda x, f=f, axis=axis, keepdims=keepdims: f(x, axis=axis, keepdims=keepdims),
            (x,),
            f not in REAL_ANALYTIC | KINKED,
        )
        for f in (np.prod, np.var, np.std, np.ptp, np.median, np.amax, np.amin)
        for axis in AXES
        for keepdims in (False, True)
        if axis != () or f not in (np.std, np.var)
    ]
    cases += [
        Case(f"{f.__name__}-{n}", f, (positive(n),), f is np.prod)
        for f in (np.prod, np.var, np.std, np.median)
        for n in (1, 2, 5, 8)
        if n > 1 or f is np.prod
    ]
    some = np.arange(24).reshape(2, 3, 4) % 5 != 0
    cases += [
        Case(
            f"{f.__name__}-where-{axis}",
            lambda x, f=f, axis=axis: f(x, axis, where=some, keepdims=True),
            (x,),
            f not in REAL_ANALYTIC,
        )
        for f in (np.sum, np.mean, np.prod, np.var, np.std)
        for axis in (None, 1, (0, -1))
    ]
    cases += [
        Case(
            f"{f.__name__}-initial-where",
            lambda x, f=f: f(x, axis=1, initial=0.3 * x[0, 0, 0], where=some),
            (x,),
            f in (np.sum, np.prod),
        )
        for f in (np.sum, np.prod, np.max, np.min)
    ]
    zeros = [np.array(z) for z in ([0.0, 2, 3], [0.0, 2, 0], [0.0, 0, 0], [[0.0, 2], [0, 0]])]
    weights = np.array([1.0, 2.0, 0.5])
    cases += [Case(f"prod-zeros-{i}", np.prod, (a,)) for i, a in enumerate(zeros)]
    cases += [
        Case("prod-scalar", np.prod, (real(),)),
        Case("prod-empty", lambda x: np.prod(x, axis=0), (real(0, 2),)),
        Case("max-initial", lambda x: np.max(x, (0, 2), initial=1.3), (x,), False),
        Case("min-initial", lambda x: np.min(x, 0, initial=0.1), (x,), False),
        Case("max-of-nothing", lambda x: np.max(x, 1, initial=0.1), (real(2, 0),), False),
        Case("add.reduce", lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True), (x,)),
        Case("var-ddof", lambda x: np.var(x, 1, ddof=1), (x,), False),
        Case("var-correction", lambda x: np.var(x, correction=1.5), (x,), False),
        Case("var-mean", lambda x, m: np.var(x, axis=1, mean=m), (x, unit(2, 1, 4)), False),
        Case("average", np.average, (x,)),
        Case("average-axis", lambda x: np.average(x, axis=(0, -1), keepdims=True), (x,)),
        Case("average-constant-weights", lambda x: np.average(x, 1, weights), (x,)),
        Case("average-weights", lambda x, w: np.average(x, weights=w), (x, z)),
        Case("average-weights-keepdims", lambda x, w: np.average(x, 1, w, keepdims=True), (x, z)),
        Case("average-weights-1d", lambda x, w: np.average(x, 1, w), (x, positive(3))),
        Case("average-weights-2d", lambda x, w: np.average(x, (2, 0), w), (x, positive(4, 2))),
        Case("average-returned", lambda w: np.average(x, 1, w, returned=True)[1], (positive(3),)),
    ]
    return cases


def nan_cases() -> list[Case]:
    """Functions that leave out NaN, where an operand that has none becomes one that has."""
    holes = np.array([[True, False, False, True], [False] * 4, [True, False, True, False]])

    def with_holes(x: Any) -> Any:
        return np.where(holes, np.nan, x)

    cases = [
        Case(
            f"{f.__name__}-{axis}-{keepdims}",
            lambda x, f=f, a=axis, k=keepdims: f(with_holes(x), axis=a, keepdims=k),
            (x,),
            f in (np.nansum, np.nanmean, np.nanprod),
        )
        for f in (
            *(np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin),
            *(np.nanvar, np.nanstd, np.nanmedian),
        )
        for axis in (None, -1, (0, 1))
        for keepdims in (False, True)
    ]
    cases += [
        Case("nansum-where", lambda x: np.nansum(with_holes(x), 1, where=x > 0), (x,), False),
        Case("nanmean-where", lambda x: np.nanmean(with_holes(x), where=x > 0), (x,), False),
        Case("nanprod-initial", lambda x: np.nanprod(with_holes(x), 0, initial=2.0), (x,)),
        Case(
            "nanmax-where",
            lambda x: np.nanmax(with_holes(x), axis=2, initial=-1.0, where=~holes[:1]),
            (x,),
            False,
        ),
        Case("nanstd-where", lambda x: np.nanstd(with_holes(x), where=x < 1), (x,), False),
        Case("nanvar-ddof", lambda x: np.nanvar(with_holes(x), 2, ddof=1), (x,), False),
        Case("nanvar-mean", lambda x: np.nanvar(with_holes(x), 2, mean=0.5), (x,), False),
        Case("nanstd-correction", lambda x: np.nanstd(with_holes(x), correction=1), (x,), False),
        Case("nancumsum", lambda x: np.nancumsum(with_holes(x), axis=1), (x,)),
        Case("nancumprod", lambda x: np.nancumprod(with_holes(x), axis=-1), (x,)),
        Case("nanquantile", lambda x: np.nanquantile(with_holes(x), 0.3, axis=2), (x,), False),
        Case(
            "nanpercentile",
            lambda x: np.nanpercentile(with_holes(x), [10, 60.0], axis=(0, 2), keepdims=True),
            (x,),
            False,
        ),
    ]
    return cases


CASES = [*sum_and_extremum_cases(), *spread_cases(), *nan_cases()]
