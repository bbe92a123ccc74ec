"""The lessons run, learn what they promise, and end on one page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from demos import (
    digits,
    errors,
    graph,
    heart,
    heights,
    lagrange,
    line,
    newton_raphson,
    peaks,
    sandpit,
    taylor,
)
from demos.__main__ import LESSONS, title
from demos._gallery import printed, write_index
from fit import fit
from fit import line as fit_line


def test_digits_are_read_to_97_percent() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    x, y = digits.data()
    learn, test = digits.split(len(x))
    assert len(test) / len(x) == pytest.approx(0.2, abs=1e-3)
    assert not set(learn) & set(test)
    model = nn.MLP([64, 128, 64, 10], activation="relu", seed=0, dtype=np.float32)
    losses = digits.train(model, x[learn], y[learn], 30)["loss"]
    assert losses[-1] < 0.1 < losses[0]
    assert np.mean(digits.predict(model, x[test]) == y[test]) >= 0.97


def test_the_heart_network_is_the_courses() -> None:
    model = heart.network()
    assert sum(p.size for p in model.parameters()) == 77
    t, points = heart.curve()
    assert 0.13 < heart.cost(model, t, points).item() < 0.4
    costs, _ = heart.train(2_000)
    assert costs[-1] < 0.02


def test_the_spectrum_is_taken_apart_without_starting_values() -> None:
    result = fit(peaks.SPECTRUM, peaks.X, peaks.Y, peaks.NOISE)
    assert result.success
    for name, truth in zip(result.names, peaks.TRUTH, strict=True):
        assert abs(result.values[name] - truth) < 3 * result.errors[name]
    low, high = result.interval("right_gamma")
    value, error = result.values["right_gamma"], result.errors["right_gamma"]
    assert value - low < error < high - value
    assert any("right_gamma" in warning for warning in result.warnings)


def test_two_factors_are_named_as_undetermined_and_their_product_is_known() -> None:
    result = peaks.undetermined(*peaks.STARTS[0])
    assert "only a·b is" in result.warnings[0]
    assert result.errors["a"] == result.errors["b"] == np.inf
    product, error = result.propagate(lambda a, b: a * b)
    assert error < 0.05
    assert product == pytest.approx(2, abs=3 * error)


@pytest.mark.parametrize(("name", "rel"), [("I", 5e-6), ("II", 2e-3), ("III", 2e-3), ("IV", 2e-3)])
def test_anscombes_sets_have_one_line(name: str, rel: float) -> None:
    result = fit_line(*errors.QUARTET[name])
    found = (*errors.numbers(result), result.r_squared)
    assert found == pytest.approx((3.00009, 1.12475, 0.500091, 0.117906, 0.666542), rel=rel)


def test_errors_in_x_turn_pearsons_line_into_yorks() -> None:
    ignored, *believed = errors.errors_in_x().values()
    for result in believed:
        found = (*errors.numbers(result), result.chi_squared)
        assert found == pytest.approx(errors.PUBLISHED, rel=2e-7)
    assert ignored.chi_squared > 2 * believed[0].chi_squared


def test_a_robust_loss_finds_the_line_without_the_outlier() -> None:
    least, left_out, robust = errors.without_outlier().values()
    assert robust.values["slope"] == pytest.approx(left_out.values["slope"], abs=1e-3)
    assert abs(least.values["slope"] - left_out.values["slope"]) > 0.1


def test_halley_needs_fewer_steps_to_all_digits() -> None:
    newton, halley = (
        newton_raphson.right_digits(method(newton_raphson.sextic, -4.0, path=True).path)
        for method in newton_raphson.METHODS.values()
    )
    assert newton[-1] == halley[-1] == pytest.approx(16, abs=0.1)
    assert len(halley) < len(newton)
    assert np.all(halley[1:] > newton[1 : len(halley)])


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        (sandpit.constant_step, (8, 3)),
        (sandpit.newton_step, (4.20, 0.79)),  # the top of the hill
        (sandpit.hybrid_step, (1.2128, 4.0093)),
    ],
)
def test_rules_end_where_they_lead_in_the_sandpit(
    rule: sandpit.Rule, end: tuple[float, float]
) -> None:
    f = sandpit.depth(sandpit.single_well)
    assert sandpit.deepest(f) == pytest.approx((1.2128, 4.0093), abs=5e-5)
    assert f(sandpit.deepest(f)) == pytest.approx(-9, abs=1e-3)
    assert sandpit.walk(f, rule, (3.0, 3.0))[-1] == pytest.approx(end, abs=0.01)


def test_the_more_is_known_of_the_valley_the_fewer_steps_it_takes() -> None:
    results = {name: sandpit.search(*method) for name, method in sandpit.METHODS.items()}
    creeping, *_, wolfe, quasi, exact = (result.nit for result in results.values())
    assert creeping == sandpit.LIMIT > wolfe > quasi > exact
    assert results["Newton"].fun <= sandpit.LOW


def test_all_stationary_points_of_the_constrained_exercises_are_found() -> None:
    first, second = (lagrange.solutions(exercise) for exercise in lagrange.EXERCISES)
    found = sorted((*r.x, r.kind) for r in first)
    assert [kind for *_, kind in found] == ["minimum", "maximum", "maximum", "minimum"]
    assert np.array([point for *point, _ in found]) == pytest.approx(
        np.array(
            [
                (-0.958963, -1.163698),
                (-0.626142, -1.450165),
                (-0.095838, -0.425307),
                (0.930942, -1.210830),
            ]
        ),
        abs=1e-6,
    )
    assert second[0].x == pytest.approx((0.957782, 0.289565), abs=1e-6)
    assert second[0].multipliers == pytest.approx(4.077889, abs=1e-6)


@pytest.mark.parametrize(
    "lesson",
    [taylor, newton_raphson, sandpit, lagrange, line, heights, peaks, errors, graph],
    ids=lambda lesson: lesson.__name__,
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


def test_a_lesson_of_two_words_shows_its_picture(tmp_path: Path) -> None:
    with printed(tmp_path / "two_words.txt"):
        print("text")
    (tmp_path / "two_words.svg").write_text("<svg/>")
    assert 'src="two_words.svg"' in write_index(tmp_path, {"two_words": "Two"}).read_text()


def test_every_lesson_has_a_title() -> None:
    for name in LESSONS:
        module = __import__(f"demos.{name}", fromlist=[name])
        assert title(module.__doc__)
        assert callable(module.run)
