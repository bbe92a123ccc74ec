"""What a search refuses: combinations that no method knows, and ends without derivatives."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from fit.arguments._numbers import Array
from fit.arguments._words import from_the_middle
from fit.problem._chi_squared import TOLERANCE
from fit.problem._losses import loss_in_words
from fit.problem._problem import Problem
from fit.search._searches import Effort


def values_in_words(problem: Problem, p: Array) -> str:
    """Return all parameters where the free ones are p."""
    return ", ".join(f"{k} = {v:g}" for k, v in problem.parameters.by_name(p).items())


def refuse_corner(problem: Problem, p: Array, J: Array) -> NoReturn:
    """Say where the model has no derivative."""
    point, k = np.argwhere(~np.isfinite(J))[0]
    raise ValueError(
        f"the derivative of the model by {problem.parameters.free[k]} is {J[point, k]} at point "
        f"{point} for {values_in_words(problem, p)}: give other starting values in p0, or bounds"
    )


def refuse_together(problem: Problem, method: str, effort: Effort) -> None:
    """Refuse what no method does together."""
    by_gradient = method == "gradient-descent"
    special = f"method={method!r}" if by_gradient else "constraints"
    if not (by_gradient or problem.constraints):
        return
    for what, given in (
        ("bounds", problem.parameters.bounded),
        (f"loss={loss_in_words(problem.loss)}", problem.loss != "linear"),
        ("offset_tol", effort.offset_tol != TOLERANCE),
        ("max_nfev", effort.max_nfev is not None),
        ("constraints", by_gradient and bool(problem.constraints)),
    ):
        if given:
            raise ValueError(f"{what} cannot be combined with {special}: leave one of them out")


def refuse_end(problem: Problem, p: Array, reason: str) -> NoReturn:
    """Say of data in chunks that the model, or a derivative, is not finite."""
    shift = from_the_middle(problem.sample.x)
    raise ValueError(
        f"the model or a derivative of it is not finite for {values_in_words(problem, p)} "
        f"({reason}): give other starting values in p0, or bounds"
        + (f", or write the model with {shift}" if shift else "")
    )
