"""tree_sum: a sum whose rounding does not depend on the order in which its parts arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def tree_sum(parts: Sequence[Any]) -> Any:
    """Return the sum of arrays, numbers, or equal structures of them, in pairs, and pairs of pairs.

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
    while len(parts) > 1:
        pairs = [_sum(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]


def _sum(a: Any, b: Any) -> Any:
    if isinstance(a, dict):
        return {key: _sum(value, b[key]) for key, value in a.items()}
    if isinstance(a, list | tuple):
        return type(a)([_sum(x, y) for x, y in zip(a, b, strict=True)])
    return a + b
