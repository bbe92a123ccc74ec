"""Newton's and Halley's searches for a root: full steps, shorter ones, and other starts."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np

from optim.roots._equations import EquationPoint, Equations
from optim.roots._monitor import ConvergenceMonitor
from optim.roots._steps import newton_step, not_finite, singular, stuck
from optim.search._objective import Array
from optim.search._run import Search, Status, Verdict
from optim.squares._least_squares import least_squares

SHORTEST = 1e-4  # of a Newton step: when damped so far, the method is stuck
REFUSALS = 20  # or when steps had to be shortened so often
MAX_NFEV = 200  # of least squares, which then take over


def newton_search(
    problem: Equations,
    evaluate: Callable[[Array], EquationPoint],
    full_step: Callable[[EquationPoint], Array | None],
    xtol: float,
    damped: bool,
    start: Array | None = None,
    refusals: float = inf,
) -> Search:
    """Take full steps, or shorter ones where they have to be; give up after so many refusals."""
    point = evaluate(problem.start if start is None else start)
    yield point.iterate
    if not point.usable:
        return not_finite(point)
    monitor = ConvergenceMonitor(problem, xtol)
    gone = 0
    while True:
        step = full_step(point)
        verdict = monitor.root(point, step)
        if verdict is None and step is None:
            verdict = singular(point)
        if verdict is None and step is not None:
            verdict = monitor.astray(point, step)
        if verdict is not None or step is None:
            assert verdict is not None
            return verdict
        zeroed = monitor.vanishing(point)
        if zeroed is not None and np.sum(zeroed == 0) > gone:
            gone = np.sum(zeroed == 0)
            limit = evaluate(zeroed)
            if not limit.f.any() or monitor.is_rounding(limit):
                yield limit.iterate
                return Status.CONVERGED, "a root: f is 0 where the slow approach leads to"
        trial, refusals = _next_point(point, step, evaluate, damped, refusals)
        if not isinstance(trial, EquationPoint):
            return trial
        point = trial
        yield point.iterate


def _next_point(
    point: EquationPoint,
    step: Array,
    evaluate: Callable[[Array], EquationPoint],
    damped: bool,
    refusals: float,
) -> tuple[EquationPoint | Verdict, float]:
    """Return the point after a step or a part of it, or why there is none; and refusals left."""
    share = 1.0
    while True:
        trial = evaluate(point.x + share * step)
        if trial.usable and (not damped or _contracts(point, trial, step, share)):
            return trial, refusals
        share /= 2
        refusals -= 1
        if share < SHORTEST or refusals < 0:
            return stuck(point, trial), refusals


def _contracts(point: EquationPoint, trial: EquationPoint, step: Array, share: float) -> bool:
    """Whether the step after this one, with the same Jacobian, would be shorter."""
    following = newton_step(trial._replace(J=point.J))
    if following is None:
        return False
    unit = np.maximum(np.abs(point.x), np.abs(trial.x))
    unit = np.where(unit > 0, unit, 1.0)
    ratio = np.linalg.norm(following / unit) / np.linalg.norm(step / unit)
    return bool(ratio < (1.0 if share == 1 else 1 - share / 4))


def by_all_means(problem: Equations, xtol: float) -> Search:
    """Take damped steps; where these get stuck those of least squares; and then plain ones."""
    first = yield from newton_search(
        problem, problem.at, newton_step, xtol, True, refusals=REFUSALS
    )
    if first[0] in (Status.CONVERGED, Status.NOT_FINITE):
        return first
    lowest = least_squares(problem.f, problem.start, max_nfev=MAX_NFEV)
    problem.nfev += lowest.nfev
    problem.njev += lowest.njev
    nearby = yield from newton_search(problem, problem.at, newton_step, xtol, True, lowest.x, 0)
    if nearby[0] is Status.CONVERGED:
        return nearby
    last = yield from newton_search(problem, problem.at, newton_step, xtol, False)
    return last if last[0] is Status.CONVERGED else first
