"""Polynomials by their coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, hessian, jacobian


class TestProduct:
    @pytest.mark.parametrize(
        "q", [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [2.0, 1.0], 3.0, 0.0]
    )
    def test_constant_zeros_in_front_go_as_in_numpy(self, q: Any) -> None:
        p = np.array([1.0, 2.0])
        np.testing.assert_array_equal(np.polymul(Tensor(p), q).data, np.polymul(p, q))
        np.testing.assert_array_equal(np.polymul(q, Tensor(p)).data, np.polymul(q, p))

    def test_of_a_tensor_they_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"drop 1 leading zero.*use np\.convolve"):
            np.polymul(Tensor([0.0, 2.0]), [1.0, 1.0])


class TestPowers:
    """x**y by arrays of both, where exponents are exactly 0."""

    def test_mixed_second_derivatives(self) -> None:
        def f(a: Any, y: Any) -> Any:
            return np.sum(np.power(a, y))

        a, y = np.array([2.0]), np.zeros(3)
        for mode in ("forward", "reverse"):
            mixed = jacobian(lambda a, y: grad(f, 0)(a, y), 1, mode=mode)(a, y)
            np.testing.assert_array_equal(mixed, [[0.5] * 3])
        np.testing.assert_array_equal(hessian(f, (0, 1))(a, y)[0][1], [[0.5] * 3])

    def test_of_zero_to_the_zero(self) -> None:
        assert grad(lambda x: np.sum(x ** np.array([0.0, 1.0, 2.0])))(0.0) == 1.0
        assert grad(np.power, (0, 1))(0.0, 0.0)[0] == 0.0
