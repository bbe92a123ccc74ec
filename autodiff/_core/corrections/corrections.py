"""What to write in the program's own lines, where a plain value is asked of a Tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autodiff._core.corrections.expressions import expression
from autodiff._core.corrections.makings import making, making_of_type, target
from autodiff._core.corrections.spots import Spot, frames, spot_of
from autodiff._core.corrections.tensor_changes import change
from autodiff._core.corrections.tensor_names import name_of

T = TypeVar("T")


def correction() -> str:
    """Return what to write where the program stands, or "" where that is not seen."""
    return _shown_at(lambda spot: _of_array(spot) or expression(spot))


def array_correction() -> str:
    """Return how to make the plain array that the program writes into, or "" if it is not seen."""
    return _shown_at(_of_array)


def type_correction(dtype: Any) -> str:
    """Return how to make the array that is written into so that it holds numbers of a type.

    It is "" where that is not seen.
    """
    return _shown_at(lambda spot: making_of_type(spot, target(spot), dtype))


def tensor_correction() -> str:
    """Return what to write instead of a change of a Tensor, or in general."""
    return _shown_at(change) or (
        "fill a copy, y = x.copy() and y[i] = v, or instead of x[i] = v write x = x.at[i].set(v) "
        "or np.where(mask, v, x), or collect the parts in a list and np.stack them"
    )


def called_there(tensor: Any) -> str:
    """Return what the program calls a Tensor where it stands, or t."""
    return _shown_at(lambda spot: name_of(spot, tensor)) or "t"


def called_function() -> Any:
    """Return the function that the program calls where it stands, or None."""
    return _shown_at(lambda spot: spot.value(getattr(spot.node, "func", None))) or None


def _shown_at(show: Callable[[Spot], T]) -> T | str:
    """Return what is shown of the spot where the program stands; it never raises."""
    try:
        return show(spot_of(next(frames())))
    except Exception:  # of a source that has changed, or is none: an error's message is made
        return ""


def _of_array(spot: Spot) -> str:
    written = target(spot)
    return "" if written is None else making(spot, written)
