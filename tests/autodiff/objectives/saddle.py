"""A saddle as the least of many maxima, of GradBench: searches inside of searches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .descent import SMALL, argmin


def height(x: Any, y: Any) -> Any:
    """Return x₁² + x₂² - y₁² - y₂²."""
    terms = np.zeros_like(x + y)
    for i in range(2):
        terms[i] = x[i] ** 2
        terms[i] -= y[i] ** 2
    return np.sum(terms)


def highest(x: Any, start: Any, small: float = SMALL) -> Any:
    """Return where gradient ascent by y ends."""
    return argmin(lambda y: -height(x, y), start, small)


def ridge(x: Any, start: Any, small: float = SMALL) -> Any:
    """Return the greatest height by y."""
    return height(x, highest(x, start, small))


def example() -> tuple[Any, Any]:
    """Return where GradBench starts by x and by y."""
    return np.ones(2), np.ones(2)
