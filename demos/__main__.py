"""Run the lessons, all or those that are named, and gather their pictures in gallery/index.html."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from time import perf_counter

from demos._gallery import printed, write_index

LESSONS = [
    "taylor",
    "newton_raphson",
    "sandpit",
    "lagrange",
    "line",
    "heights",
    "peaks",
    "errors",
    "heart",
    "digits",
    "graph",
]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m demos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LESSONS))
    names = parser.parse_args().names or LESSONS
    unknown = [name for name in names if name not in LESSONS]
    if unknown:
        parser.error(f"no lesson {', '.join(unknown)}: expected {', '.join(LESSONS)}")
    gallery = Path("gallery")
    gallery.mkdir(exist_ok=True)
    for name in names:
        lesson = import_module(f"demos.{name}")
        print(f"\n{name}: {title(lesson.__doc__)}\n")
        start = perf_counter()
        with printed(gallery / f"{name}.txt"):
            lesson.run(gallery)
        print(f"\n({perf_counter() - start:.1f} s)")
    titles = {name: title(import_module(f"demos.{name}").__doc__) for name in LESSONS}
    print(f"\nThe pictures: {write_index(gallery, titles)}")


def title(docstring: str | None) -> str:
    """Return the first line of a lesson's docstring."""
    return (docstring or "").strip().splitlines()[0].rstrip(".")


if __name__ == "__main__":
    main()
