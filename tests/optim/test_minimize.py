"""minimize: SciPy's methods with exact derivatives, and no success where there is none."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose
from problems_hs import EQUALITY, INEQUALITY
from scipy.optimize import (
    BFGS,
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    rosen,
    rosen_der,
    rosen_hess,
    rosen_hess_prod,
)

from autodiff import hvp, value_and_grad
from optim.from_scipy._methods import METHODS, WITH_CONSTRAINTS, WITHOUT_GRADIENT
from optim.from_scipy._minimize import minimize
from optim.search._run import Status

START = [-1.2, 1.0]
EVERY = sorted(METHODS.values())
CONSTRAINED = sorted(METHODS[m] for m in WITH_CONSTRAINTS)
LONG = {"COBYLA": {"rhobeg": 0.1, "tol": 1e-6, "maxiter": 20_000}}


def valley(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def quiet(*args: Any, **kwargs: Any) -> Any:
    """Minimise without SciPy's warnings about singular Jacobians and the like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return minimize(*args, **kwargs)


# -- every method ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
def test_every_method_finds_the_minimum(method: str) -> None:
    # Where dogleg finds the Hessian definite, and COBYLA has not far to crawl along the valley.
    start = {"dogleg": [1.2, 1.4], "COBYLA": [1.0, 1.1]}.get(method, START)
    result = minimize(valley, start, method=method, options=LONG.get(method))
    assert result.success, result.message
    assert result.status == 0
    assert_allclose(result.x, 1, atol=3e-3)
    assert_allclose(result.fun, valley(result.x))
    assert result.violation == 0
    gradient = result.grad if method == "trust-constr" else result.jac
    assert_allclose(gradient, value_and_grad(valley)(result.x)[1], rtol=1e-10, atol=1e-12)
    assert_allclose(result.kkt, np.abs(gradient).max())


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"dogleg"}))
def test_it_goes_where_scipy_goes(method: str) -> None:
    kwargs: dict[str, Any] = {}
    if method.lower() not in WITHOUT_GRADIENT:
        kwargs["jac"] = lambda x: value_and_grad(valley)(x)[1]
    if method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"):
        kwargs["hess"] = lambda x: np.stack([hvp(valley, x, e) for e in np.eye(x.size)])
    ours = minimize(valley, START, method=method)
    theirs = scipy.optimize.minimize(valley, START, method=method, **kwargs)
    assert_allclose(ours.x, theirs.x, rtol=1e-6)
    assert_allclose(ours.nfev, theirs.nfev, rtol=0.1)


def test_the_method_is_chosen_as_by_scipy() -> None:
    box = {"bounds": [(-2, 2)] * 2}
    circle = {"constraints": {"type": "ineq", "fun": lambda x: 4 - x @ x}}
    for kwargs, method in (
        (box, "L-BFGS-B"),
        (circle, "SLSQP"),
        ({}, "BFGS"),
        (box | circle, "SLSQP"),
    ):
        chosen = minimize(valley, START, **kwargs)
        named = minimize(valley, START, method=method, **kwargs)
        assert chosen.success
        assert chosen.message == named.message
        assert_allclose(chosen.x, named.x, rtol=1e-12)


def test_a_function_of_ones_own() -> None:
    def method(fun: Any, x0: Any, jac: Any = None, **options: Any) -> Any:
        x = x0 - np.linalg.solve([[2.0, 0.0], [0.0, 8.0]], jac(x0))
        return scipy.optimize.OptimizeResult(x=x, fun=fun(x), success=True, message="done")

    result = minimize(lambda x: x[0] ** 2 + 4 * (x[1] - 1) ** 2, [3.0, 3.0], method=method)
    assert result.success
    assert_allclose(result.x, [0, 1], atol=1e-15)


def test_at_each_point_the_function_is_called_once() -> None:
    points = []

    def f(x: Any) -> Any:
        points.append(np.asarray(getattr(x, "data", x)).tobytes())
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    result = minimize(f, START, method="L-BFGS-B")
    assert len(set(points)) == result.nfev
    assert len(points) <= result.nfev + 2  # the verdict's Hessian, and the last point again


def test_products_record_the_gradient_twice_at_each_point_at_most() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return valley(x)

    result = minimize(f, np.full(8, 0.3), method="trust-ncg")
    assert result.success
    assert calls <= result.nfev + 2 * result.njev + 2
    assert result.nhev > result.njev  # more products than recordings


