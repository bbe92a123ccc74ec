"""Training steps, against the published recurrences written out for single numbers."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import nn
from autodiff import Tensor
from optim import SGD, Adam


def slope(x: float) -> float:
    return 4 * x**3 - 3.0


def trained(make: object, steps: int = 100) -> list[float]:
    """Train two parameters of different shapes on x⁴ - 3x each; return them."""
    a, b = Tensor(2.0), Tensor(np.full((2, 2), -0.5))
    optimizer = make([a, b])  # type: ignore[operator]
    for _ in range(steps):
        optimizer.zero_grad()
        (a**4 - 3 * a + np.sum(b**4 - 3 * b)).backward()
        optimizer.step()
    assert np.ptp(b.data) == 0
    return [a.item(), b.data[0, 0]]


def test_plain_steps() -> None:
    expected = []
    for x in (2.0, -0.5):
        for _ in range(100):
            x -= 0.01 * slope(x)
        expected.append(x)
    assert trained(lambda p: SGD(p, lr=0.01)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov: bool) -> None:
    expected = []
    for x in (2.0, -0.5):
        v = 0.0
        for _ in range(100):
            g = slope(x)
            v = 0.9 * v + g
            x -= 0.001 * (g + 0.9 * v if nesterov else v)
        expected.append(x)
    actual = trained(lambda p: SGD(p, lr=0.001, momentum=0.9, nesterov=nesterov))
    assert actual == pytest.approx(expected, rel=1e-12)


def test_adam() -> None:
    expected = []
    for x in (2.0, -0.5):
        m = v = 0.0
        for t in range(1, 101):
            g = slope(x)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            x -= 0.05 * (m / (1 - 0.9**t)) / (sqrt(v / (1 - 0.999**t)) + 1e-8)
        expected.append(x)
    assert trained(lambda p: Adam(p, lr=0.05)) == pytest.approx(expected, rel=1e-10)


def test_steps_over_many_blocks_are_steps_over_one() -> None:
    x, y = Tensor(np.ones(100_000)), Tensor(np.ones(3))
    optimizer = Adam([x, y], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (np.sum(x * x) + np.sum(y * y)).backward()
        optimizer.step()
    assert np.ptp(x.data) == 0
    assert x.data[0] == y.data[0]


def test_float32_parameters_stay_float32() -> None:
    network = nn.MLP([2, 3, 1], dtype=np.float32, seed=0)
    optimizer = Adam(network.parameters())
    np.sum(network(np.ones((4, 2), np.float32))).backward()
    optimizer.step()
    assert {p.dtype for p in network.parameters()} == {np.dtype(np.float32)}


def test_a_step_outdates_what_was_recorded_before() -> None:
    x = Tensor(1.0, name="x")
    optimizer = SGD([x], lr=0.1)
    y = x * x
    y.backward()
    optimizer.step()
    with pytest.raises(RuntimeError, match="'x' was replaced after multiply"):
        y.backward()


def test_values_set_from_outside_are_seen() -> None:
    x = Tensor([1.0, 2.0])
    optimizer = SGD([x], lr=0.5)
    x.data = [10.0, 20.0]
    np.sum(x).backward()
    optimizer.step()
    assert x.data.tolist() == [9.5, 19.5]


def test_two_optimisers_may_share_a_parameter() -> None:
    x = Tensor([1.0])
    first, second = SGD([x], lr=1.0), SGD([x], lr=1.0)
    for optimizer in (first, second, first):
        optimizer.zero_grad()
        np.sum(x * 0.25).backward()
        optimizer.step()
    assert x.data.tolist() == [0.25]


def test_a_parameter_without_a_gradient_stays() -> None:
    x, y = Tensor(1.0), Tensor(2.0)
    optimizer = SGD([x, y], lr=0.1)
    (x * 1.0).backward()
    optimizer.step()
    assert (x.item(), y.item()) == (0.9, 2.0)


def test_a_step_without_any_gradient_changes_nothing() -> None:
    x = Tensor(1.0)
    optimizer = Adam([x], lr=0.1)
    with pytest.raises(RuntimeError, match=r"call loss\.backward\(\) first"):
        optimizer.step()
    assert (x.item(), optimizer.steps) == (1.0, 0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD([], lr=1.0), ValueError, "at least one parameter"),
        (lambda: SGD([np.ones(2)], lr=1.0), TypeError, "expected a Tensor"),
        (lambda: SGD([Tensor(1.0) * 2], lr=1.0), TypeError, "no op made"),
        (lambda: SGD([Tensor(1)], lr=1.0), TypeError, "requires a gradient"),
        (lambda: SGD([Tensor(1.0), Tensor(np.float32(1))], lr=1.0), ValueError, "of one dtype"),
        (lambda: SGD([TWICE, TWICE], lr=1.0), ValueError, "listed twice"),
        (lambda: SGD([Tensor(1.0)], lr=-1.0), ValueError, "positive learning rate"),
        (lambda: SGD([Tensor(1.0)], lr=1.0, momentum=1.0), ValueError, "momentum in"),
        (lambda: SGD([Tensor(1.0)], lr=1.0, nesterov=True), ValueError, "needs a momentum"),
        (lambda: Adam([Tensor(1.0)], betas=(0.9, 1.0)), ValueError, "betas in"),
    ],
)
def test_refusals(make: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()  # type: ignore[operator]


TWICE = Tensor(1.0)
