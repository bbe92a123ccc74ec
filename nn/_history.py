"""What a training has reached, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # epochs in a repr: of more, the first and the last


class History:
    """The losses and metrics of a training, one value an epoch; what `train` returns.

    Attributes
    ----------
    columns : dict of str to list of float
        The values by name: "loss", the mean over an epoch's batches while their steps are made;
        "validation_loss"; and the metrics.
    ending : str
        Why the training ended before its last epoch, if it did.

    Examples
    --------
    >>> history = History({"loss": [2.0, 1.0], "r_squared": [0.25, 0.75]})
    >>> history
    epoch   loss   r_squared
        1      2        0.25
        2      1        0.75
    >>> history["loss"], len(history), history.best_epoch
    ([2.0, 1.0], 2, 2)
    """

    def __init__(
        self, columns: Mapping[str, Sequence[float]] | None = None, ending: str = ""
    ) -> None:
        self.columns = {name: [*map(float, x)] for name, x in (columns or {}).items()}
        self.ending = ending

    def __len__(self) -> int:
        """The number of epochs."""
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[float]:
        """The values of one column."""
        if not self.columns:
            how = f" ({self.ending})" if self.ending else ""
            raise KeyError(f"no column {name!r}: no epoch has ended{how}")
        if name not in self.columns:
            raise KeyError(f"no column {name!r}: expected one of {[*self.columns]}")
        return self.columns[name]

    def append(self, **row: float) -> None:
        """Add an epoch."""
        for name, value in row.items():
            self.columns.setdefault(name, []).append(value)

    @property
    def last(self) -> dict[str, float]:
        """The values of the latest epoch, by name."""
        return {name: values[-1] for name, values in self.columns.items() if values}

    @property
    def monitored(self) -> str:
        """The column that tells which epoch is the best: the loss of validation, if there is."""
        return "validation_loss" if "validation_loss" in self.columns else "loss"

    @property
    def best_epoch(self) -> int:
        """The number of the epoch with the least loss, counted from 1; 0 before the first."""
        values = self.columns.get(self.monitored, [])
        return 1 + int(np.argmin(np.nan_to_num(values, nan=np.inf))) if values else 0

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns, with the numbers of the epochs first: a table for pandas or JSON."""
        return {"epoch": [*range(1, 1 + len(self))], **{k: [*x] for k, x in self.columns.items()}}

    def plot(self) -> Figure:
        """Draw the losses and, where there are metrics, these beside them, against the epochs.

        Notebooks show the figure; ``figure.savefig("training.pdf")`` writes it. It needs
        Matplotlib.
        """
        from nn._plots import plot

        return plot(self)

    def __repr__(self) -> str:
        lines = [["epoch", *self.columns]]
        for i, row in enumerate(zip(*self.columns.values(), strict=True), 1):
            lines.append([str(i), *(f"{value:.4g}" for value in row)])
        if len(lines) > 1 + SHOWN:
            half = SHOWN // 2
            lines[1 + half : -half] = [["…"] * len(lines[0])]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        rows = ["   ".join(map(str.rjust, line, widths)) for line in lines]
        return "\n".join([*rows, self.ending] if self.ending else rows)
