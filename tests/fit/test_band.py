"""Bands of models that are curved in their parameters: right where the slope alone is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from fit import Gaussian, fit
from fit.results._result import FitResult

T = np.linspace(0.0, 4.0, 12)
Y = 5 * np.exp(-0.8 * T) + 0.1 * np.random.default_rng(0).normal(size=12)
PLACES = np.array([0.0, 1.0, 5.0, 9.0])
LEVEL = 0.95
FACTOR = norm.ppf(0.975)


def exponential(t: Any, a: Any = 1.0, b: Any = 0.0) -> Any:
    return np.exp(a + b * t)


def symmetric(result: FitResult, J: Any) -> Any:
    """Return what the slopes alone make of the covariance."""
    half = FACTOR * np.sqrt(np.einsum("ni,ij,nj->n", J, result.covariance, J))
    middle = result.predict(PLACES)
    return middle - half, middle + half


def line_of(result: FitResult, places: Any = PLACES) -> Any:
    """Return the edges of the line in the exponent, which are exact."""
    J = np.stack([np.ones_like(places), places], axis=-1)
    half = FACTOR * np.sqrt(np.einsum("...i,ij,...j->...", J, result.covariance, J))
    return J @ result.p - half, J @ result.p + half


def test_the_band_of_an_exponential_is_that_of_its_exponent() -> None:
    result = fit(exponential, T, Y, 0.1)
    low, high = result.band(PLACES, LEVEL)
    expected = np.exp(line_of(result))
    assert_allclose((low, high), expected, rtol=1e-12)
    assert (low > 0).all()
    assert high[-1] - result.predict(9.0) > 1.4 * (result.predict(9.0) - low[-1])


def test_bands_at_one_place_and_of_x_in_a_dict_or_in_rows() -> None:
    alone = fit(exponential, T, Y, 0.1)
    assert_allclose(alone.band(5.0, LEVEL), np.exp(line_of(alone, np.array(5.0))), rtol=1e-12)
    of_dict = fit(lambda x, a=1.0, b=0.0: np.exp(a + b * x["t"]), {"t": T}, Y, 0.1)
    in_rows = fit(lambda x, a=1.0, b=0.0: np.exp(a * x[0] + b * x[1]), [T**0, T], Y, 0.1)
    expected = alone.band(PLACES, LEVEL)
    assert_allclose(of_dict.band({"t": PLACES}, LEVEL), expected, rtol=1e-6)
    assert_allclose(in_rows.band([PLACES**0, PLACES], LEVEL), expected, rtol=1e-6)


def test_fixed_and_tied_parameters_follow() -> None:
    result = fit(
        lambda t, a=1.0, opposite=0.0, one=1.0: one * np.exp(a + opposite * t / 2),
        T,
        Y,
        0.1,
        fixed={"one": 1.0, "opposite": lambda a: -a},
    )
    a, error = result.values["a"], result.errors["a"]
    slope = 1 - PLACES / 2
    ends = np.exp(np.multiply.outer((a - FACTOR * error, a + FACTOR * error), slope))
    assert_allclose(result.band(PLACES, LEVEL), np.sort(ends, axis=0), rtol=1e-12)


def test_a_prediction_adds_the_scatter_to_each_side() -> None:
    result = fit(exponential, T, Y, 0.1)
    middle = result.predict(PLACES)
    low, high = result.band(PLACES, LEVEL, kind="prediction")
    inner_low, inner_high = result.band(PLACES, LEVEL)
    assert_allclose(middle - low, np.hypot(middle - inner_low, FACTOR * 0.1))
    assert_allclose(high - middle, np.hypot(inner_high - middle, FACTOR * 0.1))


def test_parameters_keep_to_their_bounds() -> None:
    y = np.array([0.05, -0.02, 0.03, 0.06])
    result = fit(lambda t, a=1.0: a * np.ones_like(t), np.arange(4.0), y, 0.1, bounds={"a": (0, 1)})
    low, high = result.band([0.0], LEVEL)
    assert_allclose(low, 0.0)
    assert_allclose(high, y.mean() + FACTOR * 0.05)


def test_at_a_lowest_value_of_the_model_the_band_goes_up_only() -> None:
    # Of (t - c)² nothing is below 0, and c moves both ways.
    t = np.array([-2.0, -1.0, 1.0, 2.0])
    result = fit(lambda t, c=0.2: (t - c) ** 2, t, t**2 + 0.01 * t, 0.1)
    c, error = result.values["c"], result.errors["c"]
    place = c + error / 10
    low, high = result.band([place], LEVEL)
    assert_allclose(low, result.predict([place]))
    assert_allclose(high, (FACTOR * error + error / 10) ** 2)


def summed(t: Any, a: Any = 1.0, b: Any = -0.5) -> Any:
    return np.cumsum(np.exp(a + b * t))


def chosen(t: Any, a: Any = 1.0, b: Any = -0.5) -> Any:
    return np.exp(a + b * t) if a > -10 else 0 * t


@pytest.mark.parametrize("model", [summed, chosen])
def test_models_that_take_no_arrays_of_parameters_have_symmetric_bands(model: Any) -> None:
    y = model(T, np.log(5.0), -0.8) + 0.1 * np.random.default_rng(1).normal(size=12)
    result = fit(model, T, y, 0.1)
    a, b = result.p
    each = np.exp(a + b * PLACES)
    J = np.stack([each, PLACES * each], axis=-1)
    if model is summed:
        J = np.cumsum(J, axis=0)
    assert_allclose(result.band(PLACES, LEVEL), symmetric(result, J), rtol=1e-9)


def test_beyond_where_the_model_has_values_the_slope_tells() -> None:
    def root(t: Any, a: Any = 2.0) -> Any:
        return np.sqrt(a - 1) * t

    result = fit(root, [1.0, 2.0], [0.1, 0.2], 0.2)
    low, high = result.band([1.0], LEVEL)  # moved by its errors, a is below 1
    half = FACTOR * result.errors["a"] / (2 * np.sqrt(result.values["a"] - 1))
    middle = result.predict([1.0])
    assert_allclose((low, high), (middle - half, middle + half))


def test_the_tails_of_a_peak_are_covered() -> None:
    """By their slopes alone, bands cover the truth five sigma away four times of five."""
    x, truth = np.linspace(0, 10, 50), (8.0, 5.0, 1.0)
    places, sets, model = np.array([0.0, 1.25, 2.5, 5.0]), 200, Gaussian()
    rng = np.random.default_rng(0)
    covered = np.zeros(len(places))
    for _ in range(sets):
        y = model(x, *truth) + rng.normal(size=len(x))
        low, high = fit(model, x, y, 1.0, p0=truth).band(places, 0.9545)
        covered += (low <= model(places, *truth)) & (model(places, *truth) <= high)
    assert_allclose(covered / sets, 0.9545, atol=3 * np.sqrt(0.9545 * 0.0455 / sets))
