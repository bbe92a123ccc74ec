"""What methods with a trust region share: the exact step in a ball, and when to trust it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from optim.search._objective import Array, Iterate
from optim.search._rounding import EPS

RIM = 1e-3  # how far a step may end from the rim, as a part of the radius
DOUBTFUL = 1e3  # times the rounding of f: a change below that is not told by f alone
ACCEPTED = 1e-4  # the part of the predicted change that f must change by
FADING = 0.9  # what each step leaves of the size that an unknown has had
MARCH = 12  # how many good steps in a row to the rim rouse the suspicion that f has no minimum

BLURRED = 1e-10  # of f: what may be left to gain where rounding hides it
STUCK = (
    "no step lowers f, yet this is no minimum: f may have a corner or a jump here, or be computed "
    "with too few digits"
)


def step_within(radius: float, curvatures: Array, slopes: Array) -> Array:
    """Return the t of least slopes·t + ½ Σ curvatures t², of norm at most the radius.

    At the minimum t = -slopes / (curvatures + shift), with the smallest shift of at least 0 that
    makes no denominator negative and the norm no more than the radius. It is found by Newton's
    method on 1/‖t‖ - 1/radius, started where one component alone is as long as the radius: from
    there each iteration lengthens the shift, and never leaps over the root.

    In the hard case no such shift makes t long enough, since there is no slope along the direction
    of most negative curvature: then the step goes on along it to the rim.

    Parameters
    ----------
    radius : float
        Of the ball.
    curvatures : ndarray of shape (n,)
        In ascending order: the Hessian's eigenvalues.
    slopes : ndarray of shape (n,)
        The gradient's components along the eigenvectors.

    References
    ----------
    J. J. Moré and D. C. Sorensen, "Computing a trust region step", SIAM Journal on Scientific and
    Statistical Computing 4 (1983), 553-572.

    Examples
    --------
    >>> step_within(2.0, np.array([-1.0, 4.0]), np.array([0.0, -1.0])).round(2)
    array([-1.99,  0.2 ])
    """
    # The shift is counted from where the lowest denominator is 0, and so keeps all its digits.
    gaps = curvatures - curvatures[0]
    shift = max(0.0, float(curvatures[0]), float(np.max(np.abs(slopes) / radius - gaps)))
    for _ in range(100):
        denominators = np.where(slopes == 0, 1.0, gaps + shift)
        t: Array = -slopes / denominators
        size = float(np.linalg.norm(t))
        if size <= (1 + RIM) * radius:
            break
        shift += float((size / radius - 1) * size * (size / np.sum(t**2 / denominators)))
    if curvatures[0] < 0 and size < (1 - RIM) * radius:
        t[0] += np.copysign(np.sqrt((radius - size) * (radius + size)), -slopes[0])
    return t


def gain_ratio(here: Iterate, there: Iterate, predicted: float) -> float:
    """Return the change of f as a part of the predicted one; NaN where something is not finite.

    Where both values agree but for their last digits, the change is taken from the gradients at
    both ends, which keep theirs.
    """
    change = there.fun - here.fun
    unclear = DOUBTFUL * EPS * abs(here.fun)
    if abs(predicted) < unclear and abs(change) < unclear:
        change = float((here.jac + there.jac) @ (there.x - here.x)) / 2
    return change / predicted if predicted and np.isfinite(there.jac).all() else np.nan


def next_radius(radius: float, size: float, slope: float, change: float, gain: float) -> float:
    """Return the radius for the next step.

    Parameters
    ----------
    radius, size : float
        Of the region, and of the step just tried in it.
    slope, change : float
        f's derivative along that step, and what f changed by.
    gain : float
        That change as a part of the predicted one.
    """
    if gain > 0.75:
        return max(radius, 2 * size)
    if gain >= 0.25:
        return radius
    if not np.isfinite(change):
        return size / 4
    # To where the parabola through what is known along the step is lowest.
    lowest = -slope / (2 * (change - slope)) if change > slope else 0.5
    return size * min(max(lowest, 1 / 10), 1 / 2)


class March:
    """Tells when many steps in a row that do not get shorter call for a look far ahead."""

    def __init__(self) -> None:
        self.count = 0
        self.length = 0.0

    def goes_on(self, length: float) -> bool:
        """Whether so many steps have been taken since the last look, this one included."""
        before, self.length = self.length, length
        self.count = self.count + 1 if length >= (1 - 2 * RIM) * before else 0
        if self.count < MARCH:
            return False
        self.count = 0
        return True


def falls_without_end(
    value: Callable[[Array], float],
    x: Array,
    step: Array,
    fun: float,
    exponents: Sequence[int] = (4, 8, 16, 32, 64, 128),
) -> bool:
    """Whether f falls along a ray by ever more, as many powers of ten times a step as one goes.

    It need not fall fast, like -log x; but what 1/x falls by comes to an end.
    """
    fallen = 0.0
    for looks, exponent in enumerate(exponents):
        there = value(x + 10.0**exponent * step)
        if there == -np.inf:
            return True
        if not np.isfinite(there):  # its terms overflow
            return looks > 1
        if not fun - there > 1.5 * fallen:
            return False
        fallen = fun - there
    return True


def reach_to_rounding(reach: Array, tol: float) -> Array:
    """Return the reach of which the root of ``tol`` is no more than rounding is of the true one.

    Where steps are lost in the rounding of f, f alone can be compared less strictly.
    """
    return np.asarray(reach * min(1.0, (EPS / tol) ** 0.5))
