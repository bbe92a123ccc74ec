"""A fit's result whose problem may be evaluated so often and no more."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from fit.models._model import Model
from fit.problem._problem import Problem, SpentError
from fit.uncertainties._estimate import Estimate

TIMES = 10  # the fit's own evaluations of the model, that all checks may take together
LONGER = f"it takes more than {TIMES} times the evaluations of the fit itself"


def within_evaluations(result: Estimate, evaluations: int) -> Estimate:
    """Return the same result, of a problem that raises `SpentError` after so many evaluations."""
    problem, same = result.problem, copy(result)
    if problem.x_sigma is None:
        vars(same)["problem"] = within = copy(problem)
        vars(within)["evaluations_left"] = evaluations
    else:
        vars(same)["problem"] = _with_rationed_model(problem, result, evaluations)
    return same


def _with_rationed_model(problem: Problem, result: Estimate, evaluations: int) -> Problem:
    """Return the problem with a model that may be evaluated as often as so many residuals take.

    With errors in x that is many times for each of them, here fewer and there more, to find the
    nearest points. A model that counts has no plan.
    """
    spent, limit = 0, float("inf")

    def counting(*arguments: Any) -> Any:
        nonlocal spent
        if spent >= limit:
            raise SpentError
        spent += 1
        return problem.model(*arguments)

    model = Model(counting, names=problem.model.names, label=problem.model.label)
    within = replace(problem, model=model)
    within.residuals(result.p)
    spent, limit = 0, evaluations * spent
    return within
