"""Where a function that is drawn raises: what it had computed, and what raised."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import scipy.optimize
import scipy.special

import nn
from autodiff import checkpoint, grad, text
from autodiff.drawing._graph import read_view
from autodiff.drawing._view import Vertex, View

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])


def view_of(*subject: Any, **keywords: Any) -> View:
    return read_view(*subject, **keywords)[0]


def failed(*subject: Any, **keywords: Any) -> Vertex:
    """Return the node of what raised."""
    node = view_of(*subject, **keywords).nodes[-1]
    assert node.kind == "failed"
    return node


def used(view: View) -> list[str]:
    """Return the names of what the last node uses."""
    names = {n.key: n.name for n in view.nodes}
    return [names[e.tail] for e in view.edges if e.head == view.nodes[-1].key]


class TestFailures:
    def test_show_what_was_computed_and_the_call_with_its_shapes(self) -> None:
        def f(x: Any, w: Any) -> Any:
            y = np.tanh(x)
            return y @ w

        view = view_of(f, X, np.ones((2, 2)))
        assert [n.kind for n in view.nodes] == ["leaf", "op", "leaf", "failed"]
        node = view.nodes[-1]
        assert node.formula == "y @ w"
        assert node.note.startswith("ValueError: matmul of Tensors or arrays of shape (2, 3)")
        assert "has shape" not in node.note  # which the message tells
        assert node.place == (__file__, f.__code__.co_firstlineno + 2)
        tails = {n.key: n.name for n in view.nodes}
        assert [tails[e.tail] for e in view.edges if e.head == node.key] == ["y", "w"]
        where = f"ValueError in test_failures.py, line {node.place[1]}"
        assert view.notes == [f"{where}: this is what was computed until then"]

    @pytest.mark.parametrize("text", [1 / 3, None, ValueError("no text")])
    def test_are_shown_though_their_text_cannot_be_had(self, text: Any) -> None:
        class SilentError(Exception):
            def __str__(self) -> Any:
                if isinstance(text, Exception):
                    raise text
                return text

        def f(x: Any) -> Any:
            raise SilentError

        assert failed(f, X).note == "SilentError"

    def test_in_what_is_called_back_do_not_show_the_caller_as_done(self) -> None:
        def raising(part: Any) -> Any:
            raise ValueError("no")

        def f(x: Any) -> Any:
            return np.piecewise(x, [x > 2], [np.negative, raising])

        assert [n.formula for n in view_of(f, X[0]).nodes if n.kind == "op"] == ["x[[0, 1]]"]

    def test_of_a_composite_show_no_part_of_it(self) -> None:
        nodes = view_of(lambda x: np.average(x, weights=x - x), X).nodes
        assert [n.formula for n in nodes] == ["", "x - x", "average(x, weights=v1)"]
        assert nodes[-1].kind == "failed"

    def test_of_the_program_itself_show_its_line(self) -> None:
        def f(x: Any) -> Any:
            y = x * 2
            raise KeyError(f"no {y.shape}")

        node = failed(f, 1.0)
        assert (node.name, node.formula) == ('raise KeyError(f"no {y.shape}")', "")
        assert node.note == "KeyError: 'no ()'"

    def test_of_a_function_without_a_rule_show_it(self) -> None:
        node = failed(lambda x: np.packbits(x), X)
        assert node.formula == "packbits(x)"
        assert "TypeError" in node.note

    def test_of_what_loses_the_graph_say_what_to_write(self) -> None:
        node = failed(lambda x: np.sin(np.asarray(x)), X)
        assert ".data" in node.note

    @pytest.mark.parametrize("entry", [lambda x: x[0], lambda x: np.sum(x), lambda x: x[:1]])
    def test_of_filling_a_plain_array_say_what_to_write(self, entry: Any) -> None:
        """As NumPy does not say, whose "setting an array element with a sequence" this is."""

        def f(x: Any) -> Any:
            y = np.zeros(3)
            y[0] = entry(x)
            return np.sum(y)

        node = failed(f, X[0])
        assert node.note.startswith("LostGraphError: ")
        assert "write y = np.zeros(3, like=" in node.note
        assert node.name == "y[0] = entry(x)"
        assert node.place == (__file__, f.__code__.co_firstlineno + 2)

    def test_whose_messages_have_lines_are_one_sentence_in_text(self) -> None:
        """The line that is told to be at fault is the node's own."""

        def f(x: Any) -> Any:
            return math.sin(x)

        shown = text(f, 2.0)
        expected = "for the derivative write np.sin(x); or write x.item() if a constant is meant"
        assert expected in shown
        assert str(Path(__file__).parent) not in shown

    def test_inside_of_scipy_show_the_line_that_called_it(self) -> None:
        node = failed(lambda x: scipy.special.softmax(x), X)
        assert node.place is not None
        assert node.place[0] == __file__
        assert "use autodiff.softmax" in node.note

    def test_before_anything_was_computed(self) -> None:
        view = view_of(lambda x: x @ x, X)
        assert [n.name for n in view.nodes] == ["x", "v1"]
        assert [(e.tail, e.head) for e in view.edges] == [("n0", "n1"), ("n0", "n1")]

    def test_have_no_gradients_but_do_not_hide_the_rest(self) -> None:
        view = view_of(lambda x: np.sin(x) @ np.ones(9), X, gradients=True, derivatives=True)
        assert [n.gradient for n in view.nodes] == [None] * len(view.nodes)

    def test_show_ends_of_the_program_that_led_nowhere(self) -> None:
        def f(x: Any) -> Any:
            np.cos(x)
            return np.sin(x) @ np.ones(9)

        found = [n.formula for n in view_of(f, X).nodes]
        assert found == ["", "cos(x)", "sin(x)", "", "v2 @ v3"]

    def test_show_nothing_that_a_call_before_made_for_itself(self) -> None:
        view = view_of(lambda x: np.stack([np.std(x), x]), X)
        assert [n.formula for n in view.nodes] == ["", "std(x)", "stack([v1, x])"]

    def test_inside_a_function_that_is_differentiated_are_those_of_its_caller(self) -> None:
        def f(x: Any) -> Any:
            return grad(lambda t: t @ t)(np.sin(x)) + checkpoint(np.cos)(x)

        assert [n.formula for n in view_of(f, X).nodes] == ["", "sin(x)", "v1 @ v1"]
        view = view_of(lambda x: checkpoint(lambda t: t @ t)(x), X)
        assert [n.formula for n in view.nodes] == ["", "x @ x"]

    def test_of_a_function_that_is_not_the_programs_stand_where_it_is_drawn(self) -> None:
        node = failed(np.linalg.inv, np.zeros((2, 2)))
        assert node.formula == "inv(a)"
        assert node.place is not None
        assert node.place[0] == __file__

    def test_by_an_interrupt_are_not_caught(self) -> None:
        def f(x: Any) -> Any:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            view_of(f, 1.0)

    def test_of_code_without_a_file_are_shown_all_the_same(self) -> None:
        space: dict[str, Any] = {}
        exec("def f(x):\n    return x @ x", space)
        assert failed(space["f"], X).formula == "x @ x"
        assert linecache.getline("<string>", 2) == ""


