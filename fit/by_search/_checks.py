"""What a fit refuses: starts and combinations with which it could not be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import is_lazy
from fit.arguments._numbers import check_count
from fit.arguments._words import description, from_the_middle, quantity
from fit.models._guess import AT_HAND
from fit.models._model import Model
from fit.problem._data import Data
from fit.problem._errors_in_x import refuse_errors_in_x, takes_each_point_alone
from fit.problem._parameters import Bounds, Fixed, parameters_of
from fit.problem._problem import Problem
from fit.search._refusals import values_in_words
from fit.search._searches import Effort
from optim import least_squares

if TYPE_CHECKING:
    from scipy.optimize import Bounds as ScipysBounds

OF_FEW_POINTS = (
    "the model is called with a few points of Dask arrays at a time: what has a value for each "
    "point, as an array that the model captures, has to be a row of x: write x=da.stack([x, "
    "other]), and in the model x[0] and x[1]"
)
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


def check_method(method: str) -> None:
    """Refuse a method that does not exist."""
    if method not in METHODS:
        raise ValueError(f"expected a method out of {', '.join(METHODS)}, got {method!r}")


def method_of(method: str, data: Data) -> str:
    """Return the method to fit with, or refuse one that is not for such data."""
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
    if not isinstance(sigma, list | np.ndarray):
        return
    n, entries = _length(y), _length(sigma)
    if n is not None and entries == len(names) != n:
        raise ValueError(
            f"the fourth argument is sigma, one for each of the {n} points, but has "
            f"{entries} entries, as many as there are parameters: starting values are p0=..."
        )


def _length(values: Any) -> int | None:
    """Return how many entries there are, if that can be known."""
    shape = getattr(values, "shape", None)
    if shape is not None:
        return shape[0] if shape else None
    return len(values) if isinstance(values, Sequence) else None


def search_tells_of_start(problem: Problem, method: str) -> bool:
    """Whether a search fails wherever `check_start` does, given data enough."""
    parameters = problem.parameters
    follows = problem.constraints or parameters.ties or problem.follows_model
    by_squares = method == "least-squares" and isinstance(problem.loss, str)
    return by_squares and problem.loss == "linear" and not follows


def check_start(problem: Problem) -> None:
    """Refuse a start where the model is not finite, and data too few."""
    parameters = problem.parameters
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
    with np.errstate(all="ignore"), _hint_at_chunks(problem):
        returned = problem.sample.model(problem.sample.x, *p)
        if is_lazy(returned):
            raise ValueError("the model returned a Dask array: compute what it captures before")
    if np.asarray(returned).dtype.kind not in "biuf":
        raise ValueError(f"the model returned {_kind(returned)}, expected real numbers")
    with np.errstate(all="ignore"), _hint_at_chunks(problem):
        found = problem.look_at(parameters.start)
    if found.bad:
        shift = from_the_middle(problem.sample.x)
        raise ValueError(
            f"the model is {found.value} at point {found.point}{problem.place_of(found.point)} for "
            f"the starting values {values_in_words(problem, parameters.start)} ({found.bad} of "
            f"{len(problem.y)} points): give other starting values in p0"
            + (f", or write the model with {shift}" if shift else "")
        )
    if not np.isfinite(found.chi_squared):
        raise ValueError(
            f"χ² is {found.chi_squared} for the starting values "
            f"{values_in_words(problem, parameters.start)}: give others in p0"
        )
    if problem.x_sigma is not None and not takes_each_point_alone(problem.model, problem.x, p):
        raise ValueError(
            "x_sigma needs a model that takes each point by itself, but here values depend on the "
            "x of other points"
        )


@contextmanager
def _hint_at_chunks(problem: Problem) -> Iterator[None]:
    """Add what a model of data in chunks has to be, where one that may not be so fails."""
    try:
        yield
    except (ValueError, IndexError) as error:
        of_shapes = isinstance(error, IndexError) or "shape" in str(error).lower()
        if is_lazy(problem.y) and (of_shapes or "Dask array" in str(error)):
            error.add_note(OF_FEW_POINTS)
        raise


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


def refuse_in_chunks(method: str, constraints: Any, starts: Any, seed: Any) -> None:
    """Refuse what takes all points in one piece."""
    for what, given in (
        (f"method={method!r}", method in METHODS[2:]),
        ("constraints", constraints is not None),
        (f"starts={starts}", starts != 1),
        (f"seed={seed}", seed is not None),
    ):
        if given:
            raise ValueError(
                f"{what} cannot be combined with Dask arrays: leave it out, or fit to a part of "
                "the data, as x[::1000].compute(), and give its values as p0"
            )


def refuse_before_reading(
    model: Model,
    n: int,
    p0: ArrayLike | Mapping[str, float] | None,
    bounds: Bounds | tuple[ArrayLike, ArrayLike] | ScipysBounds | None,
    fixed: Fixed | Sequence[str] | None,
    effort: Effort,
) -> None:
    """Refuse what is wrong whatever the n points are, before they are read, which may take long.

    The search, of a problem without data, refuses its own arguments.
    """

    def guess() -> dict[str, float]:
        if model.needs_all_points and n > AT_HAND:
            raise ValueError(
                f"{model} guesses where to start from all points, which Dask arrays never are in "
                "one piece: give p0 for all parameters, as the values of a fit to "
                f"x[:{AT_HAND}].compute() and y[:{AT_HAND}].compute()"
            )
        return dict.fromkeys(model.names if model.guesses else (), 0.0)

    parameters_of(model.names, model.defaults, p0, bounds, fixed, guess)
    least_squares(np.negative, [0.0], offset_tol=effort.offset_tol, max_nfev=effort.max_nfev)
