"""least_squares within bounds: closed forms, SciPy, and never a look beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import Bounds

from autodiff import Tensor, flatten
from optim import Status, least_squares, minimize

T = np.linspace(0, 4, 30)
DATA = 2 * np.exp(-T) + 0.3 + 0.01 * np.sin(37 * T)


@dataclass
class Decay:
    shape: Any
    level: Any


def decay(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * T) + x[2] - DATA


def rosenbrock(x: Any) -> Any:
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


def tight(residuals: Any, x0: Any, **options: Any) -> Any:
    return scipy.optimize.least_squares(
        residuals, x0, method="trf", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=10_000, **options
    )


# -- minima ----------------------------------------------------------------------------------


def test_bounds_that_do_not_bind_change_nothing() -> None:
    free = least_squares(decay, [1.0, 1.0, 1.0])
    bounded = least_squares(decay, [1.0, 1.0, 1.0], bounds=(-10, 10))
    assert_allclose(bounded.x, free.x, rtol=1e-14)
    assert_array_equal(bounded.active_mask, 0)
    assert_array_equal(free.active_mask, 0)


def test_a_minimum_on_a_bound_in_closed_form() -> None:
    # With x[1] held at 1/2 the other is the mean of what is left.
    data = np.array([1.0, 2.0, 4.0])
    slope = np.array([0.0, 1.0, 2.0])
    result = least_squares(lambda x: x[0] + x[1] * slope - data, [0.0, 0.0], bounds=(-np.inf, 0.5))
    assert result.status is Status.CONVERGED, result.message
    assert_array_equal(result.x[0], 0.5)  # the mean of 1, 1.5 and 3 lies above the bound too
    expected = scipy.optimize.lsq_linear(
        np.stack([np.ones(3), slope], 1), data, (-np.inf, 0.5), tol=1e-15
    )
    assert_allclose(result.x, expected.x)
    assert_array_equal(result.active_mask, [1, 1])


@pytest.mark.parametrize("seed", range(20))
def test_linear_problems_are_solved_as_by_lsq_linear(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(12, 6)), 3 * rng.normal(size=12)
    lower, upper = -rng.uniform(size=6), rng.uniform(size=6)
    result = least_squares(lambda x: A @ x - b, np.zeros(6), bounds=(lower, upper))
    expected = scipy.optimize.lsq_linear(A, b, (lower, upper), method="bvls", tol=1e-15)
    assert result.success, result.message
    assert_allclose(result.x, expected.x, rtol=1e-12, atol=1e-14)
    assert_array_equal(result.active_mask, expected.active_mask)


@pytest.mark.parametrize(
    ("bounds", "x"),
    [
        (([-np.inf, 1.5], [np.inf, np.inf]), None),
        ((-2, 0.5), (0.5, 0.25)),
        (([-2, -2], [2, 0.5]), None),
        (([1.2, -np.inf], np.inf), (1.2, 1.44)),
    ],
)
def test_rosenbrock_in_a_box(bounds: Any, x: tuple[float, float] | None) -> None:
    lower, upper = (np.broadcast_to(b, 2) for b in bounds)
    start = np.clip([-1.2, 1.0], lower, upper)
    result = least_squares(rosenbrock, start, bounds=(lower, upper))
    expected = tight(rosenbrock, np.clip(start, lower + 1e-3, upper - 1e-3), bounds=(lower, upper))
    assert result.success, result.message
    assert result.cost <= expected.cost * (1 + 1e-12)
    assert_allclose(result.x, expected.x, rtol=1e-5)
    if x is not None:
        assert_allclose(result.x, x, rtol=1e-14)


@pytest.mark.parametrize("upper", [0.05, 0.2, 0.3, 0.301, 0.4])
def test_the_minimum_on_a_bound_is_that_of_the_free_unknowns_alone(upper: float) -> None:
    result = least_squares(decay, [1.0, 1.0, 0.0], bounds=([0, 0, 0], [np.inf, np.inf, upper]))
    free = least_squares(decay, [1.0, 1.0, 0.0])
    assert result.success, result.message
    if upper < free.x[2]:
        held = least_squares(lambda x: decay([x[0], x[1], upper]), [1.0, 1.0])
        assert result.x[2] == upper
        assert_allclose(result.x[:2], held.x, rtol=1e-13)
        assert_array_equal(result.active_mask, [0, 0, 1])
    else:
        assert_allclose(result.x, free.x, rtol=1e-13)


def test_the_gradient_presses_against_the_bounds_that_hold() -> None:
    result = least_squares(decay, [1.0, 0.5, 0.0], bounds=(0, [1.5, 0.8, 0.2]))
    gradient = result.jac.T @ result.fun
    assert result.success
    assert np.any(result.active_mask)
    assert_allclose(gradient[result.active_mask == 0], 0, atol=1e-14)
    assert np.all(gradient[result.active_mask == 1] < 0)
    assert np.all(gradient[result.active_mask == -1] > 0)


def test_an_unknown_leaves_a_bound_that_it_started_on() -> None:
    result = least_squares(decay, [0.0, 0.0, 0.0], bounds=(0, np.inf))
    assert_allclose(result.x, least_squares(decay, [1.0, 1.0, 1.0]).x, rtol=1e-12)


def test_it_never_looks_beyond_the_bounds() -> None:
    lower, upper = np.array([0.5, 0.2, 0.0]), np.array([3.0, 0.9, 0.25])

    def watched(x: Any) -> Any:
        value = x.data if type(x) is Tensor else x
        assert np.all((lower <= value) & (value <= upper)), value
        return decay(x)

    assert least_squares(watched, [2.9, 0.3, 0.1], bounds=(lower, upper)).success


def test_bounds_keep_away_from_where_the_residuals_are_undefined() -> None:
    result = least_squares(lambda x: [np.sqrt(x[0]) + 1, x[1] - 2], [1.0, 1.0], bounds=(1e-8, 9))
    assert_allclose(result.x, [1e-8, 2])
    assert result.success


def test_equal_bounds_fix_an_unknown() -> None:
    result = least_squares(decay, [1.0, 0.9, 1.0], bounds=([0, 0.9, 0], [9, 0.9, 9]))
    held = least_squares(lambda x: decay([x[0], 0.9, x[1]]), [1.0, 1.0])
    assert_allclose(result.x, [held.x[0], 0.9, held.x[1]], rtol=1e-13)
    assert result.success


def test_all_unknowns_may_be_fixed() -> None:
    result = least_squares(decay, [1.0, 0.9, 1.0], bounds=([1.0, 0.9, 1.0], [1.0, 0.9, 1.0]))
    assert result.success
    assert result.nfev == 1
    assert_array_equal(result.x, [1.0, 0.9, 1.0])


def test_scipys_bounds_serve() -> None:
    pair = least_squares(decay, [1.0, 1.0, 0.0], bounds=(0, [5, 5, 0.2]))
    scipys = least_squares(decay, [1.0, 1.0, 0.0], bounds=Bounds(0, [5, 5, 0.2]))
    assert_array_equal(scipys.x, pair.x)


@pytest.mark.parametrize("x0", [[1.0, 1.0], [[1.0], [1.0]], {"a": 1.0, "b": [1.0]}])
@pytest.mark.parametrize("upper", [2, [2], [2, 3]])
def test_scipys_bounds_are_read_in_flat_order_as_by_minimize(x0: Any, upper: Any) -> None:
    bounds = Bounds(0, upper)
    by_squares = least_squares(lambda x: flatten(x)[0] - 5.0, x0, bounds=bounds)
    by_value = minimize(lambda x: np.sum((flatten(x)[0] - 5.0) ** 2), x0, bounds=bounds)
    for result in (by_squares, by_value):
        assert result.success
        assert_allclose(flatten(result.x)[0], np.broadcast_to(upper, 2))


@pytest.mark.parametrize("x0", [1.0, [1.0, 1.0], {"a": 1.0}])
def test_scipys_bounds_of_another_number_are_told(x0: Any) -> None:
    bounds = Bounds([0, 0, 0], [2, 3, 4])
    for method in (least_squares, minimize):
        with pytest.raises(ValueError, match=r"the lower bounds for each of . unknowns.*got 3"):
            method(lambda x: flatten(x)[0][0], x0, bounds=bounds)


def test_bounds_in_the_structure_of_the_start() -> None:
    result = least_squares(
        lambda p: decay([p["height"], p["rate"], p["level"]]),
        {"height": 1.0, "rate": 1.0, "level": 0.0},
        bounds=(0, {"height": np.inf, "rate": np.inf, "level": 0.2}),
    )
    expected = least_squares(decay, [1.0, 1.0, 0.0], bounds=(0, [np.inf, np.inf, 0.2]))
    assert_allclose(list(result.x.values()), expected.x, rtol=1e-14)
    assert result.active_mask == {"height": 0, "rate": 0, "level": 1}


def test_bounds_in_the_structure_of_a_dataclass() -> None:
    result = least_squares(
        lambda p: decay([p.shape[0], p.shape[1], p.level]),
        Decay(np.ones(2), 0.0),
        bounds=(Decay(np.zeros(2), -1.0), Decay(np.array([9.0, 9.0]), 0.2)),
    )
    expected = least_squares(decay, [1.0, 1.0, 0.0], bounds=(-1, [9, 9, 0.2]))
    assert_allclose([*result.x.shape, result.x.level], expected.x, rtol=1e-13)
    assert_array_equal(result.active_mask.shape, [0, 0])
    assert result.active_mask.level == 1


def test_what_nothing_determines_within_bounds_is_named() -> None:
    result = least_squares(lambda x: x[0] + x[1] - DATA, [0.0, 0.0], bounds=(-5, 5))
    assert result.status is Status.SINGULAR
    assert "rank 1 of 2" in result.message


def test_a_bound_can_determine_what_the_residuals_do_not() -> None:
    # x[0] goes to its bound, and the rest is for x[1].
    result = least_squares(
        lambda x: [x[0] + x[1] - 3, 0.1 * x[0] - 2], [0.0, 0.0], bounds=(-5, [1, 5])
    )
    assert_allclose(result.x, [1, 2], rtol=1e-14)
    assert result.success


# -- where there is no success ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "bounds", "message"),
    [
        ([1.0, 2.0, 3.0], (0, [5, 1.5, 5]), "x0[1] is 2.0, expected between 0.0 and 1.5"),
        (-1.0, (0, np.inf), "x0 is -1.0"),
        ([[1.0, 9.0]], (0, 5), "x0[0, 1] is 9.0"),
        ({"a": 1.0, "b": -1.0}, (0, 5), "number 1 of those in x0 is -1.0"),
    ],
)
def test_a_start_out_of_bounds(start: Any, bounds: Any, message: str) -> None:
    result = least_squares(lambda x: x, start, bounds=bounds)
    assert (result.status, result.success, result.nfev) == (Status.INFEASIBLE, False, 0)
    assert "the start is out of bounds: " + message in result.message


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (("0", 2), "expected numbers as the lower bounds, got '0'"),
        ((1, 0), r"the lower bound of x0\[0\] is 1.0, the upper 0.0"),
        (([0, 0, 2], 1), r"x0\[2\] is 2.0, the upper 1.0"),
        (([0, np.nan, 0], 1), r"x0\[1\] is nan"),
        (([0, 0], 1), "expected the lower bounds to be one number or to be built like x0"),
        ((0, [[1, 1, 1]]), "expected the upper bounds to be one number"),
        ((0, 1, 2), r"expected bounds to be \(lower, upper\), got \(0, 1, 2\)"),
        (5, r"expected bounds to be \(lower, upper\), got 5"),
        ((), r"expected bounds to be \(lower, upper\), got \(\)"),
        (np.array(3.0), r"expected bounds to be \(lower, upper\), got array\(3"),
        (
            {"a": (0, 1)},
            r"bounds has keys, but x0 none there, where it is array.*: leave them out",
        ),
    ],
)
def test_bounds_that_make_no_sense(bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        least_squares(decay, [0.5, 0.5, 0.5], bounds=bounds)


def test_bounds_whose_names_come_in_another_order() -> None:
    with pytest.raises(ValueError, match="built like x0"):
        least_squares(
            lambda p: [p["a"], p["b"]], {"a": 1.0, "b": 1.0}, bounds=(0, {"b": 2.0, "a": 3.0})
        )


# -- pairs -----------------------------------------------------------------------------------

TREE = {"a": 0.5, "b": {"c": np.array([0.5, 0.5])}}


def toward_three_and_four(p: Any) -> Any:
    return [p["a"] - 3, *(p["b"]["c"] - 4)]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, [3, 4, 4]),
        ({"a": (0, 1)}, [1, 4, 4]),
        ({"a": [None, 1], "b": None}, [1, 4, 4]),
        ({"a": (None, None), "b": {"c": (None, 2)}}, [3, 2, 2]),
        ({"b": {"c": (0, [2, None])}}, [3, 2, 4]),
        ({"b": (-np.inf, 1.5)}, [3, 1.5, 1.5]),
        ((None, {"a": 1, "b": {"c": [2, None]}}), [1, 2, 4]),
    ],
)
def test_pairs_by_key_leave_what_is_missing_free(bounds: Any, expected: list[float]) -> None:
    result = least_squares(toward_three_and_four, TREE, bounds=bounds)
    assert result.success
    assert_allclose([result.x["a"], *result.x["b"]["c"]], expected)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"c": (0, 1)}, "bounds has the key 'c', expected some of those of x0: 'a', 'b'"),
        (
            {"a": {"x": (0, 1)}},
            r"bounds\['a'\] has keys, but x0 none there, where it is .*: leave them out",
        ),
        ({"a": 3}, r"expected bounds\['a'\] to be \(lower, upper\), got 3"),
        ({"a": (2, 1)}, "the lower bound of number 0 of those in x0 is 2.0, the upper 1.0"),
        ({"b": {"c": (0, [1, 2, 3])}}, "the upper bounds to be one number or to be built like"),
        ({"b": {"c": [(0, 1), (0, 2)]}}, r"\['c'\] is a list.*\['c'\]=\(\[0, 0\], \[1, 2\]\)"),
        ([(0, 1), (0, 2), (0, 3)], r"bounds=\{'a': \(0, 1\), 'b': \(0, 2\), 'c': \(0, 3\)\}$"),
    ],
)
def test_pairs_by_key_that_make_no_sense(bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        least_squares(toward_three_and_four, TREE, bounds=bounds)


def of_two(x: Any) -> Any:
    return [x[0] - 30, x[1] - 40]


@pytest.mark.parametrize(
    ("bounds", "arrays", "by_key"),
    [
        ([(-5, 5), (0, 10)], "([-5, 0], [5, 10])", "{'a': (-5, 5), 'b': (0, 10)}"),
        (
            [(None, 5), (0, np.inf)],
            "([-np.inf, 0], [5, np.inf])",
            "{'a': (-np.inf, 5), 'b': (0, np.inf)}",
        ),
        ([(0, 1)], "([0], [1])", "{'a': (0, 1)}"),
        (4 * [(0, 1)], "([0, 0, 0, ...], [1, 1, 1, ...])", ", 'c': (0, 1), ...}"),
        ([[0, 1], [0, 2], [0, 3]], "([0, 0, 0], [1, 2, 3])", "{'a': (0, 1)"),
        (np.array([[0, 1], [0, 2], [0, 3]]), "([0, 0, 0], [1, 2, 3])", "{'a': (0, 1)"),
    ],
)
def test_a_list_of_pairs_is_answered_with_both_spellings(
    bounds: Any, arrays: str, by_key: str
) -> None:
    with pytest.raises(ValueError, match="bounds is a list of pairs, which minimize takes") as said:
        least_squares(of_two, [0.5, 0.5], bounds=bounds)
    assert f"bounds={arrays}" in str(said.value)
    assert by_key in str(said.value)


@pytest.mark.parametrize(
    "bounds",
    [
        ([-5, 0], [5, 10]),
        [[-5, 0], [5, 10]],
        ((-5, 0), (5, 10)),
        np.array([[-5, 0], [5, 10]]),
        scipy.optimize.Bounds([-5, 0], [5, 10]),
        (None, [5, 10]),
    ],
)
def test_what_may_be_read_either_way_is_lower_and_upper_bounds(bounds: Any) -> None:
    assert_allclose(least_squares(of_two, [0.5, 0.5], bounds=bounds).x, [5, 10])
