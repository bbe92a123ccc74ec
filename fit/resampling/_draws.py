"""Data like those of a fit: its points drawn again, or measured anew about its model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import NDArray

from fit.arguments._numbers import Array
from fit.arguments._words import quantity
from fit.problem._problem import Problem
from fit.problem._sigma import weights_of
from fit.uncertainties._estimate import Estimate

Counts: TypeAlias = NDArray[np.int64]


def drawn_counts(problem: Problem, seed: SeedSequence) -> Counts:
    """Return how often each point was drawn, with replacement, out of those that count."""
    points = np.flatnonzero(problem.counting)
    drawn = np.random.default_rng(seed).choice(points, points.size)
    return np.bincount(drawn, minlength=len(problem.y))


def with_counts(problem: Problem, counts: Counts) -> Problem:
    """Return the problem in which each point counts so often.

    The root of the count is a weight, where χ² is a sum of squares of weighted differences: shapes
    stay, and so do plans. Elsewhere the points themselves are taken.
    """
    if has_plain_squares(problem):
        roots = np.sqrt(counts)
        weights = problem.weights
        if weights is None or weights.ndim < 2:
            return replace(problem, weights=roots if weights is None else weights * roots)
        return replace(problem, weights=weights * roots[:, None])
    return _with_points(problem, np.repeat(np.arange(len(counts)), counts))


def has_plain_squares(problem: Problem) -> bool:
    """Whether χ² is the sum of squares of differences times fixed weights."""
    return problem.loss == "linear" and problem.x_sigma is None and not problem.follows_model


def _with_points(problem: Problem, which: Counts) -> Problem:
    """Return the problem with these of the points."""
    n = len(problem.y)

    def of_those(values: Any) -> Any:
        return values[..., which] if np.shape(values)[-1:] == (n,) else values

    weights, relative = problem.weights, problem.relative
    if weights is not None and weights.ndim == 2:
        raise ValueError("points of correlated data cannot be taken one by one")
    if relative is not None:
        relative = relative._replace(fraction=of_those(np.asarray(relative.fraction)))
    return replace(
        problem,
        x=of_those(problem.x),
        y=problem.y[which],
        weights=of_those(weights),
        x_sigma=of_those(problem.x_sigma),
        relative=relative,
    )


def check_points(result: Estimate) -> None:
    """Refuse to draw points that are too few, or that model or errors do not take one by one."""
    problem, n = result.problem, len(result.problem.y)
    if result.dof <= 0:
        raise ValueError(
            f"{quantity(problem.n, 'point')} for {quantity(problem.n - result.dof, 'parameter')}, "
            "which any of them fit without a residual, say nothing of errors when they are drawn "
            "again: give sigma to the fit and kind='parametric' to bootstrap"
        )
    if has_plain_squares(problem):
        return
    what = "a robust loss" if problem.loss != "linear" else "errors that follow the model"
    instead = "give kind='parametric' to bootstrap, or fit without"
    if problem.weights is not None and problem.weights.ndim == 2:
        raise ValueError(f"with {what}, points of correlated data cannot be drawn: {instead}")
    if not isinstance(problem.x, np.ndarray) or problem.x.shape[-1:] != (n,):
        raise ValueError(
            f"with {what}, points are drawn out of x, which has to be an array with an entry for "
            f"each of the {n}, but is a {type(problem.x).__name__} of shape {np.shape(problem.x)}: "
            f"{instead}"
        )
    values = np.broadcast_to(result.predict(problem.x), n)
    others = np.random.default_rng(0).permutation(n)
    moved = np.broadcast_to(result.predict(problem.x[..., others]), n)
    if not np.allclose(moved, values[others], rtol=1e-9, atol=1e-9 * np.max(np.abs(values))):
        raise ValueError(
            f"with {what}, points are drawn one by one, but values of {problem.model} depend on "
            f"the x of other points: {instead}"
        )


def measured_anew(result: Estimate, seed: SeedSequence) -> Problem:
    """Return the problem with data that scatter about the fitted model as the errors say."""
    problem, n = result.problem, len(result.problem.y)
    rng = np.random.default_rng(seed)
    scale = result.variance**0.5
    middle = np.broadcast_to(result.predict(problem.x), n)
    count = problem.counting
    y = np.where(count, middle + scale * _scatter(problem, middle, rng.normal(size=n)), problem.y)
    x, weights = problem.x, problem.weights
    if problem.relative is not None:
        weights = weights_of(problem.relative, y, "y")
    if problem.x_sigma is not None:
        x = x + scale * problem.x_sigma * rng.normal(size=np.shape(x))
    return replace(problem, x=x, y=y, weights=weights)


def _scatter(problem: Problem, middle: Array, noise: Array) -> Array:
    """Return what noise of variance 1 is in units of y, with the errors and their correlations."""
    weights, count = problem.weights, problem.counting
    scatter = np.zeros(len(noise))
    if problem.relative is not None:
        fraction = np.broadcast_to(np.asarray(problem.relative.fraction, float), noise.shape)
        scatter[count] = (fraction * np.abs(middle) * noise)[count]
    elif weights is None:
        scatter = noise
    elif weights.ndim == 2:
        scatter[count] = np.linalg.solve(weights[np.ix_(count, count)], noise[count])
    else:
        scatter[count] = noise[count] / np.broadcast_to(weights, noise.shape)[count]
    return scatter
