"""Layers and the multilayer perceptron: values, derivatives, and batches that do not fit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, check_grads, compile, grad, jacobian, value_and_grad
from nn import _layers


@pytest.fixture(autouse=True)
def nothing_said_yet() -> Iterator[None]:
    _layers._warn_of_cast.cache_clear()
    yield
    _layers._warn_of_cast.cache_clear()


class TestLinear:
    @pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3)])
    def test_is_affine_in_the_last_axis(self, shape: tuple[int, ...]) -> None:
        layer = nn.Linear(3, 2, seed=0)
        layer.bias.data = [1.0, -1.0]
        x = np.random.default_rng(1).normal(size=shape)
        expected = np.einsum("...i,ij->...j", x, layer.weight.data) + layer.bias.data
        np.testing.assert_allclose(layer(x).data, expected, rtol=1e-14)
        np.testing.assert_allclose(layer(x.tolist()).data, expected, rtol=1e-14)

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

    def test_may_have_no_bias(self) -> None:
        layer = nn.Linear(3, 2, bias=False, seed=0)
        assert [name for name, _ in layer.named_parameters()] == ["weight"]
        assert np.array_equal(layer(np.eye(3)).data, layer.weight.data)

    @pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (-1, 3)])
    def test_sizes_are_positive(self, sizes: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match=rf"at least 1, got Linear\({sizes[0]}, {sizes[1]}\)"):
            nn.Linear(*sizes)


class TestBatchesThatDoNotFit:
    @pytest.mark.parametrize("shape", [(5, 3), (2,), (4, 0), ()])
    def test_a_wrong_width_is_named_with_both_shapes_and_the_path(self, shape: Any) -> None:
        model = nn.Sequential(nn.MLP([4, 3, 1], seed=0))
        with pytest.raises(ValueError, match="takes a batch") as raised:
            model(np.ones(shape))
        assert str(raised.value) == (
            "Linear with layers.0.layers.0.weight of shape (4, 3) takes a batch of shape "
            f"(..., 4), but got one of shape {shape}"
        )

    def test_inside_a_model_too_and_without_one(self) -> None:
        model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(4), nn.Linear(4, 1))
        with pytest.raises(ValueError, match=r"^LayerNorm with layers\.1\.weight .*\(\.\.\., 4\)"):
            model(np.ones((5, 2)))
        with pytest.raises(ValueError, match=r"^Linear with weight .*\(\.\.\., 2\).*\(5, 3\)"):
            nn.Linear(2, 3)(np.ones((5, 3)))

    def test_a_row_is_not_stretched_over_a_norm(self) -> None:
        with pytest.raises(ValueError, match="LayerNorm"):
            nn.LayerNorm(4)(np.ones((5, 1)))

    def test_longer_floats_are_cast_and_that_is_said_once(self) -> None:
        model = nn.MLP([2, 3, 1], seed=0, dtype=np.float32)
        x = np.random.default_rng(0).normal(size=(5, 2))
        message = (
            r"a float64 batch is cast, for layers\.0\.weight is float32: "
            r"write x\.astype\(np\.float32\)"
        )
        with pytest.warns(UserWarning, match=message) as said:
            out = model(x)
        assert len(said) == 1
        assert out.dtype == np.float32
        assert np.array_equal(out.data, model(x.astype(np.float32)).data)
        with warnings.catch_warnings():
            warnings.simplefilter("always")  # which forgets what was said
            with warnings.catch_warnings(record=True) as again:
                model(x)
        assert again == []

    def test_the_cast_is_differentiable(self) -> None:
        layer = nn.Linear(2, 1, seed=0, dtype=np.float32)
        with pytest.warns(UserWarning, match="is cast"):
            slope = grad(lambda x: np.sum(layer(x)))(np.ones((3, 2))).data
        assert slope.dtype == np.float64
        np.testing.assert_allclose(slope, np.tile(layer.weight.data[:, 0], (3, 1)), rtol=1e-7)

    @pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int64, bool])
    def test_what_loses_nothing_of_note_is_cast_in_silence(self, dtype: Any) -> None:
        for own in (np.float32, np.float64):
            model = nn.Sequential(nn.Linear(2, 3, dtype=own), nn.LayerNorm(3, dtype=own), "tanh")
            assert model(np.ones((4, 2), dtype)).dtype == own

    def test_a_complex_batch_keeps_its_imaginary_part(self) -> None:
        layer = nn.Linear(1, 1, seed=0)
        assert layer([[1j]]).data[0, 0] == 1j * layer.weight.data[0, 0]

    def test_an_initialisation_of_another_shape_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"\(3, ?5\).*\(3, ?2\)"):
            nn.Linear(3, 2, init=lambda shape, rng, dtype: np.ones((3, 5)))


class TestLayerNorm:
    x = np.array([[0.5, -1.0, 2.0], [3.0, 3.0, 3.0], [1e-3, 0.0, -2e-3]])
    seeds = np.array([[1.0, 2.0, -1.0], [0.5, -1.5, 1.0], [2.0, 1.0, 0.25]])

    def test_an_eps_of_numpy_keeps_the_precision(self) -> None:
        layer = nn.LayerNorm(3, np.float64(1e-5), dtype=np.float32)
        assert layer(self.x.astype(np.float32)).dtype == np.float32
        assert repr(layer).startswith("LayerNorm(weight (3,), bias (3,), eps=1e-05)")

    def layer(self) -> nn.LayerNorm:
        layer = nn.LayerNorm(3)
        layer.weight.data, layer.bias.data = [1.0, -0.5, 2.0], [0.1, 0.2, -0.3]
        return layer

    def test_values_and_gradients_are_pytorch_s(self) -> None:
        layer, x = self.layer(), Tensor(self.x)
        y = layer(x)
        np.sum(self.seeds * y).backward()
        by_pytorch = {
            "y": [
                [0.1, 0.8123703944645484, 2.1494815778581935],
                [0.1, 0.2, -0.3],
                [0.49223227027636807, 0.150970966215454, -1.2805806756909202],
            ],
            "x": [
                [1.3608230988101073, -0.6804088277770003, -0.6804142710331073],
                [-184.46619684315544, -105.40925533894597, 289.8754521821014],
                [373.3749495900042, -347.917566663413, -25.45738292659118],
            ],
            "weight": [0.7844645405527362, -2.3514235102891012, -1.3473133733904616],
            "bias": [3.5, 1.5, 0.25],
        }
        ours = {"y": y.data, "x": x.grad, "weight": layer.weight.grad, "bias": layer.bias.grad}
        for name, expected in by_pytorch.items():
            np.testing.assert_allclose(ours[name], expected, rtol=1e-11, atol=1e-11)

    def test_rows_have_mean_0_and_variance_1(self) -> None:
        x = np.random.default_rng(0).normal(5, 3, size=(4, 2, 50))
        y = nn.LayerNorm(50)(x).data
        np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-14)
        np.testing.assert_allclose(y.var(axis=-1), 1, rtol=1e-4)

    def test_a_large_mean_does_not_cancel(self) -> None:
        x = np.random.default_rng(0).integers(-8, 8, size=(4, 16)).astype(float)
        layer = nn.LayerNorm(16)
        np.testing.assert_allclose(layer(x + 2.0**40).data, layer(x).data, atol=1e-12)

    def test_is_differentiable_to_second_order(self) -> None:
        def f(x: Any, weight: Any, bias: Any) -> Any:
            layer = nn.LayerNorm(3)
            layer.weight, layer.bias = weight, bias
            return layer(x)

        layer = self.layer()
        check_grads(f, self.x[:1] + 0.1, layer.weight.data, layer.bias.data)


class TestDropout:
    x = np.ones((40, 50))

    def test_scales_what_it_keeps(self) -> None:
        y = nn.Dropout(0.2, seed=0)(self.x)
        assert set(np.unique(y)) == {0.0, 1 / 0.8}
        kept = np.mean(y > 0)
        assert abs(kept - 0.8) < 4 * np.sqrt(0.8 * 0.2 / y.size)

    def test_is_the_identity_in_use_and_where_p_is_0(self) -> None:
        assert nn.Dropout(0.5, seed=0).eval()(self.x) is self.x
        assert nn.Dropout(0.0)(self.x) is self.x

    def test_differs_from_call_to_call_and_repeats_by_its_seed(self) -> None:
        first, second = (nn.Dropout(0.5, seed=3) for _ in range(2))
        y = first(self.x)
        assert np.array_equal(y, second(self.x))
        assert not np.array_equal(y, first(self.x))

    def test_what_was_dropped_has_no_gradient(self) -> None:
        x = Tensor(self.x)
        y = nn.Dropout(0.25, seed=0)(x)
        np.sum(y).backward()
        assert np.array_equal(x.grad, np.where(y.data > 0, 1 / 0.75, 0))

    def test_drops_infinities_too_and_keeps_single_precision(self) -> None:
        y = nn.Dropout(0.5, seed=0)(np.full(100, np.inf, np.float32))
        assert set(np.unique(y)) == {0.0, np.inf}
        assert y.dtype == np.float32
        y = nn.Dropout(np.float64(0.5), seed=0)(np.ones(100, np.float32))
        assert y.dtype == np.float32

    @pytest.mark.parametrize("p", [-0.1, 1.0, 2, np.nan])
    def test_p_is_a_probability_below_1(self, p: float) -> None:
        with pytest.raises(ValueError, match=f"from 0 to less than 1, got {p}"):
            nn.Dropout(p)


class TestDropoutInPlans:
    def model(self) -> nn.Sequential:
        return nn.Sequential(nn.Linear(3, 40, seed=0), nn.Dropout(0.5, seed=1), "tanh")

    def test_replays_draw_what_calls_would_draw(self) -> None:
        written, planned = self.model(), self.model()
        x = np.random.default_rng(0).normal(size=(4, 3))
        replayed = compile(lambda x: planned(x))
        masks = []
        for _ in range(12):
            expected = written(x).data
            np.testing.assert_allclose(replayed(x), expected, rtol=1e-14)
            masks.append(expected == 0)
        assert replayed.plans[0].runs >= 5
        assert len({mask.tobytes() for mask in masks}) == 12

    def test_gradients_are_those_of_the_same_masks(self) -> None:
        written, planned = self.model(), self.model()
        x = np.random.default_rng(0).normal(size=(4, 3))

        def step_of(model: nn.Module) -> Any:
            return value_and_grad(lambda x: np.sum(model(x) ** 2))

        replayed = compile(step_of(planned))
        for _ in range(12):
            (value, slope), (expected, by_call) = replayed(x), step_of(written)(x)
            assert value == pytest.approx(expected.item(), rel=1e-13)
            np.testing.assert_allclose(slope, by_call.data, rtol=1e-12, atol=1e-14)
        assert replayed.plans[0].runs >= 5

    def test_the_mode_may_change_between_replays(self) -> None:
        written, planned = self.model(), self.model()
        x = np.random.default_rng(0).normal(size=(4, 3))
        replayed = compile(lambda x: planned(x))
        for i, mode in enumerate([True] * 8 + [False] * 8 + [True] * 8 + [False]):
            if i >= 8:  # until then as it was built
                written.train(mode), planned.train(mode)
            np.testing.assert_allclose(replayed(x), written(x).data, rtol=1e-14)


class TestSequential:
    def test_applies_modules_functions_and_activations_by_name(self) -> None:
        inner = nn.Linear(2, 3, seed=0)
        x = np.random.default_rng(0).normal(size=(5, 2))
        out = nn.Sequential(inner, "tanh", np.exp, lambda y: y[:, :1])(x)
        np.testing.assert_allclose(out.data, np.exp(np.tanh(x @ inner.weight.data))[:, :1])

    def test_may_be_empty(self) -> None:
        assert nn.Sequential()(3.0) == 3.0

    def test_a_list_is_to_be_spread(self) -> None:
        with pytest.raises(TypeError, match=r"Sequential\(\*layers\) for a list"):
            nn.Sequential([nn.Linear(2, 3)])  # type: ignore[arg-type]

    def test_names_of_activations_are_known(self) -> None:
        with pytest.raises(ValueError, match="unknown activation 'swish'"):
            nn.Sequential(nn.Linear(2, 3), "swish")


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

    @pytest.mark.parametrize(
        "activation",
        ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "logistic", "identity", np.tanh],
    )
    def test_initial_weights_keep_the_signal_alive(self, activation: Any) -> None:
        network = nn.MLP([200] * 6, activation=activation, seed=0)
        out = network(np.random.default_rng(0).normal(size=(100, 200))).data
        assert 0.1 < out.std() < 3

    def test_is_what_its_layers_are_in_a_row(self) -> None:
        network = nn.MLP([2, 4, 3, 1], "silu", nn.softplus, seed=0)
        first, second, third = network.layers
        row = nn.Sequential(first, nn.silu, second, "silu", third, "softplus")
        x = np.random.default_rng(0).normal(size=(5, 2))
        assert np.array_equal(network(x).data, row(x).data)

    def test_the_output_has_an_activation_of_its_own(self) -> None:
        network = nn.MLP([1, 6, 7, 2], activation="logistic", output_activation="logistic", seed=0)
        out = network(np.linspace(-50, 50, 9)[:, None]).data
        assert np.all((out > 0) & (out < 1))

    @pytest.mark.parametrize("sizes", [[2], [], [2, 0], [-1, 1]])
    def test_refuses_what_is_no_network(self, sizes: list[int]) -> None:
        with pytest.raises(ValueError, match=r"expected (at least two|whole sizes of at least 1)"):
            nn.MLP(sizes)

    @pytest.mark.parametrize("name", ["activation", "output_activation"])
    def test_activations_are_known(self, name: str) -> None:
        with pytest.raises(ValueError, match="unknown activation 'swish': expected a function or"):
            nn.MLP([2, 3], **{name: "swish"})  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"unknown activation \['relu'\]: expected a function"):
            nn.MLP([2, 3], **{name: ["relu"]})  # type: ignore[arg-type]

    def test_micrograd_s_call_is_answered_by_ours(self) -> None:
        with pytest.raises(TypeError, match=r"in one list, as in MLP\(\[2, 16, 16, 1\]\)"):
            nn.MLP(2, [16, 16, 1])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"in one list, as in MLP\(\[2, 16, 1\]\)"):
            nn.MLP(2)  # type: ignore[arg-type]
