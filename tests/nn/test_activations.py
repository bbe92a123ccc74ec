"""Activations: values, first and second derivatives, also where formulas overflow or cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import nn
from autodiff import Tensor, check_grads, grad, softmax, taylor
from nn._activations import ACTIVATIONS, activation

Function = Callable[[Any], Any]
POINTS = np.array([-35.0, -4.0, -0.5, 0.0, 0.5, 4.0, 35.0])

# f, f′ and f" at these points, by mpmath to 60 digits.
BY_MPMATH: dict[str, list[list[float]]] = {
    "elu": [
        [-0.99999999999999937, -0.98168436111126582, -0.39346934028736658, 0.0, 0.5, 4.0, 35.0],
        [6.3051167601469894e-16, 0.01831563888873418, 0.60653065971263342, 1.0, 1.0, 1.0, 1.0],
        [6.3051167601469894e-16, 0.01831563888873418, 0.60653065971263342, 1.0, 0.0, 0.0, 0.0],
    ],
    "gelu": [
        [
            -3.9371874726534219e-267,
            -0.00012668496733247969,
            -0.15426876936299345,
            0.0,
            0.34573123063700655,
            3.9998733150326675,
            35.0,
        ],
        [
            -1.3780137862911361e-265,
            -0.00050364966122642149,
            0.13250487534383716,
            0.5,
            0.86749512465616284,
            1.0005036496612264,
            1.0,
        ],
        [
            -4.8191046469373578e-264,
            -0.0018736231607083949,
            0.61611432183752409,
            0.79788456080286536,
            0.61611432183752409,
            -0.0018736231607083949,
            -4.8191046469373578e-264,
        ],
    ],
    "silu": [
        [
            -2.2067908660514449e-14,
            -0.071944839848366232,
            -0.18877033439907272,
            0.0,
            0.31122966560092728,
            3.9280551601516338,
            34.999999999999978,
        ],
        [
            -2.1437396984499736e-14,
            -0.052664614891072908,
            0.26003881269734819,
            0.5,
            0.73996118730265181,
            1.0526646148910729,
            1.0000000000000214,
        ],
        [
            -2.0806885308485011e-14,
            -0.032783931286974288,
            0.44122902697702861,
            0.5,
            0.44122902697702861,
            -0.032783931286974288,
            -2.0806885308485011e-14,
        ],
    ],
    "sigmoid": [
        [
            6.3051167601469854e-16,
            0.017986209962091558,
            0.37754066879814544,
            0.5,
            0.62245933120185456,
            0.98201379003790844,
            0.99999999999999937,
        ],
        [
            6.3051167601469814e-16,
            0.017662706213291116,
            0.23500371220159449,
            0.25,
            0.23500371220159449,
            0.017662706213291116,
            6.3051167601469814e-16,
        ],
        [
            6.3051167601469735e-16,
            0.01702733592838913,
            0.057556794852320741,
            0.0,
            -0.057556794852320741,
            -0.01702733592838913,
            -6.3051167601469735e-16,
        ],
    ],
    "softplus": [
        [
            6.3051167601469874e-16,
            0.01814992791780974,
            0.47407698418010668,
            0.69314718055994531,
            0.97407698418010668,
            4.0181499279178097,
            35.000000000000001,
        ],
        [
            6.3051167601469854e-16,
            0.017986209962091558,
            0.37754066879814544,
            0.5,
            0.62245933120185456,
            0.98201379003790844,
            0.99999999999999937,
        ],
        [
            6.3051167601469814e-16,
            0.017662706213291116,
            0.23500371220159449,
            0.25,
            0.23500371220159449,
            0.017662706213291116,
            6.3051167601469814e-16,
        ],
    ],
    "tanh": [
        [
            -1.0,
            -0.99932929973906704,
            -0.46211715726000976,
            0.0,
            0.46211715726000976,
            0.99932929973906704,
            1.0,
        ],
        [
            1.5901798943634587e-30,
            0.0013409506830258969,
            0.78644773296592741,
            1.0,
            0.78644773296592741,
            0.0013409506830258969,
            1.5901798943634587e-30,
        ],
        [
            3.1803597887269174e-30,
            0.0026801026141057864,
            0.72686198138358728,
            0.0,
            -0.72686198138358728,
            -0.0026801026141057864,
            -3.1803597887269174e-30,
        ],
    ],
}
BY_MPMATH["logistic"] = BY_MPMATH["sigmoid"]

# f, f′ and f" in the limits of -∞ and ∞, from which 1e4 differs by less than rounding.
LIMITS = {
    "relu": [(0, np.inf), (0, 1), (0, 0)],
    "leaky_relu": [(-np.inf, np.inf), (0.01, 1), (0, 0)],
    "elu": [(-1, np.inf), (0, 1), (0, 0)],
    "gelu": [(0, np.inf), (0, 1), (0, 0)],
    "silu": [(0, np.inf), (0, 1), (0, 0)],
    "tanh": [(-1, 1), (0, 0), (0, 0)],
    "sigmoid": [(0, 1), (0, 0), (0, 0)],
    "logistic": [(0, 1), (0, 0), (0, 0)],
    "softplus": [(0, np.inf), (0, 1), (0, 0)],
    "identity": [(-np.inf, np.inf), (1, 1), (0, 0)],
}
OF_ROWS = {"softmax", "log_softmax"}
SMOOTH = ["gelu", "silu", "tanh", "sigmoid", "softplus"]


def derivative(f: Function, order: int) -> Function:
    """Return a derivative of a function of one number."""
    for _ in range(order):
        f = grad(f)
    return f


def test_all_activations_are_looked_at() -> None:
    assert set(LIMITS) | OF_ROWS == set(ACTIVATIONS)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", BY_MPMATH)
def test_agree_with_mpmath(name: str, order: int) -> None:
    f = derivative(ACTIVATIONS[name], order)
    found = [f(x) for x in POINTS]
    np.testing.assert_allclose(found, BY_MPMATH[name][order], rtol=2e-13, atol=0)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", LIMITS)
def test_reach_their_limits_without_a_warning(name: str, order: int) -> None:
    f = derivative(ACTIVATIONS[name], order)
    assert (f(-np.inf), f(np.inf)) == LIMITS[name][order]
    for x, limit in zip((-1e4, 1e4), LIMITS[name][order], strict=True):
        linear = {np.inf: x, -np.inf: 0.01 * x if name == "leaky_relu" else x}
        assert f(x) == linear.get(limit, limit)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_ones_are_differentiable_to_any_order(name: str) -> None:
    check_grads(ACTIVATIONS[name], np.array([[-2.0, 0.1, 3.0]]), order=3)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_single_precision_stays(name: str) -> None:
    x = np.linspace(-200, 200, 9, dtype=np.float32)
    assert ACTIVATIONS[name](x).dtype == np.float32
    assert grad(lambda x: np.sum(ACTIVATIONS[name](x)))(x).dtype == np.float32


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_half_precision_stays(name: str) -> None:
    x = np.linspace(-4, 4, 9, dtype=np.float16)
    value = ACTIVATIONS[name](x)
    assert value.dtype == np.float16
    np.testing.assert_allclose(value, ACTIVATIONS[name](x.astype(float)), rtol=5e-3, atol=1e-3)
    assert ACTIVATIONS[name](Tensor(x)).dtype == np.float16
    assert grad(lambda x: np.sum(ACTIVATIONS[name](x)))(x).dtype == np.float16


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "gelu", "silu"])
def test_far_out_in_half_precision_the_derivatives_are_those_of_the_ends(name: str) -> None:
    x = np.array([-1000, -300, 300, 1000], np.float16)
    left = 0.01 if name == "leaky_relu" else 0.0
    derivative = grad(lambda x: np.sum(ACTIVATIONS[name](x)))(x)
    np.testing.assert_allclose(derivative, [left, left, 1, 1], rtol=1e-3)


def test_a_slope_of_numpy_keeps_the_precision_and_a_tensor_its_derivative() -> None:
    x = np.array([-1.0, 2.0], np.float32)
    for slope in (np.float64(0.1), np.float32(0.1), 0.1):
        assert nn.leaky_relu(x, slope).dtype == np.float32
    assert grad(lambda slope: np.sum(nn.leaky_relu(x, slope)))(0.1) == -1.0


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_take_lists_and_integers_as_numpy_does(name: str) -> None:
    np.testing.assert_array_equal(
        ACTIVATIONS[name]([-1, 2]), ACTIVATIONS[name](np.array([-1.0, 2.0]))
    )


class TestCorners:
    def test_relu_has_the_derivative_0_at_0(self) -> None:
        assert grad(lambda x: np.sum(nn.relu(x)))(np.array([-1.0, 0.0, 2.0])).tolist() == [0, 0, 1]

    def test_leaky_relu_has_the_left_derivative_at_0(self) -> None:
        f = grad(lambda x: np.sum(nn.leaky_relu(x, 0.2)))
        assert f(np.array([-1.0, 0.0, 2.0])).tolist() == [0.2, 0.2, 1]

    def test_elu_has_the_second_derivative_of_the_left_at_0(self) -> None:
        assert [derivative(nn.elu, order)(0.0) for order in range(3)] == [0, 1, 1]


class TestLogistic:
    def test_has_power_series_far_out(self) -> None:
        shares = np.array([1.0, 1 / 2, 1 / 6, 1 / 24])  # of the exponential function
        for x in (-1000.0, -700.0, -400.0):
            left, right = (taylor(nn.logistic, z, 4).coefficients[1:] for z in (x, -x))
            np.testing.assert_allclose(left, np.exp(x) * shares, rtol=1e-12)
            np.testing.assert_allclose(right, np.exp(x) * shares * [1, -1, 1, -1], rtol=1e-12)

    def test_is_the_exponential_function_far_left(self) -> None:
        x = np.array([-700.0, -400.0, -37.5])
        np.testing.assert_allclose(nn.logistic(x), np.exp(x), rtol=1e-14)
        np.testing.assert_allclose(np.log(nn.logistic(x)), x, rtol=1e-14)
        single = np.array([-80.0, -20.0], np.float32)
        np.testing.assert_allclose(np.log(nn.logistic(single)), single, rtol=1e-6)
        assert nn.logistic(np.array([-1e300, -np.inf, np.inf])).tolist() == [0.0, 0.0, 1.0]

    def test_its_logarithm_keeps_its_slope(self) -> None:
        x = np.array([-700.0, -37.5, 0.5])
        slope = grad(lambda x: np.sum(np.log(nn.logistic(x))))(x)
        np.testing.assert_allclose(slope, special.expit(-x), rtol=1e-14)


class TestOfRows:
    def test_softmax_neither_overflows_nor_cancels(self) -> None:
        x = np.array([[1e4, 0.0, -1e4]])
        assert nn.softmax(x).tolist() == [[1, 0, 0]]
        assert nn.log_softmax(x).tolist() == [[0, -1e4, -2e4]]
        assert grad(lambda x: nn.log_softmax(x)[0, 1])(x).tolist() == [[-1, 1, 0]]

    def test_are_those_of_autodiff(self) -> None:
        assert nn.softmax is softmax is ACTIVATIONS["softmax"]


class TestByName:
    def test_a_name_or_a_function(self) -> None:
        assert activation("gelu") is nn.gelu
        assert activation(np.sin) is np.sin
        assert nn.sigmoid is nn.logistic

    @pytest.mark.parametrize("name", ["swish", "", 3, None, ["relu"], {}])
    def test_an_unknown_one_is_answered_by_those_there_are(self, name: Any) -> None:
        with pytest.raises(ValueError, match=r"unknown activation .*'relu', 'leaky_relu'"):
            activation(name)


def test_one_called_without_an_argument_is_told_to_be_a_function() -> None:
    with pytest.raises(TypeError, match="to hand the function on, write relu without brackets"):
        nn.relu()
