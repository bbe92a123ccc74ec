"""parallel_map: a function of many items, here or by an executor, in batches."""

from __future__ import annotations

import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from itertools import islice
from math import ceil
from operator import index
from queue import SimpleQueue
from time import sleep
from typing import Any, NamedTuple, Protocol

from optim.work._pickles import try_dumps
from optim.work._tasks import Batch, Parcel, as_sent, batch, task_of, within_task

SECONDS = 0.05  # that a task lasts at least: to hand it on and its results back takes 1 to 10 ms
MOST_SECONDS = 0.5  # that a task lasts: longer ones gain nothing, and are waited for in the end
SHARES = 2  # of what is left for each worker: of many items tasks are long, of the last ones short
TRIES = 3  # of a task that is lost; the last is made for each item alone
PRINTED = 4  # values of many, and failures
KILLED = "KilledWorker"  # Dask's error of a task with which it has lost four workers already
AHEAD = 2  # tasks at a time for each worker that was seen
FEWEST_AHEAD = 8  # so that several workers are seen
BREAKING = 0.2  # seconds in which a pool finds that an interrupt has ended one of its processes

_BY_REFERENCE = frozenset({"concurrent.futures.process", "mpi4py.futures.pool"})
_OF_PICKLING = (pickle.PicklingError, AttributeError, TypeError)


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

    def __repr__(self) -> str:
        values = [repr(value) for value in self.values[:PRINTED]]
        failures = [f"{i}: {x!r}" for i, x in islice(self.failures.items(), PRINTED)]
        return (
            f"Outcomes(values=[{_in_all(values, len(self.values))}], "
            f"failures={{{_in_all(failures, len(self.failures))}}})"
        )


def _in_all(first: list[str], n: int) -> str:
    """Return the first of n texts, and how many there are of them where they are more."""
    return ", ".join(first) + (f", ... {n} in all" if n > len(first) else "")


def parallel_map(
    f: Callable[..., Any],
    items: Iterable[Any],
    *,
    common: tuple[Any, ...] = (),
    executor: Executor | None = None,
    batch_size: int | None = None,
) -> Outcomes:
    """Return ``f(*common, item)`` for each item, computed here or by an executor.

    The results are the same to the last bit, whatever computes them and in whatever order: each
    call is made within `autodiff.reproducible` and ``np.errstate(all="ignore")``. Random numbers
    belong to the items, as a child of ``np.random.SeedSequence(seed).spawn(n)`` for each. Of arrays
    with gaps between their entries, as ``x[:, ::2]``, the function gets copies without, as sent to
    a process: in what is common, the items, and lists, tuples and dicts of these.

    Parameters
    ----------
    f : callable
        Takes what is common, and an item. It is called again where a worker was lost.
    items : iterable
    common : tuple
        What every call takes. It travels once with each batch; bytes are made of it once.
    executor : concurrent.futures.Executor or alike, optional
        Takes the work: all that is asked for is ``submit``, and ``result`` of what that returns.
        Where that has ``add_done_callback``, no worker is idle while another takes long.
        By default it is done here, one item after the other, and so is what a task of another
        call asks for.
    batch_size : int, optional
        How many items a task holds. By default so many that it lasts 50 to 500 ms, by what
        workers measure, beginning with one: many where much is left, so that little time goes to
        handing on, and few in the end, so that no worker waits long for another; and never more
        than were done before, nor, while tasks are too short to tell, than an even share of what
        is left.

    Returns
    -------
    Outcomes
        An item that raises is a failure by its index: its exception, or a RuntimeError with its
        text where that cannot be pickled, or would end a worker, as a SystemExit. So is an item
        that cannot be pickled, or whose result cannot, where it has to be. A task that is lost,
        with its worker or cancelled, is tried up to three times, the last time item by item. What
        was finished is kept. What stays lost, or was not begun when the executor took no more, are
        failures by a BrokenExecutor with the executor's words, and advice where its workers died.

    Raises
    ------
    TypeError
        When ``common`` is no tuple, when the executor has no ``submit`` or that returns no future,
        or when ``f``, ``common`` or the first item cannot be pickled to be sent to processes.
    ValueError
        When ``batch_size`` is less than 1.
    RuntimeError
        When the executor takes no work, as after its shutdown.

    Notes
    -----
    Functions and classes of your own that workers import travel with a fingerprint of their code,
    of what that calls by name, and of the module's numbers that it reads; where a worker knows
    another version, as of a file that was changed after the pool began, its items are failures by a
    BrokenExecutor that names it. Numbers may differ where the file is older than the worker, as a
    rank or what was set. Installed packages, strings, lists and arrays are not looked at.

    Warnings are shown, or made errors, as the process is told that computes. Where the caller is
    itself a task on the executor's only worker, other than of a `parallel_map`, both wait for ever.
    Python itself loses a Ctrl-C that comes while a process is forked: a second one ends the work.

    Examples
    --------
    >>> parallel_map(pow, [2, 3], common=(10,)).values
    [100, 1000]
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor() as threads:
    ...     outcomes = parallel_map(divmod, [2, 0, 3], common=(10,), executor=threads)
    >>> outcomes.values
    [(5, 0), None, (3, 1)]
    >>> outcomes.failures
    {1: ZeroDivisionError('integer division or modulo by zero')}

    Nothing is said of failures otherwise, even where all items fail. Where none is to be borne:

    >>> for failure in outcomes.failures.values():
    ...     raise failure
    Traceback (most recent call last):
        ...
    ZeroDivisionError: integer division or modulo by zero
    """
    size = _checked_size(batch_size)
    _check(f, items, common, executor)
    items, common = list(items), as_sent(common)
    if executor is None or within_task.get():
        values, failures, *_ = batch(f, common, items)
        return Outcomes(values, failures)
    if type(executor).__module__ in _BY_REFERENCE:
        _refuse_unsendable(False, {"f": f, "common": common, **_first(items)})
    return _Work(f, common, items, executor, size).outcomes()


