"""How far a fit is searched for, and who is told of it: offset_tol, max_nfev and callback."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fit import FitResult, Relative, fit
from optim import Status, least_squares

T = np.linspace(0.0, 4.0, 9)
Y = np.array([3.04, 2.05, 1.42, 1.02, 0.80, 0.67, 0.61, 0.54, 0.53])


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 0.6, offset: Any = 0.2) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def fitted(**options: Any) -> FitResult:
    return fit(decay, T, Y, 0.02, **options)


SEARCHES = pytest.mark.parametrize(
    "how",
    [
        {},
        {"loss": "huber"},
        {"loss": "cauchy", "absolute_sigma": False},
        {"fixed": {"offset": lambda rate: rate / 2}},
        {"constraints": lambda amplitude, rate: amplitude - 2 * rate},
        {"method": "gradient-descent"},
        {"x_sigma": 0.01},
    ],
    ids=lambda how: ", ".join(how) or "least squares",
)


# -- callback --------------------------------------------------------------------------------


@SEARCHES
def test_the_callback_is_told_the_parameters_by_name(how: dict[str, Any]) -> None:
    seen: list[Any] = []
    result = fitted(**how, callback=seen.append)
    assert result.success
    assert all(list(told.x) == ["amplitude", "rate", "offset"] for told in seen)
    assert all(type(value) is float for told in seen for value in told.x.values())
    assert seen[-1].x == pytest.approx(result.values, rel=1e-6)
    assert seen[-1].chi_squared == pytest.approx(result.chi_squared)
    assert [told.nit for told in seen][:2] == [1, 2]
    assert result.values == pytest.approx(fitted(**how).values, rel=1e-8)


@SEARCHES
def test_the_callback_can_stop_a_fit(how: dict[str, Any]) -> None:
    seen = []

    def callback(intermediate_result: Any) -> None:
        seen.append(intermediate_result)
        if intermediate_result.nit == 2:
            raise StopIteration

    result = fitted(**how, callback=callback)
    assert (result.status, result.success) == (Status.STOPPED, False)
    assert len(seen) == 2
    assert result.message == "the callback stopped the search after step 2"
    assert "NOT CONVERGED" in result.report()


def test_a_fit_whose_errors_follow_the_model_can_be_stopped_too() -> None:
    def callback(intermediate_result: Any) -> None:
        raise StopIteration

    result = fit(decay, T, Y, Relative(0.1, of="model"), callback=callback)
    assert result.status is Status.STOPPED


def test_what_a_callback_raises_is_its_own() -> None:
    def callback(intermediate_result: Any) -> None:
        raise TypeError("of the callback")

    with pytest.raises(TypeError, match=r"^of the callback$"):
        fitted(callback=callback)


# -- max_nfev --------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_a_fit_takes_no_more_evaluations_than_it_may(limit: int) -> None:
    result = fitted(max_nfev=limit)
    assert (result.status, result.success, result.nfev) == (Status.LIMIT, False, limit)
    assert "max_nfev" in result.message
    start = float(result.problem.chi_squared(result.problem.parameters.start))
    assert result.chi_squared == pytest.approx(start) if limit == 1 else result.chi_squared < start


def test_no_evaluation_beyond_the_start_leaves_it() -> None:
    result = fitted(max_nfev=0)
    assert (result.status, result.success, result.nfev) == (Status.LIMIT, False, 1)
    assert result.message == "0 evaluations (max_nfev) were not enough"
    assert result.values == {"amplitude": 2.0, "rate": 0.6, "offset": 0.2}


@pytest.mark.parametrize("loss", ["huber", "cauchy"])
def test_several_searches_share_the_evaluations(loss: str) -> None:
    free = fit(decay, T, Y, loss=loss)
    assert free.success
    for limit in range(0, free.nfev, 5):
        result = fit(decay, T, Y, loss=loss, max_nfev=limit)
        assert result.status is (Status.CONVERGED if result.success else Status.LIMIT)
        assert result.nfev <= limit + 2  # each of three searches looks at its start
    assert not fit(decay, T, Y, loss=loss, max_nfev=5).success
    assert fit(decay, T, Y, loss=loss, max_nfev=free.nfev + 1).values == free.values


# -- offset_tol ------------------------------------------------------------------------------


def test_a_looser_tolerance_ends_sooner_within_it() -> None:
    exact, loose = fitted(offset_tol=0.0), fitted(offset_tol=1e-3)
    assert loose.nfev < exact.nfev
    for name, error in exact.errors.items():
        # Errors are taken from sigma, the offset from the residuals, which are smaller here.
        assert abs(loose.values[name] - exact.values[name]) < 1e-3 * error


def test_the_tolerance_is_that_of_least_squares() -> None:
    found = least_squares(
        lambda p: (decay(T, *p) - Y) / 0.02, [2.0, 0.6, 0.2], offset_tol=1e-2, max_nfev=100
    )
    assert_allclose(fitted(offset_tol=1e-2, max_nfev=100).p, found.x, rtol=1e-10)


# -- what makes no sense ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_nfev": 2.5}, TypeError, "max_nfev to be a whole number of 0 or more, got 2.5"),
        ({"max_nfev": -1}, ValueError, "max_nfev to be a whole number of 0 or more, got -1"),
        ({"offset_tol": "1e-3"}, TypeError, "offset_tol to be a number from 0 to below 1, got"),
        ({"offset_tol": None}, TypeError, "offset_tol to be a number from 0 to below 1, got"),
        ({"offset_tol": np.nan}, ValueError, "offset_tol to be a number from 0 to below 1, got"),
        ({"offset_tol": 1.0}, ValueError, "offset_tol to be a number from 0 to below 1, got"),
    ],
)
def test_limits_that_make_no_sense(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^expected {message}"):
        fitted(**options)


@pytest.mark.parametrize("option", [{"max_nfev": 10}, {"offset_tol": 1e-3}])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"constraints": lambda rate: rate - 0.8}, "constraints"),
        ({"method": "gradient-descent"}, "method='gradient-descent'"),
    ],
)
def test_searches_that_do_not_know_them(option: Any, how: Any, words: str) -> None:
    (name,) = option
    with pytest.raises(ValueError, match=f"^{name} cannot be combined with {words}"):
        fitted(**option, **how)


# -- which method ran ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({}, "least-squares"),
        ({"method": "auto"}, "least-squares"),
        ({"x_sigma": 0.01}, "orthogonal-distance"),
        ({"method": "gradient-descent"}, "gradient-descent"),
    ],
)
def test_a_result_names_the_method_that_ran(options: Any, method: str) -> None:
    assert fitted(**options).method == method
