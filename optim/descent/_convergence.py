"""When a search for a minimum may end: tests that do not depend on the units of x and of f."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import sqrt
from typing import NamedTuple

import numpy as np

from optim._objective import Array, Iterate, Objective
from optim._run import Status, Verdict
from optim.descent._flat_directions import tried
from optim.descent._line_search import ROUNDING

TOL = 1e-10
ROUGH = 0.3  # the power of it that calls for a look at the Hessian
CAREFUL = 0.77  # and the one that calls for a look at products with it
DENSE = 128  # unknowns up to which a Hessian costs no more than a few products with it
PRODUCTS = 6  # with the Hessian, where there are more unknowns
SINGULAR = 1e-10  # of the largest curvature: what is below may be rounding
CONTRACTION = 0.25  # of the fall that is left, what a step next to a minimum leaves
FAST = 0.01  # what it leaves where the second derivatives there are not singular
BEYOND = 100.0  # steps
UNDERFLOW = 1e-300
EPS = float(np.finfo(float).eps)


def negligible(
    step: Array, slope: float, fun: float, reach: Array, tol: float, highest: float | None = None
) -> bool:
    """Whether a full step would change f, or else x, by an amount that matters to nobody.

    Parameters
    ----------
    step : ndarray of shape (n,)
        To the minimum of a quadratic model of f.
    slope : float
        The derivative of f along the step, so that the model falls by ``-slope / 2``.
    fun : float
        f here.
    reach : ndarray of shape (n,)
        The largest size that each unknown has had.
    tol : float
        What counts as nothing: ``tol`` of f; or, where f is about to go to zero and has come
        down to ``tol`` squared of its largest size, the root of ``tol`` of the reach.
    highest : float, optional
        The largest size that f has had. Where it is not given, a small step is enough.
    """
    if -slope <= 2 * tol * abs(fun):
        return True
    if highest is None:
        return tiny(step, reach, tol)
    vanishing = abs(fun) <= min(-5 * slope, tol**2 * highest)
    return vanishing and tiny(step, reach, tol)


def tiny(step: Array, reach: Array, tol: float) -> bool:
    """Whether a step is nothing beside the reach of each unknown, or rounding beside all."""
    floor = tol * float(reach.max())
    return bool((np.abs(step) <= sqrt(tol) * (reach + floor)).all())


class Curved(NamedTuple):
    """What the exact second derivatives say of a point."""

    step: Array  # of Newton's method, with curvatures taken as positive
    slope: float  # of f along it
    lowest: float  # the lowest curvature that was found
    largest: float
    solve: Callable[[Array], Array]  # what turns a gradient nearby into minus a step
    noise: Array | float = 0.0  # of the gradient, from the rounding of x alone
    level: tuple[Array, ...] = ()  # directions without curvature, where some have one

    @property
    def flat(self) -> bool:
        """Whether f has no curvature at all."""
        return self.largest == 0

    @property
    def bends_down(self) -> bool:
        """Whether f is curved downwards along some direction."""
        return self.lowest < -SINGULAR * self.largest


def curved(
    objective: Objective, x: Array, jac: Array, precondition: Callable[[Array], Array]
) -> Curved:
    """Look at f's exact second derivatives: all of them, or, of many unknowns, some products."""
    if x.size <= DENSE:
        return _dense(objective.hessian(x), x, jac)
    return _sampled(objective.hessian_product(x), jac, precondition)


def _dense(matrix: Array, x: Array, jac: Array) -> Curved:
    # In units in which all diagonal entries are alike, so that the unknowns' own do not matter.
    scale = np.sqrt(np.abs(matrix.diagonal()))
    scale[~(scale > SINGULAR * scale.max())] = scale.max() or 1.0
    scaled = matrix / scale / scale[:, None]
    if not np.isfinite(scaled).all():
        nothing = np.full_like(jac, np.nan)
        return Curved(nothing, np.nan, np.nan, np.nan, lambda g: nothing)
    level: tuple[Array, ...] = ()
    try:
        np.linalg.cholesky(scaled)
        lowest, largest = 0.0, 1.0
    except np.linalg.LinAlgError:
        values, axes = np.linalg.eigh(scaled)
        lowest, largest = float(values[0]), float(np.abs(values).max())
        level = tuple((axes / scale[:, None]).T[np.abs(values) <= SINGULAR * largest])
        scaled = axes * np.maximum(np.abs(values), SINGULAR * largest or 1.0) @ axes.T

    def solve(g: Array) -> Array:
        solution: Array = np.linalg.solve(scaled, g / scale) / scale
        return solution

    step = -solve(jac)
    noise = 10 * EPS * np.abs(matrix) @ np.abs(x)
    return Curved(step, float(jac.dot(step)), lowest, largest, solve, noise, level)


