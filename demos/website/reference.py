"""The reference of the four packages, which pdoc makes of their docstrings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = ("autodiff", "nn", "optim", "fit")
TEMPLATES = Path(__file__).parent / "templates"


def is_there(folder: Path) -> bool:
    """Return whether a site has a reference."""
    return (folder / "reference" / "index.html").exists()


@contextmanager
def making_reference(folder: Path) -> Iterator[Callable[[], str]]:
    """Begin to write a page for each package, with a search that needs no server.

    What this yields waits for the pages, puts them in their place, and returns what went wrong, if
    anything. Until then they are in a folder of this process, which nothing is left of.
    """
    # pdoc imports what it describes, and so has a process of its own. It warns of annotations that
    # only a type checker can evaluate, and shows them as they stand.
    options = ("-d", "numpy", "-t", str(TEMPLATES), "--no-show-source")
    command = [sys.executable, "-W", "ignore", "-m", "demos.website.describing", *options]
    with TemporaryDirectory(prefix="reference.", dir=folder) as own:
        pages = Path(own) / "new"
        with subprocess.Popen(
            [*command, "-o", str(pages), *PACKAGES], stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield lambda: _finish(process, pages, folder / "reference")
            finally:
                process.kill()


def _finish(process: subprocess.Popen[str], pages: Path, place: Path) -> str:
    """Wait for the pages, and put them in their place."""
    _, complaints = process.communicate()
    if process.returncode:
        return complaints.strip().splitlines()[-1]
    with suppress(FileNotFoundError):
        place.rename(pages.with_name("old"))
    pages.rename(place)
    return ""
