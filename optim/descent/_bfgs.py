"""BFGS: Newton's method with an inverse Hessian that is learnt from the gradients on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.descent._convergence import TOL
from optim.descent._quasi_newton import quasi_newton
from optim.search._keywords import OF_MINIMISERS, answering
from optim.search._objective import Array, Objective
from optim.search._rounding import FINEST
from optim.search._run import Callback, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


class Dense:
    """An inverse Hessian as a matrix."""

    scale = 1.0

    def __init__(self) -> None:
        self.matrix: Array | None = None

    def times(self, v: Array) -> Array:
        """Return the product with a vector."""
        return self.scale * v if self.matrix is None else self.matrix.dot(v)

    def learn(self, s: Array, y: Array, sy: float, yy: float) -> None:
        """Make the smallest change, of rank 2, with which ``times(y)`` is ``s``."""
        if self.matrix is None:
            self.matrix = sy / yy * np.eye(s.size)
        u = self.matrix.dot(y)
        a = s / sy
        u -= (sy + float(u.dot(y))) / 2 * a
        change = np.multiply.outer(u, a)
        self.matrix -= change
        self.matrix -= change.T


@answering(OF_MINIMISERS)
def bfgs(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    tol: float = TOL,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise ``f`` by the method of Broyden, Fletcher, Goldfarb and Shanno.

    Each step is one of Newton's method with an inverse Hessian that starts as a multiple of the
    identity and is corrected by every change of the gradient; a line search by the conditions of
    Wolfe chooses its length, one where it can. Next to a minimum the exact second derivatives take
    over: Newton's own steps have to come much closer, or the search goes on.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : array_like or structure
        Where to start.
    tol : float
        What part of f may be left to gain.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`; and ``hess_inv``, the inverse Hessian that was learnt,
        the rougher the fewer steps it took, of shape (n, n) for n unknowns in the order of
        `autodiff.flatten`. Success is claimed only for a minimum, by the exact second derivatives.

    Raises
    ------
    ValueError, TypeError
        As of all methods.

    References
    ----------
    J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed. (2006), chapter 6.

    Examples
    --------
    >>> result = bfgs(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [-1.2, 1.0])
    >>> result.x.round(8), result.success
    (array([1., 1.]), True)
    """
    check_tolerance("tol", tol, relative=True)
    objective = Objective(f, x0, args)
    inverse = Dense()
    search = quasi_newton(objective, inverse, max(tol, FINEST))
    result = run(
        search,
        objective,
        method="bfgs",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
    )
    result.hess_inv = np.diag(np.full(objective.start.size, inverse.scale))
    if inverse.matrix is not None:
        result.hess_inv = inverse.matrix
    return result
