"""A program for mpiexec: it prints what MPI's executor gives for all kinds of work."""

from __future__ import annotations

import work_for_executors as work
from mpi4py.futures import MPIPoolExecutor

import optim


def main() -> None:
    """Print the results, or what is wrong."""
    with MPIPoolExecutor(max_workers=2) as executor:
        found = work.everything(executor)
        try:
            optim.parallel_map(lambda n: n, [1], executor=executor)
        except TypeError:
            print(found)


if __name__ == "__main__":
    main()
