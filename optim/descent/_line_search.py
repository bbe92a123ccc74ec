"""How far to go along a direction in which f falls."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np

from optim.search._objective import Array, Objective

SUFFICIENT = 1e-4  # of the fall that the slope promises, what a step must bring
FLATTER = 0.9  # of the slope at the start, what may be left at the end
NOISE = 1e-12  # of |f|: differences below it are noise
GROWTH = 4.0  # of the steps in an interval that is still to grow, at the most
TRIALS = 60  # enough for an interval to shrink to rounding, or to grow to overflow


class Trial(NamedTuple):
    """A point of a ray, and what is known there."""

    length: float  # in units of the direction
    x: Array
    fun: float
    jac: Array
    slope: float  # the derivative of f along the direction

    @property
    def usable(self) -> bool:
        return isfinite(self.fun) and isfinite(self.slope)

    @property
    def is_unbounded(self) -> bool:
        """Whether a search saw f fall below all numbers, or x grow beyond, behind this point."""
        return self.length == inf


LineSearch: TypeAlias = Callable[[Objective, Trial, Array, float], Trial]


def start_of(x: Array, fun: float, jac: Array, direction: Array) -> Trial:
    """Return the start of a ray as a trial of length 0."""
    return Trial(0.0, x, fun, jac, float(jac.dot(direction)))


def wolfe(
    objective: Objective,
    start: Trial,
    direction: Array,
    length: float,
    flatter: float = FLATTER,
) -> Trial:
    """Return a point where f is lower and flatter: the strong conditions of Wolfe.

    An interval that holds such a point grows from the start until it must, and then shrinks, each
    trial being the minimum of the cubic through the values and slopes at its ends. Where values
    differ by no more than rounding, slopes alone decide (the approximate conditions of Hager and
    Zhang), so that the search goes on working next to a minimum.

    Where no trial fulfils both conditions, the lowest one is returned, which may be the start.

    References
    ----------
    J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed. (2006), section 3.5.
    W. W. Hager and H. Zhang, SIAM Journal on Optimization 16 (2005), 170-192.
    """
    noise = NOISE * abs(start.fun)
    low, high = start, None
    growth = GROWTH
    x = _place(start, direction, length)
    for _ in range(TRIALS):
        trial = _trial(objective, direction, length, x)
        if trial.fun == -inf or (low is not start and not _all_finite(x)):
            return low._replace(length=inf)
        allowed = start.fun + SUFFICIENT * length * start.slope
        if abs(trial.fun - start.fun) <= noise:
            allowed = start.fun + noise
        if not trial.usable or trial.fun > min(allowed, low.fun + noise):
            high = trial
        elif abs(trial.slope) <= -flatter * start.slope:
            return trial
        else:
            if trial.slope * ((inf if high is None else high.length) - low.length) >= 0:
                high = low
            before, low = low, trial
        if high is None:
            length = _beyond(before, low, growth)
            growth *= GROWTH
            x = _place(start, direction, length)
        else:
            length = _between(low, high, noise)
            x = _place(start, direction, length)
            if _same(x, low.x):
                break  # the interval has shrunk to rounding
    return low


def exact(objective: Objective, start: Trial, direction: Array, length: float) -> Trial:
    """Return a minimum along the direction, where the exact slope is zero."""
    return wolfe(objective, start, direction, length, flatter=1e-10)


def armijo(objective: Objective, start: Trial, direction: Array, length: float) -> Trial:
    """Return a point where f is lower by a share of what the slope promises.

    Too long a step is shortened to the minimum of the parabola through what is known, to a half at
    the most and a tenth at the least. The start is returned where no step is short enough.

    References
    ----------
    L. Armijo, Pacific Journal of Mathematics 16 (1966), 1-3.
    """
    for _ in range(TRIALS):
        trial = trial_at(objective, start, direction, length)
        if trial.fun == -inf:
            return start._replace(length=inf)
        if trial.usable and trial.fun <= start.fun + SUFFICIENT * length * start.slope:
            return trial
        rise = trial.fun - start.fun - length * start.slope
        parabola = -start.slope * length * length / rise / 2 if trial.usable and rise > 0 else 0.0
        length = min(max(parabola, 0.1 * length), 0.5 * length)
    return start


def trial_at(objective: Objective, start: Trial, direction: Array, length: float) -> Trial:
    """Evaluate f on the ray."""
    return _trial(objective, direction, length, _place(start, direction, length))


def _place(start: Trial, direction: Array, length: float) -> Array:
    place: Array = start.x + (direction if length == 1 else length * direction)
    return place


def _trial(objective: Objective, direction: Array, length: float, x: Array) -> Trial:
    fun, jac = objective.value_and_gradient(x)
    return Trial(length, x, fun, jac, float(jac.dot(direction)))


def _all_finite(x: Array) -> bool:
    # The square may overflow, but mostly tells at once.
    return isfinite(x.dot(x)) or bool(np.isfinite(x).all())


def _same(x: Array, y: Array) -> bool:
    gap = x - y
    return not (gap.dot(gap) or gap.any())


# -- where to try next -----------------------------------------------------------------------


def _beyond(before: Trial, last: Trial, growth: float) -> float:
    """Return a longer step: to where the slope would be zero, within limits."""
    gap = last.length - before.length
    bend = last.slope - before.slope
    zero = last.length - last.slope * gap / bend if bend > 0 else inf
    return min(max(zero, last.length + gap), last.length + growth * gap)


def _between(low: Trial, high: Trial, noise: float) -> float:
    """Return a step inside an interval, by a cubic, not too close to either end."""
    gap = high.length - low.length
    if not high.usable:
        return low.length + 0.2 * gap
    share = _lowest_of_cubic(low, high, gap, noise)
    return low.length + min(max(share, 0.1), 0.9) * gap


def _lowest_of_cubic(low: Trial, high: Trial, gap: float, noise: float) -> float:
    """Return where the cubic through two values and slopes is least, as a share of the gap."""
    a, b = low.slope * gap, high.slope * gap
    if abs(high.fun - low.fun) <= noise:  # by the slopes alone, as of a parabola
        return a / (a - b) if a < 0 < b else 0.5
    c = a + b - 3 * (high.fun - low.fun)
    root = c * c - a * b
    if not 0 <= root < inf:
        return 0.5
    d = sqrt(root)
    bottom = b - a + 2 * d
    return 1 - (b + d - c) / bottom if bottom else 0.5
