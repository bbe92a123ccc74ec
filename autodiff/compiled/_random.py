"""Random numbers in plans: a replay draws them anew, in the order in which they were recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._tape import Tape
from autodiff.compiled._traced import Traced


class Draw:
    """A method of a random generator, with its arguments."""

    def __init__(self, name: str, args: Any, kwargs: Any) -> None:
        self.__name__ = name
        self.args = args
        self.kwargs = kwargs

    def __call__(self, generator: np.random.Generator, *parts: Any) -> Any:
        """Draw from a generator."""
        args, kwargs = (functions.fill_in(x, parts) for x in (self.args, self.kwargs))
        if self.__name__ != "shuffle":
            return getattr(generator, self.__name__)(*args, **kwargs)
        shuffled = np.array(args[0])
        generator.shuffle(shuffled, *args[1:], **kwargs)
        return shuffled


@dataclass
class Held:
    """What holds a random generator that is no argument."""

    generator: np.random.Generator


class TracedGenerator:
    """The stand-in for a random generator while a call is recorded."""

    def __init__(self, tape: Tape, generator: np.random.Generator, origin: Any) -> None:
        self.tape = tape
        self.generator = generator
        self.node = tape.source(generator, origin).node
        self.before = generator.bit_generator.state

    def go_back(self) -> None:
        """Let the generator forget what was drawn."""
        self.generator.bit_generator.state = self.before

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "spawn":
            raise self.tape.refuse("a random generator spawns others: spawn them outside")
        if name.startswith("_") or not callable(getattr(self.generator, name)):
            raise AttributeError(
                f"a compiled function draws from its random generator, but asks for {name!r}"
            )

        def draw(*args: Any, **kwargs: Any) -> Any:
            parts: list[Any] = []
            kinds = (Traced, np.ndarray)
            templates = [functions.template_of(x, parts, kinds) for x in (args, kwargs)]
            node = self.tape.node(Draw(name, *templates), [self.node, *parts])
            self.tape.program.impure.add(node)
            if name != "shuffle":
                return Traced(self.tape, node)
            args[0].write(Traced(self.tape, node))
            return None

        return draw
