"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nn._activations import activation as activation_of
from nn._layers import Linear
from nn._module import Module

# Which cut off about half of what passes through; elsewhere it is lecun_normal.
_HALVING = dict.fromkeys(["relu", "leaky_relu", "elu", "gelu", "silu"], "he_normal")


class MLP(Module):
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes : sequence of int
        The number of inputs, of the neurons in each hidden layer, and of outputs.
    activation : str or callable
        After each hidden layer: "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid",
        "softplus", "identity", or a function.
    output_activation : str or callable
        The same, after the last layer; also "softmax" and "log_softmax".
    seed : int or numpy.random.Generator, optional
        For the initial weights.
    dtype : dtype
        Of the parameters.

    Raises
    ------
    ValueError
        When an activation is unknown, or there are fewer than two sizes or one below 1; by a call,
        when x has another width than the first size.
    TypeError
        When a size is no whole number.

    Examples
    --------
    >>> network = MLP([2, 16, 1], activation="tanh", seed=0)
    >>> network
    MLP(
      layers.0: Linear(weight (2, 16), bias (16,))  48 parameters
      layers.1: Linear(weight (16, 1), bias (1,))  17 parameters
      activation='tanh'
      output_activation='identity'
    )  65 parameters
    >>> network(np.zeros((10, 2))).shape
    (10, 1)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Callable[[Any], Any] = "relu",
        output_activation: str | Callable[[Any], Any] = "identity",
        *,
        seed: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if np.ndim(sizes) != 1:
            hidden = activation if isinstance(activation, list | tuple) else (16, 1)
            raise TypeError(f"MLP takes all sizes in one list, as in MLP({[sizes, *hidden]})")
        if len(sizes) < 2:
            raise ValueError(f"expected at least two sizes, of inputs and outputs, got {sizes}")
        activation_of(activation), activation_of(output_activation)
        init = "lecun_normal" if callable(activation) else _HALVING.get(activation, "lecun_normal")
        rng = np.random.default_rng(seed)
        self.layers = [Linear(m, n, init=init, seed=rng, dtype=dtype) for m, n in pairwise(sizes)]
        self.activation = activation
        self.output_activation = output_activation

    def forward(self, x: Any) -> Any:
        """Return the outputs, shape (..., sizes[-1]), for x of shape (..., sizes[0])."""
        bend = activation_of(self.activation)
        for layer in self.layers[:-1]:
            x = bend(layer(x))
        return activation_of(self.output_activation)(self.layers[-1](x))
