"""Scopes: which part of a program a node was recorded in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, compile, grad, no_grad, scope, text
from autodiff.drawing._clusters import Cluster, cluster_tree
from autodiff.drawing._graph import read_view
from autodiff.drawing.folding._folding import fold
from autodiff.drawing.pictures._dot import picture

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])


def scopes(*subject: Any) -> dict[str, tuple[str, ...]]:
    """Return the scopes of each node, by what computed it, or else its name."""
    return {n.formula or n.name: n.scopes for n in read_view(*subject)[0].nodes}


class TestScopes:
    def test_nest(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"):
                y = np.sin(x)
                with scope("inner"):
                    y = np.cos(y)
                y = np.tanh(y)
            return np.exp(y)

        assert scopes(f, 1.0) == {
            "x": (),
            "sin(x)": ("outer",),
            "cos(y₁)": ("outer", "inner"),
            "tanh(y₂)": ("outer",),
            "exp(y₃)": (),
        }

    def test_hold_what_is_used_in_them_alone(self) -> None:
        w, shared = Tensor(2.0, name="w"), Tensor(3.0, name="shared")

        def f(x: Any) -> Any:
            with scope("model"):
                with scope("first"):
                    y = x * w + np.ones(2) * shared
                with scope("second"):
                    return y * shared

        found = scopes(f, 1.0)
        assert found["w"] == ("model", "first")
        assert found["shared"] == ("model",)
        assert found["x"] == ()

    def test_end_with_an_error_that_the_program_catches(self) -> None:
        def f(x: Any) -> Any:
            try:
                with scope("attempt"):
                    np.sin(x) @ np.ones(9)
            except ValueError:
                return np.cos(x)

        assert scopes(f, X) == {"x": (), "cos(x)": ()}

    def test_may_be_made_before_a_picture_and_be_entered_within_themselves(self) -> None:
        encoder = scope("encoder")

        def f(x: Any) -> Any:
            with encoder:
                y = np.sin(x)
                with encoder:
                    y = np.cos(y)
                return np.tanh(y)

        found = scopes(f, 1.0)
        assert found["sin(x)"] == found["tanh(y₂)"] == ("encoder",)
        assert found["cos(y₁)"] == ("encoder", "encoder")

    def test_that_are_left_late_take_no_other_with_them(self) -> None:
        def parts(x: Any) -> Any:
            with scope("parts"):
                yield x * 2
                yield x * 3

        def f(x: Any) -> Any:
            rest = parts(x)
            a = next(rest)
            with scope("outer"):
                b = next(rest)
                rest.close()
                return a * b

        assert scopes(f, 1.0)["a * b"] == ("outer",)

    def test_that_were_entered_before_a_picture_are_left_in_it(self) -> None:
        def once() -> Any:
            with scope("before"):
                yield

        rest = once()
        next(rest)

        def f(x: Any) -> Any:
            with scope("inside"):
                rest.close()
                return np.sin(x)

        assert scopes(f, 1.0)["sin(x)"] == ("inside",)

    def test_hold_what_fails_where_nothing_is_recorded(self) -> None:
        def f(x: Any) -> Any:
            with no_grad(), scope("frozen"):
                return x @ x

        assert scopes(f, X)["x @ x"] == ("frozen",)

    def test_of_a_failure_are_those_where_it_happened(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"), scope("inner"):
                return x @ x

        assert scopes(f, X)["x @ x"] == ("outer", "inner")

    def test_are_not_left_open_by_an_earlier_picture(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"):
                return x @ x

        scopes(f, X)
        assert scopes(lambda x: np.sin(x), 1.0)["sin(x)"] == ()

    @pytest.mark.parametrize("name", ["", 3, None])
    def test_have_a_name(self, name: Any) -> None:
        def f(x: Any) -> Any:
            with scope(name):
                return x

        (failed,) = [n for n in read_view(f, 1.0)[0].nodes if n.kind == "failed"]
        assert "TypeError: a scope has a name, as in scope('encoder')" in failed.note

    def test_change_nothing_where_nothing_is_drawn(self) -> None:
        def f(x: Any) -> Any:
            with scope("square"):
                return x * x

        assert f(3.0) == 9
        assert grad(f)(3.0) == 6
        assert compile(f)(3.0) == 9
        with no_grad(), scope("outer"):
            assert f(Tensor(3.0)).item() == 9


class TestModules:
    def test_open_scopes_that_are_called_as_their_parameters(self) -> None:
        model = nn.MLP([3, 4, 1], "tanh", seed=0)
        view, _ = read_view(model, X)
        parameters = {n.name: n.scopes for n in view.nodes if n.kind == "parameter"}
        assert parameters == {
            "layers.0.weight": ("mlp", "layers.0"),
            "layers.0.bias": ("mlp", "layers.0"),
            "layers.1.weight": ("mlp", "layers.1"),
            "layers.1.bias": ("mlp", "layers.1"),
        }

    def test_without_parameters_are_called_as_their_class(self) -> None:
        class Cube(nn.Module):
            def forward(self, x: Any) -> Any:
                return x**3

        model = nn.Sequential(nn.Linear(3, 3, seed=0), Cube())
        assert ("sequential", "cube") in scopes(model, X).values()

    def test_that_are_called_alone_have_their_place_in_the_model(self) -> None:
        model = nn.MLP([3, 4, 1], "tanh", seed=0)
        first = model.layers[0]
        assert scopes(lambda x: first(x), X)["layers.0.bias"] == ("layers.0",)

    def test_return_what_they_returned(self) -> None:
        model = nn.Linear(3, 2, seed=0)
        np.testing.assert_array_equal(model(X).data, model.forward(X).data)


class TestEntries:
    """A scope that is entered twice is two, even where nothing is computed in between."""

    def called(self, times: int) -> tuple[Any, Any]:
        class Block(nn.Module):
            def __init__(self) -> None:
                self.inner = nn.Linear(2, 2, seed=0)

            def forward(self, x: Any) -> Any:
                return np.tanh(self.inner(x))

        class Net(nn.Module):
            def __init__(self) -> None:
                self.block = Block()

            def forward(self, x: Any) -> Any:
                for _ in range(times):
                    x = self.block(x)
                return x.sum()

        return Net(), np.ones(2)

    def test_are_closed_one_by_one(self) -> None:
        def twice(x: Any) -> Any:
            for _ in range(2):
                with scope("s"):
                    x = np.sin(x) * 2
            return x + 1

        shown = text(twice, 1.0, collapse="s")
        assert "x₂ = s(x)" in shown
        assert "x₃ = s(x₂)" in shown
        assert f"{2 * np.sin(1.0):.4f}" in shown

    def test_have_results_of_their_own(self) -> None:
        def f(x: Any) -> Any:
            with scope("s"):
                a = np.sin(x)
            with scope("s"):
                b = np.cos(x)
            return a * b

        view = fold(read_view(f, 1.0)[0], "s")
        assert [n.formula for n in view.nodes if n.kind == "scope"] == ["s(x)", "s(x)"]

    def test_within_themselves_are_nested(self) -> None:
        def f(x: Any) -> Any:
            with scope("s"):
                x = np.sin(x)
                with scope("s"):
                    x = np.cos(x)
                with scope("s"):
                    x = np.tanh(x)
                return np.exp(x) * 2

        nodes = [n for n in read_view(f, 1.0)[0].nodes if n.formula]
        assert [n.scopes for n in nodes[:3]] == [("s",), ("s", "s"), ("s", "s")]
        assert len({n.home for n in nodes[:3]}) == 3
        assert len({n.home[0] for n in nodes[:4]}) == 1

    def test_of_a_module_are_its_calls(self) -> None:
        view = fold(read_view(*self.called(40))[0])
        boxes = [n for n in view.nodes if n.kind == "scope"]
        assert len(boxes) == 40
        assert [n.formula for n in boxes][:2] == ["block(x)", "block(x₂)"]

    def test_of_a_module_are_repeats(self) -> None:
        view = fold(read_view(*self.called(6))[0], True)
        (box,) = [n for n in view.nodes if n.kind == "scope"]
        assert box.note.startswith("×6, the last")
        (again,) = [e for e in view.edges if e.leads_back]
        assert (again.head, again.operand) == (box.key, "x₆")

    def test_are_boxes_of_their_own_in_each_picture(self) -> None:
        def f(x: Any) -> Any:
            for _ in range(3):
                with scope("part"):
                    x = np.sin(x)
            return x + 1

        view, _ = read_view(f, 1.0)
        assert picture(view).source.count("subgraph ") == 3
        assert [type(m) for m in cluster_tree(view).members].count(Cluster) == 3

    def test_share_what_each_uses(self) -> None:
        (weight,) = (
            n for n in read_view(*self.called(3))[0].nodes if n.name == "block.inner.weight"
        )
        assert weight.scopes == ("net",)
