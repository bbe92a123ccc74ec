"""Modules, layers and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import nn
from autodiff import Tensor, check_grads, grad, jacobian, taylor


class TestModule:
    def test_finds_parameters_in_attributes_lists_and_dictionaries(self) -> None:
        class Inner(nn.Module):
            def __init__(self) -> None:
                self.weight = Tensor(1.0)

        class Outer(nn.Module):
            def __init__(self) -> None:
                self.first = Inner()
                self.blocks = [Inner(), {"last": Inner()}]
                self.shared = self.first
                self.scale = Tensor(2.0, requires_grad=False)

        names = [name for name, _ in Outer().named_parameters()]
        assert names == ["first.weight", "blocks.0.weight", "blocks.1.last.weight", "scale"]

    def test_without_forward_says_so(self) -> None:
        with pytest.raises(NotImplementedError, match="Module defines no forward"):
            nn.Module()(1.0)


class TestLinear:
    @pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3)])
    def test_is_affine_in_the_last_axis(self, shape: tuple[int, ...]) -> None:
        layer = nn.Linear(3, 2, seed=0)
        layer.bias.data = [1.0, -1.0]
        x = np.random.default_rng(1).normal(size=shape)
        expected = np.einsum("...i,ij->...j", x, layer.weight.data) + layer.bias.data
        np.testing.assert_allclose(layer(x).data, expected, rtol=1e-14)

    @pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3)])
    def test_is_differentiable_to_second_order(self, shape: tuple[int, ...]) -> None:
        def f(x: Any, W: Any, b: Any) -> Any:
            layer = nn.Linear(3, 2)
            layer.weight, layer.bias = W, b
            return np.tanh(layer(x))

        rng = np.random.default_rng(2)
        check_grads(f, rng.normal(size=shape), rng.normal(size=(3, 2)), rng.normal(size=2))

    def test_a_batch_of_seeds(self) -> None:
        layer = nn.Linear(3, 4, seed=0)
        x = np.random.default_rng(3).normal(size=(2, 3))
        W = layer.weight.data
        many = jacobian(lambda x: layer(x).data * 0 + layer(x))  # forward: 6 columns, 8 rows
        assert many(x).shape == (2, 4, 2, 3)
        np.testing.assert_allclose(many(x)[1, :, 1, :].data, W.T)
        narrow = nn.Linear(3, 1, seed=0)
        J = jacobian(lambda x: narrow(x))(x)  # backward: 2 rows
        np.testing.assert_allclose(J[0, :, 0, :].data, narrow.weight.data.T)

    def test_seeds_repeat(self) -> None:
        assert np.array_equal(
            nn.Linear(3, 2, seed=5).weight.data, nn.Linear(3, 2, seed=5).weight.data
        )


class TestMLP:
    def test_shapes_names_and_dtype(self) -> None:
        network = nn.MLP([64, 128, 64, 10], activation="relu", seed=0, dtype=np.float32)
        assert [p.shape for p in network.parameters()] == [
            *[(64, 128), (128,)],
            *[(128, 64), (64,)],
            *[(64, 10), (10,)],
        ]
        assert [p.name for p in network.parameters()] == [
            f"layers.{i}.{kind}" for i in range(3) for kind in ("weight", "bias")
        ]
        assert network(np.ones((5, 64), np.float32)).dtype == np.float32

    @pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
    def test_initial_weights_keep_the_signal_alive(self, activation: str) -> None:
        network = nn.MLP([200] * 6, activation=activation, seed=0)
        out = network(np.random.default_rng(0).normal(size=(100, 200))).data
        assert 0.1 < out.std() < 3

    def test_the_output_has_an_activation_of_its_own(self) -> None:
        network = nn.MLP([1, 6, 7, 2], activation="logistic", output_activation="logistic", seed=0)
        out = network(np.linspace(-50, 50, 9)[:, None]).data
        assert np.all((out > 0) & (out < 1))

    @pytest.mark.parametrize(
        ("sizes", "activation"), [([2], "relu"), ([2, 0], "relu"), ([2, 3], "swish")]
    )
    def test_refuses_what_is_no_network(self, sizes: list[int], activation: str) -> None:
        with pytest.raises(ValueError, match="expected"):
            nn.MLP(sizes, activation=activation)


class TestActivations:
    def test_relu_has_the_derivative_zero_at_zero(self) -> None:
        assert grad(lambda x: np.sum(nn.relu(x)))(np.array([-1.0, 0.0, 2.0])).tolist() == [0, 0, 1]

    def test_logistic_does_not_overflow(self) -> None:
        x = np.array([-1000.0, 0.0, 1000.0])
        assert nn.logistic(x).tolist() == [0.0, 0.5, 1.0]
        check_grads(nn.logistic, np.array([-2.0, 0.1, 3.0]), order=3)

    def test_logistic_has_power_series_far_out(self) -> None:
        shares = np.array([1.0, 1 / 2, 1 / 6, 1 / 24])  # of the exponential function
        for x in (-1000.0, -700.0, -400.0):
            left, right = (taylor(nn.logistic, z, 4).coefficients[1:] for z in (x, -x))
            np.testing.assert_allclose(left, np.exp(x) * shares, rtol=1e-12)
            np.testing.assert_allclose(right, np.exp(x) * shares * [1, -1, 1, -1], rtol=1e-12)

    def test_logistic_is_the_exponential_function_far_left(self) -> None:
        x = np.array([-700.0, -400.0, -37.5])
        np.testing.assert_allclose(nn.logistic(x), np.exp(x), rtol=1e-14)
        np.testing.assert_allclose(np.log(nn.logistic(x)), x, rtol=1e-14)
        single = np.array([-80.0, -20.0], np.float32)
        np.testing.assert_allclose(np.log(nn.logistic(single)), single, rtol=1e-6)
        assert nn.logistic(np.array([-1e300, -np.inf, np.inf])).tolist() == [0.0, 0.0, 1.0]

    def test_the_logarithm_of_logistic_keeps_its_slope(self) -> None:
        x = np.array([-700.0, -37.5, 0.5])
        slope = grad(lambda x: np.sum(np.log(nn.logistic(x))))(x)
        np.testing.assert_allclose(slope, special.expit(-x), rtol=1e-14)


class TestBatches:
    def test_every_row_comes_once_and_rows_stay_together(self) -> None:
        x = np.arange(10)
        rows = [
            (a, b) for u, v in nn.batches(x, -x, size=3, seed=0) for a, b in zip(u, v, strict=True)
        ]
        assert sorted(a for a, _ in rows) == list(range(10))
        assert all(a == -b for a, b in rows)

    def test_a_generator_shuffles_anew(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (next(nn.batches(np.arange(50), size=50, seed=rng))[0] for _ in range(2))
        assert not np.array_equal(first, second)

    @pytest.mark.parametrize(("lengths", "size"), [((3, 4), 2), ((3,), 0)])
    def test_refuses_what_does_not_fit(self, lengths: tuple[int, ...], size: int) -> None:
        with pytest.raises(ValueError, match="arrays of one length"):
            nn.batches(*(np.ones(n) for n in lengths), size=size)
