"""Power series along a direction, against nested derivatives and known series."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import comb, factorial
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, custom, jvp, no_grad
from autodiff._core.functions import record_function
from autodiff.series._walk import taylor_coefficients
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case

ORDER = 5


def coefficients(f: Callable[..., Any], args: Any, directions: Any, order: int) -> list[Any]:
    """The coefficients of t ↦ f(args + t · directions)."""
    graph = record_function(f, args, {}, tuple(range(len(args))))
    given = [[x._value, d] for x, d in zip(graph.leaves, directions, strict=True)]
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


POWERS = [0, 1, 2, 5, 0.0, 3.0, -1, -2.0, 0.5, 2.5, -1.5, np.array([0.0, 1.0, 3.0, -1.0, 1.5])]


@pytest.mark.parametrize("x", [0.7, np.array([0.3, 1.0, 0.9, 2.0, 1e-3])], ids=["number", "array"])
@pytest.mark.parametrize("y", POWERS, ids=str)
def test_powers(x: Any, y: Any) -> None:
    """By the binomial series of (u + t u')^y, u = sin x being more than linear in t."""
    actual = coefficients(lambda x: np.sin(x) ** y, (x,), (np.ones_like(x),), 4)
    s, c = np.sin(x), np.cos(x)
    u = [s, c, -s / 2, -c / 6, s / 24]
    # p0 = u0^y, and k u0 pk = the sum over j of ((k - j) y - j) u(k-j) pj
    expected = [s**y]
    for k in range(1, 5):
        terms = [((k - j) * y - j) * u[k - j] * expected[j] for j in range(k)]
        expected.append(sum(terms) / (k * s))
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("y", [0, 1, 2, 5])
@pytest.mark.parametrize("x", [0.0, np.array([0.0, 2.0, 0.0])], ids=["number", "array"])
def test_whole_powers_of_zero(x: Any, y: int) -> None:
    actual = coefficients(lambda x: x**y, (x,), (np.ones_like(x),), 6)
    expected = [comb(y, k) * x ** max(y - k, 0) for k in range(7)]
    np.testing.assert_allclose(np.stack(actual), np.stack(np.broadcast_arrays(*expected)))


@pytest.mark.parametrize("x", [1e160, -1e160, 1e-120, -1e-130])
@pytest.mark.parametrize("y", [2, 3.0, 5, 2.5, -1.5, np.array([3, 2.5, -2.0, 7])], ids=str)
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def test_powers_that_overflow_or_underflow(x: float, y: Any) -> None:
    """By the binomial series, whatever the power itself is: each coefficient that is finite."""
    base = np.full(np.shape(y), x)[()]
    actual = coefficients(lambda x: x**y, (base,), (np.ones_like(base),), 6)
    share = 1.0
    for k, coefficient in enumerate(actual):
        expected = np.where(share == 0, 0, share * base ** (y - k))
        finite = np.isfinite(expected)
        assert not np.any(np.isfinite(coefficient[~finite]))
        np.testing.assert_allclose(coefficient[finite], expected[finite], rtol=1e-12, atol=1e-300)
        share = share * (y - k) / (k + 1)


@pytest.mark.parametrize("x", [1.5 + 0.5j, -1.0 + 0.0j])
@pytest.mark.parametrize("y", [2 + 1j, 0.5 + 0j, np.complex128(3.0), 0.5, np.array([2 + 1j, 2.0])])
def test_complex_powers(x: complex, y: Any) -> None:
    actual = coefficients(lambda x: x**y, (x,), (1.0 + 0j,), 2)
    np.testing.assert_allclose(actual[1], y * x ** (y - 1), rtol=1e-13)
    np.testing.assert_allclose(actual[2], y * (y - 1) / 2 * x ** (y - 2), rtol=1e-13)


def test_where_base_and_exponent_both_vary() -> None:
    L = np.log(1.5)
    actual = coefficients(lambda x: x**x, (1.5,), (1.0,), 2)
    expected = [1.5**1.5, 1.5**1.5 * (1 + L), 1.5**1.5 * ((1 + L) ** 2 + 1 / 1.5) / 2]
    np.testing.assert_allclose(actual, expected, rtol=1e-14)


@pytest.mark.parametrize("factors", [2, 3, 4])
def test_products_of_several_factors(factors: int) -> None:
    x = np.array([0.5, 2.0])
    indices = ",".join("i" * factors) + "->i"
    actual = coefficients(lambda x: np.einsum(indices, *[x] * factors), (x,), (np.ones(2),), 5)
    expected = [comb(factors, k) * x ** max(factors - k, 0) for k in range(6)]
    np.testing.assert_allclose(actual, expected, rtol=1e-14)


def test_constants_have_but_one_coefficient() -> None:
    c = np.array([3.0, 4.0])

    def f(x: Any) -> Any:
        parts = [x * c, c, np.stack([x[0], 2.0]), np.where(c > 3, x, c), x + c, c - x]
        return np.concatenate(parts)

    x, d = np.array([0.5, 0.25]), np.array([1.0, 10.0])
    actual = coefficients(f, (x,), (d,), 2)
    np.testing.assert_array_equal(actual[1], [3, 40, 0, 0, 1, 0, 0, 10, 1, 10, -1, -10])
    np.testing.assert_array_equal(actual[2], np.zeros(12))


def test_large_constants_are_told_apart() -> None:
    a, b = np.ones(5000), np.ones(5000)
    b[2500] = 3.0  # not among the entries that are printed
    x = np.ones(5000)
    actual = coefficients(lambda x: x**a * x**b, (x,), (x,), 1)
    np.testing.assert_allclose(actual[1], a + b)


def test_other_tensors_are_constants() -> None:
    w = Tensor(2.0)
    actual = coefficients(lambda x: np.sin(x) * np.exp(w) + w, (0.0,), (1.0,), 3)
    np.testing.assert_allclose(actual, [2.0, np.exp(2.0), 0.0, -np.exp(2.0) / 6])


def test_a_rule_may_call_a_function_with_several_results() -> None:
    def squares_of_halves(t: Any, out: Any, x: Any) -> Any:
        first, second = np.split(x, 2)
        return 2 * np.concatenate([first, second]) * t

    square = custom(lambda x: x * x, vjp=lambda g, out, x: 2 * x * g, jvp=squares_of_halves)
    x = np.array([1.0, 2.0])
    actual = coefficients(square, (x,), (np.ones(2),), 3)
    np.testing.assert_allclose(actual, [x**2, 2 * x, np.ones(2), np.zeros(2)])


def test_without_warnings_and_without_traces() -> None:
    with no_grad():
        actual = coefficients(lambda x: 1 / np.arctan(x), (1e-200,), (1.0,), 1)
        assert not (Tensor(1.0) * 2).requires_grad
    assert actual[1] == -np.inf


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
