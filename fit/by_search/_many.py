"""Many data sets of one model, each fitted by itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import ArrayLike

from autodiff import is_lazy
from fit.arguments._executor import shared_out
from fit.arguments._numbers import (
    Array,
    as_array,
    nan_for_masked,
    numbers,
    refuse_chunks,
    refuse_unequal,
    seeds_of,
)
from fit.arguments._suggestions import argument_of_fit, with_suggestions
from fit.arguments._words import failures_in_words
from fit.by_search._checks import check_starts
from fit.by_search._fit import fit
from fit.problem._chi_squared import TOLERANCE
from fit.problem._constraints import Constraint
from fit.problem._losses import Loss
from fit.problem._parameters import Bounds, Fixed
from fit.problem._sigma import Cholesky, Relative, Sigma
from fit.results._result import FitResult
from optim import Executor, Outcomes

if TYPE_CHECKING:
    from scipy.optimize import Bounds as ScipysBounds


UNEQUAL = (
    "expected as many points in each row; fill up the shorter rows of x and y by any numbers, with "
    "sigma=inf there, or hand out the fits with optim.parallel_map"
)


@with_suggestions(argument_of_fit, "give the others by name, such as p0=[...]")
def fit_many(
    model: Callable[..., Any],
    x: Any,
    y: ArrayLike,
    sigma: Sigma | None = None,
    *,
    p0: ArrayLike | Mapping[str, float] | None = None,
    x_sigma: ArrayLike | None = None,
    absolute_sigma: bool | None = None,
    bounds: Bounds | tuple[ArrayLike, ArrayLike] | ScipysBounds | None = None,
    fixed: Fixed | Sequence[str] | None = None,
    constraints: Constraint | Sequence[Constraint] | None = None,
    loss: Loss = "linear",
    f_scale: float | None = None,
    nan_policy: str = "raise",
    method: str = "auto",
    starts: int = 1,
    seed: int | Generator | SeedSequence | None = None,
    executor: Executor | None = None,
    offset_tol: float = TOLERANCE,
    max_nfev: int | None = None,
) -> Outcomes:
    """Fit one model to many data sets of the same size, each by itself.

    Parameters
    ----------
    model : callable or Model
        As `fit.fit` takes it.
    x : array_like or any object
        A list or tuple of m arrays, or of other objects that the model takes, or an array of shape
        (m, variables, n), is one x for each of the data sets; anything else is the x of all, as an
        array of shape (variables, n).
    y : array_like of shape (m, n)
        A row for each data set.
    sigma : optional
        As `fit.fit` takes it, of all data sets; or an array of shape (m, n) or (m, n, n), a row of
        standard deviations or a covariance for each.
    x_sigma : array_like, optional
        The standard deviations of ``x``, of all data sets or for each, as ``x``.
    p0, absolute_sigma, bounds, fixed, constraints, loss, f_scale, nan_policy, method, starts, \
