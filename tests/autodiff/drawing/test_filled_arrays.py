"""Arrays that are filled: what the program wrote into them stands in the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import no_grad, steps, text
from tests.autodiff.drawing.test_calls import formulas, named_edges, view_of

V = np.array([1.0, 2.0, 4.0])


class TestWriting:
    def test_entries_and_slices(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(3, like=x)
            out[0] = x
            out[1:] = 2 * x
            return np.sum(out**2)

        assert formulas(f, 2.0) == [
            "2 * x",
            "zeros(3); out[0] = x; out[1:] = v1",
            "v2 ** 2",
            "sum(v3)",
        ]

    def test_of_all_entries(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(3, like=x)
            for i in range(3):
                out[i] = x**i
            return out

        assert formulas(f, 2.0)[-1] == "zeros(3); out[0] = v1; out[1] = v2; out[2] = v3"

    def test_of_numbers_into_a_copy(self) -> None:
        def f(x: Any) -> Any:
            y = x.copy()
            y[0] = 5.0
            return y

        assert formulas(f, V) == ["x.copy(); y[0] = 5"]
        assert named_edges(f, V) == [("x", "output")]

    def test_after_a_read_goes_on_from_there(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(2, like=x)
            out[0] = x
            first = np.sum(out)
            out[1] = 3 * x
            return first * np.sum(out)

        assert formulas(f, 2.0) == [
            "zeros(2); out[0] = x",
            "sum(v1)",
            "3 * x",
            "v1; out[1] = v2",
            "sum(v3)",
            "first * v4",
        ]

    def test_of_an_array_that_is_added_to_in_places(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(3, like=x)
            np.add.at(out, [0, 0, 1], x)
            return out

        assert formulas(f, V) == ["zeros(3); add.at(out, [0, 0, 1], x)"]
        assert named_edges(f, V) == [("x", "output")]

    def test_of_augmented_assignments(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(3, like=x)
            out[0] += x
            return out

        assert formulas(f, 2.0)[-1] == "zeros(3); out[0] = v2"


class TestArraysOfEntries:
    def test_are_worded_as_called(self) -> None:
        assert formulas(lambda a, b: np.array([a, b, 1.0], like=a), 1.0, 2.0) == [
            "array([a, b, 1])"
        ]

    def test_of_matrices(self) -> None:
        assert (
            formulas(lambda a, b: np.array([[a, b], [b, 0]], like=a) @ [1.0, 2.0], 1.0, 2.0)[0]
            == "array([[a, b], [b, 0]])"
        )


class TestUnknownWrites:
    """Where the program's statements are not all known, the entries' origins are told."""

    def test_by_methods_and_views(self) -> None:
        def by_fill(x: Any) -> Any:
            out = np.zeros(3, like=x)
            out.fill(x[0])
            out[1] = x[2]
            return out

        def by_view(x: Any) -> Any:
            out = np.zeros((2, 3), like=x)
            row = out[0]
            row[1:] = x[1:]
            return out

        assert formulas(by_fill, V)[-1] == "entries of v1, v2"
        assert formulas(by_view, V)[-1] == "entries of v1, v2"

    def test_out_of_sight(self) -> None:
        def f(x: Any) -> Any:
            out = np.zeros(3, like=x)
            with no_grad():
                out[0] = 7.0
            out[1] = x[0]
            return out

        assert formulas(f, V)[-1] == "entries of v1, v2"


def test_an_entry_that_is_written_again_is_worded_once() -> None:
    def f(x: Any) -> Any:
        out = np.zeros(2, like=x)
        for k in range(3):
            out[0] = k * x
        return out

    assert formulas(f, 2.0)[-1].startswith("zeros(2); out[0] = v")
    assert formulas(f, 2.0)[-1].count("out") == 1


def test_unfolded_there_are_the_ops() -> None:
    def f(x: Any) -> Any:
        out = np.zeros_like(x)
        out[0] = x[1]
        np.add.at(out, [0, 1, 2], x)
        return out

    assert formulas(f, V)[-1] == "zeros_like(x); out[0] = v1; add.at(out, [0, 1, 2], x)"
    assert "scatter(x, shape=(3,))" in formulas(f, V, unfold=True)


def test_gradients_and_steps_go_through() -> None:
    def f(x: Any) -> Any:
        out = np.zeros(2, like=x)
        out[1] = x * x
        return np.sum(out)

    shown = {n.name: n.gradient for n in view_of(f, 3.0, gradients=True).nodes}
    assert shown["x"] == 6.0
    assert "out[1] = v1" in text(f, 3.0)
    assert "∂output/∂x" in steps(f, 3.0).html
