"""The command ``python -m demos`` runs what it is asked for, whatever one of the lessons does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

for package in ("matplotlib", "markdown_it", "mdit_py_plugins", "latex2mathml", "pygments"):
    pytest.importorskip(package, reason=f"{package} is not installed")

# ruff: noqa: E402
from demos.contents import HEADINGS, LESSONS, LONG
from demos.website.lessons import read_lesson

ROOT = Path(__file__).parents[2]


def demos(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demos", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PYTHONPATH": f"{cwd}:{ROOT}", "PATH": ""},
    )


def test_every_lesson_is_under_a_heading() -> None:
    files = {path.stem for path in (ROOT / "demos").glob("[!_]*.py")} - {"contents"}
    assert files == set(LESSONS)
    assert len(LESSONS) == len(set(LESSONS))
    assert set(LONG) < files


def test_lessons_are_listed() -> None:
    listed = demos("--list", cwd=ROOT).stdout
    for heading in HEADINGS.values():
        assert heading.title in listed
    for name in LESSONS:
        assert re.search(rf"^  {name} +{re.escape(read_lesson(name).title)}$", listed, re.MULTILINE)


def test_an_unknown_lesson_is_refused() -> None:
    ended = demos("no_such", cwd=ROOT)
    assert ended.returncode == 2
    assert "no lesson no_such: expected multivariate_calculus" in ended.stderr


def test_a_lesson_runs_as_a_file() -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "demos" / "line.py"],
        capture_output=True,
        text=True,
        check=True,
        env={"MPLBACKEND": "svg", "PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert "m = 2.000000" in ended.stdout


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a folder with the command and its lessons, which a test may write others over."""
    leave = shutil.ignore_patterns("__pycache__", "thumbnails")
    shutil.copytree(ROOT / "demos", tmp_path / "demos", ignore=leave)
    (tmp_path / "gallery/reference").mkdir(parents=True)
    (tmp_path / "gallery/reference/index.html").touch()  # a real one takes seconds
    return tmp_path


def write(course: Path, **lessons: str) -> None:
    for name, code in lessons.items():
        text = f'# %% [markdown]\n"""\n# On {name}\n"""\n\n# %%\n{code}\n'
        (course / f"demos/{name}.py").write_text(text, encoding="utf-8")


def part(course: Path, name: str) -> str:
    return (course / f"gallery/parts/{name}.html").read_text(encoding="utf-8")


def test_lessons_that_cannot_be_read_or_drawn_do_not_stop_others(course: Path) -> None:
    write(
        course,
        chains="x = = 1",
        neuron="import matplotlib.pyplot as plt\nplt.subplots()",
        order="1\n\n# %% [markdown]\nr'''$$\\nosuch$$'''",
        by_hand="print('wh' + 'ole')",
    )
    ended = demos("chains", "neuron", "order", "by_hand", cwd=course)
    assert ended.stderr == "not whole: chains, neuron, order\n"
    assert ended.returncode == 1
    assert "SyntaxError: invalid syntax (chains.py, line 7)" in part(course, "chains")
    assert "expected a comment" in part(course, "neuron")
    assert "expected a formula" in part(course, "order")
    assert "whole" in part(course, "by_hand")
    assert "On chains" in demos("--list", cwd=course).stdout


def test_quick_leaves_out_what_was_not_named(course: Path) -> None:
    write(course, **dict.fromkeys(HEADINGS["chain_rule"].lessons, "print('se' + 'en')"))
    ended = demos("--quick", "chain_rule", "heart", cwd=course)
    assert "seen" in part(course, "heart")
    assert "left out by --quick: digits\n" in ended.stdout
    page = (course / "gallery/chain_rule.html").read_text(encoding="utf-8")
    assert "Not run yet: <code>python -m demos digits</code>" in page


def test_quick_leaves_alone_what_was_run_before(course: Path) -> None:
    write(course, **dict.fromkeys(HEADINGS["chain_rule"].lessons, "print('se' + 'en')"))
    demos("digits", cwd=course)
    demos("--quick", "chain_rule", cwd=course)
    assert "seen" in part(course, "digits")


def test_an_interrupted_run_leaves_pages_of_what_was_run(course: Path) -> None:
    interrupt = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)"
    write(course, line="print('se' + 'en')", york=interrupt, nist="print('after')")
    ended = demos("line", "york", "nist", cwd=course)
    assert ended.returncode == 130
    assert ended.stderr == "stopped: the site has what was run before\n"
    page = (course / "gallery/regression.html").read_text(encoding="utf-8")
    assert "seen" in page
    assert "Not run yet: <code>python -m demos nist</code>" in page


def test_a_file_in_the_place_of_the_gallery_is_named(course: Path) -> None:
    shutil.rmtree(course / "gallery")
    (course / "gallery").touch()
    ended = demos("line", cwd=course)
    assert ended.returncode == 1
    assert ended.stderr.startswith("expected a folder gallery to write the site to: ")
    assert ended.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_gets_no_complaint() -> None:
    command = [sys.executable, "-m", "demos", "--list"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_fresh_site_of_one_lesson_has_a_reference(course: Path) -> None:
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    shutil.rmtree(course / "gallery")
    write(course, york="1")
    demos("york", cwd=course)
    assert (course / "gallery/reference/autodiff.html").exists()
