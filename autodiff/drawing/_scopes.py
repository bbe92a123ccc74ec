"""Scopes: names for parts of a program, which pictures show as boxes around what they recorded."""

from __future__ import annotations

import inspect
import opcode
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from types import FrameType
from typing import Any

from autodiff.drawing._view import Home, with_number


class scope:  # noqa: N801
    """Name what is recorded inside: one box in the picture that `draw` makes of a function.

    Scopes nest; modules open theirs when they are called. In a large picture each may be closed to
    one node; ``draw(..., collapse="encoder")`` closes the one of that name. While nothing is drawn
    a scope takes less than two tenths of a microsecond. One may be made once and entered often.
    Coroutines that run by turns are each in their own scopes, and a generator's is around nothing
    that is computed between two of its steps. A thread without a copy of the context has none.

    Parameters
    ----------
    name : str or object
        Of an object with ``named_parameters``, as a module has, the name is the path that leads to
        its parameters from the outermost module, as "layers.0"; of the outermost, and of one
        without parameters, it is its class's name in lower case: "mlp". Another object with
        parameters that would be called so is numbered: "mlp₂".

    Raises
    ------
    TypeError
        While a picture is made, when the name is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import draw
    >>> def loss(x, y):
    ...     with scope("distance"):
    ...         return np.sum((x - y) ** 2)
    >>> "distance" in draw(loss, [1.0, 2.0], [3.0, 4.0]).source
    True
    """

    __slots__ = ("name",)  # a generator in the place of this class would take five times as long

    def __init__(self, name: Any) -> None:
        self.name = name

    def __enter__(self) -> None:
        opened = scopes_in_drawing()
        if opened is not None:
            opened.enter(self, sys._getframe(1))

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        opened = scopes_in_drawing()
        if opened is not None:
            opened.leave(self, sys._getframe(1), error)


@dataclass(eq=False)
class ScopeEntry:
    """One time that a scope was entered, and the generator that did, if one."""

    scope: scope
    name: str
    number: int
    generator: FrameType | None
    left: bool = False  # which a generator may do in another context

    @property
    def is_open(self) -> bool:
        """Whether what is computed belongs to it."""
        return not self.left and (self.generator is None or not _stands_at_yield(self.generator))


@dataclass(frozen=True)
class OpenScopes:
    """The scopes that are open in one context while a function is recorded to be drawn.

    What the contexts of one drawing share is the numbering, which scopes were open where an error
    was raised, what generators entered, and which objects have each name.
    """

    entries: tuple[ScopeEntry, ...] = ()
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    at_errors: dict[int, tuple[BaseException, Home]] = field(default_factory=dict)
    of_generators: dict[ScopeEntry, None] = field(default_factory=dict)
    owners: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        """The names, outermost first, each with the number of this entry."""
        return tuple((entry.name, entry.number) for entry in self.entries if entry.is_open)

    def enter(self, entered: scope, frame: FrameType) -> None:
        """Put what is recorded in this context from here on into a scope."""
        name = self._told_apart(entered.name)
        entry = ScopeEntry(entered, name, next(self.numbers), _generator_at(frame))
        if entry.generator is not None:
            self.of_generators[entry] = None
        self._open((*self.entries, entry))

    def _told_apart(self, owner: Any) -> str:
        """Return the name of a scope, with a number where other parameters are in one called so."""
        name = scope_name(owner)
        if isinstance(owner, str) or not owner.named_parameters():
            return name
        owners = self.owners.setdefault(name, [])
        i = next((i for i, known in enumerate(owners) if known is owner), len(owners))
        if i == len(owners):
            owners.append(owner)
        return with_number(name, i + 1) if i else name

    def leave(self, left: scope, frame: FrameType, error: BaseException | None) -> None:
        """Leave a scope, perhaps because of an error.

        It need not be the innermost, nor have been entered in this context: a generator leaves its
        own when it ends. One that was entered before there was a drawing is not known.
        """
        if isinstance(error, Exception):
            self.at_errors.setdefault(id(error), (error, self.home))
        generator = _generator_at(frame)
        same = [entry for entry in self.entries if entry.scope is left]
        known = [entry for entry in (*self.of_generators, *same) if entry.scope is left]
        own = [entry for entry in known if entry.generator is generator] or same
        if own:
            own[-1].left = own[-1].generator is not None
            self.of_generators.pop(own[-1], None)
            self._open(tuple(entry for entry in self.entries if entry is not own[-1]))

    def _open(self, entries: tuple[ScopeEntry, ...]) -> None:
        shared = self.numbers, self.at_errors, self.of_generators, self.owners
        drawing_scopes.set(OpenScopes(entries, *shared))

    def at(self, error: BaseException) -> Home:
        """Return those that were open where an error was raised."""
        _, home = self.at_errors.get(id(error), (error, ()))
        return home


drawing_scopes: ContextVar[OpenScopes | None] = ContextVar("drawing_scopes", default=None)
scopes_in_drawing = drawing_scopes.get


def current_home() -> Home:
    """Return the scopes that are open here."""
    opened = scopes_in_drawing()
    return () if opened is None else opened.home


# -- generators ----------------------------------------------------------------------------------

_CONTEXTLIB = contextmanager.__code__.co_filename
_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def _generator_at(frame: FrameType | None) -> FrameType | None:
    """Return the frame that has a scope in its ``with`` statement, if it is a generator's.

    A generator that contextlib makes a context manager of stands for the frame that enters it.
    """
    while frame is not None and (_is_of_contextlib(frame) or _is_of_contextlib(frame.f_back)):
        frame = frame.f_back
    return frame if frame is not None and frame.f_code.co_flags & _GENERATOR else None


def _is_of_contextlib(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_code.co_filename == _CONTEXTLIB


def _stands_at_yield(frame: FrameType) -> bool:
    """Whether a generator has handed over to what iterates over it, and does not merely wait."""
    code, i = frame.f_code.co_code, frame.f_lasti
    if opcode.opname[code[i]] == "YIELD_VALUE":
        i += 2
    after_yield = code[i + 1] & 3 in (1, 2)  # 0 at the start, 3 after an await
    return opcode.opname[code[i]] == "RESUME" and after_yield


# -- names ---------------------------------------------------------------------------------------


def scope_name(owner: Any) -> str:
    """Return the name itself, or the path from the outermost module to one inside it."""
    if isinstance(owner, str) and owner:
        return owner
    if not hasattr(owner, "named_parameters"):
        raise TypeError(f"a scope has a name, as in scope('encoder'), but got {owner!r:.60}")
    for path, parameter in owner.named_parameters():
        return (parameter.name or "").removesuffix(path).rstrip(".") or _class_name(owner)
    return _class_name(owner)


def _class_name(owner: Any) -> str:
    return type(owner).__name__.lower()
