"""What a function captures: its code and all that it holds, with the arrays apart.

A function that is made anew, as a lambda in a loop over data sets is, has the code of the one
before and other arrays in its closure. So a function is a structure whose leaves are the arrays
that it captures, and the numbers that are no whole ones, by itself or through other functions,
partials and short tuples: functions that differ in nothing else share their plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dis import get_instructions
from functools import lru_cache, partial
from itertools import repeat
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff._core.types import Function

ARRAY = object()  # in the place of an array
EMPTY = object()  # of a variable without a value
LONG = 64  # entries, from which on a tuple is taken as a whole
_KNOWN_ELSEWHERE = (type, ModuleType, BuiltinFunctionType, np.ufunc, type(np.sum))
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
    holds_objects : bool
        Whether it captures what may take memory and be known nowhere else.
    """

    key: tuple[Any, ...]
    arrays: tuple[Any, ...]
    variables: list[tuple[CellType, Any]]
    holds_objects: bool = False


def captured_by(f: Function) -> Captured | None:
    """Return what a function captures.

    None if that is a Tensor, if it has attributes or writes to variables that others may share, or
    is made of too many functions one in another.
    """
    search = _Search()
    try:
        search.take(f)
    except (_RefusedError, RecursionError):
        return None
    key, arrays = tuple(search.key), tuple(search.arrays)
    return Captured(key, arrays, search.variables, search.holds_objects)


def with_captured(f: Function, arrays: Iterable[Any]) -> Any:
    """Return a function of the same code that captures other arrays, in their order."""
    return _with_arrays(f, iter(arrays), {})


def without_arrays(f: Function) -> Any:
    """Return a function of the same code with none of the arrays, to make others from."""
    return with_captured(f, repeat(ARRAY))


def contents_of(cell: CellType) -> Any:
    """Return what a variable holds; `EMPTY` if it has no value."""
    try:
        return cell.cell_contents
    except ValueError:
        return EMPTY


class _RefusedError(Exception):
    """A function captures or does what a plan could not stand for."""


class _Search:
    """Goes through what a function captures."""

    def __init__(self) -> None:
        self.key: list[Any] = []
        self.arrays: list[Any] = []
        self.variables: list[tuple[CellType, Any]] = []
        self.holds_objects = False
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
        elif issubclass(kind, Tensor):
            raise _RefusedError
        else:  # the object itself, which the template of the plans keeps alive
            key.append(id(x))
            self.holds_objects |= not isinstance(x, _KNOWN_ELSEWHERE)

    def _take_all(self, kind: Any, parts: Sequence[Any]) -> None:
        self.key += (kind, len(parts))
        for part in parts:
            self.take(part)

    def _take_function(self, f: FunctionType) -> None:
        if id(f) in self._numbers:
            self.key += ("again", self._numbers[id(f)])
            return
        self._numbers[id(f)] = len(self._numbers)
        if written_outside(f.__code__) or f.__dict__.keys() - {"__wrapped__"}:
            raise _RefusedError
        self.key += (id(f.__code__), id(f.__globals__))
        if f.__defaults__:
            self._take_all("defaults", f.__defaults__)
        if f.__kwdefaults__:
            self._take_all("by name", tuple(f.__kwdefaults__.items()))
        for cell in f.__closure__ or ():
            contents = contents_of(cell)
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
        f, owner = (_with_arrays(y, arrays, made) for y in (x.__func__, x.__self__))
        return MethodType(f, owner)
    return x


def _function_with(f: FunctionType, arrays: Iterator[Any], made: dict[int, Any]) -> Any:
    cells = tuple(CellType() for _ in f.__closure__ or ())
    new = made[id(f)] = FunctionType(f.__code__, f.__globals__, f.__name__, None, cells)
    new.__defaults__ = tuple([_with_arrays(y, arrays, made) for y in f.__defaults__ or ()]) or None
    if f.__kwdefaults__:
        new.__kwdefaults__ = {k: _with_arrays(y, arrays, made) for k, y in f.__kwdefaults__.items()}
    new.__module__, new.__qualname__ = f.__module__, f.__qualname__
    for cell, old in zip(cells, f.__closure__ or (), strict=True):
        if contents_of(old) is not EMPTY:
            cell.cell_contents = _with_arrays(old.cell_contents, arrays, made)
    return new


@lru_cache(maxsize=1024)
def written_outside(code: CodeType) -> frozenset[str]:
    """Return the variables of enclosing functions that code, or a function in it, writes to.

    And the globals.
    """
    names, others = set(), set()
    for instruction in get_instructions(code):
        if instruction.opname in ("STORE_DEREF", "DELETE_DEREF"):
            names.add(instruction.argval)
        elif instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            others.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = written_outside(constant)
            names |= inner
            others |= inner.difference(constant.co_freevars)
    return frozenset(names.intersection(code.co_freevars) | others)
