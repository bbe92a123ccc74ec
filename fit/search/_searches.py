"""The searches that a fit is made of: by least squares, by multipliers, or down the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from autodiff import jacobian, replaying
from fit.arguments._numbers import Array
from fit.problem._chi_squared import TOLERANCE, half_of
from fit.problem._problem import Problem
from optim import Status, gradient_descent, lagrange, least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Search: TypeAlias = "Callable[[Problem, Array], OptimizeResult]"
Callback: TypeAlias = "Callable[[OptimizeResult], Any]"

OFFSET = 1e-7  # the share of the residuals that a linear step may still remove at a minimum
STEPS = 2000  # down the gradient


class Effort(NamedTuple):
    """How far a fit is searched for, and who is told of it: as the arguments of `fit.fit`."""

    offset_tol: float = TOLERANCE
    max_nfev: int | None = None
    callback: Callback | None = None
    progress: bool = False


def search_by(problem: Problem, method: str, effort: Effort) -> Search:
    """Return how the minimum of a problem is searched for, from some start."""
    if problem.constraints:
        return _by_multipliers(effort)
    return _down_the_gradient(effort) if method == "gradient-descent" else _by_squares(effort)


def _by_squares(effort: Effort) -> Search:
    """Return a search by least squares; of several in turn, what ends one is the end of all."""
    left = effort.max_nfev
    end: dict[str, Any] = {}

    def search(problem: Problem, start: Array) -> OptimizeResult:
        nonlocal left
        parameters = problem.parameters
        found = least_squares(
            problem.residuals,
            start,
            args=problem.args,
            bounds=(parameters.lower, parameters.upper) if parameters.bounded else None,
            loss=problem.loss,
            f_scale=problem.f_scale or 1.0,
            offset_tol=effort.offset_tol,
            max_nfev=0 if end else left,
            callback=None
            if end
            else _callback_by_name(effort.callback, problem, lambda at: 2 * at.cost),
            progress=effort.progress,
        )
        if left == 0 and found.status is Status.LIMIT:
            found.message = f"{effort.max_nfev} evaluations (max_nfev) were not enough"
        found.update(end)
        if found.status is Status.STOPPED or (left is not None and found.status is Status.LIMIT):
            end.update(success=False, status=found.status, message=found.message)
        left = None if left is None else max(left - found.nfev, 0)
        return found

    return search


def _by_multipliers(effort: Effort) -> Search:
    def search(problem: Problem, start: Array) -> OptimizeResult:
        return lagrange(
            half_of(problem.chi_squared),
            start,
            problem.constraint,
            callback=_callback_by_name(effort.callback, problem, lambda at: 2 * at.fun),
            progress=effort.progress,
        )

    return search


def _down_the_gradient(effort: Effort) -> Search:
    """Return a search until the relative offset says that this is a minimum."""

    def search(problem: Problem, start: Array) -> OptimizeResult:
        matrix = replaying(jacobian(problem.residuals))
        tell = _callback_by_name(effort.callback, problem, lambda at: at.fun)
        arrived = False

        def judge(intermediate_result: OptimizeResult) -> None:
            nonlocal arrived
            if tell is not None:
                tell(intermediate_result)
            p = intermediate_result.x
            residuals = np.asarray(problem.residuals(p))
            removable = np.linalg.qr(matrix(p))[0].T @ residuals
            arrived = bool(np.linalg.norm(removable) <= OFFSET * np.linalg.norm(residuals))
            if arrived:
                raise StopIteration

        found = gradient_descent(
            problem.chi_squared,
            start,
            line_search="wolfe",
            gtol=float(np.finfo(float).tiny),
            maxiter=STEPS,
            callback=judge,
            path=True,
            progress=effort.progress,
        )
        if arrived:
            left = f"a linear step would remove less than {OFFSET:g} of the residuals"
            found.update(success=True, status=Status.CONVERGED, message=f"a minimum: {left}")
        return found

    return search


def _callback_by_name(
    callback: Callback | None, problem: Problem, chi_squared: Callable[[OptimizeResult], float]
) -> Callback | None:
    """Return the callback of a search that tells that of a fit, which knows parameters by name."""
    if callback is None:
        return None
    from scipy.optimize import OptimizeResult

    def tell(intermediate_result: OptimizeResult) -> None:
        by_name = problem.parameters.by_name(np.asarray(intermediate_result.x, float))
        callback(
            OptimizeResult(
                x={name: float(value) for name, value in by_name.items()},
                chi_squared=float(chi_squared(intermediate_result)),
                nit=intermediate_result.nit,
                nfev=intermediate_result.nfev,
            )
        )

    return tell
