"""Arrays that can be filled, where the rest of the library meets them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import copy, deepcopy
from threading import Thread
from typing import Any

import numpy as np
import pytest
from scipy import special

import nn
from autodiff import (
    Tensor,
    checkpoint,
    compile,
    custom,
    divergence,
    draw,
    elementwise,
    flatten,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    implicit,
    jacobian,
    jvp,
    laplacian,
    linear,
    linearize,
    log_softmax,
    logsumexp,
    no_grad,
    replaying,
    softmax,
    softmax_cross_entropy,
    stop_gradient,
    taylor,
    value_and_grad,
    vjp,
)

X = np.array([1.0, 2.0, 3.0])


def in_array(x: Any) -> Any:
    """Three numbers, written one by one."""
    a = np.zeros(3, like=x)
    for i in range(3):
        a[i] = (i + 1) * x[i]
    return a


def in_tensor(x: Any) -> Any:
    return np.stack([(i + 1) * x[i] for i in range(3)])


square = custom(lambda x: x**2, vjp=lambda g, out, x: 2 * g * x, name="square")
times = elementwise(
    lambda x, y: x * y, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x, name="times"
)
twice = linear(lambda x: 2 * x, lambda g, out, x: 2 * g, name="twice")


def cube(y: Any) -> Any:
    return y**3


def cubes(y: Any) -> Any:
    return np.sum(y**3)


DOORS: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda a, x: softmax(a),
    "log_softmax": lambda a, x: log_softmax(a),
    "logsumexp": lambda a, x: logsumexp(a),
    "softmax_cross_entropy": lambda a, x: softmax_cross_entropy(a[None], [1]),
    "stop_gradient": lambda a, x: stop_gradient(a) * x,
    "custom": lambda a, x: square(a),
    "elementwise": lambda a, x: times(a, x) + times(x, a),
    "linear": lambda a, x: twice(a),
    "checkpoint": lambda a, x: checkpoint(lambda y, z: in_array(y) * z)(a, x),
    "grad": lambda a, x: grad(lambda y: np.sum(cube(y) * x))(a),
    "grad-list": lambda a, x: grad(lambda p: np.sum(p[0] ** 3 * p[1]))([a, x])[0],
    "value_and_grad": lambda a, x: value_and_grad(cubes)(a)[1],
    "jacobian": lambda a, x: jacobian(cube)(a),
    "hessian": lambda a, x: hessian(cubes)(a),
    "jvp-point": lambda a, x: jvp(cube, (a,), (x,))[1],
    "jvp-tangent": lambda a, x: jvp(cube, (x,), (a,))[1],
    "vjp": lambda a, x: vjp(cube, x)[1](a),
    "hvp": lambda a, x: hvp(cubes, x, a),
    "linearize": lambda a, x: linearize(cube, x)[1](a),
    "implicit": lambda a, x: implicit(lambda y, t: y**2 - t, np.sqrt)(a),
    "laplacian": lambda a, x: laplacian(cubes)(a),
    "hessian_diagonal": lambda a, x: hessian_diagonal(cubes)(a),
    "divergence": lambda a, x: divergence(cube)(a),
    "flatten": lambda a, x: flatten({"a": a, "x": x})[0],
    "compile": lambda a, x: compile(cubes, eager_calls=0)(a),
    "replaying": lambda a, x: replaying(cubes)(a),
    "Linear": lambda a, x: nn.Linear(3, 2, seed=0)(a),
    "erf": lambda a, x: special.erf(a),
    "at": lambda a, x: a.at[0].set(x[1]) + x.at[0].add(a[1]),
    "key": lambda a, x: x[np.argsort(a)],
    "mask": lambda a, x: x[a > 2],
    "lists": lambda a, x: np.block([[a], [x]]) + np.stack([a, x]),
    "keyword": lambda a, x: np.average(x, weights=a),
    "where": lambda a, x: np.sum(x, where=a > 2) * a,
    "einsum": lambda a, x: np.einsum("i,j->ij", a, x),
    "right": lambda a, x: 2.0**a + x**a - x @ a,
    "clip": lambda a, x: np.clip(x, 0, a / 2),
    "piecewise": lambda a, x: np.piecewise(a, [a > 2, a <= 2], [cube, np.sin]),
    "outputs": lambda a, x: [a, x],
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_it_as_the_tensor_that_it_is(door: str) -> None:
    f = DOORS[door]
    actual = jacobian(lambda x: f(in_array(x), x))(X)
    np.testing.assert_allclose(actual, jacobian(lambda x: f(in_tensor(x), x))(X), rtol=1e-14)


def test_a_function_may_return_it() -> None:
    expected = np.diag([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(jacobian(in_array)(X), expected)
    np.testing.assert_array_equal(compile(in_array, eager_calls=0)(X), expected @ X)
    with no_grad():
        np.testing.assert_array_equal(in_array(Tensor(X)).data, expected @ X)
    assert str(taylor(lambda t: in_array(np.stack([t, t**2, t**3]))[1], 0.0, 3)) == "2 x² + O(x⁴)"


def test_a_picture_shows_what_it_holds() -> None:
    assert "stack(" in draw(in_array(Tensor(X))).source


def test_what_is_never_written_is_a_constant() -> None:
    a = np.ones((2, 3), like=Tensor(X))
    assert not a.requires_grad
    assert float(a.sum()) == 6
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.zeros_like(x) * x))(X), [0, 0, 0])


def test_an_augmented_assignment_to_a_tensor_makes_another() -> None:
    def f(x: Any) -> Any:
        y = x
        y += x**2
        return np.sum(y * x)

    np.testing.assert_allclose(grad(f)(X), 2 * X + 3 * X**2)


def test_a_copy_leaves_the_tensor_as_it_is() -> None:
    x = Tensor(X)
    y = x.copy()
    y[0] = 7 * x[1]
    y[1:] *= 2
    np.testing.assert_array_equal(x.data, X)
    np.sum(y * y).backward()
    np.testing.assert_array_equal(x.grad, [0, 98 * 2 + 8 * 2, 8 * 3])


def test_a_value_replaced_by_a_tensor_is_its_numbers() -> None:
    p = Tensor(X)
    p.data = Tensor([4.0, 5.0, 6.0])
    np.testing.assert_array_equal(p.data, [4, 5, 6])
    p.data = in_array(Tensor(X))
    np.testing.assert_array_equal(p.data, [1, 4, 9])


class TestWhoseArrayItIs:
    """A function that is differentiated fills what it makes itself."""

    def test_one_that_outlives_the_function_is_not_written_to(self) -> None:
        held = []

        def f(x: Any) -> Any:
            held.append(in_array(x))
            return held[0].sum()

        grad(f)(X)
        for write in (lambda a: a.__setitem__(0, 1.0), lambda a: a[1:].fill(2.0)):
            with pytest.raises(TypeError, match=r"after the function's derivative .* a.data.copy"):
                write(held[0])
        np.testing.assert_array_equal(held[0].data, [1, 4, 9])

    @pytest.mark.parametrize("derivative", [grad, hessian, value_and_grad, jacobian])
    def test_one_of_outside_is_not_written_to(self, derivative: Any) -> None:
        outside = np.zeros(3, like=Tensor(X))

        def f(x: Any) -> Any:
            outside[0] = x[0]
            return np.sum(outside * x)

        with pytest.raises(TypeError, match=r"made outside of the function .* make it inside"):
            derivative(f)(X)
        assert not outside.data.any()
        outside[0] = 5.0  # as before
        np.testing.assert_array_equal(grad(lambda x: np.sum(outside * x))(X), [5, 0, 0])

    def test_one_of_outside_is_written_to_again_after_a_failure(self) -> None:
        outside = np.zeros(3, like=Tensor(X))
        with pytest.raises(ZeroDivisionError):
            grad(lambda x: 1 // 0)(X)
        outside[1] = 2.0
        assert float(outside[1]) == 2

    def test_an_enclosing_function_goes_on_with_its_own(self) -> None:
        def f(x: Any) -> Any:
            slopes = np.zeros(3, like=x)
            for i in range(3):
                slopes[i] = grad(lambda t: np.sum(in_array(t * x)))(x[i])
            return np.sum(slopes**2)

        slope = 1 + 4 + 9 + 5 * 0  # Σ (i + 1) xᵢ, of which ∂/∂xᵢ is i + 1
        np.testing.assert_allclose(grad(f)(X), 6 * slope * np.array([1.0, 2.0, 3.0]))

    def test_by_backward_it_is_written_to_and_read_at_any_time(self) -> None:
        p = Tensor(X)
        a = np.zeros(3, like=p)
        for expected in ([2.0, 0, 0], [4.0, 0, 0]):
            a[0] = p[0] ** 2
            np.sum(a).backward()
            np.testing.assert_array_equal(p.grad, expected)

    def test_another_thread_has_arrays_of_its_own(self) -> None:
        mine = np.zeros(3, like=Tensor(X))
        results: list[Any] = []

        def f(x: Any) -> Any:
            thread = Thread(target=lambda: results.append(grad(lambda y: in_array(y).sum())(X)))
            thread.start()
            thread.join()
            return in_array(x).sum() + mine.sum()

        np.testing.assert_array_equal(grad(f)(X), [1, 2, 3])
        np.testing.assert_array_equal(results[0], [1, 2, 3])

    def test_a_plan_takes_none_that_was_made_outside(self) -> None:
        outside = in_array(Tensor(X))
        planned = compile(lambda x: np.sum(outside.data * x + outside[0].data), eager_calls=0)
        with pytest.warns(UserWarning, match="an array that is filled was made outside"):
            value = planned(X)
        assert value == 1 + 8 + 27 + 3


class TestRulesThatFill:
    """A rule of one's own may fill the image that it returns."""

    def test_second_derivatives_flow_through_it(self) -> None:
        def filled(g: Any, out: Any, x: Any) -> Any:
            image = np.zeros_like(x * g)
            image[:] = 2 * g * x
            return image

        for rule in (filled, lambda g, out, x: (2 * g * x).copy()):
            squares = custom(lambda x: x**2, vjp=rule, name="squares")
            actual = hessian(lambda x, f=squares: np.sum(f(x) ** 2))(X)
            np.testing.assert_allclose(actual, np.diag(12 * X**2))

    def test_elementwise_and_linear_ops(self) -> None:
        def filled(g: Any, out: Any, x: Any) -> Any:
            image = np.zeros_like(x * g)
            image[...] = 3 * x**2 * g
            return image

        cubed = elementwise(lambda x: x**3, filled, name="cubed")
        actual = hessian(lambda x: np.sum(cubed(x) ** 2))(X)
        np.testing.assert_allclose(actual, np.diag(30 * X**4))
        tripled = linear(lambda x: 3 * x, lambda g, out, x: (3 * g).copy(), name="tripled")
        np.testing.assert_allclose(hessian(lambda x: np.sum(tripled(x) ** 2))(X), 18 * np.eye(3))


