"""L-BFGS: BFGS that remembers its last steps instead of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.descent._bfgs import Dense
from optim.descent._convergence import TOL
from optim.descent._quasi_newton import Inverse, quasi_newton
from optim.search._keywords import OF_MINIMISERS, answering
from optim.search._objective import Array, Objective
from optim.search._rounding import FINEST
from optim.search._run import Callback, check_count, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


LEAST_ROOM = 8  # rows for pairs to come


class Remembered:
    """An inverse Hessian as the last few steps and changes of the gradient.

    These are scaled such that the product of a step with its own change is 1, and stand in the rows
    of two matrices S and Y, the newest last. The two loops over them are products with matrices,
    for each solves a triangular system: of R, the upper triangle of S Yᵀ.
    """

    scale = 1.0

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.first = self.last = 0  # the rows in use, of more than there are pairs to remember
        self.steps = self.changes = np.zeros((0, 0))
        self.inverse_triangle = np.zeros((0, 0))

    def times(self, v: Array) -> Array:
        """Return the product with a vector, by the recursion of two loops."""
        if not self.last:
            return self.scale * v
        steps = self.steps[self.first : self.last]
        changes = self.changes[self.first : self.last]
        shares = self.inverse_triangle.dot(steps.dot(v))
        q: Array = v - shares.dot(changes)
        q *= self.scale
        q += (shares - changes.dot(q)).dot(self.inverse_triangle).dot(steps)
        return q

    def learn(self, s: Array, y: Array, sy: float, yy: float) -> None:
        """Remember a step; the newest sets the scale."""
        self._make_room(s.size)
        root = sqrt(sy)
        old, n = self.inverse_triangle, self.last - self.first
        self.steps[self.last] = s / root
        self.changes[self.last] = y = y / root
        self.inverse_triangle = np.eye(n + 1)
        self.inverse_triangle[:n, :n] = old
        self.inverse_triangle[:n, n] = -old.dot(self.steps[self.first : self.last].dot(y))
        self.last += 1
        self.scale = sy / yy

    def _make_room(self, size: int) -> None:
        """Forget the oldest pair where as many are remembered as may be, and find the next row."""
        if self.last - self.first == self.memory:
            self.first += 1
            self.inverse_triangle = self.inverse_triangle[1:, 1:]
        if self.last == len(self.steps):
            kept = self.last - self.first
            room = np.empty((2, kept + max(kept, LEAST_ROOM), size))
            if kept:
                room[0, :kept] = self.steps[self.first :]
                room[1, :kept] = self.changes[self.first :]
            self.steps, self.changes = room
            self.first, self.last = 0, kept


@answering(OF_MINIMISERS)
def lbfgs(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    memory: int = 10,
    tol: float = TOL,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise ``f`` of many unknowns by BFGS with a limited memory.

    The inverse Hessian of `bfgs` is never formed: its product with a gradient follows from the last
    steps and changes of the gradient, at a cost that is linear in the number of unknowns. Where
    these are no more than ``memory``, a matrix takes less room than the steps and is kept instead.
    Of more than 128 unknowns only some products with the exact Hessian are looked at in the end.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : array_like or structure
        Where to start.
    memory : int
        How many steps to remember.
    tol : float
        What part of f may be left to gain.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`. Success is claimed only for a minimum, by the exact
        second derivatives.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when ``memory`` is no whole number of 1 or more.

    References
    ----------
    J. Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35
    (1980), 773-782.

    Examples
    --------
    >>> import numpy as np
    >>> result = lbfgs(lambda x: np.sum((x - 3.0) ** 4 + (x - 3.0) ** 2), np.zeros(1000))
    >>> result.x[:3].round(6), result.success
    (array([3., 3., 3.]), True)
    """
    check_tolerance("tol", tol, relative=True)
    check_count("memory", memory, 1)
    objective = Objective(f, x0, args)
    small = objective.start.size <= memory
    inverse: Inverse = Dense() if small else Remembered(memory)
    search = quasi_newton(objective, inverse, max(tol, FINEST))
    return run(
        search,
        objective,
        method="lbfgs",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
    )
