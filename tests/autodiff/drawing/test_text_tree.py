"""The graph as a tree for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Tensor, text
from autodiff.drawing._text import DEEPEST, render_text
from autodiff.drawing._view import Edge, Vertex, View
from tests.autodiff.drawing.hand_written import chain, every_kind, folded_loop, square

EVERY_KIND = """\
loss = sum(layers.1 * c)      output                 2.5                  grad 1
├ layers.1                    scope                                                   ×12, 36 nodes
│ └ v1 = x @ layers.0.weight             (7,)        1 NaN, 1 inf, 1 … 5  grad —      <alarm>
│   ├ x                       leaf       (4, 3)      all 1                grad all 0
│   └ layers.0.weight         parameter  (3, 7)      0 … 20               grad —
└ c                           constant   (2,) int64  [1, 2]
v2 = loss @ x                 failed                                                  ValueError
├ loss (above)
└ x (above)

the value of x has changed since""".replace("<alarm>", "NaN first here: [0]")


def test_shows_all_that_a_view_holds() -> None:
    view = every_kind()
    view.nodes[-1].note = "ValueError"
    view.edges = [Edge(edge.tail, edge.head) for edge in view.edges]
    assert render_text(view, gradients=True) == EVERY_KIND


class TestTree:
    def test_leads_from_the_output_to_its_operands(self) -> None:
        assert render_text(square()).split("\n") == [
            "y = x * x    output  9",
            "├ x          leaf    3  ∂y/∂x = 2 * x",
            "└ x (above)             ∂y/∂x = 2 * x",
        ]

    def test_shows_a_shared_node_once(self) -> None:
        view = View(
            [
                Vertex("n0", "leaf", "x", value=2.0),
                Vertex("n1", "op", "v1", "sin(x)", 0.9),
                Vertex("n2", "op", "v2", "v1 * v1", 0.8),
                Vertex("n3", "output", "y", "v2 + v1", 1.7),
            ],
            [Edge("n0", "n1"), Edge("n1", "n2"), Edge("n1", "n2"), Edge("n2", "n3"),
             Edge("n1", "n3")],
        )  # fmt: skip
        assert render_text(view).split("\n") == [
            "y = v2 + v1      output  1.7",
            "├ v2 = v1 * v1           0.8",
            "│ ├ v1 = sin(x)          0.9",
            "│ │ └ x          leaf    2",
            "│ └ v1 (above)",
            "└ v1 (above)",
        ]

    def test_begins_with_each_output(self) -> None:
        outputs = [Vertex("n1", "output", "a", "-x"), Vertex("n2", "output", "b", "-a")]
        view = View([Vertex("n0", "leaf", "x"), *outputs], [Edge("n0", "n1"), Edge("n1", "n2")])
        assert render_text(view).split("\n") == [
            "a = -x       output",
            "└ x          leaf",
            "b = -a       output",
            "└ a (above)",
        ]

    def test_of_a_deep_graph_stays_narrow(self) -> None:
        lines = render_text(chain(1000)).split("\n")
        assert max(map(len, lines)) < 100
        assert sum(line.endswith("(below)") or " (below) " in line for line in lines) == sum(
            line[0] not in "│├└ " for line in lines[1:]
        )
        names = {line.lstrip("│├└ ").split(" ")[0] for line in lines}
        assert names == {"x", *(f"v{i}" for i in range(1, 1000))}
        assert all(line.count("│") + line.count("├") <= DEEPEST + 1 for line in lines)

    def test_of_nothing_is_empty(self) -> None:
        assert render_text(View()) == ""


class TestLoops:
    def test_that_were_folded_lead_back_to_what_is_above(self) -> None:
        assert render_text(folded_loop(2)).split("\n") == [
            "y = -v2           output  0.3",
            "└ v2 = sin(v1)            0.3",
            "  └ v1 = sin(v0)          0.3",
            "    ├ x           leaf    1    first repeat",
            "    └ v2 (above)               next repeat, as v0: ∂v1/∂v0 = 0.5",
        ]


class TestNotes:
    def test_stay_on_one_line_each(self) -> None:
        """Where a terminal breaks lines it knows how wide it is."""
        view = square()
        view.notes = ["word " * 40 + "end", "second"]
        *_, first, second = render_text(view).split("\n")
        assert (first.split()[-1], second) == ("end", "second")


class TestColumns:
    def test_are_aligned(self) -> None:
        lines = render_text(every_kind(), gradients=True).split("\n")
        shapes = [line.index(shape) for line in lines for shape in ("(4, 3)  ", "(3, 7)  ")
                  if shape in line]  # fmt: skip
        assert len(shapes) == 2
        assert len(set(shapes)) == 1

    def test_are_aligned_where_signs_are_wide_or_have_no_width(self) -> None:
        nodes = [
            Vertex("n0", "leaf", "漢字"),
            Vertex("n1", "leaf", "e\u0301"),
            Vertex("n2", "leaf", "abcd"),
        ]
        assert render_text(View(nodes)).split("\n") == [
            "漢字  leaf",
            "e\u0301     leaf",
            "abcd  leaf",
        ]

    def test_are_left_out_where_there_is_nothing_to_say(self) -> None:
        assert render_text(View([Vertex("n0", "leaf", "x")])) == "x  leaf"

    def test_tell_what_was_not_computed_from_zero(self) -> None:
        lines = render_text(every_kind(), gradients=True).split("\n")
        assert any("layers.0.weight" in line and "grad —" in line for line in lines)
        assert any(line.lstrip("│├└ ").startswith("x ") and "grad all 0" in line for line in lines)
        assert "grad —" not in render_text(every_kind())

    def test_have_no_values_on_request(self) -> None:
        assert "1 NaN, 1 inf, 1 … 5" in render_text(every_kind())
        assert "NaN" not in render_text(every_kind(), values=False)

    def test_hold_the_message_of_a_call_that_failed(self) -> None:
        assert "v2 = loss @ x" in render_text(every_kind())
        assert render_text(every_kind()).split("\n")[-1] == "the value of x has changed since"
        assert "ValueError: () @ (4, 3)" in render_text(every_kind())

    @pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "tab\tbed"])
    def test_show_hostile_names_on_one_line(self, name: str) -> None:
        (line,) = render_text(View([Vertex("n0", "leaf", name)])).split("\n")
        assert line.isprintable()


class TestPublic:
    def test_takes_tensors(self) -> None:
        x = Tensor(3.0, name="x")
        assert autodiff.text(x * x).split("\n") == [
            "v1 = x * x   output  9",
            "├ x          leaf    3",
            "└ x (above)",
        ]

    def test_takes_a_function_and_computes_its_gradients(self) -> None:
        def area(width: Tensor, height: Tensor) -> Tensor:
            return width * height

        assert autodiff.text(area, 2.0, 3.0, gradients=True, derivatives=True).split("\n") == [
            "output = width * height  output  6  grad 1",
            "├ width                  leaf    2  grad 3  ∂output/∂width = height = 3",
            "└ height                 leaf    3  grad 2  ∂output/∂height = width = 2",
        ]

    def test_folds_what_is_large(self) -> None:
        def steps(x: Tensor) -> Tensor:
            for _ in range(400):
                x = np.sin(x)
            return x

        shown = autodiff.text(steps, 1.0)
        assert "×400" in shown
        assert "\n401 nodes: repeats folded (collapse=False shows all)\n" in shown
        assert len(autodiff.text(steps, 1.0, collapse=False).split("\n")) > 400

    def test_shows_a_part_on_request(self) -> None:
        x = Tensor(3.0, name="x")
        y = np.exp(np.sin(x))
        assert autodiff.text(y, reach=0).startswith("v2 = exp(v1)")
        assert "x" not in autodiff.text(y, start="v1", values=False).split("\n")[1].split()

    def test_shows_the_call_that_raised(self) -> None:
        shown = autodiff.text(lambda x: x @ np.ones((2, 2)), np.ones(3))
        assert "failed" in shown
        assert "ValueError" in shown


@pytest.mark.parametrize("f", [lambda x: np.log(x) * 0.0, lambda x: np.sqrt(x) * 0.0])
def test_an_infinite_slope_beside_a_gradient_of_0_is_explained(f: Any) -> None:
    with np.errstate(all="ignore"):
        explained = text(f, 0.0, gradients=True, derivatives=True).splitlines()
        not_asked = text(f, 0.0, derivatives=True)
        passed_on = text(lambda x: np.sqrt(x) * 2.0, 0.0, gradients=True, derivatives=True)
    assert "grad 0" in explained[2]
    assert "= inf, but nothing arrives at v1" in explained[2]
    assert "nothing" not in "".join(explained[:2]) + not_asked + passed_on
