"""Files of weights, in the safetensors format, with PyTorch's names and layout."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from nn._activations import ACTIVATIONS
from nn._layers import Dropout, LayerNorm, Linear, Sequential
from nn._mlp import MLP
from nn._module import Module

State = dict[str, NDArray[Any]]


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write a model's parameters into a safetensors file, at once or not at all.

    The weight of a `Linear` is stored as PyTorch has it, outputs × inputs. Of an `MLP`, and of a
    `Sequential` of this package's layers and activations, the file also says how to rebuild it.

    Raises
    ------
    ImportError
        Without the package safetensors.
    TypeError
        When a parameter has a type that such files do not have.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> model = MLP([2, 16, 1], seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors")
    ...     again = load(f"{folder}/model.safetensors")
    >>> bool(np.all(again(np.ones(2)).data == model(np.ones(2)).data))
    True
    """
    to_bytes = _safetensors().numpy.save
    state = _in_pytorchs_layout(model, model.state_dict())
    for name, array in state.items():
        if array.dtype.char not in "efdF":
            raise TypeError(f"safetensors files hold no {array.dtype}, which {name} has")
    about = json.dumps(_description(model))
    with whole_file(path) as file:
        file.write(to_bytes(state, {"chainrule": about} if _model_of(about, state) else None))


def load(path: str | os.PathLike[str], model: Module | None = None) -> Module:
    """Return the model that a safetensors file holds, or give its parameters to ``model``.

    Where the names are others than those of ``model``, as in files of PyTorch, layers are matched
    by order and shape.

    Parameters
    ----------
    path : path
    model : Module, optional
        Needed where the file does not say how to rebuild one: where PyTorch wrote it, or the model
        was of a class of one's own.

    Raises
    ------
    ImportError
        Without the package safetensors.
    ValueError
        When the file is malformed or cut short, or does not fit the model, which then is unchanged.
    """
    stored, about = _read(path)
    if model is None:
        model = _rebuild(path, about, stored)
    if stored.keys() != model.state_dict().keys():
        stored = _by_order_and_shape(path, stored, model)
    model.load_state_dict(_in_pytorchs_layout(model, stored))
    return model


def name_beside(path: Path) -> Path:
    """Return a path in the same directory that nothing has."""
    return path.with_name(f"{path.name}.{uuid4().hex}")


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write, which then replaces the one at the path: whole, or not at all."""
    beside = name_beside(Path(path))
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError:
        raise ImportError(
            "files of weights need the package safetensors: pip install 'chainrule[nn]'"
        ) from None
    return safetensors


def _read(path: str | os.PathLike[str]) -> tuple[State, str | None]:
    """Return the arrays in a file, and what it says of their model."""
    package = _safetensors()
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            names = list(file.keys())
            about = (file.metadata() or {}).get("chainrule")
            return {name: file.get_tensor(name) for name in names}, about
    except (package.SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is no safetensors file, or part of one: {error}") from None
    except (TypeError, AttributeError) as error:  # a type that NumPy does not have
        raise ValueError(f"{path} holds no numbers of NumPy's, write float32: {error}") from None


def _in_pytorchs_layout(model: Module, state: Mapping[str, NDArray[Any]]) -> State:
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


# -- rebuilding ------------------------------------------------------------------------------

# What a file says of a module beside its arrays, whose shapes tell the sizes.
_SETTINGS: dict[type, Callable[[Any], Any]] = {
    Linear: lambda layer: None,
    LayerNorm: lambda layer: layer.eps,
    Dropout: lambda layer: layer.p,
    Sequential: lambda model: [_description(layer) for layer in model.layers],
    MLP: lambda model: [*map(_description, (model.activation, model.output_activation))],
}
_CLASSES = {cls.__name__: cls for cls in _SETTINGS}


def _description(x: Any) -> Any:
    """Return how to rebuild a module or an activation, in words of JSON; None of others."""
    if type(x) in _SETTINGS:
        return [type(x).__name__, _SETTINGS[type(x)](x)]
    if isinstance(x, str):
        return x
    return next((name for name, function in ACTIVATIONS.items() if function is x), None)


def _rebuild(path: str | os.PathLike[str], about: str | None, stored: State) -> Module:
    if about is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in stored.items())
        raise ValueError(
            f"{path} does not say how to rebuild its model: write nn.load(path, model) with one "
            f"for its arrays, of outputs × inputs: {shapes}"
        )
    model = _model_of(about, stored)
    if model is None:
        raise ValueError(f"{path} describes no model that its arrays fit: {about:.60}")
    return model


def _model_of(about: str, stored: State) -> Module | None:
    """Return the model that a text describes, None if it is none that the arrays fit."""
    try:
        model = _build(json.loads(about), "", stored)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return None
    fits = isinstance(model, Module) and model.state_dict().keys() == stored.keys()
    return model if fits else None


def _build(description: Any, path: str, stored: State) -> Any:
    """Return the module or activation that was described, of the sizes that its arrays have."""
    if isinstance(description, str):
        return ACTIVATIONS[description]
    name, settings = description
    cls = _CLASSES[name]
    if cls is Dropout:
        return Dropout(settings)
    if cls is Sequential:
        inside = enumerate(settings)
        return Sequential(*[_build(layer, f"{path}layers.{i}.", stored) for i, layer in inside])
    if cls is MLP:
        names = takewhile(stored.__contains__, (f"{path}layers.{i}.weight" for i in count()))
        weights = [stored[name] for name in names]
        sizes = [weights[0].shape[1], *map(len, weights)]
        return MLP(sizes, *settings, seed=0, dtype=weights[0].dtype)
    weight = stored[f"{path}weight"]
    if cls is LayerNorm:
        return LayerNorm(len(weight), settings, dtype=weight.dtype)
    outputs, inputs = weight.shape
    has_bias = f"{path}bias" in stored
    return Linear(inputs, outputs, bias=has_bias, init="zeros", dtype=weight.dtype)


# -- names of others -------------------------------------------------------------------------


def _by_order_and_shape(path: str | os.PathLike[str], stored: State, model: Module) -> State:
    """Return arrays under the names of the model: each of its layers the next of its shapes."""
    own = _layers(_in_pytorchs_layout(model, model.state_dict()))
    left = dict(sorted(_layers(stored).items(), key=lambda item: _numbers_as_such(item[0])))
    found: State = {}
    for layer, arrays in own.items():
        fitting = [name for name in left if _shapes(left[name]) == _shapes(arrays)]
        if len({re.sub(r"\d+", "", name) for name in fitting}) != 1:
            there = fitting or {name: _shapes(arrays) for name, arrays in left.items()}
            raise ValueError(
                f"expected one next layer for {layer} in {path}, with {_shapes(arrays)} (outputs × "
                f"inputs), got {there}; only numbers in names give an order to equal shapes"
            )
        for leaf, array in left.pop(fitting[0]).items():
            found[f"{layer}.{leaf}".lstrip(".")] = array
    if left:
        raise ValueError(f"{path} has layers that the model lacks: {', '.join(left)}")
    return found


def _layers(state: State) -> dict[str, State]:
    """Return the arrays by their layers, as {"layers.0": {"weight": ..., "bias": ...}}."""
    layers: dict[str, State] = {}
    for name, array in state.items():
        layer, _, leaf = name.rpartition(".")
        layers.setdefault(layer, {})[leaf] = array
    return layers


def _shapes(arrays: State) -> dict[str, tuple[int, ...]]:
    return {leaf: arrays[leaf].shape for leaf in sorted(arrays)}


def _numbers_as_such(name: str) -> list[Any]:
    """Return a key by which layer 10 comes behind layer 2."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
