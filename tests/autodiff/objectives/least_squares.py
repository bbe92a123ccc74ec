"""Linear least squares: a polynomial for the sign of a number, of GradBench and cmpad."""

from __future__ import annotations

from typing import Any

import numpy as np


def half_squares(x: Any, n: int) -> Any:
    """Return ½ Σ (sign tᵢ - x₀ - x₁ tᵢ - x₂ tᵢ² - …)² for n equidistant tᵢ from -1 to 1."""
    residuals = np.empty(n, like=x)
    for i in range(n):
        t = -1 + i * 2 / (n - 1)
        residuals[i] = np.sign(t)
        power = 1.0
        for coefficient in x:
            residuals[i] -= coefficient * power
            power *= t
    return np.sum(residuals**2) / 2


def example(m: int = 4, n: int = 9) -> tuple[Any, int]:
    """Return m coefficients, and the number of residuals."""
    return np.random.default_rng(9).normal(size=m), n
