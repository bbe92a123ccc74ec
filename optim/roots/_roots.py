"""Roots: Newton's and Halley's methods, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.roots._bracket import bracketed, ends_of
from optim.roots._equations import (
    Equations,
    Point,
    Watch,
    iterate,
    newton_step,
    null,
    shown,
    singular,
)
from optim.search._keywords import OF_SCIPY, answering
from optim.search._objective import Array, Iterate
from optim.search._run import Callback, Search, Status, Verdict, run
from optim.squares._least_squares import least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

SHORTEST = 1e-4  # of a Newton step: when damped so far, the method is stuck
REFUSALS = 20  # or when steps had to be shortened so often
MAX_NFEV = 200  # of least squares, which then take over


@answering(OF_SCIPY)
def newton_raphson(
    f: Callable[..., Any],
    x0: Any,
    *,
    bracket: Sequence[float] | None = None,
    damped: bool | None = None,
    tol: float = 1e-15,
    args: Any = (),
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
        Takes ``x`` and ``args``; returns as many numbers as ``x`` holds, as an array of any shape,
        a list or a tuple.
    x0 : array_like or structure
        Where to start.
    bracket : pair of float, optional
        For one equation: numbers about ``x0`` between which f changes its sign. A step that leaves
        the bracket, or does not shorten fast, is replaced by bisection, so that a root of a
        continuous f is always found.
    damped : bool, optional
        Whether steps are shortened: True, always; False, never; by default as said above. Steps to
        where f or its derivative is not finite are shortened always.
    tol : float
        The error of x, relative to x, at which steps are negligible.
    args : tuple
        Further arguments of ``f``; a single one needs no tuple.
    maxiter : int
        How many steps to take at most.
    callback : callable, optional
        Is given the state after each step as ``callback(intermediate_result)``, and can stop by
        raising StopIteration.
    path : bool
        Whether the result has all points, from the start on, as ``path``; those of a second attempt
        follow those of the first.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    OptimizeResult
        ``x``; ``fun``, the values of f there, and ``jac``, its derivative or Jacobian, of shape
        ``fun.shape + x.shape``; ``nit, nfev, njev, nhev``; ``status, success, message``. Success
        is claimed only where the steps contract until they are negligible or |f| is no more than
        f differs by between neighbouring floats. To a multiple root the steps contract slowly, and
        the message says how well it is known. A search that fails returns the point of least |f|.

    Raises
    ------
    ValueError
        When the bracket is no pair of two different numbers, is given for several equations, or
        together with ``damped``; when ``tol`` is not positive.
    TypeError
        When ``x0`` is complex.

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
    check_tolerance(tol)
    if bracket is not None:
        a, b = ends_of(bracket, problem.start.size, damped)
        search = bracketed(problem, a, b, tol)
    elif damped is None and problem.start.size > 1:
        search = _by_all_means(problem, tol)
    else:
        search = _steps(problem, problem.at, newton_step, tol, bool(damped))
    return run(
        search,
        problem,
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=_badness,
    )


@answering(OF_SCIPY)
def halley(
    f: Callable[..., Any],
    x0: Any,
    *,
    tol: float = 1e-15,
    args: Any = (),
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
        Takes ``x`` and ``args``; returns one real number.
    x0 : float, or structure of one number
        Where to start.
    tol, args, maxiter, callback, path, progress
        As for `newton_raphson`.

    Returns
    -------
    OptimizeResult
        As of `newton_raphson`, and ``hess``, the second derivative at ``x``.

    Raises
    ------
    ValueError
        When ``x0`` holds more than one number, or ``tol`` is not positive.
    TypeError
        When ``x0`` is complex.

    References
    ----------
    W. Gander, "On Halley's iteration method", American Mathematical Monthly 92 (1985).

    Examples
    --------
    >>> halley(lambda x: x**2 - 2, 1.0, path=True).path
    array([1.        , 1.4       , 1.4142132 , 1.41421356])
    """
    problem = Equations(f, x0, args)
    check_tolerance(tol)
    if problem.start.size > 1:
        raise ValueError(
            f"halley solves one equation, but x0 holds {problem.start.size} numbers: "
            "newton_raphson solves systems"
        )
    return run(
        _steps(problem, problem.with_second, halley_step, tol, False),
        problem,
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=_badness,
    )


# -- steps -----------------------------------------------------------------------------------


