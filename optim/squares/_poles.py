"""Poles: whether a step leads through a place where a residual is infinite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optim.search._objective import Array
from optim.squares._residual_point import ResidualPoint

LIKE = 1.5  # times more or less than the whole change, that the part of a pole in it may be
POLE = 1000.0  # times its change from end to end, beyond which a residual has a pole between
STEEPER = 10.0  # times as large as before it must be at each place nearer to a pole


def pole_between(
    point: ResidualPoint, trial: ResidualPoint, sample_at: Callable[[Array], Array], limit: int
) -> tuple[float | None, int]:
    """Return at which share of a step a residual goes through infinity to the other sign, if any.

    And how often the residuals were evaluated, which is no more than the limit.

    Such a residual rises at both ends of the step, and yet is lower at the far one, or the other
    way round. There it is looked at: at the pole of the sum of a linear function and a simple
    fraction that has these values and slopes.
    """
    before, after = point.sample, trial.sample
    step = trial.x - point.x
    change = after[-1] - before[-1]
    slope, there = step.dot(before[:-1]), step.dot(after[:-1])
    backwards = np.maximum(slope * change, there * change)
    if backwards[backwards.argmin()] >= 0:
        return None, 0
    suspects = np.flatnonzero(backwards < 0)
    begins = 1 - slope[suspects] / change[suspects]
    ends = 1 - there[suspects] / change[suspects]
    shares = ends / (begins + ends)
    unlike = np.abs(np.log(shares * begins))
    k = int(np.argmin(unlike))
    if unlike[k] > np.log(LIKE):
        return None, 0
    i = int(suspects[k])
    first, last = float(before[-1, i]), float(after[-1, i])
    share, looked = float(shares[k]), 0
    lead = abs(last - first)
    least, enough = STEEPER * lead, POLE * lead
    while looked < limit:
        here = float(sample_at(point.x + share * step)[i])
        looked += 1
        lead = abs(here - first)
        if not lead <= enough:
            return float(shares.min()), looked
        if lead < least:
            break
        cross = (here - first) / (here - last)
        least = STEEPER * lead
        share /= share + cross * (1 - share)
    return None, looked
