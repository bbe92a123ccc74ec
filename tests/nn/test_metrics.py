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
            ([], [], r"a batch that is not empty, for the mean, got \(0,\)"),
            ([0, 1], [0, 1, 1], r"as many targets as predictions, got \(2,\) and \(3,\)"),
            ([[0], [1]], [0, 1], r"as many targets as predictions, got \(2, 1\) and \(2,\)"),
            ([0, 1], np.zeros((2, 3, 1)), r"got \(2,\) and \(2, 3, 1\)"),
            (0, 0, r"got \(\) and \(\)"),
            ([0, 1], [0.2, 0.9], r"labels \(logits are a column, .*\), got 0.2 to 0.9"),
            ([0, np.nan], [0, 1.0], "labels .*, got nan to nan"),
            ([0, 1], [[0.2], [np.nan]], "predictions without NaN"),
            ([1, 2], [[0.2], [0.9]], r"0 and 1, or of -1 and 1, .*got {1, 2}"),
            (["a"], [[0.2]], r"0 and 1, or of -1 and 1, .*got {'a'}"),
            ([[1, 0], [np.nan, 1]], np.eye(2), "probabilities of 0 or more, .*got nan to nan"),
            ([[1, 1, 0]], [[2.0, 1.0, 0.0]], "sums of 1 in each row, .* 2.0 to 2.0"),
            ([[2, -1]], [[2.0, 1.0]], "probabilities of 0 or more, .*got -1.0 to 2.0"),
            ([[0.0, 1.0]], [[2.0, 1.0, 0.0]], r"probabilities, \(1, 3\), got .* \(1, 2\)"),
            (["cat", "dog"], np.eye(2), "expected labels, integers .* type <U3"),
            ([0, 0.5], np.eye(2), "expected labels, integers .* type float64"),
            ([0, 2], np.eye(2), "expected labels from 0 to 1, got 0 to 2"),
            ([-1, 1], np.eye(2), "expected labels from 0 to 1, got -1 to 1"),
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
            ([0, 0], "weights that do not add up to 0, for the mean, got 0"),
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

    def test_of_equal_targets_whose_mean_is_rounded_is_1_or_0(self) -> None:
        assert nn.r_squared([0.1] * 3, [0.2] * 3) == 0.0

    def test_a_column_is_a_vector(self) -> None:
        assert nn.r_squared([1.0, 2.0, 4.0], [[1.0], [2.0], [4.0]]) == 1.0

    @pytest.mark.parametrize("missing", [np.nan, np.inf])
    def test_refuses_targets_that_are_no_finite_numbers(self, missing: float) -> None:
        for targets, predictions in (
            ([0, missing, 2], [5, 7, 9]),
            ([[0, missing], [1, 2]], [[5, 7], [1, 2]]),
        ):
            with pytest.raises(ValueError, match="expected finite targets"):
                nn.r_squared(targets, predictions)
        with pytest.raises(TypeError, match="expected real numbers"):
            nn.r_squared([0, None], [5, 7])

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
