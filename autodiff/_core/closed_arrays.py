"""Arrays that can be filled, and functions that are differentiated: each fills its own.

What a function filled belongs to the graph of that one call, and what was filled outside of it to
another graph, or to none. So neither is written to from the other side.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any
from weakref import ref

from autodiff._core.array_kinds import at_present
from autodiff._core.conversions import LostGraphError
from autodiff._core.types import Function

if TYPE_CHECKING:
    from autodiff._core.pieces import Pieces


class _Calls(local):
    """The innermost call of a function that this thread differentiates: what was made in it."""

    innermost: list[ref[Pieces]] | None = None


calls = _Calls()
OUTSIDE = (
    "an array that was made outside of the function that is differentiated cannot be written to "
    "inside of it: make it inside, as in a = np.zeros(shape, like=x)"
)
_AFTERWARDS = (
    "an array that was made inside a function cannot be written to after the function's derivative "
    "has been taken, for what it holds belongs to that call: write to a copy of its numbers, "
    "a.data.copy()"
)


def result_of(f: Function, args: Any, kwargs: Any) -> Any:
    """Return what a function that is differentiated returns; what it fills it has to make."""
    outer = calls.innermost
    made: list[ref[Pieces]] = []
    calls.innermost = made
    try:
        return at_present(f(*args, **kwargs))
    except ValueError as error:
        # NumPy wraps our refusal to become an array's entry into an error of its own.
        if isinstance(error.__cause__, LostGraphError):
            raise error.__cause__.with_traceback(error.__traceback__) from None
        raise
    finally:
        calls.innermost = outer
        for reference in made:
            pieces = reference()
            if pieces is not None:
                pieces.closed = _AFTERWARDS
