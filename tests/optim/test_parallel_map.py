"""parallel_map: the same results, failures and refusals, whoever does the work."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import work_for_executors as work

from optim import Outcomes, parallel_map
from optim.work import _parallel_map, _tasks

pytestmark = pytest.mark.usefixtures("several_threads_of_blas")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MPIEXEC = Path(sys.executable).with_name("mpiexec")


class Bare:
    """The least that takes work: `submit`, and `result` of what it returns."""

    def __init__(self, most: float = float("inf")) -> None:
        self.most = most
        self.sizes: list[int] = []
        self.ahead = self.most_ahead = 0

    def submit(self, f: Callable[..., Any], *args: Any) -> Any:
        if len(self.sizes) >= self.most:
            raise OSError("the line is dead")
        self.sizes.append(len(args[-1].open()))
        self.ahead += 1
        self.most_ahead = max(self.most_ahead, self.ahead)
        return Promise(self, partial(f, *args))


class Promise:
    def __init__(self, executor: Bare, call: Callable[[], Any]) -> None:
        self.executor, self.call = executor, call

    def result(self) -> Any:
        self.executor.ahead -= 1
        return self.call()


@contextmanager
def bare() -> Iterator[Any]:
    yield Bare()


@contextmanager
def here() -> Iterator[Any]:
    yield None


@contextmanager
def threads() -> Iterator[Any]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@contextmanager
def processes() -> Iterator[Any]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@contextmanager
def loky() -> Iterator[Any]:
    module = pytest.importorskip("loky", reason="loky is not installed")
    executor = module.get_reusable_executor(2)
    yield executor
    executor.shutdown(kill_workers=True)


@contextmanager
def dask() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client.get_executor(pure=False)
    with warnings.catch_warnings():  # of sockets that Dask leaves to be collected
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


# -- the same results --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected() -> Any:
    return work.everything(None)


def test_what_is_expected(expected: Any) -> None:
    values, failures = expected["failures"]
    assert values == [0, 1, 4, None, None, None, None, None, 64, 81]
    assert failures == {
        3: ("ValueError", "expected anything but 3"),
        4: ("RuntimeError", "LocalError: nobody else knows this class"),
        5: ("RuntimeError", "TwoPartError: a fault in the fifth"),
        6: ("RuntimeError", "LockedError: behind a lock"),
        7: ("RuntimeError", "StatelessError: without a state"),
    }
    assert expected["calls within calls"] == ([[1], [1, 2], [1, 2, 4]], {})
    assert expected["addresses"] == ([True, True], {})
    assert expected["nothing"] == ([], {})
    assert expected["fits"] == expected["fits in batches"]
    for values, _ in (expected["fits"], expected["training"]):
        assert len(values) == len({repr(x) for x in values})


@pytest.mark.parametrize("kind", [here, threads, processes, loky, dask, bare])
def test_every_executor_gives_the_same_bits(kind: Any, expected: Any) -> None:
    with kind() as executor:
        assert work.everything(executor) == expected
        if kind in (loky, dask):  # which send functions by value
            assert parallel_map(lambda n: n + 1, [1, 2], executor=executor).values == [2, 3]
        if kind in (processes, loky, dask):
            check_what_cannot_be_sent_is_refused(executor)
            check_what_cannot_be_sent_back_takes_no_other_along(executor)
        if kind not in (here, bare):
            check_that_it_is_refused_after_its_shutdown(executor)


def check_what_cannot_be_sent_is_refused(executor: Any) -> None:
    lock = threading.Lock()
    for f, common, items in (
        (partial(divmod, lock), (), [1]),
        (divmod, (lock,), [1, 2]),
        (abs, (), [lock]),
    ):
        with pytest.raises(TypeError, match="cannot be sent to another process"):
            parallel_map(f, items, common=common, executor=executor)


def check_what_cannot_be_sent_back_takes_no_other_along(executor: Any) -> None:
    for size in (1, 7):
        values, failures = parallel_map(
            work.unsendable, range(7), executor=executor, batch_size=size
        )
        assert values == [0, None, None, None, None, None, 36]
        assert {type(error) for error in failures.values()} == {RuntimeError}
        assert [str(error) for error in failures.values()] == [
            "SystemExit: 1",
            "KeyboardInterrupt: by itself",
            "CancelledError: ",
            "what came back cannot be opened (ValueError: invalid literal for int() with base 10: "
            "'a bomb')",
            "its result cannot be sent back (TypeError: cannot pickle '_thread.lock' object)",
        ]


def check_that_it_is_refused_after_its_shutdown(executor: Any) -> None:
    executor.shutdown()
    with pytest.raises(RuntimeError, match="the executor takes no work"):
        parallel_map(abs, [1, 2], executor=executor)


@pytest.mark.parametrize("call", [("-n", "3", "-m", "mpi4py.futures"), ("-n", "1")])
def test_mpi_gives_the_same_bits(call: Any, expected: Any) -> None:
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    if not MPIEXEC.exists():
        pytest.skip("there is no mpiexec beside Python: pip install mpich")
    number, module = call[:2], call[2:]
    command = [str(MPIEXEC), *number, sys.executable, *module, str(HERE / "work_by_mpi.py")]
    assert script(command).strip() == repr(expected)


def script(command: list[str]) -> str:
    """Return what a program prints."""
    path = os.pathsep.join([str(ROOT), str(HERE)])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tasks_of_tasks_do_not_wait_for_their_own_worker() -> None:
    with ThreadPoolExecutor(1) as executor:

        def rows(n: int) -> list[int]:
            return parallel_map(pow, range(n), common=(2,), executor=executor).values

        assert parallel_map(rows, [1, 3], executor=executor).values == [[1], [1, 2, 4]]


def test_what_ends_a_thread_fails_by_its_item() -> None:
    with ThreadPoolExecutor(2) as executor:
        values, failures = parallel_map(work.unsendable, range(4), executor=executor)
    assert values == [0, None, None, None]
    assert [str(error) for error in failures.values()] == [
        "SystemExit: 1",
        "KeyboardInterrupt: by itself",
        "CancelledError: ",
    ]


def test_an_interrupt_here_is_the_users() -> None:
    for executor in (None, Bare()):
        with pytest.raises(KeyboardInterrupt):
            parallel_map(_raise, [KeyboardInterrupt], executor=executor)


@pytest.mark.parametrize("kind", [here, threads, processes])
def test_what_the_caller_makes_of_infinities_changes_no_result(kind: Any) -> None:
    with kind() as executor, np.errstate(all="raise"):
        assert parallel_map(work.limit, np.zeros(3), executor=executor) == ([0.0] * 3, {})


# -- batches -----------------------------------------------------------------------------------


def test_tasks_are_long_where_many_items_are_left_and_short_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]

    def tick(n: int) -> int:
        now[0] += 2**-10
        return n

    monkeypatch.setattr(_tasks, "perf_counter", lambda: now[0])
    executor = Bare()
    assert parallel_map(tick, range(3000), executor=executor).values == [*range(3000)]
    few = _parallel_map.FEWEST_AHEAD
    first, grown = executor.sizes[: few + 4], executor.sizes[few + 4 :]
    assert first == [1] * few + [8, 8, 64, 64]
    assert grown == sorted(grown, reverse=True)
    assert grown[:2] == [512, 512]  # half a second
    assert all(size >= 52 for size in grown[:-1])  # 50 milliseconds
    assert len(grown) < 15
    assert executor.most_ahead == few


def test_what_takes_long_is_handed_on_item_by_item(monkeypatch: pytest.MonkeyPatch) -> None:
    now = count()
    monkeypatch.setattr(_tasks, "perf_counter", lambda: float(next(now)))
    executor = Bare()
    parallel_map(abs, range(50), executor=executor)
    assert executor.sizes == [1] * 50


def test_no_worker_waits_for_one_that_takes_long() -> None:
    go_on = threading.Event()

    def last_or_first(n: int) -> int:
        if n == 0:
            assert go_on.wait(30)
        if n == 99:
            go_on.set()
        return n

    with ThreadPoolExecutor(2) as executor:
        found = parallel_map(last_or_first, range(100), executor=executor, batch_size=1)
    assert found == Outcomes([*range(100)], {})


def test_batches_may_be_given() -> None:
    executor = Bare()
    assert parallel_map(abs, range(-7, 0), executor=executor, batch_size=3).values[0] == 7
    assert executor.sizes == [3, 3, 1]


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
        assert {isinstance(error, RuntimeError) for error in found.failures.values()} == {True}
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
    assert {i: str(error) for i, error in failures.items()} == {4: "the worker is gone"}


def test_a_future_that_raises_what_is_no_exception_is_handed_on_again() -> None:
    class Lost:
        def result(self) -> Any:
            raise asyncio.CancelledError("by the scheduler")

    class Losing(Bare):
        submitted = 0

        def submit(self, f: Any, *args: Any) -> Any:
            self.submitted += 1
            return Lost() if self.submitted == 2 else super().submit(f, *args)

    values, failures = parallel_map(abs, [-1, -2, -3], executor=Losing(), batch_size=1)
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
    assert {str(error) for error in failures.values()} == {"the line is dead"}


def test_where_no_worker_comes_it_is_said_what_that_may_be() -> None:
    class Broken(Bare):
        def submit(self, f: Any, *args: Any) -> Any:
            if self.sizes:
                raise BrokenProcessPool("one has ended.")
            promise = super().submit(f, *args)
            promise.call = partial(_raise, BrokenProcessPool)
            return promise

    found = parallel_map(abs, range(9), executor=Broken())
    assert [*found.failures] == [*range(9)]
    assert {str(error).partition(":")[0] for error in found.failures.values()} == {
        "no worker did anything (one has ended.)"
    }


# -- interrupts --------------------------------------------------------------------------------


def test_after_an_interrupt_nothing_is_handed_on() -> None:
    class Interrupted(Bare):
        cancelled = 0

        def submit(self, f: Any, *args: Any) -> Any:
            promise = super().submit(f, *args)
            if len(self.sizes) == 3:
                promise.call = partial(_raise, KeyboardInterrupt)
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


def _raise(kind: type[BaseException]) -> None:
    raise kind


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


# -- refusals ----------------------------------------------------------------------------------


def test_functions_that_are_in_no_module_are_refused_before_any_work() -> None:
    with processes() as executor:
        executor.submit = partial(_raise, AssertionError)
        with pytest.raises(TypeError, match="define functions and classes in a module, or use"):
            parallel_map(lambda n: n, [1, 2], executor=executor)


class Forgetful:
    """What takes work, and says nothing of it."""

    def submit(self, f: Any, *args: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"f": 3}, TypeError, "expected f to be a function, got 3"),
        ({"executor": multiprocessing}, TypeError, "expected an executor with submit"),
        ({"executor": ThreadPoolExecutor}, TypeError, r"write executor=ThreadPoolExecutor\(\)"),
        ({"executor": Forgetful()}, TypeError, "expected submit to return a future, .* got None"),
        ({"common": 3}, TypeError, r"expected common to be a tuple, got 3: common=\(x,\)"),
        ({"batch_size": 0}, ValueError, "expected batch_size to be 1 or more, got 0"),
        ({"batch_size": 1.5}, TypeError, "expected batch_size to be a whole number, got 1.5"),
    ],
)
def test_what_is_no_work_is_refused(arguments: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        parallel_map(**{"f": abs, "items": [1], **arguments})


def test_a_scheduler_that_nobody_runs_is_told_of_by_dask() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    with pytest.raises(OSError, match="Timed out trying to connect"):
        distributed.Client("tcp://127.0.0.1:9", timeout=0.5)
