"""Running sums and products, differences, integrals, interpolation, covariances."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, positive, real, unit

x, z, line = real(2, 3, 4), positive(2, 3, 4), real(5)


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
    *running_cases(),
    *difference_cases(),
    *interpolation_cases(),
    *covariance_cases(),
]
