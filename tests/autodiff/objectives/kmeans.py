"""k-means: the cost of GradBench, whose Newton step leads to the means of the clusters.

Léon Bottou and Yoshua Bengio, "Convergence properties of the k-means algorithms", NIPS 1994.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def cost(centroids: Any, points: Any) -> Any:
    """Return the sum of the squared distances from each point to the nearest centroid."""
    squares = np.zeros((len(points), len(centroids)), like=centroids)
    for j, centroid in enumerate(centroids):
        squares[:, j] = np.sum((points - centroid) ** 2, axis=1)
    return np.sum(np.min(squares, axis=1))


def example(n: int = 30, k: int = 4, d: int = 2) -> tuple[Any, Any]:
    """Return k centroids and n points of d coordinates."""
    points = np.random.default_rng(6).normal(size=(n, d))
    return points[:k] + 0.01, points
