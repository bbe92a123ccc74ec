"""What an array cannot take is refused, and then it reads and differentiates as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, compile, grad, hessian, jacobian, jvp

X = np.array([0.5, -1.25, 0.75])
W = np.array([[1.0, -2.0], [3.0, 0.5], [-1.5, 2.5]])

OUTSIDE = """\
a[3] = x[0]
a[-4, 0] = 1.0
a[0, 2] = x[0]
a[3:, 2] = x[0]
a[0][2] = x[0]
a.T[2] = x
a[0, 0, 0] = 1.0
a[[0, 3]] = x[0]
a[:, [0, 2]] += x[0]
a[[0, 1], [1, 2]] = x[:2]
a[np.ones(4, bool)] = x[0]
a[np.ones((3, 3), bool)] = 1.0
a[1.0] = x[0]
a["b"] = 1.0
a[[0.5, 1.5]] = x[0]
np.add.at(a, [0, 3], x[0])
np.multiply.at(a, (0, 2), x[0])
np.put(a, [0, 6], x[:2])
np.put_along_axis(a, np.array([[1, 3]]), x[:2], 0)
a.flat[6] = x[0]
a.flat[[0, 6]] = x[:2]
""".splitlines()

DOES_NOT_FIT = """\
a[:2] = x
a[0] = x
a[0, 0] = x
a[0, 0] = x[:2]
a[:, 0] = x[:2]
a[:, 0] = 1.0, 2.0
a += x
a[1:] *= x
a[...] = np.ones((4, 3, 2))
a[[0, 1], 0] = x
a[[0, 1]] += x
a[W > 0] = x[:2]
a.T[0] = x[:2]
np.add.at(a, [0, 1], x)
np.copyto(a, x)
np.copyto(a, x[:2], where=np.ones(4, bool))
np.add(x, x, out=a)
np.multiply(a, x[0], out=a[0])
np.add(a[0], x[:2], out=a[0], where=np.ones(3, bool))
np.sum(a, 0, out=a)
np.matmul(a, a.T, out=a)
np.place(a, W > 0, [])
np.place(a, np.ones(5, bool), x)
np.putmask(a, np.ones(5, bool), x)
np.put_along_axis(a, np.array([[1, 2]]), x, 0)
np.fill_diagonal(a[0], x[0])
a.fill(x)
a[0] = [x[0], [x[1], 2.0]]
a[0] = "text"
""".splitlines()

ANOTHER_KIND = """\
a[0] = 1j * x[:2]
a[0, 0] = 1j * x[0]
a[0, 0] = 1j
a[0] *= 1j
a += 1j * x[0]
a[[0, 1]] = 1j * x[:2]
np.multiply(x[:2], 1j, out=a[0])
np.add.at(a, 0, 1j * x[0])
np.copyto(a, 1j * x[0])
a.fill(1j * x[0])
a.flat[0] = 1j * x[0]
np.fill_diagonal(a, 1j * x[:2])
np.put(a, [0], 1j * x[:1])
np.put_along_axis(a, np.array([[1, 2]]), 1j * x[:2], 0)
np.place(a, W > 0, 1j * x)
np.putmask(a, W > 0, 1j * x[0])
""".splitlines()

READ_ONLY = """\
np.broadcast_to(a, (2, 3, 2))[0] = x[0]
np.diagonal(a)[0] = x[0]
a.diagonal()[:] = x[:2]
np.add(x[:2], x[1:], out=np.diagonal(a))
np.copyto(np.broadcast_to(a[0], (3, 2)), x[0])
np.lib.stride_tricks.sliding_window_view(a, 2, 0)[0, 0] = x[0]
np.broadcast_to(a[0, :1], 3)[1:] += x[0]
np.diagonal(a).fill(x[0])
np.diagonal(a)[...][1:] = x[0]
""".splitlines()

KINDS = [(IndexError, OUTSIDE), (ValueError, DOES_NOT_FIT), (TypeError, ANOTHER_KIND)]
KINDS += [(ValueError, READ_ONLY)]
CASES = [(statement, error) for error, statements in KINDS for statement in statements]


def make_array(x: Any) -> Any:
    a = np.zeros((3, 2), x.dtype, like=x)
    a[:, 0] = x
    a[1:, 1] = x[:2] * x[1:]
    return a


def attempt(statement: str, x: Any, a: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        exec(statement, {"np": np, "W": W, "a": a, "x": x})


@pytest.mark.parametrize(("statement", "error"), CASES, ids=[statement for statement, _ in CASES])
def test_what_is_refused_changes_nothing(statement: str, error: type[Exception]) -> None:
    def f(x: Any) -> Any:
        a = make_array(x)
        attempt(statement, x, a, error)
        a[0, 1] += x[2]
        attempt(statement, x, a, error)
        return np.sum(W * a)

    def without_attempts(x: Any) -> Any:
        a = make_array(x)
        a[0, 1] += x[2]
        return np.sum(W * a)

    expected = W[:, 0].copy()
    expected += np.array([W[1, 1] * X[1], W[1, 1] * X[0] + W[2, 1] * X[2], W[2, 1] * X[1]])
    expected[2] += W[0, 1]
    np.testing.assert_allclose(grad(without_attempts)(X), expected, rtol=1e-14)
    np.testing.assert_array_equal(grad(f)(X), grad(without_attempts)(X))
    assert f(Tensor(X)).data == without_attempts(X)
    assert f(Tensor(X, requires_grad=False)).data == without_attempts(X)


@pytest.mark.parametrize(
    ("statement", "error"), [case for case in CASES if case[1] is not TypeError]
)
def test_numpy_refuses_the_same(statement: str, error: type[Exception]) -> None:
    with pytest.raises((error, TypeError) if error is ValueError else error):
        exec(statement, {"np": np, "W": W, "a": make_array(X), "x": X})


WHOLE = """\
n[0] = x[0]
n[:] = x
n[[0, 1]] = x[:2]
n += x
n[1:] *= x[:2]
np.add.at(n, 0, x[0])
np.add(x, x, out=n)
np.copyto(n, x)
n.fill(x[0])
np.put(n, [0], x[:1])
""".splitlines()


@pytest.mark.parametrize("dtype", [int, bool])
@pytest.mark.parametrize("statement", WHOLE)
def test_a_tensor_with_a_derivative_is_no_whole_number(statement: str, dtype: Any) -> None:
    def f(x: Any) -> Any:
        n = np.ones(3, dtype, like=x)
        with pytest.raises(TypeError):
            exec(statement, {"np": np, "n": n, "x": x})
        np.testing.assert_array_equal(n.data, np.ones(3, dtype))
        return np.sum(n * x)

    np.testing.assert_array_equal(grad(f)(X), np.ones(3))


def test_constants_are_cut_off_as_numpy_does() -> None:
    n = np.zeros(3, int, like=Tensor(X))
    n[0] = 2.75
    n[1:] = np.array([1.5, -1.5])
    np.testing.assert_array_equal(n.data, [2, 1, -1])
    with pytest.raises(TypeError):
        n += 0.5
    np.testing.assert_array_equal(n.data, [2, 1, -1])


MADE = [
    ("np.zeros((2, -1), like=x)", ValueError),
    ("np.full((2, 2), x, like=x)", ValueError),
    ("np.full(3, x[0], int, like=x)", TypeError),
    ("np.full(3, 1j * x[0], float, like=x)", TypeError),
    ("np.full_like(x, 1j * x[0])", TypeError),
    ("np.array([x, x[:2]], like=x)", ValueError),
    ("np.array([x[0], [x[1]]], like=x)", ValueError),
    ("np.array([x[0], 'text'], float, like=x)", ValueError),
    ("np.array([[x[0], 0], [0, 1]], int, like=x)", TypeError),
    ("np.array([1j * x[0], 1], float, like=x)", TypeError),
    ("np.asarray([x[0], [0.0, 1.0]], like=x)", ValueError),
]


@pytest.mark.parametrize(("made", "error"), MADE)
def test_what_cannot_be_made(made: str, error: type[Exception]) -> None:
    def f(x: Any) -> Any:
        with pytest.raises(error):
            eval(made, {"np": np, "x": x})
        return np.sum(x)

    grad(f)(X)


def test_a_tensor_stays_what_it_is() -> None:
    def f(x: Any) -> Any:
        for y in (x, x * 2, x[1:], np.copy(x) + 1):
            with pytest.raises(TypeError):
                y[0] = 1.0
        return np.sum(x)

    np.testing.assert_array_equal(grad(f)(X), np.ones(3))


@pytest.mark.parametrize("derivative", [grad, hessian, jacobian, lambda f: lambda x: jvp(f, x, x)])
def test_an_array_outside_of_what_is_differentiated(derivative: Any) -> None:
    a = np.ones(3, like=Tensor(X))

    def f(x: Any) -> Any:
        for statement in ("a[0] = x[1]", "a[1:] += x[0]", "np.sin(x, out=a)", "a.T[0] = x[0]"):
            attempt(statement, x, a, TypeError)
        return np.sum(a * x)

    derivative(f)(X)
    np.testing.assert_array_equal(a.data, np.ones(3))


@pytest.mark.parametrize("statement", ["a[3] = x[0]", "a[:2] = x", "np.diagonal(a)[0] = x[0]"])
def test_a_plan_refuses_the_same(statement: str) -> None:
    def f(x: Any) -> Any:
        a = make_array(x)
        if x[0] > 1:
            exec(statement, {"np": np, "a": a, "x": x})
        return np.sum(W * a)

    for planned in (compile(f), compile(grad(f))):
        for _ in range(4):
            planned(X)
        with pytest.raises((IndexError, ValueError)):
            planned(X + 1)
        planned(X)
