"""What to write in the place of names that do not exist."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

OTHERS = {  # what SciPy, lmfit, iminuit and Matplotlib call what a fit takes
    "sigma": ("yerr", "y_err", "dy", "sigma_y", "y_sigma", "errors"),
    "x_sigma": ("xerr", "x_err", "dx", "sigma_x"),
    "sigma, which is 1/weights": ("weights", "w"),
    "p0": ("params", "x0", "initial", "guess", "start"),
    "model": ("f", "func", "fun", "fcn", "residuals"),
    "x": ("xdata",),
    "y": ("ydata", "data"),
    "bounds": ("limits",),
    "offset_tol": ("ftol", "xtol", "gtol", "tol", "rtol", "kkt_tol"),
    "max_nfev": ("maxfev", "maxiter", "max_iter", "ncall"),
    "callback": ("iter_cb",),
    "progress": ("verbose", "disp"),
    "absolute_sigma, its opposite": ("scale_covar",),
}
OURS = {theirs: ours for ours, names in OTHERS.items() for theirs in names}
ONLY_OF_FIT = (
    *("p0", "x_sigma", "bounds", "fixed", "constraints", "loss", "f_scale", "method"),
    *("offset_tol", "max_nfev", "callback", "progress", "starts", "seed", "executor"),
)
NEEDLESS = {
    **dict.fromkeys(("jac", "Dfun", "col_deriv", "epsfcn", "diff_step"), "derivatives are exact"),
    **dict.fromkeys(("x_scale", "diag", "factor"), "the units of parameters do not matter"),
    **dict.fromkeys(("args", "kwargs", "fcn_args", "fcn_kws"), "a model may hold further numbers"),
    "full_output": "the result tells everything",
    "check_finite": "data are always checked: nan_policy='omit' leaves out NaN",
    "path": "a callback is told of each step",
}
OUR_RESULTS = {  # what lmfit, SciPy and iminuit call it: what a FitResult does
    **dict.fromkeys(("params", "best_values", "parameters"), "values"),
    **dict.fromkeys(("popt", "x"), "p, or by name values"),
    **dict.fromkeys(("pcov", "covar", "cov"), "covariance"),
    **dict.fromkeys(("stderr", "perr", "uncertainties"), "errors"),
    **dict.fromkeys(("chi2", "chisqr", "chisq", "fval"), "chi_squared"),
    **dict.fromkeys(("redchi", "rchi2", "reduced_chi2"), "reduced_chi_squared"),
    **dict.fromkeys(("nfree", "ndof", "df"), "dof"),
    **dict.fromkeys(("fit_report", "summary"), "report()"),
    **dict.fromkeys(("conf_interval", "ci_report", "minos"), "interval(name, level)"),
    **dict.fromkeys(("mncontour", "conf_interval2d"), "contour(x, y, level)"),
    **dict.fromkeys(("best_fit", "eval"), "predict(x)"),
    **dict.fromkeys(("eval_uncertainty", "confidence_band"), "band(x, level)"),
    **dict.fromkeys(("residual", "fvec"), "residuals"),
    **dict.fromkeys(("rsquared", "r2"), "r_squared"),
    **dict.fromkeys(("plot_fit", "visualize"), "plot()"),
}


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Return what to write in the place of a name that does not exist."""
    from difflib import get_close_matches

    several = list(known)
    near = get_close_matches(name.lower(), several, n=1, cutoff=0.65)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(several)}"


def argument_of_fit(name: str, known: list[str]) -> str:
    """Return what to write in the place of an argument that a fit does not have."""
    if name in NEEDLESS:
        return f"leave it out, since {NEEDLESS[name]}"
    ours = OURS.get(name, name)
    if ours in ONLY_OF_FIT and ours not in known:
        return f"fit.fit takes {ours}"
    return f"write {ours}" if name in OURS else nearest_name(name, known)


def with_suggestions(instead: Callable[[str, list[str]], str], of_more: str) -> Callable[[F], F]:
    """Make a function say what to write for arguments that it does not have.

    Parameters
    ----------
    instead : callable
        Takes the name that does not exist, and those that do.
    of_more : str
        What to do with more arguments than can be given by position.
    """

    def decorate(f: F) -> F:
        parameters = inspect.signature(f).parameters.values()
        names = [p.name for p in parameters if p.name != "self"]
        known = frozenset(names)
        first = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]

        @wraps(f)
        def call(*arguments: Any, **named: Any) -> Any:
            if len(arguments) <= len(first) and named.keys() <= known:
                return f(*arguments, **named)
            of = type(arguments[0]).__name__ if first[0] == "self" else f.__name__
            if len(arguments) > len(first):
                by_position = ", ".join(name for name in first if name != "self")
                raise TypeError(f"{of}() takes only {by_position} by position: {of_more}")
            unknown = next(name for name in named if name not in known)
            raise TypeError(f"{of}() has no keyword {unknown!r}: {instead(unknown, names)}")

        return cast(F, call)

    return decorate
