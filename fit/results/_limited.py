"""A fit's result whose model may be evaluated so often and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fit.models._model import Model

if TYPE_CHECKING:
    from fit.results._result import FitResult


class SpentError(Exception):
    """The model has been evaluated as often as it may be."""


def limited(result: FitResult, evaluations: int) -> FitResult:
    """Return the same result, of a problem that raises `SpentError` from so many evaluations on."""
    left = evaluations

    def counted(f: Callable[..., Any]) -> Callable[..., Any]:
        def of_those_left(*arguments: Any) -> Any:
            nonlocal left
            if not left:
                raise SpentError
            left -= 1
            return f(*arguments)

        return of_those_left

    problem = result.problem
    model = Model(counted(problem.model), names=problem.model.names, label=problem.model.label)
    same = object.__new__(type(result))
    within = replace(problem, model=model, weighted=counted(problem.weighted))
    vars(same).update(vars(result) | {"problem": within})
    return same
