"""The picture of a training."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn._history import History

try:
    from matplotlib import rcParams
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError:
    raise ImportError("drawing needs Matplotlib: pip install 'chainrule[plots]'") from None

# Okabe and Ito, "Color universal design" (2008); dashes tell the lines apart without colours.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
DASHES = ["-", "--", "-.", ":"]


class Picture(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        written = BytesIO()
        self.savefig(written, format="png", dpi=110)
        return written.getvalue()


def plot(history: History) -> Figure:
    """Draw the losses and the metrics; `History.plot`."""
    losses = [name for name in history.columns if name in ("loss", "validation_loss")]
    metrics = [name for name in history.columns if name not in losses]
    panels = [names for names in (losses, metrics) if names]
    size = (5.2 * max(1, len(panels)), 4.0)
    colours = [*COLOURS, rcParams["text.color"]]  # the last as the user's style has it
    figure = Picture(figsize=size, layout="constrained")
    for number, names in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), number)
        for i, name in enumerate(names):
            axes.plot(
                range(1, 1 + len(history)),
                history[name],
                label=name,
                color=colours[i % len(colours)],
                linestyle=DASHES[i % len(DASHES)],
                marker="o" if len(history) == 1 else "",
            )
        values = [value for name in names for value in history[name]]
        if names is losses and min(values) > 0 and max(values) > 100 * min(values):
            axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure
