"""Training steps in plans: where gradients live, and how long vectors are updated."""

from __future__ import annotations

import numpy as np
import pytest

from autodiff import Tensor, compile
from autodiff._core import machine
from optim import SGD, Adam, Optimizer

SHAPES = [(3, 4), (4,), (4, 1)]


def model(shapes=SHAPES, optimizer=lambda ps: SGD(ps, 0.01, 0.9)):
    rng = np.random.default_rng(3)
    parameters = [Tensor(rng.normal(size=shape)) for shape in shapes]
    optimizer = optimizer(parameters)

    def step(x):
        optimizer.zero_grad()
        W, b, v = parameters
        loss = np.mean(np.maximum(x @ W + b, 0) @ v)
        loss.backward()
        optimizer.step()
        return loss

    return parameters, optimizer, step


def by_hand(parameters, x):
    """The gradients, by the chain rule written out."""
    W, b, v = parameters
    h = x @ W + b
    g = np.full((len(x), 1), 1 / len(x))
    inner = (g @ v.T) * (h > 0)
    return [x.T @ inner, inner.sum(0), np.maximum(h, 0).T @ g]


X = np.random.default_rng(5).normal(size=(7, 3))


@pytest.mark.parametrize("optimizer", [lambda ps: SGD(ps, 0.01, 0.9), lambda ps: Adam(ps, 0.01)])
def test_gradients_are_right_and_parts_of_one_array(optimizer):
    parameters, _, step = model(optimizer=optimizer)
    step = compile(step, eager_calls=0)
    step(X)
    for n in range(3):
        expected = by_hand([p.data.copy() for p in parameters], X + n)
        step(X + n)
        for p, g in zip(parameters, expected, strict=True):
            np.testing.assert_allclose(p.grad, g, rtol=1e-12, atol=1e-15)
    assert step.plans[0].runs == 3
    bases = {id(p.grad.base) for p in parameters}
    assert len(bases) == 1


def test_gradients_belong_to_the_tensors():
    parameters, _, step = model()
    step = compile(step, eager_calls=0)
    step(X)
    step(X)
    kept = [p.grad for p in parameters]
    copies = [g.copy() for g in kept]
    values = [p.data.copy() for p in parameters]
    step(2 * X)
    for g, copied in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(g, copied)
    assert not any(np.shares_memory(p.grad, g) for p in parameters for g in kept)
    assert not any(np.array_equal(p.data, v) for p, v in zip(parameters, values, strict=True))
    parameters[0].grad[...] = 7  # which changes no other
    assert not (parameters[1].grad == 7).any()


def test_one_gradient_for_two_tensors_is_copied():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])

    @compile
    def f(x):
        a.grad = b.grad = None
        np.sum((a + b) * x).backward()

    for _ in range(8):
        f(np.ones(2))
    assert f.plans[0].runs
    assert not np.shares_memory(a.grad, b.grad)


def test_a_result_and_a_gradient_share_nothing():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])

    @compile
    def f(x):
        a.grad = b.grad = None
        np.sum(a * a * x + b * x).backward()
        joined = np.concatenate([a.grad, b.grad])
        return joined, a.grad, joined * 2

    for _ in range(8):
        joined, gradient, twice = f(np.array([1.0, 3.0]))
    assert f.plans[0].runs
    np.testing.assert_allclose(joined, [2, 12, 1, 3])
    np.testing.assert_allclose(twice, [4, 24, 2, 6])
    np.testing.assert_allclose(gradient, [2, 12])
    arrays = [joined, gradient, twice, a.grad, b.grad]
    for i, x in enumerate(arrays):
        assert not any(np.shares_memory(x, y) for y in arrays[:i])


@pytest.mark.parametrize("where", range(3))
def test_a_gradient_that_is_not_finite_is_found(where):
    """The call is eager then: it raises, and no parameter has changed."""
    parameters, _, step = model()
    compiled = compile(step, eager_calls=0)
    compiled(X)
    compiled(X)
    runs = compiled.plans[0].runs
    before = [p.data.copy() for p in parameters]
    x = X.copy()
    x[where, where] = np.inf
    with np.errstate(all="ignore"):
        try:
            compiled(x)
        except FloatingPointError:
            for p, value in zip(parameters, before, strict=True):
                np.testing.assert_array_equal(p.data, value)
    assert compiled.plans[0].runs == runs


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("size", [262144, 300001])
def test_long_vectors_are_updated_in_blocks(monkeypatch, size, momentum):
    monkeypatch.setattr(machine, "cache_bytes", lambda: 1 << 20)
    p = Tensor(np.linspace(-1, 1, size))
    optimizer = SGD([p], 0.1, momentum, weight_decay=0.01)

    @compile
    def step(x):
        optimizer.zero_grad()
        np.sum(np.sin(p) * x).backward()
        optimizer.step()

    values, velocity = p.data.copy(), np.zeros(size)
    for n in range(9):
        step(np.float64(n))
        velocity = momentum * velocity + np.cos(values) * n + 0.01 * values
        values = values - 0.1 * velocity
    assert step.plans[0].runs >= 3
    assert "compute_blocks(" in step.plans[0].source
    np.testing.assert_allclose(p.data, values, rtol=1e-10, atol=1e-12)


