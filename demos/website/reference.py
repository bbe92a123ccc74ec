"""The reference of the four packages, which pdoc makes of their docstrings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = ("autodiff", "nn", "optim", "fit")
TEMPLATES = Path(__file__).parent / "templates"


def start_reference(folder: Path) -> subprocess.Popen[str]:
    """Begin to write a page for each package, with a search that needs no server.

    pdoc imports what it describes, and so has a process of its own.
    """
    # It warns of annotations that only a type checker can evaluate, and shows them as they stand.
    options = ("-d", "numpy", "-t", str(TEMPLATES), "--no-show-source")
    command = [sys.executable, "-W", "ignore", "-m", "pdoc", *options]
    return subprocess.Popen(
        [*command, "-o", str(folder / "reference"), *PACKAGES],
        stderr=subprocess.PIPE,
        text=True,
    )
