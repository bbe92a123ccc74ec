"""What a fit refuses: starts and combinations with which it could not be meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import is_lazy
from fit.arguments._numbers import Array, check_count
from fit.arguments._words import description, from_the_middle, quantity
from fit.models._model import Model
from fit.problem._chi_squared import weighted_residuals
from fit.problem._data import NAMES, Data
from fit.problem._errors_in_x import refuse_errors_in_x, takes_each_point_alone
from fit.problem._problem import Problem
from fit.search._refusals import refuse_end, values_in_words

METHODS = ("auto", "least-squares", "gradient-descent", "effective-variance", "orthogonal-distance")


def model_of(model: Any, x: Any, y: Any, sigma: Any) -> Model:
    """Return the model to fit, or refuse what stands in its place, or in that of sigma."""
    if not callable(model) and (callable(x) or callable(y)):
        raise TypeError(
            f"the model comes first, as in fit(model, x, y), but got {description(model)}, "
            f"{description(x)}, {description(y)}"
        )
    named = model if isinstance(model, Model) else Model(model)
    if not named.names:
        raise ValueError(f"the model {named} has no parameters to fit")
    _refuse_start_as_sigma(sigma, y, named.names)
    return named


def method_of(method: str, data: Data) -> str:
    """Return the method to fit with, or refuse one that does not exist, or not for such data."""
    if method not in METHODS:
        raise ValueError(f"expected a method out of {', '.join(METHODS)}, got {method!r}")
    if method == "auto":
        method = "least-squares" if data.x_sigma is None else "orthogonal-distance"
    refuse_errors_in_x(method, data.weights, data.x_sigma)
    return method


def check_starts(
    starts: Any,
    callback: Any = None,
    progress: bool = False,
    seed: Any = None,
    executor: Any = None,
) -> None:
    """Refuse a number of starts that cannot be meant, or not with the arguments beside it."""
    check_count("starts", starts, 1)
    for name, given in (("callback", callback is not None), ("progress", progress)):
        if given and starts > 1:
            raise ValueError(f"{name} is told of one search: leave it out, or starts={starts}")
    for name, value in (("seed", seed), ("executor", executor)):
        if value is not None and starts == 1:
            raise ValueError(f"{name} is of several starts: write starts=n beside it")


def _refuse_start_as_sigma(sigma: Any, y: Any, names: Sequence[str]) -> None:
    """Refuse starting values in the place that SciPy has for them."""
    if not isinstance(sigma, list | np.ndarray) or not isinstance(y, Sequence | np.ndarray):
        return
    if 0 in (getattr(sigma, "ndim", 1), getattr(y, "ndim", 1)):
        return
    if len(sigma) == len(names) != len(y):
        raise ValueError(
            f"the fourth argument is sigma, one for each of the {len(y)} points, but has "
            f"{len(sigma)} entries, as many as there are parameters: starting values are p0=..."
        )


def search_tells_of_start(problem: Problem, method: str) -> bool:
    """Whether a search fails wherever `check_start` does, given data enough."""
    parameters = problem.parameters
    follows = problem.constraints or parameters.ties or problem.follows_model
    by_squares = method == "least-squares" and isinstance(problem.loss, str)
    return by_squares and problem.loss == "linear" and not follows


def check_start(problem: Problem) -> None:
    """Refuse a start where the model is not finite, and data too few."""
    model, x, y, parameters = problem.model, problem.x, problem.y, problem.parameters
    zeros = problem.constraint(parameters.start)
    if zeros.dtype.kind not in "biuf":
        raise ValueError(f"the constraints are {zeros.tolist()}, expected real numbers")
    if not np.isfinite(zeros).all():
        raise ValueError(
            f"the constraints are {zeros} for the starting values "
            f"{values_in_words(problem, parameters.start)}: give others in p0"
        )
    check_enough(problem.n, len(problem.y), parameters.free, zeros.size)
    p = parameters.every(parameters.start)
    for name, value in zip(parameters.names, p, strict=True):
        if np.shape(value) != ():
            raise ValueError(f"the tie of {name} returned shape {np.shape(value)}, not a number")
    with np.errstate(all="ignore"):
        _check_kind(problem.sample, p)
        if is_lazy(problem.y):
            _check_start_in_chunks(problem)
            return
        values = y + np.asarray(weighted_residuals(model, x, y, None, names=NAMES)(p), float)
        chi_squared = float(problem.chi_squared(parameters.start))
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        shift = from_the_middle(x)
        raise ValueError(
            f"the model is {values[bad[0]]} at point {bad[0]} for the starting values "
            f"{values_in_words(problem, parameters.start)} ({bad.size} of {len(y)} points): give "
            "other starting values in p0" + (f", or write the model with {shift}" if shift else "")
        )
    if not np.isfinite(chi_squared):
        raise ValueError(
            f"χ² is {chi_squared} for the starting values "
            f"{values_in_words(problem, parameters.start)}: give others in p0"
        )
    if problem.x_sigma is not None and not takes_each_point_alone(model, x, p):
        raise ValueError(
            "x_sigma needs a model that takes each point by itself, but here values depend on the "
            "x of other points"
        )


def _check_kind(problem: Problem, p: Sequence[Any]) -> None:
    returned = problem.model(problem.x, *p)
    if np.asarray(returned).dtype.kind not in "biuf":
        raise ValueError(f"the model returned {_kind(returned)}, expected real numbers")


def _check_start_in_chunks(problem: Problem) -> None:
    start = problem.parameters.start
    problem.sample.residuals_at(start)  # which refuses another shape
    bad = problem.total(_count_of_not_finite, start)
    if bad:
        refuse_end(problem, start, f"at {bad} of {len(problem.y)} points")


def _count_of_not_finite(part: Problem, p: Array) -> int:
    return int(np.count_nonzero(~np.isfinite(part.residuals_at(p))))


def check_enough(n: int, of: int, names: Sequence[str], constraints: int = 0) -> None:
    """Refuse fewer points that count, out of all, than parameters."""
    if n + constraints < len(names):
        points = quantity(n, "point") + ("" if n == of else " of finite error")
        raise ValueError(
            f"y has {points}: too few to fit {len(names)} parameters ({', '.join(names)})"
        )


def _kind(values: Any) -> str:
    dtype = np.asarray(values).dtype
    return type(values).__name__ if dtype.kind == "O" else f"dtype {dtype}"


def refuse_in_chunks(method: str, constraints: Any, starts: int) -> None:
    """Refuse what takes all points in one piece."""
    for what, given in (
        (f"method={method!r}", method in METHODS[2:]),
        ("constraints", constraints is not None),
        (f"starts={starts}", starts > 1),
    ):
        if given:
            raise ValueError(
                f"{what} cannot be combined with Dask arrays: leave it out, or fit to a part of "
                "the data, as x[::1000].compute(), and give its values as p0"
            )
