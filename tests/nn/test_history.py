"""History: columns, a table and a picture."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import nn


def history(epochs: int = 3) -> nn.History:
    falling = [1.0 / n for n in range(1, epochs + 1)]
    return nn.History({"loss": falling, "validation_loss": [0.5] * epochs, "accuracy": falling})


def test_a_dictionary_that_json_takes() -> None:
    table = history(2).to_dict()
    assert table["epoch"] == [1, 2]
    assert json.loads(json.dumps(table)) == table
    table["loss"].append(7.0)
    assert history(2).to_dict() != table


def test_a_table_of_all_epochs_or_the_first_and_the_last() -> None:
    assert len(repr(history(10)).splitlines()) == 11
    lines = repr(history(100)).splitlines()
    assert len(lines) == 12
    assert lines[0].split() == ["epoch", "loss", "validation_loss", "accuracy"]
    assert lines[-1].split() == ["100", "0.01", "0.5", "0.01"]
    assert len({len(line) for line in lines}) == 1


def test_the_best_epoch_has_the_least_loss_of_validation() -> None:
    columns = {"loss": [3.0, 2.0, 1.0], "validation_loss": [2.0, 1.0, 1.0]}
    assert nn.History(columns).best_epoch == 2
    assert nn.History({"loss": columns["loss"]}).best_epoch == 3
    assert nn.History().best_epoch == 0


def test_the_best_epoch_is_none_of_nan() -> None:
    assert nn.History({"loss": [np.nan, 2.0, 1.0, np.nan]}).best_epoch == 3


def test_no_such_column() -> None:
    with pytest.raises(KeyError, match=r"no column 'f1'.*'loss', 'validation_loss', 'accuracy'"):
        history()["f1"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [("", "no epoch has ended"), ("interrupted in epoch 1", r"ended \(interrupted in epoch 1\)")],
)
def test_before_the_first_epoch_has_ended_there_is_no_column(ending: str, words: str) -> None:
    with pytest.raises(KeyError, match=f"no column 'loss': .*{words}"):
        nn.History(ending=ending)["loss"]


def test_columns_have_numbers() -> None:
    with pytest.raises(ValueError, match="could not convert string to float"):
        nn.History({"loss": ["least"]})  # type: ignore[list-item]


def test_a_picture_of_losses_and_metrics() -> None:
    losses, metrics = history(1000).plot().axes
    assert [line.get_label() for line in losses.lines] == ["loss", "validation_loss"]
    assert losses.get_yscale() == "log"
    assert list(metrics.lines[0].get_xdata()[[0, -1]]) == [1, 1000]
    first, second = losses.lines
    assert first.get_linestyle() != second.get_linestyle()
    assert len(nn.History({"loss": [1.0]}).plot().axes) == 1
    assert history().plot()._repr_png_()[:4] == b"\x89PNG"


def test_without_matplotlib_one_line_says_what_to_install() -> None:
    program = """
import sys
sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
import nn
try:
    nn.History({"loss": [1.0]}).plot()
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "drawing needs Matplotlib: pip install 'chainrule[plots]'\n"
