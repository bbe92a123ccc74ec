"""The report of a fit as HTML, for a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import numpy as np

from fit.results._facts import Row, facts, quality, remarks, rows
from fit.results._report import aligned_rows
from fit.uncertainties._estimate import Estimate

CELL = "padding: 0.1em 0.6em; border: 0; background: none; vertical-align: baseline"
LEFT = f"{CELL}; text-align: left"
RIGHT = f"{CELL}; text-align: right; font-variant-numeric: tabular-nums"
FAINT = f"{LEFT}; opacity: 0.7"
NUMBER = f"{CELL}; text-align: right; font-family: monospace, monospace; white-space: pre"
PARAMETER = (LEFT, NUMBER, NUMBER, NUMBER, NUMBER, FAINT)


def as_html(result: Estimate, warnings: Sequence[str]) -> str:
    """Return the same facts as HTML, in the colours and the font of where it is shown."""
    with np.errstate(all="ignore"):
        head, numbers = facts(result), quality(result)
        lines, notes = aligned_rows(rows(result)), remarks(result)
    half = (len(numbers) + 1) // 2
    beside = [(*left, *right) for left, right in zip(numbers[:half], numbers[half:], strict=True)]
    header = _html_row(Row("parameter", "value", "", "error", "relative", ""), PARAMETER, "th")
    parts = [
        _html_table(_html_row(pair, (FAINT, LEFT)) for pair in head),
        _html_table(_html_row(cells, (FAINT, RIGHT, FAINT, RIGHT)) for cells in beside),
        _html_table([header, *(_html_row(line, PARAMETER) for line in lines)]),
        *(f'<p style="margin: 0.2em 0.6em">{html.escape(note)}</p>' for note in notes),
    ]
    if warnings:
        items = "".join(f"<li>{html.escape(warning)}</li>" for warning in warnings)
        parts.append(f'<p style="margin: 0.8em 0.6em 0.2em"><b>Warnings</b></p><ul>{items}</ul>')
    return f'<div style="max-width: 50em; line-height: 1.4">{"".join(parts)}</div>'


def table_with_heading(heading: str, lines: Sequence[Sequence[str]]) -> str:
    """Return a heading and a table of a name and numbers a line, the first of which says what."""
    styles = (LEFT, *(NUMBER for _ in lines[0][1:]))
    header, *others = lines
    table = _html_table(
        [_html_row(header, styles, "th"), *(_html_row(line, styles) for line in others)]
    )
    return f'<p style="margin: 0.2em 0.6em">{html.escape(heading)}</p>{table}'


def _html_row(cells: Iterable[str], styles: Sequence[str], tag: str = "td") -> str:
    line = "; border-bottom: 1px solid" if tag == "th" else ""
    shown = "".join(
        f'<{tag} style="{style}{line}">{html.escape(cell)}</{tag}>'
        for cell, style in zip(cells, styles, strict=True)
    )
    return f'<tr style="background: none">{shown}</tr>'


def _html_table(lines: Iterable[str]) -> str:
    style = "border-collapse: collapse; border: 0; margin: 0 0 0.8em; color: inherit"
    return f'<table style="{style}"><tbody>{"".join(lines)}</tbody></table>'
