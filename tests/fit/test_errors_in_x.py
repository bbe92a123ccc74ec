"""Errors in x as well: York's line, ODRPACK's numbers, brute force, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from autodiff import check_grads
from fit import fit, line
from fit.models._model import Model
from fit.problem._errors_in_x import offsets_by_bending, orthogonal_distance
from tests.fit.test_nearest_point import CURVES, least_distances, measured

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


# -- exact points ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_errors_in_x_of_zero_are_none(method: str) -> None:
    plain = fit(decay, *CASES["decay"][1:4])
    result = fit(decay, *CASES["decay"][1:4], x_sigma=0.0, method=method)
    assert_allclose(result.p, plain.p, rtol=1e-9)
    assert_allclose(result.covariance, plain.covariance, rtol=1e-8)
    assert result.chi_squared == pytest.approx(plain.chi_squared, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_some_points_of_a_line_may_be_exact(method: str) -> None:
    x_sigma = np.where(np.arange(10) % 3 == 0, 0.0, X_SIGMA)
    assert X[0] == x_sigma[0] == 0
    oracle = scipy.optimize.least_squares(
        lambda p: (p[0] * X + p[1] - Y) / np.sqrt(SIGMA**2 + (p[0] * x_sigma) ** 2),
        [-1.0, 5.0],
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    result = fit(straight, X, Y, SIGMA, x_sigma=x_sigma, method=method)
    assert result.success
    assert_allclose(result.p, oracle.x, rtol=1e-7)
    assert result.chi_squared == pytest.approx(2 * oracle.cost, rel=1e-12)
    assert result.dof == 8


@pytest.mark.parametrize("method", METHODS)
def test_an_exact_point_may_lie_where_the_slope_is_infinite(method: str) -> None:
    x, y = np.array([0.0, 0.5, 1.0, 2.0, 3.0]), np.array([0.02, 1.4, 2.02, 2.9, 3.4])
    x_sigma = np.where(x == 0, 0.0, 0.1)

    def root(x: Any, a: Any = 1.5) -> Any:
        return a * np.sqrt(x)

    whole = fit(root, x, y, 0.05, x_sigma=x_sigma, method=method)
    rest = fit(root, x[1:], y[1:], 0.05, x_sigma=x_sigma[1:], method=method)
    assert whole.success
    assert_allclose(whole.p, rest.p, rtol=1e-9)
    assert whole.chi_squared == pytest.approx(rest.chi_squared + (0.02 / 0.05) ** 2, rel=1e-9)


def all_at_once(model: Any, x: Any, y: Any, sigma: Any, x_sigma: Any, p: Any, u: Any) -> Any:
    """Return parameters and χ² by SciPy, which finds the true x among the unknowns."""

    def residuals(unknowns: Any) -> Any:
        u = unknowns[len(p) :].reshape(x.shape)
        return np.append((model(x + x_sigma * u, *unknowns[: len(p)]) - y) / sigma, u)

    found = scipy.optimize.least_squares(
        residuals, np.append(p, u), xtol=1e-12, ftol=1e-12, gtol=1e-12, method="lm"
    )
    return found.x[: len(p)], 2 * found.cost


@pytest.mark.parametrize("name", ["wave", "surface"])
def test_some_points_of_a_curve_may_be_exact(name: str) -> None:
    model, x, y, sigma, x_sigma = CASES[name]
    x_sigma = np.where(np.arange(x.size).reshape(x.shape) % 3 == 1, 0.0, x_sigma)
    p, chi_squared = all_at_once(model, x, y, sigma, x_sigma, ODRPACK[name][0], 0 * x)
    result = fit(model, x, y, sigma, x_sigma=x_sigma)
    assert result.success
    assert_allclose(result.p, p, rtol=1e-6)
    assert result.chi_squared == pytest.approx(chi_squared, rel=1e-10)


# -- many valleys ----------------------------------------------------------------------------


def test_a_sine_whose_points_are_moved_by_a_third_of_a_radian() -> None:
    rng = np.random.default_rng(3)
    true = np.linspace(0, 8, 50)
    x = true + 0.1 * rng.normal(size=50)
    y = 10 * np.sin(2 * true + 0.3) + 0.3 * rng.normal(size=50)
    # By ODRPACK, from the truth.
    values, errors = [10.03730701, 1.98989934, 0.32224561], [0.12871709, 0.01280808, 0.06040256]
    for start in ([10.0, 2.0, 0.3], [8.0, 1.9, 0.6], [14.0, 2.1, 0.0]):
        result = fit(wave, x, y, 0.3, x_sigma=0.1, p0=start)
        assert result.success
        assert result.chi_squared == pytest.approx(58.380305312703, rel=1e-11)
        assert_allclose(result.p, values, rtol=1e-7)
        assert_allclose(list(result.errors.values()), errors, rtol=1e-4)


@pytest.mark.parametrize("name", ["cubic", "peak", "resonance", "step"])
def test_the_same_minimum_is_found_from_various_starts(name: str) -> None:
    model, p, _ = CURVES[name]
    x, y, sigma, x_sigma = measured(name, 0, 60)
    found = fit(model, x, y, sigma, x_sigma=x_sigma, p0=p)
    assert found.success
    _, u = least_distances(lambda x: model(x, *found.p), x, y, sigma, x_sigma)
    _, chi_squared = all_at_once(model, x, y, sigma, x_sigma, found.p * (1 + 1e-4), u)
    assert found.chi_squared == pytest.approx(chi_squared, rel=1e-8)
    for factors in ([1.1, 0.9, 1.05], [0.9, 1.05, 0.95]):
        result = fit(model, x, y, sigma, x_sigma=x_sigma, p0=np.array(p) * factors)
        assert result.success
        assert result.chi_squared == pytest.approx(chi_squared, rel=1e-8)


def test_where_points_lie_between_two_fringes_the_minima_hardly_differ() -> None:
    model, p, _ = CURVES["slits"]
    x, y, sigma, x_sigma = measured("slits", 0, 60)
    least, _ = least_distances(lambda x: model(x, *p), x, y, sigma, x_sigma)
    for factors in ([1.0, 1.0, 1.0], [1.1, 0.9, 1.05], [0.9, 1.05, 0.95]):
        result = fit(model, x, y, sigma, x_sigma=x_sigma, p0=np.array(p) * factors)
        assert result.success
        assert result.chi_squared < np.sum(least)
        assert result.chi_squared == pytest.approx(39.73, abs=0.05)


# -- bends -----------------------------------------------------------------------------------


def pulls(model: Any, p: Any, reach: Any, n: int, errors: Any, method: str, sets: int) -> Any:
    """Return by how many of their errors the parameters of simulated data are off."""
    sigma, x_sigma = errors
    off = []
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        true = np.linspace(*reach, n)
        x, y = true + x_sigma * rng.normal(size=n), model(true, *p) + sigma * rng.normal(size=n)
        result = fit(model, x, y, sigma, x_sigma=x_sigma, p0=p, method=method)
        off.append((result.p - p) / np.sqrt(np.diag(result.covariance)))
    return np.array(off)


def test_lines_are_right_in_the_mean_and_so_are_their_errors() -> None:
    # With ln σ in χ², or with variances that are held, the means would be 0.6 and more.
    off = pulls(straight, [2.0, 1.0], (0, 3), 20, (0.2, 0.2), "effective-variance", 200)
    assert_allclose(np.mean(off, axis=0), 0, atol=0.2)
    assert_allclose(np.std(off, axis=0), 1, atol=0.15)
    assert_allclose(np.mean(np.abs(off) < 1, axis=0), 0.683, atol=0.1)


def test_crests_come_out_as_much_too_high_as_is_said() -> None:
    p = [3.0, 1.0, 0.1]
    mean = np.mean(pulls(wave, p, (0, 6), 20, (0.15, 0.2), METHODS[0], 60), axis=0)
    x = np.linspace(0, 6, 20)
    for method in METHODS:
        result = fit(wave, x, wave(x, *p), 0.15, x_sigma=0.2, p0=p, method=method)
        said = [warning for warning in result.warnings if "bends within" in warning]
        assert len(said) == 1
        share = float(re.findall(r"that shifts a by some ([\d.]+) of its error", said[0])[0])
        assert mean[0] == pytest.approx(share, abs=0.2)
        assert mean[0] > 0.3


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_said_where_a_model_is_straight_within_the_errors(method: str) -> None:
    for model, x, y, sigma, x_sigma in (
        (straight, X, Y, SIGMA, X_SIGMA),
        (*CASES["decay"][:4], 0.02),
    ):
        result = fit(model, x, y, sigma, x_sigma=x_sigma, method=method)
        assert not any("bends" in warning for warning in result.warnings)


@pytest.mark.parametrize(("variables", "offset"), [(1, -1 / 20), (2, -1 / 10)])
def test_errors_move_points_off_a_sphere_by_its_curvature(variables: int, offset: float) -> None:
    sphere = Model(lambda x: np.sqrt(100 - np.sum(np.reshape(x, (variables, -1)) ** 2, axis=0)))
    x = np.random.default_rng(0).uniform(-5, 5, (variables, 7))
    x = x[0] if variables == 1 else x
    found = offsets_by_bending(sphere, x, np.zeros(7), np.ones(7), np.ones(x.shape), [])
    assert_allclose(found, offset, rtol=1e-12)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"x_sigma": np.where(X == 2.6, -0.1, 0.1)}, r"x_sigma\[3\] is -0.1, .* 0 where exact"),
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
