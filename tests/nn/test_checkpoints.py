"""Trainings that go on from a file as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import recorded_state
from nn import _epochs
from nn._checkpoints import read_checkpoint, write_checkpoint
from optim import SGD, Adam, ReduceOnPlateau, cosine_decay

ROOT = Path(__file__).parents[2]

# A training with all that carries state from epoch to epoch: the order of the rows, dropout, Adam,
# a schedule, the rows set aside, early stopping; and a smaller batch at the end.
PROGRAM = """
import sys
import numpy as np, nn, nn._epochs, optim

nn._epochs.SECONDS_OF_A_FILE = 0.0  # after each epoch
path, epochs, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(5)
x = rng.normal(size=(210, 4)).astype(np.float32)
labels = (x[:, 0] * x[:, 1] > 0).astype(int)
model = nn.Sequential(
    nn.Linear(4, 32, seed=0, dtype=np.float32), np.tanh, nn.Dropout(0.3, seed=1),
    nn.LayerNorm(32, dtype=np.float32), nn.Linear(32, 2, seed=2, dtype=np.float32),
)
def tell(history):
    if len(history) == pause:
        print("under way", flush=True)
history = nn.train(
    model, nn.softmax_cross_entropy, (x, labels), epochs=epochs, batch_size=32, validation=0.2,
    optimizer=optim.AdamW(model.parameters(), lr=0.01), schedule=optim.cosine_decay(60),
    early_stopping=40, callbacks=[tell], progress=False, checkpoint=path,
    seed=np.random.Generator(np.random.MT19937(3)),
)
np.savez(path + ".end.npz", loss=history["loss"], **model.state_dict())
"""


def run(path: Path, epochs: int = 60, kill_in: int = 0) -> dict[str, Any]:
    """Train in a process of its own; kill it in an epoch, if one is named."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(epochs), str(kill_in)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if kill_in:
            assert process.stdout.readline() == "under way\n"
            process.send_signal(signal.SIGKILL)
            return {}
    assert process.returncode == 0
    with np.load(f"{path}.end.npz") as file:
        return dict(file)


def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    run(tmp_path / "killed", kill_in=7)
    run(tmp_path / "killed", kill_in=52)  # by then the last batch has a plan as well
    resumed = run(tmp_path / "killed")
    assert len(whole["loss"]) > 52
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        assert value.tobytes() == resumed[name].tobytes(), name


def model_of(seed: int = 0, width: int = 8) -> nn.Module:
    return nn.MLP([2, width, 1], "tanh", seed=seed)


def data(count: int = 50) -> tuple[Any, Any]:
    x = np.random.default_rng(0).normal(size=(count, 2))
    return x, x[:, :1] * x[:, 1:]


def train(model: nn.Module, epochs: int, path: Path, **keywords: Any) -> nn.History:
    keywords.setdefault("optimizer", Adam(model.parameters(), lr=0.01))
    keywords = {"seed": 0, "batch_size": 16, "progress": False} | keywords
    rows = keywords.pop("data", data())
    return nn.train(model, nn.mean_squared_error, rows, epochs=epochs, checkpoint=path, **keywords)


def test_more_epochs_go_on_where_fewer_ended(tmp_path: Path) -> None:
    at_once, in_parts = model_of(), model_of()
    expected = train(at_once, 6, tmp_path / "a")
    train(in_parts, 2, tmp_path / "b")
    again = model_of(seed=9)
    history = train(again, 6, tmp_path / "b")
    assert history.to_dict() == expected.to_dict()
    for name, value in at_once.state_dict().items():
        assert np.array_equal(value, again.state_dict()[name])


def test_a_training_that_had_ended_is_not_made_again(tmp_path: Path) -> None:
    model = model_of()
    first = train(model, 3, tmp_path / "a", early_stopping=9)
    again = model_of(seed=9)
    assert train(again, 3, tmp_path / "a", early_stopping=9).to_dict() == first.to_dict()
    for name, value in model.state_dict().items():
        assert np.array_equal(value, again.state_dict()[name])


