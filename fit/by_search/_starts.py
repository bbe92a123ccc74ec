"""Where the search for a minimum starts: what is wrong there, and the best of several starts."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, SeedSequence

from autodiff import jacobian
from fit.arguments._executor import refuse_lost, shared_out
from fit.arguments._numbers import Array
from fit.arguments._words import reason
from fit.by_search._checks import check_enough, check_start, search_tells_of_start
from fit.by_search._outliers import misfit_at
from fit.problem._parameters import Parameters
from fit.problem._problem import Problem
from fit.search._minimum import minimum_of
from fit.search._searches import Effort
from fit.uncertainties._estimate import Estimate
from optim import Executor, Status, parallel_map, random_generator

# χ² of a point of all, in that of a point of the sample: of 10 000 it scatters by 1.4 %.
ALL_OF_SAMPLE = 1.1
ALIKE = 1e-6  # relative differences of χ² up to here are those of one minimum


class Ended(NamedTuple):
    """How the search from one start ended, as far as it is compared with others.

    The residuals are those of a robust fit that found its scale, whose loss is one at this scale.
    """

    success: bool
    misfit: float
    nfev: int
    scale: float
    residuals: Array | None


def minimum_from_start(problem: Problem, method: str, effort: Effort) -> Estimate:
    """Return the fit of a problem; where there is none, raise first what its start is refused for.

    Most searches evaluate the start anyway, and it is looked at where they fail alone.
    """
    if not search_tells_of_start(problem, method):
        check_start(problem)
        return minimum_of(problem, method, effort)
    check_enough(problem.n, len(problem.y), problem.parameters.free)
    failure: Exception | None = None
    try:
        result = minimum_of(problem, method, effort)
    except Exception as error:
        failure = error
    if failure is not None or result.status is Status.NOT_FINITE:
        check_start(problem)
    if failure is not None:
        raise failure
    return result


def start_by_sample(problem: Problem, method: str) -> Problem:
    """Return the problem with the start where a fit to a sample of its points ends.

    Each evaluation of data in chunks is a pass over all of them, and from there few are needed. The
    start stays where the sample settles nothing, where it does not speak for all points, as it
    cannot of a peak between its own, and where χ² of all is lower.
    """
    sample, start = problem.sample, problem.parameters.start
    if sample.n == problem.n or problem.loss != "linear":
        return problem
    try:
        near = minimum_of(sample, method, Effort())
    except Exception:  # the search itself says what is wrong
        return problem
    before, after = problem.total(_chi_squared_at_both, start, near.p)
    speaks_for_all = after * sample.n <= ALL_OF_SAMPLE * near.chi_squared * problem.n
    if not (near.success and speaks_for_all and after < before):
        return problem
    return replace(problem, parameters=replace(problem.parameters, start=near.p))


def _chi_squared_at_both(part: Problem, p: Array, q: Array) -> tuple[float, float]:
    with np.errstate(all="ignore"):
        return float(part.chi_squared(p)), float(part.chi_squared(q))


def best_of_starts(
    problem: Problem, method: str, effort: Effort, starts: list[Array], executor: Executor | None
) -> Estimate:
    """Return the best of the minima to which several starts lead; of equal ones the first.

    What comes back of each search is how it ended; the best is made once more here.
    """
    common = (problem, method, effort)
    outcomes = shared_out(end_from, starts, common, executor)
    refuse_lost(outcomes, "start")
    ends, failures = outcomes
    if len(failures) == len(starts):
        raise failures[0]
    found = {k: end for k, end in enumerate(ends) if end is not None}
    some = any(end.success for end in found.values())
    scale = min(end.scale for end in found.values())
    misfits = {
        k: end.misfit if end.residuals is None else misfit_at(end.residuals, scale)
        for k, end in found.items()
        if end.success or not some
    }
    least = min(misfits.values())
    slack = ALIKE * abs(least) + problem.n * problem.rounding**2
    there = [k for k, misfit in misfits.items() if misfit == least or misfit <= least + slack]
    # By parallel_map, too, whose results are the same to the last bit.
    best: list[Estimate] = parallel_map(estimate_from, [starts[there[0]]], common=common).values
    led = f"{len(there)} of {len(starts)} starts led here"
    if failures:
        first = reason(failures[min(failures)]).partition("\n")[0]
        led += f"; {len(failures)} failed, the first of them: {first}"
    return replace(
        best[0],
        message=f"{best[0].message}; {led}",
        nfev=sum(end.nfev for end in found.values()),
        starts=(len(there), len(starts)),
    )


def estimate_from(problem: Problem, method: str, effort: Effort, start: Array) -> Estimate:
    """Return the fit of a problem from a start."""
    parameters = replace(problem.parameters, start=start)
    return minimum_from_start(replace(problem, parameters=parameters), method, effort)


def end_from(problem: Problem, method: str, effort: Effort, start: Array) -> Ended:
    """Return how the search from a start ended."""
    found = estimate_from(problem, method, effort, start)
    misfit = found.aic if problem.follows_model else found.chi_squared
    return Ended(
        found.success,
        misfit if np.isfinite(misfit) else np.inf,
        found.nfev,
        found.problem.f_scale or 1.0,
        found.weighted_residuals if problem.f_scale is None else None,
    )


def drawn_starts(
    problem: Problem, n: int, seed: int | Generator | SeedSequence | None
) -> list[Array]:
    """Return so many starts, spread evenly in each parameter, by a Latin hypercube.

    They are uniform between two bounds, and else normal about the start, by as much as it is large.

    References
    ----------
    M. D. McKay, R. J. Beckman and W. J. Conover, "A comparison of three methods for selecting
    values of input variables", Technometrics 21 (1979).
    """
    from scipy.special import ndtri

    rng, parameters = random_generator(seed), problem.parameters
    start, lower, upper = parameters.start, parameters.lower, parameters.upper
    strata = rng.permuted(np.tile(np.arange(n)[:, None], start.size), axis=0)
    shares = (strata + rng.uniform(size=strata.shape)) / n
    within = np.isfinite(lower) & np.isfinite(upper)
    low, high = np.where(within, lower, 0.0), np.where(within, upper, 1.0)
    about = start + _sizes(problem, parameters) * ndtri(shares)
    # Reflected where there is one bound.
    about = np.where(about < lower, 2 * lower - about, about)
    about = np.where(about > upper, 2 * upper - about, about)
    return list(np.where(within, low + shares * (high - low), about))


def _sizes(problem: Problem, parameters: Parameters) -> Array:
    """Return how large each parameter is where it starts; of 0, what would change the residuals."""
    start = parameters.start
    sizes = np.abs(start)
    if sizes.all():
        return sizes
    with np.errstate(all="ignore"):
        J = np.asarray(jacobian(problem.residuals)(start), float)
        residuals = np.asarray(problem.residuals(start), float)
        changes = np.linalg.norm(residuals) / np.linalg.norm(J, axis=0)
    usable = np.isfinite(changes) & (changes > 0)
    return np.where(sizes > 0, sizes, np.where(usable, changes, 1.0))
