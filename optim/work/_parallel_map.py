"""parallel_map: a function of many items, here or by an executor, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol


class Executor(Protocol):
    """What takes work: `submit` returns a future, of which ``result()`` is asked."""

    def submit(self, f: Callable[..., Any], /, *args: Any) -> Any:
        """Return a future of ``f(*args)``."""


class Outcomes(NamedTuple):
    """What became of the items: the values in their order, None where there is a failure.

    The failures are exceptions by the number of their item.
    """

    values: list[Any]
    failures: dict[int, Exception]


def parallel_map(
    f: Callable[..., Any],
    items: Iterable[Any],
    *,
    common: tuple[Any, ...] = (),
    executor: Executor | None = None,
    batch_size: int | None = None,
) -> Outcomes:
    """Return ``f(*common, item)`` for each item, computed here or by an executor.

    Parameters
    ----------
    f : callable
        Takes what is common, and an item.
    items : iterable
    common : tuple
        What every call takes. It travels once with each batch.
    executor : concurrent.futures.Executor or alike, optional
        Takes the work. By default it is done here, one item after the other.
    batch_size : int, optional
        How many items a task holds. By default so many that it lasts 50 ms or more.

    Examples
    --------
    >>> parallel_map(pow, [2, 3], common=(10,)).values
    [100, 1000]
    """
    items = list(items)
    if executor is None:
        return _in_order([_batch(f, common, items)])
    size = batch_size or 1
    futures = [
        executor.submit(_batch, f, common, items[i : i + size]) for i in range(0, len(items), size)
    ]
    return _in_order([future.result() for future in futures])


def _batch(f: Callable[..., Any], common: tuple[Any, ...], items: list[Any]) -> Outcomes:
    """Return what becomes of some items, each by itself."""
    values: list[Any] = [None] * len(items)
    failures: dict[int, Exception] = {}
    for i, item in enumerate(items):
        try:
            values[i] = f(*common, item)
        except Exception as error:
            failures[i] = error
    return Outcomes(values, failures)


def _in_order(parts: list[Outcomes]) -> Outcomes:
    values: list[Any] = []
    failures: dict[int, Exception] = {}
    for part in parts:
        failures |= {len(values) + i: error for i, error in part.failures.items()}
        values += part.values
    return Outcomes(values, failures)
