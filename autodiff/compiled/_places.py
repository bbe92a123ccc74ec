"""Pieces of memory, and the views of them in which a program's arrays live."""

from __future__ import annotations

from typing import Any

from autodiff._core.types import Shape
from autodiff.compiled._forms import keeps_all, keeps_order, render_key
from autodiff.compiled._program import Node

# Made with the buffers; as long as a block, one for each thread; made in a replay; what a call gave
# that may show its inputs; what outlives the call and is written to; and what comes from outside.
BUFFER, BLOCK, LOCAL, HELD = "buffer", "block", "local", "held"
MEMORY, OUTSIDE = "memory", "outside"
REPEATED = "repeated to "  # begins what makes a place by broadcasting its parent


class Storage:
    """A piece of memory."""

    __slots__ = ("dtype", "kind", "last", "root", "strict", "uniform", "views")

    def __init__(self, kind: str, shape: Shape, dtype: Any, last: int, name: str = "") -> None:
        self.kind = kind
        self.dtype = dtype
        self.last = last  # the position of the last node that uses it
        # whether it lies in order, so that reshaping makes views
        self.strict = kind in (BUFFER, BLOCK, MEMORY)
        self.uniform: Node | None = None  # the node, where it is a constant of equal entries
        self.root = Place(self, None, "", shape, self.strict)
        self.root.name = name
        self.views: dict[tuple[Any, str], Place] = {}


class Place:
    """A storage, or a view of one."""

    __slots__ = ("contiguous", "name", "parent", "shape", "storage", "suffix")

    def __init__(
        self, storage: Storage, parent: Place | None, suffix: str, shape: Shape, contiguous: bool
    ) -> None:
        self.storage = storage
        self.parent = parent
        self.suffix = suffix  # what makes it of its parent
        self.shape = shape
        self.contiguous = contiguous  # whether it surely lies in order
        self.name = ""  # given when it is first used

    def view(self, suffix: str, shape: Shape, contiguous: bool = False) -> Place:
        """Return a view of it, the same one each time."""
        if not suffix:
            return self
        views = self.storage.views
        found = views.get((self, suffix))
        if found is None:
            found = views[self, suffix] = Place(self.storage, self, suffix, shape, contiguous)
        return found

    def is_repeated(self) -> bool:
        """Return whether several entries share memory."""
        place: Place | None = self
        while place is not None:
            if place.suffix.startswith(REPEATED):
                return True
            place = place.parent
        return False

    def at(self, key: Any, shape: Shape) -> Place:
        """Return the view of it at a static key: of one entry too, not the number."""
        if keeps_all(key) and shape == self.shape:
            return self
        keys = key if type(key) is tuple else (key,)
        named = [k for k in keys if k is not Ellipsis]
        if len([k for k in named if k is not None]) == len(self.shape):
            keys = tuple(named)
        keys = keys if shape or Ellipsis in keys else (*keys, ...)
        return self.view(f"[{render_key(keys)}]", shape, self.contiguous and keeps_order(keys))

    def in_shape(self, shape: Shape) -> Place | None:
        """Return it in another shape, or None where that would have to be a copy."""
        if shape == self.shape:
            return self
        # Where the memory may not lie in order, what was reshaped may be a copy.
        is_view = self.contiguous or self.storage.strict
        if self.parent is not None and self.suffix.startswith(".reshape(") and is_view:
            if self.parent.shape == shape:
                return self.parent
            if self.contiguous:
                return self.parent.in_shape(shape)
        without_ones = [n for n in self.shape if n != 1] == [n for n in shape if n != 1]
        if self.contiguous or without_ones or not self.storage.strict:
            lengths = ", ".join(map(str, shape)) or "()"
            return self.view(f".reshape({lengths})", shape, self.contiguous)
        return None
