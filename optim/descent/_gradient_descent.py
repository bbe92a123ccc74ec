"""Gradient descent: walk against the gradient."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optim.descent._approach import no_minimum
from optim.descent._convergence import BEYOND, TOL, negligible, tiny
from optim.descent._curvature import Curvature, curvature_at
from optim.descent._line_search import NOISE, LineSearch, armijo, exact, start_of, wolfe
from optim.descent._look_around import FOUND, look_around
from optim.descent._quasi_newton import (
    below_all,
    first_scale,
    not_finite_verdict,
    unbounded_verdict,
)
from optim.descent._trust_region import March, falls_without_end
from optim.search._keywords import OF_GRADIENT_DESCENT, answering
from optim.search._objective import Array, Iterate, Objective
from optim.search._rounding import FINEST
from optim.search._run import (
    Callback,
    Search,
    Status,
    Verdict,
    check_choice,
    check_number,
    check_tolerance,
    run,
)

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

LINE_SEARCHES: dict[str, LineSearch] = {"armijo": armijo, "wolfe": wolfe, "exact": exact}


@answering(OF_GRADIENT_DESCENT)
def gradient_descent(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    step: float | None = None,
    line_search: Literal["armijo", "wolfe", "exact"] | None = None,
    momentum: float = 0.0,
    gtol: float = 0.0,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise ``f`` by steps against its gradient.

    With a fixed step and a momentum β, each step is v ← β v - step · ∇f(x), x ← x + v. A line
    search chooses each step's length instead. The first that it tries leads to the bottom of the
    exact parabola along the gradient, and later ones to that of the parabola along the step before
    (Barzilai and Borwein).

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : array_like or structure
        Where to start.
    step : float, optional
        What the gradient is multiplied by.
    line_search : {"armijo", "wolfe", "exact"}, optional
        How to choose the length of each step, where ``step`` is not given: so short that f falls
        enough ("armijo", the default), so long that it also gets flatter ("wolfe"), or to where
        the slope is zero ("exact").
    momentum : float
        What part of the step before is taken again, at least 0 and less than 1. With a fixed step.
    gtol : float
        Stop where no entry of the gradient is larger than this. By default, 0, the search goes on
        until, by the exact second derivatives, nothing is left to gain.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`. Success is claimed only where the gradient has come
        down to the tolerance and the second derivatives are not those of a saddle point or a
        maximum.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when both a step and a line search are given, or a momentum without a
        step; when a step is not positive, or a momentum not from 0 to below 1.

    References
    ----------
    J. Barzilai and J. M. Borwein, "Two-point step size gradient methods", IMA Journal of Numerical
    Analysis 8 (1988), 141-148.

    Examples
    --------
    >>> result = gradient_descent(lambda x: (x - 3.0) ** 2, 0.0, step=0.5, maxiter=10, path=True)
    >>> float(result.x), result.path.tolist()
    (3.0, [0.0, 3.0])
    """
    if step is not None and line_search is not None:
        raise ValueError("expected a step or a line_search, got both")
    if step is not None:
        check_number("step", step, "a positive, finite number", lambda step: 0 < step < np.inf)
    check_number("momentum", momentum, "a number from 0 to below 1", lambda beta: 0 <= beta < 1)
    if momentum and step is None:
        raise ValueError("a momentum needs a fixed step: give step=")
    check_tolerance("gtol", gtol)
    if line_search is not None:
        check_choice("line_search", line_search, LINE_SEARCHES)
    objective = Objective(f, x0, args)
    if step is not None:
        search = _fixed_rate_descent(objective, step, momentum, gtol)
    else:
        search = _line_search_descent(objective, LINE_SEARCHES[line_search or "armijo"], gtol)
    return run(
        search,
        objective,
        method="gradient_descent",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
    )