def halley_step(point: Point) -> Array | None:
    """Return Newton's step, corrected by the curvature."""
    step = newton_step(point)
    if step is None or point.second is None:
        return step
    corrected: Array = step / (1 + point.second * step / (2 * point.J[0]))
    return corrected


# -- the methods -----------------------------------------------------------------------------


def _steps(
    problem: Equations,
    evaluate: Callable[[Array], Point],
    full_step: Callable[[Point], Array | None],
    tol: float,
    damped: bool,
    start: Array | None = None,
    refusals: float = inf,
) -> Search:
    """Take full steps, or shorter ones where they have to be; give up after so many refusals."""
    point = evaluate(problem.start if start is None else start)
    yield iterate(point)
    if not point.usable:
        return not_finite(point)
    watch = Watch(problem, tol)
    gone = 0
    while True:
        step = full_step(point)
        verdict = watch.root(point, step)
        if verdict is None and step is None:
            verdict = singular(point)
        if verdict is None and step is not None:
            verdict = watch.astray(point, step)
        if verdict is not None or step is None:
            assert verdict is not None
            return verdict
        zeroed = watch.vanishing(point)
        if zeroed is not None and np.sum(zeroed == 0) > gone:
            gone = np.sum(zeroed == 0)
            limit = evaluate(zeroed)
            if not limit.f.any() or watch.is_rounding(limit):
                yield iterate(limit)
                return Status.CONVERGED, "a root: f is 0 where the slow approach leads to"
        share = 1.0
        while True:
            trial = evaluate(point.x + share * step)
            if trial.usable and (not damped or _contracts(point, trial, step, share)):
                break
            share /= 2
            refusals -= 1
            if share < SHORTEST or refusals < 0:
                return _stuck(point, trial)
        point = trial
        yield iterate(point)


def _contracts(point: Point, trial: Point, step: Array, share: float) -> bool:
    """Whether the step after this one, with the same Jacobian, would be shorter."""
    following = newton_step(trial._replace(J=point.J))
    if following is None:
        return False
    unit = np.maximum(np.abs(point.x), np.abs(trial.x))
    unit = np.where(unit > 0, unit, 1.0)
    ratio = np.linalg.norm(following / unit) / np.linalg.norm(step / unit)
    return bool(ratio < (1.0 if share == 1 else 1 - share / 4))


def _by_all_means(problem: Equations, tol: float) -> Search:
    """Take damped steps; where these get stuck those of least squares; and then plain ones."""
    first = yield from _steps(problem, problem.at, newton_step, tol, True, refusals=REFUSALS)
    if first[0] in (Status.CONVERGED, Status.NOT_FINITE):
        return first
    lowest = least_squares(problem.f, problem.start, max_nfev=MAX_NFEV)
    problem.nfev += lowest.nfev
    problem.njev += lowest.njev
    nearby = yield from _steps(problem, problem.at, newton_step, tol, True, lowest.x, 0)
    if nearby[0] is Status.CONVERGED:
        return nearby
    last = yield from _steps(problem, problem.at, newton_step, tol, False)
    return last if last[0] is Status.CONVERGED else first


# -- the edges -------------------------------------------------------------------------------


def _badness(point: Iterate) -> float:
    size = float(np.max(np.abs(point.fun)))
    return size if isfinite(size) else np.inf


def not_finite(point: Point) -> Verdict:
    """Return the verdict at a start where there is nothing to go by."""
    for what, values in (("f", point.f), ("the derivative of f", point.J)):
        bad = values[~np.isfinite(values)]
        if bad.size:
            return Status.NOT_FINITE, f"{what} is {bad[0]} at the start {shown(point.x)}"
    raise AssertionError("the point is finite")


def _stuck(point: Point, trial: Point) -> Verdict:
    """Return why no step, however short, was good enough."""
    at = f"at x = {shown(point.x)}, where |f| is {point.size:.4g}"
    if not trial.usable:
        return Status.NOT_FINITE, f"f is not finite close to the last point, {at}"
    if point.x.size > 1 and np.linalg.cond(point.J) > 1e3:
        return Status.SINGULAR, (
            f"no step brings f nearer to zero {at}: the Jacobian is nearly singular, f hardly "
            f"changes along {null(point.J)}. There may be a minimum of |f| near that is no root"
        )
    return Status.STALLED, f"no step brings f nearer to zero {at}"


def check_tolerance(tol: float) -> None:
    """Refuse a tolerance that nothing can meet."""
    if not 0 < tol < 1:
        raise ValueError(f"expected tol between 0 and 1, got {tol}")
