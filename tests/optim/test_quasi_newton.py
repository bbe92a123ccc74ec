"""BFGS and L-BFGS reach known minima from afar, and call nothing else one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from problems_mgh import PROBLEMS
from scipy.optimize import OptimizeResult

from autodiff import hessian
from optim.descent._bfgs import Dense, bfgs
from optim.descent._lbfgs import Remembered, lbfgs
from optim.search._run import Status

Method = Callable[..., OptimizeResult]
methods = pytest.mark.parametrize("method", [bfgs, lbfgs])
MANY = 200  # unknowns, too many for a matrix to be looked at


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def short_memory(f: Any, x0: Any) -> OptimizeResult:
    return lbfgs(f, x0, memory=2, maxiter=5000)


def to_rounding(f: Any, x0: Any) -> OptimizeResult:
    return bfgs(f, x0, tol=0)


@pytest.mark.parametrize("method", [bfgs, lbfgs, short_memory, to_rounding])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_of_more_garbow_and_hillstrom(name: str, method: Method) -> None:
    problem = PROBLEMS[name]
    result = method(lambda x: np.sum(problem.residuals(x) ** 2), np.array(problem.start))
    misses = [
        abs(result.fun - minimum) <= 1e-8 * (abs(minimum) if minimum > 1e-14 else 1.0)
        for minimum in problem.minima
    ]
    assert result.success or method is short_memory
    assert any(misses) or not result.success


# -- independence of units -------------------------------------------------------------------


@methods
@pytest.mark.parametrize("unit_of_x", [1e-9, 1e9])
@pytest.mark.parametrize("unit_of_f", [1e-30, 1e30])
def test_units_do_not_matter(method: Method, unit_of_x: float, unit_of_f: float) -> None:
    result = method(lambda x: unit_of_f * rosenbrock(x / unit_of_x), [-1.2 * unit_of_x, unit_of_x])
    assert result.success
    assert_allclose(result.x / unit_of_x, 1, rtol=1e-8)


@methods
def test_a_large_constant_hides_no_minimum(method: Method) -> None:
    result = method(lambda x: 1e6 + rosenbrock(x), [-1.2, 1.0])
    assert result.success
    assert result.fun == pytest.approx(1e6, rel=1e-10)


@methods
def test_a_weak_dependence_is_no_minimum(method: Method) -> None:
    result = method(lambda x: 1 + 1e-8 * (x - 3) ** 2, 0.0)
    assert result.success
    assert result.x == pytest.approx(3)


# -- minima of all sorts ---------------------------------------------------------------------


@methods
@pytest.mark.parametrize("power", [4, 6])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_a_singular_hessian(method: Method, power: int, offset: float) -> None:
    result = method(lambda x: offset + (x - 2) ** power, 0.0)
    assert result.success
    assert result.fun == pytest.approx(offset, rel=1e-8, abs=1e-12)


@methods
def test_a_logarithmic_barrier(method: Method) -> None:
    result = method(lambda x: 1e6 * x - np.log(x) - np.log(1 - x), 0.5)
    assert result.success
    assert result.x == pytest.approx(1e-6, rel=1e-4)


@methods
def test_a_start_at_the_minimum(method: Method) -> None:
    result = method(lambda x: np.sum((x - 1) ** 2), [1.0, 1.0])
    assert result.success
    assert result.nit == 0


@methods
@pytest.mark.parametrize("n", [2, 10, 100, 1000])
def test_rosenbrock(method: Method, n: int) -> None:
    result = method(rosenbrock, np.array([-1.2] + (n - 1) * [1.0]))
    assert result.success
    assert min(abs(result.fun - f) for f in (0, 3.986579, 3.986624)) <= 1e-6


@methods
def test_structures_arguments_and_the_path(method: Method) -> None:
    result = method(
        lambda p, c: (p["a"] - c) ** 2 + np.sum((p["b"] - 2) ** 4),
        {"a": 0.0, "b": np.zeros(2)},
        args=(5.0,),
        path=True,
    )
    assert result.x["a"] == pytest.approx(5)
    assert_allclose(result.x["b"], 2, atol=1e-2)
    assert result.path[0]["a"] == 0
    assert len(result.path) == result.nit + 1


# -- what is none ----------------------------------------------------------------------------


@methods
@pytest.mark.parametrize("start", [[0.0, 0.0], [1.0, 0.0]])
def test_a_saddle_point(method: Method, start: list[float]) -> None:
    result = method(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, start)
    assert result.status == Status.OTHER_KIND


@methods
def test_a_saddle_point_of_many_unknowns(method: Method) -> None:
    start = np.ones(MANY)
    start[-1] = 0
    result = method(lambda x: np.sum(x[:-1] ** 2) - x[-1] ** 2, start)
    assert result.status == Status.OTHER_KIND


@methods
@pytest.mark.parametrize("n", [1, MANY])
def test_a_maximum(method: Method, n: int) -> None:
    result = method(lambda x: -np.sum(x**2), np.zeros(n))
    assert result.status == Status.OTHER_KIND


@methods
@pytest.mark.parametrize(
    "f", [lambda x: x + 0.0, lambda x: -(x**2), lambda x: x**3, lambda x: -np.log(x)]
)
def test_a_function_that_falls_without_end(method: Method, f: Any) -> None:
    result = method(f, 0.7)
    assert result.status == Status.UNBOUNDED
    assert "falls without end" in result.message
    assert np.isfinite(result.fun)


@methods
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.exp(-x),
        lambda x: 1 + np.exp(-x),
        lambda x: 1 / x,
        np.arctan,
        lambda x: 1 / (1 + x**2),
    ],
)
def test_a_minimum_at_infinity_is_none(method: Method, f: Any) -> None:
    assert not method(f, 1.0).success


@methods
@pytest.mark.parametrize("n", [1, 2])
def test_a_corner_stalls(method: Method, n: int) -> None:
    corner = np.array([0.3, -0.7])[:n]
    result = method(lambda x: np.sum(np.abs(x - corner) * np.arange(1, n + 1)), np.full(n, 3.0))
    assert result.status == Status.STALLED
    assert_allclose(result.x, corner, atol=1e-6)


@methods
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_start_where_f_is_not_finite(method: Method, value: float) -> None:
    result = method(lambda x: np.sum(x) * value, [1.0, 2.0])
    assert result.status == Status.NOT_FINITE
    assert_allclose(result.x, [1, 2])


@methods
def test_a_limit_is_no_success(method: Method) -> None:
    result = method(rosenbrock, [-1.2, 1.0], maxiter=5)
    assert (result.status, result.nit) == (Status.LIMIT, 5)


@pytest.mark.parametrize(("memory", "error"), [(0, ValueError), (2.5, TypeError)])
def test_a_memory_is_a_number_of_steps(memory: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="memory to be a whole number of 1 or more"):
        lbfgs(rosenbrock, [0.0, 0.0], memory=memory)


# -- the inverse Hessian ---------------------------------------------------------------------


def quadratic_steps(n: int) -> tuple[Any, list[tuple[Any, Any]]]:
    rng = np.random.default_rng(4)
    root = rng.normal(size=(n, n))
    matrix = root @ root.T + np.eye(n)
    return matrix, [(s, matrix @ s) for s in rng.normal(size=(n, n))]


@pytest.mark.parametrize("inverse", [Dense(), Remembered(3)])
def test_the_last_step_is_always_explained(inverse: Any) -> None:
    for s, y in quadratic_steps(6)[1]:
        inverse.learn(s, y, s @ y, y @ y)
        assert_allclose(inverse.times(y), s, atol=1e-10)


def test_a_memory_that_forgets_nothing_is_the_matrix() -> None:
    remembered, dense = Remembered(100), Dense()
    for s, y in quadratic_steps(5)[1]:
        remembered.learn(s, y, s @ y, y @ y)
        dense.learn(s, y, s @ y, y @ y)
    first = quadratic_steps(5)[1][0]
    remembered.scale = first[0] @ first[1] / (first[1] @ first[1])
    v = np.arange(1.0, 6.0)
    assert_allclose(remembered.times(v), dense.times(v), rtol=1e-10)


def two_loops(pairs: list[tuple[Any, Any]], v: Any) -> Any:
    """Return algorithm 7.4 of Nocedal and Wright, "Numerical Optimization" (2006)."""
    s, y = pairs[-1]
    shares = []
    for s, y in reversed(pairs):
        shares.append(s @ v / (s @ y))
        v = v - shares[-1] * y
    s, y = pairs[-1]
    r = s @ y / (y @ y) * v
    for s, y in pairs:
        r = r + (shares.pop() - y @ r / (s @ y)) * s
    return r


@pytest.mark.parametrize("memory", [1, 3, 20])
def test_what_is_forgotten_leaves_no_trace(memory: int) -> None:
    rng = np.random.default_rng(5)
    inverse = Remembered(memory)
    pairs: list[tuple[Any, Any]] = []
    for _ in range(50):
        s, y = rng.normal(size=(2, 30))
        y *= np.copysign(1.0, s @ y)
        pairs.append((s, y))
        inverse.learn(s, y, s @ y, y @ y)
        v = rng.normal(size=30)
        expected = two_loops(pairs[-memory:], v)
        assert_allclose(inverse.times(v), expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


def test_bfgs_returns_the_inverse_hessian_that_it_learnt() -> None:
    result = bfgs(rosenbrock, [-1.2, 1.0])
    exact = np.linalg.inv(hessian(rosenbrock)(result.x))
    assert_allclose(result.hess_inv, exact, rtol=0.1)


@methods
def test_where_f_falls_without_end_the_lowest_point_is_told(method: Any) -> None:
    result = method(lambda x: -(x**2), 1.0)
    assert result.status == Status.UNBOUNDED
    assert result.fun < -1e100
    assert np.isfinite(result.x)


@methods
def test_the_ridge_of_a_flat_saddle_is_left(method: Method) -> None:
    result = method(lambda x: x[0] ** 2 - x[1] ** 4 + x[1] ** 6, [1.0, 0.0])
    assert result.success
    assert_allclose(result.fun, -4 / 27)


@methods
def test_a_slope_that_goes_on_for_ever_is_told(method: Method) -> None:
    result = method(lambda x: 1e-9 * x[0] + (x[1] - 1) ** 2 + 5, [0.0, 1.0])
    assert result.status == Status.UNBOUNDED
    assert result.nfev < 100


@methods
def test_between_two_surfaces_it_does_not_crawl_on(method: Method) -> None:
    result = method(lambda x: np.maximum(x[0] ** 2 + x[1], x[1] ** 2 - x[1]), [3.0, 1.0])
    assert result.status == Status.STALLED
    assert result.nfev < 1000


def test_a_curved_fall_without_end() -> None:
    result = bfgs(lambda x: (x[1] - x[0] ** 2) * (x[1] - 2 * x[0] ** 2), [1.0, 0.3])
    assert result.status == Status.UNBOUNDED
