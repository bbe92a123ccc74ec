"""χ² as a function of the parameters, its derivatives, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from autodiff import check_grads, grad, hessian
from fit import chi_squared
from optim import gradient_descent

X = np.array([0.4, 0.5, 0.6, 0.7, 0.8])
Y = np.array([0.1, 0.25, 0.55, 0.75, 0.85])
COVARIANCE = 0.01 * (np.eye(5) + 0.5 * np.eye(5, k=1) + 0.5 * np.eye(5, k=-1))


def line(x: Any, m: Any, c: Any) -> Any:
    return m * x + c


def decay(x: Any, a: Any, b: Any) -> Any:
    return a * np.exp(-b * x)


def test_the_best_line_through_the_points_of_the_course() -> None:
    f = chi_squared(line, X, Y)
    assert f([2.0, -0.7]) == pytest.approx(0.01)
    assert_allclose(grad(f)([2.0, -0.7]), 0, atol=1e-14)


def test_sigma_divides_the_residuals() -> None:
    sigma = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    assert chi_squared(line, X, Y, sigma)([1.0, 0.0]) == pytest.approx(
        0.3**2 / 0.01 + 0.25**2 / 0.04 + 0.05**2 / 0.09 + 0.05**2 / 0.16 + 0.05**2 / 0.25
    )


def test_one_sigma_holds_for_all() -> None:
    assert chi_squared(line, X, Y, 0.1)([1.0, 0.0]) == pytest.approx(
        100 * chi_squared(line, X, Y)([1.0, 0.0])
    )


def test_a_covariance_gives_the_exponent_of_the_normal_distribution() -> None:
    normal = scipy.stats.multivariate_normal(Y, COVARIANCE)
    p = np.array([1.3, -0.2])
    log_ratio = normal.logpdf(line(X, *p)) - normal.logpdf(Y)
    assert chi_squared(line, X, Y, COVARIANCE)(p) == pytest.approx(-2 * log_ratio)


@pytest.mark.parametrize("sigma", [None, 0.1, np.linspace(0.1, 0.5, 5), COVARIANCE])
def test_it_can_be_differentiated_twice(sigma: Any) -> None:
    check_grads(chi_squared(decay, X, Y, sigma), np.array([0.3, -1.0]))


def test_the_hessian_of_a_line_is_twice_the_normal_matrix() -> None:
    design = np.column_stack([X, np.ones(5)])
    assert_allclose(hessian(chi_squared(line, X, Y))([0.0, 0.0]), 2 * design.T @ design)


def test_gradient_descent_takes_it_as_it_is() -> None:
    result = gradient_descent(chi_squared(line, X, Y), [0.0, 0.0], step=0.14, maxiter=1000)
    assert_allclose(result.x, [2.0, -0.7], rtol=1e-6)


def test_the_model_sees_any_object_as_x() -> None:
    columns = {"u": X, "v": X**2}
    f = chi_squared(lambda x, a, b: a * x["u"] + b * x["v"], columns, Y)
    assert f([0.0, 0.0]) == pytest.approx(np.sum(Y**2))


def test_the_model_may_return_a_list_or_one_number() -> None:
    in_a_list = chi_squared(lambda x, m, c: [m * v + c for v in x], X, Y)
    assert_allclose(grad(in_a_list)([1.0, 0.0]), grad(chi_squared(line, X, Y))([1.0, 0.0]))
    assert chi_squared(lambda x, c: c, X, Y)([0.5]) == pytest.approx(np.sum((Y - 0.5) ** 2))


@pytest.mark.parametrize(
    ("x", "y", "sigma", "message"),
    [
        ([], [], None, "y is empty"),
        (X, [0.1, 0.2, np.nan, 0.3, np.nan], None, r"y\[2\] is nan.* \(2 of 5"),
        ([0.0, 1.0, 2.0, np.inf, 4.0], Y, None, r"x\[3\] is inf"),
        ([[0.0, 1.0], [2.0, np.nan]], [1.0, 2.0], None, r"x\[1, 1\] is nan"),
        (X, Y.reshape(5, 1), None, r"y has shape \(5, 1\)"),
        (X, Y * 1j, None, "y has dtype complex128"),
        (X, list("abcde"), None, "y has dtype <U1"),
        (X, np.ma.masked_less(Y, 0.2), None, "y has masked entries"),
        (X, Y, [1, 1, 1, 0, -1], r"sigma\[3\] is 0.0.* positive"),
        (X, Y, -1.0, "sigma is -1.0"),
        (X, Y, [1, np.nan, 1, 1, 1], r"sigma\[1\] is nan"),
        (X, Y, [1, -np.inf, 1, 1, 1], r"sigma\[1\] is -inf"),
        (X, Y, np.inf, "sigma is infinite for all points"),
        (X, Y, np.diag([np.inf] * 5), "sigma is infinite for all points"),
        (X, Y, np.where(COVARIANCE[0, 1] == COVARIANCE, np.inf, COVARIANCE), r"sigma\[0, 1\]"),
        (X, Y, [1, 2], r"sigma has shape \(2,\), but y 5 points"),
        (X, Y, -COVARIANCE, "must be positive definite.*eigenvalue is -0.0187"),
        (X, Y, np.triu(COVARIANCE), r"sigma\[0, 1\] is 0.005, expected a symmetric"),
    ],
)
def test_bad_data_are_refused_by_name_and_index(x: Any, y: Any, sigma: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chi_squared(line, x, y, sigma)


def test_a_model_of_another_shape_is_refused() -> None:
    f = chi_squared(lambda x, m: m * x[:, None], X, Y)  # NumPy would broadcast it to 5 × 5
    with pytest.raises(ValueError, match=r"y has shape \(5,\).*returned shape \(5, 1\)"):
        f([1.0])


def test_data_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"y has shape \(4,\), but for x of shape \(5,\)"):
        chi_squared(line, X, Y[:4])([1.0, 0.0])


def test_the_data_may_change_afterwards() -> None:
    y = Y.copy()
    f = chi_squared(line, X, y)
    y[:] = 0
    assert f([2.0, -0.7]) == pytest.approx(0.01)
