"""Metrics: what scikit-learn's say of the same predictions, and what is no prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

import nn
from autodiff import Tensor

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 3, size=20)
SCORES = rng.normal(size=(20, 3))
WEIGHTS = rng.uniform(size=20)


class TestAccuracy:
    @pytest.mark.parametrize("weights", [None, WEIGHTS, WEIGHTS.tolist()])
    def test_is_that_of_scikit_learn(self, weights: Any) -> None:
        found = SCORES.argmax(axis=1)
        expected = pytest.approx(accuracy_score(LABELS, found, sample_weight=weights))
        assert nn.accuracy(LABELS, found, sample_weight=weights) == expected
        assert nn.accuracy(LABELS, SCORES, sample_weight=weights) == expected
        assert nn.accuracy(LABELS.tolist(), Tensor(SCORES), sample_weight=weights) == expected

    def test_labels_have_any_type(self) -> None:
        assert nn.accuracy(["cat", "dog"], ["cat", "cat"]) == 0.5
        assert nn.accuracy([1.0, 2.0], [1, 2]) == 1.0
        assert nn.accuracy(np.array(["a", None], object), np.array(["a", "b"], object)) == 0.5

    @pytest.mark.parametrize(
        "targets", [[0, 1, 1], [-1, 1, 1], [[0], [1], [1]], [False, True, True]]
    )
    def test_a_column_is_positive_for_the_class_1(self, targets: Any) -> None:
        assert nn.accuracy(targets, [[-0.3], [0.2], [0.0]]) == pytest.approx(2 / 3)

    def test_the_largest_counts_of_soft_targets(self) -> None:
        assert nn.accuracy(np.eye(3)[LABELS], SCORES) == nn.accuracy(LABELS, SCORES)

    def test_returns_a_number_of_python(self) -> None:
        assert type(nn.accuracy(LABELS, SCORES.astype(np.float32))) is float

    @pytest.mark.parametrize(
        ("targets", "predictions", "message"),
        [
            ([], [], r"1 or more, got shapes \(0,\) and \(0,\)"),
            ([0, 1], [0, 1, 1], r"got shapes \(2,\) and \(3,\)"),
            ([0, 1], np.zeros((2, 3, 1)), r"got shapes \(2,\) and \(2, 3, 1\)"),
            (0, 0, r"got shapes \(\) and \(\)"),
            ([0, 1], [0.2, 0.9], r"to be labels, got 0.2: logits are a column"),
            ([0, 1], [[0.2], [np.nan]], "1 of 2 predictions are NaN"),
            ([1, 2], [[0.2], [0.9]], r"0 and 1, or of -1 and 1.*got \[1 2\]"),
        ],
    )
    def test_refuses_what_is_no_prediction(
        self, targets: Any, predictions: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            nn.accuracy(targets, predictions)


class TestRSquared:
    @pytest.mark.parametrize("weights", [None, WEIGHTS])
    @pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3)])
    def test_is_that_of_scikit_learn(self, shape: tuple[int, ...], weights: Any) -> None:
        targets, predictions = rng.normal(size=(2, *shape))
        expected = r2_score(targets, predictions, sample_weight=weights)
        ours = nn.r_squared(targets, predictions, sample_weight=weights)
        assert ours == pytest.approx(expected, rel=1e-13)
        assert type(ours) is float
        tensor = Tensor(predictions)
        assert nn.r_squared(targets, tensor, sample_weight=weights) == ours

    def test_of_equal_targets_is_1_or_0(self) -> None:
        for predictions in ([2.0, 2.0], [2.0, 3.0]):
            expected = r2_score([2.0, 2.0], predictions)
            assert nn.r_squared([2.0, 2.0], predictions) == expected
        assert nn.r_squared([[2.0, 1], [2.0, 2]], [[2.0, 1], [3.0, 2]]) == 0.5

    def test_a_column_is_a_vector(self) -> None:
        assert nn.r_squared([1.0, 2.0, 4.0], [[1.0], [2.0], [4.0]]) == 1.0

    @pytest.mark.parametrize(
        ("targets", "predictions"),
        [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, 2.0], np.ones((2, 2))), ([], [])],
    )
    def test_refuses_what_does_not_fit(self, targets: Any, predictions: Any) -> None:
        with pytest.raises(ValueError, match="or more"):
            nn.r_squared(targets, predictions)
