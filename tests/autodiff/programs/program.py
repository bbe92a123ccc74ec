"""What a program is: lines of NumPy source, the arguments to call it with, and what it returns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

import autodiff
from tests.autodiff.cases.indexing import with_entries
from tests.autodiff.programs.join_by_filling import join_by_filling
from tests.autodiff.programs.tail import case, operand

NAME = re.compile(r"\b[vx]\d+\b")
HEADER = """\
import numpy as np
from functools import partial
from autodiff import *
from tests.autodiff.cases.indexing import with_entries
from tests.autodiff.programs.join_by_filling import join_by_filling
from tests.autodiff.programs.tail import case, operand

nan = np.nan
number = np.{dtype}
array = partial(np.array, dtype=number)
"""


@dataclass(frozen=True)
class Line:
    """One assignment, and what is known of the op on its right."""

    name: str
    expression: str
    analytic: bool = True  # computes with complex numbers too, so that the complex step applies
    holomorphic: bool = True
    corner: bool = False  # it may have one, for which the rules choose a subgradient

    def __str__(self) -> str:
        return f"{self.name} = {self.expression}"


@dataclass(frozen=True)
class Program:
    """Lines of source that compute a result from some arguments."""

    seed: int
    arguments: tuple[np.ndarray, ...]
    lines: tuple[Line, ...]
    result: str
    smooth: bool = True  # not at a corner of any op, so that differences tell the derivative

    @cached_property
    def f(self) -> Callable[..., Any]:
        """The function, whose constants are float64."""
        return self.compiled(np.float64)

    def compiled(self, number: type[np.floating[Any]]) -> Callable[..., Any]:
        """Return the function, with constants of a type."""
        namespace = environment(number)
        used = [name for name in case if repr(name) in self.source]  # a plan looks at all there are
        namespace["case"] = {name: case[name] for name in used}
        namespace["operand"] = {name: operand[name] for name in used}
        exec(self.source, namespace)
        return namespace["f"]

    @cached_property
    def source(self) -> str:
        """The function's source."""
        names = ", ".join(f"x{i}" for i in range(len(self.arguments)))
        body = "".join(f"    {line}\n" for line in self.lines)
        return f"def f({names}):\n{body}    return {self.result}\n"

    @property
    def analytic(self) -> bool:
        """Whether the complex step applies."""
        return self.smooth and all(line.analytic for line in self.lines)

    @property
    def holomorphic(self) -> bool:
        """Whether it has a derivative by complex arguments."""
        return self.smooth and all(line.holomorphic for line in self.lines)

    def values(self) -> dict[str, Any]:
        """Return the value of every argument and line."""
        namespace = environment(np.float64)
        found: dict[str, Any] = {f"x{i}": x for i, x in enumerate(self.arguments)}
        with np.errstate(all="ignore"):
            for line in self.lines:
                found[line.name] = eval(line.expression, namespace, found)
        return found

    def __str__(self) -> str:
        """Code to run."""
        arguments = "".join(f"    {literal(x)},\n" for x in self.arguments)
        return f"{HEADER.format(dtype='float64')}\n{self.source}\narguments = (\n{arguments})\n"


def environment(number: type[np.floating[Any]]) -> dict[str, Any]:
    """Return the names that a program's source uses."""
    public = {name: getattr(autodiff, name) for name in autodiff.__all__}
    constants = {"number": number, "array": partial(np.array, dtype=number)}
    return {**public, **constants, "np": np, "case": case, "operand": operand} | {
        "nan": np.nan,
        "join_by_filling": join_by_filling,
        "with_entries": with_entries,
    }


def names_in(expression: str) -> set[str]:
    """Return the arguments and lines that an expression reads."""
    return set(NAME.findall(expression))


def literal(value: Any) -> str:
    """Return source for a constant: floats of the program's type, masks and indices as they are."""
    value = np.asarray(value)
    if value.dtype.kind == "f":
        return f"array({value.tolist()!r})" if value.ndim else f"number({float(value)!r})"
    return f"np.array({value.tolist()!r})" if value.ndim else repr(value.item())
