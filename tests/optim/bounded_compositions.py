"""Random functions of two to four unknowns, within bounds, and a look that knows no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

TERMS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "logistic": lambda t: np.logaddexp(0, t),
    "square": lambda t: t**2,
    "fourth power": lambda t: t**4,
    "corner": np.abs,
    "one-sided corner": lambda t: np.maximum(0, t),
    "sine": np.sin,
}


class Composition(NamedTuple):
    """Minimise `f`, which takes one point or many as columns, from `start` within the limits."""

    text: str
    f: Callable[[Any], Any]
    start: Any
    lower: Any
    upper: Any

    @property
    def bounded(self) -> bool:
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())


def composition(seed: int) -> Composition:
    """Return a sum of two to five terms of linear forms that run askew to the axes."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 5))
    parts = []
    for _ in range(rng.integers(2, 6)):
        weights = rng.integers(-2, 3, size)
        weights[rng.integers(size)] = rng.choice([-2, -1, 1, 2])
        name = str(rng.choice(list(TERMS)))
        parts.append((10.0 ** rng.integers(-1, 3), name, weights, int(rng.integers(-2, 3))))

    def f(x: Any) -> Any:
        total = 0.0
        for factor, name, weights, shift in parts:
            form = sum(int(w) * x[i] for i, w in enumerate(weights) if w)
            total = total + factor * TERMS[name](form + shift)
        return total

    start = np.round(rng.normal(0, 2, size), 1)
    lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
    if rng.random() < 0.5:
        lower = np.where(
            rng.random(size) < 0.6, start - np.round(rng.exponential(2, size), 1), lower
        )
        upper = np.where(
            rng.random(size) < 0.6, start + np.round(rng.exponential(2, size), 1), upper
        )
    text = " + ".join(f"{c:g} {name}({w.tolist()} x + {b})" for c, name, w, b in parts)
    return Composition(text, f, start, lower, upper)


def lowest_around(problem: Composition, x: Any) -> float:
    """Return the least f that is found at distances from 0.1 down to 1e-8 of x.

    At each distance directions are drawn at random, then from the spread of the best ones: a narrow
    valley that runs askew is found by that.
    """
    rng = np.random.default_rng(0)
    size = np.maximum(np.abs(x), 0.1)
    lowest = float(problem.f(x))
    for distance in 10.0 ** -np.arange(1, 9):
        spread = np.eye(x.size)
        for _ in range(8):
            ways = spread @ rng.normal(size=(x.size, 60 * x.size))
            ways /= np.linalg.norm(ways, axis=0)
            ways *= rng.uniform(0.1, 1, ways.shape[1])
            points = x[:, None] + distance * size[:, None] * ways
            points = np.clip(points, problem.lower[:, None], problem.upper[:, None])
            values = problem.f(points)
            best = ways[:, np.argsort(values)[: 4 * x.size]]
            lowest = min(lowest, float(values.min()))
            spread = np.linalg.cholesky(best @ best.T / best.shape[1] + 1e-14 * np.eye(x.size))
    return lowest
