"""What all methods share: what f may return, callbacks, paths, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from autodiff import eager
from optim import (
    Status,
    bfgs,
    gradient_descent,
    halley,
    lagrange,
    lbfgs,
    least_squares,
    minimize,
    newton,
    newton_cg,
    newton_raphson,
)
from optim.from_scipy._methods import NAMES

MINIMISERS = pytest.mark.parametrize("method", [gradient_descent, newton, bfgs, lbfgs, newton_cg])
START = [3.0, 1.0]


def bowl(x: Any) -> Any:
    return (x[0] - 1) ** 2 + (x[1] + 2) ** 2 + x[0] ** 4


def on_a_line(f: Any, x0: Any, **options: Any) -> Any:
    return lagrange(f, x0, lambda x: x[0] + x[1] - 3, **options)


def where_its_slopes_vanish(f: Any, x0: Any, **options: Any) -> Any:
    return newton_raphson(lambda x: [2 * (x[0] - 1) + 4 * x[0] ** 3, x[1] + 2], x0, **options)


EVERY = pytest.mark.parametrize(
    "method",
    [gradient_descent, newton, bfgs, lbfgs, newton_cg, on_a_line, where_its_slopes_vanish],
)


@MINIMISERS
@pytest.mark.parametrize(
    "wrapped", [lambda v: [v], lambda v: (v,), lambda v: np.reshape(v, (1, 1))]
)
def test_a_number_may_come_in_a_list_or_an_array(method: Any, wrapped: Any) -> None:
    result = method(lambda x: wrapped(bowl(x)), START)
    assert result.success, result.message
    assert_allclose(result.x, newton(bowl, START).x, rtol=1e-5)
    assert isinstance(result.fun, float)


@MINIMISERS
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "None"),
        ("text", "'text'"),
        ({"a": 1.0}, r"\{'a': 1.0\}"),
        ((1.0, [1.0, 2.0]), r"\(1.0, \[1.0, 2.0\]\)"),
        ([1.0, 2.0], r"shape \(2,\) of float64"),
        (1j, "complex128"),
    ],
)
def test_what_is_no_number_is_told(method: Any, value: Any, told: str) -> None:
    result = method(lambda x: value, START)
    assert (result.status, result.success) == (Status.INVALID, False)
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(result.message)


@EVERY
def test_what_a_callback_does_to_its_point_changes_nothing(method: Any) -> None:
    def vandal(intermediate_result: Any) -> None:
        intermediate_result.x[...] = 77
        intermediate_result.jac[...] = 77

    with eager():  # once there is a plan, as after other tests, digits may be others
        expected = method(bowl, START)
        assert_array_equal(method(bowl, START, callback=vandal).x, expected.x)


@EVERY
def test_the_start_and_the_path_are_not_the_results_own(method: Any) -> None:
    start = np.array(START)
    result = method(bowl, start, path=True)
    path = result.path.copy()
    result.x[...] = 77
    assert_array_equal(start, START)
    assert_array_equal(result.path, path)


def test_nor_are_they_in_a_structure() -> None:
    result = newton(lambda p: np.sum((p["a"] - 1) ** 2), {"a": np.zeros(2)}, path=True)
    result.x["a"][...] = 77
    assert_allclose(result.path[-1]["a"], 1)


@EVERY
@pytest.mark.parametrize("start", [np.inf, -np.inf, np.nan])
def test_no_success_is_at_what_is_no_number(method: Any, start: float) -> None:
    # x[0] plays no part, and so f and its derivatives are finite.
    for f in (lambda x: (x[1] - 1) ** 2, lambda x: 1.0):
        result = method(f, [start, 1.0])
        assert not result.success
        assert result.message


# -- limits ----------------------------------------------------------------------------------


def by_least_squares(f: Any, x0: Any, maxiter: Any) -> Any:
    return least_squares(lambda x: [x[0] - 1, x[1] + 2, x[0] ** 2], x0, max_nfev=maxiter)


def by_scipy(f: Any, x0: Any, maxiter: Any) -> Any:
    return minimize(f, x0, options={"maxiter": maxiter})


LIMITED = pytest.mark.parametrize("method", [*EVERY.args[1], by_least_squares, by_scipy])


@LIMITED
@pytest.mark.parametrize(
    ("limit", "instead"),
    [
        (2.5, "got 2.5: write 2"),
        (3.0, "got 3.0: write 3"),
        (np.float64(1e3), "got 1000.0: write 1000"),
        (np.inf, "got inf: write a large one"),
        (np.nan, "got nan"),
        ("10", "got '10'"),
        (True, "got True"),
        ([10], "got "),
    ],
)
def test_a_limit_is_a_whole_number(method: Any, limit: Any, instead: str) -> None:
    with pytest.raises(TypeError, match=f"to be a whole number of [01] or more, {instead}"):
        method(bowl, START, maxiter=limit)


@LIMITED
def test_no_limit_is_negative(method: Any) -> None:
    with pytest.raises(ValueError, match=r"to be a whole number of [01] or more, got -1"):
        method(bowl, START, maxiter=-1)


@LIMITED
@pytest.mark.parametrize("number", [np.int64, np.uint8, np.int32])
def test_a_limit_may_be_an_integer_of_numpy(method: Any, number: Any) -> None:
    result = method(bowl, START, maxiter=number(1))
    assert result.status in (0, 1)
    assert_array_equal(result.x, method(bowl, START, maxiter=1).x)


@pytest.mark.parametrize("name", NAMES)
def test_no_step_by_a_method_of_scipy_leaves_the_start(name: str) -> None:
    result = minimize(bowl, START, method=name, options={"maxiter": 0})
    assert (result.success, result.status, result.nit) == (False, Status.LIMIT, 0)
    assert_array_equal(result.x, START)
    assert result.fun == bowl(START)
    assert result.message == newton(bowl, START, maxiter=0).message


# -- tolerances ------------------------------------------------------------------------------

SHARES: dict[Any, str] = {  # of each method, the tolerance that is a share, and so below 1
    **dict.fromkeys((bfgs, lbfgs, newton, newton_cg), "tol"),
    **dict.fromkeys((newton_raphson, halley), "xtol"),
    on_a_line: "kkt_tol",
    least_squares: "offset_tol",
}
TOLERANCES: dict[Any, str] = SHARES | {gradient_descent: "gtol", minimize: "tol"}
TOLERANT = pytest.mark.parametrize(
    ("method", "name"), TOLERANCES.items(), ids=lambda value: getattr(value, "__name__", value)
)


@TOLERANT
@pytest.mark.parametrize(
    ("tol", "error"),
    [
        *((tol, ValueError) for tol in (-1e-9, np.inf, np.nan, np.float32(-1))),
        *((tol, TypeError) for tol in ("1e-9", True, [1e-9], 1e-9j, np.array(1e-9))),
    ],
)
def test_a_tolerance_is_a_number_of_0_or_more(
    method: Any, name: str, tol: Any, error: type[Exception]
) -> None:
    what = "a number from 0 to below 1" if method in SHARES else "a finite number of 0 or more"
    with pytest.raises(error, match=f"expected {name} to be {what}, got .*: write 0 to go down"):
        method(bowl, START, **{name: tol})


@pytest.mark.parametrize(("method", "name"), SHARES.items())
@pytest.mark.parametrize(("tol", "error"), [(1.0, ValueError), (2, ValueError), (None, TypeError)])
def test_a_relative_tolerance_is_below_1(
    method: Any, name: str, tol: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"expected {name} to be a number from 0 to below 1, got {tol}"):
        method(bowl, START, **{name: tol})


def test_a_tolerance_in_units_may_be_large() -> None:
    for method, name in ((gradient_descent, "gtol"), (minimize, "tol")):
        assert method(bowl, START, **{name: 1.0}).nit < method(bowl, START).nit


@TOLERANT
@pytest.mark.parametrize("tol", [0, 0.0, np.float32(0), np.int64(0)])
def test_a_tolerance_of_0_goes_down_to_rounding(method: Any, name: str, tol: Any) -> None:
    # Where 4 x³ + 2 x = 2, and where 4 x³ + 4 x = 12: by Newton's method, in 40 digits.
    if method in (newton_raphson, halley, least_squares):
        result = method(lambda x: 4 * x**3 + 2 * x - 2, 3.0, **{name: tol})
    else:
        result = method(bowl, START, **{name: tol})
    assert result.success, result.message
    x = 1.213411662762229634 if method is on_a_line else 0.589754512301458384
    assert_allclose(np.ravel(result.x)[0], x, rtol=1e-8)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_fixed_step_ends_where_it_changes_x_no_longer(momentum: float) -> None:
    result = gradient_descent(lambda x: (x[0] - 1) ** 2 + 5, [0.0], step=0.1, momentum=momentum)
    assert result.success
    assert result.nit < 500
    assert_allclose(result.x, 1, rtol=1e-15)


def test_a_step_that_is_too_short_to_change_x_finds_nothing() -> None:
    result = gradient_descent(bowl, START, step=1e-30)
    assert (result.status, result.nit) == (Status.STALLED, 0)
    assert "a step of 1e-30 no longer changes x" in result.message


# -- what a callback is ---------------------------------------------------------------------


@EVERY
def test_where_f_returns_no_number_the_path_is_the_start(method: Any) -> None:
    wrong = method if method not in (where_its_slopes_vanish,) else newton_raphson
    result = wrong(lambda x: "a", START, path=True)
    assert result.status is Status.INVALID
    assert_array_equal(result.path, [START])


@EVERY
@pytest.mark.parametrize("callback", [3, "show", [print]])
def test_a_callback_is_a_function(method: Any, callback: Any) -> None:
    for maxiter in (0, 10):
        with pytest.raises(TypeError, match="expected callback to be a function, got"):
            method(bowl, START, callback=callback, maxiter=maxiter)
    with pytest.raises(TypeError, match="expected callback to be a function, got"):
        minimize(bowl, START, callback=callback)
    with pytest.raises(TypeError, match="expected callback to be a function, got"):
        least_squares(lambda x: x, START, callback=callback)


# -- what a start may be ---------------------------------------------------------------------

METHODS = [*EVERY.args[1], halley, least_squares, minimize]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x0", [None, "a", [1.0, None], {"a": 1.0, "b": "c"}])
def test_a_start_of_something_else_than_numbers_is_told(method: Any, x0: Any) -> None:
    with pytest.raises(TypeError, match=r"expected x0 to hold real numbers only, got .* args"):
        method(bowl, x0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x0", [[], {}, (), {"a": []}, np.zeros((0, 2))])
def test_an_empty_start_is_told(method: Any, x0: Any) -> None:
    with pytest.raises(ValueError, match="x0 is empty"):
        method(bowl, x0)


# -- arguments that were swapped -------------------------------------------------------------

SWAPPED = [gradient_descent, newton, bfgs, lbfgs, newton_cg, newton_raphson, halley, minimize]


@pytest.mark.parametrize("method", SWAPPED)
@pytest.mark.parametrize("x0", [1.0, [1.0, 2.0]])
def test_a_function_where_numbers_are_expected_is_told(method: Any, x0: Any) -> None:
    with pytest.raises(TypeError, match="got a function: the function comes first, and then"):
        method(x0, np.sin)
    with pytest.raises(TypeError, match=r"expected a function, got .*: the function comes first"):
        method(x0, 1.0)


# -- how a search ended ----------------------------------------------------------------------


@LIMITED
def test_the_status_is_one_of_all_methods(method: Any) -> None:
    for limit, status in ((100, Status.CONVERGED), (1, Status.LIMIT)):
        result = method(bowl, START, maxiter=limit)
        assert (result.status, result.success) == (status, status.success)
        assert isinstance(result.status, Status)
        assert f"status: {status.name}" in str(result)


@pytest.mark.parametrize(
    "method",
    [gradient_descent, newton, bfgs, lbfgs, newton_cg, least_squares, newton_raphson, halley],
)
def test_a_result_names_its_method(method: Any) -> None:
    for start in (1.0, np.inf):
        assert method(lambda x: (x - 1) ** 2, start).method == method.__name__


def test_lagrange_names_itself() -> None:
    assert on_a_line(bowl, START).method == "lagrange"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "BFGS"),
        ({"bounds": [(0, None), (0, None)]}, "L-BFGS-B"),
        ({"constraints": {"type": "ineq", "fun": lambda x: x[0]}}, "SLSQP"),
        ({"method": "newton-cg"}, "Newton-CG"),
        ({"method": "trust-constr", "options": {"maxiter": 0}}, "trust-constr"),
    ],
)
def test_minimize_names_the_method_of_scipy(options: Any, name: str) -> None:
    assert minimize(bowl, START, **options).method == name


def test_each_status_has_a_meaning_of_its_own() -> None:
    assert len({status.meaning for status in Status}) == len(Status)
    assert [status for status in Status if status.success] == [Status.CONVERGED]


@pytest.mark.parametrize("method", [*EVERY.args[1], minimize])
def test_a_search_that_a_callback_stops_tells_after_which_step(method: Any) -> None:
    def stop(intermediate_result: Any) -> None:
        raise StopIteration

    result = method(bowl, START, callback=stop)
    assert (result.status, result.nit) == (Status.STOPPED, 1)
    assert result.message == "the callback stopped the search after step 1"
