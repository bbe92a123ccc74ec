"""What curve_fit answers: the covariance, and what SciPy tells of the end of a search."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fit.arguments._numbers import Array
from fit.as_scipy._task import Task
from fit.problem._losses import Loss
from fit.verdict._worth import only_minimum, shortcoming
from optim import Status

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

# What ends a search of `optim.least_squares` is called in SciPy; all of them are an answer.
IER = {Status.CONVERGED: 1, Status.STALLED: 3, Status.OTHER_KIND: 3, Status.SINGULAR: 4}


def covariance_at(result: OptimizeResult, freedom: int, absolute: bool, noise: float) -> Array:
    """Return (JᵀJ)⁻¹, scaled by χ² over the degrees of freedom unless the errors are absolute.

    Noise is that of the derivatives, relative to them.
    """
    n, status = result.x.size, result.status
    if status is Status.SINGULAR:
        missing = result.message + "; p0 may be too far off" * (result.nit == 0)
    elif freedom <= 0 and not absolute:
        missing = (
            "there are as many parameters as points, so that the residuals tell nothing about the "
            "errors; give sigma, with absolute_sigma=True"
        )
    else:
        if status is Status.STALLED or status is Status.OTHER_KIND:
            warn(f"The parameters are the best that were found, but {result.message}")
        triangle = result.triangle
        inverse, failed = _inverse_of_triangle()(triangle)
        if not failed and not (noise and _singular(triangle, noise)):
            covariance: Array = inverse.dot(inverse.T)
            return covariance if absolute else covariance * (2 * result.cost / freedom)
        missing = "the Jacobian is singular as far as finite differences tell"
    warn(f"Covariance of the parameters could not be estimated: {missing}")
    return np.full((n, n), np.inf)


@cache
def _inverse_of_triangle() -> Any:
    from scipy.linalg.lapack import dtrtri

    return dtrtri


def _singular(triangle: Array, noise: float) -> bool:
    """Whether some columns of unit length differ by no more than noise from being dependent."""
    columns = triangle / np.linalg.norm(triangle, axis=0)
    return bool(np.linalg.svd(columns, compute_uv=False)[-1] <= noise)


def warn(message: str) -> None:
    """Warn of a covariance or a fit as SciPy does, at the line that called `curve_fit`."""
    from scipy.optimize import OptimizeWarning

    warnings.warn(message, OptimizeWarning, stacklevel=4)


def refuse_failure(task: Task, result: OptimizeResult) -> None:
    """Raise what SciPy raises where a search has found nothing."""
    status = result.status
    if status is Status.NOT_FINITE:
        what = _not_finite(task, result)
        raise ValueError(f"p0 = {task.start} is no place to start: {what}")
    if status is Status.LIMIT or status is Status.STOPPED:
        raise RuntimeError(f"Optimal parameters not found: {result.message}")


def shortcoming_of(task: Task, result: OptimizeResult, loss: Loss) -> str:
    """Return why a minimum describes nothing, in words, if so."""
    if not result.success or loss != "linear":
        return ""
    p, chi_squared = result.x, 2 * result.cost
    return shortcoming(lambda x: task.f(x, *p), task.x, task.y, task.weights, chi_squared)


def warn_of_shortcoming(task: Task, result: OptimizeResult, said: str) -> None:
    """Warn that a minimum describes nothing, and say what to do about it."""
    instead = "give p0, or another one, unless f is wrong"
    if only_minimum(task.residuals, result.x):
        instead = "since f is linear in its parameters there is no better minimum"
    warn(f"{said[0].upper()}{said[1:]}: {instead}")


def info_of_end(result: OptimizeResult, of_lm: bool) -> dict[str, Any]:
    """Return what SciPy tells of the end, and of its method "lm" the QR factors there."""
    told = {"nfev": result.nfev, "fvec": result.fun}
    if of_lm:
        fjac, _ = np.linalg.qr(result.jac, mode="raw")
        Q, _ = np.linalg.qr(result.jac)
        told |= {"fjac": fjac, "ipvt": np.arange(result.x.size), "qtf": Q.T @ result.fun}
    return told


def _not_finite(task: Task, result: OptimizeResult) -> str:
    """Return which value of the model is not finite at the start."""
    with np.errstate(all="ignore"):
        values = np.ravel(task.f(task.x, *result.x))
    bad = np.flatnonzero(~np.isfinite(values))
    return f"f(xdata, *p0)[{bad[0]}] is {values[bad[0]]}" if bad.size else result.message
