"""The recorder: what answers for Tensors while a call is recorded.

A Tensor that was made before the call, a parameter for example, takes part by a stand-in for its
value, so that a replay reads the value that it has then. What the call does to such Tensors, and
to objects that carry state from call to call, is kept apart while it is recorded and becomes true
when the recording ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Number
from types import NoneType
from typing import Any

import numpy as np

from autodiff._core.hook import Hook, next_index, recording
from autodiff._core.op import Op
from autodiff._core.scatter import scatter
from autodiff._core.tensor import Tensor
from autodiff._core.types import Value
from autodiff.compiled import _functions as functions
from autodiff.compiled._origins import (
    Attribute,
    Memory,
    SetAttribute,
    SetGradient,
    SetValue,
    TensorGradient,
    TensorValue,
    Write,
)
from autodiff.compiled._program import FINITE, Guard, Node, Present, Same
from autodiff.compiled._random import Held, TracedGenerator
from autodiff.compiled._tape import NUMBERS, NotPlannableError, ReadError, Tape
from autodiff.compiled._traced import Traced

_SCATTER: Op = scatter.args[0]  # type: ignore[attr-defined]  # of record(op, ...)


def _holds_stand_in(x: Any) -> bool:
    is_list = type(x) in (list, tuple)
    return any(map(_holds_stand_in, x)) if is_list else type(x) is Traced


class Recorder(Hook):
    """Answers for Tensors with stand-ins, and remembers what becomes of them."""

    repeats = True

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.start = next_index()
        self.values: dict[Tensor, Any] = {}
        self.gradients: dict[Tensor, Any] = {}
        self.written: set[Tensor] = set()  # whose gradients were set
        self.assigned: dict[Tensor, int] = {}  # whose values were, and their indices before
        self.memory: dict[int, tuple[Any, Traced, Node]] = {}  # arrays that outlive the call
        self.views: dict[Tensor, Any] = {}  # by Tensors that hold views of those: the views
        self.states: dict[int, tuple[Any, Any, dict[str, Any]]] = {}
        self.generators: list[TracedGenerator] = []
        self.finite = True
        self._paused = PausedRecorder(self)

    @property
    def paused(self) -> Hook:
        return self._paused

    def outside(self, x: Tensor) -> bool:
        """Whether a Tensor was made before the call."""
        return x._index < self.start or x in self.assigned

    # -- arguments ---------------------------------------------------------------------------

    def is_number(self, x: Any) -> bool:
        """Whether something is the stand-in for a number."""
        return type(x) is Traced and isinstance(x.node.value, Number | np.bool)

    def as_array(self, x: Any) -> Any:
        """Return an array_like as an array, a list of stand-ins as one of them."""
        if type(x) is Traced:
            return x
        if not _holds_stand_in(x):
            return super().as_array(x)
        return np.stack([self.as_array(part) for part in x])

    # -- computing ---------------------------------------------------------------------------

    def value(self, x: Tensor) -> Any:
        """Return the stand-in for a Tensor's value."""
        if x in self.values:
            return self.values[x]
        value: Any = x._value
        if type(value) is Traced or not self.outside(x):
            return value  # made within the call
        part = self._part_of_memory(value)
        if part is None:
            part = self.tape.source(value, TensorValue(x))
        else:
            self.demand(TensorValue(x), value, Same(value))
            self.views[x] = value
        self.values[x] = part
        return part

    def _part_of_memory(self, value: Any) -> Traced | None:
        """Return the stand-in for a part of a flat array, as the values of parameters are.

        Those of an optimiser are parts of one array. So they are read, and written to, as one.
        """
        flat = value.base if type(value) is np.ndarray else None
        if flat is None or type(flat) is not np.ndarray or flat.ndim != 1:
            return None
        if not (value.flags.c_contiguous and flat.flags.c_contiguous and value.dtype == flat.dtype):
            return None
        address = "__array_interface__"
        start = getattr(value, address)["data"][0] - getattr(flat, address)["data"][0]
        start //= value.itemsize
        part: Traced = self.stand_in_of(flat)[start : start + value.size]
        return part if part.shape == value.shape else part.reshape(value.shape)

    def stand_in_of(self, array: Any) -> Traced:
        """Return the stand-in for an array that outlives the call and may be written to."""
        if id(array) not in self.memory:
            traced = self.tape.source(array, Memory(array), writable=True)
            self.memory[id(array)] = (array, traced, traced.node)
        return self.memory[id(array)][1]

    def demand(self, origin: Any, value: Any, expected: Any) -> None:
        """Demand of a replay that what it finds somewhere is as it was."""
        node = self.tape.source(value, origin).node
        self.tape.program.guards.append(Guard(node, expected))

    def compute(self, op: Op, values: Sequence[Any]) -> Any:
        """Compute an op step by step, or in one call where it decides by values."""
        if op is _SCATTER:
            return self._scatter(values)
        mark = self.tape.mark()
        self.tape.unread += 1
        try:
            return op.compute(*values)
        except ReadError:
            self.tape.go_back_to(mark)
        finally:
            self.tape.unread -= 1
        return self.tape.opaque(op.compute, tuple(values), {})

    def _scatter(self, values: Sequence[Any]) -> Traced:
        *pieces, keys, ranks, shape = values
        parts: list[Any] = []
        template = functions.template_of(keys, parts, (Traced, np.ndarray))
        batch = pieces[0].shape[: pieces[0].ndim - ranks[0]]
        dtype = np.result_type(*(p.dtype for p in pieces))
        options = {"keys": template, "shape": batch + shape, "dtype": dtype}
        scattered: Traced = self.tape.call(functions.scatter, [*pieces, *parts], options)
        return scattered

    def on_fillable(self, made: int) -> None:
        """Refuse an array that outlives the call: what is written to it a replay would not see."""
        if made < self.start:
            raise self.tape.refuse(
                "an array that is filled was made outside of the compiled function: make it inside"
            )

    # -- leaves ------------------------------------------------------------------------------

    def gradient(self, leaf: Tensor) -> Any:
        """Return what stands for the gradient of a leaf."""
        if leaf not in self.gradients:
            if not self.outside(leaf):
                return leaf._grad
            origin, earlier = TensorGradient(leaf), leaf._grad
            if earlier is None:
                self.demand(origin, None, Same(None))
                self.gradients[leaf] = None
            else:
                self.demand(origin, earlier, Present(earlier.shape, earlier.dtype))
                self.gradients[leaf] = self.tape.source(earlier, origin)
        return self.gradients[leaf]

    def set_gradient(self, leaf: Tensor, gradient: Any) -> None:
        """Remember that a leaf gets a gradient."""
        if not self.outside(leaf):
            leaf._grad = gradient
            return
        self.gradients[leaf] = gradient
        self.written.add(leaf)

    def assign(self, leaf: Tensor, value: Value) -> None:
        """Remember that a leaf gets a value."""
        if not self.outside(leaf):
            super().assign(leaf, value)
            return
        if not self.holds(leaf, value):
            part = self._part_of_memory(value)
            self.values[leaf] = value if part is None else part
            self.views.pop(leaf, None)
            if part is not None:
                self.views[leaf] = value
        self.assigned.setdefault(leaf, leaf._index)
        leaf._index = next_index()

    def holds(self, leaf: Tensor, value: Any) -> bool:
        """Whether a leaf's value is this very array, which shows what is written to its base."""
        if not self.outside(leaf):
            return super().holds(leaf, value)
        self.value(leaf)
        return self.views.get(leaf) is value

    # -- objects that carry state --------------------------------------------------------------

    def state(self, owner: Any) -> Any:
        """Return a copy of an object with stand-ins for its numbers and arrays."""
        if type(owner) is TracedGenerator:
            return owner
        if isinstance(owner, np.random.Generator):
            return self.stand_in_of_generator(owner, Attribute(Held(owner), "generator"))
        if any(owner is twin for _, twin, _ in self.states.values()):
            return owner
        if id(owner) in self.states:
            return self.states[id(owner)][1]
        twin = object.__new__(type(owner))  # copy would call __setstate__
        for name, x in vars(owner).items():
            vars(twin)[name] = self._attribute(owner, name, x)
        before = {name: list(x) if type(x) is list else x for name, x in vars(twin).items()}
        self.states[id(owner)] = (owner, twin, before)
        return twin

    def stand_in_of_generator(self, generator: Any, origin: Any) -> TracedGenerator:
        """Return what draws in the place of a random generator."""
        if type(generator) is TracedGenerator:
            return generator
        for known in self.generators:
            if known.generator is generator and isinstance(origin, Attribute):
                return known
        self.generators.append(TracedGenerator(self.tape, generator, origin))
        return self.generators[-1]

    def _attribute(self, owner: Any, name: str, x: Any) -> Any:
        items = isinstance(x, list | tuple) and len(x) > 0 and all(map(_is_state, x))
        if items:
            return type(x)([self._part(owner, name, y, i) for i, y in enumerate(x)])
        if _is_state(x):
            return self._part(owner, name, x)
        if x is None or isinstance(x, bool | str):
            self.demand(Attribute(owner, name), x, Same(x))
        return x

    def _part(self, owner: Any, name: str, x: Any, item: int | None = None) -> Any:
        origin = Attribute(owner, name, item)
        if isinstance(x, np.ndarray):
            self.demand(origin, x, Same(x))
            return self.stand_in_of(x)
        return self.tape.source(x, origin)

    # -- walks -------------------------------------------------------------------------------

    def all_finite(self, values: Iterable[Value]) -> bool:
        """Demand of a replay that all entries be finite, as they have to be here."""
        finite = True
        for x in map(self._plain, values):
            if type(x) is Traced and x.dtype.kind in "fc":
                node = x.current()
                finite = finite and bool(np.all(np.isfinite(node.value)))
                self.tape.program.guards.append(Guard(node, FINITE))
            elif type(x) is not Traced:
                finite = finite and super().all_finite([x])
        self.finite = self.finite and finite
        return finite

    def _plain(self, x: Any) -> Any:
        return self.value(x) if type(x) is Tensor else x

    # -- the end -----------------------------------------------------------------------------

    def effects(self) -> list[Any]:
        """Return what the call does to what outlives it."""
        node = self._node
        found: list[Any] = []
        for array, traced, before in self.memory.values():
            holders = [(x, self.views[x]) for x in self.assigned if self._shows(x, array)]
            if traced.current() is not before or holders:
                found.append(Write(array, traced.current(), holders))
        found += [
            SetValue(x, node(self.values[x]))
            for x in self.assigned
            if not any(self._shows(x, array) for array, *_ in self.memory.values())
        ]
        found += [SetGradient(x, node(self.gradients[x])) for x in self.written]
        for owner, twin, earlier in self.states.values():
            found += self._changed_attributes(owner, vars(twin), earlier)
        return found

    def _shows(self, x: Tensor, array: Any) -> bool:
        """Whether a Tensor's value is a view of an array."""
        view = self.views.get(x)
        return view is not None and view.base is array

    def _changed_attributes(self, owner: Any, now: Any, before: Any) -> Iterator[SetAttribute]:
        if now.keys() != before.keys():
            names = ", ".join(sorted(now.keys() ^ before.keys()))
            raise NotPlannableError(f"a {type(owner).__name__} gets or loses attributes: {names}")
        for name, x in now.items():
            earlier = before[name]
            if isinstance(earlier, list):
                for i, (y, was) in enumerate(zip(x, earlier, strict=True)):
                    if y is not was:
                        yield SetAttribute(owner, name, self._new_state(owner, name, y), i)
            elif x is not earlier:
                yield SetAttribute(owner, name, self._new_state(owner, name, x))

    def _new_state(self, owner: Any, name: str, x: Any) -> Any:
        """Return what an attribute becomes, as the program knows it."""
        number = x.is_number or not x.shape if type(x) is Traced else not isinstance(x, np.ndarray)
        if number and (type(x) is Traced or _is_state(x) or isinstance(x, bool | str | NoneType)):
            return self._node(x)
        raise NotPlannableError(
            f"{name} of a {type(owner).__name__} becomes another {type(x).__name__}: write an "
            "array's new entries into it, self.x[...] = y, and give an attribute no other type"
        )

    def _node(self, x: Any) -> Any:
        return x.current() if type(x) is Traced else x

    def undo(self) -> None:
        """Leave everything outside of the call as it was before."""
        for leaf, index in self.assigned.items():
            leaf._index = index
        for generator in reversed(self.generators):
            generator.go_back()

    def forget(self) -> None:
        """Let go of all stand-ins: what is held still is held by somebody else."""
        for kept in (self.values, self.gradients, self.memory, self.views, self.states):
            kept.clear()


