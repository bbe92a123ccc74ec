"""nn.train: what it computes, when it ends, and what it refuses."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

import nn
from autodiff import Tensor, compile, no_grad, recorded_state
from optim import SGD, Adam, ReduceOnPlateau, Schedule, clip_by_norm, cosine_decay, step_decay

ROOT = Path(__file__).parents[2]


def moons(count: int = 100, noise: float = 0.1) -> tuple[Any, Any]:
    """Return points of two half circles and their labels."""
    rng = np.random.default_rng(0)
    angles = np.pi * rng.random(count)
    labels = np.arange(count) % 2
    x = np.where(labels, 1 - np.cos(angles), np.cos(angles))
    y = np.where(labels, 0.5 - np.sin(angles), np.sin(angles))
    return np.stack([x, y], axis=1) + noise * rng.normal(size=(count, 2)), labels


def network(*more: nn.Module, seed: int = 0) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 16, seed=seed), np.tanh, *more, nn.Linear(16, 2, seed=seed))


def train(model: nn.Module, data: Any, epochs: int = 3, **keywords: Any) -> nn.History:
    if "optimizer" not in keywords:
        keywords["optimizer"] = Adam(model.parameters(), lr=0.01)
    keywords = {"seed": 0, "progress": False, "batch_size": 16} | keywords
    return nn.train(model, nn.cross_entropy, data, epochs=epochs, **keywords)


def same(a: nn.Module, b: nn.Module) -> bool:
    """Return whether two models have the same parameters, to the last bit."""
    x, y = a.state_dict(), b.state_dict()
    return x.keys() == y.keys() and all(x[k].tobytes() == y[k].tobytes() for k in x)


CALLS: list[int] = []


class Counting(nn.Module):
    """A layer that notes how many rows it was called with."""

    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2, seed=0)

    def forward(self, x: Any) -> Any:
        CALLS.append(len(x))
        return self.layer(x)


def moved(model: nn.Module) -> bool:
    return not same(model, network())


class TestSteps:
    def test_are_those_of_a_loop_by_hand(self) -> None:
        x, labels = moons()
        model = network()
        optimizer = Adam(model.parameters(), lr=0.01)
        rng = np.random.default_rng(0)
        losses = []
        for _ in range(3):
            total = 0.0
            for inputs, targets in nn.batches(x, labels, size=16, seed=rng):
                optimizer.zero_grad()
                loss = nn.cross_entropy(model(inputs), targets)
                loss.backward()
                optimizer.step()
                total += len(inputs) * loss.item()
            losses.append(total / len(x))
        trained = network()
        history = train(trained, (x, labels))
        np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
        for name, value in trained.state_dict().items():
            np.testing.assert_allclose(value, model.state_dict()[name], rtol=1e-9, atol=1e-12)

    def test_learn_the_moons(self) -> None:
        x, labels = moons()
        model = network()
        optimizer = Adam(model.parameters(), lr=0.03)
        history = train(model, (x, labels), 100, optimizer=optimizer, metrics=[nn.accuracy])
        assert history["accuracy"][-1] == 1.0
        assert history["loss"][-1] < 0.1 < history["loss"][0]

    def test_are_replayed(self) -> None:
        CALLS.clear()
        train(Counting(), moons(64), 50)  # 200 steps
        assert 0 < len(CALLS) < 20

    def test_no_more_points_than_a_batch_are_one_batch(self) -> None:
        few, many = network(), network()
        x, labels = moons(10)
        assert train(few, (x, labels), batch_size=10)["loss"] == pytest.approx(
            train(many, (x, labels), batch_size=999)["loss"]
        )

    def test_frozen_parameters_stay(self) -> None:
        model = network()
        frozen = model.parameters()[0]
        frozen.requires_grad = False
        before = frozen.data.copy()
        trained = [p for p in model.parameters() if p.requires_grad]
        train(model, moons(), optimizer=SGD(trained, lr=0.1))
        assert np.array_equal(frozen.data, before)
        assert moved(model)

    def test_gradients_of_parameters_that_are_not_trained_do_not_pile_up(self) -> None:
        x, labels = moons(16)
        model = network()
        first, *others = model.parameters()
        train(model, (x, labels), 5, optimizer=SGD(others, lr=1e-12))
        piled = first.grad
        first.grad = None
        nn.cross_entropy(model(x), labels).backward()
        np.testing.assert_allclose(piled, first.grad, rtol=1e-6)

    def test_weights_of_rows_go_to_the_loss(self) -> None:
        def loss(outputs: Any, targets: Any, *, sample_weight: Any) -> Any:
            squares = np.sum((outputs - targets) ** 2, axis=1)
            return np.sum(sample_weight * squares) / np.sum(sample_weight)

        x = np.linspace(-1, 1, 40)[:, None]
        weights = np.where(np.arange(40) < 20, 0.0, 1.0)
        y = np.where(np.arange(40) < 20, 1e6, 2.0)[:, None]
        model = nn.Linear(1, 1, seed=0)
        optimizer = Adam(model.parameters(), lr=0.1)
        history = nn.train(
            model,
            loss,
            (x, y, weights),
            epochs=100,
            optimizer=optimizer,
            batch_size=4,
            seed=0,
            progress=False,
        )
        assert history["loss"][-1] < 1e-3
        np.testing.assert_allclose(model(x[20:]).data, 2.0, atol=0.1)


class TestByHand:
    """The pieces of `train`, in loops that are written out."""

    def test_a_loop(self) -> None:
        x, labels = moons()
        model = nn.MLP([2, 16, 16, 2], activation="tanh", seed=0)
        optimizer = Adam(model.parameters(), lr=0.03)
        schedule = Schedule(optimizer, cosine_decay(60))
        rng = np.random.default_rng(0)
        for _ in range(60):
            model.train()
            for inputs, targets in nn.batches(x, labels, size=16, seed=rng):
                optimizer.zero_grad()
                loss = nn.cross_entropy(model(inputs), targets)
                loss.backward()
                clip_by_norm(model.parameters(), 1.0)
                optimizer.step()
            schedule.step()
        model.eval()
        with no_grad():
            outputs = model(x)
        assert nn.accuracy(labels, outputs) == 1.0

    def test_a_step_that_is_replayed(self) -> None:
        x, labels = moons()
        model = nn.MLP([2, 16, 16, 2], activation="tanh", seed=0)
        optimizer = Adam(model.parameters(), lr=0.03)

        @compile
        def step(inputs: Any, targets: Any) -> Any:
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        for _ in range(200):
            step(x, labels)
        assert nn.accuracy(labels, model(x)) == 1.0
        assert step.plans[0].runs > 190


class TestSchedule:
    def test_counts_epochs(self) -> None:
        model = network()
        optimizer = SGD(model.parameters(), lr=0.8)
        rates: list[float] = []
        train(
            model,
            moons(),
            4,
            optimizer=optimizer,
            schedule=step_decay(every=2, factor=0.5),
            callbacks=[lambda history: rates.append(optimizer.lr)],
        )
        assert rates == [0.8, 0.4, 0.4, 0.2]

    def test_may_be_an_object(self) -> None:
        model = network()
        optimizer = SGD(model.parameters(), lr=0.8)
        schedule = Schedule(optimizer, step_decay(every=1, factor=0.5))
        train(model, moons(), 2, optimizer=optimizer, schedule=schedule)
        assert (schedule.steps, optimizer.lr) == (2, 0.2)

    def test_on_a_plateau_sees_the_loss_of_validation(self) -> None:
        model = network()
        optimizer = SGD(model.parameters(), lr=1e-3)
        schedule = ReduceOnPlateau(optimizer)
        history = train(
            model, moons(), optimizer=optimizer, schedule=schedule, validation=moons(20)
        )
        assert schedule.best == min(history["validation_loss"])


class TestValidation:
    def test_is_computed_as_in_use(self) -> None:
        x, labels = moons()
        model = network(nn.Dropout(0.5, seed=0))
        history = train(model, (x, labels), validation=(x, labels), metrics=[nn.accuracy])
        outputs = model(x).data
        assert history["validation_loss"][-1] == nn.cross_entropy(outputs, labels)
        assert history["accuracy"][-1] == nn.accuracy(labels, outputs)
        assert not model.training

    def test_a_part_is_set_aside(self) -> None:
        seen = []

        def count(targets: Any, outputs: Any) -> float:
            seen.append(len(targets))
            return 0.0

        train(network(), moons(100), validation=0.25, metrics=[count])
        assert seen == [25] * 3

    def test_more_rows_than_go_through_at_once(self) -> None:
        x, labels = moons(20_000)
        model = network()
        history = train(model, (x, labels), 1, batch_size=5000, validation=(x, labels))
        expected = nn.cross_entropy(model(x).data, labels)
        assert history["validation_loss"] == pytest.approx([expected], rel=1e-12)


class TestMetrics:
    def test_of_scikit_learn_serve_as_they_are(self) -> None:
        x, labels = moons()
        model = network()
        functions = [metrics.accuracy_score, metrics.f1_score]
        history = train(model, (x, labels), metrics=functions, validation=(x, labels))
        guesses = model(x).data.argmax(axis=1)
        assert history["accuracy_score"][-1] == np.mean(guesses == labels)
        hits = np.sum(guesses & labels)
        assert history["f1_score"][-1] == pytest.approx(2 * hits / np.sum(guesses + labels))

    def test_of_numbers_get_numbers(self) -> None:
        x = np.linspace(-1, 1, 30)[:, None]
        for y in (2 * x, np.arange(30)[:, None]):
            model = nn.Linear(1, 1, seed=0)
            history = nn.train(
                model,
                nn.mean_squared_error,
                (x, y),
                epochs=2,
                optimizer=SGD(model.parameters(), lr=0.1),
                metrics=[metrics.r2_score],
                progress=False,
            )
            residuals = y - model(x).data
            expected = 1 - np.sum(residuals**2) / np.sum((y - y.mean()) ** 2)
            assert history["r2_score"][-1] == pytest.approx(expected)

    def test_of_scores_get_scores(self) -> None:
        x, labels = moons()

        def hinge(outputs: Any, targets: Any) -> Any:
            return np.mean(nn.relu(1 - (2 * targets - 1) * outputs[:, 0]))

        model = nn.MLP([2, 8, 1], seed=0)
        history = nn.train(
            model,
            hinge,
            (x, labels),
            epochs=2,
            optimizer=Adam(model.parameters()),
            metrics=[metrics.roc_auc_score],
            progress=False,
        )
        scores = model(x).data[:, 0]
        gaps = scores[labels == 1][:, None] - scores[labels == 0]
        assert history["roc_auc_score"][-1] == pytest.approx(np.mean((1 + np.sign(gaps)) / 2))

    @pytest.mark.parametrize(
        ("loss", "targets"),
        [
            (nn.hinge, 2 * (np.arange(40) % 2) - 1),
            (nn.hinge, 2.0 * (np.arange(40) % 2) - 1),
            (nn.binary_cross_entropy, np.arange(40) % 2),
            (nn.binary_cross_entropy, np.arange(40) % 2 > 0),
        ],
    )
    def test_of_two_classes_get_the_labels_that_the_targets_have(
        self, loss: Any, targets: Any
    ) -> None:
        seen: list[Any] = []

        def mine(y_true: Any, y_pred: Any) -> float:
            seen.append(y_pred)
            return 0.0

        macro = functools.partial(metrics.f1_score, average="macro")
        x = np.stack([targets * 2.0 - 0.5, np.sin(np.arange(40))], axis=1)
        model = nn.MLP([2, 8, 1], seed=0)
        history = nn.train(
            model,
            loss,
            (x, targets[:, None]),
            epochs=60,
            optimizer=Adam(model.parameters(), lr=0.05),
            metrics=[metrics.accuracy_score, macro, mine],
            progress=False,
        )
        assert history["accuracy_score"][-1] == history["partial"][-1] == 1.0
        assert np.array_equal(seen[-1][:, 0], targets)
        assert seen[-1].dtype == targets.dtype

    @pytest.mark.parametrize("targets", [[0, 1, 1, 0], [-1, 1, -1, 1], [-3, 0, 1, 0], [0, 0, 0, 0]])
    def test_of_whole_numbers_that_are_no_labels_get_numbers(self, targets: list[int]) -> None:
        seen: list[Any] = []

        def error(y_true: Any, y_pred: Any) -> float:
            seen.append(y_pred)
            return float(metrics.mean_absolute_error(y_true, y_pred))

        model = nn.Linear(1, 1, seed=0)
        x, y = np.linspace(-1, 1, 4)[:, None], np.array(targets)[:, None]
        for function in (error, metrics.mean_absolute_error):
            history = nn.train(
                model,
                nn.mean_squared_error,
                (x, y),
                epochs=1,
                optimizer=SGD(model.parameters(), lr=0.1),
                metrics=[function],
                progress=False,
            )
            outputs = model(x).data
            expected = np.mean(abs(outputs - y))
            assert history.last[function.__name__] == pytest.approx(expected, rel=1e-12)
        assert len(np.unique(seen[0])) == 4


class TestWeights:
    def train(self, weights: Any, dtype: Any = np.float64, **keywords: Any) -> nn.History:
        model = nn.Linear(1, 1, seed=0, dtype=dtype)
        x = np.linspace(-1, 1, len(weights), dtype=dtype)[:, None]
        optimizer = SGD(model.parameters(), lr=0.01)
        keywords = {"epochs": 1, "seed": 0, "progress": False, "batch_size": 100} | keywords
        return nn.train(model, nn.mean_squared_error, (x, 2 * x, weights), optimizer=optimizer,
                        **keywords)  # fmt: skip

    def test_of_half_precision_have_a_large_sum(self) -> None:
        weights = np.full(300, 3000.0)
        expected = self.train(weights)["loss"]
        assert self.train(weights.astype(np.float16))["loss"] == pytest.approx(expected)

    @pytest.mark.parametrize("batch_size", [1, 3, 100])
    def test_of_0_leave_rows_out(self, batch_size: int) -> None:
        weights = np.array([0, 1, 0, 2, 0.5, 0, 0, 3, 0, 0])
        kept = weights > 0
        x = np.linspace(-1, 1, 10)[:, None]
        models = [nn.Linear(1, 1, seed=0) for _ in range(2)]
        histories = [
            nn.train(
                model,
                nn.mean_squared_error,
                rows,
                epochs=3,
                batch_size=batch_size,
                optimizer=SGD(model.parameters(), lr=0.1),
                validation=rows,
                seed=0,
                progress=False,
            )
            for model, rows in zip(
                models,
                [(x, 2 * x, weights), (x[kept], 2 * x[kept], weights[kept])],
                strict=True,
            )
        ]
        assert histories[0].to_dict() == histories[1].to_dict()
        assert np.array_equal(models[0].weight.data, models[1].weight.data)

    def test_that_are_all_0_are_refused(self) -> None:
        with pytest.raises(ValueError, match="not all 0"):
            self.train(np.zeros(5))


class Overwriting(nn.Module):
    """A layer that centres its input where it is."""

    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2, seed=0)

    def forward(self, x: Any) -> Any:
        x -= 1.0
        return self.layer(x)


def test_a_model_that_writes_into_its_input_leaves_the_data_alone() -> None:
    x, labels = moons()
    before = x.copy()
    model = Overwriting()
    with pytest.warns(UserWarning, match="stays eager: .* writes into an array"):
        history = train(model, (x, labels), validation=(x, labels), metrics=[nn.accuracy])
    assert np.array_equal(x, before)
    expected = nn.cross_entropy(model.layer(x - 1.0).data, labels)
    assert history["validation_loss"][-1] == pytest.approx(expected, rel=1e-12)


INTERRUPTED = """
import signal, numpy as np, nn, optim

