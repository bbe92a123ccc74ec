"""Least squares: what the caller gives, and the verdict on what was found."""

from __future__ import annotations

from collections.abc import Callable, Generator
from operator import le
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.chunks._chunks import is_in_chunks
from optim.search._bounds import Bounds
from optim.search._keywords import OF_LEAST_SQUARES, answering
from optim.search._objective import Array, Iterate
from optim.search._rounding import EPS
from optim.search._run import Callback, Status, Verdict, check_count, check_tolerance, run
from optim.squares._bounds import as_vectors, out_of_bounds
from optim.squares._chunked_residuals import ChunkedResiduals
from optim.squares._gauss_newton_model import GaussNewtonModel, gauss_newton_model, held_by
from optim.squares._levenberg_marquardt import End, levenberg_marquardt
from optim.squares._newton_steps import bends_down, beside_saddle
from optim.squares._residual_point import Function, ResidualPoint, norm
from optim.squares._residuals import LeastSquaresProblem, Residuals
from optim.squares._robust import Loss, loss_named

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

CONVERGED = 1e-4  # the relative offset beyond which nothing is called a minimum, unless asked to
WORTH_IT = 1e-9  # of the cost: what a step aside from a saddle point must lead down by
NOISELESS = 1e-10  # of the model's terms: what may be left where the residuals hold no noise


