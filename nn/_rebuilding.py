"""Descriptions of models, from which they are built again around the arrays of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count, pairwise, takewhile
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor
from nn._activations import ACTIVATIONS
from nn._layers import MLP, Dropout, LayerNorm, Linear, Sequential
from nn._module import Module

State = dict[str, NDArray[Any]]

# What a file says of a module beside its arrays, whose shapes tell the sizes.
_SETTINGS: dict[type, Callable[[Any], Any]] = {
    Linear: lambda layer: None,
    LayerNorm: lambda layer: float(layer.eps),
    Dropout: lambda layer: float(layer.p),
    Sequential: lambda model: [description(layer) for layer in model.layers],
    MLP: lambda model: (
        [*map(description, (model.activation, model.output_activation))]
        if all(type(layer) is Linear for layer in model.layers)
        else None
    ),
}
_CLASSES = {cls.__name__: cls for cls in _SETTINGS}


def description(x: Any) -> Any:
    """Return how to rebuild a module or an activation, in words of JSON; None of others."""
    if type(x) in _SETTINGS:
        return [type(x).__name__, _SETTINGS[type(x)](x)]
    if isinstance(x, str):
        return x
    return next((name for name, function in ACTIVATIONS.items() if function is x), None)


def model_of(about: str, stored: State) -> Module | None:
    """Return the model that a text describes, None if it is none that the arrays fit."""
    try:
        model = _build(json.loads(about), "", stored)
        fits = isinstance(model, Module) and _shapes(stored) == _shapes(
            in_pytorchs_layout(model, model.state_dict())
        )
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    return model if fits else None


def _build(described: Any, path: str, stored: State) -> Any:
    """Return the module or activation that was described, of the sizes that its arrays have."""
    if isinstance(described, str):
        return ACTIVATIONS[described]
    name, settings = described
    cls = _CLASSES[name]
    if cls is Dropout:
        return Dropout(_number(settings))
    if cls is Sequential:
        inside = enumerate(settings)
        return Sequential(*[_build(layer, f"{path}layers.{i}.", stored) for i, layer in inside])
    if cls is MLP:
        model = MLP([1, 1], *settings, seed=0)
        paths = (f"{path}layers.{i}." for i in count())
        there = takewhile(lambda path: f"{path}weight" in stored, paths)
        model.layers = [_build(["Linear", None], path, stored) for path in there]
        if any(a.weight.shape[1] != b.weight.shape[0] for a, b in pairwise(model.layers)):
            raise ValueError("each layer takes what the one before returns")
        return model
    return _build_layer(cls, settings, path, stored)


def _number(x: Any) -> Any:
    if type(x) not in (int, float):
        raise TypeError(f"expected a number, got {x!r:.60}")
    return x


def _build_layer(cls: type, eps: Any, path: str, stored: State) -> Linear | LayerNorm:
    """Return a layer that takes no more memory than its arrays, in their own dtypes."""
    weight, bias = stored[f"{path}weight"], stored.get(f"{path}bias")
    layer: Linear | LayerNorm
    if cls is LayerNorm:
        if not 0 <= _number(eps) < inf:
            raise ValueError(f"expected an eps of at least 0, got {eps!r:.60}")
        (size,) = weight.shape
        layer = LayerNorm(size, eps, dtype=weight.dtype)
    else:
        outputs, inputs = weight.shape
        with_bias = bias is not None
        layer = Linear(inputs, outputs, bias=with_bias, init="zeros", dtype=weight.dtype)
    if bias is not None and bias.dtype != weight.dtype:
        layer.bias = Tensor(np.zeros(len(weight), bias.dtype))
    return layer


def in_pytorchs_layout(model: Module, state: Mapping[str, NDArray[Any]]) -> State:
    """Return a model's values with the weights of its Linears transposed, to or fro."""
    linear = {
        f"{path}.weight".lstrip(".")
        for path, module in model.named_modules()
        if isinstance(module, Linear)
    }
    return {
        name: np.array(array.T if name in linear else array, order="C")
        for name, array in state.items()
    }


def _shapes(state: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in state.items()}
