"""Time the tasks, or those that are named, and print a table."""

from __future__ import annotations

import argparse
import platform
import re
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from tests.benchmarks import THREADS, objectives
from tests.benchmarks.fresh import measure_import, measure_million
from tests.benchmarks.tasks import CONTESTANTS, Task, all_tasks
from tests.benchmarks.timing import ROUNDS, Result, duration, measure

OURS = ("numpy", "autodiff")
FRESH = {"million": measure_million, "import": measure_import}
TABLES = {"objectives": objectives.main}  # which are printed after that of the tasks


def main() -> None:
    """Run what the command line asks for."""
    tasks = {task.name: task for task in all_tasks()}
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    known = [*tasks, *TABLES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--markdown", action="store_true", help="end with a table for the README")
    arguments = parser.parse_args()
    names = arguments.names or known
    unknown = set(names).difference(known)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}: expected {', '.join(known)}")

    modules = {
        name: import_module(f"tests.benchmarks.{name}")
        for name, (_, library) in CONTESTANTS.items()
        if find_spec(library)
    }
    print(conditions(modules))
    table = {}
    for name in (name for name in names if name in tasks):
        table[tasks[name]] = results = results_of(tasks[name], modules)
        print(section(tasks[name], results), flush=True)
    if arguments.markdown and table:
        print("\n" + markdown(table, list(modules)))
    for name in (name for name in names if name in TABLES):
        TABLES[name](arguments.markdown)


def results_of(task: Task, modules: dict[str, ModuleType]) -> list[Result]:
    """Return what each contestant took for a task."""
    if task.name in FRESH:
        return FRESH[task.name](modules)
    function = task.function or task.name
    calls = {name: partial(getattr(m, function), *task.data) for name, m in modules.items()}
    return measure(calls, task.rtol)


# -- what is printed -------------------------------------------------------------------------


def conditions(modules: dict[str, ModuleType]) -> str:
    """Return what the measurements depend on beside the code, and how to read them."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    libraries = [CONTESTANTS[name] for name in modules]
    peers = [(name, library) for name, library in libraries if library not in OURS]
    versions = [f"{name} {version(library)}" for name, library in peers]
    software = [f"Python {platform.python_version()}", f"NumPy {version('numpy')}", *versions]
    return (
        f"{model[1] if model else platform.machine()}, {THREADS} threads\n{', '.join(software)}\n"
        f"Ratios to hand-written NumPy: the median over {ROUNDS} rounds, and of the shortest times."
    )


def section(task: Task, results: list[Result]) -> str:
    """Return the lines of one task."""
    lines = [f"\n{task.name}: {task.title}", f"{'':20}{'median':>10}{'best':>10}{'time':>12}"]
    for r in results:
        note = r.remark
        target = {"by_chainrule": task.target, "by_plan": task.planned}.get(r.contestant)
        if target:
            note = f"≤ {target:g}" + ", missed" * (r.ratio > target)
        name = CONTESTANTS[r.contestant][0]
        lines.append(f"{name:20}{r.ratio:10.2f}{r.best:10.2f}{duration(r.seconds):>12}   {note}")
    return "\n".join(line.rstrip() for line in lines)


def markdown(table: dict[Task, list[Result]], contestants: list[str]) -> str:
    """Return one row for each task: the time by hand, and the ratios of the others to it."""
    names = [CONTESTANTS[contestant][0] for contestant in contestants]
    lines = [["task", *names], ["---", *("--:" for _ in names)]]
    for task, results in table.items():
        cells = {r.contestant: cell(task, r) for r in results}
        lines.append([task.title, *(cells.get(contestant, "") for contestant in contestants)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(task: Task, result: Result) -> str:
    """Return what the table says of a contestant."""
    if result.contestant == "by_hand":
        return duration(result.seconds)
    if task.name in FRESH:
        return f"{duration(result.seconds)}, {result.remark}".split(" (")[0]
    return f"{result.ratio:.2f}"


if __name__ == "__main__":
    main()
