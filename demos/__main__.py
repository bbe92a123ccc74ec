"""Run the lessons, all or those that are named, and write their site."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path
from time import perf_counter

from demos.contents import HEADINGS, LESSONS, LONG

try:
    from demos.website.lessons import read_lesson, read_title
    from demos.website.pages import write_lesson, write_missing, write_pages
    from demos.website.pictures import style
    from demos.website.reference import finish_reference, start_reference
    from demos.website.running import run_lesson
except ImportError as error:
    raise SystemExit(
        f"the site needs {error.name}: pip install 'chainrule[demos]'"
    ) from None


def main() -> None:
    """Run what the command line asks for."""
    names, options = _arguments()
    if options.list:
        _list()
        return
    folder = Path("gallery")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        sys.exit(f"expected a folder gallery to write the site to: {error}")
    named = options.names if options.quick else LONG
    left_out = [name for name in LONG if name in names and name not in named]
    chosen = [name for name in names if name not in left_out]
    try:
        failed = _run_all(chosen, folder, whole=not options.names)
    except KeyboardInterrupt:
        print("stopped: the site has what was run before", file=sys.stderr)
        sys.exit(130)
    finally:
        index = write_pages(folder)
        print(f"\nThe site: {index}")
    if left_out:
        print(f"left out by --quick: {', '.join(left_out)}")
    if options.show:
        webbrowser.open(index.absolute().as_uri())
    if failed:
        sys.exit(f"not whole: {', '.join(failed)}")


def _arguments() -> tuple[list[str], argparse.Namespace]:
    known = [*HEADINGS, *LESSONS]
    parser = argparse.ArgumentParser(
        prog="python -m demos", description=__doc__
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"lessons or headings: {', '.join(known)}",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the lessons, and run none"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"without {', '.join(LONG)}, unless named",
    )
    parser.add_argument(
        "--show", action="store_true", help="open the site in a browser"
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(
            f"no lesson {', '.join(unknown)}: expected {', '.join(known)}"
        )
    names = [
        name
        for asked in options.names or LESSONS
        for name in (HEADINGS[asked].lessons if asked in HEADINGS else (asked,))
    ]
    return list(dict.fromkeys(names)), options


def _list() -> None:
    for heading in HEADINGS.values():
        print(heading.title)
        for name in heading.lessons:
            print(f"  {name:20} {read_title(name)}")


def _run_all(names: list[str], folder: Path, whole: bool) -> list[str]:
    """Run lessons, with the reference where it is asked for or not there."""
    there = (folder / "reference" / "index.html").exists()
    reference = start_reference(folder) if whole or not there else None
    try:
        failed = [name for name in names if not _run(name, folder)]
        if reference and (problem := finish_reference(reference, folder)):
            failed.append(f"the reference ({problem})")
    finally:
        if reference:
            reference.kill()
    return failed


def _run(name: str, folder: Path) -> bool:
    """Run a lesson and write its part of the site; return whether it worked."""
    print(f"\n── {read_title(name)}  ({name})\n")
    start = perf_counter()
    try:
        lesson = read_lesson(name)
        with style():
            outcomes, _ = run_lesson(lesson, folder)
        write_lesson(lesson, outcomes, folder)
        error = outcomes[-1].error
    except Exception as refused:  # the file itself, or a formula in it
        error = f"{type(refused).__name__}: {refused}"
        write_missing(name, error, folder)
    print(error or f"({perf_counter() - start:.1f} s)")
    return not error


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # as "| head" leaves it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
