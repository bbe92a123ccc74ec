"""Trainings that go on from a file as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import _epochs
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


@pytest.mark.parametrize(("seconds", "files"), [(0.0, 5), (1e9, 2)])
def test_writing_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: Any, seconds: float, files: int
) -> None:
    written = []

    def write(path: Path, state: Any) -> None:
        written.append(len(state["history/loss"]))

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


@pytest.mark.parametrize("kept", [0, 10, 700])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a"
    train(model_of(), 1, path)
    path.write_bytes(path.read_bytes()[:kept])
    model = model_of()
    with pytest.raises(ValueError, match=r"a is no checkpoint, or not a whole one.*delete it"):
        train(model, 2, path)
    assert all(np.array_equal(model_of().state_dict()[k], v) for k, v in model.state_dict().items())


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
        ({"schedule": cosine_decay(4)}, "state of Schedule, got that of None"),
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
