"""What BFGS and L-BFGS share: a Newton step whose Hessian is learnt from gradients on the way."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import Protocol

import numpy as np

from optim.descent._approach import UNDERFLOW, approach
from optim.descent._convergence import CAREFUL, ROUGH, negligible
from optim.descent._curvature import DENSE, curvature_at
from optim.descent._line_search import Trial, wolfe
from optim.descent._trust_region import STUCK, March, falls_without_end
from optim.search._objective import Array, Iterate, Objective
from optim.search._run import Search, Status, Verdict

IDLE = 10  # steps in a row that do not lower f, as they do next to a corner
WINDOW, TRIALS = 50, 20  # steps, and points tried at each: more of them only a corner calls for
CORNER = (
    "f has corners where the steps end, so that each took many trials: they lead along, but hardly "
    "down"
)
ENDLESS = 1e100  # times the start's size: how low f falls only where it has no minimum


class Inverse(Protocol):
    """An approximation of the inverse Hessian, always positive definite."""

    scale: float  # what it multiplies a gradient by before anything was learnt

    def times(self, v: Array) -> Array:
        """Return its product with a vector."""

    def learn(self, s: Array, y: Array, sy: float) -> None:
        """Change it such that it turns y, a change of the gradient, into s, the step behind."""


def quasi_newton(objective: Objective, inverse: Inverse, tol: float) -> Search:
    """Yield points on the way down to a minimum, each by a line search along a Newton step.

    Where the model of f that was learnt says that nothing is left to gain, the exact second
    derivatives have to agree: their own Newton step is tried, and must come closer.
    """
    x = objective.start
    fun, jac = objective.value_and_gradient(x)
    yield Iterate(x, fun, jac)
    if not (isfinite(fun) and np.isfinite(jac).all()):
        return not_finite_verdict(fun, jac)
    reach, highest = np.abs(x), abs(fun)
    inverse.scale = first_scale(objective, x, jac)
    rough = tol ** (ROUGH if x.size <= DENSE else CAREFUL)
    failures = idle = 0
    march, crawl, before = March(), Crawl(), x
    while True:
        if crawl.goes_on(objective.nfev):
            return Status.STALLED, CORNER
        moved, before = x - before, x
        far = march.goes_on(sqrt(float(moved.dot(moved))))
        endless = far and falls_without_end(objective.value, x, moved, fun)
        if endless or below_all(fun, highest):
            return unbounded_verdict(fun)
        direction = -inverse.times(jac)
        slope = float(jac.dot(direction))
        # A model that was learnt may be wrong where little was seen: ask the exact derivatives.
        if failures or not slope < 0 or negligible(direction, slope, fun, reach, rough, highest):
            exact = curvature_at(objective, x, jac, inverse.times)
            if not jac.any() or (
                not exact.flat and negligible(exact.step, exact.slope, fun, reach, rough, highest)
            ):
                point = Iterate(x, fun, jac)
                last, verdict = yield from approach(
                    objective, point, exact, reach, tol, highest, failures > 0
                )
                if verdict:
                    return verdict
                if last is not point:
                    x, fun, jac, _ = last
                    np.maximum(reach, np.abs(x), out=reach)
                    continue
            elif failures > 1:
                return Status.STALLED, STUCK
            direction, slope = exact.step, exact.slope
            if exact.flat or not slope < 0:
                direction = -first_scale(objective, x, jac) * jac
                slope = float(jac.dot(direction))
        trial = wolfe(objective, Trial(0.0, x, fun, jac, slope), direction, 1.0)
        if trial.is_unbounded:
            yield Iterate(trial.x, trial.fun, trial.jac)
            return unbounded_verdict(trial.fun)
        s, y = trial.x - x, trial.jac - jac
        if not s.any():
            failures += 1
            continue
        idle = 0 if trial.fun < fun else idle + 1
        failures = 2 if idle >= IDLE else 0
        _, x, fun, jac, _ = trial
        np.maximum(reach, np.abs(x), out=reach)
        sy = float(s.dot(y))
        if min(sy, float(y.dot(y))) > UNDERFLOW:
            inverse.learn(s, y, sy)
        yield Iterate(x, fun, jac)


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
        return nfev - before > TRIALS * WINDOW


def check_tolerance(tol: float) -> None:
    """Refuse a tolerance that is none."""
    if not 0 < tol < 1:
        raise ValueError(f"expected tol to be between 0 and 1, got {tol}")


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
