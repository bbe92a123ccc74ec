"""The public test problems are what their authors printed, and their solutions are solutions."""

from __future__ import annotations

from typing import Any

import numpy as np
import problems_hs as hs
import problems_hs_bounds as hs_bounds
import problems_mgh as mgh
import pytest
import scipy.linalg
import scipy.optimize
from numpy.testing import assert_allclose

from autodiff import grad, hessian, jacobian


def sum_of_squares(problem: mgh.Problem) -> Any:
    return lambda x: np.sum(problem.residuals(x) ** 2)


# -- Moré, Garbow and Hillstrom ---------------------------------------------------------------

every_mgh = pytest.mark.parametrize("problem", mgh.PROBLEMS.values(), ids=list(mgh.PROBLEMS))
at_one_point = pytest.mark.parametrize(
    "problem",
    [problem for problem in mgh.PROBLEMS.values() if problem.x],
    ids=[name for name, problem in mgh.PROBLEMS.items() if problem.x],
)


# Norms of the residuals at the start, as MINPACK's test programs print them (B. S. Garbow, K. E.
# Hillstrom and J. J. Moré, Argonne National Laboratory 1980).
@pytest.mark.parametrize(
    ("name", "norm"),
    [
        ("Rosenbrock", 4.91934955049954),
        ("Freudenstein and Roth", 20.0124960961895),
        ("Jennrich and Sampson", 64.5856498144943),
        ("Helical valley", 50.0),
        ("Bard", 6.45613629515967),
        ("Meyer", 41153.4665543031),
        ("Box", 32.1115837449572),
        ("Powell, singular", 14.6628782986152),
        ("Kowalik and Osborne", 0.0728915102882945),
        ("Brown and Dennis", 2815.43839161816),
        ("Watson, n = 6", 5.47722557505166),
        ("Watson, n = 9", 5.47722557505166),
        ("Watson, n = 12", 5.47722557505166),
        ("Chebyquad, n = 8", 0.196513862833975),
        ("Chebyquad, n = 9", 0.16994993465202),
        ("Chebyquad, n = 10", 0.183747831178711),
    ],
)
def test_residuals_at_the_start_have_the_published_norm(name: str, norm: float) -> None:
    problem = mgh.PROBLEMS[name]
    assert_allclose(np.linalg.norm(problem.residuals(np.array(problem.start))), norm, rtol=1e-13)


# The paper's own six digits, cut off or rounded.
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Freudenstein and Roth", 48.9842),
        ("Jennrich and Sampson", 124.362),
        ("Bard", 8.21487e-3),
        ("Gaussian", 1.12793e-8),
        ("Meyer", 87.9458),
        ("Kowalik and Osborne", 3.07505e-4),
        ("Brown and Dennis", 85822.2),
        ("Osborne 1", 5.46489e-5),
        ("Biggs EXP6", 5.65565e-3),
        ("Osborne 2", 4.01377e-2),
        ("Watson, n = 6", 2.28767e-3),
        ("Watson, n = 9", 1.39976e-6),
        ("Watson, n = 12", 4.72238e-10),
        ("Penalty I, n = 4", 2.24997e-5),
        ("Penalty I, n = 10", 7.08765e-5),
        ("Penalty II, n = 4", 9.37629e-6),
        ("Penalty II, n = 10", 2.93660e-4),
        ("Trigonometric, n = 10", 2.79506e-5),
        ("Linear, full rank", 10.0),
        ("Linear, rank 1", 4.63414),
        ("Linear, rank 1 with zero columns and rows", 6.13513),
        ("Chebyquad, n = 8", 3.51687e-3),
        ("Chebyquad, n = 10", 6.50395e-3),
    ],
)
def test_the_printed_minimum_is_among_the_minima(name: str, printed: float) -> None:
    assert np.isclose(mgh.PROBLEMS[name].minima, printed, rtol=5e-6, atol=0).any()


@every_mgh
def test_the_first_minimum_is_the_lowest(problem: mgh.Problem) -> None:
    assert problem.minima == tuple(sorted(problem.minima))
    assert problem.minima[0] < min(problem.at_infinity, default=np.inf)


@every_mgh
def test_the_gradient_at_the_start_is_right(problem: mgh.Problem) -> None:
    x = np.array(problem.start)
    expected = scipy.optimize.approx_fprime(x, problem.residuals, 1e-7 * np.maximum(abs(x), 1))
    exact = jacobian(problem.residuals)(x)
    assert_allclose(exact, expected, rtol=1e-4, atol=1e-5 * abs(expected).max())


