"""The lessons on slopes, gradients, Jacobians and Hessians find the course's numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest


def test_a_shorter_run_is_better_until_rounding_takes_over(run: Any) -> None:
    names = run("rise_over_run")
    runs, forward, central = names["runs"], names["forward"], names["central"]
    long = runs > 1e-6
    assert np.all(np.diff(forward[long]) > 0)
    best = runs[np.argmin(forward)]
    assert 1e-9 < best < 1e-7  # about the square root of the machine's precision
    assert forward[0] > 1e4 * forward.min()
    assert central.min() < 1e-2 * forward.min()
    assert forward[-1] == pytest.approx(0.47247586, abs=1e-8)  # cos 1 - sin 2 + sin 1


def test_grad_has_the_derivative_to_rounding(run: Any) -> None:
    names = run("rise_over_run")
    assert names["by_grad"] < 1e-15
    assert names["slopes"][[0, 50, 100, 150]] == pytest.approx([1, 0, -1, 0], abs=1e-15)


@pytest.mark.parametrize(
    ("rule", "value"),
    [  # of x² and sin x at 1.5
        ("sum: u + v", 3.0707372016677029),
        ("product: u·v", 3.1516436635644948),
        ("chain: u(v(x))", 0.1411200080598672),  # sin 3
        ("chain: v(u(x))", -1.8845208681682173),  # 3 cos 2.25
    ],
)
def test_each_rule_by_hand_is_what_grad_finds(run: Any, rule: str, value: float) -> None:
    assert run("product_rule")["rules"][rule] == pytest.approx((value, value), abs=1e-12)


def test_the_corner_of_the_rectangle_vanishes_with_the_step(run: Any) -> None:
    corners = [
        float(line.split("|")[4])
        for line in run.printed("product_rule").splitlines()
        if line.startswith("|") and line.split("|")[1].strip() in ("0.1", "0.01", "0.001")
    ]
    assert corners == pytest.approx([0.103448, 0.009952, 0.000991], abs=1e-6)


def test_gradients_are_perpendicular_to_contours(run: Any) -> None:
    angles = run("gradients")["angles"]
    assert len(angles) > 1000
    assert angles.mean() == pytest.approx(90, abs=0.01)
    assert np.quantile(np.abs(angles - 90), 0.9) < 1


def test_the_slope_is_greatest_along_the_gradient_and_as_long(run: Any) -> None:
    names = run("gradients")
    assert names["heading"] % 360 == pytest.approx(331.927513, abs=1e-6)  # atan2(-0.4, 0.75)
    assert np.degrees(names["turns"][names["best"]]) == pytest.approx(332, abs=0.5)
    assert names["rises"][names["best"]] == pytest.approx(0.5447, abs=5e-5)
    assert names["length"] == pytest.approx(0.85 * np.exp(-0.445), abs=1e-12)


@pytest.mark.parametrize("p", [(2.0, 0.8, 0.5), (0.3, 2.0, -1.0)])
def test_the_volume_of_spherical_coordinates_is_r_squared_sine_theta(run: Any, p: Any) -> None:
    names = run("jacobians")
    J = names["jacobian"](names["spherical"])(np.array(p))
    assert names["spherical_by_hand"](p) == pytest.approx(J, abs=1e-14)
    assert np.linalg.det(J) == pytest.approx(p[0] ** 2 * np.sin(p[1]), abs=1e-14)


def test_squaring_has_the_determinant_that_areas_grow_by(run: Any) -> None:
    names = run("jacobians")
    jacobian, square, outline = names["jacobian"], names["square"], names["outline"]
    J = jacobian(square)(np.array([3.0, 2.0]))
    assert np.array_equal(J, [[6, -4], [4, 6]])
    for side in (0.25, 0.01):
        small = outline((0.75, 0.25), side)
        ratio = names["area"](square(small)) / side**2
        u, v = 0.75 + side / 2, 0.25 + side / 2
        # the mean of 4(u² + v²) over the square
        assert ratio == pytest.approx(4 * (u**2 + v**2) + 2 / 3 * side**2, abs=1e-5)


@pytest.mark.parametrize("p", [(3.0, 2.0), (0.01, 0.0), (-1.0, 0.5)])
def test_squaring_is_conformal_except_at_the_origin(run: Any, p: Any) -> None:
    names = run("jacobians")
    first, second = names["jacobian"](names["square"])(np.array(p)).T
    assert first @ second == pytest.approx(0)
    assert first @ first == pytest.approx(second @ second)
    assert not np.any(names["jacobian"](names["square"])(np.zeros(2)))


def test_the_third_map_squashes_space_at_the_origin(run: Any) -> None:
    J = run("jacobians")["J"]
    assert np.array_equal(J, [[0, 0, 1], [0, 0, 2], [0, 0, 1]])
    assert np.linalg.matrix_rank(J) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [  # at x, y, z = 0.7, -0.4, 1.2, by second differences in 50 digits
        ("x³y + x + 2y", [-1.68, 1.47, 0]),
        ("eˣ cos y", [1.8547890704, 0.7841922412, -1.8547890704]),
        (
            "x² e⁻ʸ cos z",
            [1.0811484950, -0.7568039465, -1.9466144987, 0.2648813813, 0.6813150745, -0.2648813813],
        ),
        (
            "x eʸ + y² cos z",
            [0, 0.6703200460, 0, 1.1939395412, 0.7456312688, -0.0579772407],
        ),
    ],
)
def test_the_courses_hessians(run: Any, name: str, value: list[float]) -> None:
    names = run("hessians")
    f, by_hand = names["functions"][name]
    upper = np.triu_indices(len(by_hand))
    H = names["hessian"](lambda p: f(*p))(np.array([0.7, -0.4, 1.2][: len(by_hand)]))
    assert H[upper] == pytest.approx(value, abs=1e-9)
    assert np.array(by_hand, dtype=float) == pytest.approx(H, abs=1e-14)


def test_eigenvalues_tell_the_kinds_of_critical_points_apart(run: Any) -> None:
    names = run("hessians")
    assert names["kinds"] == ["saddle point", "maximum", "maximum", "minimum", "minimum"]
    f = names["f"]
    around = 0.01 * np.array([np.cos(names["t"]), np.sin(names["t"])])
    for p, kind in zip(names["points"], names["kinds"], strict=True):
        rise = f(p[:, None] + around) - f(p)
        assert np.all(rise > 0) == (kind == "minimum")
        assert np.all(rise < 0) == (kind == "maximum")
    assert names["kind"](np.array([0.0, 1.0])) == "undecided"


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        ("constant", (8, 3)),
        ("Newton", (4.2032, 0.7888)),  # the top of the hill
        ("hybrid", (1.2128, 4.0093)),
    ],
)
def test_rules_end_where_they_lead_in_the_single_well(run: Any, rule: str, end: Any) -> None:
    assert run("sandpit")["paths"][rule][5] == pytest.approx(end, abs=5e-5)


def test_the_deepest_points_are_those_of_a_finer_search(run: Any) -> None:
    names = run("sandpit")
    assert names["bottom"] == pytest.approx((1.2128, 4.0093), abs=5e-5)
    assert names["well"](names["bottom"]) == pytest.approx(-9, abs=1e-3)
    assert names["well"](names["places"]).max() == pytest.approx(-1)
    for f in (names["well"], names["pit"]):
        x, y = deepest = names["deepest"](f)
        near = np.meshgrid(x + np.linspace(-0.1, 0.1, 201), y + np.linspace(-0.1, 0.1, 201))
        finest = np.unravel_index(np.argmin(f(np.stack(near))), near[0].shape)
        assert [axis[finest] for axis in near] == pytest.approx(deepest, abs=1.1e-3)
        assert np.all(f(names["places"]) >= f(deepest))


def test_downhill_and_hybrid_find_both_pits_within_five_steps(run: Any) -> None:
    names = run("sandpit")
    for f, paths in ((names["well"], names["paths"]), (names["pit"], names["random_paths"])):
        found = {
            rule: np.linalg.norm(path[-1] - names["deepest"](f)) <= 0.15
            for rule, path in paths.items()
        }
        assert all(len(path) == 6 for path in paths.values())
        assert found == {"constant": False, "downhill": True, "Newton": False, "hybrid": True}


def test_newton_ends_on_a_saddle_of_the_random_pit(run: Any) -> None:
    names = run("sandpit")
    end = names["random_paths"]["Newton"][-1]
    assert names["grad"](names["pit"])(end) == pytest.approx((0, 0), abs=1e-3)
    low, high = np.linalg.eigvalsh(names["hessian"](names["pit"])(end))
    assert low < 0 < high


def test_the_hybrid_of_the_random_pit_goes_downhill_three_times_and_then_by_newton(
    run: Any,
) -> None:
    names = run("sandpit")
    slope, curvature = names["grad"](names["pit"]), names["hessian"](names["pit"])
    path = names["random_paths"]["hybrid"]
    for i, (here, there) in enumerate(pairwise(path)):
        J, H = slope(here), curvature(here)
        expected = -0.5 * J if i < 3 else -np.linalg.solve(H, J)
        assert there - here == pytest.approx(expected, abs=1e-12)