class TestAsNumPyHasIt:
    """What is a view, what is a copy, and what is written where."""

    def test_what_is_read_without_a_graph_is_a_constant(self) -> None:
        def f(x: Any, write: Any) -> Any:
            a = np.zeros(2, like=x)
            write(a, x)
            with no_grad():
                held = [a[0], *a[:1], *list(a.flat)[:1], a[[0]][0]]
            return sum(held) * x[1]

        for write in (
            lambda a, x: a.__setitem__(0, x[0]),
            lambda a, x: a.__setitem__(slice(None), x[:2]),
        ):
            np.testing.assert_array_equal(grad(f)(X, write), [0, 4, 0])

    def test_a_part_of_a_complex_array_is_no_view_of_all_of_it(self) -> None:
        x = Tensor(X)
        z = np.zeros(3, complex, like=x)
        z[:] = x + 2j * x
        z[...] = z.real
        np.testing.assert_array_equal(z.data, X)
        z.imag[1] = x[0]
        part = z.imag
        z[1] = 7j * x[0]
        np.testing.assert_array_equal(part.data, [0, 7, 0])

    def test_no_values_write_nothing(self) -> None:
        a = np.ones((3, 3), like=Tensor(X))
        np.fill_diagonal(a, np.zeros(0))
        a.flat = []
        a.flat[1:] = []
        assert a.data.all()

    def test_entries_lie_in_memory_as_those_of_an_array(self) -> None:
        def ravels(x: Any) -> Any:
            read = []
            y = np.outer(x, x[:2])
            arrays = [y.copy("F"), np.zeros_like(y.T), np.copy(y.T), np.array(y.T, like=x)]
            for a in arrays:
                a.ravel()[0] = 55.0
                a.reshape(-1)[1] = 66.0
                read.append(a)
            return read

        for actual, expected in zip(ravels(Tensor(X)), ravels(X), strict=True):
            np.testing.assert_array_equal(actual.data, expected)

    def test_what_numpy_returns_itself_follows(self) -> None:
        x = Tensor(X)
        a = np.zeros(3, like=x)
        followers = [
            np.broadcast_arrays(a, np.ones((2, 3)))[0][1],
            a.astype(float, copy=False),
            np.asarray(a, like=x),
            np.real_if_close(a),
            a.conj(),
            a.real,
            np.atleast_2d(a, x)[0][0],
        ]
        a[0] = 5 * x[0]
        for follower in followers:
            np.testing.assert_array_equal(follower.data, [5, 0, 0])

    def test_copies_do_not_follow(self) -> None:
        x = Tensor(X)
        a = x.copy()
        copies = [copy(a), deepcopy(a), a.flatten(), a.astype(float), np.array(a, like=x)]
        for each in copies:
            each[0] = 7 * x[1]
        np.testing.assert_array_equal(a.data, X)
        for each in copies:
            np.testing.assert_array_equal(each.data, [14, 2, 3])

    def test_an_array_of_numbers_stays_itself(self) -> None:
        numbers = np.zeros(3)

        def f(x: Any) -> Any:
            a = np.asarray(numbers, like=x)
            a[0] = x[0]
            return numbers.sum()

        with pytest.raises(TypeError, match="losing its derivative"):
            grad(f)(X)

    def test_plans_do_not_write_into_copies_of_it(self) -> None:
        counts = np.zeros(3)

        def count(x: Any) -> Any:
            a = np.asarray(counts, like=x)
            a[0] += 1
            return a * x

        planned = compile(count, eager_calls=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it stays eager
            assert [planned(X)[0] for _ in range(5)] == [1, 2, 3, 4, 5]

    def test_several_results_are_written_all_or_none(self) -> None:
        a = np.ones(3, like=Tensor(X))
        with pytest.raises(ValueError, match="broadcast"):
            np.modf(Tensor(X), out=(a, a[:2]))
        with pytest.raises(TypeError, match="cannot hold"):
            np.add(a, 0.5, out=np.ones(3, int, like=a), where=[True, False, True])
        assert a.data.all()

    def test_arguments_by_name(self) -> None:
        x = Tensor(X)
        a = np.zeros((3, 3), like=x)
        np.fill_diagonal(a=a, val=x)
        np.copyto(dst=a[0], src=x)
        np.transpose(a=a)[0] = 5.0
        np.testing.assert_array_equal(a.data, [[5, 2, 3], [5, 2, 0], [5, 0, 3]])

    def test_lists_of_tensors_are_written(self) -> None:
        x = Tensor(X)
        parts = [x[0], x[1], x[2]]
        a = np.full(3, parts, like=x)
        np.place(a, [True, False, True], parts[1:])
        np.putmask(a, [False, True, False], parts)
        a += parts
        np.add.at(a, [0, 1], parts[:2])
        np.testing.assert_array_equal(a.data, [4, 6, 6])

    @pytest.mark.skipif(not hasattr(np, "unstack"), reason="NumPy before 2.1 has no unstack")
    def test_taken_apart(self) -> None:
        p, q, r = np.unstack(np.array(Tensor(X), like=Tensor(X)))
        p += q
        assert float((p * r).data) == 9


def test_its_length_costs_no_reading() -> None:
    x = Tensor(X)
    a = np.zeros(400, like=x)
    for i in range(400):
        a[len(a) - 1 - i] = x[0] * i
    assert len(a.at_present().inputs) > 400  # all pieces, as they were written


def test_it_is_known_by_its_identity() -> None:
    a = np.zeros(3, like=Tensor(X))
    known = {a: "a"}
    a[0] = 1.0
    assert known[a] == "a"


class TestOutOfWhatIsAConstant:
    """Steps, masks and indices are written into what can be filled, not into Tensors' numbers."""

    def test_methods(self) -> None:
        x = Tensor(X)
        y = np.exp(x)
        a, n = y.copy(), np.zeros(3, int, like=x)
        a.round(out=a)
        np.outer(x, x).argmax(0, out=n)
        n[0] = 7
        np.testing.assert_array_equal(a.data, np.round(np.exp(X)))
        np.testing.assert_array_equal(n.data, [7, 2, 2])
        np.sum(y).backward()
        np.testing.assert_allclose(x.grad, np.exp(X))
        with pytest.raises(TypeError, match="has no out="):
            y.round(out=y)

    def test_without_a_graph(self) -> None:
        a = Tensor(X).copy()
        with no_grad():
            (a / 2).round(out=a)
        np.testing.assert_array_equal(a.data, np.round(X / 2))


@pytest.mark.parametrize(
    "write",
    [
        lambda a, x: np.cumsum(x, 0, None, a),
        lambda a, x: np.std(np.outer(x, x), 0, None, a),
        lambda a, x: np.take(x, [0, 2, 1], 0, a),
        lambda a, x: np.stack([x[0], x[1], x[2]], 0, a),
        lambda a, x: x.cumsum(0, None, a),
        lambda a, x: np.modf(x / 3, out=(None, a)),
        lambda a, x: np.modf(x / 3, None, a),
    ],
)
def test_out_by_position_in_plans(write: Any) -> None:
    def f(x: Any) -> Any:
        a = np.zeros(3, like=x)
        write(a, x)
        return a

    planned = compile(f, eager_calls=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some stay eager
        for x in (X, X + 1, X - 5):
            np.testing.assert_array_equal(planned(x), f(x))


class TestOneAfterTheOther:
    """ufunc.at computes in the type of the array and the values, however often a place is named."""

    @pytest.mark.parametrize(
        ("ufunc", "start", "values"),
        [
            (np.multiply, np.ones(2), [3] * 60),
            (np.multiply, np.ones(2, int), np.full(12, 7, np.int8)),
            (np.multiply, np.ones(2), np.full(20, 1e5, np.float32)),
            (np.multiply, np.zeros(2), np.full(10, 1e200)),
            (np.add, np.ones(2), np.ones(20, bool)),
            (np.add, np.zeros(2, int), np.ones(20, bool)),
            (np.subtract, np.ones(2), np.full(20, 100, np.uint8)),
            (np.maximum, np.ones(2), np.arange(20)),
        ],
    )
    def test_types(self, ufunc: np.ufunc, start: Any, values: Any) -> None:
        a, expected = np.array(start, like=Tensor(X)), start.copy()
        places = np.zeros(len(values), int)
        ufunc.at(a, places, values)
        ufunc.at(expected, places, values)
        np.testing.assert_allclose(a.data, expected, rtol=1e-14)
        assert a.dtype == expected.dtype


def test_the_method_copies_in_the_order_of_rows() -> None:
    def f(x: Any) -> Any:
        a = x.T.copy()
        flat = a.reshape(-1)
        flat *= 2
        return a + 0

    matrix = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(f(Tensor(matrix)).data, f(matrix))


def test_as_a_plain_array_it_cannot_be_written_to() -> None:
    a = np.zeros(3, like=Tensor(X))
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(a)[0] = 9.0
    own = np.array(a)
    own[0] = 9.0
    assert not a.data.any()


def test_a_part_laid_out_anew_is_a_copy() -> None:
    z = np.zeros(3, complex, like=Tensor(X))
    z.real.ravel()[0] = 5.0
    z.real.reshape(3, 1)[1] = 6.0
    np.testing.assert_array_equal(z.data, [0, 6, 0])


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_one_part_of_a_complex_number_leaves_the_other(value: float) -> None:
    def parts(x: Any) -> Any:
        z = np.zeros(3, complex, like=x)
        z.real = x
        z.imag[0] = value
        z.imag[1:] = x[:2] ** 2
        z.real[2] *= 3
        return z

    z = parts(Tensor(X)).data
    np.testing.assert_array_equal(z.real, [1, 2, 9])
    np.testing.assert_array_equal(z.imag, [value, 1, 4])
    slopes = grad(lambda x: np.sum(parts(x).real ** 2) + np.sum(parts(x).imag[1:]))(X)
    np.testing.assert_allclose(slopes, [2 + 2, 4 + 4, 9 * 6])
