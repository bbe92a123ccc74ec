"""From a problem to an estimate: the search for the least χ², and what is made of its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import jacobian, replaying
from fit.arguments._numbers import Array, all_finite
from fit.problem._chi_squared import has_derivatives
from fit.problem._problem import Problem
from fit.search._refusals import refuse_corner, refuse_together
from fit.search._rounds import PATIENCE, consistent_minimum
from fit.search._searches import Effort, search_by
from fit.uncertainties._covariance import triangle_of
from fit.uncertainties._estimate import Estimate
from optim import Status

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

VANISHED = 1e-10  # of what depended on a parameter at the start


def minimum_of(problem: Problem, method: str, effort: Effort) -> Estimate:
    """Return the fit of a problem from its starting values."""
    refuse_together(problem, method, effort)
    search = search_by(problem, method, effort)
    patience = PATIENCE if effort.max_nfev is None else 1
    try:
        problem, found = consistent_minimum(problem, search, patience)
    except TypeError as error:
        start = problem.parameters.start
        if has_derivatives(problem.residuals, start) and (
            not problem.constraints or has_derivatives(problem.constraint, start)
        ):
            raise
        raise TypeError(
            "the model cannot be recorded (or a tie or constraint), so there are no exact "
            'derivatives: write what follows, or use fit.curve_fit(..., jac="3-point"): '
            f"{error}"
        ) from error
    p, residuals, J = _end(problem, found)
    result = Estimate(
        problem,
        p,
        triangle_of(J),
        residuals,
        float(residuals.dot(residuals)) if problem.loss == "linear" else 2 * float(found.cost),
        bool(found.success),
        found.status,
        str(found.message),
        int(found.nfev),
        method,
        found.get("path"),
    )
    if "cost" not in found and result.success and result.determined.undetermined.size:
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
        J = replaying(jacobian(problem.residuals))(p)
    if not all_finite(J):
        refuse_corner(problem, p, J)
    if by_least_squares and found.status is Status.SINGULAR:
        J = np.where(_without_influence(problem, p, J), 0.0, J)
    if not np.count_nonzero(p < 0):
        return p, residuals, J
    signs = _without_sign(problem, p, residuals)
    return p * signs, residuals, J * signs


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


def _without_influence(problem: Problem, p: Array, J: Array) -> Any:
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
