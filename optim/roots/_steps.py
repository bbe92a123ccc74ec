"""Full steps to a root, by Newton and by Halley, and what is said where none can be taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from optim.roots._equations import EquationPoint, digits
from optim.search._objective import Array
from optim.search._run import Status, Verdict

SOLVED = 1e-8  # of |f|: what a step to a zero of its linearisation may leave of that
ILL_CONDITIONED = 1e3  # the condition of a Jacobian that is to blame for where a search is stuck


def newton_step(point: EquationPoint) -> Array | None:
    """Return -J⁻¹ f; if J is singular the shortest step to a zero of f's linearisation, or None."""
    _, f, J, _ = point
    if f.size == 1:
        return -f / J[0] if J[0, 0] else None
    step: Any
    try:
        step = np.linalg.solve(J, -f)
    except np.linalg.LinAlgError:
        rows = np.max(np.abs(J), axis=1)  # the equations' own units
        if f[rows == 0].any() or not np.isfinite(J).all():
            return None
        J, f = J / np.where(rows, rows, 1.0)[:, None], f / np.where(rows, rows, 1.0)
        step = np.linalg.lstsq(J, -f, rcond=None)[0]
        if np.linalg.norm(J @ step + f) > SOLVED * np.linalg.norm(f):
            return None
    newton: Array = step
    return newton


def halley_step(point: EquationPoint) -> Array | None:
    """Return Newton's step, corrected by the curvature."""
    step = newton_step(point)
    if step is None or point.second is None:
        return step
    corrected: Array = step / (1 + point.second * step / (2 * point.J[0]))
    return corrected


# -- verdicts ------------------------------------------------------------------------------


def singular(point: EquationPoint) -> Verdict:
    """Return the verdict where the Jacobian cannot be divided by."""
    x, J = point.x, point.J
    at = f"at x = {digits(x)}, where |f| is {point.size:.4g}"
    if x.size == 1:
        return Status.SINGULAR, f"the derivative is 0 {at}: the tangent meets the axis nowhere"
    return Status.SINGULAR, f"the Jacobian is singular {at}: f does not change along {null(J)}"


def null(J: Array) -> str:
    """Return the direction that a matrix shortens most, its largest entry 1."""
    direction = np.linalg.svd(J)[2][-1]
    direction = direction / direction[np.argmax(np.abs(direction))]
    return np.array2string(np.round(direction, 3) + 0.0, separator=", ", threshold=8)


def not_finite(point: EquationPoint) -> Verdict:
    """Return the verdict at a start where there is nothing to go by."""
    for what, values in (("f", point.f), ("the derivative of f", point.J)):
        bad = values[~np.isfinite(values)]
        if bad.size:
            return Status.NOT_FINITE, f"{what} is {bad[0]} at the start {digits(point.x)}"
    raise AssertionError("the point is finite")


def stuck(point: EquationPoint, trial: EquationPoint) -> Verdict:
    """Return why no step, however short, was good enough."""
    at = f"at x = {digits(point.x)}, where |f| is {point.size:.4g}"
    if not trial.usable:
        return Status.NOT_FINITE, f"f is not finite close to the last point, {at}"
    if point.x.size > 1 and np.linalg.cond(point.J) > ILL_CONDITIONED:
        return Status.SINGULAR, (
            f"no step brings f nearer to zero {at}: the Jacobian is nearly singular, f hardly "
            f"changes along {null(point.J)}. There may be a minimum of |f| near that is no root"
        )
    return Status.STALLED, f"no step brings f nearer to zero {at}"
