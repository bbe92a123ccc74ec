"""The hook: what a computation with Tensors asks at each step, so that something else can answer.

Of the hooks here one records each op whose derivative may be asked for, and the other records
nothing. What watches or rewrites a computation is a subclass.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import is_on_device
from autodiff._core.machine import telling_sum
from autodiff._core.types import Value

if TYPE_CHECKING:
    from autodiff._core.op import Op
    from autodiff._core.tensor import Tensor

# What stands in for a node's op during a walk that takes more care than the first.
Amend: TypeAlias = "Callable[[Tensor], Any] | None"

State = TypeVar("State")
next_index = itertools.count(1).__next__  # of what is made or replaced, in this order


class Hook:
    """What is asked as a program computes. This one records, and answers in the plainest way."""

    records: bool = True  # whether an op of what requires a gradient becomes a node
    repeats: bool = False  # whether what is computed will be again, so that shortcuts pay

    @property
    def paused(self) -> Hook:
        """What takes this hook's place while nothing is recorded."""
        return NO_GRAD

    @property
    def resumed(self) -> Hook:
        """What takes this hook's place while a function is recorded."""
        return self

    # -- arguments ---------------------------------------------------------------------------

    def is_number(self, x: Any) -> bool:
        """Whether something else than a number stands for one."""
        return False

    def as_array(self, x: Any) -> Any:
        """Return an array_like as an array."""
        return np.asarray(x)

    # -- computing ---------------------------------------------------------------------------

    def value(self, x: Tensor) -> Any:
        """Return what is computed with in the place of a Tensor."""
        return x._value

    def compute(self, op: Op, values: Sequence[Any]) -> Any:
        """Return an op's value."""
        return op.compute(*values)

    def on_node(self, out: Tensor) -> None:
        """Look at a new node."""

    def on_fillable(self, made: int) -> None:
        """Look at an array that is filled or read, which was made at this index."""

    def place(self) -> str:
        """Return, for an error's message, where the program called what is computed."""
        return ""

    # -- leaves ------------------------------------------------------------------------------

    def gradient(self, leaf: Tensor) -> Any:
        """Return what was set as a leaf's gradient, or None."""
        return leaf._grad

    def set_gradient(self, leaf: Tensor, gradient: Any) -> None:
        """Make a leaf hold this very gradient."""
        leaf._grad = gradient

    def assign(self, leaf: Tensor, value: Value) -> None:
        """Make a leaf hold this very value, and be younger than what was computed from it."""
        leaf._value = value
        leaf._index = next_index()

    def holds(self, leaf: Tensor, value: Value) -> bool:
        """Whether a leaf's value is this very array."""
        return leaf._value is value

    def state(self, owner: Any) -> Any:
        """Return what takes the place of an object that carries state from call to call."""
        return owner

    # -- walks -------------------------------------------------------------------------------

    def all_finite(self, values: Iterable[Value]) -> bool:
        """Whether all entries of what a walk brought are finite, as far as that is known."""
        return bool(abs(sum(map(_magnitude, values))) < np.inf)  # which takes one pass

    def on_divergence(self, walk: Callable[[Amend], Any]) -> None:
        """Look at a walk that ended in infinities; called with what stands in for a node's op."""


class _Paused(Hook):
    """What records nothing."""

    records = False

    @property
    def paused(self) -> Hook:
        return self

    @property
    def resumed(self) -> Hook:
        return PLAIN


PLAIN = Hook()
NO_GRAD = _Paused()
recording: ContextVar[Hook] = ContextVar("recording", default=PLAIN)


def recorded_state(owner: State) -> State:
    """Return an object itself, or while a plan is recorded a copy whose changes a replay repeats.

    For methods that change numbers and arrays which the object keeps from call to call, as a
    training step does: ``self = recorded_state(self)`` is their first line. A replay reads these
    attributes anew, and writes what the method wrote. Of a `numpy.random.Generator` that an object
    holds it is what draws in its place: ``recorded_state(self.rng).random(shape)``.
    """
    return recording.get().state(owner)  # type: ignore[no-any-return]


def assign_value(leaf: Tensor, value: NDArray[Any]) -> None:
    """Make a leaf hold this very array, not a copy, as its new value.

    For optimisers, which keep all parameters in one buffer and write into it: call it after each
    writing, so that graphs recorded with the old value are known to be stale.
    """
    recording.get().assign(leaf, value)


def holds_value(leaf: Tensor, value: NDArray[Any]) -> bool:
    """Whether a leaf's value is this very array still, and was not replaced since.

    For optimisers, as `assign_value` is.
    """
    return recording.get().holds(leaf, value)


def _magnitude(value: Value) -> Any:
    """Return a number that is infinite or NaN if an entry is, where that is known."""
    if isinstance(value, np.ndarray):
        return telling_sum(value)
    if is_on_device(value):
        return float(abs(np.sum(value)))
    return value if isinstance(value, np.generic) else 0.0
