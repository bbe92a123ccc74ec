"""Programs: what NumPy computed in a recorded call, as a list of nodes in the order of computing.

A node is one call of a pure function. Its inputs are other nodes and constants; what is written
in place appears as a function that returns a changed copy. Passes rewrite the list, buffers are
laid out for it, and the source is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.types import Shape, Structure

Options: TypeAlias = dict[str, Any]
NO_OPTIONS: Options = {}


class Node:
    """One value of a program: the function that computes it, of what, and what is known of it."""

    __slots__ = ("dtype", "function", "inputs", "options", "shape", "value")

    function: Any  # None where the value comes from outside: the program says from where
    inputs: tuple[Any, ...]  # nodes and constants
    options: Options  # static keyword arguments
    shape: Shape
    dtype: np.dtype[Any] | None  # None of what is no array or number: a tuple of results
    value: Any  # what it was in the recorded call; let go when the plan is made

    def __init__(
        self, function: Any, inputs: tuple[Any, ...], options: Options, value: Any
    ) -> None:
        self.function = function
        self.inputs = inputs
        self.options = options
        self.value = value
        self.shape = getattr(value, "shape", ())
        self.dtype = getattr(value, "dtype", None)

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", "source")
        return f"<node {name} of {self.dtype} {self.shape}>"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size


class Finite:
    """What a guard expects of an array whose entries have to be finite."""


FINITE = Finite()


@dataclass(frozen=True, eq=False)
class Same:
    """What a guard expects of what stands somewhere: to be this very object."""

    thing: Any


@dataclass(frozen=True)
class Present:
    """What a guard expects of what stands somewhere: to be an array of this shape and type."""

    shape: Shape
    dtype: np.dtype[Any]


@dataclass
class Guard:
    """What Python read of a value, so that the rest of the program depends on it."""

    node: Node
    expected: Any  # the value that was read, or FINITE, Same or Present
    line: str = ""


@dataclass
class Program:
    """The nodes between what comes in and what goes out."""

    sources: dict[Node, Any] = field(default_factory=dict)  # where values come from
    nodes: list[Node] = field(default_factory=list)  # all others, in the order of computing
    guards: list[Guard] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)  # nodes and constants, the leaves of ...
    structure: Structure = None  # ... what the function returned
    effects: list[Any] = field(default_factory=list)
    impure: set[Node] = field(default_factory=set)  # neither merged nor dropped nor reordered
    donated: set[Node] = field(default_factory=set)  # arguments whose memory may be written to

    def conclude(self, structure: Structure, results: list[Any], effects: list[Any]) -> None:
        """State what the program is computed for, once all is noted."""
        self.structure, self.results, self.effects = structure, results, effects

    def ends(self) -> Iterator[Any]:
        """Yield what the program is computed for, with repetitions."""
        for guard in self.guards:
            yield guard.node
        yield from self.results
        for effect in self.effects:
            yield effect.node
