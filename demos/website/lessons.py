"""Lessons as files: cells of Markdown and of code, in the percent format that notebooks open.

A cell begins at a line ``# %%``; one of Markdown, at ``# %% [markdown]``, is a text in triple
quotes. The first is the module's docstring, and its first line the title.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[1]
_MARKER = re.compile(r"^# %%(?P<prose> \[markdown\])?.*$")
_TITLE = re.compile(r'^r?"""\n?# (.+)$', re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A stretch of a lesson: Markdown, or code with the statements that it consists of."""

    kind: Literal["prose", "code"]
    source: str
    statements: tuple[ast.stmt, ...] = ()  # with the lines that they have in the file


@dataclass(frozen=True)
class Lesson:
    """One exercise: a file that is read, run and opened as a notebook."""

    name: str
    path: Path
    title: str
    cells: tuple[Cell, ...]

    def imported(self) -> dict[str, list[str]]:
        """Return which public names of which package the code uses, in order of appearance."""
        return _names_used(self.cells)


def read_title(name: str) -> str:
    """Return a lesson's title, even of one whose code cannot be read; without one, its name."""
    try:
        found = _TITLE.search((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    except (OSError, UnicodeError):
        return name
    return found[1] if found else name


def read_lesson(name: str) -> Lesson:
    """Return a lesson of this package by its name.

    Raises
    ------
    ValueError
        When there is no such file, or it does not begin with a cell of Markdown.
    SyntaxError
        When its code cannot be read.
    """
    path = FOLDER / f"{name}.py"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"expected a file that can be read, got {error.strerror}"
        raise ValueError(f"{path.name}: {reason}") from None
    statements = ast.parse(text, filename=str(path)).body
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines, 1) if _MARKER.match(line)]
    if not starts or statements[0].lineno < starts[0]:
        first = lines[0] if lines else ""
        raise ValueError(f"{path.name}: expected a first line '# %% [markdown]', got {first!r}")
    cells = []
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        inside = tuple(each for each in statements if start < each.lineno < end)
        source = "\n".join(lines[start : end - 1]).strip("\n")
        cells.append(_cell(lines[start - 1], source, inside))
    _, _, rest = cells[0].source.partition("\n")
    return Lesson(name, path, read_title(name), (Cell("prose", rest.strip()), *cells[1:]))


def _cell(marker: str, source: str, statements: tuple[ast.stmt, ...]) -> Cell:
    if "[markdown]" not in marker:
        return Cell("code", source, statements)
    text = ast.literal_eval(statements[0].value)  # type: ignore[attr-defined]
    return Cell("prose", text.strip())


def as_notebook(lesson: Lesson) -> dict[str, Any]:
    """Return a lesson in the format that Jupyter opens and saves, without outputs."""
    first, *others = lesson.cells
    cells: list[dict[str, Any]] = []
    for cell in (Cell("prose", f"# {lesson.title}\n\n{first.source}"), *others):
        known = {"metadata": {}, "source": cell.source}
        if cell.kind == "prose":
            cells.append({"cell_type": "markdown", **known})
        else:
            cells.append({"cell_type": "code", "execution_count": None, "outputs": [], **known})
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": python, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


def _names_used(cells: tuple[Cell, ...]) -> dict[str, list[str]]:
    packages = {name: [] for name in ("autodiff", "nn", "optim", "fit")}
    for statement in (each for cell in cells for each in cell.statements):
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and node.module in packages:
                found = [(node.module, alias.name) for alias in node.names]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found = [(node.value.id, node.attr)]
            else:
                continue
            for package, name in found:
                if package in packages and name not in packages[package]:
                    packages[package].append(name)
    return {package: names for package, names in packages.items() if names}
