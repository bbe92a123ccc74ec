"""Fits on two processes: ``python -m tests.benchmarks.cluster [--kill]``, in a few minutes.

- 2·10⁷ points of the model with 11 parameters, in chunks on disk, fitted on Dask's LocalCluster of
  two workers of one thread; beside NumPy written by hand, with derivatives by hand, which fits one
  half of them and then the other, each in memory.
- 1000 bootstrap fits by one process, and by two.

Each time is the least of several rounds, in which contestants take turns; where other programs run
as well, that of two processes says little. With ``--kill`` a worker is killed in the middle of
either, and all digits are compared with those of a run in peace.
"""

from __future__ import annotations

import os

# BLAS reads its number of threads when NumPy is imported, here and in the processes started.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from threading import Event, Thread, Timer
from time import perf_counter
from typing import Any

import dask
import dask.array as da
import numpy as np
import psutil
import zarr
from distributed import Client

import fit
from tests.benchmarks.fits import peaks
from tests.benchmarks.levenberg_marquardt import levenberg_marquardt
from tests.benchmarks.sharding import process_of

POINTS = 20_000_000
CHUNK = 2_000_000  # points: 16 MB of each array, for each takes some ms to be found on disk
NOISE = 0.1
TRUE = np.array([3.0, 2.0, 0.5, 2.0, 5.0, 0.8, 4.0, 8.0, 0.6, 1.0, 0.1])
START = 1.1 * TRUE
REPLICATES, SMALL = 1000, 10_000  # fits, and the points of each
ROUNDS = 3


# -- the data, and the fits ------------------------------------------------------------------


def write_data(folder: Path) -> None:
    """Write x and y chunk by chunk, as floats that are not compressed."""
    rng = np.random.default_rng(0)
    group = zarr.open_group(folder, mode="w")
    options: dict[str, Any] = {"shape": POINTS, "chunks": CHUNK, "dtype": float}
    x_array, y_array = (group.create_array(name, compressors=None, **options) for name in "xy")
    for i in range(0, POINTS, CHUNK):
        x = np.linspace(0, 10, CHUNK, endpoint=False) + 10 * rng.random() / CHUNK
        x_array[i : i + CHUNK] = x
        y_array[i : i + CHUNK] = peaks(x, *TRUE) + NOISE * rng.normal(size=CHUNK)


def by_chunks(folder: Path, keep: bool = False) -> tuple[Any, ...]:
    """Fit all points on the cluster that is current; keep the chunks in its memory if told so."""
    x, y = (da.from_zarr(str(folder), component=name) for name in "xy")
    if keep:
        x, y = dask.persist(x, y)
    result = fit.fit(peaks, x, y, NOISE, p0=START)
    return result.p, result.covariance, result.chi_squared