# -- what the caller gives -------------------------------------------------------------------


def test_derivatives_of_ones_own_are_used() -> None:
    used = set()

    def jac(x: Any, scale: float) -> Any:
        used.add("jac")
        return scale * np.array([2 * x[0], 8 * x[1]])

    def hess(x: Any, scale: float) -> Any:
        used.add("hess")
        return scale * np.diag([2.0, 8.0])

    def f(x: Any, scale: float) -> float:  # which cannot be recorded
        return scale * math.fsum([float(x[0]) ** 2, 4 * float(x[1]) ** 2])

    result = minimize(f, [1.0, 2.0], args=(3.0,), method="trust-exact", jac=jac, hess=hess)
    assert result.success
    assert used == {"jac", "hess"}
    assert_allclose(result.x, 0, atol=1e-5)


def test_args_need_not_be_a_tuple() -> None:
    assert_allclose(minimize(lambda x, a: np.sum((x - a) ** 2), [0.0], args=3.0).x, 3)


def test_value_and_gradient_from_one_function() -> None:
    result = minimize(value_and_grad(valley), START, jac=True)
    assert result.success
    assert_allclose(result.x, 1, atol=1e-5)


def test_a_number_is_a_vector_of_one_as_in_scipy() -> None:
    result = minimize(lambda x: (x[0] - 2) ** 2, 0.5)
    assert_allclose(result.x, [2.0])


def test_what_cannot_be_recorded_names_the_way_out() -> None:
    def f(x: Any) -> float:
        return math.cos(x[0])

    with pytest.raises(TypeError) as caught:
        minimize(f, [3.0])
    assert any('jac="2-point"' in note for note in caught.value.__notes__)
    result = minimize(f, [3.0], jac="2-point")
    assert result.success
    assert_allclose(result.x, np.pi, atol=1e-5)
    assert "kkt" not in result


def test_errors_of_the_function_itself_are_passed_on() -> None:
    def f(x: Any) -> Any:
        if x[0] < 1:
            raise ValueError("too small")
        return x[0] ** 2

    with pytest.raises(ValueError, match="too small") as caught:
        minimize(f, [2.0])
    assert not hasattr(caught.value, "__notes__")


# -- structures ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["BFGS", "SLSQP", "trust-constr", "Nelder-Mead", "trust-ncg"])
def test_structures(method: str) -> None:
    target = np.array([[1.0, 2.0], [3.0, 4.0]])
    seen = []
    result = quiet(
        lambda p: np.sum((p["W"] - target) ** 2) + (p["b"] - 5) ** 2,
        {"W": np.zeros((2, 2)), "b": 0.0},
        method=method,
        callback=lambda x, *state: seen.append(x["W"].shape) and False,
        options={"maxiter": 5000},
    )
    assert result.success, result.message
    assert_allclose(result.x["W"], target, atol=1e-3)
    assert_allclose(result.x["b"], 5, atol=1e-3)
    assert set(seen) == {(2, 2)}
    gradient = result.grad if method == "trust-constr" else result.jac
    assert gradient["W"].shape == (2, 2)


def test_bounds_and_constraints_of_structures() -> None:
    result = minimize(
        lambda p: (p["a"] - 3) ** 2 + np.sum((p["b"] - 3) ** 2),
        {"a": 0.0, "b": np.zeros(2)},
        bounds={"b": (None, 1.0)},
        constraints={"type": "ineq", "fun": lambda p: 2 - p["a"]},
    )
    assert result.success
    assert_allclose(result.x["a"], 2)
    assert_allclose(result.x["b"], 1)
    assert_allclose(result.multipliers, [-2])
    assert_allclose(result.bound_multipliers["b"], [4, 4])


def test_an_array_of_more_dimensions() -> None:
    result = minimize(lambda x: np.sum((x - np.eye(2)) ** 2), np.ones((2, 2)))
    assert_allclose(result.x, np.eye(2), atol=1e-6)
    assert result.jac.shape == (2, 2)