class TestCalls:
    def test_that_do_not_tell_their_operands_shapes_are_shown_with_them(self) -> None:
        node = failed(lambda x: np.packbits(x), X)
        assert node.note.endswith("\nx has shape (2, 3)")


class TestLayers:
    model = nn.MLP([3, 4, 1], "tanh", seed=0)

    def test_are_shown_as_calls_at_the_line_of_the_program(self) -> None:
        def f(x: Any) -> Any:
            y = x * 2
            return self.model.layers[1](y)

        view = view_of(f, X)
        node = view.nodes[-1]
        assert (node.kind, node.name, node.formula) == ("failed", "v1", "layers.1(y)")
        assert node.place == (__file__, f.__code__.co_firstlineno + 2)
        assert used(view) == ["y"]
        assert node.scopes == ()

    def test_inside_a_model_stand_in_its_box(self) -> None:
        view = view_of(lambda x: self.model(x[:, :2]), X)
        assert view.nodes[-1].formula == "layers.0(v1)"
        assert view.nodes[-1].scopes == ("mlp",)
        assert used(view) == ["v1"]

    def test_of_a_model_that_is_drawn_itself_stand_where_it_is_drawn(self) -> None:
        view = view_of(self.model, X[:, :2])
        assert view.nodes[-1].formula == "layers.0(x)"
        assert view.nodes[-1].place == (__file__, _line_of("return read_view("))
        assert used(view) == ["x"]

    def test_of_the_program_fail_at_its_line(self) -> None:
        class Picky(nn.Module):
            def forward(self, x: Any) -> Any:
                raise ValueError("no")

        node = failed(nn.Sequential(nn.Linear(3, 3, seed=0), Picky()), X)
        assert (node.name, node.formula) == ('raise ValueError("no")', "")
        assert node.scopes == ("sequential", "picky")


