"""Lengths at their corner: first derivatives are 0, second ones right or NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import checkpoint, grad, hessian, hessian_diagonal, hvp, jacobian, jvp, taylor

norm: Any = np.linalg.norm

# Each is r² = xᵀ M x for the M beside it.
LENGTHS = {
    "norm": (norm, np.eye(3)),
    "hypot": (lambda x: np.hypot(np.hypot(x[0], x[1]), x[2]), np.eye(3)),
    "abs": (lambda x: np.abs(x[0] + x[1] * 1j), np.diag([1, 1, 0])),
    "norm of complex numbers": (lambda x: norm(x * (3 + 4j)), 25 * np.eye(3)),
    "std": (np.std, (np.eye(3) - 1 / 3) / 3),
    "std with ddof": (lambda x: np.std(x, ddof=1), (np.eye(3) - 1 / 3) / 2),
    "nanstd": (np.nanstd, (np.eye(3) - 1 / 3) / 3),
    "matrix norm": (lambda x: np.linalg.matrix_norm(np.stack([x, 2 * x])), 5 * np.eye(3)),
}

# Smooth functions of r², with their derivative by it at 0.
EVEN: dict[str, tuple[Callable[[Any], Any], float]] = {
    "r**2": (lambda r: r**2, 1),
    "r**2.0": (lambda r: r**2.0, 1),
    "square": (np.square, 1),
    "r r": (lambda r: r * r, 1),
    "r**4": (lambda r: r**4, 0),
    "cos": (np.cos, -0.5),
    "cosh": (np.cosh, 0.5),
    "gaussian": (lambda r: 3 * np.exp(-0.5 * r**2), -1.5),
    "logcosh": (lambda r: np.log(np.cosh(r)), 0.5),
    "lorentzian": (lambda r: 1 / (1 + r * r), -1),
    "root": (lambda r: np.sqrt(1 + r**2), 0.5),
    "sinc": (np.sinc, -(np.pi**2) / 6),
    "masked": (lambda r: np.where(r >= 0, r, 1) ** 2, 1),
}

CORNERED: dict[str, Callable[[Any], Any]] = {
    "r": lambda r: r,
    "sin": np.sin,
    "exp": np.exp,
    "r + r²": lambda r: r + r**2,
    "2 r": lambda r: 2 * r,
}


@pytest.mark.parametrize("length", LENGTHS)
class TestAtTheCorner:
    """x = 0, where every length here is 0."""

    @pytest.mark.parametrize("function", EVEN)
    def test_the_hessian_of_an_even_function_is_right(self, length: str, function: str) -> None:
        r, M = LENGTHS[length]
        f, slope = EVEN[function]
        expected = 2 * slope * M
        x = np.zeros(3)

        def composed(x: Any) -> Any:
            return f(r(x))

        close = {"rtol": 1e-12, "atol": 1e-14}
        np.testing.assert_allclose(grad(composed)(x), np.zeros(3))
        np.testing.assert_allclose(hessian(composed)(x), expected, **close)
        np.testing.assert_allclose(hessian_diagonal(composed)(x), np.diag(expected), **close)
        np.testing.assert_allclose(jacobian(grad(composed), mode="reverse")(x), expected, **close)
        direction = np.array([0.3, -1.0, 2.0])
        np.testing.assert_allclose(hvp(composed, x, direction), expected @ direction, **close)
        np.testing.assert_allclose(
            grad(lambda x: np.sum(grad(composed)(x)))(x), expected.sum(axis=0), **close
        )

    @pytest.mark.parametrize("function", CORNERED)
    def test_the_hessian_of_another_is_nan(self, length: str, function: str) -> None:
        r, M = LENGTHS[length]
        f = CORNERED[function]
        x = np.zeros(3)
        assert not np.any(grad(lambda x: f(r(x)))(x))
        assert not jvp(lambda x: f(r(x)), x, np.ones(3))[1]
        second = hessian(lambda x: f(r(x)))(x)
        assert np.array_equal(np.isnan(np.diag(second)), M.any(axis=0))
        weights = np.array([1.0, 2.0, 4.0])
        twice = grad(lambda x: weights @ grad(lambda x: f(r(x)))(x))(x)
        assert np.array_equal(np.isnan(twice), M.any(axis=0))

    def test_a_length_that_does_not_count_has_the_hessian_0(self, length: str) -> None:
        r, _ = LENGTHS[length]

        def masked(x: Any) -> Any:
            distance = r(x)
            return np.where(distance > 0, np.exp(-distance), 0)

        assert not np.any(hessian(masked)(np.zeros(3)))
        assert not np.any(hessian(lambda x: 0 * r(x))(np.zeros(3)))

    def test_away_from_it_nothing_changes(self, length: str) -> None:
        r, M = LENGTHS[length]
        x = np.array([1.0, 2.0, -4.0])
        s = x @ M @ x
        expected = M / s**0.5 - np.outer(M @ x, M @ x) / s**1.5
        np.testing.assert_allclose(hessian(r)(x), expected, rtol=1e-10, atol=1e-14)

    def test_what_begins_forward_is_refused(self, length: str) -> None:
        r, _ = LENGTHS[length]
        for f in (lambda x: r(x) ** 2, r):
            with pytest.raises(ValueError, match=r"at its corner, 0.*walk backward"):
                grad(lambda x, f=f: jvp(f, x, np.array([1.0, 2, 3]))[1])(np.zeros(3))
            with pytest.raises(ValueError, match="no Taylor series"):
                taylor(lambda t, f=f: f(t * np.array([1.0, 2, 3])), 0.0, 3)


class TestWhatVanishesBesideALength:
    """A cotangent that is 0 at the corner, though not with the length alone, has no limit."""

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: norm(x) * x[0],
            lambda x: norm(x) * np.sin(x[0] + x[1]),
            lambda x: np.std(x) * np.mean(x),
            lambda x: norm(x) * (norm(x) + x[0]),
            lambda x: (np.std(x) + np.mean(x)) ** 2,
            lambda x: norm(x) * norm(x, 3),
            lambda x: checkpoint(norm)(x) ** 2,
            lambda x: np.cos(checkpoint(np.std)(x)),
            lambda x: x[0] * norm(x[1:]),
        ],
    )
    def test_leaves_nan(self, f: Any) -> None:
        assert np.isnan(hessian(f)(np.zeros(3))).any()
        assert np.isnan(jacobian(grad(f), mode="reverse")(np.zeros(3))).any()

    def test_but_what_vanishes_with_other_lengths_too_is_right(self) -> None:
        def r(x: Any) -> Any:
            return norm(x[:2])

        def s(x: Any) -> Any:
            return norm(x[2:])

        x, close = np.zeros(4), {"atol": 1e-14}
        np.testing.assert_allclose(
            hessian(lambda x: np.exp(-(r(x) ** 2) - s(x) ** 2))(x), -2 * np.eye(4), **close
        )
        np.testing.assert_allclose(
            hessian(lambda x: r(x) ** 2 * np.cos(s(x)))(x), np.diag([2.0, 2, 0, 0]), **close
        )
        np.testing.assert_allclose(hessian(lambda x: r(x) ** 2 * s(x) ** 2)(x), 0, **close)

        def nested(x: Any) -> Any:
            return np.hypot(np.hypot(x[0], x[1]), np.hypot(x[2], x[3])) ** 2

        np.testing.assert_allclose(hessian(nested)(x), 2 * np.eye(4), **close)

    def test_a_tangent_that_vanishes_there_is_refused(self) -> None:
        def twice(x: Any) -> Any:  # 2 r²
            return jvp(lambda y: norm(y) ** 2, x, x)[1]

        for derivative in (hessian(twice), jacobian(grad(twice), mode="reverse")):
            with pytest.raises(ValueError, match="at its corner"):
                derivative(np.zeros(2))


class TestHigherOrders:
    """What is known at a corner ends with the second derivative."""

    @pytest.mark.parametrize(
        "f",
        [norm, lambda x: norm(x) ** 4, lambda x: np.cos(norm(x)), lambda x: np.hypot(*x) ** 3],
    )
    def test_are_nan(self, f: Any) -> None:
        d = np.array([1.0, 2.0])

        def slope(f: Any) -> Any:
            return lambda x: np.sum(d * grad(f)(x))

        assert np.isnan(slope(slope(slope(f)))(np.zeros(2)))
        np.testing.assert_allclose(
            slope(slope(lambda x: norm(x) ** 2))(np.zeros(2)), 10, rtol=1e-14
        )

    def test_of_a_whole_even_order_are_right_where_an_entry_is_0(self) -> None:
        # (1 + t⁴)^¼ = 1 + t⁴ / 4 - ...
        f = lambda t: norm(np.stack([1 + 0 * t, t]), 4)  # noqa: E731
        assert taylor(f, 0.0, 5).coefficients[4] == pytest.approx(0.25, rel=1e-14)
        fourth = grad(grad(grad(grad(f))))
        assert fourth(0.0) == pytest.approx(6, rel=1e-13)


class TestMatrixNorms:
    def test_of_a_singular_value_0(self) -> None:
        assert hessian(lambda x: norm(x, 2) ** 2)(np.zeros((1, 1))).item() == pytest.approx(2)

        def smallest(t: Any) -> Any:
            return norm(np.diag([1.0, 0.0]) + t * np.ones((2, 2)), -2) ** 2

        assert hessian(smallest)(0.0) == pytest.approx(2, rel=1e-12)
        assert np.isnan(
            hessian(lambda t: norm(np.diag([1.0, 0.0]) + t * np.ones((2, 2)), "nuc"))(0.0)
        )


class TestSeveralLengths:
    """Rows of a matrix, some of which are 0."""

    def test_all_second_derivatives_of_one_are_nan(self) -> None:
        assert np.isnan(hessian(norm)(np.zeros(3))).all()
        assert np.isnan(hessian(lambda x: np.hypot(x[0], x[1]))(np.zeros(2))).all()
        assert np.isnan(hessian(np.std)(np.ones(3))).all()

    def test_each_row_has_its_own_corner(self) -> None:
        x = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])

        def f(x: Any) -> Any:
            return np.sum(np.array([1.0, 2, 3, 4]) * norm(x.reshape(4, 2), axis=1) ** 2)

        np.testing.assert_allclose(
            hessian(f)(x.ravel()), np.diag(np.repeat([2.0, 4, 6, 8], 2)), atol=1e-14
        )

    def test_plain_sum_leaves_other_rows_their_hessian(self) -> None:
        x = np.array([[0.0, 0.0], [3.0, 4.0]])
        hessian_of_sum = hessian(lambda x: np.sum(norm(x, axis=1)))(x)
        assert np.isnan(hessian_of_sum[0, :, 0]).all()
        assert not hessian_of_sum[0, :, 1].any()
        assert not hessian_of_sum[1, :, 0].any()
        u = x[1] / 5
        np.testing.assert_allclose(
            hessian_of_sum[1, :, 1], (np.eye(2) - np.outer(u, u)) / 5, atol=1e-15
        )

    def test_a_square_of_their_sum_has_corners_left(self) -> None:
        result = hessian(lambda x: np.sum(norm(x, axis=1)) ** 2)(np.zeros((2, 2)))
        assert np.isnan(result[0, 0, 0, 0])

    def test_two_lengths_of_one_vector_are_not_seen_to_be_one(self) -> None:
        result = hessian(lambda x: norm(x) * norm(x))(np.zeros(2))
        assert np.isnan(result).all()

    def test_parameters_beside_the_vector_change_nothing(self) -> None:
        def f(p: Any) -> Any:
            return p[0] * norm(p[1:]) ** 2

        np.testing.assert_allclose(
            hessian(f)(np.array([3.0, 0, 0])), np.diag([0.0, 6, 6]), atol=1e-15
        )

    def test_float32_stays(self) -> None:
        result = hessian(lambda x: np.cos(norm(x)))(np.zeros(2, np.float32))
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, -np.eye(2), atol=1e-6)

    def test_batches_of_hessians(self) -> None:
        x = np.array([[0.0, 0.0], [3.0, 4.0]])
        result = jacobian(jacobian(lambda x: norm(x, axis=1) ** 2, mode="reverse"), mode="reverse")
        expected = np.zeros((2, 2, 2, 2, 2))
        for i in range(2):
            expected[i, i, :, i, :] = 2 * np.eye(2)
        np.testing.assert_allclose(result(x), expected, atol=1e-14)


class TestOtherOrders:
    """The norm of order p of a vector."""

    def test_at_0_its_hessian_is_nan_as_that_of_its_square(self) -> None:
        for power in (1, 2):
            assert np.isnan(hessian(lambda x: norm(x, 3) ** power)(np.zeros(2))).all()  # noqa: B023
        assert not hessian(lambda x: norm(x, 3) ** 4)(np.zeros(2)).any()

    def test_below_2_it_is_nan_where_an_entry_is_0(self) -> None:
        result = hessian(lambda x: norm(x, 1.5))(np.array([1.0, 0.0, 4.0]))
        assert np.isnan(result[1, 1])
        # r = (1 + x^1.5)^(2/3) of x = 4, by the other entry: r'' = ½ x^-½ / (r (1 + x^1.5)).
        np.testing.assert_allclose(result[2, 2], 0.25 / 9 / 9 ** (1 / 3) * 9 / 9, rtol=1e-12)

    def test_above_2_it_is_0_there(self) -> None:
        result = hessian(lambda x: norm(x, 3))(np.array([1.0, 0.0, 2.0]))
        assert not result[1].any()

    def test_of_absolute_values_and_maxima_stays_0(self) -> None:
        for order in (1, np.inf):
            assert not hessian(lambda x: norm(x, order))(np.zeros(3)).any()  # noqa: B023
        for f in (np.abs, np.fabs, lambda x: np.maximum(x, 0)):
            assert not hessian(lambda x: np.sum(f(x)))(np.zeros(3)).any()  # noqa: B023

    def test_sign_of_a_complex_number_has_the_derivative_0_at_0(self) -> None:
        def f(x: Any) -> Any:
            return np.real(np.sign(x[0] + 1j * x[1]))

        assert not grad(f)(np.zeros(2)).any()
        np.testing.assert_allclose(grad(f)(np.array([3.0, 4.0])), [16 / 125, -12 / 125])
