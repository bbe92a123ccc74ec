"""Where second derivatives decide nothing: what f does on both sides along a flat direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optim._objective import Array
from optim._run import Status, Verdict

ROUNDING = 10 * float(np.finfo(float).eps)  # of f: a smaller change may be none
LOWER = 1e-9  # of f: what it must fall by for the search to go on
NEAR = 1e-3  # of the reach: to where f is tried first, and else as far as the reach itself
BETWEEN = (0.3, 0.1, 0.03, 0.01)  # and where f rises at the one but not at the other
BENT = 1.5  # the power of the distance that f rises by at least where it has no corner


def tried(
    value: Callable[[Array], float],
    x: Array,
    fun: float,
    directions: Iterable[Array],
    reach: Array,
    terms: float,
    left: float = 0.0,
) -> tuple[Array | None, Verdict]:
    """Try f along directions in which it has neither slope nor curvature.

    Returns a point where f is lower, if one is found, and else the verdict: a minimum, which need
    not be the only one; or none, because f has a corner there, or levels off towards infinity.

    Parameters
    ----------
    value : callable
        Returns f.
    x : ndarray of shape (n,)
        Where the gradient vanishes.
    fun : float
        f there.
    directions : iterable of ndarrays of shape (n,)
        Of any lengths, in either sense.
    reach : ndarray of shape (n,)
        The largest size that each unknown has had.
    terms : float
        About the size of what cancels in f: it may be the square of their difference.
    left : float
        What f is known to have left to fall by, and may.
    """
    hidden = max(abs(fun), sqrt(abs(fun) * terms), ROUNDING * terms)
    least = max(LOWER * abs(fun), left)
    flat = []
    for direction in directions:
        full = direction * room_within(reach, direction)

        def sides(part: float, full: Array = full) -> Sides:
            return _sides(value, x, fun, part * full, hidden)

        looks = [sides(NEAR)]
        if not looks[0].rises.all():
            looks.append(sides(1.0))
            if looks[1].rises.all():
                looks += map(sides, BETWEEN)
        elif all(sides(NEAR**2).changes > np.maximum(NEAR**BENT * looks[0].changes, looks[0].blur)):
            return None, (
                Status.STALLED,
                f"f has a corner here, along {shown(full)}: no derivative can tell whether it "
                "is a minimum",
            )
        lowest = min(looks, key=lambda look: look.changes.min())
        if lowest.changes.min() < -max(least, lowest.blur):
            return lowest.points[lowest.changes.argmin()], (Status.STALLED, "f is lower nearby")
        ahead, behind = np.any([look.rises for look in looks], axis=0)
        if ahead != behind:
            return None, (
                Status.WANDERS,
                f"f levels off along {shown(full if behind else -full)}: its minimum seems to "
                "be at infinity",
            )
        if len(looks) == 2:  # neither near nor far does it rise on both sides
            flat.append(shown(full))
    if flat:
        return None, (
            Status.CONVERGED,
            f"a minimum, but not the only one: f is level along {flat[0]}",
        )
    return None, (Status.CONVERGED, "a minimum, though the Hessian is singular there")


def room_within(reach: Array, directions: Array) -> Any:
    """Return by how much a direction, or each column of a matrix, fills the reach."""
    room = np.where(reach > 0, reach, reach.max() or 1.0)
    return 1 / np.max(np.abs(directions.T) / room, axis=-1)


class Sides(NamedTuple):
    """A point on either side, what f changes by to there, and by how much that may be wrong."""

    points: Array
    changes: Array
    blur: float

    @property
    def rises(self) -> NDArray[np.bool_]:
        rises: NDArray[np.bool_] = self.changes > self.blur
        return rises


def _sides(
    value: Callable[[Array], float], x: Array, fun: float, step: Array, hidden: float
) -> Sides:
    points = np.stack([x + step, x - step])
    changes = np.array([value(point) for point in points]) - fun
    changes[np.isnan(changes)] = np.inf
    largest = np.where(np.isfinite(changes), np.abs(changes), 0.0).max()
    return Sides(points, changes, ROUNDING * max(float(largest), hidden))


def shown(direction: Array) -> str:
    """Return a direction in few digits, its largest component 1."""
    digits = np.round(direction / direction[np.abs(direction).argmax()], 3) + 0.0
    return np.array2string(
        np.sign(direction[np.abs(direction).argmax()]) * digits, separator=", ", threshold=8
    )
