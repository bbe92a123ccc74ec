"""What a program is: lines of NumPy source which fill arrays, and a list of what is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from textwrap import indent
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Program:
    """Lines of source that fill arrays from arguments x0, x1, ... and read them."""

    arguments: tuple[np.ndarray, ...]
    lines: tuple[str, ...]

    @property
    def source(self) -> str:
        """The source of a function that returns the list of what was read."""
        names = ", ".join(f"x{i}" for i in range(len(self.arguments)))
        body = indent("\n".join(["read = []", *self.lines, "return read"]), "    ")
        return f"def f({names}):\n{body}\n"

    @cached_property
    def f(self) -> Callable[..., list[Any]]:
        """The function."""
        namespace: dict[str, Any] = {"np": np}
        exec(self.source, namespace)
        f: Callable[..., list[Any]] = namespace["f"]
        return f

    @property
    def rounds(self) -> bool:
        """Whether results may depend on the order of sums: all numbers are short fractions."""
        return any(word in self.source for word in ("sin", "exp"))

    def __str__(self) -> str:
        """Code to run."""
        arguments = "".join(f"    {literal(x)},\n" for x in self.arguments)
        return f"import numpy as np\n\n{self.source}\narguments = (\n{arguments})\n"


def literal(x: Any) -> str:
    """Return the source of an array."""
    x = np.asarray(x)
    if x.size:
        return f"np.array({x.tolist()!r})"
    return f"np.zeros({x.shape}, {x.dtype.name!r})"
