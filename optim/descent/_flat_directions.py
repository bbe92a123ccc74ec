"""Where second derivatives decide nothing: what f does on both sides along a flat direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Any

import numpy as np

from optim._objective import Array
from optim._run import Status, Verdict

ROUNDING = 10 * float(np.finfo(float).eps)  # of f: a smaller change may be none
LOWER = 1e-9  # of f: what it must fall by for the search to go on
NEAR = 1e-3  # of the reach: to where f is tried, beside the reach itself
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
    flat = []
    for direction in directions:
        full = direction * room_within(reach, direction)
        steps, changes = _both_sides(value, x, fun, full, (1.0, NEAR))
        if (changes[:2] > LOWER * abs(fun)).all() and not (changes[2:] > LOWER * abs(fun)).all():
            more = _both_sides(value, x, fun, full, BETWEEN)
            steps, changes = np.append(steps, more[0], axis=0), np.append(changes, more[1])
        sizes = np.where(np.isfinite(changes), np.abs(changes), 0.0).reshape(-1, 2).max(axis=1)
        blur = ROUNDING * np.maximum(np.repeat(sizes, 2), hidden)
        falls = -changes - np.maximum(blur, max(LOWER * abs(fun), left))
        if falls.max() > 0:
            return x + steps[falls.argmax()], (Status.STALLED, "f is lower nearby")
        rises = changes > blur
        if rises[2] and rises[3]:
            least = np.maximum(blur[2:4], NEAR**BENT * changes[2:4])
            ahead = value(x + NEAR**2 * full) - fun > least[0]
            if ahead and value(x - NEAR**2 * full) - fun > least[1]:
                return None, (
                    Status.STALLED,
                    f"f has a corner here, along {shown(full)}: no derivative can tell whether it "
                    "is a minimum",
                )
        ahead, behind = rises[::2].any(), rises[1::2].any()
        if ahead != behind:
            return None, (
                Status.WANDERS,
                f"f levels off along {shown(full if behind else -full)}: its minimum seems to "
                "be at infinity",
            )
        if not rises[:2].all():
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


def _both_sides(
    value: Callable[[Array], float], x: Array, fun: float, full: Array, parts: Sequence[float]
) -> tuple[Array, Array]:
    """Return steps of these parts ahead and behind, and what f changes by along each."""
    steps = np.array([sign * part * full for part in parts for sign in (1.0, -1.0)])
    changes = np.array([value(x + step) for step in steps]) - fun
    changes[np.isnan(changes)] = np.inf
    return steps, changes


def shown(direction: Array) -> str:
    """Return a direction in few digits, its largest component 1."""
    digits = np.round(direction / direction[np.abs(direction).argmax()], 3) + 0.0
    return np.array2string(
        np.sign(direction[np.abs(direction).argmax()]) * digits, separator=", ", threshold=8
    )
