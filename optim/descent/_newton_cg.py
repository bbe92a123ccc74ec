"""Newton's method for many unknowns: each step by conjugate gradients, with no matrix at all."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.descent._convergence import negligible
from optim.descent._curvature import DENSE
from optim.descent._hessian_products import (
    FIRST_STEP,
    ModelStep,
    PointWithProducts,
    conjugate_gradients,
    lowest_curvature,
    model_step,
    norm_of,
    with_products,
    within,
)
from optim.descent._look_around import around_point, look_around, try_along
from optim.descent._quadratic_model import model_of
from optim.descent._surroundings import in_digits
from optim.descent._trust_region import (
    ACCEPTED,
    BLURRED,
    FADING,
    STUCK,
    March,
    falls_without_end,
    gain_ratio,
    next_radius,
    reach_to_rounding,
)
from optim.search._keywords import OF_MINIMISERS, answering
from optim.search._objective import Array, Iterate, Objective
from optim.search._rounding import EPS, FINEST, TINY
from optim.search._run import Callback, Search, Status, Verdict, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

LEFT_FAR_OFF = 0.03  # what conjugate gradients leave of the gradient, far from a minimum
LEFT_NEAR_BY = 1e-3  # and near one
LEFT_AT_THE_END = 1e-6  # and where a minimum is to be confirmed


@answering(OF_MINIMISERS)
def newton_cg(
    f: Callable[..., Any],
    x0: Any,
    *,
    args: Any = (),
    tol: float = 0.0,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Minimise ``f`` of many unknowns by Newton's method, without ever making the Hessian.

    Each step goes to the minimum of the exact quadratic model, or towards it as far as the model is
    trusted, by conjugate gradients. These need only products of the Hessian with vectors, which
    cost about as much as a gradient each. A direction of negative curvature that they come upon is
    followed to the rim of the trust region.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : array_like or structure
        Where to start.
    tol : float
        What part of f may be left to gain.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`; ``nhev`` counts products. Success is claimed only for
        a minimum, where no direction of negative curvature is found: in the whole Hessian of up to
        128 unknowns, and else by 32 further products.

    Raises
    ------
    ValueError, TypeError
        As of all methods.

    References
    ----------
    T. Steihaug, "The conjugate gradient method and trust regions in large scale optimization", SIAM
    Journal on Numerical Analysis 20 (1983), 626-637.

    Examples
    --------
    >>> def rosenbrock(x):
    ...     return np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)
    >>> result = newton_cg(rosenbrock, np.zeros(100))
    >>> bool(np.allclose(result.x, 1)), result.success
    (True, True)
    """
    check_tolerance("tol", tol, relative=True)
    objective = Objective(f, x0, args)
    return run(
        _search(objective, max(tol, FINEST)),
        objective,
        method="newton_cg",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
    )


def _search(objective: Objective, tol: float) -> Search:
    start = Iterate(objective.start, *objective.value_and_gradient(objective.start))
    yield start
    if not (isfinite(start.fun) and np.isfinite(start.jac).all()):
        return Status.NOT_FINITE, _not_finite(start)
    here = with_products(objective, start)
    if not here.usable:
        return Status.NOT_FINITE, _not_finite(start)
    reach = np.zeros_like(start.x)
    steepest = radius = 0.0
    march = March()
    previous = here
    while True:
        point = here.point
        reach = np.maximum(FADING * reach, np.abs(point.x))
        norm = norm_of(point.jac)
        steepest = max(steepest, norm)
        left = min(LEFT_FAR_OFF, max(norm / steepest, LEFT_NEAR_BY)) if steepest else LEFT_FAR_OFF
        there, radius = _next_point(objective, here, previous, reach, left, radius, tol)
        if not isinstance(there, PointWithProducts):
            return there
        move = there.point.x - point.x
        previous, here = here, there
        yield here.point
        far = march.goes_on(norm_of(move))
        if far and falls_without_end(objective.value, here.point.x, move, here.point.fun):
            return Status.UNBOUNDED, f"f falls without end along {in_digits(move)}"


