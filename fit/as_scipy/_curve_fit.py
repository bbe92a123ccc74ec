"""SciPy's curve_fit, with the exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from fit.arguments._numbers import check_callback
from fit.arguments._words import description
from fit.as_scipy._answer import (
    IER,
    covariance_at,
    info_of_end,
    refuse_failure,
    shortcoming_of,
    warn_of_shortcoming,
)
from fit.as_scipy._arguments import callback_of_scipy, check_options, is_loss_of_scipy
from fit.as_scipy._derivatives import check_jac
from fit.as_scipy._search import best_from, first_search, other_starts
from fit.as_scipy._task import UNBOUNDED, task_of
from fit.problem._losses import Loss
from fit.problem._parameters import Bounds as ByName
from optim import Status

if TYPE_CHECKING:
    from scipy.optimize import Bounds


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: ArrayLike,
    p0: ArrayLike | None = None,
    sigma: ArrayLike | None = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: ByName | tuple[ArrayLike, ArrayLike] | Bounds | None = UNBOUNDED,
    method: str | None = None,
    jac: Callable[..., Any] | str | None = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    loss: Loss = "linear",
    f_scale: float = 1.0,
    max_nfev: int | None = None,
    callback: Callable[..., Any] | None = None,
    progress: bool = False,
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
    bounds : (lower, upper), scipy.optimize.Bounds, or dict of pairs by name
        Numbers for all parameters, or one for each; None and infinities are no bounds. Of a dict a
        name may be missing.
    method : {"lm", "trf", "dogbox"}, optional
        All mean the same search here; with bounds, "lm" is refused.
    jac : callable or {"2-point", "3-point", "cs"}, optional
        The derivatives of ``f``, where it cannot be recorded: a function that takes what ``f``
        takes and returns shape (n, number of parameters), or which differences to use, by SciPy's
        names.
    full_output : bool
        Whether to return ``infodict, mesg, ier`` as well.
    nan_policy : {"raise", "omit"}, optional
        What to do about points with a NaN, where ``check_finite`` does not refuse them.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"} or callable
        What takes the place of the square where there are outliers, as in `optim.least_squares`.
        ``pcov`` is SciPy's then, and not `fit.fit`'s, which outliers do not put out. A function
        that returns its derivatives as well, in rows as SciPy's, hands all over to SciPy.
    f_scale : float
        The size beyond which residuals count as outliers, in standard deviations, or in units of
        ``ydata`` where there is no sigma: 1 by default as in SciPy, whereas `fit.fit` finds it.
    max_nfev : int, optional
        How often the model may be evaluated, with its derivatives or without; by default 200 times
        one more than there are parameters. ``maxfev`` is the same.
    callback : callable, optional
        Is given an OptimizeResult of each new point as in `optim.least_squares`, if its only
        parameter is called ``intermediate_result``, else the parameters. It may raise StopIteration
        to end the search, of which nothing is returned then.
    progress : bool
        Whether to show a progress bar, as for any ``verbose``.
    **kwargs
        What else SciPy takes. Tolerances are kept whatever they are, since this search goes on
        until a parameter is off by 1e-9 of its standard error at most; they and what else tells
        SciPy how to search change nothing.

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
        The same as a number, of which SciPy takes 1 to 4 for an answer: 1 at a minimum; 3, with an
        OptimizeWarning, where no step lowers χ² though this is no minimum; 4, with an
        OptimizeWarning, where the data do not determine the parameters.

    Raises
    ------
    ValueError
        When the data are empty or not finite, their lengths differ, ``sigma`` is not positive
        (definite), ``p0`` is missing where the signature does not tell how many parameters there
        are, it is out of bounds, or the model is not finite there.
    TypeError
        When there are fewer points than parameters, or ``max_nfev`` is no whole number.
    RuntimeError
        When no minimum was found by ``max_nfev`` evaluations, or the callback stopped the search.

    Warns
    -----
    UserWarning
        When the model cannot be recorded, and finite differences are used instead.
    OptimizeWarning
        As SciPy, when there is no covariance; when the answer is no minimum; and when it is
        worse than a constant, or hardly better with a pole among the data.

    Notes
    -----
    Fits that are made again with other data of the same shape are replayed from plans, as all
    searches are: see `optim`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([2.0, 1.2, 0.7, 0.4])
    >>> popt, pcov = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y)
    >>> popt.round(4), np.sqrt(np.diag(pcov)).round(4)
    (array([2.0058, 0.5261]), array([0.0143, 0.0079]))
    """
    check_options(kwargs)
    check_jac(jac)
    check_callback(callback)
    if not callable(f):
        raise TypeError(
            f"the model comes first, as in curve_fit(f, xdata, ydata), but got {description(f)}"
        )
    if max_nfev is None:
        max_nfev = kwargs.get("maxfev") or None  # 0 is SciPy's default of maxfev
    kwargs.pop("maxfev", None)
    if is_loss_of_scipy(loss):
        from scipy.optimize import curve_fit as scipys

        kwargs |= {"loss": loss, "f_scale": f_scale, "max_nfev": max_nfev}
        kwargs |= {} if callback is None else {"callback": callback}
        found: tuple[Any, ...] = scipys(
            *(f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, method or "trf"),
            jac=jac,
            full_output=full_output,
            nan_policy=nan_policy,
            **kwargs,
        )
        return found
    options = {
        "loss": loss,
        "f_scale": f_scale,
        "max_nfev": max_nfev,
        "callback": callback_of_scipy(callback),
        "progress": bool(progress or kwargs.get("verbose")),
    }
    task = task_of(f, xdata, ydata, p0, sigma, check_finite, bounds, method, nan_policy)
    search, result, noise = first_search(task, jac, bool(kwargs.get("col_deriv")), options)
    said = shortcoming_of(task, result, loss)
    free = p0 is None and task.limits is None and max_nfev is None
    if free and (said or result.status in (Status.LIMIT, Status.STALLED, Status.OTHER_KIND)):
        result = best_from(other_starts(task.start.size), search, result)
        said = shortcoming_of(task, result, loss)
    refuse_failure(task, result)
    if said:
        warn_of_shortcoming(task, result, said)
    pcov = covariance_at(result, task.freedom, absolute_sigma, noise)
    if not full_output:
        return result.x, pcov
    return result.x, pcov, info_of_end(result, task.of_lm), result.message, IER[result.status]
