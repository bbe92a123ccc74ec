"""A program that works in processes until it is interrupted."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import work_for_executors as work

import optim


def main() -> None:
    """Tell when workers are at work, and go on for far longer than anybody waits."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        workers: set[int] = set()
        while len(workers) < 2:
            workers |= {*optim.parallel_map(work.process, [0.1, 0.1], executor=executor).values}
        print("working", flush=True)
        optim.parallel_map(work.process, [0.2] * 10_000, executor=executor)


if __name__ == "__main__":
    main()
