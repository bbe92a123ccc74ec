"""A fit's result whose model may be evaluated so often and no more."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from fit.models._model import Model
from fit.uncertainties._estimate import Estimate

TIMES = 10  # the fit's own evaluations of the model, that all checks may take together
LONGER = f"it takes more than {TIMES} times the evaluations of the fit itself"


class SpentError(Exception):
    """The model has been evaluated as often as it may be."""


def within_evaluations(result: Estimate, evaluations: int) -> Estimate:
    """Return the same result, of a problem that raises `SpentError` when its model is spent.

    It is when it has been evaluated as often as so many evaluations of the residuals take: of each
    of these many with errors in x, where the nearest points have to be found.
    """
    problem, spent, limit = result.problem, 0, float("inf")

    def counting(*arguments: Any) -> Any:
        nonlocal spent
        if spent >= limit:
            raise SpentError
        spent += 1
        return problem.model(*arguments)

    model = Model(counting, names=problem.model.names, label=problem.model.label)
    within = replace(problem, model=model)
    same = copy(result)
    vars(same)["problem"] = within
    each = 1
    if problem.x_sigma is not None:
        within.residuals(result.p)
        each = spent
    spent, limit = 0, evaluations * each
    return same
