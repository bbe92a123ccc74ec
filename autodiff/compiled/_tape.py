"""The tape: notes each NumPy call on a stand-in, having computed it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any
from weakref import ref

import numpy as np

from autodiff._core.array_kinds import is_foreign, is_plain, library_of
from autodiff._core.constant_arrays import read_only
from autodiff._core.place import calling_line, calling_place
from autodiff._core.types import Function
from autodiff.compiled import _calls
from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Opaque
from autodiff.compiled._program import NO_OPTIONS, Guard, Node, Options, Program
from autodiff.compiled._traced import Traced

NUMBERS = frozenset({float, int, bool, complex})


class NotPlannableError(TypeError):
    """A program does what a replay cannot repeat."""


class ReadError(Exception):
    """Python reads a value where none may be read."""


class Tape:
    """A program in the making; where ``lines`` are wanted, with the line that made each node.

    What would hold arrays of more than ``most_bytes`` is refused.
    """

    def __init__(self, lines: bool = False, most_bytes: float = inf) -> None:
        self.bytes_left = most_bytes
        self.lines: list[tuple[Any, int]] = []
        self._wants_lines = lines
        self.program = Program()
        self.closed = False
        self.constants: dict[int, tuple[Any, Any]] = {}  # arrays as they came, and their copies
        self.stand_ins: list[ref[Traced]] = []  # all that were made
        self.refusal = ""  # why no plan can repeat the call, also where it went on regardless
        self.unread = 0  # how many calls are under way whose values nobody may read

    # -- noting ------------------------------------------------------------------------------

    def source(self, value: Any, origin: Any, writable: bool = False) -> Traced:
        """Return the stand-in of a value that comes from outside."""
        self._refuse_other_libraries(value)
        node = Node(None, (), NO_OPTIONS, value)
        self.program.sources[node] = origin
        return Traced(self, node, writable=writable)

    def call(self, function: Function, inputs: Sequence[Any], options: Options = NO_OPTIONS) -> Any:
        """Compute a pure function of stand-ins and constants, and note it."""
        if self.closed:  # of a stand-in that the call left somewhere: an array like any other
            values = [x.current().value if type(x) is Traced else x for x in inputs]
            return function(*values, **options)
        return Traced(self, self.node(function, inputs, options))

    def operand(self, x: Any) -> Any:
        """Return an operand as the program has it: a node, or a constant."""
        if type(x) is not Traced:
            return self.constant(x)
        return x.current() if x.tape is self else self.constant(x.current().value)

    def refuse(self, reason: str) -> NotPlannableError:
        """Return the error for what no plan can repeat; the call is not planned if it is caught."""
        self.refusal = self.refusal or reason
        return NotPlannableError(reason)

    def node(self, function: Any, inputs: Sequence[Any], options: Options = NO_OPTIONS) -> Node:
        """Return the new node of a call."""
        operands = [self.operand(x) for x in inputs]
        values = [x.value if type(x) is Node else x for x in operands]
        node = Node(function, tuple(operands), options, function(*values, **options))
        self.program.nodes.append(node)
        value = node.value
        if isinstance(value, np.ndarray) and value.base is None:
            self.bytes_left -= value.nbytes
            if self.bytes_left < 0:
                raise self.refuse("a recording would take too much memory")
        if self._wants_lines:
            self.lines.append(calling_place())
        return node

    def constant(self, x: Any) -> Any:
        """Return a constant as the program keeps it: of an array, a copy."""
        if type(x) is Node or not isinstance(x, np.ndarray):
            self._refuse_other_libraries(x)
            return x
        known = self.constants.get(id(x))
        kept = read_only(x)
        if known is None or (known[1] is not kept and not _same(known[1], kept)):
            self.constants[id(x)] = (x, kept)
            return kept
        return known[1]

    def _refuse_other_libraries(self, x: Any) -> None:
        """Refuse an array whose entries a plan, which is straight-line NumPy, cannot hold."""
        if is_foreign(x):
            kind = f"{library_of(x)}.{type(x).__name__}"
            raise self.refuse(f"it computes with a {kind}, and plans are of NumPy's arrays")

    def several(self, function: Any, inputs: Sequence[Any], options: Options = NO_OPTIONS) -> Any:
        """Return what a function that has several results gives, in the container it gives."""
        return self._unpack(self.node(function, inputs, options))

    def opaque(
        self, function: Function, args: Any, kwargs: Any, *, same_shape: bool = False
    ) -> Any:
        """Note a call as it is. Where its shapes depend on values, these are guarded."""
        parts: list[Any] = []
        kinds = (Traced, np.ndarray)
        args, kwargs = (functions.template_of(x, parts, kinds) for x in (args, kwargs))
        result = self.several(Opaque(function, args, kwargs), parts)
        if not same_shape:
            for x in _leaves(result):
                self.guard_shape(x)
        return result

    def _unpack(self, node: Node) -> Any:
        value = node.value
        if is_plain(value):
            return Traced(self, node)
        if isinstance(value, tuple | list):
            parts = [
                self._unpack(self.node(functions.item, [node], {"number": i}))
                for i in range(len(value))
            ]
            return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
        if type(value) in NUMBERS or isinstance(value, str):  # as of np.allclose
            self.guard(node)
            return value
        raise self.refuse(f"{node.function.__name__} gives a {type(value).__name__}")

    def left_behind(self) -> list[Traced]:
        """Return the stand-ins that something holds."""
        return [x for reference in self.stand_ins if (x := reference()) is not None]

    def mark(self) -> tuple[int, int]:
        """Return how far the program has come."""
        return len(self.program.nodes), len(self.program.guards)

    def go_back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was noted since."""
        del self.program.nodes[mark[0] :]
        del self.program.guards[mark[1] :]
        del self.lines[mark[0] :]

    # -- what a stand-in is asked --------------------------------------------------------------

    def call_ufunc(self, ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
        """Note what a ufunc computes."""
        return _calls.call_ufunc(self, ufunc, method, inputs, kwargs)

    def call_function(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Note what another NumPy function computes."""
        return _calls.call_function(self, function, args, kwargs)

    def attribute(self, x: Traced, name: str) -> Any:
        """Return a method or an attribute of an array, of its stand-in."""
        return _calls.method(x, name)

    # -- guards ------------------------------------------------------------------------------

    def read(self, x: Traced) -> Any:
        """Return the value of a stand-in to Python, on which the rest of the program depends."""
        if self.closed:
            return x.current().value
        if self.unread:
            raise ReadError
        node = x.current()
        self.guard(node)
        return node.value

    def guard(self, node: Node) -> None:
        """Demand of a replay that a value be what it is."""
        if not any(g.node is node for g in self.program.guards[-8:]):
            self.program.guards.append(Guard(node, node.value, calling_line()))

    def guard_shape(self, x: Any) -> None:
        """Demand of a replay that a shape be what it is."""
        if type(x) is Traced:
            self.guard(self.node(functions.shape_of, [x]))


def _leaves(x: Any) -> list[Any]:
    return [leaf for part in x for leaf in _leaves(part)] if isinstance(x, tuple | list) else [x]


def _same(a: Any, b: Any) -> bool:
    return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
