"""Mini-batches of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def batches(
    *arrays: ArrayLike, size: int, seed: int | np.random.Generator | None = None
) -> Iterator[tuple[NDArray[Any], ...]]:
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
        tuple(a[order[start : start + size]] for a in columns)
        for start in range(0, len(order), size)
    )
