"""minimize: what SciPy's methods claim is checked by a look around, and so is what they do not."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from bounded_compositions import composition, lowest_around
from numpy.testing import assert_allclose
from problems_hs import EQUALITY, INEQUALITY
from problems_hs_bounds import BOUNDED

from optim.from_scipy._kkt import shortest
from optim.from_scipy._methods import METHODS, WITH_BOUNDS, WITH_CONSTRAINTS, WITHOUT_GRADIENT
from optim.from_scipy._minimize import minimize
from optim.search._run import Status

EVERY = sorted(METHODS.values())
CONSTRAINED = sorted(METHODS[m] for m in WITH_CONSTRAINTS)
HS = EQUALITY | INEQUALITY | BOUNDED


def quiet(*args: Any, **kwargs: Any) -> Any:
    """Minimise without SciPy's warnings about singular Jacobians and the like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return minimize(*args, **kwargs)


# -- short of the optimum --------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(METHODS[m] for m in WITH_BOUNDS))
def test_a_corner_of_the_bounds_is_reached(method: str) -> None:
    result = quiet(
        lambda x: 1e3 * (x[0] + 2 * x[1]), [0.5, 0.5], method=method, bounds=[(0, 1)] * 2
    )
    assert result.success, result.message
    assert_allclose(result.fun, 0, atol=1e-4)


def askew(x: Any) -> Any:
    return 1e3 * np.abs(2 * x[0] - x[1] - 1) + x[0] ** 2 + x[1] ** 2


def lasso(w: Any) -> Any:
    X = np.array([[1.0, 0.4, -0.3], [0.2, 1.0, 0.5], [-0.6, 0.3, 1.0], [0.5, -0.7, 0.2]])
    y = np.array([1.0, 0.3, -0.5, 0.8])
    return np.sum((X @ w - y) ** 2) + np.sum(np.abs(w))


def kinked(x: Any) -> Any:
    return (
        100 * np.maximum(0, x[0] - 2 * x[1] + 1)
        + np.logaddexp(0, -x[0] - x[1])
        + 0.1 * np.logaddexp(0, x[0] + 3 * x[1])
    )


# The least values: by hand; by a smooth problem with bounds, below; and along the corner.
ALONG = np.linspace(-5, 5, 1_000_001)
CORNERS = {
    "askew": (askew, [1.1, 2.1], 0.2),
    "lasso": (lasso, [1.0, 1.0, 1.0], None),
    "relu and softplus": (kinked, [2.0, -1.0], kinked(np.array([2 * ALONG - 1, ALONG])).min()),
}


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize(("f", "start", "least"), CORNERS.values(), ids=CORNERS)
def test_where_a_corner_runs_askew_no_higher_point_is_claimed(
    f: Any, start: list[float], least: float | None, method: str
) -> None:
    result = quiet(f, start, method=method)
    if least is None:  # a quadratic program: |w| with its two signs apart
        least = minimize(
            lambda w: lasso(w[:3] - w[3:]) - np.sum(np.abs(w[:3] - w[3:])) + np.sum(w),
            np.ones(6),
            method="L-BFGS-B",
            bounds=[(0, None)] * 6,
            options={"ftol": 1e-15, "gtol": 1e-10},
        ).fun
    tolerance = 2e-3 if method.lower() in WITHOUT_GRADIENT else 2e-5
    assert result.fun - least <= tolerance or not result.success
    if not result.success and result.status == Status.STALLED:
        assert "nearby" in result.message


def test_the_minimum_at_a_corner_is_claimed() -> None:
    result = minimize(askew, [1.1, 2.1], method="SLSQP")
    assert result.success, result.message
    assert_allclose(result.fun, 0.2, rtol=1e-5)
    assert result.kkt > 1e3  # no gradient tells it


