"""Facts about operands, which are nodes and constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiled._program import Node

NUMBERS = frozenset({float, int})


def is_scalar(x: Any) -> bool:
    """Whether an operand is one real number, constant or not."""
    if type(x) is Node:
        return not x.shape and (x.dtype is not None or type(x.value) in NUMBERS)
    return is_constant_scalar(x)


def is_constant_scalar(x: Any) -> bool:
    """Whether an operand is a real number that is known."""
    return type(x) in NUMBERS or (isinstance(x, np.generic) and x.dtype.kind in "fiu")


def is_zero(x: Any) -> bool:
    """Whether an operand is known to be 0 everywhere."""
    return type(x) is not Node and bool(np.all(np.asarray(x) == 0))


def is_node(x: Any, *of: Any) -> bool:
    """Whether an operand is computed by one of some functions."""
    return type(x) is Node and x.function in of


def has_type(x: Any, dtype: Any) -> bool:
    """Whether an operand is an array or a scalar of a type."""
    own = getattr(x, "dtype", None)  # None equals np.float64
    return own is not None and dtype is not None and own == dtype


def is_real(node: Node) -> bool:
    """Whether a node is an array or a scalar of floats."""
    return node.dtype is not None and node.dtype.kind == "f"


def type_of(node: Node) -> Any:
    """Return the scalar type of an array's entries."""
    assert node.dtype is not None
    return node.dtype.type


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an operand."""
    return x.shape if type(x) is Node else np.shape(x)
