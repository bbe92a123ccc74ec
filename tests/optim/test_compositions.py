"""No method claims a minimum where there is none, nor raises, whatever f is composed of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from compositions import Composition
from numpy.testing import assert_allclose

from autodiff import eager
from optim import Status, bfgs, gradient_descent, lbfgs, newton, newton_cg

Method = Callable[..., Any]

SHORT = 300  # steps, after which those that crawl are stopped
METHODS: dict[str, Method] = {
    "gradient descent": partial(gradient_descent, maxiter=SHORT),
    "bfgs": partial(bfgs, maxiter=SHORT),
    "lbfgs": partial(lbfgs, memory=1, maxiter=SHORT),
    "newton": partial(newton, maxiter=SHORT),
    "newton_cg": partial(newton_cg, maxiter=SHORT),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))


@pytest.mark.parametrize("seed", range(40))
@every_method
def test_a_success_is_a_minimum(method: Method, seed: int) -> None:
    f = Composition(seed)
    result = method(f, f.start)
    assert result.message
    assert not result.success or f.lower_beside(result.x) is None, (f, result.x)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("newton", 30),  # an inflection whose third derivative hides behind a stiffer axis
        ("newton", 158),  # a chain of inflections down a valley
        ("newton_cg", 158),
        ("newton_cg", 476),  # one along which f rises on both sides at first, for a stiffer axis
        ("bfgs", 101),
        ("lbfgs", 61),
        ("lbfgs", 373),
        ("newton", 122),  # tails that differ from their limit by rounding
        ("newton", 175),
        ("bfgs", 197),
        ("bfgs", 83),  # far out, where f falls without end
        ("lbfgs", 247),
        ("bfgs", 131),
    ],
)
def test_where_there_is_no_minimum_none_is_claimed(name: str, seed: int) -> None:
    """By Newton's method at 60 digits from where the search ended, f goes on falling."""
    f = Composition(seed)
    with eager():  # for these ways hang on the last digits, which plans change
        assert not METHODS[name](f, f.start).success


def test_a_search_that_goes_along_a_corner_ends_soon() -> None:
    f = Composition(376)
    for method in (bfgs, lbfgs, partial(lbfgs, memory=1)):
        with eager():  # for the way along a corner hangs on the last digits as well
            result = method(f, f.start)
        assert result.status == Status.STALLED
        assert "corner" in result.message
        assert result.nfev < 3000


