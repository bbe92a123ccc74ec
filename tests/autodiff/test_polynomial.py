"""Taylor polynomials and approximations: the course's series, and what can be done with them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import factorial, hypot, pi, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import (
    TaylorPolynomial,
    Tensor,
    grad,
    linear_approximation,
    no_grad,
    quadratic_approximation,
    taylor,
)


def close(actual: Any, expected: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-14)


class TestTheCourse:
    @pytest.mark.parametrize(
        ("f", "x0", "coefficients"),
        [
            (lambda x: np.exp(x**2), 0, [1, 0, 1, 0, 1 / 2]),
            (lambda x: 1 / x, 4, [1 / 4, -1 / 16, 1 / 64]),
            (lambda x: 1 / (1 - x) ** 2, 0, range(1, 12)),
            (lambda x: np.sqrt(4 - x), 0, [2, -1 / 4, -1 / 64]),
            (lambda x: 2 / (x**2 - x), 0.5, [-8, 0, -32, 0]),
            (lambda x: x * np.sin(x), 0, [0, 0, 1, 0, -1 / 6, 0, 1 / 120]),
            (
                lambda x: np.exp(-2 * x),
                2,
                [np.exp(-4) * (-2) ** k / factorial(k) for k in range(8)],
            ),
        ],
    )
    def test_series(self, f: Callable[..., Any], x0: float, coefficients: Any) -> None:
        close(taylor(f, x0, len(coefficients) - 1).coefficients, list(coefficients))

    def test_the_second_order_of_the_logarithm_at_10_changes_its_value_at_2(self) -> None:
        first, second = taylor(np.log, 10, 1), taylor(np.log, 10, 2)
        assert abs(second(2) - first(2)) == pytest.approx(0.32, rel=1e-12)

    def test_a_series_fails_beyond_the_distance_to_complex_poles(self) -> None:
        def f(x: Any) -> Any:
            return 1 / (1 + x**2)

        assert taylor(f, 2, 10).radius() == pytest.approx(sqrt(5), rel=1e-6)
        inside, outside = 2 - 0.9 * sqrt(5), 2 - 1.1 * sqrt(5)
        errors = {n: abs(taylor(f, 2, n)([inside, outside]) - f(0)) for n in (10, 80)}
        assert abs(taylor(f, 2, 80)(inside) - f(inside)) < 1e-3
        assert errors[80][1] > 100 * errors[10][1]

    @pytest.mark.parametrize(
        ("f", "derivatives"),
        [
            (  # (x³ + 2y²) exp(-x² - y²): with p = x³ + 2y², fx = (3x² - 2xp)e, ...
                lambda v: (v[0] ** 3 + 2 * v[1] ** 2) * np.exp(-(v[0] ** 2) - v[1] ** 2),
                lambda x, y, p, e: (
                    p * e,
                    [(3 * x**2 - 2 * x * p) * e, (4 * y - 2 * y * p) * e],
                    [
                        [
                            (6 * x - 2 * p - 12 * x**3 + 4 * x**2 * p) * e,
                            (-8 * x * y - 6 * x**2 * y + 4 * x * y * p) * e,
                        ],
                        [
                            (-8 * x * y - 6 * x**2 * y + 4 * x * y * p) * e,
                            (4 - 2 * p - 16 * y**2 + 4 * y**2 * p) * e,
                        ],
                    ],
                ),
            ),
            (
                lambda v: v[0] * np.exp(-(v[0] ** 2) + v[1] / 4),
                lambda x, y, p, e: (
                    x * np.exp(-(x**2) + y / 4),
                    np.array([1 - 2 * x**2, x / 4]) * np.exp(-(x**2) + y / 4),
                    np.array(
                        [
                            [4 * x**3 - 6 * x, (1 - 2 * x**2) / 4],
                            [(1 - 2 * x**2) / 4, x / 16],
                        ]
                    )
                    * np.exp(-(x**2) + y / 4),
                ),
            ),
            (
                lambda v: np.cos(v[0] - v[1] ** 2) - v[0] ** 2,
                lambda x, y, p, e: (
                    np.cos(x - y**2) - x**2,
                    [-np.sin(x - y**2) - 2 * x, 2 * y * np.sin(x - y**2)],
                    [
                        [-np.cos(x - y**2) - 2, 2 * y * np.cos(x - y**2)],
                        [
                            2 * y * np.cos(x - y**2),
                            2 * np.sin(x - y**2) - 4 * y**2 * np.cos(x - y**2),
                        ],
                    ],
                ),
            ),
            (
                lambda v: v[0] ** 2 - v[0] * v[1] + np.sin(v[1]),
                lambda x, y, p, e: (
                    x**2 - x * y + np.sin(y),
                    [2 * x - y, -x + np.cos(y)],
                    [[2, -1], [-1, -np.sin(y)]],
                ),
            ),
        ],
        ids=["(x³+2y²)exp(-x²-y²)", "x·exp(-x²+y/4)", "cos(x-y²)-x²", "x²-xy+sin y"],
    )
    @pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.7, -0.4)])
    def test_two_variables_to_first_and_second_order(
        self, f: Callable[..., Any], derivatives: Callable[..., Any], x: float, y: float
    ) -> None:
        p = x**3 + 2 * y**2
        value, gradient, hessian = derivatives(x, y, p, np.exp(-(x**2) - y**2))
        linear, quadratic = linear_approximation(f, [x, y]), quadratic_approximation(f, [x, y])
        for approximation in (linear, quadratic):
            close(approximation.value, value)
            close(approximation.gradient, gradient)
        close(quadratic.hessian, hessian)
        h = np.array([0.3, -0.2])
        close(linear([x + 0.3, y - 0.2]), value + np.dot(gradient, h))
        close(quadratic([x + 0.3, y - 0.2]), value + np.dot(gradient, h) + h @ hessian @ h / 2)
        along = taylor(f, [x, y], 2, direction=h).coefficients
        close(along, [value, np.dot(gradient, h), h @ hessian @ h / 2])


class TestHighOrders:
    @pytest.mark.parametrize(
        ("f", "coefficient"),
        [
            (np.exp, lambda k: 1 / factorial(k)),
            (np.log1p, lambda k: (-1) ** (k + 1) / k if k else 0),
            (lambda x: 1 / (1 - x), lambda k: 1),
            (np.cos, lambda k: (1, 0, -1, 0)[k % 4] / factorial(k)),
            (np.arctan, lambda k: (0, 1, 0, -1)[k % 4] / max(k, 1)),
            (lambda x: x / (1 - x - x**2), lambda k: round(((1 + 5**0.5) / 2) ** k / 5**0.5)),
        ],
    )
    def test_order_60(self, f: Callable[..., Any], coefficient: Callable[[int], float]) -> None:
        expected = [coefficient(k) for k in range(61)]
        np.testing.assert_allclose(taylor(f, 0, 60).coefficients, expected, rtol=1e-11, atol=1e-90)

    def test_a_bessel_function_at_0(self) -> None:
        expected = [
            0 if k % 2 else (-1 / 4) ** (k // 2) / factorial(k // 2) ** 2 for k in range(25)
        ]
        actual = taylor(special.j0, 0.0, 24).coefficients
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-22)

    def test_a_bessel_function_elsewhere(self) -> None:
        actual = taylor(lambda x: special.jv(3, x), 1.5, 12).coefficients
        exact = [special.jvp(3, 1.5, k) / factorial(k) for k in range(13)]
        np.testing.assert_allclose(actual, exact, rtol=1e-9, atol=1e-16)

    def test_a_bessel_function_without_exponential_cost(self) -> None:
        # Its derivative is half a difference of its two neighbours: 2^k terms at order k.
        p = taylor(lambda x: special.jv(3, x), 1.5, 40)
        close(p(2.5), special.jv(3, 2.5))

    def test_a_composition_against_a_circle_in_the_complex_plane(self) -> None:
        # Cauchy's integral by equal steps on a circle that holds no singularity.
        def f(x: Any) -> Any:
            return np.tanh(np.exp(np.sin(x)))

        circle = 0.8 * np.exp(2j * pi * np.arange(256) / 256)
        cauchy = np.fft.fft(f(0.3 + circle)).real / 256 / 0.8 ** np.arange(256)
        np.testing.assert_allclose(taylor(f, 0.3, 20).coefficients, cauchy[:21], atol=1e-12)


class TestWhatIsExpanded:
    def test_each_entry_of_an_array_has_its_own_series(self) -> None:
        x0 = np.array([[0.0, 1.0], [2.0, 3.0]])
        p = taylor(lambda x: np.exp(x) + x**2, x0, 6)
        assert p.coefficients.shape == (7, 2, 2)
        for i in np.ndindex(2, 2):
            close(
                p.coefficients[:, *i],
                taylor(lambda x: np.exp(x) + x**2, x0[i], 6).coefficients,
            )

    def test_a_polynomial_of_a_number_takes_arrays_of_points(self) -> None:
        x = np.linspace(-0.1, 0.1, 7).reshape(7, 1)
        close(taylor(np.exp, 0, 12)(x), np.exp(x))

    def test_a_curve(self) -> None:
        p = taylor(lambda t: np.stack([np.cos(t), np.sin(t)]), 0, 3)
        assert p.coefficients.tolist() == [[1, 0], [0, 1], [-0.5, 0], [0, -1 / 6]]
        assert p(np.linspace(0, 1, 5)[:, None]).shape == (5, 2)

    def test_along_a_direction_the_variable_is_t(self) -> None:
        x0, direction = np.array([0.2, 0.4]), np.array([2.0, -1.0])

        def f(v: Any) -> Any:
            return np.exp(v[0]) * np.sin(v[1])

        p = taylor(f, x0, 15, direction)
        close(p(0.3), f(x0 + 0.3 * direction))
        close(p.derivative()(0.3), grad(f)(x0 + 0.3 * direction) @ direction, rtol=1e-11)

    def test_order_0_is_the_value(self) -> None:
        p = taylor(np.exp, 1, 0)
        assert p.order == 0
        close(p([1, 2]), [np.e, np.e])

    def test_a_function_that_ignores_its_argument(self) -> None:
        assert taylor(lambda x: 3.0, 1.0, 2).coefficients.tolist() == [3, 0, 0]

    def test_float32_stays_float32(self) -> None:
        assert taylor(np.sin, np.float32(1), 4).coefficients.dtype == np.float32

    def test_a_complex_point(self) -> None:
        p = taylor(np.exp, 1j, 20)
        close(p(1 + 1j), np.exp(1 + 1j))

    def test_it_is_differentiable_where_it_is_evaluated(self) -> None:
        p = taylor(np.sin, 0.3, 9)
        close(grad(p)(0.5), p.derivative()(0.5))

    def test_the_point_is_kept_whatever_becomes_of_the_array(self) -> None:
        x0 = np.array([1.0, 2.0])
        p = taylor(np.exp, x0, 3)
        x0[:] = 0
        close(p([1.0, 2.0]), np.exp([1.0, 2.0]))

    def test_under_no_grad_a_tensor_is_a_constant(self) -> None:
        a = Tensor(2.0)
        with no_grad():
            p = taylor(lambda x: a * x**2, Tensor(1.0), 2)
        assert p.coefficients.tolist() == [2, 4, 2]


class TestArithmetic:
    def f(self, x: Any) -> Any:
        return np.exp(np.sin(x))

    def g(self, x: Any) -> Any:
        return 1 / (2 + x**2)

    @pytest.mark.parametrize("combine", [operator.add, operator.sub, operator.mul])
    def test_is_that_of_the_functions(self, combine: Callable[..., Any]) -> None:
        actual = combine(taylor(self.f, 0.5, 12), taylor(self.g, 0.5, 12))
        expected = taylor(lambda x: combine(self.f(x), self.g(x)), 0.5, 12)
        close(actual.coefficients, expected.coefficients, rtol=1e-10)
        close(actual.next_coefficient, expected.next_coefficient, rtol=1e-10)

    @pytest.mark.parametrize("number", [3, 2.5, np.float64(-1.5)])
    @pytest.mark.parametrize("combine", [operator.add, operator.sub, operator.mul])
    def test_with_numbers_on_either_side(self, combine: Callable[..., Any], number: Any) -> None:
        p = taylor(self.f, 0.5, 6)
        right, left = combine(p, number), combine(number, p)
        assert isinstance(left, TaylorPolynomial)
        close(
            right.coefficients,
            taylor(lambda x: combine(self.f(x), number), 0.5, 6).coefficients,
        )
        close(
            left.coefficients,
            taylor(lambda x: combine(number, self.f(x)), 0.5, 6).coefficients,
        )

    def test_the_lower_order_counts(self) -> None:
        p = taylor(self.f, 0.5, 4) * taylor(self.g, 0.5, 9)
        expected = taylor(lambda x: self.f(x) * self.g(x), 0.5, 4)
        assert p.order == 4
        close(p.next_coefficient, expected.next_coefficient, rtol=1e-10)

    def test_of_arrays_and_directions(self) -> None:
        x0, d = np.array([0.1, 0.2]), np.array([1.0, 2.0])
        square = taylor(self.f, x0, 5) * taylor(self.f, x0, 5)
        close(square.coefficients, taylor(lambda x: self.f(x) ** 2, x0, 5).coefficients)
        p = taylor(np.prod, x0, 4, d) + taylor(np.sum, x0, 4, d)
        both = taylor(lambda x: np.prod(x) + np.sum(x), x0, 4, d)
        close(p.coefficients, both.coefficients)

    def test_derivative(self) -> None:
        p = taylor(np.tan, 0.4, 10).derivative()
        expected = taylor(lambda x: 1 + np.tan(x) ** 2, 0.4, 9)
        assert p.order == 9
        close(p.coefficients, expected.coefficients, rtol=1e-11)
        close(p.next_coefficient, expected.next_coefficient, rtol=1e-11)

    def test_remainder_is_the_next_term(self) -> None:
        p = taylor(np.exp, 1.0, 4)
        close(p.remainder(1.2), np.e * 0.2**5 / 120)
        assert 0.9 < p.remainder(1.01) / (np.exp(1.01) - p(1.01)) < 1.1

    @pytest.mark.parametrize(
        "other",
        [
            lambda: taylor(np.exp, 1.0, 3),
            lambda: taylor(np.exp, 0.0, 3, 1.0),
        ],
    )
    def test_about_different_points_is_refused(self, other: Callable[[], Any]) -> None:
        with pytest.raises(ValueError, match=r"not about the same point: x0 = 0\.0, but x0 = "):
            taylor(np.exp, 0.0, 3) + other()

    def test_with_anything_else_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"unsupported operand .* 'TaylorPolynomial' and 'str'"):
            taylor(np.exp, 0.0, 3) + "x"


class TestRadius:
    @pytest.mark.parametrize(
        ("f", "x0", "order", "radius"),
        [
            (lambda x: 1 / x, 4, 4, 4),
            (np.log, 10, 6, 10),
            (lambda x: 1 / (1 - x) ** 2, 0, 6, 1),
            (lambda x: np.sqrt(4 - x), 0, 6, 4),
            (lambda x: 2 / (x**2 - x), 0.5, 6, 0.5),
            (lambda x: 1 / (1 + x**2), 2, 8, sqrt(5)),
            (lambda x: 1 / (1 + x**2), 0, 4, 1),  # every second coefficient is 0
            (lambda x: x / (8 + x**3), 0, 9, 2),  # two of three are 0
            (np.arctan, 1, 12, sqrt(2)),  # a logarithm at ±i; some coefficients vanish
            (np.tan, 0, 20, pi / 2),
            (np.tan, 1, 20, pi / 2 - 1),
            (np.tanh, 1, 20, hypot(1, pi / 2)),
            (lambda x: 1 / (1 + np.exp(-x)), 1, 25, hypot(1, pi)),
            (lambda x: np.exp(x) + 1 / (2 - x), 0, 20, 2),
            (lambda x: 1e5 / (1 - 1e3 * x), 0, 10, 1e-3),
        ],
    )
    def test_is_the_distance_to_the_nearest_singularity(
        self, f: Callable[..., Any], x0: float, order: int, radius: float
    ) -> None:
        assert taylor(f, x0, order).radius() == pytest.approx(radius, rel=1e-3)

    @pytest.mark.parametrize("x0", [0.0, 2.0])
    @pytest.mark.parametrize("f", [lambda x: x**3 - x, lambda x: 5.0 + 0 * x, lambda x: x])
    def test_is_infinite_for_polynomials(self, f: Callable[..., Any], x0: float) -> None:
        assert taylor(f, x0, 12).radius() == np.inf

    @pytest.mark.parametrize("x0", [0.0, 0.7])
    @pytest.mark.parametrize(
        "f",
        [np.sin, np.cos, np.exp, special.j0, lambda x: np.exp(-(x**2)), lambda x: x * np.sin(x)],
    )
    def test_is_infinite_or_large_without_singularities(
        self, f: Callable[..., Any], x0: float
    ) -> None:
        assert taylor(f, x0, 30).radius() > 8

    def test_of_very_high_order(self) -> None:
        assert taylor(lambda x: 1 / (1 - x / 5), 0.0, 300).radius() == pytest.approx(5)
        assert taylor(lambda x: 1 / (1 - x * 5), 0.0, 300).radius() == pytest.approx(0.2)
        assert taylor(np.exp, 0.0, 300).radius() == np.inf

    def test_of_powers_far_apart(self) -> None:
        assert taylor(lambda x: 1 + x**10 + x**19, 0.0, 20).radius() >= 1

    def test_is_0_where_the_next_coefficient_is_infinite(self) -> None:
        assert taylor(lambda x: np.abs(x) ** 0.5, 0.0, 0).radius() == 0

    def test_of_each_entry(self) -> None:
        radii = taylor(lambda x: 1 / x, np.array([1.0, -2.0, 3.0]), 8).radius()
        np.testing.assert_allclose(radii, [1, 2, 3], rtol=1e-6)


class TestPrinting:
    @pytest.mark.parametrize(
        ("f", "x0", "order", "text"),
        [
            (lambda x: np.exp(x**2), 0, 4, "1 + x² + 0.5 x⁴ + O(x⁵)"),
            (lambda x: 1 / x, 4, 2, "0.25 - 0.0625 (x - 4) + 0.015625 (x - 4)² + O((x - 4)³)"),
            (lambda x: -x, -1, 1, "1 - (x + 1) + O((x + 1)²)"),
            (lambda x: -(x**12), 0, 12, "-x¹² + O(x¹³)"),
            (lambda x: 1e-7 * x, 0, 1, "1·10⁻⁷ x + O(x²)"),
            (lambda x: 0 * x, 0, 3, "0 + O(x⁴)"),
            (np.exp, 0, 0, "1 + O(x)"),
            (lambda x: 1j * x, 0, 1, "(0 + 1i) x + O(x²)"),
        ],
    )
    def test_like_mathematics(
        self, f: Callable[..., Any], x0: float, order: int, text: str
    ) -> None:
        assert repr(taylor(f, x0, order)) == str(taylor(f, x0, order)) == text

    def test_a_long_one_leaves_out_its_middle(self) -> None:
        text = str(taylor(lambda x: 1 / (1 - x), 0, 30))
        assert text == "1 + x + x² + x³ + x⁴ + x⁵ + x⁶ + x⁷ + x⁸ + x⁹ + … + x³⁰ + O(x³¹)"

    def test_along_a_direction_in_t(self) -> None:
        assert str(taylor(np.prod, [2.0, 3.0], 2, [1.0, 1.0])) == "6 + 5 t + t² + O(t³)"

    def test_arrays_line_by_line(self) -> None:
        assert str(taylor(np.square, np.arange(10.0), 2)).splitlines()[::4] == [
            "Taylor polynomials of shape (10,):",
            "[3]  9 + 6 (x - 3) + (x - 3)² + O((x - 3)³)",
            "[7]  49 + 14 (x - 7) + (x - 7)² + O((x - 7)³)",
        ]
        assert str(taylor(np.square, np.arange(10.0), 2)).endswith("\nand 2 more")

    def test_latex(self) -> None:
        assert taylor(lambda x: 3 * x**2, 2, 2)._repr_latex_() == (
            r"$12 + 12 \, (x - 2) + 3 \, (x - 2)^{2} + O((x - 2)^{3})$"
        )
        assert taylor(np.exp, [0.0, 0.0], 1)._repr_latex_() == (
            r"$\begin{aligned} p_{0} &= 1 + x + O(x^{2}) \\ p_{1} &= 1 + x + O(x^{2}) "
            r"\end{aligned}$"
        )


class TestBadInput:
    @pytest.mark.parametrize("order", [-1, 2.5, 2.0, "3", None])
    def test_an_order_that_is_none(self, order: Any) -> None:
        with pytest.raises(ValueError, match="the order must be an integer, 0 or above, but it is"):
            taylor(np.exp, 0.0, order)

    @pytest.mark.parametrize(
        ("f", "x0", "message"),
        [
            (lambda x: 1 / x, 0.0, r"order 3 about x0 = 0\.0: the value is inf"),
            (np.log, -1.0, r"about x0 = -1\.0: the value is nan"),
            (np.sqrt, 0.0, r"about x0 = 0\.0: the coefficient of order 1 is inf"),
            (lambda x: x**2.5, 0.0, r"about x0 = 0\.0: the coefficient of order"),
            (lambda x: 1 / x, [1.0, 0.0], r"about x0 = 0\.0: the value, entry \[1\], is inf"),
        ],
    )
    def test_a_pole_or_a_branch_point(self, f: Callable[..., Any], x0: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            taylor(f, x0, 3)

    def test_a_direction_of_another_shape(self) -> None:
        with pytest.raises(ValueError, match=r"direction has shape \(3,\), but x0 has \(2,\)"):
            taylor(np.sum, np.zeros(2), 2, np.zeros(3))

    @pytest.mark.parametrize(
        ("f", "how"),
        [
            (np.sum, r"takes shape \(3,\) and returns \(\)"),
            (np.cumsum, "an entry of its output depends on several of x0"),
            (lambda x: x * np.sum(x**2), "an entry of its output depends on several of x0"),
            (lambda x: x[::-1], "an entry of its output depends on several of x0"),
        ],
    )
    def test_entries_that_are_mixed_need_a_direction(self, f: Callable[..., Any], how: str) -> None:
        with pytest.raises(ValueError, match=how):
            taylor(f, np.zeros(3), 2)

    def test_entries_that_are_not_mixed_do_not(self) -> None:
        def f(x: Any) -> Any:
            return np.where(x > 0, np.sin(x) ** 2 + np.cos(x) ** 2, x.reshape(3))

        assert taylor(f, np.array([-1.0, 0.5, 2.0]), 4).order == 4
        assert taylor(np.sqrt, [0.0, 1.0], 0).coefficients.tolist() == [[0, 1]]
        assert taylor(lambda x: np.ones(3, int), np.zeros(3), 2).order == 2

    def test_a_tensor_that_requires_a_gradient(self) -> None:
        with pytest.raises(TypeError, match="x0 is a Tensor that requires a gradient"):
            taylor(np.exp, Tensor(1.0), 2)
        with pytest.raises(TypeError, match="x0 is a Tensor that requires a gradient"):
            grad(lambda x: taylor(np.exp, x, 2)(2.0))(1.0)
        with pytest.raises(TypeError, match="the function depends on a Tensor"):
            grad(lambda a: taylor(lambda x: a * x, 1.0, 2)(2.0))(1.0)

    def test_the_derivative_of_order_0(self) -> None:
        with pytest.raises(ValueError, match="order 0 says nothing about the derivative"):
            taylor(np.exp, 0.0, 0).derivative()


class TestApproximations:
    def test_take_many_points_at_once(self) -> None:
        def f(v: Any) -> Any:
            return np.sum(np.exp(v) * v[::-1])

        x0 = np.array([0.1, 0.2, 0.3])
        q = quadratic_approximation(f, x0)
        steps = 1e-3 * np.random.default_rng(0).normal(size=(4, 5, 3))
        exact = np.array([[f(x0 + h) for h in row] for row in steps])
        np.testing.assert_allclose(q(x0 + steps), exact, atol=1e-7)

    @pytest.mark.parametrize("x0", [0.5, [[0.1, 0.2], [0.3, 0.4]]])
    def test_take_arguments_of_any_shape(self, x0: Any) -> None:
        q = quadratic_approximation(lambda x: np.sum(x**2), x0)
        x = np.asarray(x0) + 0.7
        close(q(x), np.sum(x**2))
        close(linear_approximation(lambda x: np.sum(3 * x), x0)(x), np.sum(3 * x))

    def test_nest_in_other_derivatives(self) -> None:
        def tangent_at_2(a: Any) -> Any:
            return quadratic_approximation(lambda v: np.sum(a * v**3), np.ones(2))([2.0, 1.0])

        close(grad(tangent_at_2)(1.5), 1 + 3 + 3 + 1)

    def test_a_point_of_another_shape_is_refused(self) -> None:
        with pytest.raises(
            ValueError, match=r"shape \(3,\), but it must end in that of x0, \(2,\)"
        ):
            linear_approximation(np.sum, [1.0, 2.0])(np.zeros(3))

    def test_a_function_with_several_outputs_is_refused(self) -> None:
        with pytest.raises(TypeError, match="returned shape"):
            linear_approximation(np.sin, [1.0, 2.0])


class TestPowersOfWhatIsNearlyZero:
    """Whole powers are products, so that nothing is divided by a base of 1e-16."""

    def test_a_square_near_a_root(self) -> None:
        p = taylor(lambda x: np.sin(x) ** 2, np.pi, 8)
        expected = [0, 0, 1, 0, -1 / 3, 0, 2 / 45, 0, -1 / 315]
        np.testing.assert_allclose(p.coefficients, expected, atol=1e-15)
        assert taylor(lambda x: np.sin(x) ** 2, np.pi, 30).radius() > 4

    @pytest.mark.parametrize("power", [3, 3.0, np.array(3), np.float32(3)])
    def test_a_cube_that_underflows(self, power: Any) -> None:
        p = taylor(lambda x: x**power, 1e-110, 4)
        np.testing.assert_allclose(p.coefficients, [0, 3e-220, 3e-110, 1, 0], rtol=1e-15)

    def test_of_several_exponents(self) -> None:
        exponents = np.array([0.0, 1.0, 2.0, 3.0, 2.5, -1.0])
        p = taylor(lambda x: x**exponents, 1e-3, 2)
        expected = [
            1e-3**exponents,
            exponents * 1e-3 ** (exponents - 1),
            exponents * (exponents - 1) / 2 * 1e-3 ** (exponents - 2),
        ]
        np.testing.assert_allclose(p.coefficients, expected, rtol=1e-13)

    def test_at_zero_itself(self) -> None:
        p = taylor(lambda x: np.sum(x ** np.array([1.0, 2.0, 3.0])), 0.0, 4)
        assert p.coefficients.tolist() == [0, 1, 1, 1, 0]
        with pytest.raises(ValueError, match="no Taylor series to order 3 about x0 = 0"):
            taylor(lambda x: (x * x) ** 1.5, 0.0, 3)

    def test_of_a_seventh_power_by_squares_of_squares(self) -> None:
        p = taylor(lambda x: (1 + x) ** 7, 0.0, 8)
        assert p.coefficients.tolist() == [1, 7, 21, 35, 35, 21, 7, 1, 0]

    def test_zeros_of_either_sign_are_told_apart(self) -> None:
        p = taylor(lambda x: np.copysign(x, 0.0) + np.copysign(x, -0.0), 1.0, 2)
        assert p.coefficients.tolist() == [0, 0, 0]
