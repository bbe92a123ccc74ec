"""Where second derivatives decide nothing: what f does on both sides along a flat direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from optim._objective import Array
from optim._run import Status, Verdict

ROUNDING = 10 * float(np.finfo(float).eps)  # of f: a smaller change may be none
LOWER = 1e-9  # of f: what it must fall by for the search to go on
NEAR = 1e-3  # of the reach: to where f is tried, beside the reach itself
BENT = 1.5  # the power of the distance that f rises by at least where it has no corner


def tried(
    value: Callable[[Array], float],
    x: Array,
    fun: float,
    directions: Iterable[Array],
    reach: Array,
    terms: float,
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
    """
    room = np.where(reach > 0, reach, reach.max() or 1.0)
    flat = []
    for direction in directions:
        full = direction / np.max(np.abs(direction) / room)
        steps = np.array([full, -full, NEAR * full, -NEAR * full])
        changes = np.array([value(x + step) for step in steps]) - fun
        changes[np.isnan(changes)] = np.inf
        if changes.min() < -LOWER * abs(fun):
            return x + steps[changes.argmin()], (Status.STALLED, "f is lower nearby")
        seen = np.where(np.isfinite(changes), np.abs(changes), 0.0).max()
        blur = ROUNDING * max(abs(fun), seen, ROUNDING * terms)
        rises = changes > blur
        if rises[2] and rises[3]:
            nearer = value(x + NEAR**2 * full) - fun
            if nearer > blur and nearer > NEAR**BENT * changes[2]:
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


def shown(direction: Array) -> str:
    """Return a direction in few digits, its largest component 1."""
    digits = np.round(direction / direction[np.abs(direction).argmax()], 3) + 0.0
    return np.array2string(
        np.sign(direction[np.abs(direction).argmax()]) * digits, separator=", ", threshold=8
    )
