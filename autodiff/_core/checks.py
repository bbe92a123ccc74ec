"""What is asked of a function that is to be differentiated, its arguments and its result."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autodiff._core.array_kinds import dispatches, refuse_container
from autodiff._core.tensor import Tensor, constant


def require_function(f: Any, derivative: str) -> None:
    """Raise at once if what is to be differentiated is no function."""
    if not callable(f):
        raise TypeError(
            f"{derivative} takes a function, but got {f!r:.60} ({type(f).__name__}): give it f "
            "itself, not what f returns"
        )


def checked_argnums(argnums: Any) -> tuple[int, ...]:
    """Return the numbers of arguments as integers, in a tuple."""
    try:
        return tuple(
            map(operator.index, argnums if isinstance(argnums, list | tuple) else [argnums])
        )
    except TypeError:
        raise TypeError(
            f"argnums is an integer or a tuple of integers, but got {argnums!r:.60}: a point goes "
            "to the function that is returned, as in grad(f)(x)"
        ) from None


def numbers_among(argnums: Any, count: int) -> tuple[int, ...]:
    """Return the numbers of arguments, none of them twice, of so many that a function was given."""
    numbers = checked_argnums(argnums)
    for i in numbers:
        if not -count <= i < count:
            raise ValueError(f"argnums={argnums}, but the function was given {count} argument(s)")
        if len(numbers) > 1 and [k % count for k in numbers].count(i % count) > 1:
            raise ValueError(f"argnums={argnums} name an argument twice")
    return numbers


def checked_output(out: Any) -> Tensor:
    """Return what a function returned as a Tensor, if it is numbers."""
    if type(out) is not Tensor:
        out = _constant_output(out)
    if out._value.dtype.kind == "b":
        raise TypeError(
            "the function returned truth values, which have no derivative: return numbers, as "
            "np.where(condition, a, b) does"
        )
    checked: Tensor = out
    return checked


def _constant_output(out: Any) -> Tensor:
    """Return what a function returned without regard to its arguments, if that is numbers."""
    refuse_container(out)
    value = out if dispatches(out) else np.asarray(out)
    if value.dtype.kind not in "biufc":
        raise TypeError(
            f"the function returned {out!r:.60} ({type(out).__name__}), not numbers: return an "
            "array or a Tensor, or a list or tuple of them"
        )
    return constant(value if value.ndim else value[()])
