"""Arrays that can be filled, and functions that are differentiated: each fills its own.

What a function filled belongs to the graph of that one call, and what was filled outside of it to
another graph, or to none. So neither is written to from the other side.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any
from weakref import ref

from autodiff._core.array_kinds import at_present
from autodiff._core.types import Function

if TYPE_CHECKING:
    from autodiff._core.pieces import Pieces


class _Known(local):
    """The arrays that can be filled, as far as this thread made them and they are held."""

    def __init__(self) -> None:
        self.arrays: dict[int, ref[Pieces]] = {}  # a WeakSet takes a microsecond to be asked


_known = _Known()
_OUTSIDE = (
    "an array that was made outside of the function that is differentiated cannot be written to "
    "inside of it: make it inside, as in a = np.zeros(shape, like=x)"
)
_AFTERWARDS = (
    "an array that was made inside a function cannot be written to after the function's derivative "
    "has been taken, for what it holds belongs to that call: write to a copy of its numbers, "
    "a.data.copy()"
)


def take_note(pieces: Pieces) -> None:
    """Remember an array as long as it is held."""
    arrays, number = _known.arrays, id(pieces)
    arrays[number] = ref(pieces, lambda _: arrays.pop(number, None))


def result_of(f: Function, args: Any, kwargs: Any) -> Any:
    """Return what a function that is differentiated returns; what it fills it has to make."""
    arrays = _known.arrays
    outside = {pieces: pieces.closed for pieces in _arrays_of(arrays)} if arrays else {}
    for pieces in outside:
        pieces.closed = _OUTSIDE
    try:
        return at_present(f(*args, **kwargs))
    finally:
        for pieces in _arrays_of(arrays) if arrays else ():
            pieces.closed = outside.get(pieces, _AFTERWARDS)


def _arrays_of(arrays: dict[int, ref[Pieces]]) -> list[Pieces]:
    found = [reference() for reference in list(arrays.values())]
    return [pieces for pieces in found if pieces is not None]
