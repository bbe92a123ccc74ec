"""Newton's method for minima, with the exact Hessian, in a trust region."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.descent._look_around import look_around
from optim.descent._quadratic_model import LocalModel, model_of
from optim.descent._surroundings import in_digits
from optim.descent._trust_region import (
    ACCEPTED,
    BLURRED,
    FADING,
    STUCK,
    March,
    falls_without_end,
    gain_ratio,
    next_radius,
    reach_to_rounding,
)
from optim.search._keywords import OF_MINIMISERS, answering
from optim.search._objective import Array, Iterate, Objective
from optim.search._rounding import EPS, FINEST
from optim.search._run import Callback, Search, Status, Verdict, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


@answering(OF_MINIMISERS)
def newton(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    tol: float = 0.0,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise ``f`` by Newton's method: each step goes to the minimum of a quadratic model.

    The model, from the exact gradient and Hessian, is trusted within a region around the point,
    and its minimum there is found exactly, also where the Hessian is indefinite: so the search
    leaves saddle points and maxima along negative curvature. The region's axes are scaled by the
    largest second derivative that f has had along each unknown, so that units do not matter.

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
        What all methods return, see `optim`; and ``hess``, the Hessian at x, of shape (n, n) for
        n unknowns in the order of `autodiff.flatten`. Success is claimed only for a minimum. Where
        the Hessian is singular, f is tried on both sides along its flat directions: where it falls
        the search goes on, and else the message names them.

    Raises
    ------
    ValueError, TypeError
        As of all methods.

    References
    ----------
    A. R. Conn, N. I. M. Gould and P. L. Toint, "Trust Region Methods" (2000), chapters 6 and 7.

    Examples
    --------
    >>> result = newton(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, [-1.2, 1.0])
    >>> result.x.round(8), result.success
    (array([1., 1.]), True)

    From a saddle point it goes on to a minimum:

    >>> newton(lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2, [0.0, 0.0]).fun
    -0.25
    """
    check_tolerance("tol", tol, relative=True)
    objective = Objective(f, x0, args)
    return run(
        _search(objective, max(tol, FINEST)),
        objective,
        method="newton",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
    )


def _search(objective: Objective, tol: float) -> Search:
    point = _with_hessian(
        objective, objective.start, *objective.value_and_gradient(objective.start)
    )
    yield point
    if not _usable(point):
        return Status.NOT_FINITE, _not_finite(point)
    scale, reach = np.zeros_like(point.x), np.zeros_like(point.x)
    radius, march = 0.0, March()
    while True:
        scale = np.maximum(scale, np.sqrt(np.abs(point.more["hess"].diagonal())))
        reach = np.maximum(FADING * reach, np.abs(point.x))
        model = model_of(point.x, point.jac, point.more["hess"], scale)
        there: Iterate | None = None
        if model.has_minimum(point, reach, tol):
            there, verdict = _examine(objective, point, reach)
            if there is None:
                return verdict
            radius = 0.0
        else:
            radius = radius or model.reasonable(reach)
            there, radius = _lower(objective, point, model, reach, radius)
            if there is None:
                return _stuck(objective, point, model, reach)
            if there.fun == -np.inf:
                return Status.UNBOUNDED, f"f falls without end: it is -inf at x = {there.x!r:.80}"
        step = there.x - point.x
        point = there
        yield point
        far = march.goes_on(model.width(step))
        if far and falls_without_end(objective.value, point.x, step, point.fun):
            return Status.UNBOUNDED, f"f falls without end along {in_digits(step)}"


def _lower(
    objective: Objective, point: Iterate, model: LocalModel, reach: Array, radius: float
) -> tuple[Iterate | None, float]:
    """Return a point where f is lower as predicted, and the radius to try next."""
    while True:
        step, size, slope, change = model.within(radius)
        if not (np.isfinite(step).all() and (np.abs(step) > EPS / 2 * reach).any()):
            return None, radius
        x = point.x + step
        there = Iterate(x, *objective.value_and_gradient(x))
        if there.fun == -np.inf:
            return there, radius
        gain = gain_ratio(point, there, change)
        if gain > ACCEPTED:
            there = _with_hessian(objective, *there[:3])
            gain = gain if _usable(there) else np.nan
        radius = next_radius(radius, size, slope, there.fun - point.fun, gain)
        if gain > ACCEPTED:
            return there, radius


def _with_hessian(objective: Objective, x: Array, fun: float, jac: Array) -> Iterate:
    """Return a point, with the Hessian where the gradient is finite."""
    finite = isfinite(fun) and np.isfinite(jac).all()
    return Iterate(x, fun, jac, {"hess": objective.hessian(x) if finite else None})


def _usable(point: Iterate) -> bool:
    """Whether all is known there, and finite."""
    hess = point.more["hess"]
    return hess is not None and bool(np.isfinite(hess).all())


# -- the verdict -----------------------------------------------------------------------------


def _examine(objective: Objective, point: Iterate, reach: Array) -> tuple[Iterate | None, Verdict]:
    """Return a lower point beside one where the model has its minimum, or else the verdict."""
    lower, verdict = look_around(objective, point, point.more["hess"], reach)
    if lower is None:
        return None, verdict
    there = _with_hessian(objective, lower, *objective.value_and_gradient(lower))
    return (there if _usable(there) else None), verdict


def _stuck(objective: Objective, point: Iterate, model: LocalModel, reach: Array) -> Verdict:
    """Return the verdict on a point from which no step lowers f."""
    if model.has_minimum(point, reach_to_rounding(reach, BLURRED), BLURRED):
        return _examine(objective, point, reach)[1]
    return Status.STALLED, STUCK


def _not_finite(point: Iterate) -> str:
    if not isfinite(point.fun):
        return f"f is {point.fun} at the start"
    what = "gradient" if point.more["hess"] is None else "Hessian"
    values = point.jac if point.more["hess"] is None else point.more["hess"]
    return f"the {what} at the start is not finite, though f is {point.fun:.6g}: {values!r:.80}"
