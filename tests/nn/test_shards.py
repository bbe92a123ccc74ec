"""nn.train by shards of each batch: the same as by whole batches, whoever computes them."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autodiff
import nn
from autodiff import Tensor, recorded_state
from nn._shards import content_of, split_into_shards
from optim import SGD, Adam, ReduceOnPlateau, clip_by_norm

ROWS = 106  # whose last batch of 16 has 10 rows


class Done:
    """A future that can say nothing but its result."""

    def __init__(self, result: Any) -> None:
        self.result = lambda: result


class Least:
    """An executor that can do nothing but take work; it keeps what it was given, as bytes."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def submit(self, f: Any, /, *args: Any) -> Any:
        self.sent.append(pickle.dumps((f, args)))
        call, arguments = pickle.loads(self.sent[-1])
        return Done(call(*arguments))


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Tanh(nn.Module):
    """A network of one's own, with a parameter that is frozen and one that is not used."""

    def __init__(self, seed: int = 0, dtype: Any = np.float64) -> None:
        self.first = nn.Linear(3, 8, seed=seed, dtype=dtype)
        self.first.bias.requires_grad = False
        self.last = nn.Linear(8, 1, seed=seed, dtype=dtype)
        self.unused = nn.Linear(2, 2, seed=seed, dtype=dtype)

    def forward(self, x: Any) -> Any:
        return self.last(np.tanh(self.first(x)))


