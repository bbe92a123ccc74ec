"""Newton's method between two points where f has different signs."""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, isfinite, isnan, sqrt

import numpy as np

from optim.roots._equations import EquationPoint, Equations
from optim.roots._monitor import ConvergenceMonitor
from optim.roots._steps import newton_step
from optim.search._rounding import TINY
from optim.search._run import Search, Status, Verdict


def ends_of(bracket: Sequence[float], size: int, damped: bool | None) -> tuple[float, float]:
    """Return the ends of a bracket in order."""
    if size > 1:
        raise ValueError(f"a bracket is for one equation, but x0 holds {size} numbers")
    if damped is not None:
        raise ValueError("give a bracket or damped, not both: bisection replaces damping")
    try:
        ends = np.asarray(bracket, dtype=float)
    except (TypeError, ValueError):
        ends = np.zeros(0)
    if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] == ends[1]:
        raise ValueError(f"expected two different numbers as the bracket, got {bracket!r:.60}")
    return float(ends.min()), float(ends.max())


def safeguarded_newton(problem: Equations, a: float, b: float, xtol: float) -> Search:
    """Take Newton steps while they stay in the bracket and shorten fast; bisect otherwise."""
    point = problem.at(problem.start)
    yield point.iterate
    x = float(point.x[0])
    if not a <= x <= b:
        return Status.INFEASIBLE, f"the start {x:g} is not in the bracket from {a:g} to {b:g}"
    fa, fb = (float(problem.value(np.array([end]))[0]) for end in (a, b))
    for end, value in ((a, fa), (b, fb), (x, float(point.f[0]))):
        if isnan(value):
            return Status.NOT_FINITE, f"f is nan at {end:g}"
        if value == 0:
            if end != x:
                yield problem.at(np.array([end])).iterate
            return Status.CONVERGED, "a root: f is exactly 0"
    if (fa > 0) == (fb > 0):
        return _no_sign_change((a, b), (fa, fb))
    # Where f is infinite at an end, nothing is known of how large it is in between.
    ends = max(abs(end) if isfinite(end) else 0.0 for end in (fa, fb))
    monitor = ConvergenceMonitor(problem, xtol)
    last = b - a
    bisections = 0
    while True:
        x, value = float(point.x[0]), float(point.f[0])
        if isnan(value):
            return Status.NOT_FINITE, f"f is nan at {x:g}, within the bracket"
        if (value > 0) == (fa > 0):
            a, fa = x, value
        else:
            b, fb = x, value
        step = newton_step(point) if np.isfinite(point.J).all() else None
        # Only of Newton's own steps does it mean something that they contract.
        verdict = monitor.root(point, step) if not value or not bisections else None
        if verdict is not None:
            return verdict
        if np.nextafter(a, b) >= b:
            return _at_sign_change(problem, point, (a, b), (fa, fb), ends)
        monitor.step, monitor.size = step, abs(value)
        newton = float(step[0]) if step is not None else np.inf
        move, bisections = _move(x, newton, (a, b), last, bisections)
        last = abs(move)
        point = problem.at(np.array([x + move]))
        yield point.iterate


def _no_sign_change(ends: tuple[float, float], values: tuple[float, float]) -> Verdict:
    (a, b), (fa, fb) = ends, values
    return Status.INVALID, (
        f"f does not change its sign in the bracket: it is {fa:.4g} at {a:g} and {fb:.4g} at {b:g}"
    )


def _move(
    x: float, newton: float, ends: tuple[float, float], last: float, bisections: int
) -> tuple[float, int]:
    """Return how far to go from x, and how often in turn the bracket has been bisected then.

    Newton's step is taken where it stays in the bracket and is at most half as long as the last
    move; after a bisection two more follow before it is tried again.
    """
    a, b = ends
    if bisections % 3 == 0 and a < x + newton < b and abs(newton) <= last / 2:
        return newton, 0
    return middle(a, b, bisections % 2 == 1) - x, bisections + 1


def _at_sign_change(
    problem: Equations,
    point: EquationPoint,
    ends: tuple[float, float],
    values: tuple[float, float],
    scale: float,
) -> Verdict:
    """Return whether f passes through 0 between neighbouring floats, or jumps over it."""
    (a, b), (fa, fb) = ends, values
    slope, rise = float(point.J[0, 0]), fb - fa
    # At a pole f changes its sign against its slope.
    passes = rise * slope > 0 and abs(rise) <= 100 * abs(slope) * (b - a)
    if not passes and abs(point.f[0]) <= scale:
        outward = np.spacing(np.abs(point.x)) * (-1 if point.x[0] == a else 1)
        noise = problem.spread(point, np.arange(1, 7)[:, None] * outward)
        passes = bool(abs(point.f[0]) <= 4 * noise[0])
    if passes:
        return Status.CONVERGED, "a root: f changes its sign between neighbouring floats"
    return Status.STALLED, (
        f"f jumps from {fa:.4g} to {fb:.4g} at {b:.17g}: a pole or a jump, and no root"
    )


def middle(a: float, b: float, of_magnitudes: bool) -> float:
    """Return a number between two: their mean, or that of their magnitudes' logarithms.

    The latter halves the number of floats between them, however many decades they span.
    """
    if not of_magnitudes:
        return a / 2 + b / 2
    if a < 0 < b:
        return 0.0
    size = sqrt(max(abs(a), TINY)) * sqrt(max(abs(b), TINY))
    mean = copysign(size, a + b)
    return mean if a < mean < b else a / 2 + b / 2
