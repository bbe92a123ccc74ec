"""Arrays that are filled read as NumPy's do, bit for bit, and differentiate as complex steps do.

Random programs write into arrays by every statement that NumPy has for it, by keys of every kind
and through views; one that fails is printed with as few lines as show it.
"""

from __future__ import annotations

import os
import warnings
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import Tensor, checkpoint, compile, grad, jacobian
from tests.autodiff.filling.checks import BY_NAME
from tests.autodiff.filling.generate import generate
from tests.autodiff.filling.program import Program
from tests.autodiff.filling.smallest import failure, report

X = np.array([0.5, -1.25, 0.75])


def check(program: Program, *checks: str) -> None:
    """Fail with the shortest program that fails as well."""
    found = failure(program, checks or tuple(BY_NAME))
    if found is not None:
        pytest.fail(report(program, found), pytrace=False)


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_random_programs_in_every_walk(start: int) -> None:
    for seed in range(start, start + 20):
        check(generate(Random(seed)))


@pytest.mark.parametrize("start", range(1000, 1400, 100))
def test_random_programs_read_and_differentiate(start: int) -> None:
    for seed in range(start, start + 100):
        check(generate(Random(seed)), "values", "backward")


def test_fresh_random_programs() -> None:
    first = int.from_bytes(os.urandom(5), "big")
    for seed in range(first, first + 20):
        check(generate(Random(seed)), "values", "forward", "backward", "planned")


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(2, 8))
def test_short_programs(random: Random, length: int) -> None:
    check(generate(random, length), "values", "backward")


def test_programs_hold_every_statement() -> None:
    words = ["+=", "-=", "*=", "/=", "**=", ".at(", "put(", "put_along", "fill_diagonal", "copyto"]
    words += ["place(", "putmask", "out=", "where=", ".fill(", ".flat[", "np.array([", "zeros_like"]
    words += ["for row in", "list(", "reshape", ".T", "diagonal", "broadcast_to", "split", "None"]
    words += ["True", "False", "...", "::-1", "wrap=True", "> 0.1", "swapaxes", "ravel"]
    source = "".join(generate(Random(seed)).source for seed in range(160))
    assert {word for word in words if source.count(word) < 3} == set()


class TestComplexArrays:
    z = np.array([0.5 + 1j, -1.0 + 0.25j, 2.0 - 0.5j])

    @staticmethod
    def written(x: Any, y: Any) -> Any:
        z = np.zeros(3, complex, like=x)
        z[:] = x
        z += 1j * y
        z[0] *= z[1]
        return np.abs(z) ** 2

    def test_real_numbers_are_written_into_complex_arrays(self) -> None:
        def by_parts(x: Any, y: Any) -> Any:
            first = (x[0] * x[1] - y[0] * y[1]) ** 2 + (x[0] * y[1] + x[1] * y[0]) ** 2
            return np.stack([first, *(x[i] ** 2 + y[i] ** 2 for i in (1, 2))])

        x, y = X, X[::-1].copy()
        np.testing.assert_allclose(self.written(x, y), by_parts(x, y))
        found, expected = (jacobian(f, (0, 1))(x, y) for f in (self.written, by_parts))
        np.testing.assert_allclose(found, expected, rtol=1e-14)

    def test_parts_that_are_written_to(self) -> None:
        def by_real_and_imag(x: Any) -> Any:
            z = np.zeros(3, complex, like=x)
            z.real = x
            z.imag = x[::-1] * x
            return np.abs(z) ** 2

        expected = np.diag(2 * X) + 0.0
        for i in range(3):
            product = 2 * X[i] * X[::-1][i]
            expected[i, i] += product * X[::-1][i]
            expected[i, 2 - i] += product * X[i]
        squares = X**2 + (X * X[::-1]) ** 2
        np.testing.assert_allclose(by_real_and_imag(X), squares, rtol=1e-14)
        np.testing.assert_allclose(by_real_and_imag(Tensor(X)).data, squares, rtol=1e-14)
        np.testing.assert_allclose(jacobian(by_real_and_imag)(X), expected, rtol=1e-14)

    def test_the_real_part_of_a_real_array_is_the_array(self) -> None:
        def f(x: Any) -> Any:
            a = np.copy(x)
            a.real[1] = x[0] * x[2]
            return a

        expected = np.eye(3)
        expected[1] = [X[2], 0, X[0]]
        np.testing.assert_array_equal(f(X), [X[0], X[0] * X[2], X[2]])
        np.testing.assert_array_equal(jacobian(f)(X), expected)


