"""What a large graph asks of the C library's memory.

The gradient of n ops whose values take s bytes each needs about n · s at its peak: the graph holds
the values, and a walk lets cotangents go as it passes.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 8192  # entries of an array, from which memory is worth keeping
LONG = 300  # ops of a graph
KEPT_BYTES = 1 << 30
M_TRIM_THRESHOLD = -1  # glibc's number of the option


@cache
def keep_freed_memory() -> None:
    """Make the C library keep memory that is freed, once, where it would give it back.

    Fetching it anew page by page made a Jacobian of 3 ms take 18, and the gradient of a hundred
    Runge-Kutta steps on 10 000 entries 170 ms instead of 85. glibc keeps single arrays below 32 MiB
    once a block of that size was freed, and at the top of its heap as much as it is told to.
    """
    np.empty(31 << 20, np.uint8)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def sum_of_rows(x: NDArray[Any]) -> Any:
    """Return a matrix summed over its first axis: by BLAS, in a quarter of the time."""
    return _ones(len(x), x.dtype).dot(x)


def telling_sum(x: NDArray[Any]) -> Any:
    """Return a number that is infinite or NaN if an entry is, in one pass."""
    if x.size <= LARGE:
        flat = x.ravel()
        return flat.dot(flat)
    keep_freed_memory()
    return np.add.reduce(x, axis=None)  # as fast as dot, which BLAS would share out


@lru_cache(maxsize=64)
def _ones(length: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.ones(length, dtype)
