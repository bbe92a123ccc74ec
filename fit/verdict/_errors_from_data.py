"""Errors that were taken from the data themselves, and how far they draw a fit to low values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autodiff import jacobian, replaying
from fit.arguments._numbers import Array
from fit.arguments._words import in_prose, quantity
from fit.uncertainties._estimate import Estimate

DRAWN = 0.2  # of a standard error: more than that is told
FEW = 10  # counts, below which √N is no error of theirs
EXACT = 1e-9  # relative differences up to here are rounding


def errors_from_data(result: Estimate) -> Iterator[str]:
    """Say so where errors follow the scatter of the data, by one step with the model's errors."""
    problem = result.problem
    if problem.loss != "linear" or problem.weights is None or problem.weights.ndim == 2:
        return
    if problem.follows_model or problem.x_sigma is not None or not problem.n > len(result.p):
        return
    values = result.predict(problem.x)[problem.counting]
    fractions = _fractions(result)
    if fractions is not None:
        name, shift = _largest_shift(result, fractions * np.abs(values))
        if abs(shift) > DRAWN:
            yield (
                "the errors are fractions of the data, so that what came out low counts for more "
                f"and draws the fit to itself: {_shift_in_words(name, shift)}; give "
                'sigma=Relative(..., of="model")'
            )
        return
    unit = _unit_of_counts(result)
    if unit is None:
        return
    few = int(np.sum(problem.y[problem.counting] < FEW * unit))
    name, shift = _largest_shift(result, np.sqrt(unit * np.abs(values)))
    if few or abs(shift) > DRAWN:
        below = f" (and {few} of {quantity(problem.n, 'count')} are below ten)" if few else ""
        scale = "" if abs(unit - 1) < EXACT else f"{unit:.6g} * "
        yield (
            f"the errors are the roots of the counts{below}, so that what came out low counts for "
            f"more and draws the fit to itself: {_shift_in_words(name, shift)}; repeat the fit "
            f"with sigma=np.sqrt({scale}result.predict(x)) until it stays, which is where the "
            "Poisson likelihood is largest"
        )


def _fractions(result: Estimate) -> Array | None:
    """Return the errors over the data, if they were given so or are all the same."""
    problem = result.problem
    y, sigma = _data(result)
    if not y.all():
        return None
    fractions: Array = sigma / np.abs(y)
    alike = np.ptp(fractions) <= EXACT * fractions.max() and np.ptp(np.abs(y)) > 0
    return fractions if alike or problem.relative is not None else None


def _unit_of_counts(result: Estimate) -> float | None:
    """Return what a count of one is worth, if the errors are the roots of counts."""
    y, sigma = _data(result)
    some = y > 0
    if (y < 0).any() or not some.any() or not np.ptp(y[some]) > 0:
        return None
    units = sigma[some] ** 2 / y[some]
    counts = y[some] / units
    alike = np.ptp(units) <= EXACT * units.max()
    whole = np.abs(counts - np.round(counts)) <= EXACT * counts
    return float(units[0]) if alike and whole.all() else None


def _data(result: Estimate) -> tuple[Array, Array]:
    problem = result.problem
    assert problem.sigma is not None
    return problem.y[problem.counting], problem.sigma[problem.counting]


def _largest_shift(result: Estimate, sigma: Array) -> tuple[str, float]:
    """Return which parameter would move most with other errors, in its standard errors."""
    problem, count = result.problem, result.problem.counting
    if not (sigma > 0).all():
        return result.free[0], 0.0
    problem.spend()
    values_at, ones = problem.model_at(problem.x), np.ones(len(problem.y))
    J = replaying(jacobian(lambda p: values_at(p) * ones))(result.p)
    directions = problem.directions(result.p)
    steps = (J[count] / sigma[:, None]) @ directions
    shift = directions @ np.linalg.lstsq(steps, result.residuals[count] / sigma)[0]
    errors = np.array([result.errors[name] for name in result.free])
    known = np.isfinite(errors) & (errors > 0)
    moved = np.where(known, shift / np.where(known, errors, 1.0), 0.0)
    k = int(np.argmax(np.abs(moved)))
    return result.free[k], float(moved[k])


def _shift_in_words(name: str, shift: float) -> str:
    return (
        f"with the model's errors {name} would move by {in_prose(f'{shift:+.2g}')} standard errors"
    )
