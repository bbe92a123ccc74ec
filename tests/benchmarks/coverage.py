"""How often the errors, intervals and bands of fits cover the truth, in simulated experiments.

``python -m tests.benchmarks.coverage [--sets N] [--seed S] [KIND ...]`` prints a line for each kind
of fit, which starts at the model's own guess or far from the truth. All kinds, with 2000 sets of
data each, take some fifteen minutes of two cores. The columns:

failed
    Fits that did not claim success. They do not count for the rest.
off
    Those that did, but have a larger χ² than a fit that starts at the truth, or are from the truth
    by what is as improbable as six standard deviations.
quiet
    Those of these of which no warning speaks.
errors, intervals, bands
    How often, in %, the truth lies within the standard error times the quantile that the result
    takes for the level; within `interval`; within `band`, at places all along x. It is that of the
    parameter, or of the place, where it is farthest from the level.
warned, of
    How many % of fits are warned of, and of how many sets: those whose intervals were computed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from math import sqrt
from multiprocessing import Pool
from typing import Any, NamedTuple

import tests.benchmarks  # noqa: F401

# The processes have a core each; BLAS reads this when NumPy is imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import fit
from fit.uncertainties._estimate import quantile

LEVELS = (0.6827, 0.9545)
PLACES = 9  # along x, where bands are looked at
IMPROBABLE = 1 - 2e-9  # beyond six standard deviations
ROUNDS = 5  # after which the errors of counts stay the same, to 1e-6 of themselves
WORSE = 1.0  # by how many variances the χ² of a fit that is not the best is above it

Array = np.ndarray
Random = np.random.Generator


class Data(NamedTuple):
    """What one experiment brings: x, y, and keyword arguments of `fit.fit`."""

    x: Array
    y: Array
    options: dict[str, Any]


# Takes where to measure, and the function that is true there.
Draw = Callable[[Random, Array, Callable[[Array], Array]], Data]


class Kind(NamedTuple):
    """A kind of fit: the truth, how data come from it, and how they are fitted."""

    model: Callable[..., Any]
    truth: tuple[float, ...]
    x: Array
    draw: Draw
    options: dict[str, Any]
    every: int = 1  # how many sets there are to one whose intervals are computed
    by: Callable[..., fit.FitResult] = fit.fit


class Outcome(NamedTuple):
    """What came of one fit: which parameters, or places, were covered, for each level."""

    success: bool
    off: bool = False
    quiet: bool = False
    errors: Array | None = None
    bands: Array | None = None
    intervals: Array | None = None  # and whether the fit was warned of, of some sets only
    warned: bool = False


# -- models --------------------------------------------------------------------------------------


def decay(x: Any, a: Any, rate: Any, offset: Any) -> Any:
    return a * np.exp(-rate * x) + offset


def michaelis_menten(c: Any, v: Any, k: Any) -> Any:
    return v * c / (k + c)


# -- data ----------------------------------------------------------------------------------------


def known(sigma: float) -> Draw:
    """Return experiments whose errors are known."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        return Data(x, true(x) + sigma * rng.normal(size=len(x)), {"sigma": sigma})

    return draw


def unknown(sigma: float) -> Draw:
    """Return experiments whose errors are not known."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        return Data(x, true(x) + sigma * rng.normal(size=len(x)), {})

    return draw


def ratios(sigma: float) -> Draw:
    """Return experiments of whose errors only the ratios are known: they rise fivefold."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        ratio = np.linspace(1, 5, len(x))
        y = true(x) + sigma * ratio * rng.normal(size=len(x))
        return Data(x, y, {"sigma": ratio, "absolute_sigma": False})

    return draw


def correlated(sigma: float, length: float) -> Draw:
    """Return experiments whose errors are alike as far along x as the length."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        covariance = sigma**2 * np.exp(-np.abs(x[:, None] - x) / length)
        y = rng.multivariate_normal(true(x), covariance, method="cholesky")
        return Data(x, y, {"sigma": covariance})

    return draw


def relative(fraction: float) -> Draw:
    """Return experiments whose errors are a fraction of the true values."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        y = true(x) * (1 + fraction * rng.normal(size=len(x)))
        return Data(x, y, {"sigma": fit.Relative(fraction, of="model")})

    return draw


