"""curve_fit: SciPy's answers where SciPy has them, and a word where there is no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from fit import chi_squared, curve_fit

RNG = np.random.default_rng(3)
X = np.linspace(0, 4, 30)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + RNG.normal(0, 0.05, 30)
SIGMA = np.linspace(0.03, 0.08, 30)
COVARIANCE = 0.05**2 * 0.6 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))


def decay(x: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * x) + c


def line(x: Any, m: Any, c: Any) -> Any:
    return m * x + c


def by_scipy(**options: Any) -> tuple[Any, ...]:
    tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    return scipy.optimize.curve_fit(decay, X, Y, **tight, **options)


# -- the same answers as SciPy's --------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"p0": [3, 1, 1]},
        {"sigma": SIGMA},
        {"sigma": SIGMA, "absolute_sigma": True},
        {"sigma": COVARIANCE},
        {"sigma": COVARIANCE, "absolute_sigma": True},
        {"sigma": 0.05, "absolute_sigma": True},
    ],
)
def test_parameters_and_covariance_agree_with_scipy(options: Any) -> None:
    popt, pcov = curve_fit(decay, X, Y, **options)
    expected, expected_covariance = by_scipy(**options)
    assert_allclose(popt, expected, rtol=1e-6)
    assert_allclose(pcov, expected_covariance, rtol=1e-4, atol=1e-12)


def test_a_line_has_the_errors_of_the_textbook() -> None:
    x, y = np.array([0.4, 0.5, 0.6, 0.7, 0.8]), np.array([0.1, 0.25, 0.55, 0.75, 0.85])
    popt, pcov = curve_fit(line, x, y)
    assert_allclose(popt, [2.0, -0.7])
    variance = 0.01 / 3  # χ² over the degrees of freedom
    assert_allclose(pcov[0, 0], variance / np.sum((x - 0.6) ** 2))
    assert_allclose(pcov[1, 1], variance * np.mean(x**2) / np.sum((x - 0.6) ** 2))


def test_it_minimises_chi_squared() -> None:
    *_, info, _, _ = curve_fit(decay, X, Y, sigma=COVARIANCE, full_output=True)
    popt, _ = curve_fit(decay, X, Y, sigma=COVARIANCE)
    assert np.sum(info["fvec"] ** 2) == pytest.approx(chi_squared(decay, X, Y, COVARIANCE)(popt))


def test_full_output_is_that_of_scipy() -> None:
    _, _, info, message, status = curve_fit(decay, X, Y, full_output=True)
    expected = by_scipy(full_output=True)[2]
    assert info.keys() <= expected.keys()
    assert_allclose(info["fvec"], expected["fvec"], atol=1e-8)
    assert "minimum" in message
    assert status in (1, 2, 3, 4)


def test_x_may_have_several_rows_or_be_any_object() -> None:
    expected, _ = curve_fit(line, X, Y)
    of_rows, _ = curve_fit(lambda x, m, c: m * x[0] + c * x[1], np.stack([X, np.ones(30)]), Y)
    of_columns, _ = curve_fit(lambda x, m, c: m * x["x"] + c, {"x": X}, Y)
    assert_allclose(of_rows, expected)
    assert_allclose(of_columns, expected)


def test_integers_and_lists_are_data_too() -> None:
    popt, _ = curve_fit(lambda x, a, b: a * x**b, [1, 2, 3, 4], [2, 8, 18, 32])
    assert_allclose(popt, [2.0, 2.0])


def test_a_method_does_not_count_its_self() -> None:
    class Line:
        def evaluate(self, x: Any, m: Any, c: Any) -> Any:
            return m * x + c

    popt, _ = curve_fit(Line().evaluate, X, Y)
    assert_allclose(popt, np.polyfit(X, Y, 1))


def test_the_parameters_do_not_depend_on_the_units() -> None:
    popt, pcov = curve_fit(decay, X, Y)
    units = np.array([1e-12, 1e9, 1e-12])
    scaled, covariance = curve_fit(decay, X * 1e-9, Y * 1e-12, p0=units)
    assert_allclose(scaled, popt * units, rtol=1e-8)
    assert_allclose(covariance, pcov * np.outer(units, units), rtol=1e-7)


# -- no answer is a quiet one -----------------------------------------------------------------


def test_parameters_of_which_only_the_product_counts() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match=r"rank 2 of 3.*along"):
        popt, pcov = curve_fit(lambda x, a, b, c: a * b * np.exp(-c * x), X, Y - 0.5)
    expected, _ = curve_fit(lambda x, a, c: a * np.exp(-c * x), X, Y - 0.5)
    assert_allclose([popt[0] * popt[1], popt[2]], expected, rtol=1e-6)
    assert np.all(np.isinf(pcov))


def test_a_start_too_far_off_for_the_data_to_tell() -> None:
    x = np.linspace(490, 510, 40)

    def peak(x: Any, height: Any, centre: Any, width: Any) -> Any:
        return height * np.exp(-((x - centre) ** 2) / (2 * width**2))

    with pytest.warns(scipy.optimize.OptimizeWarning, match="p0 may be too far off"):
        curve_fit(peak, x, peak(x, 3.0, 500.0, 2.0))


def test_as_many_parameters_as_points_leave_no_errors() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match="as many parameters as points"):
        popt, pcov = curve_fit(line, [1.0, 2.0], [3.0, 5.0])
    assert_allclose(popt, [2.0, 1.0])
    assert np.all(np.isinf(pcov))


def test_as_many_parameters_as_points_with_known_errors() -> None:
    _, pcov = curve_fit(line, [0.0, 1.0], [3.0, 5.0], sigma=[0.1, 0.1], absolute_sigma=True)
    assert_allclose(pcov, [[0.02, -0.01], [-0.01, 0.01]])


def test_too_few_evaluations_raise() -> None:
    with pytest.raises(RuntimeError, match=r"Optimal parameters not found.*max_nfev"):
        curve_fit(decay, X, Y, maxfev=2)


@pytest.mark.parametrize("level", [2.0, 2.1])
def test_a_rate_that_runs_off_to_infinity(level: float) -> None:
    # The data jump to their mean, or above it, at once: the faster, the better.
    x, y = np.arange(1.0, 7.0), np.array([level, 2.0, 2.1, 1.9, 2.05, 1.95])
    with pytest.raises((RuntimeError, scipy.optimize.OptimizeWarning), match=r"nothing|singular"):
        curve_fit(lambda x, a, b: a * (1 - np.exp(-b * x)), x, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((line, [], []), "ydata is empty"),
        ((line, X, np.where(X > 3.9, np.nan, Y)), r"ydata\[29\] is nan"),
        ((line, np.where(X > 3.9, np.inf, X), Y), r"xdata\[29\] is inf"),
        ((line, X, Y[:7]), r"ydata has shape \(7,\), but for xdata of shape \(30,\)"),
        ((decay, X[:2], Y[:2]), "ydata has 2 points.* 3 parameters"),
        ((line, X, Y, [1, np.nan]), r"p0\[1\] is nan"),
        ((line, X, Y, ["m", "c"]), "p0 has dtype"),
        ((line, X, Y, None, np.zeros(30)), r"sigma\[0\] is 0.0"),
        ((line, X, Y, None, [1.0, 2.0]), r"sigma has shape \(2,\), but ydata 30 points"),
        ((lambda x, *p: p[0] * x, X, Y), "p0 is needed"),
        ((lambda x, a: np.log(a * x), X, Y), r"p0.* f\(xdata, \*p0\)\[0\] is -inf"),
        ((lambda x, a: np.sqrt(a) * x, [1.0, 2.0], [1.0, 2.0], 0.0), "Jacobian's row 0 of 2"),
        ((lambda x, a: a * x[:5], X, Y), r"returned shape \(5,\)"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_fit(*arguments)


def test_the_index_of_a_bad_value_is_right_with_a_covariance_too() -> None:
    with pytest.raises(ValueError, match=r"f\(xdata, \*p0\)\[3\] is nan"):
        curve_fit(lambda x, a: a * np.where(x == x[3], np.nan, x), X, Y, sigma=COVARIANCE)


def test_unchecked_data_are_refused_at_the_start_of_the_fit() -> None:
    with pytest.raises(ValueError, match="residual 4 of 30 is nan"):
        curve_fit(line, X, np.where(np.arange(30) == 4, np.nan, Y), check_finite=False)


@pytest.mark.parametrize("option", ["bounds", "method", "jac"])
def test_what_is_not_there_is_refused(option: str) -> None:
    with pytest.raises(TypeError, match=option):
        curve_fit(line, X, Y, **{option: None})  # type: ignore[arg-type]
