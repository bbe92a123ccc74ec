"""Files of weights, in the safetensors format, with PyTorch's names and layout."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from nn._activations import ACTIVATIONS
from nn._layers import MLP, Dropout, LayerNorm, Linear, Sequential
from nn._module import Module

State = dict[str, NDArray[Any]]


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write a model's parameters into a safetensors file, at once or not at all.

    The weight of a `Linear` is stored as PyTorch has it, outputs × inputs. Of an `MLP`, and of a
    `Sequential` of this package's layers and activations, the file also says how to rebuild it.

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
    if not isinstance(model, Module):
        raise TypeError(
            f"expected a Module, got {type(model).__name__}: write nn.save(model, path)"
        )
    metadata = {"chainrule": json.dumps(_description(model))}
    content = _safetensors().numpy.save(_in_pytorchs_layout(model, model.state_dict()), metadata)
    with whole_file(path) as file:
        file.write(content)


def load(path: str | os.PathLike[str], model: Module | None = None) -> Module:
    """Return the model that a safetensors file holds, or give its parameters to ``model``.

    One is needed where the file does not say how to rebuild it: where PyTorch wrote it, or the
    model was of a class of one's own. If the names are others, as PyTorch's are, arrays are matched
    by order and shape. A model that is rebuilt is in the state of use, as after its ``eval()``; a
    given one stays as it is. A file that is malformed, cut short or of another model raises a
    ValueError, and changes nothing.
    """
    stored, described = _read(path)
    if model is None:
        return _model_from(path, stored, described)
    own = json.dumps(_description(model))
    if own != described and own.startswith('["MLP"') and described.startswith('["MLP"'):
        raise ValueError(
            f"{path} holds {described}, the model is {own}: for its parameters alone write "
            "model.load_state_dict(nn.load(path).state_dict())"
        )
    state = _in_pytorchs_layout(model, model.state_dict())
    if state.keys() != stored.keys():
        stored = _by_order_and_shape(path, stored, state)
    model.load_state_dict(_in_pytorchs_layout(model, stored))
    return model


def name_beside(path: Path) -> Path:
    """Return a path in the same directory that nothing has."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {path.parent} to write {path.name} into")
    return path.with_name(f"{path.name}.{uuid4().hex}")


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write, which then replaces the one at the path: whole, or not at all.

    What replaces a file has its permissions; a link to one is followed.
    """
    path = Path(os.path.realpath(path))
    beside = name_beside(path)
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            shutil.copymode(path, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError:
        raise ImportError("weights need safetensors: pip install 'chainrule[nn]'") from None
    return safetensors


def _read(path: str | os.PathLike[str]) -> tuple[State, str]:
    """Return the arrays in a file, and the description of their model."""
    package = _safetensors()
    with open(os.fspath(path), "rb"):  # a directory and the like are told in Python's words
        pass
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in list(file.keys())}
            return arrays, (file.metadata() or {}).get("chainrule", "null")
    except (package.SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is no whole safetensors file of numbers: {error}") from None


def _in_pytorchs_layout(model: Module, state: State) -> State:
    """Return a model's values with the weights of its Linears transposed, to or fro."""
    modules = model.named_modules()
    weights = {f"{path}.weight".lstrip(".") for path, m in modules if isinstance(m, Linear)}
    return {name: np.array(x.T if name in weights else x, order="C") for name, x in state.items()}


def _description(x: Any) -> Any:
    """Return how to rebuild a module from its arrays, or an activation, in words of JSON."""
    if type(x) is Linear:
        return ["Linear", None]
    if type(x) is LayerNorm:
        return ["LayerNorm", x.eps]
    if type(x) is Dropout:
        return ["Dropout", x.p]
    if type(x) is Sequential:
        return ["Sequential", [_description(layer) for layer in x.layers]]
    if type(x) is MLP and {*map(type, x.layers)} == {Linear}:
        return ["MLP", [_description(x.activation), _description(x.output_activation)]]
    return next((name for name, function in ACTIVATIONS.items() if x in (name, function)), None)


def _model_from(path: Any, stored: State, described: str) -> Module:
    try:
        model: Module = _module_from(json.loads(described), "", stored).eval()
        model.load_state_dict(_in_pytorchs_layout(model, stored))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in stored.items())
        raise ValueError(
            f"{path} does not say how to rebuild its model ({error}): write nn.load(path, model) "
            f"with one for its arrays, of outputs × inputs: {shapes}"
        ) from None
    return model


def _module_from(described: Any, path: str, arrays: State) -> Any:
    """Return a module of the sizes that its arrays have, or the name of an activation."""
    own = next((a.dtype for name, a in arrays.items() if name.startswith(path)), np.float64)
    match described:
        case str():
            return described
        case ["Linear", None]:
            outputs, inputs = arrays[f"{path}weight"].shape
            return Linear(inputs, outputs, bias=f"{path}bias" in arrays, dtype=own)
        case ["LayerNorm", float(eps)]:
            return LayerNorm(arrays[f"{path}weight"].size, eps, dtype=own)
        case ["Dropout", float(p)]:
            return Dropout(p)
        case ["Sequential", [*inside]]:
            layers = enumerate(inside)
            return Sequential(*(_module_from(x, f"{path}layers.{i}.", arrays) for i, x in layers))
        case ["MLP", [str(hidden), str(output)]]:
            names = (f"{path}layers.{i}.weight" for i in range(len(arrays)))
            shapes = [arrays[name].shape for name in names if name in arrays]
            sizes = [shapes[0][-1], *(outputs for outputs, _ in shapes)]
            if shapes == [*zip(sizes[1:], sizes[:-1], strict=True)]:
                return MLP(sizes, hidden, output, dtype=own)
    raise ValueError(f"it describes {described!r:.60}")


def _by_order_and_shape(path: Any, stored: State, own: State) -> State:
    """Return arrays under a model's own names, each the next of its shape in such a layer."""
    left = sorted(stored, key=lambda name: re.sub(r"\d+", lambda n: n[0].zfill(9), name))
    found = {}
    for name in own:
        fitting = [other for other in left if _place(other, stored) == _place(name, own)]
        if len({re.sub(r"\d+", "", other) for other in fitting}) != 1:
            raise ValueError(
                f"{path} has no next array for {name}, in a layer of {_place(name, own)[1]}, where "
                f"only numbers in names give an order to equal shapes: it has "
                f"{ {other: stored[other].shape for other in left} }"
            )
        found[name] = stored[fitting[0]]
        left.remove(fitting[0])
    return found | {name: stored[name] for name in left}  # of which the model will complain


def _place(name: str, state: State) -> tuple[str, dict[str, tuple[int, ...]]]:
    """Return what an array is to its layer, and the shapes of all arrays of this layer."""
    layer, _, leaf = name.rpartition(".")
    parts = [(*other.rpartition("."), array.shape) for other, array in state.items()]
    return leaf, {other: shape for path, _, other, shape in parts if path == layer}
