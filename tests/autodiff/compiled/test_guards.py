"""What Python reads of values decides which plan holds; what is not finite is computed eagerly."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from agreement import agree, assert_same

from autodiff import Tensor, compile, grad, value_and_grad
from autodiff.compiled._plan import Plan

X = np.random.default_rng(0).normal(size=(3, 4))


def collatz(x):
    n = 0
    while np.max(x) > 0.1:
        x = x / 2
        n += 1
    return x, n


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if np.sum(x) > 0 else 2 * x,
        lambda x: collatz(x),
        lambda x: x * int(np.max(x)),
        lambda x: x * round(float(np.sum(x))),
        lambda x: x * (np.sum(x) // 1).item(),
        lambda x: x * np.sign(x).tolist()[0][0],
        lambda x: x * len(f"{np.max(x):.0f}"),
        lambda x: x * float(f"{np.max(x):.0f}"),
        lambda x: x[x > 0],
        lambda x: np.sum(x[np.nonzero(x > 0)]) * np.ones(np.count_nonzero(x > 0)),
        lambda x: np.unique(np.sign(x)) * np.max(x),
        lambda x: x[: int(np.argmax(x[:, 0])) + 1],
        lambda x: np.sum([y for y in x[0] if y > 0] or [0.0]),
        lambda x: x * (1 if np.allclose(x, 0) else 2),
        lambda x: x * (1 if 0 in np.sign(x) else 2),
        lambda x: {True: x, False: -x}[bool(x[0, 0] > 0)],
        lambda x: grad(lambda y: np.sum(y**2 if y[0, 0] > 0 else y**3))(x),
        lambda x: grad(lambda y: np.sum(y[y > 0] ** 2))(x),
        lambda x: np.where(x > 0, x, 0) if all(x[0] > -9) else x,
    ],
)
def test_hit_and_missed(f):
    compiled = compile(f, eager_calls=0)
    for k in (1.0, 1.0, -1.0, -1.0, 3.0, 1.0, -1.0, 0.0, 3.0):
        assert_same(compiled(k * X), f(k * X))
    assert sum(plan.runs for plan in compiled.plans) >= 3


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.sort(x, axis=1),
        lambda x: x[np.argsort(x[:, 0])],
        lambda x: np.take_along_axis(x, np.argmax(x, axis=1)[:, None], 1),
        lambda x: (x > 0) * x + (x == np.max(x)),
        lambda x: grad(lambda y: np.sum(np.max(y, axis=1)))(x),
        lambda x: grad(lambda y: np.sum(np.abs(y) * np.maximum(y, 0.5)))(x),
        lambda x: np.cumsum(np.searchsorted(np.sort(x[0]), x[1])),
    ],
)
def test_masks_and_orders_are_computed_and_no_guards(f):
    agree(f, (X,), (-X,), (X[::-1].copy(),), (0 * X,), replays=3)


def test_ways_are_bounded_and_then_it_stays_eager_and_says_where():
    def f(x):
        return x * float(np.max(x))

    compiled = compile(f, eager_calls=0)

    def call_often():
        for k in range(60):
            assert len(compiled.plans) <= 8
            assert_same(compiled(X + k), f(X + k))

    message = r"(?s)f stays eager: what Python reads.*x \* float"
    with pytest.warns(UserWarning, match=message) as told:
        call_often()
    assert len(told) == 1
    assert told[0].filename == __file__
    assert "what Python reads" in repr(compiled.plans)


def test_a_few_ways_all_run():
    compiled = compile(lambda x: x * float(np.sign(np.sum(x))), eager_calls=2)
    for k in range(100):
        assert_same(compiled(X * (-1) ** k), X * (-1) ** k * np.sign(np.sum(X) * (-1) ** k))
    assert sorted(plan.runs for plan in compiled.plans) == [47, 47]


def test_a_late_miss_leaves_no_effect_behind():
    p, q = Tensor(X), Tensor(X)

    def make(p):
        def f(x):
            p.grad = None
            np.sum(p * p * x).backward()
            p.data = p.data - 0.1 * p.grad
            y = np.sum(p.data)
            if y > 0:
                p.data = p.data - 1
            return y

        return f

    compiled, plain = compile(make(p), eager_calls=0), make(q)
    for i in range(20):
        given = X * (1 if i % 3 else -4)
        assert_same(compiled(given), plain(given))
        assert_same(p.data, q.data)
        assert_same(p.grad, q.grad)
    assert sum(plan.runs for plan in compiled.plans) > 10


class TestNotFinite:
    def test_zero_times_infinity_is_zero_in_a_derivative(self):
        def f(x):
            return np.sum(np.where(x > 0, np.sqrt(x), 0) * x)

        compiled = compile(value_and_grad(f), eager_calls=0)
        for x in (np.ones(3), np.arange(3.0), np.zeros(3), np.ones(3)):
            assert_same(compiled(x), value_and_grad(f)(x))
        assert compiled.plans[0].runs >= 1

    @pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 0.0, 1e300])
    def test_eager_decides_and_warns(self, bad):
        def f(x):
            return np.log(x) * 2, np.sum(x * x)

        compiled = compile(f, eager_calls=0)
        for x in (np.ones(3), np.ones(3), np.array([1.0, bad, 2.0]), np.ones(3)):
            with warnings.catch_warnings(record=True) as expected:
                warnings.simplefilter("always")
                result = f(x)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                assert_same(compiled(x), result)
            assert [(w.category, str(w.message)) for w in told] == [
                (w.category, str(w.message)) for w in expected
            ]
        assert compiled.plans[0].runs == 2

    def test_a_function_of_infinities_is_never_planned(self):
        compiled = compile(lambda x: x / 0.0, eager_calls=0)
        with np.errstate(divide="ignore"):
            for _ in range(20):
                assert_same(compiled(np.ones(2)), np.full(2, np.inf))
        assert compiled.plans == []

    def test_it_is_planned_once_all_is_finite(self):
        compiled = compile(lambda x: 1 / x, eager_calls=0)
        with np.errstate(divide="ignore"):
            compiled(np.zeros(2))
        for _ in range(9):
            compiled(np.ones(2))
        assert compiled.plans[0].runs > 2


def test_what_stays_eager_is_not_replayed(monkeypatch):
    def f(x):
        return x * 2 if x[0] < 0 else x * float(np.max(x))

    compiled = compile(f, eager_calls=0)
    for _ in range(3):
        compiled(-np.ones(2))

    def call_often():
        for k in range(60):
            compiled(np.array([1.0, 2.0 + k]))

    with pytest.warns(UserWarning, match="stays eager"):
        call_often()
    monkeypatch.setattr(Plan, "replay", lambda *args: pytest.fail("replayed"))
    assert_same(compiled(-np.ones(2)), f(-np.ones(2)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sum_that_python_reads_keeps_its_bits(dtype):
    x = np.random.default_rng(0).normal(size=1000).astype(dtype)
    compiled = compile(lambda x: x * round(float(np.sum(x * 3)), 3), eager_calls=0)
    for _ in range(4):
        compiled(x)
    assert [plan.runs for plan in compiled.plans] == [3]
