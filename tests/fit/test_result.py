"""FitResult: covariances, quality, predictions, bands and propagated errors."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from fit import FitResult, Relative, fit, line

T = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.4])
Y = np.array([3.02, 2.31, 1.66, 1.37, 1.10, 0.83, 0.76, 0.62, 0.57, 0.45, 0.51, 0.46])
SIGMA = np.array([0.05, 0.04, 0.05, 0.04, 0.03, 0.05, 0.04, 0.03, 0.02, 0.03, 0.04, 0.03])
COVARIANCE = np.diag(SIGMA**2) + 0.4 * np.outer(SIGMA, SIGMA) * (np.eye(12, k=1) + np.eye(12, k=-1))


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 1.0, offset: Any = 0.3) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def straight(x: Any, slope: Any = 1.0, intercept: Any = 0.0) -> Any:
    return slope * x + intercept


# -- covariance ------------------------------------------------------------------------------


def test_of_a_linear_model_both_covariances_are_one() -> None:
    result = fit(straight, T, Y, SIGMA)
    assert_allclose(result.covariance, result.hessian_covariance, rtol=1e-10)


def test_the_exact_hessian_counts_what_bends_the_model() -> None:
    result = fit(decay, T, Y + 0.2 * np.sin(5 * T), 0.2)

    def chi_squared(p: Any) -> Any:
        return np.sum(((decay(T, *p) - Y - 0.2 * np.sin(5 * T)) / 0.2) ** 2)

    h, axes = 1e-4, np.eye(3)
    H = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b = h * axes[i], h * axes[j]
            terms = [
                chi_squared(result.p + s * a + t * b) * s * t for s in (1, -1) for t in (1, -1)
            ]
            H[i, j] = sum(terms) / (4 * h * h)
    assert_allclose(result.hessian_covariance, 2 * np.linalg.inv(H), rtol=1e-4)
    assert not np.allclose(result.hessian_covariance, result.covariance, rtol=0.01)


def test_both_covariances_are_scaled_alike_where_errors_are_estimated() -> None:
    absolute, scaled = (fit(decay, T, Y, SIGMA, absolute_sigma=a) for a in (True, False))
    for name in ("covariance", "hessian_covariance"):
        ratio = getattr(scaled, name) / getattr(absolute, name)
        assert_allclose(ratio, absolute.reduced_chi_squared, rtol=1e-9)


def test_there_is_no_hessian_covariance_where_there_is_no_minimum() -> None:
    undetermined = fit(lambda t, a=1.0, b=1.0: a * b * np.exp(-t), T, Y, SIGMA)
    assert undetermined.hessian_covariance is None
    # χ² falls beyond the bound.
    at_a_bound = fit(lambda t, a=0.4: np.cos(a * t), [1.0], [-1.0], 0.1, bounds={"a": (0.3, 0.5)})
    assert at_a_bound.hessian_covariance is None
    assert fit(decay, T, Y, SIGMA, loss="huber").hessian_covariance is None


def test_the_correlation_of_a_fixed_parameter_is_unknown() -> None:
    correlation = fit(decay, T, Y, SIGMA, fixed={"offset": 0.4}).correlation
    assert_allclose(np.diag(correlation)[:2], 1.0)
    assert np.isnan(correlation[2]).all()
    assert np.isnan(correlation[:, 2]).all()


def test_errors_without_degrees_of_freedom() -> None:
    estimated, known = line([0.0, 1.0], [1.0, 3.0]), line([0.0, 1.0], [1.0, 3.0], 0.1)
    assert estimated.dof == 0
    assert np.isnan(estimated.reduced_chi_squared)
    assert np.isnan(list(estimated.errors.values())).all()
    assert np.isnan(estimated.band([0.5])).all()
    assert known.errors["intercept"] == pytest.approx(0.1)
    assert known.p_value is None


# -- quality ---------------------------------------------------------------------------------


def test_the_p_value_is_the_tail_of_chi_squared() -> None:
    result = fit(decay, T, Y, SIGMA)
    assert (result.dof, result.reduced_chi_squared) == (9, result.chi_squared / 9)
    assert result.p_value == pytest.approx(scipy.stats.chi2.sf(result.chi_squared, 9), rel=1e-12)


@pytest.mark.parametrize(
    ("sigma", "absolute", "known"),
    [
        (SIGMA, None, True),
        (None, None, False),
        (SIGMA, False, False),
        (None, True, True),
        (Relative(0.1), None, True),
    ],
)
def test_there_is_a_p_value_only_where_errors_are_believed(
    sigma: Any, absolute: bool | None, known: bool
) -> None:
    result = fit(decay, T, Y, sigma, absolute_sigma=absolute)
    assert result.absolute is known
    assert (result.p_value is not None) is known
    assert result.variance == pytest.approx(1.0 if known else result.chi_squared / 9)


def test_criteria_are_those_of_the_likelihood() -> None:
    """Up to a constant that is the same for all models of the same data."""

    def misfits(sigma: Any) -> tuple[Any, Any]:
        return fit(decay, T, Y, sigma), fit(decay, T, Y, sigma, fixed={"offset": 0.4})

    def log_likelihood(result: Any, sigma: Any) -> float:
        return float(scipy.stats.norm.logpdf(Y, result.predict(T), sigma).sum())

    free, held = misfits(SIGMA)
    gain = 2 * (log_likelihood(free, SIGMA) - log_likelihood(held, SIGMA))
    assert held.aic - free.aic == pytest.approx(gain - 2)
    assert held.bic - free.bic == pytest.approx(gain - np.log(12))
    free, held = misfits(None)
    spreads = [np.sqrt(r.chi_squared / 12) for r in (free, held)]
    gain = 2 * (log_likelihood(free, spreads[0]) - log_likelihood(held, spreads[1]))
    assert held.aic - free.aic == pytest.approx(gain - 2)


def test_a_constraint_takes_a_parameter_from_the_criteria() -> None:
    tied = fit(decay, T, Y, SIGMA, fixed={"offset": 0.4})
    constrained = fit(decay, T, Y, SIGMA, constraints=lambda offset: offset - 0.4)
    assert constrained.aic == pytest.approx(tied.aic)
    assert constrained.bic == pytest.approx(tied.bic)


def test_r_squared_is_the_squared_correlation_for_a_weighted_line() -> None:
    result = fit(straight, T, Y, SIGMA)
    C = np.cov(T, Y, aweights=SIGMA**-2)
    assert result.r_squared == pytest.approx(C[0, 1] ** 2 / (C[0, 0] * C[1, 1]))


def test_r_squared_of_data_that_do_not_vary() -> None:
    assert np.isnan(fit(straight, T, np.ones(12)).r_squared)


def test_a_perfect_fit() -> None:
    result = line([0.0, 1.0, 2.0], [0.0, 0.0, 0.0])
    assert result.chi_squared == 0
    assert result.aic == -np.inf
    assert result.errors == {"slope": 0.0, "intercept": 0.0}
    assert np.isnan(result.pulls).all()


def test_residuals_are_data_less_model() -> None:
    result = fit(decay, T, Y, SIGMA)
    assert_allclose(result.residuals, Y - decay(T, *result.p))
    assert_allclose(result.pulls, result.residuals / SIGMA)
    assert np.sum(result.pulls**2) == pytest.approx(result.chi_squared)


def test_pulls_are_in_units_of_estimated_errors_if_none_are_known() -> None:
    result = fit(decay, T, Y)
    assert np.sum(result.pulls**2) == pytest.approx(result.dof)


def test_pulls_of_correlated_data_are_independent() -> None:
    result = fit(decay, T, Y, COVARIANCE)
    r = result.residuals
    assert np.sum(result.pulls**2) == pytest.approx(r @ np.linalg.solve(COVARIANCE, r))


# -- predictions -----------------------------------------------------------------------------


@pytest.mark.parametrize("x", [[0, 5], (0.0, 5.0), np.array([0, 5]), np.array([0.0, 5.0])])
def test_predictions_for_whatever_x(x: Any) -> None:
    result = fit(decay, T, Y, SIGMA)
    assert_allclose(result.predict(x), decay(np.array([0.0, 5.0]), *result.p))


def test_predictions_for_one_number() -> None:
    result = fit(decay, T, Y, SIGMA)
    assert f"{result.predict(5):.4f}" == f"{decay(5.0, *result.p):.4f}"
    low, high = result.band(5)
    assert low < result.predict(5.0) < high


def test_a_constant_is_predicted_for_each_x() -> None:
    result = fit(lambda x, c=0.0: c, [1.0, 2.0, 3.0], [2.0, 3.0, 4.0], 1.0)
    assert_allclose(result.predict([0.0, 9.0]), [3.0, 3.0])
    low, high = result.band([0.0, 9.0])
    assert_allclose((high - low) / 2, 1 / np.sqrt(3), rtol=1e-4)


def test_predictions_of_several_variables() -> None:
    def plane(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return a * x[0] + b * x[1]

    x = np.stack([T, T**2])
    result = fit(plane, x, 2 * x[0] - 3 * x[1], 0.1)
    assert_allclose(result.predict([[1.0, 2.0], [0.0, 1.0]]), [2.0, 1.0])
    low, high = result.band(np.array([[1.0, 2.0], [0.0, 1.0]]))
    assert low.shape == high.shape == (2,)


def test_the_bands_of_a_line_are_those_of_the_textbook() -> None:
    """N. R. Draper and H. Smith, "Applied Regression Analysis" (1998), sections 3.1 and 3.3."""
    result, x = fit(straight, T, Y), np.array([-1.0, 2.0, 6.0])
    s2 = result.chi_squared / 10
    of_the_line = 1 / 12 + (x - T.mean()) ** 2 / np.sum((T - T.mean()) ** 2)
    t = scipy.stats.t.ppf(0.975, 10)
    for kind, own in (("confidence", 0), ("prediction", 1)):
        low, high = result.band(x, level=0.95, kind=kind)
        assert_allclose((high + low) / 2, result.predict(x))
        assert_allclose((high - low) / 2, t * np.sqrt(s2 * (of_the_line + own)))


def test_bands_with_known_errors_have_the_normal_quantile() -> None:
    result = fit(decay, T, Y, SIGMA)
    low, high = result.band([0.5, 5.0], level=0.95)
    # Standard errors by lmfit 1.3.4, eval_uncertainty(sigma=1) with scale_covar=False.
    errors = np.array([0.022532548736, 0.019915355045])
    expected = scipy.stats.norm.ppf(0.975) * errors
    assert_allclose((high - low) / 2, expected, rtol=0.06)
    low, high = result.band([0.5, 5.0], level=0.95, kind="prediction", sigma=[0.1, 0.3])
    expected = scipy.stats.norm.ppf(0.975) * np.sqrt(errors**2 + np.array([0.1, 0.3]) ** 2)
    assert_allclose((high - low) / 2, expected, rtol=0.06)


@pytest.mark.parametrize("of", ["data", "model"])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_prediction_has_the_relative_error_at_its_own_place(of: str, absolute: bool) -> None:
    y = 3.0 * T[1:] * (1 + 0.1 * np.cos(5 * T[1:]))
    fitted = fit(lambda x, m=1.0: m * x, T[1:], y, Relative(0.1, of), absolute_sigma=absolute)
    m, x = fitted.values["m"], np.array([0.1, 1.0, 30.0])
    # Of a proportionality m x the error of the model is x times that of m.
    scale = 1 if absolute else np.sqrt(fitted.chi_squared / fitted.dof)
    factor = scipy.stats.norm.ppf(0.95) if absolute else scipy.stats.t.ppf(0.95, fitted.dof)
    half = factor * x * np.sqrt(fitted.errors["m"] ** 2 + (scale * 0.1 * m) ** 2)
    for result in (fitted, FitResult.from_json(fitted.to_json(), lambda x, m: m * x)):
        low, high = result.band(x, level=0.9, kind="prediction")
        assert_allclose(high, m * x + half)
        assert_allclose(low, m * x - half)


def test_a_prediction_covers_further_measurements_wherever_they_are() -> None:
    rng, x = np.random.default_rng(0), np.linspace(0.0, 8.0, 30)
    places, repeats = np.array([0.0, 4.0, 8.0]), 300
    truth, there = (5 * np.exp(-0.3 * t) for t in (x, places))
    inside = np.zeros(3)
    for _ in range(repeats):
        y = truth * (1 + 0.2 * rng.normal(size=30))
        result = fit(
            decay,
            x,
            y,
            Relative(0.2, "model"),
            p0=[5.0, 0.3, 0.0],
            fixed=["offset"],
        )
        low, high = result.band(places, kind="prediction")
        further = there * (1 + 0.2 * rng.normal(size=3))
        inside += (low < further) & (further < high)
    assert_allclose(inside / repeats, 0.6827, atol=3.5 * np.sqrt(0.2166 / repeats))


def test_where_errors_differ_that_of_a_prediction_has_to_be_given() -> None:
    result = fit(decay, T, Y, SIGMA, absolute_sigma=False)
    for sigma, message in (
        (None, "differ from point to point.*give band.*sigma="),
        (np.ones(3), r"sigma has shape \(3,\), expected a number or \(12,\)"),
        (-1.0, "sigma is -1.0, expected standard deviations"),
    ):
        with pytest.raises(ValueError, match=message):
            result.band(T, kind="prediction", sigma=sigma)
    with pytest.raises(ValueError, match="give kind='prediction' too"):
        result.band(T, sigma=0.1)
    # On the scale of the data's errors, of which only the ratios are believed here.
    inner, outer = result.band(T)[1], result.band(T, kind="prediction", sigma=0.2)[1]
    middle, t = result.predict(T), scipy.stats.t.ppf(0.84135, result.dof)
    own = np.sqrt((outer - middle) ** 2 - (inner - middle) ** 2)
    assert_allclose(own, t * 0.2 * np.sqrt(result.chi_squared / result.dof))


def test_a_band_is_infinite_where_the_data_say_nothing() -> None:
    x = np.array([0.0, 0.0, 1.0, 1.0])
    result = fit(lambda x, a=0.0, b=0.0, c=0.0: a + b * x + c * x**2, x, [1.0, 1.2, 2.0, 2.2], 0.1)
    low, high = result.band([0.0, 1.0, 2.0])
    assert_allclose((high - low)[:2] / 2, 0.1 / np.sqrt(2), rtol=1e-4)
    assert (low[2], high[2]) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"kind": "tolerance"}, "'confidence' or 'prediction', got 'tolerance'"),
        ({"level": 1.0}, "level between 0 and 1, got 1.0"),
        ({"level": 68.27}, "level between 0 and 1, got 68.27"),
    ],
)
def test_bands_that_cannot_be_meant(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(decay, T, Y, SIGMA).band([1.0], **how)


# -- functions of the parameters -------------------------------------------------------------


def test_what_follows_from_parameters_has_their_errors() -> None:
    result = fit(decay, T, Y, SIGMA)
    C, (a, r, _) = result.covariance, result.p
    value, error = result.propagate(lambda rate: np.log(2) / rate)
    assert value == pytest.approx(np.log(2) / r)
    assert error == pytest.approx(np.log(2) / r**2 * result.errors["rate"])
    value, error = result.propagate(lambda rate, amplitude: amplitude / rate)
    by_hand = C[0, 0] / a**2 + C[1, 1] / r**2 - 2 * C[0, 1] / (a * r)
    assert (value, error) == pytest.approx((a / r, a / r * np.sqrt(by_hand)))


def test_an_array_of_functions() -> None:
    result = fit(decay, T, Y, SIGMA)
    values, errors = result.propagate(lambda amplitude, offset: [amplitude, offset])
    assert_allclose(values, result.p[[0, 2]])
    assert_allclose(errors, [result.errors["amplitude"], result.errors["offset"]])


def test_what_follows_from_fixed_and_tied_parameters() -> None:
    result = fit(decay, T, Y, SIGMA, fixed={"offset": lambda amplitude: amplitude / 8, "rate": 0.8})
    assert result.propagate(lambda rate: 2 * rate) == (1.6, 0.0)
    value, error = result.propagate(lambda offset, amplitude: offset / amplitude)
    assert (value, error) == pytest.approx((0.125, 0.0), abs=1e-12)


def test_functions_of_names_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="propagate: no parameter 'speed'; there are amplitude"):
        fit(decay, T, Y, SIGMA).propagate(lambda speed: speed)


# -- pickling --------------------------------------------------------------------------------


def falling(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
    return a * np.exp(-b * x)


def half(a: Any) -> Any:
    return a / 4


def no_difference(a: Any, b: Any) -> Any:
    return a - 2 * b


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sigma": 0.1, "x_sigma": 0.05},
        {"sigma": 0.1, "x_sigma": 0.05, "method": "effective-variance"},
        {"sigma": 0.01 * np.eye(9)},
        {"fixed": {"b": half}},
        {"constraints": no_difference},
        {"loss": "huber", "sigma": 0.1},
        {"method": "gradient-descent"},
    ],
)
def test_results_can_be_pickled(options: Any) -> None:
    x = np.linspace(0.0, 3.0, 9)
    y = 2 * np.exp(-x) + 0.1 * np.random.default_rng(2).normal(size=9)
    result = fit(falling, x, y, **options)
    same = pickle.loads(pickle.dumps(result))
    assert same.report() == result.report()
    np.testing.assert_array_equal(same.covariance, result.covariance)
    np.testing.assert_array_equal(same.predict(x), result.predict(x))
    p = 1.1 * result.p
    np.testing.assert_array_equal(same.problem.residuals(p), result.problem.residuals(p))


def test_so_can_those_of_linear_models() -> None:
    result = line([0.0, 1.0, 2.0, 3.0], [1.0, 3.1, 4.9, 7.2], sigma=0.1)
    assert pickle.loads(pickle.dumps(result)).report() == result.report()
