"""Lessons are run once, as the site does it, for all the tests that look at them."""

from __future__ import annotations

from typing import Any

import pytest


class Lessons:
    """Runs a lesson when it is first asked for, and keeps its names and what it printed."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.known: dict[str, tuple[str, dict[str, Any]]] = {}

    def __call__(self, name: str) -> dict[str, Any]:
        """Return the names that a lesson bound."""
        return self._run(name)[1]

    def printed(self, name: str) -> str:
        """Return what a lesson printed."""
        return self._run(name)[0]

    def _run(self, name: str) -> tuple[str, dict[str, Any]]:
        if name not in self.known:
            from demos.website.lessons import read_lesson
            from demos.website.pages import write_lesson
            from demos.website.pictures import style
            from demos.website.running import run_lesson

            lesson = read_lesson(name)
            with style():
                outcomes, names = run_lesson(lesson, self.folder)
                write_lesson(lesson, outcomes, self.folder)
            assert not outcomes[-1].error, outcomes[-1].error
            self.known[name] = "".join(outcome.printed for outcome in outcomes), names
        return self.known[name]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    """Return what runs lessons."""
    for package in ("matplotlib", "markdown_it", "mdit_py_plugins", "latex2mathml", "pygments"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    return Lessons(tmp_path_factory.mktemp("gallery"))
