"""What a worker does: a function of some items, each by itself, so that no result depends on it."""

from __future__ import annotations

import os
import pickle
import platform
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from autodiff import reproducible
from optim.work._pickles import dumps, loads, with_needs

NUMBERS = {int, float, complex, bool, str, type(None)}  # and text: what holds no array

# Whether this is within a task: what it would hand on might wait for the worker that it is on.
within_task: ContextVar[bool] = ContextVar("within_task", default=False)


class Batch(NamedTuple):
    """What became of some items, where, and how long that took.

    Values and failures come from a task in parcels, so that each is opened by itself.
    """

    values: list[Any]  # None where there is a failure
    failures: dict[int, Any]  # by the places of the items in the batch
    worker: tuple[str, int, int]
    seconds: float


class Parcel:
    """What is handed to a worker: to one in another process as bytes, which are made once.

    In what executors make of arrays themselves, these may lie at odd addresses, as Dask's do, where
    NumPy adds their entries up in another order, and takes longer.
    """

    def __init__(self, content: Any, by_value: bool) -> None:
        self._content, self._by_value = content, by_value
        self._bytes = b""

    def open(self) -> Any:
        """Return what is in it."""
        return self._content

    def answer(self, content: Any) -> Parcel:
        """Return a parcel for the way back, which is none."""
        return Parcel(content, self._by_value)

    def __reduce__(self) -> Any:
        self._bytes = self._bytes or dumps(self._content, self._by_value)
        return SentParcel, (self._bytes, self._by_value)


class SentParcel:
    """A parcel that has arrived."""

    def __init__(self, content: bytes, by_value: bool) -> None:
        self._bytes, self._by_value = content, by_value

    def answer(self, content: Any) -> SentParcel:
        """Return a parcel for the way back, with bytes that are made at once."""
        return SentParcel(dumps(content, self._by_value), self._by_value)

    def open(self) -> Any:
        """Return what is in it, made anew."""
        return loads(self._bytes)


def task_of(work: Parcel | SentParcel, items: Parcel | SentParcel) -> Batch:
    """Return what becomes of some items, in a worker: what they would hand on is done there.

    What would end the worker ends the task: executors wait for ever, or lose all tasks, where a
    worker ends, or sends what cannot be opened.
    """
    token = within_task.set(True)
    try:
        return _answers(work, items)
    except BaseException as error:
        if isinstance(work, Parcel) and threading.current_thread() is threading.main_thread():
            raise  # an interrupt is the user's
        lost = error if type(error) is BrokenExecutor else BrokenExecutor(*_as_text(error).args)
    finally:
        within_task.reset(token)
    raise lost  # not while the other is handled, which some executors would send along


def _answers(work: Parcel | SentParcel, items: Parcel | SentParcel) -> Batch:
    try:
        (f, common), given = work.open(), items.open()
    except Exception as error:
        raise with_needs(error) from None

    def value(*arguments: Any) -> Parcel | SentParcel:
        found = f(*arguments)
        try:
            return work.answer(found)
        except Exception as error:
            raise RuntimeError(f"its result cannot be sent back ({_as_text(error)})") from None

    def failure(error: Exception) -> Parcel | SentParcel:
        try:
            return work.answer(error)
        except Exception:
            return work.answer(_as_text(error))

    found = batch(value, common, given)
    return found._replace(failures={i: failure(error) for i, error in found.failures.items()})


def batch(f: Callable[..., Any], common: tuple[Any, ...], items: Sequence[Any]) -> Batch:
    """Return what becomes of some items, each by itself, whatever was computed here before."""
    values: list[Any] = [None] * len(items)
    failures: dict[int, Exception] = {}
    start = perf_counter()
    with reproducible(), np.errstate(all="ignore"):
        for i, item in enumerate(items):
            try:
                values[i] = f(*common, as_sent(item))
            except Exception as error:
                failures[i] = _portable(error)
    worker = platform.node(), os.getpid(), threading.get_ident()
    return Batch(values, failures, worker, perf_counter() - start)


def as_sent(data: Any) -> Any:
    """Return data as a process receives them: in an array with gaps, NumPy rounds otherwise.

    What has no such array in it is returned itself, for a function may write into it.
    """
    if isinstance(data, np.ndarray) and not (data.flags.forc and data.flags.aligned):
        return data.astype(data.dtype.newbyteorder("="), order="A")
    if type(data) is dict:
        sent = as_sent([*data.values()])
        return dict(zip(data, sent, strict=True)) if _differ(sent, data.values()) else data
    make = getattr(type(data), "_make", type(data))  # of named tuples
    if make in (list, tuple) or (isinstance(data, tuple) and make is not type(data)):
        if {*map(type, data)} <= NUMBERS:  # a long list of which takes no time
            return data
        sent = [as_sent(x) for x in data]
        return make(sent) if _differ(sent, data) else data
    return data


def _differ(a: Iterable[Any], b: Iterable[Any]) -> bool:
    return any(x is not y for x, y in zip(a, b, strict=True))


def _portable(error: Exception) -> Exception:
    """Return an exception that can be sent to another process: itself, or its text.

    It is asked itself, for libraries may teach `pickle` other ways to make exceptions again.
    """
    try:
        make, args, state = (*error.__reduce_ex__(pickle.HIGHEST_PROTOCOL), None)[:3]
        _, args, state = pickle.loads(pickle.dumps((make, args, state)))
        made = make(*args)
        if state is not None:
            made.__setstate__(state)
    except Exception:
        return _as_text(error)
    return error


def _as_text(error: BaseException) -> RuntimeError:
    try:
        is_text = type(error) is RuntimeError
        return RuntimeError(f"{error}" if is_text else f"{type(error).__name__}: {error}")
    except Exception:
        return RuntimeError(f"{type(error).__name__}, whose text cannot be read")