def test_rows_set_aside_without_a_seed_stay_aside(tmp_path: Path) -> None:
    seen: list[Any] = []

    def remember(targets: Any, outputs: Any) -> float:
        seen.append(targets.copy())
        return 0.0

    for epochs in (1, 2):
        train(model_of(), epochs, tmp_path / "a", seed=None, validation=0.5, metrics=[remember])
    assert np.array_equal(seen[0], seen[1])


def test_schedules_go_on(tmp_path: Path) -> None:
    rates = []
    for epochs in (2, 4):
        model = model_of()
        optimizer = SGD(model.parameters(), lr=0.1)
        train(model, epochs, tmp_path / "a", optimizer=optimizer, schedule=cosine_decay(4))
        rates.append(optimizer.lr)
    assert rates == pytest.approx([0.05, 0.0])
    bests = []
    for epochs in (2, 2):
        model = model_of()
        optimizer = SGD(model.parameters(), lr=0.1)
        plateau = ReduceOnPlateau(optimizer)
        train(model, epochs, tmp_path / "b", optimizer=optimizer, schedule=plateau)
        bests.append(plateau.best)
    assert bests[0] == bests[1] < np.inf


@pytest.mark.parametrize(("seconds", "files"), [(0.0, 4), (1e9, 2)])
def test_writing_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: Any, seconds: float, files: int
) -> None:
    written = []

    def write(path: Path, state: Any) -> None:
        written.append(len(state["columns"]["loss"]))

    monkeypatch.setattr(_epochs, "SECONDS_OF_A_FILE", seconds)
    monkeypatch.setattr(_epochs, "write_checkpoint", write)
    train(model_of(), 4, tmp_path / "a")
    assert (len(written), written[0], written[-1]) == (files, 1, 4)


def test_an_interrupted_epoch_is_not_in_the_file(tmp_path: Path) -> None:
    def interrupt(history: nn.History) -> None:
        if len(history) == 2:
            signal.raise_signal(signal.SIGINT)

    whole, resumed = model_of(), model_of(seed=9)
    expected = train(whole, 4, tmp_path / "a")
    broken = train(model_of(), 4, tmp_path / "b", callbacks=[interrupt])
    assert broken.ending == "interrupted in epoch 3"
    assert train(resumed, 4, tmp_path / "b").to_dict() == expected.to_dict()
    for name, value in whole.state_dict().items():
        assert np.array_equal(value, resumed.state_dict()[name])


def test_a_training_that_a_callback_ended_is_not_made_again(tmp_path: Path) -> None:
    def stop(history: nn.History) -> None:
        raise StopIteration

    model, again = model_of(), model_of(seed=9)
    first = train(model, 4, tmp_path / "a", callbacks=[stop])
    second = train(again, 4, tmp_path / "a")
    assert (second.to_dict(), second.ending) == (first.to_dict(), first.ending)
    for name, value in model.state_dict().items():
        assert np.array_equal(value, again.state_dict()[name])


@pytest.mark.parametrize("how", ["an error", "a nan", "Ctrl-C"])
def test_all_epochs_are_in_the_file_however_the_training_ended(
    tmp_path: Path, monkeypatch: Any, how: str
) -> None:
    monkeypatch.setattr(_epochs, "SECONDS_OF_A_FILE", 1e9)  # but for the first epoch

    def fail(history: nn.History) -> None:
        if len(history) == 3 and how == "an error":
            raise ZeroDivisionError
        if len(history) == 3 and how == "a nan":
            model.parameters()[0].data = np.full((2, 8), np.nan)
        if len(history) == 3 and how == "Ctrl-C":
            signal.raise_signal(signal.SIGINT)

    model, resumed, whole = model_of(), model_of(seed=9), model_of()
    try:
        train(model, 5, tmp_path / "a", callbacks=[fail])
    except ArithmeticError:
        assert not model.training
    with np.load(tmp_path / "a") as file:
        assert len(json.loads(str(file["texts"]))["columns"]["loss"]) == 3
    if how != "a nan":
        history = train(resumed, 5, tmp_path / "a")
        assert history.to_dict() == train(whole, 5, tmp_path / "b").to_dict()
        for name, value in whole.state_dict().items():
            assert np.array_equal(value, resumed.state_dict()[name])


