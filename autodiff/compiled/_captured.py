"""What a function captures: its code and all that it holds, with the arrays apart.

A function that is made anew, as a lambda in a loop over data sets is, has the code of the one
before and other arrays in its closure. So a function is a structure whose leaves are the arrays
that it captures, and the numbers that are no whole ones, by itself or through other functions,
partials and short tuples: functions that differ in nothing else share their plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dis import get_instructions
from functools import cache, partial
from itertools import repeat
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff._core.types import Function

ARRAY = object()  # in the place of an array
EMPTY = object()  # of a variable without a value
LONG = 64  # entries, from which on a tuple is taken as a whole
_VALUES = frozenset({int, bool, str, bytes, type(None)})
_NUMBERS = frozenset({float, np.float64})


class Captured(NamedTuple):
    """A function taken apart.

    Attributes
    ----------
    key : tuple
        All that it holds beside the arrays: equal for functions that differ in arrays only.
    arrays : tuple of ndarrays and numbers
    variables : list of pairs
        The variables of enclosing functions that it reads, with what they hold.
    """

    key: tuple[Any, ...]
    arrays: tuple[Any, ...]
    variables: list[tuple[CellType, Any]]


def captured_by(f: Function) -> Captured | None:
    """Return what a function captures; None if that is a Tensor, or if it writes there."""
    search = _Search()
    try:
        search.take(f)
    except _RefusedError:
        return None
    return Captured(tuple(search.key), tuple(search.arrays), search.variables)


def with_captured(f: Function, arrays: Iterable[Any]) -> Any:
    """Return a function of the same code that captures other arrays, in their order."""
    return _with_arrays(f, iter(arrays), {})


def without_arrays(f: Function) -> Any:
    """Return a function of the same code with none of the arrays, to make others from."""
    return with_captured(f, repeat(ARRAY))


class _RefusedError(Exception):
    """A function captures a Tensor, or writes to a variable that others may share."""


class _Search:
    """Goes through what a function captures."""

    def __init__(self) -> None:
        self.key: list[Any] = []
        self.arrays: list[Any] = []
        self.variables: list[tuple[CellType, Any]] = []
        self._numbers: dict[int, int] = {}  # of the functions that were met

    def take(self, x: Any) -> None:
        kind, key = type(x), self.key
        if kind is FunctionType:
            self._take_function(x)
        elif _is_leaf(x):
            key.append(ARRAY)
            self.arrays.append(x)
        elif kind in _VALUES:
            key += (kind, x)
        elif kind is tuple and len(x) < LONG:
            self._take_all(kind, x)
        elif kind is partial:
            self._take_all(kind, (x.func, x.args, *x.keywords.items()))
        elif kind is MethodType:
            self._take_all(kind, (x.__func__, x.__self__))
        elif kind is Tensor:
            raise _RefusedError
        else:  # the object itself, which the template of the plans keeps alive
            key.append(id(x))

    def _take_all(self, kind: type, parts: Sequence[Any]) -> None:
        self.key += (kind, len(parts))
        for part in parts:
            self.take(part)

    def _take_function(self, f: FunctionType) -> None:
        if id(f) in self._numbers:
            self.key += ("again", self._numbers[id(f)])
            return
        self._numbers[id(f)] = len(self._numbers)
        if written_outside(f.__code__):
            raise _RefusedError
        self.key += (id(f.__code__), id(f.__globals__))
        if f.__defaults__:
            self.take(f.__defaults__)
        if f.__kwdefaults__:
            self.take(tuple(f.__kwdefaults__.items()))
        for cell in f.__closure__ or ():
            try:
                contents = cell.cell_contents
            except ValueError:
                contents = EMPTY
            self.variables.append((cell, contents))
            self.take(contents)


def _is_leaf(x: Any) -> bool:
    kind = type(x)
    return kind in _NUMBERS or (kind is np.ndarray and x.dtype.kind in "fiubc")


def _with_arrays(x: Any, arrays: Iterator[Any], made: dict[int, Any]) -> Any:
    kind = type(x)
    if kind is FunctionType:
        return made[id(x)] if id(x) in made else _function_with(x, arrays, made)
    if x is ARRAY or _is_leaf(x):
        return next(arrays)
    if kind is tuple and len(x) < LONG:
        return tuple([_with_arrays(y, arrays, made) for y in x])
    if kind is partial:
        f, args = _with_arrays(x.func, arrays, made), _with_arrays(x.args, arrays, made)
        named = {name: _with_arrays(y, arrays, made) for name, y in x.keywords.items()}
        return partial(f, *args, **named)
    if kind is MethodType:
        return MethodType(_with_arrays(x.__func__, arrays, made), x.__self__)
    return x


def _function_with(f: FunctionType, arrays: Iterator[Any], made: dict[int, Any]) -> Any:
    cells = tuple(CellType() for _ in f.__closure__ or ())
    new = made[id(f)] = FunctionType(f.__code__, f.__globals__, f.__name__, None, cells)
    new.__defaults__ = _with_arrays(f.__defaults__, arrays, made) if f.__defaults__ else None
    if f.__kwdefaults__:
        new.__kwdefaults__ = {k: _with_arrays(y, arrays, made) for k, y in f.__kwdefaults__.items()}
    new.__module__, new.__qualname__ = f.__module__, f.__qualname__
    for cell, old in zip(cells, f.__closure__ or (), strict=True):
        try:
            contents = old.cell_contents
        except ValueError:
            continue
        cell.cell_contents = _with_arrays(contents, arrays, made)
    return new


@cache
def written_outside(code: CodeType) -> frozenset[str]:
    """Return the variables of enclosing functions that code, or a function in it, writes to."""
    stores = ("STORE_DEREF", "DELETE_DEREF")
    names = {i.argval for i in get_instructions(code) if i.opname in stores}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= written_outside(constant)
    return frozenset(names).intersection(code.co_freevars)
