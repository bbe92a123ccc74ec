"""tree_sum: a sum whose rounding does not depend on the order in which its parts arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import add
from typing import Any

import numpy as np

STRUCTURES = (dict, list, tuple)


def tree_sum(parts: Sequence[Any]) -> Any:
    """Return the sum of arrays, numbers, or equal structures of them, in pairs, and pairs of pairs.

    Structures are dicts, lists and tuples, named ones too. The sum shares no array with its parts.

    Raises
    ------
    ValueError
        When there are no parts, or they differ in their structures, or in the shapes of arrays.

    Examples
    --------
    >>> tree_sum([1.0, 2.0, 3.0])
    6.0
    >>> tree_sum([(1, [2.0]), (3, [4.0])])
    (4, [6.0])
    """
    parts = list(parts)
    if not parts:
        raise ValueError("expected parts to sum, got none")
    if len(parts) == 1:
        return _entrywise(_copy, parts[0])
    while len(parts) > 1:
        pairs = [_entrywise(add, a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]


def _entrywise(f: Callable[..., Any], *structures: Any) -> Any:
    """Return a structure of what a function makes of equal entries of structures."""
    first = structures[0]
    for other in structures[1:]:
        if difference := _difference(first, other):
            raise ValueError(f"expected parts that are alike, got {difference}")
    if isinstance(first, dict):
        return {key: _entrywise(f, *(x[key] for x in structures)) for key in first}
    if isinstance(first, list | tuple):
        entries = [_entrywise(f, *several) for several in zip(*structures, strict=True)]
        return type(first)(*entries) if hasattr(first, "_fields") else type(first)(entries)
    return f(*structures)


def _difference(a: Any, b: Any) -> str:
    """Return in what two parts differ, if they cannot be added entry by entry."""
    if type(a) is not type(b) and any(isinstance(x, STRUCTURES) for x in (a, b)):
        return f"a {type(a).__name__} and a {type(b).__name__}"
    if isinstance(a, dict):
        return "" if a.keys() == b.keys() else f"keys {[*a]} and {[*b]}"
    if isinstance(a, list | tuple):
        return "" if len(a) == len(b) else f"lengths {len(a)} and {len(b)}"
    return "" if np.shape(a) == np.shape(b) else f"shapes {np.shape(a)} and {np.shape(b)}"


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x
