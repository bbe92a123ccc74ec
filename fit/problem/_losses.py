"""Robust losses in a fit, and from which size on they take a residual for an outlier."""

from __future__ import annotations

import numpy as np

from fit.arguments._numbers import Array

LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")  # as in `optim.least_squares`
REDESCENDING = ("cauchy", "arctan")  # losses for which a far outlier does not count any more
MEDIAN = 0.6744897501960817  # of the size of normal residuals, in standard deviations


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
