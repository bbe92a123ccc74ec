"""Whether a search for a root has found one, goes round, runs away, or is to go on."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optim.roots._equations import EquationPoint, Equations, digits
from optim.search._objective import Array
from optim.search._rounding import EPS, TINY
from optim.search._run import Status, Verdict

RISES = 10  # so often per unknown may |f| rise before it was halved once
NEARBY = 1e-6  # of the largest that x, or f, has been: what a root is looked for within
SAME = 1e-12  # of the reach of x: two places so near to each other are one
SLOWEST = 0.9  # times the step before: longer ones do not contract
FADED = 1e-12  # of |f| at the largest: what a root's derivative has to amount to


class ConvergenceMonitor:
    """Judges, step by step, whether a search has found a root, goes round, or runs away."""

    def __init__(self, problem: Equations, xtol: float) -> None:
        self.problem, self.xtol = problem, xtol
        self.reach = np.abs(problem.start)  # the largest size that each unknown has had
        self.sloping = problem.start  # the last place where no equation was level, and 0
        self.step: Array | None = None  # the last one, and by what factor it was shorter than the
        self.rate = 0.0  # one before, while f was still falling
        self.size = self.lowest = np.inf  # of f: last, and lowest
        self.rises = self.growths = 0
        self.slow = False  # whether f falls slowly, or not at all
        self.lately: deque[tuple[float, float]] = deque(maxlen=4)  # contraction and length of steps
        self.visited: deque[Array] = deque(maxlen=12)

    def root(self, point: EquationPoint, step: Array | None) -> Verdict | None:
        """Return the verdict if the point is a root, or where f has only underflowed to 0.

        ``step`` is the full one from here. It has to be negligible after steps that contract, so
        that neither a pole nor a steep place passes for a root. Or f is as small as rounding lets
        it, judged by how much it differs between neighbouring floats.
        """
        x, f, J, _ = point
        self.reach = np.maximum(self.reach, np.abs(x))
        if not f.any():
            lost = np.abs(J) @ self.reach <= FADED * self.problem.highest
            if self.step is not None and self.rate > SLOWEST and lost.any():
                return Status.WANDERS, (
                    f"f and its derivative underflow, or are lost in rounding, at x = {digits(x)}, "
                    "where the steps had not become shorter: this is no root"
                )
            return self._unless_faded(point, "f is exactly 0" + self._doubt(2))
        if step is None:
            return None
        highest = self.problem.highest = np.maximum(self.problem.highest, np.abs(f))
        if not self._is_level(point).any():
            self.sloping = x
        rate = self._contraction(step)
        if rate <= SLOWEST and np.all(np.abs(step) <= (1 - rate) * self.xtol * np.abs(x)):
            if not self._solves_all(point, step):
                return None
            self.lately.append((rate, float(np.max(np.abs(step)))))
            return self._unless_faded(point, "the steps have become negligible" + self._doubt(1))
        near = np.all(np.abs(step) <= NEARBY * self.reach)
        near |= point.size <= NEARBY * highest.max()
        falls = self.step is not None and point.size <= 0.5 * self.size
        if near and not falls and self.is_rounding(point):
            return self._unless_faded(point, "f is 0 to within rounding" + self._doubt(4))
        return None

    def _unless_faded(self, point: EquationPoint, what: str) -> Verdict:
        """Return the verdict on what seems to be a root."""
        faded = np.flatnonzero(self._underflown_equations(point))
        if not faded.size:
            return Status.CONVERGED, f"a root: {what}"
        return Status.WANDERS, (
            f"equation {faded[0]} fades away towards x = {digits(point.x)}, and is 0 there only "
            "because it underflows: this is no root"
        )

    def _solves_all(self, point: EquationPoint, step: Array) -> bool:
        """Whether each equation is solved where the steps have become negligible.

        A step solves an equation only if it changes it, and far out, where a term has no digits
        left, an equation may be far from 0 though the step is negligible beside x.
        """
        f, J = point.f, point.J
        unsolved = np.abs(J @ step + f) > NEARBY * np.abs(f)
        unsolved |= np.abs(f) > NEARBY * self.problem.highest
        return not unsolved.any() or self.is_rounding(point, unsolved)

    def _underflown_equations(self, point: EquationPoint) -> NDArray[np.bool_]:
        """Return which equations have come to 0 only because they underflow.

        Such a one fades away from afar, down to the smallest of all numbers; a power does so close
        to its root.
        """
        level = self._is_level(point)
        last = np.zeros_like(point.f)  # the values nearest to where they are 0
        near, far = point.x, self.sloping
        for _ in range(60 * level.any()):
            between = near / 2 + far / 2
            values = np.where(level, self.problem.value(between), 0.0)
            near, far = (near, between) if values.any() else (between, far)
            last = np.where(values != 0, np.abs(values), last)
        afar = np.any(np.abs(far - point.x) > NEARBY * self.reach)
        return level & (last > 0) & (last < TINY / EPS) & afar

    def _is_level(self, point: EquationPoint) -> NDArray[np.bool_]:
        """Return which equations are exactly 0 with their derivatives, and were not always."""
        level: NDArray[np.bool_] = (
            (point.f == 0) & ~point.J.any(axis=1) & (self.problem.highest > 0)
        )
        return level

    def vanishing(self, point: EquationPoint) -> Array | None:
        """Return x with 0 for what converges to it slowly or no further, once that is negligible.

        No relative error would ever tell, since such an unknown is all error.
        """
        if not self.slow:
            return None
        gone = (point.x != 0) & (np.abs(point.x) <= self.xtol * self.reach)
        return np.where(gone, 0.0, point.x) if gone.any() else None

    def astray(self, point: EquationPoint, step: Array) -> Verdict | None:
        """Return the verdict if the search gets nowhere; otherwise take note of the step."""
        x, size = point.x, point.size
        if not np.isfinite(step).all():
            return (
                Status.WANDERS,
                f"the iterates run away: the next step from {digits(x)} overflows",
            )
        cycle = self._cycle(point, step)
        if cycle is not None:
            return cycle
        rate = self._contraction(step)
        self.growths = self.growths + 1 if rate > 1.5 and size > 0.9 * self.size else 0
        if self.growths == 4:
            return Status.WANDERS, f"the iterates run away, each step longer: x is now {digits(x)}"
        if size < 0.5 * self.lowest:
            self.lowest, self.rises = size, 0
        self.rises += size > self.size
        if self.rises == RISES * x.size:
            return Status.WANDERS, (
                f"the iterates wander: |f| has risen {self.rises} times since it was last halved, "
                f"to {self.lowest:.4g}. There may be no root here"
            )
        if self.step is not None and np.all(x + step == x):
            return Status.STALLED, (
                f"the steps no longer change x = {digits(x)}, though |f| is {size:.4g}, more than "
                "rounding explains"
            )
        if self.step is not None and size < self.size:
            self.rate = rate
        self.slow = size > 0.5 * self.size or 0.25 < self.rate <= SLOWEST
        self.lately.append((rate, float(np.max(np.abs(step)))))
        self.step, self.size = step, size
        self.visited.append(x)
        return None

    def _cycle(self, point: EquationPoint, step: Array) -> Verdict | None:
        """Return the verdict where the search comes back, by long steps, to where it has been."""
        far = np.any(np.abs(step) > NEARBY * self.reach)
        for period, old in enumerate(reversed(self.visited), 1):
            if far and period > 1 and np.all(np.abs(point.x - old) <= SAME * self.reach):
                return Status.WANDERS, (
                    f"the iterates go round in a cycle of {period}, through {digits(point.x)}, "
                    f"where |f| is {point.size:.4g}: start elsewhere"
                )
        return None

    def _contraction(self, step: Array) -> float:
        """Return the length of a step over that of the last, each unknown in units of its reach."""
        if self.step is None:
            return np.inf
        unit = np.where(self.reach > 0, self.reach, 1.0)
        before = float(np.max(np.abs(self.step) / unit))
        return float(np.max(np.abs(step) / unit)) / before if before else np.inf

    def is_rounding(self, point: EquationPoint, which: Any = slice(None)) -> bool:
        """Whether |f| is no more than f differs by between neighbouring floats.

        These are as far away as they must be for f to differ there at all.
        """
        size = np.abs(point.f[which])
        if point.size < TINY:
            return False
        shifts = np.random.default_rng(0).integers(-3, 4, (6, point.x.size))
        shifts = shifts * np.spacing(np.abs(point.x))
        for wider in 4.0 ** np.arange(5):
            noise = self.problem.spread(point, wider * shifts)[which]
            if np.all((noise > 0) | (size == 0)):
                break
        return bool(np.all(size <= 4 * noise))

    def _doubt(self, steps: int) -> str:
        """Return what a slow approach, as to a multiple root, leaves uncertain.

        Where rounding blurs the last steps, the longest of a few is the one to judge by.
        """
        rate = float(np.median([rate for rate, _ in self.lately][-3:])) if self.lately else 0.0
        if not (len(self.lately) == 4 and 0.25 < rate < 0.95):
            return ""
        error = max(length for _, length in list(self.lately)[-steps:]) * rate / (1 - rate)
        return (
            ". It was approached linearly, as multiple roots are: the error of x is about "
            f"{error:.1g}"
        )
