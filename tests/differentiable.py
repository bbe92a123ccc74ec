"""Write the README's table of what is differentiable, from the table of operations itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import overrides
from scipy import special

from autodiff._core.fillable import on_fillable
from autodiff._core.ndarray import operations

README = Path(__file__).parent.parent / "README.md"
TABLE = re.compile(r"^\| \| \| \|\n(\|.*\n)+", re.MULTILINE)
CONSTANTS = "autodiff.rules._constants"
CREATING = "autodiff.rules._creating"
WRITING = "autodiff.rules._writing"


def names(functions: set[Callable[..., Any]]) -> str:
    return ", ".join(f"`{name}`" for name in sorted({f.__name__ for f in functions}))


def table() -> str:
    """Return the table in Markdown."""
    import_module("autodiff.rules._special")
    ufuncs = overrides.get_overridable_numpy_ufuncs()
    functions = overrides.get_overridable_numpy_array_functions()
    known = {f: operation for f, operation in operations.items() if f in ufuncs | functions}
    constants = {f for f, operation in known.items() if operation.__module__ == CONSTANTS}
    creating = {f for f, operation in known.items() if operation.__module__ == CREATING}
    methods = {np.ufunc, np.ufunc.at}
    writing = {f for f, writer in on_fillable.items() if writer.__module__ == WRITING} - methods
    writing = {f for f in writing if on_fillable[f].__name__ != "view"} - set(known)
    derived = set(known) - constants - creating
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
        ("arrays that can be filled, made with `like=x` or of a Tensor", creating),
        ("what writes into them, besides `a[key] = v`, `out=a` and `ufunc.at`", writing),
        ("constants: masks, indices, steps, facts", constants),
    ]
    lines = ["| | | |", "| --- | --: | --- |"]
    lines += [f"| {title} | {len(group)} | {names(group)} |" for title, group in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    readme = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda _: table() + "\n", readme), encoding="utf-8")
