"""Optimisation: the course's roots, ways down, and stationary points under constraints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("start", "first", "root"),
    [(1.0, 1.0625, 1.06307), (-4.0, -3.81129, -3.76021), (1.99, -36.47, -3.76021)],
)
def test_newton_raphson_goes_from_each_start_to_its_root(
    run: Any, start: float, first: float, root: float
) -> None:
    search = run("newton_raphson")["searches"][start]
    assert search.success
    assert search.path[1] == pytest.approx(first, abs=5e-3 if start == 1.99 else 5e-6)
    assert search.x == pytest.approx(root, abs=5e-6)


def test_the_first_step_from_1_is_nearly_at_the_root(run: Any) -> None:
    path = run("newton_raphson")["searches"][1.0].path
    assert 0 < abs(path[1] - path[-1]) < 0.001


def test_a_jump_takes_more_than_fifteen_steps_back(run: Any) -> None:
    assert run("newton_raphson")["searches"][1.99].nit - 1 > 15


def test_steps_wander_about_a_minimum_that_is_no_root(run: Any) -> None:
    names = run("newton_raphson")
    wandering = names["wandering"]
    assert names["f"](3.0) == pytest.approx(6)
    assert not wandering.success
    assert wandering.fun > 6
    assert wandering.path[:4] == pytest.approx([3.1, 2.5206, 3.2298, 2.9365], abs=1e-4)
    assert np.all(np.abs(wandering.path - 3) < 1.5)
    assert names["whole"].x == pytest.approx(-3.76021, abs=5e-6)


def test_a_bracket_keeps_the_root_beside_it(run: Any) -> None:
    assert run("newton_raphson")["kept"].x == pytest.approx(1.06307, abs=5e-6)


def test_the_sextic_has_the_slope_that_is_given(run: Any) -> None:
    names = run("newton_raphson")
    x = np.linspace(-4, 4, 17)
    assert [names["slope"](each) for each in x] == pytest.approx(
        (x - 3) * (x + 3) * (x - 2) * (x + 1) ** 2, abs=1e-9
    )


def test_the_more_is_known_of_the_valley_the_less_it_costs(run: Any) -> None:
    down = run("descent")["down"]
    assert down["BFGS"].nfev < 60
    assert down["Newton"].nfev < down["BFGS"].nfev
    found = {name for name, r in down.items() if r.fun <= 1e-10}
    assert down.keys() - found == {"gradient descent", "exact line search"}
    assert min(down[name].nfev for name in found - {"BFGS", "Newton"}) > 1000


def test_an_exact_search_pays_five_evaluations_a_step_for_a_zigzag(run: Any) -> None:
    r = run("descent")["down"]["exact line search"]
    assert r.path[2, 0] < 0 < 1 < r.path[3, 0]  # across the bend
    assert r.nfev / r.nit == pytest.approx(5, abs=0.5)
    steps = np.diff(r.path[-200:], axis=0)
    steps /= np.linalg.norm(steps, axis=1)[:, None]
    assert np.abs(np.sum(steps[1:] * steps[:-1], axis=1)).max() < 0.05


def test_every_step_is_counted(run: Any) -> None:
    for name, r in (run("descent")["down"] | run("descent")["dug"]).items():
        assert len(r.path) == r.nit + 1, name
        assert r.nfev >= r.nit, name


def test_the_well_is_found_by_all_but_momentum(run: Any) -> None:
    names = run("descent")
    assert names["lowest"].x == pytest.approx([1.2128, 4.0093], abs=5e-5)
    for name, r in names["dug"].items():
        if name != "momentum 0.9":
            assert r.path[-1] == pytest.approx([1.2128, 4.0093], abs=0.01), name
    assert names["lost"][0] < 0


def test_the_wells_curvatures_are_the_sandpits_before_it_was_rescaled(run: Any) -> None:
    places = run("sandpit")["places"]
    heights = run("sandpit")["single_well"](places)
    scale = (heights.max() - heights.min()) / 8
    assert scale == pytest.approx(5.75, abs=0.01)
    largest = run("descent")["curvatures"]["well"][1]
    assert largest == pytest.approx(scale * run("sandpit")["curvature"], rel=1e-6)


def test_from_one_start_newton_is_lost_and_with_a_trust_region_is_not(run: Any) -> None:
    jumps, trusted = run("sandpit")["paths"]["Newton"], run("descent")["dug"]["Newton"].path
    assert jumps[0].tolist() == trusted[0].tolist() == [3, 3]
    well = run("descent")["well"]
    assert well(jumps[-1]) > well(jumps[0])
    assert np.all(np.diff([well(p) for p in trusted]) < 0)


def test_hessians_are_asked_for_as_the_prose_says(run: Any) -> None:
    asked = {name: r.nhev for name, r in run("descent")["down"].items()}
    assert asked["Armijo's line search"] == asked["exact line search"] == 1
    assert asked["BFGS"] == 3


def test_the_ellipse_has_the_courses_four_stationary_points(run: Any) -> None:
    results = run("lagrange")["on_ellipse"]
    assert np.array([r.x for r in results]) == pytest.approx(
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
    assert [r.kind for r in results] == ["minimum", "maximum", "maximum", "minimum"]
    assert results[2].fun == pytest.approx(0.9238, abs=5e-5)
    assert results[3].fun == pytest.approx(0.1149, abs=5e-5)


def test_curvature_along_the_path_tells_minima_and_that_of_f_alone_does_not(run: Any) -> None:
    names = run("lagrange")
    angle, heights = names["angle"], names["bell"](names["path"])
    of_f, of_both = np.transpose(names["bends"])
    assert np.all(of_f < 0)
    assert (of_both > 0).tolist() == [r.kind == "minimum" for r in names["on_ellipse"]]
    # In an extreme, d²f/dangle² is the curvature times the square of how fast the path is walked.
    for r, curvature in zip(names["on_ellipse"], of_both, strict=True):
        turned = np.arctan2(np.sqrt(3) * (r.x[1] + 1), r.x[0]) % (2 * np.pi)
        at = np.argmin(np.abs(angle - turned))
        second = np.gradient(np.gradient(heights, angle), angle)[at]
        speed = np.sin(turned) ** 2 + np.cos(turned) ** 2 / 3
        assert second == pytest.approx(curvature * speed, rel=0.05)


def test_the_highest_and_lowest_of_the_ellipse_are_among_them(run: Any) -> None:
    names = run("lagrange")
    heights = names["bell"](names["path"])
    assert heights.max() == pytest.approx(names["on_ellipse"][2].fun, abs=1e-4)
    assert heights.min() == pytest.approx(names["on_ellipse"][3].fun, abs=1e-4)


def test_the_second_exercise_has_its_minimum_and_multiplier(run: Any) -> None:
    least = run("lagrange")["least"]
    assert least.kind == "minimum"
    assert least.x == pytest.approx([0.957782, 0.289565], abs=1e-6)
    assert abs(least.multipliers[0]) == pytest.approx(4.077889, abs=1e-6)
    assert least.fun == pytest.approx(-3.162221, abs=1e-6)


def test_the_sign_of_a_multiplier_tells_how_the_gradients_point(run: Any) -> None:
    names = run("lagrange")
    x, y = names["least"].x
    f = -np.exp(x - y**2 + x * y)
    of_f, of_c = f * np.array([1 + y, x - 2 * y]), np.array([1, np.sinh(y)])
    assert of_f + names["least"].multipliers[0] * of_c == pytest.approx(0, abs=1e-9)


def test_the_multiplier_is_the_price_of_the_constraint(run: Any) -> None:
    names = run("lagrange")
    assert names["change"] == pytest.approx(-4.077889, rel=1e-4)