def _checked_size(batch_size: int | None) -> int | None:
    if batch_size is None:
        return None
    try:
        size = index(batch_size)
    except TypeError:
        raise TypeError(f"expected batch_size to be a whole number, got {batch_size!r}") from None
    if size < 1:
        raise ValueError(f"expected batch_size to be 1 or more, got {size}")
    return size


def _check(f: Any, items: Any, common: Any, executor: Any) -> None:
    if not callable(f):
        raise TypeError(f"expected f to be a function, got {f!r}: parallel_map(f, items)")
    try:
        iter(items)
    except TypeError:
        raise TypeError(f"expected items, as of a list, got {items!r}: [x] for one x") from None
    if not isinstance(common, tuple):
        raise TypeError(f"expected common to be a tuple, got {common!r}: common=(x,) for one x")
    if isinstance(executor, type):
        name = executor.__name__
        raise TypeError(f"expected an executor, got the class {name}: write executor={name}()")
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(
            "expected an executor with submit, as of concurrent.futures, loky, mpi4py.futures or "
            f"Dask's client.get_executor(pure=False), got {executor!r}"
        )


def _sends_by_value(executor: Executor) -> bool:
    """Whether an executor itself sends functions that are in no module: loky and Dask do."""
    return "cloudpickle" in sys.modules and type(executor).__module__ not in _BY_REFERENCE


def _first(items: Sequence[Any]) -> dict[str, Any]:
    """Return the first item by its name: to make bytes of all may take longer than their work."""
    return {"items[0]": items[0]} if items else {}


def _refuse_unsendable(by_value: bool, given: dict[str, Any]) -> None:
    """Raise a TypeError if something of a name cannot be sent to another process."""
    for name, x in given.items():
        try:
            try_dumps(x, by_value)
        except Exception as error:
            raise TypeError(
                f"{name} cannot be sent to another process ({type(error).__name__}: {error}): "
                "define functions and classes in a module, or use an executor that pickles them "
                "by value, as loky's or Dask's"
            ) from error


