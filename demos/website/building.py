"""Building the site: lessons are run, and pages made of what there is."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

from demos.website.lessons import read_lesson, read_title
from demos.website.pages import write_lesson, write_missing, write_pages
from demos.website.pictures import style
from demos.website.reference import is_there, making_reference
from demos.website.running import run_lesson


def build(names: list[str], folder: Path, whole: bool) -> list[str]:
    """Run lessons and write the site; return what in it is not whole.

    The reference is made where the ``whole`` site is asked for, or it is not there. However it
    ends, there are pages of what was run.

    Raises
    ------
    OSError
        When the folder or the standard output cannot be written to.
    """
    try:
        with making_reference(folder) if whole or not is_there(folder) else nullcontext() as finish:
            failed = [name for name in names if not _run(name, folder)]
            if finish and (problem := finish()):
                failed.append(f"the reference ({problem})")
    finally:
        print(f"\nThe site: {write_pages(folder)}", flush=True)
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
        error = outcomes[-1].error if outcomes else ""
    except OSError:  # of the site's folder or the standard output
        raise
    except Exception as refused:  # the file itself, or a formula in it
        error = f"{type(refused).__name__}: {refused}"
        write_missing(name, error, folder)
    print(error or f"({perf_counter() - start:.1f} s)")
    return not error