@answering(OF_LEAST_SQUARES)
def least_squares(
    residuals: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    bounds: Any = None,
    loss: str | Loss = "linear",
    f_scale: float = 1.0,
    jac: Callable[..., Any] | None = None,
    offset_tol: float = 0.0,
    max_nfev: int | None = None,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise half the sum of squared residuals by the method of Levenberg and Marquardt.

    Each step solves the linearised problem inside a trust region, whose axes are scaled by the
    largest norm that each column of the Jacobian has had, and inside the bounds. Convergence is
    judged by the relative offset: the part of the residuals that a step could still remove, over
    the part that it could not, each per degree of freedom. Undamped Gauss-Newton steps, each
    accelerated by the one before, then go on down to rounding; where the residuals are so large and
    so curved that these do not converge, Newton steps with the exact Hessian do, and so do they
    lead on, inside a trust region, where the linearised problem only creeps. Where the search ends
    at a singular Jacobian, and the Hessian tells of a saddle point, it goes on beside it.

    Parameters
    ----------
    residuals : callable
        Takes what ``x0`` is, and ``args``, and returns an array of any shape, or a list.
    x0 : array_like or structure
        Where to start.
    bounds : (lower, upper), scipy.optimize.Bounds, or dict of pairs by key, optional
        Between which x stays, at every evaluation. Each is a number for all unknowns, or has the
        structure of ``x0``. Of a dict as ``x0`` each key may have a pair, or none. None and
        infinities are no bounds. Where both are equal the unknown is fixed.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"} or callable
        What a residual costs, as a function ρ(z) of its square in units of ``f_scale``: the
        names as in SciPy, or a function in plain NumPy. It is differentiated exactly, twice.
    f_scale : float
        The size beyond which residuals count as outliers.
    jac : callable, optional
        Takes what ``residuals`` takes and returns their Jacobian, of shape ``fun.shape`` and one
        more axis for the unknowns, where the residuals cannot be recorded. Newton steps need them
        to be, and are not taken then.
    offset_tol : float
        The relative offset, by how many of its standard errors an unknown is still off, from which
        on one last step suffices, and is taken without new derivatives: ``jac`` then is that before
        it. At least 0, as by default, for which the search goes on down to rounding, and below 1.
    max_nfev : int, optional
        How often the residuals may be evaluated, with their Jacobian or without; by default 200
        times one more than there are unknowns. The start is evaluated even for 0.
    args : tuple
        What ``residuals`` takes behind x. Where some are Dask arrays, it is called on their chunks
        along the last axis, which have to match, and on all else as it is, by tasks on Dask's
        current scheduler: one pass over the data for each evaluation, of which only sums are kept.
        A residual may depend on its own entries of these arrays alone, so that what else has a
        value for each entry has to be a Dask array too; the residuals' last axis is theirs. This is
        tried on a sample of entries, where a branch on their values, as on the largest, may not
        show.
    callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`: ``fun`` holds the residuals, and ``jac`` is their
        Jacobian, of shape ``fun.shape + x.shape``, or a structure of such blocks, neither weighted
        by the loss; both are Dask arrays where the data are. Besides, ``cost``, half the sum of
        squares, or of ``f_scale**2 * ρ``; and ``active_mask``, -1 or 1 for an unknown that its
        lower or upper bound holds, else 0. Of a success the message tells whether the relative
        offset is small, or rounding ended the search. SINGULAR says that, to first order, several x
        serve equally well.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when the residuals are empty, complex, or no function, as ``jac``; when
        ``bounds`` is a list of pairs, as for `minimize`, or a lower bound lies above the upper one
        or is NaN; when the loss has no such name, or ``f_scale`` is not positive; when the chunks
        of Dask arrays do not match, or the residuals of a chunk depend on others of its entries.

    References
    ----------
    J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory" (1978).
    D. M. Bates and D. G. Watts, "Nonlinear Regression Analysis and Its Applications" (1988).

    Examples
    --------
    >>> t, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.0, 1.2, 0.7, 0.4])
    >>> result = least_squares(lambda x: x[0] * np.exp(-x[1] * t) - y, [1.0, 1.0])
    >>> result.x.round(4), result.success
    (array([2.0058, 0.5261]), True)
    >>> result = least_squares(
    ...     lambda p: p["a"] * np.exp(-p["rate"] * t) - y,
    ...     {"a": 1.0, "rate": 0.3},
    ...     bounds={"rate": (0, 0.5)},
    ... )
    >>> {name: round(float(value), 4) for name, value in result.x.items()}, result.active_mask
    ({'a': 1.9798, 'rate': 0.5}, {'a': np.int64(0), 'rate': np.int64(1)})
    >>> import dask.array as da
    >>> in_chunks = da.from_array(t, chunks=2), da.from_array(y, chunks=2)
    >>> result = least_squares(lambda x, t, y: x[0] * np.exp(-x[1] * t) - y, [1, 1], args=in_chunks)
    >>> result.x.round(4), result.fun.chunks
    (array([2.0058, 0.5261]), ((2, 2),))
    """
    _check_functions(residuals, jac)
    check_tolerance("offset_tol", offset_tol, relative=True)
    kind = ChunkedResiduals if is_in_chunks(args) else Residuals
    problem = kind(residuals, x0, args, loss_named(loss), f_scale, jac)
    problem.bounds = None if bounds is None else as_vectors(bounds, problem)
    limit = 200 * (problem.start.size + 1) if max_nfev is None else max_nfev
    check_count("max_nfev", limit)
    return run(
        _search(problem, limit, offset_tol),
        problem,
        method="least_squares",
        maxiter=max(limit, 1),  # steps, each of which takes an evaluation at the least
        callback=callback,
        path=path,
        progress=progress,
        badness=_cost,
    )


def _cost(point: Iterate | ResidualPoint) -> float:
    return point.cost if isinstance(point, ResidualPoint) else np.nan


def _check_functions(residuals: Any, jac: Any) -> None:
    if not callable(residuals):
        raise TypeError(
            "expected residuals to be a function, which comes first, as in "
            f"least_squares(residuals, x0), got {residuals!r:.60}"
        )
    if jac is not None and not callable(jac):
        raise TypeError(
            "expected jac to be a function, where residuals cannot be recorded: elsewhere leave it "
            f"out, for derivatives are exact; got {jac!r:.60}"
        )


def _search(
    problem: LeastSquaresProblem, limit: int, offset_tol: float
) -> Generator[Any, None, Verdict]:
    outside = out_of_bounds(problem.bounds, problem)
    if outside:
        yield Iterate(problem.start, np.nan)
        return Status.INFEASIBLE, outside
    point = problem.evaluate(problem.start)
    yield point
    if not point.usable:
        return Status.NOT_FINITE, _not_finite(point)
    if not limit:
        return Status.LIMIT, "0 evaluations (max_nfev) were not enough"
    hessian = problem.hessian if problem.can_be_recorded else None
    function = Function(
        problem.evaluate, problem.cost, problem.sample, problem.with_frozen_jacobian, hessian
    )
    bounds = problem.bounds
    end = yield from levenberg_marquardt(function, point, limit - 1, bounds, offset_tol)
    status, message = _verdict(end, bounds, offset_tol)
    while status is Status.SINGULAR and problem.nfev < limit:
        if end.point.cost <= end.point.rounding**2:  # whose derivatives are those of rounding
            break
        beside = beside_saddle(function, end.point, bounds)
        if beside is None:
            break
        left = max(limit - problem.nfev, 0)
        lower = yield from levenberg_marquardt(function, beside, left, bounds, offset_tol)
        if not lower.point.cost < (1 - WORTH_IT) * end.point.cost:
            yield end.point
            break
        end = lower
        status, message = _verdict(end, bounds, offset_tol)
    if status is Status.STALLED and problem.nfev < limit:
        message += problem.change_since(end.point)
    # Whoever descends hardly ever ends at a saddle point, but may well start from one.
    stayed = status.success and end.point is point
    if stayed and hessian and bends_down(hessian(point.x), point, bounds):
        return Status.OTHER_KIND, (
            "the start is a stationary point, but no minimum: the cost bends down from there"
        )
    return status, message


# -- the verdict -----------------------------------------------------------------------------


def _verdict(end: End, bounds: Bounds | None, offset_tol: float) -> Verdict:
    """Return the status and the message for where the search ended."""
    point, linear, _, ended = end
    enough = max(CONVERGED, offset_tol)
    if not ended:
        return (
            Status.LIMIT,
            f"no minimum was reached within max_nfev evaluations: {_rest(point, linear)}",
        )
    if not _at_minimum(point, linear, enough):
        # Some minima have a singular Jacobian, and can be approached to half the digits only.
        linear = gauss_newton_model(point, point.norms, bounds, EPS**0.5)
    if not _at_minimum(point, linear, enough):
        return Status.STALLED, (
            "no step lowers the cost, yet to first order this is no minimum: "
            f"{_rest(point, linear)}. There may be a corner here, which may be a minimum or none, "
            "or the unknowns may have run off to where nothing depends on them"
        )
    undetermined = _undetermined_steps(end, linear, bounds)
    if undetermined.size:
        count = undetermined.shape[1]
        step = undetermined[:, 0]
        step = np.round(step / step[np.argmax(np.abs(step))], 3) + 0.0
        direction = np.array2string(step, separator=", ", threshold=8)
        return Status.SINGULAR, (
            f"the Jacobian is singular (rank {linear.n - count} of {linear.n}): the residuals do "
            f"not determine all unknowns, since they hardly change along {direction}"
        )
    if linear.offset > enough:
        return (
            Status.CONVERGED,
            "a minimum: no step could change the residuals by more than rounding",
        )
    return (
        Status.CONVERGED,
        f"a minimum: the relative offset is {linear.offset:.2g}",
    )


def _rest(point: ResidualPoint, linear: GaussNewtonModel) -> str:
    share = linear.removable / (abs(point.cost) ** 0.5 or 1.0)
    return f"a linear step would still remove {share:.2g} of the residuals' norm"


def _at_minimum(point: ResidualPoint, linear: GaussNewtonModel, enough: float) -> bool:
    """Whether nothing is left to remove, beside the noise or beside rounding."""
    return linear.offset <= enough or linear.removable <= NOISELESS * point.terms


def _undetermined_steps(end: End, linear: GaussNewtonModel, bounds: Bounds | None) -> Array:
    """Return steps that change no residual, those of unknowns that ran off to infinity included.

    The residuals once depended on such an unknown, but even its whole size matters no longer.
    """
    point = end.point
    least = (NOISELESS * end.scale).tolist()
    if linear.rank == linear.n and not any(map(le, point.norms.tolist(), least)):
        return np.zeros((point.x.size, 0))
    fallen = point.norms <= NOISELESS * end.scale
    steps = np.zeros((point.x.size, linear.n - linear.rank))
    free = slice(None) if bounds is None else ~held_by(bounds, point)
    steps[free] = linear.undetermined
    terms = point.norms * np.abs(point.x)
    gone = fallen & (point.norms > 0) & (terms <= NOISELESS * norm(terms))
    return np.column_stack([steps, np.eye(point.x.size)[:, gone]])


def _not_finite(start: ResidualPoint) -> str:
    where = start.not_finite()
    if not where:
        where = "the sum of squares overflows"
        if np.isnan(start.cost):
            where = "the loss of a residual is nan"
    return f"not finite at the start: {where}"
