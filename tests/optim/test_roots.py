"""Roots: found where there are any, and nothing else is called one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from problems_mgh import PROBLEMS

from optim.roots._equations import Equations
from optim.roots._roots import halley, newton_raphson
from optim.search._objective import Iterate
from optim.search._run import Status

METHODS = pytest.mark.parametrize("method", [newton_raphson, halley])


def course(x: Any) -> Any:
    return x**6 / 6 - 3 * x**4 - 2 * x**3 / 3 + 27 * x**2 / 2 + 18 * x - 30


COURSE_ROOTS = np.roots([1 / 6, 0, -3, -2 / 3, 27 / 2, 18, -30])
COURSE_ROOTS = COURSE_ROOTS[np.abs(COURSE_ROOTS.imag) < 1e-9].real


# -- the course's example --------------------------------------------------------------------


def test_course_from_1() -> None:
    result = newton_raphson(course, 1.0, path=True)
    assert result.success
    assert result.path[1] == pytest.approx(1.0625, rel=1e-14)
    assert result.x == pytest.approx(1.06307, abs=1e-5)


def test_course_from_minus_4() -> None:
    result = newton_raphson(course, -4)
    assert result.success
    assert result.x == pytest.approx(-3.76021, abs=1e-5)


def test_course_from_1_99_jumps_far_and_takes_long() -> None:
    result = newton_raphson(course, 1.99, path=True)
    assert result.success
    assert result.path[1] == pytest.approx(-36.47, abs=0.01)
    assert result.nit > 16
    assert np.abs(COURSE_ROOTS - result.x).min() < 1e-9


@METHODS
@pytest.mark.parametrize("maxiter", [3, 10, 20, 100])
@pytest.mark.parametrize("x0", [3.1, 2.9, 3.01, 2.999])
def test_course_about_3_no_root_is_claimed_but_a_true_one(
    method: Any, x0: float, maxiter: int
) -> None:
    result = method(course, x0, maxiter=maxiter)
    if result.success:
        assert np.abs(COURSE_ROOTS - result.x).min() < 1e-9
    else:
        assert result.status in (Status.WANDERS, Status.LIMIT)


def test_course_damped_sticks_at_3_and_says_so() -> None:
    result = newton_raphson(course, 3.1, damped=True)
    assert result.status == Status.STALLED
    assert "|f| is 6" in result.message


# -- what is no root -------------------------------------------------------------------------

NO_ROOT: dict[str, tuple[Callable[[Any], Any], float]] = {
    "x⁴ - x² + 1": (lambda x: x**4 - x**2 + 1, 0.001),
    "x² + 1": (lambda x: x**2 + 1, 0.5),
    "x² + 1e-17": (lambda x: x**2 + 1e-17, 1.0),
    "exp": (np.exp, 0.0),
    "exp(-x²)": (lambda x: np.exp(-x * x), 1.0),
    "x exp(-x) beyond its maximum": (lambda x: x * np.exp(-x), 2.0),
    "1/x": (lambda x: 1 / x, 1.0),
    "close to a pole": (lambda x: 1 / (x - 1), 1 + 1e-13),
    "a constant": (lambda x: x * 0 + 1, 1.0),
}


@METHODS
@pytest.mark.parametrize("maxiter", [100, 2000])
@pytest.mark.parametrize("name", NO_ROOT)
def test_what_is_no_root_is_not_called_one(method: Any, name: str, maxiter: int) -> None:
    f, x0 = NO_ROOT[name]
    result = method(f, x0, maxiter=maxiter)
    assert not result.success, result.message


def test_a_search_that_wanders_is_told_so() -> None:
    result = newton_raphson(lambda x: x**4 - x**2 + 1, 0.001)
    assert result.status == Status.WANDERS
    assert "no root" in result.message


def test_underflow_is_no_root() -> None:
    result = newton_raphson(np.exp, 0.0, maxiter=2000)
    assert result.status == Status.WANDERS
    assert "underflow" in result.message


def test_a_cycle_is_found() -> None:
    result = newton_raphson(lambda x: x**3 - 2 * x + 2, 0.0, path=True)
    assert result.status == Status.WANDERS
    assert "cycle of 2" in result.message
    assert_array_equal(result.path, [0, 1, 0])


@pytest.mark.parametrize("f", [np.arctan, np.cbrt])
def test_divergence_is_found(f: Any) -> None:
    result = newton_raphson(f, 3.0)
    assert result.status == Status.WANDERS
    assert "run away" in result.message
    assert result.x == 3.0 or abs(result.fun) < abs(f(3.0))


def test_damping_stops_divergence() -> None:
    result = newton_raphson(np.arctan, 3.0, damped=True)
    assert result.success
    assert result.x == 0


def test_a_stationary_point_is_singular() -> None:
    result = newton_raphson(lambda x: x**2 + 1, 0.0)
    assert result.status == Status.SINGULAR
    assert "derivative is 0" in result.message


def test_slow_progress_from_far_is_no_convergence_to_zero() -> None:
    result = newton_raphson(lambda x: x**3 - 1, 1e30, maxiter=300)
    assert result.success
    assert result.x == 1
    assert not newton_raphson(lambda x: x**3 - 1, 1e30, maxiter=100).success


# -- roots -----------------------------------------------------------------------------------


def test_convergence_is_quadratic() -> None:
    path = newton_raphson(lambda x: x**2 - 2, 1.0, path=True).path
    error = np.abs(path - np.sqrt(2))[:4]
    assert_allclose(error[1:] / error[:-1] ** 2, 1 / (2 * path[:3]), rtol=1e-3)


def test_halley_converges_cubically() -> None:
    path = halley(lambda x: x**2 - 2, 1.0, path=True).path
    error = np.abs(path - np.sqrt(2))[:3]
    assert_allclose(error[1:] / error[:-1] ** 3, [0.2, 0.1276], rtol=0.03)


def test_halley_tells_all_derivatives() -> None:
    result = halley(lambda x, a: np.exp(x) - a, 0.0, args=(3.0,))
    assert result.success
    assert_allclose([result.x, result.jac, result.hess], [np.log(3), 3, 3], rtol=1e-14)
    assert result.nfev == result.njev == result.nhev == result.nit + 1


@METHODS
def test_a_start_at_a_root_to_rounding(method: Any) -> None:
    assert method(lambda x: x * x - 2, float(np.sqrt(2))).success
    assert method(lambda x: x * x, 0.0).success


@METHODS
@pytest.mark.parametrize("order", [2, 3, 5])
def test_multiple_roots_converge_linearly(method: Any, order: int) -> None:
    result = method(lambda x: (x - 2) ** order, 3.0, maxiter=300)
    assert result.success
    assert "linearly" in result.message
    assert abs(result.x - 2) < 2e-14


@METHODS
@pytest.mark.parametrize("order", [2, 3, 5, 9])
def test_the_error_of_a_multiple_root_of_an_expanded_polynomial_is_known(
    method: Any, order: int
) -> None:
    coefficients = np.poly(np.ones(order))[::-1]
    result = method(lambda x: sum(c * x**k for k, c in enumerate(coefficients)), 2.0)
    assert result.success
    told = float(result.message.split()[-1])
    assert abs(result.x - 1) < 5 * told
    assert told < 10 * (2e-16) ** (1 / order)


def test_slow_convergence_to_zero_ends_there() -> None:
    result = newton_raphson(lambda x: x**2, 1.0)
    assert result.success
    assert result.x == 0


def test_values_that_nearly_underflow() -> None:
    result = newton_raphson(lambda x: 1e-300 * (x**2 - 4), 1.0)
    assert result.success
    assert result.x == pytest.approx(2, rel=1e-15)


def test_a_step_out_of_the_domain_is_shortened() -> None:
    result = newton_raphson(np.log, 3.0)
    assert result.success
    assert result.x == 1


# -- brackets --------------------------------------------------------------------------------

BRACKETS: dict[str, tuple[Callable[[Any], Any], float, tuple[float, float], float]] = {
    "arctan": (np.arctan, 3.0, (-5, 4), 0),
    "cycle": (lambda x: x**3 - 2 * x + 2, 0.0, (-3, 2), -1.7692923542386314),
    "course": (course, 1.99, (1, 1.995), 1.0630706297),
    "vertical tangent": (lambda x: np.cbrt(x - 0.3), 1.0, (-1, 2), 0.3),
    "ninefold": (lambda x: (x - 0.1) ** 9, 1.0, (-1, 2), 0.1),
    "steep": (lambda x: np.tanh(1e8 * (x - 0.3)), 0.9, (0, 1), 0.3),
    "log at its pole": (np.log, 3.0, (0, 3), 1),
    "all floats": (lambda x: np.arctan(x - 1), 1e200, (-1e300, 1e300), 1),
    "an end": (np.sin, 1.0, (0, 1), 0),
    "ends in reverse": (lambda x: np.cos(x) - x, 0.5, (1, 0), 0.7390851332151607),
}


@pytest.mark.parametrize("name", BRACKETS)
def test_a_bracket_always_leads_to_a_root(name: str) -> None:
    f, x0, bracket, root = BRACKETS[name]
    result = newton_raphson(f, x0, bracket=bracket, path=True)
    assert result.success, result.message
    assert result.x == pytest.approx(root, rel=1e-10, abs=1e-15)
    assert min(bracket) <= result.path.min() <= result.path.max() <= max(bracket)


@pytest.mark.parametrize("place", [1.0, 0.3, 1 / 3])
@pytest.mark.parametrize(
    "f", [lambda x: 1 / x, lambda x: np.where(x < 0, -1.0, 1.0) + 0.25 * x], ids=["pole", "jump"]
)
def test_a_jump_over_zero_is_no_root(f: Any, place: float) -> None:
    result = newton_raphson(lambda x: f(x - place), 2.0, bracket=(0, 3))
    assert result.status == Status.STALLED
    assert "jumps" in result.message


def test_bad_brackets() -> None:
    assert newton_raphson(np.cosh, 0.0, bracket=(-1, 1)).status == Status.INVALID
    assert newton_raphson(np.sin, 9.0, bracket=(-1, 1)).status == Status.INFEASIBLE
    assert newton_raphson(np.log, 1.0, bracket=(-1, 2)).status == Status.NOT_FINITE
    for bracket in [(1, 1), (0, np.nan), (1, 2, 3)]:
        with pytest.raises(ValueError, match="two different numbers"):
            newton_raphson(np.sin, 1.0, bracket=bracket)
    with pytest.raises(ValueError, match="one equation"):
        newton_raphson(np.sin, [1.0, 2.0], bracket=(0, 3))
    with pytest.raises(ValueError, match="not both"):
        newton_raphson(np.sin, 1.0, bracket=(0, 3), damped=True)


# -- systems ---------------------------------------------------------------------------------


def brown_almost_linear(x: Any) -> Any:
    linear = x[:-1] + np.sum(x) - (len(x) + 1)
    return np.concatenate([linear, np.prod(x, keepdims=True) - 1])


# As many equations as unknowns, from their standard starts.
SQUARE = {
    name: problem
    for name, problem in PROBLEMS.items()
    if np.size(problem.residuals(np.array(problem.start))) == len(problem.start)
}
SOLVABLE = [name for name, problem in SQUARE.items() if problem.minima[0] == 0]


def test_there_are_systems_with_and_without_a_root() -> None:
    assert len(SOLVABLE) == 15
    assert SQUARE.keys() - SOLVABLE == {"Chebyquad, n = 8", "Chebyquad, n = 10"}


@pytest.mark.parametrize("name", SOLVABLE)
def test_standard_systems(name: str) -> None:
    result = newton_raphson(SQUARE[name].residuals, SQUARE[name].start)
    assert result.success, result.message
    assert np.abs(result.fun).max() < 1e-13


@pytest.mark.parametrize("name", sorted(SQUARE.keys() - SOLVABLE))
def test_where_there_is_no_root_none_is_claimed(name: str) -> None:
    assert not newton_raphson(SQUARE[name].residuals, SQUARE[name].start).success


def test_where_damping_gets_stuck_least_squares_take_over() -> None:
    result = newton_raphson(brown_almost_linear, np.full(30, 0.5))
    assert result.success
    assert np.abs(result.fun).max() < 1e-13
    assert result.nfev < 100


def test_structures_keep_their_shape() -> None:
    def f(p: Any) -> Any:
        return [p["a"] ** 2 - 4, p["b"][0] * p["a"] - 1, p["b"][1] + p["b"][0]]

    result = newton_raphson(f, {"a": 3.0, "b": np.array([1.0, 1.0])})
    assert result.success
    assert result.x["a"] == pytest.approx(2)
    assert_allclose(result.x["b"], [0.5, -0.5])
    assert_allclose(result.jac["a"], [4, 0.5, 0])
    assert_allclose(result.jac["b"], [[0, 0], [2, 0], [1, 1]])


def test_equations_of_any_shape() -> None:
    target = np.array([[7.0, 10.0], [15.0, 22.0]])
    result = newton_raphson(lambda X: X @ X - target, np.array([[1.5, 2.0], [2.5, 4.0]]))
    assert result.success
    assert_allclose(result.x @ result.x, target, rtol=1e-12)
    assert result.fun.shape == (2, 2)
    assert result.jac.shape == (2, 2, 2, 2)


def test_a_singular_jacobian_is_named_with_its_null_direction() -> None:
    result = newton_raphson(lambda v: [v[0] + v[1] - 1, 2 * v[0] + 2 * v[1] - 3], [0.0, 0.0])
    assert result.status == Status.SINGULAR
    direction = result.message.split("[")[-1].split("]")[0]
    a, b = map(float, direction.split(","))
    assert a == pytest.approx(-b)


def test_consistent_equations_with_a_singular_jacobian_have_a_root() -> None:
    result = newton_raphson(lambda v: [v[0] + v[1] - 1, 2 * v[0] + 2 * v[1] - 2], [0.0, 0.0])
    assert result.success
    assert_allclose(result.x, [0.5, 0.5])


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: x[0], "2 equations for 2 unknowns"),
        (lambda x: np.concatenate([x, x]), "least_squares"),
        (lambda x: x * 1j, "complex"),
        (lambda x: [x[0], np.ones(3)], "unlike parts"),
        (lambda x: "nothing", "real numbers"),
    ],
)
def test_equations_that_cannot_be_solved_are_invalid(f: Any, why: str) -> None:
    result = newton_raphson(f, [1.0, 2.0])
    assert result.status == Status.INVALID
    assert why in result.message


def test_not_finite_at_the_start() -> None:
    result = newton_raphson(np.sqrt, -1.0)
    assert result.status == Status.NOT_FINITE
    assert "nan" in result.message
    assert newton_raphson(lambda v: 1 / v, [0.0, 1.0]).status == Status.NOT_FINITE


def test_refusals_at_the_door() -> None:
    with pytest.raises(TypeError, match="complex"):
        newton_raphson(np.sin, 1j)
    with pytest.raises(ValueError, match="newton_raphson solves systems"):
        halley(np.sin, [1.0, 2.0])


def test_an_error_within_f_is_the_users_own() -> None:
    def f(x: Any) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        newton_raphson(f, 1.0)


def test_the_callback_can_stop() -> None:
    def stop(intermediate_result: Any) -> None:
        assert intermediate_result.jac == pytest.approx(2 * intermediate_result.x)
        raise StopIteration

    result = newton_raphson(lambda x: x**2 - 2, 1.0, callback=stop)
    assert (result.status, result.nit) == (Status.STOPPED, 1)


def test_the_jacobian_is_told_in_the_structure_of_x0() -> None:
    problem = Equations(lambda p: [p[0] ** 2, p[1][0] * p[0]], (1.0, np.array([2.0])))
    point = problem.at(problem.start)
    fields = problem.result_fields(Iterate(point.x, point.f, point.J))
    assert_allclose(fields["jac"][0], [2, 2])
    assert_allclose(fields["jac"][1], [[0], [1]])


def trigonometric(x: Any) -> Any:
    n = len(x)
    return n - np.sum(np.cos(x)) + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def test_unknowns_that_are_zero_at_the_root_do_not_keep_the_search_going() -> None:
    for start in (0.5, 0.7, 1.2):
        assert newton_raphson(trigonometric, [start] * 5, maxiter=200).success
    result = newton_raphson(lambda v: [v[0] ** 2, v[1] - 1 + v[0]], [1.0, 3.0])
    assert result.success, result.message
    assert_allclose(result.x, [0, 1], atol=1e-15)


@pytest.mark.parametrize("start", [0.45, 0.5, 0.55])
@pytest.mark.parametrize("n", [10, 20, 30])
def test_a_point_where_rounding_is_all_that_is_left_is_a_root(start: float, n: int) -> None:
    result = newton_raphson(brown_almost_linear, np.full(n, start))
    assert result.success, result.message
    assert np.abs(result.fun).max() < 1e-14


@METHODS
def test_where_f_comes_near_zero_only_by_rounding_there_is_no_root(method: Any) -> None:
    result = method(lambda x: np.arctan(x) - np.pi / 2, 1.0)
    assert (result.status, result.success) == (Status.WANDERS, False)


@pytest.mark.parametrize("container", [list, tuple])
@METHODS
def test_one_equation_in_a_list(method: Any, container: Any) -> None:
    assert_allclose(method(lambda x: container([x**2 - 2]), 1.0).x, np.sqrt(2))


def test_a_bracket_that_is_none() -> None:
    with pytest.raises(ValueError, match="as the bracket, got 'ab'"):
        newton_raphson(course, 1.0, bracket="ab")  # type: ignore[arg-type]


# -- what only seems to solve a system --------------------------------------------------------


def logistic(t: Any) -> Any:
    return 1 / (1 + np.exp(-t))


def bell(t: Any) -> Any:
    return np.exp(-(t**2))


POSITIVE = [np.exp, logistic, bell, lambda t: np.logaddexp(0, t), lambda t: np.sqrt(1 + t**2)]
OTHERS = [
    *(np.exp, np.sin, np.tan, np.arctan, np.abs, np.cbrt, bell, lambda t: np.logaddexp(0, t)),
    *(lambda t: 1 * t, lambda t: t**2, lambda t: t**3, lambda t: 1 / t, lambda t: np.log1p(t**2)),
]


def system_without_a_root(seed: int) -> tuple[Any, Any]:
    """Return equations of which one is a sum of positive terms, and a start."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 5))

    def equation(terms: list[Any], signs: list[float]) -> Any:
        parts = [
            (
                float(draw.choice(signs) * 10.0 ** draw.integers(-1, 3)),
                terms[draw.integers(len(terms))],
                draw.integers(-3, 4, n).astype(float),
                float(draw.integers(-2, 3)),
            )
            for _ in range(draw.integers(1, 4))
        ]
        return lambda x: sum(w * term(a @ x + b) for w, term, a, b in parts)

    equations = [equation(OTHERS, [-1.0, 1.0]) for _ in range(n - 1)]
    equations.insert(draw.integers(n), equation(POSITIVE, [1.0]))
    return lambda x: [e(x) for e in equations], np.round(draw.normal(0, 2, n), 1)