class Mirrored(Optimizer):
    """Remembers gradients, and half of what it remembers from the other end."""

    slots = ("memory",)

    def update(self, gradient, count, memory):
        memory[...] = (0.5 * memory + gradient) - 0.25 * memory[::-1]
        memory -= 0.125 * memory[::-1]
        return self.lr * memory


def test_what_is_read_from_elsewhere_in_a_vector_is_not_updated_in_blocks(monkeypatch):
    monkeypatch.setattr(machine, "BLOCK", 4)
    monkeypatch.setattr(machine, "cache_bytes", lambda: 0)
    size = 11
    p = Tensor(np.linspace(-1, 2, size))
    optimizer = Mirrored([p], 0.1)

    @compile
    def step(x):
        optimizer.zero_grad()
        np.sum(np.sin(p) * x).backward()
        optimizer.step()

    values, memory = p.data.copy(), np.zeros(size)
    for n in range(8):
        step(np.float64(n))
        gradient = np.cos(values) * n
        memory = 0.5 * memory + gradient - 0.25 * memory[::-1]
        memory = memory - 0.125 * memory[::-1]
        values = values - 0.1 * memory
    assert step.plans[0].runs
    assert "start = number * 4" in step.plans[0].source
    np.testing.assert_allclose(p.data, values, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("key", [np.s_[::-1], np.s_[:]])
def test_an_argument_that_shows_the_vector_that_is_updated(monkeypatch, key):
    monkeypatch.setattr(machine, "BLOCK", 4)
    monkeypatch.setattr(machine, "cache_bytes", lambda: 0)
    p = Tensor(np.linspace(-1, 2, 11))
    optimizer = SGD([p], 0.1, 0.9)

    @compile
    def step(x):
        optimizer.zero_grad()
        np.sum(np.sin(p) * x).backward()
        optimizer.step()

    values, velocity = p.data.copy(), np.zeros(11)
    for _ in range(8):
        step(p.data[key])
        velocity = 0.9 * velocity + np.cos(values) * values[key]
        values = values - 0.1 * velocity
        np.testing.assert_allclose(p.data, values, rtol=1e-10, atol=1e-12)
    assert step.plans[0].runs


def test_an_entry_beside_vectors_that_are_updated_in_blocks(monkeypatch):
    monkeypatch.setattr(machine, "cache_bytes", lambda: 1 << 20)
    size = 300001
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, size))

    def f(x, y):
        a = np.exp(-((x - y) ** 2))
        return x[3] * a + np.sin(a) * a[5]

    compiled = compile(f, eager_calls=0)
    for factor in (1, 2, 3):
        np.testing.assert_allclose(compiled(factor * x, y), f(factor * x, y), rtol=1e-12)
    assert compiled.plans[0].runs == 2


def test_buffers_of_blocks_are_as_short_as_a_block(monkeypatch):
    monkeypatch.setattr(machine, "cache_bytes", lambda: 1 << 20)
    W, b = Tensor(np.eye(1024)), Tensor(np.zeros(1024))
    optimizer = SGD([W, b], 0.1, 0.9)

    @compile
    def step(x):
        optimizer.zero_grad()
        np.sum(np.tanh(x @ W + b)).backward()
        optimizer.step()

    for _ in range(8):
        step(np.ones((2, 1024)))
    assert step.plans[0].runs
    assert step.plans[0].cost.peak < W.data.nbytes / 8


@pytest.mark.parametrize("shape", [(5, 4), (100, 16), (64, 200), (3, 1), (300, 300)])
@pytest.mark.parametrize("other", ["row", "column", "one", "mask", "row of a mask"])
def test_operands_that_are_spread_out(shape, other):
    rng = np.random.default_rng(1)
    x = rng.normal(size=shape)
    y = {
        "row": rng.normal(size=shape[1]),
        "column": rng.normal(size=(shape[0], 1)),
        "one": rng.normal(size=(1, 1)),
        "mask": rng.normal(size=shape) > 0,
        "row of a mask": rng.normal(size=shape[1]) > 0,
    }[other]

    def f(x, y):
        a = x * y
        return np.maximum(a + y, 0), np.minimum(y * a, 0.5), 3.0 * y, y - x, np.add(y, y)

    compiled = compile(f, eager_calls=0)
    for n in range(3):
        x = x + n
        for result, expected in zip(compiled(x, y), f(x, y), strict=True):
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(result, expected, rtol=1e-14)
