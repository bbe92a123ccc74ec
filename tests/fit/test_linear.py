"""Lines, polynomials and linear combinations: exact to rounding, and honest about what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import curve_fit

from fit import Cholesky, Relative, fit, line, linear, polynomial
from fit.closed_form._double_double import DoubleDouble, add, multiply, total
from optim import Status

X = np.array([0.1, 0.9, 2.2, 3.0, 4.1, 5.0, 5.8, 7.1])
Y = np.array([1.2, 2.7, 5.1, 7.4, 8.9, 11.2, 12.4, 15.3])
SIGMA = np.array([0.1, 0.3, 0.2, 0.1, 0.4, 0.2, 0.3, 0.1])
COVARIANCE = np.diag(SIGMA**2) + 0.01


def straight(x: Any, slope: float = 1.0, intercept: float = 0.0) -> Any:
    return slope * x + intercept


def exact_polynomial(
    x: Sequence[float], y: Sequence[float], degree: int, sigma: Sequence[float]
) -> tuple[list[Fraction], list[Fraction]]:
    """Return the coefficients and their variances by rational arithmetic."""
    rows = [[Fraction(v) ** k for k in range(degree + 1)] for v in x]
    weights = [1 / Fraction(s) ** 2 for s in sigma]
    n = degree + 1
    tableau = [
        [sum(w * r[i] * r[j] for w, r in zip(weights, rows, strict=True)) for j in range(n)]
        + [sum(w * r[i] * Fraction(v) for w, r, v in zip(weights, rows, y, strict=True))]
        + [Fraction(i == j) for j in range(n)]
        for i in range(n)
    ]
    for i in range(n):
        tableau[i] = [v / tableau[i][i] for v in tableau[i]]
        for j in range(n):
            if j != i:
                factor = tableau[j][i]
                tableau[j] = [a - factor * b for a, b in zip(tableau[j], tableau[i], strict=True)]
    return [row[n] for row in tableau], [tableau[i][n + 1 + i] for i in range(n)]


# -- values and errors -----------------------------------------------------------------------


def test_the_line_of_the_course() -> None:
    result = line([0.4, 0.5, 0.6, 0.7, 0.8], [0.1, 0.25, 0.55, 0.75, 0.85])
    assert result.values == pytest.approx({"slope": 2.0, "intercept": -0.7}, rel=1e-14)
    assert result.chi_squared == pytest.approx(0.01, rel=1e-13)


def test_the_first_set_of_anscombe() -> None:
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    result = line(x, y)
    assert result.values == pytest.approx({"slope": 0.500091, "intercept": 3.00009}, rel=2e-6)
    assert result.errors == pytest.approx({"slope": 0.117906, "intercept": 1.12475}, rel=5e-6)
    assert result.r_squared == pytest.approx(0.666542, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 10.0, 100.0])
def test_polynomials_agree_with_rational_arithmetic(offset: float) -> None:
    rng = np.random.default_rng(1)
    x = offset + np.sort(rng.uniform(0, 10, 40))
    sigma = rng.choice([0.25, 0.5, 1.0, 2.0], 40)
    y = np.sin(x) + sigma * rng.normal(size=40)
    degree = 3 if offset == 100 else 7
    values, variances = exact_polynomial(x.tolist(), y.tolist(), degree, sigma.tolist())
    result = polynomial(x, y, degree, sigma)
    assert result.success
    assert_allclose(list(result.values.values()), np.array(values, float), rtol=1e-13)
    assert_allclose(list(result.errors.values()), np.array(variances, float) ** 0.5, rtol=1e-11)


@pytest.mark.parametrize(
    "sigma", [None, 0.2, SIGMA, COVARIANCE, Relative(0.1), Cholesky(np.linalg.cholesky(COVARIANCE))]
)
@pytest.mark.parametrize("absolute_sigma", [None, True, False])
def test_a_line_is_what_the_general_fit_finds(sigma: Any, absolute_sigma: bool | None) -> None:
    ours = line(X, Y, sigma, absolute_sigma=absolute_sigma)
    general = fit(straight, X, Y, sigma, absolute_sigma=absolute_sigma)
    assert ours.values == pytest.approx(general.values, rel=1e-9)
    assert ours.errors == pytest.approx(general.errors, rel=1e-9)
    assert_allclose(ours.covariance, general.covariance, rtol=1e-8)
    assert ours.chi_squared == pytest.approx(general.chi_squared, rel=1e-9)
    assert ours.absolute == general.absolute
    assert (ours.p_value or 0) == pytest.approx(general.p_value or 0, rel=1e-8)
    assert_allclose(ours.pulls, general.pulls, rtol=1e-6)
    assert_allclose(ours.band(X), general.band(X), rtol=1e-8)


def test_correlated_data_agree_with_scipy() -> None:
    result = line(X, Y, COVARIANCE)
    popt, pcov = curve_fit(straight, X, Y, [1, 0], COVARIANCE, absolute_sigma=True)
    assert_allclose(list(result.values.values()), popt, rtol=1e-6)
    assert_allclose(result.covariance, pcov, rtol=1e-6)


def test_errors_in_x_give_the_line_of_york() -> None:
    x = [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4]
    y = [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5]
    wx = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1])
    wy = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])
    result = line(x, y, wy**-0.5, x_sigma=wx**-0.5)
    assert result.values["intercept"] == pytest.approx(5.4799102240, abs=1e-9)
    assert result.values["slope"] == pytest.approx(-0.4805334074, abs=1e-9)
    assert result.chi_squared == pytest.approx(11.8663531941, abs=1e-9)


def test_exact_data_leave_nothing() -> None:
    result = polynomial([0, 1, 2, 3, 4], [1, 0, 3, 10, 21], degree=2)
    assert_allclose(list(result.values.values()), [1, -3, 2], rtol=1e-15)
    assert result.chi_squared < 1e-28
    assert_allclose(result.predict([5.0, 6.0]), [36, 55], rtol=1e-14)


def test_covariances_from_the_hessian_are_the_same() -> None:
    result = linear({"a": np.sin, "b": lambda x: 1.0}, X, Y, SIGMA)
    assert_allclose(result.hessian_covariance, result.covariance, rtol=1e-10)


def test_points_with_nan_are_left_out_on_request() -> None:
    y = np.append(Y, np.nan)
    x = np.append(X, 8.0)
    with pytest.raises(ValueError, match=r"y\[8\] is nan"):
        line(x, y)
    assert line(x, y, nan_policy="omit").values == line(X, Y).values


def test_a_hundred_thousand_points_in_parts() -> None:
    x = np.linspace(0, 1, 100_001)
    noise = np.where(np.arange(x.size) % 2, 1.0, -1.0)
    result = line(x, 3 * x - 1 + noise)
    assert result.values == pytest.approx({"slope": 3, "intercept": -1}, abs=1e-4)
    assert result.reduced_chi_squared == pytest.approx(1, rel=1e-4)
    assert result.errors["slope"] == pytest.approx((12 / x.size) ** 0.5, rel=1e-4)


# -- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "names"),
    [
        ({"a": np.sin, "offset": lambda x: 1.0}, ("a", "offset")),
        ([np.sin, np.cos], ("sin", "cos")),
        ([np.sin, lambda x: 1.0], ("c0", "c1")),
        ([lambda x: x, lambda x: 1.0], ("c0", "c1")),
    ],
)
def test_parameters_are_named_as_the_functions(basis: Any, names: tuple[str, ...]) -> None:
    assert linear(basis, X, Y).names == names


def test_several_variables_are_rows_of_x() -> None:
    x = np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 5.0, 2.0, 2.0]])
    y = 2 * x[0] - 3 * x[1] + 7
    result = linear({"a": lambda x: x[0], "b": lambda x: x[1], "c": lambda x: 1.0}, x, y)
    assert result.values == pytest.approx({"a": 2, "b": -3, "c": 7}, rel=1e-13)
    assert_allclose(result.predict(x), y, rtol=1e-13)


# -- what the data leave open ----------------------------------------------------------------


def test_parameters_that_depend_on_one_another_are_named() -> None:
    basis = {"a": lambda x: x, "b": lambda x: 2 * x, "c": lambda x: np.ones_like(x)}
    result = linear(basis, X, Y, SIGMA)
    assert not result.success
    assert result.status is Status.SINGULAR
    assert "rank 2 of 3" in result.message
    assert "(a: 1, b: -0.5)" in result.message
    assert result.errors["a"] == result.errors["b"] == np.inf
    reference = line(X, Y, SIGMA)
    assert result.errors["c"] == pytest.approx(reference.errors["intercept"], rel=1e-12)
    assert result.values["c"] == pytest.approx(reference.values["intercept"], rel=1e-12)
    slope, error = result.propagate(lambda a, b: a + 2 * b)
    assert slope == pytest.approx(reference.values["slope"], rel=1e-12)
    assert error == pytest.approx(reference.errors["slope"], rel=1e-12)


def test_one_x_determines_the_height_there_only() -> None:
    result = line([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], 0.3)
    assert not result.success
    assert all(np.isinf(list(result.errors.values())))
    height, error = result.propagate(lambda slope, intercept: 2 * slope + intercept)
    assert height == pytest.approx(2)
    assert error == pytest.approx(0.3 / 3**0.5)


def test_a_function_that_is_zero_leaves_its_parameter_open() -> None:
    result = linear({"a": lambda x: x, "nothing": lambda x: 0.0}, X, Y)
    assert not result.success
    assert "(nothing: 1)" in result.message
    assert np.isfinite(result.errors["a"])
    assert result.errors["nothing"] == np.inf


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: line([1.0, 2.0], [1.0, 2.0, 3.0]), r"x has shape \(2,\), but y 3 points"),
        (lambda: line(1.0, [1.0, 2.0, 3.0]), r"x has shape \(\), but y 3 points"),
        (lambda: line([1.0, np.inf, 3.0], [1.0, 2.0, 3.0]), r"x\[1\] is inf"),
        (lambda: line([[1.0, 2.0]] * 2, [1.0, 2.0]), r"slope .* shape \(2, 2\), but y has 2"),
        (lambda: line(X, Y, 0 * SIGMA), r"sigma\[0\] is 0"),
        (lambda: line(X, Y, nan_policy="drop"), "nan_policy"),
        (lambda: line([1.0], [1.0]), r"1 point: too few to fit 2 parameters \(slope, intercept\)"),
        (lambda: polynomial(X, Y, 8), "8 points: too few to fit 9"),
        (lambda: polynomial(X, Y, -1), "degree"),
        (lambda: polynomial(X, Y, 1.5), "degree"),  # type: ignore[arg-type]
        (lambda: polynomial(1e200 * X, Y, 2), "x are too large: c2"),
        (lambda: linear([], X, Y), "basis"),
        (lambda: linear(np.sin, X, Y), "basis"),  # type: ignore[arg-type]
        (lambda: linear({"a": lambda x: x[:3]}, X, Y), r"a .* shape \(3,\), but y has 8"),
        (lambda: linear({"a": lambda x: x / x[0] * np.nan}, X, Y), r"function a\[0\] is nan"),
        (lambda: linear({"a": lambda x: x + 0j}, X, Y), "function a has dtype complex128"),
    ],
)
def test_what_cannot_be_meant_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# -- 32 digits -------------------------------------------------------------------------------


def exactly(a: DoubleDouble) -> list[Fraction]:
    return [Fraction(h) + Fraction(e) for h, e in zip(a.high.tolist(), a.low.tolist(), strict=True)]


def numbers_of_32_digits(seed: int) -> DoubleDouble:
    rng = np.random.default_rng(seed)
    high = rng.normal(size=1001) * 10.0 ** rng.integers(-8, 8, 1001)
    return DoubleDouble(high, high * rng.uniform(-0.5, 0.5, 1001) * 2.0**-53)


def test_products_have_30_digits() -> None:
    a, b = numbers_of_32_digits(1), numbers_of_32_digits(2)
    for product, p, q in zip(exactly(multiply(a, b)), exactly(a), exactly(b), strict=True):
        assert abs(product - p * q) <= 1e-30 * abs(p * q)


def test_sums_have_30_digits() -> None:
    a, b = numbers_of_32_digits(1), numbers_of_32_digits(2)
    for s, p, q in zip(exactly(add(a, b)), exactly(a), exactly(b), strict=True):
        assert abs(s - (p + q)) <= 1e-30 * (abs(p) + abs(q))
    s = total(a, 0)
    error = Fraction(float(s.high)) + Fraction(float(s.low)) - sum(exactly(a))
    assert abs(error) <= 1e-29 * sum(map(abs, exactly(a)))


@pytest.mark.parametrize("basis", [None, [], [3], {"a": 3}, np.sin])
def test_a_basis_is_made_of_functions(basis: Any) -> None:
    with pytest.raises(ValueError, match="expected a dict or a sequence of functions as basis"):
        linear(basis, [1.0, 2.0], [1.0, 2.0])
