"""One call from data and a model to parameters with honest errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autodiff import jacobian
from fit._checks import (
    check_start,
    refuse_corner,
    refuse_order,
    refuse_start_as_sigma,
    refuse_together,
)
from fit._data import (
    NAMES,
    Array,
    Relative,
    Sigma,
    checked_data,
    chosen,
    counting,
    number,
    numbers,
    refuse,
    refuse_errors_of_model,
    without_nan,
)
from fit._errors_in_x import DISTANCES, refuse_errors_in_x
from fit._meant import answering, meant, of_fit
from fit._parameters import Bounds, Fixed, Parameters, names_of_arguments, parameters_of
from fit._problem import Problem
from fit._robust import LOSSES, mended
from fit._settled import settled
from fit.models._model import Model
from fit.results._estimate import UNDETERMINED
from fit.results._result import FitResult
from fit.results._words import counted
from optim import gradient_descent, influence, lagrange, least_squares

if TYPE_CHECKING:
    from scipy.optimize import Bounds as ScipysBounds
    from scipy.optimize import OptimizeResult

METHODS = ("auto", "least-squares", "gradient-descent", "effective-variance", "orthogonal-distance")

OFFSET = 1e-7  # the share of the residuals that a linear step may still remove at a minimum
ENOUGH = 1e-9  # of its standard error, that a parameter may be off before the last step
VANISHED = 1e-10  # of what depended on a parameter at the start
STEPS = 2000  # down the gradient
STOPPED = 99  # by the callback

Constraint: TypeAlias = Callable[..., Any]


@answering(of_fit, "give the others by name, such as p0=[...]")
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
    loss: str = "linear",
    loss_scale: float | None = None,
    nan_policy: str = "raise",
    method: str = "auto",
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
        Lower and upper bounds; None and infinities are none.
    fixed : dict or sequence of names, optional
        Parameters that are not varied: numbers, or functions of other parameters, by the names in
        their signatures. A sequence fixes parameters where they start.
    constraints : callable or sequence of callables, optional
        Functions of parameters, by the names in their signatures, each of which the fit makes 0,
        with Lagrange's multipliers.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}
        What takes the place of the square where there are outliers. "soft_l1" and "huber" make them
        count by their distance: safe, and enough for a few. "cauchy" and "arctan" make the far ones
        hardly count at all: for many or one-sided outliers, and a start near the answer.
    loss_scale : float, optional
        How large an outlier's residual is at the least, in standard deviations or, without sigma,
        in units of y (SciPy's ``f_scale``). By default one standard deviation: that of ``sigma``
        where its size is believed, else that of most residuals, as their median size tells.
    nan_policy : {"raise", "omit"}
        What to do about points with a NaN. "omit" leaves them out, and masked ones too, of x, y,
        sigma or x_sigma: ``residuals`` and ``problem.x`` are as long as what is left.
    method : {"auto", "least-squares", "gradient-descent", "effective-variance", \
"orthogonal-distance"}
        Levenberg and Marquardt's least squares, or the way down the gradient of χ²; with errors in
        x, the distance from the curve ("auto"), or variances that count the slope.
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
        When data or parameters cannot be meant, naming the argument and the first bad entry.
    TypeError
        When the model cannot be recorded, and so has no derivatives; what it raises itself is
        passed on.

    Notes
    -----
    Errors in x are taken for small against the bends of the model. Where it bends within them,
    orthogonal distance makes crests too high, and effective variance too low, by up to their
    standard errors, and errors and intervals are 10 to 30 % too small: the warnings say so.

    Errors that were taken from the data, as the roots of counts or fractions of ``y``, draw a fit
    to low values, so that its errors, intervals and bands cover the truth less often than they say:
    where it matters, the warnings say by how much, and what to do.

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
    """
    refuse_order(model, x, y)
    model = model if isinstance(model, Model) else Model(model)
    if not model.names:
        raise ValueError(f"the model {model} has no parameters to fit")
    refuse_start_as_sigma(sigma, y, model.names)
    if not isinstance(loss, str):
        raise ValueError(f"expected a loss by its name, got {loss!r}: {', '.join(LOSSES)}")
    if loss not in LOSSES:
        raise ValueError(f"there is no loss {loss!r}: {meant(loss, LOSSES)}")
    if loss_scale is not None:
        loss_scale = number("loss_scale", loss_scale, check_finite=False)
    if loss_scale is not None and loss == "linear":
        raise ValueError(
            "loss_scale is where a robust loss begins to count outliers less: give a loss too, "
            "such as loss='soft_l1'"
        )
    if loss_scale is not None and not loss_scale > 0:
        raise ValueError(f"expected a positive loss_scale, got {loss_scale}")
    if method not in METHODS:
        raise ValueError(f"expected a method out of {', '.join(METHODS)}, got {method!r}")
    given = y
    x, y, sigma, x_sigma = without_nan(x, y, sigma, x_sigma, nan_policy)
    x, values, weights = checked_data(x, y, sigma, names=NAMES)
    if np.ndim(x) == 1 and len(x) != len(values):
        raise ValueError(f"x has {counted(len(x), 'point')}, but y {len(values)}")
    if x_sigma is not None:
        refuse_errors_of_model(
            sigma, "with x_sigma errors relative to the model are not known: give sigma itself"
        )
    x_deviations = None if x_sigma is None else _x_deviations(x, x_sigma, len(values))
    if method == "auto" and x_sigma is not None:
        method = "orthogonal-distance"
    refuse_errors_in_x(method, weights, x_deviations)
    absolute = sigma is not None if absolute_sigma is None else absolute_sigma
    if loss_scale is None and (absolute or loss == "linear"):
        loss_scale = 1.0

    def guessed_from(y: Array) -> Parameters:
        def guess() -> Mapping[str, float]:
            return model.start(*chosen(counting(weights, len(y)), x, y))

        return parameters_of(model.names, model.defaults, p0, bounds, fixed, guess)

    problem = Problem(
        model,
        x,
        values,
        weights,
        x_deviations,
        guessed_from(values),
        _by_name(constraints, model.names),
        loss,
        loss_scale,
        absolute,
        sigma if isinstance(sigma, Relative) else None,
        np.size(given) - len(values),
        method if method in DISTANCES else "orthogonal-distance",
    )
    check_start(problem)
    result = minimised(problem, method, progress)
    if loss == "linear" or np.shape(x) != values.shape:
        return result
    # A guess by least squares may have taken an outlier for a peak.
    other = guessed_from(mended(x, values))
    if np.array_equal(other.start, problem.parameters.start):
        return result
    return less_lost(result, minimised(replace(problem, parameters=other), method, progress))


