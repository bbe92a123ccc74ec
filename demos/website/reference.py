"""The reference of the four packages, which pdoc makes of their docstrings."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("autodiff", "nn", "optim", "fit")
UNFINISHED = "reference.unfinished"  # where pages are until they are whole
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


def start_reference(folder: Path) -> subprocess.Popen[str]:
    """Begin to write a page for each package, with a search that needs no server.

    pdoc imports what it describes, and so has a process of its own.
    """
    # It warns of annotations that only a type checker can evaluate, and shows them as they stand.
    options = ("-d", "numpy", "-t", str(TEMPLATES), "--no-show-source")
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM, *options]
    return subprocess.Popen(
        [*command, "-o", str(folder / UNFINISHED), *PACKAGES],
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_reference(process: subprocess.Popen[str], folder: Path) -> str:
    """Wait for the pages, shorten what they show, and return what went wrong, if anything."""
    _, complaints = process.communicate()
    if process.returncode:
        return complaints.strip().splitlines()[-1]
    for package in PACKAGES:
        path = folder / UNFINISHED / f"{package}.html"
        short = _MODULE.sub("", path.read_text(encoding="utf-8"))
        path.write_text(_ENTRIES.sub('<span class="p">', short), encoding="utf-8")
    search = folder / UNFINISHED / "search.js"
    without = _SIGNATURE.sub('"signature": ""', search.read_text(encoding="utf-8"))
    search.write_text(without, encoding="utf-8")
    shutil.rmtree(folder / "reference", ignore_errors=True)
    (folder / UNFINISHED).rename(folder / "reference")
    return ""
