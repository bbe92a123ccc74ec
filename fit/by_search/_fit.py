"""One call from data and a model to parameters with honest errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._executor import refuse_executor_in_chunks
from fit.arguments._numbers import check_callback
from fit.arguments._suggestions import argument_of_fit, with_suggestions
from fit.arguments._words import quantity
from fit.by_search._checks import (
    check_method,
    check_starts,
    method_of,
    model_of,
    refuse_before_reading,
    refuse_in_chunks,
)
from fit.by_search._outliers import better_from, hampel_filter
from fit.by_search._starts import (
    best_of_starts,
    drawn_starts,
    minimum_from_start,
    start_by_sample,
)
from fit.problem._chi_squared import TOLERANCE
from fit.problem._chunked_data import chunked_data, is_of_chunks
from fit.problem._chunked_problem import in_chunks
from fit.problem._constraints import Constraint, constraints_by_name
from fit.problem._data import Data, data_of
from fit.problem._errors_in_x import distance_of
from fit.problem._losses import Loss, scale_of_loss
from fit.problem._parameters import Bounds, Fixed, Parameters, parameters_of
from fit.problem._problem import Problem
from fit.problem._sigma import Sigma
from fit.results._result import FitResult
from fit.search._searches import Callback, Effort
from optim import Executor

if TYPE_CHECKING:
    from scipy.optimize import Bounds as ScipysBounds


@with_suggestions(argument_of_fit, "give the others by name, such as p0=[...]")
def fit(
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
    seed: int | np.random.Generator | np.random.SeedSequence | None = None,
    executor: Executor | None = None,
    offset_tol: float = TOLERANCE,
    max_nfev: int | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> FitResult:
    """Fit a model to data by χ², with exact derivatives.

    Parameters
    ----------
    model : callable or Model
        Takes ``x`` and then each parameter by itself, in plain NumPy; returns one value for each
        data point. The signature names the parameters, and its defaults are starting values.
    x : array_like or any object
        What the model is evaluated at; of several variables a row for each.
    y : array_like of shape (n,)
        What was measured.
    sigma : array_like of shape (n,) or (n, n), a number, Relative or Cholesky, optional
        The standard deviations of ``y``, in its units, or its covariance. If given, its size is
        believed. If not, all errors are equal, and estimated from the residuals. A point whose
        standard deviation is infinite does not count.
    p0 : dict by name or array_like, optional
        Starting values; they override the model's own.
    x_sigma : array_like of the shape of x, or a number, optional
        The standard deviations of ``x``, 0 where it is exact.
    absolute_sigma : bool, optional
        Whether the size of ``sigma`` is to be believed, whatever was given.
    bounds : dict of pairs by name, (lower, upper) or scipy.optimize.Bounds, optional
        Lower and upper bounds: numbers for all parameters, or one for each; None and infinities are
        no bounds. Of a dict a name may be missing.
    fixed : dict or sequence of names, optional
        Parameters that are not varied: numbers, or functions of other parameters, by the names in
        their signatures. A sequence fixes parameters where they start.
    constraints : callable or sequence of callables, optional
        Functions of parameters, by the names in their signatures, each of which the fit makes 0,
        with Lagrange's multipliers.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"} or callable
        What takes the place of the square where there are outliers. "soft_l1" and "huber" make them
        count by their distance: safe, and enough for a few. "cauchy" and "arctan" make the far ones
        hardly count at all: for many or one-sided outliers, and a start near the answer. Or a
        function ρ(z) of squares in units of ``f_scale``, as in `optim.least_squares`: such a fit
        cannot be written to JSON.
    f_scale : float, optional
        How large an outlier's residual is at the least, in standard deviations or, without sigma,
        in units of y. By default one standard deviation: that of ``sigma``
        where its size is believed, else that of most residuals, as their median size tells.
    nan_policy : {"raise", "omit"}
        What to do about points with a NaN. "omit" leaves them out, and masked ones too, of x, y,
        sigma or x_sigma: ``residuals`` and ``problem.x`` are as long as what is left.
    method : {"auto", "least-squares", "gradient-descent", "effective-variance", \
"orthogonal-distance"}
        Levenberg and Marquardt's least squares, or the way down the gradient of χ²; with errors in
        x, the distance from the curve ("auto"), or variances that count the slope.
    starts : int
        From how many starts the minimum is searched for: the first is the usual one, and the others
        are drawn, between two bounds where a parameter has them, and else about where it starts, by
        as much as that is large. The best minimum is returned, and the message says how many led
        there; of one alone the warnings tell. Bounds tell where to look: without them starts far
        off may be missed.
    seed : int, Generator or SeedSequence, optional
        Of the starts that are drawn: an int for the same ones again.
    executor : concurrent.futures.Executor or alike, optional
        Takes the starts in batches, as `optim.parallel_map` hands them out; the result is the same.
    offset_tol : float
        The relative offset, by how many of its standard errors a parameter is still off, from which
        on one last step suffices. At least 0, for which the search goes on down to rounding, and
        below 1.
    max_nfev : int, optional
        How often the model may be evaluated, with its derivatives or without, and each search looks
        at its start in any case. By default 200 times one more than there are free parameters, for
        each search.
    callback : callable, optional
        Is given an OptimizeResult after each step: ``x``, a dict of all parameters by name;
        ``chi_squared``; ``nit`` and ``nfev``, the steps and evaluations of the search that is under
        way, of which there may be several. It may raise StopIteration to end the fit.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    FitResult
        Whatever was found. ``success`` is claimed for a minimum only; otherwise this is the best
        point, and ``message`` says why it is none.

    Raises
    ------
    ValueError
        When data or parameters cannot be meant, naming the argument and the first bad entry, or
        arguments together: constraints and the way down the gradient know no bounds, robust
        losses, ``offset_tol`` and ``max_nfev``.
    TypeError
        When the model cannot be recorded, and so has no derivatives; when ``offset_tol`` is no
        number or ``max_nfev`` no whole one. What the model raises itself is passed on.
    BrokenExecutor
        When a worker of the executor dies, and starts are lost with it.

    Warns
    -----
    RuntimeWarning
        Before the data are read, where Dask arrays have more than 1000 chunks, of less than 10 000
        points on average.

    Notes
    -----
    Errors in x are taken for small against the bends of the model. Where it bends within them,
    orthogonal distance makes crests too high, and effective variance too low, by up to their
    standard errors, and errors and intervals are 10 to 30 % too small: the warnings say so.

    Errors that were taken from the data, as the roots of counts or fractions of ``y``, draw a fit
    to low values, so that its errors, intervals and bands cover the truth less often than they say:
    where it matters, the warnings say by how much, and what to do.

    Dask arrays as ``x``, ``y`` or ``sigma`` are fitted by chunks, by tasks on Dask's current
    scheduler, and never come into memory in one piece; residuals and predictions are Dask arrays
    too. A model must take each point by itself then; what needs all points at once, as plots, JSON,
    errors in x and the guess of a frequency, is refused, and so are executors, which would share
    out once more what Dask does. Each evaluation is a pass over all chunks: without ``max_nfev``
    the search begins where one on some ten thousand of the points ends, if χ² of all is lower
    there.

    Fits that are made again with other data of the same shape are replayed from plans, as all
    searches are: see `optim`, and `autodiff.replaying`, which says what a model may capture.

    Examples
    --------
    >>> def decay(t, amplitude=1.0, rate=1.0):
    ...     return amplitude * np.exp(-rate * t)
    >>> result = fit(decay, [0.0, 1.0, 2.0, 3.0], [2.0, 1.2, 0.7, 0.4], sigma=0.02)
    >>> for name, value in result.values.items():
    ...     print(f"{name:9} {value:.3f} ± {result.errors[name]:.3f}")
    amplitude 2.006 ± 0.019
    rate      0.526 ± 0.011

    A parameter can follow from others, be held, or stay within bounds:

    >>> held = fit(
    ...     lambda t, a=1.0, rate=1.0, offset=0.0: a * np.exp(-rate * t) + offset,
    ...     [0.0, 1.0, 2.0, 3.0, 4.0],
    ...     [2.1, 1.3, 0.8, 0.5, 0.4],
    ...     sigma=0.05,
    ...     fixed={"offset": lambda a: a / 20},
    ...     bounds={"rate": (0, None)},
    ... )
    >>> {name: round(value, 3) for name, value in held.values.items()}
    {'a': 1.999, 'rate': 0.515, 'offset': 0.1}

    Where there are many minima, as in a frequency, it is searched for from many starts:

    >>> t = np.linspace(0, 10, 60)
    >>> wave = fit(
    ...     lambda t, frequency=1.0, phase=0.0: np.sin(frequency * t + phase),
    ...     t,
    ...     np.sin(7.3 * t + 0.4),
    ...     bounds={"frequency": (0, 10), "phase": (-np.pi, np.pi)},
    ...     starts=60,
    ...     seed=0,
    ... )
    >>> round(wave.values["frequency"], 6)
    7.3
    """
    of_chunks = is_of_chunks(x, y, sigma)
    if of_chunks:
        refuse_in_chunks(method, constraints, starts, seed)
        refuse_executor_in_chunks(executor, x, y, sigma)
    check_starts(starts, callback, progress, seed, executor)
    check_callback(callback)
    check_method(method)
    model = model_of(model, x, y, sigma)
    absolute = sigma is not None if absolute_sigma is None else absolute_sigma
    f_scale = scale_of_loss(loss, f_scale, absolute)
    effort = Effort(offset_tol, max_nfev, callback, progress)
    summary = None
    if of_chunks:
        refuse_before_reading(model, prod(np.shape(y)), p0, bounds, fixed, effort)
        data, summary = chunked_data(x, y, sigma, x_sigma, nan_policy)
    else:
        data = data_of(x, y, sigma, x_sigma, nan_policy)
    at_hand = data if summary is None else summary.sample
    if np.ndim(data.x) == 1 and len(data.x) != len(data.y):
        raise ValueError(f"x has {quantity(len(data.x), 'point')}, but y {len(data.y)}")
    method = method_of(method, data)

    def parameters_for(data: Data) -> Parameters:
        def guess() -> Mapping[str, float]:
            return model.start(*data.points_that_count())

        return parameters_of(model.names, model.defaults, p0, bounds, fixed, guess)

    problem = Problem(
        model,
        *data,
        parameters_for(at_hand),
        constraints_by_name(constraints, model.names),
        loss,
        f_scale,
        absolute,
        distance_of(method),
    )
    if summary is not None:
        problem = in_chunks(problem, summary)
    robust_start = None
    if loss != "linear" and np.shape(data.x) == data.y.shape:
        robust_start = parameters_for(at_hand._replace(y=hampel_filter(at_hand.x, at_hand.y)))
    if starts > 1:
        several = [problem.parameters.start, *drawn_starts(problem, starts - 1, seed)]
        if robust_start is not None:
            several.append(robust_start.start)
        return FitResult.of(best_of_starts(problem, method, effort, several, executor))
    if summary is not None and max_nfev is None:
        problem = start_by_sample(problem, method)
    found = minimum_from_start(problem, method, effort)
    if robust_start is not None:
        found = better_from(replace(problem, parameters=robust_start), found, effort)
    return FitResult.of(found)
