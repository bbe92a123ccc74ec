"""What a fit says of itself, in words: each sentence appears where it should, and only there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import eager
from fit import FitResult, Model, fit
from fit.verdict import _warnings
from optim import Status
from tests.fit.test_nist import SETS, problem

X = np.linspace(0.0, 4.0, 50)
NOISE = 0.05 * np.random.default_rng(0).normal(size=50)
Y = 2 * np.exp(-X) + NOISE


def decay(x: Any, a: Any = 1.0, c: Any = 1.0) -> Any:
    return a * np.exp(-c * x)


def said(model: Callable[..., Any], sigma: float | None = 0.05, **options: Any) -> list[str]:
    return fit(model, X, Y, sigma, **options).warnings


def only(warnings: list[str], about: str) -> str:
    """Return the one warning with these words."""
    (found,) = [warning for warning in warnings if about in warning]
    return found


@pytest.mark.parametrize("sigma", [0.05, None])
def test_of_a_good_fit_nothing_is_said(sigma: float | None) -> None:
    assert said(decay, sigma) == []


def test_they_are_found_once() -> None:
    result = fit(decay, X, Y, 0.5)
    assert result.warnings is result.warnings


def test_every_check_is_among_those_that_are_made() -> None:
    listed = inspect.getsource(_warnings.warnings)
    for path in Path(_warnings.__file__).parent.glob("_*.py"):
        for name in re.findall(r"^def (\w+)\(.*Iterator\[str\]:$", path.read_text(), re.MULTILINE):
            assert re.search(rf"^ +{name},$", listed, re.MULTILINE), f"{name}: enter it in checks"


# -- undetermined ----------------------------------------------------------------------------


def test_of_a_product_only_the_product_is_determined() -> None:
    assert said(lambda x, a=1.0, b=1.0, c=1.0: a * b * np.exp(-c * x)) == [
        "a and b are undetermined: only a·b is; direction (0.71, −0.71, 0) in their logarithms"
    ]


@pytest.mark.parametrize(
    ("model", "combination"),
    [
        (lambda x, a=3.0, b=0.2, c=1.0: a * b * np.exp(-c * x), "a·b"),
        (lambda x, a=-1.0, b=-1.0, c=1.0: a * b * np.exp(-c * x), "a·b"),
        (lambda x, a=1.0, b=1.0, c=1.0: a / b * np.exp(-c * x), "a/b"),
        (lambda x, a=1.0, b=1.0, c=1.0: a * b**2 * np.exp(-c * x), "a·b²"),
        (lambda x, a=1.0, b=1.0, c=1.0: a * np.sqrt(b) * np.exp(-c * x), "a²·b"),
        (lambda x, a=1.0, b=1.0, c=1.0: np.exp(-c * x) / (a * b), "a·b"),
        (lambda x, a=1.0, b=1.0, c=1.0, d=2.0: a * b / d * np.exp(-c * x), "a·b/d"),
        (lambda x, a=1.0, b=0.5, c=1.0: (a + b) * np.exp(-c * x), "a + b"),
        (lambda x, a=1.0, b=0.5, c=1.0: (a - b) * np.exp(-c * x), "a − b"),
        (lambda x, a=1.0, b=0.5, c=1.0: (2 * a - 3 * b) * np.exp(-c * x), "2·a − 3·b"),
        (lambda x, a=1.0, b=0.5, c=1.0: a * np.exp(-c * x + b), "a·exp(b)"),
    ],
)
def test_the_combination_is_named(model: Callable[..., Any], combination: str) -> None:
    (warning,) = said(model)
    assert f"are undetermined: only {combination} is; direction" in warning


def test_two_combinations_are_told_apart() -> None:
    warnings = said(lambda x, a=1.0, b=1.0, c=0.6, d=0.3: a * b * np.exp(-(c + d) * x))
    assert sorted(warnings) == [
        "a and b are undetermined: only a·b is; direction (0.71, −0.71, 0, 0) in their logarithms",
        "c and d are undetermined: only c + d is; direction (0, 0, 0.71, −0.71)",
    ]


def test_of_three_parameters_two_combinations_may_be_determined() -> None:
    # The data see a + b and c + b.
    (warning,) = said(lambda x, a=1.0, b=0.5, c=1.0: (a + b) * np.exp(-x) + (c + b) * x)
    assert warning == (
        "a, b and c are undetermined: only 2 combinations of them are; direction "
        "(0.58, −0.58, 0.58)"
    )


def test_a_null_direction_that_bends_is_not_called_a_combination() -> None:
    # Only a² + b² is determined: what does not change the residuals is a circle.
    (warning,) = said(lambda x, a=1.0, b=1.0: (a**2 + b**2) * np.exp(-x))
    assert warning.startswith("a and b are undetermined: to first order no residual changes along")


def test_a_parameter_without_influence_is_named() -> None:
    warnings = said(lambda x, a=1.0, c=1.0, d=1.0: a * np.exp(-c * x) + 0 * d)
    assert warnings == ["d does not matter: no residual depends on it"]


def test_a_parameter_without_influence_just_here_is_told_from_it() -> None:
    (warning,) = said(lambda x, a=1.0, c=1.0, d=0.0: a * np.exp(-c * x) + d**4)
    assert "d cannot be determined here: at d = 0 no residual changes to first order" in warning


def test_a_start_from_which_no_data_are_seen_is_named() -> None:
    # SciPy's curve_fit returns the start, and an infinite covariance.
    x = np.linspace(480.0, 520.0, 50)
    y = 5 * np.exp(-((x - 500) ** 2) / 50) + NOISE
    gaussian = lambda x, a=1.0, m=1.0, s=1.0: a * np.exp(-((x - m) ** 2) / 2 / s**2)  # noqa: E731
    result = fit(gaussian, x, y, 0.05)
    assert not result.success
    warning = only(result.warnings, "start elsewhere, with p0")
    assert "no residual depends on a, m and s about a = 1, m = 1, s = 1" in warning


# -- what else there is to say ---------------------------------------------------------------


def test_a_search_that_did_not_converge_says_why() -> None:
    # The data lie below all values of the model: a runs off to minus infinity.
    result = fit(lambda x, a=0.5: np.exp(a) * x + 3, X, np.zeros(50), 1.0)
    assert not result.success
    assert only(result.warnings, "not converged: ").endswith(result.message)


def test_a_parameter_at_its_bound_is_named() -> None:
    warnings = said(decay, bounds={"c": (0, 0.8)}, p0={"c": 0.5})
    assert "c is at its upper bound 0.8" in only(warnings, "is at its")
    assert not any("the interval of c" in warning for warning in warnings)  # which is the same
    assert "since a bound confines the fit" in only(warnings, "the error of a")


def test_parameters_that_are_almost_undetermined_are_named() -> None:
    y = 1 + 0.3 * X + NOISE
    warnings = fit(lambda x, a=1.0, b=1.0: a + b * (x + 1000), X, y, 0.05).warnings
    warning = only(warnings, "correlation")
    assert warning.startswith("a and b are almost undetermined by themselves")
    assert "is −0.999999" in warning


def test_errors_that_are_too_small_are_told() -> None:
    warning = only(said(decay, 0.02), "degrees of freedom")
    assert "χ² = 263.7 for 48 degrees of freedom is too large (a chance of" in warning
    assert "the errors of the data are too small, or the model is wrong" in warning


def test_errors_that_are_too_large_are_told() -> None:
    warning = only(said(decay, 0.2), "degrees of freedom")
    assert "χ² = 2.637 for 48 degrees of freedom is too small (a chance of" in warning
    assert "the errors of the data are too large" in warning


@pytest.mark.parametrize("sigma", [0.03, 0.07])
def test_of_estimated_errors_the_size_is_not_judged(sigma: float) -> None:
    warnings = fit(decay, X, Y, sigma / 100, absolute_sigma=False).warnings
    assert warnings == []


def test_no_degrees_of_freedom() -> None:
    absolute = fit(decay, X[[0, 9]], Y[[0, 9]], 0.05).warnings
    estimated = fit(decay, X[[0, 9]], Y[[0, 9]]).warnings
    assert "2 points for 2 free parameters" in only(absolute, "no degrees of freedom")
    assert "cannot be estimated" in only(estimated, "no degrees of freedom")


@pytest.mark.parametrize(("side", "where"), [(1, "above"), (-1, "below")])
def test_outliers_to_one_side_are_told(side: int, where: str) -> None:
    y = Y.copy()
    y[::8] += side
    warning = only(fit(decay, X, y, 0.05, loss="huber").warnings, "outliers")
    assert f"7 outliers, all {where} the model" in warning
    y[::16] -= 2 * side
    assert fit(decay, X, y, 0.05, loss="huber").warnings == []


def test_a_lower_minimum_is_told() -> None:
    def two_wells(x: Any, a: Any = 1.0) -> Any:
        return np.stack([(a**2 - 1) / 2, (a + 1) / 4])

    warnings = fit(two_wells, [0.0, 1.0], [0.0, 0.0], 1.0).warnings
    assert "at a = -" in only(warnings, "there is a lower minimum")


def test_a_lower_minimum_is_told_once() -> None:
    def wells(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return np.stack([(a**2 - 1) / 2, (a + 1) / 4, (b**2 - 1) / 2, (b + 1) / 4])

    warnings = fit(wells, np.arange(4.0), np.zeros(4), 1.0, p0=[30.0, 30.0]).warnings
    assert "at a = -" in only(warnings, "there is a lower minimum")


def test_a_straight_model_with_a_straight_constraint_is_not_called_curved() -> None:
    y = 2 * X + 1 + 6 * NOISE
    assert fit(straight, X, y, 0.3, constraints=lambda a, b: a - 2 * b).warnings == []


def test_a_constraint_that_bends_is() -> None:
    y = 0.06 * X + 0.08 + 6 * NOISE
    result = fit(straight, X, y, 0.3, p0=[0.06, 0.08], constraints=lambda a, b: a**2 + b**2 - 0.01)
    assert result.success
    assert any("the likelihood" in warning for warning in result.warnings)


def nist(name: str) -> FitResult:
    model, x, y = problem(name)
    facts = SETS[name]
    x = x[0] if len(x) == 1 else x
    return fit(Model(model, names=facts["params"]), x, y, p0=facts["starts"][1])


def test_an_error_that_the_likelihood_contradicts_is_told_with_both_numbers() -> None:
    result = nist("Nelson")
    low, high = result.interval("b2")
    warning = only(result.warnings, "the error of b2, ±6.11e-09, is off, since the model is curved")
    below, above = warning.split("it is ")[1].split()
    assert below.startswith("−")
    assert above.startswith("+")
    # The interval has t = 1.004 standard errors for one.
    assert float(below.replace("−", "-")) == pytest.approx(low - result.values["b2"], rel=0.02)
    assert float(above.replace("−", "-")) == pytest.approx(high - result.values["b2"], rel=0.02)


@pytest.mark.parametrize("name", ["ENSO", "MGH09", "Thurber", "BoxBOD"])
def test_errors_from_the_hessian_differ_where_they_are_known_to(name: str) -> None:
    assert any("from the Hessian" in warning for warning in nist(name).warnings)


@pytest.mark.parametrize("name", ["Misra1a", "DanWood", "Gauss1", "Kirby2"])
def test_errors_from_the_hessian_agree_elsewhere(name: str) -> None:
    assert not any("from the Hessian" in warning for warning in nist(name).warnings)


def test_an_open_end_is_told() -> None:
    y = np.array([0.3, 0.95, 1.02, 1.0])
    result = fit(lambda x, k=1.0: 1 - np.exp(-k * x), np.array([0.0, 1.0, 2.0, 3.0]), y, 0.4)
    assert only(result.warnings, "the error of k").endswith("+∞")


def test_a_parameter_that_is_zero_has_its_error_and_no_warning() -> None:
    # scipy#21995: with a parameter of 0 curve_fit's covariance can be wrong.
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    y = 3 * x + np.array([0.1, -0.2, -0.1, 0.2]) - np.array([0.03, 0.01, -0.01, -0.03])
    y -= np.polynomial.polynomial.polyfit(x, y, 1)[0]
    result = fit(lambda x, a=0.0, b=1.0: a + b * x, x, y, 0.2)
    assert abs(result.values["a"]) < 1e-15
    design = np.stack([np.ones(4), x], axis=1) / 0.2
    expected = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(list(result.errors.values()), expected, rtol=1e-12)
    assert result.warnings == []


def test_a_model_that_refuses_to_be_moved_is_no_error() -> None:
    def strict(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        if abs(float(np.asarray(getattr(a, "data", a))) - 1) > 0.2:
            raise ValueError("a is out of range")
        return a * b * x

    result = fit(strict, X, X + NOISE, 0.05)
    assert only(result.warnings, "check").endswith("a is out of range")


# -- words -----------------------------------------------------------------------------------


def test_a_factor_in_an_exponential_is_named_beside_the_factor_in_front() -> None:
    (warning,) = said(lambda x, a=1.0, c=1.0, s=0.3: a * np.exp(-c * (x - s)))
    c = fit(decay, X, Y, 0.05).values["c"]
    assert f"only a·exp({c:.4g}·s) is" in warning


def test_a_search_that_did_not_end_says_so_beside_what_is_undetermined() -> None:
    found = fit(lambda x, a=1.0, b=1.0, c=1.0: a * b * np.exp(-c * x), X, Y, 0.05)
    stopped = replace(found, status=Status.LIMIT, message="it took too long")
    assert stopped.warnings == ["not converged: it took too long", *found.warnings]


@pytest.mark.parametrize(
    "options",
    [{"method": "gradient-descent"}, {"constraints": lambda c: c - 1.0}, {"loss": "huber"}],
)
def test_no_method_claims_success_where_parameters_are_undetermined(
    options: dict[str, Any],
) -> None:
    result = fit(lambda x, a=1.0, b=1.0, c=1.0: a * b * np.exp(-c * x), X, Y, 0.05, **options)
    assert (result.status, result.success) == (Status.SINGULAR, False)
    assert result.warnings[0].startswith("a and b are undetermined: only a·b is")
    assert not any("Hessian" in warning for warning in result.warnings)


def test_where_rounding_hides_the_minimum_nothing_is_said_of_the_hessian() -> None:
    result = fit(lambda x, slope=0.0, c=0.0: slope * x + c, X + 1e9, Y)
    assert result.warnings == [
        "slope and c are almost undetermined by themselves: their correlation is −1, but for "
        "rounding; with x − 1e+09 in the place of x they may be determined"
    ]


def test_small_entries_of_a_direction_are_not_called_zero() -> None:
    (warning,) = said(lambda x, a=1.0, b=1e-3, c=1.0: (a + 1000 * b) * np.exp(-c * x))
    assert warning == "a and b are undetermined: only a + 1000·b is; direction (1, −0.001, 0)"


def test_of_many_parameters_a_direction_names_those_involved() -> None:
    def waves(x: Any, *p: Any) -> Any:
        return sum((p[k] * np.cos(k * x) for k in range(10)), p[10])

    model = Model(waves, names=[f"p{k}" for k in range(11)])
    warning = only(said(model, p0=np.ones(11)), "undetermined")
    assert warning == (
        "p0 and p10 are undetermined: only p0 + p10 is; direction 0.7071·p0 − 0.7071·p10"
    )


def test_many_directions_are_counted() -> None:
    def sums(x: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return (a + b + c + d + e) * np.exp(-x)

    (warning,) = said(sums, p0=np.ones(5))
    assert warning == "a, b, c, d and e are undetermined: only a + b + c + d + e is"


def test_counts_and_signs_are_written_as_in_prose() -> None:
    result = fit(lambda x, a=-1.0: a * x, [1.0], [-2.0], 0.1, bounds={"a": (-1.5, 0)})
    assert result.warnings[0].startswith("a is at its lower bound −1.5: ")
    assert only(result.warnings, "degrees").startswith(
        "no degrees of freedom: 1 point for 1 free parameter, so that"
    )


def test_a_phase_that_the_data_leave_open_takes_no_search_without_end() -> None:
    def model(x: Any, a: Any = 2.0, c: Any = 1.0, height: Any = 0.0, phase: Any = 0.3) -> Any:
        return decay(x, a, c) + height * np.sin(3 * x + phase)

    x = X[:30] / X[29] * 4
    y = decay(x, 2.0, 0.7) + 0.02 * np.random.default_rng(1).normal(size=30)
    result = fit(model, x, y, 0.02)
    assert "the errors of height and phase were not checked against the likelihood" in only(
        result.warnings, "phase"
    )
    with pytest.warns(RuntimeWarning, match="the interval of phase has no end as far as"):
        assert result.interval("phase") == (-np.inf, np.inf)


# -- where nothing is determined ---------------------------------------------------------------


def peak(x: Any, h: Any = 1.0, c: Any = 1.5, s: Any = 0.8, b: Any = 0.0) -> Any:
    return h * np.exp(-0.5 * ((x - c) / s) ** 2) + b


@pytest.mark.parametrize("level", [0.0, 3.0, 0.1])
def test_of_a_peak_of_height_zero_centre_and_width_are_undetermined(level: float) -> None:
    result = fit(peak, X, np.full(50, level), 0.1)
    assert abs(result.values["h"]) < 1e-12
    assert result.errors["c"] == result.errors["s"] == np.inf
    assert 0 < result.errors["b"] < 0.1
    assert only(result.warnings, "no residual depends on").startswith(
        "no residual depends on c and s"
    )


def test_where_x_lies_far_from_0_a_shift_is_proposed() -> None:
    years = np.linspace(1990.0, 2020.0, 31)
    y = np.exp(0.03 * (years - 1990))
    shift = "x − 2005 in the place of x"
    unseen = fit(lambda x, a=1.0, b=-1.0: a * np.exp(b * x), years, y, 0.1)
    assert only(unseen.warnings, "no residual").endswith(f"or write the model with {shift}")
    together = fit(lambda x, a=0.03, c=0.0: a * x + c, years, y, 0.1)
    assert only(together.warnings, "correlation").endswith(f"; with {shift} they may be determined")
    with pytest.raises(ValueError, match=f"or write the model with {shift}$"):
        fit(lambda x, a=1.0, b=1.0: a * np.exp(b * x), years, y, 0.1)
    near = fit(lambda x, a=1.0, b=-1e3: a * np.exp(b * (x + 1)), years - 1990, y, 0.1)
    assert not any("in the place of x" in warning for warning in near.warnings)


@pytest.mark.parametrize("options", [{"sigma": 0.05}, {"sigma": 0.05, "x_sigma": 0.01}])
def test_a_width_that_began_below_0_comes_out_above(options: Any) -> None:
    y = peak(X, 2.0, 1.7, 0.5, 0.3) + NOISE
    above = fit(peak, X, y, p0=[1.0, 1.5, 0.8, 0.0], **options)
    below = fit(peak, X, y, p0=[1.0, 1.5, -0.8, 0.0], **options)
    assert below.values == pytest.approx(above.values)
    assert below.covariance == pytest.approx(above.covariance, rel=1e-6)


def test_where_a_sign_matters_or_is_asked_for_it_stays() -> None:
    assert fit(lambda x, m=1.0, c=0.0: m * x + c, X, -2 * X + NOISE, 0.05).values["m"] < 0
    y = peak(X, 2.0, 1.7, 0.5, 0.3) + NOISE
    held = fit(peak, X, y, 0.05, p0=[1.0, 1.5, -0.8, 0.0], bounds={"s": (None, 0)})
    assert held.values["s"] == pytest.approx(-0.5, abs=0.1)


# -- how long it takes -----------------------------------------------------------------------


def counting(f: Callable[..., Any], names: Any) -> tuple[Model, list[int]]:
    """Return a model, and how often it was evaluated."""
    count = [0]

    def model(x: Any, *p: Any) -> Any:
        count[0] += 1
        return f(x, *p)

    return Model(model, names=names, label="model"), count


@pytest.mark.parametrize("name", ["Nelson", "Lanczos3", "ENSO", "MGH09", "Bennett5", "MGH17"])
@pytest.mark.parametrize("start", ["certified", 0, 1])
def test_a_report_evaluates_the_model_ten_times_as_often_as_the_fit_at_most(
    name: str, start: Any
) -> None:
    f, x, y = problem(name)
    facts = SETS[name]
    model, count = counting(f, facts["params"])
    p0 = facts["certified"] if start == "certified" else facts["starts"][start]
    result = fit(model, x, y, p0=p0)
    by_fit, count[0] = count[0], 0
    with eager():  # for recordings of a model that counts are made for nothing
        str(result)
    # Second derivatives in the last search count when it has ended.
    assert count[0] <= 10 * (by_fit + 1) + 2


def test_with_errors_in_x_neither_does_it() -> None:
    x = np.linspace(0.0, 8.0, 50)
    rng = np.random.default_rng(3)
    model, count = counting(lambda x, a, w, p: a * np.sin(w * x + p), ["a", "w", "p"])
    y = 10 * np.sin(2 * x + 0.3) + 0.3 * rng.normal(size=50)
    result = fit(model, x + 0.1 * rng.normal(size=50), y, 0.3, x_sigma=0.1, p0=[9, 2.1, 0.2])
    by_fit, count[0] = count[0], 0
    str(result)
    assert count[0] <= 10 * by_fit


def straight(x: Any, a: Any = 1.0, b: Any = 0.0) -> Any:
    return a * x + b


def resonance(x: Any, a: Any = 290.0, c: Any = 0.21, g: Any = 0.21) -> Any:
    return a * g**2 / ((x - c) ** 2 + g**2)


@pytest.mark.parametrize(
    ("f", "names", "p", "x_sigma"),
    [(resonance, "acg", (300.0, 0.2, 0.2), 0.1), (straight, "ab", (2.0, 1.0), 1e10)],
)
def test_the_evaluations_of_the_search_for_nearest_points_count(
    f: Callable[..., Any], names: str, p: Any, x_sigma: float
) -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(-3.0, 3.0, 30)
    model, count = counting(f, names)
    y = f(x, *p) + 0.5 * rng.normal(size=30)
    moved = x + 0.1 * rng.normal(size=30)
    result = fit(model, moved, y, 0.5, x_sigma=x_sigma, p0=np.array(p) * 1.05)
    by_fit, count[0] = count[0], 0
    str(result)
    # At the minimum a search takes about as many as on the way there.
    assert count[0] <= 12 * by_fit


def test_what_takes_longer_is_left_out_and_said_to_be() -> None:
    f, x, y = problem("Lanczos3")
    facts = SETS["Lanczos3"]
    result = fit(Model(f, names=facts["params"]), x, y, p0=facts["certified"])
    said = only(result.warnings, "it takes more than 10 times the evaluations of the fit itself")
    assert said.startswith("the errors of b1, b2, b3, b4, b5 and b6 were not checked against the")
    assert said.endswith("see interval('b1')")


def test_a_check_that_cannot_begin_is_named() -> None:
    found = fit(lambda x, a=1.0: a * x, X, 0.02 * X + NOISE, 0.05)
    said = replace(found, nfev=-1).warnings
    for check in ("hessian", "curvature"):
        assert said.count(
            f"the check of the fit's {check} was left out: it takes more than 10 times the "
            "evaluations of the fit itself"
        )
