"""Models come to data: the numbers of the course, NIST's and what was published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

Run = Any

# Of K. Pearson's points (1901) with the weights of D. York, Can. J. Phys. 44 (1966) 1079.
PUBLISHED = (5.4799102240, 0.2949707, -0.4805334074, 0.0579850)
PUBLISHED_CHI_SQUARED = 11.8663531941


def numbers(result: Any) -> tuple[float, float, float, float]:
    value, error = result.values, result.errors
    return value["intercept"], error["intercept"], value["slope"], error["slope"]


def test_all_ways_find_the_line(run: Run) -> None:
    names = run("line")
    for p in (names["best"], names["descent"].x, (names["m"], names["c"])):
        assert p == pytest.approx((2, -0.7), abs=1e-8)
    assert names["f"]([2.0, -0.7]) == pytest.approx(0.01, abs=1e-15)


def test_the_ellipse_of_one_sigma_touches_the_box_of_the_errors(run: Run) -> None:
    names = run("line")
    assert names["variance"] == pytest.approx(0.01 / 3)
    risen = names["near"] <= names["f"](names["best"]) + names["variance"]
    rows, columns = np.nonzero(risen)
    reach = np.ptp(names["near_m"][columns]), np.ptp(names["near_c"][rows])
    assert reach == pytest.approx(2 * names["errors"], rel=0.05)


def test_descent_leaps_across_the_valley_at_first(run: Run) -> None:
    first = run("line")["descent"].path[:6, 0]
    assert np.all(np.diff(first)[::2] > 0)
    assert np.all(np.diff(first)[1::2] < 0)


def test_heights_are_those_of_the_course(run: Run) -> None:
    names = run("heights")
    path, f = names["path"], names["f"]
    assert names["share"].sum() == pytest.approx(0.995)
    assert path[1] == pytest.approx((155.926, 13.319), abs=5e-4)
    assert path[50] == pytest.approx((178.51982, 7.54991), abs=5e-6)
    assert f(path[50]) == pytest.approx(4.39245e-4, abs=5e-10)
    assert names["best"] == pytest.approx((178.5198243, 7.5499077), abs=5e-8)
    assert abs(path[50, 0] - names["best"][0]) < 1e-6


def test_the_gaussian_grows_wide_before_it_finds_the_data(run: Run) -> None:
    path = run("heights")["path"]
    assert path[:, 1].max() == pytest.approx(19.6, abs=0.05)
    assert path[1, 1] > 2 * path[0, 1]
    assert path[:, 1].argmax() > 5


def test_derivatives_by_hand_are_those_of_the_engine(run: Run) -> None:
    assert max(run("heights")["difference"].values()) < 1e-13


def test_errors_in_x_turn_pearsons_line_into_yorks(run: Run) -> None:
    names = run("york")
    for result in (names["distance"], names["variance"]):
        assert numbers(result) == pytest.approx(PUBLISHED, rel=2e-7)
        assert result.chi_squared == pytest.approx(PUBLISHED_CHI_SQUARED, rel=1e-10)


def test_the_line_that_ignores_errors_in_x_is_too_sure(run: Run) -> None:
    names = run("york")
    ignored, believed = names["ignored"], names["distance"]
    assert all(ignored.errors[name] < believed.errors[name] for name in ignored.names)
    assert believed.dof == 8
    assert ignored.p_value < 1e-4 < 0.1 < believed.p_value
    assert np.max(np.abs(believed.pulls)) < 2 < 3 < np.max(np.abs(ignored.pulls))


def test_nists_problem_is_solved_from_its_bad_start(run: Run) -> None:
    names = run("nist")
    result = names["result"]
    assert result.success
    certified = [0.19280693458, 0.19128232873, 0.12305650693, 0.13606233068]
    errors = [0.011435312227, 0.19633220911, 0.080842031232, 0.090025542308]
    assert list(result.values.values()) == pytest.approx(certified, rel=1e-9)
    assert list(result.errors.values()) == pytest.approx(errors, rel=1e-9)
    assert result.chi_squared == pytest.approx(3.0750560385e-4, rel=1e-9)


def test_the_way_there_is_long(run: Run) -> None:
    names = run("nist")
    chi_squared = [step.chi_squared for step in names["steps"]]
    assert names["at_start"] / chi_squared[1] > 1e5
    assert 5e-4 < chi_squared[35] < chi_squared[5] < 2e-3


def test_nists_warning_names_where_chi_squared_has_risen_by_s_squared(run: Run) -> None:
    names = run("nist")
    result, f, x, y = (names[each] for each in ("result", "rational", "x", "y"))
    printed = run.printed("nist")
    assert "±0.196" in printed
    assert "−0.116 +0.222" in printed
    for moved in (-0.116, 0.222):
        b2 = result.values["b2"] + moved
        others = [result.values[name] for name in ("b1", "b3", "b4")]
        refit = least_squares(lambda p, b2=b2: f(x, p[0], b2, p[1], p[2]) - y, others, xtol=1e-12)
        rise = 2 * refit.cost - result.chi_squared
        assert rise == pytest.approx(result.chi_squared / 7, rel=0.02)
    assert all(w.startswith("the error of b") for w in result.warnings)
    assert f"{len(result.warnings) - 1} more" in printed


def test_two_factors_are_undetermined_and_their_product_is_known(run: Run) -> None:
    names = run("undetermined")
    product = names["product"]
    values = [result.propagate(product)[0] for result in names["fits"]]
    assert values == pytest.approx([values[0]] * 4, rel=1e-8)
    assert len({round(result.values["a"], 2) for result in names["fits"]}) == 4
    result = names["result"]
    assert result.errors["a"] == result.errors["b"] == np.inf
    assert result.errors["c"] < 0.03
    assert "only a·b is" in result.warnings[0]
    assert "(0.71, −0.71, 0) in their logarithms" in result.warnings[0]
    assert names["value"] == pytest.approx(2, abs=3 * names["error"])


def test_the_level_direction_is_an_eigenvector_of_the_hessian(run: Run) -> None:
    names = run("undetermined")
    assert abs(names["curvature"][0]) < 1e-9 * names["curvature"][1]
    assert names["level"] == pytest.approx(names["along"], abs=1e-6)


def test_a_factor_that_is_held_determines_the_other(run: Run) -> None:
    held = run("undetermined")["held"]
    assert not held.warnings
    assert held.values["a"] * 0.8 == pytest.approx(run("undetermined")["value"], rel=1e-8)


def test_the_spectrum_is_taken_apart_without_starting_values(run: Run) -> None:
    names = run("intervals")
    result = names["result"]
    assert result.success
    for name, truth in zip(result.names, names["truth"], strict=True):
        assert abs(result.values[name] - truth) < 3 * result.errors[name]


def test_profile_intervals_reach_further_to_the_right(run: Run) -> None:
    names = run("intervals")
    result = names["result"]
    value, error = result.values["right_gamma"], result.errors["right_gamma"]
    for low, high in names["intervals"].values():
        assert value - low < high - value
    low, high = names["intervals"][3]
    assert low > value - 3 * error
    assert high > value + 3 * error + 0.1


def test_p_values_of_right_models_are_level_and_of_wrong_ones_low(run: Run) -> None:
    names = run("pulls")
    right, bent, bold = (np.array(names[each]) for each in ("right", "bent", "bold"))
    assert np.mean(right < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(right < 0.5) == pytest.approx(0.5, abs=0.08)
    assert np.mean(bent < 0.05) > 0.4
    assert np.mean(bold < 0.05) > 0.6


@pytest.mark.parametrize(("name", "rel"), [("I", 5e-6), ("II", 2e-3), ("III", 2e-3), ("IV", 2e-3)])
def test_anscombes_sets_have_one_line(run: Run, name: str, rel: float) -> None:
    result = run("pulls")["lines"][name]
    found = (*numbers(result), result.r_squared)
    assert found == pytest.approx((3.00009, 1.12475, 0.500091, 0.117906, 0.666542), rel=rel)
    assert result.p_value is None


def test_anscombes_sets_agree_to_the_digits_that_are_said(run: Run) -> None:
    lines = run("pulls")["lines"].values()
    assert {f"{each.values['intercept']:.3g} {each.values['slope']:.3g}" for each in lines} == {
        "3 0.5"
    }
    assert {f"{each.errors['intercept']:.2g} {each.errors['slope']:.2g}" for each in lines} == {
        "1.1 0.12"
    }
    assert {f"{each.r_squared:.2g}" for each in lines} == {"0.67"}


def test_a_robust_loss_leaves_the_outlier_where_it_is(run: Run) -> None:
    least, left_out, robust = run("pulls")["outlier"].values()
    assert robust.values["slope"] == pytest.approx(left_out.values["slope"], abs=1e-3)
    assert abs(least.values["slope"] - left_out.values["slope"]) > 0.1
    pulls, robust_pulls = (np.sort(np.abs(each.pulls)) for each in (least, robust))
    assert robust_pulls[-1] > pulls[-1]
    assert robust_pulls[-2] < 0.1 < 10 < pulls[-2]
