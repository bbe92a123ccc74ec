"""Derivatives by other means than the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def complex_step(f: Callable[..., Any], args: Sequence[Any], directions: Sequence[Any]) -> Any:
    """The derivative along a direction, exact to rounding, where f is analytic.

    Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM
    Review 40 (1998).
    """
    h = 1e-20
    return np.imag(f(*(x + 1j * h * d for x, d in zip(args, directions, strict=True)))) / h


def richardson(f: Callable[..., Any], args: Sequence[Any], directions: Sequence[Any]) -> Any:
    """The derivative along a direction by central differences, extrapolated twice."""

    def central(h: float) -> Any:
        up = f(*(x + h * d for x, d in zip(args, directions, strict=True)))
        down = f(*(x - h * d for x, d in zip(args, directions, strict=True)))
        return (np.asarray(up) - np.asarray(down)) / (2 * h)

    wide, middle, narrow = central(1e-3), central(5e-4), central(2.5e-4)
    first, second = (4 * middle - wide) / 3, (4 * narrow - middle) / 3
    return (16 * second - first) / 15
