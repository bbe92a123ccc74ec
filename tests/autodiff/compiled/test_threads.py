"""Plans in several threads, in other contexts, and where a call is interrupted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from agreement import assert_same

from autodiff import Tensor, compile, debug, eager, grad, no_grad
from optim import SGD

X = np.random.default_rng(0).normal(size=(3, 4))


def model(x):
    return grad(lambda y: np.sum(np.tanh(y @ y.T) ** 2))(x), np.sum(x)


@pytest.mark.parametrize("recorded_before", [True, False])
def test_threads_share_plans(recorded_before):
    compiled = compile(model, eager_calls=0)
    if recorded_before:
        compiled(X)
        compiled(X)
    start = threading.Barrier(4)

    def work(seed):
        rng = np.random.default_rng(seed)
        start.wait()
        for _ in range(200):
            x = rng.normal(size=X.shape)
            result = compiled(x)
            copies = result[0].copy(), result[1]
            compiled(x + 1)
            assert_same(result, copies)
            assert_same(result, model(x))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sum(plan.runs for plan in compiled.plans) > 1500


def test_contexts_belong_to_their_thread():
    compiled = compile(lambda x: 2 * x, eager_calls=0)
    compiled(X)

    def call(_):
        compiled(X)

    with eager(), ThreadPoolExecutor(1) as pool:
        compiled(X)
        runs = compiled.plans[0].runs
        list(pool.map(call, range(3)))
    assert compiled.plans[0].runs == runs + 3


def test_eager_everywhere_inside():
    compiled = compile(model, eager_calls=0)
    with eager():
        for _ in range(9):
            assert_same(compiled(X), model(X))
        assert compiled.plans == []
    compiled(X)
    with eager():
        assert_same(compiled(2 * X), model(2 * X))
    assert compiled.plans[0].runs == 0


class TestDebug:
    def test_outside_calls_are_eager(self):
        compiled = compile(lambda x: np.sum(np.log(x) * Tensor(1.0)), eager_calls=0)
        compiled(np.ones(2))
        with debug():
            assert_same(compiled(np.ones(2)), np.float64(0.0))
            with pytest.raises(FloatingPointError, match="log"):
                compile(grad(lambda x: np.sum(np.log(x))), eager_calls=0)(np.zeros(2))

    def test_inside_the_call_is_checked_each_time(self):
        def f(x):
            with debug():
                return grad(lambda y: np.sum(np.log(y)))(x)

        compiled = compile(f, eager_calls=0)
        for x in (np.ones(2), np.full(2, 2.0), np.ones(2)):
            assert_same(compiled(x), f(x))
        with pytest.raises(FloatingPointError, match="log"):
            compiled(np.zeros(2))


class TestInterrupted:
    """By Ctrl-C, wherever it comes."""

    def make(self):
        p = Tensor(np.ones(4))
        optimizer = SGD([p], 0.1, 0.9)
        raising = [False]

        def f(x, stop=None):
            optimizer.zero_grad()
            loss = np.sum((x * p) ** 2)
            loss.backward()
            optimizer.step()
            if raising[0]:
                raise KeyboardInterrupt
            return loss

        return p, raising, f

    def test_while_it_is_recorded(self):
        p, raising, f = self.make()
        raising[0] = True
        compiled = compile(f, eager_calls=0)
        with pytest.raises(KeyboardInterrupt):
            compiled(X)
        assert_same(p.data, np.ones(4))
        assert p.grad is None
        raising[0] = False
        q, _, plain = self.make()
        for i in range(5):
            assert_same(compiled(X + i), plain(X + i).data)
            assert_same(p.data, q.data)
        assert compiled.plans[0].runs >= 2
        grad(lambda x: np.sum(x * p))(X)

    def test_while_it_is_replayed(self, monkeypatch):
        p, _, f = self.make()
        compiled = compile(f, eager_calls=0)
        for i in range(4):
            compiled(X + i)
        (plan,) = compiled.plans
        before, runs = p.data.copy(), plan.runs

        def interrupted(*args):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(plan, "_replay", interrupted)
            with pytest.raises(KeyboardInterrupt):
                compiled(X)
        assert_same(p.data, before)
        compiled(X)
        assert plan.runs == runs + 1


def test_no_grad_in_one_thread_only():
    p = Tensor(2.0)
    compiled = compile(lambda x: np.sum(p * x).requires_grad, eager_calls=0)
    for _ in range(3):
        assert compiled(X) is True
        with no_grad():
            assert compiled(X) is False
