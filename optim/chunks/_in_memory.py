"""What is computed of lazy arrays, in one pass over them."""

from __future__ import annotations

from typing import Any

from autodiff import is_lazy


def in_memory(*values: Any) -> tuple[Any, ...]:
    """Return values as they are, but the lazy arrays in them computed, all in one pass.

    Raises
    ------
    RuntimeError
        When data were kept by a Client that has let go of them, or a chunk ends its workers.

    Examples
    --------
    >>> in_memory(1.0, [2.0])
    (1.0, [2.0])
    """
    lazy = [x for value in values for x in _lazy_parts(value)]
    if not lazy:
        return values
    from dask.base import compute

    try:
        computed: tuple[Any, ...] = compute(*values)  # type: ignore[no-untyped-call]
    except Exception as error:
        if any(map(_has_lost_data, lazy)):
            raise RuntimeError(
                "what a Dask array was to keep is gone: it was persisted by a Client that has been "
                "closed, or its futures were cancelled. Make the array anew, and keep the Client "
                "open while it is computed with"
            ) from error
        if type(error).__name__ == "KilledWorker":
            raise RuntimeError(
                f"a worker died of a chunk, and so did those that tried again ({error}): memory "
                "has run out, or what is called has ended it. Make chunks smaller by rechunk, or "
                "give each worker more memory"
            ) from error
        raise
    return computed


def _lazy_parts(value: Any) -> list[Any]:
    """Return the lazy arrays in a value, which may be a list, tuple or dict of them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [x for part in value for x in _lazy_parts(part)]
    return [value] if is_lazy(value) else []


def _has_lost_data(x: Any) -> bool:
    """Whether a future in the graph of an array has been cancelled, as closing a Client does."""
    tasks = dict(x.__dask_graph__()).values()
    return any(getattr(task, "status", None) == "cancelled" for task in tasks)
