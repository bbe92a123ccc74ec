"""Robust losses in a fit, and from which size on they take a residual for an outlier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fit.arguments._numbers import Array
from optim import influence

Loss: TypeAlias = "str | Callable[[Any], Any]"

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


def loss_in_words(loss: Loss) -> str:
    """Return how a loss is called; a function by its name, if it has one."""
    if isinstance(loss, str):
        return repr(loss)
    name = getattr(loss, "__name__", "<>")
    return name if name.isidentifier() else "of a function"


def scale_of_loss(loss: Any, f_scale: Any, absolute: bool) -> float | None:
    """Return where a loss begins to count outliers less; None where that is to be found."""
    if not callable(loss) and not (isinstance(loss, str) and loss == "linear"):
        influence(loss, 1.0)  # which refuses what is no loss
    if f_scale is None:
        return 1.0 if absolute or loss == "linear" else None
    influence("linear", 1.0, f_scale)
    if loss == "linear":
        raise ValueError(
            "f_scale is where a robust loss begins to count outliers less: give a loss too, "
            "such as loss='soft_l1'"
        )
    return float(f_scale)
