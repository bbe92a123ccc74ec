"""The lessons run, learn what they promise, and end on one page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from demos import digits, graph, heart, heights, line, taylor
from demos.__main__ import LESSONS, title
from demos._gallery import printed, write_index


def test_digits_are_read_to_97_percent() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    x, y = digits.data()
    learn, test = digits.split(len(x))
    assert len(test) / len(x) == pytest.approx(0.2, abs=1e-3)
    assert not set(learn) & set(test)
    model = nn.MLP([64, 128, 64, 10], activation="relu", seed=0, dtype=np.float32)
    losses = digits.train(model, x[learn], y[learn], 30)
    assert losses[-1] < 0.1 < losses[0]
    assert np.mean(digits.predict(model, x[test]) == y[test]) >= 0.97


def test_the_heart_network_is_the_courses() -> None:
    model = heart.network()
    assert sum(p.size for p in model.parameters()) == 77
    t, points = heart.curve()
    assert 0.13 < heart.cost(model, t, points).item() < 0.4
    costs, _ = heart.train(2_000)
    assert costs[-1] < 0.02


@pytest.mark.parametrize(
    "lesson", [line, heights, taylor, graph], ids=lambda lesson: lesson.__name__
)
def test_lessons_print_and_draw(
    lesson: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed")
    pytest.importorskip("pygraphviz", reason="pygraphviz is not installed")
    lesson.run(tmp_path)  # type: ignore[attr-defined]
    assert capsys.readouterr().out.strip()
    pictures = list(tmp_path.glob("*.svg"))
    assert pictures
    for picture in pictures:
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_the_page_shows_what_was_run_and_nothing_else(tmp_path: Path) -> None:
    with printed(tmp_path / "line.txt"):
        print("  m < 2 & c")
    (tmp_path / "line_fit.svg").write_text("<svg/>")
    (tmp_path / "linear.svg").write_text("<svg/>")  # another lesson's
    page = write_index(tmp_path, {"line": "A line", "heart": "A heart"}).read_text()
    assert "A line" in page
    assert "  m &lt; 2 &amp; c" in page
    assert 'src="line_fit.svg"' in page
    assert "linear.svg" not in page
    assert "A heart" not in page


def test_every_lesson_has_a_title() -> None:
    for name in LESSONS:
        module = __import__(f"demos.{name}", fromlist=[name])
        assert title(module.__doc__)
        assert callable(module.run)
