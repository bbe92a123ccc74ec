"""Errors that follow the data, and what they do; errors that follow the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from numpy.testing import assert_allclose

from fit import FitResult, Line, Relative, chi_squared, fit, line

X = np.linspace(0.0, 8.0, 40)
NOISE = np.random.default_rng(0).normal(size=40)


def decay(x: Any, amplitude: Any = 4.0, rate: Any = 0.2) -> Any:
    return amplitude * np.exp(-rate * x)


def constant(x: Any, a: Any = 3.0) -> Any:
    return a + 0 * x


Y = decay(X, 5.0, 0.3) * (1 + 0.2 * NOISE)
OF_MODEL = Relative(0.2, of="model")


# -- errors that follow the model ------------------------------------------------------------


def test_of_a_constant_they_give_the_mean() -> None:
    result = fit(constant, X, Y, OF_MODEL)
    assert_allclose(result.p, np.mean(Y), rtol=1e-12)
    assert_allclose(result.errors["a"], 0.2 * np.mean(Y) / np.sqrt(40), rtol=1e-12)
    assert result.success
    assert not [warning for warning in result.warnings if "fractions" in warning]


@pytest.mark.parametrize("fraction", [0.2, np.linspace(0.1, 0.3, 40)])
@pytest.mark.parametrize("absolute", [True, False])
def test_they_are_those_of_the_result(fraction: Any, absolute: bool) -> None:
    result = fit(decay, X, Y, Relative(fraction, of="model"), absolute_sigma=absolute)
    values = decay(X, *result.p)
    assert_allclose(result.problem.sigma, fraction * values, rtol=1e-5)
    # The estimating equations that this means, by hand.
    J = np.column_stack([values / result.p[0], -X * values])
    W = 1 / (fraction * values) ** 2
    errors = np.sqrt(np.diag(np.linalg.inv(J.T @ (W[:, None] * J))))
    assert np.all(np.abs(J.T @ (W * (Y - values))) * errors < 1e-5)
    chi_squared = np.sum(W * (Y - values) ** 2)
    scale = 1 if absolute else np.sqrt(chi_squared / 38)
    assert_allclose(list(result.errors.values()), scale * errors, rtol=1e-5)
    assert_allclose(result.chi_squared, chi_squared, rtol=1e-5)


@pytest.mark.parametrize("absolute", [True, False])
def test_models_are_compared_by_the_likelihood_of_their_own_errors(absolute: bool) -> None:
    fits = [fit(model, X, Y, OF_MODEL, absolute_sigma=absolute) for model in (constant, decay)]
    expected = []
    for result in fits:
        sigma = 0.2 * result.predict(X) * (1 if absolute else np.sqrt(result.chi_squared / 40))
        likelihood = np.sum(scipy.stats.norm.logpdf(Y, result.predict(X), sigma))
        expected.append(2 * len(result.free) - 2 * likelihood)
    assert fits[1].aic - fits[0].aic == pytest.approx(expected[1] - expected[0], rel=1e-5)


def test_they_do_not_depend_on_the_units() -> None:
    one, other = (fit(constant, X, unit * Y, OF_MODEL) for unit in (1.0, 1e-12))
    assert_allclose(other.p, 1e-12 * one.p)
    assert_allclose(other.covariance, 1e-24 * one.covariance)


def test_they_let_the_truth_be_covered() -> None:
    rng, sets = np.random.default_rng(3), 200
    truth = decay(X, 5.0, 0.3)
    covered = dict.fromkeys(("data", "model"), 0.0)
    for _ in range(sets):
        y = truth * (1 + 0.2 * rng.normal(size=40))
        for of in covered:
            low, high = fit(decay, X, y, Relative(0.2, of)).band(X, level=0.9545)
            covered[of] += np.mean((low < truth) & (truth < high)) / sets
    assert abs(covered["model"] - 0.9545) < 3 * np.sqrt(0.9545 * 0.0455 / sets)
    assert covered["data"] < 0.6


def test_a_point_of_0_may_be_among_the_data() -> None:
    y = np.where(X == 4, 0.0, Y)
    assert_allclose(fit(constant, X, y, OF_MODEL).p, np.mean(y))
    with pytest.raises(ValueError, match=r"expected no zeros.*of='model'"):
        fit(constant, X, np.where(X[3] == X, 0.0, Y), Relative(0.2))


def test_data_that_are_zero_have_no_relative_errors() -> None:
    with pytest.raises(ValueError, match="y is 0 at all points, so that a fit has no relative"):
        fit(constant, X, np.zeros(40), OF_MODEL)


def test_a_nan_is_left_out_with_its_fraction() -> None:
    y = np.where(X < 1, np.nan, Y)
    result = fit(constant, X, y, Relative(np.full(40, 0.2), "model"), nan_policy="omit")
    assert_allclose(result.p, np.mean(Y[X >= 1]))


def test_with_constraints_and_by_gradient_descent_they_are_the_same() -> None:
    plain = fit(decay, X, Y, OF_MODEL)
    down = fit(decay, X, Y, OF_MODEL, method="gradient-descent")
    assert_allclose(down.p, plain.p, rtol=1e-5)
    bound = fit(decay, X, Y, OF_MODEL, constraints=lambda amplitude, rate: amplitude - 18 * rate)
    tied = fit(decay, X, Y, OF_MODEL, fixed={"amplitude": lambda rate: 18 * rate})
    assert_allclose(bound.values["rate"], tied.values["rate"], rtol=1e-5)


def test_they_go_with_a_robust_loss() -> None:
    y = Y.copy()
    y[5] *= 6
    plain, robust = (fit(decay, X, y, OF_MODEL, loss=loss) for loss in ("linear", "cauchy"))
    clean = fit(decay, X, Y, OF_MODEL)
    off = [abs(r.values["amplitude"] - clean.values["amplitude"]) for r in (robust, plain)]
    assert off[0] < 0.3 * off[1]


def test_they_are_kept_in_json() -> None:
    result = fit(decay, X, Y, OF_MODEL)
    again = FitResult.from_json(result.to_json(), decay)
    assert again.report() == result.report()
    assert again.interval("rate") == result.interval("rate")


def test_a_model_that_changes_its_sign_is_not_settled() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(0.1, 8.0, 40)
    for _ in range(21):
        y = (2 * x + 1) * (1 + 0.4 * rng.normal(size=40))
    result = fit(lambda x, m=2.0, b=1.0: m * x + b, x, y, Relative(0.4, "model"))
    assert not result.success
    assert "do not stay the same after 50 fits" in result.message
    with pytest.raises(ValueError, match="the model is 0 at point 0"):
        fit(lambda x, m=1.0: m * x, X, Y, OF_MODEL)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chi_squared(decay, X, Y, OF_MODEL), "errors relative to the model follow"),
        (lambda: line(X, Y, OF_MODEL), "errors relative to the model follow"),
        (lambda: fit(Line(), X, Y, OF_MODEL, x_sigma=0.1), "with x_sigma .* give sigma itself"),
        (lambda: line(X, Y, Relative(20)), "Relative is 20.0, .* 20 % are Relative"),
        (
            lambda: fit(decay, X, Y, Relative(-0.1, "model")),
            "Relative is -0.1, expected more than 0",
        ),
        (
            lambda: fit(decay, X, Y, Relative(np.append(2, NOISE * 0 + 0.1)[:40])),
            r"Relative\[0\] is 2.0",
        ),
        (lambda: fit(decay, X, Y, Relative(0.2, "y")), "relative to 'data' or 'model', got of='y'"),
    ],
)
def test_where_they_make_no_sense(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# -- errors that follow the data -------------------------------------------------------------


def only(result: FitResult, about: str) -> str:
    (found,) = [warning for warning in result.warnings if about in warning]
    return found


@pytest.mark.parametrize(
    "sigma", [Relative(0.2), Relative(np.linspace(0.15, 0.25, 40)), 0.2 * Y], ids=type
)
def test_of_the_data_it_is_told_how_far_they_draw_a_fit(sigma: Any) -> None:
    warning = only(fit(decay, X, Y, sigma), "the errors are fractions of the data")
    assert 'sigma=Relative(..., of="model")' in warning
    by_data, by_model = (
        fit(constant, X, 100 + NOISE, Relative(0.01, of)) for of in ("data", "model")
    )
    shift = (by_model.values["a"] - by_data.values["a"]) / by_data.errors["a"]
    assert 0.05 < shift < 0.2  # 2 · 0.01² · 100 are 0.13 standard errors: not worth a word
    assert by_data.warnings == []
    by_data, by_model = (
        fit(constant, X, 100 + 3 * NOISE, Relative(0.03, of)) for of in ("data", "model")
    )
    shift = (by_model.values["a"] - by_data.values["a"]) / by_data.errors["a"]
    assert f"a would move by +{shift:.2g} standard errors" in only(by_data, "fractions")


def test_a_line_by_refined_qr_tells_it_too() -> None:
    y = (2 * X + 1) * (1 + 0.2 * NOISE)
    assert "fractions of the data" in only(line(X, y, Relative(0.2)), "would move")


def poisson(counts: np.ndarray) -> np.ndarray:
    """Return where the Poisson likelihood is largest."""

    def misfit(p: Any) -> Any:
        return np.sum(decay(X, *p) - counts * np.log(decay(X, *p)))

    tight = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000}
    found = scipy.optimize.minimize(misfit, [20, 0.3], method="Nelder-Mead", options=tight)
    return np.asarray(found.x)


def test_roots_of_few_counts_are_told_and_the_way_out_is_the_poisson_likelihood() -> None:
    counts = np.random.default_rng(1).poisson(decay(X, 20.0, 0.3)).astype(float)
    result = fit(decay, X, counts, np.sqrt(np.maximum(counts, 1)), p0=(20, 0.3))
    warning = only(result, "roots of the counts")
    assert "counts are below ten" in warning
    assert "sigma=np.sqrt(result.predict(x))" in warning
    for _ in range(30):
        result = fit(decay, X, counts, np.sqrt(result.predict(X)), p0=tuple(result.p))
    assert_allclose(result.p, poisson(counts), rtol=1e-5)
    assert not [w for w in result.warnings if "counts" in w]


def test_roots_of_many_counts_are_told_where_there_are_many_points() -> None:
    rng = np.random.default_rng(1)
    few, many = (rng.poisson(400.0, n).astype(float) for n in (8, 1000))
    assert fit(constant, np.zeros(8), few, np.sqrt(few), p0=[400]).warnings == []
    warning = only(fit(constant, np.zeros(1000), many, np.sqrt(many), p0=[400]), "roots")
    assert "below ten" not in warning
    rates = many / 7  # counts in seven seconds
    warning = only(fit(constant, np.zeros(1000), rates, np.sqrt(many) / 7, p0=[60]), "roots")
    assert "sigma=np.sqrt(0.142857 * result.predict(x))" in warning


def test_whole_numbers_with_errors_of_their_own_are_no_counts() -> None:
    assert fit(constant, np.arange(5.0), [3.0, 4.0, 3.0, 2.0, 3.0], 1.0).warnings == []
