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
        assert nn.accuracy([[0.2, 0.8], [0.9, 0.1]], [[3.0], [1.0]]) == 0.5

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
            ([1, 2], [[0.2], [0.9]], r"0 and 1, or of -1 and 1.*got \[1, 2\]"),
            (["a", None], [[0.2], [0.9]], r"0 and 1, or of -1 and 1.*got \['a', None\]"),
            ([0, np.nan], [0, 1.0], r"1 of 2 targets are NaN, the first at index \(1,\)"),
            (np.array(["a", np.nan], object), ["a", "b"], r"1 of 2 targets are NaN, .* \(1,\)"),
            ([[1, 0], [np.nan, 1]], np.eye(2), r"1 of 4 targets are NaN, .*index \(1, 0\)"),
            ([[1, 1, 0]], [[2.0, 1.0, 0.0]], r"add up to 1 in each row, got \[1, 1, 0\]"),
            ([[2, -1]], [[2.0, 1.0]], r"add up to 1 in each row, got \[2, -1\]"),
            ([["a", "b"]], [[2.0, 1.0]], r"add up to 1 in each row, got \['a', 'b'\]"),
            ([[0.0, 1.0]], [[2.0, 1.0, 0.0]], r"shapes \(1, 2\) and \(1, 3\)"),
            (["cat", "dog"], np.eye(2), "labels from 0 to 1 for scores of 2 classes, got 'cat'"),
            ([0, 2], np.eye(2), "labels from 0 to 1 for scores of 2 classes, got 2"),
            ([-1, 1], np.eye(2), "labels from 0 to 1 for scores of 2 classes, got -1"),
            ([0, 0.5], np.eye(2), "labels from 0 to 1 for scores of 2 classes, got 0.5"),
            (["cat", "dog"], [0, 1], "labels of one type, got <U3 and int64"),
        ],
    )
    def test_refuses_what_is_no_prediction(
        self, targets: Any, predictions: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            nn.accuracy(targets, predictions)

    @pytest.mark.parametrize("metric", [nn.accuracy, nn.r_squared])
    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([0, 0], "weights with a positive sum, got 0"),
            ([np.nan, 1], "weights with a positive sum, got nan"),
            ([1], r"weights of shape \(2,\), one for each row, got \(1,\)"),
            (1.0, r"weights of shape \(2,\), one for each row, got \(\)"),
        ],
    )
    def test_refuses_weights_that_give_no_mean(
        self, metric: Any, weights: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            metric([0, 1], [1, 1], sample_weight=weights)


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

    @pytest.mark.parametrize("missing", [np.nan, np.inf, None])
    def test_says_which_target_is_no_finite_number(self, missing: Any) -> None:
        with pytest.raises(ValueError, match=r"1 of 3 targets are .*, the first at index \(1,\)"):
            nn.r_squared([0, missing, 2], [5, 7, 9])
        with pytest.raises(ValueError, match=r"1 of 4 targets are .*, the first at index \(0, 1\)"):
            nn.r_squared([[0, missing], [1, 2]], [[5, 7], [1, 2]])

    def test_of_predictions_that_are_nan_is_nan(self) -> None:
        assert np.isnan(nn.r_squared([0, 1], [np.nan, 1]))
        assert np.isnan(nn.r_squared([2, 2], [np.nan, 2]))
        assert np.isnan(nn.r_squared([[0, 1], [1, 2]], [[0, np.nan], [1, 2]]))

    @pytest.mark.parametrize(
        ("targets", "predictions"),
        [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, 2.0], np.ones((2, 2))), ([], [])],
    )
    def test_refuses_what_does_not_fit(self, targets: Any, predictions: Any) -> None:
        with pytest.raises(ValueError, match="or more"):
            nn.r_squared(targets, predictions)