# -- callbacks -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"dogleg"}))
def test_the_callback_stops_any_method(method: str) -> None:
    seen: list[Any] = []

    def callback(intermediate_result: Any) -> None:
        seen.append(intermediate_result)
        if len(seen) == 3:
            raise StopIteration

    result = minimize(valley, [-1.2, 1.0, 1.0], method=method, callback=callback)
    assert (result.status, result.success) == (Status.STOPPED, False)
    assert "after step 3" in result.message
    assert_allclose(seen[-1].fun, valley(seen[-1].x))
    assert result.fun <= valley(np.array([-1.2, 1.0, 1.0]))


def test_the_older_callback_sees_x() -> None:
    path: list[Any] = []
    result = minimize(valley, START, callback=path.append)
    assert_allclose(path[-1], result.x)
    assert len(path) == result.nit


def test_errors_of_the_callback_are_passed_on() -> None:
    def callback(x: Any) -> None:
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        minimize(valley, START, callback=callback)


# -- bounds and constraints ------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Nelder-Mead", "Powell", "COBYQA"]
)
def test_bounds(method: str) -> None:
    result = quiet(
        lambda x: np.sum((x - np.array([2.0, 0.5])) ** 2),
        [0.2, 0.2],
        method=method,
        bounds=[(0, 1), (None, 3)],
    )
    assert result.success, result.message
    assert_allclose(result.x, [1, 0.5], atol=1e-4)
    assert_allclose(result.bound_multipliers, [2, 0], atol=1e-3)


@pytest.mark.parametrize("name", INEQUALITY)
@pytest.mark.parametrize("method", CONSTRAINED)
def test_inequalities(name: str, method: str) -> None:
    p = INEQUALITY[name]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    constraints += [{"type": "ineq", "fun": c} for c in p.inequalities]
    result = quiet(p.f, p.start, method=method, bounds=p.bounds, constraints=constraints)
    if result.success:
        assert_allclose(result.fun, p.minima[0], rtol=1e-4)
        assert_allclose(result.x, p.x, atol=2e-2)
        assert result.violation <= 1e-5
        check_multipliers(result, p, tolerance=2e-2)
    else:
        assert "violation" in result
        assert method not in ("SLSQP", "trust-constr"), result.message


def check_multipliers(result: Any, p: Any, tolerance: float) -> None:
    """∇f + Σ λ ∇c + μ = 0, where only limits that are met push, and inwards."""
    every = (*p.constraints, *p.inequalities)
    total = value_and_grad(p.f)(result.x)[1] + result.bound_multipliers
    for c, multiplier in zip(every, result.multipliers, strict=True):
        total = total + multiplier * value_and_grad(c)(result.x)[1]
    assert_allclose(total, 0, atol=tolerance)
    pushes = result.multipliers[len(p.constraints) :]
    assert np.all(pushes <= 0)
    for c, multiplier in zip(p.inequalities, pushes, strict=True):
        assert abs(multiplier * c(result.x)) < tolerance


@pytest.mark.parametrize("name", [n for n in EQUALITY if EQUALITY[n].multipliers and n != "HS61"])
def test_equalities_and_their_multipliers(name: str) -> None:
    p = EQUALITY[name]
    constraints = [{"type": "eq", "fun": c} for c in p.constraints]
    result = minimize(
        p.f,
        p.start,
        method="SLSQP",
        constraints=constraints,
        options={"ftol": 1e-9, "maxiter": 500},
    )
    assert result.violation < 1e-6
    if not result.success:
        assert name in ("HS46", "HS47", "HS49")  # whose Hessian is singular at the end
    elif name != "HS47":  # stationary to second order, and no minimum
        assert min(abs(result.fun - f) for f in p.minima) < 1e-6
        if abs(result.fun - p.minima[0]) < 1e-6:
            assert_allclose(result.multipliers, p.multipliers, atol=1e-3)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_kinds_of_constraints(method: str) -> None:
    constraints = [
        LinearConstraint([[1.0, 1.0, 1.0]], 2.7, 2.7),
        NonlinearConstraint(lambda x: [x[0] ** 2 + x[1], x[2]], [-np.inf, 0.5], [1.9, 0.8]),
    ]
    result = quiet(
        lambda x: np.sum(x**2),
        [0.5, 1.6, 0.6],
        method=method,
        constraints=constraints,
        options={"ftol": 1e-12} if method == "SLSQP" else None,
    )
    assert result.success, result.message
    assert result.multipliers.shape == (3,)
    A = np.array([[1, 1, 1], [2 * result.x[0], 1, 0], [0, 0, 1]])
    assert_allclose(2 * result.x + result.multipliers @ A, 0, atol=1e-4)
    assert result.multipliers[1] >= 0  # an upper limit
    assert result.multipliers[2] >= 0
    assert result.x[2] <= 0.8 + 1e-7


