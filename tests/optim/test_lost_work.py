"""parallel_map where workers die, tasks are cancelled, or somebody interrupts."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import work_for_executors as work
from kinds_of_executors import Bare, dask, fail, loky, processes

from optim import Outcomes, parallel_map
from optim.work import _parallel_map

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


# -- what is lost ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [processes, loky, dask])
def test_a_worker_is_killed(kind: Any, tmp_path: Path) -> None:
    (tmp_path / "nobody is killed any more").touch()
    expected = parallel_map(
        work.killed_once, range(30), common=(str(tmp_path / "nobody is killed any more"),)
    )
    with kind() as executor:
        mark = str(tmp_path / "mark")
        found = parallel_map(work.killed_once, range(30), common=(mark,), executor=executor)
        assert Path(mark).exists()
        if kind is dask:  # whose nanny starts another worker
            assert found == expected
            return
        for i, value in enumerate(found.values):
            assert (value is None) == (i in found.failures)
            assert value in (None, expected.values[i])
        assert any(value is not None for value in found.values)
        assert 5 in found.failures
        for error in found.failures.values():
            with pytest.raises(BrokenExecutor, match=r"^lost with a worker that died \(.*\): .*$"):
                raise error
        with pytest.raises(RuntimeError, match="the executor takes no work"):
            parallel_map(abs, [1], executor=executor)


class Losing(Bare):
    """An executor whose tasks are lost by a rule, of the items and of how many were lost before."""

    def __init__(self, is_lost: Callable[[Any, int], bool]) -> None:
        super().__init__()
        self.is_lost = is_lost
        self.lost = 0

    def submit(self, f: Callable[..., Any], *args: Any) -> Any:
        if not self.is_lost(args[-1].open(), self.lost):
            return super().submit(f, *args)
        self.lost += 1
        self.sizes.append(len(args[-1].open()))
        future: Future[Any] = Future()
        future.set_exception(CancelledError("the worker is gone"))
        return future


def test_what_was_lost_twice_is_done_all_the_same() -> None:
    executor = Losing(lambda items, lost: lost < 2)
    assert parallel_map(abs, range(9), executor=executor, batch_size=9) == Outcomes([*range(9)], {})
    assert executor.sizes == [9, 9] + [1] * 9


def test_an_item_that_ends_its_workers_takes_no_other_along() -> None:
    executor = Losing(lambda items, lost: 4 in items)
    values, failures = parallel_map(abs, range(9), executor=executor, batch_size=3)
    assert values == [0, 1, 2, 3, None, 5, 6, 7, 8]
    assert {i: str(error) for i, error in failures.items()} == {
        4: "lost (CancelledError: the worker is gone)"
    }


class KilledWorker(Exception):  # noqa: N818
    """Of the name of that by which Dask says that it has tried four times."""


def test_what_dask_has_tried_itself_is_tried_no_more_than_by_itself() -> None:
    class Dask(Losing):
        def submit(self, f: Any, *args: Any) -> Any:
            future = super().submit(f, *args)
            if isinstance(future, Future):
                future = Future()
                future.set_exception(KilledWorker("task-1"))
            return future

    executor = Dask(lambda items, lost: 4 in items)
    values, failures = parallel_map(abs, range(9), executor=executor, batch_size=3)
    assert values == [0, 1, 2, 3, None, 5, 6, 7, 8]
    assert [*map(str, failures.values())] == [
        "lost with a worker that died (task-1): give it to a new executor, with fewer workers if "
        "memory has run out"
    ]
    assert executor.lost == 2


def test_what_a_worker_cannot_open_is_told_with_what_it_needs() -> None:
    class Elsewhere(Bare):
        def submit(self, f: Any, *args: Any) -> Any:
            work, items = (pickle.loads(pickle.dumps(x)) for x in args)
            work._bytes = work._bytes.replace(b"work_for_executors", b"work_for_no_one_at")
            return super().submit(f, work, items)

    values, failures = parallel_map(work.length, [1, 2], executor=Elsewhere())
    assert values == [None, None]
    assert "cannot open what it is sent (ModuleNotFoundError: No module named" in str(failures[0])
    assert "client.upload_file" in str(failures[0])


def test_a_future_that_raises_no_exception_of_the_usual_kind_is_handed_on_again() -> None:
    class Lost:
        def result(self) -> Any:
            raise asyncio.CancelledError("by the scheduler")

    class LosesSecond(Bare):
        submitted = 0

        def submit(self, f: Any, *args: Any) -> Any:
            self.submitted += 1
            return Lost() if self.submitted == 2 else super().submit(f, *args)

    values, failures = parallel_map(abs, [-1, -2, -3], executor=LosesSecond(), batch_size=1)
    assert (values, failures) == ([1, 2, 3], {})


def test_cancelled_futures_are_handed_on_again() -> None:
    class Cancelling(ThreadPoolExecutor):
        submitted = 0

        def submit(self, f: Any, /, *args: Any, **kwargs: Any) -> Any:
            future = super().submit(f, *args, **kwargs)
            self.submitted += 1
            if self.submitted == 3:  # behind one that waits
                assert future.cancel()
                go_on.set()
            return future

    go_on = threading.Event()

    def waiting(n: int) -> int:
        go_on.wait()
        return n

    with Cancelling(1) as executor:
        assert parallel_map(waiting, range(5), executor=executor).values == [*range(5)]
        assert executor.submitted == 6


def test_where_no_more_is_taken_what_was_finished_is_kept() -> None:
    values, failures = parallel_map(abs, range(9), executor=Bare(most=2), batch_size=2)
    assert values == [0, 1, 2, 3] + [None] * 5
    assert [*failures] == [4, 5, 6, 7, 8]
    assert {str(error) for error in failures.values()} == {
        "lost (RuntimeError: cannot schedule new futures after shutdown)"
    }
    assert {type(error) for error in failures.values()} == {BrokenExecutor}


def test_where_no_worker_comes_it_is_said_what_that_may_be() -> None:
    class Broken(Bare):
        def submit(self, f: Any, *args: Any) -> Any:
            if self.sizes:
                raise BrokenProcessPool("one has ended.")
            promise = super().submit(f, *args)
            promise.call = partial(fail, BrokenProcessPool)
            return promise

    found = parallel_map(abs, range(9), executor=Broken())
    assert [*found.failures] == [*range(9)]
    assert {str(error) for error in found.failures.values()} == {
        "no worker did anything of this (one has ended.): memory has run out, what is called has "
        "ended it, or, if it is the first work of the executor, new processes cannot import the "
        "program that was started: it must be a file, and do its work under if __name__ == "
        '"__main__"'
    }


# -- interrupts --------------------------------------------------------------------------------


def test_after_an_interrupt_nothing_is_handed_on() -> None:
    class Interrupted(Bare):
        cancelled = 0

        def submit(self, f: Any, *args: Any) -> Any:
            promise = super().submit(f, *args)
            if len(self.sizes) == 3:
                promise.call = partial(fail, KeyboardInterrupt)
            promise.cancel = self.cancel
            return promise

        def cancel(self) -> None:
            self.cancelled += 1

    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        parallel_map(abs, range(100), executor=executor, batch_size=1)
    ahead = _parallel_map.FEWEST_AHEAD
    assert len(executor.sizes) == ahead + 2
    assert executor.cancelled == ahead


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent to a group of processes")
def test_ctrl_c_leaves_no_process_behind() -> None:
    path = os.pathsep.join([str(ROOT), str(HERE)])
    program = subprocess.Popen(
        [sys.executable, str(HERE / "work_interrupted.py")],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == "working\n"
        os.killpg(program.pid, signal.SIGINT)
        _, errors = program.communicate(timeout=60)
        assert "KeyboardInterrupt" in errors
        assert program.returncode != 0
        assert wait_until_nobody_is_left(program.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


def wait_until_nobody_is_left(group: int) -> bool:
    """Whether a group of processes has ended; multiprocessing's tracker is the last of them."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False
