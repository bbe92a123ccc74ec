"""From Tensors to a view: which nodes there are, what they are called, and how ops are worded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import nn
import optim
from autodiff import (
    Tensor,
    elementwise,
    grad,
    log_softmax,
    logsumexp,
    softmax_cross_entropy,
    stop_gradient,
    text,
)
from autodiff.drawing._graph import read_view
from autodiff.drawing._view import Vertex, View


def view_of(*subject: Any, **keywords: Any) -> View:
    return read_view(*subject, **keywords)[0]


def node(name: str, *subject: Any, **keywords: Any) -> Vertex:
    """Return the node of that name."""
    (found,) = [n for n in view_of(*subject, **keywords).nodes if n.name == name]
    return found


def named_edges(*subject: Any, **keywords: Any) -> list[tuple[str, str]]:
    view = view_of(*subject, **keywords)
    names = {n.key: n.name for n in view.nodes}
    return [(names[edge.tail], names[edge.head]) for edge in view.edges]


class TestNodes:
    def test_are_one_for_each_leaf_op_and_constant_array_in_the_order_of_computing(self) -> None:
        x = Tensor(np.ones(2), name="x")
        nodes = view_of(np.sum(np.sin(x) * np.arange(2.0))).nodes
        assert [n.key for n in nodes] == ["n0", "n1", "n2", "n3", "n4"]
        assert [n.formula for n in nodes] == ["", "sin(x)", "", "v1 * v2", "sum(v3)"]

    def test_bear_the_values(self) -> None:
        x = Tensor([1.0, 2.0], name="x")
        values = [n.value for n in view_of(x * 3).nodes]
        np.testing.assert_array_equal(values, [[1, 2], [3, 6]])

    def test_of_equal_constants_are_one(self) -> None:
        x = Tensor(np.ones(2), name="x")
        assert len(view_of(x * np.ones(2) + np.ones(2)).nodes) == 4

    def test_of_a_large_constant_used_twice_are_one(self) -> None:
        x, c = Tensor(2.0, name="x"), np.arange(100_000.0)
        assert len(view_of(x * c + c).nodes) == 4

    def test_have_no_place_and_no_scope_after_the_fact(self) -> None:
        (_, y) = view_of(Tensor(1.0) * 2).nodes
        assert y.place is None
        assert y.scopes == ()

    def test_of_arguments_that_an_outer_derivative_takes_are_those_of_the_outer_tensors(
        self,
    ) -> None:
        x = Tensor(2.0, name="x")
        names = {n.name for n in view_of(grad(lambda t: t**3)(x)).nodes}
        formulas = " ".join(n.formula for n in view_of(grad(lambda t: t**3)(x)).nodes)
        assert "x" in names
        assert "argument" not in formulas

    def test_of_a_deep_graph_are_read_without_recursion(self) -> None:
        y = Tensor(1.0)
        for _ in range(5000):
            y = np.sin(y)
        assert len(view_of(y, gradients=True).nodes) == 5001


class TestKinds:
    w = Tensor(np.ones(2), name="layers.0.weight")
    x = Tensor(np.ones(2), name="x")
    c = Tensor(np.ones(2), requires_grad=False, name="c")

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("layers.0.weight", "parameter"),
            ("x", "leaf"),
            ("c", "constant"),
            ("v1", "constant"),
            ("v2", "op"),
            ("y", "output"),
        ],
    )
    def test_tell_what_a_node_is(self, name: str, kind: str) -> None:
        y = np.dot(np.ones(2) * self.x + self.c, self.w)
        y.name = "y"
        assert node(name, y).kind == kind

    def test_of_an_output_that_another_is_computed_from(self) -> None:
        u = Tensor(1.0, name="x") * 2
        assert [n.kind for n in view_of(u, np.sin(u)).nodes] == ["leaf", "output", "output"]

    def test_of_a_leaf_alone(self) -> None:
        assert [n.kind for n in view_of(self.x).nodes] == ["leaf"]


class TestEdges:
    def test_are_one_for_each_use(self) -> None:
        x = Tensor(3.0, name="x")
        assert named_edges(x * x) == [("x", "v1"), ("x", "v1")]

    def test_stand_in_the_order_of_the_operands(self) -> None:
        x, w = Tensor(np.ones(2), name="x"), Tensor(np.ones(2), name="w")
        assert named_edges(np.stack([w, x, w])) == [("w", "v1"), ("x", "v1"), ("w", "v1")]

    def test_do_not_come_from_what_was_cut_off(self) -> None:
        x = Tensor(2.0, name="x")
        assert ("x", "v1") not in named_edges(x * stop_gradient(np.sin(x)))


class TestNames:
    def test_are_given_by_a_dictionary(self) -> None:
        x = Tensor(2.0, name="x")
        u = x * x
        assert node("area", np.sin(u), names={"area": u, "side": x}).formula == "side * side"

    def test_are_given_to_the_outputs_by_a_list(self) -> None:
        x = Tensor(2.0, name="x")
        names = [n.name for n in view_of(x * 2, x * 3, names=["double", "triple"]).nodes]
        assert names == ["x", "double", "triple"]

    def test_that_are_made_up_avoid_those_in_use(self) -> None:
        x = Tensor(0.0)
        assert node("v3", np.sin(x) * x, names={"v1": x}).formula == "v2 * v1"

    @pytest.mark.parametrize(
        "names", [[3], {"x": 3.0}, {4: Tensor(1.0)}, [None], "y", 3, Tensor(1.0)]
    )
    def test_are_texts_for_tensors(self, names: Any) -> None:
        with pytest.raises(TypeError, match="names are a dict of texts to Tensors, or a list"):
            view_of(Tensor(1.0) * 2, names=names)

    def test_as_a_text_are_told_to_be_a_list(self) -> None:
        with pytest.raises(TypeError, match=r"but got 'y': write names=\['y'\]"):
            view_of(Tensor(1.0) * 2, names="y")

    def test_are_those_of_tensors_in_the_graph(self) -> None:
        with pytest.raises(ValueError, match="names calls a Tensor 'a' that the picture does not"):
            view_of(Tensor(1.0) * 2, names={"a": Tensor(3.0)})
        with pytest.raises(ValueError, match="names calls a Tensor 'a' that the picture does not"):
            view_of(np.sin, 1.0, names={"a": Tensor(3.0)})

    def test_may_be_for_what_a_function_that_raises_did_not_come_to(self) -> None:
        w = Tensor(3.0)
        view = view_of(lambda x: np.packbits(x) * w, 1.0, names={"w": w})
        assert view.nodes[-1].kind == "failed"

    def test_are_each_for_one(self) -> None:
        x = Tensor(2.0, name="x")
        y = x * x
        for names in ({"x": y}, ["x"]):
            with pytest.raises(ValueError, match="'x', and so is another in this graph"):
                view_of(y, names=names)
        assert node("x", y, names={"x": y, "side": x}).formula == "side * side"

    def test_are_not_more_than_the_outputs(self) -> None:
        with pytest.raises(ValueError, match=r"2 names were given for 1 output\(s\)"):
            view_of(Tensor(1.0) * 2, names=["a", "b"])


X = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]], name="x")
W = Tensor(np.ones((3, 2)), name="w")
V = Tensor([1.0, 2.0, 4.0, 3.0], name="v")
K = Tensor([1.0, 1.0], name="k")
S = Tensor([[2.0, 1.0], [1.0, 3.0]], name="s")


class TestWords:
    """What a program wrote, as far as the op and its inputs tell."""

    @pytest.mark.parametrize(
        ("compute", "formula"),
        [
            (lambda: np.mean(X), "mean(x)"),
            (lambda: np.mean(X, axis=1), "mean(x, axis=1)"),
            (lambda: np.sum(X, axis=-2, keepdims=True), "sum(x, axis=0, keepdims=True)"),
            (lambda: np.max(X, axis=(0, 1)), "max(x)"),
            (lambda: np.min(X), "min(x)"),
            (lambda: logsumexp(X, axis=0), "logsumexp(x, axis=0)"),
            (lambda: log_softmax(X), "log_softmax(x, axis=1)"),
            (lambda: np.linalg.norm(V), "norm(v)"),
            (lambda: np.linalg.norm(V, 3), "norm(v, 3)"),
            (lambda: np.linalg.norm(X, axis=0), "norm(x, axis=0)"),
            (lambda: np.cumsum(V), "cumsum(v)"),
            (lambda: np.cumsum(X, axis=0), "cumsum(x, axis=0)"),
            (lambda: np.einsum("ij,ji->i", X, W), 'einsum("ij,ji->i", x, w)'),
            (lambda: np.convolve(V, K), "convolve(v, k)"),
            (lambda: np.convolve(V, K, "valid"), 'convolve(v, k, mode="valid")'),
            (lambda: np.convolve(V, K, "same"), 'convolve(v, k, mode="same")'),
            (lambda: np.concatenate([V, K]), "concatenate([v, k])"),
            (lambda: np.concatenate([X, X], axis=1), "concatenate([x, x], axis=1)"),
            (lambda: np.stack([K, K], axis=-1), "stack([k, k], axis=1)"),
            (lambda: np.transpose(X), "transpose(x)"),
            (lambda: np.broadcast_to(K, (3, 2)), "broadcast_to(k, shape=(3, 2))"),
            (lambda: np.reshape(X, (3, 2)), "reshape(x, shape=(3, 2))"),
            (lambda: V[2:5], "v[2:5]"),
            (lambda: V[1], "v[1]"),
            (lambda: X[0], "x[0]"),
            (lambda: X[:, 1:3], "x[:, 1:3]"),
            (lambda: X[::-1, None], "x[::-1, None]"),
            (lambda: X[:], "x[:]"),
            (lambda: X[[0, 1, 1]], "x[[0, 1, 1]]"),
            (lambda: V.at[1:3].set(K), "v.at[1:3].set(k)"),
            (lambda: -V, "-v"),
            (lambda: abs(V), "abs(v)"),
            (lambda: np.where(V.data > 2, V, 0.0), "where(v1, v, 0)"),
            (lambda: softmax_cross_entropy(X, [0, 1]), "softmax_cross_entropy(x, labels=v1)"),
            (lambda: np.linalg.inv(S), "inv(s)"),
            (lambda: np.linalg.solve(S, S), "solve(s, s)"),
            (lambda: np.fft.fft(V), "fft(v)"),
            (lambda: np.fft.fft(X, axis=0, norm="ortho"), 'fft(x, axis=0, norm="ortho")'),
            (lambda: np.flip(X, axis=1), "flip(x, axis=1)"),
            (lambda: np.linalg.eigh(S)[1], "v4.eigenvectors"),
            (lambda: V * (1 + 2j), "v * (1+2j)"),
            (lambda: V * 2j, "v * 2j"),
            (lambda: scipy.special.erf(V), "erf(v)"),
            (lambda: scipy.special.sici(V)[1], "sici(v)[1]"),
            (lambda: X.astype(np.float32), "astype(x, dtype=float32)"),
        ],
    )
    def test_are_those_of_the_call(self, compute: Callable[[], Tensor], formula: str) -> None:
        assert view_of(compute()).nodes[-1].formula == formula

    @pytest.mark.parametrize("name", ["sum", "getitem", "transpose", "einsum", "astype"])
    def test_of_an_op_of_ones_own_are_not_mistaken_for_numpys(self, name: str) -> None:
        double = elementwise(lambda x: 2 * x, lambda g, out, x: 2 * g, name=name)
        assert view_of(double(V)).nodes[-1].formula == f"{name}(v)"

    def test_are_cut_short(self) -> None:
        formula = view_of(np.stack([V] * 99)).nodes[-1].formula
        assert formula.startswith("stack([v, v, ")
        assert len(formula) == 60
        assert formula.endswith("…")


class TestChanges:
    """A leaf whose value was replaced after the graph was recorded."""

    def test_are_noted(self) -> None:
        x, w = Tensor(1.0, name="x"), Tensor(2.0, name="w")
        y = x * w
        x.data = 3.0
        view = view_of(y)
        assert [n.note for n in view.nodes] == ["value changed since", "", ""]
        assert [n.value for n in view.nodes] == [3, 2, 2]
        assert view.notes == [
            "x changed since this was computed: the values that are marked are new, all others old"
        ]

    def test_of_many_are_told_in_a_line(self) -> None:
        leaves = [Tensor(1.0, name=f"w{i}") for i in range(9)]
        y = np.stack(leaves)
        for leaf in leaves:
            leaf.data = 2.0
        assert view_of(y).notes[0].startswith("w0, w1, w2 and 6 more changed since")

    def test_leave_out_the_gradients_that_depend_on_them(self) -> None:
        x, b = Tensor(3.0, name="x"), Tensor(1.0, name="b")
        y = np.sin(x * x + b)
        x.data = 100.0
        view = view_of(y, gradients=True)
        assert {n.name: n.gradient is None for n in view.nodes} == {
            "x": True, "v1": False, "b": False, "v2": False, "v3": False
        }  # fmt: skip
        assert view.notes[0].endswith("and what depends on both is not computed")

    def test_leave_out_what_comes_together_from_ways_new_and_old(self) -> None:
        x, w = Tensor(3.0, name="x"), Tensor(1.0, name="w")
        u = np.sin(x)
        y = u * w + u
        w.data = 2.0
        assert node("v1", y, gradients=True).gradient is None
        assert node("x", y, gradients=True).gradient is None

    def test_keep_the_gradients_that_depend_on_no_value(self) -> None:
        x, w = Tensor(3.0, name="x"), Tensor(2.0, name="w")
        y = np.sin(x + w)
        w.data = 5.0
        assert node("x", y, gradients=True).gradient == pytest.approx(np.cos(5.0))

    def test_leave_out_the_derivatives_that_depend_on_them(self) -> None:
        x, w = Tensor(0.0, name="x"), Tensor([3.0, 4.0], name="w")
        y = np.sin(x) * w - x
        x.data, w.data = 5.0, [7.0, 8.0]
        edges = [edge.derivative for edge in view_of(y, derivatives=True).edges]
        assert edges == ["— (not computed)"] * 3 + ["1", "−1"]

    def test_by_an_optimiser_are_changes_though_it_writes_into_the_old_array(self) -> None:
        net = nn.MLP([2, 3, 1], seed=0)
        loss = np.sum(net(np.ones((4, 2))) ** 2)
        before = {n.name: n.gradient for n in view_of(loss, gradients=True).nodes}
        loss.backward()
        optim.SGD(net.parameters(), lr=0.5).step()
        after = {n.name: n.gradient for n in view_of(loss, gradients=True).nodes}
        known = [name for name, gradient in after.items() if gradient is not None]
        assert "layers.1.bias" in known
        assert "layers.0.weight" not in known
        assert all(np.array_equal(after[name], before[name]) for name in known)

    def test_reach_into_views_of_what_changed(self) -> None:
        """An optimiser writes into the array that the transpose is a view of."""
        w, x = Tensor([[1.0, 2.0]], name="w"), Tensor([3.0], name="x")
        optimizer = optim.SGD([w], lr=0.5)
        y = np.sum(w.T @ x)
        y.backward()
        optimizer.step()
        view = view_of(y, gradients=True)
        assert view.notes[0].startswith("w, v1 changed since")
        assert [n.gradient is None for n in view.nodes] == [True, True, True, False, False]


class TestStart:
    x = Tensor(2.0, name="x")
    u = x * 3

    def test_is_a_tensor_or_the_name_of_a_node(self) -> None:
        y = np.sin(self.u)
        assert read_view(y, start=self.u)[1] == read_view(y, start="v1")[1] == "n1"
        assert read_view(y)[1] is None

    @pytest.mark.parametrize("start", [Tensor(1.0), "z"])
    def test_is_in_the_graph(self, start: Any) -> None:
        with pytest.raises(ValueError, match="start is not in this graph, whose nodes are x, v1"):
            read_view(np.sin(self.u), start=start)

    @pytest.mark.parametrize("start", ["y₃", "y3"])
    def test_may_have_the_digits_of_a_keyboard(self, start: str) -> None:
        def f(y: Any) -> Any:
            for _ in range(3):
                y = np.sin(y)
            return y * 2

        view, key = read_view(f, 1.0, start=start)
        assert [node.name for node in view.nodes if node.key == key] == ["y₃"]

    def test_is_the_name_as_it_stands_where_there_are_both(self) -> None:
        y = (x := Tensor(1.0, name="x")) * 2
        z = np.sin(y)
        names = {"x1": y, "x₁": z}
        for name, key in (("x1", "n1"), ("x₁", "n2")):
            assert read_view(z * x, names=names, start=name)[1] == key

    def test_that_is_no_node_is_told_the_nearest(self) -> None:
        def f(x: Any) -> Any:
            for _ in range(200):
                x = np.sin(x)
            return x

        with pytest.raises(ValueError, match=r"whose nodes are (x.*, ){3}…: got 'x1980'") as caught:
            read_view(f, 1.0, start="x1980")
        assert "x₁₉₈" in str(caught.value)
        assert len(str(caught.value)) < 120

    @pytest.mark.parametrize("start", [[1], np.ones(2), 3])
    def test_is_nothing_else(self, start: Any) -> None:
        with pytest.raises(TypeError, match="start is a Tensor of the graph or the name of a node"):
            read_view(np.sin(self.u), start=start)


class TestRefusals:
    @pytest.mark.parametrize(
        ("subject", "given"),
        [((), "nothing"), ((2.0,), "float"), ((Tensor(1.0), 3), "Tensor, int"), (("x",), "str")],
    )
    def test_name_what_is_no_tensor(self, subject: tuple[Any, ...], given: str) -> None:
        with pytest.raises(TypeError, match=f"draw expects Tensors, but was given {given}"):
            view_of(*subject)
        with pytest.raises(TypeError, match=f"text expects Tensors, but was given {given}"):
            text(*subject)

    @pytest.mark.parametrize(
        ("outputs", "instead"),
        [
            ([Tensor(1.0) * 2], r"write draw\(\*outputs\)"),
            ((Tensor(1.0), Tensor(2.0)), r"write draw\(\*outputs\)"),
            ({"y": Tensor(1.0)}, r"write draw\(\*outputs\.values\(\)\)"),
        ],
    )
    def test_of_tensors_in_a_structure_say_how_to_take_them_out(
        self, outputs: Any, instead: str
    ) -> None:
        with pytest.raises(TypeError, match=instead):
            view_of(outputs)
