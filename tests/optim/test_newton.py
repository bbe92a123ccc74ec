"""newton: minima to the last digits, saddle points left, and no success where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import problems_mgh as mgh
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from autodiff import grad, hessian
from optim.descent._newton import newton
from optim.descent._trust_region import falls_without_end, step_within


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


# -- minima ----------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", mgh.PROBLEMS.values(), ids=list(mgh.PROBLEMS))
def test_it_ends_at_a_known_minimum_of_every_problem(problem: mgh.Problem) -> None:
    result = newton(lambda x: np.sum(problem.residuals(x) ** 2), problem.start)
    assert result.success, result.message
    assert np.isclose(result.fun, problem.minima, rtol=1e-8, atol=1e-14).any()


def test_it_evaluates_f_no_more_often_than_scipy_on_the_median_problem() -> None:
    ours, theirs = [], []
    for problem in mgh.PROBLEMS.values():

        def f(x: Any, problem: mgh.Problem = problem) -> Any:
            return np.sum(problem.residuals(x) ** 2)

        ours.append(newton(f, problem.start).nfev)
        with np.errstate(all="ignore"):
            scipys = scipy.optimize.minimize(
                f,
                np.array(problem.start),
                method="trust-exact",
                jac=grad(f),
                hess=hessian(f),
                options={"maxiter": 50},  # what it would take beyond is not counted
            )
        theirs.append(scipys.nfev)
    # Rounding, which differs between BLAS libraries, moves a count by one here and there.
    assert np.median(ours) <= 1.1 * np.median(theirs)


def test_the_result_tells_the_derivatives_at_its_point() -> None:
    result = newton(rosenbrock, [-1.2, 1.0])
    assert_allclose(result.jac, grad(rosenbrock)(result.x))
    assert_allclose(result.hess, hessian(rosenbrock)(result.x))
    assert result.nfev == result.njev >= result.nhev == result.nit + 1


@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e8])
@pytest.mark.parametrize("units", [[1e9, 1e-9], [1e-9, 1e9], [1e6, 1e6]])
def test_units_do_not_matter(unit: float, units: list[float]) -> None:
    u = np.array(units)
    plain = newton(rosenbrock, [-1.2, 1.0])
    result = newton(lambda x: unit * rosenbrock(x / u), u * [-1.2, 1.0])
    assert (result.success, result.nfev) == (True, plain.nfev)
    assert_allclose(result.x, u, rtol=1e-7)


def test_a_quadratic_function_takes_one_step() -> None:
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    result = newton(lambda x: x @ matrix @ x / 2 - x[0], [5.0, -7.0])
    assert_allclose(result.x, np.linalg.solve(matrix, [1, 0]), rtol=1e-12)
    assert result.nit == 1


def test_a_constant_that_hides_the_changes_of_f_does_no_harm() -> None:
    result = newton(lambda x: 1e8 + rosenbrock(x), [-1.2, 1.0])
    assert result.success
    assert_allclose(result.x, 1, atol=1e-3)


def test_structures_and_further_arguments() -> None:
    def f(p: Any, scale: float) -> Any:
        return (p["a"] - 1) ** 2 + scale * np.sum((p["b"] - p["a"]) ** 2)

    result = newton(f, {"a": 3.0, "b": np.zeros(2)}, args=(5.0,), path=True)
    assert_allclose([result.x["a"], *result.x["b"]], 1)
    assert len(result.path) == result.nit + 1
    assert result.hess.shape == (3, 3)


# -- saddle points, maxima, and flat places -----------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start", "lowest"),
    [
        (lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2, [0.0, 0.0], -0.25),
        (lambda x: x[0] * x[1] + x[0] ** 4 + x[1] ** 4, [0.0, 0.0], -0.125),
        (lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2, [0.0, 5.0], -0.25),
        (lambda x: np.cos(x), 0.0, -1),
        (lambda x: np.sum(np.cos(x / 1e6)), [0.0, 0.0, 0.0], -3),
        (lambda x: x**4 + x**3, 0.0, -27 / 256),  # no curvature at all at the start
        (lambda x: x[0] * x[1] * x[2] + np.sum(x**4), [0.0, 0.0, 0.0], -1 / 256),
    ],
)
def test_stationary_points_that_are_no_minima_are_left(f: Any, start: Any, lowest: float) -> None:
    result = newton(f, start)
    assert result.success
    assert_allclose(result.fun, lowest, rtol=1e-9)


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: x**4, 1.0),
        (lambda x: x**4, 0.0),
        (lambda x: 1 + x**6, 2.0),
        (lambda x: np.sum((x - 1) ** 4), [1e8, 1e8]),
    ],
)
def test_a_minimum_flatter_than_a_parabola_is_one(f: Any, start: Any) -> None:
    result = newton(f, start)
    assert result.success
    assert "singular" in result.message


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: x[0] ** 2 * x[1] ** 2, [1.0, 1.0]),
        (lambda x: (x[0] + x[1] - 1) ** 2, [3.0, 5.0]),
        (lambda x: 0 * x + 3, 1.0),
    ],
)
def test_a_minimum_that_is_not_the_only_one_is_called_so(f: Any, start: Any) -> None:
    result = newton(f, start)
    assert result.success
    assert "not the only one" in result.message


# -- no success where there is none --------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: x, 1.0),
        (lambda x: -(x**2), 1.0),
        (lambda x: x**3, 1.0),
        (lambda x: 1 + x**3, 1.0),
        (lambda x: -np.log(x), 1.0),
        (lambda x: -np.exp(x), 0.0),
        (lambda x: x[0] ** 2 - x[1], [1.0, 1.0]),
        (lambda x: x[0] * x[1], [1.0, 2.0]),
    ],
)
def test_f_that_falls_without_end(f: Any, start: Any) -> None:
    result = newton(f, start)
    assert (result.status, result.success) == (4, False)


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: np.exp(-x), 0.0),
        (lambda x: 1 + np.exp(-x), 0.0),
        (lambda x: np.log1p(np.exp(-x[0])) + (x[1] - 1) ** 2, [0.0, 0.0]),
        (lambda x: np.tanh(x), 50.0),
        (lambda x: -np.arctan(x[0]), [0.0]),
        (lambda x: 1 + 1 / x[0] ** 2 + (x[1] - 1) ** 2, [1.0, 4.0]),
    ],
)
def test_a_minimum_at_infinity_is_none(f: Any, start: Any) -> None:
    result = newton(f, start)
    assert (result.status, result.success) == (8, False)
    assert "infinity" in result.message


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: abs(x), 1.0),
        (lambda x: abs(x - np.pi), 1.0),
        (lambda x: np.sum(abs(x - np.array([0.3, 0.7]))), [5.0, 1.0]),
        (lambda x: np.maximum(x, -2 * x), 1.5),
        (lambda x: np.where(x > 0.3, x, 5.0), 2.0),  # a jump
    ],
)
def test_at_a_corner_or_a_jump_it_stalls(f: Any, start: Any) -> None:
    result = newton(f, start)
    assert (result.status, result.success) == (2, False)


@pytest.mark.parametrize(
    ("f", "start", "message"),
    [
        (lambda x: np.log(x), -1.0, "f is nan"),
        (lambda x: np.sqrt(x), 0.0, "gradient"),
        (lambda x: np.exp(1e300 * x) * 1e-250, 0.0, "Hessian"),
        (lambda x: x * 1e308 * 10, 1.0, "f is inf"),
    ],
)
def test_a_start_that_is_not_finite(f: Any, start: float, message: str) -> None:
    result = newton(f, start)
    assert (result.status, result.success) == (3, False)
    assert message in result.message
    assert_allclose(result.x, start)


def test_points_where_f_is_not_finite_are_refused() -> None:
    result = newton(lambda x: np.sqrt(x) + 1 / x, 100.0)
    assert result.success
    assert result.nfev > result.nit + 1
    assert_allclose(result.x, 2 ** (2 / 3))


def test_f_of_several_numbers() -> None:
    result = newton(lambda x: x, [1.0, 2.0])
    assert (result.status, result.success) == (9, False)


# -- the step in the trust region -----------------------------------------------------------------


def model(t: Any, curvatures: Any, slopes: Any) -> Any:
    return slopes @ t + curvatures @ t**2 / 2


@pytest.mark.parametrize("seed", range(30))
def test_no_point_of_the_ball_is_lower_than_the_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 6)
    curvatures = np.sort(rng.normal(size=n) * 10.0 ** rng.integers(-3, 4))
    slopes = rng.normal(size=n)
    if seed % 3 == 0:
        slopes[0] = 0 if seed % 2 else 1e-15  # the hard case, and all but
    radius = 10.0 ** rng.integers(-2, 3)
    step = step_within(radius, curvatures, slopes)
    others = rng.normal(size=(2000, n))
    others *= radius * rng.random((2000, 1)) ** (1 / n) / np.linalg.norm(others, axis=1)[:, None]
    near = step + 1e-3 * radius * rng.normal(size=(2000, n))
    near *= np.minimum(1, radius / np.linalg.norm(near, axis=1))[:, None]
    lowest = min(model(t, curvatures, slopes) for t in [*others, *near])
    assert np.linalg.norm(step) <= 1.001 * radius
    assert model(step, curvatures, slopes) <= lowest + 3e-3 * abs(lowest)


def test_inside_the_ball_it_is_newtons_step() -> None:
    assert_allclose(step_within(9.0, np.array([1.0, 4.0]), np.array([2.0, 4.0])), [-2, -1])


@pytest.mark.parametrize(
    ("f", "endless"),
    [
        (lambda x: -x, True),
        (lambda x: -np.log(x), True),
        (lambda x: -np.sqrt(x), True),
        (lambda x: 1 / x, False),
        (lambda x: np.exp(-x), False),
        (lambda x: 1e-100 * x**4 - x**2, False),
        (lambda x: np.sqrt(100 - x), False),
    ],
)
def test_what_falls_without_end(f: Any, endless: bool) -> None:
    x = np.array([1.0])
    with np.errstate(all="ignore"):
        assert falls_without_end(lambda x: float(f(x[0])), x, x, float(f(1.0))) is endless
