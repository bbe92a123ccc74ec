"""parallel_map: the same results, failures and refusals, whoever does the work."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import work_for_executors as work
from kinds_of_executors import Bare, bare, dask, fail, here, loky, processes, threads

from optim import Outcomes, parallel_map
from optim.work import _parallel_map, _tasks

pytestmark = pytest.mark.usefixtures("several_threads_of_blas")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MPIEXEC = Path(sys.executable).with_name("mpiexec")


# -- the same results --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected() -> Any:
    return work.everything(None)


def test_what_is_expected(expected: Any) -> None:
    values, failures = expected["failures"]
    assert values == [0, 1, 4, None, None, None, None, None, None, 81]
    assert failures == {
        3: ("ValueError", "expected anything but 3"),
        4: ("RuntimeError", "LocalError: nobody else knows this class"),
        5: ("RuntimeError", "TwoPartError: a fault in the fifth"),
        6: ("RuntimeError", "LockedError: behind a lock"),
        7: ("RuntimeError", "StatelessError: without a state"),
        8: ("RuntimeError", "UnreadableError, whose text cannot be read"),
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
            check_what_cannot_be_sent_takes_no_other_along(executor)
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


def check_what_cannot_be_sent_takes_no_other_along(executor: Any) -> None:
    items = [*range(9), threading.Lock(), *range(9)]
    values, failures = parallel_map(repr, items, executor=executor, batch_size=4)
    assert values == [*"012345678", None, *"012345678"]
    assert [(i, type(error)) for i, error in failures.items()] == [(9, TypeError)]
    assert str(failures[9]).startswith("items[9] cannot be sent to another process (TypeError: ")


def check_what_cannot_be_sent_back_takes_no_other_along(executor: Any) -> None:
    for size in (1, 7):
        values, failures = parallel_map(
            work.unsendable, range(7), executor=executor, batch_size=size
        )
        assert values == [0, None, None, None, None, None, 36]
        assert all(isinstance(error, RuntimeError) for error in failures.values())
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
            parallel_map(fail, [KeyboardInterrupt], executor=executor)


@pytest.mark.parametrize("kind", [here, threads])
def test_lists_and_dicts_are_those_of_the_caller(kind: Any) -> None:
    seen: dict[str, list[int]] = {"items": []}
    with kind() as executor:
        parallel_map(
            lambda seen, n: seen["items"].append(n), [1, 2], common=(seen,), executor=executor
        )
    assert sorted(seen["items"]) == [1, 2]


@pytest.mark.parametrize("kind", [here, threads, processes])
def test_what_the_caller_makes_of_infinities_changes_no_result(kind: Any) -> None:
    with kind() as executor, np.errstate(all="raise"):
        assert parallel_map(work.limit, np.zeros(3), executor=executor) == ([0.0] * 3, {})


class Track(list[Any]):
    """A list that is made of something else than its entries."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Pair(tuple[Any, ...]):
    """A tuple that is made of two arguments."""

    def __new__(cls, a: Any, b: Any) -> Pair:
        return super().__new__(cls, (a, b))


def test_lists_and_tuples_of_ones_own_are_left_as_they_are() -> None:
    track, pair = Track("pion"), Pair(np.ones((3, 2))[:, 0], 1)
    track.append(np.ones((3, 2))[:, 0])
    assert parallel_map(id, [track, pair]).values == [id(track), id(pair)]
    assert parallel_map(lambda x, n: x is pair, [1], common=(pair,)).values == [True]


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
    few, sizes = _parallel_map.FEWEST_AHEAD, executor.sizes
    assert sizes[:few] == [1] * few
    assert all(size <= done for size, done in zip(sizes[1:], np.cumsum(sizes), strict=False))
    longest = sizes.index(512)  # half a second
    grown, falling = sizes[few : longest + 1], sizes[longest:]
    assert grown == sorted(grown)
    assert falling == sorted(falling, reverse=True)
    assert all(size >= 52 for size in falling[:-1])  # 50 milliseconds
    assert len(sizes) < 30
    assert executor.most_ahead == few


def test_after_items_that_took_no_time_none_gets_more_than_an_even_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = cycle("abcd")
    monkeypatch.setattr(_tasks, "perf_counter", lambda: 0.0)
    monkeypatch.setattr(_tasks.platform, "node", lambda: next(worker))
    executor = Bare()
    assert parallel_map(abs, range(20_000), executor=executor).values == [*range(20_000)]
    left = 20_000 - np.cumsum([0, *executor.sizes[:-1]])
    assert all(np.array(executor.sizes) <= np.ceil(left / 4))
    assert max(executor.sizes) > 2000
    assert len(executor.sizes) < 80


def test_of_several_workers_no_task_but_the_last_is_shorter_than_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, worker = [0.0], cycle("ab")

    def tick(n: int) -> int:
        now[0] += 2**-10
        return n

    monkeypatch.setattr(_tasks, "perf_counter", lambda: now[0])
    monkeypatch.setattr(_tasks.platform, "node", lambda: next(worker))
    executor = Bare()
    assert parallel_map(tick, range(3000), executor=executor).values == [*range(3000)]
    longest = executor.sizes.index(max(executor.sizes))
    assert all(size >= 52 for size in executor.sizes[longest:-1])  # 50 milliseconds


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


# -- refusals ----------------------------------------------------------------------------------


def test_functions_that_are_in_no_module_are_refused_before_any_work() -> None:
    with processes() as executor:
        executor.submit = partial(fail, AssertionError)
        with pytest.raises(TypeError, match="define functions and classes in a module, or use"):
            parallel_map(lambda n: n, [1, 2], executor=executor)


def test_of_many_items_the_first_alone_is_looked_at_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = []
    monkeypatch.setattr(work.Sent, "__reduce__", lambda x: (sent.append(x), (int, ()))[1])
    items = [work.Sent() for _ in range(100)]
    with processes() as executor:
        executor.submit = lambda *_: fail(OSError)
        with pytest.raises(RuntimeError, match="the executor takes no work"):
            parallel_map(id, items, executor=executor)
    assert sent == items[:1]


class Forgetful:
    """What takes work, and says nothing of it."""

    def submit(self, f: Any, *args: Any) -> None:
        pass


class Careless:
    """What takes work, and does none."""

    def submit(self, f: Any, *args: Any) -> Any:
        future: Future[Any] = Future()
        future.set_result(None)
        return future


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"f": 3}, TypeError, "expected f to be a function, got 3"),
        ({"items": 3}, TypeError, r"expected items, as of a list, got 3: \[x\] for one x"),
        ({"executor": multiprocessing}, TypeError, "expected an executor with submit"),
        ({"executor": ThreadPoolExecutor}, TypeError, r"write executor=ThreadPoolExecutor\(\)"),
        ({"executor": Careless()}, TypeError, r"expected result\(\) of a future to .* got None"),
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


def test_many_outcomes_are_shown_by_their_first() -> None:
    def odd(i: int) -> int:
        if i % 2:
            raise ValueError("odd")
        return i

    assert repr(parallel_map(odd, [0, 1])) == (
        "Outcomes(values=[0, None], failures={1: ValueError('odd')})"
    )
    failures = ", ".join(f"{i}: ValueError('odd')" for i in (1, 3, 5, 7))
    assert repr(parallel_map(odd, range(100))) == (
        "Outcomes(values=[0, None, 2, None, ... 100 in all], "
        f"failures={{{failures}, ... 50 in all}})"
    )
