"""Layers: what networks are made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import DTypeLike

from autodiff import Tensor, recorded_state
from nn._activations import activation
from nn._initialisation import Initialisation, initial_weight
from nn._module import Module


class Linear(Module):
    """The affine map x @ W + b.

    Parameters
    ----------
    inputs, outputs : int
        The lengths of the last axis before and after. The weight has shape (inputs, outputs).
    bias : bool
        Whether there is b. It starts at 0.
    init : str or callable
        From what the weight starts: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform",
        "lecun_normal", "orthogonal", "normal", "zeros", or a function of a shape, a generator and
        a dtype.
    seed : int or numpy.random.Generator, optional
    dtype : dtype

    Raises
    ------
    ValueError
        When a size is below 1, or the initialisation unknown or of another shape or type; by a
        call, when x has another width.
    TypeError
        When a size is no whole number; by a call, when x is an array of another library.

    Warns
    -----
    UserWarning
        Once, by a call, when x is cast because its floats are longer than the weight's.

    Examples
    --------
    >>> layer = Linear(3, 2, seed=0)
    >>> layer
    Linear(weight (3, 2), bias (2,))  8 parameters
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        init: str | Initialisation = "lecun_normal",
        seed: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        _check_sizes("Linear", inputs, outputs)
        rng = np.random.default_rng(seed)
        self.weight = Tensor(initial_weight(init, (inputs, outputs), rng, dtype))
        self.bias = Tensor(np.zeros(outputs, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        """Return x @ W + b for x of shape (..., inputs)."""
        x = _batch_for(self, x) @ self.weight
        return x if self.bias is None else x + self.bias


class LayerNorm(Module):
    """Shift and scale each row to mean 0 and variance 1, then to what is learnt.

    Parameters
    ----------
    size : int
        The length of the last axis, along which it works.
    eps : float
        Added to the variance, so that equal entries divide by no zero.
    dtype : dtype

    Raises
    ------
    ValueError
        When the size is below 1 or eps negative; by a call, when x has another width.
    TypeError
        As from `Linear`.

    References
    ----------
    Ba, Kiros and Hinton, *Layer normalization*, 2016.

    Examples
    --------
    >>> LayerNorm(2)(np.array([[1.0, 3.0]])).data.round(4)
    array([[-1.,  1.]])
    """

    def __init__(self, size: int, eps: float = 1e-5, *, dtype: DTypeLike = np.float64) -> None:
        _check_sizes("LayerNorm", size)
        if not eps >= 0:
            raise ValueError(f"expected an eps of at least 0, got {eps}")
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
    """Set entries to 0 at random in training, and scale the others so that the mean stays.

    After ``eval()`` it returns x itself.

    Parameters
    ----------
    p : float
        The probability of 0, from 0 to less than 1.
    seed : int or numpy.random.Generator, optional

    Raises
    ------
    ValueError
        When p is no such probability.

    References
    ----------
    Srivastava and others, *JMLR* 15, 2014.

    Examples
    --------
    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> dropout.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, seed: int | np.random.Generator | None = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"expected a probability from 0 to less than 1, got {p}")
        self.p = float(p)
        self.generator = np.random.default_rng(seed)

    def forward(self, x: Any) -> Any:
        """Return x with entries set to 0 and the others divided by 1 - p."""
        if not self.training or self.p == 0:
            return x
        drawn = recorded_state(self.generator).random(np.shape(x))  # anew at each replay
        return np.where(drawn < self.p, 0, np.divide(x, 1 - self.p))


class Sequential(Module):
    """Layers and functions, each applied to what the one before returned.

    Parameters
    ----------
    *layers : Module, function or str
        A str names an activation.

    Raises
    ------
    ValueError
        When there is no activation of a name.
    TypeError
        When one of them is none of these.

    Examples
    --------
    >>> model = Sequential(Linear(2, 8, seed=0), "tanh", Dropout(0.1, seed=1), Linear(8, 1, seed=2))
    >>> model
    Sequential(
      layers.0: Linear(weight (2, 8), bias (8,))  24 parameters
      layers.1=tanh
      layers.2: Dropout(p=0.1)
      layers.3: Linear(weight (8, 1), bias (1,))  9 parameters
    )  33 parameters
    >>> model(np.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(self, *layers: Module | Callable[[Any], Any] | str) -> None:
        for layer in layers:
            if not callable(layer) and not isinstance(layer, str):
                raise TypeError(
                    f"expected modules, functions and names of activations, got {layer!r:.60}: "
                    "write Sequential(first, second), or Sequential(*layers) for a list"
                )
        self.layers = [activation(layer) for layer in layers]

    def forward(self, x: Any) -> Any:
        """Return what the last layer returns."""
        for layer in self.layers:
            x = layer(x)
        return x


def _check_sizes(kind: str, *sizes: int) -> None:
    call = f"{kind}({', '.join(map(repr, sizes))})"
    if not all(isinstance(size, int | np.integer) for size in sizes):
        raise TypeError(f"expected sizes that are whole numbers, got {call}")
    if min(sizes) < 1:
        raise ValueError(f"expected sizes of at least 1, got {call}")


def _batch_for(layer: Linear | LayerNorm, x: Any) -> Any:
    """Return x in the precision of a layer's weight, if it has the layer's width."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if not isinstance(x.dtype, np.dtype):
        raise TypeError(
            f"{_path(layer)} takes an array of NumPy or a Tensor of autodiff, got a "
            f"{type(x).__module__}.{type(x).__name__}: write np.asarray(t), or t.numpy()"
        )
    weight = layer.weight
    if x.shape[-1:] != weight.shape[:1]:
        raise ValueError(
            f"{_path(layer)} takes a batch of shape (..., {len(weight)}), for its weight has shape "
            f"{weight.shape}, but got one of shape {x.shape}"
        )
    own, given = weight.dtype, x.dtype
    if own == given or given.kind == "c" or np.result_type(own, given) == own:
        return x
    if given.kind == "f":
        _warn_of_cast(_path(layer), str(given), str(own))
    return x.astype(own)


def _path(layer: Linear | LayerNorm) -> str:
    """Return the path that leads to a layer, and its type."""
    path = (getattr(layer.weight, "name", None) or "").rpartition(".")[0]
    return f"{path} ({type(layer).__name__})" if path else type(layer).__name__


@cache  # so that it is said once, whatever filters of warnings others set meanwhile
def _warn_of_cast(path: str, given: str, own: str) -> None:
    warn(
        f"{path} has parameters of {own}, so that a batch of {given} is cast: write "
        f"x.astype(np.{own}) once, before training, or build the model with dtype=np.{given}",
        stacklevel=2,
    )
