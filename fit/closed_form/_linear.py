"""Models that are linear in their parameters: fitted at once, to the last digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autodiff import is_lazy
from fit.arguments._numbers import Array, all_finite, numbers
from fit.arguments._suggestions import argument_of_fit, with_suggestions
from fit.by_search._checks import check_enough
from fit.by_search._fit import fit
from fit.closed_form._double_double import DoubleDouble, double_double, multiply
from fit.closed_form._linear_least_squares import least_squares_solution, weighted_rows
from fit.models._model import Model
from fit.models._shapes import Line, Polynomial
from fit.problem._chunked_data import is_of_chunks
from fit.problem._data import data_of
from fit.problem._parameters import parameters_of
from fit.problem._problem import Problem
from fit.problem._sigma import OF_MODEL, Sigma, counting, refuse_errors_of_model
from fit.results._result import FitResult
from fit.uncertainties._estimate import LINEAR
from optim import Chunks, Status

Function: TypeAlias = Callable[[Any], Any]
Columns: TypeAlias = Callable[[Any], "Sequence[Array | DoubleDouble]"]

TOO_LARGE = (
    "squares of x and y, in standard deviations, are beyond the range of numbers: count them in "
    "other units"
)


@with_suggestions(argument_of_fit, "give the others by name")
def line(
    x: ArrayLike,
    y: ArrayLike,
    sigma: Sigma | None = None,
    *,
    x_sigma: ArrayLike | None = None,
    absolute_sigma: bool | None = None,
    nan_policy: str = "raise",
) -> FitResult:
    """Fit a straight line, slope · x + intercept.

    Parameters
    ----------
    x, y : array_like of shape (n,)
        What was set and what was measured.
    sigma : array_like of shape (n,) or (n, n), a number, Relative or Cholesky, optional
        The standard deviations of ``y`` or its covariance, as in `fit.fit`.
    x_sigma : array_like of shape (n,) or a number, optional
        The standard deviations of ``x``, 0 where it is exact: `fit.fit` then minimises the
        orthogonal distance.
    absolute_sigma : bool, optional
        Whether the size of ``sigma`` is to be believed, whatever was given.
    nan_policy : {"raise", "omit"}
        What to do about points with a NaN.

    Raises
    ------
    ValueError
        When the data cannot be meant, naming the argument and the first bad entry.

    Notes
    -----
    Dask arrays are fitted by chunks, as in `fit.fit`. The sums of these have 16 digits, where those
    of NumPy's arrays have 32: where x lies far from 0, count it from its middle.

    Examples
    --------
    >>> result = line([0.4, 0.5, 0.6, 0.7, 0.8], [0.1, 0.25, 0.55, 0.75, 0.85])
    >>> for name, value in result.values.items():
    ...     print(f"{name:9} {value:5.2f} ± {result.errors[name]:.2f}")
    slope      2.00 ± 0.18
    intercept -0.70 ± 0.11
    """
    if x_sigma is not None:
        return fit(
            Line(),
            x,
            y,
            sigma,
            x_sigma=x_sigma,
            absolute_sigma=absolute_sigma,
            nan_policy=nan_policy,
        )
    return _linear_fit(
        Line(),
        lambda x: [x, np.ones_like(x)],
        x if hasattr(x, "__array__") else np.asanyarray(x),
        y,
        sigma,
        absolute_sigma,
        nan_policy,
    )


@with_suggestions(argument_of_fit, "give the others by name")
def polynomial(
    x: ArrayLike,
    y: ArrayLike,
    degree: int,
    sigma: Sigma | None = None,
    *,
    absolute_sigma: bool | None = None,
    nan_policy: str = "raise",
) -> FitResult:
    """Fit a polynomial, c0 + c1 · x + c2 · x² + ... up to a degree.

    The powers are taken with 32 digits, so that the coefficients are right to some 13 digits even
    where those of x, x², ... are hard to tell apart.

    Parameters
    ----------
    x, y : array_like of shape (n,)
        What was set and what was measured.
    degree : int
        The highest power.
    sigma, absolute_sigma, nan_policy
        As in `fit.line`.

    Raises
    ------
    ValueError
        When the data or the degree cannot be meant.

    Examples
    --------
    >>> result = polynomial([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 5.0, 10.0], degree=2)
    >>> {name: round(value, 12) + 0.0 for name, value in result.values.items()}
    {'c0': 1.0, 'c1': 0.0, 'c2': 1.0}
    """

    def powers(x: Array) -> list[DoubleDouble]:
        columns = [double_double(np.ones_like(x))]
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(degree):
                columns.append(multiply(columns[-1], DoubleDouble(x)))
        return columns

    x = x if hasattr(x, "__array__") else np.asanyarray(x)
    return _linear_fit(Polynomial(degree), powers, x, y, sigma, absolute_sigma, nan_policy)


@with_suggestions(argument_of_fit, "give the others by name")
def linear(
    basis: Mapping[str, Function] | Sequence[Function],
    x: Any,
    y: ArrayLike,
    sigma: Sigma | None = None,
    *,
    absolute_sigma: bool | None = None,
    nan_policy: str = "raise",
) -> FitResult:
    """Fit a sum of given functions of x, each times a parameter.

    Parameters
    ----------
    basis : dict of functions by the names of their parameters, or sequence of functions
        Each takes ``x`` and returns an array of shape (n,), or one number for all points. In a
        sequence, parameters are named as their functions if each has a name of its own, otherwise
        c0, c1, ...
    x : array_like or any object
        What the functions are evaluated at; of several variables a row for each.
    y : array_like of shape (n,)
        What was measured.
    sigma, absolute_sigma, nan_policy
        As in `fit.line`.

    Raises
    ------
    ValueError
        When the data or the basis cannot be meant.

    Notes
    -----
    What a function rounds away is lost: where functions are so much alike that the condition is
    10¹⁰, as of powers up to the tenth, 7 digits of the parameters are left. Of powers, `polynomial`
    keeps all.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> result = linear({"offset": lambda x: 1.0, "a": np.sin, "b": np.cos}, x, 2 + 3 * np.sin(x))
    >>> {name: round(value, 12) + 0.0 for name, value in result.values.items()}
    {'offset': 2.0, 'a': 3.0, 'b': 0.0}
    """
    functions = _functions_by_name(basis)

    def combination(x: Any, *p: Any) -> Any:
        terms = (q * f(x) for q, f in zip(p, functions.values(), strict=True))
        return sum(terms, np.zeros(x.shape[-1:]) if isinstance(x, np.ndarray) else 0.0)

    def columns(x: Any) -> list[Array]:
        return [numbers(f"the basis function {name}", f(x)) for name, f in functions.items()]

    model = Model(combination, names=tuple(functions), label="linear combination")
    return _linear_fit(model, columns, x, y, sigma, absolute_sigma, nan_policy)


def _functions_by_name(basis: Mapping[str, Function] | Sequence[Function]) -> dict[str, Function]:
    """Return the functions by the names of their parameters."""
    several = basis.values() if isinstance(basis, Mapping) else basis
    if not isinstance(several, Iterable) or not all(map(callable, several)) or not len(basis):
        raise ValueError(f"expected a dict or a sequence of functions as basis, got {basis!r}")
    if isinstance(basis, Mapping):
        return dict(basis)
    names = [getattr(f, "__name__", "") for f in basis]
    distinct = len(set(names)) == len(names) and all(name.isidentifier() for name in names)
    if not distinct:
        names = [f"c{k}" for k in range(len(basis))]
    return dict(zip(names, basis, strict=True))


# -- from data to a result -------------------------------------------------------------------


def _linear_fit(
    model: Model,
    columns: Columns,
    x: Any,
    y: ArrayLike,
    sigma: Sigma | None,
    absolute_sigma: bool | None,
    nan_policy: str,
) -> FitResult:
    """Return the fit of a model whose derivatives by its parameters are the columns."""
    refuse_errors_of_model(sigma, OF_MODEL)
    if is_of_chunks(x, y, sigma):
        return _linear_fit_in_chunks(model, columns, x, y, sigma, absolute_sigma, nan_policy)
    data = data_of(x, y, sigma, None, nan_policy)
    names, n, weights = model.names, len(data.y), data.weights
    if isinstance(data.x, np.ndarray) and data.x.shape[-1:] != (n,):
        raise ValueError(f"x has shape {data.x.shape}, but y {n} points: expected one x for each")
    check_enough(int(np.count_nonzero(counting(weights, n))), n, names)
    design = _design(columns(data.x), names, n)
    target = double_double(data.y)
    if weights is not None:
        design, target = weighted_rows(design, weights), weighted_rows(target, weights)
    with np.errstate(over="ignore", invalid="ignore"):  # of which nothing finite comes
        solution = least_squares_solution(design, target)
    if not all_finite(solution.x):
        raise ValueError(TOO_LARGE)
    problem = Problem(
        model,
        *data,
        parameters_of(names, dict(zip(names, solution.x, strict=True)), None, None, None),
        absolute=sigma is not None if absolute_sigma is None else absolute_sigma,
    )
    undetermined = solution.determined.undetermined
    return FitResult(
        problem,
        solution.x,
        solution.triangle,
        -solution.residuals,
        float(solution.residuals @ solution.residuals),
        not undetermined.size,
        Status.SINGULAR if undetermined.size else Status.CONVERGED,
        _message(names, undetermined),
        solution.steps,
        LINEAR,
        refined=solution.determined,
    )


def _linear_fit_in_chunks(
    model: Model,
    columns: Columns,
    x: Any,
    y: Any,
    sigma: Sigma | None,
    absolute_sigma: bool | None,
    nan_policy: str,
) -> FitResult:
    """Return the fit of a linear model to Dask arrays: a step of least squares, and refinement."""
    start = dict.fromkeys(model.names, 0.0)
    try:
        result = fit(
            *(model, x, y, sigma), p0=start, absolute_sigma=absolute_sigma, nan_policy=nan_policy
        )
    except ValueError as failure:
        if "p0" not in str(failure):
            raise
        # A linear fit takes no start, from which its model is finite if its columns are.
        look = partial(_infinite_column, columns, model.names)
        chunks = Chunks((x,), ("x",)) if is_lazy(x) else None
        found = chunks.reduce(look, itemgetter(0), numbered=True) if chunks else look(0, x)
        raise ValueError(found or TOO_LARGE) from None
    undetermined = result.determined.undetermined
    solved = result.success or result.status is Status.SINGULAR
    message = _message(model.names, undetermined) if solved else result.message
    return replace(result, method=LINEAR, message=message)


def _infinite_column(columns: Columns, names: Sequence[str], start: int, x: Any) -> str | None:
    """Return why the columns of a chunk are refused, which starts at some point; None if not."""
    x = np.asarray(x, float)
    try:
        with np.errstate(all="ignore"):
            _design(columns(x), names, x.shape[-1])
    except ValueError as refusal:
        return f"{refusal}, counted from point {start}" if start else str(refusal)
    return None


def _design(columns: Sequence[Array | DoubleDouble], names: Sequence[str], n: int) -> DoubleDouble:
    """Return the columns of the design matrix, one below the other, of shape (parameters, n)."""
    exact = [c if isinstance(c, DoubleDouble) else double_double(c) for c in columns]
    for name, column in zip(names, exact, strict=True):
        if column.high.shape not in ((), (n,)):
            raise ValueError(
                f"{name} is multiplied by an array of shape {column.high.shape}, but y has {n} "
                "points: expected one value for each, or one number"
            )
        if not np.isfinite(column.high + column.low).all():
            raise ValueError(f"the values of x are too large: {name} would be multiplied by inf")
    high, low = np.empty((2, len(exact), n))
    for k, column in enumerate(exact):
        high[k], low[k] = column
    return DoubleDouble(high, low)


def _message(names: Sequence[str], undetermined: Array) -> str:
    if not undetermined.size:
        return "the minimum: the model is linear in its parameters, and was solved to rounding"
    step = undetermined[0] / undetermined[0][np.argmax(np.abs(undetermined[0]))]
    changed = [f"{name}: {s:.3g}" for name, s in zip(names, step, strict=True) if abs(s) > 1e-9]
    return (
        f"the columns of the design matrix depend on one another (rank "
        f"{len(names) - len(undetermined)} of {len(names)}): the data do not determine all "
        f"parameters, since the model does not change along ({', '.join(changed)})"
    )