@pytest.mark.parametrize("seeds", [range(i, 60, 6) for i in range(6)])
def test_where_one_equation_has_no_root_the_system_has_none(seeds: range) -> None:
    for seed in seeds:
        f, start = system_without_a_root(seed)
        result = newton_raphson(f, start)
        assert not result.success, (seed, result.x, result.message)


def test_an_equation_that_a_step_does_not_change_is_not_solved_by_it() -> None:
    def f(x: Any) -> Any:
        bells = bell(x[0] - 3 * x[1] + 3 * x[2] - 1) + bell(2 * x[0] - x[1] - 3 * x[2] + 2)
        return [-0.1 * bells - 1, x[1] + x[2] + 2, 10 * (3 * x[0] - x[1] + 3 * x[2] + 2) ** 4 - 3]

    assert not newton_raphson(f, [-2.2, 2.5, 0.7]).success


def test_an_equation_that_underflows_is_not_solved() -> None:
    def f(x: Any) -> Any:
        waves = np.sin(-x[0] - 3 * x[1] - 1) + np.cos(2 * x[1] - x[0])
        return [waves - (2 * x[0] + 3 * x[1] - 2) ** -2, logistic(3 * x[0] - 2 * x[1] - 1)]

    result = newton_raphson(f, [6.2, -1.8])
    assert result.status == Status.WANDERS
    assert "equation 1 fades away" in result.message


