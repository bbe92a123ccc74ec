"""A cell that fails while it draws leaves its reason, not a complaint about its pictures."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = """\
import matplotlib.pyplot as plt

# Picture: a line.
plt.plot([0, 1])
plt.show()

# Picture: another line, in a figure that is never made.
plt.figure(figsize=1 / 0)
"""


def test_a_cell_that_fails_between_its_pictures_says_why(tmp_path: Path) -> None:
    for package in ("matplotlib", "markdown_it", "mdit_py_plugins", "latex2mathml", "pygments"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    from demos.website.lessons import Cell, Lesson
    from demos.website.pages import write_lesson
    from demos.website.running import run_lesson

    cell = Cell("code", SOURCE, tuple(ast.parse(SOURCE).body))
    lesson = Lesson("broken", tmp_path / "broken.py", "Broken", (Cell("prose", ""), cell))
    lesson.path.write_text(SOURCE, encoding="utf-8")
    outcomes, _ = run_lesson(lesson, tmp_path)
    write_lesson(lesson, outcomes, tmp_path)
    page = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html"))
    assert "The lesson ends here: ZeroDivisionError in line 8 of broken.py" in page
