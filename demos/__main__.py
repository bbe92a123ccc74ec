"""Run the lessons, all or those that are named, and write their site."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path
from time import perf_counter

from demos.contents import HEADINGS, LESSONS, LONG

try:
    from demos.website.lessons import read_lesson
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
    folder = Path("gallery")
    folder.mkdir(exist_ok=True)
    reference = start_reference(folder) if not options.names else None
    left_out = LONG if options.quick else ()
    failed = [
        name
        for name in names
        if name not in left_out and not _run(name, folder)
    ]
    for name in left_out:
        write_missing(
            name,
            f"Left out by --quick: python -m demos {name} runs it.",
            folder,
        )
    if reference and (problem := finish_reference(reference, folder)):
        failed.append(f"the reference ({problem})")
    index = write_pages(folder)
    print(f"\nThe site: {index}")
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
        "--quick", action="store_true", help=f"without {', '.join(LONG)}"
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
    if options.list:
        for heading in HEADINGS.values():
            print(heading.title)
            for name in heading.lessons:
                print(f"  {name:20} {read_lesson(name).title}")
        sys.exit()
    names = [
        name
        for asked in options.names or LESSONS
        for name in (HEADINGS[asked].lessons if asked in HEADINGS else (asked,))
    ]
    return list(dict.fromkeys(names)), options


def _run(name: str, folder: Path) -> bool:
    """Run a lesson and write its part of the site; return whether it worked."""
    lesson = read_lesson(name)
    print(f"\n── {lesson.title}  ({name})\n")
    start = perf_counter()
    with style():
        outcomes, _ = run_lesson(lesson)
        write_lesson(lesson, outcomes, folder)
    error = outcomes[-1].error
    print(error or f"({perf_counter() - start:.1f} s)")
    return not error


if __name__ == "__main__":
    main()
