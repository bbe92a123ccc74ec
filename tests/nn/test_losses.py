"""Losses: their values and derivatives, near and far out, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import hinge_loss

import nn
from autodiff import (
    Tensor,
    check_grads,
    compile,
    draw,
    grad,
    hessian,
    hvp,
    jacobian,
    text,
    value_and_grad,
)

Loss = Callable[..., Any]
PYTORCH = json.loads((Path(__file__).parent / "losses_by_pytorch.json").read_text(encoding="utf-8"))
DATA = {name: np.array(values) for name, values in PYTORCH["data"].items()}

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
SIGNS = np.sign(rng.normal(size=(5, 3)))
SOFT = rng.dirichlet(np.ones(3), size=5)
LABELS = np.array([0, 2, 1, 1, 0])
CLASS_WEIGHTS = [0.5, 2.0, 1.5]
LOSSES: dict[str, tuple[Loss, Any]] = {
    "mean_squared_error": (nn.mean_squared_error, X[::-1] + 0.1),
    "mean_absolute_error": (nn.mean_absolute_error, X[::-1] + 0.1),
    "huber": (partial(nn.huber, delta=0.7), X[::-1] + 0.1),
    "cross_entropy": (nn.cross_entropy, LABELS),
    "cross_entropy, smoothed": (partial(nn.cross_entropy, label_smoothing=0.2), LABELS),
    "cross_entropy, weighted": (partial(nn.cross_entropy, weight=CLASS_WEIGHTS), LABELS),
    "cross_entropy, soft": (partial(nn.cross_entropy, weight=CLASS_WEIGHTS), SOFT),
    "binary_cross_entropy": (nn.binary_cross_entropy, SOFT),
    "hinge": (nn.hinge, SIGNS),
}
every_loss = pytest.mark.parametrize(("loss", "targets"), LOSSES.values(), ids=LOSSES)


class TestAgainstPyTorch:
    @pytest.mark.parametrize("planned", [False, True], ids=["eager", "planned"])
    @pytest.mark.parametrize("case", PYTORCH["cases"], ids=lambda c: f"{c['loss']} {c['settings']}")
    def test_value_gradient_and_second_derivative(
        self, case: dict[str, Any], planned: bool
    ) -> None:
        settings = {
            name: DATA.get(value, value) if isinstance(value, str) else value
            for name, value in case["settings"].items()
        }

        def loss(x: Any) -> Any:
            return getattr(nn, case["loss"])(x, DATA[case["targets"]], **settings)

        def derivatives(x: Any, direction: Any) -> Any:
            total = lambda x: np.sum(loss(x))  # noqa: E731
            return loss(x), grad(total)(x), hvp(total, x, direction)

        if planned:
            derivatives = compile(derivatives, eager_calls=0)
        found = derivatives(DATA[case["predictions"]], DATA["direction"])
        for values, name in zip(found, ("value", "gradient", "curvature"), strict=True):
            np.testing.assert_allclose(np.ravel(values), case[name], rtol=1e-13, atol=1e-16)


class TestDerivatives:
    @every_loss
    def test_to_third_order(self, loss: Loss, targets: Any) -> None:
        check_grads(lambda x: loss(x, targets), X, order=3)

    @pytest.mark.parametrize("name", ["mean_squared_error", "huber", "cross_entropy, soft"])
    def test_with_respect_to_targets(self, name: str) -> None:
        loss, targets = LOSSES[name]
        towards = targets - X if name == "cross_entropy, soft" else X

        def along(t: Any) -> Any:  # rows of probabilities add up to 1 on the way
            step = t * (towards - np.mean(towards, axis=1, keepdims=True))
            return loss(X, targets + step)

        slope = (along(1e-6) - along(-1e-6)) / 2e-6
        assert grad(along)(0.0) == pytest.approx(slope, rel=1e-8)

    @every_loss
    def test_with_respect_to_sample_weights(self, loss: Loss, targets: Any) -> None:
        check_grads(lambda w: loss(X, targets, sample_weight=w), np.array([1.0, 2, 3, 1, 0.5]))

    def test_at_corners_are_zero(self) -> None:
        assert grad(lambda x: nn.mean_absolute_error(x, [1.0]))(np.array([1.0])) == 0
        assert grad(lambda x: nn.hinge(x, [1]))(np.array([1.0])) == 0


# Of two classes with the logits z and 0: -log σ(z), whose derivatives are -σ(-z) and σ(z)σ(-z).
FAR_OUT = [s * z for z in (0.5, 40.0, 700.0, 1e4) for s in (1, -1)]
LOG_LIKELIHOODS: dict[str, Callable[[Any], Any]] = {
    "binary": lambda z: nn.binary_cross_entropy(z, 1.0),
    "binary, of 0": lambda z: nn.binary_cross_entropy(-z, 0.0),
    "labels": lambda z: nn.cross_entropy(np.stack([z, 0 * z])[None], [0]),
    "weighted labels": lambda z: nn.cross_entropy(np.stack([z, 0 * z])[None], [0], weight=[1, 2]),
    "probabilities": lambda z: nn.cross_entropy(np.stack([z, 0 * z]), [1.0, 0.0]),
}


class TestFarOut:
    @pytest.mark.parametrize("z", FAR_OUT)
    @pytest.mark.parametrize("loss", LOG_LIKELIHOODS.values(), ids=LOG_LIKELIHOODS)
    def test_nothing_overflows_or_cancels(self, loss: Callable[[Any], Any], z: float) -> None:
        point = np.array(z)
        expected = max(-z, 0) + np.log1p(np.exp(-abs(z)))
        np.testing.assert_allclose(loss(point), expected, rtol=1e-14)
        np.testing.assert_allclose(grad(loss)(point), -expit(-z), rtol=1e-12)
        np.testing.assert_allclose(hessian(loss)(point), expit(z) * expit(-z), rtol=1e-12)

    def test_huber_does_not_square_what_is_far(self) -> None:
        assert nn.huber([1e200], [-1e200]) == 2e200
        assert grad(lambda x: nn.huber(x, [0.0]))(np.array([1e200])) == 1

    def test_a_class_of_probability_zero_may_have_an_infinite_logit(self) -> None:
        logits = np.array([[-np.inf, 1.0, 0.0]])
        assert nn.cross_entropy(logits, [1]) == pytest.approx(np.log1p(np.exp(-1)))
        (gradient,) = grad(lambda x: nn.cross_entropy(x, [1], sample_weight=[2]))(logits)
        np.testing.assert_allclose(gradient, [0, -expit(-1), expit(-1)])


class TestWeightsAndReductions:
    @every_loss
    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    def test_a_weight_is_how_often_a_row_comes(
        self, loss: Loss, targets: Any, reduction: str
    ) -> None:
        often = [1, 0, 2, 3, 1]
        weighted = loss(X, targets, reduction=reduction, sample_weight=often)
        rows = [np.repeat(values, often, axis=0) for values in (X, targets)]
        assert weighted == pytest.approx(loss(*rows, reduction=reduction), rel=1e-14)

    @every_loss
    def test_the_scale_of_weights_is_of_no_matter_to_the_mean(
        self, loss: Loss, targets: Any
    ) -> None:
        one, other = (loss(X, targets, sample_weight=w * np.arange(5)) for w in (1, 1e-3))
        assert one == pytest.approx(other, rel=1e-14)

    @every_loss
    def test_none_returns_what_is_summed(self, loss: Loss, targets: Any) -> None:
        for weights in (None, [1, 0, 2, 3, 1]):
            losses = loss(X, targets, reduction="none", sample_weight=weights)
            assert losses.shape in ((5,), (5, 3))
            total = loss(X, targets, reduction="sum", sample_weight=weights)
            assert np.sum(losses) == pytest.approx(total, rel=1e-14)

    @every_loss
    def test_a_batch_without_rows_has_a_sum_and_no_mean(self, loss: Loss, targets: Any) -> None:
        empty = X[:0], targets[:0]
        assert loss(*empty, reduction="sum") == 0
        assert loss(*empty, reduction="sum", sample_weight=[]) == 0
        assert loss(*empty, reduction="none").size == 0
        with pytest.raises(ValueError, match="a batch that is not empty, for the mean"):
            loss(*empty)

    @every_loss
    def test_refuses_what_is_no_weight_or_reduction(self, loss: Loss, targets: Any) -> None:
        with pytest.raises(
            ValueError, match=r"weights of shape \(5,\), one for each row, got \(4,\)"
        ):
            loss(X, targets, sample_weight=np.ones(4))
        with pytest.raises(ValueError, match="weights that do not add up to 0"):
            loss(X, targets, sample_weight=np.zeros(5))
        with pytest.raises(ValueError, match="reduction 'mean', 'sum' or 'none', got average"):
            loss(X, targets, reduction="average")

    def test_hinge_is_that_of_scikit_learn(self) -> None:
        signs, scores, weights = SIGNS[:, 0], X[:, 0], [1, 0, 2, 3, 1]
        expected = hinge_loss(signs, scores, sample_weight=weights)
        assert nn.hinge(scores, signs, sample_weight=weights) == pytest.approx(expected)

    def test_softmax_cross_entropy_is_the_mean_of_cross_entropy(self) -> None:
        mean = nn.cross_entropy(X, LABELS, sample_weight=np.ones(5))
        assert nn.softmax_cross_entropy(X, LABELS) == pytest.approx(mean, rel=1e-14)

    def test_plain_cross_entropy_is_one_op(self) -> None:
        assert "op=softmax_cross_entropy" in repr(nn.cross_entropy(Tensor(X), LABELS))

    def test_logits_may_have_any_number_of_axes(self) -> None:
        flat = nn.cross_entropy(X[:4], LABELS[:4], reduction="none")
        logits, labels = X[:4].reshape(2, 2, 3), LABELS[:4].reshape(2, 2)
        losses = nn.cross_entropy(logits, labels, reduction="none")
        np.testing.assert_allclose(losses, flat.reshape(2, 2), rtol=1e-14)
        np.testing.assert_allclose(nn.cross_entropy(X[0], LABELS[0]), flat[0], rtol=1e-14)
        assert nn.cross_entropy(logits, labels) == pytest.approx(flat.mean(), rel=1e-14)


class TestTypes:
    @every_loss
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    def test_float32_stays_float32(self, loss: Loss, targets: Any, reduction: str) -> None:
        x = Tensor(X.astype(np.float32))
        value = loss(x, targets.tolist(), reduction=reduction, sample_weight=[1.0, 2, 3, 4, 5])
        assert value.dtype == np.float32
        np.sum(value).backward()
        assert x.grad.dtype == np.float32
        assert loss(x, targets, reduction=reduction).dtype == np.float32

    @every_loss
    def test_takes_lists_and_tensors(self, loss: Loss, targets: Any) -> None:
        expected = loss(X, targets)
        assert loss(X.tolist(), targets.tolist()) == expected
        assert loss(Tensor(X), Tensor(targets)).item() == expected

    def test_probabilities_may_be_less_precise_than_logits(self) -> None:
        soft = SOFT.astype(np.float32)
        assert nn.cross_entropy(X, soft) == pytest.approx(nn.cross_entropy(X, SOFT), rel=1e-6)

    def test_integers_and_booleans_are_numbers(self) -> None:
        assert nn.mean_squared_error([1, 3], [1, 1]) == 2.0
        assert nn.binary_cross_entropy([0, 0], np.array([True, False])) == pytest.approx(np.log(2))

    @every_loss
    def test_of_nan_is_nan(self, loss: Loss, targets: Any) -> None:
        x = X.copy()
        x[1, 1] = np.nan
        assert np.isnan(loss(x, targets))
        assert np.isnan(loss(x, targets, reduction="none")).any()

    @pytest.mark.parametrize("reduction", ["mean", "none"])
    def test_settings_of_numpy_keep_the_precision(self, reduction: str) -> None:
        x = X.astype(np.float32)
        half = np.float64(0.5)
        assert nn.huber(x, x + 1, delta=half, reduction=reduction).dtype == np.float32
        for targets in (np.zeros(len(x), int), np.eye(x.shape[1])[np.zeros(len(x), int)]):
            loss = nn.cross_entropy(x, targets, label_smoothing=half, reduction=reduction)
            assert loss.dtype == np.float32

    def test_a_delta_that_is_learnt_has_a_derivative(self) -> None:
        assert grad(lambda delta: nn.huber([3.0], [0.0], delta=delta))(1.0) == 2.0


class TestPlans:
    @every_loss
    def test_replay_with_other_targets(self, loss: Loss, targets: Any) -> None:
        f = value_and_grad(lambda x, y, w: loss(x, y, sample_weight=w))
        planned = compile(f, eager_calls=0)
        for order in ([0, 1, 2, 3, 4], [4, 2, 0, 1, 3], [1, 1, 1, 0, 0]):
            arguments = X, targets[order], np.array([1.0, 2.0, 0.0, 3.0, 1.0])[order]
            for ours, expected in zip(planned(*arguments), f(*arguments), strict=True):
                np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-15)
        assert [plan.runs for plan in planned.plans] == [2]  # after the first call

    @pytest.mark.parametrize(
        ("loss", "good", "bad"),
        [
            (nn.cross_entropy, [0, 1], [0, 3]),
            (partial(nn.cross_entropy, label_smoothing=0.1), [0, 1], [-1, 0]),
            (nn.cross_entropy, [[1.0, 0, 0], [0, 0.5, 0.5]], [[1.0, 0, 0], [0, 0.5, 0.6]]),
            (nn.binary_cross_entropy, [[1.0, 0, 0], [0, 1, 0]], [[1.0, 0, 0], [0, 1, 2]]),
            (nn.hinge, [[1, 1, -1], [-1, 1, 1]], [[1, 1, 0], [0, 1, 1]]),
        ],
    )
    def test_still_refuse_what_is_no_target(self, loss: Loss, good: Any, bad: Any) -> None:
        planned = compile(value_and_grad(loss), eager_calls=0)
        planned(X[:2], np.array(good))
        with pytest.raises(ValueError, match="expected"):
            planned(X[:2], np.array(bad))
        assert np.isfinite(planned(X[:2], np.array(good))[0])


class TestRefusals:
    @pytest.mark.parametrize(
        "loss",
        [
            *(nn.mean_squared_error, nn.mean_absolute_error, nn.huber),
            *(nn.binary_cross_entropy, nn.hinge),
        ],
    )
    def test_broadcasting(self, loss: Loss) -> None:
        with pytest.raises(ValueError, match=r"got \(3, 1\) and \(3,\).*write targets.reshape"):
            loss(Tensor(np.ones((3, 1))), np.ones(3))

    @pytest.mark.parametrize(
        ("targets", "message"),
        [
            ([0, 3], "expected labels from 0 to 2, got 0 to 3"),
            ([-1, 0], "got -1 to 0"),
            ([0], "targets of shape (1,) and type int64"),
            ([[0], [1]], "targets of shape (2, 1) and type int64"),
            ([0.0, 1.0], "expected labels, integers of shape (2,), or probabilities, (2, 3)"),
            (["cat", "dog"], "type <U3"),
            ([True, False], "type bool"),
            ([[0.5, 0.6, 0.0], [1, 0, 0]], "sums of 1 in each row, got 0.0 to 1.0 and 1.0 to 1.1"),
            ([[1.5, -0.5, 0.0], [1, 0, 0]], "in each row, got -0.5 to 1.5 and 1.0 to 1.0"),
            ([[np.nan, 0.5, 0.5], [1, 0, 0]], "got nan to nan and nan to nan"),
        ],
    )
    @pytest.mark.parametrize("smoothing", [0.0, 0.1])
    def test_cross_entropy_of_what_is_no_class(
        self, targets: Any, message: str, smoothing: float
    ) -> None:
        with pytest.raises(ValueError, match=r"labels|probabilities") as caught:
            nn.cross_entropy(X[:2], targets, label_smoothing=smoothing)
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"weight": [1.0, 2.0]}, r"weights of shape \(3,\), one for each class, got \(2,\)"),
            ({"weight": [0.0, 1.0, 1.0]}, "weights that do not add up to 0"),
            ({"label_smoothing": 1.5}, "label_smoothing from 0 to 1, got 1.5"),
            ({"label_smoothing": -0.1}, "label_smoothing from 0 to 1, got -0.1"),
        ],
    )
    def test_cross_entropy_with_settings_without_meaning(
        self, settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            nn.cross_entropy(X[:2], [0, 0], **settings)

    @pytest.mark.parametrize("logits", [1.0, np.zeros((2, 0))])
    def test_cross_entropy_of_logits_without_classes(self, logits: Any) -> None:
        with pytest.raises(ValueError, match=r"expected logits of shape \(..., classes\)"):
            nn.cross_entropy(logits, np.zeros(np.shape(logits)[:-1], int))

    def test_targets_of_another_coding(self) -> None:
        with pytest.raises(ValueError, match=r"write 2 \* targets - 1\), got 0.0 to 1.0"):
            nn.hinge(X[0], [0, 1, 1])
        with pytest.raises(ValueError, match=r"between 0 and 1, got -1.0 to 1.0"):
            nn.binary_cross_entropy(X[0], [-1, 1, 1])
        for loss in (nn.hinge, nn.binary_cross_entropy):
            with pytest.raises(ValueError, match="nan"):
                loss(X[0], [np.nan, 1, 1])

    @pytest.mark.parametrize("delta", [0, -1.0, np.nan])
    def test_huber_without_a_bend(self, delta: float) -> None:
        with pytest.raises(ValueError, match=f"expected a positive delta, got {delta}"):
            nn.huber(X, X, delta=delta)

    @pytest.mark.parametrize("targets", [None, "cat", [1j], [object()]])
    def test_what_are_no_real_numbers(self, targets: Any) -> None:
        with pytest.raises(TypeError, match="expected real numbers, got an array of dtype"):
            nn.mean_squared_error([1.0], targets)


class TestPenalty:
    def test_takes_the_parameters_of_a_module(self) -> None:
        with pytest.raises(TypeError, match=r"write l2_penalty\(model\.parameters\(\)\)"):
            nn.l2_penalty(nn.Linear(2, 1))  # type: ignore[arg-type]

    def test_is_differentiable_to_any_order_and_in_batches(self) -> None:
        def f(x: Any, y: Any) -> Any:
            return nn.l2_penalty([x, y]) * np.sum(x)

        x, y = np.array([[1.0, -2.0]]), np.array(3.0)
        check_grads(f, x, y, order=3)
        np.testing.assert_allclose(
            hessian(lambda x: nn.l2_penalty([x, x]))(x).reshape(2, 2), 4 * np.eye(2)
        )

    def test_cotangents_may_come_in_batches(self) -> None:
        x = np.array([[1.0, -2.0, 3.0]])
        rows = jacobian(lambda x: np.stack([nn.l2_penalty([x]), 3 * nn.l2_penalty([x])]))(x)
        np.testing.assert_allclose(rows, [2 * x, 6 * x])


class TestPictures:
    @every_loss
    def test_show_a_box_that_can_be_closed(self, loss: Loss, targets: Any) -> None:
        name = getattr(loss, "func", loss).__name__
        closed = text(lambda x: 2 * loss(np.tanh(x), targets), X, collapse=name)
        assert f"= {name}(" in closed
        assert [line for line in closed.splitlines() if "log(" in line or "square(" in line] == []

    def test_of_failures_say_in_which_loss(self) -> None:
        drawn = draw(nn.hinge, X, 3 * SIGNS)
        assert "targets of -1 and 1" in drawn.source
        assert "hinge" in drawn.source
