"""Derivatives of functions: conventions, nesting, and the course's exercises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import (
    Tensor,
    custom,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    no_grad,
    value_and_grad,
    vjp,
)


class TestConventions:
    def test_plain_arrays_in_plain_arrays_out(self) -> None:
        x = np.array([1.0, 2.0])
        results = [
            grad(lambda x: np.sum(x * x))(x),
            *value_and_grad(lambda x: np.sum(x * x))(x),
            jacobian(np.sin)(x),
            hessian(lambda x: np.sum(x**3))(x),
            *jvp(np.sin, x, x),
            vjp(np.sin, x)[0],
            vjp(np.sin, x)[1](x),
            hvp(lambda x: np.sum(x**3), x, x),
        ]
        assert all(type(r) in (np.ndarray, np.float64) for r in results)

    def test_an_integer_argument_is_taken_as_float64(self) -> None:
        assert grad(lambda x: x**2)(3) == 6.0
        assert grad(lambda x: np.sum(x**2))([1, 2]).tolist() == [2.0, 4.0]

    def test_float32_stays_float32(self) -> None:
        x = np.ones(2, np.float32)
        f = lambda x: np.sum(np.sin(x) ** 2)  # noqa: E731
        for result in (grad(f)(x), hessian(f)(x), jacobian(np.sin)(x), hvp(f, x, x)):
            assert result.dtype == np.float32

    def test_argnums(self) -> None:
        f = lambda x, y, z: x * y**2 * z**3  # noqa: E731
        assert grad(f)(1.0, 2.0, 3.0) == 108.0
        assert grad(f, argnums=1)(1.0, 2.0, 3.0) == 108.0
        assert grad(f, argnums=-1)(1.0, 2.0, 3.0) == 108.0
        assert grad(f, argnums=(2, 0))(1.0, 2.0, 3.0) == (108.0, 108.0)
        assert grad(f, argnums=(0,))(1.0, 2.0, 3.0) == (108.0,)

    def test_argnums_that_do_not_exist(self) -> None:
        with pytest.raises(ValueError, match=r"argnums=2, but .* 1 argument"):
            grad(np.sin, argnums=2)(1.0)

    def test_keywords_are_passed_on(self) -> None:
        assert grad(lambda x, power: x**power)(3.0, power=2) == 6.0

    def test_shapes(self) -> None:
        x, y = np.ones((2, 3)), np.ones(4)
        f = lambda x, y: np.outer(x[0], y)  # noqa: E731
        assert jacobian(f)(x, y).shape == (3, 4, 2, 3)
        assert [J.shape for J in jacobian(f, (0, 1))(x, y)] == [(3, 4, 2, 3), (3, 4, 4)]
        g = lambda x, y: np.sum(x[:, 0] ** 2) * np.sum(y**2)  # noqa: E731
        assert hessian(g)(x, y).shape == (2, 3, 2, 3)
        blocks = hessian(g, (0, 1))(x, y)
        assert [[b.shape for b in row] for row in blocks] == [
            [(2, 3, 2, 3), (2, 3, 4)],
            [(4, 2, 3), (4, 4)],
        ]

    @pytest.mark.parametrize("width", [1, 5])
    def test_jacobian_either_way(self, width: int) -> None:
        A = np.arange(3.0 * width).reshape(width, 3)
        assert jacobian(lambda x: A @ x)(np.ones(3)).tolist() == A.tolist()

    def test_lists_and_tuples_are_stacked(self) -> None:
        assert jacobian(lambda x: (x[0], 2.0, x[0] * x[1]))(np.array([2.0, 3.0])).tolist() == [
            [1, 0],
            [0, 0],
            [3, 2],
        ]

    def test_an_output_that_does_not_depend_on_the_input(self) -> None:
        x = np.ones(2)
        assert grad(lambda x: 3.0)(x).tolist() == [0, 0]
        assert jacobian(lambda x: np.ones(3))(x).tolist() == [[0, 0]] * 3
        assert hessian(lambda x: np.sum(x))(x).tolist() == [[0, 0]] * 2
        assert jvp(lambda x: 5, 1.0, 1.0) == (5, 0)

    def test_a_hessian_is_exactly_symmetric(self) -> None:
        x = np.random.default_rng(0).normal(size=7)
        H = hessian(lambda x: np.sum(np.exp(np.outer(x, np.sin(x)))))(x)
        np.testing.assert_array_equal(H, H.T)

    def test_several_arguments_go_as_tuples(self) -> None:
        f = lambda x, y: x**2 * y  # noqa: E731
        assert jvp(f, (2.0, 3.0), (1.0, 10.0)) == (12.0, 52.0)
        assert hvp(f, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)
        assert vjp(f, 2.0, 3.0)[1](1.0) == (12.0, 4.0)

    @pytest.mark.parametrize("seed", [3.0, 3, [3.0], np.full((1, 1), 3.0)])
    @pytest.mark.parametrize("x", [2.0, np.array([2.0])])
    def test_a_single_entry_may_come_in_any_shape(self, x: Any, seed: Any) -> None:
        for derivative in (vjp(np.square, x)[1](seed), jvp(np.square, x, seed)[1]):
            assert derivative.shape == np.shape(x)
            assert derivative == 12.0

    @pytest.mark.parametrize("seed", [3.0, [3.0], [[3.0]], [[[3.0]]]])
    @pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
    def test_so_may_the_cotangent_of_one(self, shape: tuple[int, ...], seed: Any) -> None:
        x = np.arange(3.0)
        for f in (lambda x: x @ x, lambda x: np.sum(x * x), lambda x: np.cumsum(x * x)[2:]):
            pulled = vjp(lambda x, f=f: f(x).reshape(shape), x)[1](seed)
            assert pulled.tolist() == [0.0, 6.0, 12.0]

    def test_a_cotangent_of_another_shape_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"shape \(3,\), but its cotangent .* \(3, 1\)"):
            vjp(np.sin, np.ones(3))[1](np.ones((3, 1)))

    def test_constants_are_no_enclosing_variables(self) -> None:
        c = Tensor(2.0, requires_grad=False)
        for f in (lambda x: c, lambda x: c * x):
            assert all(type(y) is np.float64 for y in value_and_grad(f)(3.0))

    @pytest.mark.parametrize("dtype", [np.float32, np.complex64])
    def test_precision_is_the_arguments_whatever_constants_have(self, dtype: type) -> None:
        factors = np.array([3.0, 4.0]) * (1j if dtype is np.complex64 else 1)
        g = vjp(lambda x: x * factors, np.ones(2, dtype))[1](np.ones(2))
        assert g.dtype == dtype
        np.testing.assert_array_equal(g, factors)

    def test_results_share_no_memory_with_arguments(self) -> None:
        x, v = np.ones(3), np.ones(3)
        assert not np.shares_memory(vjp(lambda x: x, x)[1](v), v)
        assert not np.shares_memory(jvp(lambda x: x, x, v)[1], v)


def watched_double() -> tuple[Any, list[int]]:
    """The function 2x, and a list that notes how many seeds each walk through it carried."""
    batches: list[int] = []

    def rule(g: Any, out: Any, x: Any) -> Any:
        if g.ndim > 1:  # a batch, and not one of its members, which is looked at besides
            batches.append(len(g))
        return 2 * g

    return custom(lambda x: 2 * x, vjp=rule, jvp=rule), batches


class TestJacobianModes:
    @pytest.mark.parametrize("chunk", [None, 1, 2, 100])
    @pytest.mark.parametrize("size", [0, 1, 2, 5])
    def test_all_modes_and_chunks_give_the_same(self, size: int, chunk: int | None) -> None:
        rng = np.random.default_rng(size)
        A, x, y = rng.normal(size=(3, size)), rng.normal(size=size), rng.normal(size=(2, 2))
        f = lambda x, y: np.outer(np.sin(A @ x), np.exp(y))  # noqa: E731
        auto = jacobian(f, (0, 1))(x, y)
        assert [J.shape for J in auto] == [(3, 4, size), (3, 4, 2, 2)]
        expected = A * np.cos(A @ x)[:, None]
        np.testing.assert_allclose(auto[0], expected[:, None] * np.exp(y).reshape(4, 1), rtol=1e-14)
        for mode in ("forward", "reverse"):
            for J, e in zip(jacobian(f, (0, 1), mode=mode, chunk=chunk)(x, y), auto, strict=True):
                np.testing.assert_allclose(J, e, rtol=1e-14)

    @pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
    def test_no_entries_at_all(self, mode: str) -> None:
        J = jacobian(lambda x: x[:0], mode=mode, chunk=1)(np.ones((2, 3)))
        assert J.shape == (0, 3, 2, 3)
        J = jacobian(lambda x: np.sum(x, axis=1), mode=mode, chunk=1)(np.ones((2, 0)))
        assert J.shape == (2, 2, 0)

    @pytest.mark.parametrize("chunk", [None, 1, 2, 100])
    def test_a_hessian_in_chunks(self, chunk: int | None) -> None:
        f = lambda p: np.sum(np.exp(np.outer(p["a"], np.sin(p["b"]))))  # noqa: E731
        p = {"a": np.array([0.1, 0.4]), "b": np.array([[0.3, 0.5], [-0.2, 1.0]])}
        H = hessian(f, chunk=chunk)(p)
        for i, j in ("aa", "ab", "ba", "bb"):
            block = jacobian(lambda p, i=i: grad(f)(p)[i])(p)[j]
            np.testing.assert_allclose(H[i][j], block, rtol=1e-13)
            back = np.moveaxis(H[j][i], range(p[j].ndim), range(-p[j].ndim, 0))
            np.testing.assert_array_equal(H[i][j], back)

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_a_chunk_bounds_what_a_walk_carries(self, mode: str) -> None:
        double, batches = watched_double()
        J = jacobian(double, mode=mode, chunk=3)(np.ones(10))
        assert J.tolist() == (2 * np.eye(10)).tolist()
        assert batches == [3, 3, 3, 1]

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_without_a_chunk_memory_does(self, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
        double, batches = watched_double()
        jacobian(double, mode=mode)(np.ones(10))
        four_arrays = 4 * 80  # of ten float64
        monkeypatch.setattr("autodiff.derivatives._batches.BATCH_BYTES", four_arrays)
        jacobian(double, mode=mode)(np.ones(10))
        assert batches == [10, 4, 4, 2]

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_nested_in_another_derivative(self, mode: str) -> None:
        def f(s: Any) -> Any:
            return np.sum(jacobian(lambda x: s * x**2, mode=mode, chunk=1)(np.array([1.0, 2.0])))

        assert grad(f)(3.0) == 6.0

    def test_a_mode_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match="'auto', 'forward', 'reverse', but got 'backward'"):
            jacobian(np.sin, mode="backward")

    @pytest.mark.parametrize("derivative", [jacobian, hessian])
    def test_a_chunk_of_nothing(self, derivative: Any) -> None:
        with pytest.raises(ValueError, match="1 or more, but got 0"):
            derivative(np.sin, chunk=0)

    def test_a_mode_that_would_lose_half_of_a_complex_derivative(self) -> None:
        turn = lambda x: x * np.exp(1j * x)  # noqa: E731
        with pytest.raises(ValueError, match=r"complex128 output by float64 .* mode='forward'"):
            jacobian(turn, mode="reverse")(np.ones(2))
        with pytest.raises(ValueError, match=r"float64 output by complex128 .* mode='reverse'"):
            jacobian(np.abs, mode="forward")(np.ones(2) + 1j)
        for mode in ("auto", "forward"):
            J = jacobian(turn, mode=mode)(np.zeros(1))
            assert J.tolist() == [[1.0]]
        for mode in ("forward", "reverse"):
            z = np.array([1.0 + 2.0j])
            assert jacobian(lambda z: z**2, mode=mode)(z).tolist() == [[2 * z[0]]]


class TestLinearize:
    def test_records_once_and_pushes_often(self) -> None:
        calls = 0

        def f(x: Any, y: Any) -> Any:
            nonlocal calls
            calls += 1
            return np.sin(x) * y

        x, y = np.array([0.1, 0.2]), np.array([3.0, 4.0])
        value, push = linearize(f, x, y)
        np.testing.assert_array_equal(value, np.sin(x) * y)
        for v in np.eye(2):
            np.testing.assert_array_equal(push(v, 2 * v), jvp(f, (x, y), (v, 2 * v))[1])
        assert calls == 3

    def test_is_the_transpose_of_vjp(self) -> None:
        rng = np.random.default_rng(1)
        A, x, v, w = (rng.normal(size=s) for s in ((3, 2), 2, 2, 3))
        f = lambda x: np.tanh(A @ x)  # noqa: E731
        assert w @ linearize(f, x)[1](v) == pytest.approx(vjp(f, x)[1](w) @ v, rel=1e-14)

    def test_its_push_can_be_differentiated(self) -> None:
        assert grad(lambda x: linearize(lambda y: y**3, x)[1](1.0))(2.0) == 12.0
        assert grad(lambda v: linearize(lambda y: y**3, 2.0)[1](v))(1.0) == 12.0

    def test_needs_a_tangent_for_each_primal(self) -> None:
        _, push = linearize(np.multiply, 2.0, 3.0)
        with pytest.raises(ValueError, match="2 primals, but 1 tangents"):
            push(1.0)
        assert push(1.0, 1.0) == 5.0


class TestNesting:
    def test_inner_and_outer_are_not_confused(self) -> None:
        assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
        assert grad(lambda x: x * jvp(lambda y: x + y, x, 1.0)[1])(1.0) == 1.0
        assert jvp(lambda x: x * grad(lambda y: x + y)(x), 1.0, 1.0)[1] == 1.0

    def test_an_inner_function_may_use_an_outer_variable(self) -> None:
        assert grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0) == 6.0
        assert grad(lambda x: value_and_grad(lambda y: x * x + y)(3.0)[0])(2.0) == 4.0
        assert grad(lambda x: jvp(lambda y: x * y * y, 3.0, x)[1])(2.0) == 24.0
        assert grad(lambda x: vjp(lambda y: y * y, 3.0)[1](x * x))(2.0) == 24.0

    def test_an_inner_function_may_return_an_outer_variable(self) -> None:
        assert grad(lambda x: value_and_grad(lambda y: x)(3.0)[0])(2.0) == 1.0
        assert grad(lambda x: value_and_grad(lambda y: x * x)(3.0)[0])(2.0) == 4.0
        assert grad(lambda x: jvp(lambda y: x, 3.0, 1.0)[0] ** 2)(2.0) == 4.0

    def test_a_tensor_as_cotangent_is_a_constant_where_nothing_is_recorded(self) -> None:
        with no_grad():
            g = vjp(np.square, 3.0)[1](Tensor(2.0))
        assert type(g) is np.float64
        assert g == 12.0

    def test_any_order(self) -> None:
        f, signs = np.sin, [np.cos(0.3), -np.sin(0.3), -np.cos(0.3), np.sin(0.3)]
        for expected in signs * 2:
            f = grad(f)
            assert f(0.3) == pytest.approx(expected, rel=1e-14)

    def test_any_mixture_of_modes(self) -> None:
        f = lambda x: np.sum(np.exp(x[0] * x[1]) * np.sin(x))  # noqa: E731
        x, v = np.array([0.3, 0.7]), np.array([1.0, 2.0])
        H = hessian(f)(x)
        for product in (
            jacobian(grad(f))(x) @ v,
            hvp(f, x, v),
            jvp(grad(f), x, v)[1],
            vjp(grad(f), x)[1](v),
            grad(lambda x: np.sum(grad(f)(x) * v))(x),
            grad(lambda x: jvp(f, x, v)[1])(x),
        ):
            np.testing.assert_allclose(product, H @ v, rtol=1e-13)
        third = jacobian(hessian(f))(x)
        np.testing.assert_allclose(third, hessian_of_gradient(f, x), rtol=1e-12)

    def test_a_gradient_with_parameters_can_be_trained(self) -> None:
        w = Tensor(2.0)
        slope = grad(lambda x: w * x**2)(3.0)  # depends on w: a Tensor
        (slope * slope).backward()
        assert w.grad == 2 * 12 * 6
        with no_grad():
            assert grad(lambda x: w * x**2)(3.0) == 12.0
            assert isinstance(grad(lambda x: w * x**2)(3.0), float)

    def test_a_tensor_argument_gives_a_tensor(self) -> None:
        x = Tensor(3.0)
        (grad(lambda x: x**3)(x)).backward()
        assert x.grad == 18.0

    def test_no_grad_inside_is_a_constant(self) -> None:
        def f(x: Any) -> Any:
            with no_grad():
                scale = x * 1.0
            return scale * x

        assert grad(f)(3.0) == 3.0


def hessian_of_gradient(f: Any, x: np.ndarray) -> np.ndarray:
    return np.stack([hessian(lambda x, i=i: grad(f)(x)[i])(x) for i in range(2)])


class TestRefusals:
    def test_a_gradient_needs_one_number(self) -> None:
        with pytest.raises(TypeError, match=r"shape \(2,\) of float64: sum it, or use jacobian"):
            grad(np.sin)(np.ones(2))
        with pytest.raises(TypeError, match="one real number"):
            grad(lambda x: x * 1j)(1.0)
        with pytest.raises(TypeError, match="hessian needs a function"):
            hessian(np.sin)(np.ones(2))
        with pytest.raises(TypeError, match="hvp needs a function"):
            hvp(np.sin, np.ones(2), np.ones(2))

    def test_the_convention_of_complex_gradients(self) -> None:
        z = 0.6 + 0.8j
        assert grad(lambda z: np.real(z * np.conj(z)))(z) == pytest.approx(2 * np.conj(z))
        assert grad(np.imag)(z) == -1j
        assert jacobian(np.sin)(z) == pytest.approx(np.cos(z))
        assert vjp(np.exp, z)[1](1.0) == pytest.approx(np.exp(z))

    def test_a_complex_number_on_the_left_of_a_float(self) -> None:
        g = grad(lambda z: np.real(np.abs(z) * np.exp(1j * np.abs(z))))(0.6 + 0.8j)
        # u = r cos r at r = 1, and dr/dx - i dr/dy = conj(z) / r
        assert g == pytest.approx((np.cos(1) - np.sin(1)) * (0.6 - 0.8j))

    @pytest.mark.parametrize("out", [None, "text", {"a": 1.0}, [1.0, None]])
    @pytest.mark.parametrize("derivative", [grad, jacobian, hessian])
    def test_a_function_that_returns_no_numbers(self, derivative: Any, out: Any) -> None:
        with pytest.raises(TypeError, match=r"returned .*, not numbers"):
            derivative(lambda x: out)(1.0)

    def test_an_argument_named_twice(self) -> None:
        with pytest.raises(ValueError, match=r"argnums=\(0, -2\) name an argument twice"):
            grad(lambda x, y: x * y, (0, -2))(2.0, 3.0)

    def test_a_mask_is_not_lost(self) -> None:
        masked = np.ma.array([1.0, 2.0], mask=[False, True])
        with pytest.raises(TypeError, match="masked"):
            grad(np.sum)(masked)
        with pytest.raises(TypeError, match="masked"):
            Tensor(masked)

    def test_an_argument_is_a_number(self) -> None:
        with pytest.raises(TypeError, match=r"argument 0 is to be differentiated.*'text'"):
            grad(lambda x: x)("text")

    def test_a_lost_graph_says_so_even_through_numpys_own_error(self) -> None:
        def f(x: Any) -> Any:
            a = np.zeros(2)
            a[0] = x
            return a.sum()

        with pytest.raises(
            TypeError, match=r"losing its derivative.*np\.zeros\(2, like=np\.atleast_1d\(x\)\)"
        ):
            grad(f)(1.0)

    def test_other_errors_pass_through(self) -> None:
        with pytest.raises(ValueError, match="mine"):
            grad(lambda x: (_ for _ in ()).throw(ValueError("mine")))(1.0)

    def test_tangents_have_the_shape_of_their_primals(self) -> None:
        with pytest.raises(ValueError, match=r"has shape \(2,\), but .* \(3,\)"):
            jvp(np.sin, np.ones(2), np.ones(3))
        with pytest.raises(ValueError, match="2 primals, but 1 tangents"):
            jvp(np.add, (1.0, 2.0), 1.0)


class TestCourse:
    """Exercises of Imperial College London's course Multivariate Calculus, and their answers."""

    def test_spherical_coordinates(self) -> None:
        r, theta, phi = 2.0, 0.6, 1.1

        def position(s: Any) -> list[Any]:
            return [
                s[0] * np.cos(s[1]) * np.sin(s[2]),
                s[0] * np.sin(s[1]) * np.sin(s[2]),
                s[0] * np.cos(s[2]),
            ]

        J = jacobian(position)(np.array([r, theta, phi]))
        assert np.linalg.det(J) == pytest.approx(-(r**2) * np.sin(phi))

    def test_a_jacobian_at_the_origin(self) -> None:
        def f(v: Any) -> list[Any]:
            x, y, z = v
            return [
                9 * x**2 * y**2 + z * np.exp(x),
                x * y + x**2 * y**3 + 2 * z,
                np.cos(x) * np.sin(z) * np.exp(y),
            ]

        assert jacobian(f)(np.zeros(3)).tolist() == [[0, 0, 1], [0, 0, 2], [0, 0, 1]]

    def test_hessians(self) -> None:
        x, y = 1.3, -0.4
        np.testing.assert_allclose(
            hessian(lambda v: v[0] ** 3 * v[1] + v[0] + 2 * v[1])(np.array([x, y])),
            [[6 * x * y, 3 * x**2], [3 * x**2, 0]],
        )
        e, c, s = np.exp(x), np.cos(y), np.sin(y)
        np.testing.assert_allclose(
            hessian(lambda v: np.exp(v[0]) * np.cos(v[1]))(np.array([x, y])),
            [[e * c, -e * s], [-e * s, -e * c]],
        )

    def test_the_jacobian_of_a_complex_square(self) -> None:
        J = jacobian(lambda v: [v[0] ** 2 - v[1] ** 2, 2 * v[0] * v[1]])(np.array([1.5, -0.5]))
        assert J.tolist() == [[3.0, 1.0], [-1.0, 3.0]]

    def test_hessians_of_three_variables(self) -> None:
        x, y, z = v = np.array([1.3, -0.4, 0.8])
        e, c, s = np.exp(-y), np.cos(z), np.sin(z)
        np.testing.assert_allclose(
            hessian(lambda v: v[0] ** 2 * np.exp(-v[1]) * np.cos(v[2]))(v),
            [
                [2 * e * c, -2 * x * e * c, -2 * x * e * s],
                [-2 * x * e * c, x * x * e * c, x * x * e * s],
                [-2 * x * e * s, x * x * e * s, -x * x * e * c],
            ],
        )
        E = np.exp(y)
        np.testing.assert_allclose(
            hessian(lambda v: v[0] * np.exp(v[1]) + v[1] ** 2 * np.cos(v[2]))(v),
            [[0, E, 0], [E, x * E + 2 * c, -2 * y * s], [0, -2 * y * s, -y * y * c]],
            atol=1e-15,
        )

    def test_the_chain_rule_in_three_stages(self) -> None:
        def u(t: Any) -> Any:
            return np.stack([np.exp(t / 2), np.exp(-2 * t)])

        def x(u: Any) -> Any:
            return np.stack([1 - np.sum(u), np.cos(u[0])])

        def f(x: Any) -> Any:
            return x[0] ** 2 * x[1]

        t = 0.4
        stages = jacobian(f)(x(u(t))) @ jacobian(x)(u(t)) @ jacobian(u)(t)
        assert grad(lambda t: f(x(u(t))))(t) == pytest.approx(stages, rel=1e-13)

    def test_a_not_gate(self) -> None:
        answers = [np.tanh(-5 * a + 5) for a in (0.0, 1.0)]
        assert answers == pytest.approx([1, 0], abs=1e-4)
        assert grad(lambda a: np.tanh(-5 * a + 5))(1.0) == -5.0

    def test_the_chain_rule_along_a_curve(self) -> None:
        def f(t: Any) -> Any:
            x1, x2 = 1 - t**2, 1 + t**2
            return x1**2 * x2**2 + x1 * x2

        t = 0.7
        assert grad(f)(t) == pytest.approx(-4 * t**3 * (2 * (1 - t**4) + 1))

    def test_one_neuron(self) -> None:
        def cost(w: Any, b: Any) -> Any:
            return (np.tanh(w * 0.0 + b) - 1.0) ** 2

        assert grad(cost, argnums=1)(2.3, -1.2) == pytest.approx(-1.1186, abs=5e-5)

    def test_one_layer(self) -> None:
        W, b = np.array([[-2.0, 4.0, -1.0], [6.0, 0.0, -3.0]]), np.array([0.1, -2.5])
        a = np.tanh(W @ Tensor([0.3, 0.4, 0.1]) + b)
        np.testing.assert_allclose(a.data, [0.7616, -0.7616], atol=5e-5)