class TestLines:
    """What raised in no call of a Tensor is the statement, as the program has it."""

    @pytest.mark.parametrize(
        ("f", "line", "uses"),
        [
            (lambda x: x.nothing + 1, "x.nothing + 1", ["x"]),
            (lambda x: np.sin(x) + int("a"), 'np.sin(x) + int("a")', ["x"]),
            (lambda x: [][0], "[][0]", []),
            (
                lambda x: scipy.optimize.brentq(lambda t: t * t + 1, 0, 1),
                "scipy.optimize.brentq(lambda t: t * t + 1, 0, 1)",
                [],
            ),
        ],
    )
    def test_of_a_lambda_are_its_expression(
        self, f: Callable[..., Any], line: str, uses: list[str]
    ) -> None:
        view = view_of(f, X)
        assert (view.nodes[-1].name, view.nodes[-1].formula) == (line, "")
        assert view.nodes[-1].place == (__file__, _line_of(line))
        assert used(view) == uses
        assert "shape" not in view.nodes[-1].note

    def test_are_used_by_none_that_they_only_bind(self) -> None:
        def f(x: Any, z: Any) -> Any:
            y = np.sin(x)
            z = y + int("a")
            return z  # noqa: RET504

        view = view_of(f, X, X)
        assert view.nodes[-1].name == 'z = y + int("a")'
        names = {n.key: n.formula for n in view.nodes}
        assert [names[e.tail] for e in view.edges if e.head == view.nodes[-1].key] == ["sin(x)"]

    def test_of_several_lines_are_one(self) -> None:
        def f(x: Any) -> Any:
            raise ValueError(
                "no", np.shape(x)
            )  # fmt: skip

        view = view_of(f, X)
        assert view.nodes[-1].name == 'raise ValueError( "no", np.shape(x) )'
        assert used(view) == ["x"]

    def test_of_blocks_are_their_first(self) -> None:
        def f(x: Any) -> Any:
            if x.nothing:
                return x * 2
            return x

        view = view_of(f, X)
        assert view.nodes[-1].name == "if x.nothing:"
        assert used(view) == ["x"]

    def test_inside_a_library_are_those_that_called_it(self) -> None:
        def f(x: Any) -> Any:
            y = np.sin(x)
            mpl.rcParams.update({"font.size": y})
            return y

        view = view_of(f, X)
        assert view.nodes[-1].name == 'mpl.rcParams.update({"font.size": y})'
        assert view.nodes[-1].place == (__file__, f.__code__.co_firstlineno + 2)
        assert used(view) == ["y"]

    def test_inside_pythons_library_are_those_that_called_it(self) -> None:
        node = failed(lambda x: Path("a").joinpath(x), X)
        assert node.name == 'Path("a").joinpath(x)'

    def test_of_files_that_are_no_python_are_shown_as_they_are(self, tmp_path: Path) -> None:
        cell = tmp_path / "cell.py"
        lines = "def f(x):\n    return x.nothing\n"
        cell.write_text(f"{lines}%time f(x)\n", encoding="utf-8")
        space: dict[str, Any] = {}
        exec(compile(lines, str(cell), "exec"), space)
        view = view_of(space["f"], X)
        assert view.nodes[-1].name == "return x.nothing"
        assert used(view) == ["x"]

    def test_without_a_file_are_named_by_the_function(self) -> None:
        space: dict[str, Any] = {}
        exec("def f(x):\n    return x.nothing", space)
        assert failed(space["f"], X).name == "f(…)"

    def test_of_a_program_whose_name_begins_like_that_of_a_package_are_its_own(
        self, tmp_path: Path
    ) -> None:
        beside = str(Path(nn.__file__).parents[1] / "nn_of_mine.py")
        space: dict[str, Any] = {}
        exec(compile("def f(x):\n    return x.nothing", beside, "exec"), space)
        assert failed(space["f"], X).place == (beside, 2)


def _line_of(text: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)