offset_tol, max_nfev
        As `fit.fit` takes them, the same for all data sets.
    seed : int, Generator or SeedSequence, optional
        Of the starts, of which each data set has its own.
    executor : concurrent.futures.Executor or alike, optional
        Takes the fits in batches, as `optim.parallel_map` hands them out; no result depends on it.

    Returns
    -------
    Outcomes
        ``values``, a FitResult for each data set, None where the fit was refused, or lost with a
        worker that died; ``failures``, the exceptions by the number of the data set. So ``[f.p for
        f in values if f is not None]`` is of those that are there.

    Raises
    ------
    ValueError
        When ``y`` has no rows; ``x`` is another number of arrays; ``sigma`` may be standard
        deviations as well as a covariance.
    Exception
        When all fits are refused, or lost, the first refusal.

    Warns
    -----
    RuntimeWarning
        When fits failed, and when some end without success, as where parameters are undetermined.

    Examples
    --------
    >>> t = np.linspace(0, 3, 20)
    >>> rates = np.array([0.5, 1.0, 2.0])
    >>> results, failures = fit_many(
    ...     lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t), t, 5 * np.exp(-rates[:, None] * t)
    ... )
    >>> [round(result.values["rate"], 9) for result in results], failures
    ([0.5, 1.0, 2.0], {})
    """
    refuse_chunks("fit_many", x=x, y=y, sigma=sigma, x_sigma=x_sigma)
    rows = _rows_of(y)
    m, n = rows.shape
    if not (sigma is None or isinstance(sigma, Relative | Cholesky) or is_lazy(sigma)):
        sigma = as_array("sigma", nan_for_masked(sigma))
        _refuse_ambiguous(sigma, m, n)
    each: dict[str, Any] = {"y": rows}
    shared: dict[str, Any] = {
        "model": model,
        "p0": p0,
        "absolute_sigma": absolute_sigma,
        "bounds": bounds,
        "fixed": fixed,
        "constraints": constraints,
        "loss": loss,
        "f_scale": f_scale,
        "nan_policy": nan_policy,
        "method": method,
        "offset_tol": offset_tol,
        "max_nfev": max_nfev,
        "starts": starts,
    }
    for name, value in (("x", x), ("x_sigma", x_sigma)):
        (each if _is_x_for_each(name, value, m, n) else shared)[name] = value
    if "x" in shared:
        _refuse_columns(x, m, n)
    (each if _is_sigma_for_each(sigma, m, n) else shared)["sigma"] = sigma
    check_starts(starts, seed=seed)
    if starts > 1:
        each["seed"] = seeds_of(seed, m)
    items = [{name: values[k] for name, values in each.items()} for k in range(m)]
    outcomes = shared_out(fit_of_item, items, (shared,), executor)
    if len(outcomes.failures) == m:
        error = outcomes.failures[0]
        if isinstance(x, np.ndarray) and x.shape == (m, n):
            error.add_note(
                f"x of shape ({m}, {n}) is one x for all data sets: for a row for each, give "
                "list(x)"
            )
        raise error
    for said in _shortcomings(outcomes):
        warnings.warn(said, RuntimeWarning, stacklevel=3)
    return outcomes


def _rows_of(y: Any) -> Array:
    """Return what was measured, a row for each data set."""
    refuse_unequal("y", y, UNEQUAL)
    rows = numbers("y", nan_for_masked(y), check_finite=False)
    if rows.ndim != 2:
        raise ValueError(f"y has shape {rows.shape}, expected (m, n): a row for each data set")
    return rows


def _refuse_columns(x: Any, m: int, n: int) -> None:
    """Refuse data sets in columns, which are seen where one x is for all of them."""
    if isinstance(x, np.ndarray | list) and np.shape(x) == (m,) != (n,):
        raise ValueError(
            f"y has shape ({m}, {n}), but x {m} points: expected a row for each data set, write y.T"
        )


def fit_of_item(shared: dict[str, Any], item: dict[str, Any]) -> FitResult:
    """Return the fit of one data set."""
    return fit(**shared, **item)


def _shortcomings(outcomes: Outcomes) -> Iterator[str]:
    """Say how many fits failed, and how many have no minimum, for nobody looks at each of many."""
    results, failures = outcomes
    if failures:
        yield failures_in_words(failures, len(results), "and values hold None in their places")
    none = [k for k, result in enumerate(results) if result is not None and not result.success]
    if none:
        first = results[none[0]].message
        yield (
            f"{len(none)} of {len(results)} fits ended without success, of which the first is "
            f"number {none[0]}: {first}"
        )


def _is_x_for_each(name: str, x: Any, m: int, n: int) -> bool:
    """Whether x, or its errors, are arrays for each of m data sets, and not one for all."""
    if isinstance(x, list | tuple) and not all(map(_is_number, x)):
        if len(x) != m:
            raise ValueError(
                f"{name} is a {type(x).__name__} of {len(x)} arrays, but y has {m} rows: give one "
                "for each data set or, for variables that all data sets share, "
                f"np.array({name})"
            )
        return True
    return isinstance(x, np.ndarray) and x.ndim == 3 and (x.shape[0], x.shape[2]) == (m, n)


def _is_number(x: Any) -> bool:
    return not np.ndim(x) and np.asarray(x).dtype != object


def _is_sigma_for_each(sigma: Any, m: int, n: int) -> bool:
    """Whether errors are a row, or more, for each of m data sets, and not for all."""
    shape = np.shape(sigma) if isinstance(sigma, np.ndarray) else ()
    return len(shape) > 1 and (shape[0], shape[-1]) == (m, n)


def _refuse_ambiguous(sigma: Any, m: int, n: int) -> None:
    """Refuse a square array that is as well a covariance of all as deviations for each."""
    if m == n and sigma.shape == (n, n) and np.array_equal(sigma, sigma.T) and np.ptp(sigma) > 0:
        raise ValueError(
            f"sigma of shape ({n}, {n}) may be the covariance of all data sets, or a row of "
            f"standard deviations for each: give the covariance of each, of shape ({n}, {n}, {n}), "
            f"as np.broadcast_to(sigma, ({n}, {n}, {n}))"
        )
