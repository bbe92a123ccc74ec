"""Results of fits as JSON: back to the last bit, and clear about what cannot be kept."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fit import (
    Cholesky,
    Exponential,
    FitResult,
    Gaussian,
    Line,
    Model,
    Polynomial,
    fit,
    line,
    polynomial,
)
from optim import Status

T = np.linspace(0.0, 4.0, 9)
Y = np.array([3.04, 2.05, 1.42, 1.02, 0.80, 0.67, 0.61, 0.54, 0.53])


def decay(t: Any, amplitude: float = 2.0, rate: float = 1.0, offset: float = 0.5) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def correlated() -> FitResult:
    return line(T, Y, np.diag(np.full(9, 0.01)) + 0.005)


RESULTS = {
    "known errors": fit(decay, T, Y, 0.02),
    "estimated errors": fit(decay, T, Y),
    "fixed and bounded": fit(
        decay, T, Y, 0.02, p0={"rate": 0.8}, fixed={"offset": 0.5}, bounds={"rate": (None, 0.9)}
    ),
    "tied": fit(decay, T, Y, 0.02, fixed={"offset": lambda amplitude: amplitude / 5}),
    "constrained": fit(decay, T, Y, 0.02, constraints=lambda amplitude, rate: amplitude - 2 * rate),
    "undetermined": fit(lambda x, a=1.0, b=1.0: a * b * x, [1.0, 2.0], [2.0, 4.1], 0.1),
    "no degrees of freedom": line([0.0, 1.0], [1.0, 3.0]),
    "robust": fit(decay, T, Y, 0.02, loss="huber"),
    "down the gradient": fit(Line(), T, Y, 0.1, method="gradient-descent"),
    "errors in x": fit(decay, T, Y, 0.02, x_sigma=0.01),
    "effective variance": fit(decay, T, Y, 0.02, x_sigma=0.01, method="effective-variance"),
    "correlated": correlated(),
    "polynomial": polynomial(T, Y, 4, 0.1),
    "exact": line([0.0, 1.0, 2.0], [0.1, 0.2, 0.3]),
    "peak": fit(
        Gaussian("a_") * 2 + Polynomial(1, "b_") - 0.5, T, np.exp(-((T - 2.1) ** 2)) + 0.1 * T, 0.1
    ),
    "two variables": fit(
        lambda x, a=1.0, b=1.0: a * x[0] + b * x[1], [[0, 1, 2], [1, 0, 1]], [1.1, 2.0, 5.2], 0.1
    ),
}
every_result = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())


def unstrict(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


# -- there and back --------------------------------------------------------------------------


@every_result
def test_everything_that_was_found_comes_back_to_the_last_bit(result: FitResult) -> None:
    again = FitResult.from_json(result.to_json())
    assert again.values == result.values
    assert_array_equal(again.covariance, result.covariance)
    assert_array_equal(list(again.errors.values()), list(result.errors.values()))
    assert_array_equal(again.correlation, result.correlation)
    for name in ("chi_squared", "dof", "p_value", "success", "status", "message", "nfev", "method"):
        assert_array_equal(getattr(again, name), getattr(result, name), err_msg=name)
    with np.errstate(all="ignore"):
        for name in ("aic", "bic", "r_squared", "residuals", "pulls"):
            assert_array_equal(getattr(again, name), getattr(result, name), err_msg=name)
    assert again.warnings == result.warnings
    assert again.report() == result.report()
    assert repr(again) == repr(result)
    assert again._repr_html_() == result._repr_html_()


@every_result
def test_the_data_and_the_parameters_come_back(result: FitResult) -> None:
    stored, problem = FitResult.from_json(result.to_json()).problem, result.problem
    for name in ("x", "y", "sigma", "x_sigma"):
        assert_array_equal(getattr(stored, name), getattr(problem, name), err_msg=name)
    for name in ("names", "free", "start", "lower", "upper", "fixed"):
        expected = getattr(problem.parameters, name)
        assert_array_equal(getattr(stored.parameters, name), expected, err_msg=name)
    assert stored.parameters.ties.keys() == problem.parameters.ties.keys()
    assert (stored.loss, stored.absolute) == (problem.loss, problem.absolute)
    assert len(stored.constraints) == len(problem.constraints)


@every_result
def test_the_text_is_strict_json_and_stays_the_same(result: FitResult) -> None:
    text = result.to_json()
    json.loads(text, parse_constant=unstrict)
    assert FitResult.from_json(text).to_json() == text


@pytest.mark.parametrize("given", [{}, Path("result.json")])
def test_what_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=f"expected the text .*got {type(given).__name__}"):
        FitResult.from_json(given)


def test_what_is_not_finite_comes_back() -> None:
    again = FitResult.from_json(RESULTS["undetermined"].to_json())
    assert math.isinf(again.errors["a"])
    assert_array_equal(again.problem.parameters.upper, [np.inf, np.inf])
    assert math.isnan(
        FitResult.from_json(RESULTS["no degrees of freedom"].to_json()).errors["slope"]
    )


def test_the_path_down_the_gradient_comes_back() -> None:
    result = fit(decay, T, Y, 0.5, method="gradient-descent")
    assert len(result.path) > 2
    assert_array_equal(FitResult.from_json(result.to_json()).path, result.path)


# -- models ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["peak", "polynomial", "exact", "down the gradient"])
def test_built_in_models_are_known(name: str) -> None:
    result = RESULTS[name]
    again = FitResult.from_json(result.to_json())
    x = np.linspace(-1.0, 5.0, 7)
    assert_array_equal(again.predict(x), result.predict(x))
    np.testing.assert_allclose(again.band(x), result.band(x), rtol=1e-12)
    first = result.free[0]
    assert again.interval(first) == pytest.approx(result.interval(first))


@every_result
def test_what_is_no_built_in_model_works_again_once_it_is_given(result: FitResult) -> None:
    again = FitResult.from_json(result.to_json(), result.problem.model)
    assert again.report() == result.report()
    if not result.problem.parameters.ties:
        assert_array_equal(again.predict(result.problem.x), result.predict(result.problem.x))


def test_a_plain_function_is_a_model_too() -> None:
    result = RESULTS["known errors"]
    again = FitResult.from_json(result.to_json(), decay)
    assert again.interval("rate") == pytest.approx(result.interval("rate"))


@pytest.mark.parametrize(
    "use",
    [
        lambda result: result.predict([1.0]),
        lambda result: result.band([1.0]),
        lambda result: result.interval("rate"),
        lambda result: result.profile("rate"),
        lambda result: result.hessian_covariance,
    ],
)
def test_what_needs_a_function_says_which(use: Any) -> None:
    again = FitResult.from_json(RESULTS["known errors"].to_json())
    with pytest.raises(ValueError, match=r"the model decay is a function.*from_json\(text, model="):
        use(again)


def test_a_function_within_a_combination_is_missing_too() -> None:
    result = fit(Exponential() + Model(lambda x, c=0.5: c + 0 * x, label="floor"), T, Y, 0.02)
    again = FitResult.from_json(result.to_json())
    assert str(again.problem.model) == "Exponential + floor"
    with pytest.raises(ValueError, match="the model floor is a function"):
        again.predict([1.0])


def test_a_kind_of_ones_own_is_not_taken_for_the_built_in_of_its_name() -> None:
    own = type(
        "Line", (Line,), {"__call__": lambda self, x, slope, intercept: slope - intercept * x}
    )
    result = fit(own(), T, Y, 0.1)
    with pytest.raises(ValueError, match="the model Line is a function"):
        FitResult.from_json(result.to_json()).predict(T)


def test_another_model_is_refused() -> None:
    text = RESULTS["known errors"].to_json()
    with pytest.raises(ValueError, match="Line has the parameters slope, intercept, but decay was"):
        FitResult.from_json(text, Line())
    growth = Model(lambda t, a, b, c: decay(t, a, -b, c), names=("amplitude", "rate", "offset"))
    with pytest.raises(ValueError, match="does not give the residuals of this fit"):
        FitResult.from_json(text, growth)


# -- what cannot be kept ---------------------------------------------------------------------


def test_ties_say_that_they_are_not_kept() -> None:
    again = FitResult.from_json(RESULTS["tied"].to_json(), decay)
    with pytest.raises(ValueError, match="the tie of offset is a function"):
        again.predict([1.0])


def test_constraints_say_that_they_are_not_kept() -> None:
    result = RESULTS["constrained"]
    again = FitResult.from_json(result.to_json(), decay)
    np.testing.assert_allclose(again.band(T), result.band(T), rtol=1e-12)
    with pytest.raises(ValueError, match="constraints are functions"):
        again.interval("rate")


@pytest.mark.parametrize(
    "result", [correlated(), line(T, Y, Cholesky(np.tril(np.full((9, 9), 0.1))))]
)
def test_correlations_of_the_data_are_kept(result: FitResult) -> None:
    again = FitResult.from_json(result.to_json())
    assert_array_equal(again.predict(T), result.predict(T))
    assert_array_equal(again.problem.sigma, result.problem.sigma)
    assert again.interval("slope") == pytest.approx(result.interval("slope"), rel=1e-12)


def test_an_x_that_is_no_array_cannot_be_kept() -> None:
    class Table:
        t = T

    result = fit(lambda table, a=1.0, b=1.0: a * np.exp(-b * table.t), Table(), Y, 0.1)
    with pytest.raises(TypeError, match="x is a Table, and JSON holds numbers only"):
        result.to_json()


@pytest.mark.parametrize(("name", "status"), [("known errors", 0), ("undetermined", 7)])
def test_how_a_search_ended_is_kept_by_its_name(name: str, status: int) -> None:
    result = RESULTS[name]
    assert json.loads(result.to_json())["status"] == Status(status).name
    assert FitResult.from_json(result.to_json()).status is result.status is Status(status)


# -- what is no result -----------------------------------------------------------------------


def changed(**entries: Any) -> str:
    return json.dumps({**json.loads(RESULTS["known errors"].to_json()), **entries})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is not JSON"),
        (RESULTS["known errors"].to_json()[:-5], "the text is not JSON"),
        ("[]", "the text is no fit result"),
        ('{"values": {"a": 1.0}}', "the text is no fit result"),
        (changed(version=2), "version 2 of the format: this release reads version 1"),
        (changed(version=None), "version None"),
        (changed(y=[1.0, 2.0]), r"residuals has shape \(9,\), expected \(2,\)"),
        (changed(weights=[1.0]), r"weights has shape \(1,\), expected \(9,\)"),
        (changed(residuals=[1.0]), r"residuals has shape \(1,\), expected \(9,\)"),
        (changed(p=[1.0]), r"p has shape \(1,\), expected \(3,\)"),
        (changed(covariance=[[1.0]]), "covariance has shape"),
        (changed(values={}), "expected values of amplitude, rate, offset"),
        (changed(p="all"), "no complete fit result"),
        (changed(model={"shape": "Cube", "prefix": ""}), "no model 'Cube'"),
        (changed(model={}), "'function' is missing"),
        (changed(status="DONE"), "no status 'DONE': there are CONVERGED, LIMIT, "),
        (changed(status=0), "no status 0: there are CONVERGED"),
        (changed(parameters=3), "no complete fit result"),
        (changed(method="effective-variance"), "'effective-variance' needs x_sigma"),
        (changed(x_sigma=[0.1] * 9), "knows no errors in x"),
        (
            changed(x_sigma=[0.1] * 9, weights=None, method="orthogonal-distance"),
            "sigma to be the standard deviations of y",
        ),
    ],
)
def test_a_text_that_is_no_result_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FitResult.from_json(text)


@pytest.mark.parametrize("key", json.loads(RESULTS["known errors"].to_json()))
def test_nothing_may_be_missing(key: str) -> None:
    document = json.loads(RESULTS["known errors"].to_json())
    del document[key]
    with pytest.raises(ValueError, match=r"the text is no|the fit result has the version"):
        FitResult.from_json(json.dumps(document))
