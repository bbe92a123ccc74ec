"""How pictures look: colours on light and on dark paper, shapes, and the width of text."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import east_asian_width

KINDS = ("leaf", "parameter", "constant", "op", "output", "scope", "cut", "failed")


@dataclass(frozen=True)
class Theme:
    """Colours, as "#rrggbb".

    Attributes
    ----------
    paper : str
    line : str
        Of edges.
    fills, outlines : dict of str to str
        By a node's kind, and "cluster" for what surrounds the nodes of a scope.
    text : dict of str to str
        By what a piece of text says: "name", "formula", "fact" (shape, value, note), "gradient",
        "derivative" (beside an edge) or "warning" (NaN, infinities, an error).
    """

    paper: str
    line: str
    fills: dict[str, str]
    outlines: dict[str, str]
    text: dict[str, str]


# The hues are Okabe and Ito's, that colour-blind readers tell apart
# (https://jfly.uni-koeln.de/color/), darkened or lightened for contrast with the paper.
LIGHT = Theme(
    paper="#fdfdfd",
    line="#6e6e6e",
    fills={
        "leaf": "#d6ecfa",
        "parameter": "#d5f2e6",
        "constant": "#eeeeee",
        "op": "#fff8e1",
        "output": "#fbe2d2",
        "scope": "#f5e4ef",
        "cut": "#fafafa",
        "failed": "#ffe3e3",
        "cluster": "#f6f6f7",
    },
    outlines={
        "leaf": "#0072b2",
        "parameter": "#008060",
        "constant": "#555555",
        "op": "#a87400",
        "output": "#ad4200",
        "scope": "#b0508c",
        "cut": "#8c8c8c",
        "failed": "#b80038",
        "cluster": "#868686",
    },
    text={
        "name": "#161616",
        "formula": "#161616",
        "fact": "#3a3a3a",
        "gradient": "#6b2a9c",
        "derivative": "#00527f",
        "warning": "#a8001c",
    },
)
DARK = Theme(
    paper="#18191c",
    line="#a0a0a0",
    fills={
        "leaf": "#0f3550",
        "parameter": "#0b3d30",
        "constant": "#34363a",
        "op": "#40320c",
        "output": "#56290b",
        "scope": "#472540",
        "cut": "#1c1d20",
        "failed": "#5a0f1a",
        "cluster": "#202226",
    },
    outlines={
        "leaf": "#56b4e9",
        "parameter": "#2fc79a",
        "constant": "#c6c6c6",
        "op": "#d9a400",
        "output": "#ffa066",
        "scope": "#dd93bf",
        "cut": "#9a9a9a",
        "failed": "#ff6070",
        "cluster": "#8a8a8a",
    },
    text={
        "name": "#fafafa",
        "formula": "#fafafa",
        "fact": "#d2d2d2",
        "gradient": "#d2b0ff",
        "derivative": "#9fd8ff",
        "warning": "#ffa3ae",
    },
)
THEMES = {"light": LIGHT, "dark": DARK, "auto": LIGHT}  # an SVG's style sheet knows both


def colours(theme: Theme) -> list[str]:
    """Return a theme's colours in an order that all themes share."""
    by_name = (theme.fills, theme.outlines, theme.text)
    return [theme.paper, theme.line, *(named[key] for named in by_name for key in sorted(named))]


def dark_style(within: str) -> str:
    """Return the style sheet that turns `LIGHT` into `DARK` where the reader's page is dark.

    It names the colours themselves, so that whatever drew the SVG need not know of it. ``within``
    is the selector of the picture, for a page may hold other drawings.
    """
    rules = [
        f'{within} [{what}="{light}"]{{{what}:{dark}}}'
        for light, dark in dict(zip(colours(LIGHT), colours(DARK), strict=True)).items()
        for what in ("fill", "stroke")
    ]
    return f"@media (prefers-color-scheme: dark) {{\n{chr(10).join(rules)}\n}}"


# -- text ------------------------------------------------------------------------------------

FONT = "Helvetica,Arial,sans-serif"
SIZE = 12.0  # in points, of a name and its formula
SMALL = 11.0  # of what stands below them
LINE = 1.2  # from one line of text to the next, in sizes

# The widths of the characters from " " to "~" in thousandths of the size, in DejaVu Sans: the
# widest of the fonts that browsers take for sans-serif, so that text stays within its node.
# fmt: off
_WIDTHS = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)
# fmt: on
_BOLD = 1.13


def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return how wide a line of text may become, in points."""
    return sum(map(_width, text)) * size / 1000 * (_BOLD if bold else 1.0)


def _width(character: str) -> int:
    if " " <= character <= "~":
        return _WIDTHS[ord(character) - 32]
    return 1000 if east_asian_width(character) in "WF" else 700
