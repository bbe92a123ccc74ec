"""The reference of the four packages, which pdoc makes of their docstrings."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from demos.website.files import write

PACKAGES = ("autodiff", "nn", "optim", "fit")
TEMPLATES = Path(__file__).parent / "templates"

# In signatures pdoc spells out what an array type stands for. Those that are unions get a name,
_PROGRAM = """
import runpy, numpy.typing as types
for name in ("ArrayLike", "DTypeLike"):
    setattr(types, name, type(name, (), {"__module__": "numpy.typing"}))
runpy.run_module("pdoc", run_name="__main__")
"""
# and ndarray[tuple[Any, ...], dtype[Any]] is shortened.
_MODULE = re.compile(r'<span class="n">(?:typing|numpy)</span><span class="o">\.</span>')
_ENTRIES = re.compile(
    r'(?<=<span class="n">ndarray</span>)<span class="p">\[</span><span class="nb">tuple</span>'
    r'<span class="p">\[</span><span class="n">Any</span><span class="p">,</span> '
    r'<span class="o">\.\.\.</span><span class="p">\],</span> <span class="n">dtype</span>'
    r'<span class="p">\[</span><span class="n">\w+</span><span class="p">\]\]'
)
# A search shows names with what their docstrings say; its signatures would have the types in full.
_SIGNATURE = re.compile(r'"signature": ?"(?:[^"\\]|\\.)*"')


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
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM, *options]
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
    """Wait for the pages and shorten what they show, then put them in their place."""
    _, complaints = process.communicate()
    if process.returncode:
        return complaints.strip().splitlines()[-1]
    for package in PACKAGES:
        path = pages / f"{package}.html"
        short = _MODULE.sub("", path.read_text(encoding="utf-8"))
        write(path, _ENTRIES.sub('<span class="p">', short))
    search = pages / "search.js"
    write(search, _SIGNATURE.sub('"signature": ""', search.read_text(encoding="utf-8")))
    with suppress(FileNotFoundError):
        place.rename(pages.with_name("old"))
    pages.rename(place)
    return ""
