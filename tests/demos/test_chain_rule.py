"""The lessons of the chain rule find the course's numbers, and show what their prose claims."""

from __future__ import annotations

import re
from math import cos, exp, sin, sqrt, tanh
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import grad


@pytest.mark.parametrize("t", [-1.0, 0.0, 0.5, 1.2])
def test_a_chain_of_two_functions_has_the_slope_of_its_polynomial(run: Any, t: float) -> None:
    names = run("chains")
    product = names["jacobian"](names["f"])(names["x"](t)) @ names["jacobian"](names["x"])(t)
    expected = 8 * t**7 - 12 * t**3
    assert product == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert grad(names["chain"])(t) == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert f"{expected:.4f}" in run.printed("chains")


def test_three_stages_multiply_from_either_end(run: Any) -> None:
    names = run("chains")
    t, s, c = 0.5, sin(0.5), cos(0.5)
    # f = (sin t + t²) t² sin t + exp(2 sin t), differentiated on paper
    expected = 2 * s * c * t**2 + 2 * t * s**2 + 4 * t**3 * s + t**4 * c + 2 * c * exp(2 * s)
    assert [names[J].shape for J in ("J_f", "J_x", "J_u")] == [(1, 3), (3, 2), (2, 1)]
    J_f, J_x, J_u = (names[J] for J in ("J_f", "J_x", "J_u"))
    assert (J_f @ J_x @ J_u).item() == pytest.approx(expected, rel=1e-13)
    assert (J_f @ (J_x @ J_u)).item() == pytest.approx(expected, rel=1e-13)
    assert grad(names["three_stages"])(t) == pytest.approx(expected, rel=1e-13)
    assert run.printed("chains").count(f"{expected:.10f}") == 3


def test_the_neuron_and_the_not_gate_are_the_courses(run: Any) -> None:
    neuron = run("neuron")["neuron"]
    slopes = grad(neuron, argnums=(0, 1, 2))(1.0, 1.3, -0.1)
    bend = 1 - tanh(1.2) ** 2
    assert slopes == pytest.approx((1.3 * bend, bend, bend), rel=1e-14)
    assert neuron(0.0, -5.0, 5.0) == pytest.approx(1, abs=1e-4)
    assert neuron(1.0, -5.0, 5.0) == 0
    assert 1 - tanh(5) ** 2 == pytest.approx(0.0002, abs=5e-5)  # saturated, as the prose says


def test_the_slope_of_the_cost_and_the_layer_are_the_courses(run: Any) -> None:
    names = run("neuron")
    assert grad(names["cost"], argnums=1)(2.3, -1.2, 0.0, 1.0) == pytest.approx(-1.1186, abs=5e-5)
    answers = names["layer"](names["W"], names["b"], names["a0"])
    assert answers == pytest.approx(np.array([0.7616, -0.7616]), abs=5e-5)
    weighted = names["W"] @ names["a0"] + names["b"]
    assert weighted == pytest.approx(np.array([1.0, -1.0]), rel=1e-14)
    assert names["C_W"] == pytest.approx(np.outer(names["C_b"], names["a0"]), rel=1e-14)
    printed = run.printed("neuron")
    assert "y = 1: -1.1186" in printed
    assert "a₁ = [ 0.7616 -0.7616]" in printed


def test_only_an_order_in_which_shares_are_complete_gives_the_derivative(run: Any) -> None:
    names = run("order")
    x, a = 1.5, 2.25
    right = (sin(a) + a * cos(a)) * 2 * x
    walk, graph = names["walk"], names["graph"]
    assert walk(graph, "cbax") == pytest.approx(right, rel=1e-14)
    assert walk(graph, "cabx") == pytest.approx(sin(a) * 2 * x, rel=1e-14)  # a share is lost
    assert walk(graph, "cabx") * right < 0
    assert names["order"] == list("cbax")
    assert grad(names["f"])(x) == pytest.approx(right, rel=1e-14)


def test_paths_double_where_values_are_two_more(run: Any) -> None:
    names = run("order")
    assert names["counts"] == [(n, 2 * n + 1, 2**n) for n in (1, 2, 4, 8, 12, 16)]
    graph, last = names["chain"](12, 1.5)
    slope, _ = names["by_paths"](graph, last)
    in_order = names["walk"](graph, names["topological_order"](graph, last))
    assert in_order == pytest.approx(slope, rel=1e-13)


