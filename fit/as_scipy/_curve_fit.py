"""SciPy's curve_fit, with the exact Jacobian."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._numbers import Array
from fit.as_scipy._arguments import (
    NOISE,
    Remembering,
    check_jac,
    check_method,
    data,
    differences,
    limits_of,
    number_of_parameters,
    only_by_scipy,
    raise_unless_recording_failed,
    recordable,
    search_options,
    start_of,
    weighted_jacobian,
    weights,
)
from fit.as_scipy._other_starts import best_from, other_starts
from fit.problem._chi_squared import TOLERANCE, weighted_residuals
from fit.problem._sigma import counting
from fit.verdict._worth import only_minimum, shortcoming
from optim import least_squares

if TYPE_CHECKING:
    from scipy.optimize import Bounds, OptimizeResult

NAMES = ("xdata", "ydata")
UNBOUNDED = (-np.inf, np.inf)

# What ends a search of `optim.least_squares` is called in SciPy; all of them are an answer.
IER = {1: 1, 2: 2, -1: 3, -2: 4}


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: ArrayLike,
    p0: ArrayLike | None = None,
    sigma: ArrayLike | None = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: tuple[ArrayLike, ArrayLike] | Bounds = UNBOUNDED,
    method: str | None = None,
    jac: Callable[..., Any] | str | None = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """Fit a model to data by least squares, as `scipy.optimize.curve_fit` does.

    The arguments, their order and what is returned are SciPy's, so that changing the import is all
    there is to do. χ² is minimised by `optim.least_squares`, with the exact Jacobian.

    Parameters
    ----------
    f : callable
        The model: takes ``xdata`` and then each parameter by itself, and returns one value for
        each data point, in plain NumPy.
    xdata : array_like or any object
        What the model is evaluated at; of several variables a row for each.
    ydata : array_like of shape (n,), or a number
        What was measured.
    p0 : array_like, optional
        Where to start. By default 1 for each parameter in the signature of ``f``; of one with
        bounds the middle between them, or 1 inside of the only one. Where no bounds and no number
        of evaluations are given, and that leads to no minimum or to one that describes nothing,
        other signs are tried.
    sigma : array_like of shape (n,) or (n, n), or a number, optional
        The standard deviations of ``ydata``, in its units, or its covariance matrix. A point whose
        standard deviation is infinite does not count.
    absolute_sigma : bool
        Whether ``sigma`` is to be believed. If not, as by default, only its proportions count:
        ``pcov`` is scaled so that χ² equals the number of degrees of freedom. That is the number of
        points that count, less the parameters, where SciPy takes those of infinite standard
        deviation for points too, and finds errors that are too small.
    check_finite : bool, optional
        Whether to refuse NaN and infinities in ``xdata`` and ``ydata`` before anything is computed;
        by default unless there is a ``nan_policy``.
    bounds : (lower, upper) or scipy.optimize.Bounds
        Numbers for all parameters, or one for each; infinities are no bounds.
    method : {"lm", "trf", "dogbox"}, optional
        All mean the same search here; with bounds, "lm" is refused.
    jac : callable or {"2-point", "3-point", "cs"}, optional
        The derivatives of ``f``, where it cannot be recorded: a function that takes what ``f``
        takes and returns shape (n, number of parameters), or which of SciPy's differences to use.
    full_output : bool
        Whether to return ``infodict, mesg, ier`` as well.
    nan_policy : {"raise", "omit"}, optional
        What to do about points with a NaN, where ``check_finite`` does not refuse them.
    **kwargs
        What SciPy takes: ``maxfev`` or ``max_nfev``, the number of times that the model may be
        evaluated; ``loss`` and ``f_scale``, which is 1 by default as in SciPy, in units of
        ``ydata`` where there is no sigma, whereas `fit.fit` finds it; ``pcov`` is SciPy's then, and
        not `fit.fit`'s, which outliers do not put out. A ``callback`` or a
        ``loss`` of one's own hands all over to SciPy. Tolerances are kept whatever they are, since
        this search goes on until a parameter is off by 1e-9 of its standard error at most; they and
        what else tells SciPy how to search change nothing.

    Returns
    -------
    popt : ndarray
        The parameters at the minimum of χ².
    pcov : ndarray
        Their covariance; the square roots of its diagonal are their standard errors. All entries
        are inf, with an OptimizeWarning, where the data do not determine it.
    infodict : dict
        ``nfev``, the number of evaluations; ``fvec``, the weighted residuals at ``popt``; of the
        method "lm" also the QR factorisation of their Jacobian, ``fjac, ipvt, qtf``.
    mesg : str
        How the search ended.
    ier : int
        The same as a number: 1 at a minimum; 2 at one to rounding; 3, with an OptimizeWarning,
        where no step lowers χ² though this is no minimum; 4, with an OptimizeWarning, where the
        data do not determine the parameters.

    Raises
    ------
    ValueError
        When the data are empty or not finite, their lengths differ, ``sigma`` is not positive
        (definite), ``p0`` is missing where the signature does not tell how many parameters there
        are, it is out of bounds, or the model is not finite there.
    TypeError
        When there are fewer points than parameters.
    RuntimeError
        When no minimum was found by ``maxfev`` evaluations.

    Warns
    -----
    UserWarning
        When the model cannot be recorded, and SciPy's finite differences are used instead.
    OptimizeWarning
        As SciPy, when there is no covariance; when the answer is no minimum; and when it is
        worse than a constant, or hardly better with a pole among the data.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([2.0, 1.2, 0.7, 0.4])
    >>> popt, pcov = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y)
    >>> popt.round(4), np.sqrt(np.diag(pcov)).round(4)
    (array([2.0058, 0.5261]), array([0.0143, 0.0079]))
    """
    options = search_options(kwargs)
    check_jac(jac)
    if only_by_scipy(kwargs):
        from scipy.optimize import curve_fit as scipys

        found: tuple[Any, ...] = scipys(
            *(f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, method or "trf"),
            jac=jac,
            full_output=full_output,
            nan_policy=nan_policy,
            **kwargs,
        )
        return found
    to_check = nan_policy is None if check_finite is None else check_finite
    x, y, deviations = data(xdata, ydata, sigma, to_check, nan_policy)
    n = number_of_parameters(f) if p0 is None else np.size(p0)
    limits = None if bounds is UNBOUNDED else limits_of(bounds, n)
    check_method(method, limits)
    start = start_of(p0, n, limits)
    if y.size == 1:
        y = np.broadcast_to(y.ravel(), np.shape(f(x, *start)) or 1)
    of_lm = method == "lm" or (method is None and limits is None)
    if of_lm and y.size < n:
        raise TypeError(
            f"The number of func parameters={n} must not exceed the number of data points={y.size}"
        )
    scale = None if deviations is None else weights(deviations, y.size)
    residuals = weighted_residuals(f, x, y, scale, names=NAMES)

    def searching(
        residuals: Callable[[Any], Any], jac: Callable[[Array], Array] | None
    ) -> Callable[[Array], OptimizeResult]:
        return lambda start: least_squares(
            residuals, start, bounds=limits, tol=TOLERANCE, jac=jac, **options
        )

    recorded = None
    if callable(jac):
        transposed = bool(kwargs.get("col_deriv"))
        search = searching(residuals, weighted_jacobian(jac, x, scale, transposed))
    elif jac is not None:
        search = searching(residuals, differences(residuals, jac, limits))
    else:
        recorded = Remembering(weighted_residuals(f, recordable(x), y, scale, names=NAMES))
        search = searching(recorded, None)
    try:
        result = search(start)
    except Exception as error:
        if recorded is None:
            raise
        raise_unless_recording_failed(error, residuals, recorded.p)
        _warn_of_differences(error)
        jac = "3-point"
        search = searching(residuals, differences(residuals, jac, limits))
        result = search(start)

    def short(result: OptimizeResult) -> str:
        if not result.success or options.get("loss", "linear") != "linear":
            return ""
        return shortcoming(lambda x: f(x, *result.x), x, y, scale, 2 * result.cost)

    said = short(result)
    free = p0 is None and limits is None and "max_nfev" not in options
    if free and (said or result.status in (0, -1)):
        result = best_from(other_starts(n), search, result)
        said = short(result)
    if result.status == -3:
        raise ValueError(f"p0 = {start} is no place to start: {_not_finite(f, x, result)}")
    if result.status == 0:
        raise RuntimeError(f"Optimal parameters not found: {result.message}")
    if said:
        instead = "give p0, or another one, unless f is wrong"
        if only_minimum(residuals, result.x):
            instead = "since f is linear in its parameters there is no better minimum"
        _warn(f"{said[0].upper()}{said[1:]}: {instead}", 3)
    counted = y.size if scale is None else int(np.count_nonzero(counting(scale, y.size)))
    noise = NOISE[jac] if isinstance(jac, str) else 0.0
    pcov = _covariance(result, counted - n, absolute_sigma, noise)
    if not full_output:
        return result.x, pcov
    return result.x, pcov, _infodict(result, of_lm), result.message, IER[result.status]


# -- the answer ------------------------------------------------------------------------------


def _covariance(result: OptimizeResult, freedom: int, absolute: bool, noise: float) -> Array:
    """Return (JᵀJ)⁻¹, scaled by χ² over the degrees of freedom unless the errors are absolute.

    Noise is that of the derivatives, relative to them.
    """
    from scipy.linalg.lapack import dtrtri

    n = result.x.size
    if result.status == -2:
        missing = result.message + "; p0 may be too far off" * (result.nit == 0)
    elif freedom <= 0 and not absolute:
        missing = (
            "there are as many parameters as points, so that the residuals tell nothing about the "
            "errors; give sigma, with absolute_sigma=True"
        )
    else:
        if result.status == -1:
            _warn(f"The parameters are the best that were found, but {result.message}")
        inverse, failed = dtrtri(result.triangle)
        if not failed and not (noise and _singular(result.triangle, noise)):
            covariance: Array = inverse.dot(inverse.T)
            return covariance if absolute else covariance * (2 * result.cost / freedom)
        missing = "the Jacobian is singular as far as finite differences tell"
    _warn(f"Covariance of the parameters could not be estimated: {missing}")
    return np.full((n, n), np.inf)


def _singular(triangle: Array, noise: float) -> bool:
    """Whether some columns of unit length differ by no more than noise from being dependent."""
    columns = triangle / np.linalg.norm(triangle, axis=0)
    return bool(np.linalg.svd(columns, compute_uv=False)[-1] <= noise)


def _warn(message: str, level: int = 4) -> None:
    from scipy.optimize import OptimizeWarning

    warnings.warn(message, OptimizeWarning, stacklevel=level)


def _infodict(result: OptimizeResult, of_lm: bool) -> dict[str, Any]:
    """Return what SciPy tells of the end, and of its method "lm" the QR factors there."""
    told = {"nfev": result.nfev, "fvec": result.fun}
    if of_lm:
        fjac, _ = np.linalg.qr(result.jac, mode="raw")
        Q, _ = np.linalg.qr(result.jac)
        told |= {"fjac": fjac, "ipvt": np.arange(result.x.size), "qtf": Q.T @ result.fun}
    return told


def _not_finite(f: Callable[..., Any], x: Any, result: OptimizeResult) -> str:
    """Return which value of the model is not finite at the start."""
    with np.errstate(all="ignore"):
        values = np.ravel(f(x, *result.x))
    bad = np.flatnonzero(~np.isfinite(values))
    return f"f(xdata, *p0)[{bad[0]}] is {values[bad[0]]}" if bad.size else result.message


def _warn_of_differences(error: Exception) -> None:
    warnings.warn(
        "f cannot be recorded, so that SciPy's finite differences take the place of exact "
        f"derivatives. The reason is a {type(error).__name__}: {error}. Write f in plain NumPy "
        "(np.exp for math.exp, np.where and np.stack for assignment into an array, no float()), or "
        "give jac='3-point', or a function for the derivatives, to have this without a warning",
        UserWarning,
        stacklevel=3,
    )
