"""Choices that depend on the machine: which of two calls that mean the same, and from what size on.

Each stands beside its measurement, on two cores of x86-64 with OpenBLAS and glibc. Walks, rules and
layers say what they compute, and call what stands here.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.types import Shape, Value

# -- products --------------------------------------------------------------------------------

# Entries of the first factor. Up to here dot takes less time to call (1.4 µs, @ 2.0); of larger
# ones it takes more, for it fills the result with zeros first.
SMALL_PRODUCT = 65536


def product(x: Value, y: Value) -> Value:
    """Return the matrix product."""
    if type(x) is np.ndarray and type(y) is np.ndarray and x.ndim <= 2 and y.ndim == 2:
        return x.dot(y) if x.size < SMALL_PRODUCT else np.matmul(x, y)
    return np.matmul(x, y)


# From how many entries of a matrix on Xᵀ diag(w) X is computed from √w · X, by half of the sums
# that the product of X · w with X takes: 6 ms for (20 000, 100) where that takes 10, 49 µs for
# (2000, 20) instead of 55, but 8.4 for (500, 10) instead of 7.8.
RANK_UPDATE = 32768

# From how many entries of a constant matrix on a plan looks for products of it with itself: looking
# among the matrices of a Kalman filter of 80 steps took 5 s, and there was nothing to gain.
LARGE_MATRIX = 64

# Entries of the blocks of rows in which that is done: a quarter of them takes 0.1 ms more, and
# on two threads, which meet after each block, three times that.
RANK_UPDATE_BLOCK = 1 << 19

# -- sums ------------------------------------------------------------------------------------


def sum_of_rows(x: NDArray[Any]) -> Any:
    """Return a matrix summed over its first axis: by BLAS, in a quarter of the time."""
    return _ones(len(x), x.dtype).dot(x)


def row_sums(x: NDArray[Any]) -> Any:
    """Return a matrix summed over its last axis: by BLAS, 2 µs for (512, 10) instead of 9."""
    return x.dot(_ones(x.shape[-1], x.dtype)) if type(x) is np.ndarray else np.sum(x, axis=-1)


@lru_cache(maxsize=64)
def _ones(length: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.ones(length, dtype)


def telling_sum(x: NDArray[Any]) -> Any:
    """Return a number that is infinite or NaN if an entry is, in one pass."""
    if x.size <= LARGE:
        flat = x.ravel()
        return flat.dot(flat)
    keep_freed_memory()
    return np.add.reduce(x, axis=None)  # as fast as dot, which BLAS would share out


def numbering_pays(entries: int, added: int) -> bool:
    """Whether to add in places of several axes by their numbers along one, as np.add.at prefers.

    It is so much faster there that numbering all entries pays, unless few are added.
    """
    return 200 < entries < 4 * added


# -- blocks and threads ------------------------------------------------------------------------

# Entries of the blocks in which long arrays are computed. The gradient of Rosenbrock's function of
# 3 million numbers takes .77 of the time by hand call by call, .57 in blocks of 8192, .54 of 16384,
# .55 of 32768, and of shorter ones threads would wait for each other.
BLOCK = 16384
# Of the last cache, where the system does not tell. Blocks pay where all the arrays that are
# computed, and what they are computed of, take more: the product with Rosenbrock's Hessian (18
# arrays) took .82 in blocks of 8192 and .81 without at 100 000 entries, .59 and .76 at a million.
CACHE_BYTES = 1 << 25
MOST_THREADS = 4  # that compute blocks, unless the caller wants more: these use all of the memory


@cache
def cache_bytes() -> int:
    """Return the bytes of the processor's last cache."""
    sizes = [path.read_text() for path in Path(_CACHES).glob("index*/size")]
    units = {"K": 1 << 10, "M": 1 << 20}
    found = [int(s[:-1]) * units[s[-1]] for s in map(str.strip, sizes) if s[-1:] in units]
    return max(found, default=CACHE_BYTES)


_CACHES = "/sys/devices/system/cpu/cpu0/cache"


def usable_threads() -> int:
    """Return how many threads may compute blocks if the caller does not say."""
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    if hasattr(os, "sched_getaffinity"):
        count = min(count, len(os.sched_getaffinity(0)))
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if said.isdigit() and int(said):
        count = min(count, int(said))
    return min(count, MOST_THREADS)


# -- memory ----------------------------------------------------------------------------------

LARGE = 8192  # entries of an array, from which memory is worth keeping
LONG = 300  # ops of a graph
KEPT_BYTES = 1 << 30
KEPT_ARRAY = 32 << 20  # bytes, the most that glibc allows
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's numbers of the options

# From this many bytes on, ops that use the same array share a copy: a simulation that multiplies by
# one matrix a thousand times keeps it once. Below, copying (0.4 µs for 10 entries, 2 µs for 4096)
# takes less time than looking for an earlier copy.
SHARED_BYTES = 1 << 15

# How large the largest array of a Jacobian's walk with a batch of seeds becomes, if the caller does
# not say.
BATCH_BYTES = 64e6

# How many numbers a batch of seeds may make of the largest array, where only a diagonal is kept: a
# megabyte of float64, which stays in the processor's cache. A quarter of it costs up to half as
# much time again, more nothing.
BATCH_ENTRIES = 1 << 17


@cache
def keep_freed_memory() -> None:
    """Make the C library keep memory that is freed, once, where it would give it back.

    The gradient of n ops whose values take s bytes each needs about n · s at its peak: the graph
    holds the values, and a walk lets cotangents go as it passes. Fetching that anew page by page
    made a Jacobian of 3 ms take 18, and the gradient of a hundred Runge-Kutta steps on 10 000
    entries 170 ms instead of 85. glibc keeps single arrays of the size that it is told, and at the
    top of its heap as much. That it grows both by itself, as it does by default, Dask forbids its
    workers, and what they start: a fit of 30 000 points took 14 ms there instead of 4.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, KEPT_ARRAY)
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def zeros(shape: Shape, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros in memory that was in use just now; np.zeros would ask for new pages."""
    array = np.empty(shape, dtype)
    array.fill(0)
    return array
