"""The quadratic model of a point: by eigenvectors, or where it is convex without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from optim.descent._curvature import curvature_at
from optim.descent._quadratic_model import (
    ConvexModel,
    QuadraticModel,
    is_surely_positive,
    model_of,
)
from optim.search._objective import Iterate, Objective


def problem(lowest: float, n: int = 6) -> tuple[Any, Any, Any, Any]:
    """Return a point, a gradient, a Hessian in skew units with this lowest eigenvalue, its units.

    The Hessian's eigenvalues are those of it in these units, in which its diagonal is about 1.
    """
    rng = np.random.default_rng(7)
    axes, _ = np.linalg.qr(rng.normal(size=(n, n)))
    scaled = axes @ np.diag(np.linspace(lowest, 1.0, n)) @ axes.T
    units = 10.0 ** rng.uniform(-3, 3, n)
    return rng.normal(size=n), units * rng.normal(size=n), np.outer(units, units) * scaled, units


@pytest.mark.parametrize("radius", [0.01, 0.5, 1.0, 2.0, 100.0])
def test_both_models_take_the_same_step(radius: float) -> None:
    x, jac, hess, units = problem(0.1)
    model = model_of(x, jac, hess, units)
    assert isinstance(model, ConvexModel)
    step, expected = model.within(radius), QuadraticModel(x, jac, hess, units).within(radius)
    for part, right in zip(step, expected, strict=True):
        assert_allclose(part, right, rtol=1e-10)


def test_the_step_is_the_minimum_in_the_ball() -> None:
    x, jac, hess, units = problem(0.1)
    best = minimize(
        lambda s: jac / units @ s + s / units @ hess @ (s / units) / 2,
        np.zeros(6),
        constraints={"type": "ineq", "fun": lambda s: 0.5**2 - s @ s},
        tol=1e-14,
    )
    step = model_of(x, jac, hess, units).within(0.5)
    assert_allclose(np.linalg.norm(units * step.move), 0.5, rtol=2e-3)
    assert_allclose(step.change, best.fun, rtol=0.01)


@pytest.mark.parametrize("tol", [1e-3, 1e-30])
def test_both_models_agree_on_what_is_negligible(tol: float) -> None:
    x, jac, hess, units = problem(0.1)
    point = Iterate(x, 1e6, jac)
    expected = QuadraticModel(x, jac, hess, units).has_minimum(point, np.abs(x), tol)
    assert model_of(x, jac, hess, units).has_minimum(point, np.abs(x), tol) == expected
    assert expected == (tol == 1e-3)


@pytest.mark.parametrize("lowest", [-1.0, -1e-12, 0.0, 1e-12])
def test_a_curvature_that_may_be_rounding_takes_eigenvectors(lowest: float) -> None:
    assert isinstance(model_of(*problem(lowest)), QuadraticModel)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_is_not_positive(wrong: float) -> None:
    matrix = np.eye(3)
    assert is_surely_positive(matrix)
    matrix[2, 0] = matrix[0, 2] = wrong
    assert not is_surely_positive(matrix)


@pytest.mark.parametrize("bend", [1.0, 1e-6, 1e-12, 0.0, -1e-12, -1.0])
def test_what_second_derivatives_say(bend: float) -> None:
    def f(x: Any) -> Any:
        return (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 2 + bend * np.sum(x) ** 2 / 6 + x[2]

    objective = Objective(f, np.array([0.3, -0.2, 0.1]))
    _, jac = objective.value_and_gradient(objective.start)
    exact = curvature_at(objective, objective.start, jac, np.copy)
    assert not exact.flat
    assert exact.bends_down == (bend == -1.0)
    assert exact.slope < 0
    if bend > 1e-9:
        assert exact.model is None
        assert_allclose(exact.hess @ exact.step, -jac, rtol=1e-9, atol=1e-9)
    else:
        assert exact.model is not None
