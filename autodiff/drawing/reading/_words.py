"""The words for a call: a line of code, in which its operands stand to be named later.

A line is a list. What is text in it is shown as it is; all else is an operand, which has a name in
the picture, or a value that is spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.constant_arrays import read_only
from autodiff._core.machine import SHARED_BYTES
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.drawing.formulas._literals import as_written

Words: TypeAlias = list[Any]

MOST_ENTRIES = 6
LONGEST_LINE = 60


# -- operands ----------------------------------------------------------------------------------


def is_operand(x: Any) -> bool:
    """Whether something has a node of its own; numbers, axes and keys stand in the line."""
    if type(x) is Tensor:
        return True
    return not isinstance(x, type) and hasattr(x, "dtype") and getattr(x, "ndim", 0) > 0


class Snapshot(np.ndarray[Any, Any]):
    """A small array as it was when a call was given it, and the array ``of`` which it is a copy."""

    of: Any = None


def snapshot_of(x: Any) -> Any:
    """Return something as a graph keeps it; a small array knows where it comes from."""
    copy = read_only(x)
    if type(copy) is not np.ndarray or not copy.ndim or not _is_small(copy):
        return copy
    known = copy.view(Snapshot)
    known.of = x
    return known


def identity(x: Any) -> Any:
    """Return what tells nodes apart: of small arrays their entries, for a graph keeps copies.

    Of what is known to be a copy of an array it is that array, too.
    """
    if isinstance(x, np.ndarray) and _is_small(x):
        entries = x.shape, x.dtype.str, x.tobytes()
        return (id(x.of), *entries) if type(x) is Snapshot else entries
    return x if type(x) is Tensor else (id(x),)


def _is_small(x: np.ndarray[Any, Any]) -> bool:
    return x.nbytes < SHARED_BYTES and not x.dtype.hasobject


def without_origin(x: Any) -> Any:
    """Return an array that is told apart by its entries alone."""
    return x.view(np.ndarray) if type(x) is Snapshot else x


def operands(words: Words) -> list[Any]:
    """Return the operands in a line, in their order; one that occurs twice is used twice."""
    return [part for part in words if is_operand(part)]


def spelling(words: Words, names: Mapping[Any, str]) -> str:
    """Return a line with the operands' names in it, cut short where it is long."""
    line = "".join(map(partial(_spelt, names), words))
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def _spelt(names: Mapping[Any, str], part: Any) -> str:
    if isinstance(part, str):
        return part
    return names[identity(part)] if is_operand(part) else literal(part)


# -- lines of a few forms ----------------------------------------------------------------------


def call_of(function: str, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Words:
    """Return a call by its arguments."""
    parts = [_argument(x) for x in args]
    parts += [[f"{name}=", *_argument(x)] for name, x in (kwargs or {}).items()]
    return [f"{function}(", *_join(parts), ")"]


def infix(symbol: str, x: Any, y: Any) -> Words:
    """Return two operands with a symbol between them."""
    base = _argument(x)
    if symbol == "**" and not is_operand(x) and literal(x).startswith("-"):
        base = ["(", *base, ")"]
    return [*base, f" {symbol} ", *_argument(y)]


def brackets_around(key: Any) -> str:
    """Return a key in its brackets."""
    parts = key if isinstance(key, tuple) and key else (key,)
    return f"[{', '.join(map(_index, parts))}]"


def _index(key: Any) -> str:
    """Return a part of a key: of many entries what they are, and how many."""
    array = value_of(key)
    if isinstance(array, np.ndarray) and array.size > MOST_ENTRIES:
        return f"{'mask' if array.dtype.kind == 'b' else 'indices'} {array.shape}"
    return literal(key)


def _argument(x: Any) -> Words:
    """Return an argument as parts of a line; of a list with operands in it, its entries."""
    if isinstance(x, str):
        return [f'"{x}"' if '"' not in x and x.isprintable() else repr(x)]
    if isinstance(x, list | tuple) and any(map(_holds_operand, x)):
        opening, closing = "[]" if isinstance(x, list) else "()"
        comma = [","] * (len(x) == 1 and isinstance(x, tuple))
        return [opening, *_join([_argument(entry) for entry in x]), *comma, closing]
    return [snapshot_of(x) if isinstance(x, np.ndarray) else x]


def _holds_operand(x: Any) -> bool:
    return is_operand(x) or (isinstance(x, list | tuple) and any(map(_holds_operand, x)))


def _join(parts: Sequence[Words]) -> Words:
    return [piece for i, part in enumerate(parts) for piece in ([", "] * (i > 0) + part)]


def literal(x: Any) -> str:
    """Return numbers and static arguments as a program spells them."""
    x = value_of(x)
    if isinstance(x, np.ndarray) and x.ndim:
        return literal(x.tolist()) if x.size <= MOST_ENTRIES else f"{x.dtype}{x.shape}"
    if isinstance(x, list):
        return f"[{', '.join(map(literal, x))}]"
    if isinstance(x, tuple):
        return f"({', '.join(map(literal, x))}{',' * (len(x) == 1)})"
    if isinstance(x, slice):
        parts = [x.start, x.stop, x.step][: 2 + (x.step is not None)]
        return ":".join("" if part is None else literal(part) for part in parts)
    if isinstance(x, np.ndarray):
        return literal(x[()])
    if isinstance(x, float | complex | np.inexact):
        return as_written(x)
    if x is Ellipsis:
        return "..."
    name = getattr(x, "__name__", None)
    return name if isinstance(name, str) else re.sub(r" at 0x[0-9a-f]+", "", str(x))
