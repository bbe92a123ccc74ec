"""Products, spreads, order statistics, running sums, differences, integrals, covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

AXES: list[Any] = [None, 0, -2, (0, 2), (2, 0, 1), ()]
REAL_ANALYTIC = {np.var, np.std}  # not complex differentiable
KINKED = {np.ptp, np.median, np.amax, np.amin}
x, y, z, line = real(2, 3, 4), unit(2, 3, 4), positive(2, 3, 4), real(5)


def reduction_cases() -> list[Case]:
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
        Case("std-ddof", lambda x: np.std(x, axis=(0, 1), ddof=1), (x,), False),
        Case("var-mean", lambda x, m: np.var(x, axis=1, mean=m), (x, unit(2, 1, 4)), False),
        Case("std-mean", lambda m: np.std(x, axis=1, mean=m), (unit(2, 1, 4),), False),
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


def running_cases() -> list[Case]:
    cases = [
        Case(f"{f.__name__}-{axis}", lambda x, f=f, axis=axis: f(x, axis=axis), (x,))
        for f in (np.cumsum, np.cumprod)
        for axis in (None, 0, 1, -1)
    ]
    cases += [Case("cumprod", np.cumprod, (real(n),)) for n in (0, 1, 2, 3, 7, 8)]
    zeros = [np.array(z) for z in ([0.0, 2, 3], [1.0, 0, 2, 0, 3], [0.0, 0])]
    cases += [Case(f"cumprod-zeros-{i}", np.cumprod, (a,)) for i, a in enumerate(zeros)]
    cases += [
        Case("cumsum-scalar", np.cumsum, (real(),)),
        Case("cumprod-scalar", np.cumprod, (real(),)),
    ]
    if hasattr(np, "cumulative_sum"):
        for f in (np.cumulative_sum, np.cumulative_prod):
            cases += [
                Case(f"{f.__name__}", f, (line,)),
                Case(f"{f.__name__}-axis", lambda x, f=f: f(x, axis=-2), (x,)),
                Case(f"{f.__name__}-initial", lambda x, f=f: f(x, include_initial=True), (line,)),
                Case(
                    f"{f.__name__}-axis-initial",
                    lambda x, f=f: f(x, axis=1, include_initial=True),
                    (x,),
                ),
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


def difference_cases() -> list[Case]:
    uneven = np.array([0.0, 0.5, 2.0, 2.2])
    points = np.cumsum(positive(5))
    return [
        Case("diff", np.diff, (x,)),
        Case("diff-n", lambda x: np.diff(x, n=2, axis=1), (x,)),
        Case("diff-0", lambda x: np.diff(x, n=0) * x, (x,)),
        Case("diff-too-often", lambda x: np.diff(x, n=3, axis=0), (x,)),
        Case("diff-ends", lambda x, y: np.diff(x, 2, 0, y, 1.5), (x, unit(1, 3, 4))),
        Case("diff-number", lambda a, b: np.diff(line, prepend=a, append=b), (real(), unit())),
        Case("ediff1d", np.ediff1d, (x,)),
        Case("ediff1d-ends", lambda x, y: np.ediff1d(x, [1.0, 2.0], y), (line, unit(2, 2))),
        Case("gradient", np.gradient, (line,)),
        Case("gradient-axis", lambda x: np.gradient(x, axis=1), (x,)),
        Case("gradient-sum", lambda x: sum(np.gradient(x)) ** 2, (x,)),
        Case("gradient-axes", lambda x: np.stack(np.gradient(x, 2.0, 0.1, axis=(2, 0))), (x,)),
        Case("gradient-edges", lambda x: np.gradient(x, 0.5, axis=1, edge_order=2), (x,)),
        Case("gradient-uneven", lambda x: np.gradient(x, uneven, axis=2), (x,)),
        Case("gradient-mixed", lambda x: np.stack(np.gradient(x, 2, 3, uneven)), (x,)),
        Case("gradient-points", np.gradient, (line, points)),
        Case("gradient-points-edges", lambda x, p: np.gradient(x, p, edge_order=2), (line, points)),
        Case("gradient-spacing", lambda x, h: np.gradient(x, h, axis=-1), (x, positive())),
        Case("trapezoid", np.trapezoid, (x,)),
        Case("trapezoid-dx", lambda x, h: np.trapezoid(x, dx=h, axis=0), (x, positive())),
        Case("trapezoid-points", np.trapezoid, (line, points)),
        Case("trapezoid-axis", lambda y, x: np.trapezoid(y, x, axis=1), (x, positive(3))),
        Case("trapezoid-full", lambda y, x: np.trapezoid(y, x, axis=0), (x, z)),
        Case("trapezoid-last", lambda x: np.trapezoid(uneven, x), (positive(4),)),
    ]


def interpolation_cases() -> list[Case]:
    xp, at = np.array([-1.5, -0.5, 0.1, 1.2, 1.9]), real(2, 3)
    values = positive(5)
    return [
        Case("interp-x", lambda x: np.interp(x, xp, values), (at,), False),
        Case("interp-scalar", lambda x: np.interp(x, xp, values), (unit(),), False),
        Case("interp-values", lambda f: np.interp(at, xp, f), (values,), False),
        Case("interp-complex", lambda f: np.real(np.interp(at, xp, f * 1j - f)), (values,), False),
        Case("interp-all", np.interp, (at, xp, values), False),
        Case("interp-ends", lambda x: np.interp(x, xp, values, -1.0, 2.0), (at,), False),
        Case("interp-period", lambda x, f: np.interp(x, xp, f, period=1.7), (at, values), False),
        Case("interp-one", lambda f: np.interp(at, [0.5], f), (positive(1),), False),
    ]


def covariance_cases() -> list[Case]:
    table, other, curve = real(3, 5), positive(2, 5), positive(5)[::-1] ** 2
    counts, importances = np.array([1, 2, 1, 3, 1]), positive(5)
    return [
        Case("cov", np.cov, (table,), False),
        Case("cov-1d", np.cov, (line,), False),
        Case("cov-y", np.cov, (table, other), False),
        Case("cov-1d-y", np.cov, (line, curve), False),
        Case("cov-columns", lambda x: np.cov(x.T, rowvar=False), (table,), False),
        Case("cov-columns-y", lambda x, y: np.cov(x, y, False), (real(5, 3), unit(5, 2)), False),
        Case("cov-bias", lambda x: np.cov(x, bias=True), (table,), False),
        Case("cov-ddof", lambda x: np.cov(x, ddof=2), (table,), False),
        Case("cov-fweights", lambda x: np.cov(x, fweights=counts), (table,), False),
        Case("cov-aweights", lambda x, w: np.cov(x, aweights=w), (table, importances), False),
        Case(
            "cov-weights",
            lambda x, w: np.cov(x, fweights=counts, aweights=w, ddof=0),
            (table, importances),
            False,
        ),
        Case("corrcoef", np.corrcoef, (table,), False),
        Case("corrcoef-y", np.corrcoef, (line, curve), False),
        Case("corrcoef-columns", lambda x: np.corrcoef(x, rowvar=False), (real(5, 3),), False),
    ]


CASES = [
    *reduction_cases(),
    *nan_cases(),
    *quantile_cases(),
    *running_cases(),
    *difference_cases(),
    *interpolation_cases(),
    *covariance_cases(),
    *counting_cases(),
]
