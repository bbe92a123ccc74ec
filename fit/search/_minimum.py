"""From a problem to the fit of it: the search for the least χ², and what is made of its end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import jacobian
from fit.arguments._numbers import Array
from fit.problem._chi_squared import TOLERANCE
from fit.problem._problem import Problem
from fit.results._result import FitResult
from fit.search._checks import refuse_corner, refuse_together
from fit.search._rounds import consistent_minimum
from optim import Status, gradient_descent, lagrange, least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

OFFSET = 1e-7  # the share of the residuals that a linear step may still remove at a minimum
VANISHED = 1e-10  # of what depended on a parameter at the start
STEPS = 2000  # down the gradient


def minimum_of(problem: Problem, method: str, progress: bool = False) -> FitResult:
    """Return the fit of a problem from its starting values."""
    refuse_together(problem, method)
    search = _least_squares
    if problem.constraints:
        search = _lagrange
    elif method == "gradient-descent":
        search = _gradient_descent
    try:
        problem, found = consistent_minimum(problem, partial(search, progress=progress))
    except TypeError as error:
        raise TypeError(
            f"the model cannot be recorded (or a tie or constraint), so there are no exact "
            f"derivatives: {error}. Write it in NumPy that returns new arrays, or use "
            'fit.curve_fit(..., jac="2-point")'
        ) from error
    p, residuals, J = _end(problem, found)
    result = FitResult(
        problem,
        p,
        np.asarray(np.linalg.qr(J, mode="r")),
        residuals,
        float(residuals @ residuals) if problem.loss == "linear" else 2 * float(found.cost),
        bool(found.success),
        found.status,
        str(found.message),
        int(found.nfev),
        method,
        found.get("path"),
    )
    if search is not _least_squares and result.success and result.determined.undetermined.size:
        left_open = "several parameters serve equally well"
        return replace(result, success=False, status=Status.SINGULAR, message=left_open)
    return result


def _end(problem: Problem, found: OptimizeResult) -> tuple[Array, Array, Array]:
    """Return the parameters where a search ended, the residuals there and their Jacobian."""
    p = np.asarray(found.x, float)
    by_least_squares = "cost" in found
    if by_least_squares:
        residuals, J = found.fun, found.jac
    else:
        residuals = np.asarray(problem.residuals(p), float)
        J = jacobian(problem.residuals)(p)
    if not np.isfinite(J).all():
        refuse_corner(problem, p, J)
    if by_least_squares and found.status is Status.SINGULAR:
        J = np.where(_vanished(problem, p, J), 0.0, J)
    signs = _without_sign(problem, p, residuals)
    return p * signs, residuals, J * signs


# -- the search ------------------------------------------------------------------------------


def _least_squares(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    parameters = problem.parameters
    return least_squares(
        problem.residuals,
        start,
        bounds=(parameters.lower, parameters.upper) if parameters.bounded else None,
        loss=problem.loss,
        f_scale=problem.f_scale or 1.0,
        offset_tol=TOLERANCE,
        progress=progress,
    )


def _lagrange(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    return lagrange(
        lambda p: problem.chi_squared(p) / 2,
        problem.constraint,
        start,
        progress=progress,
    )


def _gradient_descent(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    """Go down the gradient of χ², until the relative offset says that this is a minimum."""
    matrix = jacobian(problem.residuals)

    def judge(intermediate_result: OptimizeResult) -> None:
        p = intermediate_result.x
        residuals = np.asarray(problem.residuals(p))
        removable = np.linalg.qr(matrix(p))[0].T @ residuals
        if np.linalg.norm(removable) <= OFFSET * np.linalg.norm(residuals):
            raise StopIteration

    found = gradient_descent(
        problem.chi_squared,
        start,
        line_search="wolfe",
        tol=float(np.finfo(float).tiny),
        maxiter=STEPS,
        callback=judge,
        path=True,
        progress=progress,
    )
    if found.status is Status.STOPPED:
        found.update(
            success=True,
            status=Status.CONVERGED,
            message=f"a minimum: a linear step would remove less than {OFFSET:g} of the residuals",
        )
    return found


def _without_sign(problem: Problem, p: Array, residuals: Array) -> Array:
    """Return -1 for each parameter below 0 that may as well be above, as a width may, else 1."""
    parameters, signs = problem.parameters, np.ones(p.size)
    for k in np.flatnonzero(p < 0):
        turned = np.where(np.arange(p.size) == k, -p, p)
        if parameters.lower[k] <= turned[k] <= parameters.upper[k]:
            with np.errstate(all="ignore"):
                moved = np.asarray(problem.residuals(turned), float)
            if np.array_equal(moved, residuals):
                signs[k] = -1.0
    return signs


def _vanished(problem: Problem, p: Array, J: Array) -> Any:
    """Return on which parameters nothing depends any more because of what others have become.

    So it is with the centre of a peak whose height has become 0.
    """
    start, of = problem.parameters.start, jacobian(problem.residuals)
    least = VANISHED * np.linalg.norm(of(start), axis=0)
    vanished = np.linalg.norm(J, axis=0) <= least
    for k in np.flatnonzero(vanished):
        others = np.where(np.arange(p.size) == k, p, start)
        vanished[k] = np.linalg.norm(of(others)[:, k]) > least[k]
    return vanished