class TestBesideOtherArrays:
    """Which arrays change, and which do not."""

    def test_an_array_that_is_kept_between_calls(self) -> None:
        buffer = np.zeros(3, like=Tensor(X))

        def f(x: Any) -> Any:
            before = buffer[0] * 1
            buffer[:] = x
            buffer[1] += before
            return np.sum(buffer * buffer)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what stays eager
            for g in (f, compile(f, eager_calls=0)):
                buffer[:] = before = 0.0
                for k in range(4):
                    x, y = X + k, X + k + np.array([0, before, 0])
                    np.testing.assert_allclose(g(x).item(), y @ y, rtol=1e-14)
                    np.testing.assert_array_equal(buffer.data, y)
                    before = x[0]

    def test_a_plan_reads_what_an_array_outside_holds_at_each_call(self) -> None:
        a = np.zeros(3, like=Tensor(X))
        slope = compile(grad(lambda x: np.sum(a * x)), eager_calls=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what stays eager
            for k in range(4):
                a[1] = float(k)
                np.testing.assert_array_equal(slope(X), [0, k, 0])

    def test_a_gradient_inside_reads_an_array_outside(self) -> None:
        def f(x: Any) -> Any:
            a = np.copy(x)
            slope = grad(lambda y: np.sum(a * y * y))(x)
            a[0] = slope[0]
            return np.sum(a * slope)

        expected = [16 * X[0] ** 3, 6 * X[1] ** 2, 6 * X[2] ** 2]
        np.testing.assert_allclose(grad(f)(X), expected, rtol=1e-14)

    def test_checkpoint_around_a_function_that_fills(self) -> None:
        def filling(x: Any, a: Any) -> Any:
            b = np.copy(a)
            b[1:] *= x[:2]
            return np.sum(b * b)

        def f(x: Any, through: Any = lambda g: g) -> Any:
            a = np.zeros_like(x)
            a[:] = x * x
            return through(filling)(x, a) + np.sum(a)

        np.testing.assert_allclose(grad(lambda x: f(x, checkpoint))(X), grad(f)(X), rtol=1e-14)

    def test_what_was_copied_does_not_change(self) -> None:
        x = X.copy()

        def f(x: Any) -> Any:
            a = np.array(x, like=x)
            a[0] = 7.0
            np.copy(a)[1] = 8.0
            a[[1, 2]][0:1] * 2
            return a * x

        np.testing.assert_array_equal(grad(lambda x: np.sum(f(x)))(x), [7.0, 2 * x[1], 2 * x[2]])
        np.testing.assert_array_equal(x, X)

    def test_what_is_written_is_not_what_changes(self) -> None:
        row = np.ones(3)

        def f(x: Any) -> Any:
            a = np.zeros((2, 3), like=x)
            a[0] = row
            a[0] *= x
            a[1] = a[0]
            a[0] += 1
            return a

        np.testing.assert_array_equal(f(Tensor(X)).data, [X + 1, X])
        np.testing.assert_array_equal(row, np.ones(3))

    def test_what_is_read_outside_of_the_graph_stays(self) -> None:
        a = np.zeros(3, like=Tensor(X))
        a[:] = 1.0
        before, after = a.data, np.array([5.0, 1.0, 1.0])
        a[0] = 5.0
        np.testing.assert_array_equal(before, np.ones(3))
        np.testing.assert_array_equal(a.data, after)

    def test_what_was_computed_stays(self) -> None:
        x = Tensor(X)
        a = np.copy(x)
        squares = a * a
        a[:] = 0.0
        np.testing.assert_array_equal(squares.data, X * X)
        np.sum(squares).backward()
        np.testing.assert_array_equal(x.grad, 2 * X)
