"""The nearest point of a curve, where both coordinates have errors, beside brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fit.models._model import Model
from fit.problem._errors_in_x import orthogonal_distance
from fit.problem._nearest_point import nearest_point

# A model, its parameters, and the reach of the true x. Some bend much within an error of x.
CURVES: dict[str, tuple[Any, list[float], tuple[float, float]]] = {
    "sine": (lambda x, a, b, c: a * np.sin(b * x + c), [15.0, 3.0, 0.3], (0, 8)),
    "cubic": (lambda x, a, b, c: a * x**3 + b * x**2 + c * x, [4.0, -2.0, -9.0], (-2.5, 2.5)),
    "slits": (
        lambda x, a, b, c: a * np.cos(b * x) ** 2 * np.sinc(c * x) ** 2,
        [60.0, 4.0, 0.4],
        (-4, 4),
    ),
    "peak": (lambda x, a, b, c: a * np.exp(-(((x - b) / c) ** 2)), [300.0, 0.4, 0.5], (-3, 3)),
    "resonance": (lambda x, a, b, c: a / (1 + ((x - b) / c) ** 2), [200.0, 0.4, 0.2], (-3, 3)),
    "step": (lambda x, a, b, c: a * np.tanh((x - b) / c), [20.0, 0.4, 0.1], (-3, 3)),
    "logarithm": (lambda x, a, b: a * np.log(b + x), [9.0, 0.8], (0, 6)),
    "corner": (lambda x, a, b: a * np.abs(x - b), [6.0, 0.4], (-3, 3)),
    "jump": (lambda x, a, b: a * (x > b) + x, [6.0, 0.4], (-3, 3)),
}


def measured(name: str, seed: int, n: int = 40) -> tuple[Any, Any, Any, Any]:
    """Return x, y and their errors, of which some of x are zero."""
    model, p, reach = CURVES[name]
    rng = np.random.default_rng(seed)
    true = np.linspace(*reach, n)
    sigma, x_sigma = rng.uniform(0.1, 0.4, n), rng.uniform(0.02, 0.2, n) * (np.arange(n) % 7 > 0)
    return (
        true + x_sigma * rng.normal(size=n),
        model(true, *p) + sigma * rng.normal(size=n),
        sigma,
        x_sigma,
    )


def least_distances(model: Any, x: Any, y: Any, sigma: Any, x_sigma: Any) -> Any:
    """Return each squared distance, and where, by a dense grid and golden sections of valleys."""

    def squares(u: Any) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nan_to_num(u**2 + ((model(x + x_sigma * u) - y) / sigma) ** 2, nan=np.inf)

    reach = np.sqrt(squares(np.zeros(len(y))).max()) + 0.1
    u = np.linspace(-reach, reach, int(100 * reach))[:, None]
    on_grid = squares(u)
    beside = np.pad(on_grid, ((1, 1), (0, 0)), constant_values=np.inf)
    valley = (on_grid <= beside[:-2]) & (on_grid <= beside[2:])
    best = np.argsort(np.where(valley, on_grid, np.inf), axis=0)[:8]
    low, high = u[best, 0] - (u[1] - u[0]), u[best, 0] + (u[1] - u[0])
    for _ in range(60):
        width = (high - low) * (np.sqrt(5) - 1) / 2
        lower = squares(high - width) < squares(low + width)
        low, high = np.where(lower, low, high - width), np.where(lower, low + width, high)
    found = squares(low)
    best = found.argmin(axis=0), np.arange(len(y))
    return found[best], low[best]


@pytest.mark.parametrize("off", [0.0, 0.03, -0.2])
@pytest.mark.parametrize("name", CURVES)
def test_distances_are_those_of_brute_force(name: str, off: float) -> None:
    model, p, _ = CURVES[name]
    shifted = np.array(p) * (1 + off)
    for seed in range(3):
        x, y, sigma, x_sigma = measured(name, seed)
        distances = orthogonal_distance(Model(model), x, y, sigma, x_sigma)(shifted)
        least, _ = least_distances(lambda x: model(x, *shifted), x, y, sigma, x_sigma)
        assert_allclose(distances**2, least, rtol=1e-7, atol=1e-9)


def test_distances_from_a_surface_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 5, (2, 30))
    x, sigma = true + 0.2 * rng.normal(size=(2, 30)), np.full(30, 0.2)

    def waves(x: Any, a: Any) -> Any:
        return a * np.sin(2 * x[0]) * np.cos(x[1])

    y = waves(true, 4.0) + sigma * rng.normal(size=30)
    distances = orthogonal_distance(Model(waves), x, y, sigma, np.full((2, 30), 0.2))(
        np.array([4.0])
    )
    u = np.stack(np.meshgrid(*[np.linspace(-4, 4, 401)] * 2)).reshape(2, -1, 1)
    least = (np.sum(u**2, axis=0) + ((waves(x[:, None] + 0.2 * u, 4.0) - y) / sigma) ** 2).min(
        axis=0
    )
    assert (distances**2 <= least).all()
    assert_allclose(distances**2, least, atol=0.01)


def test_the_nearest_point_is_found_from_the_middle_between_two() -> None:
    # From (0, 5) the parabola's tip is farther than all points near it, yet the slope is zero.
    u = nearest_point(lambda u: u[0] ** 2 - 5, 1, 1, np.zeros(1))
    assert_allclose(np.abs(u), [[np.sqrt(4.5)]])


def test_the_nearest_point_where_a_model_is_not_defined_everywhere() -> None:
    # The first point lies where the model is not defined.
    x, y = np.array([-0.2, 0.01, 0.2, 1.0]), np.array([0.5, 0.5, 0.1, 1.2])
    u = nearest_point(lambda u: (np.sqrt(x + 0.3 * u[0]) - y) / 0.1, 1, 4, np.zeros(4))
    true = x + 0.3 * u[0]
    slope = (true - x) / 0.09 + (np.sqrt(true) - y) / (2 * np.sqrt(true)) / 0.01
    assert_allclose(slope, 0, atol=1e-4)


def test_of_a_curve_too_steep_to_be_met_few_places_are_looked_at() -> None:
    # As a trial step of a search may make it: rounding keeps such a sine off every point.
    looked, x = 0, np.linspace(0.0, 10.0, 30)

    def steep(x: Any, a: Any, w: Any, p: Any) -> Any:
        nonlocal looked
        looked += 1
        return a * np.sin(2 * np.pi * w * x + p)

    distance = orthogonal_distance(Model(steep), x, 0.1 * x, np.full(30, 0.2), np.full(30, 0.05))
    for a in (1e12, 1e20, 6e28):
        looked = 0
        # Where the sine is exactly zero nothing is farther than its next zero, but for rounding.
        limit = np.pi / (2 * np.pi * 0.45079208) / 0.05 + 1e-13 * a
        assert np.all(np.abs(distance((a, 0.45079208, -9.829))) <= limit)
        assert looked < 10_000
