"""Tensors that a compiled function uses: read at each replay, and changed as the function does."""

from __future__ import annotations

import random

import numpy as np
import pytest
from agreement import assert_same

from autodiff import Tensor, assign_value, compile, no_grad

X = np.random.default_rng(0).normal(size=(3, 4))


def twins(make, n=9, between=lambda i, *ps: None, runs=1):
    """Assert that n compiled calls do to Tensors what eager calls do, and return both lots."""
    f, ps = make()
    g, qs = make()
    compiled = compile(f, eager_calls=0)
    for i in range(n):
        given = X + i
        result, expected = compiled(given), g(given)
        assert_same(result, expected.data if type(expected) is Tensor else expected)
        assert_tensors_agree(ps, qs)
        between(i, *ps)
        between(i, *qs)
    assert sum(plan.runs for plan in compiled.plans) >= runs
    return ps, qs


def assert_tensors_agree(ps, qs):
    for p, q in zip(ps, qs, strict=True):
        assert_same(p.data, q.data)
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            assert_same(p.grad, q.grad)


class TestValuesAreReadAtEachReplay:
    def test_leaf_constant_and_made_by_an_op(self):
        leaf, constant = Tensor(2.0), Tensor(X[0], requires_grad=False)
        made = leaf * np.ones(4)
        compiled = compile(lambda x: x * leaf + constant - made, eager_calls=0)
        for k in (2.0, 3.0, 4.0, 5.0):
            leaf.data = k
            constant.data = k * X[0]
            assert_same(compiled(X), X * k + k * X[0] - 2.0)
        assert compiled.plans[0].runs == 3

    def test_assigned_by_assign_value(self):
        p = Tensor(np.ones(4))
        compiled = compile(lambda x: x * p, eager_calls=0)
        for k in range(4):
            assign_value(p, np.full(4, float(k)))
            assert_same(compiled(X), X * k)
        assert compiled.plans[0].runs == 3

    def test_what_python_reads_of_them_is_a_guard(self):
        p = Tensor(2.0, requires_grad=False)
        reads = [
            lambda x: x * float(p),
            lambda x: x * p.item(),
            lambda x: x * p.tolist(),
            lambda x: x * float(f"{p.item():.3f}"),
            lambda x: x * np.asarray(p),
            lambda x: x * p.data,
            lambda x: x if p > 2.5 else 2 * x,
            lambda x: x * np.zeros(int(p)).size,
        ]
        for f in reads:
            compiled = compile(f, eager_calls=0)
            for k in (2.0, 2.0, 3.0, 3.0, 2.0):
                p.data = k
                assert_same(compiled(X), f(X))
            assert sum(plan.runs for plan in compiled.plans) >= 2


class TestGradients:
    @pytest.mark.parametrize("zeroed", [False, True])
    def test_backward_adds_up(self, zeroed):
        def make():
            p, q = Tensor(X), Tensor(2.0)

            def f(x):
                if zeroed:
                    p.grad = q.grad = None
                loss = np.sum(p * p * x * q)
                loss.backward()
                return loss

            return f, (p, q)

        def by_hand(i, p, q):
            if i == 4:
                p.grad = np.ones_like(X)
            if i == 5:
                p.grad = None

        twins(make, between=by_hand, runs=4)

    def test_belong_to_the_caller(self):
        p = Tensor(X)
        compiled = compile(lambda x: np.sum(p * p * x).backward(), eager_calls=0)
        kept = []
        for i in range(6):
            p.grad = None
            compiled(X + i)
            kept.append((p.grad, p.grad.copy()))
        for now, then in kept:
            assert_same(now, then)
        assert len({id(now) for now, _ in kept}) == 6

    def test_set_by_hand_inside(self):
        def make():
            p = Tensor(X)

            def f(x):
                np.sum(p * x).backward()
                p.grad = p.grad * 0.5
                return np.sum(p.grad)

            return f, (p,)

        twins(make, runs=6)

    @pytest.mark.parametrize("hold", [list, tuple])
    def test_stop_where_a_tensor_is_frozen_meanwhile(self, hold):
        def make():
            ps = hold([Tensor(2.0), Tensor(3.0)])

            def f(x):
                for p in ps:
                    p.grad = None
                y = np.sum(ps[0] * ps[1] * x)
                y.backward()
                return y

            return f, ps

        def between(i, p, q):
            p.requires_grad = i not in (2, 3, 4)

        twins(make, between=between, runs=2)

    def test_of_two_backwards_in_one_call(self):
        def make():
            p = Tensor(X)

            def f(x):
                np.sum(p * x).backward()
                np.sum(p * p * x).backward()

            return f, (p,)

        twins(make, runs=6)

    def test_under_no_grad_nothing_is_recorded(self):
        p = Tensor(2.0)
        compiled = compile(lambda x: p * x, eager_calls=0)
        for _ in range(3):
            compiled(X)
            with no_grad():
                assert_same(compiled(X), 2 * X)
        assert [plan.runs for plan in compiled.plans] == [2, 2]


