"""newton_cg: many unknowns without a matrix, and no success where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import problems_mgh as mgh
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from autodiff import grad, hessian
from optim.descent._hessian_products import lowest_curvature
from optim.descent._newton_cg import newton_cg


def rosenbrock(x: Any) -> Any:
    return np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)


def pairs(x: Any) -> Any:
    a, b = x.reshape(-1, 2).T
    return np.sum((1 - a) ** 2 + 100 * (b - a**2) ** 2)


# -- minima ----------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", mgh.PROBLEMS.values(), ids=list(mgh.PROBLEMS))
def test_it_ends_at_a_known_minimum_of_every_problem(problem: mgh.Problem) -> None:
    result = newton_cg(lambda x: np.sum(problem.residuals(x) ** 2), problem.start)
    assert result.success, result.message
    assert np.isclose(result.fun, problem.minima, rtol=1e-8, atol=1e-12).any()


def test_it_evaluates_f_no_more_often_than_scipy_on_the_median_problem() -> None:
    ours: list[int] = []
    theirs: dict[str, list[int]] = {"trust-ncg": [], "Newton-CG": []}
    for problem in mgh.PROBLEMS.values():

        def f(x: Any, problem: mgh.Problem = problem) -> Any:
            return np.sum(problem.residuals(x) ** 2)

        ours.append(newton_cg(f, problem.start).nfev)
        for method, counts in theirs.items():
            with np.errstate(all="ignore"):
                result = scipy.optimize.minimize(
                    f,
                    np.array(problem.start),
                    method=method,
                    jac=grad(f),
                    hess=hessian(f),
                    options={"maxiter": 25},  # what it would take beyond is not counted
                )
            counts.append(result.nfev)
    # Rounding, which differs between BLAS libraries, moves a count by one here and there.
    assert all(np.median(ours) <= 1.1 * np.median(counts) for counts in theirs.values())


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (pairs, np.tile([-1.2, 1.0], 5000)),
        (rosenbrock, np.tile([1.3, 0.7, 0.8, 1.9, 1.2], 2000)),
    ],
)
def test_ten_thousand_unknowns_take_few_steps(f: Any, start: Any) -> None:
    result = newton_cg(f, start)
    assert result.success
    assert_allclose(result.x, 1, atol=1e-6)
    assert result.nit < 30
    assert result.nhev < 500


@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e8])
def test_the_units_of_f_do_not_matter(unit: float) -> None:
    plain = newton_cg(rosenbrock, [-1.2, 1.0])
    result = newton_cg(lambda x: unit * rosenbrock(x), [-1.2, 1.0])
    assert (result.success, result.nfev) == (True, plain.nfev)
    assert_allclose(result.x, 1, rtol=1e-7)


def test_structures_and_further_arguments() -> None:
    def f(p: Any, scale: float) -> Any:
        return (p["a"] - 1) ** 2 + scale * np.sum((p["b"] - p["a"]) ** 2)

    result = newton_cg(f, {"a": 3.0, "b": np.zeros(2)}, args=(5.0,), path=True)
    assert_allclose([result.x["a"], *result.x["b"]], 1)
    assert len(result.path) == result.nit + 1


# -- saddle points and maxima ------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_a_maximum_is_left(n: int) -> None:
    result = newton_cg(lambda x: np.sum(np.cos(x)), np.zeros(n))
    assert result.success
    assert_allclose(result.fun, -n)


@pytest.mark.parametrize("n", [2, 1000])
def test_a_saddle_point_is_left(n: int) -> None:
    def f(x: Any) -> Any:
        return x[0] ** 4 / 4 - x[0] ** 2 / 2 + np.sum(x[1:] ** 2)

    start = np.ones(n)
    start[0] = 0
    result = newton_cg(f, start)
    assert result.success
    assert_allclose(result.fun, -0.25)


def test_the_lowest_curvature_is_found() -> None:
    rng = np.random.default_rng(3)
    frame, _ = np.linalg.qr(rng.normal(size=(20, 20)))
    matrix = frame @ np.diag(np.linspace(-2, 50, 20)) @ frame.T
    lowest, direction, largest = lowest_curvature(lambda v: matrix @ v, 20)
    assert_allclose([lowest, largest], [-2, 50])
    assert_allclose(matrix @ direction, -2 * direction, atol=1e-10)


# -- no success where there is none --------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: x, 1.0),
        (lambda x: -(x**2), 1.0),
        (lambda x: 1 + x**3, 1.0),
        (lambda x: -np.log(x), 1.0),
        (lambda x: x[0] * x[1], [1.0, 2.0]),
    ],
)
def test_f_that_falls_without_end(f: Any, start: Any) -> None:
    result = newton_cg(f, start)
    assert (result.status, result.success) == (4, False)


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: np.exp(-x), 0.0),
        (lambda x: 1 + np.exp(-x), 0.0),
        (lambda x: np.log1p(np.exp(-x[0])) + (x[1] - 1) ** 2, [0.0, 0.0]),
    ],
)
def test_a_minimum_at_infinity_is_none(f: Any, start: Any) -> None:
    result = newton_cg(f, start)
    assert (result.status, result.success) == (8, False)
    assert "infinity" in result.message


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: abs(x), 1.0),
        (lambda x: abs(x - np.pi), 1.0),
        (lambda x: np.sum(abs(x - np.array([0.3, 0.7]))), [5.0, 1.0]),
    ],
)
def test_at_a_corner_it_stalls(f: Any, start: Any) -> None:
    result = newton_cg(f, start)
    assert (result.status, result.success) == (2, False)


@pytest.mark.parametrize(
    ("f", "start", "message"),
    [
        (lambda x: np.log(x), -1.0, "f is nan"),
        (lambda x: np.sqrt(x), 0.0, "gradient"),
        (lambda x: np.exp(1e300 * x) * 1e-250, 0.0, "Hessian"),
    ],
)
def test_a_start_that_is_not_finite(f: Any, start: float, message: str) -> None:
    result = newton_cg(f, start)
    assert (result.status, result.success) == (3, False)
    assert message in result.message


def test_f_of_several_numbers() -> None:
    result = newton_cg(lambda x: x, [1.0, 2.0])
    assert (result.status, result.success) == (9, False)
