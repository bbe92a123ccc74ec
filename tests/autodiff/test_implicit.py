"""implicit(residual, solve) has the derivatives of the function that the equation defines."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from scipy import linalg, optimize, special

from autodiff import Tensor, check_grads, grad, hessian, implicit, jacobian, jvp, no_grad, vjp
from autodiff._core.functions import record_function
from autodiff.series._walk import taylor_coefficients

square_root = implicit(lambda y, theta: y**2 - theta, np.sqrt)


def coupled_residual(y: Any, a: Any, b: Any) -> list[Any]:
    return [y[0] ** 2 + y[1] - a[0] * b, y[0] * y[1] - a[1] + a[2]]


def solve_coupled(a: Any, b: Any) -> Any:
    found = optimize.root(lambda y: coupled_residual(y, a, b), np.ones(2), tol=1e-14)
    assert found.success
    return found.x


coupled = implicit(coupled_residual, solve_coupled)
A, B = np.array([3.0, 1.5, 0.3]), 1.3


def nested(f: Any, order: int) -> Any:
    for _ in range(order):
        f = grad(f)
    return f


class TestClosedForms:
    @pytest.mark.parametrize("order", range(6))
    def test_the_square_root_to_fifth_order(self, order: int) -> None:
        expected = special.poch(1.5 - order, order) * 4.0 ** (0.5 - order)
        assert nested(square_root, order)(4.0) == pytest.approx(expected, rel=1e-13)

    @pytest.mark.parametrize("order", range(4))
    def test_lamberts_function(self, order: int) -> None:
        W = implicit(lambda y, x: y * np.exp(y) - x, lambda x: special.lambertw(x).real)
        x, w = 0.8, special.lambertw(0.8).real
        e = np.exp(-w)
        expected = [
            w,
            e / (1 + w),
            -(e**2) * (2 + w) / (1 + w) ** 3,
            e**3 * (9 + 8 * w + 2 * w**2) / (1 + w) ** 5,
        ]
        assert nested(W, order)(x) == pytest.approx(expected[order], rel=1e-12)

    def test_a_linear_system(self) -> None:
        rng = np.random.default_rng(0)
        M, b = rng.normal(size=(3, 3)), rng.normal(size=3)
        solution = implicit(lambda y, M, b: M @ y - b, np.linalg.solve)
        for argnums in (0, 1):
            for derivative in (jacobian, lambda f, i: jacobian(jacobian(f, i), 1 - i)):
                np.testing.assert_allclose(
                    derivative(solution, argnums)(M, b),
                    derivative(np.linalg.solve, argnums)(M, b),
                    rtol=1e-10,
                    atol=1e-12,
                )

    def test_the_optimum_of_a_quadratic(self) -> None:
        inner = lambda y, theta: np.sum((y - theta**2) ** 2) + y[0] * y[1]  # noqa: E731
        K = np.linalg.inv([[2.0, 1.0], [1.0, 2.0]])
        best = implicit(grad(inner), lambda theta: K @ (2 * theta**2))
        theta = np.array([0.7, -1.2])
        np.testing.assert_allclose(jacobian(best)(theta), 4 * K * theta, rtol=1e-12)
        bent = jacobian(jacobian(best))(theta)
        np.testing.assert_allclose(bent, 4 * K[:, :, None] * np.eye(2), rtol=1e-12, atol=1e-12)

    def test_a_complex_root_of_a_real_equation(self) -> None:
        root = implicit(lambda y, b: y**2 + b * y + 1, lambda b: (-b + np.sqrt(b**2 - 4 + 0j)) / 2)
        b = 0.6  # where |y| = 1 whatever b is, and Re y = -b/2
        assert grad(lambda b: np.real(root(b)))(b) == pytest.approx(-0.5)
        assert grad(lambda b: np.abs(root(b)))(b) == pytest.approx(0.0, abs=1e-14)
        assert jvp(root, b, 1.0)[1].real == pytest.approx(-0.5)


class TestEveryWalk:
    def test_differences_to_third_order_in_both_modes(self) -> None:
        check_grads(coupled, A, B, order=3, rtol=1e-5, atol=1e-5)

    def test_a_fixed_point(self) -> None:
        def iterate(theta: Any) -> Any:
            y = np.full(np.shape(theta), 0.5)
            for _ in range(200):
                y = np.cos(theta * y)
            return y

        fixed = implicit(lambda y, theta: y - np.cos(theta * y), iterate)
        check_grads(fixed, 0.8, order=3)
        check_grads(fixed, np.array([[0.1, 0.5, 0.9]]), order=3)

    def test_the_jacobian_in_both_modes(self) -> None:
        J = jacobian(coupled)(A, B)
        forward = [jvp(lambda a: coupled(a, B), A, e)[1] for e in np.eye(3)]
        backward = [vjp(lambda a: coupled(a, B), A)[1](e) for e in np.eye(2)]
        np.testing.assert_allclose(J, np.stack(forward, axis=1), rtol=1e-12)
        np.testing.assert_allclose(J, np.stack(backward), rtol=1e-12)

    def test_batched_seeds_forward(self) -> None:
        wide = lambda a: np.concatenate([coupled(a, B), a, a])  # noqa: E731  # 7 outputs of 3
        np.testing.assert_allclose(jacobian(wide)(A)[:2], jacobian(coupled)(A, B), rtol=1e-12)

    def test_a_matrix_of_unknowns_is_flattened(self) -> None:
        X = np.array([[2.0, 0.3], [0.3, 1.5]])
        root = implicit(lambda Y, X: Y @ Y - X, sqrt_of_matrix)
        inverse = np.linalg.inv(np.kron(root(X), np.eye(2)) + np.kron(np.eye(2), root(X).T))
        np.testing.assert_allclose(jacobian(root)(X).reshape(4, 4), inverse, rtol=1e-10, atol=1e-14)
        check_grads(root, X, order=2)

    def test_the_equations_may_have_another_shape_than_the_unknowns(self) -> None:
        reshaped = implicit(lambda y, a: np.ravel(y) ** 2 - a + y[1, 0], solve_square)
        check_grads(reshaped, np.array([2.0, 3.0, 4.0, 5.0]), order=2)

    def test_the_taylor_series(self) -> None:
        actual, expected = (series(f, 4.0, 12) for f in (square_root, np.sqrt))
        np.testing.assert_allclose(actual, expected, rtol=1e-12)
        third = jacobian(hessian(lambda t: coupled(A + t, B)[0]))(0.0) / 6
        assert series(lambda t: coupled(A + t, B)[0], 0.0, 3)[3] == pytest.approx(third)


def sqrt_of_matrix(X: Any) -> Any:
    return np.real(linalg.sqrtm(X))


def solve_square(a: Any) -> Any:
    c = (np.sqrt(1 + 4 * a[2]) - 1) / 2
    return np.sqrt(a - c).reshape(2, 2)


def series(f: Any, x: float, order: int) -> list[Any]:
    graph = record_function(f, (x,), {}, 0)
    return taylor_coefficients(graph, [[graph.leaves[0]._value, np.float64(1)]], order)


class TestInPrograms:
    def test_inside_a_larger_program(self) -> None:
        f = lambda t: np.sum(square_root(np.exp(t) + square_root(t)) * t)  # noqa: E731
        plain = lambda t: np.sum(np.sqrt(np.exp(t) + np.sqrt(t)) * t)  # noqa: E731
        t = np.array([0.5, 1.5])
        np.testing.assert_allclose(grad(f)(t), grad(plain)(t), rtol=1e-13)
        np.testing.assert_allclose(hessian(f)(t), hessian(plain)(t), rtol=1e-12)

    def test_in_a_loop(self) -> None:
        def repeated(t: Any) -> Any:
            for _ in range(5):
                t = square_root(t)
            return t

        assert grad(repeated)(3.0) == pytest.approx(3.0 ** (1 / 32 - 1) / 32, rel=1e-13)

    def test_inside_an_enclosing_differentiation(self) -> None:
        f = lambda a: grad(lambda b: square_root(a * b))(3.0)  # noqa: E731  # √(a/3) / 2
        assert grad(f)(2.0) == pytest.approx(1 / (4 * np.sqrt(6.0)), rel=1e-13)

    def test_an_implicit_function_inside_the_residual_of_another(self) -> None:
        fourth = implicit(lambda y, t: y**2 - square_root(t), lambda t: t**0.25)
        assert nested(fourth, 2)(2.0) == pytest.approx(-3 / 16 * 2**-1.75, rel=1e-12)

    def test_a_gradient_goes_to_tensors(self) -> None:
        a, b = Tensor(A), Tensor(B)
        np.sum(coupled(a, b)).backward()
        expected = jacobian(coupled, (0, 1))(A, B)
        np.testing.assert_allclose(a.grad, expected[0].sum(axis=0), rtol=1e-12)
        np.testing.assert_allclose(b.grad, expected[1].sum(), rtol=1e-12)

    def test_arguments_that_are_no_numbers_are_passed_on(self) -> None:
        power = implicit(lambda y, t, n, f: y**n - f(t), lambda t, n, f: f(t) ** (1 / n))
        assert grad(power)(2.0, 3, np.square) == pytest.approx(2 / 3 * 2 ** (-1 / 3))

    def test_a_million_equations_of_one_unknown_need_no_matrix(self) -> None:
        theta = np.linspace(1.0, 2.0, 1_000_000)
        gradient = grad(lambda theta: np.sum(square_root(theta)))(theta)
        np.testing.assert_allclose(gradient, 0.5 / np.sqrt(theta), rtol=1e-14)

    def test_plain_arguments_give_plain_values(self) -> None:
        assert type(square_root(4.0)) is np.float64
        with no_grad():
            assert not square_root(Tensor(4.0)).requires_grad
        assert implicit(lambda y, t: y - 2 * t, lambda t: [2, 4])(np.array([1, 2])).dtype == float

    def test_float32_stays_float32(self) -> None:
        theta = np.array([2.0, 3.0], np.float32)
        assert square_root(theta).dtype == np.float32
        assert jacobian(square_root)(theta).dtype == np.float32

    def test_a_root_at_zero_counts_as_solved(self) -> None:
        sine = implicit(lambda y, t: np.sin(y) - t, lambda t: 1e-12)
        assert grad(sine)(0.0) == pytest.approx(1.0)

    def test_nothing_is_kept_alive(self) -> None:
        gc.disable()
        try:
            theta = Tensor(A)
            y = coupled(theta, B)
            np.sum(y).backward()
            alive = weakref.ref(y)
            del y
            assert alive() is None
        finally:
            gc.enable()


class TestRefusals:
    def test_a_solve_that_does_not_solve(self) -> None:
        wrong = implicit(lambda y, theta: y**2 - theta, lambda theta: theta / 2)
        assert wrong(4.0) == 2.0
        with pytest.raises(
            RuntimeError, match=r"not solved the equation.* norm is 0\.75, .*further"
        ):
            wrong(1.0)
        with pytest.raises(RuntimeError, match="norm is nan"):
            wrong(np.nan)

    def test_what_counts_as_solved_does_not_depend_on_units(self) -> None:
        rough = implicit(lambda y, t: 1e9 * (y**2 - t), lambda t: np.sqrt(t) * (1 + 1e-8))
        assert grad(rough)(4.0) == pytest.approx(0.25)
        off = implicit(lambda y, t: 1e-3 * (y**2 - t), lambda t: np.sqrt(t) * (1 + 1e-4))
        with pytest.raises(RuntimeError, match="not solved"):
            off(4.0)

    def test_a_double_root(self) -> None:
        assert square_root(0.0) == 0.0
        with pytest.raises(np.linalg.LinAlgError, match=r"∂F/∂y is singular.*two solutions meet"):
            grad(square_root)(0.0)
        with pytest.raises(np.linalg.LinAlgError, match="singular"):
            jvp(square_root, np.array([1.0, 0.0]), np.ones(2))

    @pytest.mark.parametrize("third", [3.0, 0.1])
    def test_dependent_equations(self, third: float) -> None:
        same = implicit(
            lambda y, t: [y[0] + third * y[1] - t, 0.7 * y[0] + third * 0.7 * y[1] - 0.7 * t],
            lambda t: np.array([t, 0.0]),
        )
        with pytest.raises(np.linalg.LinAlgError, match="do not determine y"):
            jacobian(same)(2.0)

    def test_equations_of_very_different_units_are_not_dependent(self) -> None:
        far = implicit(
            lambda y, t: [1e-15 * (y[0] + y[1] - t), 1e9 * (y[0] - y[1])], lambda t: [t / 2, t / 2]
        )
        np.testing.assert_allclose(jacobian(far)(2.0), [0.5, 0.5])

    def test_a_residual_that_does_not_depend_on_y(self) -> None:
        with pytest.raises(np.linalg.LinAlgError, match="do not determine y"):
            grad(implicit(lambda y, t: t - t, lambda t: t))(1.0)

    def test_an_infinite_slope(self) -> None:
        with pytest.raises(np.linalg.LinAlgError, match="not finite"):
            grad(implicit(lambda y, t: np.sqrt(y) - t, np.square))(0.0)

    def test_more_equations_than_unknowns(self) -> None:
        f = implicit(lambda y, t: [y - t, y + t, t], lambda t: t)
        with pytest.raises(ValueError, match=r"shape \(3,\), but .* y of shape \(\)"):
            f(1.0)

    def test_a_solve_that_returns_no_numbers(self) -> None:
        with pytest.raises(TypeError, match="as numbers, but returned None"):
            implicit(lambda y, t: y - t, lambda t: None)(1.0)

    def test_a_tensor_that_is_no_argument(self) -> None:
        w = Tensor(2.0)
        f = implicit(lambda y, t: y - w * t, lambda t: 2.0 * t)
        with pytest.raises(TypeError, match=r"not among its arguments.* make it an argument"):
            f(1.0)
        with no_grad():
            assert f(1.0) == 2.0