def test_the_shortest_vector_of_a_hull_and_a_cone() -> None:
    none = np.zeros((0, 2))
    assert_allclose(shortest(np.array([[3.0, 4.0]]), none), [3, 4])
    assert_allclose(shortest(np.array([[1.0, 1.0], [1.0, -3.0]]), none), [1, 0], atol=1e-15)
    assert_allclose(shortest(np.array([[1e9, 1.0], [-1e9, 1.0]]), none), [0, 1], atol=1e-6)
    assert_allclose(shortest(np.array([[1.0, 1.0]]), np.array([[-2.0, 0.0]])), [0, 1], atol=1e-15)
    assert_allclose(shortest(np.array([[1.0, 1.0]]), np.array([[2.0, 0.0]])), [1, 1])


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"dogleg", "trust-ncg", "trust-krylov"}))
def test_an_inflection_is_no_minimum(method: str) -> None:
    result = quiet(lambda x: x[0] - np.sin(x[0]), [1.0], method=method)
    assert (result.status, result.success) == (Status.UNBOUNDED, False), result.message


def test_a_saddle_of_third_order_along_the_constraints_is_no_minimum() -> None:
    p = HS["HS47"]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    for method in ("SLSQP", "trust-constr"):
        result = quiet(p.f, p.start, method=method, constraints=constraints, tol=1e-12)
        assert (result.status, result.success) == (Status.STALLED, False)
        assert "f falls from" in result.message


@pytest.mark.parametrize("method", ["SLSQP", "COBYLA", "trust-constr"])
def test_nor_is_it_one_to_the_tolerances_of_scipy(method: str) -> None:
    p = HS["HS47"]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    assert not quiet(p.f, p.start, method=method, constraints=constraints).success


# -- constraints -----------------------------------------------------------------------------

EQUAL_TWICE = [
    {"type": "eq", "fun": lambda x: x[0] ** 2 + x[1] ** 2 - 1},
    {"type": "eq", "fun": lambda x: 2 * (x[0] ** 2 + x[1] ** 2) - 2},
]


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_dependent_constraints_are_named(method: str) -> None:
    result = quiet(lambda x: x[0], [0.0, 1.0], method=method, constraints=EQUAL_TWICE)
    assert (result.status, result.success) == (Status.SINGULAR, False)
    assert "constraints are dependent there (leave out" in result.message
    assert "Tighten" not in result.message
    result = quiet(lambda x: x[0], [0.0, 0.0], method=method, constraints=EQUAL_TWICE)
    assert (result.status, result.success) == (Status.INFEASIBLE, False)
    assert "constraints are dependent there" in result.message


@pytest.mark.parametrize("method", CONSTRAINED)
def test_where_no_multipliers_exist_nothing_is_raised_and_nothing_wrong_claimed(
    method: str,
) -> None:
    zero = {"type": "eq", "fun": lambda x: x[0] * x[1]}
    for constraint, least in ((zero, -np.inf), ({"type": "eq", "fun": lambda x: x[0] ** 2}, 0.0)):
        result = quiet(
            lambda x: x[0] + x[1] ** 2, [0.0, 0.5], method=method, constraints=constraint
        )
        assert not result.success or result.fun < max(least, -0.25) + 1e-3


@pytest.mark.parametrize("name", HS)
@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_hock_and_schittkowski(name: str, method: str) -> None:
    # HS13 has no multipliers, HS61 starts where constraints are dependent, HS33 at a saddle point.
    # To some of SciPy's tolerances HS3, HS47 and HS49 are too flat.
    exceptions = {
        "SLSQP": ("HS3", "HS13", "HS33", "HS47", "HS49", "HS61"),
        "trust-constr": ("HS13", "HS47"),
    }
    p = HS[name]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    constraints += [{"type": "ineq", "fun": c} for c in p.inequalities]
    result = quiet(p.f, p.start, method=method, bounds=p.bounds, constraints=constraints)
    if name in exceptions[method]:
        return
    assert result.success, result.message
    assert result.violation <= 1e-5
    assert np.isclose(result.fun, p.minima, rtol=2e-5, atol=2e-5).any()


