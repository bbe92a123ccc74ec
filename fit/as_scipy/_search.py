"""The search for a minimum of a task: by which derivatives, and from where."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fit.arguments._numbers import Array
from fit.as_scipy._derivatives import (
    NOISE,
    differences,
    raise_unless_recording_failed,
    recordable,
    weighted_jacobian,
)
from fit.as_scipy._task import NAMES, Task
from fit.problem._chi_squared import TOLERANCE, weighted_residuals
from optim import least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Search: TypeAlias = "Callable[[Array], OptimizeResult]"

FEW = 3  # parameters, up to which each may have either sign beside any of the others


def first_search(
    task: Task, jac: Any, transposed: bool, options: dict[str, Any]
) -> tuple[Search, OptimizeResult, float]:
    """Return a search, what it has found from the start, and the noise of its derivatives.

    Parameters
    ----------
    jac : callable, the name of one of SciPy's differences, or None
        None for exact derivatives, or "3-point" where the model cannot be recorded.
    transposed : bool
        Whether a callable ``jac`` has a row for each parameter.
    options : dict
        Those of `optim.least_squares`, by their names.
    """

    def by(residuals: Callable[[Any], Any], jac: Callable[[Array], Array] | None) -> Search:
        return lambda start: least_squares(
            residuals, start, bounds=task.limits, offset_tol=TOLERANCE, jac=jac, **options
        )

    if callable(jac):
        search = by(task.residuals, weighted_jacobian(jac, task.x, task.weights, transposed))
        return search, search(task.start), 0.0
    if jac is not None:
        search = by(task.residuals, differences(task.residuals, jac, task.limits))
        return search, search(task.start), NOISE[jac]
    x = recordable(task.x)
    recorded = weighted_residuals(task.f, x, task.y, task.weights, names=NAMES)
    search = by(recorded, None)
    try:
        return search, search(task.start), 0.0
    except Exception as error:
        raise_unless_recording_failed(error, task.residuals, recorded, task.start)
        reason = error
    found = first_search(task, "3-point", transposed, options)
    _warn_of_differences(reason)
    return found


def _warn_of_differences(error: Exception) -> None:
    warnings.warn(
        "f cannot be recorded, so that finite differences take the place of exact derivatives. "
        "Write f in plain NumPy (np.exp for math.exp, like= for arrays that are filled, no "
        "float()), or give jac='3-point', or a function for the derivatives, to have this without "
        f"a warning. The reason is a {type(error).__name__}: {error}",
        UserWarning,
        stacklevel=4,
    )


# -- from elsewhere --------------------------------------------------------------------------


def other_starts(n: int) -> list[Array]:
    """Return vectors of ones that have other signs than all positive."""
    if n > FEW:
        return [-np.ones(n)]
    return [np.array(signs) for signs in product((1.0, -1.0), repeat=n)][1:]


def best_from(
    starts: Iterable[Array], search: Callable[[Array], OptimizeResult], found: OptimizeResult
) -> OptimizeResult:
    """Return the lowest of the minima that are found, and of what was found before."""
    best = found
    for start in starts:
        try:
            other = search(start)
        except (ArithmeticError, ValueError):  # The model may refuse it.
            continue
        if other.success and (not best.success or other.cost < best.cost):
            best = other
    return best