def _next_point(
    objective: Objective,
    here: PointWithProducts,
    previous: PointWithProducts,
    reach: Array,
    left: float,
    radius: float,
    tol: float,
) -> tuple[PointWithProducts | Verdict, float]:
    """Return the point after a step that lowers f, or the verdict; and the next radius.

    ``left`` is the part of the model's gradient at which conjugate gradients end. A radius of 0 is
    one that is not known.
    """
    point = here.point
    renewed = False
    while True:
        step = conjugate_gradients(here, left, radius or np.inf)
        stuck = _tiny(step, reach)
        if stuck:
            step = conjugate_gradients(here, LEFT_FAR_OFF, np.inf)
        if stuck or (step.converged and _negligible(step, point, reach, tol)):
            found = _examine(objective, here, previous, reach, BLURRED if stuck else tol)
            if not isinstance(found, ModelStep):
                return found, 0.0
            # The radius may have shrunk along steps that were not the right ones.
            if stuck and not renewed:
                radius, renewed = 0.0, True
            step = within(radius or np.inf, found)
            if _tiny(step, reach):
                return (Status.STALLED, STUCK), radius
        x = point.x + step.move
        trial = Iterate(x, *objective.value_and_gradient(x))
        if trial.fun == -np.inf:
            return (Status.UNBOUNDED, f"f falls without end: it is -inf at x = {x!r:.80}"), radius
        gain = gain_ratio(point, trial, step.change)
        there = with_products(objective, trial) if gain > ACCEPTED else None
        if there is not None and not there.usable:
            there, gain = None, np.nan
        size = norm_of(step.move)
        radius = next_radius(radius or size, size, step.slope, trial.fun - point.fun, gain)
        radius = max(radius, TINY)
        if there is not None:
            return there, radius


def _tiny(step: ModelStep, reach: Array) -> bool:
    """Whether a step would change no unknown by more than rounding, or is none."""
    least = np.maximum(EPS / 2 * reach, TINY)
    return not (np.isfinite(step.move).all() and np.any(np.abs(step.move) > least))


def _negligible(step: ModelStep, point: Iterate, reach: Array, tol: float) -> bool:
    return negligible(step.move, step.slope, point.fun, reach, tol)


# -- the verdict -----------------------------------------------------------------------------


def _examine(
    objective: Objective,
    here: PointWithProducts,
    previous: PointWithProducts,
    reach: Array,
    tol: float,
) -> PointWithProducts | ModelStep | Verdict:
    """Return the way on from what seems to be a minimum, if there is one, or else the verdict.

    That is a point nearby where f is lower, or a step to be taken as far as the model is trusted.
    """
    seen = _by_matrix if reach.size <= DENSE else _by_products
    found = seen(objective, here, previous, reach, tol)
    if isinstance(found, ModelStep):
        return found
    lower, verdict = found
    if lower is not None:
        there = with_products(objective, Iterate(lower, *objective.value_and_gradient(lower)))
        if there.usable:
            return there
    return verdict


def _by_matrix(
    objective: Objective,
    here: PointWithProducts,
    previous: PointWithProducts,
    reach: Array,
    tol: float,
) -> ModelStep | tuple[Array | None, Verdict]:
    """Return a step down, or a lower point nearby and the verdict: by the Hessian."""
    point = here.point
    hess = objective.hessian(point.x)
    model = model_of(point.x, point.jac, hess, np.sqrt(np.abs(hess.diagonal())))
    if model.has_minimum(point, reach_to_rounding(reach, tol), tol):
        return look_around(objective, point, hess, reach)
    move = model.within(model.reasonable(reach)).move
    return model_step(point.jac, move, hess @ move, converged=False)


def _by_products(
    objective: Objective,
    here: PointWithProducts,
    previous: PointWithProducts,
    reach: Array,
    tol: float,
) -> ModelStep | tuple[Array | None, Verdict]:
    """Return a step down, or a lower point nearby and the verdict: by products."""
    point = here.point
    exact = conjugate_gradients(here, LEFT_AT_THE_END, np.inf)
    if exact.converged and not _negligible(exact, point, reach_to_rounding(reach, tol), tol):
        return exact
    lowest, direction, largest = lowest_curvature(here.product, point.x.size)
    rounding = point.x.size * EPS * largest
    if lowest < -rounding:
        move = direction * np.copysign(FIRST_STEP * (norm_of(reach) or 1.0), -point.jac @ direction)
        return model_step(point.jac, move, here.product(move), converged=False)
    # Where f is flatter than a parabola the curvature goes on changing as fast as it decreases.
    change = float(direction @ previous.product(direction)) - lowest
    if lowest > max(rounding, 2 * abs(change)):
        return None, (Status.CONVERGED, "a minimum: no direction has negative curvature there")
    terms = largest * norm_of(reach) * norm_of(reach)
    return try_along(around_point(objective, point, reach), [direction], terms)


def _not_finite(start: Iterate) -> str:
    if not isfinite(start.fun):
        return f"f is {start.fun} at the start"
    if not np.isfinite(start.jac).all():
        return f"the gradient at the start is not finite, though f is: {start.jac!r:.80}"
    return f"the Hessian at the start is not finite, though f is {start.fun:.6g}"
