"""How the lessons' pictures look: colours that everyone can tell apart, on paper of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008).
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"


def panels(count: int = 1, width: float = 5.2, height: float = 4.0) -> tuple[Figure, list[Any]]:
    """Return a figure with panels side by side, each of a size in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SystemExit("the lessons draw with Matplotlib: pip install chainrule[demos]") from None
    figure = Figure(figsize=(width * count, height), facecolor="white", layout="constrained")
    axes = [figure.add_subplot(1, count, i + 1) for i in range(count)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, the same bytes for the same figure."""
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": path.name}):
        figure.savefig(path, metadata={"Date": None})
