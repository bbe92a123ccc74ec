"""Where NaN and infinities come up: told at the step and at the node where they are first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff.drawing.page._steps import ChainRuleStep, steps_of
from autodiff.drawing.reading._functions import record_subject
from autodiff.drawing.reading._nodes import view_of


def course(f: Any, *args: Any) -> list[ChainRuleStep]:
    with np.errstate(all="ignore"):
        return steps_of(*view_of(record_subject(f, args), unfold=True))


def told(found: list[ChainRuleStep]) -> list[tuple[str, str]]:
    """Return the headings of the steps that warn, and what they say."""
    return [(step.heading, text) for step in found for text in step.warnings.values()]


def test_a_value_is_told_of_where_its_operands_have_no_such_entry() -> None:
    def f(x: Any) -> Any:
        y = np.log(x - 1.0)
        return np.sum(np.exp(y) * y)

    found = told(course(f, np.array([[2.0, 1.0, 3.0], [2.0, 0.5, -4.0]])))
    forward = [(heading, text) for heading, text in found if not heading.startswith("∂")]
    assert [(heading.split(" = ")[1], text) for heading, text in forward] == [
        ("log(v1)", "NaN first here: [1, 1]; inf first here: [0, 1]")
    ]


def test_nan_made_of_an_infinity_is_told_of_where_it_is_made() -> None:
    found = told(course(lambda x: np.sum(np.log(x) * x), np.array([1.0, 0.0])))
    assert ("v1 = log(x)", "inf first here: [1]") in found
    assert ("v2 = v1 * x", "NaN first here: [1]") in found


def test_a_number_has_no_index() -> None:
    assert ("v1 = log(x)", "inf first here") in told(course(lambda x: np.log(x) + x, 0.0))


def test_what_is_given_is_told_of_before_anything_is_computed() -> None:
    first, *others = course(lambda x, k: np.sum(x * k), np.array([1.0, np.nan]), 2.0)
    assert first.warnings == {"n0": "NaN first here: [1]"}
    assert "x: NaN first here: [1]." in first.says
    assert not [step for step in others if step.way == "Forward" and step.warnings]


@pytest.mark.parametrize(
    ("f", "x", "where", "says"),
    [
        (lambda x: np.sum(np.sqrt(x)), np.array([4.0, 0.0]), "∂output/∂x", "inf first here: [1]"),
        (lambda x: np.sqrt(x * 0.0), 2.0, "∂output/∂v1", "inf first here"),
        (lambda x: np.sum(np.sqrt(x) - np.sqrt(x)), np.zeros(2), "∂output/∂x", "inf first here"),
    ],
)
def test_a_cotangent_is_told_of_where_what_came_to_the_sender_is_finite(
    f: Any, x: Any, where: str, says: str
) -> None:
    found = course(f, x)
    assert not [step for step in found if step.way in ("Arguments", "Forward") and step.warnings]
    [heading, text] = told(found)[0]
    assert heading.startswith(where)
    assert says in text


def test_a_cotangent_that_values_spoil_is_not_told_of_again() -> None:
    found = course(lambda x: np.sum(np.log(x - 1.0) * x), np.array([0.5, 2.0]))
    assert [text for _, text in told(found)] == ["NaN first here: [0]"]


def test_infinities_that_add_up_to_nan_are_told_of_where_they_are_added() -> None:
    found = course(lambda x: np.sum(np.sqrt(x) - np.sqrt(x)), np.zeros(2))
    last = found[-2]
    assert [*last.warnings.values()] == ["∂output/∂x: inf first here: [0], NaN first here: [0]"]
    assert "nan" in last.equations[-1][-1].lower()  # inf − inf
    assert "NaN first here: [0]" in last.says


def test_the_words_of_a_step_tell_it_too() -> None:
    found = course(lambda x: np.sum(np.log(x)), np.array([1.0, -1.0]))
    assert "NaN first here: [1]." in found[1].says
