"""SciPy's methods of minimisation, fed with exact derivatives, and their verdicts checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.from_scipy._methods import METHODS, WITH_BOUNDS, WITH_CONSTRAINTS
from optim.from_scipy._report import judge, report
from optim.from_scipy._scipy_search import ScipySearch
from optim.search._keywords import OF_SIBLINGS, answering
from optim.search._run import Status, check_callback, check_count, check_tolerance

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

_IN_OPTIONS = "write it into options={...}"
OF_OTHERS = OF_SIBLINGS | {  # of SciPy's older and other functions, and of ours
    **dict.fromkeys(("f", "func", "fcn", "residuals"), "write fun="),
    **dict.fromkeys(("p0", "params", "start", "guess"), "write x0="),
    **dict.fromkeys(("m", "maxcor", "memory"), "write options={'maxcor': ...}, of L-BFGS-B"),
    **dict.fromkeys(("kkt_tol", "offset_tol", "rtol", "atol"), "write tol="),
    "max_nfev": "write options={'maxfun': ...} or {'maxfev': ...}, as the method has it",
    "fprime": "write jac=, or leave it out, for derivatives are exact here",
    "approx_grad": "write jac='2-point' for differences",
    "fhess": "write hess=, or leave it out, for derivatives are exact here",
    "fhess_p": "write hessp=, or leave it out, for derivatives are exact here",
    "maxiter": _IN_OPTIONS,
    "maxfev": _IN_OPTIONS,
    "maxfun": _IN_OPTIONS,
    "gtol": _IN_OPTIONS,
    "ftol": _IN_OPTIONS,
    "xtol": _IN_OPTIONS,
    "eps": _IN_OPTIONS,
    "disp": _IN_OPTIONS,
    "diff_step": _IN_OPTIONS,
    "verbose": _IN_OPTIONS,
    "limits": "write bounds=",
    "iter_cb": "write callback=",
    "x_scale": "vary x / x_scale instead of x",
    "full_output": "leave it out, for the result tells everything",
    "retall": "collect x in a callback",
    "path": "collect x in a callback",
    "progress": "count the calls of a callback",
}


@answering(OF_OTHERS)
def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | Callable[..., Any] | None = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> OptimizeResult:
    """Minimise by one of SciPy's methods, with exact derivatives, and check what it claims.

    The signature is that of `scipy.optimize.minimize`, and so are the methods. Whichever of the
    gradient, the Hessian, its products and the constraints' derivatives a method takes and the
    caller does not give, are exact. Whatever SciPy says of the point where it ends, that is a
    success if it is feasible and no lower point is found around it, be f smooth there or not.

    Of trust-constr ``gtol`` counts once its barrier is down to ``barrier_tol``. SciPy lets a small
    gradient of f *with* its barrier be the end, far from the limits.

    Parameters
    ----------
    fun : callable
        Takes x and ``args``, returns one real number.
    x0 : array_like or structure
        Where to start. A number counts as a vector of one, as in SciPy. Of a nested structure or an
        array of more dimensions the functions, the callback and the result see the same structure.
        A start outside the bounds is moved onto them, and the message says so.
    args : tuple
        Further arguments of ``fun``, ``jac``, ``hess`` and ``hessp``.
    method : str or callable, optional
        By default SLSQP with constraints, L-BFGS-B with bounds, else BFGS.
    jac, hess, hessp : optional
        As in SciPy, for derivatives of the caller's own; ``jac`` returns the structure of x, and
        ``hess`` a matrix in the order of `autodiff.flatten`. With ``jac="2-point"``, ``"3-point"``,
        ``"cs"`` or False SciPy takes differences, and has no need to record ``fun``.
    bounds : sequence of pairs, Bounds, or dict, optional
        A pair for each number of ``x0`` in flat order; for a dict a dict of pairs by key, where a
        key may be missing. None and infinities are no bounds. Lower and upper ones, as for
        `least_squares`, are refused.
    constraints : dict, LinearConstraint, NonlinearConstraint, or a list of them
        As in SciPy. SciPy's default ``jac="2-point"`` and ``hess=BFGS()`` of a NonlinearConstraint
        become exact; give ``jac="3-point"`` to have differences.
    tol, options : optional
        As in SciPy.
    callback : callable, optional
        Takes ``intermediate_result`` if its only parameter has that name, else x. It stops the
        search by raising StopIteration.

    Returns
    -------
    OptimizeResult
        What SciPy returns, and

        - ``status``, a `Status`, the same for all methods, and ``message``, SciPy's and ours.
          ``nfev`` counts the check as well.
        - ``jac``, the gradient (of trust-constr ``grad``, as in SciPy).
        - ``violation``, by how much the worst constraint or bound is violated.
        - ``kkt``, the largest entry of ∇f + Σ λᵢ ∇cᵢ + μ; absent where derivatives are not known.
        - ``multipliers`` λ, one for each entry of the constraints in the order given, and
          ``bound_multipliers`` μ, such that ∇f + Σ λᵢ ∇cᵢ + μ = 0. So λ is at most 0 for
          ``c(x) ≥ 0`` and a lower limit, at least 0 for an upper one. (The ``multipliers`` of
          SciPy's SLSQP have the opposite sign, those of its trust-constr, ``v``, this one.)

        Where there is no success, x is the best feasible point that was seen.

    Raises
    ------
    ValueError, TypeError
        As in SciPy, for what the arguments are, and when ``tol`` is no finite number of 0 or more,
        or ``maxiter`` in ``options`` no whole one. When ``fun`` cannot be recorded, the engine's
        error with a note that names the way out. What ``fun`` raises itself is passed on.

    Examples
    --------
    >>> result = minimize(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [-1.2, 1.0])
    >>> result.success, result.x.round(6)
    (True, array([1., 1.]))

    >>> circle = {"type": "eq", "fun": lambda x: np.sum(x**2) - 2}
    >>> result = minimize(lambda x: x[0] + x[1], [-1.0, -2.0], constraints=circle)
    >>> result.x.round(4), result.multipliers.round(4)
    (array([-1., -1.]), array([0.5]))

    >>> minimize(lambda p: (p["a"] - 1) ** 2 + p["b"] ** 2, {"a": 0.0, "b": 2.0},
    ...          bounds={"a": (None, 0.5)}).x["a"]
    np.float64(0.5)
    """
    name = _checked_method(method, bounds, constraints)
    args = args if isinstance(args, tuple) else (args,)
    if np.ndim(x0) == 0 and not isinstance(x0, Mapping) and np.isscalar(x0):
        x0 = np.atleast_1d(x0)
    if tol is not None:
        check_tolerance("tol", tol)
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(
            f"expected options to be a dict, as {{'maxiter': 100}}, got {options!r:.60}"
        )
    limit = (options or {}).get("maxiter")
    if limit is not None:
        check_count("maxiter", limit)
    check_callback(callback)
    search = ScipySearch(fun, x0, args, name, jac, callback)
    with np.errstate(all="ignore"):
        search.confine(bounds, constraints)
        bad = search.begin()
        if bad is None and limit == 0:  # of SciPy's methods some take a step, and one raises
            bad = Status.LIMIT, "0 steps (maxiter) were not enough"
        if bad is not None:
            return report(search, bad)
        derivatives = search.derivatives(jac, hess, hessp, args)
        result = search.run(method or name, derivatives, tol, dict(options or {}))
        asked = [tol, *(v for k, v in (options or {}).items() if "tol" in k)]
        loosest = max([v for v in asked if isinstance(v, int | float)], default=0.0)
        return judge(search, result, loosest)


def _checked_method(method: Any, bounds: Any, constraints: Any) -> str:
    """Return the method's name in lower case, chosen as SciPy does where there is none."""
    if callable(method):
        return "custom"
    some = constraints is not None and not (
        isinstance(constraints, Sequence | Mapping) and not constraints
    )
    if method is None:
        return "slsqp" if some else "bfgs" if bounds is None else "l-bfgs-b"
    name = str(method).lower()
    if name not in METHODS:
        raise ValueError(f"the method {method!r} is none of {', '.join(METHODS.values())}")
    for what, given, able in (
        ("constraints", some, WITH_CONSTRAINTS),
        ("bounds", bounds is not None, WITH_BOUNDS),
    ):
        if given and name not in able:
            names = ", ".join(METHODS[m] for m in METHODS if m in able)
            raise ValueError(f"{METHODS[name]} knows no {what}: take one of {names}")
    return name
