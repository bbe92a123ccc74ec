"""What signatures call things: most are arrays, numbers or Tensors of whatever kind comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Function: TypeAlias = Callable[..., Any]
Value: TypeAlias = Any  # an array or a number; where a walk is recorded, a Tensor
Cotangent: TypeAlias = Any  # a value, or a number that stands for all entries
Tangent: TypeAlias = Any  # the same on the way forward
Rule: TypeAlias = Callable[..., Cotangent]  # of g, the output and the inputs
Structure: TypeAlias = Any  # nested containers of values, or one value
Shape: TypeAlias = tuple[int, ...]
Axes: TypeAlias = int | tuple[int, ...] | None  # None: all of them
Argnums: TypeAlias = int | tuple[int, ...]
