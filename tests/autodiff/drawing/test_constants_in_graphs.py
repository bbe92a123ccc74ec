"""Calls whose results are constants to one who differentiates: they are shown as calls, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import no_grad
from tests.autodiff.drawing.test_calls import formulas, named_edges, names, view_of
from tests.autodiff.drawing.test_steps_alarms import course

V = np.array([3.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x * (x // 2), 3.0, "x // 2"),
        (lambda x: x * (x > 1), 3.0, "x > 1"),
        (lambda x: x * np.floor(x), 3.0, "floor(x)"),
        (lambda x: np.where(x <= 2, x, 0.0), 3.0, "x <= 2"),
        (lambda x: x[np.argsort(x)] * np.argmax(x), V, "argmax(x)"),
    ],
)
def test_are_shown_as_calls(f: Any, x: Any, expected: str) -> None:
    assert expected in formulas(f, x)
    assert ("x", "v1") in named_edges(f, x)


def test_have_no_gradient() -> None:
    [gradient] = [
        node.gradient
        for node in view_of(lambda x: x * (x // 2), 3.0, gradients=True, derivatives=True).nodes
        if node.formula == "x // 2"
    ]
    assert gradient is None


def test_that_nothing_uses_are_not_shown() -> None:
    def f(x: Any) -> Any:
        assert x > 0
        return x * x

    assert formulas(f, 3.0) == ["x * x"]


def test_without_recording_they_stay_constants() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            k = x // 2
        return x * k

    assert formulas(f, 3.0) == ["x * v1"]
    assert ("v1", "constant") in names(f, 3.0)


def test_are_no_arguments_in_steps() -> None:
    given, *others = course(lambda x: x * (x // 2) + x * (x > 1), 3.0)
    assert given.equations == [["x", "3"]]
    headings = [step.heading for step in others if step.way == "Forward"]
    assert headings[:3] == ["v1 = x // 2", "v2 = x * v1", "v3 = x > 1"]
