"""The phrases that steps are told in: numbers, ranges, lists."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from autodiff.drawing._values import entries, facts, printable
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.formulas._literals import decimal

_DIGITS = r"(?:(?:\d+\.?\d*|\.\d+)(?:e[+−-]?\d+)?|inf|nan)"
_NUMBER = re.compile(rf"−?{_DIGITS}j?|\(?−?{_DIGITS}[+−]{_DIGITS}j\)?")


def with_printable_words(view: View) -> View:
    """Return a view whose names and notes hold nothing that no file can."""

    def spelt(node: Vertex) -> Vertex:
        scopes = tuple(map(printable, node.scopes))
        name, formula, note = map(printable, (node.name, node.formula, node.note))
        return replace(node, name=name, formula=formula, note=note, scopes=scopes)

    return View(list(map(spelt, view.nodes)), view.edges, list(map(printable, view.notes)))


def value_text(value: Any) -> str:
    """Return a number with four decimals, or with five digits where they say more; else a range.

    Of numbers below 1 five digits say more.
    """
    if value is None:
        return "not computed"
    if np.ndim(value) or not isinstance(
        value, int | float | complex | np.number | np.ndarray | np.bool
    ):
        words = "".join(piece.text for piece in entries(value))
        return ": ".join(part for part in (facts(value), words) if part).replace("-", "−")
    number = np.asarray(value)[()]
    if number.dtype.kind in "biu":
        return str(number).replace("-", "−")
    if number.dtype.kind == "c":
        return decimal(number).removeprefix("(").removesuffix(")")
    if np.isnan(number):
        return "NaN"
    if 1 <= abs(number) < 1e5:
        return f"{number:.4f}".rstrip("0").rstrip(".").replace("-", "−")
    return f"{number:.5g}".replace("-", "−")


def spoken_text(text: str) -> str:
    """Return what is shown of an array, its shape and its range, as part of a sentence."""
    shape, colon, range_ = text.partition(": ")
    return f"an array of shape {shape} with entries {range_}" if colon else text


def without_repeats(chain: list[str]) -> list[str]:
    """Return what is equal without gaps, and without saying the same twice in a row."""
    given = [text for text in chain if text]
    return [given[0], *(b for a, b in pairwise(given) if a != b)]


def is_number(text: str) -> bool:
    """Whether a text is a number alone."""
    return bool(_NUMBER.fullmatch(text))


def in_brackets(text: str) -> str:
    """Return a part of a formula in brackets, unless it is one name, number or call, or a list."""
    return text if re.fullmatch(r"[\w.]+|[\w.]*\([^()]*\)|\[[^][]*\]", text) else f"({text})"


def list_of(parts: list[str]) -> str:
    """Return parts as a sentence lists them: a, b and c."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])
