"""Finding where a NaN or an infinity comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_on_device, is_plain, to_numpy
from autodiff._core.hook import Hook, recording
from autodiff._core.place import calling_line
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Tangent
from autodiff._core.zeros import zero_preserving, zero_preserving_forward


@contextmanager
def debug() -> Iterator[None]:
    """Raise at the first op that makes a NaN or an infinity out of finite numbers.

    It watches what is recorded, and the walks. The error names the op, the shapes and ranges of
    what it was given, and the line of the program that called it. All this takes time: use it to
    look for a mistake.

    Raises
    ------
    FloatingPointError
        At an op, or a rule, that turns finite numbers into others.

    Examples
    --------
    >>> x = Tensor([1.0, 0.0])
    >>> with debug():  # doctest: +ELLIPSIS
    ...     y = np.log(x)
    Traceback (most recent call last):
        ...
    FloatingPointError: log made 1 infinity out of finite numbers...
    """
    token = recording.set(Debugger())
    try:
        with np.errstate(all="ignore"):  # what they would warn of is raised here with its origin
            yield
    finally:
        recording.reset(token)


class Debugger(Hook):
    """What it noted of each Tensor that was recorded: the line of the program that made it."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}

    def on_node(self, out: Tensor) -> None:
        """Look at a new node and at what it was made from, and note the line that made it."""
        line = self.lines[out._index] = calling_line()
        if not _finite(out._value) and all(map(_finite, out._values)):
            assert out.op is not None
            raise FloatingPointError(
                f"{out.op.name} made {_trouble(out._value)} out of finite numbers: "
                f"{_shapes_and_ranges(out._values)}{line}"
            )

    def place(self) -> str:
        """Return where the program called what is being computed."""
        return calling_line()

    def on_divergence(self, walk: Callable[[Callable[[Tensor], Any]], Any]) -> None:
        """Walk again with rules that raise where they make finite numbers infinite or NaN."""
        walk(lambda consumer: _Examined(consumer, self.lines.get(consumer._index, "")))


class _Examined:
    """An op whose rules are watched."""

    def __init__(self, consumer: Tensor, line: str) -> None:
        self.op = zero_preserving(consumer)
        self.consumer = consumer
        self.line = line
        self.rules = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def __getitem__(self, i: int) -> Any:
        def rule(g: Cotangent, *args: Any) -> Cotangent:
            return self.examine(self.op.rules[i](g, *args), [g])

        return rule

    def push(self, tangents: Sequence[Tangent], *args: Any) -> Tangent:
        """Return the op's tangent after a look at it."""
        op = zero_preserving_forward(self.consumer)
        return self.examine(op.push(tangents, *args), [t for t in tangents if t is not None])

    def examine(self, image: Cotangent, given: Sequence[Cotangent]) -> Cotangent:
        """Return an image after a look at it."""
        before = (*given, self.consumer._value, *self.consumer._values)
        if not _finite(image) and all(map(_finite, before)):
            raise FloatingPointError(
                f"the derivative of {self.op.name} made {_trouble(image)} out of a finite "
                f"cotangent or tangent, where it was computed from "
                f"{_shapes_and_ranges(self.consumer._values)}{self.line}"
            )
        return image


def _is_numeric(x: Any) -> bool:
    return is_plain(x) or is_on_device(x) or isinstance(x, float | complex)


def _finite(x: Any) -> bool:
    value = value_of(x)
    return not _is_numeric(value) or bool(np.all(np.isfinite(value)))


def _trouble(x: Any) -> str:
    value = to_numpy(value_of(x))
    counts = {"NaN": np.isnan(value).sum(), "infinity": np.isinf(value).sum()}
    return " and ".join(f"{count} {what}" for what, count in counts.items() if count)


def _shapes_and_ranges(values: Sequence[Any]) -> str:
    """Return the shapes and the ranges of an op's operands."""
    parts = []
    for value in filter(_is_numeric, values):
        array = to_numpy(value)
        if array.size == 1:
            parts.append(f"{array.item():.6g}")
        elif array.size:
            real = array.real
            parts.append(f"shape {array.shape} from {real.min():.6g} to {real.max():.6g}")
    return " and ".join(parts)
