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
_TOLERANCES = ("tol", "ftol", "xtol", "gtol", "rtol", "xrtol")

OF_SCIPY = {
    **dict.fromkeys(("fun", "func"), "write f="),
    "fhess": _EXACT,
    "fhess_p": _EXACT,
    "fprime": _EXACT,
    "fprime2": _EXACT,
    "jac": _EXACT,
    "hess": _EXACT,
    "hessp": _EXACT,
    "eps": _EXACT,
    "diff_step": _EXACT,
    "x_scale": "leave it out, for the units of x do not matter here",
    "method": "call the method by its name, as in bfgs(f, x0); minimize takes SciPy's names",
    "maxfev": _STEPS,
    "maxfun": _STEPS,
    "maxcor": "write memory=, of lbfgs",
    "max_nfev": _STEPS,
    "options": "write what is in it as keywords",
    "bounds": "use minimize or least_squares, which know bounds",
    "constraints": "use lagrange or minimize, which know constraints",
    "disp": "write progress=True; the result has a message",
    "verbose": "write progress=True; the result has a message",
    "full_output": "leave it out, for the result tells everything",
    "retall": "write path=True",
    "return_all": "write path=True",
}
OF_MINIMISERS = OF_SCIPY | dict.fromkeys(_TOLERANCES, "write tol=")
OF_GRADIENT_DESCENT = OF_SCIPY | dict.fromkeys(_TOLERANCES, "write gtol=")
OF_ROOTS = OF_SCIPY | dict.fromkeys(_TOLERANCES, "write xtol=")
OF_LAGRANGE = OF_SCIPY | dict.fromkeys(_TOLERANCES, "write kkt_tol=")
OF_LEAST_SQUARES = OF_SCIPY | {
    **dict.fromkeys(("fun", "f", "func"), "write residuals="),
    **dict.fromkeys(_TOLERANCES, "write offset_tol="),
    **dict.fromkeys(("maxiter", "maxfev"), "write max_nfev=, the number of evaluations"),
    **dict.fromkeys(("tr_solver", "tr_options", "jac_sparsity", "workers"), _ALONE),
    "method": "leave it out: it is always Levenberg's and Marquardt's",
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
        asked = instead.keys() - signature(function).parameters.keys()

        @wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            for keyword in asked & keywords.keys():
                name = function.__qualname__.removesuffix(".__init__")
                raise TypeError(f"{name}() has no keyword {keyword!r}: {instead[keyword]}")
            return function(*args, **keywords)

        return call

    return decorate
