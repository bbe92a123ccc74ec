"""Jacobians by closed forms: real, complex and constant outputs, in every mode and chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import hessian, jacobian, jvp

X = np.array([0.3, 1.1, -0.7])
every_mode = pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])


@pytest.mark.parametrize("mode", ["auto", "forward"])
@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
def test_a_complex_output_of_real_arguments(mode: str, outputs: int) -> None:
    A = np.arange(3.0 * outputs).reshape(outputs, 3) / 10

    def f(x: Any) -> Any:
        return A @ (x * np.exp(1j * x))

    expected = A * (np.exp(1j * X) * (1 + 1j * X))
    np.testing.assert_allclose(jacobian(f, mode=mode)(X), expected, rtol=1e-14)


@pytest.mark.parametrize("mode", ["auto", "reverse"])
@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
def test_a_real_output_of_complex_arguments(mode: str, outputs: int) -> None:
    """By z = x + iy it is ∂/∂x - i ∂/∂y, as for a gradient."""
    A = np.arange(3.0 * outputs).reshape(outputs, 3) / 10
    z = X + 1j * X[::-1]
    J = jacobian(lambda z: A @ np.real(z * np.conj(z)), mode=mode)(z)
    np.testing.assert_allclose(J, A * 2 * np.conj(z), rtol=1e-14)


@every_mode
def test_a_real_and_a_complex_argument(mode: str) -> None:
    z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    f = lambda x, z: x[:2] * z  # noqa: E731
    if mode == "reverse":
        with pytest.raises(ValueError, match="by complex128 and float64 arguments"):
            jacobian(f, (0, 1), mode=mode)(X, z)
    else:
        by_x, by_z = jacobian(f, (0, 1), mode=mode)(X, z)
        np.testing.assert_allclose(by_x, np.eye(2, 3) * z[:, None])
        np.testing.assert_allclose(by_z, np.diag(X[:2]))


@every_mode
@pytest.mark.parametrize("constant", [5, 2.5, np.arange(4), np.ones((2, 2))])
def test_a_constant_output_of_whatever_kind(mode: str, constant: Any) -> None:
    J = jacobian(lambda x: constant, mode=mode)(X)
    np.testing.assert_array_equal(J, np.zeros((*np.shape(constant), 3)))


@every_mode
@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 4])
def test_several_arguments_in_chunks_that_cross_their_borders(mode: str, chunk: int) -> None:
    y, s = np.array([[2.0, -1.0], [0.5, 3.0]]), 1.7

    def f(x: Any, s: Any, y: Any) -> Any:
        return np.stack([s * x[0] * y[0, 1], x[1] ** 2 + y[1, 0] * s, np.sum(x) * np.sum(y)])

    by_x, by_s, by_y = jacobian(f, (0, 1, 2), mode=mode, chunk=chunk)(X, s, y)
    total = np.sum(y)
    np.testing.assert_allclose(by_x, [[-s, 0, 0], [0, 2 * X[1], 0], [total] * 3])
    np.testing.assert_allclose(by_s, [-X[0], 0.5, 0])
    row = np.full((2, 2), np.sum(X))
    np.testing.assert_allclose(by_y, [[[0, s * X[0]], [0, 0]], [[0, 0], [s, 0]], row])


@pytest.mark.parametrize("chunk", [None, 1, 2, 3])
def test_a_hessian_whose_gradients_are_made_of_one_another(chunk: int | None) -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sin(a + b * b)  # whose derivative by b is 2b times that by a

    a, b = 0.4, 1.3
    s, c = np.sin(a + b * b), np.cos(a + b * b)
    H = hessian(f, (0, 1), chunk=chunk)(a, b)
    np.testing.assert_allclose(H, [[-s, -2 * b * s], [-2 * b * s, 2 * c - 4 * b * b * s]])


@every_mode
@pytest.mark.parametrize("size", [2, 40])
def test_nested_in_a_forward_derivative(mode: str, size: int) -> None:
    x = np.linspace(0.1, 1.0, size)

    def f(t: Any) -> Any:
        return jacobian(lambda p: np.exp(p[0] * t * x) * p[1], mode=mode)(np.array([0.5, 2.0]))

    E = np.exp(0.5 * 3.0 * x)
    slope = np.stack([2 * x * E * (1 + 0.5 * 3.0 * x), 0.5 * x * E], axis=-1)
    np.testing.assert_allclose(jvp(f, 3.0, 1.0)[1], slope, rtol=1e-13)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_arrays_beyond_the_bound_go_one_at_a_time(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodiff.derivatives._batches.BATCH_BYTES", 1)
    J = jacobian(lambda x: np.sin(x[::-1]), mode=mode)(X)
    np.testing.assert_array_equal(J, np.diag(np.cos(X[::-1]))[:, ::-1])
    assert hessian(lambda x: x[0] * x[1] * x[2])(X)[0, 1] == X[2]


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_a_block_has_its_arguments_precision(mode: str) -> None:
    c = np.arange(3.0)
    x = np.ones(3, np.float32)
    for f in (lambda x: x * c, lambda p: p[0] * c, lambda x: np.sum(x * c)):
        assert jacobian(f, mode=mode)(x).dtype == np.float32
    assert jacobian(lambda x: x.astype(np.float32), mode=mode)(c).dtype == np.float64
