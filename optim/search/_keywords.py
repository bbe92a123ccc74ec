"""Keywords of SciPy's and PyTorch's functions, answered with what to write here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_EXACT = "leave it out, for derivatives are exact here; minimize takes your own"
_ALONE = "leave it out, for there is one way of search"
_STEPS = "write maxiter=, the number of steps"
_UNITS = "leave it out, for the units of x do not matter here"
_TOLERANCES = (
    *("tol", "ftol", "xtol", "gtol", "rtol", "atol", "xrtol", "avextol", "factr", "pgtol", "acc"),
    *("tolerance_grad", "tolerance_change", "kkt_tol", "offset_tol"),
)

OF_SIBLINGS = {
    **dict.fromkeys(("step", "momentum", "line_search"), "gradient_descent has it"),
    "memory": "lbfgs has it",
    **dict.fromkeys(("bracket", "damped"), "newton_raphson has it"),
    "find": "lagrange has it",
    **dict.fromkeys(("loss", "f_scale"), "give residuals to least_squares, which has it"),
    **dict.fromkeys(("sigma", "weights", "absolute_sigma"), "give a model and data to fit.fit"),
}
OF_OTHERS = OF_SIBLINGS | {
    **dict.fromkeys(("fun", "func", "fcn", "residuals"), "write f="),
    **dict.fromkeys(("x", "p0", "params", "start", "guess"), "write x0="),
    **dict.fromkeys(("kwargs", "kws", "fcn_args", "fcn_kws"), "write args="),
    **dict.fromkeys(("fprime", "fprime2", "fhess", "fhess_p", "jac", "hess", "hessp"), _EXACT),
    **dict.fromkeys(("Dfun", "col_deriv", "approx_grad", "grad"), _EXACT),
    **dict.fromkeys(("eps", "epsilon", "epsfcn", "diff_step", "hess_inv0", "jac_sparsity"), _EXACT),
    **dict.fromkeys(("x_scale", "diag", "factor", "scale"), _UNITS),
    **dict.fromkeys(("tr_solver", "tr_options", "workers"), _ALONE),
    "method": "call the method by its name, as in bfgs(f, x0); minimize takes SciPy's names",
    **dict.fromkeys(("maxfev", "maxfun", "max_nfev", "max_eval", "ncall"), _STEPS),
    **dict.fromkeys(("max_iter", "iter", "n_iter"), _STEPS),
    **dict.fromkeys(("m", "maxcor", "history_size"), "write memory=, of lbfgs"),
    **dict.fromkeys(("lr", "learning_rate"), "write step=, of gradient_descent"),
    "line_search_fn": "write line_search=, of gradient_descent",
    "options": "write what is in it as keywords",
    **dict.fromkeys(("bounds", "limits"), "use minimize or least_squares, which know bounds"),
    "constraints": "use lagrange or minimize, which know constraints",
    **dict.fromkeys(("disp", "verbose", "iprint"), "write progress=True; the result has a message"),
    "full_output": "leave it out, for the result tells everything",
    "iter_cb": "write callback=",
    **dict.fromkeys(("retall", "return_all"), "write path=True"),
}
OF_MINIMISERS = OF_OTHERS | dict.fromkeys(_TOLERANCES, "write tol=")
OF_GRADIENT_DESCENT = OF_OTHERS | {
    **dict.fromkeys(_TOLERANCES, "write gtol="),
    **dict.fromkeys(("lr", "learning_rate"), "write step="),
    "line_search_fn": "write line_search=",
}
OF_ROOTS = OF_OTHERS | {
    **dict.fromkeys(_TOLERANCES, "write xtol="),
    **dict.fromkeys(("a", "b", "x1"), "write bracket=(a, b), of newton_raphson"),
}
OF_LAGRANGE = OF_OTHERS | {
    **dict.fromkeys(_TOLERANCES, "write kkt_tol="),
    **dict.fromkeys(("cons", "eqcons", "f_eqcons"), "write constraints="),
    "bounds": "use minimize, which knows bounds and constraints",
}
OF_LEAST_SQUARES = OF_OTHERS | {
    **dict.fromkeys(("fun", "f", "func", "fcn"), "write residuals="),
    **dict.fromkeys(_TOLERANCES, "write offset_tol="),
    **dict.fromkeys(
        ("maxiter", "maxfev", "max_iter", "maxfun", "max_eval", "ncall"),
        "write max_nfev=, the number of evaluations",
    ),
    **dict.fromkeys(("Dfun", "fprime"), "write jac=, or leave it out, for derivatives are exact"),
    "method": "leave it out: it is always Levenberg's and Marquardt's",
    "options": "write what is in it as keywords",
    "limits": "write bounds=",
    "jac_sparsity": _ALONE,
}
OF_PYTORCH = {
    "maximize": "minimise -f",
    "amsgrad": "lower the learning rate by a Schedule, which lets steps settle as well",
    "dampening": "multiply lr by 1 - dampening",
    "centered": "use Adam, whose momentum steadies the steps as well",
    "lr_decay": "use a Schedule",
    "initial_accumulator_value": "leave it out, or write a smaller lr",
    "foreach": "leave it out, for all parameters lie in one buffer here",
    "fused": "leave it out, for all parameters lie in one buffer here",
    "capturable": "leave it out, for nothing runs on a graphics processor here",
    "differentiable": "leave it out, and differentiate steps that are written as a function",
}


def answering(instead: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator: of a keyword that is none of the function's, it says what to write.

    Of too many arguments by position it says which can be given so.

    Examples
    --------
    >>> @answering({"gtol": "write tol="})
    ... def search(f, tol=0.1): ...
    >>> search(None, gtol=1e-3)
    Traceback (most recent call last):
        ...
    TypeError: search() has no keyword 'gtol': write tol=
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function).parameters
        asked = instead.keys() - parameters.keys()
        first = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        name = function.__qualname__.removesuffix(".__init__")

        @wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            if len(args) > len(first):
                by_position = ", ".join(word for word in first if word != "self")
                raise TypeError(
                    f"{name}() takes only {by_position} by position: give the others by name"
                )
            for keyword in asked & keywords.keys():
                raise TypeError(f"{name}() has no keyword {keyword!r}: {instead[keyword]}")
            return function(*args, **keywords)

        return call

    return decorate
