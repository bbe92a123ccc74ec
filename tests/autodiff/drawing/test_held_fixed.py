"""A local derivative and the whole one have different symbols where they are different numbers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import draw, text
from autodiff.drawing._values import edge_hover_text, edge_text
from autodiff.drawing._view import Edge, Vertex
from autodiff.drawing.page._steps import ChainRuleStep, steps_of
from autodiff.drawing.page._uses import uses_of
from autodiff.drawing.reading._functions import record_subject
from autodiff.drawing.reading._held_fixed import mark_held_operands
from autodiff.drawing.reading._nodes import view_of

SAID = "∂(…)/∂x: other operands of that call are held fixed, though they depend on x, too"


def f(x: Any, y: Any) -> Any:
    u = x * y
    return u + np.sin(u)


def symbols(function: Callable[..., Any], *args: Any) -> list[str]:
    """Return what stands on the edges before the first "="."""
    tree = text(function, *args, derivatives=True, unfold=True)
    return re.findall(r"(∂\S.*?) = ", tree)


def course(function: Callable[..., Any], *args: Any) -> list[ChainRuleStep]:
    view, keys = view_of(record_subject(function, args, "steps"), unfold=True)
    return steps_of(view, keys)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: np.sin(x) * 2, ["∂output/∂v1", "∂v1/∂x"]),
        (lambda x: x * x, ["∂(x * x)/∂(first x)", "∂(x * x)/∂(second x)"]),
        (
            lambda x: np.hypot(x, x),
            [f"∂(hypot(x, x))/∂({nth} x)" for nth in ("first", "second")],
        ),
        (lambda x: x + np.sin(x), ["∂(x + v1)/∂x", "∂output/∂v1", "∂v1/∂x"]),
        (  # through several ops, and on both sides
            lambda x: (x + 1) * np.exp(np.sin(x)),
            ["∂output/∂v1", "∂v1/∂x", "∂output/∂v3", "∂v3/∂v2", "∂v2/∂x"],
        ),
        (
            lambda x: x * np.exp(np.sin(x)),
            ["∂(x * v2)/∂x", "∂output/∂v2", "∂v2/∂v1", "∂v1/∂x"],
        ),
    ],
)
def test_the_call_is_the_numerator_where_another_operand_depends_on_the_same_value(
    function: Callable[..., Any], expected: list[str]
) -> None:
    assert symbols(function, 2.0) == expected


def test_one_symbol_is_never_said_to_be_two_numbers() -> None:
    """1 + cos(6) is what the step size 1e-20 i makes of u + sin u at 6."""
    whole = np.imag(6 + 1e-20j + np.sin(6 + 1e-20j)) / 1e-20
    found = [equation for step in course(f, 2.0, 3.0) for equation in step.equations]
    numbers: dict[str, set[str]] = {}
    for left, *_, last in found:
        if left.startswith("∂") and "·" not in left and "…" not in last:
            numbers.setdefault(left, set()).add(last)
    assert numbers["∂(u + v1)/∂u"] == {"1"}
    assert numbers["∂output/∂u"] == {f"{whole:.4f}"}
    assert all(len(values) == 1 for values in numbers.values())


def test_a_step_multiplies_by_the_local_derivative() -> None:
    [arrival] = [s for s in course(f, 2.0, 3.0) if s.heading == "∂output/∂u through output"]
    assert arrival.equations[0] == ["∂output/∂output · ∂(u + v1)/∂u", "1 · 1", "1"]
    assert "what came to it, times ∂(u + v1)/∂u" in arrival.says


def test_it_is_said_once_what_is_held_fixed() -> None:
    assert text(f, 2.0, 3.0, derivatives=True).splitlines()[-1] == SAID
    assert SAID not in text(f, 2.0, 3.0)
    assert SAID not in text(lambda x: np.sin(x), 2.0, derivatives=True)
    assert SAID in draw(f, 2.0, 3.0, derivatives=True).svg().decode()
    [told] = [step.says for step in course(f, 2.0, 3.0) if "held fixed" in step.says]
    assert told.endswith("Other operands are held fixed, though they depend on u, too.")


def test_a_picture_and_its_source_say_it_on_the_edge() -> None:
    picture = draw(f, 2.0, 3.0, derivatives=True)
    assert "∂(u + v1)/∂u = 1" in picture.svg().decode()
    assert re.search(r"∂\(u \+ v1\)/∂u\s*(<BR/>)?\s*= 1", picture.source)


def test_maps_have_no_symbol_to_mistake() -> None:
    tree = text(lambda x: np.stack([x, x]).sum(), 2.0, derivatives=True)
    assert "∂" not in tree


def test_a_long_call_is_cut_on_the_edge_and_whole_where_there_is_room() -> None:
    x, y = Vertex("n0", "leaf", "x"), Vertex("n1", "op", "y", formula="x + " * 20 + "v1")
    edge = Edge("n0", "n1", "1", holds_others=True)
    assert edge_text(edge, x, y) == "∂(x + x + x + x + x + x + …)/∂x = 1"
    assert f"∂({y.formula})/∂x = 1" in edge_hover_text(edge, x, y)


def test_of_ten_thousand_nodes_it_is_found_in_a_second() -> None:
    """Each node uses the two before it, so each depends on all before it."""
    edges = [Edge(f"n{i - back}", f"n{i}") for i in range(2, 10_000) for back in (1, 2)]
    begun = time.perf_counter()
    mark_held_operands(edges)
    assert time.perf_counter() - begun < 1
    assert [e.holds_others for e in edges[:6]] == [False, False, False, True, False, True]


def test_operands_that_are_one_node_are_counted() -> None:
    edges = [Edge("n0", "n2"), Edge("n1", "n2"), *(Edge("n0", "n2") for _ in range(3))]
    mark_held_operands(edges)
    assert [edge.ordinal for edge in edges] == ["first", "", "second", "third", "4th"]


def test_uses_that_share_an_edge_are_told_apart() -> None:
    view, keys = view_of(record_subject(np.square, (2.0,), "steps"), unfold=True)
    for uses in uses_of(view, keys, "output").values():
        assert len({use.symbol for use in uses}) == len(uses)
