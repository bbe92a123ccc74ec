"""What f does around a point: whether curvature goes on, and values along what derivatives leave.

One look for all methods. Where there are limits a point stands for the feasible one close to it;
without limits every point is feasible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from optim.search._objective import Array
from optim.search._rounding import EPS
from optim.search._run import Status, Verdict

FURTHER = 20.0  # times as far as the minimum may be along an axis: how far the look goes
VISITED = 3.0  # times as far: where what a point says that was visited is of use
LEAST_LOOK = 1e-6  # of the sizes: and that at the least
AGREES = 3.0  # times as large or as small: a curvature there that may still be the same
ALIKE = 0.2  # of it: a difference with which it surely is, on the other side as well
SHARE = 0.01  # of the change of f: along which axes a point that a search has visited tells much
ROUNDING = 10 * EPS  # of f: a smaller change may be none
NEAR = 1e-3  # of the sizes: to where f is tried first, and else as far as the sizes themselves
BETWEEN = (0.01, 0.03, 0.1, 0.3)  # and where f rises at the one but not at the other
LOPSIDED = 1.2  # times what f rises by on the other side: it may fall further on
BENT = 1.5  # the power of the distance that f rises by at least where it has no corner
CLEAR = 1e3  # times the rounding of f: a rise that is none of its last digits
HALVES = 7  # of the way in which f begins to rise at the edge of a level
LEAST_RISE, JUMP = 1e-12, 0.2  # of the rise up to there: what the rise next to such an edge is
ENDURING = 0.94  # of Newton's step: what the next one keeps where f levels off


LOWER_NEARBY = Status.STALLED, "f is lower nearby"


class Surroundings(Protocol):
    """f and its gradient about ``x``, whose unknowns are measured by ``sizes``."""

    @property
    def x(self) -> Array:
        """The point in the middle."""

    @property
    def fun(self) -> float:
        """f there."""

    @property
    def jac(self) -> Array:
        """The gradient there, of f or of its Lagrangian."""

    @property
    def sizes(self) -> Array:
        """How large each unknown is."""

    def feasible(self, x: Array) -> Array | None:
        """Return the feasible point close to x; None if none is found."""

    def value(self, x: Array) -> float:
        """Return f at the feasible point close to x."""

    def gradient(self, x: Array) -> Array:
        """Return there what ``jac`` is in the middle; NaN where it is not known."""

    def bend(self, x: Array, way: Array) -> float:
        """Return there the second derivative along a way; NaN where it is not known."""


def as_predicted(
    around: Surroundings,
    axes: Array,
    curvatures: Array,
    away: Array,
    visited: Sequence[tuple[Array, Array]] = (),
) -> NDArray[np.bool_]:
    """Return along which axes the gradient changes as second derivatives say.

    That is asked of points far beyond where the minimum is promised to be: of those that a search
    has visited, with their gradients, and of two on both sides, off along all other axes at once.

    Parameters
    ----------
    around : Surroundings
    axes : ndarray of shape (n, k)
        Orthonormal where the unknowns are measured by their sizes.
    curvatures : ndarray of shape (k,)
        0 where there is none, or where rounding alone explains it.
    away : ndarray of shape (k,)
        How far along each axis the minimum may be, rounding included.
    visited : sequence of pairs
        Points and the gradients there.
    """
    length = np.maximum(FURTHER * away, LEAST_LOOK)
    curved: NDArray[np.bool_] = (curvatures > 0) & (length < 1)

    def growth(way: Array, jac: Array) -> Array:
        expected = way * curvatures
        change = (jac - around.jac).dot(axes)
        ratio: Array = np.divide(change, expected, where=expected != 0, out=np.zeros_like(way))
        return ratio

    confirmed = np.zeros_like(curved)
    if visited:
        points, slopes = np.array(visited)[::-1].swapaxes(0, 1)
        way = ((points - around.x) / around.sizes**2).dot(axes)
        share = np.where(curved, curvatures * way**2, 0.0)
        distance = np.abs(way)
        tells = curved & (distance >= np.maximum(VISITED * away, LEAST_LOOK)) & (distance < 1)
        tells &= share >= SHARE * share.max(axis=1, keepdims=True)
        alike = np.abs(growth(way, slopes) - 1) < ALIKE
        # Along each axis the last point decides that tells of it.
        last = tells.argmax(axis=0), np.arange(curved.size)
        confirmed = tells[last] & alike[last]
    asked = curved & ~confirmed
    if not asked.any():
        return confirmed
    # As far along each as changes f as much: then none hides behind another's third derivatives.
    most = float((curvatures * length**2)[asked].max())
    stiff = np.where(asked, curvatures, np.inf)
    lengths = _signs(asked.size) * np.minimum(1.0, np.sqrt(most / stiff))
    for way in (lengths, -lengths):
        ratio = growth(way, around.gradient(around.x + axes.dot(way)))
        asked = asked & (ratio > 1 / AGREES) & (ratio < AGREES)
        if (np.abs(ratio - 1) < ALIKE)[asked].all():
            break
    return confirmed | asked


@lru_cache(maxsize=16)
def _signs(count: int) -> Array:
    """Return signs at random, the same ones each time."""
    signs: Array = np.random.default_rng(0).choice([-1.0, 1.0], count)
    signs.flags.writeable = False
    return signs


def goes_on(around: Surroundings, step: Array, way: Array, bend: float) -> bool:
    """Whether after Newton's step the next is as long along a way, as where f levels off.

    Next to a minimum at which f grows with the power p the steps shrink by (p - 2) / (p - 1).

    Parameters
    ----------
    around : Surroundings
    step : ndarray of shape (n,)
        Newton's.
    way : ndarray of shape (n,)
        The part of it along the axes on which curvature does not go on as second derivatives say.
    bend : float
        The second derivative along it in the middle.
    """
    there = around.x + step
    slope, next_bend = float(around.gradient(there) @ way), around.bend(there, way)
    length = float(around.jac @ way) / bend
    return bool(next_bend > 0 and slope < 0 and slope / next_bend < ENDURING * length)


def along(
    around: Surroundings,
    directions: Iterable[Array],
    least: float,
    hidden: float,
    *,
    smooth: bool = True,
) -> tuple[Array | None, Verdict]:
    """Try f along directions in which derivatives decide nothing.

    Returns a point where f is lower, if one is found, and else the verdict: a minimum, which need
    not be the only one; or none, because f has a corner there, or levels off towards infinity.

    Parameters
    ----------
    around : Surroundings
    directions : iterable of ndarrays of shape (n,)
        Of any lengths, in either sense.
    least : float
        A fall that counts.
    hidden : float
        About the size of what cancels in f.
    smooth : bool
        Whether a corner is one where f should have none.
    """
    verdict: Verdict = Status.CONVERGED, "a minimum, though the Hessian is singular there"
    for direction in directions:
        full = direction / np.max(np.abs(direction) / around.sizes)
        lower, doubt = _along_one(around, full, least, hidden, smooth)
        if doubt and doubt[0] is not Status.CONVERGED:
            return lower, doubt
        verdict = doubt or verdict
    return None, verdict


def _along_one(
    around: Surroundings, full: Array, least: float, hidden: float, smooth: bool
) -> tuple[Array | None, Verdict | None]:
    """Return a lower point along one direction, or what is to be said of it."""

    def sides(part: float) -> Sides:
        return _sides(around, part * full, hidden)

    looks = [sides(NEAR)]
    if not looks[0].rises.all():
        looks.append(sides(1.0))
        if looks[1].rises.any():
            looks[1:1] = map(sides, BETWEEN)
    elif smooth and _has_corner(looks[0], sides(NEAR**2)):
        return None, (
            Status.STALLED,
            f"f has a corner here, along {in_digits(full)}: no derivative can tell whether it is a "
            "minimum",
        )
    elif LOPSIDED * looks[0].changes.min() < looks[0].changes.max() < np.inf:
        looks.append(sides(BETWEEN[0]))
    lowest = min(looks, key=lambda look: look.changes.min())
    if lowest.changes.min() < -max(least, lowest.blur):
        return lowest.points[lowest.changes.argmin()], LOWER_NEARBY
    ahead, behind = np.any([look.rises for look in looks], axis=0)
    up = full if ahead else -full

    def rise(part: float) -> float:
        return around.value(around.x + part * up) - around.fun

    if ahead != behind and not _is_edge(rise, looks, 0 if ahead else 1, ROUNDING * hidden):
        return None, levels_off(-up)
    if any(look.rises.all() for look in looks):
        return None, None
    level = in_digits(full if behind else -full)
    return None, (
        Status.CONVERGED,
        f"a minimum, but not the only one: f is level along {level}",
    )


class Sides(NamedTuple):
    """A point on either side, what f changes by to there, and by how much that may be wrong."""

    points: Array
    changes: Array
    blur: float

    @property
    def rises(self) -> NDArray[np.bool_]:
        rises: NDArray[np.bool_] = self.changes > self.blur
        return rises


def _sides(around: Surroundings, step: Array, hidden: float) -> Sides:
    points, changes = [], []
    for way in (step, -step):
        there = around.feasible(around.x + way)
        points.append(around.x if there is None else there)
        off = np.abs(points[-1] - around.x - way) / around.sizes
        in_the_way = np.max(off) > np.max(np.abs(way) / around.sizes) / 2
        changes.append(np.inf if in_the_way else around.value(points[-1]) - around.fun)
    known = np.nan_to_num(np.array(changes), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    largest = np.where(np.isfinite(known), np.abs(known), 0.0).max()
    return Sides(np.stack(points), known, ROUNDING * max(float(largest), hidden))


def _has_corner(near: Sides, nearer: Sides) -> bool:
    """Whether f rises in proportion to the distance, on both sides."""
    return bool((nearer.changes > np.maximum(NEAR**BENT * near.changes, near.blur)).all())


def _is_edge(
    rise: Callable[[float], float], looks: Sequence[Sides], side: int, blur: float
) -> bool:
    """Whether f is level on the other side, and rises from that at once: as ``max(0, x)`` does.

    A function that only levels off rises by too little before it rises by enough. And from very far
    off it seems to jump.
    """
    changes = np.array([look.changes for look in looks])
    rising, level = changes[:, side], changes[:, 1 - side]
    blur = max(blur, ROUNDING * float(np.where(np.isfinite(rising), rising, 0.0).max()))
    first = int(np.argmax(rising > blur))
    if not (np.abs(level) <= blur).all():
        return False
    parts = (0.0, NEAR, *BETWEEN, 1.0)
    low, high, risen = parts[first], parts[first + 1], rising[first]
    for _ in range(HALVES):
        middle = (low + high) / 2
        change = rise(middle)
        if blur < change < CLEAR * blur:
            return False
        low, high, risen = (middle, high, risen) if change <= blur else (low, middle, change)
    return bool(max(CLEAR * blur, LEAST_RISE * rising[first]) <= risen <= JUMP * rising[first])


def levels_off(direction: Array) -> Verdict:
    """Say that f falls along a direction by ever less."""
    return (
        Status.WANDERS,
        f"f levels off along {in_digits(direction)}: its minimum seems to be at infinity",
    )


def in_digits(direction: Array) -> str:
    """Return a direction in few digits, its largest component 1."""
    digits = np.round(direction / direction[np.abs(direction).argmax()], 3) + 0.0
    return np.array2string(
        np.sign(direction[np.abs(direction).argmax()]) * digits + 0.0, separator=", ", threshold=8
    )


def room_within(sizes: Array, directions: Array) -> Any:
    """Return how often a direction, or each column of a matrix, fits into the sizes."""
    return 1 / np.max(np.abs(directions.T) / sizes, axis=-1)
