"""When a search for a minimum may end: tests that do not depend on the units of x and of f."""

from __future__ import annotations

from math import sqrt

import numpy as np

from optim.search._objective import Array

TOL = 1e-10
ROUGH = 0.3  # the power of it that calls for a look at the Hessian
CAREFUL = 0.77  # and the one that calls for a look at products with it
BEYOND = 100.0  # steps


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
