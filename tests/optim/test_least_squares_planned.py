"""Fits that come again are replayed from a plan, and give what they give when they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autodiff
from optim import least_squares

X = np.linspace(0, 4, 50)
NOISE = np.random.default_rng(0).normal(size=(20, 50))
FITS = 10  # of eight evaluations and more each: planning starts after some fifty


def decay(y: Any) -> Callable[[Any], Any]:
    return lambda p: p[0] * np.exp(-p[1] * X) + p[2] - y


def data(number: int) -> Any:
    y = 2.5 * np.exp(-1.3 * X) + 0.5 + 0.05 * NOISE[number]
    y[7 + number] += 1.0
    return y


@pytest.mark.parametrize("bounds", [None, ([0, 0, 0.6], [5, 5, 5])])
@pytest.mark.parametrize("loss", ["linear", "soft_l1", "huber", "cauchy", "arctan"])
def test_fits_to_many_data_sets_are_those_without_plans(loss: str, bounds: Any) -> None:
    options = {"loss": loss, "f_scale": 0.1, "bounds": bounds, "offset_tol": 1e-9}
    for number in range(FITS):
        residuals = decay(data(number))
        planned = least_squares(residuals, [1.0, 1.0, 1.0], **options)
        with autodiff.eager():
            eager = least_squares(residuals, [1.0, 1.0, 1.0], **options)
        assert planned.success
        assert planned.status == eager.status
        assert_allclose(planned.x, eager.x, rtol=1e-9)
        assert_allclose(planned.fun, eager.fun, rtol=1e-9, atol=1e-9)
        assert_allclose(planned.jac, eager.jac, rtol=1e-8, atol=1e-8)
        assert_allclose(planned.cost, eager.cost, rtol=1e-12)
        assert_allclose(planned.fun, residuals(planned.x), rtol=1e-12, atol=1e-12)


def test_newton_steps_and_the_look_for_a_way_down_are_those_without_plans() -> None:
    # Large and curved residuals, and a start between two minima.
    def residuals(x: Any) -> Any:
        return [x[0] ** 2 - 4 + x[1], 5 + x[0] ** 2 * (1 + x[1]), 3 * x[1] - x[0]]

    starts = np.random.default_rng(1).normal(size=(FITS, 2))
    for start in [*starts, [0.0, 0.0]]:
        planned = least_squares(residuals, start)
        with autodiff.eager():
            eager = least_squares(residuals, start)
        assert planned.status == eager.status
        assert_allclose(planned.x, eager.x, rtol=1e-7, atol=1e-9)


def test_results_belong_to_the_caller() -> None:
    found = [least_squares(decay(data(number)), [1.0, 1.0, 1.0]) for number in range(FITS)]
    for number, result in enumerate(found):
        assert_allclose(result.fun, decay(data(number))(result.x), rtol=1e-12, atol=1e-12)
        assert not any(np.shares_memory(result.jac, other.jac) for other in found[:number])
        result.x[:], result.fun[:], result.jac[:] = 0, 0, 0
    again = least_squares(decay(data(0)), [1.0, 1.0, 1.0])
    assert_allclose(again.fun, decay(data(0))(again.x), rtol=1e-12, atol=1e-12)


def test_a_shape_of_the_residuals_is_that_of_the_result() -> None:
    for _ in range(FITS):
        result = least_squares(lambda p: (p[0] - X).reshape(5, 10) * p[1], [1.0, 2.0])
        assert result.fun.shape == (5, 10)
        assert result.jac.shape == (5, 10, 2)


def test_residuals_that_are_not_finite_on_the_way_are_refused_there() -> None:
    def residuals(p: Any) -> Any:
        return np.log(p[0] - 0.5) - np.log(X + 1) * p[1]

    for number in range(FITS):
        start = [1.0 + number, 20.0]
        planned = least_squares(residuals, start)
        with autodiff.eager():
            eager = least_squares(residuals, start)
        assert planned.status == eager.status
        assert_allclose(planned.x, eager.x, rtol=1e-6, atol=1e-8)


def test_residuals_that_raise_somewhere_raise() -> None:
    def residuals(p: Any) -> Any:
        if p[0] < 0:
            raise ArithmeticError("below zero")
        return (p[0] - 3) * X

    for _ in range(4 * FITS):
        assert_allclose(least_squares(residuals, [1.0]).x, 3.0)
    with pytest.raises(ArithmeticError, match="below zero"):
        least_squares(residuals, [-1.0])


def test_what_python_decides_is_decided_at_every_evaluation() -> None:
    def residuals(p: Any) -> Any:
        return (p[0] - 3) * X if p[0] > 2 else (p[0] - 5) * X

    for start in np.linspace(1, 4, 3 * FITS):
        assert_allclose(least_squares(residuals, [start]).x, 3.0)


def test_data_in_place_are_read_anew() -> None:
    y = data(0)
    residuals = decay(y)
    for number in range(FITS):
        y[:] = data(number)
        found = least_squares(residuals, [1.0, 1.0, 1.0])
        assert_allclose(found.fun, decay(data(number))(found.x), rtol=1e-12, atol=1e-12)
        assert found.success