def by_hand(folder: Path) -> tuple[float, list[np.ndarray]]:
    """Return the seconds that fits of both halves take in memory, and what they find."""
    group: Any = zarr.open_group(folder, mode="r")
    seconds, found = 0.0, []
    for half in (slice(0, POINTS // 2), slice(POINTS // 2, POINTS)):
        x, y = group["x"][half], group["y"][half]
        start = perf_counter()
        found.append(levenberg_marquardt(x, y, START, NOISE))
        seconds += perf_counter() - start
    return seconds, found


def bootstrap(executor: Executor | None, n: int = REPLICATES) -> np.ndarray:
    """Return the parameters of so many fits to points drawn anew."""
    x = np.linspace(0, 10, SMALL)
    y = peaks(x, *TRUE) + NOISE * np.random.default_rng(0).normal(size=SMALL)
    result = fit.fit(peaks, x, y, NOISE, p0=START)
    return result.bootstrap(n, seed=1, executor=executor).p


# -- what is measured ------------------------------------------------------------------------


@contextmanager
def cluster_of_two() -> Iterator[Client]:
    """Yield the client of two workers of one thread, each of which a nanny starts again."""
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=":0") as client:
        client.run(lambda: __import__("fit") and None)
        yield client


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call takes, and what it returns."""
    start = perf_counter()
    value = call()
    return perf_counter() - start, value


@contextmanager
def watched_memory() -> Iterator[list[int]]:
    """Yield a list that gets the largest memory of this process and those that it has started."""
    peak, ended = [0], Event()

    def watch() -> None:
        while not ended.wait(0.02):
            total = 0
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak[0] = max(peak[0], total)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def with_a_worker_killed(client: Client, seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns while one of two workers is killed after some seconds."""
    victim = next(iter(client.run(os.getpid).values()))
    timer = Timer(seconds, os.kill, (victim, signal.SIGKILL))
    timer.start()
    value = call()
    assert not timer.is_alive(), "it ended before the worker was killed"
    client.wait_for_workers(2)
    assert victim not in client.run(os.getpid).values(), "the worker was not killed"
    return value


def compare_bits(found: Any, expected: Any) -> None:
    """Say whether no digit differs."""
    same = all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    print(f"with a worker killed: {'the same bits' if same else 'OTHER DIGITS'}", flush=True)


# -- the tables ------------------------------------------------------------------------------


def take_turns(contestants: dict[str, Callable[[], tuple[float, Any]]]) -> dict[str, list[float]]:
    """Return the seconds of each contestant in each round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, call in contestants.items():
            times[name].append(call()[0])
    return times


def print_times(title: str, times: dict[str, list[float]]) -> None:
    """Print least times, and how many times as long as the first contestant each takes."""
    first, *_ = times.values()
    print(f"\n{title:36}{'s':>9}{'ratio':>9}{'its median':>13}")
    for name, own in times.items():
        ratio = median(a / b for a, b in zip(own, first, strict=True))
        print(f"{name:36}{min(own):9.2f}{min(own) / min(first):9.2f}{ratio:13.2f}", flush=True)


def time_chunks(folder: Path, kill: bool) -> None:
    """Print how long the fit of all points takes, and which memory."""
    with ExitStack() as stack:
        of_two, of_one = (stack.enter_context(process_of(n)) for n in (2, 1))
        client = stack.enter_context(cluster_of_two())
        contestants: dict[str, Callable[[], tuple[float, Any]]] = {
            "by hand, two halves": lambda: of_one.submit(by_hand, folder).result(),
            "by hand, two BLAS threads": lambda: of_two.submit(by_hand, folder).result(),
            "in chunks, from disk": lambda: timed(lambda: by_chunks(folder)),
            "in chunks, read once": lambda: timed(lambda: by_chunks(folder, keep=True)),
        }
        times = take_turns(contestants)
        halves, found = contestants["by hand, two halves"]()[1], by_chunks(folder)
        p, errors = np.abs(halves[0])  # a width may come out negative
        assert np.all(np.abs(found[0] - p) < 5 * errors)
        np.testing.assert_allclose(2 * np.diag(found[1]), errors**2, rtol=1e-2)
        print_times(f"{POINTS:.0e} points, 11 parameters", times)
        if kill:
            after = min(times["in chunks, from disk"]) / 2
            again = with_a_worker_killed(client, after, lambda: by_chunks(folder))
            compare_bits(again, found)
    for keep in (False, True):
        with cluster_of_two(), watched_memory() as peak:
            by_chunks(folder, keep)
        how = "read once" if keep else "from disk"
        print(f"memory of all processes, {how}: {peak[0] / 2**30:.2f} GiB at most", flush=True)


def time_bootstrap(kill: bool) -> None:
    """Print how long bootstrap fits take."""
    with ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        client = stack.enter_context(cluster_of_two())
        executors: dict[str, Executor | None] = {
            "one process": None,
            "ProcessPoolExecutor(2)": stack.enter_context(ProcessPoolExecutor(2, spawn)),
            "two Dask workers": client.get_executor(pure=False),
        }
        expected, *others = (bootstrap(executor, 50) for executor in executors.values())
        assert all(np.array_equal(found, expected) for found in others)
        times = take_turns({n: partial(timed, partial(bootstrap, e)) for n, e in executors.items()})
        print_times(f"{REPLICATES} bootstrap fits of {SMALL} points", times)
        if kill:
            by_dask, after = executors["two Dask workers"], min(times["two Dask workers"]) / 2
            again = with_a_worker_killed(client, after, lambda: bootstrap(by_dask))
            compare_bits(again, bootstrap(None))


def main() -> None:
    """Print both tables."""
    kill = "--kill" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        write_data(Path(name))
        time_chunks(Path(name), kill)
    time_bootstrap(kill)


if __name__ == "__main__":
    main()
