"""Where outliers may have misled a guess: another start, and the better of two fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fit.arguments._numbers import Array
from fit.problem._losses import typical_size
from fit.problem._problem import Problem
from fit.search._minimum import minimum_of
from fit.search._searches import Effort
from fit.uncertainties._estimate import Estimate
from optim import Status, influence

WINDOW = 7  # points in a row, of which one is compared with the others
ALONE = 5.0  # of their standard deviations, from which on it stands alone
FEW = 0.3  # the share of points that may: beyond it, it is the curve that is steep


def better_from(problem: Problem, found: Estimate, effort: Effort) -> Estimate:
    """Return the better of a fit and that of the same problem from another start.

    A guess by least squares may have taken an outlier for a peak.
    """
    if np.array_equal(problem.parameters.start, found.problem.parameters.start):
        return found
    if effort.max_nfev is not None:
        effort = effort._replace(max_nfev=effort.max_nfev - found.nfev)
    if found.status is Status.STOPPED or (effort.max_nfev or 1) < 1:
        return found
    return _better_of(found, minimum_of(problem, found.method, effort))


def hampel_filter(x: Array, y: Array) -> Array:
    """Return y with what is far from the median of its neighbours along x put there.

    That may take the top off a narrow peak: it serves for a second start, not for a fit.

    References
    ----------
    R. K. Pearson, Y. Neuvo, J. Astola and M. Gabbouj, "Generalized Hampel filters", EURASIP Journal
    on Advances in Signal Processing (2016).
    """
    n, order = len(y), np.argsort(x, kind="stable")
    if n < WINDOW:
        return y
    first = np.clip(np.arange(n) - WINDOW // 2, 0, n - WINDOW)
    around = first[:, None] + np.arange(WINDOW)
    others = np.where(around == np.arange(n)[:, None], np.nan, y[order][around])
    near = np.empty(n)
    near[order] = np.nanmedian(others, axis=1)
    alone = np.abs(y - near) > ALONE * typical_size(y - near, n)
    return np.where(alone, near, y) if np.mean(alone) <= FEW else y


def _better_of(one: Estimate, other: Estimate) -> Estimate:
    """Return the better of two fits from two starts, by a loss at the smaller scale."""
    scale = min(result.problem.f_scale or 1.0 for result in (one, other))

    def failure_and_loss(result: Estimate) -> tuple[bool, float]:
        residuals = result.weighted_residuals
        return not result.success, result.problem.total_of_residuals(misfit_at, residuals, scale)

    return replace(min(one, other, key=failure_and_loss), nfev=one.nfev + other.nfev)


def misfit_at(residuals: Array, scale: float) -> float:
    """Return by what robust fits, which each have a scale of their own, are compared at one."""
    # By a loss that grows and grows, a peak on one far outlier may be worth more than the peak.
    cost, _, _ = influence("cauchy", residuals, scale)
    return float(np.sum(cost))
