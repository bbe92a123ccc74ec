"""Where the program stands: the line outside of this package that is being computed."""

from __future__ import annotations

import copy
import dataclasses
import linecache
import sys
from pathlib import Path

import numpy as np

HERE = str(Path(__file__).parents[1])
PACKAGES = tuple(str(Path(HERE).parent / name) for name in ("autodiff", "nn", "optim", "fit"))
_NUMPY = str(Path(np.__file__).parent)
_ON_BEHALF = ("<frozen abc>", dataclasses.__file__, copy.__file__)


def calling_place() -> tuple[str, int]:
    """Return the file and the number of the innermost line outside of this package."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def line_at(file: str, number: int) -> str:
    """Return, for an error's message, where a line stands, and what it says."""
    return f"\n  at {file}:{number}: {linecache.getline(file, number).strip()}"


def calling_line() -> str:
    """Return where the innermost line outside of this package stands, and what it says."""
    return line_at(*calling_place())


def asked_outside(*on_behalf: str) -> bool:
    """Whether the program, and none of these packages, calls the function that asks this.

    Python's library, and files in further folders, call on behalf of others; NumPy for itself, but
    for np.isscalar.
    """
    frame = sys._getframe(2)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if file.startswith(_NUMPY) and frame.f_code.co_name != "isscalar":
            return False
        if not file.startswith((_NUMPY, *_ON_BEHALF, *on_behalf)):
            break
        frame = frame.f_back
    return not frame.f_code.co_filename.startswith(PACKAGES)
