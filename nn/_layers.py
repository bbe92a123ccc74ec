"""Layers, and the network that stacks them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff import Tensor
from nn._activations import ACTIVATIONS
from nn._module import Module

# Keeps the variance of what passes through a layer: 2 where half of it is cut off (He et al.,
# 2015), 1 elsewhere (LeCun et al., 1998).
_VARIANCE = {"relu": 2.0}


class Linear(Module):
    """The affine map x @ W + b.

    Parameters
    ----------
    inputs, outputs : int
        The lengths of the last axis before and after.
    variance : float
        Of the weights, times the number of inputs. Biases start at 0.
    seed : int or numpy.random.Generator, optional
    dtype : dtype

    Examples
    --------
    >>> layer = Linear(3, 2, seed=0)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        variance: float = 1.0,
        seed: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(seed)
        weight = rng.normal(scale=sqrt(variance / inputs), size=(inputs, outputs))
        self.weight = Tensor(weight.astype(dtype))
        self.bias = Tensor(np.zeros(outputs, dtype))

    def forward(self, x: Any) -> Any:
        """Return x @ W + b for x of shape (..., inputs)."""
        return x @ self.weight + self.bias


class MLP(Module):
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes : sequence of int
        The number of inputs, of the neurons in each hidden layer, and of outputs.
    activation : str
        "relu", "tanh", "logistic" or "identity", after each hidden layer.
    output_activation : str
        The same, after the last layer.
    seed : int or numpy.random.Generator, optional
        For the initial weights.
    dtype : dtype
        Of the parameters.

    Raises
    ------
    ValueError
        When an activation is unknown or there are fewer than two sizes.

    Examples
    --------
    >>> network = MLP([2, 16, 1], activation="tanh", seed=0)
    >>> network(np.zeros((10, 2))).shape
    (10, 1)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        output_activation: str = "identity",
        *,
        seed: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        for name in (activation, output_activation):
            if name not in ACTIVATIONS:
                raise ValueError(f"unknown activation {name!r}: expected one of {[*ACTIVATIONS]}")
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"expected at least two positive sizes, got {sizes}")
        rng = np.random.default_rng(seed)
        self.layers = [
            Linear(m, n, variance=_VARIANCE.get(activation, 1.0), seed=rng, dtype=dtype)
            for m, n in pairwise(sizes)
        ]
        self.activation = activation
        self.output_activation = output_activation

    def forward(self, x: Any) -> Any:
        """Return the outputs, shape (..., sizes[-1]), for x of shape (..., sizes[0])."""
        bend = ACTIVATIONS[self.activation]
        for layer in self.layers[:-1]:
            x = bend(layer(x))
        return ACTIVATIONS[self.output_activation](self.layers[-1](x))
