"""Robust losses in a fit: where outliers begin, and what errors the parameters have then."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fit._data import Array
from optim import influence

LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")  # as in `optim.least_squares`
REDESCENDING = ("cauchy", "arctan")  # losses for which a far outlier does not count any more
MEDIAN = 0.6744897501960817  # of the size of normal residuals, in standard deviations
WINDOW = 7  # points in a row, of which one is compared with the others
ALONE = 5.0  # of their standard deviations, from which on it stands alone
FEW = 0.3  # the share of points that may: beyond it, it is the curve that is steep


class Sandwich(NamedTuple):
    """What the residuals say of errors under a loss.

    Attributes
    ----------
    variance : float
        What (JᵀJ)⁻¹ is multiplied by to give the covariance of the parameters.
    rise : float
        By how much the loss rises one standard error away from its minimum.
    """

    variance: float
    rise: float


def sandwich(loss: str, loss_scale: float, residuals: Array, dof: int) -> Sandwich:
    """Return the asymptotic variance of a robust fit, with Huber's correction for few points.

    It takes outliers to be as likely at one point as at any other. A bread for each point, as
    White's, would follow scatter that changes along x, but is 10 % too small with 20 points.

    References
    ----------
    P. J. Huber, "Robust Statistics" (1981), section 7.6.
    """
    _, pull, slope = influence(loss, residuals, loss_scale)
    n, mean = residuals.size, float(np.mean(slope))
    if not mean > 0:
        return Sandwich(np.nan, np.nan)
    correction = 1 + (n - dof) / n * float(np.var(slope)) / mean**2
    variance = correction**2 * float(pull @ pull) / dof / mean**2
    return Sandwich(variance, mean * variance)


def typical_size(residuals: Array, dof: int) -> float:
    """Return the standard deviation that half of the residuals tell: outliers do not matter.

    References
    ----------
    F. R. Hampel, "The influence curve and its role in robust estimation", Journal of the American
    Statistical Association 69 (1974).
    """
    return float(np.median(np.abs(residuals)) / MEDIAN * np.sqrt(residuals.size / dof))


def too_few(n: int, parameters: int) -> bool:
    """Whether half of the residuals can be made zero, so that their median size tells nothing."""
    return n <= 2 * parameters


def mended(x: Array, y: Array) -> Array:
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
