"""What was written to an array, and what is read of it.

The entries of the Tensors that were written, its pieces, are numbered through. Of each entry of the
array it is known which number it has, its origin: -1 stands for a constant.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import prod
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from autodiff._core.closed_arrays import OUTSIDE, calls
from autodiff._core.gathering import gather
from autodiff._core.hook import next_index
from autodiff._core.tensor import Tensor, constant
from autodiff._core.types import Shape

Origin = NDArray[np.intp]


class Pieces:
    """What was written to an array by its own name, or by that of a view of it."""

    __slots__ = (
        *("__weakref__", "call", "closed", "constants", "count", "depth", "gathered", "made"),
        *("newest", "origin", "starts", "tensors", "whole", "whole_writes", "writes"),
    )

    def __init__(self, constants: NDArray[Any]) -> None:
        self.constants = constants
        self.origin: Origin = np.full_like(constants, -1, dtype=np.intp, subok=False)
        self.tensors: list[Tensor] = []
        self.starts: list[int] = []  # the numbers of their first entries
        self.count = 0  # of the entries of all
        self.writes = 0
        self.gathered = 0  # how many pieces were read in parts
        self.whole: Tensor | None = None  # the array after so many writes
        self.whole_writes = 0
        self.newest: dict[Any, Tensor] = {}  # pieces by keys of so many integers,
        self.depth = 0  # whose numbers are not yet in ``origin``
        self.made = next_index()
        self.closed = ""  # why it cannot be written to, if so
        self.call = calls.innermost  # in which it was made, and may be written to
        if self.call is not None:
            self.call.append(ref(self))

    # -- writing -----------------------------------------------------------------------------

    def write(self, origin: Origin, key: Any, piece: Tensor) -> None:
        """Write a Tensor of the array's type at a key of a view that has these origins."""
        shape, size = piece._value.shape, piece._value.size
        numbers = np.arange(self.count, self.count + size)
        origin[key] = numbers.reshape(shape) if shape else self.count
        self.starts.append(self.count)
        self.tensors.append(piece)
        self.count += size
        if len(self.tensors) > 2 * self.origin.size + 64:
            self.drop_overwritten()

    def hold(self, key: Any, piece: Tensor) -> bool:
        """Write a Tensor at one or more integers, if they name a part of its very shape.

        It takes a third of the time, for the numbers of many such pieces are written together.
        """
        lengths = self.origin.shape
        if self.closed or self.call is not calls.innermost:
            return False
        if type(key) is int and lengths:
            depth = 1
            if not 0 <= key < lengths[0]:
                return False
        elif type(key) is tuple and {int}.issuperset(map(type, key)):
            depth = len(key)
            if not 2 <= depth <= len(lengths):
                return False
            if not all(map(range.__contains__, map(range, lengths), key)):
                return False
        else:
            return False
        if piece._value.shape != lengths[depth:]:
            return False
        if depth != self.depth:
            self.settle()
            self.depth = depth
        self.newest[key] = piece
        self.writes += 1
        return True

    def require_open(self) -> None:
        """Raise if nothing can be written at present."""
        reason = self.closed or ("" if self.call is calls.innermost else OUTSIDE)
        if reason:
            raise TypeError(reason)

    def settle(self) -> None:
        """Write the numbers of the newest pieces, all at once."""
        if not self.newest:
            return
        keys, pieces = np.array(list(self.newest)), list(self.newest.values())
        self.newest = {}
        rest = self.origin.shape[self.depth :]
        size = prod(rest)
        end = self.count + size * len(pieces)
        numbers = np.arange(self.count, end).reshape((len(pieces), *rest))
        self.origin[tuple(keys.T) if keys.ndim > 1 else keys] = numbers
        self.starts += range(self.count, end, size) if size else [self.count] * len(pieces)
        self.tensors += pieces
        self.count = end
        if len(self.tensors) > 2 * self.origin.size + 64:
            self.drop_overwritten()

    def replace(self, tensors: list[Tensor]) -> None:
        """Let these Tensors, one behind the other, take the place of all others."""
        *starts, count = np.cumsum([0, *(x.size for x in tensors)]).tolist()
        self.tensors, self.starts, self.count = tensors, starts, count
        self.gathered = 0

    def drop_overwritten(self) -> None:
        """Let go of the pieces that no entry of the array comes from any longer."""
        origin = self.origin
        numbers = origin[origin >= 0]
        old = np.array(self.starts)
        owners = np.searchsorted(old, numbers, "right") - 1
        used = np.unique(owners)
        self.replace([self.tensors[k] for k in used.tolist()])
        moved = np.array(self.starts, np.intp)[np.searchsorted(used, owners)]
        origin[origin >= 0] = numbers - old[owners] + moved

    # -- reading -----------------------------------------------------------------------------

    def read_all(self) -> Tensor:
        """Return the whole array, from then on the only piece."""
        if self.whole is None or self.whole_writes != self.writes:
            self.settle()
            whole = self.read(self.origin, self.constants)
            self.whole, self.whole_writes = whole, self.writes
            if whole.requires_grad:
                self.replace([whole])
                self.origin[...] = np.arange(whole.size).reshape(self.origin.shape)
        return self.whole

    def entry(self, number: int) -> Tensor:
        """Return the entry of a number."""
        k = bisect_right(self.starts, number) - 1
        piece = self.tensors[k]
        shape = piece._value.shape
        return piece if shape == () else _entry(piece, number - self.starts[k], shape)

    def read(self, origin: Origin, constants: NDArray[Any]) -> Tensor:
        """Return the entries of these origins as one Tensor, with constants for those without."""
        whole = self._whole(origin)
        if whole is not None:
            return whole
        numbers = origin.ravel()
        known: Any = numbers >= 0
        if not known.any():
            return constant(constants.copy() if constants.ndim else constants[()])
        if known.all():
            distinct, places = _in_order(numbers)
            parts = list(self._parts(distinct))
        else:
            distinct, places_of_known = _in_order(numbers[known])
            unknown = constants.ravel()[~known]
            parts = [*self._parts(distinct), unknown]
            count = distinct.size
            places = np.empty(numbers.size, np.intp)
            places[known] = np.arange(count) if places_of_known is None else places_of_known
            places[~known] = np.arange(count, count + unknown.size)
        self.gathered += len(parts)
        gathered: Tensor = gather(parts, places, origin.shape)
        return gathered

    def _whole(self, origin: Origin) -> Tensor | None:
        """Return the piece that these are all numbers of, in their order, if there is one."""
        if not origin.size:
            return None
        first, shape = origin.item(0), origin.shape
        k = bisect_right(self.starts, first) - 1
        if k < 0 or self.starts[k] != first:
            return None
        piece = self.tensors[k]
        entries = piece._value
        if entries.size != origin.size:
            return None
        numbers = np.arange(first, first + entries.size)
        if origin.tobytes() != numbers.tobytes():  # in a third of the time of a comparison
            return None
        return piece if entries.shape == shape else piece.reshape(shape)

    def _parts(self, distinct: Origin) -> Iterator[Tensor]:
        """Yield of each piece as much as has one of these numbers, which are in order."""
        if distinct.size == self.count:
            yield from self.tensors
            return
        numbers = distinct.tolist()
        i = 0
        while i < len(numbers):
            k = bisect_right(self.starts, numbers[i]) - 1
            start, piece = self.starts[k], self.tensors[k]
            size = piece._value.size
            j = bisect_left(numbers, start + size, i)
            yield piece if j - i == size else _entries(piece, distinct[i:j] - start)
            i = j


def _in_order(numbers: Origin) -> tuple[Origin, Origin | None]:
    """Return the distinct numbers in order, and which of them each is: None for one by one."""
    if (numbers[1:] > numbers[:-1]).all():
        return numbers, None
    distinct, places = np.unique(numbers, return_inverse=True)
    return distinct, places


def _entry(piece: Tensor, number: int, shape: Shape) -> Tensor:
    place = number if len(shape) == 1 else tuple(map(int, np.unravel_index(number, shape)))
    return piece[place]


def _entries(piece: Tensor, numbers: Origin) -> Tensor:
    """Return some entries of a piece, which are in order, along one axis."""
    first, last = numbers.item(0), numbers.item(-1)
    one_run = last - first == numbers.size - 1
    return piece.ravel()[slice(first, last + 1) if one_run else numbers]
