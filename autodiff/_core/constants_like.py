"""Constants of an array's shape and kind, for rules and walks: no arrays that can be filled.

They serve where an array may be a Tensor; to one who differentiates ``np.zeros_like(x)`` means an
array that Tensors may be written into.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.array_kinds import of_kind
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor, constant


def constants_like(x: Any, array: Any) -> Any:
    """Return a NumPy array of constants as an array of the kind that ``x`` is of."""
    return of_kind(array, value_of(x))


def zeros_like(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return zeros of the shape, the type and the kind of an array."""
    zeros = np.zeros_like(value_of(x), *args, **kwargs)
    return constant(zeros) if type(x) is Tensor else zeros


def ones_like(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ones of the shape, the type and the kind of an array."""
    ones = np.ones_like(value_of(x), *args, **kwargs)
    return constant(ones) if type(x) is Tensor else ones
