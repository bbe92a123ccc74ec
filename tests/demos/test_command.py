"""The command ``python -m demos`` runs what it is asked for, whatever one of the lessons does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
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


def test_a_reader_that_leaves_while_a_lesson_prints_changes_nothing(course: Path) -> None:
    write(course, york="print('wh' + 'ole')")
    demos("york", cwd=course)
    before = part(course, "york")
    write(course, york="for _ in range(100_000):\n    print('too much')")
    command = [sys.executable, "-m", "demos", "york"]
    with subprocess.Popen(
        command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
    assert process.returncode == 1
    assert part(course, "york") == before


def test_a_fresh_site_of_one_lesson_has_a_reference(course: Path) -> None:
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    shutil.rmtree(course / "gallery")
    write(course, york="1")
    demos("york", cwd=course)
    assert (course / "gallery/reference/autodiff.html").exists()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.unlink(), "york.py: expected a file that can be read, got No such file"),
        (lambda path: path.write_text(""), "york.py: expected a first line"),
        (lambda path: path.write_bytes(b"# %% [markdown]\n\xff"), "UnicodeDecodeError"),
        (lambda path: (path.unlink(), path.mkdir()), "got Is a directory"),
    ],
    ids=["missing", "empty", "no text", "a folder"],
)
def test_a_file_that_is_no_lesson_has_its_place_with_the_reason(
    course: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    picture = "import matplotlib.pyplot as plt\n\n# Picture: A line.\nplt.plot([1, 2])\nplt.show()"
    write(course, york=picture, line="print('wh' + 'ole')")
    demos("york", cwd=course)
    assert "york_1_1" in (course / "gallery/index.html").read_text(encoding="utf-8")
    spoil(course / "demos/york.py")
    assert "york" in demos("--list", cwd=course).stdout
    ended = demos("york", "line", cwd=course)
    assert ended.stderr == "not whole: york\n"
    assert ended.returncode == 1
    assert reason in part(course, "york")
    assert "whole" in part(course, "line")
    # and nothing is left of what it was
    assert not list((course / "gallery/lessons").glob("york.*"))
    assert "york_1_1" not in (course / "gallery/index.html").read_text(encoding="utf-8")


def test_a_title_that_cannot_be_shown_is_told_as_it_is_written(course: Path) -> None:
    (course / "demos/york.py").write_text('# %% [markdown]\nr"""\n# On $\\nosuch$\n"""\n')
    assert not demos("york", cwd=course).stderr
    assert "$\\nosuch$</h2>" in (course / "gallery/regression.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["index.html", "style.css", "lessons/york.py"])
def test_a_page_that_cannot_be_written_is_named(course: Path, page: str) -> None:
    write(course, york="1")
    path = course / "gallery" / page
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/dev/full")
    ended = demos("york", cwd=course)
    assert ended.returncode == 1
    reason = f"[Errno 28] No space left on device: 'gallery/{page}'"
    assert ended.stderr == f"the site cannot be written: {reason}\n"


def test_what_is_printed_to_a_full_disk_is_no_lesson_s_fault(course: Path) -> None:
    write(course, york="print('wh' + 'ole')")
    demos("york", cwd=course)
    write(course, york="print('later', flush=True)")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "demos", "york"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=course,
        )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "whole" in part(course, "york")


def test_a_first_run_that_is_interrupted_leads_to_no_reference(course: Path) -> None:
    shutil.rmtree(course / "gallery")
    interrupt = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)"
    write(course, line="import fit\nfit.line", york=interrupt)
    demos("line", "york", cwd=course)
    assert not list((course / "gallery").glob("reference*"))
    for name in ("regression", "index"):
        page = (course / f"gallery/{name}.html").read_text(encoding="utf-8")
        assert "reference" not in page.lower()


def test_two_first_runs_at_once_are_both_whole(course: Path) -> None:
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    shutil.rmtree(course / "gallery")
    write(course, york="1", line="1")
    command = [sys.executable, "-m", "demos"]
    runs = [
        subprocess.Popen([*command, name], cwd=course, stderr=subprocess.PIPE, text=True)
        for name in ("york", "line")
    ]
    assert [run.communicate()[1] for run in runs] == ["", ""]
    assert (course / "gallery/reference/index.html").exists()
    assert len(list((course / "gallery").glob("reference*"))) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_all_letters_shows_those_it_has(course: Path, encoding: str) -> None:
    write(course, york="print('χ² here')")
    for arguments, word in ((["--list"], b"A straight line by least"), (["york"], b"? here")):
        ended = subprocess.run(
            [sys.executable, "-m", "demos", *arguments],
            capture_output=True,
            check=False,
            cwd=course,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONIOENCODING": encoding},
        )
        assert ended.stderr == b""
        assert word in ended.stdout.replace(b"??", b"?").replace(b"\xb2", b"")


def test_options_stand_before_names_or_between_or_behind(course: Path) -> None:
    write(course, order="1", chains="1")
    assert demos("order", "--quick", "chains", cwd=course).returncode == 0


def test_only_what_is_named_is_listed() -> None:
    listed = demos("--list", "regression", "chains", cwd=ROOT).stdout
    titles = [line for line in listed.splitlines() if not line.startswith(" ")]
    assert titles == ["The chain rule", "Regression"]
    assert "chains" in listed
    assert "neuron" not in listed


def test_lessons_are_listed_without_what_pages_are_made_with(course: Path) -> None:
    (course / "latex2mathml.py").write_text("raise ImportError('broken', name='latex2mathml')")
    assert "chains" in demos("--list", cwd=course).stdout
    assert demos("york", cwd=course).stderr == (
        "the site needs latex2mathml: pip install 'chainrule[demos]'\n"
    )


def test_a_misspelt_name_is_answered_with_what_is_near_it() -> None:
    ended = demos("chain", cwd=ROOT)
    assert ended.returncode == 2
    assert ended.stderr.endswith("no lesson chain: did you mean chains or chain_rule?\n")