def errors_in_x(x_sigma: float, sigma: float) -> Draw:
    """Return experiments in which x is measured, too."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        y = true(x) + sigma * rng.normal(size=len(x))
        return Data(x + x_sigma * rng.normal(size=len(x)), y, {"sigma": sigma, "x_sigma": x_sigma})

    return draw


def outliers(sigma: float, known: bool = False) -> Draw:
    """Return experiments in which one point of ten has ten times the error."""

    def draw(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
        size = np.where(rng.random(len(x)) < 0.1, 10 * sigma, sigma)
        y = true(x) + size * rng.normal(size=len(x))
        return Data(x, y, {"sigma": sigma} if known else {})

    return draw


def counts(rng: Random, x: Array, true: Callable[[Array], Array]) -> Data:
    """Return numbers of events, with their roots for errors."""
    y = rng.poisson(true(x)).astype(float)
    return Data(x, y, {"sigma": np.sqrt(y)})


def repeated(model: Any, x: Array, y: Array, sigma: Array, **options: Any) -> fit.FitResult:
    """Fit counts as the warning of their roots says: with those of the model, until they stay."""
    result = fit.fit(model, x, y, sigma, **options)
    for _ in range(ROUNDS):
        sigma = np.sqrt(result.predict(x))
        result = fit.fit(model, x, y, sigma, **options | {"p0": result.p})
    return result


# -- kinds ---------------------------------------------------------------------------------------

LONG = np.linspace(0, 10, 50)
DECAY: tuple[Any, ...] = (decay, (5.0, 0.5, 1.0), LONG)
FAR = {"p0": [1.0, 1.0, 0.0]}
PEAK = fit.Gaussian() + fit.Line()
CONCENTRATIONS = np.geomspace(0.02, 1.1, 16)

KINDS = {
    "line": Kind(fit.Line(), (2.0, 1.0), LONG, known(1.0), {}),
    "polynomial": Kind(fit.Polynomial(3), (1.0, -2.0, 0.3, 0.05), LONG - 5, known(1.0), {}),
    "decay": Kind(*DECAY, known(0.2), FAR),
    "decay, no sigma": Kind(*DECAY, unknown(0.2), FAR),
    "decay, ratios": Kind(*DECAY, ratios(0.1), FAR),
    "decay, bounds": Kind(
        *DECAY, known(0.2), FAR | {"bounds": {"a": (0, 50), "rate": (0, 10), "offset": (-5, 5)}}
    ),
    "decay, 6 points": Kind(decay, (5.0, 0.5, 1.0), np.linspace(0, 10, 6), unknown(0.1), FAR),
    "correlated": Kind(*DECAY, correlated(0.2, 1.0), FAR),
    "relative": Kind(*DECAY, relative(0.1), FAR),
    "peak": Kind(fit.Gaussian(), (8.0, 5.0, 1.0), LONG, known(1.0), {}),
    "peak on a line": Kind(PEAK, (10.0, 5.0, 1.0, 0.3, 1.0), LONG, known(1.0), {}),
    "counts": Kind(PEAK, (300.0, 5.0, 1.0, 5.0, 50.0), LONG, counts, {}),
    "counts, repeated": Kind(PEAK, (300.0, 5.0, 1.0, 5.0, 50.0), LONG, counts, {}, by=repeated),
    "sine": Kind(fit.Sine(), (3.0, 0.4, 0.5), LONG, known(1.0), {}),
    "saturation": Kind(
        michaelis_menten, (200.0, 0.06), CONCENTRATIONS, unknown(10.0), {"p0": [100.0, 0.5]}
    ),
    "distance": Kind(*DECAY, errors_in_x(0.1, 0.1), FAR, 10),
    "effective": Kind(*DECAY, errors_in_x(0.1, 0.1), FAR | {"method": "effective-variance"}),
    "huber": Kind(*DECAY, outliers(0.2), FAR | {"loss": "huber"}, 10),
    "cauchy": Kind(*DECAY, outliers(0.2), FAR | {"loss": "cauchy"}, 10),
    "cauchy, sigma": Kind(*DECAY, outliers(0.2, known=True), FAR | {"loss": "cauchy"}, 10),
    "cauchy, peak": Kind(
        PEAK, (10.0, 5.0, 1.0, 0.3, 1.0), LONG, outliers(0.5), {"loss": "cauchy"}, 10
    ),
}


# -- one fit -------------------------------------------------------------------------------------


def outcome(name: str, seed: int, number: int) -> Outcome:
    """Return what comes of one set of data, which its number tells."""
    kind = KINDS[name]
    truth = np.array(kind.truth)
    rng = np.random.default_rng([seed, number, *name.encode()])
    x, y, of_data = kind.draw(rng, kind.x, lambda x: kind.model(x, *kind.truth))
    options = of_data | kind.options
    result = kind.by(kind.model, x, y, **options)
    if not result.success:
        return Outcome(False)
    best = kind.by(kind.model, x, y, **options | {"p0": kind.truth})
    errors = np.array(list(result.errors.values()))
    reach = [quantile(level, result.dof_of_errors) for level in (*LEVELS, IMPROBABLE)]
    within = np.abs(result.p - truth) <= np.multiply.outer(reach, errors)
    lost = best.success and result.chi_squared - best.chi_squared > WORSE * best.sandwich.rise
    off = bool(lost or not within[-1].all())
    asked = number % kind.every == 0
    warned = bool((asked or off) and result.warnings)
    bands, intervals = _in_bands(result, kind), _in_intervals(result, truth) if asked else None
    return Outcome(True, off, off and not warned, within[:-1], bands, intervals, warned)


def _in_bands(result: fit.FitResult, kind: Kind) -> Array:
    places = np.linspace(kind.x[0], kind.x[-1], PLACES)
    true = kind.model(places, *kind.truth)
    bands = [result.band(places, level) for level in LEVELS]
    return np.array([(low <= true) & (true <= high) for low, high in bands])


def _in_intervals(result: fit.FitResult, truth: Array) -> Array:
    ends = [[result.interval(name, level) for name in result.names] for level in LEVELS]
    low, high = np.moveaxis(np.array(ends), 2, 0)
    return (low <= truth) & (truth <= high)


# -- all of a kind -------------------------------------------------------------------------------


def line_of(name: str, outcomes: list[Outcome], seconds: float) -> str:
    """Return a kind's line of the table."""
    found = [o for o in outcomes if o.success]
    asked = [o for o in found if o.intervals is not None]
    covered = "".join(
        f"   {_farthest(shares, 0)}{_farthest(shares, 1)}"
        for shares in (
            np.array([o.errors for o in found]),
            np.array([o.bands for o in found]),
            np.array([o.intervals for o in asked]),
        )
    )
    return (
        f"{name:17}{len(outcomes):6}{len(outcomes) - len(found):8}{sum(o.off for o in found):5}"
        f"{sum(o.quiet for o in found):7}{covered}{100 * np.mean([o.warned for o in asked]):8.1f}"
        f"{len(asked):6}{seconds:7.0f}"
    )


