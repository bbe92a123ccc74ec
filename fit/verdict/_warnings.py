"""The verdict on a fit: what its numbers do not say by themselves, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff import vjp
from fit.arguments._numbers import Array
from fit.arguments._words import from_the_middle, in_prose, quantity
from fit.problem._chunked_problem import ChunkedProblem
from fit.problem._errors_in_x import offsets_by_bending
from fit.problem._losses import REDESCENDING, too_few
from fit.problem._problem import SpentError
from fit.uncertainties._estimate import IMPROBABLE, Estimate
from fit.verdict._curvature import curvature, hessian
from fit.verdict._errors_from_data import errors_from_data
from fit.verdict._evaluations import LONGER, TIMES, within_evaluations
from fit.verdict._undetermined import undetermined_parameters
from fit.verdict._worth import (
    only_minimum,
    pole_between_points,
    shortcoming,
    shortcoming_beside_constant,
)
from optim import Status

# A correlation of 0.999 makes an error 22 times, 1/√(1 - 0.999²), what it were if the other
# parameter were known: such errors mean something only together.
CORRELATED = 0.999
SHIFTED = 0.25  # of its error, by which a parameter is off in the mean
OUTLYING = 3.0  # standard deviations, beyond which hardly any normal residual is
FEW = 20  # degrees of freedom, below which a loss that forgets outliers takes scatter for them
ONE_SIDED = 6  # as many tails in a row have a chance of 3 %
BESIDE = 1  # evaluation that a fit is taken to have had more, for few are too few for any check


def warnings(result: Estimate) -> list[str]:
    """Return what is to be said of a fit, most serious first; `FitResult.warnings`."""
    said: list[str] = []
    checks: tuple[Callable[[Estimate], Iterator[str]], ...] = (
        _convergence,
        undetermined_parameters,
        _worth,
        _starts,
        _bounds,
        _correlations,
        _goodness,
        errors_from_data,
        _outliers,
        _scatter,
        _errors_in_x,
        hessian,
        curvature,
    )
    each = 2 * len(result.free) + 2  # which is more only where a fit of many began at its end
    result = within_evaluations(result, max(TIMES * (result.nfev + BESIDE), each))
    for check in checks:
        try:
            with np.errstate(all="ignore"):
                said.extend(check(result))
        except SpentError:
            said.append(f"the check of the fit's {_subject(check)} was left out: {LONGER}")
        except (ArithmeticError, ValueError, TypeError, np.linalg.LinAlgError) as error:
            # The model is evaluated off the minimum, where it may refuse.
            said.append(f"the check of the fit's {_subject(check)} failed: {error}")
    return said


def _subject(check: Callable[..., Any]) -> str:
    return check.__name__.removeprefix("_").replace("_", " ")


def _convergence(result: Estimate) -> Iterator[str]:
    named = result.status is Status.SINGULAR and len(result.determined.undetermined)
    if not result.success and not named:
        yield f"not converged: {result.message}"


def _worth(result: Estimate) -> Iterator[str]:
    problem = result.problem
    if result.success and problem.loss == "linear":
        said = _shortcoming(result)
        if said:
            problem.spend(3)
        if said and not problem.constraints and only_minimum(problem.sample.residuals, result.p):
            yield f"{said}: since the model is linear in its parameters there is no better minimum"
        elif said:
            yield f"{said}: start elsewhere, with p0, unless the model is wrong"


def _starts(result: Estimate) -> Iterator[str]:
    led, of = result.starts
    if led == 1 < of and result.success:
        yield (
            f"only 1 of {of} starts led here, so that there may be lower minima: give more starts, "
            "or bounds that say where to look"
        )


def _shortcoming(result: Estimate) -> str:
    """Return why a fit describes nothing; a pole of its curve is looked for at sampled points."""
    problem, sample = result.problem, result.problem.sample
    if not isinstance(problem, ChunkedProblem):
        of = problem.x, problem.y, problem.weights, result.chi_squared
        return shortcoming(result.predict, *of)
    return shortcoming_beside_constant(
        problem.known.scatter,
        problem.known.squares,
        len(problem.y),
        result.chi_squared,
        lambda: pole_between_points(result.predict, sample.x, sample.y),
    )


def _goodness(result: Estimate) -> Iterator[str]:
    if result.dof < 1:
        what = (
            "χ² cannot judge the model"
            if result.absolute
            else "the errors of the data, and so those of the parameters, cannot be estimated"
        )
        yield (
            f"no degrees of freedom: {quantity(result.problem.n, 'point')} for "
            f"{quantity(len(result.free), 'free parameter')}, so that {what}"
        )
    if result.p_value is None:
        return
    from scipy.special import chdtr

    found = f"χ² = {result.chi_squared:.4g} for {quantity(result.dof, 'degree')} of freedom"
    if result.p_value < IMPROBABLE:
        yield (
            f"{found} is too large ({_chance(result.p_value)} for one so large): the errors of the "
            "data are too small, or the model is wrong"
        )
    elif result.p_value > 1 - IMPROBABLE:
        yield (
            f"{found} is too small ({_chance(chdtr(result.dof, result.chi_squared))} for one so "
            "small): the errors of the data are too large"
        )


def _chance(p: float) -> str:
    return f"a chance of {p:.1g}" if p > 0 else "a chance below 1e-300"


def _outliers(result: Estimate) -> Iterator[str]:
    """Say where outliers are to one side: a loss gives them less weight, but not none."""
    if result.problem.loss == "linear" or result.dof < 1:
        return
    limit = OUTLYING * result.variance**0.5
    above, below = result.problem.total_of_residuals(
        _outliers_on_each_side, result.weighted_residuals, limit
    )
    if above + below >= ONE_SIDED and not (above and below):
        side = "above" if above else "below"
        yield (
            f"{quantity(above + below, 'outlier')}, all {side} the model: such shift the "
            "parameters to their side, by more than the errors tell"
        )


def _outliers_on_each_side(residuals: Array, limit: float) -> tuple[int, int]:
    """Return how many points lie far above the model, and how many far below."""
    above, below = (np.count_nonzero(sign * residuals > limit) for sign in (-1, 1))
    return int(above), int(below)


def _scatter(result: Estimate) -> Iterator[str]:
    """Say where a robust fit has nothing, or not enough, to tell scatter from outliers by."""
    loss, n, parameters = result.problem.loss, result.problem.n, len(result.free)
    if loss == "linear" or result.absolute or result.dof < 1:
        return
    if result.rounding:
        yield (
            "half of the points or more lie on the model to their last digits: what is left is "
            "rounding, and tells no errors; give sigma"
        )
    elif too_few(n, parameters):
        yield (
            f"{quantity(n, 'point')} for {quantity(parameters, 'free parameter')} cannot tell "
            "outliers from scatter: the errors are no more than a guess; give sigma"
        )
    elif loss in REDESCENDING and result.dof < FEW:
        yield (
            f"with {quantity(result.dof, 'degree')} of freedom the errors by the loss {loss!r} are "
            'too small, since it finds outliers in mere scatter: give sigma, or loss="huber"'
        )


def _bounds(result: Estimate) -> Iterator[str]:
    parameters = result.problem.parameters
    for name, value, low, high in zip(
        parameters.free, result.p, parameters.lower, parameters.upper, strict=True
    ):
        if value in (low, high):
            yield (
                f"{name} is at its {'lower' if value == low else 'upper'} bound "
                f"{in_prose(f'{value:g}')}: the errors do not know of the bound; interval() does"
            )


def _correlations(result: Estimate) -> Iterator[str]:
    if result.problem.constraints:
        return  # which may well tie two parameters together
    every = result.names
    free = [every.index(name) for name in result.free]
    correlation = np.triu(result.correlation[np.ix_(free, free)], 1)
    pairs = np.argwhere(np.abs(correlation) > CORRELATED)
    pairs = pairs[np.argsort([-abs(correlation[i, j]) for i, j in pairs])]
    if len(pairs):
        i, j = pairs[0]
        shift = from_the_middle(result.problem.sample.x)
        more = f" (and {quantity(len(pairs) - 1, 'more pair')} likewise)" if len(pairs) > 1 else ""
        yield (
            f"{result.free[i]} and {result.free[j]} are almost undetermined by themselves: their "
            f"correlation is {in_prose(_short_of_one(correlation[i, j]))}{more}"
            + (f"; with {shift} they may be determined" if shift else "")
        )


def _errors_in_x(result: Estimate) -> Iterator[str]:
    """Estimate how a model that bends within the errors of x shifts the parameters."""
    problem = result.problem
    if problem.x_sigma is None or problem.sigma is None or not result.success:
        return
    offsets = offsets_by_bending(
        problem.model,
        problem.x,
        problem.y,
        problem.sigma,
        problem.x_sigma,
        problem.parameters.every(result.p),
    )
    _, pull = vjp(problem.residuals, result.p)
    spread = result.determined.spread
    shifts = np.abs(spread @ (spread.T @ pull(offsets)))
    shares = shifts / np.linalg.norm(spread, axis=1)
    k = int(np.argmax(shares))
    if shares[k] > SHIFTED:
        yield (
            f"the model bends within the errors of x: that shifts {result.free[k]} by some "
            f"{shares[k]:.1g} of its error, and errors and intervals are too small"
        )


def _short_of_one(correlation: float) -> str:
    """Return a correlation with so many digits that it is not rounded to 1."""
    if 1 - abs(correlation) < 1e-15:
        return f"{correlation:.0f}, but for rounding"
    return f"{correlation:.{max(4, int(-np.log10(1 - abs(correlation))) + 2)}f}"