@pytest.mark.parametrize(
    "name", [name for name in HS if name not in ("HS13", "HS33", "HS47", "HS61")]
)
def test_a_minimum_is_one_though_scipy_cannot_come_as_close_as_it_was_asked(name: str) -> None:
    p = HS[name]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    constraints += [{"type": "ineq", "fun": c} for c in p.inequalities]
    result = quiet(
        p.f, p.start, method="SLSQP", bounds=p.bounds, constraints=constraints, tol=1e-15
    )
    assert result.success, result.message
    # What a violated constraint brings f, to first order; older SLSQP stop a little outside.
    bought = np.abs(result.get("multipliers", [0])).sum() * result.violation
    assert np.isclose(result.fun, p.minima, rtol=1e-7, atol=1e-7 + bought).any()


def test_trust_constr_lets_its_barrier_vanish() -> None:
    def f(x: Any) -> Any:
        return np.sum((x - 2) ** 2)

    seen = []
    result = minimize(
        f,
        [0.1, 0.2],
        method="trust-constr",
        bounds=[(0, 1)] * 2,
        callback=lambda x, state: seen.append(state.barrier_parameter),
    )
    assert result.success, result.message
    assert "`gtol` termination condition is satisfied" in result.message
    assert_allclose(result.x, 1, rtol=1e-7)
    assert seen[-1] <= 1e-8
    coarse = minimize(f, [0.1, 0.2], method="trust-constr", bounds=[(0, 1)] * 2, tol=1e-4)
    assert 1e-5 < coarse.barrier_parameter < 1e-4


def unrecorded(x: Any) -> float:
    return math.exp(x[0]) + math.exp(-2 * x[1]) + (x[0] - x[1]) ** 2


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA"])
@pytest.mark.parametrize("recorded", [True, False])
def test_where_no_derivatives_are_known_a_claim_is_checked_by_values(
    method: str, recorded: bool
) -> None:
    def circle(x: Any) -> Any:
        return 2 - (x[0] ** 2 + x[1] ** 2 if recorded else math.hypot(x[0], x[1]) ** 2)

    constraint = {"type": "ineq", "fun": circle, "jac": "2-point"}
    jac = None if method == "COBYLA" else "2-point"
    result = quiet(unrecorded, [0.5, 0.5], method=method, jac=jac, constraints=constraint)
    assert result.success, result.message
    assert "kkt" not in result

    def liar(fun: Any, x0: Any, **options: Any) -> Any:
        return scipy.optimize.OptimizeResult(x=np.array(x0), fun=0.0, success=True, message="Done.")

    for x in ([0.5, 0.5], [0.6, 0.8], [-0.8, 0.6]):
        result = minimize(unrecorded, x, method=liar, jac="2-point", constraints=constraint)
        assert (result.status, result.success) == (Status.STALLED, False)
        assert "f falls from" in result.message


@pytest.mark.parametrize("kind", ["eq", "ineq"])
@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("first", [0.1, 0.1 - 1e-15, 0.1 + 1e-16])
@pytest.mark.parametrize("method", CONSTRAINED)
def test_rounding_at_a_start_on_the_boundary_makes_nothing_infeasible(
    first: float, kind: str, recorded: bool, method: str
) -> None:
    def sum_of_two(x: Any) -> Any:
        return (x[0] + x[1] if recorded else math.fsum([x[0], x[1]])) - 0.3

    constraint = {"type": kind, "fun": sum_of_two, "jac": "2-point"}
    result = quiet(
        lambda x: (x[0] - 0.1) ** 2 + (x[1] - 0.2) ** 2 + x[0] + x[1],
        [first, 0.2],
        method=method,
        constraints=constraint,
    )
    assert result.success, result.message
    assert_allclose(result.x, [0.1, 0.2], atol=1e-3)


# -- right words -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["BFGS", "TNC", "SLSQP", "trust-exact", "Nelder-Mead", "Powell"])
def test_a_level_line_of_minima_is_a_success(method: str) -> None:
    for f in (
        lambda x: (x[0] + 2 * x[1] - 1) ** 2,
        lambda x: (2 * x[1] - 2 * x[0] + 1) ** 8,
    ):
        result = quiet(f, [2.0, 5.0], method=method)
        assert result.success, result.message
        assert result.fun < 1e-5


