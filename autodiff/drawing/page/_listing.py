"""The source beside a graph: the functions whose lines computed it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Listing:
    """A function, or a statement outside of any: its name, its file, and its lines.

    Attributes
    ----------
    title : str
    file : str
    first : int
        The number of the first line.
    lines : tuple of str
    """

    title: str
    file: str
    first: int
    lines: tuple[str, ...]


def listings(places: Iterable[tuple[str, int]]) -> list[Listing]:
    """Return the innermost functions around some places, each once, in the order of the places."""
    known = [place for place in dict.fromkeys(places) if linecache.getline(*place)]
    blocks = {file: _blocks(file) for file, _ in known}
    return list(dict.fromkeys(_around(*place, blocks[place[0]]) for place in known))


def _blocks(file: str) -> list[Any]:
    """Return the statements and the lambdas of a file."""
    try:
        parts = ast.walk(ast.parse("".join(linecache.getlines(file))))
    except SyntaxError:  # as of a notebook's cell with a magic command
        return []
    return [part for part in parts if isinstance(part, ast.stmt | ast.Lambda)]


def _around(file: str, number: int, blocks: list[Any]) -> Listing:
    around = [block for block in blocks if _first(block) <= number <= block.end_lineno]
    functions = [block for block in around if isinstance(block, FUNCTIONS)]
    inner = max(functions or around, key=_first, default=None)
    first, end = (number, number) if inner is None else (_first(inner), inner.end_lineno)
    lines = [line.rstrip() for line in linecache.getlines(file)[first - 1 : end]]
    margin = min(len(line) - len(line.lstrip()) for line in lines if line)
    return Listing(getattr(inner, "name", ""), file, first, tuple(line[margin:] for line in lines))


def _first(block: Any) -> int:
    """Return a block's first line, which may be a decorator's."""
    starts: list[int] = [part.lineno for part in (block, *getattr(block, "decorator_list", []))]
    return min(starts)
