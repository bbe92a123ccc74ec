"""The determinant by expansion in minors, of GradBench and cmpad."""

from __future__ import annotations

from typing import Any

import numpy as np


def by_minors(A: Any) -> Any:
    """Return the determinant of a square matrix, by Laplace's expansion along its first row."""
    n = len(A)
    if n == 1:
        return A[0, 0]
    total = 0.0
    for j in range(n):
        minor = np.empty((n - 1, n - 1), like=A)
        minor[:, :j] = A[1:, :j]
        minor[:, j:] = A[1:, j + 1 :]
        total = total + (-1) ** j * A[0, j] * by_minors(minor)
    return total


def example(n: int = 4) -> tuple[Any]:
    """Return a matrix with n rows."""
    return (np.random.default_rng(5).normal(size=(n, n)),)