@pytest.mark.parametrize(
    "method", ["BFGS", "CG", "L-BFGS-B", "Newton-CG", "trust-exact", "trust-constr", "SLSQP", "TNC"]
)
def test_a_quadratic_that_falls_without_end(method: str) -> None:
    result = quiet(lambda x: x[0] ** 2 - 3 * x[0] * x[1] + x[1] ** 2, [2.0, 1.0], method=method)
    assert (result.status, result.success) == (Status.UNBOUNDED, False)
    assert "falls without end" in result.message


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP", "trust-constr"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.exp(x[0] + x[1]) + (x[0] - x[1]) ** 2,
        lambda x: np.sum(np.logaddexp(0, -np.array([[1, 2], [2, 1], [1, 1.5], [2, 1]]) @ x)),
    ],
    ids=["exp askew", "logistic, separable"],
)
def test_a_minimum_at_infinity_is_named(f: Any, method: str) -> None:
    result = quiet(f, [1.0, 0.5], method=method)
    assert (result.status, result.success) == (Status.WANDERS, False)
    assert "seems to be at infinity" in result.message


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC"])
def test_a_cusp_is_no_stationary_point(method: str) -> None:
    result = quiet(lambda x: np.sqrt(np.abs(x[0])) + x[1] ** 2, [2.0, 1.0], method=method)
    assert (result.status, result.success) == (Status.STALLED, False)
    assert "the gradient is still" in result.message


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("fprime", "write jac="),
        ("maxiter", "write it into options="),
        ("x_scale", "vary x / x_scale"),
        ("f_scale", "least_squares"),
        ("approx_grad", "jac='2-point'"),
        ("path", "callback"),
    ],
)
def test_keywords_of_other_functions_are_answered(keyword: str, words: str) -> None:
    anything: Any = {keyword: 1}
    with pytest.raises(TypeError, match=f"has no keyword '{keyword}': .*{words}"):
        minimize(askew, [1.0, 2.0], **anything)


def test_no_success_is_outside_its_bounds_by_a_last_digit() -> None:
    p = composition(497)
    bounds = list(zip(p.lower, p.upper, strict=True))
    result = quiet(p.f, p.start, method="COBYLA", bounds=bounds, options={"maxiter": 200})
    assert np.all(result.x >= p.lower), result.x

    def liar(fun: Any, x0: Any, **options: Any) -> Any:
        x = np.array([-1e-22, 1.0])
        return scipy.optimize.OptimizeResult(x=x, fun=0.0, success=True, message="Done.")

    result = minimize(
        lambda x: x[0] + (x[1] - 1) ** 2, [1.0, 2.0], method=liar, bounds=[(0, None), (None, None)]
    )
    assert result.success, result.message
    assert result.x[0] == result.fun == result.violation == 0


# -- random compositions ---------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
def test_no_point_is_lower_around_a_success_and_some_is_around_a_failure(method: str) -> None:
    known = method.lower() not in WITHOUT_GRADIENT
    slow = method in ("COBYLA", "COBYQA")
    for seed in range(3 if slow else 8):
        p = composition(seed)
        bounds = None
        if method.lower() in WITH_BOUNDS and p.bounded:
            bounds = list(zip(p.lower, p.upper, strict=True))
        else:
            p = p._replace(
                lower=np.full(p.start.size, -np.inf), upper=np.full(p.start.size, np.inf)
            )
        options = {"maxiter": 200} if slow else None
        result = quiet(p.f, p.start, method=method, bounds=bounds, options=options)
        with np.errstate(all="ignore"):
            fall = result.fun - lowest_around(p, result.x)
        scale = abs(result.fun) + min(1, abs(p.f(p.start) - result.fun))
        if result.success:
            assert fall <= (2e-5 if known else 2e-3) * scale, p.text
        elif result.status == Status.STALLED:
            assert "f falls from" in result.message, p.text


@pytest.mark.parametrize("method", METHODS)
def test_a_result_holds_all_counts(method: str) -> None:
    result = quiet(lambda x: np.sum((x - 1) ** 2), [2.0, 2.0], method=method)
    assert {"nfev", "njev", "nhev"} <= set(result)