def test_derivatives_of_constraints_are_exact_or_the_callers() -> None:
    used = []

    def jac(x: Any, radius: float) -> Any:
        used.append(radius)
        return 2 * x

    own = {"type": "eq", "fun": lambda x, r: float(x @ x) - r**2, "jac": jac, "args": (2.0,)}
    result = minimize(lambda x: x[0] + x[1], [-1.0, -2.0], constraints=own)
    assert_allclose(result.x, -np.sqrt(2), rtol=1e-5)
    assert set(used) == {2.0}
    with pytest.raises(TypeError) as caught:
        minimize(np.sum, [-1.0, -2.0], constraints={"type": "eq", "fun": lambda x: math.cos(x[0])})
    assert any("jac='3-point'" in note for note in caught.value.__notes__)
    differences = NonlinearConstraint(lambda x: math.cos(x[0]), 0.5, 1, jac="3-point", hess=BFGS())
    result = quiet(lambda x: np.sum(-x), [0.5], method="trust-constr", constraints=differences)
    assert_allclose(result.x, np.pi / 3, rtol=2e-3)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_a_few_exact_evaluations_are_enough(method: str) -> None:
    p = INEQUALITY["HS43"]
    constraints = [{"type": "ineq", "fun": c} for c in p.inequalities]
    result = minimize(p.f, p.start, method=method, constraints=constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their differences
        theirs = scipy.optimize.minimize(p.f, p.start, method=method, constraints=constraints)
    assert result.nfev < theirs.nfev


# -- no success where there is none ----------------------------------------------------------


def square(x: Any) -> Any:
    return np.sum(x**2)


# Infeasible problems of which SciPy has claimed success, from the issues on its tracker.
INFEASIBLE: dict[str, tuple[Any, list[float], dict[str, Any]]] = {
    "7323": (
        square,
        [0.3, 0.4],
        {
            "constraints": [
                {"type": "ineq", "fun": lambda x: -x[0]},
                {"type": "ineq", "fun": lambda x: x[0] - 1},
            ]
        },
    ),
    "9640": (
        lambda x: 1.0,
        [-1.8869783504471584, -0.640096352696244, -0.8174212253407696],
        {
            "bounds": [(-2, 2)] * 3,
            "constraints": [
                {"type": "ineq", "fun": lambda x: -x[0] - x[1] - 3},
                {"type": "ineq", "fun": lambda x: x[1] + x[2] - 2},
            ],
        },
    ),
    "5743": (
        square,
        [1.0, 2.0],
        {
            "bounds": [(0, None)] * 2,
            "constraints": [
                {"type": "eq", "fun": lambda x: x[0] + x[1] - 1},
                {"type": "ineq", "fun": lambda x: x[0] - 2},
            ],
        },
    ),
    "9440": (
        square,
        [0.5],
        {
            "constraints": [
                {"type": "eq", "fun": lambda x: x},
                {"type": "ineq", "fun": lambda x: x - 1},
            ]
        },
    ),
    "10112": (
        valley,
        [0.1, 0.1],
        {
            "bounds": Bounds([0, 0], [2, 2]),
            "constraints": NonlinearConstraint(lambda x: x[0] + x[1], -np.inf, -1),
        },
    ),
}


@pytest.mark.parametrize("issue", INFEASIBLE)
@pytest.mark.parametrize("method", CONSTRAINED)
def test_an_infeasible_point_is_no_success(issue: str, method: str) -> None:
    f, start, limits = INFEASIBLE[issue]
    result = quiet(f, start, method=method, **limits)
    assert not result.success
    assert result.status == Status.INFEASIBLE
    assert "infeasible: " in result.message
    assert result.violation > 0.1
    assert np.all(np.isfinite(result.x))


def test_a_claim_is_checked_whoever_makes_it() -> None:
    def liar(fun: Any, x0: Any, **options: Any) -> Any:
        return scipy.optimize.OptimizeResult(x=at, fun=0.0, success=True, message="Done.")

    at = np.array([0.5, 2.0])
    wrong = {"type": "ineq", "fun": lambda x: x[0] - 1}
    result = minimize(square, [2.0, 2.0], method=liar, constraints=wrong)
    assert result.status == Status.INFEASIBLE
    assert "constraint 0 is -0.5, but has to be at least 0" in result.message
    assert_allclose(result.x, [2, 2])  # the best feasible point
    assert result.fun == 8
    result = minimize(square, [2.0, 2.0], method=liar, bounds=[(0, 1)] * 2)
    assert result.status == Status.INFEASIBLE
    assert "x[1] = 2 is outside its bounds (0, 1)" in result.message
    result = minimize(square, [2.0, 2.0], method=liar)
    assert result.status == Status.STALLED
    assert "the gradient is still 4" in result.message
    feasible = {"type": "ineq", "fun": lambda x: x[0]}
    result = minimize(square, [2.0, 2.0], method=liar, constraints=feasible)
    assert result.status == Status.STALLED
    assert "∇f + Σ λᵢ ∇cᵢ + μ is still 4" in result.message
    at = np.array([np.nan, 2.0])
    result = minimize(square, [2.0, 2.0], method=liar)
    assert (result.status, result.success) == (Status.NOT_FINITE, False)
    assert_allclose(result.x, [2, 2])


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_feasibility_does_not_depend_on_units(scale: float) -> None:
    def method(fun: Any, x0: Any, **options: Any) -> Any:
        return scipy.optimize.OptimizeResult(x=at, fun=0.0, success=True, message="Done.")

    constraint = {"type": "eq", "fun": lambda x: scale * (x[0] - 3)}
    at = np.array([3 + 1e-4])
    assert (
        minimize(square, [2.0], method=method, constraints=constraint).status == Status.INFEASIBLE
    )
    at = np.array([3 + 1e-7])
    assert minimize(square, [2.0], method=method, constraints=constraint).success


def test_a_small_gradient_is_no_minimum_if_f_is_small() -> None:
    assert scipy.optimize.minimize(lambda x: 1e-8 * rosen(x), START).success  # at the start
    result = minimize(lambda x: 1e-8 * valley(x), START)
    assert (result.status, result.success) == (Status.STALLED, False)
    assert "rescale" in result.message


def test_a_large_offset_does_not_matter() -> None:
    result = minimize(lambda x: 1e6 + valley(x), START)
    assert_allclose(result.x, 1, atol=1e-3)


def test_saddle_points_and_maxima_are_named() -> None:
    result = minimize(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0])
    assert (result.status, result.success) == (Status.OTHER_KIND, False)
    assert "saddle point" in result.message
    result = minimize(lambda x: np.cos(x[0]), [0.0])
    assert result.status == Status.OTHER_KIND
    assert "maximum" in result.message
    # A maximum at a limit that it may leave; and one that it may not.
    assert not minimize(lambda x: -(x[0] ** 2), [0.0], bounds=[(0, 1)]).success
    assert minimize(lambda x: x[0] - x[0] ** 2, [0.0], bounds=[(0, 0.4)]).success
    on_circle = {"type": "eq", "fun": lambda x: x @ x - 1}
    result = minimize(lambda x: x[0], [1.0, 0.0], constraints=on_circle)
    assert result.status == Status.OTHER_KIND


