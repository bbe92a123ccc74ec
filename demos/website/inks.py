"""Colours of pictures, on light paper and on dark.

A picture is drawn once, on light paper; the colours of the one for dark paper are put in the place
of its own. Text has a contrast of 4.5 or more to its paper, lines of 3 or more.
"""

from __future__ import annotations

import re

PAPER, INK, GREY = "#ffffff", "#1c1c1c", "#737373"
CURVES = ("#0072b2", "#c44e00", "#00785a", "#a0428a", "#856100", "#1c1c1c")
DASHES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (2, 1)))

# After Okabe and Ito, "Color universal design" (2008), made darker and lighter where they must be.
ON_DARK = {
    PAPER: "#1b1b1f",
    INK: "#ececec",
    "#000000": "#ffffff",
    GREY: "#a3a3a3",
    "#0072b2": "#56b4e9",
    "#c44e00": "#ff8f4f",
    "#00785a": "#2fcfa4",
    "#a0428a": "#e59ac9",
    "#856100": "#f0c84a",
    # of the pictures that the library draws, whose grey stands out on both papers
    "#d55e00": "#ff8f4f",
}

STYLE = {
    "figure.figsize": (5.2, 4.0),
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "axes.facecolor": PAPER,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "font.size": 11.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "contour.negative_linestyle": "solid",
    "svg.fonttype": "path",
    "grid.color": GREY,
    # the walls about a surface: transparent, as they would be grey on either paper
    "axes3d.xaxis.panecolor": (1, 1, 1, 0),
    "axes3d.yaxis.panecolor": (1, 1, 1, 0),
    "axes3d.zaxis.panecolor": (1, 1, 1, 0),
}


def for_dark_paper(svg: str) -> str:
    """Return a picture with the colours for dark paper in the place of those for light."""

    def other(found: re.Match[str]) -> str:
        return ON_DARK.get(found[0].lower(), found[0])

    svg = re.sub(r"#[0-9a-fA-F]{6}(?=[;\"' ])", other, svg)
    # What is black does not say so in an SVG: it takes its colour from what it stands in.
    return svg.replace("<svg ", f'<svg fill="{ON_DARK["#000000"]}" ', 1)
