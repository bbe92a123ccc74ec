"""Files of weights, in the safetensors format, with PyTorch's names and layout."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np

from nn._module import Module
from nn._rebuilding import State, description, in_pytorchs_layout, model_of


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write a model's parameters into a safetensors file, at once or not at all.

    The weight of a `Linear` is stored as PyTorch has it, outputs × inputs. Of an `MLP`, and of a
    `Sequential` of this package's layers and activations, the file also says how to rebuild it,
    and which of its parameters are frozen.

    Raises
    ------
    ImportError
        Without the package safetensors.
    TypeError
        When it is no model, or a parameter has a type that such files do not have.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nn import MLP
    >>> model = MLP([2, 16, 1], seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors")
    ...     again = load(f"{folder}/model.safetensors")
    >>> bool(np.all(again(np.ones(2)).data == model(np.ones(2)).data))
    True
    """
    _require_module(model, "nn.save(model, path)")
    _require_path(path, "nn.save(model, path)")
    to_bytes = _safetensors().numpy.save
    state = in_pytorchs_layout(model, model.state_dict())
    for name, array in state.items():
        if array.dtype.char not in "efdF":
            raise TypeError(f"safetensors files hold no {array.dtype}, which {name} has")
    about = json.dumps(description(model))
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    metadata = {"chainrule": about} | ({"frozen": json.dumps(frozen)} if frozen else {})
    content = to_bytes(state, metadata if model_of(about, state) else None)
    with whole_file(path) as file:
        file.write(content)


def load(path: str | os.PathLike[str], model: Module | None = None) -> Module:
    """Return the model that a safetensors file holds, or give its parameters to ``model``.

    Where the names are others than those of ``model``, as in files of PyTorch, layers are matched
    by order and shape. A model that the file rebuilds is in the state of use, as after its
    ``eval()``; its ``train()`` lets it be trained on. One that is given keeps its state.

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
    TypeError
        When it is no path, or no model.
    OSError
        When the file cannot be opened.
    ValueError
        When the file is malformed or cut short, or does not fit the model, which then is unchanged.
    """
    _require_path(path, "nn.load(path), or nn.load(path, model)")
    if model is not None:
        _require_module(model, "nn.load(path, model)")
    stored, metadata = _read(path)
    if model is None:
        model = _rebuild(path, metadata, stored).eval()
    if stored.keys() != model.state_dict().keys():
        stored = _by_order_and_shape(path, stored, model)
    state = in_pytorchs_layout(model, stored)
    _require_range(path, state, model)
    model.load_state_dict(state)
    return model


def name_beside(path: Path) -> Path:
    """Return a path in the same directory that nothing has."""
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


def _require_module(model: Any, call: str) -> None:
    if isinstance(model, Module):
        return
    network = ", where that of an estimator m is m.network_" if hasattr(model, "predict") else ""
    raise TypeError(
        f"expected a Module as model, got {type(model).__name__}: write {call}{network}"
    )


def _require_path(path: Any, call: str) -> None:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"expected a path, of str or pathlib.Path, got {type(path).__name__}: write {call}"
        )


def _require_range(path: str | os.PathLike[str], state: State, model: Module) -> None:
    """Raise if a finite value in the file is none in the precision of the model."""
    for name, parameter in model.named_parameters():
        value = state.get(name, np.zeros(()))
        if value.dtype.kind not in "fc" or np.can_cast(value.dtype, parameter.dtype):
            continue
        largest = np.max(np.abs(value), where=np.isfinite(value), initial=0)
        if largest > np.finfo(parameter.dtype).max:
            raise ValueError(
                f"{path} does not fit: {name} holds {largest:.3g}, beyond the range of the model's "
                f"{parameter.dtype}: build the model with dtype=np.{value.dtype}"
            )


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError:
        raise ImportError(
            "files of weights need the package safetensors: pip install 'chainrule[nn]'"
        ) from None
    return safetensors


def _read(path: str | os.PathLike[str]) -> tuple[State, dict[str, str]]:
    """Return the arrays in a file, and what it says of their model."""
    package = _safetensors()
    with open(path, "rb"):  # a directory and the like are told in Python's words
        pass
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (package.SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is no safetensors file, or part of one: {error}") from None
    except (TypeError, AttributeError) as error:  # a type that NumPy does not have
        raise ValueError(f"{path} holds no numbers of NumPy's, write float32: {error}") from None


def _rebuild(path: str | os.PathLike[str], metadata: Mapping[str, str], stored: State) -> Module:
    if "chainrule" not in metadata:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in stored.items())
        raise ValueError(
            f"{path} does not say how to rebuild its model: write nn.load(path, model) with one "
            f"for its arrays, of outputs × inputs: {shapes}"
        )
    about = metadata["chainrule"]
    model = model_of(about, stored)
    if model is None:
        raise ValueError(f"{path} describes no model that its arrays fit: {about:.60}")
    parameters = dict(model.named_parameters())
    try:
        for name in json.loads(metadata.get("frozen", "[]")):
            parameters[name].requires_grad = False
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError(
            f"{path} says that there are frozen parameters which there are not: "
            f"{metadata['frozen']:.60}"
        ) from None
    return model


# -- names of others -------------------------------------------------------------------------


def _by_order_and_shape(path: str | os.PathLike[str], stored: State, model: Module) -> State:
    """Return arrays under the names of the model: each of its layers the next of its shapes."""
    own = _layers(in_pytorchs_layout(model, model.state_dict()))
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
