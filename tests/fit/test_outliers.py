"""Fits with robust losses: their scale, their errors, and outliers that look like peaks."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from numpy.testing import assert_allclose

from fit import Cholesky, FitResult, Gaussian, Line, Sine, fit
from fit.by_search._outliers import hampel_filter
from fit.problem._problem import Problem
from fit.search._rounds import consistent_minimum
from optim import Status

LOSSES = ["soft_l1", "huber", "cauchy", "arctan"]
X = np.linspace(0.0, 5.0, 40)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=40) + np.where(np.arange(40) % 9 == 4, RNG.normal(0, 15, 40), 0.0)


def decay(x: Any, amplitude: Any = 2.0, rate: Any = 1.0, offset: Any = 0.0) -> Any:
    return amplitude * np.exp(-rate * x) + offset


MODELS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "decay": (decay, (3.0, 0.7, 1.0)),
    "line": (Line(), (0.4, 1.0)),
    "peak": (Gaussian(), (3.0, 2.0, 0.8)),
    "sine": (Sine(), (2.0, 0.6, 0.3)),
}
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_model = pytest.mark.parametrize("name", MODELS)


def data(name: str, noise: float = 0.1) -> tuple[Callable[..., Any], np.ndarray]:
    model, truth = MODELS[name]
    return model, model(X, *truth) + noise * NOISE


# -- the scale -------------------------------------------------------------------------------


@every_model
@every_loss
@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_a_change_of_units_changes_the_units_of_the_result_only(
    name: str, loss: str, unit: float
) -> None:
    model, y = data(name)
    start = MODELS[name][1] if name == "decay" else None

    def scaled(p: Any) -> Any:
        heights = {"decay": [0, 2], "line": [0, 1]}.get(name, [0])
        return np.where(np.isin(np.arange(len(p)), heights), unit, 1.0) * p

    one = fit(model, X, y, p0=start, loss=loss)
    other = fit(model, X, unit * y, p0=start if start is None else scaled(start), loss=loss)
    assert one.success
    assert other.success
    assert_allclose(other.p, scaled(one.p), rtol=1e-5)
    assert_allclose(list(other.errors.values()), scaled(list(one.errors.values())), rtol=1e-4)
    assert_allclose(other.pulls, one.pulls, atol=1e-4)
    low, high = (np.array(result.band(X)) for result in (one, other))
    assert_allclose(high, unit * low, rtol=1e-4, atol=1e-6 * unit)


@every_loss
def test_of_sigma_only_ratios_count_where_its_size_is_not_believed(loss: str) -> None:
    model, y = data("decay")
    sigma = np.linspace(0.5, 2.0, 40)
    one, other = (fit(model, X, y, s * sigma, absolute_sigma=False, loss=loss) for s in (1.0, 1e-3))
    assert_allclose(other.p, one.p, rtol=1e-6)
    assert_allclose(other.covariance, one.covariance, rtol=1e-4)


@every_loss
def test_without_sigma_the_scale_is_that_of_most_residuals(loss: str) -> None:
    model, y = data("decay")
    result = fit(model, X, y, loss=loss)
    scale = scipy.stats.median_abs_deviation(result.residuals, center=lambda *_, **__: 0.0)
    expected = scale / scipy.stats.norm.ppf(0.75) * np.sqrt(40 / 37)
    assert result.problem.f_scale == pytest.approx(expected, rel=1e-5)
    assert 0.07 < expected < 0.15
    tight: Any = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    other = scipy.optimize.least_squares(
        lambda p: decay(X, *p) - y, result.p * 1.001, loss=loss, f_scale=expected, **tight
    )
    assert_allclose(result.p, other.x, rtol=1e-5)


@every_loss
@pytest.mark.parametrize("sigma", [None, 0.1])
def test_a_given_scale_is_that_of_scipy(loss: str, sigma: float | None) -> None:
    model, y = data("decay")
    result = fit(model, X, y, sigma, loss=loss, f_scale=0.5)
    tight: Any = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    other = scipy.optimize.least_squares(
        lambda p: (decay(X, *p) - y) / (sigma or 1.0), result.p, loss=loss, f_scale=0.5, **tight
    )
    assert_allclose(result.p, other.x, rtol=1e-5)
    assert result.chi_squared == pytest.approx(2 * other.cost)


def test_least_squares_need_no_scale() -> None:
    model, y = data("decay")
    assert fit(model, X, y).nfev == fit(model, X, y, 1.0).nfev


def test_data_of_which_most_lie_on_the_model() -> None:
    y = 2 * X + 1
    y[[3, 17]] += [5.0, -300.0]
    for loss in LOSSES:
        result = fit(Line(), X, y, loss=loss)
        assert_allclose(result.p, [2.0, 1.0], rtol=1e-9)


@every_loss
@pytest.mark.parametrize("parameters", [2, 3])
def test_the_scale_does_not_go_down_with_residuals_that_can_be_made_zero(
    loss: str, parameters: int
) -> None:
    # Through as many points as parameters, half of them all, some curve goes exactly.
    x = np.arange(2.0 * parameters)
    model = [Line(), lambda x, a=1.0, b=1.0, c=1.0: a * x**2 + b * x + c][parameters - 2]
    rng = np.random.default_rng(1)
    for n in range(parameters + 1, 2 * parameters + 1):
        y = x[:n] + 0.3 * rng.normal(size=n)
        squares, *_ = np.polyfit(x[:n], y, parameters - 1, full=True)[1]
        result = fit(model, x[:n], y, loss=loss)
        assert result.success
        plain = np.sqrt(squares / (n - parameters))
        assert result.problem.f_scale == pytest.approx(plain, rel=1e-6)
        assert min(by_name(result)) > 0.01 * plain
        assert any("cannot tell outliers from scatter" in w for w in result.warnings)
        assert fit(model, x[:n], y, 0.3, loss=loss).warnings == []


@every_loss
@pytest.mark.parametrize("far", [0, 1, 5])
def test_rounding_makes_no_outliers(loss: str, far: int) -> None:
    y = 0.3 * X + 0.1
    y[3 : 3 + far] += 50
    result = fit(Line(), X, y, loss=loss)
    assert np.sum(np.abs(result.pulls) > 3) == far
    assert not any("outliers" in w for w in result.warnings)


def test_of_data_without_variance() -> None:
    assert np.isfinite(fit(Line(), X, np.zeros(40), loss="huber").p).all()
    # A model that cannot meet them has residuals that are none of rounding.
    result = fit(lambda x, a=1.0: a * x + 1, X, np.zeros(40), loss="huber")
    assert result.rounding is None


@every_loss
def test_a_search_that_runs_out_of_evaluations_is_not_repeated_for_ever(loss: str) -> None:
    model, y = data("line")
    problem = replace(fit(model, X, y, loss=loss).problem, f_scale=None)
    searches = []

    def search(posed: Problem, start: np.ndarray) -> Any:
        searches.append(posed.loss)
        return scipy.optimize.OptimizeResult(
            x=start * 1.1, success=False, status=Status.LIMIT, nfev=1, cost=1.0
        )

    consistent_minimum(problem, search)
    assert searches == 4 * (["soft_l1"] if loss in ("cauchy", "arctan") else []) + 4 * [loss]


@pytest.mark.parametrize(
    ("loss", "scale"),
    [("linear", 1.0), ("huber", 0.0), ("huber", -1.0), ("huber", np.nan), ("huber", np.inf)],
)
def test_a_scale_that_makes_no_sense(loss: str, scale: float) -> None:
    message = (
        "give a loss too"
        if loss == "linear"
        else f"f_scale to be a positive, finite number, got {scale}"
    )
    with pytest.raises(ValueError, match=message):
        fit(decay, X, data("decay")[1], loss=loss, f_scale=scale)


@pytest.mark.parametrize("scale", ["2", np.ones(40), [], 1j, True])
def test_a_scale_that_is_no_number(scale: Any) -> None:
    with pytest.raises(TypeError, match="expected f_scale to be a positive, finite number, got "):
        fit(decay, X, data("decay")[1], loss="huber", f_scale=scale)


# -- a function as loss ----------------------------------------------------------------------


def log_of(z: Any) -> Any:
    return np.log(1 + z)


@pytest.mark.parametrize("sigma", [None, 0.1])
def test_a_function_as_loss_is_that_of_its_name(sigma: float | None) -> None:
    model, y = data("decay")
    # No search with another loss goes before one by a function.
    start = fit(model, X, y, sigma, loss="soft_l1").p
    named, own = (fit(model, X, y, sigma, p0=start, loss=loss) for loss in ("cauchy", log_of))
    assert own.success
    assert_allclose(own.p, named.p, rtol=1e-6)
    assert_allclose(own.covariance, named.covariance, rtol=1e-4)
    assert_allclose(own.interval("rate"), named.interval("rate"), rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (log_of, "robust by the loss log_of beyond 0.5"),
        (lambda z: np.log(1 + z), "robust by the loss of a function beyond 0.5"),
    ],
)
def test_a_report_names_the_function(loss: Any, words: str) -> None:
    model, y = data("line")
    result = fit(model, X, y, loss=loss, f_scale=0.5)
    assert words in result.report()
    with pytest.raises(TypeError, match=r"the loss is a function.*loss by its name, linear, soft"):
        result.to_json()


def test_a_fit_with_a_function_as_loss_can_be_pickled() -> None:
    model, y = data("line")
    result = fit(model, X, y, loss=log_of)
    assert pickle.loads(pickle.dumps(result)).interval("slope") == result.interval("slope")


@pytest.mark.parametrize("options", [{"method": "gradient-descent"}, {"constraints": lambda a: a}])
def test_a_function_as_loss_is_refused_where_losses_are(options: Any) -> None:
    with pytest.raises(ValueError, match="loss=log_of cannot be combined with"):
        fit(lambda x, a=1.0: a * x, X, X, loss=log_of, **options)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda z: 1.0, r"the loss returned shape \(\) for z of shape \(40,\)"),
        (lambda z: np.stack([z, 1 + 0 * z, 0 * z]), r"shape \(3, 40\).*SciPy.*only its first row"),
    ],
)
def test_a_loss_gives_one_number_for_each_residual(loss: Any, message: str) -> None:
    model, y = data("line")
    with pytest.raises(ValueError, match=message):
        fit(model, X, y, loss=loss)


# -- errors ----------------------------------------------------------------------------------


def by_name(result: FitResult) -> list[float]:
    return list(result.errors.values())


@every_loss
@pytest.mark.parametrize("absolute", [True, False])
def test_a_loss_far_wider_than_the_residuals_has_the_errors_of_least_squares(
    loss: str, absolute: bool
) -> None:
    model, y = data("decay")
    plain = fit(model, X, y, 0.1, absolute_sigma=False)
    # Whether outliers have the size of sigma is not believed in any case.
    wide = fit(model, X, y, 0.1, absolute_sigma=absolute, loss=loss, f_scale=1e5)
    assert_allclose(by_name(wide), by_name(plain), rtol=1e-6)
    assert_allclose(wide.band(X), plain.band(X), rtol=1e-6)
    assert_allclose(wide.interval("rate"), plain.interval("rate"), rtol=1e-4)


def test_they_are_hubers() -> None:
    model, y = data("decay")
    result = fit(model, X, y, 0.1, loss="huber")
    r, p = result.weighted_residuals, 3
    inside = np.abs(r) < 1
    correction = 1 + p / 40 * np.var(inside) / np.mean(inside) ** 2
    variance = correction**2 * np.sum(np.clip(r, -1, 1) ** 2) / (40 - p) / np.mean(inside) ** 2
    e = np.exp(-result.values["rate"] * X)
    J = np.column_stack([e, -result.values["amplitude"] * X * e, np.ones(40)]) / 0.1
    assert_allclose(result.covariance, variance * np.linalg.inv(J.T @ J), rtol=1e-6)


def test_a_prediction_has_the_scatter_of_most_points() -> None:
    model, y = data("line")
    result = fit(model, X, y, loss="huber")
    (inner, outer) = (result.band(X, kind=kind) for kind in ("confidence", "prediction"))
    t = scipy.stats.t.ppf((1 + 0.6827) / 2, 38)
    own = ((outer[1] - outer[0]) ** 2 - (inner[1] - inner[0]) ** 2) / (2 * t) ** 2
    assert_allclose(own, result.variance)
    assert_allclose(result.variance, (result.problem.f_scale or 0) ** 2, rtol=1e-4)


def test_fits_with_scales_of_their_own_have_no_criterion_in_common() -> None:
    model, y = data("decay")
    assert np.isnan(fit(model, X, y, loss="huber").aic)
    assert np.isfinite(fit(model, X, y, 0.1, loss="huber").aic)


@pytest.mark.parametrize("loss", ["cauchy", "arctan"])
def test_from_few_points_errors_of_losses_that_forget_outliers_are_said_to_be_small(
    loss: str,
) -> None:
    rng = np.random.default_rng(3)
    x = np.linspace(0.0, 1.0, 40)
    y = x + 0.1 * rng.normal(size=40)

    def said(n: int, **options: Any) -> bool:
        return any("too small" in w for w in fit(Line(), x[:n], y[:n], **options).warnings)

    assert said(11, loss=loss)
    assert said(20, loss=loss)
    assert not said(40, loss=loss)
    assert not said(11, loss="huber")
    assert not said(11, loss=loss, sigma=0.1)


def test_as_many_points_as_parameters() -> None:
    for sigma, error in ((0.1, 0.1 * np.sqrt(2)), (None, np.nan)):
        result = fit(Line(), [0.0, 1.0], [1.0, 2.0], sigma, loss="huber")
        assert result.errors["slope"] == pytest.approx(error, nan_ok=True)


@pytest.mark.parametrize(("loss", "sigma"), [("huber", None), ("huber", 1.0), ("cauchy", None)])
def test_errors_and_bands_cover_the_truth_with_outliers(loss: str, sigma: float | None) -> None:
    rng, sets = np.random.default_rng(5), 150
    t = {level: scipy.stats.t.ppf((1 + level) / 2, 38) for level in (0.6827, 0.9545)}
    covered = dict.fromkeys(t, 0.0)
    for _ in range(sets):
        outliers = np.where(rng.random(40) < 0.1, rng.normal(0, 10, 40), 0.0)
        y = 2 * X + 1 + rng.normal(size=40) + outliers
        result = fit(Line(), X, y, sigma, p0=(2.0, 1.0), loss=loss)
        pull = abs(result.values["slope"] - 2) / result.errors["slope"]
        for level, factor in t.items():
            covered[level] += (pull < factor) / sets
    for level, share in covered.items():
        assert abs(share - level) < 3 * np.sqrt(level * (1 - level) / sets)


@pytest.mark.parametrize("loss", ["huber", "cauchy"])
def test_of_a_linear_model_intervals_are_near_those_of_the_errors(loss: str) -> None:
    # Both are right in the limit of many points only.
    x = np.linspace(0.0, 1.0, 400)
    rng = np.random.default_rng(1)
    y = x + rng.normal(size=400) + np.where(rng.random(400) < 0.1, rng.normal(0, 10, 400), 0)
    result = fit(Line(), x, y, loss=loss)
    low, high = result.interval("slope")
    t = scipy.stats.t.ppf((1 + 0.6827) / 2, 398)
    assert (high - low) / 2 / t == pytest.approx(result.errors["slope"], rel=0.1)


# -- outliers that look like peaks -----------------------------------------------------------


@every_loss
def test_a_peak_is_not_parked_on_an_outlier(loss: str) -> None:
    rng = np.random.default_rng(2)
    x = np.linspace(0.0, 10.0, 40)
    for at in (12, 37):
        y = Gaussian()(x, 8.0, 5.0, 1.0) + rng.normal(size=40)
        y[at] += 60.0
        for sigma in (None, 1.0):
            result = fit(Gaussian(), x, y, sigma, loss=loss)
            assert result.success
            assert result.values["center"] == pytest.approx(5.0, abs=0.6)


def test_points_that_stand_alone_are_put_among_their_neighbours() -> None:
    x = RNG.permutation(np.linspace(0.0, 6.0, 61))
    y = np.sin(x) + 0.1 * RNG.normal(size=61)
    assert_allclose(hampel_filter(x, y), y)
    spoilt = y.copy()
    spoilt[[4, 40]] += [3.0, -2.0]
    others = np.delete(np.arange(61), [4, 40])
    assert_allclose(hampel_filter(x, spoilt)[others], y[others])
    assert_allclose(hampel_filter(x, spoilt)[[4, 40]], np.sin(x[[4, 40]]), atol=0.3)
    assert_allclose(hampel_filter(x[:3], y[:3]), y[:3])
    few = np.where(np.arange(61) % 2, y, spoilt[4])  # where every second point is off, none is
    assert_allclose(hampel_filter(x, few), few)


def test_whitened_data_have_outliers_too() -> None:
    model, y = data("line")
    plain = fit(model, X, y, Cholesky(0.1 * np.eye(40)), loss="huber")
    assert_allclose(plain.p, fit(model, X, y, 0.1, loss="huber").p, rtol=1e-6)