def test_corners_are_left_to_methods_without_derivatives() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.abs(x - np.array([0.3, -0.2])))

    assert minimize(f, [1.0, 2.0], method="Nelder-Mead").success
    assert not minimize(f, [1.0, 2.0], method="BFGS").success


def test_a_loss_of_precision_at_a_minimum_is_a_success() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.cosh(x - np.array([1.0, 2.0]))) * 1e7

    theirs = scipy.optimize.minimize(value_and_grad(f), [3.0, -1.0], jac=True)
    assert not theirs.success
    result = minimize(f, [3.0, -1.0])
    assert result.success
    assert "precision loss" in result.message
    assert "it is a minimum" in result.message
    assert_allclose(result.x, [1, 2], rtol=1e-7)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "SLSQP", "TNC", "trust-constr", "Powell"])
@pytest.mark.parametrize("f", [lambda x: -np.sum(x**2), lambda x: -np.sum(np.exp(x))])
def test_unbounded_problems(f: Any, method: str) -> None:
    result = quiet(f, [1.0, 2.0], method=method)
    assert (result.status, result.success) == (Status.UNBOUNDED, False)
    assert "falls without end" in result.message


def test_too_few_steps() -> None:
    for method in ("BFGS", "L-BFGS-B", "SLSQP", "TNC", "trust-constr", "Nelder-Mead", "COBYLA"):
        option = "maxfun" if method == "TNC" else "maxiter"
        result = quiet(valley, START, method=method, options={option: 4})
        assert (result.status, result.success) == (Status.LIMIT, False), method
        assert result.fun <= valley(np.array(START))


