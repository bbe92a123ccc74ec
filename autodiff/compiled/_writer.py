"""The text of a replay while it is written: its lines, and the names of what it uses."""

from __future__ import annotations

import math
from keyword import iskeyword
from typing import Any

import numpy as np

from autodiff._core.types import Shape
from autodiff.compiled._buffers import Layout
from autodiff.compiled._forms import _BASIC, render_key
from autodiff.compiled._functions import Part
from autodiff.compiled._places import BUFFER, MEMORY, REPEATED, Place, Storage
from autodiff.compiled._program import Node

# Names in the text that no function has.
_TAKEN = frozenset(
    {"max", "min", "sum", "replay", "make_buffers", "buffers", "number", "start", "stop", "range"}
)
LASTING = frozenset({BUFFER, MEMORY})  # whose names and views are made with the buffers


class Writer:
    """The lines of a replay and of what makes its buffers, and the objects that they name."""

    def __init__(self, plan: Layout, threads: int = 1) -> None:
        self.plan = plan
        self.threads = threads
        self.lines: list[str] = []
        self.ahead = self.lines  # before the loop that is being written
        self.header: list[str] = []  # makes the buffers and their views
        self.kept: dict[str, None] = {}  # the names of those that a replay uses
        self.objects: dict[str, Any] = {}
        self.names: dict[Node, str] = {}  # of numbers, and of what is no array
        self.entries: dict[Node, str] = {}  # of arrays without axes: the numbers in them
        self.known: dict[Any, str] = {}  # the names of constants
        self.here: dict[Any, str] = {}  # of places, and constants by id, in a loop over blocks
        self.without_axes: dict[Any, str] = {}  # of numbers in arrays without axes
        self.counts: dict[str, int] = {}
        self.totals: dict[Node, str] = {}  # of arrays: what is infinite or NaN if an entry is
        self.calls = self.bytes = self.peak = 0

    # -- lines -------------------------------------------------------------------------------

    def call(self, line: str, written: Any) -> None:
        """Add a line that writes to a node, a place or some bytes."""
        self.calls += 1
        self.bytes += _bytes(written)
        self.lines.append(line)

    def assign(self, name: str, expression: str, node: Node | None = None) -> None:
        """Add a line that gives a name to what an expression gives."""
        self.calls += 1
        self.bytes += 0 if node is None else _bytes(node)
        self.lines.append(f"{name} = {expression}")

    def let_go(self, storage: Storage) -> None:
        """Add a line that forgets an array and its views, so that their memory is free."""
        names = [p.name for p in (storage.root, *storage.views.values()) if p.name]
        if names:
            self.lines.append(f"del {', '.join(names)}")

    # -- names -------------------------------------------------------------------------------

    def fresh(self, letter: str) -> str:
        """Return a name that nothing has."""
        n = self.counts.get(letter, 0)
        self.counts[letter] = n + 1
        return f"{letter}{n}"

    def bind(self, value: Any, name: str) -> str:
        """Return the name of an object that the text uses: the given one, if it is free."""
        key = id(value), name
        if key not in self.known:
            self.counts[name] = number = self.counts.get(name, 0) + 1
            found = self.known[key] = name if number == 1 else f"{name}_{number}"
            self.objects[found] = value
        return self.known[key]

    def function(self, function: Any) -> str:
        """Return the name of a function."""
        known = self.known.get(id(function))
        if known is None:
            known = self.known[id(function)] = self._function(function)
        return known

    def _function(self, function: Any) -> str:
        name = getattr(function, "__name__", type(function).__name__)
        name = name if name.isidentifier() else "function"
        if name in _TAKEN or iskeyword(name):
            name = f"np_{name}"
        return self.bind(function, _apart(name))

    def reduction(self, reduce: Any) -> str:
        """Return the name of the reduction by a ufunc."""
        name = f"{reduce.__self__.__name__}_reduce"
        return self.bound_method(name, reduce)

    def at(self, ufunc: Any) -> str:
        """Return the name of a ufunc's method at."""
        return self.bound_method(f"{ufunc.__name__}_at", ufunc.at)

    def bound_method(self, name: str, method: Any) -> str:
        """Return the name of a method, of which there is a new object each time it is read."""
        return self.bind(self.objects.get(name, method), name)

    def dtype(self, dtype: Any) -> str:
        """Return the name of a type of entries."""
        key = "dtype", dtype
        if key not in self.known:
            name = _apart(str(dtype).strip("<>=|").replace("[", "_").strip("]"))
            self.known[key] = self.bind(dtype, name)
        return self.known[key]

    def constant(self, x: Any) -> str:
        """Return the name of a constant object."""
        key = id(x)
        if key in self.here:
            return self.here[key]
        if key not in self.known:
            name = self.known[key] = self.fresh("k")
            self.objects[name] = x
        return self.known[key]

    def constant_of(self, x: Any) -> str:
        """Return the name of a constant array that nobody else knows: one for equal ones."""
        key = x.shape, x.dtype, x.tobytes()
        if key not in self.known:
            name = self.known[key] = self.fresh("k")
            self.objects[name] = x
        return self.known[key]

    def literal(self, x: Any) -> str:
        """Return the text of a constant: written out if that is exact and short."""
        kind = type(x)
        if x is None or kind in (int, bool) or (kind is str and len(x) < 40):
            return repr(x)
        if kind is float and math.isfinite(x):
            return repr(x)
        if x is Ellipsis:
            return "..."
        if isinstance(x, np.dtype):
            return self.dtype(x)
        return self.constant(x)

    def render(self, x: Any, texts: Any) -> str:
        """Return the text of static arguments, with operands in the places of their parts."""
        kind = type(x)
        if kind is Part:
            return str(texts[x.number])
        if kind is tuple:
            inside = ", ".join(self.render(y, texts) for y in x)
            return f"({inside},)" if len(x) == 1 else f"({inside})"
        if kind is list:
            return f"[{', '.join(self.render(y, texts) for y in x)}]"
        if kind is dict:
            pairs = (f"{k!r}: {self.render(y, texts)}" for k, y in x.items())
            return "{" + ", ".join(pairs) + "}"
        if kind is slice:
            parts = (self.render(y, texts) for y in (x.start, x.stop, x.step))
            return f"slice({', '.join(parts)})"
        return self.literal(x)

    # -- values ------------------------------------------------------------------------------

    def text(self, x: Any) -> str:
        """Return the text of an operand: of a number, the number."""
        if type(x) is not Node:
            return self.literal(x)
        if x in self.names:
            return self.names[x]
        place = self.plan.places.get(x)
        if place is None or not isinstance(x.value, np.ndarray):
            return self._number_view(x)
        return self.name(place)

    def repetition(self, shape: Shape, value: Any, dtype: Any) -> str:
        """Return the name of a constant array of equal entries."""
        key = (shape, dtype, np.asarray(value).tobytes(), type(value))
        if key not in self.known:
            name = self.known[key] = self.fresh("k")
            self.objects[name] = np.full(shape, value, dtype)
        return self.known[key]

    def scratch(self, shape: Shape, dtype: Any, purpose: str = "") -> str:
        """Return the name of a buffer for what the next statement needs and no other."""
        key = "scratch", shape, dtype, purpose
        if key not in self.known:
            name = self.known[key] = self.fresh("b")
            self.header.append(self._empty(name, shape, dtype))
            self.peak += math.prod(shape) * dtype.itemsize
        self.kept[self.known[key]] = None
        return self.known[key]

    def _empty(self, name: str, shape: Shape, dtype: Any) -> str:
        return f"{name} = {self.bind(np.empty, 'empty')}({shape}, {self.dtype(dtype)})"

    def number(self, x: Any) -> str:
        """Return the text of an operand of arithmetic on numbers: of an array, its entry."""
        if type(x) is not Node or not isinstance(x.value, np.ndarray):
            return self.text(x)
        if x not in self.entries:
            name = self.entries[x] = self.fresh("s")
            self.ahead.append(f"{name} = {self.text(x)}[()]")
        return self.entries[x]

    def _number_view(self, node: Node) -> str:
        """Return the name of an entry as a number, which is read once."""
        x = node.inputs[0]
        key = render_key(node.options["key"])
        place = self.plan.places.get(x)
        array = self.text(x) if place is None else self.whole(place)
        name = self.names[node] = self.fresh("s")
        self.calls += 1
        self.ahead.append(f"{name} = {array}[{key}]")
        return name

    def new_number(self, node: Node) -> str:
        """Return a new name for a number."""
        name = self.names[node] = self.fresh("s")
        return name

    def local(self, node: Node) -> str:
        """Return a new name for what a call gives."""
        place = self.plan.places.get(node)
        if place is None:
            name = self.names[node] = self.fresh("c")
            return name
        place.name = self.fresh("a")
        return place.name

    def operand(self, x: Any, dtype: Any) -> str:
        """Return the text of an operand of a ufunc on arrays: numbers as arrays without axes."""
        node = type(x) is Node
        if dtype is None or dtype.kind not in "biufc" or isinstance(x, np.ndarray):
            return self.text(x)
        if node and isinstance(x.value, np.ndarray):
            return self.text(x)
        if node and x in self.plan.places:
            return self.name(self.plan.places[x])
        key = (x, dtype) if node else (type(x), np.asarray(x).tobytes(), dtype)
        if key not in self.without_axes:
            try:
                made = np.array(x.value if node else x, dtype)
            except (OverflowError, TypeError, ValueError):
                return self.text(x)
            if node:
                name = self.fresh("z")
                self.header.append(self._empty(name, (), dtype))
                self.kept[name] = None
                self.ahead.append(f"{name}[()] = {self.text(x)}")
            else:
                name = self.fresh("k")
                self.objects[name] = made
            self.without_axes[key] = name
        return self.without_axes[key]

    def name(self, place: Place) -> str:
        """Return the name of a place, made at its first use: a buffer's with the buffers."""
        return self.here.get(place) or self.whole(place)

    def whole(self, place: Place) -> str:
        """Return the name of a place with all its entries."""
        name = place.name or self._make(place)
        if place.storage.kind in LASTING:
            self.kept[name] = None
        return name

    def _make(self, place: Place) -> str:
        """Return the new name of a place."""
        storage = place.storage
        lasting = storage.kind in LASTING
        if place.parent is None and storage.uniform is not None:
            options = storage.uniform.options
            place.name = self.repetition(place.shape, options["value"], storage.dtype)
            return place.name
        if place.parent is None:
            name = self.fresh("b" if lasting else "r")
            self.peak += _bytes(place) if lasting else 0
            expression = (
                f"{self.bind(np.empty, 'empty')}({place.shape}, {self.dtype(storage.dtype)})"
            )
        else:
            parent = place.parent.name or self._make(place.parent)
            name = self.fresh("v")
            expression = f"{parent}{place.suffix}"
            if place.suffix.startswith(REPEATED):
                spread = self.bind(np.broadcast_to, "broadcast_to")
                expression = f"{spread}({parent}, {place.suffix.removeprefix(REPEATED)})"
        (self.header if lasting else self.ahead).append(f"{name} = {expression}")
        self.calls += not lasting
        place.name = name
        return name

    def view(self, place: Place, key: Any) -> Place | None:
        """Return the view of a place at a static key, or None where that is one entry."""
        keys = key if type(key) is tuple else (key,)
        assert all(isinstance(k, _BASIC) for k in keys)
        whole = any(k is None or k is Ellipsis or isinstance(k, slice) for k in keys)
        if not whole and len(keys) == len(place.shape):
            return None
        if all(k is Ellipsis for k in keys):
            return place
        return place.at(key, np.broadcast_to(0, place.shape)[key].shape)


def _bytes(written: Any) -> int:
    if type(written) is Node:
        return getattr(written.value, "nbytes", 0)
    if type(written) is Place:
        return int(math.prod(written.shape) * written.storage.dtype.itemsize)
    return int(written)


def _apart(name: str) -> str:
    """Return a name that no local name is: these are a letter and a number."""
    return f"{name}_" if name[:1].isalpha() and name[1:].isdigit() else name
