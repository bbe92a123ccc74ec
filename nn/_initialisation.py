"""Initialisations: the random weights from which training starts.

Each is a function of a shape (inputs, outputs), a random generator and a dtype. They differ in the
variance, which is to keep signals, or gradients, of one size from layer to layer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Shape: TypeAlias = tuple[int, int]
Array: TypeAlias = NDArray[Any]
Initialisation: TypeAlias = Callable[[Shape, np.random.Generator, DTypeLike], Array]


def he_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return normal numbers of variance 2 / inputs, for relu and its kin (He et al., 2015)."""
    return rng.normal(scale=sqrt(2 / shape[0]), size=shape).astype(dtype)


def he_uniform(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return numbers of that variance, 2 / inputs, that are evenly distributed around 0."""
    limit = sqrt(6 / shape[0])
    return rng.uniform(-limit, limit, shape).astype(dtype)


def glorot_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return normal numbers of variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""
    return rng.normal(scale=sqrt(2 / sum(shape)), size=shape).astype(dtype)


def glorot_uniform(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return numbers of that variance that are evenly distributed around 0."""
    limit = sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def lecun_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return normal numbers of variance 1 / inputs (LeCun et al., 1998)."""
    return rng.normal(scale=sqrt(1 / shape[0]), size=shape).astype(dtype)


def orthogonal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return a random matrix with orthonormal rows or columns, whichever are fewer.

    Each is as likely as any other (Mezzadri, *Notices of the AMS* 54, 2007).
    """
    rows, columns = shape
    Q, R = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    Q = Q * np.where(np.diagonal(R) < 0, -1, 1)
    return (Q if rows >= columns else Q.T).astype(dtype)


def normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return normal numbers of variance 1."""
    return rng.normal(size=shape).astype(dtype)


def zeros(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Array:
    """Return zeros, for a last layer that is to start at 0: hidden ones would never differ."""
    return np.zeros(shape, dtype)


INITIALISATIONS: dict[str, Initialisation] = {
    function.__name__: function
    for function in (
        *(he_normal, he_uniform, glorot_normal, glorot_uniform),
        *(lecun_normal, orthogonal, normal, zeros),
    )
}


def initialisation(name: str | Initialisation) -> Initialisation:
    """Return the initialisation of this name; a function is returned as it is.

    Raises
    ------
    ValueError
        When there is none of this name.

    Examples
    --------
    >>> initialisation("zeros")((1, 2), np.random.default_rng(0), np.float64)
    array([[0., 0.]])
    """
    if callable(name):
        return name
    if name not in INITIALISATIONS:
        raise ValueError(
            f"unknown initialisation {name!r}: expected a function or one of {[*INITIALISATIONS]}"
        )
    return INITIALISATIONS[name]
