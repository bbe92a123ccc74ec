"""Initialisations by name: functions of a shape (inputs, outputs), a generator and a dtype."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np


def _orthogonal(shape: tuple[int, int], rng: np.random.Generator, dtype: Any) -> Any:
    """Return orthonormal rows or columns, as likely as any (Mezzadri, *Notices AMS* 54, 2007)."""
    Q, R = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    Q = Q * np.where(np.diagonal(R) < 0, -1, 1)
    return Q if shape[0] >= shape[1] else Q.T


INITIALISATIONS: dict[str, Callable[..., Any]] = {
    # He and others, 2015: where relu cuts half off, signals keep their size from layer to layer.
    "he_normal": lambda shape, rng, dtype: rng.normal(0, sqrt(2 / shape[0]), shape),
    "he_uniform": lambda shape, rng, dtype: sqrt(6 / shape[0]) * rng.uniform(-1, 1, shape),
    # Glorot and Bengio, 2010: a compromise between signals and gradients.
    "glorot_normal": lambda shape, rng, dtype: rng.normal(0, sqrt(2 / sum(shape)), shape),
    "glorot_uniform": lambda shape, rng, dtype: sqrt(6 / sum(shape)) * rng.uniform(-1, 1, shape),
    # LeCun and others, 1998: where nothing is cut off, signals keep their size.
    "lecun_normal": lambda shape, rng, dtype: rng.normal(0, sqrt(1 / shape[0]), shape),
    "orthogonal": _orthogonal,
    "normal": lambda shape, rng, dtype: rng.normal(size=shape),
    "zeros": lambda shape, rng, dtype: np.zeros(shape),  # for last layers: others stay equal
}


def initialisation(name: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the initialisation of this name; a function is returned as it is."""
    if callable(name):
        return name
    if name not in (names := [*INITIALISATIONS]):
        raise ValueError(f"unknown initialisation {name!r}: expected a function or one of {names}")
    return INITIALISATIONS[name]
