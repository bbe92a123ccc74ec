"""Gradients for a picture: the cotangent of every node, whatever ``grad`` says."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import copysign
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, elementwise, softmax, softmax_cross_entropy, stop_gradient
from autodiff.drawing._graph import read_view
from autodiff.drawing._view import View

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
C = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
strange = elementwise(lambda x: abs(x), lambda g, out, x: g * copysign(1.0, x), name="strange")


def gradients(*subject: Any, **keywords: Any) -> dict[str, Any]:
    """Return the gradients by the nodes' names."""
    view, _ = read_view(*subject, gradients=True, **keywords)
    return {n.name: n.gradient for n in view.nodes}


def derivatives(*subject: Any) -> dict[tuple[str, str], str]:
    view, _ = read_view(*subject, derivatives=True)
    names = {n.key: n.name for n in view.nodes}
    return {(names[e.tail], names[e.head]): e.derivative for e in view.edges}


class TestGradients:
    def test_are_those_of_micrograds_example(self) -> None:
        """The values that https://github.com/karpathy/micrograd prints."""

        def g(a: Any, b: Any) -> Any:
            c = a + b
            d = a * b + b**3
            c = c + (c + 1)
            c = c + (1 + c + (-a))
            d = d + (d * 2 + np.maximum(b + a, 0))
            d = d + (3 * d + np.maximum(b - a, 0))
            e = c - d
            f = e**2
            return f / 2.0 + 10.0 / f

        view, _ = read_view(g, -4.0, 2.0, gradients=True)
        found = {n.name: n for n in view.nodes}
        assert found["output"].value == pytest.approx(24.7041, abs=5e-5)
        assert found["a"].gradient == pytest.approx(138.8338, abs=5e-5)
        assert found["b"].gradient == pytest.approx(645.5773, abs=5e-5)

    def test_of_intermediate_values_are_those_of_the_chain_rule(self) -> None:
        """∂y/∂u = cos(u), ∂y/∂x = 2x cos(x²)."""
        x = Tensor(3.0, name="x")
        y = np.sin(x * x)
        found = gradients(y)
        assert found["v2"] == 1
        assert found["v1"] == pytest.approx(np.cos(9), rel=1e-15)
        assert found["x"] == pytest.approx(6 * np.cos(9), rel=1e-15)

    def test_of_several_uses_are_added(self) -> None:
        found = gradients(lambda x: x * x + 3 * x, 5.0)
        assert found["x"] == 13

    def test_have_the_shape_and_dtype_of_the_value(self) -> None:
        def f(x: Any, w: Any, b: Any) -> Any:
            return np.sum(np.tanh(x @ w + b).reshape(4)[1:].T * 1j).imag

        view, _ = read_view(f, X, np.ones((3, 2)), np.ones(2), gradients=True)
        for node in view.nodes:
            assert np.shape(node.gradient) == np.shape(node.value)
            assert node.gradient.dtype == node.value.dtype

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: np.std(x) * np.sum(x[0]) + np.max(x),
            lambda x: np.sum(np.stack([row * row for row in x])),
            lambda x: np.linalg.norm(np.concatenate([x, x * 2], axis=1)),
            lambda x: np.sum(np.einsum("ij,kj->ik", x, x) * np.arange(2.0)),
            lambda x: np.sum(x.at[0].set(2.0) ** 2),
        ],
    )
    def test_agree_with_differences(self, f: Any) -> None:
        found = gradients(f, X)["x"]
        for place in np.ndindex(X.shape):
            step = np.zeros_like(X)
            step[place] = 1e-5
            above, below = (np.asarray(f(Tensor(X + sign * step)).data) for sign in (1, -1))
            assert found[place] == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-8)

    def test_that_were_not_computed_are_none_and_not_zero(self) -> None:
        def f(x: Any, w: Any) -> Any:
            return x * 0.0 * w + stop_gradient(x) * w

        found = gradients(f, np.ones(2), 2.0)
        np.testing.assert_array_equal(found["x"], [0, 0])
        assert found["v3"] is None  # what was cut off

    def test_of_constants_are_none(self) -> None:
        assert gradients(Tensor(np.ones(2), name="x") * np.ones(2))["v1"] is None

    def test_are_of_the_sum_of_what_has_many_entries(self) -> None:
        x = Tensor(np.ones(2), name="x")
        view, _ = read_view(x * np.array([2.0, 3.0]), x * 10, gradients=True)
        np.testing.assert_array_equal(view.nodes[0].gradient, [12, 13])
        assert view.notes == ["gradients are those of the sum of all entries of the outputs"]

    def test_stay_zero_beside_infinities(self) -> None:
        def f(x: Any) -> Any:
            return np.sum(np.where(x > 0, np.sqrt(x), 0.0))

        np.testing.assert_array_equal(gradients(f, np.array([0.0, 4.0]))["x"], [0, 0.25])

    def test_do_not_reach_beyond_the_arguments(self) -> None:
        x = Tensor(2.0, name="x")
        u = x * 3
        assert "x" not in gradients(lambda u: u * u, u)
        assert gradients(lambda u: u * x, u)["x"] == 6  # not what goes through u as well

    def test_of_parameters_that_are_older_than_the_arguments(self) -> None:
        model = nn.Linear(3, 1, seed=0)
        found = gradients(lambda x: np.sum(model(x)), X)
        np.testing.assert_allclose(found["weight"], X.sum(axis=0)[:, None])
        np.testing.assert_allclose(found["bias"], [2.0])


