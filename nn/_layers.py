"""Layers, and what is built of them: `Sequential` and the multilayer perceptron."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias
from warnings import warn

import numpy as np
from numpy.typing import DTypeLike

from autodiff import Tensor, of_kind, recorded_state, to_numpy
from nn._activations import Function
from nn._activations import activation as activation_of
from nn._initialisation import initialisation
from nn._module import Module
from optim import random_generator

Seed: TypeAlias = int | np.random.Generator | None


class Linear(Module):
    """The affine map x @ W + b of the last axis, with W of shape (inputs, outputs).

    W starts from ``init``: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform",
    "lecun_normal", "orthogonal", "normal", "zeros", or a function of a shape, a generator and a
    dtype; b, if there is a ``bias``, from 0. They are of ``dtype``, to which batches of longer
    floats are cast, and a warning says so once.

    >>> Linear(3, 2, seed=0)
    Linear(weight (3, 2), bias (2,))  8 parameters
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        init: str | Function = "lecun_normal",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if not all(isinstance(n, int | np.integer) and n > 0 for n in (inputs, outputs)):
            raise ValueError(f"expected whole sizes of at least 1, got Linear({inputs}, {outputs})")
        drawn = initialisation(init)((inputs, outputs), random_generator(seed), dtype)
        self.weight = Tensor(np.broadcast_to(drawn, (inputs, outputs)).astype(dtype))
        self.bias = Tensor(np.zeros(outputs, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        """Return x @ W + b for x of shape (..., inputs)."""
        x = _batch_for(self, x) @ self.weight
        return x if self.bias is None else x + self.bias


class LayerNorm(Module):
    """Shift and scale each row to mean 0 and variance 1, then to what is learnt.

    ``eps`` is added to the variance, which may be 0 (Ba, Kiros and Hinton, 2016).

    >>> LayerNorm(2)(np.array([[1.0, 3.0]])).data.round(4)
    array([[-1.,  1.]])
    """

    def __init__(self, size: int, eps: float = 1e-5, *, dtype: DTypeLike = np.float64) -> None:
        self.weight = Tensor(np.ones(size, dtype))
        self.bias = Tensor(np.zeros(size, dtype))
        self.eps = float(eps)

    def forward(self, x: Any) -> Any:
        """Return (x - mean) / √(variance + eps) * weight + bias for x of shape (..., size)."""
        x = _batch_for(self, x)
        x = x - np.mean(x, axis=-1, keepdims=True)
        variance = np.mean(np.square(x), axis=-1, keepdims=True)
        return x / np.sqrt(variance + self.eps) * self.weight + self.bias


class Dropout(Module):
    """Set entries to 0 with probability p in training, and scale the others so the mean stays.

    After ``eval()`` it returns x itself (Srivastava and others, *JMLR* 15, 2014).

    >>> Dropout(0.5, seed=0)(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"expected a probability from 0 to less than 1, got {p}")
        self.p = float(p)
        self.generator = random_generator(seed)

    def forward(self, x: Any) -> Any:
        """Return x with entries set to 0 and the others divided by 1 - p."""
        if not self.training or self.p == 0:
            return x
        drawn = recorded_state(self.generator).random(np.shape(x))  # anew at each replay
        dropped = of_kind(drawn < self.p, x.data if isinstance(x, Tensor) else x)
        return np.where(dropped, 0, np.divide(x, 1 - self.p))


class Sequential(Module):
    """Modules, functions and names of activations, each applied to what the one before returned.

    >>> Sequential(Linear(2, 8, seed=0), "tanh", np.exp)(np.zeros((5, 2))).shape
    (5, 8)
    """

    def __init__(self, *layers: Module | Function | str) -> None:
        if any(isinstance(layer, list | tuple) for layer in layers):
            raise TypeError("expected layers, got a list: write Sequential(*layers) for a list")
        self.layers = [activation_of(layer) for layer in layers]

    def forward(self, x: Any) -> Any:
        """Return what the last layer returns."""
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Module):
    """A multilayer perceptron: linear layers with an activation between them.

    ``sizes`` are those of the inputs, of the hidden layers and of the outputs. An activation is a
    function, or the name of one in `nn`, or "tanh". ``seed`` and ``dtype`` are as in `Linear`.

    >>> MLP([2, 16, 1], activation="tanh", seed=0)(np.zeros((10, 2))).shape
    (10, 1)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Function = "relu",
        output_activation: str | Function = "identity",
        *,
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if np.ndim(sizes) != 1:
            hidden = activation if isinstance(activation, list | tuple) else (16, 1)
            raise TypeError(f"MLP takes all sizes in one list, as in MLP({[sizes, *hidden]})")
        if len(sizes) < 2:
            raise ValueError(f"expected at least two sizes, of inputs and outputs, got {sizes}")
        activation_of(activation), activation_of(output_activation)
        halves = activation in ["relu", "leaky_relu", "elu", "gelu", "silu"]  # what it is given
        init = "he_normal" if halves else "lecun_normal"
        rng = random_generator(seed)
        self.layers = [Linear(m, n, init=init, seed=rng, dtype=dtype) for m, n in pairwise(sizes)]
        self.activation = activation
        self.output_activation = output_activation

    def forward(self, x: Any) -> Any:
        """Return the outputs, shape (..., sizes[-1]), for x of shape (..., sizes[0])."""
        bend = activation_of(self.activation)
        for layer in self.layers[:-1]:
            x = bend(layer(x))
        return activation_of(self.output_activation)(self.layers[-1](x))


def _batch_for(layer: Linear | LayerNorm, x: Any) -> Any:
    """Return x in the precision of a layer's weight, if it has the layer's width."""
    x = x if hasattr(x, "__array_function__") else to_numpy(x)
    weight, given, own = layer.weight, x.dtype, layer.weight.dtype
    if x.shape[-1:] != weight.shape[:1]:
        raise ValueError(
            f"{type(layer).__name__} with {weight.name} of shape {weight.shape} takes a batch of "
            f"shape (..., {len(weight)}), but got one of shape {x.shape}"
        )
    if own == given or np.result_type(own, given) == own or given.kind == "c":
        return x
    if given.kind == "f":
        _warn_of_cast(weight.name, given.name, own.name)
    return x.astype(own)


@cache  # so that it is said once, whatever filters of warnings others set meanwhile
def _warn_of_cast(weight: str, given: str, own: str) -> None:
    warn(f"a {given} batch is cast, for {weight} is {own}: write x.astype(np.{own})", stacklevel=2)