def minimised(problem: Problem, method: str, progress: bool = False) -> FitResult:
    """Return the fit of a problem from its starting values."""
    refuse_together(problem, method)
    search = _least_squares
    if problem.constraints:
        search = _lagrange
    elif method == "gradient-descent":
        search = _gradient_descent
    try:
        problem, found = settled(problem, lambda posed, start: search(posed, start, progress))
    except TypeError as error:
        raise TypeError(
            f"the model cannot be recorded (or a tie or constraint), so there are no exact "
            f"derivatives: {error}. Write it in NumPy that returns new arrays, or use "
            'fit.curve_fit(..., jac="2-point")'
        ) from error
    p = np.asarray(found.x, float)
    if search is _least_squares:
        residuals, J = found.fun, found.jac
    else:
        residuals = np.asarray(problem.residuals(p), float)
        J = jacobian(problem.residuals)(p)
    if not np.isfinite(J).all():
        refuse_corner(problem, p, J)
    if search is _least_squares and found.status == UNDETERMINED:
        J = np.where(_vanished(problem, p, J), 0.0, J)
    signs = _without_sign(problem, p, residuals)
    p, J = p * signs, J * signs
    result = FitResult(
        problem,
        p,
        np.asarray(np.linalg.qr(J, mode="r")),
        residuals,
        float(residuals @ residuals) if problem.loss == "linear" else 2 * float(found.cost),
        bool(found.success),
        int(found.status),
        str(found.message),
        int(found.nfev),
        method,
        found.get("path"),
    )
    if search is not _least_squares and result.success and result.determined.undetermined.size:
        left_open = "several parameters serve equally well"
        return replace(result, success=False, status=UNDETERMINED, message=left_open)
    return result


def less_lost(one: FitResult, other: FitResult) -> FitResult:
    """Return the better of two fits from two starts, by a loss at the smaller scale."""
    scale = min(result.problem.loss_scale or 1.0 for result in (one, other))

    def lost(result: FitResult) -> tuple[bool, float]:
        # By a loss that grows and grows, a peak on one far outlier may be worth more than the peak.
        cost, _, _ = influence("cauchy", result.weighted_residuals, scale)
        return not result.success, float(np.sum(cost))

    return replace(min(one, other, key=lost), nfev=one.nfev + other.nfev)