class TestReplacedInside:
    def test_gradient_descent_by_hand(self):
        def make():
            p = Tensor(X)

            def f(x):
                p.grad = None
                loss = np.sum(p * p * x)
                loss.backward()
                p.data = p.data - 0.01 * p.grad
                return loss

            return f, (p,)

        def replaced(i, p):
            if i == 4:
                p.data = X

        twins(make, between=replaced, runs=7)

    def test_twice_in_a_call(self):
        def make():
            p = Tensor(X)

            def f(x):
                p.data = p.data * 0.5
                y = np.sum(p * x)
                p.data = p.data + 1
                return y, np.sum(p * x)

            return f, (p,)

        f, (p,) = make()
        g, (q,) = make()
        compiled = compile(f, eager_calls=0)
        for i in range(5):
            assert_same(compiled(X + i), tuple(y.data for y in g(X + i)))
            assert_tensors_agree([p], [q])

    def test_graphs_from_before_are_stale(self):
        p = Tensor(X)

        def f(x):
            p.data = p.data * 0.5

        compiled = compile(f, eager_calls=0)
        for _ in range(4):
            before = np.sum(p * p)
            compiled(X)
            with pytest.raises(RuntimeError, match="was replaced after"):
                before.backward()
            np.sum(p * p).backward()


class TestCallsThatRaise:
    def test_have_the_effects_that_they_had_until_then(self):
        def make():
            p = Tensor(X)

            def f(x, t):
                p.data = p.data * 0.5
                if t > 0:
                    raise KeyError("stop")
                return np.sum(p * x)

            return f, p

        f, p = make()
        g, q = make()
        compiled = compile(f, eager_calls=0)
        for i in range(8):
            for call in (compiled, g):
                if i in (0, 4, 5):
                    with pytest.raises(KeyError):
                        call(X, 1.0)
                else:
                    call(X, -1.0)
            assert_same(p.data, q.data)
        assert compiled.plans[0].runs >= 2

    def test_what_is_unexplained_changes_no_tensor(self):
        p = Tensor(X)

        def f(x):
            p.data = p.data * 0.5
            np.sum(p * random.random()).backward()

        compiled = compile(f, eager_calls=0)
        before = np.sum(p)
        with pytest.raises(RuntimeError, match="two calls of"):
            compiled(X)
        assert_same(p.data, X)
        assert p.grad is None
        before.backward()
        assert_same(p.grad, np.ones_like(X))


class TestLeftBehind:
    """What a call keeps is what an eager call keeps, and then no replay takes its place."""

    @pytest.mark.parametrize("kind", ["array", "tensor"])
    def test_in_a_list(self, kind):
        kept = []
        p = Tensor(2.0)

        def f(x):
            y = np.sum(x * p)
            kept.append(y if kind == "tensor" else y.data)
            return y

        compiled = compile(f)

        def call_often():
            for i in range(30):
                compiled(X + i)

        with pytest.warns(UserWarning, match="keeps what it computes in a"):
            call_often()
        assert len(kept) == 30
        for i, y in enumerate(kept):
            value = y.data if kind == "tensor" else y
            assert_same(np.float64(value), np.sum(2 * (X + i)))
            if kind == "tensor":
                p.grad = None
                y.backward()
                np.testing.assert_allclose(p.grad, np.sum(X + i), rtol=1e-12)

    def test_in_an_attribute(self):
        class Average:
            value = 0.0

            def __call__(self, x):
                self.value = 0.5 * self.value + np.sum(x)
                return self.value

        average, plain = Average(), Average()
        compiled = compile(average)

        def call_often():
            for i in range(30):
                assert_same(compiled(X + i), plain(X + i))

        with pytest.warns(UserWarning, match="stays eager"):
            call_often()
        assert_same(average.value, plain.value)

    def test_a_cache_that_is_filled_once(self):
        class Scaled:
            scale = None

            def __call__(self, x):
                if self.scale is None:
                    self.scale = np.max(x)
                return x / self.scale

        compiled, plain = compile(Scaled(), eager_calls=0), Scaled()
        for i in range(6):
            assert_same(compiled(X + i), plain(X + i))
        assert compiled.plans[0].runs >= 3
