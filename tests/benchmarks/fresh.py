"""What only a fresh interpreter can tell: the memory of a long graph, and the time of an import."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

from tests.benchmarks.tasks import CONTESTANTS
from tests.benchmarks.timing import Result, compare

OPERATIONS = 10**6
IMPORT_ROUNDS = 15
# Where the interpreters keep compiled modules: an import is timed as it is from the second on.
CACHE = TemporaryDirectory()


def fresh(*arguments: str) -> Any:
    """Return what a new interpreter, called with these arguments, prints as JSON."""
    command = [sys.executable, "-X", f"pycache_prefix={CACHE.name}", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return json.loads(done.stdout)


# -- a long graph ----------------------------------------------------------------------------


def measure_million(contestants: Mapping[str, ModuleType]) -> list[Result]:
    """Return what a million operations on a number take, and freeing their graph."""
    recorders = [name for name, module in contestants.items() if hasattr(module, "million")]
    found = {name: fresh("-m", __name__, name) for name in recorders}
    for name, (_, derivative, _) in found.items():
        np.testing.assert_allclose(
            derivative, 0.999 ** (OPERATIONS // 2), 1e-9, err_msg=f"{name} is wrong"
        )
    results = compare({name: [seconds] for name, (seconds, _, _) in found.items()})
    return [replace(result, remark=found[result.contestant][2]) for result in results]


def million(contestant: str) -> tuple[float, float, str]:
    """Differentiate a million operations in this interpreter and free the graph."""
    call = import_module(f"tests.benchmarks.{contestant}").million(np.float64(1.5), OPERATIONS)
    before = sys.getallocatedblocks()
    start = perf_counter()
    derivative, graph = call()
    seconds = perf_counter() - start
    gc.disable()
    start = perf_counter()
    del graph
    freed = f"freed in {perf_counter() - start:.2f} s"
    left = sys.getallocatedblocks() - before
    if left > OPERATIONS / 100:
        freed = f"{left} objects never freed"
    return seconds, derivative, f"{peak_memory():.0f} MB ({freed})"


def peak_memory() -> float:
    """Return the most memory that this process has held, in MB."""
    # Not by getrusage, which on Linux begins with what the parent held.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


# -- an import -------------------------------------------------------------------------------


def measure_import(contestants: Mapping[str, ModuleType]) -> list[Result]:
    """Return what it takes to import each library, NumPy included, and how much more than NumPy."""
    times: dict[str, list[float]] = {name: [] for name in contestants if name != "by_plan"}
    for _ in range(1 + IMPORT_ROUNDS):
        for name, own in times.items():
            timed = f"start = now(); import {CONTESTANTS[name][1]}; print(now() - start)"
            own.append(fresh("-c", f"from time import perf_counter as now; {timed}"))
    times = {name: own[1:] for name, own in times.items()}  # the first compiles
    first = times["by_hand"]
    results = compare(times)
    for i, (name, own) in enumerate(times.items()):
        more = median(t - unit for t, unit in zip(own, first, strict=True))
        at_best = min(own) - min(first)
        remark = f"NumPy + {1000 * more:.1f} ms (at best {1000 * at_best:.1f} ms)"
        results[i] = replace(results[i], remark=remark if name != "by_hand" else "")
    return results


if __name__ == "__main__":
    print(json.dumps(million(sys.argv[1])))
