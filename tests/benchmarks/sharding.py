"""From which sizes on two processes train faster than one: ``python -m tests.benchmarks.sharding``.

Classifiers are trained by Adam in float32: with whole batches by one process, of one or of two BLAS
threads, and with two shards by two more processes of one thread each. A number is the time of a
step in the best epoch; the last column says how many times as fast two processes are as the faster
of the others. Where other programs run as well, it says little. Networks are picked by number:
``python -m tests.benchmarks.sharding 1`` takes the second.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np

import nn
import optim

NETWORKS = ([64, 64, 10], [64, 256, 256, 10], [784, 1024, 1024, 10])
BATCHES = (64, 256, 1024, 4096)
STEPS = 4  # of an epoch
EPOCHS = 12
ROUNDS = 3

_pools: list[Executor] = []  # of the process that trains by shards


def seconds_of_a_step(sizes: list[int], batch_size: int, shards: int) -> float:
    """Return the time of a step in the best epoch of a training."""
    if shards > 1 and not _pools:
        _pools.append(ProcessPoolExecutor(shards, multiprocessing.get_context("spawn")))
    rng = np.random.default_rng(0)
    rows = STEPS * batch_size
    data = rng.normal(size=(rows, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], rows)
    model = nn.MLP(sizes, seed=0, dtype=np.float32)
    times: list[float] = []
    nn.train(
        model,
        nn.cross_entropy,
        data,
        epochs=EPOCHS,
        optimizer=optim.Adam(model.parameters()),
        batch_size=batch_size,
        callbacks=[lambda history: times.append(perf_counter())],
        seed=0,
        progress=False,
        shards=shards,
        executor=_pools[0] if _pools else None,
    )
    return min(after - before for before, after in pairwise(times)) / STEPS


def process_of(threads: int) -> ProcessPoolExecutor:
    """Return a process whose BLAS has so many threads, as have those that it starts."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)  # which it reads when it imports NumPy
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    pool.submit(os.getpid).result()
    return pool


def main() -> None:
    """Print the table; contestants take turns."""
    with ExitStack() as stack:
        one, two, parent = (stack.enter_context(process_of(n)) for n in (1, 2, 1))
        contestants: dict[str, tuple[Executor, int]] = {
            "1 thread": (one, 1),
            "2 threads": (two, 1),
            "2 processes": (parent, 2),
        }
        print("ms a step" + " " * 33 + "".join(f"{name:>13}" for name in contestants), end="")
        print(f"{'as fast':>10}")
        for sizes in [NETWORKS[int(i)] for i in sys.argv[1:]] or NETWORKS:
            for batch_size in BATCHES:
                best = dict.fromkeys(contestants, float("inf"))
                for _ in range(ROUNDS):
                    for name, (process, shards) in contestants.items():
                        call: Callable[[], float] = partial(
                            seconds_of_a_step, sizes, batch_size, shards
                        )
                        best[name] = min(best[name], process.submit(call).result())
                network = "-".join(map(str, sizes))
                print(f"{network:24}batches of {batch_size:<7}", end="")
                print("".join(f"{1e3 * t:13.2f}" for t in best.values()), end="")
                print(f"{min([*best.values()][:2]) / best['2 processes']:10.2f}", flush=True)


if __name__ == "__main__":
    main()
