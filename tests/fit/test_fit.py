"""fit.fit: what it finds, against SciPy, lmfit, the course and the truth, and how it fails."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.optimize
from numpy.testing import assert_allclose

import optim
from fit import FitResult, curve_fit, fit
from fit.problem._losses import LOSSES

T = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.4])
Y = np.array([3.02, 2.31, 1.66, 1.37, 1.10, 0.83, 0.76, 0.62, 0.57, 0.45, 0.51, 0.46])
SIGMA = np.array([0.05, 0.04, 0.05, 0.04, 0.03, 0.05, 0.04, 0.03, 0.02, 0.03, 0.04, 0.03])
COVARIANCE = np.diag(SIGMA**2) + 0.4 * np.outer(SIGMA, SIGMA) * (np.eye(12, k=1) + np.eye(12, k=-1))


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 1.0, offset: Any = 0.3) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def enumeration(by_name: dict[str, float]) -> list[float]:
    return list(by_name.values())


@pytest.mark.parametrize("n", [500, 20_000])
def test_a_width_comes_out_positive_of_few_points_and_of_many(n: int) -> None:
    def peak(x: Any, height: Any, centre: Any, width: Any, offset: Any) -> Any:
        return height * np.exp(-(((x - centre) / width) ** 2)) + offset

    x = np.linspace(0, 10, n)
    y = peak(x, 3.0, 4.0, 0.5, 0.5) + 0.1 * np.random.default_rng(11).normal(size=n)
    for width in (1.0, -1.0):
        assert abs(fit(peak, x, y, 0.1, p0=[1.0, 4.5, width, 0.0]).values["width"] - 0.5) < 0.01


def test_one_error_of_all_points_may_be_an_array_without_axes() -> None:
    found, expected = fit(decay, T, Y, np.array(0.05)), fit(decay, T, Y, 0.05)
    assert found.report() == expected.report()


# -- against others --------------------------------------------------------------------------


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("sigma", [SIGMA, COVARIANCE, None])
def test_values_and_covariance_are_those_of_scipy(sigma: Any, absolute: bool) -> None:
    result = fit(decay, T, Y, sigma, absolute_sigma=absolute)
    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    popt, pcov = scipy.optimize.curve_fit(
        decay, T, Y, [2, 1, 0.3], sigma=sigma, absolute_sigma=absolute, method="trf", **tight
    )
    assert result.success
    assert_allclose(enumeration(result.values), popt, rtol=1e-6)
    assert_allclose(result.covariance, pcov, rtol=1e-4)


# lmfit 1.3.4, Model.fit(weights=1 / sigma), by MINPACK's differences.
LMFIT = {"amplitude": 2.65553229, "rate": 0.83172022, "offset": 0.37521898}
LMFIT_SCALED = {"amplitude": 0.04430215, "rate": 0.03527222, "offset": 0.02668346}
LMFIT_ABSOLUTE = {"amplitude": 0.04056951, "rate": 0.03230039, "offset": 0.02443527}
LMFIT_TIED = {"amplitude": 2.68095378, "rate": 0.79058454, "offset": 0.33511922}
LMFIT_TIED_ERRORS = {"amplitude": 0.03657568, "rate": 0.01851089, "offset": 0.00457196}


@pytest.mark.parametrize(
    ("absolute", "errors"), [(True, LMFIT_ABSOLUTE), (False, LMFIT_SCALED), (None, LMFIT_ABSOLUTE)]
)
def test_values_errors_and_correlations_are_those_of_lmfit(
    absolute: bool | None, errors: dict[str, float]
) -> None:
    result = fit(decay, T, Y, SIGMA, absolute_sigma=absolute)
    assert result.values == pytest.approx(LMFIT, rel=1e-6)
    assert result.errors == pytest.approx(errors, rel=2e-5)
    assert result.chi_squared == pytest.approx(10.732294437634, rel=1e-11)
    assert_allclose(result.correlation[0], [1.0, 0.1240389, -0.2205296], rtol=1e-4)


def test_criteria_are_those_of_lmfit_where_errors_are_estimated() -> None:
    result = fit(decay, T, Y, SIGMA, absolute_sigma=False)
    assert (result.aic, result.bic) == pytest.approx((4.660208614619, 6.114928563983))


def test_ties_are_those_of_lmfit() -> None:
    result = fit(decay, T, Y, SIGMA, fixed={"offset": lambda amplitude: amplitude / 8})
    assert result.values == pytest.approx(LMFIT_TIED, rel=1e-6)
    assert result.errors == pytest.approx(LMFIT_TIED_ERRORS, rel=5e-5)
    assert result.chi_squared == pytest.approx(13.313887235685, rel=1e-11)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_losses_are_those_of_scipy(loss: str) -> None:
    outliers = Y.copy()
    outliers[[2, 7]] += 0.4
    result = fit(decay, T, outliers, SIGMA, loss=loss)
    other = scipy.optimize.least_squares(
        lambda p: (decay(T, *p) - outliers) / SIGMA,
        result.p * 1.01,
        loss=loss,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    assert result.success
    assert_allclose(result.p, other.x, rtol=1e-5)
    assert result.chi_squared == pytest.approx(2 * other.cost)
    assert result.p_value is None
    plain = fit(decay, T, outliers, SIGMA)
    truth = fit(decay, T, Y, SIGMA).p
    assert np.linalg.norm(result.p - truth) < 0.5 * np.linalg.norm(plain.p - truth)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy"])
def test_errors_from_scatter_hardly_know_of_outliers(loss: str) -> None:
    outliers = Y.copy()
    outliers[[2, 7]] += 2.0
    clean, plain = fit(decay, T, Y), fit(decay, T, outliers)
    # The loss counts standard deviations, which sigma names; their size is then estimated.
    robust = fit(decay, T, outliers, SIGMA, absolute_sigma=False, loss=loss)
    assert 0.5 < robust.errors["rate"] / clean.errors["rate"] < 3
    assert plain.errors["rate"] / clean.errors["rate"] > 10


@pytest.mark.parametrize("arguments", [{"loss": x} for x in ("l1", "Huber", 3, None, ["huber"])])
@pytest.mark.parametrize(
    "others", [{"f_scale": x} for x in ("1", True, None, [1.0], 0, -1.0, np.nan, np.inf)]
)
def test_losses_and_their_scales_are_refused_in_the_words_of_least_squares(
    arguments: dict[str, Any], others: dict[str, Any]
) -> None:
    if others["f_scale"] is not None:
        arguments = {"loss": "huber", **others}
    with pytest.raises((TypeError, ValueError)) as raised:
        optim.least_squares(lambda p: p, [1.0], **arguments)
    for refusing in (fit, curve_fit):
        with pytest.raises(type(raised.value)) as error:
            refusing(decay, T, Y, **arguments)
        assert str(error.value) == str(raised.value)


@pytest.mark.parametrize("refusing", [fit, curve_fit])
def test_a_callback_is_a_function(refusing: Any) -> None:
    with pytest.raises(TypeError, match="expected callback to be a function, got 3"):
        refusing(decay, T, Y, callback=3)


def test_the_model_of_curve_fit_comes_first() -> None:
    with pytest.raises(TypeError, match=r"the model comes first, as in curve_fit\(f, xdata, ydata"):
        curve_fit(T, Y, decay)  # type: ignore[arg-type]


def test_the_losses_are_those_of_least_squares() -> None:
    with pytest.raises(ValueError, match="expected loss to be one of") as raised:
        optim.least_squares(lambda p: p, [1.0], loss="none")
    named = re.findall("'([a-z_0-9]+)'", str(raised.value))[:-1]
    assert tuple(named) == LOSSES


# -- the course ------------------------------------------------------------------------------


def line(x: Any, slope: Any = 1.0, intercept: Any = 0.0) -> Any:
    return slope * x + intercept


def test_the_line_of_the_course() -> None:
    result = fit(line, [0.4, 0.5, 0.6, 0.7, 0.8], [0.1, 0.25, 0.55, 0.75, 0.85])
    assert result.values == pytest.approx({"slope": 2.0, "intercept": -0.7})
    assert result.chi_squared == pytest.approx(0.01)


def test_the_first_set_of_anscombe() -> None:
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    result = fit(line, x, y)
    assert enumeration(result.values) == pytest.approx([0.500091, 3.00009], abs=5e-6)
    assert enumeration(result.errors) == pytest.approx([0.117906, 1.12475], abs=5e-6)
    assert result.r_squared == pytest.approx(0.666542, abs=5e-7)


def heights() -> tuple[Any, Any]:
    density = np.zeros(100)
    density[44:60] = (
        *(0.031, 0.013, 0.023, 0.064, 0.065, 0.126, 0.132, 0.127),
        *(0.113, 0.091, 0.105, 0.050, 0.018, 0.018, 0.018, 0.001),
    )
    return np.arange(50, 300, 2.5) + 1.25, density / (2.5 * density.sum())


def gaussian(x: Any, mu: Any = 155.0, sigma: Any = 6.0) -> Any:
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


@pytest.mark.parametrize("method", ["auto", "least-squares", "gradient-descent"])
def test_the_heights_of_the_course(method: str) -> None:
    result = fit(gaussian, *heights(), method=method)
    assert result.success
    assert_allclose(enumeration(result.values), [178.519827, 7.549908], atol=5e-6)
    assert result.chi_squared == pytest.approx(4.39245e-4, abs=5e-10)


def test_gradient_descent_keeps_the_way_down() -> None:
    result = fit(gaussian, *heights(), method="gradient-descent")
    assert_allclose(result.path[0], [155.0, 6.0])
    assert_allclose(result.path[-1], result.p)
    assert (np.diff([result.problem.chi_squared(p) for p in result.path]) < 0).all()


# -- constraints -----------------------------------------------------------------------------


def test_a_constraint_is_what_a_tie_is() -> None:
    constrained = fit(
        decay, T, Y, SIGMA, constraints=lambda amplitude, offset: amplitude - 8 * offset
    )
    tied = fit(decay, T, Y, SIGMA, fixed={"offset": lambda amplitude: amplitude / 8})
    assert constrained.success
    assert constrained.values == pytest.approx(tied.values, rel=1e-8)
    assert_allclose(constrained.covariance, tied.covariance, rtol=1e-7)
    assert constrained.hessian_covariance is not None
    assert_allclose(constrained.hessian_covariance, tied.hessian_covariance, rtol=1e-6)
    assert constrained.dof == tied.dof == 10


def test_of_a_curved_constraint_the_hessian_covariance_knows_the_curvature() -> None:
    curved = fit(decay, T, Y, SIGMA, constraints=lambda amplitude, offset: amplitude * offset - 0.9)
    tied = fit(decay, T, Y, SIGMA, fixed={"offset": lambda amplitude: 0.9 / amplitude})
    assert curved.values == pytest.approx(tied.values, rel=1e-8)
    assert_allclose(curved.covariance, tied.covariance, rtol=1e-7)
    assert curved.hessian_covariance is not None
    assert_allclose(curved.hessian_covariance, tied.hessian_covariance, rtol=1e-6)
    assert abs(curved.hessian_covariance[0, 0] / curved.covariance[0, 0] - 1) > 0.01


def test_several_constraints_and_one_that_repeats_another() -> None:
    result = fit(
        decay,
        T,
        Y,
        SIGMA,
        constraints=[
            lambda amplitude: amplitude - 2.7,
            lambda rate, offset: [rate - 2 * offset],
        ],
    )
    offset = result.values["offset"]
    assert result.values == pytest.approx({"amplitude": 2.7, "rate": 2 * offset, "offset": offset})
    assert result.dof == 11
    assert result.errors["amplitude"] == pytest.approx(0.0, abs=1e-12)
    assert result.errors["rate"] == pytest.approx(2 * result.errors["offset"])


def test_constraints_count_as_points() -> None:
    result = fit(line, [1.0], [3.0], 0.1, constraints=lambda slope, intercept: slope - intercept)
    assert result.values == pytest.approx({"slope": 1.5, "intercept": 1.5})
    assert result.errors["slope"] == pytest.approx(0.05)


def test_constraints_that_contradict_one_another_are_no_success() -> None:
    result = fit(decay, T, Y, SIGMA, constraints=lambda amplitude: [amplitude - 1, amplitude - 2])
    assert not result.success
    assert result.message
    for follow in (result.interval, result.profile):
        with pytest.raises(ValueError, match="no minimum from which χ² could rise: the con"):
            follow("rate")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"constraints": lambda rate: rate - 1, "bounds": {"rate": (0, 2)}}, "bounds cannot be"),
        ({"constraints": lambda rate: rate - 1, "loss": "huber"}, "loss='huber' cannot be"),
        ({"method": "gradient-descent", "bounds": {"rate": (0, 2)}}, "bounds cannot be"),
        (
            {"method": "gradient-descent", "constraints": lambda rate: rate - 1},
            "constraints cannot be combined with method='gradient-descent'",
        ),
        ({"method": "newton"}, "expected a method out of auto, .* got 'newton'"),
    ],
)
def test_what_does_not_go_together(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(decay, T, Y, SIGMA, **how)


# -- units -----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1e6])
def test_units_of_y_do_not_matter(unit: float) -> None:
    p0 = {"amplitude": 2 * unit, "offset": 0.3 * unit}
    one, other = fit(decay, T, Y, SIGMA), fit(decay, T, Y * unit, SIGMA * unit, p0=p0)
    scale = np.array([unit, 1.0, unit])
    assert other.chi_squared == pytest.approx(one.chi_squared)
    assert_allclose(enumeration(other.values), enumeration(one.values) * scale, rtol=1e-8)
    assert_allclose(enumeration(other.errors), enumeration(one.errors) * scale, rtol=1e-7)


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1e6])
def test_units_of_x_do_not_matter(unit: float) -> None:
    one, other = fit(decay, T, Y, SIGMA), fit(decay, T * unit, Y, SIGMA, p0={"rate": 1 / unit})
    scale = np.array([1.0, 1 / unit, 1.0])
    assert_allclose(enumeration(other.values), enumeration(one.values) * scale, rtol=1e-8)
    assert_allclose(enumeration(other.errors), enumeration(one.errors) * scale, rtol=1e-7)


@pytest.mark.parametrize("unit", [1e-10, 1e8])
def test_units_of_parameters_do_not_matter_to_constraints(unit: float) -> None:
    def in_units(t: Any, a: Any = 2.0 / unit, r: Any = 1.0, c: Any = 0.3 * unit) -> Any:
        return decay(t, a * unit, r, c / unit)

    one = fit(decay, T, Y, SIGMA, constraints=lambda amplitude, offset: amplitude - 8 * offset)
    other = fit(in_units, T, Y, SIGMA, constraints=lambda a, c: a * unit - 8 * c / unit)
    scale = np.array([1 / unit, 1.0, unit])
    assert_allclose(enumeration(other.values), enumeration(one.values) * scale, rtol=1e-7)
    assert_allclose(enumeration(other.errors), enumeration(one.errors) * scale, rtol=1e-6)


def test_of_sigma_only_the_ratios_count_where_its_size_is_not_believed() -> None:
    one = fit(decay, T, Y, SIGMA, absolute_sigma=False)
    other = fit(decay, T, Y, 7 * SIGMA, absolute_sigma=False)
    assert other.errors == pytest.approx(one.errors, rel=1e-8)


# -- the truth -------------------------------------------------------------------------------


def test_errors_and_bands_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    truth = {"amplitude": 2.6, "rate": 0.8, "offset": 0.4}
    places, repeats = np.array([0.2, 2.0, 6.0]), 300
    inside = np.zeros(3 + len(places))
    further = 0.0
    for _ in range(repeats):
        result = fit(decay, T, decay(T, **truth) + SIGMA * rng.normal(size=12), SIGMA)
        off = np.array(enumeration(result.values)) - enumeration(truth)
        inside[:3] += np.abs(off) < enumeration(result.errors)
        low, high = result.band(places)
        expected = decay(places, **truth)
        inside[3:] += (low < expected) & (expected < high)
        further += result.chi_squared > 9
    spread = math.sqrt(0.6827 * 0.3173 / repeats)
    assert_allclose(inside / repeats, 0.6827, atol=3.5 * spread)
    assert further / repeats == pytest.approx(0.4373, abs=3.5 * math.sqrt(0.25 / repeats))


def test_errors_from_scatter_cover_the_truth_with_students_quantile() -> None:
    rng = np.random.default_rng(3)
    x, places, repeats = np.arange(5.0), np.array([-2.0, 1.5]), 400
    inside, predicted = np.zeros(2), np.zeros(2)
    for _ in range(repeats):
        result = fit(line, x, 2 * x - 1 + rng.normal(size=5))
        low, high = result.band(places, level=0.9)
        inside += (low < 2 * places - 1) & (2 * places - 1 < high)
        low, high = result.band(places, level=0.9, kind="prediction")
        further = 2 * places - 1 + rng.normal(size=2)
        predicted += (low < further) & (further < high)
    spread = math.sqrt(0.09 / repeats)
    assert_allclose(inside / repeats, 0.9, atol=3.5 * spread)
    assert_allclose(predicted / repeats, 0.9, atol=3.5 * spread)


def test_what_the_data_leave_open_is_infinite_and_no_success() -> None:
    result = fit(lambda t, a=1.0, b=1.0, c=1.0: a * b * np.exp(-c * t), T, Y, SIGMA)
    assert not result.success
    assert "Jacobian is singular" in result.message
    assert (result.errors["a"], result.errors["b"]) == (np.inf, np.inf)
    assert np.isfinite(result.errors["c"])
    value, error = result.propagate(lambda a, b: a * b)
    alone = fit(lambda t, ab=1.0, c=1.0: ab * np.exp(-c * t), T, Y, SIGMA)
    assert (value, error) == pytest.approx((alone.values["ab"], alone.errors["ab"]))


# -- models that cannot be fitted ------------------------------------------------------------


def filled_in(t: Any, a: Any = 1.0) -> Any:
    values = np.zeros_like(t)
    values[:] = a * t
    return values


def in_place(t: Any, a: Any = 1.0) -> Any:
    values = t.copy()
    values *= a
    return values


def one_by_one(t: Any, a: Any = 1.0) -> Any:
    return [math.exp(-a * s) for s in t]


def interpolated(t: Any, a: Any = 1.0) -> Any:
    return scipy.interpolate.CubicSpline([0.0, 1.0, 2.0, 9.0], [0.0, 1.0, 2.0, 3.0])(a * t)


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (lambda t, a=1.0: np.exp(-t * float(a)), "cannot become a float"),
        (lambda t, a=1.0: t * math.exp(-a), "cannot become a float"),
        (one_by_one, "cannot become a float"),
        (filled_in, "cannot become a plain array"),
        (in_place, "cannot write a Tensor into a plain array: for values to take a Tensor"),
        (interpolated, "cannot become a plain array"),
    ],
)
@pytest.mark.parametrize("method", ["auto", "gradient-descent"])
def test_a_model_that_cannot_be_recorded(model: Any, cause: str, method: str) -> None:
    with pytest.raises(
        TypeError, match=rf"cannot be recorded.*jac=\"3-point\"\): .*{cause}"
    ) as raised:
        fit(model, T, Y, method=method)
    assert 'fit.curve_fit(..., jac="3-point")' in str(raised.value)
    assert cause in str(raised.value.__cause__)


def test_what_the_model_itself_raises_is_passed_on() -> None:
    def refuses(t: Any, a: Any = 1.0) -> Any:
        raise TypeError("the model's own")

    with pytest.raises(TypeError, match=r"^the model's own$"):
        fit(refuses, T, Y)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda t, a=1.0: a * t[:, None], r"y has shape \(12,\).*returned shape \(12, 1\)"),
        (lambda t, a=1.0: a * t[1:], r"returned shape \(11,\)"),
        (
            lambda t, a=-1.0: np.log(a + t),
            r"the model is nan at point 0 for the starting values a = -1 \(3 of 12 points\)",
        ),
        (lambda t, a=0.0: 1 / (t - 0.8 * np.exp(a)), r"the model is inf at point 2 .*a = 0"),
        (lambda t, a=1e200: a * t, "χ² is inf for the starting values a = 1e"),
        (
            lambda t, a=0.0: np.sqrt(a + t),
            r"the derivative of the model by a is inf at point 0 for a = 0: .*p0, or bounds",
        ),
    ],
)
def test_a_model_that_cannot_start(model: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(model, T, Y)


def test_the_first_bad_point_is_named_where_the_covariance_mixes_points() -> None:
    with pytest.raises(ValueError, match="nan at point 5"):
        fit(lambda t, a=1.0: np.where(T == 2.0, np.nan, a * t), T, Y, COVARIANCE)


# -- fits that stop early --------------------------------------------------------------------


def test_a_fit_that_stops_early_returns_its_best_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fit.search._searches.STEPS", 5)
    result = fit(decay, T, Y, SIGMA, method="gradient-descent")
    assert not result.success
    assert "5 steps" in result.message
    assert len(result.path) == 6
    assert result.chi_squared == min(result.problem.chi_squared(p) for p in result.path)
    assert np.isfinite(enumeration(result.errors)).all()


def test_a_fit_that_runs_away_returns_its_best_point() -> None:
    # The best step is one at infinity.
    result = fit(lambda t, a=1.0: 1 / (1 + np.exp(-a * (t - 1))), [0.0, 2.0, 3.0], [0.0, 1.0, 1.0])
    assert result.chi_squared < 1e-10
    assert result.message


# -- progress --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [{}, {"method": "gradient-descent"}, {"constraints": lambda rate: rate - 0.8}],
)
def test_a_progress_bar_is_shown_if_asked_for(
    how: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    fit(decay, T, Y, SIGMA, **how)
    assert capsys.readouterr().err == ""
    fit(decay, T, Y, SIGMA, **how, progress=True)
    assert "step" in capsys.readouterr().err


def test_a_result_is_a_fit_result() -> None:
    assert isinstance(fit(decay, T, Y), FitResult)