def _fixed_rate_descent(objective: Objective, step: float, momentum: float, gtol: float) -> Search:
    x = objective.start
    velocity = np.zeros_like(x)
    fun, jac = objective.value_and_gradient(x)
    yield Iterate(x, fun, jac)
    if not (isfinite(fun) and np.isfinite(jac).all()):
        return not_finite_verdict(fun, jac)
    reach, highest = np.abs(x), abs(fun)
    while not np.abs(jac).max() <= gtol:
        velocity = momentum * velocity - step * jac
        if not ((x + velocity != x) | (x - step * jac != x)).any():
            return _nothing_left(objective, x, fun, jac, reach, highest, TOL) or (
                Status.STALLED,
                f"a step of {step:g} no longer changes x, though the gradient has an entry of "
                f"{np.abs(jac).max():.3g}, not {gtol:g}: take larger steps, or a line search",
            )
        x, last = x + velocity, fun
        fun, jac = objective.value_and_gradient(x)
        if not (isfinite(fun) and np.isfinite(jac).all()):
            if fun == -np.inf:
                return unbounded_verdict(last)
            return Status.WANDERS, f"f is {fun} where the next step led: take smaller steps"
        np.maximum(reach, np.abs(x), out=reach)
        yield Iterate(x, fun, jac)
    return _kind(objective, x, fun, jac, reach, gtol)


def _line_search_descent(objective: Objective, search: LineSearch, gtol: float) -> Search:
    x = objective.start
    fun, jac = objective.value_and_gradient(x)
    yield Iterate(x, fun, jac)
    if not (isfinite(fun) and np.isfinite(jac).all()):
        return not_finite_verdict(fun, jac)
    length = first_scale(objective, x, jac)
    reach, highest, looked = np.abs(x), abs(fun), np.inf
    march = March()
    while not np.abs(jac).max() <= gtol:
        gain = length * float(jac.dot(jac)) / 2
        if not gtol and gain <= min(looked / 10, max(FINEST * abs(fun), FINEST**2 * highest)):
            looked = gain
            verdict = _nothing_left(objective, x, fun, jac, reach, highest, FINEST)
            if verdict:
                return verdict
        trial = search(objective, start_of(x, fun, jac, -jac), -jac, length)
        if trial.is_unbounded:
            yield Iterate(trial.x, trial.fun, trial.jac)
            return unbounded_verdict(trial.fun)
        if not (trial.x != x).any():
            return _nothing_left(objective, x, fun, jac, reach, highest, TOL) or (
                Status.STALLED,
                f"no step lowers f, though the gradient has an entry of {np.abs(jac).max():.3g}, "
                f"not {gtol:g}: f may have a corner here, or give no more digits",
            )
        s, y = trial.x - x, trial.jac - jac
        x, fun, jac = trial.x, trial.fun, trial.jac
        np.maximum(reach, np.abs(x), out=reach)
        sy = float(s.dot(y))
        length = float(s.dot(s)) / sy if sy > 0 else 4 * trial.length
        yield Iterate(x, fun, jac)
        far = march.goes_on(sqrt(float(s.dot(s))))
        if below_all(fun, highest) or (far and falls_without_end(objective.value, x, s, fun)):
            return unbounded_verdict(fun)
    return _kind(objective, x, fun, jac, reach, gtol)


def _nothing_left(
    objective: Objective,
    x: Array,
    fun: float,
    jac: Array,
    reach: Array,
    highest: float,
    tol: float,
) -> Verdict | None:
    """Return the verdict where Newton's step says that f can fall no further to speak of."""
    exact = curvature_at(objective, x, jac, np.copy)
    if not negligible(exact.step, exact.slope, fun, reach, tol, highest):
        return None
    # Many steps further f has to be higher, unless it levels off there or falls again.
    rise, noise = objective.value(x + BEYOND * exact.step) - fun, NOISE * abs(fun)
    close = tiny(exact.step, reach, tol)
    if close and rise < -noise:
        return Status.OTHER_KIND, "f levels off here, and falls again beyond: this is no minimum"
    if not (close or rise > noise):
        return None
    return _verdict_to_second_order(objective, Iterate(x, fun, jac), exact, reach, FOUND)


def _kind(
    objective: Objective, x: Array, fun: float, jac: Array, reach: Array, gtol: float
) -> Verdict:
    found = Status.CONVERGED, f"the gradient has come down to {gtol:g}"
    exact = curvature_at(objective, x, jac, np.copy)
    return _verdict_to_second_order(objective, Iterate(x, fun, jac), exact, reach, found)


def _verdict_to_second_order(
    objective: Objective, point: Iterate, exact: Curvature, reach: Array, found: Verdict
) -> Verdict:
    """Return the verdict on where nothing is left to gain, to second order."""
    refusal = no_minimum(objective, point, exact)
    if refusal or exact.hess is None:
        return refusal or found
    lower, verdict = look_around(objective, point, exact.hess, reach)
    if lower is not None:
        return Status.OTHER_KIND, "a stationary point, but f is lower beside it: no minimum"
    return found if verdict[0] is Status.CONVERGED else verdict