class Noisy(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 1, seed=0)
        self.sources = [{"noise": np.random.default_rng(5)}]

    def forward(self, x: Any) -> Any:
        noise = recorded_state(self.sources[0]["noise"]).normal(size=np.shape(x))
        return self.layer(x + noise)


def test_generators_in_lists_and_dictionaries_go_on(tmp_path: Path) -> None:
    expected = train(Noisy(), 4, tmp_path / "a")
    train(Noisy(), 2, tmp_path / "b")
    assert train(Noisy(), 4, tmp_path / "b").to_dict() == expected.to_dict()


def test_a_file_is_written_whole_and_holds_no_pickle(tmp_path: Path) -> None:
    train(model_of(), 2, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with np.load(tmp_path / "a", allow_pickle=False) as file:
        assert "model/layers.0.weight" in file.files


def test_a_disk_that_is_full_leaves_the_file_before(tmp_path: Path, monkeypatch: Any) -> None:
    def full(file: Any, **arrays: Any) -> None:
        file.write(b"PK")
        raise OSError("no space left on device")

    train(model_of(), 1, tmp_path / "a")
    before = (tmp_path / "a").read_bytes()
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        train(model_of(), 2, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == before


def test_a_disk_that_is_full_leaves_the_model_in_use(tmp_path: Path, monkeypatch: Any) -> None:
    def full(file: Any, **arrays: Any) -> None:
        tries.append(file)
        raise OSError("no space left on device")

    tries: list[Any] = []
    monkeypatch.setattr(np, "savez", full)
    model = model_of()
    with pytest.raises(OSError, match="no space left"):
        train(model, 2, tmp_path / "a")
    assert not model.training
    assert len(tries) == 1
    assert not [*tmp_path.iterdir()]


def test_a_call_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    def broken(targets: Any, outputs: Any) -> float:
        raise KeyError("broken")

    model = model_of()
    start = model.state_dict()
    with pytest.raises(KeyError):
        train(model, 2, tmp_path / "a", metrics=[broken])
    assert not [*tmp_path.iterdir()]
    assert all(np.array_equal(start[k], v) for k, v in model.state_dict().items())
    assert model.training


def test_a_call_that_is_refused_when_it_goes_on_changes_nothing(tmp_path: Path) -> None:
    def broken(targets: Any, outputs: Any) -> float:
        return float("x")

    broken.__name__ = "r_squared"
    train(model_of(), 2, tmp_path / "a", metrics=[nn.r_squared])
    model = model_of(seed=9)
    start = model.state_dict()
    with pytest.raises(ValueError, match="could not convert"):
        train(model, 4, tmp_path / "a", metrics=[broken])
    assert all(np.array_equal(start[k], v) for k, v in model.state_dict().items())


@pytest.mark.parametrize("trait", ["frozen later", "two optimisers", "clipped by a callback"])
def test_going_on_is_bit_for_bit_whoever_holds_the_parameters(tmp_path: Path, trait: str) -> None:
    def trained(path: Path, stop: int = 0) -> Any:
        model = nn.MLP([2, 16, 16, 1], "gelu", seed=1, dtype=np.float32)
        optimizer = Adam(model.parameters(), lr=0.01)
        if trait == "frozen later":
            model.layers[0].weight.requires_grad = False
        if trait == "two optimisers":
            SGD(model.parameters(), lr=0.1)

        def callback(history: nn.History) -> None:
            for p in model.parameters() if trait == "clipped by a callback" else ():
                p.data = np.clip(p.data, -0.4, 0.4)
            if len(history) == stop:
                raise ZeroDivisionError

        x, y = data()
        with contextlib.suppress(ZeroDivisionError):
            train(
                model,
                12,
                path,
                optimizer=optimizer,
                callbacks=[callback],
                data=(x.astype(np.float32), y.astype(np.float32)),
            )
        return model.state_dict()

    whole = trained(tmp_path / "a")
    trained(tmp_path / "b", stop=5)
    resumed = trained(tmp_path / "b")
    for name, value in whole.items():
        assert value.tobytes() == resumed[name].tobytes(), name


@pytest.mark.parametrize("kept", [0, 10, 700])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a"
    train(model_of(), 1, path)
    path.write_bytes(path.read_bytes()[:kept])
    model = model_of()
    with pytest.raises(ValueError, match=r"a is no checkpoint, or not a whole one.*delete it"):
        train(model, 2, path)
    assert all(np.array_equal(model_of().state_dict()[k], v) for k, v in model.state_dict().items())


def test_a_file_with_a_broken_byte_is_refused_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    train(model_of(), 1, path)
    whole = path.read_bytes()
    places = [*range(0, len(whole), 97), *range(60), *range(len(whole) - 300, len(whole))]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(ValueError):
            read_checkpoint(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"columns": {"loss": ["x", "y"]}}, "could not convert"),
        ({"columns": ...}, "columns"),
        ({"model/layers.1.bias": ...}, "layers.1.bias is missing"),
        ({"model/layers.1.bias": np.ones(7)}, r"layers.1.bias has shape \(7,\)"),
        ({"ending": ...}, "ending"),
    ],
)
def test_a_file_that_is_not_of_one_piece_is_refused(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    path, keywords = tmp_path / "a", {"metrics": [nn.r_squared], "early_stopping": 3}
    train(model_of(), 2, path, **keywords)
    state = read_checkpoint(path) | changed
    write_checkpoint(path, {name: x for name, x in state.items() if x is not ...})
    model = model_of(seed=9)
    with pytest.raises(ValueError, match=f"a is of another training: .*{message}"):
        train(model, 4, path, **keywords)
    start = model_of(seed=9).state_dict()
    assert all(np.array_equal(start[k], v) for k, v in model.state_dict().items())
    assert model.training


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "b.npz", x=np.ones(3))
    np.savez(tmp_path / "c.npz", texts=np.array("{}"))
    for name in ("a.npy", "b.npz", "c.npz"):
        with pytest.raises(ValueError, match=rf"{name} is (no checkpoint|of another training)"):
            train(model_of(), 1, tmp_path / name)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"batch_size": 8}, "batch_size was 16 and is 8"),
        ({"early_stopping": 3}, "early_stopping was None and is 3"),
        ({"metrics": [nn.r_squared]}, r"metrics was \[\] and is \['r_squared'\]"),
        ({"data": data(40)}, "rows of data was 50 and is 40"),
        ({"validation": 0.5}, "rows of data was 50 and is 25; rows of validation was 0 and is 25"),
        ({"optimizer": SGD}, "expected the state of SGD, got that of Adam"),
        ({"schedule": cosine_decay(4)}, "schedule was NoneType and is Schedule"),
        ({"width": 9}, r"layers.0.weight has shape \(2, 8\), not \(2, 9\)"),
    ],
)
def test_another_training_is_refused(tmp_path: Path, other: dict[str, Any], message: str) -> None:
    train(model_of(), 1, tmp_path / "a")
    model = model_of(seed=9, width=other.pop("width", 8))
    start = model.state_dict()
    if "optimizer" in other:
        other["optimizer"] = other["optimizer"](model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=f"a is of another training: .*{message}"):
        train(model, 2, tmp_path / "a", **other)
    assert all(np.array_equal(start[k], v) for k, v in model.state_dict().items())
