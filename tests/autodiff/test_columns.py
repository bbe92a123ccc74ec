"""Jacobians of models that are elementwise in their data, against the walk with one seed each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import jacobian, jvp
from autodiff._columns import columns_by_data
from autodiff._derivatives import record_function

X = np.linspace(0.1, 1.0, 7)
LONG = np.linspace(0.1, 1.0, 30)
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
}
GENERAL: dict[str, Callable[[Any], Any]] = {
    "a sum over the data": lambda p: p[0] * LONG / np.sum(p[1] * LONG),
    "a product of matrices": lambda p: SQUARE @ np.exp(p[0] * X + p[1]),
    "a reversal": lambda p: (p[0] * X)[::-1] + p[1],
    "parameters as data and as numbers": lambda p: p[:7] * X + np.sum(p),
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


def test_a_pole_beside_a_branch_stays_finite() -> None:
    data = np.array([0.0, 1.0, 2.0])
    J = jacobian(lambda p: np.where(data > 0, np.sqrt(p[0] * data), p[1]))(np.array([4.0, 1.0]))
    np.testing.assert_allclose(J, [[0, 1], [0.25, 0], [2**0.5 / 4, 0]])
