"""Whether errors are what the likelihood says: where a model bends, they may not be."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np

from autodiff import is_lazy, jacobian
from fit.arguments._numbers import Array
from fit.arguments._words import enumeration, in_prose
from fit.problem._problem import Problem, SpentError
from fit.uncertainties._covariance import from_hessian
from fit.uncertainties._estimate import LINEAR, Estimate
from fit.uncertainties._profile import likelihood_interval
from fit.verdict._evaluations import LONGER

# An error is itself uncertain by 1/√(2 dof), some 10 % with 50 points: it is read to one digit.
CURVED = 0.1
HESSIAN = 0.05  # by how much errors from JᵀJ and from the Hessian may differ
DIGITS = 1e-10  # an error smaller than this share of its value has lost too many to be compared


def curvature(result: Estimate) -> Iterator[str]:
    """Compare errors with the distances at which the least χ² has risen by as much."""
    if not result.success or not result.chi_squared > 0 or result.dof < 1:
        return
    problem, parameters = result.problem, result.problem.parameters
    if problem.loss != "linear" or result.method == LINEAR:
        return
    confined = (result.p <= parameters.lower) | (result.p >= parameters.upper)
    reason = "a bound confines the fit" if confined.any() else "the model is curved"
    to_compare = [
        name
        for name, error in result.errors.items()
        if name in result.free and DIGITS * abs(result.values[name]) < error < np.inf
    ]
    if not confined.any():
        straight_ones = _straight_in_chunks if is_lazy(problem.y) else _straight_in_memory
        straight = straight_ones(result, to_compare)
        to_compare = [name for name in to_compare if name not in straight]
    at_bounds = {name for name, true in zip(result.free, confined, strict=True) if true}
    notes: dict[str, None] = {}
    for k, name in enumerate(to_compare):
        value, error = result.values[name], result.errors[name]
        try:
            low, high, said = likelihood_interval(result, name)
        except SpentError:
            alone = name == to_compare[-1]
            errors, were = ("the error of", "was") if alone else ("the errors of", "were")
            yield (
                f"{errors} {enumeration(to_compare[k:])} {were} not checked against the "
                f"likelihood, for {LONGER}; see interval({name!r})"
            )
            break
        if name not in at_bounds:  # of which it has been said
            notes.update(dict.fromkeys(said))
        if any("lower minimum" in note for note in said):
            break  # for the errors there are others
        off = max(abs((value - low) / error - 1), abs((high - value) / error - 1))
        if off > CURVED and not any("bound" in note for note in said):
            yield (
                f"the error of {name}, ±{error:.3g}, is off, since {reason}: by the likelihood it "
                f"is {in_prose(f'{low - value:+.3g} {high - value:+.3g}')}"
            )
    yield from notes


def _straight_in_memory(result: Estimate, names: list[str]) -> list[str]:
    return [name for name in names if _is_straight(result, name)]


def _straight_in_chunks(result: Estimate, names: list[str]) -> list[str]:
    """Return what `_is_straight` says of all parameters, from one pass over the data."""
    parameters, steps = result.problem.parameters, [_step(result, name) for name in names]
    steps_inside = {
        name: step
        for name, step in zip(names, steps, strict=True)
        if (parameters.lower <= result.p - abs(step)).all()
        and (result.p + abs(step) <= parameters.upper).all()
    }
    if not steps_inside:
        return []
    result.problem.spend(2 * len(steps_inside))
    sums = result.problem.total(_rises_and_bends, result.p, [*steps_inside.values()])
    rises = np.array([rise for *both, _ in sums for rise in both]).reshape(-1, 2)
    linear = (np.abs(rises / result.variance - 1) <= CURVED).all(axis=1)
    bends = np.sqrt([bend for *_, bend in sums])
    flat = linear & (bends <= CURVED * sqrt(result.variance))
    return [name for name, true in zip(steps_inside, flat, strict=True) if true]


def _rises_and_bends(
    part: Problem, p: Array, steps: list[Array]
) -> list[tuple[float, float, float]]:
    """Return by how much χ² rises at both ends of each step, and the square of its bend."""
    here = part.residuals_at(p)
    sums: list[tuple[float, float, float]] = []
    for step in steps:
        below, above = part.residuals_at(p - step), part.residuals_at(p + step)
        bend = (below + above) / 2 - here
        first, last = (float((end - here) @ (end + here)) for end in (below, above))
        sums.append((first, last, float(bend @ bend)))
    return sums


def _step(result: Estimate, name: str) -> Array:
    """Return by how much all parameters change from the middle to an end of a linear interval."""
    spread = result.determined.spread
    row = spread[result.free.index(name)]
    step: Array = sqrt(result.variance) * spread @ row / np.linalg.norm(row)
    return step


def _is_straight(result: Estimate, name: str) -> bool:
    """Whether the residuals hardly bend from one end of a linear interval to the other.

    This takes no Jacobians of the residuals. Where χ² at the ends is what linear theory says, to
    10 %, and the bend, which the other parameters might follow, no longer than 10 % of the step, an
    end is off by some 5 % at most.
    """
    step = _step(result, name)
    lower, upper = result.problem.parameters.lower, result.problem.parameters.upper
    here = result.weighted_residuals
    ends = []
    for p in (result.p - step, result.p + step):
        if ((p < lower) | (p > upper)).any():
            return False
        if not _constrained_at(result, p):
            return False
        result.problem.spend()
        ends.append(np.asarray(result.problem.residuals(p), float))
        rise = float((ends[-1] - here) @ (ends[-1] + here))
        if not abs(rise / result.variance - 1) <= CURVED:
            return False
    bend = float(np.linalg.norm(ends[0] + ends[1] - 2 * here)) / 2
    return bend <= CURVED * sqrt(result.variance)


def _constrained_at(result: Estimate, p: Array) -> bool:
    """Whether constraints are met near p, within 10 % of a standard error."""
    problem = result.problem
    if not problem.constraints:
        return True
    normals = jacobian(problem.constraint)(result.p)
    back = np.linalg.lstsq(normals, np.asarray(problem.constraint(p), float))[0]
    return float(np.linalg.norm(result.triangle @ back)) <= CURVED * sqrt(result.variance)


def hessian(result: Estimate) -> Iterator[str]:
    """Compare errors from JᵀJ with those from the exact Hessian of χ²."""
    problem = result.problem
    if problem.loss != "linear" or result.method == LINEAR or not result.success:
        return  # a robust loss has second derivatives of its own
    if len(result.determined.undetermined):
        return  # and this has been said
    if result.hessian_covariance is None:
        gauss_newton = 2 * result.triangle.T @ result.triangle
        if from_hessian(gauss_newton, problem.directions(result.p)) is None:
            return  # Rounding hides it even in JᵀJ.
        yield (
            "the exact Hessian of χ² has a direction in which χ² falls or stays: this is no "
            "ordinary minimum, and the errors from JᵀJ may be too small"
        )
        return
    exact = np.sqrt(np.diag(result.hessian_covariance))
    for name, error, true in zip(result.names, result.errors.values(), exact, strict=True):
        if 0 < error < np.inf and abs(true / error - 1) > HESSIAN:
            yield f"the error of {name} is {error:.3g} from JᵀJ, but {true:.3g} from the Hessian"
