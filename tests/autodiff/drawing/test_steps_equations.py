"""What a step's equations say of arrays, and of the 0 that an infinite slope does not change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff.drawing.page._steps import ChainRuleStep
from tests.autodiff.drawing.test_steps_alarms import course

X = np.array([0.0, 1.0, 2.0])
W = np.array([[1.0, 2.0], [3.0, 4.0]])


def derivatives(f: Callable[..., Any], *args: Any) -> list[list[str]]:
    """Return the local derivatives, of which the first is that of what is computed first."""
    steps = [step for step in course(f, *args) if step.way == "Forward"]
    return [equation for step in steps for equation in step.equations[1:]]


def arrivals(found: list[ChainRuleStep], head: str) -> list[ChainRuleStep]:
    """Return the steps in which something comes back through a node."""
    return [step for step in found if step.sender and step.heading.endswith(f" through {head}")]


# -- numbers in the place of small arrays ----------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: np.sin(x), np.ones(2), ["cos(x)", "cos([1, 1])", "[0.5403, 0.5403]"]),
        (lambda x: np.exp(x), X, ["v1", "[1, 2.7183, 7.3891]"]),
        (lambda x: x * [1, 2, 3], X, ["[1, 2, 3]"]),
        (lambda x: x / [3, 1, 1], X, ["1/[3, 1, 1]", "[0.33333, 1, 1]"]),
        (lambda x: np.where([True, False, True], x, 0), X,
            ["(1 if [True, False, True] else 0)", "[1, 0, 1]"]),
        (lambda x: np.maximum(x, 1.5), X,
            ["(1 if x == v1 else 0)", "(1 if [0, 1, 2] == [1.5, 1.5, 2] else 0)", "[0, 0, 1]"]),
        (lambda x: x[0] * np.array([1.0, 2.0]), X, ["∂output/∂v1 at [0], else 0"]),
        # of many entries, and of matrices, there is but the formula
        (lambda x: np.sin(x), np.ones(5), ["cos(x)"]),
        (lambda x: np.sin(x), W, ["cos(x)"]),
        (lambda x: x * x, W, ["x"]),
    ],
)  # fmt: skip
def test_behind_the_numbers_stands_what_they_make(
    f: Callable[..., Any], x: Any, expected: list[str]
) -> None:
    assert derivatives(lambda x: np.sum(f(x)), x)[0][1:] == expected


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        # ties share, of which the formula of the other entries knows nothing
        (lambda x: np.maximum(x, 1.0), X, ["[0, 0.5, 1]"]),
        (lambda x: np.minimum(x, [1.0, 1.0, 3.0]), X, ["[1, 0.5, 1]"]),
        # five digits of the angle do not tell the cosine
        (lambda x: np.sin(x), np.array([0.0, 1234567891.0]), ["cos(x)", "[1, −0.91822]"]),
        (lambda x: np.sin(x), np.array(1234567891.0), ["cos(x)", "−0.91822"]),
        (lambda x: np.power(0.0, x), np.array(-1.0), ["NaN"]),
    ],
)
def test_a_formula_that_does_not_make_the_numbers_is_not_said_to(
    f: Callable[..., Any], x: Any, expected: list[str]
) -> None:
    assert derivatives(lambda x: np.sum(f(x)), x)[0][1:] == expected


def both_ways(x: Any, w: Any) -> Any:
    return np.sum(np.stack([x @ w, w @ x]) * x, axis=0) @ x


def conditional(x: Any, w: Any) -> Any:
    return np.sum(np.where(x > 1.0, x * w, w / x)) + np.max(x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: np.sum(np.sin(x) * x), [np.ones(2)]),
        (lambda x: np.sum(np.sin(x) * x), [np.ones((2, 1))]),
        (both_ways, [X[1:], W]),
        (conditional, [X[1:], W]),
        (lambda x, y: np.sum(x[:, None] * y[None, :] + np.sum(x)), [X, X[:2]]),
        (lambda x: np.sum(np.concatenate([x, x * 2.0]) / np.mean(x)), [X]),
        (lambda x: np.sum(x + 0.0) + np.prod(x * 1.0), [X]),
    ],
)
def test_no_equation_says_anything_twice(f: Callable[..., Any], args: Any) -> None:
    for step in course(f, *args):
        for equation in step.equations:
            assert len(set(equation)) == len(equation), equation


# -- 0 · inf ---------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [lambda x: np.log(x) * 0, lambda x: np.sqrt(x) * 0.0])
@pytest.mark.parametrize("x", [0.0, np.zeros(1)])
def test_where_nothing_arrives_nothing_is_passed_on_through_an_infinite_slope(
    f: Callable[..., Any], x: Any
) -> None:
    [arrival] = arrivals(course(f, x), "v1")
    assert arrival.equations[0][:2] == ["∂output/∂x", "∂output/∂v1 · ∂v1/∂x"]
    assert arrival.equations[0][2:] in (
        ["0, since nothing arrives at v1"],
        ["(1,): [0], since nothing arrives at v1"],
    )
    assert "back to x, since nothing arrives at v1." in arrival.says


def test_a_value_that_is_infinite_is_a_slope_too() -> None:
    found = course(lambda x, y: x * y * 0.0, 2.0, np.inf)
    texts = {step.heading: step.equations[0][-1] for step in arrivals(found, "v1")}
    assert texts == {
        "∂output/∂x through v1": "0, since nothing arrives at v1",
        "∂output/∂y through v1": "0",  # 0 · 2
    }


def test_of_an_array_it_is_said_where_entries_are_0() -> None:
    found = course(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), np.array([0.0, 4.0]))
    [arrival] = [step for step in found if step.heading.startswith("∂output/∂x through")]
    assert arrival.equations[0][-1] == "(2,): [0, 0.25], with 0 where nothing arrives at v2"
    assert "times ∂v2/∂x, with 0 where nothing arrives at v2." in arrival.says
    assert arrival.token == "(2,): [0, 0.25]"


def test_of_an_array_that_is_0_throughout_as_of_a_number() -> None:
    found = course(lambda x: np.sum(np.log(x) * 0.0), np.zeros(3))
    assert arrivals(found, "v1")[0].equations[0][-1] == "(3,): all 0, since nothing arrives at v1"


def test_of_sums_it_is_said_of_their_terms() -> None:
    def broadcast(x: Any, w: Any) -> Any:
        return np.sum(np.where(w > 1.0, x**w, 0.0))

    [arrival] = arrivals(course(broadcast, 0.0, np.array([0.5, 2.0])), "v2")[:1]
    assert arrival.equations[0][-1] == "0, with terms of 0 where nothing arrives at v2"

    def product(x: Any, w: Any) -> Any:
        return (w @ x)[0]

    found = course(product, np.ones(2), np.array([[1.0, 2.0], [np.inf, 1.0]]))
    to_x, *_ = [step for step in found if step.heading == "∂output/∂x through v1"]
    assert to_x.equations[0][-1] == "(2,): [1, 2], with terms of 0 where nothing arrives at v1"


def test_what_is_not_finite_is_not_passed_on_to_what_was_not_chosen() -> None:
    [arrival] = arrivals(course(lambda x: np.sqrt(np.where(x > 1.0, x, 0.0)), 0.5), "v2")
    assert arrival.equations[0][2:] == ["0, since v2 does not change with x"]
    assert "back to x, since v2 does not change with x." in arrival.says

    found = course(lambda x: np.sum(1 / np.where(x > 1.0, x, 0.0)), np.array([0.5, 2.0]))
    [arrival] = arrivals(found, "v2")
    assert arrival.equations[0][-1] == "(2,): [0, −0.25], with 0 where v2 does not change with x"


def test_it_is_said_of_one_contribution_of_several() -> None:
    found = course(lambda x: np.sqrt(x) * 0.0 + x, 0.0)
    [arrival] = arrivals(found, "v1")
    assert arrival.equations == [
        ["∂output/∂v1 · ∂v1/∂x", "0, since nothing arrives at v1"],
        ["∂output/∂x", "1 + 0", "1"],
    ]


def test_one_call_is_a_factor_without_brackets() -> None:
    found = course(lambda x: np.sum(np.sin(x) * np.log(x)), X + 1.0)
    factors = [step.equations[0][0].partition(" · ")[2] for step in found if step.sender]
    assert [factor for factor in factors if "x" in factor] == ["(1/x)", "cos(x)"]


@pytest.mark.parametrize("f", [lambda x: x * x * 0.0, lambda x: np.log(x) * 0.0 * x])
def test_a_finite_slope_times_0_is_0_without_more_words(f: Callable[..., Any]) -> None:
    for step in course(f, 2.0):
        assert "nothing arrives" not in str(step)
