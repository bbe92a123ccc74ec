"""Initialisations: their variances, what makes them equal, and that seeds repeat them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn._initialisation import INITIALISATIONS, initialisation

INPUTS, OUTPUTS = 400, 100
VARIANCES = {
    "he_normal": 2 / INPUTS,
    "he_uniform": 2 / INPUTS,
    "glorot_normal": 2 / (INPUTS + OUTPUTS),
    "glorot_uniform": 2 / (INPUTS + OUTPUTS),
    "lecun_normal": 1 / INPUTS,
    "orthogonal": 1 / INPUTS,
    "normal": 1.0,
    "zeros": 0.0,
}
names = pytest.mark.parametrize("name", VARIANCES)


def test_all_initialisations_are_looked_at() -> None:
    assert set(VARIANCES) == set(INITIALISATIONS)


@names
def test_have_mean_0_and_their_variances(name: str) -> None:
    weights = nn.Linear(INPUTS, OUTPUTS, init=name, seed=0).weight.data
    spread = np.sqrt(VARIANCES[name] / weights.size)
    assert abs(weights.mean()) <= 4 * spread
    assert weights.var() == pytest.approx(VARIANCES[name], rel=4 * np.sqrt(2 / weights.size))


@names
def test_uniform_ones_end_and_normal_ones_have_tails(name: str) -> None:
    weights = nn.Linear(INPUTS, OUTPUTS, init=name, seed=0).weight.data
    deviations = np.abs(weights).max() / np.sqrt(VARIANCES[name] or 1)
    if name.endswith("uniform"):
        assert 0.99 * np.sqrt(3) < deviations <= np.sqrt(3)
    elif name != "zeros":
        assert 3.5 < deviations < 6


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (4, 1), (1, 1)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape: tuple[int, int]) -> None:
    W = nn.Linear(*shape, init="orthogonal", seed=1).weight.data
    product = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-14)


def test_orthogonal_prefers_no_sign() -> None:
    rng = np.random.default_rng(0)
    corners = [initialisation("orthogonal")((3, 3), rng, float)[0, 0] for _ in range(400)]
    assert abs(np.mean(np.sign(corners))) < 4 / np.sqrt(400)


@names
def test_seeds_repeat_and_generators_go_on(name: str) -> None:
    first, second = (nn.Linear(3, 2, init=name, seed=5).weight.data for _ in range(2))
    assert np.array_equal(first, second)
    rng = np.random.default_rng(5)
    third, fourth = (nn.Linear(3, 2, init=name, seed=rng).weight.data for _ in range(2))
    assert np.array_equal(first, third)
    assert name == "zeros" or not np.array_equal(third, fourth)


@names
def test_precision_rounds_the_same_numbers(name: str) -> None:
    single = nn.Linear(3, 2, init=name, seed=5, dtype=np.float32).weight.data
    double = nn.Linear(3, 2, init=name, seed=5).weight.data
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_networks_start_from_these_numbers() -> None:
    by_relu, by_tanh = (nn.MLP([2, 3, 1], activation=a, seed=0) for a in ("relu", "tanh"))
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=(2, 3)), rng.normal(size=(3, 1))]
    for layer, inputs, z in zip(by_relu.layers, (2, 3), drawn, strict=True):
        np.testing.assert_allclose(layer.weight.data, np.sqrt(2 / inputs) * z, rtol=1e-15)
    for layer, inputs, z in zip(by_tanh.layers, (2, 3), drawn, strict=True):
        np.testing.assert_allclose(layer.weight.data, np.sqrt(1 / inputs) * z, rtol=1e-15)


def test_a_function_of_ones_own() -> None:
    def constant(shape: Any, rng: Any, dtype: Any) -> Any:
        return np.full(shape, 0.5, dtype)

    assert nn.Linear(2, 1, init=constant).weight.data.tolist() == [[0.5], [0.5]]


def test_what_a_function_of_ones_own_returns_is_cast() -> None:
    values = np.arange(6.0).reshape(2, 3)
    for returned in (values, values.tolist(), values.astype(int)):
        layer = nn.Linear(2, 3, init=lambda *_, x=returned: x, dtype=np.float32)
        assert layer.weight.dtype == np.float32
        assert layer.weight.data.tolist() == values.tolist()
    layer = nn.Linear(2, 3, init=lambda *_: values)
    values[0, 1] = 7.0
    assert layer.weight.data[0, 1] == 1.0


@pytest.mark.parametrize("name", ["kaiming_normal", "", 3, None, ["zeros"]])
def test_an_unknown_one_is_answered_by_those_there_are(name: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown initialisation .*'he_normal', 'he_uniform'"):
        nn.Linear(2, 1, init=name)
