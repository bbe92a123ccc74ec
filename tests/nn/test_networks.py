"""Losses and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, check_grads, hessian


class TestLosses:
    def test_mean_squared_error_takes_one_shape(self) -> None:
        with pytest.raises(ValueError, match=r"got \(3, 1\) and \(3,\)"):
            nn.mean_squared_error(Tensor(np.ones((3, 1))), np.ones(3))
        assert nn.mean_squared_error(Tensor([1.0, 3.0]), [1, 1]).item() == 2.0

    def test_cross_entropy_of_equal_scores_is_log_of_the_classes(self) -> None:
        loss = nn.softmax_cross_entropy(Tensor(np.zeros((4, 10))), [0, 1, 2, 9])
        assert loss.item() == pytest.approx(np.log(10))

    def test_cross_entropy_neither_overflows_nor_cancels(self) -> None:
        scores = np.array([[1000.0, 0.0], [0.0, -1000.0]])
        assert nn.softmax_cross_entropy(scores, [0, 0]) == 0.0
        assert nn.softmax_cross_entropy(scores, [1, 1]) == 1000.0

    @pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [0], [0.0, 1.0], [[0, 1]]])
    def test_labels_are_classes(self, labels: Any) -> None:
        with pytest.raises(ValueError, match=r"labels"):
            nn.softmax_cross_entropy(np.zeros((2, 2)), labels)


class TestBatches:
    def test_every_row_comes_once_and_rows_stay_together(self) -> None:
        x = np.arange(10)
        rows = [
            (a, b) for u, v in nn.batches(x, -x, size=3, seed=0) for a, b in zip(u, v, strict=True)
        ]
        assert sorted(a for a, _ in rows) == list(range(10))
        assert all(a == -b for a, b in rows)

    def test_a_generator_shuffles_anew(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (next(nn.batches(np.arange(50), size=50, seed=rng))[0] for _ in range(2))
        assert not np.array_equal(first, second)

    @pytest.mark.parametrize(("lengths", "size"), [((3, 4), 2), ((3,), 0)])
    def test_refuses_what_does_not_fit(self, lengths: tuple[int, ...], size: int) -> None:
        with pytest.raises(ValueError, match="arrays of one length"):
            nn.batches(*(np.ones(n) for n in lengths), size=size)


class TestPenalty:
    def test_is_differentiable_to_any_order_and_in_batches(self) -> None:
        def f(x: Any, y: Any) -> Any:
            return nn.l2_penalty([x, y]) * np.sum(x)

        x, y = np.array([[1.0, -2.0]]), np.array(3.0)
        check_grads(f, x, y, order=3)
        np.testing.assert_allclose(
            hessian(lambda x: nn.l2_penalty([x, x]))(x).reshape(2, 2), 4 * np.eye(2)
        )
