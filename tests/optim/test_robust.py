"""least_squares with robust losses: SciPy's definitions, and minima to rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from optim import Status, influence, least_squares

LOSSES = ["soft_l1", "huber", "cauchy", "arctan"]
rng = np.random.default_rng(0)
T = np.linspace(0, 4, 60)
DATA = 2 * np.exp(-T) + 0.3 + 0.02 * rng.normal(size=60)
DATA[::7] += rng.normal(size=9)  # outliers

# ρ′(z), worked out by hand from the definitions in SciPy's documentation.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "soft_l1": lambda z: (1 + z) ** -0.5,
    "huber": lambda z: np.where(z <= 1, 1.0, np.maximum(z, 1) ** -0.5),
    "cauchy": lambda z: 1 / (1 + z),
    "arctan": lambda z: 1 / (1 + z**2),
}


def decay(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * T) + x[2] - DATA


every_loss = pytest.mark.parametrize("loss", LOSSES)
every_scale = pytest.mark.parametrize("scale", [0.02, 0.1, 1.0])


@every_loss
@every_scale
def test_minimum_and_cost_are_scipys(loss: str, scale: float) -> None:
    result = least_squares(decay, [1.0, 1.0, 1.0], loss=loss, f_scale=scale)
    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}
    expected = scipy.optimize.least_squares(
        decay, [1.0, 1.0, 1.0], jac="3-point", loss=loss, f_scale=scale, **tight
    )
    assert result.success, result.message
    assert_allclose(result.cost, expected.cost, rtol=1e-14)
    assert_allclose(result.x, expected.x, rtol=5e-8)  # as far as a cost in double precision tells


@every_loss
@every_scale
def test_the_gradient_of_the_cost_vanishes_but_for_rounding(loss: str, scale: float) -> None:
    result = least_squares(decay, [1.0, 1.0, 1.0], loss=loss, f_scale=scale)
    weight = SLOPES[loss]((result.fun / scale) ** 2)
    gradient = result.jac.T @ (weight * result.fun)
    assert np.all(np.abs(gradient) < 1e-14 * np.linalg.norm(result.jac, axis=0))


def test_hubers_location_in_closed_form() -> None:
    # One outlier: the other three pull it back as strongly as it pulls, 1 for its unit slope.
    data = np.array([0.0, 1.0, 2.0, 100.0])
    result = least_squares(lambda x: x - data, 0.0, loss="huber", f_scale=2.0)
    assert_allclose(result.x, (0 + 1 + 2 + 2) / 3, rtol=1e-15)
    assert result.success


def test_an_outlier_hardly_matters() -> None:
    spoilt = DATA.copy()
    spoilt[20] = 1e6
    clean = least_squares(decay, [1.0, 1.0, 1.0], loss="cauchy", f_scale=0.02)
    result = least_squares(
        lambda x: x[0] * np.exp(-x[1] * T) + x[2] - spoilt,
        [1.0, 1.0, 1.0],
        loss="cauchy",
        f_scale=0.02,
    )
    assert result.success
    assert_allclose(result.x, clean.x, rtol=0.01)


def test_residuals_and_jacobian_are_told_as_they_are() -> None:
    result = least_squares(decay, [1.0, 1.0, 1.0], loss="soft_l1", f_scale=0.1)
    assert_allclose(result.fun, decay(result.x))
    assert_allclose(result.jac[:, 2], 1.0)


@every_loss
def test_a_loss_far_wider_than_the_residuals_is_the_linear_one(loss: str) -> None:
    linear = least_squares(decay, [1.0, 1.0, 1.0])
    result = least_squares(decay, [1.0, 1.0, 1.0], loss=loss, f_scale=1e6)
    assert_allclose(result.x, linear.x, rtol=1e-9)
    assert_allclose(result.cost, linear.cost, rtol=1e-9)


def test_a_loss_of_ones_own() -> None:
    named = least_squares(decay, [1.0, 1.0, 1.0], loss="cauchy", f_scale=0.1)
    own = least_squares(decay, [1.0, 1.0, 1.0], loss=lambda z: np.log(1 + z), f_scale=0.1)
    assert_allclose(own.x, named.x, rtol=1e-12)
    assert_allclose(own.cost, named.cost, rtol=1e-12)


def test_a_loss_that_bends_back_down() -> None:
    # Welsch's: outliers have no pull at all.
    result = least_squares(decay, [2.0, 1.0, 0.3], loss=lambda z: 1 - np.exp(-z), f_scale=0.1)
    weight = np.exp(-((result.fun / 0.1) ** 2))
    assert result.success, result.message
    assert_allclose(result.jac.T @ (weight * result.fun), 0, atol=1e-13)
    assert_allclose(result.x, [2, 1, 0.3], rtol=0.05)


@every_loss
def test_losses_and_bounds_together(loss: str) -> None:
    options: Any = {"loss": loss, "f_scale": 0.1}
    result = least_squares(decay, [1.0, 1.0, 0.1], bounds=(0, [9, 9, 0.2]), **options)
    held = least_squares(lambda x: decay([x[0], x[1], 0.2]), [1.0, 1.0], **options)
    assert result.success, result.message
    assert_allclose(result.x, [*held.x, 0.2], rtol=1e-12)


@pytest.mark.parametrize("loss", ["linear", *LOSSES, lambda z: 1 - np.exp(-z)])
def test_the_influence_is_half_the_derivative_of_the_cost(loss: Any) -> None:
    r, h = np.array([-3.0, -0.2, 0.0, 0.3, 1.7]), 1e-6
    _, pull, slope = influence(loss, r, 0.5)
    (above, up, _), (below, down, _) = (influence(loss, r + s, 0.5) for s in (h, -h))
    assert_allclose((above - below) / (4 * h), pull, atol=1e-8)
    assert_allclose((up - down) / (2 * h), slope, atol=1e-8)
    result = least_squares(lambda x: x[0] + r, [0.0], loss=loss, f_scale=0.5)
    assert np.sum(influence(loss, result.fun, 0.5)[0]) == pytest.approx(2 * result.cost)


def test_a_maximum_of_the_cost_is_left() -> None:
    # Between two clusters the loss has a maximum, where its gradient is zero too.
    data = np.array([-10.0, -10.0, 10.0, 10.0])
    result = least_squares(lambda x: x - data, 0.1, loss="cauchy", f_scale=1.0)
    assert_allclose(abs(result.x), 10, rtol=0.01)
    assert result.success


def test_a_loss_that_is_not_a_number() -> None:
    result = least_squares(decay, [1.0, 1.0, 1.0], loss=lambda z: np.sqrt(z - 1e-3))
    assert (result.status, result.success) == (Status.NOT_FINITE, False)
    assert "the loss of a residual is nan" in result.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "tukey"},
            "expected loss to be one of 'linear', 'soft_l1', 'huber', 'cauchy', 'arctan' or",
        ),
        ({"loss": lambda z: z[:3]}, r"the loss returned shape \(3,\) for z of shape \(60,\)"),
        (
            {"loss": "huber", "f_scale": 0.0},
            "f_scale to be a positive, finite number, got 0.0",
        ),
        ({"loss": "huber", "f_scale": np.inf}, "to be a positive, finite number, got inf"),
        ({"loss": "huber", "f_scale": np.nan}, "to be a positive, finite number, got nan"),
        ({"loss": ["huber"]}, r"or a function of z, got \['huber'\]"),
        ({"loss": None}, "or a function of z, got None"),
        (
            {"loss": "huber", "f_scale": -1.0},
            "f_scale to be a positive, finite number, got -1",
        ),
    ],
)
def test_losses_that_make_no_sense(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        least_squares(decay, [1.0, 1.0, 1.0], **options)


@pytest.mark.parametrize("f_scale", [None, "2", [1.0], 1j])
def test_a_scale_is_a_number(f_scale: Any) -> None:
    message = "expected f_scale to be a positive, finite number, got "
    with pytest.raises(TypeError, match=message):
        least_squares(decay, [1.0, 1.0, 1.0], loss="huber", f_scale=f_scale)
    with pytest.raises(TypeError, match=message):
        influence("huber", [1.0], f_scale)