def _sampled(
    product: Callable[[Array], Array], jac: Array, precondition: Callable[[Array], Array]
) -> Curved:
    """Take Newton's step by conjugate gradients, and probe for downward curvature at random."""
    step, lowest, largest = _conjugate_gradients(product, jac, precondition, PRODUCTS, 0.1)
    if lowest > 0 or not jac.any():
        probe = np.random.default_rng(0).normal(size=jac.size)
        _, low, high = _conjugate_gradients(product, probe, precondition, PRODUCTS // 2, 1e-10)
        lowest, largest = (min(lowest, low) if jac.any() else low), max(largest, high)
    return Curved(step, float(jac.dot(step)), lowest, largest, precondition)


def _conjugate_gradients(
    product: Callable[[Array], Array],
    jac: Array,
    precondition: Callable[[Array], Array],
    limit: int,
    share: float,
) -> tuple[Array, float, float]:
    """Return a step to where a share of the gradient is left, and the extreme curvatures."""
    step = np.zeros_like(jac)
    residual = jac
    image = precondition(residual)
    size = first = float(residual.dot(image))
    direction = -image
    lowest, largest = np.inf, 0.0
    for _ in range(limit):
        if not size > share * first:
            break
        bent = product(direction)
        curvature = float(direction.dot(bent))
        relative = curvature / float(direction.dot(direction))
        lowest, largest = min(lowest, relative), max(largest, abs(relative))
        if not curvature > 0:
            if not step.any() and curvature:
                step = size / -curvature * direction
            break
        length = size / curvature
        step = step + length * direction
        residual = residual + length * bent
        image = precondition(residual)
        before, size = size, float(residual.dot(image))
        direction = size / before * direction - image
    return step, lowest, largest


# -- the verdict -----------------------------------------------------------------------------


FOUND = Status.CONVERGED, "a minimum, by the exact second derivatives"
FLAT = (
    Status.STALLED,
    "f is flat here, to second order: nothing tells whether this is a minimum, or f has a corner "
    "here, or levels off without end",
)


def no_minimum(exact: Curved) -> Verdict | None:
    """Return why a stationary point is no minimum, or cannot be told to be one."""
    if exact.bends_down:
        return Status.OTHER_KIND, "a stationary point, but f curves downwards there: no minimum"
    return FLAT if exact.flat else None


def beside(
    objective: Objective, x: Array, fun: float, exact: Curved, reach: Array
) -> tuple[Array | None, Verdict]:
    """Return a lower point along directions without curvature, if there is one, and the verdict."""
    terms = float(np.sum(reach * exact.noise)) / (10 * EPS)
    level = exact.level
    if terms <= 10 * EPS * abs(fun) and x.size <= DENSE:  # then all curvature is lost in rounding
        level = tuple(np.eye(x.size))
    if not level:
        return None, FOUND
    return tried(objective.value, x, fun, level, reach, terms)


def approach(
    objective: Objective,
    point: Iterate,
    exact: Curved,
    reach: Array,
    tol: float,
    highest: float,
    stuck: bool,
) -> Generator[Iterate, None, tuple[Iterate, Verdict | None]]:
    """Yield what Newton steps lead to from where they are small; return the last, and a verdict.

    Next to a minimum each comes much closer, with the second derivatives of the first. Where f only
    levels off towards infinity they do not, and there is no verdict: the search should go on.
    """
    if exact.bends_down and point.jac.any() and not stuck:
        return point, None
    if point.jac.any() and -exact.slope < UNDERFLOW:
        return point, FLAT
    refusal = no_minimum(exact)
    if refusal:
        return point, refusal
    if (np.abs(point.jac) <= exact.noise).all():
        return (yield from _settled(objective, point, exact, reach))
    step, slope = exact.step, -float(point.jac.dot(exact.solve(point.jac)))
    noise = ROUNDING * abs(point.fun)
    closer = fast = small = False
    while slope < 0:
        trial, next_step, next_slope = _after(objective, point.x + step, exact)
        if not (trial.fun <= point.fun + noise and slope < next_slope <= 0):
            break
        contracts, fast = next_slope >= CONTRACTION * slope, next_slope >= FAST * slope
        point, step, slope = trial, next_step, next_slope
        yield point
        closer = closer or contracts
        small = negligible(step, slope, point.fun, reach, tol, highest)
        if not contracts or (small and (not fast or tiny(step, reach, tol))):
            break
    if fast and small:
        return (yield from _settled(objective, point, exact, reach))
    small = small or negligible(step, slope, point.fun, reach, tol, highest)
    # Many steps further f has to be higher, unless it levels off there or falls again.
    trial, _, _ = _after(objective, point.x + BEYOND * step, exact)
    if trial.fun < point.fun - noise and np.isfinite(trial.jac).all():
        yield trial
        return trial, None
    higher = trial.fun > point.fun + noise
    close = small and higher and (closer or tiny(step, reach, tol))
    if stuck or close:
        return (yield from _settled(objective, point, exact, reach))
    return point, None


def _settled(
    objective: Objective, point: Iterate, exact: Curved, reach: Array
) -> Generator[Iterate, None, tuple[Iterate, Verdict | None]]:
    """Yield a point that is lower than what seems to be a minimum, or return the verdict."""
    lower, verdict = beside(objective, point.x, point.fun, exact, reach)
    if lower is None:
        return point, verdict
    trial, _, _ = _after(objective, lower, exact)
    if not np.isfinite(trial.jac).all():
        return point, FLAT
    yield trial
    return trial, None


def _after(objective: Objective, x: Array, exact: Curved) -> tuple[Iterate, Array, float]:
    """Return the point at x, and the next step from there with its slope."""
    fun, jac = objective.value_and_gradient(x)
    step = -exact.solve(jac)
    return Iterate(x, fun, jac), step, float(jac.dot(step))