def test_derivatives_by_hand_are_those_of_differences(run: Any) -> None:
    names = run("by_hand")
    cost, weights = names["cost"], names["weights"]
    for name, by_hand in names["by_hand"](**weights).items():
        for place in np.ndindex(by_hand.shape):
            step = np.zeros(by_hand.shape)
            step[place] = 1e-5
            up, down = (cost(**weights | {name: weights[name] + h}) for h in (step, -step))
            assert by_hand[place] == pytest.approx((up - down) / 2e-5, rel=1e-7, abs=1e-9)


def test_by_hand_and_backward_agree_to_rounding_and_learn_the_same(run: Any) -> None:
    names = run("by_hand")
    differences = [float(d) for d in re.findall(r"(\S+e[-+]\d+) \|", run.printed("by_hand"))]
    assert len(differences) == 4
    assert max(differences) < 1e-15
    assert names["apart"] < 1e-12
    assert names["A2"] == pytest.approx(names["Y"], abs=1e-8)


def test_the_heart_has_77_numbers_and_learns_as_the_course_says(run: Any) -> None:
    names = run("heart")
    assert names["count"] == 77
    assert names["heart"].shape == (2, 100)
    assert names["heart"][:, 0] == pytest.approx(np.array([0.5, (5 / 20 + 1) / 2]))
    costs = names["costs"]
    assert 0.13 < costs[0] < 0.25
    assert costs[10_000] == pytest.approx(0.002, abs=5e-4)
    assert 0.0003 < costs[50_000] < 0.0013


def test_the_hearts_first_step_is_plain_steepest_descent(run: Any) -> None:
    names = run("heart")
    _, after = names["descend"](names["start"])
    (W, _), *_ = names["start"]
    by_differences = np.zeros_like(W)
    for i in range(len(W)):
        moved = [W.copy(), W.copy()]
        moved[0][i, 0] += 1e-5
        moved[1][i, 0] -= 1e-5
        up, down = (names["cost"]([(V, names["start"][0][1]), *names["start"][1:]]) for V in moved)
        by_differences[i, 0] = (up - down) / 2e-5
    assert (W - after[0][0]) / 7 == pytest.approx(by_differences, rel=1e-6, abs=1e-10)


def test_the_heart_is_drawn_at_growing_steps(run: Any) -> None:
    steps = list(run("heart")["curves"])
    assert len(steps) <= 30
    assert (steps[0], steps[-1]) == (0, 50_000)
    assert np.all(np.diff(steps, 2)[5:] > 0)


def test_digits_are_read_to_97_percent_of_those_unseen(run: Any) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    names = run("digits")
    learn, unseen = names["learn"], names["unseen"]
    assert len(unseen) / len(names["digits"]) == pytest.approx(0.2, abs=1e-3)
    assert not set(learn) & set(unseen)
    assert nn.accuracy(names["digits"][unseen], names["answers"][unseen]) >= 0.97
    assert np.all(names["right"][learn])
    assert sum(p.size for p in names["model"].parameters()) > 10 * len(learn)


def test_every_mistake_with_a_digit_is_shown(run: Any) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    names = run("digits")
    wrong = [i for i in names["unseen"] if names["digits"][i] != names["answers"][i]]
    assert sorted(names["mistakes"]) == sorted(wrong)
    assert sum(len(found) for found in names["confused"].values()) == len(wrong)
    board = names["board"]
    assert np.count_nonzero(~np.isnan(board)) == 64 * len(wrong)


def test_a_hidden_layer_parts_the_moons_and_one_neuron_does_not(run: Any) -> None:
    names = run("moons")
    assert names["one"]["accuracy"][-1] < 0.9
    assert names["history"]["accuracy"][-1] >= 0.99
    assert len(names["shown"]) <= 25
    x, y = 0.0, 0.2  # inside of the upper moon, where the lower one's tip is
    distances = np.hypot(names["grid_x"] - x, names["grid_y"] - y)
    assert names["probability"].flat[distances.argmin()] > 0.9


def test_the_moons_are_half_circles_with_noise(run: Any) -> None:
    points = run("moons")["points"]
    upper, lower = points[:150], points[150:]
    noise = 4 * 0.12 * sqrt(2)
    assert np.hypot(*upper.T) == pytest.approx(np.ones(150), abs=noise)
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(np.ones(150), abs=noise)