class PausedRecorder(Hook):
    """The same recorder while no graph is recorded: it goes on to see what is computed."""

    records = False

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    @property
    def paused(self) -> Hook:
        return self

    @property
    def resumed(self) -> Hook:
        return self.recorder

    def __getattribute__(self, name: str) -> Any:
        own = ("records", "paused", "resumed", "recorder", "__class__")
        get = super().__getattribute__
        return get(name) if name in own else getattr(get("recorder"), name)


def _is_state(x: Any) -> bool:
    """Whether an attribute is one whose changes a replay follows: a number or an array."""
    return type(x) in NUMBERS - {bool} or isinstance(x, np.ndarray | np.floating | np.integer)


# -- effects that come true ------------------------------------------------------------------


def carry_out(effects: Iterable[tuple[Any, Any]]) -> None:
    """Let what a recorded call does to its surroundings come true: effects with their values."""
    for effect, value in effects:
        if isinstance(effect, Write):
            effect.array[...] = value
            for leaf, view in effect.holders:
                leaf._value = view
        elif isinstance(effect, SetValue):
            effect.tensor._value = value.copy() if isinstance(value, np.ndarray) else value
        elif isinstance(effect, SetGradient):
            effect.tensor._grad = value.copy() if isinstance(value, np.ndarray) else value
        elif effect.item is None:
            setattr(effect.owner, effect.name, value)
        else:
            getattr(effect.owner, effect.name)[effect.item] = value


@contextmanager
def recorded_by(recorder: Recorder, hook: Hook) -> Iterator[None]:
    """Compute with a recorder, or what takes its place, until the recording ends."""
    token = recording.set(hook)
    try:
        yield
    finally:
        recording.reset(token)
        recorder.tape.closed = True
