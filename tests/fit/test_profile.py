"""Profiles of χ² and likelihood intervals: against brute force, linear theory and published ends.

The brute force is SciPy's: at each value of a parameter the others are found by
`scipy.optimize.least_squares` with derivatives by a complex step, and the ends by `brentq`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from numpy.testing import assert_allclose

from fit import FitResult, Model, fit
from tests.fit.test_nist import PROBLEMS, SETS, problem

Residuals = Callable[[Any], Any]
LEVELS = (0.6827, 0.95)
T = np.linspace(0.0, 4.0, 50)
NOISE = np.random.default_rng(0).normal(size=50)


def decay(t: Any, amplitude: Any = 1.0, rate: Any = 1.0, offset: Any = 0.0) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def logistic(t: Any, top: Any = 1.0, middle: Any = 1.5, width: Any = 1.0) -> Any:
    return top / (1 + np.exp((middle - t) / width))


def bump(t: Any, height: Any = 1.0, center: Any = 2.0, width: Any = 0.7) -> Any:
    return height * np.exp(-(((t - center) / width) ** 2))


MODELS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "decay": (decay, (2.5, 1.3, 0.5)),
    "logistic": (logistic, (2.0, 2.0, 0.8)),
    "bump": (bump, (1.0, 1.8, 0.6)),
}


def fitted(name: str, noise: float = 0.25, **options: Any) -> tuple[FitResult, Residuals]:
    model, truth = MODELS[name]
    y = model(T, *truth) + noise * NOISE
    return fit(
        model, T, y, noise, **{"p0": (*truth[:2], max(truth[2], 0.6))} | options
    ), lambda p: (model(T, *p) - y) / noise


def least(
    residuals: Residuals, k: int, value: float, near: np.ndarray, **options: Any
) -> tuple[float, np.ndarray]:
    """Return the least sum of squares at one value of a parameter, and the parameters there."""

    def of_others(others: Any) -> Any:
        return residuals(np.insert(others, k, value))

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "jac": "cs", "x_scale": "jac"}
    found = scipy.optimize.least_squares(of_others, np.delete(near, k), **tight | options)
    return float(2 * found.cost), np.insert(found.x, k, value)


def brute_force(
    residuals: Residuals, p: np.ndarray, k: int, error: float, rise: float
) -> list[float]:
    """Return the ends of the interval of one parameter, each bracketed within five errors."""
    lowest = float(np.sum(residuals(p) ** 2))
    return [
        scipy.optimize.brentq(
            lambda value: least(residuals, k, value, p)[0] - lowest - rise,
            p[k],
            p[k] + side * 5 * error,
            xtol=1e-14,
        )
        for side in (-1, 1)
    ]


# -- intervals -------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sigma", [0.3, None])
def test_of_a_linear_model_it_is_the_interval_of_the_standard_error(
    level: float, sigma: float | None
) -> None:
    y = 1 + 2 * T + NOISE
    result = fit(lambda x, a=0.0, b=0.0, c=0.0: a + b * x + c * np.sin(x), T, y, sigma)
    upper = (1 + level) / 2
    factor = scipy.stats.norm.ppf(upper) if sigma else scipy.stats.t.ppf(upper, 47)
    for name, value in result.values.items():
        half = factor * result.errors[name]
        assert_allclose(result.interval(name, level), (value - half, value + half), rtol=1e-11)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", MODELS)
def test_it_is_what_brute_force_gives_to_8_digits(name: str, level: float) -> None:
    result, residuals = fitted(name)
    rise = scipy.stats.chi2.ppf(level, 1)
    for k, parameter in enumerate(result.free):
        error = result.errors[parameter]
        ends = np.array(result.interval(parameter, level))
        right = brute_force(residuals, result.p, k, error, rise)
        assert_allclose(ends, right, rtol=0, atol=1e-8 * error)
        assert abs(ends.sum() / 2 - result.p[k]) > 1e-4 * error  # and is not symmetric


def test_with_estimated_errors_it_is_what_brute_force_gives() -> None:
    result, residuals = fitted("decay", absolute_sigma=False)
    rise = result.chi_squared / 47 * scipy.stats.f.ppf(0.9, 1, 47)
    right = brute_force(residuals, result.p, 1, result.errors["rate"], rise)
    assert_allclose(result.interval("rate", 0.9), right, rtol=1e-9)


def test_it_does_not_depend_on_the_parametrisation() -> None:
    y = decay(T, 2.5, 1.3, 0.5) + 0.3 * NOISE

    def with_logarithm(t: Any, amplitude: Any = 1.0, log_rate: Any = 0.0, offset: Any = 0.0) -> Any:
        return amplitude * np.exp(-np.exp(log_rate) * t) + offset

    one, other = fit(decay, T, y, 0.3), fit(with_logarithm, T, y, 0.3)
    for level in LEVELS:
        in_logarithm = other.interval("log_rate", level)
        assert_allclose(one.interval("rate", level), np.exp(in_logarithm), rtol=1e-9)
        assert_allclose(
            one.interval("offset", level), other.interval("offset", level), rtol=0, atol=1e-9
        )


def test_puromycin() -> None:
    # D. M. Bates and D. G. Watts, "Nonlinear Regression Analysis and Its Applications" (1988),
    # treated cells. The ends are those of R's confint, which interpolates its profiles.
    concentration = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.1], 2)
    rate = [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]
    result = fit(lambda c, Vm=200.0, K=0.05: Vm * c / (K + c), concentration, rate)
    assert_allclose(result.interval("Vm", 0.95), (197.30212848, 229.29006490), rtol=1e-5)
    assert_allclose(result.interval("K", 0.95), (0.04692517, 0.08615995), rtol=2e-4)


def nist(name: str) -> FitResult:
    model, x, y = problem(name)
    facts = SETS[name]
    x = x[0] if len(x) == 1 else x
    return fit(Model(model, names=facts["params"]), x, y, p0=facts["certified"])


def stretches(result: FitResult) -> list[float]:
    """Return how much farther the ends of 95 % intervals are away than linear theory says."""
    factor = scipy.stats.t.ppf(0.975, result.dof)
    return [
        abs(end - result.values[name]) / (factor * result.errors[name])
        for name in result.free
        for end in result.interval(name, 0.95)
    ]


def test_the_second_parameter_of_nelson_reaches_2_8_times_as_far_as_its_error_says() -> None:
    assert max(stretches(nist("Nelson"))) == pytest.approx(2.840, abs=1e-3)


def test_an_end_is_off_by_more_than_10_percent_in_12_of_26_nist_sets() -> None:
    names = [name for name in PROBLEMS if name != "Lanczos1"]
    off = [max(abs(np.array(stretches(nist(name))) - 1)) > 0.1 for name in names]
    assert (sum(off), len(off)) == (12, 26)


def test_residuals_that_are_rounding_errors_give_the_interval_of_the_standard_error() -> None:
    result = nist("Lanczos1")
    factor = scipy.stats.t.ppf((1 + 0.6827) / 2, result.dof)
    for name, value in result.values.items():
        half = factor * result.errors[name]
        assert_allclose(result.interval(name), (value - half, value + half), rtol=1e-14)


def test_three_intervals_take_few_evaluations_of_the_model() -> None:
    evaluations = 0

    def counted(t: Any, amplitude: Any = 1.0, rate: Any = 1.0, offset: Any = 0.0) -> Any:
        nonlocal evaluations
        evaluations += 1
        return decay(t, amplitude, rate, offset)

    result = fit(counted, T, decay(T, 2.5, 1.3, 0.5) + 0.05 * NOISE, 0.05)
    evaluations = 0
    for name in result.free:
        result.interval(name)
    assert evaluations <= 24
    evaluations = 0
    for name in result.free:
        result.profile(name)
    assert evaluations <= 60


# -- what confines a parameter ---------------------------------------------------------------


def test_an_interval_ends_at_a_bound() -> None:
    result, _ = fitted("decay", bounds={"offset": (0.6, None)})
    low, high = result.interval("offset")
    assert low == 0.6
    assert high > result.values["offset"]


def test_other_parameters_stay_in_their_bounds() -> None:
    bound = 0.6
    result, residuals = fitted("decay", bounds={"offset": (bound, None)})
    free, _ = fitted("decay")
    low, high = result.interval("rate", 0.95)
    for end in (low, high):
        limits = ([-np.inf, bound], np.inf)
        start = np.maximum(result.p, [0, 0, bound + 1e-3])
        rise = least(residuals, 1, end, start, bounds=limits)[0] - result.chi_squared
        assert rise == pytest.approx(scipy.stats.chi2.ppf(0.95, 1), rel=1e-6)
    assert low > free.interval("rate", 0.95)[0] + 1e-3
    assert high == pytest.approx(free.interval("rate", 0.95)[1], rel=1e-6)


def test_a_fit_that_a_bound_holds_has_intervals_within_it() -> None:
    # At the bound the others' intervals are those with the parameter fixed there, as long as χ²
    # does not fall away from it.
    held, _ = fitted("decay", bounds={"offset": (0.9, None)}, p0=(2.5, 1.3, 1.0))
    fixed, _ = fitted("decay", fixed={"offset": 0.9})
    assert held.values["offset"] == 0.9
    assert held.interval("offset")[0] == 0.9
    assert_allclose(held.interval("rate")[0], fixed.interval("rate")[0], rtol=1e-7)


def test_with_a_tie_it_is_that_of_the_model_in_which_the_tie_is_written_out() -> None:
    tied, _ = fitted("decay", fixed={"offset": lambda amplitude: amplitude / 5})
    y = decay(T, 2.5, 1.3, 0.5) + 0.25 * NOISE
    written = fit(lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t) + a / 5, T, y, 0.25)
    assert_allclose(tied.interval("rate"), written.interval("rate"), rtol=1e-9)
    assert_allclose(tied.interval("amplitude"), written.interval("a"), rtol=1e-9)


def test_with_a_constraint_it_is_that_of_the_model_in_which_the_constraint_is_written_out() -> None:
    bound, _ = fitted("decay", constraints=lambda amplitude, offset: amplitude - 5 * offset)
    y = decay(T, 2.5, 1.3, 0.5) + 0.25 * NOISE
    written = fit(lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t) + a / 5, T, y, 0.25)
    assert_allclose(bound.interval("rate"), written.interval("rate"), rtol=1e-6)
    assert_allclose(
        bound.profile("rate", 5).chi_squared, written.profile("rate", 5).chi_squared, atol=1e-6
    )


def test_a_robust_loss_rises_along_its_own_interval() -> None:
    result, residuals = fitted("decay", loss="soft_l1")
    # By hand, of ρ(z) = 2(√(1 + z) - 1): Huber's variance times the curvature of the loss.
    z = residuals(result.p) ** 2
    pull, slope = residuals(result.p) * (1 + z) ** -0.5, (1 + z) ** -1.5
    correction = 1 + 3 / 50 * np.var(slope) / np.mean(slope) ** 2
    rise = correction**2 * np.sum(pull**2) / 47 / np.mean(slope) * scipy.stats.f.ppf(0.6827, 1, 47)
    for end in result.interval("rate"):
        risen = least(residuals, 1, end, result.p, loss="soft_l1")[0] - result.chi_squared
        assert risen == pytest.approx(rise, rel=1e-6)


def test_with_errors_in_x_it_follows_the_distance_from_the_line() -> None:
    x, y = np.array([0.0, 1.0, 2.0, 3.0, 4.1]), np.array([0.3, 1.2, 1.7, 3.4, 3.9])

    def residuals(p: Any) -> Any:
        return (p[0] + p[1] * x - y) / np.sqrt(0.3**2 + p[1] ** 2 * 0.4**2)

    result = fit(lambda x, a=0.0, b=1.0: a + b * x, x, y, 0.3, x_sigma=0.4)
    right = brute_force(residuals, result.p, 1, result.errors["b"], scipy.stats.chi2.ppf(0.9, 1))
    assert_allclose(result.interval("b", 0.9), right, rtol=1e-7)


# -- what has no end -------------------------------------------------------------------------


def test_an_end_that_the_data_do_not_set_is_infinite() -> None:
    y = np.array([0.3, 0.95, 1.02, 1.0])
    result = fit(lambda x, k=1.0: 1 - np.exp(-k * x), np.array([0.0, 1.0, 2.0, 3.0]), y, 0.2)
    low, high = result.interval("k", 0.95)
    assert 0 < low < result.values["k"]
    assert high == np.inf


def test_undetermined_parameters_have_no_ends_and_the_others_those_that_they_have() -> None:
    y = 2.5 * np.exp(-1.3 * T) + 0.05 * NOISE
    both = fit(lambda t, a=1.0, b=1.0, rate=1.0: a * b * np.exp(-rate * t), T, y, 0.05)
    one = fit(lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t), T, y, 0.05)
    assert both.interval("a") == both.interval("b") == (-np.inf, np.inf)
    assert_allclose(both.interval("rate"), one.interval("rate"), rtol=1e-9)


def test_without_degrees_of_freedom_estimated_errors_set_no_ends() -> None:
    result = fit(lambda x, a=0.0, b=0.0: a + b * x, [0.0, 1.0], [1.0, 2.0])
    assert result.interval("a") == (-np.inf, np.inf)


def test_a_lower_minimum_on_the_way_is_reported() -> None:
    def two_wells(x: Any, a: Any = 1.0) -> Any:
        return np.stack([(a**2 - 1) / 2, (a + 1) / 4])

    result = fit(two_wells, [0.0, 1.0], [0.0, 0.0], 1.0)
    assert result.values["a"] > 0
    for method in (result.interval, result.profile):
        with pytest.warns(RuntimeWarning, match=r"lower minimum.* at a = -"):
            method("a")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("amplitude", "amplitude is fixed: only free parameters .rate. vary"),
        ("offset", "offset is tied to others"),
        ("frequency", "no parameter 'frequency'; there are amplitude, rate, offset"),
    ],
)
def test_names_that_do_not_vary_are_refused(name: str, says: str) -> None:
    result, _ = fitted("decay", fixed={"amplitude": 2.5, "offset": lambda rate: rate / 3})
    with pytest.raises(ValueError, match=says):
        result.interval(name)
    with pytest.raises(ValueError, match=says):
        result.profile(name)


@pytest.mark.parametrize("level", [0.0, 1.0, 68.27])
def test_a_level_is_between_0_and_1(level: float) -> None:
    result, _ = fitted("decay")
    with pytest.raises(ValueError, match="level between 0 and 1"):
        result.interval("rate", level)
    with pytest.raises(ValueError, match="level has dtype <U1, expected real numbers"):
        result.interval("rate", "a")  # type: ignore[arg-type]


# -- profiles --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_profile_is_what_brute_force_gives(name: str) -> None:
    result, residuals = fitted(name)
    errors = np.array(list(result.errors.values()))
    for k, parameter in enumerate(result.free):
        found = result.profile(parameter, points=9, reach=2.5)
        for value, rise, p in zip(found.values, found.chi_squared, found.parameters, strict=True):
            least_there, others = least(residuals, k, value, result.p)
            assert_allclose(rise, least_there - result.chi_squared, rtol=0, atol=1e-6)
            assert_allclose((p - others) / errors, 0, atol=3e-4)


def test_a_profile_is_symmetric_about_the_minimum_where_it_is_zero() -> None:
    result, _ = fitted("decay")
    name, values, rises, parameters = result.profile("rate", points=7, reach=2.0)
    assert name == "rate"
    steps = (values - result.values["rate"]) / result.errors["rate"]
    assert_allclose(steps, np.linspace(-2, 2, 7), atol=1e-12)
    assert rises[3] == 0
    assert_allclose(parameters[3], result.p)
    assert_allclose(parameters[:, 1], values, rtol=0)
    assert (np.diff(rises[:4]) < 0).all()
    assert (np.diff(rises[3:]) > 0).all()


def test_the_profile_of_a_linear_model_is_a_parabola() -> None:
    result = fit(lambda x, a=0.0, b=0.0: a + b * x, T, 1 + 2 * T + NOISE)
    found = result.profile("b", points=5, reach=2.0)
    assert_allclose(found.chi_squared / result.variance, [4, 1, 0, 1, 4], rtol=1e-9, atol=1e-12)


def test_a_profile_has_all_parameters_the_tied_ones_too() -> None:
    result, _ = fitted("decay", fixed={"offset": lambda amplitude: amplitude / 5})
    parameters = result.profile("rate", 3).parameters
    assert_allclose(parameters[:, 2], parameters[:, 0] / 5, rtol=1e-14)


def test_a_profile_ends_at_bounds() -> None:
    result, _ = fitted("decay", bounds={"offset": (0.6, None)})
    assert result.profile("offset").values[0] == 0.6


def test_where_newton_steps_fail_the_profile_is_followed_by_searches() -> None:
    # Half the profile of Nelson's second parameter lies where it is curved most.
    result = nist("Nelson")
    found = result.profile("b2", points=5, reach=2.0)
    low, high = result.interval("b2")
    crossing = scipy.stats.t.ppf((1 + 0.6827) / 2, result.dof) ** 2 * result.variance
    inside = (low < found.values) & (found.values < high)
    assert_allclose(inside, found.chi_squared < crossing)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"points": 1}, "points as a whole number, 2 or more, got 1"),
        ({"points": 2.5}, "points as a whole number, 2 or more, got 2.5"),
        ({"reach": 0}, "positive reach"),
        ({"reach": "far"}, "reach has dtype <U3, expected real numbers"),
        ({"reach": np.inf}, "reach is inf, expected finite numbers"),
    ],
)
def test_a_profile_needs_points_and_a_reach(options: dict[str, Any], says: str) -> None:
    result, _ = fitted("decay")
    with pytest.raises(ValueError, match=says):
        result.profile("rate", **options)


def test_what_is_undetermined_has_no_profile() -> None:
    result = fit(lambda x, a=1.0, b=1.0: a * b * x, T, 2 * T + NOISE, 1.0)
    with pytest.raises(ValueError, match="standard error of a is inf: it has no profile"):
        result.profile("a")


def test_a_profile_is_shown_by_how_far_it_reaches() -> None:
    shown = repr(fit(lambda x, a=1.0: a * x, [1.0, 2.0], [2.1, 3.9], 0.1).profile("a", 3, 1.0))
    low, high = 1.98 - 0.1 / np.sqrt(5), 1.98 + 0.1 / np.sqrt(5)
    assert shown == f"<Profile: 3 points; a from {low:.5g} to {high:.5g}; rise of χ² from 0 to 1>"
