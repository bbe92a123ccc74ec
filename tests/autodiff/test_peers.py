"""Cases that other libraries are known to get wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import Tensor, grad, hessian, jvp


def test_product_with_a_zero() -> None:
    x = np.array([0.0, 2.0, 3.0])
    assert grad(np.prod)(x).tolist() == [6.0, 0.0, 0.0]
    assert hessian(np.prod)(x).tolist() == [[0, 3, 2], [3, 0, 0], [2, 0, 0]]


def test_norm_of_zero() -> None:
    assert grad(np.linalg.norm)(np.zeros(3)).tolist() == [0, 0, 0]


def test_a_branch_not_taken() -> None:
    assert grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(np.zeros(2)).tolist() == [0, 0]


def test_standard_deviation_of_equal_entries() -> None:
    assert grad(np.std)(np.full(3, 0.1)).tolist() == [0, 0, 0]


def test_single_precision_is_kept() -> None:
    x = Tensor(np.ones(3, np.float32))
    assert (x * 2.0).dtype == np.float32
    np.max(x).backward()
    assert x.grad.dtype == np.float32


def test_an_exception_inside_a_differentiated_function_leaves_nothing() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("stop")

    for _ in range(3):
        with pytest.raises(KeyError):
            grad(grad(broken))(1.0)
    assert type(grad(lambda x: x * x)(3.0)) is np.float64


def test_backward_twice() -> None:
    x = Tensor(2.0)
    y = x * x
    z = y * 3.0
    z.backward()
    z.backward()
    assert x.grad == 24.0


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.tan, lambda x: 1 / np.cos(x) ** 2),
        (np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)),
        (np.arctan, lambda x: 1 / (1 + x * x)),
        (np.cbrt, lambda x: x ** (-2 / 3) / 3),
        (special.gammaln, special.digamma),
    ],
)
def test_functions_without_a_series_elsewhere(f: Any, derivative: Any) -> None:
    assert jvp(f, 0.4, 1.0)[1] == pytest.approx(derivative(0.4), rel=1e-14)


def test_square_of_one_value_counts_both_factors() -> None:
    x = Tensor(3.0)
    (x * x).backward()
    assert x.grad == 6.0


def test_entries_of_a_list_are_differentiated() -> None:
    assert grad(lambda x: np.sum(np.stack([x, 2 * x])))(1.0) == 3.0
