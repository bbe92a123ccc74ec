"""Steepest descent keeps its path, and claims success only where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from optim import gradient_descent


def bowl(x: object) -> object:
    return np.sum((x - np.array([1.0, 2.0])) ** 2 * np.array([1.0, 3.0]))


def test_every_step_follows_the_gradient() -> None:
    result = gradient_descent(bowl, [0.0, 0.0], step=0.1, steps=3)
    path = [np.zeros(2)]
    for _ in range(3):
        path.append(path[-1] - 0.1 * 2 * np.array([1.0, 3.0]) * (path[-1] - [1.0, 2.0]))
    np.testing.assert_allclose(result.path, path, rtol=1e-14)
    np.testing.assert_array_equal(result.x, result.path[-1])
    assert (result.nit, result.nfev) == (3, 4)
    assert not result.success
    assert result.message == "all 3 steps were taken"


def test_converges_to_the_tolerance() -> None:
    result = gradient_descent(bowl, [0.0, 0.0], step=0.1, steps=1000, tolerance=1e-8)
    assert result.success
    assert result.nit < 1000
    np.testing.assert_allclose(result.x, [1.0, 2.0], atol=1e-8)
    assert np.linalg.norm(result.jac) <= 1e-8


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_step_that_diverges_is_no_success() -> None:
    result = gradient_descent(lambda x: np.exp(x * x), 2.0, step=10.0, steps=50)
    assert not result.success
    assert "smaller steps" in result.message
    assert np.isfinite(result.fun)


def test_a_start_at_the_minimum_is_the_end() -> None:
    result = gradient_descent(bowl, [1.0, 2.0], step=0.1, steps=5)
    assert result.success
    assert result.path.shape == (1, 2)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="positive step"):
        gradient_descent(bowl, [0.0, 0.0], step=0.0, steps=1)
    with pytest.raises(ValueError, match="f is nan at the start"):
        gradient_descent(lambda x: x * np.nan, 1.0, step=1.0, steps=1)
    with pytest.raises(TypeError, match="one real number"):
        gradient_descent(np.sin, [0.0, 0.0], step=1.0, steps=1)
