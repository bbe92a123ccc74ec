"""Jacobians of models that are elementwise in their data, against the walk with one seed each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import jacobian, jvp
from autodiff._core.functions import record_function
from autodiff.derivatives._columns import columns_by_data

X = np.linspace(0.1, 1.0, 7)
LONG = np.linspace(0.1, 1.0, 30)
TEN = np.linspace(0.1, 1.0, 10)
SQUARE = np.arange(49.0).reshape(7, 7) / 49


def forward(f: Callable[[Any], Any], p: np.ndarray) -> np.ndarray:
    seeds = np.eye(p.size).reshape(p.size, *p.shape)
    return np.stack([jvp(f, p, seed)[1] for seed in seeds], axis=-1).reshape(-1, *p.shape)


def gaussians(p: Any) -> Any:
    y = p[0] + p[1] * X
    for i in range(2, len(p) - 2, 3):
        y = y + p[i] * np.exp(-(((X - p[i + 1]) / p[i + 2]) ** 2))
    return y


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "gaussians": gaussians,
    "as many parameters as data": lambda p: gaussians(p[:7]),
    "powers": lambda p: p[0] * X ** p[1] + np.where(p[2] * X > 0.5, p[3] * X, np.sin(p[4] * X)),
    "a column of the parameters": lambda p: (p[:, None] * 2)[3] * X + p[0],
    "polynomial": lambda p: np.polyval(p, X),
    "a reduction of the parameters": lambda p: np.exp(-X * np.sum(p**2)) * np.linalg.norm(p),
    "a shared factor": lambda p: (lambda s: s * X + np.cos(s * X) * s)(p[0] * p[1]),
    "an unused parameter": lambda p: p[0] * X,
    "single entries": lambda p: p[:1] * X + p[1:2],
    "where the model is a constant": lambda p: X * 1.0 + 0 * p[0],
    "a parameter in several terms": lambda p: p[0] * X + p[0] * X**2 - p[-10] * np.exp(p[0] * X),
    "more data than parameters": lambda p: p[0] * np.exp(-p[1] * LONG) + p[2] / (LONG + p[3] ** 2),
    "all pairs of parameters": lambda p: np.sum(np.sin(p[:2, None] * p[:4])) * X + p[0],
    "stacked products of parameters": lambda p: (
        np.sum((p[:8].reshape(2, 2, 2) @ p[:4].reshape(2, 2)) ** 2) * X
    ),
    "a table of the parameters": lambda p: np.sum(np.prod(p.reshape(2, 5), axis=0)) * X,
    "data that are parameters": lambda p: p * TEN + p[3],
    "entries with axes": lambda p: p[1, None] * X + p[None, 2] * X + p[..., 3] * X,
    "axes of an entry": lambda p: p[0][None] * X + p[0] * X**2 + p[1][...] * p[1][None, ...],
}
GENERAL: dict[str, Callable[[Any], Any]] = {
    "a sum over the data": lambda p: p[0] * LONG / np.sum(p[1] * LONG),
    "a product of matrices": lambda p: SQUARE @ np.exp(p[0] * X + p[1]),
    "a reversal": lambda p: (p[0] * X)[::-1] + p[1],
    "parameters as data and as numbers": lambda p: p[:7] * X + np.sum(p),
    "the same entries as data and together": lambda p: p * TEN + np.sum(p**2),
    "together and as data": lambda p: np.sum(p**2) + p * TEN,
    "a running sum": lambda p: np.cumsum(p[0] * X),
    "a table of outputs": lambda p: np.outer(p[:2], X),
}
P = np.array([0.7, -0.4, 1.3, 0.5, 0.8, -0.9, 0.3, 0.6, 1.1, 0.2])


@pytest.mark.parametrize("name", [*ELEMENTWISE, *GENERAL])
def test_all_ways_agree(name: str) -> None:
    f = {**ELEMENTWISE, **GENERAL}[name]
    J = jacobian(f)(P)
    np.testing.assert_allclose(J.reshape(-1, P.size), forward(f, P).reshape(-1, P.size), rtol=1e-12)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_models_take_one_walk(name: str) -> None:
    found = columns_by_data(record_function(ELEMENTWISE[name], [P], {}, 0))
    assert found is not None
    np.testing.assert_allclose(found[0], forward(ELEMENTWISE[name], P), rtol=1e-12)


@pytest.mark.parametrize("name", GENERAL)
def test_others_are_recognised(name: str) -> None:
    assert columns_by_data(record_function(GENERAL[name], [P], {}, 0)) is None


def test_data_themselves_have_a_diagonal_jacobian() -> None:
    np.testing.assert_allclose(jacobian(np.sin)(X), np.diag(np.cos(X)))


def test_several_arguments() -> None:
    by_p, by_x = jacobian(lambda p, x: p[0] * np.exp(-p[1] * x), (0, 1))(P[:2], X)
    np.testing.assert_allclose(by_p, forward(lambda p: p[0] * np.exp(-p[1] * X), P[:2]))
    np.testing.assert_allclose(by_x, np.diag(-P[0] * P[1] * np.exp(-P[1] * X)))


def test_a_table_of_parameters() -> None:
    A = np.array([[0.3, 1.2], [0.7, -0.4]])

    def f(A: Any) -> Any:
        return A[0, 0] * X + A[..., 1][1] * X**2 + A[1][0]

    expected = np.stack([X, 0 * X, np.ones(7), X**2], axis=-1).reshape(7, 2, 2)
    np.testing.assert_allclose(jacobian(f)(A), expected)


@pytest.mark.parametrize("unused", [3.0, np.ones(2), np.ones((2, 3))])
def test_an_unused_argument_has_columns_of_zeros(unused: Any) -> None:
    by_p, by_unused = jacobian(lambda p, q: p[0] * X, (0, 1))(P, unused)
    np.testing.assert_array_equal(by_p[:, 0], X)
    np.testing.assert_array_equal(by_unused, np.zeros((7, *np.shape(unused))))


def test_what_two_arguments_have_in_common_stays_apart() -> None:
    def f(p: Any, q: Any) -> Any:
        return np.sum((p + q) ** 2) * X + p[0] * X**2

    p, q = P[:2], P[2:4]
    common = 2 * X[:, None] * (p + q)
    for second in (q, q[None]):
        by_p, by_q = jacobian(f, (0, 1))(p, second)
        np.testing.assert_allclose(by_p, common + np.stack([X**2, 0 * X], axis=-1))
        np.testing.assert_allclose(by_q.reshape(7, 2), common)
        by_p, by_q = jacobian(lambda p, q: np.sum((p + q) ** 2) * X, (0, 1))(p, second)
        assert not np.shares_memory(by_p, by_q)
    by_p, by_q = jacobian(lambda p, q: np.exp(p + q)[0] * X, (0, 1))(p, q)
    assert not np.shares_memory(by_p, by_q)
    a, b = jacobian(lambda a, b: (a + b) * X, (0, 1))(2.0, 3.0)
    assert not np.shares_memory(a, b)


def test_a_complex_model_of_real_parameters() -> None:
    for f in (lambda p: p[0] * np.exp(1j * p[1] * X), lambda p: np.real(np.exp(1j * p[0] * X))):
        J = jacobian(f)(P[:2])
        np.testing.assert_allclose(J, forward(f, P[:2]), rtol=1e-12)


def test_a_real_model_of_complex_parameters() -> None:
    # By z = x + iy it is ∂/∂x - i ∂/∂y, as for a gradient.
    J = jacobian(lambda z: np.real(z[0] * X) + np.imag(z[1]) * X)(np.array([1 + 2j, 3 - 1j]))
    np.testing.assert_allclose(J, np.stack([X + 0j, -1j * X], axis=-1))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [(np.sqrt, 0.0, np.inf), (lambda x: 1 / x, 1e-200, -np.inf), (np.cbrt, 8.0, 1 / 12)],
)
def test_an_infinite_slope_comes_without_a_warning(f: Any, x: float, slope: float) -> None:
    assert jacobian(f)(np.array([x, 1.0]))[0, 0] == pytest.approx(slope)


def test_a_pole_beside_a_branch_stays_finite() -> None:
    data = np.array([0.0, 1.0, 2.0])
    J = jacobian(lambda p: np.where(data > 0, np.sqrt(p[0] * data), p[1]))(np.array([4.0, 1.0]))
    np.testing.assert_allclose(J, [[0, 1], [0.25, 0], [2**0.5 / 4, 0]])


def test_complex_numbers_on_the_way_of_a_real_model() -> None:
    def f(p: Any) -> Any:
        return np.real(p[0] * np.exp(1j * p[1] * X)) + np.mean(np.real(p * p + 0j))

    J = jacobian(f)(P[:2])
    expected = np.stack([np.cos(P[1] * X) + P[0], -P[0] * X * np.sin(P[1] * X) + P[1]], axis=1)
    np.testing.assert_allclose(J, expected, rtol=1e-13)
