"""How a search with constraints ended, in words that name the cause."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.multipliers._stationary_points import RANK, STATIONARY, ConstrainedPoint
from optim.search._objective import Array
from optim.search._run import Status, Verdict

NEARLY_FEASIBLE = 1e-5  # the violation within which a lost rank is the constraints' own
UNBALANCED = 1e-6  # of ∇f: what multipliers leave of it where none balance it
CONSTANT = 1e-100  # of the largest terms on the way: below it f has faded away
MEMBER = 1e-6  # of the largest weight in a sum: a smaller one is rounding


def verdict_on(system: ConstrainedObjective, point: ConstrainedPoint) -> Verdict:
    """Return the status and the message for where the search ended."""
    count, n = point.A.shape
    residual = f"the KKT residual is {point.residual:.2g}"
    lost = _dependence(point) if point.rank < count else ""
    if point.violation <= NEARLY_FEASIBLE and (weights := point.vanishing(system)) is not None:
        others = point.y - weights * (weights @ point.y)
        unbalanced = np.linalg.norm(point.g + point.A.T @ others)
        lost = _sum_is_zero(weights / point.rows)
        if unbalanced > UNBALANCED * np.linalg.norm(point.g):
            return Status.SINGULAR, _singular(lost)
    if point.residual > STATIONARY:
        if lost and point.violation <= STATIONARY:
            return Status.SINGULAR, _singular(lost)
        return Status.STALLED, f"no step leads on, though this point is not stationary: {residual}"
    if point.terms < CONSTANT * point.greatest:
        return Status.WANDERS, (
            "f has run out to where it is constant to rounding, without reaching a minimum: "
            f"the largest |x| is {np.max(np.abs(point.x)):.3g}"
        )
    kind = point.kind(system.sign)
    if system.asked != "any" and (point.bends[1] or kind not in (system.asked, "degenerate")):
        return Status.OTHER_KIND, (
            f"stationary but of kind {kind}, where a {system.asked} was asked for, and no step "
            f"leads away from it: {residual}"
        )
    notes = f"; the multipliers are not unique: {lost}" if lost else ""
    if point.rank == n:
        notes += "; the constraints alone fix this point"
    elif kind == "degenerate":
        notes += "; f is flat to second order in some direction along the constraints"
    what = f"a {kind}" if kind != "degenerate" else "a degenerate stationary point"
    return Status.CONVERGED, f"{what}: {residual}{notes}"


def _singular(lost: str) -> str:
    return (
        f"the constraints' Jacobian loses rank here: {lost}, and so no multipliers balance ∇f, "
        "though this may be the point that is sought"
    )


def _dependence(point: ConstrainedPoint) -> str:
    """Return which constraints depend on one another, or on nothing."""
    own = np.flatnonzero(np.linalg.norm(point.A, axis=1) <= RANK)
    if own.size:
        return f"the gradient of {_name_constraints(own)} is zero"
    return _sum_is_zero(np.linalg.svd(point.A)[0][:, -1] / point.rows)


def _sum_is_zero(weights: Array) -> str:
    """Return in words that gradients of the constraints with these weights add up to zero."""
    weights = weights / np.max(np.abs(weights))
    members = np.flatnonzero(np.abs(weights) > MEMBER)
    if members.size == 1:
        return f"the gradient of {_name_constraints(members)} is zero"
    signs = [f"{'-' if weights[i] < 0 else '+'} {abs(weights[i]):.4g} ∇c[{i}]" for i in members[:8]]
    more = " + …" if members.size > 8 else ""
    return f"{' '.join(signs).removeprefix('+ ')}{more} = 0"


def _name_constraints(numbers: NDArray[np.intp]) -> str:
    if len(numbers) == 1:
        return f"constraint {numbers[0]}"
    return f"constraints {', '.join(map(str, numbers[:5]))}{', …' * (len(numbers) > 5)}"


def infeasible_verdict(point: ConstrainedPoint) -> Verdict:
    """Say which constraint is violated where the violation can be lowered no further."""
    values = point.c * point.rows
    worst = int(np.argmax(np.abs(point.c)))
    m, n = point.A.shape
    still = np.flatnonzero((point.steepest == 0) & (values != 0))
    cause = f": {_name_constraints(still)} does not depend on x" if still.size else ""
    if not cause and m > n:
        cause = f": there are {m} for {n} unknown{'s' * (n > 1)}"
    return Status.INFEASIBLE, (
        "the constraints contradict one another, at least hereabouts"
        f"{cause}; the least violation found leaves constraint {worst} at {values[worst]:.6g}"
    )


def unbounded_verdict(system: ConstrainedObjective, point: ConstrainedPoint) -> Verdict:
    """Say that f has no minimum, or maximum, along the constraints."""
    way, value = ("falls", "-inf") if system.sign > 0 else ("rises", "+inf")
    return Status.UNBOUNDED, (
        f"f {way} along the constraints without end, towards {value}: it is "
        f"{system.sign * point.fun:.3g} where the largest |x| is {np.max(np.abs(point.x)):.3g}"
    )


def not_finite_verdict(system: ConstrainedObjective, point: ConstrainedPoint) -> Verdict:
    """Say what is not finite at the start."""
    parts = (
        ("f", np.atleast_1d(system.sign * point.fun)),
        ("constraint", point.c * point.rows),
        ("the derivative of f by unknown", point.g),
        ("the gradient of constraint", point.A),
        ("row of the second derivatives", point.H),
    )
    for what, values in parts:
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            number = f" {bad[0][0]}" if what != "f" else ""
            return Status.NOT_FINITE, (
                f"not finite at the start: {what}{number} is {values[tuple(bad[0])]}"
            )
    return Status.NOT_FINITE, "not finite at the start: the multipliers overflow"
