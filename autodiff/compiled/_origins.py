"""Where a program's values come from at each replay, and what becomes of those it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autodiff._core.tensor import Tensor

# -- where values come from ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Argument:
    """A leaf of the arguments, by its number."""

    number: int


@dataclass(frozen=True, eq=False)
class TensorValue:
    """The value of a Tensor that was made before the call, such as a parameter."""

    tensor: Tensor


@dataclass(frozen=True, eq=False)
class TensorGradient:
    """The gradient that such a Tensor had before the call."""

    tensor: Tensor


@dataclass(frozen=True, eq=False)
class Memory:
    """An array that outlives the call, such as all parameters in one vector: this very object."""

    array: Any


@dataclass(frozen=True, eq=False)
class Attribute:
    """An attribute of an object that carries state from call to call, or an item of one."""

    owner: Any
    name: str
    item: int | None = None


# -- what becomes of values ------------------------------------------------------------------


@dataclass(eq=False)
class SetGradient:
    """A Tensor gets a gradient: a node, or None."""

    tensor: Tensor
    node: Any


@dataclass(eq=False)
class SetValue:
    """A Tensor gets a value of its own."""

    tensor: Tensor
    node: Any


@dataclass(eq=False)
class Write:
    """An array that outlives the call gets other entries; some Tensors hold views of it."""

    array: Any
    node: Any
    holders: list[tuple[Tensor, Any]]  # which are to hold these views of the array


@dataclass(eq=False)
class SetAttribute:
    """An attribute of an object gets a number: a node or a constant."""

    owner: Any
    name: str
    node: Any
    item: int | None = None