class TestGrad:
    """What ``backward`` left in ``grad`` is shown, and never touched."""

    def test_is_shown_where_no_gradients_are_asked_for(self) -> None:
        x = Tensor(3.0, name="x")
        y = x * x
        assert [n.gradient for n in read_view(y)[0].nodes] == [None, None]
        y.backward()
        assert [n.gradient for n in read_view(y)[0].nodes] == [6, None]

    def test_stays_as_it_is(self) -> None:
        x, w = Tensor(3.0, name="x"), Tensor(2.0)
        x.grad = np.float64(100.0)
        assert gradients(x * w)["x"] == 2
        assert x.grad == 100
        assert w.grad is None

    def test_does_not_share_memory_with_what_is_shown(self) -> None:
        x = Tensor(np.ones(3), name="x")
        y = np.sum(x + x)
        y.backward()
        assert not np.shares_memory(gradients(y)["x"], x.grad)


class TestDerivatives:
    def test_stand_at_the_edges_in_symbols(self) -> None:
        found = derivatives(lambda a, b: np.sin(a) * b, 2.0, 5.0)
        assert found["a", "v1"].startswith("cos(a)")
        assert found["b", "output"].startswith("v1")
        assert found["v1", "output"].startswith("b")

    def test_of_equal_operands_are_one_for_each(self) -> None:
        x = Tensor(3.0, name="x")
        view, _ = read_view(x**x, derivatives=True)
        assert len({e.derivative for e in view.edges}) == 2

    @pytest.mark.parametrize(
        ("f", "args"),
        [
            (np.std, (np.arange(3.0),)),
            (lambda x, a, b: np.clip(x, a, b), (np.arange(3.0), 1.0, 2.0)),
            (lambda x, y: np.interp(1.5, x, y), (np.arange(3.0), np.arange(3.0))),
            (lambda x: softmax(x), (np.arange(3.0),)),
            (lambda x, y: np.outer(x, y), (np.arange(3.0), np.arange(3.0))),
            (lambda x: strange(x), (1.0,)),
        ],
    )
    def test_of_a_call_of_many_ops_or_without_a_formula_are_left_open(
        self, f: Any, args: Any
    ) -> None:
        found = derivatives(f, *args)
        assert set(found.values()) == {"…"}
        assert len(found) == len(args)

    def test_of_a_call_of_many_ops_are_there_when_it_is_unfolded(self) -> None:
        view, _ = read_view(lambda x: np.outer(x, x), np.arange(3.0), unfold=True, derivatives=True)
        assert all(edge.derivative not in ("", "…") for edge in view.edges)

    def test_of_constants_are_left_out(self) -> None:
        assert derivatives(lambda x: x * np.ones(3), np.ones(3))["v1", "output"] == ""

    @pytest.mark.parametrize(
        "compute",
        [
            lambda x: x * C,
            lambda x: C * x,
            lambda x: C.T @ x,
            lambda x: np.einsum("ij,ij->i", x, C),
            lambda x: np.where(C > 2, x, 0.0),
            lambda x: np.convolve(x[:, 0], C[:, 1]),
            lambda x: np.interp(1.5, C[:, 1], x[:, 0]),
            lambda x: np.stack([x, C]),
            lambda x: x[C[:, 1] > 2],
            lambda x: x.at[0].set(C[0]),
            lambda x: softmax_cross_entropy(x, np.array([0, 1, 1])),
            lambda x: nn.Linear(2, 1, seed=0)(x) * C,
        ],
    )
    def test_of_graphs_with_arrays_in_them_stand_where_they_depend_on_tensors(
        self, compute: Callable[[Tensor], Tensor]
    ) -> None:
        x = Tensor(np.arange(1.0, 7.0).reshape(3, 2), name="x")
        view, _ = read_view(compute(x), derivatives=True)
        kinds = {n.key: n.kind for n in view.nodes}
        assert all(kinds[e.tail] != "constant" or not e.derivative for e in view.edges)
        assert any(e.derivative for e in view.edges if kinds[e.tail] != "constant")

    def test_are_not_computed_unless_asked_for(self) -> None:
        view: View = read_view(np.sin, 1.0)[0]
        assert [e.derivative for e in view.edges] == [""]

    @pytest.mark.parametrize(
        "join", [np.stack, np.concatenate, lambda xs: np.array(xs, like=xs[0])]
    )
    def test_of_an_op_with_many_operands_take_no_longer_than_of_many_ops(self, join: Any) -> None:
        x = Tensor(np.arange(2000.0), name="x")
        y = join([x[i : i + 1] for i in range(2000)])
        begin = time.process_time()
        view, _ = read_view(y, gradients=True, derivatives=True)
        assert time.process_time() - begin < 5
        assert len([e for e in view.edges if e.derivative]) == 4000

    def test_of_an_operand_that_is_used_twice_are_those_of_its_places(self) -> None:
        a, b = Tensor(1.0, name="a"), Tensor(2.0, name="b")
        view, _ = read_view(np.stack([a, b, a]), derivatives=True)
        assert [e.derivative for e in view.edges] == ["g ↦ g[0]", "g ↦ g[1]", "g ↦ g[2]"]
