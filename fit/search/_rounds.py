"""What a fit takes from its own minimum: a loss's scale, errors that follow the model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fit.arguments._numbers import Array
from fit.problem._losses import REDESCENDING, too_few
from fit.problem._problem import Problem
from fit.search._searches import Search
from optim import Status

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

ROUNDS = 50
PATIENCE = 4  # searches, that each go on where the last ran out of its evaluations
ALIKE = 1e-6  # relative changes that end the rounds


def consistent_minimum(
    problem: Problem, search: Search, patience: int = PATIENCE
) -> tuple[Problem, OptimizeResult]:
    """Return a minimum, and the problem with the scale that this minimum has."""
    start, evaluations = problem.parameters.start, 0
    if problem.f_scale is None and too_few(problem.n, start.size):
        # A scale that follows the residuals would follow them down to nothing.
        _, found = _minimum_by_rounds(
            replace(problem, loss="linear", f_scale=1.0), search, start, patience
        )
        scale = np.sqrt(2 * found.cost) / np.sqrt(max(problem.n - start.size, 1))
        problem = replace(problem, f_scale=max(scale, problem.rounding) or 1.0)
        evaluations += found.nfev
    if problem.loss in REDESCENDING:
        # From afar all points look like outliers, and there are minima at which most of them are.
        _, wider = _minimum_by_rounds(replace(problem, loss="soft_l1"), search, start, patience)
        start = wider.x
        evaluations += wider.nfev
    problem, found = _minimum_by_rounds(problem, search, start, patience)
    found.nfev += evaluations
    return problem, found


def _minimum_by_rounds(
    problem: Problem, search: Search, start: Array, patience: int
) -> tuple[Problem, OptimizeResult]:
    """Search again with the scale and the errors of the last minimum, until these stay."""
    if problem.f_scale is not None and not problem.follows_model:
        return problem, search(problem, start)
    evaluations = ran_out = 0
    posed = _with_scale(problem, start)
    for _ in range(ROUNDS):
        found = search(posed, start)
        evaluations += found.nfev
        last, start = posed, found.x
        posed = _with_scale(_with_errors_of_model(problem, start), start)
        ran_out += found.status is Status.LIMIT
        over = found.status is Status.STOPPED or ran_out == patience
        if over or not _change(last, posed) > ALIKE:
            break
    else:
        if problem.follows_model:
            left = f"the errors that follow the model do not stay the same after {ROUNDS} fits"
            found.update(success=False, status=Status.LIMIT, message=left)
    found.nfev = evaluations
    return last, found


def _with_scale(problem: Problem, p: Array) -> Problem:
    """Return the problem with the standard deviation that the residuals at p have as its scale."""
    if problem.f_scale is not None:
        return problem
    scale = problem.typical_size(problem.residuals_at(p), max(problem.n - p.size, 1))
    return replace(problem, f_scale=max(scale, problem.rounding) or 1.0)


def _with_errors_of_model(problem: Problem, p: Array) -> Problem:
    """Return the problem with the errors that the model at p has."""
    if problem.relative is None or problem.relative.of == "data":
        return problem
    values = np.abs(np.asarray(problem.model_at(problem.x)(p), float)) * np.ones(len(problem.y))
    if not values.all():
        raise ValueError(
            f"the model is 0 at point {np.argmin(values)}, where an error relative to it would be "
            "0: give sigma itself"
        )
    weights = 1 / (np.asarray(problem.relative.fraction) * values)
    return replace(problem, weights=weights)


def _change(one: Problem, other: Problem) -> float:
    """Return by how much scale and errors have changed, relative to themselves."""
    scale, before = other.f_scale or 1.0, one.f_scale or 1.0
    changes = [abs(scale / before - 1)]
    if one.follows_model and one.sigma is not None and other.sigma is not None:
        count = one.counting
        changes.append(float(np.max(np.abs(other.sigma[count] / one.sigma[count] - 1))))
    return max(changes)