class _Task(NamedTuple):
    """Items that were handed on together."""

    indices: range
    tries: int  # before this one
    future: Any


class _Work:
    """Items, what became of them, and the tasks that are under way."""

    def __init__(
        self,
        f: Callable[..., Any],
        common: tuple[Any, ...],
        items: Sequence[Any],
        executor: Executor,
        size: int | None,
    ) -> None:
        self.f, self.common, self.items = f, common, items
        self.executor = executor
        self.by_value = _sends_by_value(executor)
        self.work = Parcel((f, common), self.by_value)
        self.size = size  # if it was given
        self.done = 0  # items of tasks that have come back
        self.lasted = 0.0  # seconds that the last of them took
        self.seconds = 0.0  # that an item of it took
        self.waiting = deque([(range(len(items)), 0)] if items else [])  # with the tries made
        self.under_way: dict[int, _Task] = {}  # by their first items, the oldest first
        self.finished: SimpleQueue[int] = SimpleQueue()  # the first items of tasks, as futures tell
        self.workers: set[Any] = set()  # that were seen
        self.refusal: Exception | None = None  # of the executor to take more
        self.values: list[Any] = [None] * len(items)
        self.failures: dict[int, Exception] = {}

    def outcomes(self) -> Outcomes:
        """Hand tasks on and wait for them, until nothing is left."""
        try:
            self._hand_on()
            if self.refusal and not self.under_way:
                raise RuntimeError(f"the executor takes no work ({self.refusal})") from self.refusal
            while self.under_way:
                first = self._first_of_finished()
                self._finish(self.under_way[first])
                del self.under_way[first]
                self._hand_on()
        except BaseException as error:  # an interrupt, or a refusal
            if isinstance(error, KeyboardInterrupt):
                sleep(BREAKING)  # or it leaves the others, where futures are cancelled first
            for task in self.under_way.values():
                getattr(task.future, "cancel", bool)()
            raise
        if self.refusal:
            for indices, _ in self.waiting:
                self._give_up(indices, self.refusal)
        return Outcomes(self.values, dict(sorted(self.failures.items())))

    def _give_up(self, indices: range, error: Exception) -> None:
        """Let items be failures by what they were lost with; where workers died, with advice."""
        if type(error) is BrokenExecutor:  # by which a task says itself why it ended
            self.failures |= dict.fromkeys(indices, error)
            return
        kind, how = type(error).__name__, " ".join(str(error).split())
        if not (isinstance(error, BrokenExecutor) or kind == KILLED):
            words = f"lost ({kind}: {how})" if how else f"lost ({kind})"
        elif self.workers:
            words = (
                f"lost with a worker that died ({how}): give it to a new executor, with fewer "
                "workers if memory has run out"
            )
        else:
            words = (
                f"no worker did anything of this ({how}): memory has run out, what is called has "
                "ended it, or, if it is the first work of the executor, new processes cannot "
                "import the program that was started: it must be a file, and do its work under "
                'if __name__ == "__main__"'
            )
        failure = BrokenExecutor(words)
        failure.__cause__ = error
        self.failures |= dict.fromkeys(indices, failure)

    def _hand_on(self) -> None:
        """Submit tasks, so many ahead that each worker has the next ones at hand."""
        while self.waiting and not self.refusal and len(self.under_way) < self._most_ahead():
            indices, tries = self._next()
            items = [self.items[i] for i in indices]
            try:
                future = self.executor.submit(task_of, self.work, Parcel(items, self.by_value))
            except Exception as error:
                if not self._set_aside(indices, tries, error):
                    self.waiting.appendleft((indices, tries))
                    self.refusal = error
            else:
                self._follow(_Task(indices, tries, future))

    def _most_ahead(self) -> int:
        """Return how many tasks may be under way."""
        ahead = AHEAD * len(self.workers)
        is_measured = self.size is None and self.seconds
        return ahead if is_measured else max(FEWEST_AHEAD, ahead)

    def _follow(self, task: _Task) -> None:
        """Keep a task among those under way, and let its future tell when it is done, if it can."""
        if not hasattr(task.future, "result"):
            raise TypeError(
                f"expected submit to return a future, with result, got {task.future!r} from "
                f"{self.executor!r}"
            )
        first = task.indices[0]
        self.under_way[first] = task
        if hasattr(task.future, "add_done_callback"):
            task.future.add_done_callback(lambda _: self.finished.put(first))

    def _first_of_finished(self) -> int:
        """Wait for a task if futures tell when they are done; or else return the oldest."""
        if not all(hasattr(x.future, "add_done_callback") for x in self.under_way.values()):
            oldest: int = next(iter(self.under_way))
            return oldest
        first = -1
        while first not in self.under_way:  # as one that was waited for as the oldest
            first = self.finished.get()
        return first

    def _next(self) -> tuple[range, int]:
        """Return what the next task is of, and the tries made of it."""
        indices, tries = self.waiting.popleft()
        if tries:
            return indices, tries
        size = self.size or self._measured_size(len(indices))
        if indices[size:]:
            self.waiting.appendleft((indices[size:], 0))
        return indices[:size], 0

    def _measured_size(self, left: int) -> int:
        """Return how many items the next task is of, when so many are left."""
        if not self.seconds:
            return 1
        share = self.seconds * left / (SHARES * len(self.workers))
        size = ceil(min(max(share, SECONDS), MOST_SECONDS) / self.seconds)
        if self.lasted < SECONDS / 2:  # which tells little: the next items may take far longer
            size = min(size, ceil(left / len(self.workers)))
        return min(size, self.done)

    def _finish(self, task: _Task) -> None:
        """Wait for a task, and keep what it has found."""
        try:
            found: Batch = task.future.result()
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:
            self._lose(task, error)
            return
        except BaseException as error:  # asyncio's CancelledError, as of Dask's own futures
            self._lose(task, CancelledError(*error.args))
            return
        if not isinstance(found, Batch):
            raise TypeError(
                "expected result() of a future to return what the function that was submitted did, "
                f"got {found!r} from {self.executor!r}"
            )
        for place, i in enumerate(task.indices):
            try:
                if place in found.failures:
                    self.failures[i] = found.failures[place].open()
                else:
                    self.values[i] = found.values[place].open()
            except Exception as error:
                self.failures[i] = RuntimeError(
                    f"what came back cannot be opened ({type(error).__name__}: {error})"
                )
        self.workers.add(found.worker)
        count = len(task.indices)
        self.lasted = max(found.seconds, 1e-9)
        self.seconds = self.lasted / count
        self.done += count

    def _lose(self, task: _Task, error: Exception) -> None:
        """Put what was lost with its worker, or cancelled, before what waits; or give it up."""
        if self._set_aside(task.indices, task.tries, error):
            return
        tries = task.tries + 1
        if type(error).__name__ == KILLED or type(error) is BrokenExecutor:  # as it would again
            tries = TRIES if len(task.indices) == 1 else TRIES - 1
        if tries == TRIES:
            self._give_up(task.indices, error)
        elif tries == TRIES - 1:  # so that an item which ends its worker takes no other along
            self.waiting.extendleft((range(i, i + 1), tries) for i in reversed(task.indices))
        else:
            self.waiting.appendleft((task.indices, tries))

    def _set_aside(self, indices: range, tries: int, error: Exception) -> bool:
        """Let the items of a task be failures that cannot be sent to a worker, if this is why.

        The others wait again. Refuse what no task could do without, and the first item.
        """
        if not isinstance(error, _OF_PICKLING):
            return False
        if 0 in indices or not self.workers:
            given = {"f": self.f, "common": self.common, **_first(self.items)}
            _refuse_unsendable(self.by_value, given)
        others = []
        for i in indices:
            try:
                _refuse_unsendable(self.by_value, {f"items[{i}]": self.items[i]})
                others.append((range(i, i + 1), tries))
            except TypeError as refusal:
                self.failures[i] = refusal
        if len(others) == len(indices):
            return False
        self.waiting.extendleft(reversed(others))
        return True
