"""checkpoint(f) has the derivatives of f, and remembers nothing of its inside."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import (
    Tensor,
    check_grads,
    checkpoint,
    grad,
    hessian,
    jacobian,
    no_grad,
    value_and_grad,
)


def block(x: Any, y: Any) -> Any:
    return np.tanh(np.exp(-x * x) * y + x)


def test_derivatives_of_any_order_and_mode() -> None:
    x, y = np.array([0.3, -0.7, 1.1]), np.array([1.0, 2.0, -0.5])
    check_grads(checkpoint(block), x, y, order=3)
    f = lambda x: np.sum(checkpoint(block)(x, y) ** 2)  # noqa: E731
    plain = lambda x: np.sum(block(x, y) ** 2)  # noqa: E731
    np.testing.assert_allclose(grad(f)(x), grad(plain)(x), rtol=1e-14)
    np.testing.assert_allclose(hessian(f)(x), hessian(plain)(x), rtol=1e-12)
    wide = lambda x: np.concatenate([checkpoint(block)(x, y), x])  # noqa: E731
    np.testing.assert_allclose(
        jacobian(wide)(x), jacobian(lambda x: np.concatenate([block(x, y), x]))(x), rtol=1e-12
    )


def test_arguments_by_keyword() -> None:
    scaled = checkpoint(lambda x, y, factor=2.0: factor * block(x, y))
    assert grad(scaled)(0.3, y=0.5, factor=3.0) == 3 * grad(block)(0.3, 0.5)
    assert grad(lambda y: scaled(0.3, y=y))(0.5) == 2 * grad(block, 1)(0.3, 0.5)
    assert scaled(0.3, y=0.5) == 2 * block(0.3, 0.5)
    with pytest.raises(TypeError, match="got k by keyword only"):
        checkpoint(lambda x, *, k: x * k)(0.3, k=2.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        scaled(0.3, y=0.5, z=1.0)


def test_parameters_used_inside_get_their_gradients() -> None:
    layers = [nn.Linear(3, 3, seed=i) for i in range(4)]
    x = np.random.default_rng(0).normal(size=(5, 3))

    def run(wrap: Any) -> list[Any]:
        h: Any = Tensor(x)
        first = h
        for layer in layers:
            layer.weight.grad = layer.bias.grad = None
            h = wrap(lambda h, layer=layer: np.tanh(layer(h)))(h)
        np.sum(h * h).backward()
        return [first.grad, *(layer.weight.grad for layer in layers), layers[0].bias.grad]

    for actual, expected in zip(run(checkpoint), run(lambda f: f), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-14)


def test_the_inside_is_freed_at_once() -> None:
    inside: list[Any] = []

    def f(x: Any) -> Any:
        y = np.sin(x)
        inside.append(weakref.ref(y))
        return y * y

    gc.disable()
    try:
        y = checkpoint(f)(Tensor([1.0, 2.0]))
        assert inside[0]() is None
        np.sum(y).backward()
        assert len(inside) == 2
        assert inside[1]() is None
    finally:
        gc.enable()


def test_without_anything_to_differentiate_it_is_the_function() -> None:
    assert checkpoint(np.sin)(0.5) == np.sin(0.5)
    with no_grad():
        assert not checkpoint(np.sin)(Tensor(0.5)).requires_grad


def test_a_walk_that_asks_for_one_argument_only_leaves_nothing_to_the_next() -> None:
    def f(x: Any, wrap: Any) -> Any:
        h = wrap(lambda x, y: np.sin(x * y) * y)
        value, slope = value_and_grad(lambda y: h(x, y))(0.7)
        return value * slope

    actual = grad(lambda x: f(x, checkpoint))(1.3)
    assert type(actual) is np.float64
    np.testing.assert_allclose(actual, grad(lambda x: f(x, lambda f: f))(1.3), rtol=1e-13)
