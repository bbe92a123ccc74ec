"""Gradient descent follows the gradient, and claims success only where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optim import gradient_descent
from optim.search._run import Status

SCALES = np.array([1.0, 3.0])
SEARCHES = ["armijo", "wolfe", "exact"]


def bowl(x: Any) -> Any:
    return np.sum((x - np.array([1.0, 2.0])) ** 2 * SCALES)


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def test_every_step_follows_the_gradient() -> None:
    result = gradient_descent(bowl, [0.0, 0.0], step=0.1, maxiter=3, path=True)
    path = [np.zeros(2)]
    for _ in range(3):
        path.append(path[-1] - 0.1 * 2 * SCALES * (path[-1] - [1.0, 2.0]))
    assert_allclose(result.path, path, rtol=1e-14)
    assert_array_equal(result.x, result.path[-1])
    assert (result.nit, result.nfev) == (3, 4)
    assert result.status == Status.LIMIT
    assert not result.success


def test_momentum_repeats_a_part_of_the_step_before() -> None:
    path = gradient_descent(bowl, [0.0, 0.0], step=0.01, momentum=0.9, maxiter=20, path=True).path
    steps = np.diff(path, axis=0)
    gradients = 2 * SCALES * (path[:-1] - [1.0, 2.0])
    assert_allclose(steps[1:], 0.9 * steps[:-1] - 0.01 * gradients[1:], rtol=1e-12)


def test_momentum_is_faster_in_a_long_valley() -> None:
    def valley(x: Any) -> Any:
        return np.sum(x**2 * np.array([1.0, 100.0]))

    plain = gradient_descent(valley, [1.0, 1.0], step=0.009, gtol=1e-6)
    heavy = gradient_descent(valley, [1.0, 1.0], step=0.009, gtol=1e-6, momentum=0.8)
    assert plain.success
    assert heavy.success
    assert heavy.nit < plain.nit / 2


def test_converges_to_the_tolerance() -> None:
    result = gradient_descent(bowl, [0.0, 0.0], step=0.1, maxiter=1000, gtol=1e-8)
    assert result.success
    assert result.nit < 1000
    assert_allclose(result.x, [1.0, 2.0], atol=1e-8)
    assert np.linalg.norm(result.jac) <= 1e-8


@pytest.mark.parametrize("search", SEARCHES)
def test_a_line_search_needs_no_step(search: Any) -> None:
    result = gradient_descent(rosenbrock, [1.2, 1.0], line_search=search, maxiter=5000, gtol=1e-2)
    assert result.success
    assert_allclose(result.x, 1, atol=3e-2)


@pytest.mark.parametrize("search", SEARCHES)
def test_f_falls_at_every_step_of_a_line_search(search: Any) -> None:
    path = gradient_descent(rosenbrock, [-1.2, 1.0], line_search=search, maxiter=50, path=True).path
    assert np.all(np.diff([rosenbrock(x) for x in path]) < 0)


def test_steps_of_an_exact_line_search_are_perpendicular() -> None:
    path = gradient_descent(bowl, [0.0, 0.0], line_search="exact", maxiter=6, path=True).path
    steps = np.diff(path, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    assert_allclose(np.sum(steps[1:] * steps[:-1], axis=1), 0, atol=1e-8)


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_a_line_search_does_not_depend_on_units(unit: float) -> None:
    result = gradient_descent(lambda x: rosenbrock(x / unit) / unit, [-1.2 * unit, unit], maxiter=9)
    plain = gradient_descent(rosenbrock, [-1.2, 1.0], maxiter=9)
    assert_allclose(result.x / unit, plain.x, rtol=1e-8)


def test_a_step_that_diverges_is_no_success() -> None:
    result = gradient_descent(lambda x: np.exp(x * x), 2.0, step=10.0, maxiter=50)
    assert result.status == Status.WANDERS
    assert "smaller steps" in result.message
    assert np.isfinite(result.fun)


@pytest.mark.parametrize("how", [{"step": 0.1}, *({"line_search": s} for s in SEARCHES)])
def test_a_start_at_the_minimum_is_the_end(how: Any) -> None:
    result = gradient_descent(bowl, [1.0, 2.0], **how, path=True)
    assert result.success
    assert result.path.shape == (1, 2)


@pytest.mark.parametrize("how", [{"step": 0.1}, *({"line_search": s} for s in SEARCHES)])
def test_a_saddle_point_or_a_maximum_is_no_success(how: Any) -> None:
    for f in (lambda x: x[0] ** 2 - x[1] ** 2, lambda x: -np.sum(x**2)):
        result = gradient_descent(f, [0.0, 0.0], **how)
        assert result.status == Status.OTHER_KIND
        assert not result.success


@pytest.mark.parametrize("search", SEARCHES)
def test_a_function_that_falls_without_end(search: Any) -> None:
    result = gradient_descent(lambda x: -(x**2), 0.3, line_search=search)
    assert result.status == Status.UNBOUNDED


def test_a_corner_stalls() -> None:
    result = gradient_descent(lambda x: np.abs(x - 0.3), 1.0, line_search="wolfe")
    assert not result.success
    assert result.x == pytest.approx(0.3)


def test_a_structure_comes_back_as_one() -> None:
    result = gradient_descent(
        lambda p, c: (p["a"] - c) ** 2 + np.sum(p["b"] ** 2),
        {"a": 0.0, "b": np.ones(2)},
        args=(5.0,),
    )
    assert result.x["a"] == pytest.approx(5.0)
    assert_allclose(result.x["b"], 0, atol=1e-12)


def test_f_not_finite_at_the_start() -> None:
    result = gradient_descent(lambda x: x * np.nan, 1.0, step=1.0)
    assert result.status == Status.NOT_FINITE
    assert "f is nan" in result.message
    assert result.x == 1.0


def test_a_vector_is_refused() -> None:
    result = gradient_descent(np.sin, [0.0, 0.0], step=1.0)
    assert result.status == Status.INVALID
    assert "one real number" in result.message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"step": 0.0}, "step to be a positive, finite number"),
        ({"step": np.nan}, "step to be a positive, finite number"),
        ({"step": 0.1, "line_search": "wolfe"}, "got both"),
        ({"line_search": "newton"}, "line_search to be one of 'armijo', 'wolfe', 'exact'"),
        ({"step": 0.1, "momentum": 1.0}, "momentum to be a number from 0 to below 1"),
        ({"momentum": 0.5}, "fixed step"),
        ({"maxiter": -1}, "maxiter"),
        ({"line_search": ["wolfe"]}, "line_search to be one of"),
    ],
)
def test_refusals(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gradient_descent(bowl, [0.0, 0.0], **wrong)


@pytest.mark.parametrize("line_search", ["armijo", "wolfe"])
def test_without_a_tolerance_it_ends_where_nothing_is_left_to_gain(line_search: str) -> None:
    result = gradient_descent(rosenbrock, [-1.2, 1.0], line_search=line_search, maxiter=50_000)
    assert result.success
    assert_allclose(result.x, 1, atol=1e-8)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_the_units_of_f_do_not_matter(unit: float) -> None:
    result = gradient_descent(lambda x: unit * bowl(x), [0.0, 0.0])
    assert result.success
    assert_allclose(result.x, [1.0, 2.0], atol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_what_only_levels_off_is_no_minimum(offset: float) -> None:
    assert not gradient_descent(lambda x: offset + np.exp(-x), 0.0).success


def test_where_f_falls_without_end_the_lowest_point_is_told() -> None:
    result = gradient_descent(lambda x: -(x**2), 1.0, path=True)
    assert result.status == Status.UNBOUNDED
    assert result.fun == np.min(-(result.path**2)) < -1e10
    assert np.isfinite(result.x)


@pytest.mark.parametrize("f", [lambda x: x[0] ** 3, lambda x: x[0] ** 5])
def test_a_level_place_on_the_way_down_is_no_minimum(f: Any) -> None:
    assert gradient_descent(f, [1.0]).status == Status.OTHER_KIND


def test_a_slope_that_goes_on_for_ever_is_told() -> None:
    result = gradient_descent(lambda x: 1e-9 * x[0] + (x[1] - 1) ** 2 + 5, [0.0, 1.0])
    assert result.status == Status.UNBOUNDED
    assert result.nfev < 100


@pytest.mark.parametrize("step", [None, 0.25])
def test_the_ridge_of_a_flat_saddle_is_no_minimum(step: float | None) -> None:
    result = gradient_descent(lambda x: x[0] ** 2 - x[1] ** 4, [1.0, 0.0], step=step, gtol=1e-8)
    assert result.status == Status.UNBOUNDED


@pytest.mark.parametrize(
    "wrong", [{"step": "0.1"}, {"step": True}, {"step": 0.1, "momentum": None}]
)
def test_a_step_and_a_momentum_are_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"expected (step|momentum) to be a .*number"):
        gradient_descent(np.sum, [0.0], **wrong)
