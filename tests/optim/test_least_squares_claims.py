"""What least_squares claims is so, however the residuals are composed, and no search is endless."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bounded_compositions import Composition, lowest_around
from numpy.testing import assert_allclose
from problems_mgh import PROBLEMS

from optim import least_squares
from optim.squares._newton_steps import trusted_newton_step
from optim.squares._residual_point import Function
from optim.squares._residuals import Residuals as Problem

TERMS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "logistic": lambda t: 1 / (1 + np.exp(-t)),
    "bell": lambda t: np.exp(-(t**2)),
    "angle": np.arctan,
    "cube": lambda t: t**3,
    "fourth power": lambda t: t**4,
    "corner": np.abs,
    "one-sided corner": lambda t: np.maximum(0, t),
    "sine": np.sin,
}
LOSSES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "cauchy": np.log1p,
}


class Residuals:
    """Two to eight sums of terms of skew linear forms, and a start within bounds, from a seed."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        n = int(draw.integers(1, 5))
        self.levels = draw.integers(-3, 4, draw.integers(max(n, 2), 9)).astype(float)
        self.parts = [
            [
                (
                    float(draw.choice([-1, 1]) * 10.0 ** draw.integers(-1, 2)),
                    TERMS[draw.choice(list(TERMS))],
                    draw.integers(-3, 4, n).astype(float),
                    float(draw.integers(-2, 3)),
                )
                for _ in range(draw.integers(1, 4))
            ]
            for _ in self.levels
        ]
        self.loss = str(draw.choice(list(LOSSES), p=[0.7, 0.15, 0.15]))
        self.start = np.round(draw.normal(0, 2, n), 1)
        near = np.round(draw.exponential(2, (2, n)), 1)
        near[:, draw.random(n) < 0.7] = np.inf
        self.lower, self.upper = self.start - near[0], self.start + near[1]

    def __call__(self, x: Any) -> list[Any]:
        return [
            sum(w * term(sum(a[i] * x[i] for i in range(a.size)) + b) for w, term, a, b in parts)
            - level
            for parts, level in zip(self.parts, self.levels, strict=True)
        ]

    def cost(self, x: Any) -> Any:
        """Return the cost of one point, or of many as columns."""
        values = np.array(np.broadcast_arrays(*self(x)))
        return np.sum(LOSSES[self.loss](values**2), axis=0) / 2


@pytest.mark.parametrize("seeds", [range(i, 40, 5) for i in range(5)])
def test_no_lower_point_is_found_around_a_success(seeds: range) -> None:
    for seed in seeds:
        residuals = Residuals(seed)
        bounds = (residuals.lower, residuals.upper)
        result = least_squares(residuals, residuals.start, loss=residuals.loss, bounds=bounds)
        if not result.success:
            continue
        with np.errstate(over="ignore"):
            here = residuals.cost(result.x)
            reach = 0.02 * np.maximum(np.abs(result.x), 0.1)  # not as far as another valley
            lower = np.maximum(residuals.lower, result.x - reach)
            upper = np.minimum(residuals.upper, result.x + reach)
            around = Composition("", residuals.cost, residuals.start, lower, upper)
            assert lowest_around(around, result.x) >= (1 - 1e-8) * here - 1e-20, (seed, result.x)
        assert_allclose(result.cost, here, rtol=1e-8, atol=1e-20)


# -- where the linear problem only creeps -----------------------------------------------------


def test_newton_steps_lead_on_where_the_linear_problem_creeps() -> None:
    def residuals(x: Any) -> list[Any]:
        a, b, c, d = x[0], x[1], x[2], x[3]
        t = -2 * a - b - 3 * c - 2 * d + 2
        u = 3 * b + 2 * c - a - d - 1
        return [
            (3 * b - 2 * a - 3 * c - 2 * d - 2) ** 4 / 100
            + np.exp(3 * a - b + 2 * c - d - 1) / 100,
            3 * a + b - 3 * d - (2 * a - b - c + d) ** 3 - 3,
            np.sin(t) + np.exp(-(u**2)),
            b + c + d - np.sin(b + c + d),
            100 * (b - a + 3 * c + d + 2) ** 2 + 100 / (1 + np.exp(-3 * c - 2 * d)) + 2,
        ]

    result = least_squares(residuals, [-2.1, -0.9, 0.8, -1.0])
    assert result.success, result.message
    assert result.nfev < 300


def test_a_minimum_is_found_from_ten_times_the_standard_start() -> None:
    problem = PROBLEMS["Chebyquad, n = 9"]
    result = least_squares(problem.residuals, 10 * np.array(problem.start))
    assert result.success, result.message
    assert result.cost < 1e-25


def test_no_newton_step_leads_through_a_pole() -> None:
    # The cost bends down at 1, is infinite at 0, and lower at -5.
    def residuals(x: Any) -> list[Any]:
        return [3 - 1 / x[0], (x[0] + 5) / 2]

    problem = Problem(residuals, np.array([1.0]), (), None, 1.0)
    function = Function(
        problem.evaluate,
        problem.cost,
        problem.sample,
        problem.with_frozen_jacobian,
        problem.hessian,
    )
    start = problem.evaluate(problem.start)
    trial, _, left = trusted_newton_step(function, start, 6.7, 100, None)
    assert trial is not None
    assert trial.cost < start.cost
    assert 0 < trial.x[0] < 1
    assert 100 - left + 1 == problem.nfev


# -- sizes whose squares are no numbers -------------------------------------------------------


@pytest.mark.parametrize("bounds", [None, (-np.inf, 1e200)])
@pytest.mark.parametrize("start", [[1.0, -2.0], [1.0, 2.0], [1e-80, 1.0], [1e80, 1e-80]])
@pytest.mark.parametrize(
    "residuals",
    [
        lambda x: [-np.sum(x**-2.0)],
        lambda x: [1e-160 * (x[0] - x[1] ** 2), 1e-160 * x[0] * x[1]],
        lambda x: [1e150 * (x[0] - x[1] ** 2), 1e150 * x[0] * x[1]],
    ],
)
def test_no_search_is_endless_where_squares_underflow_or_overflow(
    residuals: Any, start: list[float], bounds: Any
) -> None:
    result = least_squares(residuals, start, bounds=bounds)
    assert result.nfev <= 600
    assert result.message


def test_a_corner_that_is_a_minimum_is_not_said_to_be_none() -> None:
    result = least_squares(lambda x: 1 + np.abs(x - 1), [0.3, 2.0])
    assert not result.success
    assert "to first order this is no minimum" in result.message
    assert "a corner here, which may be a minimum" in result.message
