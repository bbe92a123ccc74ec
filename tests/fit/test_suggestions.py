"""Arguments and names that other libraries have, and what to write in their place."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

from fit import (
    Cholesky,
    Exponential,
    Gaussian,
    Polynomial,
    Relative,
    curve_fit,
    fit,
    line,
    polynomial,
)

T = np.linspace(0.0, 4.0, 12)
Y = np.array([3.02, 2.31, 1.66, 1.37, 1.10, 0.83, 0.76, 0.62, 0.57, 0.45, 0.51, 0.46])


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 1.0) -> Any:
    return amplitude * np.exp(-rate * t)


# -- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yerr", "write sigma$"),
        ("xerr", "write x_sigma$"),
        ("weights", "write sigma, which is 1/weights$"),
        ("params", "write p0$"),
        ("xdata", "write x$"),
        ("ftol", "write offset_tol$"),
        ("maxfev", "write max_nfev$"),
        ("verbose", "write progress$"),
        ("jac", "leave it out, since derivatives are exact"),
        ("x_scale", "leave it out, since the units of parameters do not matter"),
        ("path", "leave it out, since a callback is told of each step"),
        ("residuals", "write model$"),
        ("constraint", "did you mean 'constraints'?"),
        ("nan_polic", "did you mean 'nan_policy'?"),
        ("workers", "there are model, x, y, sigma, p0"),
    ],
)
def test_an_argument_of_another_name(name: str, message: str) -> None:
    with pytest.raises(TypeError, match=rf"^fit\(\) has no keyword '{name}': {message}"):
        fit(decay, T, Y, **{name: 1})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yerr", "write sigma"),
        ("x_sigma", "fit.fit takes x_sigma"),
        ("xerr", "fit.fit takes x_sigma"),
        ("weights", "write sigma, which is 1/weights"),
        ("tol", "fit.fit takes offset_tol"),
        ("iter_cb", "write callback"),
        ("absolute_sigmas", "did you mean 'absolute_sigma'?"),
        ("workes", "there are p0, sigma"),
    ],
)
def test_an_argument_that_curve_fit_does_not_have(name: str, message: str) -> None:
    with pytest.raises(TypeError, match=f"has no keyword '{name}': {message}"):
        curve_fit(decay, T, Y, **{name: 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma": Relative(0.1)}, "sigma is a Relative, which fit.fit takes"),
        ({"sigma": Cholesky(np.eye(12))}, "sigma is a Cholesky, which fit.fit takes"),
        ({"p0": {"amplitude": 1.0}}, "p0 is a dict, which fit.fit takes"),
    ],
)
def test_what_fit_takes_but_curve_fit_does_not(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_fit(decay, T, Y, **arguments)


def test_others_say_so_too() -> None:
    with pytest.raises(TypeError, match=r"line\(\) has no keyword 'yerr': write sigma"):
        line(T, Y, yerr=0.1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"line\(\) has no keyword 'params': fit.fit takes p0"):
        line(T, Y, params=[1, 2])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"polynomial\(\) has no keyword 'deg': did you mean 'deg"):
        polynomial(T, Y, deg=2)  # type: ignore[call-arg]


def test_signatures_stay_as_they_are_written() -> None:
    assert list(inspect.signature(fit).parameters)[:5] == ["model", "x", "y", "sigma", "p0"]
    assert str(inspect.signature(Gaussian)) == "(prefix: 'str' = '') -> 'None'"
    assert fit.__name__ == "fit"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fit(T, Y, decay),
            TypeError,
            r"comes first.*got ndarray of shape \(12,\), .*decay$",
        ),
        (lambda: fit(decay, T, Y, [1.0, 1.0]), ValueError, "fourth argument is sigma.*p0="),
        (
            lambda: fit(decay, T, Y, None, [1.0, 1.0]),
            TypeError,
            "only model, x, y, sigma by pos.*p0=",
        ),
        (lambda: fit(T, T, Y), TypeError, r"as model, got ndarray of shape \(12,\)$"),
    ],
)
def test_arguments_in_another_order(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Gaussian(1), r"got 1: starting values belong to the fit, as p0=\{'height': 1\}"),
        (
            lambda: Gaussian(height=1),
            r"Gaussian\(\) has no keyword 'height': .*p0=\{'height': ...\}",
        ),
        (lambda: Gaussian(1, 2, 3), r"Gaussian\(\) takes only prefix by position: starting values"),
        (lambda: Polynomial(1, 2), r"got 2: starting values belong to the fit"),
        (lambda: Exponential(rate=1), r"Exponential\(\) has no keyword 'rate'"),
    ],
)
def test_starting_values_are_no_arguments_of_a_model(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


# -- data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_given", [np.asarray, list])
def test_what_to_do_about_nan_is_said(as_given: Any) -> None:
    y, sigma = Y.copy(), np.full(12, 0.1)
    y[3] = np.nan
    sigma[3] = np.inf
    message = r"y\[3\] is nan, expected finite numbers, give nan_policy='omit'"
    for fitted in (lambda: line(T, as_given(y)), lambda: fit(decay, T, as_given(y), sigma)):
        with pytest.raises(ValueError, match=message):
            fitted()
    assert fit(decay, T, y, sigma, nan_policy="omit").dof == 9


def test_omit_leaves_nan_out_only() -> None:
    y = Y.copy()
    y[3] = np.inf
    with pytest.raises(ValueError, match=r"y\[3\] is inf.*nan_policy='omit' leaves NaN out only"):
        fit(decay, T, y, nan_policy="omit")


# -- results ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("params", "values"),
        ("redchi", "reduced_chi_squared"),
        ("fit_report", r"report\(\)"),
        ("conf_interval", r"interval\(name, level\)"),
        ("pcov", "covariance"),
    ],
)
def test_what_others_call_it(name: str, called: str) -> None:
    result = fit(decay, T, Y)
    with pytest.raises(AttributeError, match=f"has no '{name}': it is called {called}"):
        getattr(result, name)


def test_other_attributes_are_missing_as_usual() -> None:
    result = fit(decay, T, Y)
    assert not hasattr(result, "nothing")
    with pytest.raises(AttributeError, match="'FitResult' object has no attribute 'nothing'"):
        _ = result.nothing
    assert copy.deepcopy(result).values == result.values


def test_values_are_by_name() -> None:
    result = fit(decay, T, Y)
    with pytest.raises(KeyError, match=r"no parameter 0: there are amplitude, rate.*result.p\[0\]"):
        result.values[0]  # type: ignore[index]
    with pytest.raises(KeyError, match="no parameter 'speed': there are amplitude, rate"):
        result.errors["speed"]
    assert pickle.loads(pickle.dumps(result.values)) == dict(result.values)
