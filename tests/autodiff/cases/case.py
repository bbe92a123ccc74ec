"""What a case is, and numbers for its operands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A function of arrays, and arrays at which it is smooth.

    An analytic one is compared with a complex step, so it has to compute with complex numbers; a
    holomorphic one is tested at complex arguments as well.
    """

    name: str
    f: Callable[..., Any]
    args: tuple[np.ndarray, ...]
    analytic: bool = True
    holomorphic: bool | None = None  # as analytic, unless it says otherwise

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, a.shape)) or "scalar" for a in self.args)
        return f"{self.name}-{shapes}"


def real(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Numbers without ties, away from 0, the same in every run."""
    rng = np.random.default_rng(np.prod(shape, dtype=int) + 10 * len(shape))
    x = rng.permutation(np.linspace(low, high, int(np.prod(shape)) + 1)[:-1]) + 0.0137
    return x.reshape(shape)


def positive(*shape: int) -> np.ndarray:
    return real(*shape, low=0.3, high=2.5)


def unit(*shape: int) -> np.ndarray:
    return real(*shape, low=-0.85, high=0.8)


def packed(parts: Any) -> Any:
    """Join arrays of any shapes, each with a weight of its own."""
    return np.concatenate([(i + 1) * np.ravel(part) for i, part in enumerate(parts)])


def regular(*shape: int) -> np.ndarray:
    """Matrices that are far from singular and not symmetric."""
    return real(*shape) + 3 * np.eye(*shape[-2:])


def spectral(*shape: int) -> np.ndarray:
    """Matrices whose eigenvalues and singular values are well apart."""
    return 0.2 * real(*shape) + np.diag([1.0, 3.0, 6.0])


def tall(*shape: int) -> np.ndarray:
    m, n = shape[-2:]
    return 0.3 * real(*shape) + np.eye(m, n) * np.arange(1.0, n + 1)


def wide(*shape: int) -> np.ndarray:
    m, n = shape[-2:]
    return 0.3 * real(*shape) + np.eye(m, n) * np.arange(1.0, m + 1)[:, None]
