"""Taylor series: the course's coefficients, radii, approximations and propagated errors."""

from __future__ import annotations

from itertools import pairwise
from math import e, log, pi, sqrt
from typing import Any

import numpy as np
import pytest

COEFFICIENTS = {
    "e^(x²)": [1, 0, 1, 0, 1 / 2, 0],
    "x sin x": [0, 0, 1, 0, -1 / 6, 0],
    "1/(1 - x)²": [1, 2, 3, 4, 5],
    "√(4 - x)": [2, -1 / 4, -1 / 64],
    "1/x": [1 / 4, -1 / 16, 1 / 64],
    "ln x": [log(10), 1 / 10, -1 / 200],
    "2/(x² - x)": [-8, 0, -32, 0],
    "e^(-2x)": [e**-4, -2 * e**-4, 2 * e**-4],
}


def test_the_courses_series_are_found(run: Any) -> None:
    found = run("taylor")["polynomials"]
    assert found.keys() == COEFFICIENTS.keys()
    for name, expected in COEFFICIENTS.items():
        assert found[name].coefficients == pytest.approx(expected, rel=1e-12, abs=1e-12), name


def test_the_second_order_of_ln_adds_032(run: Any) -> None:
    assert run("taylor")["between"] == pytest.approx(0.32, abs=1e-12)


def test_no_order_is_farther_from_the_function_than_the_one_before(run: Any) -> None:
    for name, errors in run("taylor")["errors"].items():
        assert all(after <= before for before, after in pairwise(errors)), name
        assert errors[-1] < errors[0] / 5


def test_the_next_term_tells_the_error_only_close_by(run: Any) -> None:
    lines = run.printed("taylor").split("next term / error |\n")[1].splitlines()[1:]
    ratios = [float(line.split("|")[-2]) for line in lines]
    # e^(-2h) = 1 - 2h + 2h² - (4/3)h³ + (2/3)h⁴: the ratio is 1 + h/2 to first order.
    assert ratios[:2] == pytest.approx([1.005, 1.05], abs=1e-3)
    assert ratios[2] == pytest.approx((4 / 3) / (1 - e**-2), abs=1e-3)


def test_the_radius_of_a_hill_is_the_distance_to_its_poles(run: Any) -> None:
    names = run("radius")
    assert names["radius"] == pytest.approx(sqrt(5), rel=1e-10)
    errors = np.array(list(names["errors"].values()))
    inside, outside = names["distances"] < 2.25, names["distances"] > 2.4
    assert np.all(errors[-1, inside] < errors[0, inside])
    assert np.all(np.diff(errors[:, outside], axis=0) > 0)


def test_beyond_the_radius_the_errors_swings_grow(run: Any) -> None:
    names = run("radius")
    for order, errors in names["errors"].items():
        # f is the imaginary part of 1/(x - i), a geometric series with this remainder.
        d = names["distances"][names["distances"] > 2.25]
        ratio = -d / (2 - 1j)
        swing = ratio ** (order + 1) / (2 + d - 1j)
        assert errors[-d.size :] == pytest.approx(np.abs(swing.imag), rel=1e-6), order
    growth = names["distances"] / sqrt(5)
    assert growth[[-3, -1]] == pytest.approx([1.03, 4 / 3], abs=0.01)
    # A lucky order: less than any that the lesson shows before it, and much less than its swing.
    assert names["errors"][80][-3] < min(names["errors"][n][-3] for n in (10, 20, 40))


def test_the_radius_is_exact_from_order_4(run: Any) -> None:
    f = run("radius")["f"]
    taylor = run("radius")["taylor"]
    assert taylor(f, 2.0, 4).radius() == pytest.approx(sqrt(5), rel=1e-12)
    assert taylor(f, 2.0, 3).radius() != pytest.approx(sqrt(5), rel=0.1)


def test_the_radii_of_the_courses_series_are_the_distances_to_their_poles(run: Any) -> None:
    last = {name: radii[-1] for name, radii in run("radius")["radii"].items()}
    expected = {"1/x": 4, "ln x": 10, "1/(1 - x)²": 1, "√(4 - x)": 4, "2/(x² - x)": 0.5}
    assert {name: last.pop(name) for name in expected} == pytest.approx(expected, rel=1e-6)
    assert set(last.values()) == {np.inf}


@pytest.mark.parametrize(
    ("name", "value", "gradient", "hessian"),
    [
        ("(x³ + 2y²) e^(-x²-y²)", 0, [0, 0], [[0, 0], [0, 4]]),
        ("x e^(-x²+y/4)", 0, [1, 0], [[0, 0.25], [0.25, 0]]),
        ("cos(x - y²) - x²", 1, [0, 0], [[-3, 0], [0, 0]]),
        ("x² - xy + sin y", 0, [0, 1], [[2, -1], [-1, 0]]),
    ],
)
def test_surfaces_have_their_planes_and_paraboloids(
    run: Any, name: str, value: float, gradient: list[float], hessian: list[list[float]]
) -> None:
    names = run("two_variables")
    for approximation in (names["planes"][name], names["paraboloids"][name]):
        assert approximation.value == pytest.approx(value, abs=1e-14)
        assert approximation.gradient == pytest.approx(gradient, abs=1e-14)
    assert names["paraboloids"][name].hessian == pytest.approx(np.array(hessian), abs=1e-14)


def test_half_the_distance_leaves_a_quarter_and_an_eighth(run: Any) -> None:
    for (name, order), ratio in run("two_variables")["shrinks"].items():
        assert ratio == pytest.approx({1: 4, 2: 8}[order], rel=0.03), name


def test_a_pendulums_errors_are_propagated(run: Any) -> None:
    names = run("linearisation")
    g = 4 * pi**2 / 2.007**2
    assert names["g"] == pytest.approx(g)
    assert names["by_length"] == pytest.approx(g * 0.002)
    assert names["by_period"] == pytest.approx(-2 * g * 0.010 / 2.007)
    assert names["sigma_g"] == pytest.approx(0.0996, abs=5e-5)


def test_draws_agree_with_the_tangent_where_the_error_is_small(run: Any) -> None:
    names = run("linearisation")
    draws, linear, shifts = names["draws"], names["linear"], names["shifts"]
    assert draws["good"].std() == pytest.approx(linear["good"], rel=0.01)
    assert draws["bad"].std() > 1.2 * linear["bad"]
    for clock in ("good", "poor"):
        drawn, second_order = shifts[clock]
        spread = linear[clock] / sqrt(draws[clock].size)
        assert drawn == pytest.approx(second_order, abs=4 * spread + 0.05 * second_order)


def test_a_level_place_has_no_linear_error(run: Any) -> None:
    names = run("linearisation")
    assert names["push_angle"](0.1) == 0
    # Of a normal θ the mean of cos θ is exp(-σ²/2).
    assert np.cos(names["angles"]).mean() == pytest.approx(np.exp(-0.005), abs=1e-4)
