"""What is returned of a search by SciPy: its result with a verdict that has been checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from optim.from_scipy._methods import METHODS
from optim.from_scipy._scipy_search import ScipySearch
from optim.from_scipy._scipy_verdict import point_at, verdict_on
from optim.search._run import Status, Verdict

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


def judge(search: ScipySearch, result: OptimizeResult, asked: float) -> OptimizeResult:
    """Return SciPy's result with a verdict that has been checked."""
    message = str(result.message).rstrip(". ") + ". "
    before = search.nfev
    x = np.array(result.x, float)
    if not search.inside(x) and search.feasible(x):  # some methods end a last digit outside
        x = np.clip(x, search.lower, search.upper)
    if search.is_worse(x) if result.success else not search.is_better(x):
        x = search.best if search.least < np.inf else x
    point = point_at(search, x)
    if search.stopped:
        verdict = Status.STOPPED, f"the callback stopped the search after step {search.steps}"
    elif search.broken and search.broken[0] is Status.INVALID:
        verdict = search.broken
    else:
        verdict = verdict_on(search, point, bool(result.success), message, asked)
    success = verdict[0] is Status.CONVERGED
    if not success and search.least < np.inf and not search.is_better(point.x):
        point = point_at(search, search.best)
    fields: dict[str, Any] = {"x": search.shaped(point.x), "fun": point.fun}
    fields["nfev"] = result.get("nfev", 0) + search.nfev - before
    fields["violation"] = point.violation.size
    if point.exact:
        key = "grad" if search.method == "trust-constr" else "jac"
        fields[key] = search.shaped(point.gradient)
    if point.exact and point.first_order is not None:
        fields["kkt"] = float(np.abs(point.first_order.residual).max())
        if search.constraints:
            fields["multipliers"] = point.first_order.multipliers
        if search.constraints or search.bounded:
            fields["bound_multipliers"] = search.shaped(point.first_order.bound_multipliers)
    result.update(fields)
    return report(search, verdict, result)


def report(
    search: ScipySearch, verdict: Verdict, result: OptimizeResult | None = None
) -> OptimizeResult:
    """Return a result with a verdict; without one of SciPy's, that of the start."""
    from scipy.optimize import OptimizeResult

    status, message = verdict
    if result is None:
        counts = {"nit": 0, "nfev": search.nfev, "njev": search.njev, "nhev": search.nhev}
        fun = search.last_value
        result = OptimizeResult(x=search.shaped(search.start), fun=fun, **counts)
    for name, count in (("njev", search.njev), ("nhev", search.nhev)):
        result.setdefault(name, count)
    message = "; ".join([message.rstrip(". "), *search.notes])
    result.method = METHODS.get(search.method, search.method)
    result.update(status=status, success=status is Status.CONVERGED, message=message)
    return result
