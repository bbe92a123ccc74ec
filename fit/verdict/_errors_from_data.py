"""Errors that were taken from the data themselves, and how far they draw a fit to low values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autodiff import is_lazy, jacobian, replaying
from fit.arguments._numbers import Array
from fit.arguments._words import in_prose, quantity
from fit.problem._problem import Problem
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
    fractions, unit = _fractions(problem.sample), None
    if fractions is None:
        unit = _unit_of_counts(problem.sample)
    if fractions is None and unit is None:
        return
    name, shift, few = _largest_shift(result, fractions, unit)
    if unit is None:
        if abs(shift) > DRAWN:
            yield (
                "the errors are fractions of the data, so that what came out low counts for more "
                f"and draws the fit to itself: {_shift_in_words(name, shift)}; give "
                'sigma=Relative(..., of="model")'
            )
        return
    if few or abs(shift) > DRAWN:
        below = f" (and {few} of {quantity(problem.n, 'count')} are below ten)" if few else ""
        scale = "" if abs(unit - 1) < EXACT else f"{unit:.6g} * "
        yield (
            f"the errors are the roots of the counts{below}, so that what came out low counts for "
            f"more and draws the fit to itself: {_shift_in_words(name, shift)}; repeat the fit "
            f"with sigma=np.sqrt({scale}result.predict(x)) until it stays, which is where the "
            "Poisson likelihood is largest"
        )


def _fractions(problem: Problem) -> Array | None:
    """Return the errors over the data, if they were given so or are all the same."""
    y, sigma = _data(problem)
    if not y.all():
        return None
    fractions: Array = sigma / np.abs(y)
    alike = np.ptp(fractions) <= EXACT * fractions.max() and np.ptp(np.abs(y)) > 0
    return fractions if alike or problem.relative is not None else None


def _unit_of_counts(problem: Problem) -> float | None:
    """Return what a count of one is worth, if the errors are the roots of counts."""
    y, sigma = _data(problem)
    some = y > 0
    if (y < 0).any() or not some.any() or not np.ptp(y[some]) > 0:
        return None
    units = sigma[some] ** 2 / y[some]
    counts = y[some] / units
    alike = np.ptp(units) <= EXACT * units.max()
    whole = np.abs(counts - np.round(counts)) <= EXACT * counts
    return float(units[0]) if alike and whole.all() else None


def _data(problem: Problem) -> tuple[Array, Array]:
    assert problem.sigma is not None
    return problem.y[problem.counting], problem.sigma[problem.counting]


def _largest_shift(
    result: Estimate, fractions: Array | None, unit: float | None
) -> tuple[str, float, int]:
    """Return which parameter would move most with the model's errors, in its standard errors.

    And how many counts are few.
    """
    problem = result.problem
    if is_lazy(problem.y) and fractions is not None:
        fractions = fractions[:1]  # which are all alike
    problem.spend()
    spread = result.determined.spread
    products, left, zeros, few = problem.total(
        _products_by_errors_of_model, result.p, spread, fractions, unit
    )
    if zeros:
        return result.free[0], 0.0, few
    shift = spread @ np.linalg.lstsq(products, left)[0]
    errors = np.array([result.errors[name] for name in result.free])
    known = np.isfinite(errors) & (errors > 0)
    moved = np.where(known, shift / np.where(known, errors, 1.0), 0.0)
    k = int(np.argmax(np.abs(moved)))
    return result.free[k], float(moved[k]), few


def _products_by_errors_of_model(
    part: Problem, p: Array, spread: Array, fractions: Array | None, unit: float | None
) -> tuple[Array, Array, int, int]:
    """Return the products of the derivatives along the spread, with one another and what is left.

    Both over the errors that the model makes; and how many of these are 0, and how many counts few.
    """
    values_at, ones = part.model_at(part.x), np.ones(len(part.y))
    values = (np.asarray(values_at(p), float) * ones)[part.counting]
    y = part.y[part.counting]
    few = 0 if unit is None else int(np.count_nonzero(y < FEW * unit))
    sizes = np.abs(values)
    sigma = np.sqrt(unit * sizes) if fractions is None else fractions * sizes
    J = replaying(jacobian(lambda p: values_at(p) * ones))(p)[part.counting]
    A = (J / sigma[:, None]) @ spread
    return A.T @ A, A.T @ ((y - values) / sigma), int(np.count_nonzero(sigma <= 0)), few


def _shift_in_words(name: str, shift: float) -> str:
    return (
        f"with the model's errors {name} would move by {in_prose(f'{shift:+.2g}')} standard errors"
    )
