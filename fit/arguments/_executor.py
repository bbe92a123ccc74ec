"""Work of a fit that an executor shares out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor
from typing import Any

from autodiff import is_lazy
from optim import Executor, Outcomes, parallel_map


def shared_out(
    f: Callable[..., Any], items: Iterable[Any], common: tuple[Any, ...], executor: Executor | None
) -> Outcomes:
    """Return what a function makes of each item, by workers.

    Raises
    ------
    TypeError
        When the model, or what else is of the fit, cannot be sent to them.
    """
    try:
        return parallel_map(f, items, common=common, executor=executor)
    except TypeError as refusal:
        error = refusal.__cause__
        if error is None:  # it is no executor
            raise
        raise TypeError(
            "the model, or another function of the fit, cannot be sent to another process "
            f"({type(error).__name__}: {error}): define it in a module, or use an executor of "
            "threads, as ThreadPoolExecutor, or one that pickles by value, as loky's or Dask's"
        ) from error


def refuse_executor_in_chunks(executor: Executor | None, *data: Any) -> None:
    """Refuse to share out a fit to data in chunks once more.

    A process that was forked waits for ever for the threads of Dask, which it has lost.
    """
    if executor is not None and any(map(is_lazy, data)):
        raise ValueError(
            "Dask shares out each evaluation of data in chunks already: leave executor out"
        )


def values_of(outcomes: Outcomes, item: str) -> list[Any]:
    """Return what came of each item; raise what the first raised that failed."""
    refuse_lost(outcomes, item)
    for i, failure in outcomes.failures.items():
        failure.add_note(f"on {item} {i + 1} of {len(outcomes.values)}")
        raise failure
    return outcomes.values


def refuse_lost(outcomes: Outcomes, item: str) -> None:
    """Raise that some work is lost with its workers, where the rest would make another result.

    Raises
    ------
    BrokenExecutor
        Which says how much is lost, how, and what may help.
    """
    lost = {i: x for i, x in outcomes.failures.items() if isinstance(x, BrokenExecutor)}
    if lost:
        first, number = min(lost), len(outcomes.values)
        rest = ", and the others are not kept" if len(lost) < number else ""
        raise BrokenExecutor(
            f"{len(lost)} of {number} {item}s are lost, {item} {first + 1} the first{rest}: "
            f"{lost[first]}"
        ) from lost[first]
