"""Points where a formula is 0/0 and the derivative is a number: there it stands alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff.drawing.page._steps import ChainRuleStep
from tests.autodiff.drawing.test_calls import view_of
from tests.autodiff.drawing.test_steps_alarms import course

LN2 = np.log(2)


@pytest.mark.parametrize(
    ("f", "point", "expected"),
    [
        (np.hypot, (0.0, 0.0), ["0", "0"]),
        (np.hypot, (0.0, 3.0), ["x1/output = 0", "x2/output = 1"]),
        (np.arctan2, (0.0, 0.0), ["0", "0"]),
        (np.sinc, (0.0,), ["0"]),
        (special.boxcox, (2.0, 0.0), ["x1^(x2 − 1) = 0.5", f"{LN2**2 / 2:.5g}"]),
        (special.ellipk, (0.0,), [f"{np.pi / 8:.5g}"]),
        (special.exprel, (0.0,), ["0.5"]),
        (special.spence, (1.0,), ["−1"]),
    ],
)
def test_of_numbers(f: Callable[..., Any], point: tuple[float, ...], expected: list[str]) -> None:
    edges = view_of(f, *point, derivatives=True).edges
    assert [edge.derivative for edge in edges] == expected


def test_of_a_norm() -> None:
    edges = view_of(np.linalg.norm, np.zeros(3), derivatives=True).edges
    assert [edge.derivative for edge in edges] == ["g ↦ 0"]


def test_in_steps() -> None:
    def equations(step: ChainRuleStep) -> list[list[str]]:
        return step.equations[1:]

    [_, forward, *_] = course(np.hypot, 0.0, 0.0)
    assert equations(forward) == [["∂output/∂x1", "0"], ["∂output/∂x2", "0"]]


def test_no_step_tells_a_negative_zero_of_a_product() -> None:
    for f in (np.sinc, lambda x: -(x**2), lambda x: -(np.sin(x) ** 2)):
        steps = [step for step in course(f, 0.0) if step.way in ("Backward", "Gradients")]
        texts = [part for step in steps for chain in step.equations for part in chain]
        assert not {"-0", "−0"} & set(texts), texts
