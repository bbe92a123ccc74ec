"""Data sets: rows of several arrays, parts of them, mini-batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import is_on_device, of_kind, to_numpy
from optim import random_generator

Rows: TypeAlias = tuple[NDArray[Any], ...]  # inputs, targets, perhaps weights


def batches(
    *arrays: ArrayLike, size: int, seed: int | np.random.Generator | None = None
) -> Iterator[Rows]:
    """Return an iterator over the rows of arrays of one length, in shuffled batches.

    Each row comes once. A generator as seed gives another order every time.

    >>> [len(x) for (x,) in batches(np.arange(10), size=4, seed=0)]
    [4, 4, 2]
    """
    if size < 1:
        raise ValueError(f"expected a size of 1 or more, got {size}")
    rows = _of_one_length("arrays", arrays)
    order = random_generator(seed).permutation(len(rows[0]))
    return (_take(rows, order[start : start + size]) for start in range(0, len(order), size))


def rows_of(name: str, given: Any) -> Rows:
    """Return inputs, targets and perhaps weights as arrays, after a look at what is in them."""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        parts = "(inputs, targets) or (inputs, targets, weights)"
        raise TypeError(f"expected {name} to be {parts}, got {type(given).__name__}")
    rows = _of_one_length(name, given)
    for what, a in zip(("inputs", "targets", "weights"), rows, strict=False):
        if a.dtype.kind in "fc" and not np.isfinite(a).all():
            row = np.argwhere(~np.isfinite(a))[0, 0]
            raise ValueError(f"the {what} of {name} hold NaN or infinity, the first in row {row}")
    if len(rows) == 3 and (rows[2].ndim != 1 or rows[2].min() < 0 or not rows[2].any()):
        found = f"shape {rows[2].shape} and least entry {rows[2].min()}"
        raise ValueError(f"expected weights of {name} of shape (n,), 0 or more, not all 0: {found}")
    counts = rows[2] > 0 if len(rows) == 3 else slice(None)
    return tuple(a[counts] for a in rows)


def split(rows: Rows, part: float, order: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the rows that are left, and a part of them that is drawn and set aside."""
    count = len(rows[0])
    aside = round(count * part)
    if not 0 < aside < count:
        raise ValueError(f"expected a part of {count} rows, between 0 and 1, got {part}")
    numbers = order.permutation(count)
    return _take(rows, numbers[aside:]), _take(rows, numbers[:aside])


def _of_one_length(name: str, arrays: Any) -> Rows:
    rows = tuple([a if is_on_device(a) else to_numpy(a) for a in arrays])
    lengths = {a.shape[:1] for a in rows}
    if len(lengths) != 1 or lengths <= {(), (0,)}:
        shapes = [a.shape for a in rows]
        raise ValueError(f"expected {name} of one length, at least 1, got the shapes {shapes}")
    return rows


def _take(rows: Rows, numbers: NDArray[np.intp]) -> Rows:
    return tuple(a.take(of_kind(numbers, a), axis=0) for a in rows)
