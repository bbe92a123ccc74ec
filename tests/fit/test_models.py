"""Models: textbook formulas, compositions of them, and starting values that lead to the minimum."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

import fit as fit_package
from autodiff import check_grads, jacobian
from fit import (
    Exponential,
    FitResult,
    Gaussian,
    Line,
    Logistic,
    Lorentzian,
    Model,
    Polynomial,
    PowerLaw,
    PseudoVoigt,
    Sine,
    Step,
    Voigt,
    fit,
)
from optim import least_squares

X = np.linspace(0.5, 6.0, 12)
CASES: list[tuple[Model, list[float]]] = [
    (Gaussian(), [3.0, 2.0, 0.7]),
    (Lorentzian(), [3.0, 2.0, 0.7]),
    (Voigt(), [3.0, 2.0, 0.7, 0.4]),
    (PseudoVoigt(), [3.0, 2.0, 1.4, 0.3]),
    (Exponential(), [3.0, 0.4]),
    (PowerLaw(), [3.0, -1.3]),
    (Sine(), [3.0, 0.4, 0.5]),
    (Logistic(), [3.0, 2.0, 1.5]),
    (Step(), [3.0, 2.0, 0.7]),
    (Line(), [3.0, -2.0]),
    (Polynomial(3), [3.0, -2.0, 0.5, 0.1]),
    (Gaussian(prefix="a_") * Line() / (2.0 - Logistic()), [3, 2, 0.7, 1, 2, 0.9, 2.0, 1.5]),
]
EVERY = pytest.mark.parametrize(("model", "p"), CASES, ids=lambda value: str(value)[:12])


def decay(t: Any, amplitude: Any, rate: Any = 1.0) -> Any:
    return amplitude * np.exp(-rate * t)


def test_every_model_is_among_the_cases_and_kept_by_json() -> None:
    public = [getattr(fit_package, name) for name in fit_package.__all__]
    shapes = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Model)}
    assert {type(model) for model, _ in CASES[:-1]} == shapes - {Model}, "each is to be in CASES"
    for model, p in CASES[:-1]:
        result = fit(model, X, np.asarray(model(X, *p)), 0.1, p0=p)
        kept = FitResult.from_json(result.to_json())
        assert type(kept.problem.model) is type(model), "it is to be in SHAPES, which JSON knows"
        assert_allclose(kept.predict(X), result.predict(X))


# -- formulas --------------------------------------------------------------------------------


def test_peaks_have_their_height_at_the_center_and_half_of_it_half_a_width_away() -> None:
    fwhm = 2.354820045 * 0.7
    for model, p, half in (
        (Gaussian(), (3.0, 2.0, 0.7), fwhm / 2),
        (Lorentzian(), (3.0, 2.0, 0.7), 0.7),
        (PseudoVoigt(), (3.0, 2.0, 1.4, 0.3), 0.7),
    ):
        assert_allclose(model(np.array([2.0, 2.0 - half, 2.0 + half]), *p), [3.0, 1.5, 1.5])


def test_distributions_of_scipy_have_these_shapes() -> None:
    normal, cauchy = scipy.stats.norm(2.0, 0.7), scipy.stats.cauchy(2.0, 0.7)
    assert_allclose(Gaussian()(X, normal.pdf(2.0), 2.0, 0.7), normal.pdf(X))
    assert_allclose(Lorentzian()(X, cauchy.pdf(2.0), 2.0, 0.7), cauchy.pdf(X))
    assert_allclose(Step()(X, 1.0, 2.0, 0.7), normal.cdf(X))
    assert_allclose(Step()(X, 1.0, 2.0, -0.7), normal.sf(X))
    assert_allclose(Logistic()(X, 1.0, 2.0, 1 / 0.7), scipy.stats.logistic(2.0, 0.7).cdf(X))


def test_a_voigt_profile_is_the_convolution_of_a_gaussian_and_a_lorentzian() -> None:
    u = np.linspace(-2000, 2000, 2_000_001)
    lorentzian = scipy.stats.cauchy(0, 0.4).pdf(u)

    def convolved(x: float) -> float:
        return float(np.trapezoid(lorentzian * scipy.stats.norm(0, 0.7).pdf(x - u), u))

    expected = [3.0 * convolved(x) / convolved(0.0) for x in (0.0, 0.5, 2.0)]
    assert_allclose(Voigt()(np.array([2.0, 2.5, 4.0]), 3.0, 2.0, 0.7, 0.4), expected, rtol=1e-7)


def test_a_sine_counts_cycles_per_unit_of_x() -> None:
    assert_allclose(Sine()(np.array([0.0, 0.5, 1.0, 2.0]), 3.0, 0.5, 0.0), [0, 3, 0, 0], atol=1e-14)


def test_a_polynomial_begins_with_its_constant() -> None:
    assert Polynomial(2).names == ("c0", "c1", "c2")
    assert Polynomial(2)(2.0, 1.0, 10.0, 100.0) == 421.0
    assert Polynomial(0)(2.0, 5.0) == 5.0
    with pytest.raises(ValueError, match="degree"):
        Polynomial(-1)


# -- derivatives -----------------------------------------------------------------------------


@EVERY
def test_models_are_differentiable_in_all_parameters_and_in_x(model: Model, p: list[float]) -> None:
    check_grads(lambda x, *p: model(x, *p), X, *p, rtol=1e-5, atol=1e-5)


WITH_WIDTHS = [
    model
    for model, _ in CASES[:-1]
    if any(word in name for name in model.names for word in ("sigma", "gamma", "width", "fwhm"))
]


@pytest.mark.parametrize("model", WITH_WIDTHS)
def test_a_width_of_zero_gives_finite_values_and_derivatives(model: Model) -> None:
    p = [3.0, 2.0, 0.0, 0.0][: len(model.names)]
    x = np.array([1.0, 2.0, 3.0])  # the center is one of them
    assert np.isfinite(model(x, *p)).all()
    if not isinstance(model, Step):  # whose slope there is infinite
        assert np.isfinite(jacobian(lambda p: model(x, *p))(np.array(p))).all()


@pytest.mark.parametrize("model", [m for m in WITH_WIDTHS if not isinstance(m, Step)])
def test_the_sign_of_a_width_does_not_matter(model: Model) -> None:
    p = [3.0, 2.0, 0.7, 0.3][: len(model.names)]
    opposite = [3.0, 2.0, -0.7, 0.3][: len(model.names)]
    assert_allclose(model(X, *p), model(X, *opposite))


def test_nothing_overflows_far_away() -> None:
    far = np.array([-1e6, 1e6])
    assert_allclose(Logistic()(far, 3.0, 0.0, 5.0), [0, 3])
    assert_allclose(Step()(far, 3.0, 0.0, 1e-3), [0, 3])
    assert_allclose(Gaussian()(far, 3.0, 0.0, 1e-9), [0, 0])
    assert_allclose(Voigt()(far, 3.0, 0.0, 1.0, 0.0), [0, 0])


# -- composition -----------------------------------------------------------------------------


def test_operators_do_what_they_say() -> None:
    a, b = Gaussian(), Line()
    p, q = [3.0, 2.0, 0.7], [1.5, 0.3]
    of_a, of_b = a(X, *p), b(X, *q)
    assert_allclose((a + b)(X, *p, *q), of_a + of_b)
    assert_allclose((a - b)(X, *p, *q), of_a - of_b)
    assert_allclose((a * b)(X, *p, *q), of_a * of_b)
    assert_allclose((a / b)(X, *p, *q), of_a / of_b)
    assert_allclose((b - a)(X, *q, *p), of_b - of_a)
    assert_allclose((-a)(X, *p), -of_a)


def test_numbers_on_either_side_are_constants() -> None:
    p = [1.5, 0.3]
    values = Line()(X, *p)
    assert_allclose((Line() + 3)(X, *p), values + 3)
    assert_allclose((np.float64(3) - Line())(X, *p), 3 - values)
    assert_allclose((np.float64(3) / (2 * Line()))(X, *p), 3 / (2 * values))
    assert (Line() + 3.0).names == Line().names


def test_plain_functions_join_in_from_either_side() -> None:
    for model in (Line() + decay, Line() + Model(decay)):
        assert model.names == ("slope", "intercept", "amplitude", "rate")
        assert_allclose(model(X, 1.0, 2.0, 3.0, 0.5), X + 2 + decay(X, 3.0, 0.5))
    assert (decay / Line()).names == ("amplitude", "rate", "slope", "intercept")


def test_other_things_do_not() -> None:
    with pytest.raises(TypeError):
        Line() + "3"
    with pytest.raises(TypeError):
        Line() * np.ones(3)


def test_names_that_clash_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"center.*prefix='a_'"):
        Gaussian() + Lorentzian()
    with pytest.raises(ValueError, match=r"both have amplitude, rate"):
        Model(decay) + decay
    with pytest.raises(ValueError, match=r"two parameters are called 'a'"):
        Model(decay, names=("a", "a"))


def test_prefixes_tell_models_of_a_kind_apart() -> None:
    model = Gaussian(prefix="a_") + Model(decay, prefix="b_")
    assert model.names == ("a_height", "a_center", "a_sigma", "b_amplitude", "b_rate")
    assert Polynomial(1, prefix="k_").names == ("k_c0", "k_c1")


def test_a_combination_is_written_as_its_formula() -> None:
    a, b, line = Gaussian(prefix="a_"), Gaussian(prefix="b_"), Line()
    assert repr(a + b + line) == "Gaussian(a_) + Gaussian(b_) + Line"
    assert repr(a * (b + 3.5)) == "Gaussian(a_) * (Gaussian(b_) + 3.5)"
    assert repr(a - (b - line)) == "Gaussian(a_) - (Gaussian(b_) - Line)"
    assert repr(a / (b * line)) == "Gaussian(a_) / (Gaussian(b_) * Line)"
    assert repr((a * b) / line) == "Gaussian(a_) * Gaussian(b_) / Line"
    assert repr(line + -2) == "Line + (-2)"
    assert repr(Model(decay)) == "decay"
    assert repr(Polynomial(2, prefix="k_") + decay) == "Polynomial(2, k_) + decay"
    assert repr(Model(decay, label="radioactive decay")) == "radioactive decay"


def test_models_do_not_change() -> None:
    model = Gaussian() + Line()
    with pytest.raises(AttributeError, match="do not change"):
        model.names = ("a",)
    with pytest.raises(AttributeError, match="do not change"):
        del model.label
    sum_of_two = model + 1.0
    assert model.names == sum_of_two.names
    assert repr(model) == "Gaussian + Line"


def test_models_can_be_pickled() -> None:
    model = pickle.loads(pickle.dumps(Gaussian(prefix="a_") + 2 * Line() + decay))
    p = [3.0, 2.0, 0.7, 1.0, 2.0, 3.0, 0.5]
    assert_allclose(model(X, *p), (Gaussian() + 2 * Line() + decay)(X, *p))


def scaled(x: Any, a: Any, b: Any = 2.0, *, c: Any = 0.5) -> Any:
    return a * x**b + c


def test_keyword_only_arguments_keep_their_defaults() -> None:
    model = Model(scaled)
    assert (model.names, model.defaults) == (("a", "b"), {"b": 2.0})
    assert_allclose(model(X, 3.0, 1.0), 3 * X + 0.5)
    with pytest.raises(ValueError, match=r"does not name its parameters \(c\)"):
        Model(lambda x, a, *, c: a * x + c)


def test_what_partial_has_set_is_a_constant() -> None:
    model = Model(partial(scaled, c=4.0))
    assert (str(model), model.names) == ("scaled", ("a", "b"))
    assert_allclose(model(X, 3.0, 1.0), 3 * X + 4)
    assert Model(partial(scaled, X)).names == ("b",)


# -- starting values -------------------------------------------------------------------------


def some_x(rng: np.random.Generator, low: float, high: float, n: int) -> Any:
    """Return x evenly spaced, scattered, or crowded at one end, and often out of order."""
    x = [
        np.linspace(low, high, n),
        rng.uniform(low, high, n),
        low + (high - low) * rng.beta(0.6, 1.5, n),
    ][rng.integers(3)]
    return rng.permutation(x) if rng.random() < 0.5 else np.sort(x)


def a_peak(rng: np.random.Generator) -> tuple[Any, float, float, float]:
    """Return x, and a height, a center and a width; x may be far from 0."""
    width = 10 ** rng.uniform(-2, 2)
    center = rng.choice([0, 500, -300]) + width * rng.normal()
    reach = width * rng.uniform(4, 30)
    low = center - reach * rng.uniform(0.15, 0.85)
    x = some_x(rng, low, low + reach, rng.integers(12, 150))
    return x, a_size(rng), center, width


def a_size(rng: np.random.Generator) -> float:
    return float(rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 3))


def gaussian(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, *p = a_peak(rng)
    return Gaussian(), x, p


def lorentzian(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, *p = a_peak(rng)
    return Lorentzian(), x, p


def voigt(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, height, center, width = a_peak(rng)
    return Voigt(), x, [height, center, 0.6 * width, width * rng.uniform(0.2, 1)]


def pseudo_voigt(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, height, center, width = a_peak(rng)
    return PseudoVoigt(), x, [height, center, 2 * width, rng.uniform(0, 1)]


def logistic(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, height, center, width = a_peak(rng)
    return Logistic(), x, [height, center, rng.choice([-1, 1]) / width]


def step_on_a_constant(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, height, center, width = a_peak(rng)
    return Step() + Polynomial(0), x, [height, center, width, 5 * height * rng.normal()]


def exponential(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    rate = rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 2)
    reach = rng.uniform(0.5, 8) / abs(rate)
    low = rng.choice([0, 5]) * reach
    x = some_x(rng, low, low + reach, rng.integers(6, 100))
    return Exponential(), x, [a_size(rng) * np.exp(rate * low), rate]


def power_law(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x = np.exp(some_x(rng, -2, 3, rng.integers(6, 100)))
    return PowerLaw(), x, [a_size(rng), rng.uniform(-4, 4)]


def sine(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    n = rng.integers(15, 150)
    reach, low = 10 ** rng.uniform(-1, 2), rng.choice([0, 500, -3])
    frequency = rng.uniform(0.5, 0.22 * n) / reach
    x = some_x(rng, low, low + reach, n)
    return Sine(), x, [abs(a_size(rng)), frequency, rng.uniform(-3, 3)]


def sine_on_a_line(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    _, x, p = sine(rng)
    p[1] = max(p[1], 2 / np.ptp(x))
    return Sine() + Line(), x, [*p, p[0] * rng.normal() / np.ptp(x), 20 * p[0] * rng.normal()]


def peak_on_a_line(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x, height, center, width = a_peak(rng)
    slope = 3 * height * rng.normal() / np.ptp(x)
    return Line() - Gaussian(), x, [slope, 5 * height - slope * center, height, center, width]


def peak_on_an_exponential(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x = some_x(rng, 0, 10, rng.integers(40, 150))
    peak = [1.0, rng.uniform(2, 6), rng.uniform(0.3, 1)]
    return Gaussian() + Exponential(), x, [*peak, rng.uniform(0.5, 5), rng.uniform(0.1, 1)]


def damped_sine(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    x = some_x(rng, 0, 10, rng.integers(40, 150))
    p = [1.0, rng.uniform(0.05, 0.6), a_size(rng), rng.uniform(0.3, 2), rng.uniform(-3, 3)]
    return Exponential(prefix="e_") * Sine(), x, p


MAKERS = [
    gaussian,
    lorentzian,
    voigt,
    pseudo_voigt,
    logistic,
    step_on_a_constant,
    exponential,
    power_law,
    sine,
    sine_on_a_line,
    peak_on_a_line,
    peak_on_an_exponential,
    damped_sine,
]
Maker = Callable[[np.random.Generator], tuple[Model, Any, list[float]]]


def test_guesses_are_tried_of_every_model_that_is_not_linear() -> None:
    made = " ".join(str(make(np.random.default_rng(0))[0]) for make in MAKERS)
    nonlinear = {type(model).__name__ for model, _ in CASES[:-1]} - {"Line", "Polynomial"}
    assert nonlinear <= set(re.findall(r"\w+", made)), "each is to be in MAKERS"


def minimum(model: Model, x: Any, y: Any, start: Any) -> float:
    """Return the sum of squares where least squares from a start ends."""
    with np.errstate(all="ignore"):
        return float(least_squares(lambda p: model(x, *p) - y, start).cost)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_guesses_lead_where_the_truth_leads(make: Maker, seed: int) -> None:
    for k in range(10):
        rng = np.random.default_rng([seed, k])
        model, x, truth = make(rng)
        exact = np.asarray(model(x, *truth))
        y = exact + rng.normal(0, np.ptp(exact) * 10 ** rng.uniform(-3, -1.3), exact.size)
        start = model.start(x, y)
        assert tuple(sorted(start)) == tuple(sorted(model.names))
        from_guess = minimum(model, x, y, [start[name] for name in model.names])
        assert from_guess <= 1.0001 * minimum(model, x, y, truth), (k, truth, start)


def test_a_gaussian_far_from_zero_needs_no_p0() -> None:
    x = np.linspace(495, 505, 60)
    y = Gaussian()(x, 4.0, 500.0, 0.8)
    result = fit(Gaussian(), x, y + np.random.default_rng(1).normal(0, 0.05, 60), sigma=0.05)
    assert result.success
    for name, true in zip(Gaussian().names, (4.0, 500.0, 0.8), strict=True):
        assert abs(result.values[name] - true) < 4 * result.errors[name]


def test_two_peaks_on_a_line_need_no_p0() -> None:
    model = Gaussian(prefix="a_") + Gaussian(prefix="b_") + Line()
    x = np.linspace(0, 20, 120)
    truth = [3.0, 6.0, 0.8, -2.0, 13.0, 1.1, 0.4, 50.0]
    y = model(x, *truth) + np.random.default_rng(2).normal(0, 0.05, 120)
    result = fit(model, x, y, sigma=0.05)
    assert result.success
    assert sorted(result.values[name] for name in ("a_center", "b_center")) == pytest.approx(
        [6.0, 13.0], abs=0.1
    )


def test_three_peaks_on_an_exponential_need_no_p0() -> None:
    peaks = Gaussian(prefix="a_") + Lorentzian(prefix="b_") + Gaussian(prefix="c_")
    model = peaks + Exponential()
    x = np.linspace(0, 30, 200)
    truth = [3.0, 6.0, 0.8, 4.0, 14.0, 0.6, 2.0, 22.0, 1.5, 10.0, 0.1]
    y = model(x, *truth) + np.random.default_rng(2).normal(0, 0.02, 200)
    assert fit(model, x, y, sigma=0.02).chi_squared < 250


def test_a_constant_in_a_model_is_taken_off_before_the_rest_is_guessed() -> None:
    x = np.linspace(0, 10, 50)
    model = Gaussian() + 100.0
    result = fit(model, x, model(x, 3.0, 4.0, 0.8), sigma=0.1)
    assert_allclose(list(result.values.values()), [3.0, 4.0, 0.8], rtol=1e-8)


def test_the_linear_parts_start_at_their_minimum() -> None:
    x = np.array([3.0, 1.0, 2.0, 4.0])
    assert Line().start(x, 2 * x + 1) == pytest.approx({"slope": 2, "intercept": 1})
    start = Polynomial(2).start(x + 500, (x + 500) ** 2)
    assert_allclose(Polynomial(2)(x + 500, *start.values()), (x + 500) ** 2)


def test_the_defaults_of_a_signature_win_over_guesses() -> None:
    model = Model(decay, guess=lambda x, y: {"amplitude": max(y), "rate": 5.0}, prefix="k_")
    assert model.start(X, X) == {"k_amplitude": 6.0, "k_rate": 1.0}
    assert (model + Line()).start(X, X)["k_rate"] == 1.0


def test_what_a_plain_function_does_not_tell_stays_open() -> None:
    start = (Model(decay) + Gaussian()).start(X, Gaussian()(X, 3.0, 2.0, 0.7))
    assert "amplitude" not in start
    assert start["center"] == pytest.approx(2.0, abs=0.3)


def test_several_variables_have_no_guess_but_work_as_plain_functions() -> None:
    plane = Model(lambda x, a, b: a * x[0] + b * x[1])
    x = np.array([[0.0, 1.0, 2.0, 4.0], [1.0, 0.0, 5.0, 2.0]])
    result = fit(plane, x, 2 * x[0] + 3 * x[1], sigma=0.1, p0=[1, 1])
    assert_allclose(list(result.values.values()), [2, 3])
    assert Gaussian().start(x, x[0]) == {}


@EVERY
def test_degenerate_data_still_give_a_start(model: Model, p: list[float]) -> None:
    for x, y in (
        (np.array([2.0]), np.array([3.0])),
        (np.full(5, 2.0), np.arange(5.0)),
        (np.arange(1.0, 9.0), np.zeros(8)),
        (np.arange(1.0, 9.0), np.ones(8)),
    ):
        start = model.start(x, y)
        assert set(start) == set(model.names)
        assert np.isfinite(list(start.values())).all()


def test_many_points_are_no_burden() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1000, 100_000)
    model = Gaussian() + Sine()
    truth = [3.0, 400.0, 20.0, 1.0, 2.3, 0.4]
    y = model(x, *truth) + rng.normal(0, 0.3, x.size)
    start = model.start(x, y)
    assert_allclose([start[name] for name in model.names], truth, rtol=0.1)


def test_of_many_points_a_guess_takes_some_and_of_few_all() -> None:
    model = Gaussian() + Line()
    for n, step in ((10_000, 1), (10_001, 2), (100_000, 10)):
        x = np.linspace(0.0, 10.0, n)
        y = model(x, 3.0, 6.0, 0.5, 0.2, 1.0) + np.random.default_rng(0).normal(0, 0.3, n)
        some = model.explain(x[::step], y[::step], np.ones(len(x[::step])))
        assert model.start(x, y) == some
        assert_allclose([some[name] for name in model.names[:3]], [3.0, 6.0, 0.5], rtol=0.1)


def test_a_wave_is_guessed_from_all_points_that_it_goes_through() -> None:
    x = np.arange(100_000.0)
    for model in (Sine(), Sine() + Line(), 2 * Sine()):
        assert model.start(x, np.sin(2 * np.pi * 0.11 * x))["frequency"] == pytest.approx(
            0.11, abs=1e-6
        )


def test_a_guess_of_ones_own_sees_all_points() -> None:
    x = np.arange(30_000.0)
    model = Model(lambda x, total: total + 0 * x, guess=lambda x, y: {"total": np.size(y)})
    assert model.start(x, x)["total"] == (model + Line()).start(x, x)["total"] == 30_000


# -- what is no model ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("gaussian", "expected a function or a Model as model, got 'gaussian'"),
        (Gaussian, r"got the class Gaussian, write Gaussian\(\)"),
    ],
)
def test_what_cannot_be_called_is_no_model(model: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        fit(model, [1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: 1.0, "the model <lambda> has no parameters to fit"),
        (lambda x: x, "the model <lambda> has no parameters to fit"),
        (lambda x, a=None: a * x, "the default of a has dtype object, expected real numbers"),
        (lambda x, a=1.0: None, "the model returned NoneType, expected real numbers"),
        (lambda x, a=1.0: 1j * a * x, "the model returned dtype complex128, expected real"),
    ],
)
def test_models_that_cannot_be_fitted(model: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(model, [1.0, 2.0], [1.0, 2.0])


def test_the_degree_of_a_polynomial_may_be_any_integer() -> None:
    assert Polynomial(np.int64(2)).names == ("c0", "c1", "c2")


def test_of_many_peaks_not_every_pair_is_looked_for_again(monkeypatch: Any) -> None:
    # Of n shapes there are n(n-1)/2 pairs.
    n, x = 10, np.linspace(0.0, 100.0, 400)
    descents = 0

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal descents
        descents += 1
        return least_squares(*arguments, **options)

    monkeypatch.setattr("fit.models._guess.least_squares", counting)
    rng = np.random.default_rng(0)
    y = 1 + 0.01 * x + 0.05 * rng.normal(size=x.size)
    model: Any = Line()
    for k in range(n):
        y += rng.uniform(1, 4) * np.exp(-0.5 * ((x - 10 * k - 5) / rng.uniform(0.8, 1.3)) ** 2)
        model = model + Gaussian(prefix=f"p{k}_")
    result = fit(model, x, y, 0.05)
    assert result.success
    assert result.reduced_chi_squared < 1.2
    assert descents <= 8 + 3 * 2 * n
