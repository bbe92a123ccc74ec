"""Every example in the README runs as it stands."""

from __future__ import annotations

import doctest
import re
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import autodiff
import fit
import nn
import optim
from autodiff import elementwise
from demos.contents import LESSONS
from tests.differentiable import table

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
README = Path(__file__).parent.parent / "README.md"


def blocks(language: str, section: str = "") -> list[str]:
    """Return the blocks in a language: all, or those before a section."""
    text = README.read_text(encoding="utf-8")
    text = text[: text.index(f"## {section}")] if section else text
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_sessions_print_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where they write their files
    possible = "" if find_spec("distributed") else "Past one machine"  # which needs Dask
    sessions = blocks("pycon", possible)
    outputs = [re.sub(r"\n\n(?!>>> )", "\n<BLANKLINE>\n", block) for block in sessions]
    session = "\n".join(outputs)
    test = doctest.DocTestParser().get_doctest(session, {}, "README", str(README), 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0
    assert len(test.examples) >= 15
    (report,) = blocks("text")
    assert doctest.OutputChecker().check_output(report, test.globs["report"] + "\n", FLAGS)


def test_snippets_run() -> None:
    for code in blocks("python"):
        exec(code, {"np": np, "elementwise": elementwise})


def test_a_cluster_elsewhere_takes_the_lines_that_ran_here() -> None:
    (remote,) = blocks("py")
    lines = [line for line in remote.splitlines() if line and "Client(" not in line]
    sessions = "".join(blocks("pycon")).splitlines()
    assert len(lines) == 4
    assert {line[4:] for line in sessions}.issuperset(lines)


def test_the_table_of_what_is_differentiable_is_current() -> None:
    if np.__version__ != "2.4.6":
        pytest.skip("the table is that of NumPy 2.4.6: other versions have other functions")
    current = table() in README.read_text(encoding="utf-8")
    assert current, "write it anew: python -m tests.differentiable"


@pytest.mark.parametrize("package", [autodiff, fit, nn, optim])
def test_every_public_name_is_in_the_table_of_packages(package: ModuleType) -> None:
    (row,) = re.findall(
        rf"^\| `{package.__name__}` \|(.*)\|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = set(re.findall(r"`(\w+)`", row))
    assert told == set(package.__all__), "the README's table of packages lists all public names"


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_every_lesson_is_linked() -> None:
    linked = set(re.findall(r"\(demos/(\w+)\.py\)", README.read_text(encoding="utf-8")))
    assert linked == set(LESSONS)


def test_pictures_are_there() -> None:
    pictures = re.findall(r'<img src="([^"]+)"', README.read_text(encoding="utf-8"))
    assert pictures
    assert [path for path in pictures if not (README.parent / path).exists()] == []
