"""Functions that do the same job take the same words: names, kinds, order and defaults."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import pytest
import scipy.optimize

import fit
import optim

Function = Callable[..., Any]
KEYWORD = Parameter.KEYWORD_ONLY

# What follows on a method's own arguments: its tolerance, its limit, and who is told. A family is
# a row of functions that search in the same way.
FAMILIES: dict[str, dict[Function, tuple[str, ...]]] = {
    "least squares": {
        optim.least_squares: ("offset_tol", "max_nfev", "callback", "path", "progress"),
        fit.fit: ("offset_tol", "max_nfev", "callback", "progress"),
        fit.curve_fit: ("max_nfev", "callback", "progress"),
    },
    "without a search": {fit.line: (), fit.polynomial: (), fit.linear: ()},
}
LAST = {function: last for family in FAMILIES.values() for function, last in family.items()}

# Of arguments that have several defaults, those of some functions, and why.
OTHERWISE = {
    ("offset_tol", fit.fit): 1e-9,  # of a standard error: beyond it nobody sees a difference
    ("f_scale", fit.fit): None,  # found from the residuals where sigma does not tell
    ("method", fit.fit): "auto",  # curve_fit has SciPy's methods
    ("bounds", fit.curve_fit): (-float("inf"), float("inf")),  # SciPy's, as the next ones
    ("absolute_sigma", fit.curve_fit): False,
    ("nan_policy", fit.curve_fit): None,
}
BY_POSITION = {  # SciPy's order, in which others are keywords
    fit.curve_fit: ("p0", "sigma", "absolute_sigma", "check_finite", "bounds", "method", "jac")
}


def parameters(function: Function) -> dict[str, Parameter]:
    """Return the parameters by name, without what catches all others."""
    every = signature(function).parameters
    return {name: p for name, p in every.items() if p.kind is not Parameter.VAR_KEYWORD}


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


@pytest.mark.parametrize("function", [fit.fit, fit.line, fit.polynomial, fit.linear])
def test_of_a_fit_data_are_given_by_position_and_the_rest_by_name(function: Function) -> None:
    by_position = [name for name, p in parameters(function).items() if p.kind is not KEYWORD]
    assert [name for name in by_position if name in ("x", "y", "sigma")] == ["x", "y", "sigma"]
    assert by_position[-1] == "sigma"
    assert len(by_position) <= 4


def test_least_squares_takes_residuals_and_a_start_by_position() -> None:
    by_position = [n for n, p in parameters(optim.least_squares).items() if p.kind is not KEYWORD]
    assert by_position == ["residuals", "x0"]
    assert next(n for n, p in parameters(optim.least_squares).items() if p.kind is KEYWORD) == (
        "args"
    )


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
