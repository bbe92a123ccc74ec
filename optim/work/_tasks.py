"""What a worker does: a function of some items, each by itself, so that no result depends on it."""

from __future__ import annotations

import os
import pickle
import platform
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

from autodiff import reproducible

# Whether this is within a task: what it would hand on might wait for the worker that it is on.
within_task: ContextVar[bool] = ContextVar("within_task", default=False)


class Batch(NamedTuple):
    """What became of some items, where, and how long that took."""

    values: list[Any]  # None where there is a failure
    failures: dict[int, Exception]  # by the places of the items in the batch
    worker: tuple[str, int, int]
    seconds: float


class Parcel:
    """What is handed to a worker: to one in another process as bytes, which are made once.

    In what executors make of arrays themselves, these may lie at odd addresses, as Dask's do, where
    NumPy adds their entries up in another order, and takes longer.
    """

    def __init__(self, content: Any, dumps: Callable[..., bytes]) -> None:
        self._content, self._dumps = content, dumps
        self._bytes = b""

    def open(self) -> Any:
        """Return what is in it."""
        return self._content

    def __reduce__(self) -> Any:
        self._bytes = self._bytes or self._dumps(self._content, protocol=pickle.HIGHEST_PROTOCOL)
        return SentParcel, (self._bytes,)


class SentParcel:
    """A parcel that has arrived."""

    def __init__(self, content: bytes) -> None:
        self._bytes = content

    def open(self) -> Any:
        """Return what is in it, made anew."""
        return pickle.loads(self._bytes)


def task_of(work: Parcel | SentParcel, items: Parcel | SentParcel) -> Batch:
    """Return what becomes of some items, in a worker: what they would hand on is done there."""
    token = within_task.set(True)
    try:
        f, common = work.open()
        return batch(f, common, items.open())
    finally:
        within_task.reset(token)


def batch(f: Callable[..., Any], common: tuple[Any, ...], items: Sequence[Any]) -> Batch:
    """Return what becomes of some items, each by itself, whatever was computed here before."""
    values: list[Any] = [None] * len(items)
    failures: dict[int, Exception] = {}
    start = perf_counter()
    with reproducible():
        for i, item in enumerate(items):
            try:
                values[i] = f(*common, item)
            except Exception as error:
                failures[i] = _portable(error)
    worker = platform.node(), os.getpid(), threading.get_ident()
    return Batch(values, failures, worker, perf_counter() - start)


def _portable(error: Exception) -> Exception:
    """Return an exception that can be sent to another process: itself, or its text.

    It is asked itself, for libraries may teach `pickle` other ways to make exceptions again.
    """
    try:
        reduced: Any = error.__reduce__()
        make, args, *_ = reduced
        make(*pickle.loads(pickle.dumps((make, args)))[1])
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