@at_one_point
def test_the_sum_of_squares_is_the_minimum(problem: mgh.Problem) -> None:
    value = sum_of_squares(problem)(np.array(problem.x))
    assert_allclose(value, problem.minima[0], rtol=1e-9, atol=1e-28)


@at_one_point
def test_the_residuals_are_orthogonal_to_every_column_of_the_jacobian(problem: mgh.Problem) -> None:
    x = np.array(problem.x)
    columns = np.linalg.norm(jacobian(problem.residuals)(x), axis=0)
    length = np.linalg.norm(problem.residuals(x))
    assert np.all(abs(grad(sum_of_squares(problem))(x)) <= 1e-7 * columns * (length + 1e-7))


@at_one_point
def test_no_direction_leads_down(problem: mgh.Problem) -> None:
    curvatures = np.linalg.eigvalsh(hessian(sum_of_squares(problem))(np.array(problem.x)))
    assert curvatures[0] >= -1e-14 * curvatures[-1]


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("Box", [1, 10, 1]),
        ("Box", [10, 1, -1]),
        ("Box", [3, 3, 0]),
        ("Biggs EXP6", [1, 10, 1, 5, 4, 3]),
        ("Biggs EXP6", [4, 10, 3, 5, 1, 1]),
        ("Trigonometric, n = 10", [0] * 10),
        ("Brown, almost linear, n = 10", [1] * 10),
        ("Powell, badly scaled", [9.1061467398666243, 1.0981593296998054e-5]),
    ],
)
def test_more_points_where_every_residual_vanishes(name: str, x: list[float]) -> None:
    assert_allclose(mgh.PROBLEMS[name].residuals(np.array(x, float)), 0, atol=1e-14)


@pytest.mark.parametrize(
    "name", [name for name, problem in mgh.PROBLEMS.items() if problem.x is None]
)
def test_scipy_ends_at_one_of_the_minima(name: str) -> None:
    problem = mgh.PROBLEMS[name]
    result = scipy.optimize.least_squares(
        problem.residuals, problem.start, jac=jacobian(problem.residuals), gtol=1e-15, xtol=1e-15
    )
    assert np.isclose(2 * result.cost, problem.minima, rtol=1e-9, atol=1e-20).any()


def test_brown_almost_linear_has_a_saddle_where_the_paper_has_a_minimum() -> None:
    problem = mgh.PROBLEMS["Brown, almost linear, n = 10"]
    f = sum_of_squares(problem)
    assert_allclose(grad(f)(np.array([0.0] * 9 + [11.0])), 0)
    assert f(np.array([0.1] * 9 + [10.0])) < f(np.array([0.0] * 9 + [11.0]))


# -- Hock and Schittkowski --------------------------------------------------------------------

HS = hs.EQUALITY | hs.INEQUALITY | hs_bounds.BOUNDED
solved = pytest.mark.parametrize(
    "problem",
    [problem for problem in HS.values() if problem.x],
    ids=[name for name, problem in HS.items() if problem.x],
)
with_multipliers = pytest.mark.parametrize(
    "problem",
    [problem for problem in HS.values() if problem.multipliers],
    ids=[name for name, problem in HS.items() if problem.multipliers],
)


# f at the start, computed from the formulas.
@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("HS6", 4.84),
        ("HS9", 0),
        ("HS21", -98.99),
        ("HS26", 21.16),
        ("HS27", 4.01),
        ("HS28", 13),
        ("HS35", 2.25),
        ("HS39", -2),
        ("HS40", -0.4096),
        ("HS42", 14),
        ("HS43", 0),
        ("HS46", 3.337626),
        ("HS47", 20.73808),
        ("HS48", 84),
        ("HS49", 266),
        ("HS50", 7516),
        ("HS51", 8.5),
        ("HS52", 42),
        ("HS56", -1),
        ("HS61", 0),
        ("HS71", 16),
        ("HS76", -1.25),
        ("HS77", 4),
        ("HS78", -6),
        ("HS79", 1),
    ],
)
def test_f_at_the_start(name: str, f: float) -> None:
    assert_allclose(HS[name].f(np.array(HS[name].start)), f, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", ["HS26", "HS28", "HS46", "HS47", "HS48", "HS49", "HS50", "HS51"])
def test_these_starts_are_feasible(name: str) -> None:
    problem = HS[name]
    assert_allclose([c(np.array(problem.start)) for c in problem.constraints], 0, atol=1e-12)


# The minima that the book prints without a closed form.
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("HS61", -143.6461422),
        ("HS71", 17.0140173),
        ("HS76", -4.681818181),
        ("HS77", 0.24150513),
        ("HS78", -2.91970041),
        ("HS79", 0.0787768209),
    ],
)
def test_the_minimum_is_as_published(name: str, printed: float) -> None:
    assert_allclose(HS[name].minima[0], printed, rtol=1e-8)


