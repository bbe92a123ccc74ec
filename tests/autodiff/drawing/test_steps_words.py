"""What the steps of arrays say to somebody who does not know the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff.drawing.page._steps import ChainRuleStep, steps_of
from autodiff.drawing.reading._functions import record_subject
from autodiff.drawing.reading._nodes import view_of

X = np.array([1.0, 2.0, 4.0])
W = np.arange(6.0).reshape(3, 2)


def course(f: Callable[..., Any], *args: Any) -> list[ChainRuleStep]:
    view, keys = view_of(record_subject(f, args, "steps"), unfold=True)
    return steps_of(view, keys)


def arrival(f: Callable[..., Any], *args: Any) -> str:
    """Return what is said as the last cotangent arrives at the first argument."""
    return course(f, *args)[-2].says


def test_the_way_back_begins_with_how_the_output_changes_with_itself() -> None:
    [seed] = [s for s in course(np.sin, 1.0) if s.heading == "∂output/∂output = 1"]
    assert seed.says == (
        "The way back begins at the output, which changes as fast as itself. From here on, each "
        "step says how fast output changes with a value that went into it."
    )


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (np.sum, "given to each entry, for each is added once."),
        (np.mean, "shared out evenly, for each entry makes the same part of the mean."),
        (np.max, "given to the greatest entry, and 0 to the others."),
        (np.min, "given to the least entry, and 0 to the others."),
        (lambda x: x[1], "put where the entries were read, and 0 elsewhere."),
        (lambda x: np.sum(x @ W), "times what it was multiplied by, added up over all that"),
        (lambda x: np.einsum("i,i->", x, X), "times what it was multiplied by, added up over all"),
        (lambda x: np.sum(x.reshape(3, 1)), "each entry back in its place."),
        (lambda x: np.sum(np.concatenate([x, x])), "cut to the part that x became."),
        (lambda x: np.sum(np.cumsum(x)), "added up, for each entry, over the sums that it is in."),
        (lambda x: np.linalg.norm(x), "as the formula of this step says."),
    ],
)  # fmt: skip
def test_what_becomes_of_a_cotangent_is_said_in_words(f: Callable[..., Any], says: str) -> None:
    told = arrival(f, X)
    assert f"what came to it, {says}" in told
    assert "by the rule of" not in told


def test_the_way_forward_says_what_its_lines_are() -> None:
    found = course(lambda x, w: np.sum(np.tanh(x @ w)), X[None], W)
    product, tanh, total = found[1:4]
    assert product.says.endswith(" The lines below are what it will pass back to x and w.")
    assert tanh.says.endswith(" Entry by entry, it changes with v1 as the line below says.")
    assert total.says.endswith(" The line below is what it will pass back to v2.")


def test_where_there_are_numbers_these_are_said_instead() -> None:
    assert course(lambda x: 3 * x, 2.0)[1].says == (
        "output is 6. It changes 3 times as fast as x."
    )  # fmt: skip
