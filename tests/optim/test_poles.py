"""Least squares of models with poles: a step through one is no progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optim import least_squares

# The treated half of R's data set Puromycin: the rate of a reaction by concentration.
CONCENTRATION = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
RATE = np.array([76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200])


def michaelis_menten(c: Any, V: Any, K: Any) -> Any:
    return V * c / (K + c)


@pytest.mark.parametrize(
    "start",
    [[1.0, 1.0], [100.0, 1.0], [1.0, 0.1], [10.0, 10.0], [205.0, 0.08]],
)
def test_a_search_stays_on_its_side_of_a_pole(start: list[float]) -> None:
    # R's nls has 212.7 and 0.06412.
    result = least_squares(lambda p: michaelis_menten(CONCENTRATION, *p) - RATE, start, path=True)
    assert result.success
    assert_allclose(result.x, [212.6837, 0.06412128], rtol=1e-6)
    assert (result.path[:, 1] > -0.02).all()


X = np.linspace(2.0, 10.0, 12)


@pytest.mark.parametrize(
    ("model", "true"),
    [
        (lambda a, c: a / (X - c), [40.0, -30.0]),
        (lambda a, c: a / (X - c) ** 3, [4000.0, -20.0]),
        (lambda a, c: a / (X - c) + c, [40.0, -2.0]),
        (lambda a, c: a / np.tan((X - c) / 8), [3.0, 1.9]),
        (lambda a, c: a / np.sinh(X - c), [3.0, 1.0]),
        (lambda a, c: (a + X) / (1 - c * X), [3.0, 0.01]),
    ],
)
def test_poles_of_all_kinds_are_seen(model: Callable[..., Any], true: list[float]) -> None:
    y = model(*true)
    result = least_squares(lambda p: model(*p) - y, [1.0, 0.05])
    assert result.success
    assert_allclose(result.x, true, rtol=1e-6)


def test_a_wave_is_no_pole() -> None:
    # Its residuals go up and down on a step, and are looked at once.
    t = np.linspace(0.0, 10.0, 60)
    y = 2 * np.sin(1.3 * t + 0.4)
    result = least_squares(lambda p: p[0] * np.sin(p[1] * t + p[2]) - y, [1.0, 1.2, 0.0])
    assert_allclose(result.x, [2.0, 1.3, 0.4], rtol=1e-9)


def test_looking_for_poles_keeps_within_the_limit_of_evaluations() -> None:
    for limit in range(1, 25):
        count = 0

        def residuals(p: Any) -> Any:
            nonlocal count
            count += 1
            return michaelis_menten(CONCENTRATION, *p) - RATE

        result = least_squares(residuals, [1.0, 1.0], max_nfev=limit)
        assert result.nfev <= limit
        assert count <= limit


def test_of_many_residuals_a_sample_is_enough() -> None:
    c = np.tile(CONCENTRATION, 500)
    y = np.tile(RATE, 500)
    result = least_squares(lambda p: michaelis_menten(c, *p) - y, [1.0, 1.0])
    assert_allclose(result.x, [212.6837, 0.06412128], rtol=1e-6)