@solved
def test_the_solution_is_feasible_and_has_the_minimum(problem: hs.Problem) -> None:
    x = np.array(problem.x)
    assert_allclose([c(x) for c in problem.constraints], 0, atol=1e-13)
    assert all(c(x) >= -1e-13 for c in problem.inequalities)
    for value, (low, high) in zip(x, problem.bounds or (), strict=bool(problem.bounds)):
        assert low is None or low <= value
        assert high is None or value <= high
    assert_allclose(problem.f(x), problem.minima[0], rtol=1e-13, atol=1e-13)


@with_multipliers
def test_the_multipliers_satisfy_the_kkt_equations(problem: hs.Problem) -> None:
    assert problem.multipliers is not None
    x = np.array(problem.x)
    pulls = [m * grad(c)(x) for m, c in zip(problem.multipliers, problem.constraints, strict=True)]
    assert_allclose(grad(problem.f)(x) + sum(pulls), 0, atol=1e-13)


@with_multipliers
def test_no_direction_along_the_constraints_leads_down(problem: hs.Problem) -> None:
    assert problem.multipliers is not None
    weights = np.array(problem.multipliers)
    x = np.array(problem.x)

    def constraints(x: Any) -> Any:
        return np.stack([c(x) for c in problem.constraints])

    along = scipy.linalg.null_space(jacobian(constraints)(x))
    curvature = along.T @ hessian(lambda x: problem.f(x) + weights @ constraints(x))(x) @ along
    assert np.linalg.eigvalsh(curvature)[0] >= -1e-13


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, problem in (hs.INEQUALITY | hs_bounds.ONE_OR_TWO | hs_bounds.MORE).items()
        if problem.x
    ],
)
def test_the_gradient_is_a_nonnegative_sum_of_active_gradients(name: str) -> None:
    problem = HS[name]
    x = np.array(problem.x)
    inward = [grad(c)(x) for c in problem.inequalities if abs(c(x)) < 1e-10]
    for i, (low, high) in enumerate(problem.bounds or ()):
        if x[i] == low:
            inward.append(np.eye(len(x))[i])
        if x[i] == high:
            inward.append(-np.eye(len(x))[i])
    for c in problem.constraints:
        inward += [grad(c)(x), -grad(c)(x)]
    gradient = grad(problem.f)(x)
    matrix = np.stack(inward, axis=1) if inward else np.zeros((len(x), 1))
    _, distance = scipy.optimize.nnls(matrix, gradient)
    assert distance < 1e-12 * max(1, np.abs(gradient).max())


def test_at_hs13_no_multipliers_exist() -> None:
    problem = HS["HS13"]
    x = np.array(problem.x)
    assert_allclose(grad(problem.inequalities[0])(x), [0, -1])  # that of a bound, reversed
    assert_allclose(grad(problem.f)(x), [-2, 0])


def test_hs47_is_stationary_but_not_lowest_where_the_book_has_its_minimum() -> None:
    problem = HS["HS47"]
    assert_allclose(grad(problem.f)(np.ones(5)), 0)
    assert problem.minima[0] < problem.f(np.ones(5)) == 0


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("HS8", [np.sqrt((25 + np.sqrt(301)) / 2), 9 / np.sqrt((25 + np.sqrt(301)) / 2)]),
        ("HS9", [-3, -4]),
        ("HS9", [9, 12]),
        ("HS26", [1, 1, 1]),
        ("HS26", [-1.8105357137661369] * 3),
    ],
)
def test_solutions_where_there_are_several(name: str, x: list[float]) -> None:
    problem, point = HS[name], np.array(x, float)
    assert_allclose([c(point) for c in problem.constraints], 0, atol=1e-12)
    assert_allclose(problem.f(point), problem.minima[0], atol=1e-12)