def test_the_best_point_is_kept() -> None:
    seen = []

    def f(x: Any) -> Any:
        value = valley(x)
        seen.append(float(getattr(value, "data", value)))
        return value

    result = minimize(f, START, method="CG", options={"maxiter": 3})
    assert_allclose(result.fun, min(seen))


@pytest.mark.parametrize(
    ("f", "start", "kwargs", "status", "message"),
    [
        (lambda x: np.sqrt(x[0]), [-1.0], {}, Status.NOT_FINITE, "f is nan at the start"),
        (lambda x: np.log(x[0]), [0.0], {}, Status.NOT_FINITE, "f is -inf at the start"),
        (lambda x: np.sqrt(x[0]), [0.0], {}, Status.NOT_FINITE, "the gradient of f is not finite"),
        (lambda x: x, [1.0, 2.0], {}, Status.INVALID, "expected one real number"),
        (lambda x: x[0] * 1j, [1.0], {}, Status.INVALID, "expected one real number"),
        (lambda x: (x, x[0]), [1.0, 2.0], {}, Status.INVALID, "expected one real number"),
        (lambda x: None, [1.0], {}, Status.INVALID, "f returned None, expected one real number"),
        (square, [1.0], {"bounds": [(2, 1)]}, Status.INFEASIBLE, "contradict each other: 2 > 1"),
        (
            square,
            [1.0],
            {"constraints": NonlinearConstraint(lambda x: x, 2, 1)},
            Status.INFEASIBLE,
            "the limits of constraint 0 contradict each other: 2 > 1",
        ),
        (
            square,
            [-1.0],
            {"constraints": {"type": "ineq", "fun": lambda x: np.log(x[0])}},
            Status.NOT_FINITE,
            "constraint 0 is not finite at the start",
        ),
    ],
)
def test_a_bad_start_is_named(
    f: Any, start: list[float], kwargs: Any, status: Status, message: str
) -> None:
    result = minimize(f, start, **kwargs)
    assert (result.status, result.success) == (status, False)
    assert message in result.message
    assert_allclose(result.x, start)


def test_a_start_outside_the_bounds_is_moved_and_told() -> None:
    result = minimize(square, [5.0, 1.0], bounds=[(1, 2), (None, None)])
    assert result.success
    assert_allclose(result.x, [1, 0], atol=1e-6)
    assert "the start was outside its bounds (x[0] = 5 of (1, 2))" in result.message


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"method": "newton"}, ValueError, "the method 'newton' is none of Nelder-Mead, Powell"),
        ({"method": "BFGS", "bounds": [(0, 1)]}, ValueError, "BFGS knows no bounds: take one of"),
        (
            {"method": "CG", "constraints": {"type": "eq", "fun": square}},
            ValueError,
            "CG knows no constraints: take one of COBYLA, COBYQA, SLSQP, trust-constr",
        ),
        ({"constraints": {"type": "le", "fun": square}}, ValueError, "has the type 'le'"),
        ({"constraints": [square]}, TypeError, "constraint 0 is"),
        ({"constraints": 5}, TypeError, "constraint 0 is 5"),
        (
            {"constraints": {"type": "eq", "fun": lambda x: x[0] * 1j}},
            TypeError,
            "returned complex128",
        ),
        ({"bounds": 5}, ValueError, "to be pairs"),
        ({"bounds": [(0, 1, 2)]}, ValueError, "to be pairs"),
        ({"bounds": [(math.nan, 1)]}, ValueError, "a bound is nan"),
        ({"bounds": [(0, 1), (0, 1)]}, ValueError, "expected 1 bounds"),
        ({"bounds": {"a": (0, 1)}}, ValueError, "bounds has keys, but x0 none there"),
        (
            {"constraints": LinearConstraint([[1.0, 2.0]], 0, 1)},
            ValueError,
            "a matrix of shape",
        ),
    ],
)
def test_wrong_arguments(kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        minimize(square, [1.0], **kwargs)


# -- SciPy's own examples --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "kwargs"),
    [
        ("nelder-mead", {"options": {"xatol": 1e-8}}),
        ("BFGS", {"jac": rosen_der, "options": {"gtol": 1e-6}}),
        ("Newton-CG", {"jac": rosen_der, "hess": rosen_hess, "options": {"xtol": 1e-8}}),
        ("Newton-CG", {"jac": rosen_der, "hessp": rosen_hess_prod, "options": {"xtol": 1e-8}}),
        ("trust-ncg", {"jac": rosen_der, "hess": rosen_hess, "options": {"gtol": 1e-8}}),
        ("trust-krylov", {"jac": rosen_der, "hessp": rosen_hess_prod, "options": {"gtol": 1e-8}}),
        ("trust-exact", {"jac": rosen_der, "hess": rosen_hess, "options": {"gtol": 1e-8}}),
    ],
)
def test_the_unconstrained_examples(method: str, kwargs: Any) -> None:
    result = minimize(rosen, [1.3, 0.7, 0.8, 1.9, 1.2], method=method, **kwargs)
    assert result.success, result.message
    assert_allclose(result.x, 1, atol=1e-5)