def test_an_equation_that_is_level_from_some_place_on_is_solved_there() -> None:
    result = newton_raphson(lambda x: [np.maximum(x[0] + x[1], 0) ** 3, x[1] ** 3 + 8], [1.0, -1.0])
    assert result.success, result.message
    assert result.x[1] == pytest.approx(-2)


@pytest.mark.parametrize("power", [2, 9])
def test_a_multiple_root_that_underflows_is_one(power: int) -> None:
    result = newton_raphson(lambda x: [(x[0] - 1) ** power, x[1] - 2], [2.0, 1.0], maxiter=1000)
    assert result.success, result.message
    assert_allclose(result.x, [1, 2], rtol=1e-8)


def test_rounding_is_seen_where_it_is_coarser_than_that_of_x() -> None:
    def f(x: Any) -> Any:
        return 10 * logistic(2 - 2 * x) - np.log1p((x + 1) ** 2) - np.exp(2 - 2 * x)

    for method in (newton_raphson, halley):
        result = method(f, -1.5)
        assert result.success, result.message
        assert result.nit < 20


def test_a_root_in_a_corner_that_least_squares_find() -> None:
    def f(x: Any) -> Any:
        t = 2 - 2 * x[0] - 2 * x[1]
        return [
            0.01 * logistic(t - 4) - 0.1 / t + 10 * np.log1p((2 - x[0] - 3 * x[1]) ** 2) - 1,
            np.abs(x[1]),
        ]

    result = newton_raphson(f, [1.1, -3.2])
    assert result.success, result.message
    assert_allclose(result.x, [1.688285, 0], atol=1e-6)


def test_an_end_of_the_bracket_in_a_pole_is_no_root() -> None:
    result = newton_raphson(lambda x: 3 - 1 / (2 * x + 1), -4.6, bracket=(-7.9, -0.5))
    assert result.status == Status.STALLED
    assert "a pole or a jump" in result.message


@pytest.mark.parametrize("method", [newton_raphson, halley])
def test_an_equation_of_complex_values_is_told(method: Any) -> None:
    result = method(lambda x: x * (1 + 1j), 1.0)
    assert result.status is Status.INVALID
    assert "complex128" in result.message


@pytest.mark.parametrize("damped", ["no", 0, 1.0, []])
def test_whether_steps_are_damped_is_yes_or_no(damped: Any) -> None:
    with pytest.raises(TypeError, match="expected damped to be True, False or None, got"):
        newton_raphson(lambda x: x - 2, 1.0, damped=damped)
