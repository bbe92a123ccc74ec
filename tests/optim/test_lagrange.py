"""lagrange: known optima with their multipliers, the kinds, and the truth about everything else."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from problems_hs import EQUALITY, Problem

from autodiff import grad, jacobian, stop_gradient
from optim.multipliers._lagrange import lagrange
from optim.search._run import Status


def circle(x: Any) -> Any:
    return x[0] ** 2 + x[1] ** 2 - 2


def product(x: Any) -> Any:
    return x[0] * x[1]


# -- Hock and Schittkowski -------------------------------------------------------------------


@pytest.mark.parametrize("problem", EQUALITY.values(), ids=EQUALITY)
def test_hock_schittkowski_from_the_standard_start(problem: Problem) -> None:
    constraints = list(problem.constraints)
    result = lagrange(problem.f, problem.start, constraints)
    assert result.success, result.message
    best = problem.minima[0]
    assert_allclose(result.fun, best, rtol=1e-8, atol=1e-8)
    # The conditions themselves, in the problem's own units.
    values = np.array([c(result.x) for c in constraints])
    rows = np.stack([grad(c)(result.x) for c in constraints])
    assert np.max(np.abs(values)) <= 1e-8
    assert np.max(np.abs(grad(problem.f)(result.x) + rows.T @ result.multipliers)) <= 1e-8
    if problem.multipliers is not None:
        assert_allclose(result.multipliers, problem.multipliers, rtol=1e-8, atol=1e-8)
    assert result.kkt <= 1e-12


@pytest.mark.parametrize("problem", EQUALITY.values(), ids=EQUALITY)
def test_a_tolerance_of_0_ends_where_rounding_does(problem: Problem) -> None:
    result = lagrange(problem.f, problem.start, list(problem.constraints), kkt_tol=0)
    assert result.success, result.message
    assert_allclose(result.fun, problem.minima[0], rtol=1e-8, atol=1e-8)
    assert result.kkt <= 1e-12
    assert result.nit < 60


def test_nor_does_it_go_round_where_the_constraints_lose_rank() -> None:
    f, constraints, start, status, _ = BAD["circles that touch"]
    assert lagrange(f, start, constraints, kkt_tol=0).status is status


def test_as_few_evaluations_as_slsqp_on_the_median_problem() -> None:
    from scipy.optimize import minimize

    ours, theirs = [], []
    for p in EQUALITY.values():
        both = {"type": "eq", "fun": lambda x, p=p: np.stack([c(x) for c in p.constraints])}
        both["jac"] = jacobian(both["fun"])
        start = np.array(p.start)
        theirs.append(minimize(p.f, start, jac=grad(p.f), method="SLSQP", constraints=both).nfev)
        ours.append(lagrange(p.f, p.start, list(p.constraints)).nfev)
    assert np.median(ours) <= np.median(theirs)


@pytest.mark.parametrize("name", ["HS26", "HS46", "HS49"])
def test_a_minimum_that_is_flat_to_second_order_is_called_degenerate(name: str) -> None:
    problem = EQUALITY[name]
    result = lagrange(problem.f, problem.start, list(problem.constraints))
    assert result.success
    assert result.kind == "degenerate"
    assert "flat to second order" in result.message


def test_a_stationary_point_of_inflection_is_left() -> None:
    # HS47 passes (1, 1, 1, 1, 1), where all is flat but f falls like a cube.
    problem = EQUALITY["HS47"]
    result = lagrange(problem.f, np.ones(5), list(problem.constraints))
    assert result.success
    assert_allclose(result.fun, problem.minima[0], rtol=1e-8)
    result = lagrange(lambda x: x[0] ** 3 + x[0] ** 4, [1.0, 1.0], lambda x: x[1])
    assert_allclose(result.x, [-0.75, 0], atol=1e-8)


# -- the exercises of the course -------------------------------------------------------------


def hill(x: Any) -> Any:
    return np.exp(-(2 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1]) / 2)


def ellipse(x: Any) -> Any:
    return x[0] ** 2 + 3 * (x[1] + 1) ** 2 - 1


HILL = [
    ((-1.0, -1.2), (-0.958963, -1.163698), "minimum"),
    ((-0.6, -1.5), (-0.626142, -1.450165), "maximum"),
    ((-0.1, -0.4), (-0.095838, -0.425307), "maximum"),
    ((0.9, -1.2), (0.930942, -1.210830), "minimum"),
]


@pytest.mark.parametrize(("start", "x", "kind"), HILL)
def test_all_four_stationary_points_of_the_course(
    start: tuple[float, float], x: tuple[float, float], kind: str
) -> None:
    result = lagrange(hill, start, ellipse, find="stationary")
    assert result.success
    assert_allclose(result.x, x, atol=6e-7)
    assert result.kind == kind
    assert lagrange(hill, start, ellipse, find=kind[:3]).kind == kind


def test_the_highest_and_the_lowest_point_of_the_course() -> None:
    assert_allclose(lagrange(hill, [0.0, 0.0], ellipse, find="max").fun, 0.9238, atol=5e-5)
    assert_allclose(lagrange(hill, [1.0, -1.0], ellipse, find="min").fun, 0.1149, atol=5e-5)


@pytest.mark.parametrize("start", [(1.0, 0.3), (-1.0, 2.0)])
def test_the_second_exercise_of_the_course(start: tuple[float, float]) -> None:
    result = lagrange(
        lambda x: -np.exp(x[0] - x[1] ** 2 + x[0] * x[1]),
        start,
        lambda x: np.cosh(x[1]) + x[0] - 2,
    )
    assert result.success
    assert_allclose(result.x, [0.957782, 0.289565], atol=6e-7)
    assert_allclose(result.multipliers, [4.077889], atol=6e-7)
    assert_allclose(result.fun, -3.162220, atol=2e-6)


# -- closed forms ----------------------------------------------------------------------------


def test_the_nearest_and_the_farthest_point_of_a_sphere() -> None:
    centre, point = np.array([1.0, -2.0, 0.5]), np.array([4.0, 1.0, 2.0])
    away = (point - centre) / np.linalg.norm(point - centre)

    def distance(x: Any) -> Any:
        return np.sqrt(np.sum((x - point) ** 2))

    def sphere(x: Any) -> Any:
        return np.sum((x - centre) ** 2) - 4

    start = [1.0, 1.0, 1.0]
    assert_allclose(lagrange(distance, start, sphere).x, centre + 2 * away, rtol=1e-10)
    farthest = lagrange(distance, start, sphere, find="max")
    assert_allclose(farthest.x, centre - 2 * away, rtol=1e-10)
    # The multiplier is minus the rate at which the optimum changes with the constraint's level.
    assert_allclose(farthest.multipliers, [-1 / (2 * 2)], rtol=1e-10)


def test_the_extreme_values_of_a_quadratic_form_on_the_sphere_are_eigenvalues() -> None:
    matrix = np.array([[2.0, 1.0, 0.0], [1.0, -1.0, 3.0], [0.0, 3.0, 0.5]])
    eigenvalues = np.linalg.eigvalsh(matrix)
    for find, expected in (("min", eigenvalues[0]), ("max", eigenvalues[-1])):
        result = lagrange(
            lambda x: x @ matrix @ x, [1.0, 0.1, -0.2], lambda x: x @ x - 1, find=find
        )
        assert_allclose(result.fun, expected, rtol=1e-12)
        assert_allclose(result.multipliers, [-expected], rtol=1e-12)
    between = lagrange(
        lambda x: x @ matrix @ x,
        np.linalg.eigh(matrix)[1][:, 1] + 0.05,
        lambda x: x @ x - 1,
        find="stationary",
    )
    assert between.kind == "saddle"
    assert_allclose(between.fun, eigenvalues[1], rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_convex_quadratic_programs_against_the_linear_system(n: int, fewer: int, seed: int) -> None:
    m = max(1, n - fewer)
    random = np.random.default_rng(seed)
    root, A = random.normal(size=(n, n)), random.normal(size=(m, n))
    Q, p, b = root @ root.T + np.eye(n), random.normal(size=n), random.normal(size=m)
    system = np.block([[Q, A.T], [A, np.zeros((m, m))]])
    expected = np.linalg.solve(system, np.concatenate([-p, b]))
    result = lagrange(
        lambda x: x @ Q @ x / 2 + p @ x, 10 * random.normal(size=n), lambda x: A @ x - b
    )
    assert result.success, result.message
    close = 1e-9 * np.linalg.cond(system) * max(1, np.max(np.abs(expected)))
    assert_allclose(result.x, expected[:n], atol=close)
    assert_allclose(result.multipliers, expected[n:], atol=close)


@settings(max_examples=40, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9))
def test_units_do_not_matter(x: float, y: float, f: float, c: float) -> None:
    a, b = 10**x, 10**y
    result = lagrange(
        lambda v: 10**f * product([v[0] / a, v[1] / b]),
        [1.5 * a, -0.2 * b],
        lambda v: 10**c * circle([v[0] / a, v[1] / b]),
    )
    assert result.success, result.message
    assert result.kind == "minimum"
    assert_allclose(np.abs(result.x / [a, b]), 1, rtol=1e-8)
    assert_allclose(result.multipliers, 10 ** (f - c) / 2, rtol=1e-8)


# -- the kinds -------------------------------------------------------------------------------


def test_a_start_at_the_opposite_kind_is_left() -> None:
    lowest = lagrange(product, [1.0, 1.0], circle)
    assert (lowest.kind, lowest.success) == ("minimum", True)
    assert_allclose(lowest.fun, -1)
    highest = lagrange(product, [1.0, -1.0], circle, find="max")
    assert (highest.kind, highest.success) == ("maximum", True)
    assert_allclose(highest.fun, 1)


def test_a_start_at_a_saddle_point_is_left() -> None:
    result = lagrange(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [0.0, 0.0, 1.0], lambda x: x[2])
    assert result.success
    assert_allclose(result.fun, -0.25)


def test_any_stationary_point_is_a_success_where_one_is_asked_for() -> None:
    result = lagrange(
        lambda x: x[0] ** 2 - x[1] ** 2 + x[2], np.ones(3), lambda x: x[2], find="stationary"
    )
    assert (result.kind, result.success) == ("saddle", True)
    assert result.curvatures.shape == (2,)
    assert_allclose(result.multipliers, [-1])


def test_points_that_the_constraints_alone_fix() -> None:
    result = lagrange(lambda x: x**2, 1.0, lambda x: x**2 - 4)
    assert result.success
    assert_allclose(result.x, 2)
    assert "the constraints alone fix this point" in result.message


def test_the_wrong_kind_is_no_success() -> None:
    # Derivatives that contradict the values: by them 0 is a maximum, yet nothing lower is found.
    result = lagrange(
        lambda x: 2 * stop_gradient(x[0] ** 2) - x[0] ** 2, [0.0, 0.0], lambda x: x[1]
    )
    assert result.status == Status.OTHER_KIND
    assert result.kind == "maximum"
    assert "a minimum was asked for" in result.message


# -- what goes in and what comes out ---------------------------------------------------------


def test_structures_arguments_and_constraints_of_several_values() -> None:
    start = {"a": 1.0, "b": np.array([1.0, 2.0, 3.0])}
    result = lagrange(
        lambda p, weight: weight * p["a"] ** 2 + np.sum(p["b"] ** 2),
        start,
        [lambda p: [p["a"] - p["b"][0] - 1, p["b"][1:] - 1], lambda p: p["a"] - 3],
        args=(2.0,),
    )
    assert result.success
    assert_allclose(result.x["a"], 3)
    assert_allclose(result.x["b"], [2, 1, 1])
    assert_allclose(result.jac["b"], [4, 2, 2])
    assert_allclose(result.constraints, np.zeros(4), atol=1e-12)
    assert_allclose(result.multipliers, [4, -2, -2, -16])
    first, second = result.multipliers_by_constraint
    assert_allclose(first, [4, -2, -2])
    assert_allclose(second, [-16])


def test_the_callback_sees_the_multipliers_and_can_stop() -> None:
    seen = []

    def stop(intermediate_result: Any) -> None:
        seen.append(intermediate_result.multipliers)
        if len(seen) == 2:
            raise StopIteration

    result = lagrange(product, [3.0, 0.1], circle, callback=stop, path=True)
    assert result.status == Status.STOPPED
    assert len(seen) == 2
    assert result.path.shape == (3, 2)
    assert not result.success


def test_too_few_steps() -> None:
    result = lagrange(product, [30.0, 0.1], circle, maxiter=2)
    assert (result.status, result.success, result.nit) == (Status.LIMIT, False, 2)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="'min', 'max', 'stationary', got 'best'"):
        lagrange(product, [1.0, 1.0], circle, find="best")
    with pytest.raises(ValueError, match=r"'stationary', got \['max'\]"):
        lagrange(product, [1.0, 1.0], circle, find=["max"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no constraint"):
        lagrange(product, [1.0, 1.0], [])
    with pytest.raises(TypeError, match=r"as constraints, as in lagrange\(f, x0, constraints\)"):
        lagrange(product, circle, [1.0, 1.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="minimize takes those of SciPy"):
        lagrange(product, [1.0, 1.0], {"type": "eq", "fun": circle})  # type: ignore[arg-type]


# -- bad problems ----------------------------------------------------------------------------

Function = Callable[[Any], Any]
BAD: dict[str, tuple[Function, Function, list[float], Status, str]] = {
    "f is not finite": (
        lambda x: np.log(x[0]),
        lambda x: x[1] - 1,
        [-3, 1],
        Status.NOT_FINITE,
        "f is nan",
    ),
    "a constraint is not finite": (
        lambda x: x[0] ** 2,
        lambda x: [x[0], np.log(x[1])],
        [-3, -1],
        Status.NOT_FINITE,
        "constraint 1 is nan",
    ),
    "the start is not finite": (product, circle, [nan, 1], Status.NOT_FINITE, "f is nan"),
    "f is a vector": (lambda x: x**2, circle, [1, 1], Status.INVALID, "expected one real number"),
    "a constraint is complex": (
        product,
        lambda x: x[0] - 1j,
        [1, 1],
        Status.INVALID,
        "complex128, expected real",
    ),
    "a linear f is unbounded": (
        lambda x: x[0] + x[1],
        lambda x: x[0] - x[1],
        [1, 2],
        Status.UNBOUNDED,
        "falls along the constraints without end",
    ),
    "an exponential f is unbounded": (
        lambda x: -np.exp(x[0]),
        lambda x: x[1],
        [1, 2],
        Status.UNBOUNDED,
        "towards -inf",
    ),
    "f approaches its infimum at infinity": (
        lambda x: np.exp(-x[0]),
        lambda x: x[1],
        [1, 2],
        Status.WANDERS,
        "constant to rounding",
    ),
    "parallel lines": (
        lambda x: x[0] - x[1],
        lambda x: [x[0] + x[1] - 1, x[0] + x[1] - 2],
        [1, 2],
        Status.INFEASIBLE,
        "contradict one another",
    ),
    "circles apart": (
        lambda x: x[0],
        lambda x: [x[0] ** 2 + x[1] ** 2 - 1, (x[0] - 5) ** 2 + x[1] ** 2 - 1],
        [1, 1],
        Status.INFEASIBLE,
        "at 5.25",
    ),
    "no real root": (
        lambda x: x[0] ** 2,
        lambda x: x[0] ** 2 + 1,
        [3, 1],
        Status.INFEASIBLE,
        "constraint 0 at 1",
    ),
    "more constraints than unknowns": (
        lambda x: np.sum(x**2),
        lambda x: [x[0] - 1, x[1] - 1, x[0] + x[1]],
        [3, 1],
        Status.INFEASIBLE,
        "there are 3 for 2 unknowns",
    ),
    "a constraint without x": (
        lambda x: np.sum(x**2),
        lambda x: [x[0] - 1, 3.0],
        [3, 1],
        Status.INFEASIBLE,
        "constraint 1 does not depend on x",
    ),
    "a squared constraint": (
        lambda x: x[0] + x[1] ** 2,
        lambda x: (x[0] - 1) ** 2,
        [3, 1],
        Status.SINGULAR,
        "the gradient of constraint 0 is zero",
    ),
    "a single feasible point": (
        lambda x: x[0],
        lambda x: x[0] ** 2 + x[1] ** 2,
        [1, 1],
        Status.SINGULAR,
        "loses rank",
    ),
    "a cusp": (
        lambda x: x[0],
        lambda x: x[0] ** 3 - x[1] ** 2,
        [1, 1],
        Status.SINGULAR,
        "loses rank",
    ),
    "circles that touch": (
        lambda x: x[0] + x[1],
        lambda x: [x[0] ** 2 + x[1] ** 2 - 1, (x[0] - 2) ** 2 + x[1] ** 2 - 1],
        [0.5, 0.5],
        Status.SINGULAR,
        "1 ∇c[0] + 1 ∇c[1] = 0",
    ),
    "a kink": (
        lambda x: np.abs(x[0]) + x[1] ** 2,
        lambda x: x[1] - 1,
        [1, 2],
        Status.STALLED,
        "not stationary",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_problems_are_told_apart(case: str) -> None:
    f, constraints, start, status, message = BAD[case]
    result = lagrange(f, start, constraints)
    assert not result.success
    assert Status(result.status) is status, result.message
    assert message in result.message


def test_the_least_violation_is_the_point_returned() -> None:
    f, constraints, start, _, _ = BAD["circles apart"]
    result = lagrange(f, start, constraints)
    assert_allclose(result.x, [2.5, 0], atol=1e-6)
    assert_allclose(result.constraints, [5.25, 5.25], rtol=1e-6)


def test_contradictions_are_seen_from_any_search() -> None:
    result = lagrange(lambda x: x[0] ** 2, [3.0, 1.0], lambda x: x[0] ** 2 + 1, find="stationary")
    assert result.status == Status.INFEASIBLE


def test_redundant_constraints_that_agree_are_solved() -> None:
    result = lagrange(
        lambda x: np.sum(x**2), [3.0, 1.0], lambda x: [x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 2]
    )
    assert result.success
    assert_allclose(result.x, [0.5, 0.5])
    assert_allclose(result.multipliers @ [1, 2], -1)
    assert "the multipliers are not unique" in result.message


def test_symmetry_does_not_hide_the_constraint() -> None:
    # At the start the constraint's gradient is zero, and so is that of f.
    result = lagrange(lambda x: np.sum(x**2), [0.0, 0.0], lambda x: x[0] ** 2 + 4 * x[1] ** 2 - 4)
    assert result.success
    assert_allclose(result.fun, 1)


def test_far_away_where_the_constraint_is_huge() -> None:
    result = lagrange(lambda x: np.sum(x**2), [20.0, 30.0], lambda x: np.exp(x[0] + x[1]) - 2)
    assert result.success
    assert_allclose(result.x, np.log(2) / 2)


@pytest.mark.parametrize("start", [1e-14, 1.0, 1e9])
def test_a_start_of_quite_another_size(start: float) -> None:
    result = lagrange(lambda x: np.sum((x - 3) ** 2), [start, -start], lambda x: x[0] - x[1] - 2)
    assert result.success
    assert_allclose(result.x, [4, 2], rtol=1e-8)


def test_trial_points_outside_the_domain_are_refused() -> None:
    result = lagrange(lambda x: -np.sum(np.log(x)), [0.01, 0.01, 5.0], lambda x: np.sum(x) - 3)
    assert result.success
    assert_allclose(result.x, np.ones(3))
    assert result.fun < inf
    assert_allclose(np.linalg.norm(result.jac), sqrt(3))


@pytest.mark.parametrize("constraints", [3, [3]])
def test_constraints_are_functions(constraints: Any) -> None:
    with pytest.raises(TypeError, match=r"expected functions as constraints, as in .*, got "):
        lagrange(product, [1.0, 2.0], constraints)


def test_one_number_in_a_list_is_a_number() -> None:
    assert_allclose(lagrange(lambda x: [x[0] + x[1]], [-1.0, -2.0], circle).x, -1)
