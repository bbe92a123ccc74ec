"""SciPy's curve_fit, with the exact Jacobian."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fit._chi_squared import Array, Model, checked_data, numbers, weighted_residuals
from optim import least_squares

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


def curve_fit(
    f: Model,
    xdata: Any,
    ydata: ArrayLike,
    p0: ArrayLike | None = None,
    sigma: ArrayLike | None = None,
    absolute_sigma: bool = False,
    check_finite: bool = True,
    *,
    full_output: bool = False,
    maxfev: int | None = None,
) -> tuple[Any, ...]:
    """Fit a model to data by least squares, as `scipy.optimize.curve_fit` does without bounds.

    It minimises χ² by `optim.least_squares`, with the exact Jacobian.

    Parameters
    ----------
    f : callable
        The model: takes ``xdata`` and then each parameter by itself, and returns one value for
        each data point, in plain NumPy.
    xdata : array_like or any object
        What the model is evaluated at.
    ydata : array_like of shape (n,)
        What was measured.
    p0 : array_like, optional
        Where to start; 1 for each parameter in the signature of ``f`` by default.
    sigma : array_like of shape (n,) or (n, n), or a number, optional
        The standard deviations of ``ydata``, in its units, or its covariance matrix.
    absolute_sigma : bool
        Whether ``sigma`` is to be believed. If not, as by default, only its proportions count:
        ``pcov`` is scaled so that χ² equals the number of degrees of freedom.
    check_finite : bool
        Whether to refuse NaN and infinities in ``xdata`` and ``ydata`` before anything is computed.
    full_output : bool
        Whether to return ``infodict, mesg, ier`` as well.
    maxfev : int, optional
        How often the model may be evaluated; see `optim.least_squares`.

    Returns
    -------
    popt : ndarray
        The parameters at the minimum of χ².
    pcov : ndarray
        Their covariance; the square roots of its diagonal are their standard errors. All entries
        are inf, with an OptimizeWarning, where the data do not determine it.
    infodict : dict
        ``nfev``, the number of evaluations, and ``fvec``, the weighted residuals at ``popt``.
    mesg : str
        How the search ended.
    ier : int
        The status: see `optim.least_squares`.

    Raises
    ------
    ValueError
        When the data are empty or not finite, their lengths differ, there are fewer points than
        parameters, ``sigma`` is not positive (definite), ``p0`` is missing where the signature does
        not tell how many parameters there are, or the model is not finite at ``p0``.
    RuntimeError
        When no minimum was found.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([2.0, 1.2, 0.7, 0.4])
    >>> popt, pcov = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y)
    >>> popt.round(4), np.sqrt(np.diag(pcov)).round(4)
    (array([2.0058, 0.5261]), array([0.0143, 0.0079]))
    """
    names = ("xdata", "ydata")
    xdata, y, weights = checked_data(xdata, ydata, sigma, names=names, check_finite=check_finite)
    start = np.ones(_number_of_parameters(f)) if p0 is None else np.atleast_1d(numbers("p0", p0))
    if len(y) < start.size:
        raise ValueError(f"ydata has {len(y)} points: too few to fit {start.size} parameters")
    residuals = weighted_residuals(f, xdata, y, weights, names=names)
    result = least_squares(residuals, start, max_nfev=maxfev)
    if result.status == -3:
        raise ValueError(f"p0 = {start} is no place to start: {_not_finite(f, xdata, result)}")
    pcov = np.full((start.size, start.size), np.inf)
    freedom = len(y) - start.size
    if result.status == -2:
        _warn_of_covariance(result.message + "; p0 may be too far off" * (result.nit == 0))
    elif not result.success:
        raise RuntimeError(f"Optimal parameters not found: {result.message}")
    elif not freedom and not absolute_sigma:
        _warn_of_covariance(
            "there are as many parameters as points, so that the residuals tell nothing about the "
            "errors; give sigma, with absolute_sigma=True"
        )
    else:
        pcov = _covariance(result.jac) * (1 if absolute_sigma else 2 * result.cost / freedom)
    if not full_output:
        return result.x, pcov
    infodict = {"nfev": result.nfev, "fvec": result.fun}
    return result.x, pcov, infodict, result.message, result.status


def _number_of_parameters(f: Model) -> int:
    """Return how many parameters follow x in the signature of a model."""
    kinds = [parameter.kind for parameter in inspect.signature(f).parameters.values()]
    positional = [k for k in kinds if k in (k.POSITIONAL_ONLY, k.POSITIONAL_OR_KEYWORD)]
    if inspect.Parameter.VAR_POSITIONAL in kinds or len(positional) < 2:
        raise ValueError(
            "p0 is needed: the signature of f does not tell how many parameters there are"
        )
    return len(positional) - 1


def _not_finite(f: Model, xdata: Any, result: OptimizeResult) -> str:
    """Return which value of the model is not finite at the start."""
    with np.errstate(all="ignore"):
        values = np.ravel(f(xdata, *result.x))
    bad = np.flatnonzero(~np.isfinite(values))
    return f"f(xdata, *p0)[{bad[0]}] is {values[bad[0]]}" if bad.size else result.message


def _covariance(jacobian: Array) -> Array:
    """Return the inverse of JᵀJ, without forming it."""
    norms = np.linalg.norm(jacobian, axis=0)
    triangle = np.linalg.qr(jacobian / norms, mode="r")
    inverse: Array = np.linalg.inv(triangle) / norms[:, None]
    return inverse @ inverse.T


def _warn_of_covariance(reason: str) -> None:
    from scipy.optimize import OptimizeWarning

    warnings.warn(
        f"Covariance of the parameters could not be estimated: {reason}",
        OptimizeWarning,
        stacklevel=3,
    )
