"""The walks: order, memory, zero cotangents and special points."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
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
    linear,
    logsumexp,
    multilinear,
    no_grad,
    taylor,
    vjp,
)


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
class TestMemory:
    def test_a_graph_goes_with_its_output(self) -> None:
        x = Tensor(np.ones(3))
        y = np.exp(x)
        inner = weakref.ref(y)
        z = np.sum(y * y)
        z.backward()
        del y
        assert inner() is not None
        del z
        assert inner() is None

    def test_a_deep_graph_is_walked_and_freed_without_recursion(self) -> None:
        x = Tensor(1.0)
        y = x
        for _ in range(100_000):
            y = y * 1.0
        half_way = weakref.ref(y)
        y.backward()
        assert x.grad == 1.0
        del y
        assert half_way() is None

    def test_an_exception_leaves_nothing_behind(self) -> None:
        seen = []

        def f(x: Tensor) -> Tensor:
            y = np.sin(x)
            seen.append(weakref.ref(y))
            raise KeyError("stop")

        for _ in range(2):
            try:
                grad(f)(1.0)
            except KeyError as error:
                error.__traceback__ = None
        assert all(reference() is None for reference in seen)
        assert grad(np.sin)(0.0) == 1.0

    def test_a_function_keeps_no_graph(self) -> None:
        seen = []

        def f(x: Tensor) -> Tensor:
            y = np.sum(x * x)
            seen.append(weakref.ref(y))
            return y

        grad(f)(np.ones(3))
        jacobian(f)(np.ones(3))
        jvp(f, np.ones(3), np.ones(3))
        assert [reference() for reference in seen] == [None] * 3


class TestZeroStaysZero:
    """A zero cotangent stays zero through any rule, where 0 times infinity would be NaN."""

    def test_backward_at_the_pole_of_a_branch_not_taken(self) -> None:
        x = np.array([0.0, 4.0, -1.0])
        with np.errstate(invalid="ignore"):
            g = grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(x)
        assert g.tolist() == [0.0, 0.25, 0.0]

    def test_forward(self) -> None:
        tangent = jvp(lambda x, y: np.sqrt(x) + y, (0.0, 1.0), (0.0, 1.0))[1]
        assert tangent == 1.0

    def test_in_a_batch(self) -> None:
        J = jacobian(lambda x: np.where(x > 0, np.sqrt(x), x))(np.array([0.0, 4.0]))
        assert J.tolist() == [[1.0, 0.0], [0.0, 0.25]]

    def test_to_second_order(self) -> None:
        f = grad(grad(lambda x: np.where(x > 0, x**1.5, 0.0)))
        assert f(0.0) == 0.0

    def test_second_derivatives_through_cotangents_that_happen_to_be_zero(self) -> None:
        def f(v: Any) -> Any:
            return (v[0] - 1) ** 2 + np.where(v[1] > 0, np.sqrt(v[1]), 0)

        at = np.array([1.0, 0.0])
        assert hessian(f)(at).tolist() == [[2, 0], [0, 0]]
        for outer in ("forward", "reverse"):
            assert jacobian(grad(f), mode=outer)(at).tolist() == [[2, 0], [0, 0]]
        assert hvp(f, at, np.array([1.0, 1.0])).tolist() == [2, 0]

    def test_of_an_exact_fit_beside_missing_data(self) -> None:
        D = np.array([1.0, 2.0, 3.0, np.nan])
        assert hessian(lambda b: np.nansum((D - b) ** 2))(2.0) == 6.0
        assert grad(grad(lambda b: np.nansum((D - b) ** 2)))(2.0) == 6.0
        third = grad(hessian(lambda b: np.nansum((D - b) ** 3)))
        assert third(2.0) == -18.0

    def test_of_energies_of_pairs_without_self_interaction(self) -> None:
        # Three charges in an equilateral triangle, where forces on each partly cancel.
        q = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])

        def masked(q: Any) -> Any:
            r = np.sqrt(np.sum((q[:, None] - q) ** 2, axis=-1))
            return np.sum(np.where(np.eye(3) == 1, 0, 1 / r)) / 2

        def by_pairs(q: Any) -> Any:
            distances = [np.linalg.norm(q[i] - q[j]) for i in range(3) for j in range(i)]
            return sum(1 / r for r in distances)

        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(grad(masked)(q), grad(by_pairs)(q), atol=1e-14)
            np.testing.assert_allclose(hessian(masked)(q), hessian(by_pairs)(q), atol=1e-13)

    def test_where_only_the_sum_of_a_gradient_overflows(self) -> None:
        def f(x: Any) -> Any:
            return 1e308 * np.sum(x - 1) + np.sum((x - 1) ** 2)

        assert hessian(f)(np.ones(3)).tolist() == (2 * np.eye(3)).tolist()

    def test_a_true_infinity_is_not_hidden(self) -> None:
        assert grad(np.sqrt)(0.0) == np.inf

    def test_a_large_finite_gradient_is_kept(self) -> None:
        assert grad(lambda x: np.sum(1e200 * x))(np.ones(2)).tolist() == [1e200, 1e200]


class TestCorners:
    """At a corner the derivative is finite, and ties share equally."""

    def test_absolute_value_of_zero(self) -> None:
        assert grad(np.abs)(0.0) == 0.0
        assert grad(lambda z: np.abs(z))(0j) == 0.0
        assert grad(lambda x: np.hypot(x, 0.0))(0.0) == 0.0

    def test_ties_of_two_arrays(self) -> None:
        assert [float(g) for g in grad(np.maximum, (0, 1))(1.0, 1.0)] == [0.5, 0.5]
        assert [float(g) for g in grad(np.minimum, (0, 1))(1.0, 1.0)] == [0.5, 0.5]

    def test_ties_in_one_array(self) -> None:
        x = np.array([[3.0, 1.0, 3.0], [0.0, 0.0, 0.0]])
        assert grad(lambda x: np.sum(np.max(x, axis=1)))(x).tolist() == [
            [0.5, 0.0, 0.5],
            [1 / 3, 1 / 3, 1 / 3],
        ]

    def test_powers_of_zero(self) -> None:
        assert grad(lambda x: x**0)(0.0) == 0.0
        assert grad(lambda x: x**1)(0.0) == 1.0
        assert grad(lambda x: x**2)(0.0) == 0.0
        assert grad(grad(lambda x: x**2))(0.0) == 2.0
        assert grad(lambda y: 0.0**y)(2.0) == 0.0
        assert grad(lambda x: np.sum(x ** np.array([0, 1, 2])))(0.0) == 1.0

    def test_infinity_and_nan_pass_through(self) -> None:
        x = np.array([np.inf, -np.inf, np.nan, 1.0])
        g = grad(lambda x: np.sum(np.tanh(x) * 2))(x)
        assert g[:2].tolist() == [0.0, 0.0]
        assert np.isnan(g[2])

    def test_empty_arrays(self) -> None:
        empty = np.zeros((0, 3))
        assert grad(lambda x: np.sum(np.exp(x)))(empty).shape == (0, 3)
        assert jacobian(lambda x: x @ np.ones((3, 2)))(empty).shape == (0, 2, 0, 3)

    def test_negative_strides(self) -> None:
        x = np.arange(4.0)[::-1]
        assert grad(lambda x: np.sum(x[::-2] * np.array([1.0, 10.0])))(x).tolist() == [0, 10, 0, 1]

    def test_repeated_indices_add_up(self) -> None:
        g = grad(lambda x: np.sum(x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])))(np.ones(3))
        assert g.tolist() == [11.0, 0.0, 100.0]


class TestSharedUse:
    def test_a_value_used_twice_sums_its_cotangents(self) -> None:
        assert grad(lambda x: (lambda y: y * y + y)(np.sin(x)))(0.5) == pytest.approx(
            2 * np.sin(0.5) * np.cos(0.5) + np.cos(0.5)
        )

    def test_the_same_input_twice(self) -> None:
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert grad(lambda x: x - x)(3.0) == 0.0

    def test_broadcast_of_a_constant_cotangent_counts_every_entry(self) -> None:
        x = Tensor([2.0])
        np.sum(x + np.zeros((5, 3))).backward()
        assert x.grad.tolist() == [15.0]

    def test_a_derivative_that_others_are_made_of(self) -> None:
        def f(a: Any, b: Any) -> Any:
            return np.sin(a + b * b)  # whose derivative by b is 2b times that by a

        a, b = 0.4, 1.3
        s, c = np.sin(a + b * b), np.cos(a + b * b)
        by_a, by_b = hvp(f, (a, b), (1.0, 10.0))
        assert by_a == pytest.approx(-s - 20 * b * s)
        assert by_b == pytest.approx(-2 * b * s + 10 * (2 * c - 4 * b * b * s))

    @pytest.mark.parametrize(
        "f", [lambda x, y: np.exp(x + y), lambda x, y: np.exp(x + y.T), lambda x, y: (x + y).T]
    )
    def test_gradients_share_no_memory(self, f: Any) -> None:
        x = np.arange(9.0).reshape(3, 3)
        by_x, by_y = vjp(f, x, x)[1](np.eye(3))
        assert not np.shares_memory(by_x, by_y)
        assert by_x.base is by_y.base is None
        leaves = Tensor(x), Tensor(x)
        np.sum(f(*leaves)).backward()
        assert not np.shares_memory(leaves[0].grad, leaves[1].grad)

    def test_a_constant_gets_no_gradient(self) -> None:
        x, c = Tensor(2.0), Tensor(3.0, requires_grad=False)
        (c * x).backward()
        assert x.grad == 3.0
        assert c.grad is None

    def test_a_gradient_does_not_change_the_parameters_it_passes(self) -> None:
        w = Tensor(2.0)
        assert grad(lambda x: (w * x).data * x)(3.0) == 6.0
        assert w.grad is None


class TestCustom:
    def test_a_missing_rule_is_named(self) -> None:
        def scaled(x: Any, y: Any) -> Any:
            return x * y

        op = custom(scaled, vjp=lambda g, out, x, y: g * y)
        assert grad(lambda x: op(x, 3.0))(2.0) == 3.0
        with pytest.raises(TypeError, match=r"scaled states 1 rule\(s\), but its argument 1"):
            grad(op, argnums=1)(2.0, 3.0)

    def test_a_constant_needs_no_rule(self) -> None:
        op = custom(lambda x, y: x * y, vjp=lambda g, out, x, y: g * y)
        assert grad(op)(2.0, Tensor(3.0, requires_grad=False)) == 3.0
        data, c = np.ones(2), Tensor(3.0, requires_grad=False)
        assert jacobian(lambda x: op(x, c) * data)(2.0).tolist() == [3.0, 3.0]

    def test_a_rule_that_is_zero_whatever_it_is_given(self) -> None:
        step = custom(lambda x: np.floor(x), vjp=lambda g, out, x: np.zeros(3))
        assert jvp(step, np.ones(3), np.ones(3))[1].tolist() == [0, 0, 0]

    def test_a_rule_may_return_an_array_without_axes(self) -> None:
        op = custom(lambda x: x * 2, vjp=lambda g, out, x: np.array(2 * g))
        assert type(grad(op)(3.0)) is np.float64

    def test_an_operand_that_was_broadcast_goes_forward(self) -> None:
        op = custom(
            lambda x, y: x * y, vjp=(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
        )
        x = np.array([[1.0], [2.0]])
        y = np.array([3.0, 4.0, 5.0])
        np.testing.assert_allclose(
            jvp(op, (x, y), (x, 2 * y))[1], jvp(np.multiply, (x, y), (x, 2 * y))[1]
        )
        np.testing.assert_allclose(jacobian(op)(x, y), jacobian(np.multiply)(x, y))

    def test_a_decorator_replaces_a_derivative(self) -> None:
        @custom(vjp=lambda g, out, x: g * 10, jvp=lambda t, out, x: t * 10)
        def strange(x: Any) -> Any:
            return np.sin(x)

        assert strange(0.5) == np.sin(0.5)
        assert grad(strange)(0.5) == 10.0
        assert jvp(strange, 0.5, 1.0)[1] == 10.0

    def test_the_way_forward_follows_from_the_way_back(self) -> None:
        cube = custom(lambda x: x**3, vjp=lambda g, out, x: g * 3 * x**2)
        x = np.array([1.0, 2.0])
        assert jvp(cube, x, np.array([1.0, 10.0]))[1].tolist() == [3.0, 120.0]
        assert jacobian(lambda x: np.concatenate([cube(x), x]))(x)[:2].tolist() == [
            [3.0, 0.0],
            [0.0, 12.0],
        ]
        assert jvp(lambda x: jvp(cube, x, np.ones(2))[1], x, np.ones(2))[1].tolist() == [6.0, 12.0]
        assert grad(lambda x: np.sum(jvp(cube, x, np.ones(2))[1]))(x).tolist() == [6.0, 12.0]


def test_threads_do_not_see_each_others_no_grad() -> None:
    recorded = []
    entered, done = threading.Event(), threading.Event()

    def quiet() -> None:
        with no_grad():
            entered.set()
            done.wait(10)

    thread = threading.Thread(target=quiet)
    thread.start()
    entered.wait(10)
    recorded.append((Tensor(1.0) * 2).requires_grad)
    done.set()
    thread.join()
    assert recorded == [True]


def test_pull_can_be_called_many_times() -> None:
    _, pull = vjp(lambda x: x**2, np.array([1.0, 2.0]))
    assert pull(np.array([1.0, 0.0])).tolist() == [2.0, 0.0]
    assert pull(np.array([0.0, 1.0])).tolist() == [0.0, 4.0]


A = np.arange(8.0)


class TestSmallCotangents:
    """A cotangent stands for its broadcast: what is summed over counts every entry."""

    @pytest.mark.parametrize(
        ("f", "b", "gradient"),
        [
            (lambda b: np.sum(A + b), 3.0, 8.0),
            (lambda b: np.sum(b - A), 3.0, 8.0),
            (lambda b: np.mean(A - b), 3.0, -1.0),
            (lambda b: np.sum(2 * (A + b) - b), 3.0, 8.0),
            (lambda b: np.sum((A + b)[::2]), 3.0, 4.0),
            (lambda b: np.sum(A[:2] + b), 3.0, 2.0),
            (lambda b: np.sum(np.where(A > 5, A, b)), 3.0, 6.0),
            (lambda b: np.sum(np.fmod(b, A + 10)), 3.0, 8.0),
            (lambda b: np.sum(A + b), np.array([3.0]), [8.0]),
            (lambda b: np.sum(np.ones((4, 3)) + b), np.ones((1, 3)), [[4.0] * 3]),
            (lambda b: np.sum(np.ones((4, 3)) - b), np.ones((4, 1)), [[-3.0]] * 4),
            (lambda b: np.mean(np.ones((4, 3)) - b), np.ones(3), [-1 / 3] * 3),
            (lambda b: np.sum(np.ones((2, 4, 3)) - b), np.ones((4, 1)), [[-6.0]] * 4),
            (lambda b: np.sum(np.sum(np.ones((4, 3)) - b, axis=0) * 2), 1.0, -24.0),
            (lambda b: np.sum(np.mean(np.ones((4, 3)) + b, axis=1)), np.ones((4, 1)), [[1.0]] * 4),
            (lambda b: np.sum(A[:0] + b), 3.0, 0.0),
            (lambda c: np.sum(np.polyval(c, A)), np.zeros(3), [140.0, 28.0, 8.0]),
        ],
    )
    def test_backward_and_in_every_jacobian(self, f: Any, b: Any, gradient: Any) -> None:
        expected = np.array(gradient)
        for mode in ("forward", "reverse", "auto"):
            np.testing.assert_allclose(jacobian(f, mode=mode)(b), expected, rtol=1e-14)
        np.testing.assert_allclose(grad(f)(b), expected, rtol=1e-14)
        assert grad(f)(b).shape == np.shape(b)
        leaf = Tensor(b)
        f(leaf).backward()
        np.testing.assert_allclose(leaf.grad, expected, rtol=1e-14)
        np.testing.assert_allclose(jvp(f, b, np.ones(np.shape(b)))[1], expected.sum(), rtol=1e-14)

    def test_of_a_log_likelihood(self) -> None:
        def negative_log_likelihood(mu: Any, s: Any) -> Any:
            return np.sum(((A - mu) / np.exp(s)) ** 2 / 2 + s)

        by_mu, by_s = grad(negative_log_likelihood, (0, 1))(3.0, 0.5)
        assert by_mu == pytest.approx(-np.sum(A - 3) / np.e)
        assert by_s == pytest.approx(8 - np.sum((A - 3) ** 2) / np.e)
        H = hessian(negative_log_likelihood, (0, 1))(3.0, 0.5)
        assert H[0][0] == pytest.approx(8 / np.e)
        assert H[1][1] == pytest.approx(2 * np.sum((A - 3) ** 2) / np.e)

    def test_in_a_series(self) -> None:
        p = taylor(lambda b: np.sum(np.fmod(b, A + 10)), 3.0, 2)
        np.testing.assert_array_equal(p.coefficients, [24.0, 8.0, 0.0])

    @pytest.mark.parametrize("dtype", [np.float32, np.complex64])
    def test_in_other_precisions(self, dtype: type) -> None:
        _, pull = vjp(lambda b: np.sum(A.astype(dtype) - b), dtype(3.0))
        assert pull(dtype(1.0)) == -8.0
        assert pull(dtype(1.0)).dtype == dtype


class TestScatteredCotangents:
    """What is known at some entries meets a number that stands for all."""

    @pytest.mark.parametrize("outer", ["forward", "reverse"])
    @pytest.mark.parametrize(
        ("f", "hessian_at"),
        [
            (lambda x: np.sum(x) ** 2 * x[0], [[26, 14, 14], [14, 2, 2], [14, 2, 2]]),
            (lambda x: x[0] * np.sum(x) ** 2, [[26, 14, 14], [14, 2, 2], [14, 2, 2]]),
            (lambda x: x[0] * np.sum(x), [[2, 1, 1], [1, 0, 0], [1, 0, 0]]),
            (lambda x: np.sum(x) * np.sum(x[:2]), [[2, 2, 1], [2, 2, 1], [1, 1, 0]]),
            (lambda x: np.sum(x) * np.sum(x[[0, 0]]), [[4, 2, 2], [2, 0, 0], [2, 0, 0]]),
        ],
    )
    def test_second_derivatives(self, f: Any, hessian_at: Any, outer: str) -> None:
        x = np.array([1.0, 2.0, 3.0])
        assert jacobian(grad(f), mode=outer)(x).tolist() == hessian_at
        assert hessian(f)(x).tolist() == hessian_at

    def test_of_a_share(self) -> None:
        x = np.array([1.0, 2.0, 3.0])
        H = hessian(lambda p: p[0] / np.sum(p))(x)
        s, e = 6.0, np.eye(3)[0]
        expected = 2 * x[0] / s**3 - (e[:, None] + e) / s**2
        np.testing.assert_allclose(H, expected, rtol=1e-14)


class TestBatchesInBatches:
    """Each batch of seeds has axes of its own, also where an op takes any number of them."""

    @pytest.mark.parametrize("inner", ["forward", "reverse"])
    @pytest.mark.parametrize("outer", ["forward", "reverse"])
    def test_ops_that_take_whole_operands(self, inner: str, outer: str) -> None:
        x = np.array([1.0, 2.0])
        own = multilinear(
            lambda a, b: np.sum(a * b, axis=-1),
            lambda g, out, a, b: g[..., None] * b,
            lambda g, out, a, b: g[..., None] * a,
            core=(1, 1),
        )
        for square in (lambda x: np.einsum("i,i->", x, x), lambda x: own(x, x)):
            twice = jacobian(jacobian(square, mode=inner), mode=outer)
            assert twice(x).tolist() == [[2, 0], [0, 2]]
        thrice = jacobian(
            jacobian(jacobian(lambda x: np.einsum("i,i,i->", x, x, x), mode=inner), mode=outer)
        )
        assert np.einsum("iii->i", thrice(x)).tolist() == [6, 6]
        assert np.sum(thrice(x)) == 12

    @pytest.mark.parametrize("inner", ["forward", "reverse"])
    @pytest.mark.parametrize("outer", ["forward", "reverse"])
    def test_broadcasting_of_as_many_rows_as_there_are_seeds(self, inner: str, outer: str) -> None:
        x = np.array([1.0, 2.0, 3.0])
        for shape in [(3, 3), (3, 1, 3), (2, 3)]:
            twice = jacobian(
                jacobian(lambda x, s=shape: np.broadcast_to(np.sin(x), s), mode=inner), mode=outer
            )
            diagonal = np.einsum("ij,jk,j->ijk", np.eye(3), np.eye(3), -np.sin(x))
            expected = np.broadcast_to(diagonal, (*shape[:-1], 3, 3, 3))
            np.testing.assert_array_equal(twice(x), expected)

    def test_a_rule_that_returns_a_number_for_all_entries(self) -> None:
        summed = custom(lambda x: np.sum(x), vjp=lambda g, out, x: g)

        def f(x: Any) -> Any:
            return np.stack([summed(x), 2 * summed(x), summed(x * x)])

        x = np.array([1.0, 2.0, 3.0])
        for mode in ("forward", "reverse"):
            assert jacobian(f, mode=mode)(x).tolist() == [[1, 1, 1], [2, 2, 2], [2, 4, 6]]

    def test_an_array_behind_the_operands_is_a_static_argument(self) -> None:
        mapped = linear(lambda x, M: x @ M.T, lambda g, out, x, M: g @ M)
        M = np.arange(6.0).reshape(2, 3)
        for mode in ("forward", "reverse"):
            np.testing.assert_array_equal(
                jacobian(lambda x: mapped(x, M), mode=mode)(np.ones(3)), M
            )


class TestInfinityMeetsZero:
    """Of a product of a zero and an infinite factor no walk makes NaN, whichever comes first."""

    @pytest.mark.parametrize("f", [lambda x: x**1.5, lambda x: np.power(x, x - 1e-16)])
    def test_a_pole_that_only_second_derivatives_have(self, f: Any) -> None:
        def masked(x: Any) -> Any:
            return np.where(False, f(x), 0.5 * x) + x * x

        with np.errstate(all="ignore"):
            assert hvp(masked, 0.0, 1.0) == 2.0
            assert hessian(masked)(0.0) == 2.0
            for outer in ("forward", "reverse"):
                assert jacobian(jacobian(masked, mode="forward"), mode=outer)(0.0) == 2.0
                assert jacobian(jacobian(masked, mode="reverse"), mode=outer)(0.0) == 2.0

    def test_forward_as_backward(self) -> None:
        def f(x: Any) -> Any:
            return 0.0 * np.sqrt(x)

        assert jvp(f, 0.0, 1.0)[1] == grad(f)(0.0) == 0.0

    def test_what_is_not_determined_stays_nan(self) -> None:
        with np.errstate(all="ignore"):
            assert np.isnan(grad(lambda x: np.cbrt(x**3))(0.0))

    @pytest.mark.parametrize(
        ("f", "gradient"),
        [
            (lambda X, w: np.nansum(X @ w), [2, 3]),
            (lambda X, w: np.nansum(np.einsum("ij,j->i", X, w)), [2, 3]),
            (lambda X, w: np.nansum(np.inner(X, w) ** 2), [20, 30]),
            (lambda X, w: np.nansum(np.max(X * w, axis=1)), [0, 3]),
            (lambda X, w: np.nansum(np.linalg.norm(X * w, axis=1)), [4 / 13**0.5, 9 / 13**0.5]),
            (lambda X, w: np.nansum(np.median(X * w, axis=1)), [1, 1.5]),
            (
                lambda X, w: np.nansum(logsumexp(X * w, axis=1)),
                [2 / (1 + np.e), 3 * np.e / (1 + np.e)],
            ),
            (lambda X, w: np.sum(np.where(np.isfinite(X @ w), X @ w, 0)), [2, 3]),
        ],
    )
    def test_rows_with_missing_data_leave_the_others_alone(self, f: Any, gradient: Any) -> None:
        w = np.ones(2)
        for missing in (np.nan, np.inf):
            if missing == np.inf and "nansum" in f.__code__.co_names:
                continue
            X = np.array([[1.0, missing], [2.0, 3.0]])
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(grad(lambda w, X=X: f(X, w))(w), gradient, rtol=1e-14)
                forward = jacobian(lambda w, X=X: f(X, w), mode="forward")(w)
                np.testing.assert_allclose(forward, gradient, rtol=1e-14)
                H = hessian(lambda w, X=X: f(X, w))(w)
                complete = hessian(lambda w, X=X: f(X[1:], w))(w)
                np.testing.assert_allclose(H, complete, rtol=1e-13, atol=1e-14)

    def test_missing_data_that_count_are_told(self) -> None:
        X = np.array([[1.0, np.nan], [2.0, 3.0]])
        assert np.isnan(grad(lambda w: np.sum(X @ w))(np.ones(2))).tolist() == [False, True]


class TestWhoDependsOnWhat:
    def test_a_parameter_made_while_recording_may_outlive_it(self) -> None:
        store: dict[str, Tensor] = {}

        def f(x: Any) -> Any:
            if "w" not in store:
                store["w"] = Tensor(3.0)
            return store["w"] ** 2 * x**2

        (grad(f)(2.0) * store["w"]).backward()
        assert store["w"].grad == 108.0  # of 2 w³ x

    def test_a_parameter_replaced_while_recording(self) -> None:
        w = Tensor(1.0)

        def f(x: Any) -> Any:
            w.data = 3.0
            return w**2 * x**2

        (grad(f)(2.0) * w).backward()
        assert w.grad == 108.0

    def test_one_that_is_gone_again_does_not_matter(self) -> None:
        assert type(grad(lambda x: x * Tensor(2.0))(1.0)) is np.float64
        H = hessian(lambda x: np.sum((Tensor(np.eye(2)) @ x) ** 2))(np.ones(2))
        assert type(H) is np.ndarray

    def test_results_share_no_memory(self) -> None:
        x = np.array([1.0, 2.0, 3.0])
        results = [
            jacobian(lambda a, b: (a + b) * x, (0, 1))(1.0, 2.0),
            hvp(lambda a, b: np.sum((a + b) ** 3), (x, x), (x, x)),
            grad(lambda a, b: np.sum((a + b) * x), (0, 1))(x, x),
            vjp(lambda a, b: a + b, x, x)[1](x),
        ]
        for one, other in results:
            assert not np.shares_memory(one, other)
            assert not np.shares_memory(one, x)

    def test_a_cast_to_real_drops_imaginary_cotangents(self) -> None:
        def f(x: Any) -> Any:
            return np.real((x * (1 + 2j)).astype(float) * 1j * (1 - 1j))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            assert jacobian(f, mode="forward")(1.0) == jacobian(f, mode="reverse")(1.0) == 1.0
            assert grad(f)(1.0) == 1.0
