"""A value that a worker unpickles once, however many tasks bring it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any

from optim.work._pickles import dumps, loads, with_needs

MOST_KEPT = 16  # values that a worker remembers

_lock = Lock()


class Kept:
    """A value that is the same object in all tasks of a worker.

    A function that is unpickled anew for each task has code of its own each time, under which no
    plan would be found again.
    """

    def __init__(self, value: Any) -> None:
        self._value = value
        self._payload: bytes | None = None

    @property
    def value(self) -> Any:
        """The value, unpickled at the first call in a process."""
        if self._payload is not None and self._value is None:
            with _lock:
                self._value = _from_bytes(self._payload)
        return self._value

    def __reduce__(self) -> tuple[Callable[[bytes], Kept], tuple[bytes]]:
        if self._payload is None:
            self._payload = _as_bytes(self._value)
        return _from_payload, (self._payload,)


def check_that_they_travel(*values: Any) -> None:
    """Refuse what cannot be pickled, unless Dask's current scheduler is one of this process.

    A cluster would log it, and wrap it in an error of its own.
    """
    from dask import local, threaded
    from dask.base import get_scheduler

    scheduler = get_scheduler()  # type: ignore[no-untyped-call]
    if scheduler not in (None, local.get_sync, threaded.get):
        _as_bytes(values)


def _as_bytes(value: Any) -> bytes:
    """Return bytes in which Dask finds no ``__main__``.

    Where it does, it takes cloudpickle for the whole graph, which cannot send a file of HDF5.
    """
    try:
        return b64encode(dumps(value, by_value=True))
    except Exception as error:
        raise TypeError(
            f"what the chunks' tasks call cannot be pickled ({error}): pass what cannot travel, as "
            "open files and locks, by its name, and open it inside of the function"
        ) from error


@lru_cache(maxsize=MOST_KEPT)
def _from_bytes(payload: bytes) -> Any:
    try:
        return loads(b64decode(payload))
    except Exception as error:
        raise with_needs(error) from None


def _from_payload(payload: bytes) -> Kept:
    kept = Kept(None)
    kept._payload = payload
    return kept
