"""Power series along a direction, against nested derivatives and known series."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial
from typing import Any

import numpy as np
import pytest

from autodiff import custom, jvp
from autodiff._derivatives import record_function
from autodiff._taylor import taylor_coefficients
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case

ORDER = 5


def coefficients(f: Callable[..., Any], args: Any, directions: Any, order: int) -> list[Any]:
    """The coefficients of t ↦ f(args + t · directions)."""
    graph = record_function(f, args, {}, tuple(range(len(args))))
    given = [[x.value, d] for x, d in zip(graph.leaves, directions, strict=True)]
    return taylor_coefficients(graph, given, order)


def nested(f: Callable[..., Any], args: Any, directions: Any, order: int) -> list[Any]:
    """The same by forward mode in forward mode."""

    def along(t: Any) -> Any:
        return f(*(x + t * d for x, d in zip(args, directions, strict=True)))

    def slope(f: Any, t: Any) -> Any:
        return jvp(f, t, 1.0)[1]

    results, g = [], along
    for k in range(order + 1):
        results.append(g(0.0) / factorial(k))
        g = partial(slope, g)
    return results


@pytest.mark.parametrize("case", CASES, ids=str)
def test_series_agree_with_nested_derivatives(case: Case) -> None:
    rng = np.random.default_rng(0)
    directions = [rng.uniform(0.2, 0.5, x.shape) for x in case.args]
    try:
        actual = coefficients(case.f, case.args, directions, ORDER)
    except TypeError as error:
        assert "has no rule for the way forward, and so no Taylor series" in str(error)  # noqa: PT017
        return
    expected = nested(case.f, case.args, directions, ORDER)
    for k, (a, e) in enumerate(zip(actual, expected, strict=True)):
        scale = 1 + np.max(np.abs(e), initial=0.0)
        np.testing.assert_allclose(a, e, rtol=1e-9, atol=1e-10 * scale, err_msg=f"order {k}")


@pytest.mark.parametrize(
    ("f", "x", "order", "value"),
    [
        (np.arctan, 0.0, 31, -1 / 31),
        (np.tan, 0.0, 9, 62 / 2835),
        (np.arcsin, 0.0, 7, 5 / 112),
        (np.log1p, 0.0, 30, -1 / 30),
        (lambda x: x**7, 0.0, 7, 1.0),
        (lambda x: x**7, 0.0, 8, 0.0),
    ],
)
def test_high_orders_of_known_series(f: Any, x: float, order: int, value: float) -> None:
    assert coefficients(f, (x,), (1.0,), order)[order] == pytest.approx(value, rel=1e-12)


def test_a_long_program_does_not_recurse() -> None:
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = np.sin(x)
        return x

    actual = coefficients(f, (1.0,), (1.0,), 3)
    np.testing.assert_allclose(actual[1], jvp(f, 1.0, 1.0)[1], rtol=1e-12)


def test_an_output_that_does_not_depend_on_the_input() -> None:
    assert coefficients(lambda x: np.ones(2), (1.0,), (1.0,), 2)[2].tolist() == [0, 0]


def test_an_op_without_a_forward_rule_is_refused_by_name() -> None:
    def cube(x: Any) -> Any:
        return x**3

    with pytest.raises(TypeError, match="cube has no rule for the way forward"):
        coefficients(custom(cube, vjp=lambda g, out, x: g * 3 * x**2), (1.0,), (1.0,), 2)
