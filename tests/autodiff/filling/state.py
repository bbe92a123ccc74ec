"""The arrays that a program has so far, and what may be written into them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import numpy as np

from tests.autodiff.filling.keys import any_key
from tests.autodiff.filling.program import literal


class State:
    """The arrays that a program has so far, and a source of chance to choose among them."""

    def __init__(self, random: Random, values: dict[str, Any]) -> None:
        self.random = random
        self.values = values
        self.choice = random.choice
        self.chance = random.random

    def new(self, letter: str) -> str:
        """Return a name for another array or view."""
        return f"{letter}{sum(name[0] == letter for name in self.values)}"

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array."""
        shape: tuple[int, ...] = self.values[name].shape
        return shape

    def target(self, fits: Callable[[tuple[int, ...]], bool] = lambda shape: True) -> str | None:
        """Return the name of an array that can be written into."""
        names = [n for n, a in self.values.items() if n[0] != "x" and a.flags.writeable]
        names = [n for n in names if fits(self.shape(n))]
        if self.chance() < 0.9:
            names = [n for n in names if self.values[n].size]
        if self.chance() < 0.4:
            names = [n for n in names if n[0] == "v"] or names
        return self.among(names)

    def among(self, names: list[str]) -> str | None:
        """Return one of some names, if there are any."""
        return self.choice(names) if names else None

    def any(self) -> str:
        """Return the name of an array or an argument."""
        return self.choice(list(self.values))

    def key(self, name: str) -> str:
        """Return a key for an array, that reads something from it."""
        for _ in range(5):
            key = any_key(self.random, self.shape(name))
            with suppress(IndexError):
                self.part(name, key)
                return key
        return "..."

    def part(self, name: str, key: str) -> tuple[int, ...]:
        """Return the shape of what a key reads."""
        return np.shape(self.values[name][eval(f"np.s_[{key}]", {"np": np})])

    def fraction(self) -> str:
        """Return the source of a number with a short binary fraction."""
        return self.choice(["0.5", "1.5", "-0.75", "2", "1", "-1", "0.0", "np.float64(1.25)"])

    def constant(self, shape: tuple[int, ...]) -> str:
        """Return the source of a constant array."""
        size = int(np.prod(shape))
        numbers = [self.choice([-1.0, -0.5, 0.25, 0.5, 1.5]) for _ in range(size)]
        return literal(np.reshape(np.array(numbers, float), shape))

    def smaller(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape that broadcasts to a shape."""
        own = tuple(1 if self.chance() < 0.2 else n for n in shape)
        cut = self.random.randint(0, len(own)) if self.chance() < 0.2 else 0
        return own[cut:]

    def value(self, shape: tuple[int, ...]) -> str:
        """Return the source of a value that broadcasts to a shape."""
        chance = self.chance()
        if chance < 0.12:
            return self.fraction()
        if chance < 0.2:
            return self.constant(self.smaller(shape))
        return self.computed(shape)

    def apart(self, target: str, shape: tuple[int, ...]) -> str:
        """Return the source of a value that has no memory in common with an array.

        NumPy reads what it has just written where a mask or an array of indices writes a view.
        """
        value = self.value(shape)
        shared = np.may_share_memory(eval(value, {"np": np, **self.values}), self.values[target])
        return f"np.copy({value})" if shared else value

    def computed(self, shape: tuple[int, ...]) -> str:
        """Return the source of something computed from arrays that broadcasts to a shape."""
        fit = [n for n, a in self.values.items() if broadcasts(a.shape, shape)]
        if self.chance() < 0.6:  # rather what a derivative is taken by
            fit = [n for n in fit if n[0] == "x"] or fit
        if fit and self.chance() < 0.8:
            name = self.choice(fit)
            forms = [name, name, "{0} * 0.5", "{0} + 1", "{0} * {0}", "-{0}", "{0} - {1}"]
            forms += ["np.sin({0})", "{1} * {0}", "np.copy({0})"]
            return self.choice(forms).format(name, self.choice(fit))
        name = self.choice([n for n in self.values if n[0] == "x" or self.chance() < 0.5] or ["x0"])
        own = self.values[name]
        n = int(np.prod(shape))
        if own.size >= n and self.chance() < 0.6:
            return f"np.ravel({name})[:{n}].reshape({shape})"
        if own.size and self.chance() < 0.5:
            return f"{name}[{', '.join(str(self.random.randrange(m)) for m in own.shape) or '()'}]"
        return self.choice(["np.sum({})", "np.sum({}) * 0.25", "{}.sum()"]).format(name)


def broadcasts(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, full) == full
    except ValueError:
        return False


def broadcastable(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True
