"""From a problem to an estimate: the search for the least χ², and what is made of its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import is_lazy, jacobian, replaying
from fit.arguments._numbers import Array, all_finite
from fit.problem._chi_squared import has_derivatives
from fit.problem._problem import Problem
from fit.search._refusals import refuse_corner, refuse_end, refuse_together
from fit.search._rounds import PATIENCE, consistent_minimum
from fit.search._searches import Effort, search_by
from fit.uncertainties._covariance import triangle_of
from fit.uncertainties._estimate import Estimate
from optim import Status, least_squares

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
        if has_derivatives(problem.sample.residuals, start) and (
            not problem.constraints or has_derivatives(problem.constraint, start)
        ):
            raise
        of_part = "to a part of the data, " if is_lazy(problem.y) else ""
        raise TypeError(
            "the model cannot be recorded (or a tie or constraint), so there are no exact "
            f'derivatives: write what follows, or {of_part}use fit.curve_fit(..., jac="3-point"): '
            f"{error}"
        ) from error
    p, residuals, triangle, chi_squared = _end(problem, found)
    result = Estimate(
        problem,
        p,
        triangle,
        residuals,
        chi_squared,
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


def _end(problem: Problem, found: OptimizeResult) -> tuple[Array, Any, Array, float]:
    """Return the parameters where a search ended, the residuals there, R of their Jacobian, and χ².

    R is that of the QR factorisation.
    """
    p = np.asarray(found.x, float)
    if is_lazy(problem.y):
        residuals, triangle = found.fun, _triangle_in_chunks(problem, found)
        chi_squared = 2 * float(found.cost)
    else:
        residuals, J = _residuals_and_jacobian_at_end(problem, found)
        triangle = triangle_of(J)
        linear = problem.loss == "linear"
        chi_squared = float(residuals.dot(residuals)) if linear else 2 * float(found.cost)
    if found.status is Status.SINGULAR and "cost" in found:
        triangle = np.where(_without_influence(problem, p, triangle), 0.0, triangle)
    if not np.count_nonzero(p < 0):
        return p, residuals, triangle, chi_squared
    signs = _without_sign(problem, p)
    return p * signs, residuals, triangle * signs, chi_squared


def _residuals_and_jacobian_at_end(problem: Problem, found: OptimizeResult) -> tuple[Array, Array]:
    """Return what a search in memory has found, or what is there."""
    p = np.asarray(found.x, float)
    if "cost" in found:
        residuals, J = found.fun, found.jac
    else:
        residuals = problem.residuals_at(p)
        J = replaying(jacobian(problem.residuals))(p)
    if not all_finite(J):
        refuse_corner(problem, p, J)
    return residuals, J


def _triangle_in_chunks(problem: Problem, found: OptimizeResult) -> Array:
    """Return R where a search ended, without the weights of a robust loss."""
    triangle: Array = found.triangle
    if problem.loss != "linear":
        triangle = _triangle_at(problem, found.x)
    if not all_finite(triangle):
        refuse_end(problem, found.x, found.message)
    return triangle


def _triangle_at(problem: Problem, p: Array) -> Array:
    """Return R of the residuals' Jacobian, from one evaluation."""
    there = least_squares(problem.residuals, p, args=problem.args, max_nfev=0)
    triangle: Array = there.triangle
    return triangle


def _without_sign(problem: Problem, p: Array) -> Array:
    """Return -1 for each parameter below 0 that may as well be above, as a width may, else 1."""
    parameters, signs = problem.parameters, np.ones(p.size)
    for k in np.flatnonzero(p < 0):
        turned = np.where(np.arange(p.size) == k, -p, p)
        if parameters.lower[k] <= turned[k] <= parameters.upper[k]:
            with np.errstate(all="ignore"):
                if _stay(problem, p, turned):
                    signs[k] = -1.0
    return signs


def _stay(problem: Problem, p: Array, moved: Array) -> bool:
    """Whether the residuals are the same elsewhere as at p, computed alike: by no plan."""
    if _count_of_changes(problem.sample, p, moved):
        return False
    return not is_lazy(problem.y) or not problem.total(_count_of_changes, p, moved)


def _count_of_changes(part: Problem, p: Array, moved: Array) -> int:
    return int(np.count_nonzero(part.residuals_at(p) != part.residuals_at(moved)))


def _without_influence(problem: Problem, p: Array, triangle: Array) -> Any:
    """Return on which parameters nothing depends any more because of what others have become.

    So it is with the centre of a peak whose height has become 0.
    """
    start = problem.parameters.start
    least = VANISHED * np.linalg.norm(_triangle_at(problem, start), axis=0)
    vanished = np.linalg.norm(triangle, axis=0) <= least
    for k in np.flatnonzero(vanished):
        others = np.where(np.arange(p.size) == k, p, start)
        vanished[k] = np.linalg.norm(_triangle_at(problem, others)[:, k]) > least[k]
    return vanished
