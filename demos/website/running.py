"""Running a lesson as a notebook does: cell by cell, keeping what each prints and shows."""

from __future__ import annotations

import ast
import io
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from demos.website.lessons import Cell, Lesson
from demos.website.pictures import SHOWN_BY, pictures


@dataclass
class Outcome:
    """What running one cell of code came to."""

    cell: Cell
    printed: str = ""
    pictures: str = ""  # HTML
    error: str = ""


class _Both(io.StringIO):
    """Text that is kept and passed on, with the error where it could not be passed on."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self.other = other
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        try:
            self.other.write(text)
        except OSError as error:
            self.error = error
            raise
        return super().write(text)

    def flush(self) -> None:
        self.other.flush()


def run_lesson(lesson: Lesson, folder: Path) -> tuple[list[Outcome], dict[str, Any]]:
    """Run the cells of code up to the first that fails, and return the names that they bound.

    What a cell shows is drawn into the folder when the cell has run, as a later one may change it.

    Raises
    ------
    OSError
        When the standard output cannot be written to.
    """
    module = ModuleType(f"demos.{lesson.name}")
    module.__file__ = str(lesson.path)
    outcomes = []
    sys.modules[module.__name__] = module  # where dataclasses look
    for number, cell in enumerate(lesson.cells):
        if cell.kind == "code":
            outcomes.append(_run_cell(cell, number, lesson, module.__dict__, folder))
            if outcomes[-1].error:
                break
    return outcomes, module.__dict__


def _run_cell(
    cell: Cell, number: int, lesson: Lesson, names: dict[str, Any], folder: Path
) -> Outcome:
    outcome = Outcome(cell)
    with redirect_stdout(_Both(sys.stdout)) as written, _figures() as figures:
        try:
            value = _value_of_last(cell, str(lesson.path), names)
            shown = figures()
            if any(hasattr(value, method) for method in SHOWN_BY):
                # neither twice, nor the figure in which an animation moves beside it
                shown = [each for each in shown if each not in (value, _moved_by(value))]
                shown.append(value)
            elif value is not None:
                print(repr(value))
            outcome.pictures = pictures(shown, cell.source, folder, f"{lesson.name}_{number}")
        except (Exception, SystemExit) as error:
            if written.error:  # the standard output's, not the lesson's
                raise written.error from None
            outcome.error = _reason(error, lesson)
    outcome.printed = written.getvalue()
    return outcome


def _moved_by(value: Any) -> Any:
    return getattr(value, "_fig", None)  # an animation has no public name for its figure


def _value_of_last(cell: Cell, filename: str, names: dict[str, Any]) -> Any:
    """Execute statements; what stands alone on the last line is shown, as in a notebook."""
    *statements, last = cell.statements
    if not isinstance(last, ast.Expr):
        statements, last = [*statements, last], None
    exec(compile(ast.Module(statements, []), filename, "exec"), names)
    return last and eval(compile(ast.Expression(last.value), filename, "eval"), names)


@contextmanager
def _figures() -> Iterator[Callable[[], list[Any]]]:
    """Yield what returns the figures made inside, none of which is shown in a window."""
    try:
        import matplotlib

        if "matplotlib.pyplot" not in sys.modules:
            matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except Exception:  # missing or broken: the lessons that draw say so
        yield list
        return
    with patch.object(plt, "show", lambda *args, **keywords: None):
        try:
            yield lambda: [plt.figure(number) for number in plt.get_fignums()]
        finally:
            plt.close("all")


def _reason(error: BaseException, lesson: Lesson) -> str:
    """Return what went wrong, in one line, with the lesson's line where it did."""
    if isinstance(error, ModuleNotFoundError):
        return f"it needs {error.name}: pip install 'chainrule[demos]'"
    if isinstance(error, ImportError | SystemExit):
        return str(error) or type(error).__name__
    places = traceback.extract_tb(error.__traceback__)
    lines = [place.lineno for place in places if place.filename == str(lesson.path)]
    where = f" in line {lines[-1]} of {lesson.path.name}" if lines else ""
    return f"{type(error).__name__}{where}: {error}"
