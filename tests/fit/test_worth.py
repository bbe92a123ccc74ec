"""A minimum that describes nothing is said to: one worse than a constant, or with a false pole."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose
from scipy.optimize import OptimizeWarning

from fit import curve_fit, fit
from tests.optim.test_poles import CONCENTRATION, RATE, michaelis_menten

X = np.linspace(0.5, 4.0, 20)
NOISE = 0.1 * np.random.default_rng(5).normal(size=20)


def falling(x: Any, a: Any = 1.0) -> Any:
    return a / (1 + x)


def test_without_p0_a_model_with_a_pole_reaches_the_textbooks_answer() -> None:
    # Bates and Watts (1988), and R: 212.7 ± 6.95 and 0.0641 ± 0.00828.
    popt, pcov = curve_fit(michaelis_menten, CONCENTRATION, RATE)
    assert_allclose(popt, [212.6837, 0.06412128], rtol=1e-6)
    assert_allclose(np.sqrt(np.diag(pcov)), [6.947, 0.008281], rtol=1e-3)


def test_where_ones_lead_to_nothing_other_signs_are_tried() -> None:
    # The same model, whose pole lies among the data at K = 1.
    popt, _ = curve_fit(lambda c, V, K: V * c / (c - K), CONCENTRATION, RATE)
    assert_allclose(popt, [212.6837, -0.06412128], rtol=1e-6)


def test_of_random_sets_none_fails_silently() -> None:
    rng = np.random.default_rng(0)
    failed = {"SciPy": 0, "ours": 0}
    for k in range(300):
        scale = 10 ** rng.uniform(-2, 3)
        x = np.sort(rng.uniform(0.04, 2.0, rng.integers(6, 16))) * scale
        true = 10 ** rng.uniform(-1, 3), scale * 10 ** rng.uniform(-1, 0.3)
        y = michaelis_menten(x, *true)
        y += (0.01, 0.05, 0.1)[k % 3] * true[0] / 2 * rng.normal(size=x.size)
        best = np.sum((y - michaelis_menten(x, *true)) ** 2)
        for name, f in (("SciPy", scipy.optimize.curve_fit), ("ours", curve_fit)):
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                try:
                    popt, _ = f(michaelis_menten, x, y)
                except RuntimeError:
                    continue
            if np.sum((y - michaelis_menten(x, *popt)) ** 2) > best:
                failed[name] += not any(w.category is OptimizeWarning for w in said)
    assert failed["ours"] == 0
    assert failed["SciPy"] > 10


# -- worse than a constant -------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [None, 0.1, np.full(20, 0.1), 0.01 * np.eye(20)])
def test_a_fit_worse_than_a_constant_is_said_to_be(sigma: Any) -> None:
    y = 3 + X + NOISE
    result = fit(falling, X, y, sigma)
    assert result.success
    constant = np.sum((y - y.mean()) ** 2) * (1 if sigma is None else 100)
    (said,) = [w for w in result.warnings if "worse than a constant" in w]
    numbers = f"its χ² is {result.chi_squared:.4g}, but that of the best constant {constant:.4g}"
    assert numbers in said
    assert said.endswith("since the model is linear in its parameters there is no better minimum")
    with pytest.warns(OptimizeWarning, match="^The fit is worse than a constant") as caught:
        curve_fit(falling, X, y, sigma=sigma, p0=[1])
    (warning,) = caught
    assert "since f is linear in its parameters there is no better" in str(warning.message)


def test_where_there_may_be_a_better_minimum_another_start_is_advised() -> None:
    y = 3 + X + NOISE
    result = fit(lambda x, a=1.0: a**3 / (1 + x), X, y)
    (said,) = [w for w in result.warnings if "worse than a constant" in w]
    assert said.endswith("start elsewhere, with p0, unless the model is wrong")
    with pytest.warns(OptimizeWarning, match="give p0, or another one, unless f is wrong"):
        curve_fit(lambda x, a: a**3 / (1 + x), X, y, p0=[1])


def test_of_mere_noise_a_shape_is_hardly_ever_said_to_be_worse_than_a_constant() -> None:
    rng = np.random.default_rng(7)
    for shape in (X - X.mean(), np.exp(-((X - 2) ** 2))):
        for _ in range(200):
            curve_fit(lambda x, a, shape=shape: a * shape, X, rng.normal(size=20), p0=[1.0])


def test_by_chance_only_a_fit_may_be_worse_than_a_constant() -> None:
    y = NOISE - NOISE.mean() + 0.03
    result = fit(lambda x, a=1.0: a * x**2, X, y)
    assert result.r_squared < 0
    assert result.warnings == []
    curve_fit(lambda x, a: a * x**2, X, y)


def test_of_data_without_variance_nothing_is_said() -> None:
    curve_fit(lambda x, a: a * x, X, np.full(20, 2.0))
    assert not any("constant" in w for w in fit(lambda x, a=1.0: a * x, X, np.ones(20)).warnings)


# -- poles among the data --------------------------------------------------------------------


def spike(x: Any, a: Any = 0.0, c: Any = 1.0, b: Any = 1.0) -> Any:
    return b + a / (x - c)


def test_a_pole_between_points_is_named() -> None:
    # At this minimum a spike describes a single point.
    y = 3 + X + NOISE
    start = [1e-3, X[3] + 1e-3, 5.0]
    result = fit(spike, X, y, 0.1, p0=start)
    (said,) = [w for w in result.warnings if "pole" in w]
    c = result.values["c"]
    i = int(np.searchsorted(X, c))
    assert f"between the points x = {X[i - 1]:.4g} and {X[i]:.4g}:" in said
    with pytest.warns(OptimizeWarning, match="The curve has a pole between the points x = "):
        curve_fit(spike, X, y, p0=start)


def test_a_pole_that_the_data_have_is_right() -> None:
    y = spike(X, 2.0, 1.55, 1.0) + NOISE
    assert fit(spike, X, y, 0.1, p0=[1.0, 1.5, 0.0]).warnings == []
    curve_fit(spike, X, y, p0=[1.0, 1.5, 0.0])


def test_a_step_is_no_pole() -> None:
    y = np.where(X > 2, 1.0, 0.0) + 10 * NOISE
    curve_fit(lambda x, a, b: np.where(x > 2, a, b), X, y)


def test_a_model_for_the_measured_x_alone_is_no_error() -> None:
    table = {float(x): x for x in X}
    y = 0.1 * X + 10 * NOISE
    curve_fit(lambda x, a: a * np.array([table[float(v)] ** 2 for v in x]), X, y)
