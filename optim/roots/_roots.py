"""Roots: Newton's and Halley's methods, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.roots._bracket import ends_of, safeguarded_newton
from optim.roots._equations import Equations
from optim.roots._newton_search import by_all_means, newton_search
from optim.roots._steps import halley_step, newton_step
from optim.search._keywords import OF_ROOTS, answering
from optim.search._objective import Iterate
from optim.search._rounding import FINEST
from optim.search._run import Callback, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


@answering(OF_ROOTS)
def newton_raphson(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    bracket: Sequence[float] | None = None,
    damped: bool | None = None,
    xtol: float = 0.0,
    maxiter: int = 100,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Solve f(x) = 0 by Newton's method: x ← x - J⁻¹ f, with the exact Jacobian J.

    One equation is solved by the plain method of the textbooks, which jumps far where the slope is
    small, and which is told when it goes round or runs away. Who wants certainty gives a bracket.
    Several equations have none, so there a step is shortened until the next one, with the same
    Jacobian, would be shorter: that test does not depend on the units of x and of f. Where this
    gets stuck, the search goes on from where `least_squares` finds f smallest, and at last takes
    plain steps from the start.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns as many numbers as ``x0`` holds, as an array
        of any shape, a list or a tuple.
    x0 : array_like or structure
        Where to start.
    bracket : pair of float, optional
        For one equation: numbers about ``x0`` between which f changes its sign. A step that leaves
        the bracket, or does not shorten fast, is replaced by bisection, so that a root of a
        continuous f is always found.
    damped : bool, optional
        Whether steps are shortened: True, always; False, never; by default as said above. Steps to
        where f or its derivative is not finite are shortened always.
    xtol : float
        The error of x, relative to x, at which steps are negligible.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`: ``fun`` holds the values of f, and ``jac`` is its
        derivative or Jacobian, of shape ``fun.shape + x.shape``; the path of a second attempt
        follows that of the first. Success is claimed only where the steps contract until they are
        negligible or |f| is no more than f differs by between neighbouring floats. To a multiple
        root the steps contract slowly, and the message says how well it is known. A search that
        fails returns the point of least |f|.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when the bracket is no pair of two different numbers, is given for
        several equations, or together with ``damped``.

    References
    ----------
    P. Deuflhard, "Newton Methods for Nonlinear Problems" (2004), chapter 3.
    W. H. Press et al., "Numerical Recipes" (2007), section 9.4.

    Examples
    --------
    >>> result = newton_raphson(lambda x: x**2 - 2, 1.0, path=True)
    >>> result.path
    array([1.        , 1.5       , 1.41666667, 1.41421569, 1.41421356, 1.41421356])
    >>> result = newton_raphson(lambda v: [v[0] ** 2 + v[1] ** 2 - 4, v[0] * v[1] - 1], [2.0, 0.0])
    >>> result.x, result.success
    (array([1.93185165, 0.51763809]), True)
    """
    problem = Equations(f, x0, args)
    check_tolerance("xtol", xtol, relative=True)
    xtol = max(xtol, FINEST)
    if not (damped is None or isinstance(damped, bool | np.bool_)):
        raise TypeError(f"expected damped to be True, False or None, got {damped!r:.60}")
    if bracket is not None:
        a, b = ends_of(bracket, problem.start.size, damped)
        search = safeguarded_newton(problem, a, b, xtol)
    elif damped is None and problem.start.size > 1:
        search = by_all_means(problem, xtol)
    else:
        search = newton_search(problem, problem.at, newton_step, xtol, bool(damped))
    return run(
        search,
        problem,
        method="newton_raphson",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=_badness,
    )


@answering(OF_ROOTS)
def halley(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    xtol: float = 0.0,
    maxiter: int = 100,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Solve one equation by Halley's method: x ← x - 2 f f' / (2 f'² - f f'').

    The exact second derivative makes it converge cubically: each step triples the right digits,
    where Newton's doubles them. In all else it is as `newton_raphson`.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : float, or structure of one number
        Where to start.
    xtol : float
        The error of x, relative to x, at which steps are negligible.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What `newton_raphson` returns, and ``hess``, the second derivative at x.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when ``x0`` holds more than one number.

    References
    ----------
    W. Gander, "On Halley's iteration method", American Mathematical Monthly 92 (1985).

    Examples
    --------
    >>> halley(lambda x: x**2 - 2, 1.0, path=True).path
    array([1.        , 1.4       , 1.4142132 , 1.41421356])
    """
    problem = Equations(f, x0, args)
    check_tolerance("xtol", xtol, relative=True)
    xtol = max(xtol, FINEST)
    if problem.start.size > 1:
        raise ValueError(
            f"halley solves one equation, but x0 holds {problem.start.size} numbers: "
            "newton_raphson solves systems"
        )
    return run(
        newton_search(problem, problem.with_second, halley_step, xtol, False),
        problem,
        method="halley",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=_badness,
    )


def _badness(point: Iterate) -> float:
    size = float(np.max(np.abs(point.fun)))
    return size if isfinite(size) else np.inf
