"""What BFGS and L-BFGS share: a Newton step whose Hessian is learnt from gradients on the way."""

from __future__ import annotations

from collections.abc import Generator
from math import isfinite, sqrt
from typing import NamedTuple, Protocol

import numpy as np

from optim.descent._approach import UNDERFLOW, approach
from optim.descent._convergence import CAREFUL, ROUGH, negligible
from optim.descent._curvature import DENSE, curvature_at
from optim.descent._line_search import Trial, wolfe
from optim.descent._trust_region import STUCK, March, falls_without_end
from optim.search._objective import Array, Iterate, Objective
from optim.search._run import Search, Status, Verdict

ENDLESS = 1e100  # times the start's size: how low f falls only where it has no minimum
IDLE = 10  # steps in a row that do not lower f, as they do next to a corner
WINDOW, CRAWL = 50, 20  # steps, and points tried at each: more of them only a corner calls for
CORNER = (
    "f has corners where the steps end, so that each took many trials: they lead along, but hardly "
    "down"
)


class Inverse(Protocol):
    """An approximation of the inverse Hessian, always positive definite."""

    scale: float  # what it multiplies a gradient by before anything was learnt

    def times(self, v: Array) -> Array:
        """Return its product with a vector."""

    def learn(self, s: Array, y: Array, sy: float, yy: float) -> None:
        """Change it such that it turns y, a change of the gradient, into s, the step behind.

        ``sy`` and ``yy`` are their products.
        """


def quasi_newton(objective: Objective, inverse: Inverse, tol: float) -> Search:
    """Yield points on the way down to a minimum, each by a line search along a Newton step.

    Where the model of f that was learnt says that nothing is left to gain, the exact second
    derivatives have to agree: their own Newton step is tried, and must come closer.
    """
    x = objective.start
    fun, jac = objective.value_and_gradient(x)
    point = Iterate(x, fun, jac)
    yield point
    if not (isfinite(fun) and np.isfinite(jac).all()):
        return not_finite_verdict(fun, jac)
    reach, highest = np.abs(x), abs(fun)
    inverse.scale = first_scale(objective, x, jac)
    rough = roughly(tol, x.size)
    failures = idle = 0
    march, crawl = March(), Crawl()
    s, squared = np.zeros_like(x), 0.0
    while True:
        verdict = _leads_nowhere(objective, march, crawl, point, s, squared, highest)
        if verdict:
            return verdict
        x, fun, jac, _ = point
        direction = -inverse.times(jac)
        slope = float(jac.dot(direction))
        # A model that was learnt may be wrong where little was seen: ask the exact derivatives.
        if failures or not slope < 0 or negligible(direction, slope, fun, reach, rough, highest):
            found = yield from _exact_way(objective, inverse, point, reach, highest, tol, failures)
            if isinstance(found, Iterate):
                point, s = found, found.x - x
                squared = float(s.dot(s))
                np.maximum(reach, np.abs(point.x), out=reach)
                continue
            if not isinstance(found, Way):
                return found
            direction, slope = found
        trial = wolfe(objective, Trial(0.0, x, fun, jac, slope), direction, 1.0)
        if trial.is_unbounded:
            yield Iterate(trial.x, trial.fun, trial.jac)
            return unbounded_verdict(trial.fun)
        s = trial.x - x
        squared = float(s.dot(s))
        if not (squared or s.any()):
            failures += 1
            continue
        idle = 0 if trial.fun < fun else idle + 1
        failures = 2 if idle >= IDLE else 0
        point = Iterate(trial.x, trial.fun, trial.jac)
        np.maximum(reach, np.abs(point.x), out=reach)
        _learn(inverse, s, point.jac - jac)
        yield point


def _leads_nowhere(
    objective: Objective,
    march: March,
    crawl: Crawl,
    point: Iterate,
    moved: Array,
    squared: float,
    highest: float,
) -> Verdict | None:
    """Return the verdict where steps only crawl, or f falls without end."""
    if crawl.goes_on(objective.nfev):
        return Status.STALLED, CORNER
    x, fun, _, _ = point
    far = march.goes_on(sqrt(squared))
    if below_all(fun, highest) or (far and falls_without_end(objective.value, x, moved, fun)):
        return unbounded_verdict(fun)
    return None


class Way(NamedTuple):
    """A direction down, and the slope of f along it."""

    direction: Array
    slope: float


def _exact_way(
    objective: Objective,
    inverse: Inverse,
    point: Iterate,
    reach: Array,
    highest: float,
    tol: float,
    failures: int,
) -> Generator[Iterate, None, Way | Iterate | Verdict]:
    """Return the way down by exact second derivatives, a lower point they led to, or the verdict.

    Where they say that little is left to gain, Newton steps are taken at once, and yielded.
    """
    x, fun, jac, _ = point
    exact = curvature_at(objective, x, jac, inverse.times)
    rough = roughly(tol, x.size)
    if not jac.any() or (
        not exact.flat and negligible(exact.step, exact.slope, fun, reach, rough, highest)
    ):
        last, verdict = yield from approach(
            objective, point, exact, reach, tol, highest, failures > 0
        )
        if verdict or last is not point:
            return verdict or last
    elif failures > 1:
        return Status.STALLED, STUCK
    if exact.flat or not exact.slope < 0:
        downhill = -first_scale(objective, x, jac) * jac
        return Way(downhill, float(jac.dot(downhill)))
    return Way(exact.step, exact.slope)


def roughly(tol: float, size: int) -> float:
    """Return the tolerance from which on the exact second derivatives are asked."""
    return float(tol ** (ROUGH if size <= DENSE else CAREFUL))


def _learn(inverse: Inverse, s: Array, y: Array) -> None:
    """Let an inverse Hessian learn from a step, where f has bent up along it."""
    sy, yy = float(s.dot(y)), float(y.dot(y))
    if sy > UNDERFLOW and yy > UNDERFLOW:
        inverse.learn(s, y, sy, yy)


class Crawl:
    """Tells when steps take so many trials that f must have a corner wherever they end."""

    def __init__(self) -> None:
        self.steps = self.counted = 0

    def goes_on(self, nfev: int) -> bool:
        """Whether a window of steps has ended with so many evaluations."""
        self.steps += 1
        if self.steps % WINDOW:
            return False
        before, self.counted = self.counted, nfev
        return nfev - before > CRAWL * WINDOW


def not_finite_verdict(fun: float, jac: Array) -> Verdict:
    """Say that there is nothing to start from."""
    what = f"f is {fun}" if not isfinite(fun) else f"f is {fun} and its gradient {jac!r:.80}"
    return Status.NOT_FINITE, f"{what} at the start"


def below_all(fun: float, highest: float) -> bool:
    """Whether f is lower than any minimum would be."""
    return fun < -ENDLESS * max(highest, 1.0)


def unbounded_verdict(fun: float) -> Verdict:
    """Say that there is no minimum."""
    return Status.UNBOUNDED, f"f falls without end: it has come to {fun:.4g}, and falls further"


def first_scale(objective: Objective, x: Array, jac: Array) -> float:
    """Return the length, in gradients, of a first step: to the bottom of the exact parabola."""
    square = float(jac.dot(jac))
    curvature = abs(float(jac.dot(objective.hessian_product(x)(jac)))) if square else 0.0
    scale = square / curvature if curvature else 0.0
    if 0 < scale < np.inf:
        return scale
    return (float(np.abs(x).max()) or 1.0) / (square**0.5 or 1.0)
