"""What is computed of lazy arrays, in one pass over them."""

from __future__ import annotations

from typing import Any

from autodiff import is_lazy


def in_memory(*values: Any) -> tuple[Any, ...]:
    """Return values as they are, but the lazy ones among them computed, all in one pass.

    Examples
    --------
    >>> in_memory(1.0, 2.0)
    (1.0, 2.0)
    """
    if not any(map(is_lazy, values)):
        return values
    from dask.base import compute

    computed: tuple[Any, ...] = compute(*values)  # type: ignore[no-untyped-call]
    return computed
