"""BLAS on one thread: with another number of them it rounds its sums otherwise."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from threading import Lock
from typing import Any

# Files that are linked with a BLAS: NumPy's, and SciPy's own, which may be imported later.
_LINKED = ("numpy", "_core/_multiarray_umath"), ("scipy", "linalg/_fblas")
# What sets and tells the number of threads, as the wheels name it and as distributions do.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)

_lock = Lock()
_inside = 0  # how many threads compute on one thread of BLAS
_restore: list[Callable[[], Any]] = []


@contextmanager
def blas_on_one_thread() -> Iterator[None]:
    """Let BLAS compute on one thread, in the whole process, while any of its threads is within.

    It knows OpenBLAS, which NumPy and SciPy bring along. Others are left as they are.
    """
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            _restore.extend(_set_to_one())
    try:
        yield
    finally:
        with _lock:
            _inside = max(_inside - 1, 0)  # of a process that was forked within
            while not _inside and _restore:
                _restore.pop()()


def _set_to_one() -> Iterator[Callable[[], Any]]:
    """Set each BLAS to one thread; yield what sets it back."""
    for setting, telling in _threads():
        count = telling()
        setting(1)
        yield partial(setting, count)


@cache
def _threads() -> list[tuple[Any, Any]]:
    """Return what sets and tells the number of threads of each BLAS."""
    places = [
        Path(folder, name + suffix)
        for package, name in _LINKED
        for folder in import_module(package).__path__
        for suffix in EXTENSION_SUFFIXES
    ]
    return [found for path in places if path.exists() for found in _threads_of(path)]


def _threads_of(path: Path) -> list[tuple[Any, Any]]:
    """Return what sets and tells the number of threads of the BLAS that a file is linked with."""
    library = ctypes.CDLL(str(path))
    names = [(name.format("set"), name.format("get")) for name in _NAMES]
    found = [names_of for names_of in names if hasattr(library, names_of[0])]
    return [(getattr(library, setting), getattr(library, telling)) for setting, telling in found]


def _forget_threads() -> None:
    """Let a process that was forked begin anew, whoever was within or held the lock."""
    global _lock, _inside
    _lock, _inside = Lock(), 0
    _restore.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
