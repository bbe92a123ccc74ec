"""Data sets: rows of several arrays, parts of them, mini-batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows: TypeAlias = tuple[NDArray[Any], ...]  # inputs, targets, perhaps weights


def batches(
    *arrays: ArrayLike, size: int, seed: int | np.random.Generator | None = None
) -> Iterator[Rows]:
    """Return an iterator over the rows of the arrays in shuffled batches.

    Each row comes once; the last batch may be smaller.

    Parameters
    ----------
    *arrays : array_like
        Of equal length: inputs, targets and so on.
    size : int
        The number of rows in a batch.
    seed : int or numpy.random.Generator, optional
        A generator gives another order every time.

    Raises
    ------
    ValueError
        When the lengths differ or the size is below 1.

    Examples
    --------
    >>> [len(x) for (x,) in batches(np.arange(10), size=4, seed=0)]
    [4, 4, 2]
    """
    columns = [np.asarray(a) for a in arrays]
    lengths = {len(a) for a in columns}
    if len(lengths) != 1 or size < 1:
        raise ValueError(
            f"expected arrays of one length and a size of at least 1, got lengths "
            f"{[len(a) for a in columns]} and size={size}"
        )
    order = np.random.default_rng(seed).permutation(lengths.pop())
    return (
        tuple(a.take(order[start : start + size], axis=0) for a in columns)
        for start in range(0, len(order), size)
    )


def rows_of(name: str, given: Any) -> Rows:
    """Return inputs, targets and perhaps weights as arrays.

    Raises
    ------
    TypeError, ValueError
        When it is no such tuple, or they are empty, of several lengths or not finite.
    """
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise TypeError(
            f"expected {name} to be (inputs, targets) or (inputs, targets, weights), got "
            f"{type(given).__name__}"
        )
    rows = tuple(map(np.asarray, given))
    if any(a.ndim == 0 for a in rows) or len({len(a) for a in rows}) > 1 or not len(rows[0]):
        raise ValueError(
            f"expected {name} of one length, at least 1, got the shapes {[a.shape for a in rows]}"
        )
    for what, a in zip(("inputs", "targets", "weights"), rows, strict=False):
        if a.dtype.kind in "fc" and not np.isfinite(a).all():
            row = np.argwhere(~np.isfinite(a))[0][0]
            raise ValueError(f"the {what} of {name} hold NaN or infinity, the first in row {row}")
    if len(rows) == 3 and (rows[2].min() < 0 or not rows[2].any()):
        raise ValueError(f"expected weights of {name} of 0 or more, not all 0")
    counts = rows[2] > 0 if len(rows) == 3 else slice(None)
    return tuple(a[counts] for a in rows)


def split(rows: Rows, part: float, order: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the rows that are left, and a part of them that is drawn and set aside."""
    count = len(rows[0])
    aside = round(count * part)
    if not 0 < aside < count:
        raise ValueError(
            f"expected a part of the {count} rows for validation, between 0 and 1, got {part}"
        )
    numbers = order.permutation(count)
    left, drawn = (
        tuple(a.take(where, axis=0) for a in rows) for where in (numbers[aside:], numbers[:aside])
    )
    return left, drawn
