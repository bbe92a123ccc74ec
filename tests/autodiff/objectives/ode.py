"""A linear differential equation by Runge and Kutta, of GradBench and cmpad."""

from __future__ import annotations

from typing import Any

import numpy as np

END = 2.0


def trajectory(x: Any, steps: int) -> Any:
    """Return the solution from 0 to 2 of y₀' = x₀, yᵢ' = xᵢ yᵢ₋₁, which begins with zeros."""
    h = END / steps
    y = np.zeros((steps + 1, len(x)), like=x)
    for i in range(steps):
        k1 = slope(x, y[i])
        k2 = slope(x, y[i] + h / 2 * k1)
        k3 = slope(x, y[i] + h / 2 * k2)
        k4 = slope(x, y[i] + h * k3)
        y[i + 1] = y[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def slope(x: Any, y: Any) -> Any:
    """Return y'."""
    slopes = np.empty_like(y)
    slopes[0] = x[0]
    for i in range(1, len(x)):
        slopes[i] = x[i] * y[i - 1]
    return slopes


def last(x: Any, steps: int) -> Any:
    """Return the last entry of the solution at the end."""
    return trajectory(x, steps)[-1, -1]


def example(n: int = 4, steps: int = 6) -> tuple[Any, int]:
    """Return n coefficients, and the number of steps."""
    return np.random.default_rng(8).uniform(0.5, 1.5, n), steps
