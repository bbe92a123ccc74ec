"""Functions that do the same job take the same words: names, kinds, order and defaults."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, isfunction, signature
from typing import Any

import pytest
import scipy.optimize

import fit
import optim

Function = Callable[..., Any]
KEYWORD = Parameter.KEYWORD_ONLY

# What follows on a method's own arguments: its tolerance, its limit, and who is told. A family is
# a row of functions that search in the same way.
TOLD = ("callback", "path", "progress")
FAMILIES: dict[str, dict[Function, tuple[str, ...]]] = {
    "minimisers": {
        optim.gradient_descent: ("gtol", "maxiter", *TOLD),
        optim.bfgs: ("tol", "maxiter", *TOLD),
        optim.lbfgs: ("tol", "maxiter", *TOLD),
        optim.newton: ("tol", "maxiter", *TOLD),
        optim.newton_cg: ("tol", "maxiter", *TOLD),
        optim.lagrange: ("kkt_tol", "maxiter", *TOLD),
    },
    "roots": {
        optim.newton_raphson: ("xtol", "maxiter", *TOLD),
        optim.halley: ("xtol", "maxiter", *TOLD),
    },
    "least squares": {
        optim.least_squares: ("offset_tol", "max_nfev", *TOLD),
        fit.fit: ("offset_tol", "max_nfev", "callback", "progress"),
        fit.curve_fit: ("max_nfev", "callback", "progress"),
    },
    "without a search": {fit.line: (), fit.polynomial: (), fit.linear: ()},
}
LAST = {function: last for family in FAMILIES.values() for function, last in family.items()}

# Of arguments that have several defaults, those of some functions, and why.
OTHERWISE = {
    ("maxiter", optim.newton_raphson): 100,  # of roots: the digits double at each step
    ("maxiter", optim.halley): 100,
    ("tol", optim.bfgs): 1e-10,  # where curvature is learnt, the last digits take many steps
    ("tol", optim.lbfgs): 1e-10,
    ("constraints", optim.lagrange): Parameter.empty,  # without any it has nothing to do
    ("offset_tol", fit.fit): 1e-9,  # of a standard error: beyond it nobody sees a difference
    ("f_scale", fit.fit): None,  # found from the residuals where sigma does not tell
    ("method", fit.fit): "auto",  # curve_fit has SciPy's methods
    ("bounds", fit.curve_fit): (-float("inf"), float("inf")),  # SciPy's, as the next ones
    ("absolute_sigma", fit.curve_fit): False,
    ("nan_policy", fit.curve_fit): None,
}
BY_POSITION = {  # what others have as keywords
    optim.lagrange: ("constraints",),
    # SciPy's order
    fit.curve_fit: ("p0", "sigma", "absolute_sigma", "check_finite", "bounds", "method", "jac"),
}


def parameters(function: Function) -> dict[str, Parameter]:
    """Return the parameters by name, without what catches all others."""
    every = signature(function).parameters
    return {name: p for name, p in every.items() if p.kind is not Parameter.VAR_KEYWORD}


PUBLIC = [f for module in (optim, fit) for f in vars(module).values() if isfunction(f)]
SHARED = sorted(
    name
    for name in {name for function in LAST for name in parameters(function)}
    if sum(name in parameters(function) for function in LAST) > 1
)
functions = pytest.mark.parametrize("function", LAST, ids=lambda f: f.__name__)


@functions
def test_tolerance_limit_callback_path_and_progress_come_last(function: Function) -> None:
    names = list(parameters(function))
    last = LAST[function]
    assert tuple(names[len(names) - len(last) :]) == last
    assert all(parameters(function)[name].kind is KEYWORD for name in last)


@pytest.mark.parametrize("name", SHARED)
def test_the_same_argument_has_the_same_default(name: str) -> None:
    defaults = {
        function: parameters(function)[name].default
        for function in LAST
        if name in parameters(function)
    }
    for (other, function), default in OTHERWISE.items():
        if other == name:
            assert defaults.pop(function) == default
    assert len(set(defaults.values())) <= 1, defaults


@pytest.mark.parametrize("name", SHARED)
def test_the_same_argument_is_given_in_the_same_way(name: str) -> None:
    kinds = {
        parameters(function)[name].kind
        for function in LAST
        if name in parameters(function) and name not in BY_POSITION.get(function, ())
    }
    assert len(kinds) <= 1, kinds


@pytest.mark.parametrize("one", LAST, ids=lambda f: f.__name__)
@functions
def test_the_same_arguments_come_in_the_same_order(one: Function, function: Function) -> None:
    exempt = {*BY_POSITION.get(one, ()), *BY_POSITION.get(function, ()), "nan_policy"}
    here, there = list(parameters(one)), list(parameters(function))
    shared = [name for name in here if name in there and name not in exempt]
    assert shared == [name for name in there if name in here and name not in exempt]


def test_many_fits_take_what_one_takes_in_the_same_order() -> None:
    one, many = parameters(fit.fit), parameters(fit.fit_many)
    assert [*many] == [name for name in one if name not in ("callback", "progress")]
    for name, parameter in many.items():
        assert (parameter.kind, parameter.default) == (one[name].kind, one[name].default), name


@pytest.mark.parametrize("function", [fit.fit, fit.line, fit.polynomial, fit.linear])
def test_of_a_fit_data_are_given_by_position_and_the_rest_by_name(function: Function) -> None:
    by_position = [name for name, p in parameters(function).items() if p.kind is not KEYWORD]
    assert [name for name in by_position if name in ("x", "y", "sigma")] == ["x", "y", "sigma"]
    assert by_position[-1] == "sigma"
    assert len(by_position) <= 4


METHODS = [function for function in LAST if function.__module__.startswith("optim.")]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_its_function_and_a_start_by_position_and_args_next(
    method: Function,
) -> None:
    first = "residuals" if method is optim.least_squares else "f"
    by_position = [name for name, p in parameters(method).items() if p.kind is not KEYWORD]
    assert by_position == [first, "x0", *(["constraints"] if method is optim.lagrange else [])]
    assert list(parameters(method))[len(by_position)] == "args"


def test_each_method_has_its_family() -> None:
    methods = {function for function in PUBLIC if "x0" in parameters(function)}
    assert methods - {optim.minimize} == set(METHODS)


def test_minimize_is_scipys() -> None:
    ours, theirs = parameters(optim.minimize), parameters(scipy.optimize.minimize)
    assert list(ours) == list(theirs)
    assert [p.kind for p in ours.values()] == [p.kind for p in theirs.values()]
    assert ours["options"].default == theirs["options"].default


def test_curve_fit_takes_by_position_what_scipys_takes() -> None:
    ours, theirs = parameters(fit.curve_fit), parameters(scipy.optimize.curve_fit)
    by_position = [name for name, p in theirs.items() if p.kind is not KEYWORD]
    assert [name for name, p in ours.items() if p.kind is not KEYWORD] == by_position
    assert theirs.keys() <= ours.keys()


@functions
def test_each_argument_is_described(function: Function) -> None:
    described = (function.__doc__ or "").split("Raises\n")[0]
    for name in parameters(function):
        assert f"{name} : " in described or f"{name}," in described or f", {name}\n" in described