def test_the_constrained_examples() -> None:
    bounds = Bounds([0, -0.5], [1.0, 2.0])
    linear = LinearConstraint([[1, 2], [2, 1]], [-np.inf, 1], [1, 1])

    def cons_f(x: Any) -> Any:
        return [x[0] ** 2 + x[1], x[0] ** 2 - x[1]]

    def cons_jac(x: Any) -> Any:
        return [[2 * x[0], 1], [2 * x[0], -1]]

    def cons_hess(x: Any, v: Any) -> Any:
        return v[0] * np.array([[2, 0], [0, 0]]) + v[1] * np.array([[2, 0], [0, 0]])

    for more in (
        {"jac": cons_jac, "hess": cons_hess},
        {"jac": cons_jac, "hess": BFGS()},
        {"jac": "2-point", "hess": BFGS()},
        {},
    ):
        result = quiet(
            rosen,
            np.array([0.5, 0]),
            method="trust-constr",
            jac=rosen_der,
            hess=rosen_hess,
            constraints=[linear, NonlinearConstraint(cons_f, -np.inf, 1, **more)],
            bounds=bounds,
        )
        assert result.success, result.message
        assert_allclose(result.x, [0.41494531, 0.17010937], atol=1e-5)

    inequality = {
        "type": "ineq",
        "fun": lambda x: np.array(
            [1 - x[0] - 2 * x[1], 1 - x[0] ** 2 - x[1], 1 - x[0] ** 2 + x[1]]
        ),
        "jac": lambda x: np.array([[-1.0, -2.0], [-2 * x[0], -1.0], [-2 * x[0], 1.0]]),
    }
    equality = {
        "type": "eq",
        "fun": lambda x: np.array([2 * x[0] + x[1] - 1]),
        "jac": lambda x: np.array([2.0, 1.0]),
    }
    result = minimize(
        rosen,
        np.array([0.5, 0]),
        method="SLSQP",
        jac=rosen_der,
        constraints=[equality, inequality],
        options={"ftol": 1e-9},
        bounds=bounds,
    )
    assert result.success, result.message
    assert_allclose(result.x, [0.41494475, 0.1701105], atol=1e-6)


def test_the_example_of_the_docstring() -> None:
    constraints = (
        {"type": "ineq", "fun": lambda x: x[0] - 2 * x[1] + 2},
        {"type": "ineq", "fun": lambda x: -x[0] - 2 * x[1] + 6},
        {"type": "ineq", "fun": lambda x: -x[0] + 2 * x[1] + 2},
    )
    result = minimize(
        lambda x: (x[0] - 1) ** 2 + (x[1] - 2.5) ** 2,
        (2, 0),
        method="SLSQP",
        bounds=((0, None), (0, None)),
        constraints=constraints,
    )
    assert result.success
    assert_allclose(result.x, [1.4, 1.7], rtol=1e-6)
    assert_allclose(result.multipliers, [-0.8, 0, 0], rtol=1e-6)


# -- points that only look like minima -------------------------------------------------------

