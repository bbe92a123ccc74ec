"""Searches whose derivatives are planned do what those do that compute without plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import eager, forget_plans
from optim import (
    Status,
    bfgs,
    gradient_descent,
    lagrange,
    lbfgs,
    minimize,
    newton,
    newton_cg,
    newton_raphson,
)

Method = Callable[..., Any]

PLANNED = 30  # searches, within which all derivatives of small objectives are planned
METHODS: dict[str, Method] = {
    "gradient_descent": partial(gradient_descent, maxiter=100),
    "bfgs": bfgs,
    "lbfgs": partial(lbfgs, memory=2),
    "newton": newton,
    "newton_cg": newton_cg,
    "SciPy's BFGS": minimize,
    "SciPy's Newton-CG": partial(minimize, method="Newton-CG"),
    "SciPy's trust-exact": partial(minimize, method="trust-exact"),
    "SciPy's L-BFGS-B within bounds": partial(minimize, bounds=[(-2.0, 2.0)] * 3),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
START = np.array([-1.2, 1.0, 0.7])


@pytest.fixture(autouse=True)
def cold() -> Iterator[None]:
    """Let each test start without plans, and leave none."""
    forget_plans()
    yield
    forget_plans()


def valley(x: Any, a: Any = 100.0) -> Any:
    return np.sum(a * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def again(method: Method, f: Any, x0: Any, **keywords: Any) -> Any:
    """Return what the last of so many searches finds that all is planned."""
    for _ in range(PLANNED):
        result = method(f, x0, **keywords)
    return result


# -- the same with and without -----------------------------------------------------------------


@every_method
def test_plans_change_rounding_only(method: Method) -> None:
    planned = again(method, valley, START)
    with eager():
        result = method(valley, START)
    assert planned.status == result.status
    assert planned.message == result.message
    assert abs(planned.nfev - result.nfev) <= 3
    assert abs(planned.nit - result.nit) <= 3
    assert_allclose(planned.x, result.x, rtol=1e-5)
    assert_allclose(planned.fun, result.fun, rtol=1e-6, atol=1e-8)


def test_a_constrained_minimum_is_the_same() -> None:
    planned = again(partial(lagrange, constraints=lambda x: x @ x - 3), valley, START)
    with eager():
        result = lagrange(valley, START, constraints=lambda x: x @ x - 3)
    assert planned.success
    assert planned.message == result.message
    assert_allclose(planned.x, result.x, rtol=1e-8)
    assert_allclose(planned.multipliers, result.multipliers, rtol=1e-6, atol=1e-8)


def test_roots_are_the_same() -> None:
    def equations(x: Any) -> Any:
        return np.stack([x[0] * np.exp(x[1]) - 2, x[0] ** 2 + x[1] ** 2 - 3])

    planned = again(newton_raphson, equations, [1.0, 1.0])
    with eager():
        result = newton_raphson(equations, [1.0, 1.0])
    assert planned.success
    assert planned.nfev == result.nfev
    assert_allclose(planned.x, result.x, rtol=1e-14)


@pytest.mark.parametrize("x0", [2.0, [1.5, 2.0], {"a": 0.5, "b": np.ones((2, 2))}])
def test_all_structures(x0: Any) -> None:
    def f(x: Any) -> Any:
        parts = x.values() if isinstance(x, dict) else [x]
        return sum(np.sum(np.cosh(part - 1)) for part in parts)

    result = again(bfgs, f, x0)
    with eager():
        expected = bfgs(f, x0)
    assert result.success
    assert_allclose(result.fun, expected.fun, rtol=1e-14)
    assert type(result.x) is type(expected.x)


# -- what a plan must not hide -------------------------------------------------------------------


@every_method
def test_an_objective_that_counts_its_calls_goes_on_counting(method: Method) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return valley(x)

    counts, first = [], None
    for _ in range(PLANNED):
        calls.clear()
        result = method(f, START)
        first = first or result
        assert len(calls) >= result.nfev
        counts.append(len(calls))
    assert counts[-1] == counts[0]
    assert result.nfev == first.nfev


def test_a_counter_of_an_object_goes_on_counting() -> None:
    class Counting:
        calls = 0

        def __call__(self, x: Any) -> Any:
            self.calls += 1
            return valley(x)

    f = Counting()
    for _ in range(PLANNED):
        before = f.calls
        result = bfgs(f, START)
        assert f.calls - before >= result.nfev


@every_method
def test_an_argument_may_be_another_array_each_time(method: Method) -> None:
    for a in np.linspace(1.0, 20.0, PLANNED):
        center = np.array([a, 2.0, -a])
        result = method(lambda x, c: np.sum(np.cosh((x - c) / 20)), np.zeros(3), args=(center,))
        if "bounds" not in getattr(method, "keywords", {}):
            assert_allclose(result.x, center, atol=0.05)


@pytest.mark.parametrize("given", ["an argument", "a captured array", "a global"])
def test_an_array_that_a_callback_changes_is_seen_at_once(given: str) -> None:
    def search() -> Any:
        center = np.full(3, 9.0)  # so that f falls where it is moved

        def follow(_: Any) -> None:
            center[:] = [1.0, 2.0, 3.0]

        if given == "an argument":
            return bfgs(lambda x, c: np.sum(np.cosh(x - c)), START, args=center, callback=follow)
        if given == "a captured array":
            return bfgs(lambda x: np.sum(np.cosh(x - center)), START, callback=follow)
        GLOBAL[0] = center
        return bfgs(lambda x: np.sum(np.cosh(x - GLOBAL[0])), START, callback=follow)

    for _ in range(PLANNED):
        result = search()
    assert result.success
    assert_allclose(result.x, [1.0, 2.0, 3.0], rtol=1e-4)


GLOBAL: list[Any] = [None]


# -- points where f fails ------------------------------------------------------------------------


@every_method
def test_what_f_raises_is_raised_as_ever(method: Method) -> None:
    def f(x: Any, limit: Any) -> Any:
        if x[0] > limit:
            raise ZeroDivisionError("here f has no value")
        return valley(x)

    for _ in range(PLANNED):
        method(f, START, args=(1e9,))
    with pytest.raises(ZeroDivisionError, match="here f has no value"):
        method(f, START, args=(-1.1,))
    assert method(f, START, args=(1e9,)).nfev


@every_method
def test_points_where_f_is_not_finite_are_left(method: Method) -> None:
    def f(x: Any) -> Any:
        return np.sum(x - 3 * np.log(x)) + (x[0] - x[1]) ** 2

    start = np.array([0.1, 1.5, 0.01])
    planned = again(method, f, start)
    with eager():
        result = method(f, start)
    assert planned.status == result.status
    assert_allclose(planned.fun, result.fun, rtol=1e-6)


@every_method
def test_another_answer_than_a_number_is_told_each_time(method: Method) -> None:
    for _ in range(PLANNED):
        result = method(lambda x: x**2, START)
        assert result.status == Status.INVALID
        assert "f returned shape (3,)" in result.message


# -- two at once ---------------------------------------------------------------------------------


def test_two_threads_search_with_one_objective() -> None:
    starts = {"one": np.array([-1.2, 1.0, 0.7]), "other": np.array([0.3, 2.0, 0.4])}
    with eager():
        expected = {name: bfgs(valley, x0) for name, x0 in starts.items()}
    found: dict[str, list[Any]] = {name: [] for name in starts}

    def search(name: str) -> None:
        for _ in range(PLANNED):
            found[name].append(bfgs(valley, starts[name]))

    threads = [Thread(target=search, args=(name,)) for name in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, right in expected.items():
        assert len(found[name]) == PLANNED
        for result in found[name]:
            assert result.success
            assert_allclose(result.x, right.x, rtol=1e-6)
            assert abs(result.nfev - right.nfev) <= 3
