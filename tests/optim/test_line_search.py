"""A line search ends where f is lower, and as flat as it is meant to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optim.descent._line_search import Trial, armijo, exact, start_of, wolfe
from optim.search._objective import Objective

LENGTHS = [1e-6, 0.01, 1.0, 7.0, 1e5]
# Functions of one variable that fall from 0 to the right, from Moré and Thuente (1994) and others.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a parabola": lambda x: (x[0] - 3) ** 2,
    "flat after a fall": lambda x: -x[0] / (x[0] ** 2 + 2),
    "steep in the middle": lambda x: (x[0] + 0.004) ** 5 - 2 * (x[0] + 0.004) ** 4,
    "a barrier": lambda x: -np.log(x[0] + 0.1) - 20 * np.log(5 - x[0]) - 30 * x[0],
    "overflow": lambda x: np.exp(x[0] ** 2) - 3 * x[0],
    "a long valley": lambda x: 1e-6 * (x[0] - 1000) ** 2,
}


def ray(f: Callable[[Any], Any], x: float = 0.0) -> tuple[Objective, Trial, Any]:
    objective = Objective(f, [x])
    fun, jac = objective.value_and_gradient(objective.start)
    return objective, start_of(objective.start, fun, jac, np.ones(1)), np.ones(1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_wolfe_ends_lower_and_flatter(name: str, length: float) -> None:
    objective, start, direction = ray(FUNCTIONS[name])
    trial = wolfe(objective, start, direction, length)
    assert trial.fun <= start.fun + 1e-4 * trial.length * start.slope
    assert abs(trial.slope) <= 0.9 * abs(start.slope)
    assert objective.nfev <= 30


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_exact_ends_where_the_slope_is_zero(name: str, length: float) -> None:
    objective, start, direction = ray(FUNCTIONS[name])
    trial = exact(objective, start, direction, length)
    assert abs(trial.slope) <= 1e-7 * max(abs(start.slope), 1.0)
    assert trial.fun < start.fun


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_armijo_ends_lower_and_never_beyond_the_first_trial(name: str, length: float) -> None:
    objective, start, direction = ray(FUNCTIONS[name])
    trial = armijo(objective, start, direction, length)
    assert trial.fun <= start.fun + 1e-4 * trial.length * start.slope
    assert 0 < trial.length <= length


def test_a_step_that_is_good_at_once_costs_one_evaluation() -> None:
    for search in (wolfe, armijo):
        objective, start, direction = ray(FUNCTIONS["a parabola"])
        search(objective, start, direction, 3.0)
        assert objective.nfev == 2


def test_wolfe_works_where_all_values_are_equal_to_rounding() -> None:
    objective, start, direction = ray(lambda x: 1e8 + (x[0] - 1e-6) ** 2)
    assert start.fun == objective.value(np.array([1e-6]))
    trial = wolfe(objective, start, direction, 3e-6)
    assert abs(trial.slope) <= 0.9 * abs(start.slope)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wolfe_sees_that_f_falls_without_end() -> None:
    objective, start, direction = ray(lambda x: -x[0] - x[0] ** 3)
    assert wolfe(objective, start, direction, 1.0).is_unbounded


def test_where_nothing_is_lower_the_start_is_returned() -> None:
    wrong_sign = Objective(lambda x: np.abs(x[0]), [0.0])
    start = Trial(0.0, np.zeros(1), 0.0, np.array([-1.0]), -1.0)
    for search in (wolfe, armijo, exact):
        assert search(wrong_sign, start, np.ones(1), 1.0).fun == 0