def test_most_of_the_minima_that_there_are_are_found() -> None:
    """Convex compositions in which two squares hold all unknowns."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        f = Composition(seed)
        f.names = list(draw.choice(["exp", "softplus", "root", "fourth power"], len(f.names)))
        f.weights = np.abs(f.weights)
        center = draw.normal(size=f.start.size)

        def convex(x: Any, f: Any = f, center: Any = center) -> Any:
            return f(x) + np.sum((x - center) ** 2)

        found = [method(convex, f.start) for method in (bfgs, lbfgs, newton, newton_cg)]
        assert all(result.success for result in found), f
        assert_allclose([result.fun for result in found], found[0].fun, rtol=1e-8)


# -- kinds of what is no minimum --------------------------------------------------------------

LOGISTIC = np.array([[1, 2], [2, 1], [-1, -1.5], [-2, -1]])
SIDES = np.array([1, 1, -1, -1.0])


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: np.exp(x[0] + x[1]) + (x[0] - x[1]) ** 2, [1.0, 2.0]),
        (lambda x: 1e3 + np.exp(x[0] - 3 * x[1]) + (2 * x[0] + x[1] - 1) ** 2, [0.0, 0.0]),
        (lambda x: np.sqrt(1 + x[1] ** 2) + 1e3 * np.logaddexp(0, x[0] + 3 * x[1]), [-3.9, 0.2]),
        (lambda w: np.sum(np.logaddexp(0, -SIDES * (LOGISTIC @ w))), [0.0, 0.0]),
        (
            lambda x: (
                100 * np.logaddexp(0, 2 * x[0] + x[2] - 1)
                - 1e-3 * np.cos(x[0] + x[1] + 2 * x[2] - 1)
            ),
            [-2.5, -1.2, 0.1],
        ),
    ],
)
@every_method
def test_an_infimum_at_infinity_askew_to_the_axes_is_none(
    method: Method, f: Any, start: list[float]
) -> None:
    assert not method(f, start).success


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: x - np.sin(x), 1.0),
        (lambda x: staircase(2 * x[0] - x[1] - 1), [4.4, -0.8]),
        (lambda x: staircase(x[0] + 3 * x[1]) / 100 + (x[0] + x[1] + 1) ** 8, [4.1, 0.4]),
        (lambda x: staircase(x[0] + x[1]) + (x[0] - 2 * x[1]) ** 4, [1.0, 2.0]),
    ],
)
@every_method
def test_a_step_of_a_staircase_is_no_minimum(method: Method, f: Any, start: Any) -> None:
    assert not method(f, start).success


def staircase(t: Any) -> Any:
    return 100 * (t - np.sin(t))


@pytest.mark.parametrize("power", [2, 4, 8])
@pytest.mark.parametrize("method", [bfgs, lbfgs, newton, newton_cg])
def test_nothing_drifts_along_a_level_valley(method: Method, power: int) -> None:
    result = method(lambda x: (2 * x[1] - 2 * x[0] + 1) ** power, [2.0, 5.0])
    assert result.success
    assert result.fun < 1e-15
    assert np.abs(result.x).max() < 10


# -- levels that end ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: np.maximum(0, x[0]), [-2.0]),
        (lambda x: np.maximum(0, x[0] + 2 * x[1]) + (x[1] - x[0] - 1) ** 2, [-2.0, -1.0]),
        (lambda x: np.maximum(0, x[0] + 2 * x[1]) + (x[1] - x[0] - 1) ** 2, [2.0, 3.0]),
        (lambda x: 5 + np.maximum(0, x[0] - 1) + (x[1] ** 2 - 1) ** 2, [-2.0, 3.0]),
        (lambda x: np.maximum(0, x[0]) + np.maximum(0, -1 - x[0]), [-0.5]),
        (lambda w: np.sum(np.maximum(0, 1 - np.array([[1, 2], [2, 1], [1, 1.5]]) @ w)), [1.0, 1.0]),
        (lambda x: 0 * x[0] + 3, [1.0]),
    ],
)
@every_method
def test_at_the_foot_of_a_ramp_all_points_are_minima(method: Method, f: Any, start: Any) -> None:
    result = method(f, start)
    assert result.success, result.message
    assert_allclose(result.fun, np.round(result.fun), atol=1e-9)


@pytest.mark.parametrize("method", [newton, newton_cg])
def test_the_foot_itself_is_a_minimum(method: Method) -> None:
    assert method(lambda x: np.maximum(0, x[0]), [0.0]).success


@pytest.mark.parametrize(
    "f", [lambda x: np.exp(-x), lambda x: 1e6 + np.exp(-x), lambda x: 1 + 1 / x**2, np.tanh]
)
@pytest.mark.parametrize("start", [30.0, 300.0, 745.0, 1e10])
@pytest.mark.parametrize("method", [newton, newton_cg])
def test_what_only_levels_off_is_no_foot_however_far_out(
    method: Method, f: Any, start: float
) -> None:
    start = -start if f is np.tanh else start
    result = method(f, start)
    assert not result.success, result


# -- units ----------------------------------------------------------------------------------------

UNITS = [(1e6, 1e-9), (1e100, 1.0), (1e-100, 1.0), (1.0, 1e200), (1.0, 1e-200), (1e-50, 1e-50)]
KINDS = {
    "narrow": (lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [-1.2, 1.0]),
    "flat": (lambda x: (x[0] - 1) ** 4 + (x[1] + 2) ** 2, [3.0, 1.0]),
    "above 0": (lambda x: 1 + (x[0] - 1) ** 2 + 3 * (x[1] + 2) ** 2, [3.0, 1.0]),
    "a tail": (lambda x: np.exp(x[0] + x[1]) + (x[0] - x[1]) ** 2, [1.0, 2.0]),
    "a level line": (lambda x: (x[0] + 2 * x[1] - 1) ** 2, [2.0, 5.0]),
}


@pytest.mark.parametrize(("x_unit", "f_unit"), UNITS)
@pytest.mark.parametrize(("f", "start"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("method", [bfgs, lbfgs, newton, newton_cg])
def test_the_verdict_is_the_same_in_all_units(
    method: Method, f: Any, start: list[float], x_unit: float, f_unit: float
) -> None:
    result = method(lambda x: f_unit * f(x / x_unit), x_unit * np.array(start))
    assert result.status == method(f, start).status, result.message


@pytest.mark.parametrize("method", [bfgs, lbfgs, newton, newton_cg])
def test_where_second_derivatives_underflow_the_search_ends(method: Method) -> None:
    for f, start in KINDS.values():
        assert method(lambda x, f=f: f(x / 1e200), 1e200 * np.array(start)).message
    assert method(lambda x: (x[0] / 1e200) ** 2 - (x[1] / 1e200) ** 2, [1e200, 0.0]).message


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sqrt(np.abs(x[0])) + x[1] ** 2,
        lambda x: np.abs(x[0]) ** 0.25 + np.abs(x[1]) ** 0.5,
        lambda x: np.log1p(np.sqrt(np.abs(x[0] - 2 * x[1]))) + (x[0] + x[1]) ** 2,
    ],
)
@every_method
def test_a_cusp_is_no_stationary_point(method: Method, f: Any, scale: float) -> None:
    result = method(lambda x: scale * f(x), [1.0, 2.0])
    assert not result.success
    assert "stationary" not in result.message
    assert result.status in (Status.STALLED, Status.LIMIT)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("method", [bfgs, lbfgs, gradient_descent])
def test_a_saddle_that_is_all_but_reached_is_a_stationary_point(
    method: Method, offset: float
) -> None:
    result = method(lambda x: offset + x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0])
    assert (result.success, result.status) == (False, Status.OTHER_KIND)
