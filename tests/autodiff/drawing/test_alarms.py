"""Where NaN and infinities come from: what a reader looks for first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Tensor
from autodiff.drawing._alarms import is_finite, origin, with_alarms
from autodiff.drawing._graph import read_view
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.folding._folding import fold


def chain_of(*values: Any, gradients: tuple[Any, ...] = ()) -> View:
    nodes = [
        Vertex(f"n{i}", "op", f"v{i}", f"f(v{i - 1})", value, dict(enumerate(gradients)).get(i))
        for i, value in enumerate(values)
    ]
    return View(nodes, [Edge(f"n{i - 1}", f"n{i}") for i in range(1, len(nodes))])


def alarms(view: View) -> list[str]:
    return [node.alarm for node in with_alarms(view).nodes]


class TestValues:
    @pytest.mark.parametrize(
        ("value", "alarm"),
        [
            (np.nan, "NaN first here"),
            (np.array([[1, 2, 3, 4], [5, 6, 7, np.nan]]), "NaN first here: [1, 3]"),
            (np.array([np.inf, np.nan]), "NaN first here: [1]; inf first here: [0]"),
            (np.array([complex(np.inf, np.nan)]), "NaN first here: [0]"),
            (np.array([1, -np.inf]), "inf first here: [1]"),
            (np.array([1j, complex(np.nan, 0)]), "NaN first here: [1]"),
            (np.array([1, 2]), ""),
            (np.array(["nan"]), ""),
            (None, ""),
        ],
    )
    def test_are_pointed_at(self, value: Any, alarm: str) -> None:
        assert alarms(chain_of(1.0, value)) == ["", alarm]

    def test_are_pointed_at_in_leaves(self) -> None:
        assert alarms(chain_of(np.nan, np.nan)) == ["NaN first here", ""]

    def test_are_pointed_at_once(self) -> None:
        assert alarms(chain_of(1.0, np.nan, np.full(3, np.nan), 0.0, np.nan)) == [
            *("", "NaN first here", "", "", "NaN first here")
        ]

    def test_that_are_made_of_infinities_are_pointed_at(self) -> None:
        """As inf - inf is."""
        assert alarms(chain_of(1.0, np.inf, np.nan, np.nan)) == [
            *("", "inf first here", "NaN first here", "")
        ]

    def test_hide_no_infinities_that_come_up_later(self) -> None:
        """As log makes of 0 beside NaN."""
        value = np.array([np.nan, -np.inf])
        assert alarms(chain_of(np.array([np.nan, 0.0]), value)) == [
            *("NaN first here: [0]", "inf first here: [1]")
        ]


class TestGradients:
    def test_are_pointed_at_where_the_backward_pass_meets_them_first(self) -> None:
        view = with_alarms(chain_of(0.0, 0.0, 0.0, gradients=(np.nan, np.array([1, np.nan]), 1.0)))
        assert [node.gradient_alarm for node in view.nodes] == ["", "NaN first here: [1]", ""]

    @pytest.mark.parametrize(
        "f",
        [
            lambda x, w: np.sum(np.sqrt(x) ** 2),  # of a slope 2 · NaN
            lambda x, w: np.sum(w * np.exp(w + np.log(x))),
            lambda x, w: np.sum(w * x / np.sqrt(-1 - w)),  # of a factor that is NaN
        ],
    )
    def test_are_not_where_a_value_that_they_are_made_of_is_pointed_at(self, f: Any) -> None:
        with np.errstate(all="ignore"):
            view = with_alarms(read_view(f, np.array([-1.0, 4.0]), 2.0, gradients=True)[0])
        assert [node.alarm[:14] for node in view.nodes if node.alarm] == ["NaN first here"]
        assert any(np.isnan(n.gradient).any() for n in view.nodes if n.gradient is not None)
        assert [node.gradient_alarm for node in view.nodes if node.gradient_alarm] == []

    def test_that_are_infinite_beside_an_infinite_value_are_not(self) -> None:
        """As at the logarithm of 0; NaN that is made of infinities is another matter."""
        view = chain_of(0.0, -np.inf, 0.0, gradients=(np.inf, 1.0, 1.0))
        assert [node.gradient_alarm for node in with_alarms(view).nodes] == ["", "", ""]
        view = chain_of(0.0, -np.inf, 0.0, gradients=(np.nan, 0.0, 1.0))
        assert with_alarms(view).nodes[0].gradient_alarm == "NaN first here"

    def test_of_the_root_at_zero(self) -> None:
        """Its slope there is infinite."""
        x = Tensor(np.array([1.0, 0.0]), name="x")
        with np.errstate(all="ignore"):
            shown = autodiff.text(np.sum(np.sqrt(x)), gradients=True)
        assert "grad inf first here: [1]" in shown


class TestFolding:
    def test_says_in_which_repeat(self) -> None:
        view = chain_of(*[1.0] * 4, *[np.nan] * 4)
        view.nodes[-1].kind = "output"
        assert [node.alarm for node in fold(view, True).nodes] == [
            *("", "NaN first here, in repeat 4")
        ]

    def test_says_in_which_call_of_a_scope(self) -> None:
        view = chain_of(1.0, 2.0, np.nan, np.nan)
        for node in view.nodes[1:3]:
            node.scopes = ("net",)
        view.nodes[-1].kind = "output"
        assert fold(view, "net").nodes[1].alarm == "NaN first here, in v2"

    def test_says_where_the_first_of_each_kind_is(self) -> None:
        view = chain_of(1.0, 1.0, np.inf, np.nan, np.nan, 1.0)
        view.nodes[-1].kind = "output"
        said = "inf first here, in {}; NaN first here, in {}".format
        assert fold(view, True).nodes[1].alarm == said("repeat 2", "repeat 3")
        for node in view.nodes[1:-1]:
            node.scopes = ("net",)
        assert fold(view, "net").nodes[1].alarm == said("v2", "v3")

    def test_says_of_each_kind_that_is_left_out(self) -> None:
        notes = fold(chain_of(1.0, np.inf, np.nan, np.nan, np.nan), reach=1).notes[-2:]
        assert notes == ["inf first in v1, not drawn", "NaN first in v2, not drawn"]
        notes = fold(chain_of(1.0, np.inf, np.nan), reach=0).notes[-1:]
        assert notes == ["inf first in v1, not drawn"]

    def test_says_what_is_left_out(self) -> None:
        view = chain_of(1.0, np.nan, np.nan, np.nan)
        assert fold(view, reach=1).notes[-1] == "NaN first in v1, not drawn"
        assert not any("NaN" in note for note in fold(view, reach=2).notes)


def test_a_picture_points_at_the_call_that_made_it() -> None:
    def f(x: Tensor) -> Tensor:
        return np.sum(np.exp(np.log(x) * 2))

    with np.errstate(all="ignore"):
        view, _ = read_view(f, np.array([1.0, -1.0]))
    drawn = {node.formula: node.alarm for node in fold(view).nodes}
    assert {formula: alarm for formula, alarm in drawn.items() if alarm} == {
        "log(x)": "NaN first here: [1]"
    }


@pytest.mark.parametrize(
    ("value", "used", "says"),
    [
        (np.array([1.0, 2.0]), (), ""),
        (np.array([]), (), ""),
        (np.array([1.0, -np.inf]), (), "inf first here: [1]"),
        (np.array([np.inf]), (np.array([-np.inf]),), ""),
        (np.array([np.nan]), (np.nan,), ""),
        (
            np.array([complex(0.0, np.inf), np.nan]),
            (),
            "NaN first here: [1]; inf first here: [0]",
        ),
        (np.array([1, 2]), (), ""),
        (np.array(["a"]), (), ""),
        (None, (), ""),
        (np.array([np.nan]), ((Ellipsis, np.array([1])), "ij", None), "NaN first here: [0]"),
        (np.float32(np.nan), (None, 3), "NaN first here"),
    ],
)
def test_nan_is_told_before_infinities(value: Any, used: Any, says: str) -> None:
    assert origin(value, *used) == says
    assert not (says and is_finite(value))
