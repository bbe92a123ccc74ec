"""Errors in x as well: York's line, ODRPACK's numbers, brute force, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import check_grads
from fit import fit, line
from fit._errors_in_x import nearest_x, orthogonal_distance
from fit.models._model import Model

METHODS = ["orthogonal-distance", "effective-variance"]

# Pearson's data with York's weights: D. York, "Least-squares fitting of a straight line", Canadian
# Journal of Physics 44 (1966).
X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
X_SIGMA = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]) ** -0.5
SIGMA = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5


def straight(x: Any, slope: Any = -1.0, intercept: Any = 5.0) -> Any:
    return slope * x + intercept


def decay(x: Any, a: Any = 2.5, b: Any = 1.0, c: Any = 0.4) -> Any:
    return a * np.exp(-b * x) + c


def wave(x: Any, a: Any = 3.0, b: Any = 1.0, c: Any = 0.0) -> Any:
    return a * np.sin(b * x + c)


def surface(x: Any, a: Any = 2.0, b: Any = 0.5, c: Any = 0.5) -> Any:
    return a * np.exp(-b * x[0]) + c * x[1] ** 2


# -- lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_york(method: str) -> None:
    result = fit(straight, X, Y, SIGMA, x_sigma=X_SIGMA, method=method)
    assert result.success
    assert result.method == method
    assert f"{result.values['intercept']:.10f}" == "5.4799102240"
    assert f"{result.values['slope']:.10f}" == "-0.4805334074"
    assert f"{result.errors['intercept']:.7f}" == "0.2949707"
    assert f"{result.errors['slope']:.7f}" == "0.0579850"
    assert f"{result.chi_squared:.10f}" == "11.8663531941"
    assert result.dof == 8


def test_the_distance_is_what_is_meant_by_default() -> None:
    assert fit(straight, X, Y, SIGMA, x_sigma=X_SIGMA).method == "orthogonal-distance"
    assert line(X, Y, SIGMA, x_sigma=X_SIGMA).values["slope"] == pytest.approx(-0.4805334074)


def test_a_line_is_the_same_with_x_and_y_exchanged() -> None:
    result = fit(straight, X, Y, SIGMA, x_sigma=X_SIGMA)
    exchanged = fit(straight, Y, X, X_SIGMA, x_sigma=SIGMA)
    slope, intercept = exchanged.values.values()
    assert result.values["slope"] == pytest.approx(1 / slope, rel=1e-9)
    assert result.values["intercept"] == pytest.approx(-intercept / slope, rel=1e-9)
    assert result.chi_squared == pytest.approx(exchanged.chi_squared, rel=1e-11)


def test_small_errors_in_x_do_not_matter() -> None:
    model, x, y, sigma, _ = CASES["decay"]
    plain = fit(model, x, y, sigma)
    for method in METHODS:
        result = fit(model, x, y, sigma, x_sigma=1e-9, method=method)
        assert_allclose(result.p, plain.p, rtol=1e-7)
        assert_allclose(result.covariance, plain.covariance, rtol=1e-6)


# -- curves ----------------------------------------------------------------------------------

# Values, errors (without the factor of √(χ²/dof)) and χ² by ODRPACK, as in scipy.odr 1.17.1 with
# sstol = partol = 1e-16. Its derivatives are differences.
ODRPACK = {
    "decay": (
        [2.6959104697, 0.7731649506, 0.3927348537],
        [0.123982, 0.080835, 0.058067],
        10.710842730467,
    ),
    "wave": (
        [2.8470498458, 0.9752740389, 0.1168735524],
        [0.0986384, 0.0390034, 0.1340436],
        2.213272559783,
    ),
    "surface": (
        [2.3545606127, 0.4865817514, 0.5925420553],
        [0.1556043, 0.0539440, 0.0373804],
        30.033243037385,
    ),
}
CASES: dict[str, tuple[Any, Any, Any, Any, Any]] = {
    "decay": (
        decay,
        np.array([0.0, 0.4, 1.1, 1.4, 2.1, 2.4, 3.1, 3.4, 4.2, 4.4]),
        np.array([3.1, 2.2, 1.75, 1.15, 1.0, 0.85, 0.55, 0.65, 0.5, 0.52]),
        np.array([0.1, 0.05, 0.1, 0.1, 0.05, 0.1, 0.05, 0.1, 0.05, 0.05]),
        np.array([0.05, 0.1, 0.05, 0.1, 0.2, 0.05, 0.1, 0.15, 0.1, 0.2]),
    ),
    "wave": (
        wave,
        np.array([0.1, 0.6, 1.2, 1.4, 2.3, 2.6, 3.2, 3.5, 4.1, 4.6, 5.3, 5.6]),
        np.array([0.4, 1.9, 2.8, 2.7, 1.9, 1.2, -0.4, -1.0, -2.6, -2.8, -2.6, -1.9]),
        0.15,
        0.2,
    ),
    "surface": (
        surface,
        np.array(
            [[0.2, 0.9, 1.6, 2.1, 3.0, 3.3, 4.1, 4.9], [1.0, 0.4, 1.7, 0.8, 2.0, 1.1, 0.2, 1.5]]
        ),
        np.array([2.9, 1.3, 3.2, 1.1, 2.5, 1.3, 0.6, 1.55]),
        0.1,
        np.array([[0.1] * 8, [0.05] * 8]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_orthogonal_distance_is_that_of_odrpack(name: str) -> None:
    model, x, y, sigma, x_sigma = CASES[name]
    values, errors, chi_squared = ODRPACK[name]
    result = fit(model, x, y, sigma, x_sigma=x_sigma)
    assert result.success
    assert_allclose(list(result.values.values()), values, rtol=2e-7)
    assert_allclose(list(result.errors.values()), errors, rtol=3e-5)
    assert result.chi_squared == pytest.approx(chi_squared, rel=1e-12)


def residuals(name: str) -> Callable[[Any], Any]:
    model, x, y, sigma, x_sigma = CASES[name]
    n = len(y)
    return orthogonal_distance(
        Model(model), x, y, np.broadcast_to(sigma, n), np.broadcast_to(x_sigma, x.shape)
    )


@pytest.mark.parametrize("name", CASES)
def test_distances_have_exact_first_and_second_derivatives(name: str) -> None:
    p = np.array(ODRPACK[name][0]) * [1.05, 0.97, 1.1]
    f = residuals(name)
    check_grads(lambda p: np.sum(f(p) ** 2), p, order=2)


def test_the_hessian_covariance_is_exact() -> None:
    model, x, y, sigma, x_sigma = CASES["wave"]
    result = fit(model, x, y, sigma, x_sigma=x_sigma)

    def gradient(p: Any) -> Any:
        def slope(step: Any) -> Any:
            ahead, behind = (
                result.problem.chi_squared(p + step),
                result.problem.chi_squared(p - step),
            )
            return (ahead - behind) / (2 * np.linalg.norm(step))

        return np.array([(4 * slope(e) - slope(2 * e)) / 3 for e in 1e-3 * np.eye(3)])

    H = np.array(
        [(gradient(result.p + e) - gradient(result.p - e)) / 2e-3 for e in 1e-3 * np.eye(3)]
    )
    assert result.hessian_covariance is not None
    assert_allclose(result.hessian_covariance, 2 * np.linalg.inv(H), rtol=1e-3)
    assert abs(result.hessian_covariance[0, 0] / result.covariance[0, 0] - 1) > 0.05


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_units_of_x_do_not_matter(unit: float) -> None:
    model, x, y, sigma, x_sigma = CASES["decay"]
    one = fit(model, x, y, sigma, x_sigma=x_sigma)
    other = fit(model, x * unit, y, sigma, x_sigma=x_sigma * unit, p0={"b": 1 / unit})
    scale = np.array([1.0, 1 / unit, 1.0])
    assert_allclose(other.p, one.p * scale, rtol=1e-8)
    assert_allclose(list(other.errors.values()), list(one.errors.values()) * scale, rtol=1e-7)


def test_a_tie_and_a_constraint_are_the_same() -> None:
    model, x, y, sigma, x_sigma = CASES["decay"]
    tied = fit(model, x, y, sigma, x_sigma=x_sigma, fixed={"c": lambda a: a / 7})
    constrained = fit(model, x, y, sigma, x_sigma=x_sigma, constraints=lambda a, c: a - 7 * c)
    assert constrained.success
    assert constrained.values == pytest.approx(tied.values, rel=1e-7)
    assert_allclose(constrained.hessian_covariance, tied.hessian_covariance, rtol=1e-5)


def test_a_model_may_return_a_list() -> None:
    model, x, y, sigma, x_sigma = CASES["decay"]
    in_a_list = fit(
        lambda x, a=2.5, b=1.0, c=0.4: [decay(v, a, b, c) for v in x], x, y, sigma, x_sigma=x_sigma
    )
    assert_allclose(in_a_list.p, fit(model, x, y, sigma, x_sigma=x_sigma).p, rtol=1e-8)


def test_ten_thousand_points() -> None:
    rng = np.random.default_rng(2)
    true = np.linspace(0, 4, 10_000)
    x, y = true + 0.05 * rng.normal(size=10_000), decay(true) + 0.05 * rng.normal(size=10_000)
    result = fit(decay, x, y, 0.05, x_sigma=0.05, p0=[1.0, 0.5, 0.0])
    assert result.success
    assert_allclose((result.p - [2.5, 1.0, 0.4]) / list(result.errors.values()), 0, atol=3.5)
    assert result.reduced_chi_squared == pytest.approx(1.0, abs=0.05)


# -- the nearest point -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        lambda x: x**2,
        lambda x: np.sqrt(1e-4 + x**2),
        lambda x: np.exp(3 * x),
        lambda x: 2 * np.sin(2 * x),
        lambda x: np.tanh(4 * x),
    ],
)
def test_the_nearest_point_of_a_curve_is_that_of_brute_force(model: Callable[[Any], Any]) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(-2, 2, 9), np.linspace(-3, 5, 9)))
    sigma, x_sigma = np.full(81, 0.7), np.full(81, 0.5)
    true = nearest_x(Model(lambda x: model(x)), x, y, sigma, x_sigma, [])

    def distances(true: Any) -> Any:
        return ((true - x) / x_sigma) ** 2 + ((model(true) - y) / sigma) ** 2

    fine = np.linspace(-8, 8, 40_001)[:, None]
    with np.errstate(over="ignore"):
        least = distances(fine).min(axis=0)
    found = distances(true)
    assert np.mean(found <= least + 1e-9) > 0.95  # a few have a second minimum nearly as low
    assert (found <= least * 1.5 + 1e-9).all()


def test_the_nearest_point_is_found_from_the_middle_between_two() -> None:
    # From (0, 5) the parabola's tip is farther than all points near it, yet the slope is zero.
    ones = np.ones(1)
    true = nearest_x(Model(lambda x: x**2), 0 * ones, 5 * ones, ones, ones, [])
    assert_allclose(np.abs(true), np.sqrt(4.5))


def test_the_nearest_point_where_a_model_is_not_defined_everywhere() -> None:
    x, y = np.array([0.01, 0.2, 1.0]), np.array([0.5, 0.1, 1.2])
    true = nearest_x(Model(np.sqrt, names=()), x, y, 0.1 * np.ones(3), 0.3 * np.ones(3), [])
    slope = (true - x) / 0.09 + (np.sqrt(true) - y) / (2 * np.sqrt(true)) / 0.01
    assert_allclose(slope, 0, atol=1e-8)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"x_sigma": np.where(X == 2.6, 0.0, 0.1)}, r"x_sigma\[3\] is 0.0, expected positive"),
        ({"x_sigma": np.where(X > 3, np.nan, 0.1)}, r"x_sigma\[4\] is nan.*\(6 of 10"),
        ({"x_sigma": -1.0}, "x_sigma is -1.0"),
        ({"x_sigma": [0.1, 0.2]}, r"x_sigma has shape \(2,\), but x \(10,\)"),
        ({"x_sigma": 0.1, "sigma": None}, "x_sigma needs sigma"),
        ({"x_sigma": 0.1, "sigma": np.eye(10)}, "x_sigma needs sigma to be the standard dev"),
        ({"x_sigma": 0.1, "method": "least-squares"}, "knows no errors in x"),
        ({"method": "effective-variance"}, "needs x_sigma"),
        ({"method": "orthogonal-distance"}, "needs x_sigma"),
    ],
)
def test_errors_in_x_that_cannot_be_meant(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(straight, X, Y, **{"sigma": SIGMA, **how})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda x, a=1.0: a * np.cumsum(x), "takes each point by itself"),
        (lambda x, a=1.0: a * x / np.max(x), "takes each point by itself"),
        (lambda x, a=1.0: a * x[:, None], r"returned shape \(10, 1\)"),
        (lambda x, a=-1.0: np.sqrt(a + x), "the model is nan at point 0"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_models_that_cannot_be_meant(model: Any, message: str, method: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(model, X, Y, SIGMA, x_sigma=0.1, method=method)


def test_x_that_is_no_array() -> None:
    with pytest.raises(ValueError, match="x_sigma needs x to be an array"):
        fit(lambda x, a=1.0: a * x["x"], {"x": X}, Y, SIGMA, x_sigma=0.1)