LEVELLING = {
    "exp(-x)": (lambda x: np.exp(-x[0]) + x[1] ** 2, [0.0, 1.0]),
    "1e6 + exp(-x)": (lambda x: 1e6 + np.exp(-x[0]) + 0 * x[1], [0.0, 1.0]),
    "1 + 1/x²": (lambda x: 1 + 1 / x[0] ** 2 + (x[1] - 1) ** 2, [1.0, 4.0]),
    "-arctan": (lambda x: -np.arctan(x[0]) + 0 * x[1], [0.0, 1.0]),
    "x³": (lambda x: x[0] ** 3 + 0 * x[1], [1.0, 1.0]),
    "x³ at 0": (lambda x: x[0] ** 3 + 0 * x[1], [0.0, 1.0]),
    "monkey saddle": (lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, [0.0, 0.0]),
    "flat saddle": (lambda x: x[0] ** 2 - x[1] ** 4, [1.0, 0.0]),
    "tip of a roof": (lambda x: -np.abs(x[0]) - np.abs(x[1]), [0.0, 0.0]),
    "plateau": (lambda x: np.clip(x[0], 0, 1) ** 2 + 0 * x[1], [5.0, 1.0]),
}


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"dogleg", "trust-ncg"}))
@pytest.mark.parametrize(("f", "start"), LEVELLING.values(), ids=LEVELLING)
def test_where_f_only_levels_off_there_is_no_minimum(
    f: Any, start: list[float], method: str
) -> None:
    assert not quiet(f, start, method=method).success


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "trust-exact", "Nelder-Mead"])
def test_a_minimum_too_far_away_for_scipys_steps_is_not_claimed(method: str) -> None:
    result = quiet(lambda x: (x[0] * 1e8 - 1) ** 2 + (x[1] / 1e8 - 1) ** 2, [3, 4], method=method)
    assert not result.success or result.fun < 1e-6


def test_minima_at_which_second_derivatives_vanish_are_claimed() -> None:
    for f in (lambda x: np.sum(x**4), lambda x: (x[0] + x[1] - 2) ** 2, lambda x: 0 * x[0] + 3):
        result = minimize(f, [1.0, 2.0], method="BFGS")
        assert result.success, result.message


# -- bounds in other spellings ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "pairs"),
    [
        (([-5, 0], [5, 10]), "[(-5, 5), (0, 10)]"),
        ((np.array([-5, 0]), np.array([5, 10])), "[(-5, 5), (0, 10)]"),
        ((0, np.inf), "[(0, np.inf), (0, np.inf)]"),
        (([None, 0], None), "[(-np.inf, np.inf), (0, np.inf)]"),
        ([0, [1, 2]], "[(0, 1), (0, 2)]"),
    ],
)
def test_lower_and_upper_bounds_are_answered_with_pairs(bounds: Any, pairs: str) -> None:
    with pytest.raises(ValueError, match=r"bounds is .lower, upper., which least_squares") as said:
        minimize(square, [0.5, 0.5], bounds=bounds)
    assert f"bounds={pairs}, or scipy.optimize.Bounds(lower, upper)" in str(said.value)
    assert "bounds={'a': (" in str(said.value)


def test_of_more_unknowns_rows_are_lower_and_upper_bounds_whatever_holds_them() -> None:
    for bounds in ([[0] * 4, [1] * 4], ((0,) * 4, (1,) * 4), ({"a": 0, "b": [0] * 3},) * 2):
        with pytest.raises(ValueError, match=r"bounds=\[.*\.\.\.\], or scipy.optimize.Bounds"):
            minimize(square, [0.5] * 4, bounds=bounds)


@pytest.mark.parametrize("bounds", [[(0, 1), (0, 2)], ((0, 1), (0, 2)), [[0, 1], [0, 2]]])
def test_rows_of_two_are_pairs_unless_a_tuple_holds_lists(bounds: Any) -> None:
    result = minimize(lambda x: (x[0] - 3) ** 2 + (x[1] - 3) ** 2, [0.5, 0.5], bounds=bounds)
    assert_allclose(result.x, [1, 2])


def test_the_pair_of_a_key_may_hold_arrays() -> None:
    result = minimize(
        lambda p: np.sum((p["w"] - 3) ** 2) + p["a"] ** 2,
        {"a": 1.0, "w": np.array([0.5, 0.5])},
        bounds={"w": (None, [1, 2])},
    )
    assert_allclose(result.x["w"], [1, 2])
