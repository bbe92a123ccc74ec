"""Initialisations: the random weights from which training starts, by name.

Each is a function of a shape (inputs, outputs), a random generator and a dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autodiff import Tensor

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, int]
Variance: TypeAlias = Callable[[int, int], float]
Initialisation: TypeAlias = Callable[[Shape, np.random.Generator, DTypeLike], Array]


def _normal(variance: Variance) -> Initialisation:
    """Return what draws from a normal distribution, of a variance that depends on the shape."""

    def draw(shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Array:
        return rng.normal(scale=sqrt(variance(*shape)), size=shape).astype(dtype)

    return draw


def _uniform(variance: Variance) -> Initialisation:
    """Return what draws evenly around 0, with a variance that depends on the shape."""

    def draw(shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Array:
        limit = sqrt(3 * variance(*shape))
        return rng.uniform(-limit, limit, shape).astype(dtype)

    return draw


def _orthogonal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Array:
    """Return a matrix with orthonormal rows or columns, whichever are fewer.

    Each is as likely as any other (Mezzadri, *Notices of the AMS* 54, 2007).
    """
    Q, R = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    Q = Q * np.where(np.diagonal(R) < 0, -1, 1)
    return (Q if shape[0] >= shape[1] else Q.T).astype(dtype)


INITIALISATIONS: dict[str, Initialisation] = {
    # He and others, 2015: where relu cuts half off, signals keep their size from layer to layer.
    "he_normal": _normal(lambda inputs, outputs: 2 / inputs),
    "he_uniform": _uniform(lambda inputs, outputs: 2 / inputs),
    # Glorot and Bengio, 2010: a compromise between signals and gradients.
    "glorot_normal": _normal(lambda inputs, outputs: 2 / (inputs + outputs)),
    "glorot_uniform": _uniform(lambda inputs, outputs: 2 / (inputs + outputs)),
    # LeCun and others, 1998: where nothing is cut off, signals keep their size.
    "lecun_normal": _normal(lambda inputs, outputs: 1 / inputs),
    "orthogonal": _orthogonal,
    "normal": _normal(lambda inputs, outputs: 1.0),
    "zeros": lambda shape, rng, dtype: np.zeros(shape, dtype),  # for last layers: others stay equal
}


def initialisation(name: str | Initialisation) -> Initialisation:
    """Return the initialisation of this name; a function is returned as it is.

    Raises
    ------
    ValueError
        When there is none of this name.
    """
    if callable(name):
        return name
    if not isinstance(name, str) or name not in INITIALISATIONS:
        raise ValueError(
            f"unknown initialisation {name!r}: expected a function or one of {[*INITIALISATIONS]}"
        )
    return INITIALISATIONS[name]


def initial_weight(
    init: str | Initialisation, shape: Shape, rng: np.random.Generator, dtype: DTypeLike
) -> Array:
    """Return what an initialisation draws, in the dtype.

    Raises
    ------
    ValueError
        When there is none of this name, or a function returns what does not fit.
    """
    drawn = initialisation(init)(shape, rng, dtype)
    drawn = drawn.data if isinstance(drawn, Tensor) else np.asarray(drawn)
    if drawn.shape != shape or not np.can_cast(drawn.dtype, dtype, "same_kind"):
        raise ValueError(
            f"expected init to return an array of shape {shape} that fits {np.dtype(dtype)}, got "
            f"one of shape {drawn.shape} and type {drawn.dtype}"
        )
    return np.array(drawn, dtype)
