"""The working tree's speed beside a commit's: ``python -m tests.benchmarks.against REF [NAME]``.

Each of the two is imported by a process of its own; the two take turns, and the one that waits is
idle. Both run the working tree's tasks, so that what is compared is only the library. Where a task
fills large arrays, where they lie in memory differs from run to run, and so does the ratio, by up
to a tenth: repeat it.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np

from tests.benchmarks.tasks import Task, all_tasks
from tests.benchmarks.timing import SECONDS_PER_TURN, Call, parts, prime_allocator, turn

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 21
# Those without data need a fresh interpreter for each measurement.
TASKS = {task.name: task for task in all_tasks() if task.data}


class Pair(NamedTuple):
    """What a task took at the other commit and in the working tree, and whether they agree."""

    seconds: np.ndarray  # one row for each round, of two
    agree: bool


def main() -> None:
    """Compare what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.against")
    parser.add_argument("ref", metavar="REF", help="a commit, branch or tag")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TASKS))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    arguments = parser.parse_args()
    unknown = set(arguments.names).difference(TASKS)
    if unknown:
        sys.exit(f"unknown {', '.join(sorted(unknown))}: expected {', '.join(TASKS)}")
    if arguments.rounds < 1:
        sys.exit("--rounds must be at least 1")
    commit = git("rev-parse", "--verify", "--quiet", f"{arguments.ref}^{{commit}}")
    if not commit:
        sys.exit(f"unknown commit {arguments.ref!r}")

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    os.environ["PYTHONHASHSEED"] = "0"  # the same order of sets in both processes
    with (
        checked_out(commit) as checkout,
        worker(checkout) as before,
        worker(ROOT) as after,
    ):
        print(heading(arguments.ref, commit, arguments.rounds))
        for name in arguments.names or TASKS:
            print(row(name, compare(TASKS[name], before, after, arguments.rounds)), flush=True)


# -- two checkouts ---------------------------------------------------------------------------


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yield a folder with the files of a commit, and remove it in the end."""
    with TemporaryDirectory(prefix="chainrule-") as folder:
        checkout = Path(folder).resolve() / "checkout"
        try:
            git("worktree", "add", "--quiet", "--detach", str(checkout), commit)
            yield checkout
        finally:
            git("worktree", "remove", "--force", str(checkout))


def git(*arguments: str) -> str:
    """Return what git prints, and leave it no time to be interrupted."""
    # Half a worktree could not be removed: Ctrl-C takes effect when git has finished.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.strip()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


@contextmanager
def worker(checkout: Path) -> Iterator[ProcessPoolExecutor]:
    """Yield a process that computes with the packages of a checkout."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        print(process.submit(load, checkout).result())
        yield process


def load(checkout: Path) -> str:
    """Import a checkout's packages into this process and return where they come from."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the one that started it does
    prime_allocator()
    sys.path.insert(0, str(checkout))  # `tests` has been imported, from the working tree
    contestant = import_module("tests.benchmarks.by_chainrule")
    for root, names in ((ROOT, [contestant.__name__]), (checkout, ["autodiff", "nn", "optim"])):
        for name in names:
            file = sys.modules[name].__file__
            if file is None or not Path(file).resolve().is_relative_to(root):
                raise ImportError(f"{name} comes from {file}, not from {root}")
    gc.freeze()
    return str(sys.modules["autodiff"].__file__)


# -- what the processes are asked ------------------------------------------------------------


@cache
def prepare(name: str) -> partial[Call]:
    """Return the function that prepares a task's computation."""
    task = TASKS[name]
    contestant = import_module("tests.benchmarks.by_chainrule")
    return partial(getattr(contestant, task.function or name), *task.data)


def results(name: str) -> list[Any]:
    """Return the arrays that a task computes, called again and again."""
    call = prepare(name)()
    return [part for _ in range(5) for part in parts(call())]


def seconds_of(name: str, calls: int) -> float:
    """Return the seconds that a call takes, on average over a turn."""
    return turn(prepare(name), calls)


# -- the comparison --------------------------------------------------------------------------


def compare(
    task: Task, before: ProcessPoolExecutor, after: ProcessPoolExecutor, rounds: int
) -> Pair:
    """Return what a task takes in two processes that take turns."""
    expected, found = (p.submit(results, task.name).result() for p in (before, after))
    agree = all(
        a.shape == b.shape and np.allclose(a, b, task.rtol, task.rtol * np.max(abs(b)))
        for a, b in zip(found, expected, strict=True)
    )
    fastest = min(p.submit(seconds_of, task.name, 1).result() for p in 3 * [before, after])
    calls = max(1, round(SECONDS_PER_TURN / fastest))
    seconds = np.empty((rounds, 2))
    for i in range(rounds):
        pair = [(0, before), (1, after)]
        for j, process in pair if i % 2 == 0 else reversed(pair):
            seconds[i, j] = process.submit(seconds_of, task.name, calls).result()
    return Pair(seconds, agree)


def heading(ref: str, commit: str, rounds: int) -> str:
    """Return what is compared, and the names of the columns."""
    return (
        f"The working tree's time as multiples of the time of {ref} ({commit[:7]}):\n"
        f"median and quartiles over {rounds} rounds, and of the shortest times; {THREADS} threads\n"
        f"\n{'':15}{'before':>12}{'after':>12}{'median':>10}{'best':>8}{'quartiles':>16}"
    )


def row(name: str, pair: Pair) -> str:
    """Return a line of the table."""
    before, after = pair.seconds.T
    low, middle, high = np.quantile(after / before, (0.25, 0.5, 0.75))
    times = "".join(f"{1000 * median(seconds):9.3f} ms" for seconds in (before, after))
    ratios = f"{middle:10.3f}{after.min() / before.min():8.3f}{low:9.3f}–{high:.3f}"
    return f"{name:15}{times}{ratios}" + "   THE NUMBERS DIFFER" * (not pair.agree)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
