"""A program under test: what its checks share, and how two of their numbers are compared."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autodiff import vjp
from tests.autodiff.programs.program import Program

Arrays = tuple[np.ndarray, ...]
CLOSE = 1e-9  # for two walks through the same rules
DIFFERENCES = 1e-6  # for a walk and differences


class Subject:
    """A program with directions and weights to try it along, drawn for one check."""

    def __init__(self, program: Program, check: str = "") -> None:
        self.program = program
        self.f = program.f
        self.arguments = program.arguments
        self.every = tuple(range(len(self.arguments)))
        self.rng = np.random.default_rng([program.seed, zlib.crc32(check.encode())])

    @cached_property
    def value(self) -> np.ndarray:
        """What NumPy computes."""
        return np.asarray(self.f(*self.arguments))

    @cached_property
    def pull(self) -> Callable[[Any], Arrays]:
        """The way back from a cotangent of the value to those of the arguments, all of them."""
        pull = vjp(self.f, *self.arguments)[1]
        return lambda w: pull(w) if len(self.arguments) > 1 else (pull(w),)

    def direction(self) -> Arrays:
        """Return a random direction."""
        return tuple(self.numbers(x.shape) for x in self.arguments)

    def numbers(self, shape: tuple[int, ...]) -> Any:
        """Return random numbers, away from 0."""
        signs = self.rng.choice([-1.0, 1.0], shape)
        return self.rng.uniform(0.5, 1.5, shape) * signs

    def among_arguments(self) -> int:
        """Return the number of an argument."""
        return int(self.rng.integers(len(self.arguments)))

    def functional(self) -> Callable[..., Any]:
        """Return a function of one number to go on with: mostly the plain sum of the result."""
        weights = self.numbers(self.value.shape) if self.rng.random() < 0.3 else None
        mean = self.rng.random() < 0.3

        def scalar(*xs: Any) -> Any:
            y = stacked(self.f(*xs))
            return np.sum(weights * y) if weights is not None else (np.mean if mean else np.sum)(y)

        return scalar

    def of_one(self, f: Callable[..., Any], i: int) -> Callable[[Any], Any]:
        """Return a function of one argument alone."""
        return lambda x: f(*self.arguments[:i], x, *self.arguments[i + 1 :])


def stacked(y: Any) -> Any:
    """Return a list of results as one array, as the derivatives do."""
    return np.stack(y) if isinstance(y, list | tuple) else y


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Return the sum of products of entries."""
    return sum(np.sum(x * y) for x, y in zip(a, b, strict=True))


def agree(
    one: str, a: Any, other: str, b: Any, tolerance: float = CLOSE, scale: float = 0.0
) -> None:
    """Assert that two ways lead to the same numbers, relative to the largest or to a scale."""
    a, b = np.asarray(a), np.asarray(b)
    size = max(1.0, scale, np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    same = a.shape == b.shape and bool(np.all(np.abs(a - b) <= tolerance * size))
    assert same, f"{one} and {other} disagree:\n{_shown(a)}\n{_shown(b)}"


def all_agree(one: str, a: Sequence[Any], other: str, b: Sequence[Any], **options: Any) -> None:
    """Assert that two ways lead to the same arrays, one for each argument."""
    scale = max(np.abs(x).max(initial=0.0) for x in (*a, *b))
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        agree(f"{one} by x{i}", x, f"{other} by x{i}", y, **{"scale": scale, **options})


def _shown(x: np.ndarray) -> str:
    return f"  {np.array2string(x, threshold=40, prefix='  ')}" + (
        f" of shape {x.shape}" if x.shape else ""
    )
