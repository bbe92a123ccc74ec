"""The report of a fit: all that is known about it, as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from fit.results._facts import Row, facts, outcome, quality, remarks, rows
from fit.uncertainties._estimate import IMPROBABLE, Estimate

WIDTH = 88


def report(result: Estimate) -> str:
    """Return all that is known about a fit, but for the warnings, as a table for a terminal."""
    with np.errstate(all="ignore"):
        head = facts(result)
        parts = [
            "\n".join(_paragraph(text, f"{name:<8}") for name, text in head),
            _beside(quality(result)),
            _table(rows(result)),
            "\n".join(_paragraph(remark) for remark in remarks(result)),
        ]
    return "\n\n".join(parts)


def warnings_below(warnings: Sequence[str]) -> str:
    """Return what a report ends with: the warnings, if there are any."""
    lines = ["\n\nWarnings", *(_paragraph(warning, "- ") for warning in warnings)]
    return "\n".join(lines) if warnings else ""


def short(result: Estimate) -> str:
    """Return one line with the first parameters, and whether χ² is too large for the errors."""
    with np.errstate(all="ignore"):
        shown = [row.in_words for row in rows(result)]
    ending = outcome(result).partition(" (")[0].lower()
    if result.success and result.p_value is not None and result.p_value < IMPROBABLE:
        ending += f", but χ²/dof = {result.reduced_chi_squared:.3g}"
    return f"<FitResult: {first_of(shown, WIDTH)}; {ending}>"


def first_of(shown: Sequence[str], width: int) -> str:
    """Return the first of several parameters, and how many more there are, as a line has room."""
    first = list(shown)
    while len(", ".join(first)) > width - 16 and len(first) > 1:
        first.pop()
    left = len(shown) - len(first)
    return ", ".join(first) + (f", and {left} more" if left else "")


# -- layout ----------------------------------------------------------------------------------


def _paragraph(text: str, start: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )


def _beside(pairs: Sequence[tuple[str, str]]) -> str:
    """Return pairs of a name and a number in two columns."""
    half = (len(pairs) + 1) // 2
    columns = []
    for part in (pairs[:half], pairs[half:]):
        names, numbers = (max(map(len, texts)) for texts in zip(*part, strict=True))
        columns.append([f"{name:<{names}}  {number:>{numbers}}" for name, number in part])
    return "\n".join(f"{left}      {right}" for left, right in zip(*columns, strict=True))


def aligned_rows(lines: Sequence[Row]) -> list[Row]:
    """Return rows whose numbers are padded so that their decimal points are below one another."""
    columns = list(zip(*lines, strict=True))
    for k in (1, 3):
        columns[k] = tuple(_at_the_point(columns[k]))
    return [Row(*cells) for cells in zip(*columns, strict=True)]


def _at_the_point(numbers: Sequence[str]) -> list[str]:
    """Return numbers padded so that their decimal points, or where those would be, are aligned."""
    ends = [_whole(number) for number in numbers]
    left = max(ends)
    right = max(len(number) - end for number, end in zip(numbers, ends, strict=True))
    return [
        (" " * (left - end) + number).ljust(left + right)
        for number, end in zip(numbers, ends, strict=True)
    ]


def _whole(number: str) -> int:
    """Return how long a number is up to its decimal point."""
    return next((i for i, c in enumerate(number) if c in ".e"), len(number))


def _table(lines: Sequence[Row]) -> str:
    header = Row("parameter", "value", "", "error", "relative", "")
    aligned = aligned_rows(lines)
    widths = [max(map(len, texts)) for texts in zip(header, *aligned, strict=True)]
    table = [
        [
            f"{cell:>{width}}" if k in (1, 3, 4) else f"{cell:<{width}}"
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (header, *aligned)
    ]
    shown = ["{}  {} {} {}  {}  {}".format(*cells).rstrip() for cells in table]
    return "\n".join([shown[0], "─" * max(map(len, shown)), *shown[1:]])