class Penalised:
    """A mean of squares with a penalty on weights, which are those of the model."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights

    def __call__(self, outputs: Any, targets: Any, sample_weight: Any = None) -> Any:
        own = nn.mean_squared_error(outputs, targets, sample_weight=sample_weight)
        return own + 0.01 * nn.l2_penalty(self.weights)


def data(dtype: Any = np.float64, *, weighted: bool = False) -> Any:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 3)).astype(dtype)
    rows = x, np.sin(x[:, :1] * x[:, 1:2])
    return (
        (*rows, (rng.random(ROWS) * (rng.random(ROWS) > 0.2)).astype(dtype)) if weighted else rows
    )


def train(
    model: Any, loss: Any = nn.mean_squared_error, rows: Any = None, **keywords: Any
) -> nn.History:
    if "optimizer" not in keywords:
        keywords["optimizer"] = Adam(model.parameters(), lr=0.01)
    keywords = {"epochs": 5, "batch_size": 16, "seed": 0, "progress": False} | keywords
    return nn.train(model, loss, rows or data(), **keywords)


def values(model: nn.Module) -> Any:
    return np.concatenate([p.data.ravel() for p in model.parameters()])


def trained(dtype: Any = np.float64, *, weighted: bool = False, **keywords: Any) -> Any:
    """Return the parameters and the losses of a network, whose loss holds weights of it."""
    model = Tanh(dtype=dtype)
    loss = Penalised([model.first.weight])
    history = train(model, loss, data(dtype, weighted=weighted), **keywords)
    return values(model), np.array(history["loss"])


class TestShards:
    """What is computed."""

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("shards", [2, 3, 7, 16])
    def test_are_a_batch_to_rounding(self, shards: int, weighted: bool) -> None:
        expected, losses = trained(weighted=weighted, epochs=20)
        found, sharded = trained(weighted=weighted, epochs=20, shards=shards)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * abs(expected).max())
        np.testing.assert_allclose(sharded, losses, rtol=1e-12)
        assert abs(expected - values(Tanh())).max() > 0.1

    def test_are_of_the_precision_of_the_model(self) -> None:
        expected, losses = trained(np.float32)
        found, sharded = trained(np.float32, shards=3)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(sharded, losses, rtol=1e-5)

    def test_are_as_many_as_there_are_rows_at_most(self) -> None:
        rows = np.arange(5)[:, None], np.arange(5), np.array([1.0, 1.0, 2.0, 3.0, 1.0])
        shards = split_into_shards(rows, 9)
        assert [part for part, _ in shards] == [0.125, 0.125, 0.25, 0.375, 0.125]
        assert [len(x) for _, (x, *_) in split_into_shards(rows, 2)] == [3, 2]
        assert np.array_equal(trained(shards=999)[0], trained(shards=16)[0])

    def test_meet_what_follows_on_the_gradient(self) -> None:
        class Clipped(SGD):
            def step(self) -> None:
                clip_by_norm(self.parameters, 0.1)
                super().step()

        def run(**keywords: Any) -> Any:
            model, rates = Tanh(), []
            optimizer = Clipped(model.parameters()[:1], lr=0.5)
            history = train(
                model,
                optimizer=optimizer,
                schedule=ReduceOnPlateau(optimizer, patience=1),
                validation=0.3,
                metrics=[nn.r_squared],
                early_stopping=3,
                epochs=40,
                callbacks=[lambda history: rates.append(optimizer.lr)],
                **keywords,
            )
            return values(model), rates, history

        (expected, rates, history), (found, sharded_rates, sharded) = run(), run(shards=3)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        assert sharded_rates == rates
        assert (len(sharded), sharded.ending) == (len(history), history.ending)
        assert rates[0] > rates[-1]
        for name, column in history.columns.items():
            np.testing.assert_allclose(sharded[name], column, rtol=1e-11)

    @pytest.mark.parametrize("planned", [autodiff.compile, autodiff.replaying])
    def test_take_a_model_that_holds_a_compiled_function(
        self, planned: Any, threads: ThreadPoolExecutor
    ) -> None:
        model, expected = nn.Sequential(planned(np.sin), Tanh()), nn.Sequential(np.sin, Tanh())
        for m in (model, expected):
            train(m, shards=2, executor=threads)
        np.testing.assert_array_equal(values(model), values(expected))

    def test_leave_parameters_without_a_gradient_as_they_are(self) -> None:
        model = Tanh()
        model.last.bias.data = [0.5]
        before = model.state_dict()
        train(model, shards=2)
        same = [name for name, x in model.state_dict().items() if np.array_equal(x, before[name])]
        assert same == ["first.bias", "unused.weight", "unused.bias"]
        assert model.unused.weight.grad is None

    def test_are_one_plan_for_each_number_of_rows(self, threads: ThreadPoolExecutor) -> None:
        CALLS.clear()
        train(Counting(), shards=2, epochs=50)
        train(Counting(), shards=2, epochs=50, executor=threads)
        assert 0 < len(CALLS) < 60  # of 1400


CALLS: list[int] = []


class Counting(Tanh):
    def forward(self, x: Any) -> Any:
        CALLS.append(len(x))
        return super().forward(x)


class TestExecutors:
    """Who computes it."""

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_give_the_same_bits(
        self, dtype: Any, weighted: bool, threads: Any, processes: Any
    ) -> None:
        expected, losses = trained(dtype, weighted=weighted, shards=3)
        for executor in (threads, processes, Least()):
            found, own = trained(dtype, weighted=weighted, shards=3, executor=executor)
            assert found.tobytes() == expected.tobytes(), executor
            assert own.tobytes() == losses.tobytes(), executor

    def test_go_on_from_a_file_bit_for_bit(self, tmp_path: Path, processes: Any) -> None:
        expected, losses = trained(shards=3, epochs=6, checkpoint=tmp_path / "whole")
        trained(shards=3, epochs=4, checkpoint=tmp_path / "broken off", executor=processes)
        found, own = trained(shards=3, epochs=6, checkpoint=tmp_path / "broken off")
        assert found.tobytes() == expected.tobytes()
        assert own.tobytes() == losses.tobytes()
        with pytest.raises(ValueError, match="of another training: shards was 3 and is 2"):
            trained(shards=2, epochs=7, checkpoint=tmp_path / "broken off")

    def test_see_what_callbacks_change(self, threads: ThreadPoolExecutor) -> None:
        def run(executor: Any) -> Any:
            model = nn.MLP([3, 8, 1], "tanh", seed=0)

            def change(history: nn.History) -> None:
                model.activation = "relu"
                model.layers[0].weight.requires_grad = len(history) != 2

            train(model, shards=2, executor=executor, callbacks=[change])
            return values(model)

        unchanged = nn.MLP([3, 8, 1], "tanh", seed=0)
        train(unchanged, shards=2)
        assert run(threads).tobytes() == run(None).tobytes() != values(unchanged).tobytes()

    def test_are_sent_no_parameters_with_the_model(self) -> None:
        def content(width: int) -> bytes:
            model = nn.MLP([3, width, 1], "tanh", seed=0)
            return content_of(model, Penalised([model.layers[0].weight]))

        small, large = content(8), content(800)
        assert abs(len(large) - len(small)) < 10
        model = nn.MLP([3, 8, 1], "tanh", seed=0)
        model.layers[0].weight.data = np.full((3, 8), 7.0)
        assert content_of(model, Penalised([model.layers[0].weight])) == small

    def test_keep_the_model_and_send_alike_bytes_of_it(self) -> None:
        least = Least()
        trained(shards=2, executor=least)
        contents = {pickle.loads(sent)[1][0].open()[1][0] for sent in least.sent}
        assert len(contents) == 1
        assert len(least.sent) == 2 * (5 * 7 + 1)  # with the look at other parameters

    def test_take_what_is_defined_in_functions(self, processes: Any) -> None:
        class Local(nn.Module):
            def __init__(self) -> None:
                self.layer = nn.Linear(3, 1, seed=0)

            def forward(self, x: Any) -> Any:
                return np.tanh(self.layer(x))

        def run(executor: Any) -> Any:
            model = Local()
            train(model, lambda a, b: np.mean((a - b) ** 2), shards=2, executor=executor)
            return values(model)

        assert run(processes).tobytes() == run(None).tobytes()


class Fails(Tanh):
    """A network that refuses rows of large numbers where there are few rows."""

    def forward(self, x: Any) -> Any:
        if len(x) < 16 and np.max(x) > 50:
            raise ZeroDivisionError("no rows of large numbers")
        return super().forward(x)


class RunningMean(nn.Module):
    def __init__(self) -> None:
        self.means = [np.zeros(3)]
        self.layer = nn.Linear(3, 1, seed=0)

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, np.ndarray) else x.data
        self.means[0] += 0.1 * (np.mean(x, axis=0) - self.means[0])
        return self.layer(x - self.means[0])


class KeepsCount(nn.Module):
    """A network whose state is in an object that is no module."""

    def __init__(self) -> None:
        self.seen = SimpleNamespace(rows=0)
        self.layer = nn.Linear(3, 1, seed=0)

    def forward(self, x: Any) -> Any:
        self.seen.rows += len(x)
        return self.layer(x)


class Noisy(nn.Module):
    def __init__(self) -> None:
        self.sources = {"noise": np.random.default_rng(5)}

    def forward(self, x: Any) -> Any:
        return x + recorded_state(self.sources["noise"]).normal(size=np.shape(x))


class Centred(Tanh):
    """A network whose rows depend on one another."""

    def forward(self, x: Any) -> Any:
        return super().forward(x - np.mean(x, axis=0))


class ZeroHead(Tanh):
    """A network that starts with a last layer of zeros, so that all rows come out alike."""

    def __init__(self) -> None:
        super().__init__()
        self.last.weight.data = np.zeros((8, 1))

    def hidden(self, x: Any) -> Any:
        return np.tanh(self.first(x))

    def forward(self, x: Any) -> Any:
        return self.last(self.hidden(x))


class CentredZeroHead(ZeroHead):
    def hidden(self, x: Any) -> Any:
        h = self.first(x)
        return np.tanh(h - np.mean(h, axis=0))


class DetachedMean(Tanh):
    """A network whose values take each row by itself, and whose derivatives do not."""

    def forward(self, x: Any) -> Any:
        mean = np.mean(self.first(x))
        return super().forward(x) + mean - autodiff.stop_gradient(mean)


BY_NAME = nn.Linear(3, 1, seed=0)


def penalised(model: Any, outputs: Any, targets: Any) -> Any:
    return nn.mean_squared_error(outputs, targets) + 0.5 * nn.l2_penalty([model.weight])


def penalised_by_name(outputs: Any, targets: Any) -> Any:
    return penalised(BY_NAME, outputs, targets)


def root_mean_square(outputs: Any, targets: Any) -> Any:
    return np.sqrt(np.mean((outputs - targets) ** 2))


class Positive(nn.Module):
    """A model of which nothing can be computed where its parameter is a little larger."""

    def __init__(self, raises: bool) -> None:
        self.offset = Tensor([0.0], requires_grad=True)
        self.raises = raises

    def forward(self, x: Any) -> Any:
        if self.raises and np.max(self.offset) > 1e-3:
            raise np.linalg.LinAlgError("no such offset")
        return x[:, :1] + np.sqrt(1e-3 - self.offset)


def in_a_network(layer: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4, seed=0), "tanh", layer, nn.Linear(4, 1, seed=0))


class TestRefusals:
    """What is refused, or fails, leaves the parameters and the optimiser as they were."""

    def fails(
        self, model: nn.Module, error: Any, message: str, *args: Any, **keywords: Any
    ) -> BaseException:
        optimizer = Adam(model.parameters(), lr=0.01)
        before, moments = values(model), str(optimizer.state_dict())
        attributes = pickle.dumps([vars(m).get("means") for _, m in model.named_modules()])
        with pytest.raises(error, match=message) as caught:
            train(model, *args, optimizer=optimizer, **keywords)
        assert values(model).tobytes() == before.tobytes()
        assert str(optimizer.state_dict()) == moments
        assert attributes == pickle.dumps([vars(m).get("means") for _, m in model.named_modules()])
        return caught.value

    @pytest.mark.parametrize("shards", [0, -1, 1.5, True, None])
    def test_no_number_of_shards(self, shards: Any) -> None:
        self.fails(Tanh(), ValueError, "shards to be a whole number of 1 or more", shards=shards)

    def test_an_executor_without_shards(self, threads: Any) -> None:
        self.fails(Tanh(), ValueError, "write shards=n beside it", executor=threads)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (partial(in_a_network, nn.Dropout(0.5, seed=0)),
             "Dropout draws random numbers from generator when .* it is layers.2: train it with"),
            (partial(in_a_network, Noisy()), "Noisy draws random numbers from sources.noise"),
            (RunningMean, "RunningMean changes means.0 when it is called, and each shard"),
            (KeepsCount, "KeepsCount changes seen when it is called, and each shard"),
        ],
    )  # fmt: skip
    def test_a_model_that_a_call_changes(self, make: Callable[[], Any], message: str) -> None:
        model = make()
        self.fails(model, ValueError, message, shards=2)
        assert model.training

    def test_a_model_that_cannot_be_copied(self) -> None:
        model = Tanh()
        model.lock = threading.Lock()
        message = r"this Tanh holds what cannot be copied \(cannot pickle '_thread.lock' object\)"
        self.fails(model, TypeError, message, shards=2)

    def test_but_no_dropout_that_drops_nothing(self) -> None:
        train(in_a_network(nn.Dropout(0.0)), shards=2)

    @pytest.mark.parametrize(
        ("model", "loss"),
        [
            (Tanh(), partial(nn.mean_squared_error, reduction="sum")),
            (Centred(), nn.mean_squared_error),
        ],
    )
    def test_a_loss_that_is_no_mean_over_rows(self, model: Any, loss: Any) -> None:
        message = r"the loss of a batch is [\d.]+, but its shards have the mean [\d.]+: with"
        self.fails(model, ValueError, message, loss, shards=3)

    @pytest.mark.parametrize(
        ("make", "loss"),
        [
            (ZeroHead, root_mean_square),
            (CentredZeroHead, nn.mean_squared_error),
        ],
    )
    def test_what_is_a_mean_over_rows_at_the_start_alone(
        self, make: Callable[[], Any], loss: Any
    ) -> None:
        x, y = data()
        rows = x, np.where(y < 0, -1.0, 1.0)  # whose shards have one loss where outputs are zero
        message = r"the loss of a batch is [\d.]+, but its shards have the mean [\d.]+ near the par"
        self.fails(make(), ValueError, message, loss, rows, shards=2)

    def test_a_gradient_that_is_no_mean_over_rows(self) -> None:
        message = "the gradient of a batch by first.weight is not the mean of those of its shards"
        self.fails(DetachedMean(), ValueError, message, shards=3)

    @pytest.mark.parametrize("where", ["threads", "processes"])
    def test_a_loss_that_takes_the_model_from_a_module(self, where: str, request: Any) -> None:
        executor, start = request.getfixturevalue(where), BY_NAME.state_dict()
        advice = r"workers make it.* by its name.* give it as an argument, as functools.partial"
        self.fails(BY_NAME, ValueError, advice, penalised_by_name, shards=2, executor=executor)
        found = []
        for given in (None, executor):
            BY_NAME.load_state_dict(start)
            train(BY_NAME, partial(penalised, BY_NAME), shards=2, executor=given)
            found.append(values(BY_NAME).tobytes())
        BY_NAME.load_state_dict(start)
        assert found[0] == found[1]

    @pytest.mark.parametrize("raises", [False, True])
    def test_but_no_model_that_is_defined_nowhere_else(self, raises: bool) -> None:
        model = Positive(raises)
        optimizer = SGD(model.parameters(), lr=1e-9)
        train(model, optimizer=optimizer, shards=2, epochs=1)
        assert model.offset.data != 0.0

    def test_a_loss_that_is_divided_by_the_weights_of_classes(self) -> None:
        x, _ = data()
        labels = (x[:, 0] > 0.7).astype(int)
        loss = partial(nn.cross_entropy, weight=[1.0, 5.0])
        model = nn.MLP([3, 8, 2], seed=0)
        self.fails(model, ValueError, "has to be a mean over rows", loss, (x, labels), shards=3)

    @pytest.mark.parametrize("where", ["here", "threads", "processes"])
    def test_a_shard_that_fails(self, where: str, request: Any) -> None:
        executor = None if where == "here" else request.getfixturevalue(where)
        x, y = data()
        x[3] = 99.0
        error = self.fails(
            Fails(), ZeroDivisionError, "no rows of large numbers", rows=(x[:16], y[:16]),
            shards=4, executor=executor,
        )  # fmt: skip
        (row,) = np.flatnonzero(np.random.default_rng(0).permutation(16) == 3)
        assert error.__notes__ == [f"in shard {1 + row // 4} of 4, of a batch of 16 rows"]

    def test_a_nan_names_the_op(self, processes: Any) -> None:
        def loss(outputs: Any, targets: Any) -> Any:
            return np.mean(np.sqrt(outputs - targets))

        model = nn.Linear(3, 1, seed=0)
        for executor in (None, processes):
            self.fails(model, FloatingPointError, "sqrt made 16 NaN out of finite numbers", loss,
                       (np.zeros((16, 3)), np.ones((16, 1))), shards=2,
                       executor=executor)  # fmt: skip

    def test_what_cannot_be_pickled(self, threads: Any, monkeypatch: Any) -> None:
        monkeypatch.setitem(sys.modules, "cloudpickle", None)
        message = r"model and a loss that can be pickled \(.*lambda.*or install cloudpickle"
        loss = lambda a, b: np.mean((a - b) ** 2)  # noqa: E731
        self.fails(Tanh(), TypeError, message, loss, shards=2, executor=threads)

    def test_no_executor(self) -> None:
        self.fails(Tanh(), TypeError, "submit", shards=2, executor=3)
