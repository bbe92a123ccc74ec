"""Diagonals agree with those of the whole matrices, whichever way they are computed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from autodiff import (
    Tensor,
    check_grads,
    custom,
    divergence,
    grad,
    hessian,
    hessian_diagonal,
    jacobian,
    laplacian,
)
from autodiff._core.functions import record_function
from autodiff.derivatives._diagonals import acts_on_each_entry

RNG = np.random.default_rng(0)
M = RNG.normal(size=(6, 6))


def rosenbrock(x: Any) -> Any:
    x = np.ravel(x)
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def squared(x: Any) -> Any:
    return x * x


ENTRYWISE = {
    "sum": lambda x: np.sum(np.exp(-x * x) * np.sin(x) + 3.0 * x),
    "mean": lambda x: np.mean(np.tanh(x) ** 3),
    "with constants": lambda x: np.sum(np.where(x > 0, np.arange(6.0).reshape(x.shape), 1) * x**4),
    "a constant in front": lambda x: np.sum(np.arange(6.0).reshape(x.shape) * x**3),
    "two sums": lambda x: np.sum(x**3) - 2 * np.sum(np.log(1 + x * x)),
    "linear": lambda x: np.sum(x),
    "constant": lambda x: 5.0,
}
MIXED = {
    "rosenbrock": rosenbrock,
    "of a sum": lambda x: np.exp(np.sum(np.sin(x))),
    "norm": lambda x: np.sqrt(np.sum(x * x)),
    "matrix": lambda x: np.sum(np.tanh(M @ np.ravel(x))),
    "sums along an axis": lambda x: np.sum(np.sum(x.reshape(2, 3) ** 2, axis=0) ** 2),
    "turned round": lambda x: np.sum(x * np.ravel(x)[::-1].reshape(x.shape)),
    "broadcast against itself": lambda x: np.sum(np.sin(np.ravel(x)[:, None] * np.ravel(x))),
    "entrywise and more": lambda x: np.sum(x**4) + np.prod(x),
    "a custom op": lambda x: np.sum(x * custom(squared, vjp=lambda g, out, x: 2 * g * x)(x)),
}
F = {
    "entrywise": lambda x: np.sin(x) * x + 2.0,
    "the identity": lambda x: x,
    "a constant": lambda x: np.ones(x.shape),
    "linear": lambda x: (M @ np.ravel(x)).reshape(x.shape),
    "a common factor": lambda x: x * np.sum(x * x),
    "a shift": lambda x: np.roll(x, 1) * x,
}


def diagonal_of(matrix: Any, shape: tuple[int, ...]) -> Any:
    n = int(np.prod(shape))
    return np.diagonal(matrix.reshape(n, n)).reshape(shape)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (6, 1)])
@pytest.mark.parametrize("name", [*ENTRYWISE, *MIXED])
def test_the_diagonal_of_the_hessian(name: str, shape: tuple[int, ...]) -> None:
    f = {**ENTRYWISE, **MIXED}[name]
    x = RNG.uniform(0.5, 1.5, shape)
    expected = diagonal_of(hessian(f)(x), shape)
    actual = hessian_diagonal(f)(x)
    assert actual.shape == shape
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)
    assert laplacian(f)(x) == pytest.approx(np.sum(expected), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("shape", [(6,), (3, 2), (1, 6)])
@pytest.mark.parametrize("name", F)
def test_the_divergence_is_the_trace_of_the_jacobian(name: str, shape: tuple[int, ...]) -> None:
    x = RNG.uniform(0.5, 1.5, shape)
    expected = np.sum(diagonal_of(jacobian(F[name])(x), shape))
    assert divergence(F[name])(x) == pytest.approx(expected, rel=1e-12)


def recorded_as_entrywise(F: Any, x: Any) -> bool:
    graph = record_function(F, (x,), {}, 0)
    return acts_on_each_entry(graph, graph.leaves[0])


class TestWhatTheGraphShows:
    @pytest.mark.parametrize("name", ENTRYWISE)
    def test_a_sum_of_an_elementwise_expression_is_recognised(self, name: str) -> None:
        assert recorded_as_entrywise(grad(ENTRYWISE[name]), np.ones((2, 3)))

    @pytest.mark.parametrize("name", MIXED)
    def test_nothing_else_is(self, name: str) -> None:
        assert not recorded_as_entrywise(grad(MIXED[name]), np.ones((2, 3)))

    def test_broadcasting_breaks_it_though_shapes_come_back(self) -> None:
        x = np.ones((3, 1))
        assert not recorded_as_entrywise(lambda x: np.sum(x * np.ones(3), axis=1, keepdims=True), x)
        assert not recorded_as_entrywise(lambda x: x * np.ones((3, 3)), x)

    def test_a_reduction_of_something_else_does_not_break_it(self) -> None:
        w = Tensor(np.ones(3))
        assert recorded_as_entrywise(lambda x: x * np.sum(np.ones(3)), np.ones(3))
        assert recorded_as_entrywise(lambda x: x * np.sum(w * w), np.ones(3))


@pytest.mark.parametrize("entries", [43, 1])  # 4, 4 and 2 of 10 columns; less than one
def test_many_batches(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr("autodiff.derivatives._diagonals.BATCH_ENTRIES", entries)
    x = RNG.uniform(0.5, 1.5, 10)
    expected = np.diagonal(hessian(rosenbrock)(x))
    np.testing.assert_allclose(hessian_diagonal(rosenbrock)(x), expected, rtol=1e-12)


def test_the_whole_hessian_is_never_in_memory() -> None:
    n = 3000
    hessian_diagonal(rosenbrock)(np.ones(10))
    tracemalloc.start()
    hessian_diagonal(rosenbrock)(np.ones(n))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * n * 8 / 2


@pytest.mark.parametrize("f", [ENTRYWISE["sum"], rosenbrock], ids=["entrywise", "mixed"])
def test_they_can_be_differentiated_again(f: Any) -> None:
    x = RNG.uniform(0.5, 1.5, 4)
    third = jacobian(hessian(f))(x)
    np.testing.assert_allclose(
        jacobian(hessian_diagonal(f))(x), np.einsum("iij->ij", third), rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(
        grad(laplacian(f))(x), np.einsum("iij->j", third), rtol=1e-11, atol=1e-11
    )
    check_grads(divergence(grad(f)), x, order=1)


def test_scalars_empty_arrays_and_float32() -> None:
    assert hessian_diagonal(lambda x: x**3)(2.0) == 12.0
    assert laplacian(lambda x: x**3)(2) == 12.0
    assert divergence(np.square)(3.0) == 6.0
    assert hessian_diagonal(rosenbrock)(np.zeros(0)).shape == (0,)
    for f in (ENTRYWISE["sum"], rosenbrock):
        assert hessian_diagonal(f)(np.ones(6, np.float32)).dtype == np.float32


def test_an_analytic_function_of_complex_numbers() -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    assert divergence(np.exp)(z) == pytest.approx(np.sum(np.exp(z)))


class TestKnownFields:
    def test_the_identity_diverges_by_the_dimension(self) -> None:
        assert divergence(lambda r: r)(np.ones(3)) == 3

    def test_a_rotation_does_not_diverge(self) -> None:
        assert divergence(lambda r: [-r[1], r[0]])(np.array([2.0, 5.0])) == 0

    def test_harmonic_functions(self) -> None:
        x = np.array([0.3, -0.8])
        assert laplacian(lambda r: np.exp(r[0]) * np.sin(r[1]))(x) == pytest.approx(0, abs=1e-15)
        assert laplacian(lambda r: np.log(np.sum(r * r)))(x) == pytest.approx(0, abs=1e-13)

    def test_the_laplacian_is_the_divergence_of_the_gradient(self) -> None:
        x = RNG.normal(size=(2, 3))
        f = MIXED["of a sum"]
        assert laplacian(f)(x) == pytest.approx(divergence(grad(f))(x), rel=1e-12)


class TestRefusals:
    def test_a_function_that_returns_several_numbers(self) -> None:
        with pytest.raises(TypeError, match=r"hessian_diagonal needs .* one real number"):
            hessian_diagonal(np.sin)(np.ones(2))
        with pytest.raises(TypeError, match=r"laplacian needs .* one real number"):
            laplacian(np.sin)(np.ones(2))

    def test_a_field_of_another_shape(self) -> None:
        with pytest.raises(ValueError, match=r"shape \(3,\), .* shape \(2,\): use jacobian"):
            divergence(lambda x: x[:2])(np.ones(3))

    def test_complex_arguments(self) -> None:
        with pytest.raises(TypeError, match=r"laplacian needs a real argument"):
            laplacian(lambda z: np.sum(np.abs(z)))(np.ones(2, complex))
        with pytest.raises(TypeError, match=r"analytic.*real and imaginary parts"):
            divergence(np.real)(np.ones(2, complex))
