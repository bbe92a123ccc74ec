"""The source beside a graph: the functions whose lines computed it."""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodiff._core.place import PACKAGES

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Listing:
    """A function, or a statement outside of any: its name, its file, and its lines.

    Attributes
    ----------
    title : str
        The function's name, behind that of its class if it is a method.
    file : str
    first : int
        The number of the first line.
    lines : tuple of str
    """

    title: str
    file: str
    first: int
    lines: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        """Whether the function is this library's, not the reader's."""
        return any(Path(self.file).is_relative_to(package) for package in PACKAGES)


def listings(places: Iterable[tuple[str, int]]) -> list[Listing]:
    """Return the innermost functions around some places, each once.

    They are in the order of the places, but the library's behind the reader's.
    """
    lines = {place: linecache.getline(*place) for place in places}
    known = [place for place, line in lines.items() if line.strip()]  # blank: edited since
    blocks = {file: _blocks(file) for file, _ in known}
    found = dict.fromkeys(_around(*place, blocks[place[0]]) for place in known)
    return sorted(found, key=lambda listing: listing.is_ours)


def _blocks(file: str) -> list[Any]:
    """Return the statements and the lambdas of a file."""
    try:
        with warnings.catch_warnings():  # that Python gave when it compiled the file
            warnings.simplefilter("ignore")
            parts = ast.walk(ast.parse("".join(linecache.getlines(file))))
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # as of a magic command
        return []
    return [part for part in parts if isinstance(part, ast.stmt | ast.Lambda)]


def _around(file: str, number: int, blocks: list[Any]) -> Listing:
    around = [block for block in blocks if _first(block) <= number <= block.end_lineno]
    functions = [block for block in around if isinstance(block, FUNCTIONS)]
    inner = max(functions or around, key=_first, default=None)
    first, end = (number, number) if inner is None else (_first(inner), inner.end_lineno)
    lines = [line.rstrip() for line in linecache.getlines(file)[first - 1 : end]]
    margin = min(len(line) - len(line.lstrip()) for line in lines if line)
    return Listing(_title(inner, around), file, first, tuple(line[margin:] for line in lines))


def _title(block: Any, around: list[Any]) -> str:
    """Return a function's name behind those of the classes that it is a method of."""
    if not isinstance(block, FUNCTIONS) or isinstance(block, ast.Lambda):
        return ""
    outer = [other for other in around if other is not block and _first(other) < _first(block)]
    functions = [_first(other) for other in outer if isinstance(other, FUNCTIONS)]
    classes = [other for other in outer if isinstance(other, ast.ClassDef)]
    within = [other.name for other in classes if _first(other) > max(functions, default=0)]
    return ".".join([*within, block.name])


def _first(block: Any) -> int:
    """Return a block's first line, which may be a decorator's."""
    starts: list[int] = [part.lineno for part in (block, *getattr(block, "decorator_list", []))]
    return min(starts)
