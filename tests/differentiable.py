"""Write the README's table of what is differentiable, from the table of operations itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.testing import overrides
from scipy import special

from autodiff._core.ndarray import operations

README = Path(__file__).parent.parent / "README.md"
TABLE = re.compile(r"^\| \| \| \|\n(\|.*\n)+", re.MULTILINE)
CONSTANTS = "autodiff.rules._constants"


def names(functions: set[Callable[..., Any]]) -> str:
    return ", ".join(f"`{name}`" for name in sorted({f.__name__ for f in functions}))


def table() -> str:
    """Return the table in Markdown."""
    import_module("autodiff.rules._special")
    ufuncs = overrides.get_overridable_numpy_ufuncs()
    functions = overrides.get_overridable_numpy_array_functions()
    known = {f: operation for f, operation in operations.items() if f in ufuncs | functions}
    constants = {f for f, operation in known.items() if operation.__module__ == CONSTANTS}
    derived = set(known) - constants
    in_linalg = {f for f in derived if getattr(f, "__module__", "") == "numpy.linalg"}
    in_fft = {f for f in derived if getattr(f, "__module__", "") == "numpy.fft"}
    scipy = {f for f in operations if f in vars(special).values()} - ufuncs - functions
    scipy |= {special.lambertw, special.zeta}  # Python's, around ufuncs that have no public name
    rows = [
        ("NumPy's ufuncs", derived & ufuncs),
        ("other NumPy functions", derived - ufuncs - in_linalg - in_fft),
        ("`numpy.linalg`", in_linalg),
        ("`numpy.fft`", in_fft),
        ("`scipy.special`", scipy),
        ("constants: masks, indices, steps, facts", constants),
    ]
    lines = ["| | | |", "| --- | --: | --- |"]
    lines += [f"| {title} | {len(group)} | {names(group)} |" for title, group in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    readme = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda _: table() + "\n", readme), encoding="utf-8")