# -- the search ------------------------------------------------------------------------------


def _least_squares(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    parameters = problem.parameters
    return least_squares(
        problem.residuals,
        start,
        bounds=(parameters.lower, parameters.upper) if parameters.bounded else None,
        loss=problem.loss,
        loss_scale=problem.loss_scale or 1.0,
        tol=ENOUGH,
        progress=progress,
    )


def _lagrange(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    return lagrange(
        lambda p: problem.chi_squared(p) / 2,
        problem.constraint,
        start,
        progress=progress,
    )


def _gradient_descent(problem: Problem, start: Array, progress: bool) -> OptimizeResult:
    """Go down the gradient of χ², until the relative offset says that this is a minimum."""
    matrix = jacobian(problem.residuals)

    def judge(intermediate_result: OptimizeResult) -> None:
        p = intermediate_result.x
        residuals = np.asarray(problem.residuals(p))
        removable = np.linalg.qr(matrix(p))[0].T @ residuals
        if np.linalg.norm(removable) <= OFFSET * np.linalg.norm(residuals):
            raise StopIteration

    found = gradient_descent(
        problem.chi_squared,
        start,
        line_search="wolfe",
        tol=float(np.finfo(float).tiny),
        maxiter=STEPS,
        callback=judge,
        path=True,
        progress=progress,
    )
    if found.status == STOPPED:
        found.update(
            success=True,
            status=0,
            message=f"a minimum: a linear step would remove less than {OFFSET:g} of the residuals",
        )
    return found


def _without_sign(problem: Problem, p: Array, residuals: Array) -> Array:
    """Return -1 for each parameter below 0 that may as well be above, as a width may, else 1."""
    parameters, signs = problem.parameters, np.ones(p.size)
    for k in np.flatnonzero(p < 0):
        turned = np.where(np.arange(p.size) == k, -p, p)
        if parameters.lower[k] <= turned[k] <= parameters.upper[k]:
            with np.errstate(all="ignore"):
                moved = np.asarray(problem.residuals(turned), float)
            if np.array_equal(moved, residuals):
                signs[k] = -1.0
    return signs


def _vanished(problem: Problem, p: Array, J: Array) -> Any:
    """Return on which parameters nothing depends any more because of what others have become.

    So it is with the centre of a peak whose height has become 0.
    """
    start, of = problem.parameters.start, jacobian(problem.residuals)
    least = VANISHED * np.linalg.norm(of(start), axis=0)
    vanished = np.linalg.norm(J, axis=0) <= least
    for k in np.flatnonzero(vanished):
        others = np.where(np.arange(p.size) == k, p, start)
        vanished[k] = np.linalg.norm(of(others)[:, k]) > least[k]
    return vanished


# -- at the door -----------------------------------------------------------------------------


def _x_deviations(x: Any, x_sigma: ArrayLike, n: int) -> Array:
    deviations = numbers("x_sigma", x_sigma)
    if np.shape(x)[-1:] != (n,):
        raise ValueError(
            f"x_sigma needs x to be an array of shape ({n},), or with a row for each variable, "
            f"got {type(x).__name__} of shape {np.shape(x)}"
        )
    if deviations.shape not in ((), x.shape):
        raise ValueError(f"x_sigma has shape {deviations.shape}, but x {x.shape}")
    if (deviations < 0).any():
        refuse("x_sigma", deviations, deviations < 0, "expected standard deviations, 0 where exact")
    return np.broadcast_to(deviations, x.shape)


def _by_name(
    constraints: Constraint | Sequence[Constraint] | None, names: tuple[str, ...]
) -> tuple[Callable[[dict[str, Any]], Any], ...]:
    """Return each constraint as a function of all parameters by name."""
    if constraints is None:
        return ()
    several = [constraints] if callable(constraints) else constraints
    if not isinstance(several, Sequence) or not all(map(callable, several)):
        raise ValueError(f"expected functions of parameters as constraints, got {constraints!r}")

    return tuple(
        partial(_given_by_name, f, names_of_arguments(f, names, "constraints")) for f in several
    )


def _given_by_name(f: Constraint, needed: tuple[str, ...], by_name: dict[str, Any]) -> Any:
    return f(*(by_name[name] for name in needed))