def train(epochs, callback):
    return nn.train(model, nn.mean_squared_error, (x, x[:, :1]), epochs=epochs, seed=0,
                    optimizer=optim.Adam(model.parameters()), progress=False, callbacks=[callback])

x = np.random.default_rng(0).normal(size=(300, 2))
model = nn.MLP([2, 8, 1], seed=0)
start = model.state_dict()
history = train(10**6, lambda history: len(history) == 3 and print("under way", flush=True))
changed = any(not np.array_equal(start[k], v) for k, v in model.state_dict().items())
print(len(history) >= 3, changed, history.ending, model.training)
"""


class TestEnd:
    def test_early_stopping_restores_the_best_weights(self) -> None:
        x, labels = moons()
        model = network()
        best: list[dict[str, Any]] = []

        def remember(history: nn.History) -> None:
            if history.best_epoch == len(history):
                best.append(model.state_dict())

        history = train(
            model,
            (x, labels),
            500,
            optimizer=SGD(model.parameters(), lr=3.0, momentum=0.9),
            early_stopping=5,
            callbacks=[remember],
            validation=moons(40, noise=0.4),
        )
        assert len(history) == history.best_epoch + 5 < 500
        assert f"least in epoch {history.best_epoch}" in history.ending
        for name, value in model.state_dict().items():
            assert np.array_equal(value, best[-1][name])

    def test_a_callback_ends_it(self) -> None:
        def stop(history: nn.History) -> None:
            if len(history) == 2:
                raise StopIteration

        assert len(train(network(), moons(), 10, callbacks=[stop])) == 2

    def test_callbacks_of_an_iterator_are_called_after_each_epoch(self) -> None:
        seen: list[int] = []
        functions = (f for f in [lambda history: seen.append(len(history))])
        train(network(), moons(), 3, callbacks=functions)
        assert seen == [1, 2, 3]

    @pytest.mark.parametrize("raised", [ZeroDivisionError, SystemExit])
    def test_an_error_leaves_the_best_weights_in_use(self, raised: Any) -> None:
        states: list[Any] = []

        def fail(history: nn.History) -> None:
            states.append(model.state_dict())
            if len(history) == history.best_epoch + 2:
                raise raised

        model = network()
        optimizer = SGD(model.parameters(), lr=3.0, momentum=0.9)
        with pytest.raises(raised):
            train(model, moons(), 500, optimizer=optimizer, early_stopping=9, callbacks=[fail])
        assert not any(module.training for _, module in model.named_modules())
        for name, value in model.state_dict().items():
            assert np.array_equal(value, states[-3][name])

    def test_a_nan_leaves_the_best_weights_in_use(self) -> None:
        def loss(outputs: Any, targets: Any) -> Any:
            return np.mean(np.sqrt(outputs[:, 0] - targets))

        model = nn.Linear(1, 1, seed=0)
        model.bias.data = [1.0]
        data, best = (np.zeros((4, 1)), np.zeros(4)), []
        optimizer = SGD(model.parameters(), lr=0.3)
        with pytest.raises(FloatingPointError):
            nn.train(model, loss, data, epochs=99, optimizer=optimizer, validation=data,
                     early_stopping=5, progress=False,
                     callbacks=[lambda history: best.append(model.bias.data.copy())])  # fmt: skip
        assert not model.training
        assert model.bias.data == best[-1]

    def test_ctrl_c_returns_what_was_trained_so_far(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "under way\n"
            process.send_signal(signal.SIGINT)
            told = process.stdout.read().splitlines()
        assert told[0].startswith("True True interrupted in epoch")
        assert told[0].endswith("False")
        assert not told[1:]

    def test_an_interrupt_while_the_step_is_planned_is_one_before_the_first(self) -> None:
        def loss(outputs: Any, targets: Any) -> Any:
            raise KeyboardInterrupt

        model = nn.Linear(1, 1, seed=0)
        start = model.state_dict()
        optimizer = SGD(model.parameters(), lr=0.3)
        data = np.zeros((4, 1)), np.zeros((4, 1))
        history = nn.train(model, loss, data, epochs=2, optimizer=optimizer, progress=False)
        assert (len(history), history.ending) == (0, "interrupted in epoch 1")
        assert not model.training
        assert all(np.array_equal(start[k], v) for k, v in model.state_dict().items())

    def test_a_nan_stops_it_before_the_step_and_names_the_op(self) -> None:
        def loss(outputs: Any, targets: Any) -> Any:
            return np.mean(np.sqrt(outputs[:, 0] - targets))

        model = nn.Linear(1, 1, seed=0)
        model.bias.data = [1.0]
        x, y = np.zeros((64, 1)), np.zeros(64)
        optimizer = SGD(model.parameters(), lr=0.3)
        with pytest.raises(FloatingPointError, match=r"sqrt made 16 NaN out of finite numbers"):
            nn.train(model, loss, (x, y), epochs=9, optimizer=optimizer, batch_size=16,
                     progress=False)  # fmt: skip
        assert model.bias.data[0] < 0  # after the step before

    def test_a_gradient_that_is_not_finite_counts_as_one(self) -> None:
        model = nn.Linear(1, 1, seed=0)
        optimizer = SGD(model.parameters(), lr=0.3)
        with pytest.raises(FloatingPointError, match="derivative of sqrt made"):
            nn.train(
                model,
                lambda outputs, targets: np.mean(np.sqrt(abs(outputs - targets))),
                (np.zeros((4, 1)), np.zeros((4, 1))),
                epochs=1,
                optimizer=optimizer,
                progress=False,
            )
        assert np.all(np.isfinite(model.weight.data))

    def test_a_nan_in_validation_names_the_op(self) -> None:
        def loss(outputs: Any, targets: Any) -> Any:
            return -np.mean(np.log(outputs * targets))

        model = nn.Linear(1, 1, seed=0)
        model.bias.data = [1.0]
        x, y = np.zeros((8, 1)), np.ones((8, 1))
        optimizer = SGD(model.parameters(), lr=0.1)
        with pytest.raises(FloatingPointError, match="log made 8 NaN"):
            nn.train(model, loss, (x, y), epochs=2, optimizer=optimizer, validation=(x, -y),
                     progress=False)  # fmt: skip


class TestProgress:
    def test_a_bar_shows_the_loss_and_the_metrics(self, capsys: Any) -> None:
        train(network(), moons(), metrics=[nn.accuracy], progress=True)
        shown = capsys.readouterr().err
        assert "21/21" in shown
        assert "loss=" in shown
        assert "accuracy=" in shown

    def test_or_nothing(self, capsys: Any) -> None:
        train(network(), moons())
        assert capsys.readouterr() == ("", "")


class TestRefusals:
    """What is refused leaves the model, the optimiser and the generators as they were."""

    @pytest.mark.parametrize(
        ("keywords", "message"),
        [
            ({"data": (np.ones((0, 2)), np.ones(0, int))}, r"at least 1, got the shapes \[\(0, 2"),
            ({"data": (np.ones((4, 2)), np.ones(3, int))}, r"one length.*\(4, 2\), \(3,\)"),
            ({"data": np.ones((4, 2))}, r"expected data to be \(inputs, targets\) or"),
            ({"data": (np.full((4, 2), np.nan), np.zeros(4, int))}, "inputs of data hold NaN"),
            ({"data": (np.ones((64, 3)), np.zeros(64, int))}, r"3"),
            ({"data": (np.ones((64, 2)), np.arange(64) // 63 * 2)}, "labels"),
            ({"data": (np.ones((4, 2)), np.ones(4, int), -np.ones(4))}, "weights of data"),
            ({"epochs": 0}, "epochs to be a whole number of 1 or more, got 0"),
            ({"epochs": 1.5}, "epochs to be a whole number"),
            ({"batch_size": 0}, "batch_size"),
            ({"early_stopping": 0}, "early_stopping"),
            ({"validation": 1.0}, "between 0 and 1, got 1.0"),
            ({"validation": (np.ones((4, 3)), np.zeros(4, int))}, "3"),
            ({"metrics": [lambda t, p: p[:, 7]]}, "out of bounds"),
            ({"metrics": nn.accuracy}, r"write metrics=\[f\]"),
            ({"metrics": [nn.accuracy, nn.accuracy]}, "names of their own"),
            ({"optimizer": Adam}, r"expected an optimizer, as optim.Adam\(model.parameters"),
            ({"optimizer": Adam([Tensor(1.0)])}, "1 parameters that are none of the model's"),
            ({"schedule": lambda epoch: -1.0}, "learning rate of at least 0"),
            ({"schedule": 0.1}, r"expected as schedule a function of the epochs made, .*got 0.1"),
            ({"schedule": ReduceOnPlateau(SGD([Tensor(1.0)], lr=1.0))}, "another optimizer"),
            ({"callbacks": None}, r"write callbacks=\[f\], got None"),
            ({"callbacks": print}, r"write callbacks=\[f\]"),
            ({"metrics": None}, r"write metrics=\[f\], got None"),
            ({"checkpoint": "/proc/x"}, "No such file or directory: '/proc/x"),
            ({"metrics": [type("epoch", (), {"__call__": len, "__name__": "epoch"})()]}, "own"),
            ({"data": (np.ones((4, 2)), np.ones(4, int), np.ones((4, 1)))}, r"shape \(n,\), 0"),
            ({"checkpoint": "/tmp/" + 250 * "x"}, "name too long"),
            ({"checkpoint": "/no/such/directory/file"}, "no directory /no/such/directory to write"),
        ],
    )
    def test_say_what_was_expected(self, keywords: dict[str, Any], message: str) -> None:
        model = network(nn.Dropout(0.5, seed=3))
        rng = np.random.default_rng(7)
        optimizer = Adam(model.parameters(), lr=0.01)
        start, moments = model.state_dict(), optimizer.state_dict()
        keywords = {"data": moons(64), "optimizer": optimizer, "seed": rng} | keywords
        with pytest.raises((TypeError, ValueError, IndexError, OSError), match=message):
            train(model, keywords.pop("data"), keywords.pop("epochs", 2), **keywords)
        assert model.training
        assert rng.random() == np.random.default_rng(7).random()
        assert model.layers[2].generator.random() == np.random.default_rng(3).random()
        assert str(optimizer.state_dict()) == str(moments)
        for name, value in model.state_dict().items():
            assert np.array_equal(value, start[name])

    def test_leave_each_module_in_its_mode(self) -> None:
        model = network(nn.Dropout(0.5, seed=3))
        model.layers[2].eval()
        with pytest.raises(ValueError, match="labels"):
            train(model, (np.ones((64, 2)), np.arange(64) // 63 * 2))
        assert [module.training for _, module in model.named_modules()].count(False) == 1
        assert not model.layers[2].training

    def test_generators_in_lists_and_dictionaries_stay_as_they_were(self) -> None:
        class Noisy(nn.Module):
            def __init__(self) -> None:
                self.layer = nn.Linear(2, 2, seed=0)
                self.sources = [{"noise": np.random.default_rng(5)}]

            def forward(self, x: Any) -> Any:
                noise = recorded_state(self.sources[0]["noise"]).normal(size=np.shape(x))
                return self.layer(x + noise)

        model = Noisy()
        with pytest.raises(IndexError):
            train(model, moons(), metrics=[lambda t, p: p[:, 7]])
        expected = np.random.default_rng(5).random()
        assert model.sources[0]["noise"].random() == expected

    def test_no_model(self) -> None:
        with pytest.raises(TypeError, match="expected a Module as model, got function"):
            nn.train(lambda x: x, nn.mean_squared_error, moons(), epochs=1, optimizer=None)  # type: ignore[arg-type]
