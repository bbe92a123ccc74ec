"""Chance: which values an op takes, and which axes, keys and constants stand beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeVar

import numpy as np

from tests.autodiff.programs.program import literal

T = TypeVar("T")


class Chooser:
    """The values a program has so far, and a source of chance to choose among them."""

    def __init__(self, rng: np.random.Generator, values: dict[str, np.ndarray]) -> None:
        self.rng = rng
        self.values = values
        self.unused: set[str] = set(values)

    def among(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.rng.integers(len(options)))]

    def perhaps(self, probability: float) -> bool:
        """Return whether something happens."""
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """Return an integer, both bounds included."""
        return int(self.rng.integers(low, high + 1))

    # -- values ------------------------------------------------------------------------------

    def array(self, fits: Callable[[np.ndarray], bool] = lambda x: True) -> str | None:
        """Return the name of a value that fits, rather an unused or a late one."""
        names = [name for name, x in self.values.items() if fits(x)]
        if not names:
            return None
        fresh = [name for name in names if name in self.unused]
        if fresh and self.perhaps(0.6):
            return self.among(fresh)
        return names[-1 - min(int(self.rng.exponential(4.0)), len(names) - 1)]

    def of_rank(self, low: int, high: int = 9) -> str | None:
        """Return the name of a value with so many axes."""
        return self.array(lambda x: low <= x.ndim <= high)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a value's shape."""
        return self.values[name].shape

    def partner(self, x: str) -> str:
        """Return a value or a constant that broadcasts with ``x``; a number every so often."""
        shape = self.shape(x)
        chance = self.rng.random()
        if chance < 0.5:
            return self.array(lambda y: _broadcasts(y.shape, shape)) or x
        if chance < 0.6:
            return repr(round(float(self.rng.uniform(0.2, 1.8)), 2))
        if chance < 0.7:
            return f"number({round(float(self.rng.uniform(0.2, 1.8)), 2)})"
        if chance < 0.75:
            return repr(self.integer(1, 3))
        return self.constant(self.broadcast_shape(shape))

    def broadcast_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape that broadcasts with a shape, smaller or larger than it."""
        own = tuple(1 if self.perhaps(0.4) else n for n in shape)
        if own and self.perhaps(0.4):
            own = own[self.integer(1, len(own)) :]
        if self.perhaps(0.2) and prod(shape) < 9:
            own = (self.integer(1, 3), *own) if len(own) == len(shape) else own
        return own

    def constant(self, shape: tuple[int, ...]) -> str:
        """Return the source of a constant array."""
        return literal(np.round(self.rng.uniform(0.3, 1.7, shape), 2))

    def mask(self, shape: tuple[int, ...]) -> str:
        """Return the source of a constant mask."""
        return literal(self.rng.random(shape) < 0.6)

    # -- what stands beside values ------------------------------------------------------------

    def axis(self, x: str) -> int:
        """Return an axis of ``x``, counted from either end."""
        rank = len(self.shape(x))
        return self.integer(-rank, rank - 1)

    def axes(self, x: str) -> Any:
        """Return one axis, several or None."""
        rank = len(self.shape(x))
        if not rank or self.perhaps(0.3):
            return None
        if self.perhaps(0.6):
            return self.axis(x)
        count = self.integer(1, rank)
        return tuple(map(int, self.rng.permutation(rank)[:count]))

    def order(self, x: str) -> tuple[int, ...]:
        """Return the axes of ``x`` in some order."""
        return tuple(map(int, self.rng.permutation(len(self.shape(x)))))

    def reshaped(self, x: str) -> tuple[int, ...]:
        """Return another shape for as many entries."""
        size = self.values[x].size
        divisors = [n for n in range(1, size + 1) if size % n == 0]
        a = self.among(divisors)
        rest = [n for n in divisors if (size // a) % n == 0]
        b = self.among(rest)
        return self.among([(a, b, size // a // b), (a, size // a), (size // a, a), (size,)])

    def flag(self) -> bool:
        """Return True or False."""
        return self.perhaps(0.5)

    def key(self, x: str) -> str:
        """Return the source of a key that reads some entries of ``x``."""
        shape = self.shape(x)
        if shape and self.perhaps(0.12):
            mask = self.rng.random(shape) < 0.7
            mask.flat[0] = True
            return literal(mask)
        parts: list[str] = []
        arrays = 0
        for length in shape:
            part = self._part(length, arrays == 0)
            arrays += part.startswith("[")
            parts.append(part)
        while len(parts) > 1 and parts[-1] == ":" and self.perhaps(0.5):
            parts.pop()
        if self.perhaps(0.15):
            parts.insert(self.integer(0, len(parts)), "None")
        if self.perhaps(0.2) or not parts:
            if len(parts) == len(shape) and ":" in parts:
                parts[parts.index(":")] = "..."
            else:
                parts.insert(len(parts), "...")
        return ", ".join(parts)

    def _part(self, length: int, array_allowed: bool) -> str:
        chance = self.rng.random()
        if chance < 0.25:
            return ":"
        if chance < 0.45:
            return str(self.integer(-length, length - 1))
        if chance < 0.6 and array_allowed:
            return repr(self.rng.integers(-length, length, self.integer(1, length + 1)).tolist())
        start = self.integer(0, length - 1)
        step = self.among([1, 1, 2])
        return self.among(
            [f"{start}:", f"{start}::{step}", f"{start}::-{step}", "::-1", "1:", ":-1"]
        )


def _broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))
