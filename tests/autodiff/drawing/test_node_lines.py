"""What nodes and edges say: shapes, values, NaN and infinities counted, gradients, notes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, draw
from autodiff.drawing import _values
from autodiff.drawing._values import (
    edge_hover_text,
    edge_text,
    hover_text,
    lines,
    short_derivative,
)
from autodiff.drawing._view import Edge, Vertex


def said(node: Vertex, **options: bool) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines(node, **options)]


def warnings(node: Vertex) -> list[str]:
    return [text for line in lines(node) for text, role in line if role == "warning"]


class TestValues:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (1 / 3, ["0.33333"]),
            (-1 / 3, ["−0.33333"]),
            (24.70408163265306, ["24.704"]),
            (-2, ["−2"]),
            (np.array([-1.5, 2.0]), ["(2,)", "[−1.5, 2]"]),
            (np.linspace(-1, 1, 9), ["(9,)", "−1 … 1"]),
            (np.array(-1 - 2j), ["complex128", "−1−2j"]),
            (2, ["2"]),
            (np.float32(1.5e-12), ["float32", "1.5e−12"]),
            (np.array(1 + 2j), ["complex128", "1+2j"]),
            (np.array([1.0, 2.5]), ["(2,)", "[1, 2.5]"]),
            (np.array([[1.0, 2.0]]), ["(1, 2)", "[[1, 2]]"]),
            (np.arange(100.0), ["(100,)", "0 … 99"]),
            (np.arange(100.0).reshape(4, 25).T[::-2], ["(13, 4)", "0 … 99"]),
            (np.zeros((10, 10)), ["(10, 10)", "all 0"]),
            (np.ones((0, 3)), ["(0, 3)"]),
            (np.full((1, 3), 3.366), ["(1, 3)", "all 3.366"]),
            (np.array([3.366]), ["(1,)", "[3.366]"]),
            (np.full(2, 1j), ["(2,) complex128", "all 0+1j"]),
            (np.arange(1.0, 5.0), ["(4,)", "[1, 2, 3, 4]"]),
            (np.arange(1.0, 6.0), ["(5,)", "1 … 5"]),
            (np.arange(1.0, 5.0)[:, None] / 3, ["(4, 1)", "0.33333 … 1.3333"]),
            (np.array([1 / 3 + 1j, 2 / 3]), ["(2,) complex128", "[0.33333+1j, 0.66667+0j]"]),
            (np.ones(9, complex), ["(9,) complex128"]),
            (np.arange(9), ["(9,) int64", "0 … 8"]),
            (np.arange(9) > 3, ["(9,) bool", "False … True"]),
            (np.array([True, False]), ["(2,) bool", "[True, False]"]),
            (np.array(["a", "b"]), ["(2,) <U1"]),
            (None, []),
        ],
    )
    def test_are_shown_briefly(self, value: Any, shown: list[str]) -> None:
        assert said(Vertex("n0", "leaf", "x", value=value)) == ["x", *shown]

    @pytest.mark.parametrize(
        ("value", "shown", "marked"),
        [
            (np.nan, "NaN", ["NaN"]),
            (complex(1, np.nan), "1+NaNj", ["1+NaNj"]),
            (np.array([np.nan]), "[NaN]", ["NaN"]),
            (np.float64(-np.inf), "−inf", ["−inf"]),
            (np.array([np.nan, 1.0]), "[NaN, 1]", ["NaN"]),
            (np.array([[np.nan], [-np.inf]]), "[[NaN], [−inf]]", ["NaN", "−inf"]),
            (np.full(3, np.inf), "all inf", ["all inf"]),
            (np.full((2, 2), np.nan), "all NaN", ["all NaN"]),
            (np.array([complex(np.nan, 1), np.nan]), "all NaN", ["all NaN"]),
            (np.array([np.nan, np.nan, *range(1, 6)]), "2 NaN, 1 … 5", ["2 NaN"]),
            (
                np.array([np.inf, -np.inf, -np.inf, np.nan, 7, 7, 7]),
                "1 NaN, 1 inf, 2 −inf, else 7",
                ["1 NaN, 1 inf, 2 −inf"],
            ),
            (np.full(9, np.nan), "all NaN", ["all NaN"]),
            (np.full(9, -np.inf), "all −inf", ["all −inf"]),
            (np.full(9, np.nan, complex), "all NaN", ["all NaN"]),
            (np.array([complex(0, np.inf)] * 9), "all inf", ["all inf"]),
            (np.array([np.nan] * 4 + [np.inf] * 5), "4 NaN, 5 inf", ["4 NaN, 5 inf"]),
        ],
    )
    def test_that_are_not_finite_are_counted_and_marked(
        self, value: Any, shown: str, marked: list[str]
    ) -> None:
        node = Vertex("n0", "op", "x", value=value, alarm="here")
        assert said(node)[-2:] == [shown, "here"]
        assert warnings(node) == [*marked, "here"]

    def test_that_others_brought_about_are_not_marked(self) -> None:
        for value in (np.nan, np.array([np.nan, 1]), np.full(9, np.nan)):
            node = Vertex("n0", "op", "x", value=value, gradient=value)
            assert warnings(node) == []

    def test_are_counted_in_all_parts_of_a_large_array(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(_values, "AT_ONCE", 16)
        value = np.arange(100.0).reshape(10, 10)[:, ::-1]
        value[0, 0], value[9, 9] = np.nan, np.inf  # where 9 and 90 were
        assert said(Vertex("n0", "op", "x", value=value))[-1] == "1 NaN, 1 inf, 0 … 99"

    def test_of_arrays_that_are_not_numpys_stay_unsaid(self) -> None:
        class Elsewhere:
            shape, dtype = (3,), "float16"

        assert said(Vertex("n0", "leaf", "x", value=Elsewhere())) == ["x", "(3,) float16"]


class TestGradients:
    def test_are_shown_where_they_were_computed(self) -> None:
        assert said(Vertex("n0", "leaf", "x", gradient=np.arange(9.0)))[-1] == "grad 0 … 8"

    def test_of_zero_differ_from_none(self) -> None:
        assert said(Vertex("n0", "leaf", "x", gradient=0.0), gradients=True)[-1] == "grad 0"
        assert said(Vertex("n0", "leaf", "x"), gradients=True)[-1] == "grad — (not computed)"
        assert said(Vertex("n0", "leaf", "x")) == ["x"]

    @pytest.mark.parametrize("kind", ["constant", "scope", "failed"])
    def test_are_not_missed_where_there_can_be_none(self, kind: str) -> None:
        assert said(Vertex("n0", kind, "x"), gradients=True) == ["x"]

    def test_that_are_not_finite_are_marked(self) -> None:
        node = Vertex("n0", "leaf", "x", gradient=np.full(9, np.nan), gradient_alarm="NaN here")
        assert warnings(node) == ["all NaN", "grad NaN here"]


class TestNotes:
    def test_are_wrapped(self) -> None:
        note = said(Vertex("n0", "op", "x", note="word " * 30))[1:]
        assert len(note) == 3
        assert all(len(line) <= 60 for line in note)

    def test_keep_their_lines(self) -> None:
        note = said(Vertex("n0", "failed", "x", note="shapes differ:\n  (3,)\n  (4,)"))[1:]
        assert note == ["shapes differ:", "  (3,)", "  (4,)"]

    def test_without_end_are_cut_short(self) -> None:
        note = said(Vertex("n0", "failed", "x", note="word " * 10_000))[1:]
        assert len(note) == 6
        assert note[-1].endswith(" …")

    def test_of_failures_are_warnings(self) -> None:
        assert warnings(Vertex("n0", "failed", "x", note="ValueError: no")) == ["ValueError: no"]
        assert warnings(Vertex("n0", "op", "x", note="×12")) == []


class TestEdges:
    def test_name_both_ends_of_a_derivative(self) -> None:
        x, y = Vertex("n0", "leaf", "x"), Vertex("n1", "op", "y")
        assert edge_text(Edge("n0", "n1", "cos(x)"), x, y) == "∂y/∂x = cos(x)"

    def test_name_a_map_by_what_it_does(self) -> None:
        w, y = Vertex("n0", "leaf", "w"), Vertex("n1", "op", "y")
        assert edge_text(Edge("n0", "n1", "g ↦ x.T @ g"), w, y) == "g ↦ x.T @ g"

    def test_explain_g_where_one_hovers_over_them(self) -> None:
        w, y = Vertex("n0", "leaf", "w"), Vertex("n1", "op", "y")
        assert edge_hover_text(Edge("n0", "n1", "g ↦ x.T @ g"), w, y).split("\n") == [
            *("w → y", "g ↦ x.T @ g", "g: the cotangent of y")
        ]
        assert edge_hover_text(Edge("n0", "n1", "ḡ′ ↦ ḡ′·g"), w, y).split("\n") == [
            *("w → y", "ḡ′ ↦ ḡ′·g", "ḡ′: the cotangent of y")
        ]
        assert edge_text(Edge("n0", "n1", "ḡ ↦ ḡ·g"), w, y) == "ḡ ↦ ḡ·g"
        assert edge_hover_text(Edge("n0", "n1", "cos(g)"), w, y) == "w → y\n∂y/∂w = cos(g)"
        assert edge_hover_text(Edge("n0", "n1"), w, y) == "w → y"

    @pytest.mark.parametrize(
        ("whole", "short"),
        [
            ("x" * 39, "x" * 39),
            ("x" * 40, "x" * 38 + "…"),
            ("x" * 40 + " = 0.25", "x" * 31 + "… = 0.25"),
            ("x" * 40 + " = −2e−05", "x" * 29 + "… = −2e−05"),
            ("x" * 40 + " = (1+2j)", "x" * 29 + "… = (1+2j)"),
            (
                "g ↦ −pinv(x).T @ g @ y.T + (y − x @ y) @ (pinv(x) @ pinv(x).T @ g).T",
                "g ↦ −pinv(x).T @ g @ y.T + (y − x @ …",
            ),
            ("g ↦ " + "x" * 40, "g ↦ " + "x" * 34 + "…"),
            ("x = " + "9" * 60, "x = " + "9" * 34 + "…"),
            ("", ""),
        ],
    )
    def test_are_cut_where_they_are_long(self, whole: str, short: str) -> None:
        assert short_derivative(whole) == short
        x, y = Vertex("n0", "leaf", "x"), Vertex("n1", "op", "y")
        assert edge_text(Edge("n0", "n1", whole), x, y).endswith(short)
        assert whole in edge_hover_text(Edge("n0", "n1", whole), x, y)

    def test_say_nothing_where_nothing_was_asked_for(self) -> None:
        assert edge_text(Edge("n0", "n1"), Vertex("n0", "leaf", "x"), Vertex("n1", "op", "y")) == ""


def test_hover_text_has_the_kind_the_scopes_and_the_place_too() -> None:
    node = Vertex("n0", "op", "y", "x * 2", 4.0, 1.0, ("model", "layers.0"), ("a/b.py", 7), "×2")
    assert hover_text(node).split("\n") == [
        *("op y = x * 2", "4", "grad 1", "×2", "in model / layers.0", "b.py, line 7")
    ]


class TestLongNames:
    """Graphviz takes no text of more than 16384 characters."""

    name = "k" * 60_000

    def test_are_cut_in_pictures(self) -> None:
        x = Tensor(2.0)
        picture = draw(np.sin(x * x), names={self.name: x}, gradients=True, derivatives=True)
        assert max(map(len, re.findall(r"k+", picture.source))) <= 1000  # in hover text
        assert b"kkk\xe2\x80\xa6" in picture.svg()

    @pytest.mark.parametrize("letter", ['"', "\\", "<", "é", "\n"])
    def test_are_cut_where_each_letter_is_escaped(self, letter: str) -> None:
        x = Tensor(2.0)
        picture = draw(np.sin(x * x), names={letter * 60_000: x}, derivatives=True)
        assert max(map(len, picture.source.splitlines())) < 16384
        assert b"</svg>" in picture.svg()
