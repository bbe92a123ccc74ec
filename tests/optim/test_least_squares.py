"""least_squares: the known minima, and the truth about everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal
from problems_mgh import PROBLEMS

from autodiff import jacobian
from optim import Status, least_squares

T = np.linspace(0, 4, 30)
DATA = 2 * np.exp(-T) + 0.3 + 0.01 * np.sin(37 * T)


def decay(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * T) + x[2] - DATA


# -- minima ----------------------------------------------------------------------------------

# Where the residuals do not determine x at the minimum to first order, and the message says so.
SINGULAR = {
    "Freudenstein and Roth",
    "Jennrich and Sampson",
    "Powell, singular",
    "Extended Powell, singular, n = 12",
    "Linear, rank 1",
    "Linear, rank 1 with zero columns and rows",
    "Chebyquad, n = 8",
    "Chebyquad, n = 10",
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_minima_of_more_garbow_and_hillstrom_are_found(name: str) -> None:
    problem = PROBLEMS[name]
    result = least_squares(problem.residuals, problem.start)
    assert result.status is Status.SINGULAR if name in SINGULAR else result.success, result.message
    minima = np.array(problem.minima)
    nearest = minima[np.argmin(np.abs(minima - 2 * result.cost))]
    assert_allclose(2 * result.cost, nearest, rtol=1e-9, atol=1e-20)
    if nearest == minima[0] and problem.x is not None and name not in SINGULAR:
        assert_allclose(result.x, problem.x, rtol=1e-8, atol=1e-8)


def test_as_few_jacobians_as_minpack_on_the_median_problem() -> None:
    ours, minpacks = [], []
    for problem in PROBLEMS.values():
        x = np.array(problem.start)
        minpack = scipy.optimize.least_squares(
            problem.residuals, x, jacobian(problem.residuals), method="lm", x_scale="jac"
        )
        ours.append(least_squares(problem.residuals, x).njev)
        minpacks.append(minpack.njev)
    # Rounding, which differs between BLAS libraries, moves a count by one here and there.
    assert np.median(ours) <= 1.1 * np.median(minpacks)
    assert sum(ours) <= sum(minpacks)


def test_a_linear_problem_is_solved_as_by_lstsq() -> None:
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(20, 4)), rng.normal(size=20)
    result = least_squares(lambda x: A @ x - b, np.zeros(4))
    assert_allclose(result.x, np.linalg.lstsq(A, b)[0], rtol=1e-12)
    assert_allclose(result.jac, A)
    assert_allclose(A.T @ result.fun, 0, atol=1e-13)


def test_it_agrees_with_scipy() -> None:
    result = least_squares(decay, [1, 1, 1])
    expected = scipy.optimize.least_squares(decay, [1, 1, 1], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert_allclose(result.x, expected.x, rtol=1e-7)
    assert_allclose(result.cost, expected.cost, rtol=1e-12)
    assert_allclose(result.fun, expected.fun, atol=1e-8)
    assert_allclose(result.jac, expected.jac, atol=1e-6)


def test_the_callers_jacobian_takes_the_place_of_the_exact_one() -> None:
    def opaque(x: Any) -> Any:
        return np.array([float(v) for v in decay(x)])

    points = []

    def jac(x: Any) -> Any:
        points.append(tuple(x))
        return jacobian(decay)(x)

    result = least_squares(opaque, [1, 1, 1], jac=jac)
    assert_allclose(result.x, least_squares(decay, [1, 1, 1]).x, rtol=1e-12)
    assert len(points) == len(set(points)) == result.njev
    assert result.nhev == 0
    with pytest.raises(ValueError, match=r"Jacobian has shape \(3,\), expected \(30, 3\)"):
        least_squares(opaque, [1, 1, 1], jac=lambda x: x)


def test_from_the_tolerance_on_one_step_goes_without_derivatives() -> None:
    exact = least_squares(decay, [1, 1, 1])
    result = least_squares(decay, [1, 1, 1], offset_tol=1e-6)
    errors = np.sqrt(np.diag(np.linalg.inv(exact.triangle.T @ exact.triangle)) * exact.cost / 13.5)
    assert np.all(np.abs(result.x - exact.x) < 1e-6 * errors)
    assert result.njev < exact.njev
    assert result.nfev == result.njev + 1
    assert_allclose(result.fun, decay(result.x))
    assert_allclose(result.jac, exact.jac, rtol=1e-5)


def test_the_triangle_is_that_of_the_hessian_to_first_order() -> None:
    result = least_squares(decay, [1, 1, 1])
    assert_allclose(result.triangle, np.triu(result.triangle))
    assert_allclose(result.triangle.T @ result.triangle, result.jac.T @ result.jac)


def test_the_minimum_is_reached_to_rounding() -> None:
    result = least_squares(decay, [1, 1, 1])
    cosines = result.jac.T @ result.fun / np.linalg.norm(result.jac, axis=0)
    assert np.all(np.abs(cosines) < 1e-14)


@pytest.mark.parametrize("start", [3.0, [3.0], [[3.0, 4.0], [5.0, 6.0]]])
def test_unknowns_and_residuals_have_any_shape(start: Any) -> None:
    shape = np.shape(start)
    result = least_squares(lambda x: np.exp(x)[..., None] * np.array([1.0, 2.0]) - 1, start)
    assert np.shape(result.x) == shape
    assert result.fun.shape == (*shape, 2)
    assert result.jac.shape == (*shape, 2, *shape)
    assert_allclose(result.x, np.log(3 / 5))


def test_the_unknowns_do_not_depend_on_their_units() -> None:
    units = np.array([1e-9, 1e12, 1e-100])
    result = least_squares(decay, [1, 1, 1])
    scaled = least_squares(lambda x: decay(x / units), units)
    assert_allclose(scaled.x, result.x * units, rtol=1e-9)


def test_a_step_to_where_the_residuals_are_not_finite_is_refused() -> None:
    # The first Gauss-Newton step leads to x = -63.
    result = least_squares(lambda x: np.log(x) + 5, 10.0)
    assert_allclose(result.x, np.exp(-5))
    assert result.success


def test_evaluations_and_steps_are_counted() -> None:
    calls = 0

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return decay(x)

    result = least_squares(counted, [1, 1, 1])
    assert calls == result.nfev == result.njev
    assert 0 < result.nit < result.nfev


def test_the_start_is_left_alone() -> None:
    start = np.ones(3)
    least_squares(decay, start)
    assert_allclose(start, 1)


def test_float32_data_are_computed_in_float64() -> None:
    result = least_squares(lambda x: x - np.float32(0.1), np.ones(1, np.float32))
    assert result.x.dtype == result.fun.dtype == np.float64


def test_residuals_that_vanish_but_for_rounding() -> None:
    exact = 2 * np.exp(-0.7 * T) + 1000
    result = least_squares(lambda x: x[0] * np.exp(-x[1] * T) + 1000 - exact, [1, 1])
    assert result.success
    assert_allclose(result.x, [2, 0.7], rtol=1e-11)


def test_no_step_is_tried_that_is_lost_in_rounding() -> None:
    result = least_squares(lambda x: [np.exp(x[0]) - 3, x[0] * x[1] - 0.1], [0.0, -3.0])
    assert_allclose(result.x, [np.log(3), 0.1 / np.log(3)], rtol=1e-14)
    assert result.nfev < 20


def test_a_start_at_zero_has_no_scale_of_its_own() -> None:
    rosenbrock = PROBLEMS["Rosenbrock"]
    assert_allclose(least_squares(rosenbrock.residuals, [0.0, 0.0]).x, rosenbrock.x)


def test_no_step_is_tried_that_cannot_be_seen_to_lower_the_cost() -> None:
    data = np.random.default_rng(0).normal(size=20_000)
    standard_error = data.std() / 20_000**0.5
    result = least_squares(lambda x: x - data, data.mean() + 1.2e-6 * standard_error)
    assert_allclose(result.x, data.mean(), rtol=1e-12)
    assert result.nfev <= 4


def test_residuals_that_are_large_cost_no_more_digits_or_steps() -> None:
    # Brown's and Dennis's: Gauss-Newton steps converge linearly, each by a tenth only.
    result = least_squares(PROBLEMS["Brown and Dennis"].residuals, [25.0, 5.0, -5.0, -1.0])
    cosines = result.jac.T @ result.fun / np.linalg.norm(result.jac, axis=0)
    assert np.all(np.abs(cosines) < 1e-13 * np.linalg.norm(result.fun))
    assert result.nhev  # exact second derivatives end the search


@pytest.mark.parametrize("m", [199, 200, 1024, 5000])
def test_many_residuals(m: int) -> None:
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(m, 4)), rng.normal(size=m)
    result = least_squares(lambda x: A @ x - b, np.zeros(4))
    assert_allclose(result.x, np.linalg.lstsq(A, b)[0], rtol=1e-11)


@pytest.mark.parametrize("m", [200, 1024, 5000])
def test_many_residuals_and_columns_that_are_nearly_dependent(m: int) -> None:
    t = np.linspace(-1, 1, m)
    A = np.stack([np.ones(m), t, t + 1e-6 * t**2], axis=1)
    result = least_squares(lambda x: A @ x - np.exp(t), np.zeros(3))
    assert result.success, result.message
    assert_allclose(result.x, np.linalg.lstsq(A, np.exp(t))[0], rtol=1e-8)


# -- what the caller may give, and see -------------------------------------------------------


def test_a_structure_of_unknowns() -> None:
    result = least_squares(
        lambda p: p["height"] * np.exp(-p["shape"][0] * T) + p["shape"][1] - DATA,
        {"height": 1.0, "shape": np.array([1.0, 1.0])},
    )
    plain = least_squares(decay, [1.0, 1.0, 1.0])
    assert_allclose(result.x["height"], plain.x[0], rtol=1e-13)
    assert_allclose(result.x["shape"], plain.x[1:], rtol=1e-13)
    assert_allclose(result.jac["height"], plain.jac[:, 0], rtol=1e-12)
    assert_allclose(result.jac["shape"], plain.jac[:, 1:], rtol=1e-12)


def test_the_jacobian_of_a_structure_is_that_of_autodiff() -> None:
    def residuals(p: Any) -> Any:
        return p[0][:, None] * p[1] - np.arange(6.0).reshape(2, 3)

    result = least_squares(residuals, [np.ones(2), np.array([1.0, 2.0, 3.0])], max_nfev=1)
    expected = jacobian(residuals)(result.x)
    for block, block_expected in zip(result.jac, expected, strict=True):
        assert_allclose(block, block_expected)


def test_args_are_handed_on() -> None:
    result = least_squares(lambda x, t, y: x[0] * t - y, [0.0], args=(T, 3 * T))
    assert_allclose(result.x, 3)


LOOSER = [0.0, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2, 0.1]


@pytest.mark.parametrize("start", [[1, 1, 1], [3.0, 0.3, 0.1]])
def test_the_looser_the_tolerance_the_fewer_the_evaluations(start: list[float]) -> None:
    exact = least_squares(decay, start)
    errors = np.sqrt(np.diag(np.linalg.inv(exact.triangle.T @ exact.triangle)) * exact.cost / 13.5)
    results = [least_squares(decay, start, offset_tol=tol) for tol in LOOSER]
    assert all(result.success for result in results)
    assert np.all(np.diff([result.nfev for result in results]) <= 0)
    assert results[-1].nfev < results[0].nfev
    for tol, result in zip(LOOSER, results, strict=True):
        assert np.all(np.abs(result.x - exact.x) < np.maximum(tol, 1e-9) * errors)


def test_the_path_leads_from_the_start_to_the_end() -> None:
    result = least_squares(decay, [1.0, 1.0, 1.0], path=True)
    assert result.path.shape == (result.nit + 1, 3)
    assert_allclose(result.path[0], 1)
    assert_allclose(result.path[-1], result.x)
    costs = [np.sum(decay(x) ** 2) for x in result.path]
    assert np.all(np.diff(costs) <= 1e-8 * costs[0])


def test_the_callback_sees_each_step_and_can_stop() -> None:
    seen = []

    def callback(intermediate_result: Any) -> None:
        seen.append(intermediate_result)
        if intermediate_result.nit == 2:
            raise StopIteration

    result = least_squares(decay, [1.0, 1.0, 1.0], callback=callback)
    assert (result.status, result.success, result.nit, len(seen)) == (Status.STOPPED, False, 2, 2)
    assert_allclose(result.x, seen[-1].x)
    assert_allclose(seen[-1].cost, np.sum(decay(result.x) ** 2) / 2)
    assert seen[-1].jac.shape == (30, 3)


def test_the_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    least_squares(decay, [1.0, 1.0, 1.0], progress=True)
    assert "step" in capsys.readouterr().err


# -- where there is no success ---------------------------------------------------------------


def test_too_few_evaluations() -> None:
    result = least_squares(decay, [1, 1, 1], max_nfev=3)
    assert (result.status, result.success, result.nfev) == (Status.LIMIT, False, 3)
    assert result.cost < np.sum(decay(np.ones(3)) ** 2) / 2
    assert "max_nfev" in result.message


def test_no_evaluation_beyond_the_start_leaves_it() -> None:
    result = least_squares(decay, [1, 1, 1], max_nfev=0)
    assert (result.status, result.success, result.nit) == (Status.LIMIT, False, 0)
    assert result.message == "0 evaluations (max_nfev) were not enough"
    assert_array_equal(result.x, 1)
    assert_array_equal(result.fun, decay(np.ones(3)))


def test_the_limit_holds_for_the_polish_as_well() -> None:
    needed = least_squares(decay, [1, 1, 1]).nfev
    for limit in range(1, needed):
        assert least_squares(decay, [1, 1, 1], max_nfev=limit).nfev <= limit


def test_a_corner_is_no_minimum() -> None:
    result = least_squares(lambda x: 1 + np.abs(x - 1), [0.3, 2.0])
    assert (result.status, result.success) == (Status.STALLED, False)
    assert "corner" in result.message
    assert_allclose(result.x, 1, atol=1e-6)


@pytest.mark.parametrize("start", [1.3, 1.4, 1.41, 1.45])
def test_the_polish_does_not_climb_out_of_a_corner(start: float) -> None:
    # From the corner at √2 an undamped step leads to a higher point with less to remove.
    def residuals(x: Any) -> Any:
        u = x**2 - 2
        return [1 + np.abs(u) - 1.5 * u**2, 2 * np.sin(np.pi / 2 * u) ** 2]

    result = least_squares(residuals, start)
    assert_allclose(result.x, 2**0.5)
    assert not result.success


@pytest.mark.parametrize("start", [0.0, 1e-9])
def test_a_maximum_is_no_minimum_though_the_gradient_is_zero(start: float) -> None:
    result = least_squares(lambda x: [x, 3 - x**2], start)
    assert (result.status, result.success) == (Status.OTHER_KIND, False)
    assert "no minimum: the cost bends down" in result.message


def test_a_start_at_the_minimum_is_a_success() -> None:
    found = least_squares(decay, [1.0, 1.0, 1.0])
    again = least_squares(decay, found.x)
    assert again.success
    assert again.nfev <= 2
    assert_allclose(again.x, found.x, rtol=1e-14)


def test_unknowns_that_run_off_are_no_minimum() -> None:
    result = least_squares(lambda x: np.exp(-x * np.array([1.0, 2.0, 3.0])) + 1, 1.0)
    assert not result.success


def test_a_maximum_is_left() -> None:
    result = least_squares(lambda x: x**2 - 1, 0.0)
    assert_allclose(np.abs(result.x), 1.0)
    assert result.success


def test_a_start_where_two_terms_are_alike() -> None:
    # By symmetry no gradient leads away from equal rates, where the Jacobian is singular.
    def residuals(p: Any) -> Any:
        return p[0] * np.exp(-p[1] * T) + p[2] * np.exp(-p[3] * T) - data

    data = 2 * np.exp(-0.3 * T) + np.exp(-2 * T)
    result = least_squares(residuals, np.ones(4))
    assert result.success
    assert_allclose(np.sort(result.x), [0.3, 1.0, 2.0, 2.0], rtol=1e-8)


@pytest.mark.parametrize(
    ("residuals", "start", "rank"),
    [
        (lambda x: x[0] * x[1] * np.exp(-x[2] * T) - DATA, [1.0, 2.0, 0.5], "2 of 3"),
        (lambda x: [x[0] + x[1] - 1], [0.0, 3.0], "1 of 2"),  # fewer residuals than unknowns
        (lambda x: x[1] - DATA, [0.0, 1.0], "1 of 2"),  # x[0] does not matter
        (lambda x: np.ones(3), [1.0, 2.0], "0 of 2"),
    ],
)
def test_unknowns_that_nothing_determines(residuals: Any, start: Any, rank: str) -> None:
    result = least_squares(residuals, start)
    assert (result.status, result.success) == (Status.SINGULAR, False)
    assert f"rank {rank}" in result.message


@pytest.mark.parametrize("a", np.arange(-4.0, 4.0))
@pytest.mark.parametrize("b", np.arange(-4.0, 4.0))
def test_a_hessian_that_is_singular_but_for_rounding(a: float, b: float) -> None:
    result = least_squares(lambda x: [np.exp(x[0] + x[1]), 1 + (x[0] + x[1]) ** 2], [a, b])
    assert not result.success
    assert "singular (rank 1 of 2)" in result.message


def test_the_direction_of_the_undetermined_is_named() -> None:
    result = least_squares(lambda x: x[0] + 2 * x[1] - DATA, [1.0, 1.0])
    assert "[ 1. , -0.5]" in result.message or "[-0.5,  1. ]" in result.message


@pytest.mark.parametrize(
    ("residuals", "start", "squares", "x"),
    [
        (PROBLEMS["Freudenstein and Roth"].residuals, [0.5, -2.0], 48.9842, [11.4128, -0.8968]),
        (PROBLEMS["Jennrich and Sampson"].residuals, [0.3, 0.4], 124.362, [0.2578, 0.2578]),
    ],
)
def test_a_minimum_where_the_jacobian_is_singular(
    residuals: Any, start: list[float], squares: float, x: list[float]
) -> None:
    result = least_squares(residuals, start)
    assert_allclose(2 * result.cost, squares, rtol=1e-5)
    assert_allclose(result.x, x, rtol=1e-3)
    assert result.status is Status.SINGULAR
    assert "rank 1 of 2" in result.message


@pytest.mark.parametrize(
    ("residuals", "start", "message"),
    [
        (lambda x: np.log(x), [1.0, -1.0], "residual 1 of 2 is nan"),
        (lambda x: np.exp(x), [1.0, 1000.0, 2000.0], "residual 1 of 3 is inf"),
        (lambda x: np.sqrt(x), [1.0, 0.0], "the Jacobian's row 1 of 2 is inf"),
        (lambda x: x * 1e200, [1.0, 2.0], "the sum of squares overflows"),
        (lambda x: x, [1.0, np.nan], "residual 1 of 2 is nan"),
    ],
)
def test_a_start_that_is_not_finite(residuals: Any, start: list[float], message: str) -> None:
    result = least_squares(residuals, start)
    assert (result.status, result.success, result.nfev) == (Status.NOT_FINITE, False, 1)
    assert message in result.message
    assert_allclose(result.x, start)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: least_squares([1.0, 1.0], decay), r"comes first.*x0\), got \[1.0, 1.0\]"),
        (lambda: least_squares(3.0, [1.0]), r"expected residuals to be a function.*got 3.0"),
        (lambda: least_squares(decay, [1.0], jac="2-point"), "leave it out.*got '2-point'"),
    ],
)
def test_what_is_no_function(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_nothing_to_vary_or_to_minimise() -> None:
    with pytest.raises(ValueError, match="x0 is empty"):
        least_squares(lambda x: x, [])
    with pytest.raises(ValueError, match="the residuals are empty"):
        least_squares(lambda x: [], [1.0])
    with pytest.raises(ValueError, match="the residuals are empty"):
        least_squares(lambda x: x[:0], [1.0])
    with pytest.raises(TypeError, match="the residuals are complex"):
        least_squares(lambda x: x * 1j, [1.0])
