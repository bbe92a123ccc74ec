"""The colours of pictures: contrast, and whether colour-blind readers tell them apart.

Contrast is that of WCAG 2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). Colour blindness is
simulated as Machado, Oliveira and Fernandes do (IEEE TVCG 15, 2009, table 1, severity 1), and
differences are those of CIE 1976, of which 2.3 is just noticeable.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from autodiff.drawing._themes import (
    DARK,
    KINDS,
    LIGHT,
    SIZE,
    Theme,
    colours,
    dark_style,
    text_width,
)

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
SEEN_BY = {
    "all": np.eye(3),
    "protanopes": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopes": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopes": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(  # sRGB, relative to its white, as IEC 61966-2-1 has it
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])


def light(colour: str) -> Any:
    """Return the linear parts of red, green and blue."""
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    dark, bright = sorted(light(colour) @ [0.2126, 0.7152, 0.0722] for colour in (a, b))
    return float((bright + 0.05) / (dark + 0.05))


def difference(a: str, b: str, who: str) -> float:
    """Return the distance of two colours in CIELAB, as somebody sees them."""
    places = []
    for colour in (a, b):
        x, y, z = TO_XYZ @ np.clip(SEEN_BY[who] @ light(colour), 0, 1)
        f = [t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)]
        places.append([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
    return float(np.linalg.norm(np.subtract(*places)))


class TestTheYardsticks:
    def test_of_contrast_is_right_where_it_is_published(self) -> None:
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)

    def test_of_difference_is_right_where_it_is_known(self) -> None:
        assert difference("#000000", "#ffffff", "all") == pytest.approx(100, abs=0.01)
        red_and_green = "#c04040", "#757540"
        assert difference(*red_and_green, "deuteranopes") < difference(*red_and_green, "all") / 3


@THEMES
class TestContrast:
    def test_of_text_with_what_it_stands_on_is_4_and_a_half(self, theme: Theme) -> None:
        in_nodes = [
            (theme.text[role], theme.fills[kind])
            for role in ("name", "formula", "fact", "gradient", "warning")
            for kind in KINDS
        ]
        beside_them = [
            (theme.text[role], ground)
            for role in ("fact", "derivative")
            for ground in (theme.paper, theme.fills["cluster"])
        ]
        assert min(contrast(*pair) for pair in in_nodes + beside_them) >= 4.5

    def test_of_lines_with_what_they_lie_on_is_3(self, theme: Theme) -> None:
        grounds = (theme.paper, theme.fills["cluster"])
        lines = [(theme.line, ground) for ground in grounds]
        lines += [(outline, ground) for outline in theme.outlines.values() for ground in grounds]
        lines += [(outline, theme.fills[kind]) for kind, outline in theme.outlines.items()]
        assert min(contrast(*pair) for pair in lines) >= 3


@THEMES
@pytest.mark.parametrize("who", SEEN_BY)
class TestDifferences:
    def test_of_outlines_are_seen_by(self, theme: Theme, who: str) -> None:
        pairs = combinations((theme.outlines[kind] for kind in KINDS), 2)
        assert min(difference(*pair, who) for pair in pairs) > 10

    def test_of_what_text_says_are_seen_by(self, theme: Theme, who: str) -> None:
        pairs = combinations((theme.text[role] for role in ("fact", "gradient", "warning")), 2)
        assert min(difference(*pair, who) for pair in pairs) > 10


class TestDarkPages:
    def test_turn_each_colour_into_one(self) -> None:
        pairs = set(zip(colours(LIGHT), colours(DARK), strict=True))
        assert len({light for light, _ in pairs}) == len(pairs)

    def test_leave_other_drawings_alone(self) -> None:
        first, *rules, last = dark_style(".ours").splitlines()
        assert (first, last) == ("@media (prefers-color-scheme: dark) {", "}")
        assert all(rule.startswith(".ours [") for rule in rules)


class TestWidths:
    def test_are_those_of_dejavu_sans(self) -> None:
        assert text_width("WWWWiiii", 1000) == 4 * 989 + 4 * 278

    def test_grow_with_the_size_and_the_weight(self) -> None:
        assert text_width("loss", 2 * SIZE) == 2 * text_width("loss")
        assert text_width("loss", bold=True) > text_width("loss")

    def test_of_chinese_characters_are_full(self) -> None:
        assert text_width("漢字", 12) == 24