def _farthest(covered: Array, level: int) -> str:
    """Return the share that is farthest from the level, marked if that is no chance."""
    shares, expected = covered[:, level].mean(axis=0), LEVELS[level]
    share = shares[np.argmax(np.abs(shares - expected))]
    chance = abs(share - expected) <= 3 * sqrt(expected * (1 - expected) / len(covered))
    return f"{100 * share:6.1f}{' ' if chance else '*'}"


def lines(names: list[str], sets: int, seed: int) -> Iterator[str]:
    """Yield the table, line by line."""
    levels = "   " + "".join(f"{100 * level:6.4g} " for level in LEVELS)
    yield f"{'':43}   {'errors':^14}   {'bands':^14}   {'intervals':^14}"
    yield (
        f"{'':17}{'sets':>6}{'failed':>8}{'off':>5}{'quiet':>7}{levels}{levels}{levels}"
        f"{'warned':>8}{'of':>6}{'s':>7}"
    )
    with Pool() as pool:
        for name in names:
            start = time.perf_counter()
            outcomes = pool.map(partial(outcome, name, seed), range(sets), chunksize=10)
            yield line_of(name, outcomes, time.perf_counter() - start)
    yield "* farther from the level than three binomial errors"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {'; '.join(KINDS)}")
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    unknown = [name for name in given.kinds if name not in KINDS]
    if unknown:
        parser.error(f"no kind {unknown[0]!r}; there are {'; '.join(KINDS)}")
    for line in lines(given.kinds or list(KINDS), given.sets, given.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
