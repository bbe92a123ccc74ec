"""The heights of the course, fitted by steepest descent and by curve_fit, to its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import grad
from fit import chi_squared, curve_fit
from optim import gradient_descent

CENTRES = np.arange(50, 300, 2.5) + 1.25
DENSITY = np.zeros(100)
DENSITY[44:60] = (
    *(0.031, 0.013, 0.023, 0.064, 0.065, 0.126, 0.132, 0.127),
    *(0.113, 0.091, 0.105, 0.050, 0.018, 0.018, 0.018, 0.001),
)
DENSITY /= 2.5 * DENSITY.sum()


def gaussian(x: Any, mu: Any, sigma: Any) -> Any:
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def test_fifty_steps_of_steepest_descent() -> None:
    f = chi_squared(gaussian, CENTRES, DENSITY)
    result = gradient_descent(f, [155.0, 6.0], step=2000, maxiter=50, path=True)
    assert_allclose(result.path[1], [155.926, 13.319], atol=5e-4)
    assert_allclose(result.x, [178.51982, 7.54991], atol=5e-6)
    assert result.fun == pytest.approx(4.39245e-4, abs=5e-10)


def test_curve_fit_ends_at_the_same_minimum() -> None:
    popt, _ = curve_fit(gaussian, CENTRES, DENSITY, p0=[155, 6])
    assert_allclose(popt, [178.51982, 7.54991], atol=5e-6)
    assert_allclose(grad(chi_squared(gaussian, CENTRES, DENSITY))(popt), 0, atol=1e-16)
