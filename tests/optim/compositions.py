"""Random compositions of simple terms, and whether a point is a minimum: no derivative of ours.

Each is a sum of functions of skew linear forms of the unknowns, whose first two derivatives are
known in closed form. That settles what no general method can know: where f has corners, and along
which directions all of a term is level.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import expit

Array = Any
Function = Callable[[Array], Array]

# f, f', f''
TERMS: dict[str, tuple[Function, Function, Function]] = {
    "exp": (np.exp, np.exp, np.exp),
    "softplus": (lambda t: np.logaddexp(0, t), expit, lambda t: expit(t) * expit(-t)),
    "logistic": (
        lambda t: 1 / (1 + np.exp(-t)),
        lambda t: expit(t) * expit(-t),
        lambda t: expit(t) * expit(-t) * (expit(-t) - expit(t)),
    ),
    "linear": (lambda t: 1 * t, np.ones_like, np.zeros_like),
    "square": (lambda t: t**2, lambda t: 2 * t, lambda t: 0 * t + 2),
    "cube": (lambda t: t**3, lambda t: 3 * t**2, lambda t: 6 * t),
    "fourth power": (lambda t: t**4, lambda t: 4 * t**3, lambda t: 12 * t**2),
    "eighth power": (lambda t: t**8, lambda t: 8 * t**7, lambda t: 56 * t**6),
    "root": (
        lambda t: np.sqrt(1 + t**2),
        lambda t: t / np.sqrt(1 + t**2),
        lambda t: (1 + t**2) ** -1.5,
    ),
    "cosine": (np.cos, lambda t: -np.sin(t), lambda t: -np.cos(t)),
    "staircase": (lambda t: t - np.sin(t), lambda t: 1 - np.cos(t), np.sin),
    "corner": (np.abs, np.sign, np.zeros_like),
    "ramp": (lambda t: np.maximum(t, 0), lambda t: 1.0 * (t > 0), np.zeros_like),
}
CORNERS = {"corner", "ramp"}
EITHER_SIGN = {"linear", "cube", "cosine", "staircase", "logistic"}
WIDE = 0.3  # less than half a wave of any form
WORTH = 1e-8  # of f: a fall that counts


class Composition:
    """A sum of two to six terms in two to four unknowns, and a start, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        n = int(draw.integers(2, 5))
        count = int(draw.integers(2, n + 3))
        self.names = [list(TERMS)[i] for i in draw.integers(0, len(TERMS), count)]
        self.forms = draw.integers(-3, 4, (count, n)).astype(float)
        self.shifts = draw.integers(-2, 3, count).astype(float)
        signs = draw.choice([-1.0, 1.0], count)
        signs[[name not in EITHER_SIGN for name in self.names]] = 1.0
        self.weights = signs * 10.0 ** draw.choice([-3, -2, -1, 0, 0, 0, 1, 2, 3], count)
        self.start = np.round(draw.normal(0, 3, n), 1)

    def __repr__(self) -> str:
        parts = zip(self.weights, self.names, self.forms.tolist(), self.shifts, strict=True)
        return " ".join(f"{w:+g} {name}({a}·x {b:+g})" for w, name, a, b in parts)

    def __call__(self, x: Any) -> Any:
        parts = zip(self.weights, self.names, self.forms, self.shifts, strict=True)
        return sum(float(w) * TERMS[name][0](a @ x + b) for w, name, a, b in parts)

    def derivative(self, x: Array, order: int) -> Array:
        """Return the weighted derivative of each term by its own form."""
        values = self.forms @ x + self.shifts
        by_term = [TERMS[name][order](t) for name, t in zip(self.names, values, strict=True)]
        return self.weights * np.array(by_term)

    def lower_beside(self, x: Array) -> Array | None:
        """Return a point that is lower than x, and that f falls to from there, if there is one.

        From x, and from beside it on both sides along each principal axis of little curvature, f is
        followed downhill in steps too short to leap into another valley; where terms have corners,
        also within the flats along which these stay as they are.
        """
        with np.errstate(all="ignore"):
            touched = [
                i
                for i, name in enumerate(self.names)
                if name in CORNERS and abs(self.forms[i] @ x + self.shifts[i]) < 1e-5 * WIDE
            ]
            for count in range(len(touched) + 1):
                for kept in combinations(touched, count):
                    lower = self._downhill(x, list(kept))
                    if lower is not None:
                        return lower
        return None

    def _downhill(self, x: Array, kept: list[int]) -> Array | None:
        _, sizes, axes = np.linalg.svd(self.forms[kept] if kept else np.zeros((1, x.size)))
        along = axes[int(np.sum(sizes > 1e-9)) :].T  # where the kept terms do not change
        if not along.size:
            return None
        curvatures, vectors = np.linalg.eigh(along.T @ self._hessian(x) @ along)
        flat = np.abs(curvatures) <= 1e-6 * np.abs(curvatures).max()
        sides = [s * WIDE / 10 * (along @ v) for v in vectors.T[flat] for s in (1, -1)]
        for beside in [np.zeros_like(x), *sides]:
            there = self._followed(x, beside, along)
            if self(x) - self(there) > WORTH * abs(self(x)) + 1e-13 * np.abs(self.weights).max():
                return there
        return None

    def _hessian(self, x: Array) -> Array:
        return self.forms.T * self.derivative(x, 2) @ self.forms

    def _followed(self, x: Array, beside: Array, along: Array) -> Array:
        """Return the end of a descent, by damped Newton steps within the distance WIDE."""
        point, damping = x + beside, 0.0
        for _ in range(60):
            gradient = along.T @ self.forms.T @ self.derivative(point, 1)
            curvatures, axes = np.linalg.eigh(along.T @ self._hessian(point) @ along)
            least = 1e-15 * np.abs(curvatures).max() or 1.0
            step = -axes @ (axes.T @ gradient / (np.maximum(np.abs(curvatures), least) + damping))
            step = along @ (step * min(1.0, WIDE / (np.linalg.norm(step) or 1.0)))
            if self(point + step) < self(point):
                point, damping = point + step, damping / 10
            else:
                damping = max(10 * damping, 1e-9 * np.abs(curvatures).max(), 1e-300)
            if np.linalg.norm(point - x) > WIDE:
                break
        return point
