"""What all methods share: what f may return, callbacks, paths, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optim import bfgs, gradient_descent, lagrange, lbfgs, newton, newton_cg, newton_raphson
from optim._run import Status

MINIMISERS = pytest.mark.parametrize("method", [gradient_descent, newton, bfgs, lbfgs, newton_cg])
START = [3.0, 1.0]


def bowl(x: Any) -> Any:
    return (x[0] - 1) ** 2 + (x[1] + 2) ** 2 + x[0] ** 4


def on_a_line(f: Any, x0: Any, **options: Any) -> Any:
    return lagrange(f, lambda x: x[0] + x[1] - 3, x0, **options)


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
def test_a_broken_number_of_steps_is_a_limit_too(method: Any) -> None:
    assert method(bowl, START, maxiter=1.5).nit <= 2
