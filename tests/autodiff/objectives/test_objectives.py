"""Objectives that fill their arrays have the derivatives of their values, also by plans.

What the values and derivatives should be is seen in `test_adbench` and `test_gradbench`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from oracles import richardson

import autodiff
from autodiff import grad, hvp, jacobian, jvp

from . import (
    bundle_adjustment,
    determinant,
    gaussian_mixture,
    hand_tracking,
    kmeans,
    least_squares,
    logsumexp,
    lstm,
    ode,
    particle,
    saddle,
)


class Case(NamedTuple):
    """An objective of the first of its arguments, which are arrays of real numbers."""

    function: Callable[..., Any]
    example: tuple[Any, ...]
    unknowns: int = 1  # how many arguments are differentiated by
    scalar: bool = True

    def of_unknowns(self) -> Callable[..., Any]:
        return lambda *unknowns: self.function(*unknowns, *self.example[self.unknowns :])

    def derivative(self) -> Callable[..., Any]:
        differentiated = grad if self.scalar else jacobian
        return differentiated(self.of_unknowns(), argnums=tuple(range(self.unknowns)))

    def point(self) -> tuple[Any, ...]:
        return self.example[: self.unknowns]


CASES = {
    "mixture": Case(gaussian_mixture.log_posterior, gaussian_mixture.example(), 3),
    "bundle": Case(bundle_adjustment.residuals, bundle_adjustment.example(), 3, scalar=False),
    "hand": Case(hand_tracking.to_vertices, hand_tracking.example()[::2], scalar=False),
    "hand, complicated": Case(hand_tracking.to_triangles, hand_tracking.example(), 2, scalar=False),
    "lstm": Case(lstm.loss, lstm.example(), 2),
    "determinant": Case(determinant.by_minors, determinant.example()),
    "kmeans": Case(kmeans.cost, kmeans.example()),
    "logsumexp": Case(logsumexp.log_sum_exp, logsumexp.example()),
    "ode": Case(ode.last, ode.example()),
    "trajectory": Case(ode.trajectory, ode.example(), scalar=False),
    "particle": Case(particle.miss, (np.array([0.1]),)),
    "saddle": Case(saddle.height, (np.array([0.3, -0.4]), np.array([0.7, 0.2])), 2),
    "least squares": Case(least_squares.half_squares, least_squares.example()),
}
every_case = pytest.mark.parametrize("name", CASES)
# A plan of the particle's way is some 10 000 calls long, and takes seconds to make.
every_planned_case = pytest.mark.parametrize("name", [n for n in CASES if n != "particle"])


@every_case
def test_plain_arrays_stay_plain_and_unchanged(name: str) -> None:
    case = CASES[name]
    before = [np.copy(x) for x in case.point()]
    value = case.of_unknowns()(*case.point())
    assert type(value) in {np.ndarray, np.float64}
    for x, old in zip(case.point(), before, strict=True):
        np.testing.assert_array_equal(x, old)


@every_case
def test_value_of_tensors_is_that_of_arrays(name: str) -> None:
    case = CASES[name]
    tensors = [autodiff.Tensor(x) for x in case.point()]
    value = case.of_unknowns()(*tensors)
    assert isinstance(value, autodiff.Tensor)
    np.testing.assert_array_max_ulp(value.data, case.of_unknowns()(*case.point()), 8)


@every_case
def test_derivatives_by_differences(name: str) -> None:
    case = CASES[name]
    derivatives = case.derivative()(*case.point())
    rng = np.random.default_rng(0)
    for _ in range(3):
        directions = [rng.normal(size=x.shape) for x in case.point()]
        along = sum(
            np.tensordot(J, d, axes=d.ndim) for J, d in zip(derivatives, directions, strict=True)
        )
        expected = richardson(case.of_unknowns(), case.point(), directions)
        np.testing.assert_allclose(along, expected, rtol=1e-7, atol=1e-7)


@every_case
def test_forward_agrees_with_backward(name: str) -> None:
    case = CASES[name]
    derivatives = case.derivative()(*case.point())
    rng = np.random.default_rng(1)
    directions = tuple(rng.normal(size=x.shape) for x in case.point())
    _, along = jvp(case.of_unknowns(), case.point(), directions)
    expected = sum(
        np.tensordot(J, d, axes=d.ndim) for J, d in zip(derivatives, directions, strict=True)
    )
    np.testing.assert_allclose(along, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].scalar])
def test_second_derivatives_by_differences(name: str) -> None:
    case = CASES[name]
    rng = np.random.default_rng(2)
    directions = tuple(rng.normal(size=x.shape) for x in case.point())
    curved = hvp(case.of_unknowns(), case.point(), directions)
    for i, found in enumerate(curved):
        expected = richardson(
            lambda *point, i=i: case.derivative()(*point)[i], case.point(), directions
        )
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@every_planned_case
def test_plans_agree_with_calls_as_written(name: str) -> None:
    case = CASES[name]
    derivative = case.derivative()
    planned = autodiff.compile(derivative, eager_calls=0)
    for shift in [0.0, 0.01, 0.02]:
        point = [x + shift for x in case.point()]
        for found, expected in zip(planned(*point), derivative(*point), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert sum(plan.runs for plan in planned.plans) >= 2


@every_planned_case
def test_planned_values_agree_with_calls_as_written(name: str) -> None:
    """Stand-ins for the arguments are filled in, not Tensors."""
    case = CASES[name]
    f = case.of_unknowns()
    planned = autodiff.compile(f, eager_calls=0)
    for shift in [0.0, 0.01, 0.02]:
        point = [x + shift for x in case.point()]
        np.testing.assert_allclose(planned(*point), f(*point), rtol=1e-12)
    assert sum(plan.runs for plan in planned.plans) >= 2
