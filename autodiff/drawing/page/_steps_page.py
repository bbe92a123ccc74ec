"""The page that steps: its template, filled with a graph, the source and the steps."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html import escape
from importlib import resources
from pathlib import PurePath

from autodiff.drawing._themes import DARK, LIGHT, Theme
from autodiff.drawing._values import Piece, note_lines
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.page._listing import Listing, listings
from autodiff.drawing.page._steps import ChainRuleStep
from autodiff.drawing.pictures._svg import svg

SAID = (("values", "fact"), ("warnings", "warning"), ("cotangents", "gradient"))  # at nodes
ROLES = ("name", "fact", "derivative", "gradient", "warning")


def page(
    view: View,
    course: list[ChainRuleStep],
    start: tuple[str, int] | None,
    *,
    theme: str,
    direction: str,
    title: str,
) -> str:
    """Return the page that shows a view and the steps through it.

    The source that is shown begins with the function at ``start``, if it has a file.
    """
    places = [start, *(place for node in view.nodes for place in (node.caller, node.place))]
    listed = listings(place for place in places if place)
    parts = {
        "title": escape(title),
        "style": _palette(theme) + _file("page.css"),
        "script": _file("page.js") + _file("edges.js"),
        "graph": svg(
            View(view.nodes, view.edges),
            theme=theme,
            direction=direction,
            said=_last_said(view, course),
        ),
        "output": escape(next((n.name for n in view.nodes if n.kind == "output"), "output")),
        "notes": "".join(f'<p class="notes">{escape(note)}</p>' for note in view.notes),
        "source": _source(listed),
        "results": _table(view),
        "data": _data(view, course, listed),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _file("page.html"))


def _last_said(view: View, course: list[ChainRuleStep]) -> dict[str, list[list[Piece]]]:
    """Return what nodes say in the end; their widest text, so that they have room for each."""
    said = {node.key: [[Piece(node.name, "name"), Piece("", "formula")]] for node in view.nodes}
    for node in view.nodes:
        if node.formula:
            said[node.key][0][1] = Piece(f" = {node.formula}", "formula")
        if node.kind == "failed":
            said[node.key] += [[Piece(line, "warning")] for line in note_lines(node.note)]
        for what, role in SAID:
            texts = [getattr(step, what).get(node.key, "") for step in course]
            if any(texts):
                said[node.key].append([Piece(max(texts, key=len), role)])
    return said


def _palette(theme: str) -> str:
    """Return the colours that the style sheet uses, those of the picture."""
    light, dark = map(_variables, (LIGHT, DARK))
    if theme == "auto":
        return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"
    return dark if theme == "dark" else light


def _variables(theme: Theme) -> str:
    scheme = "dark" if theme is DARK else "light"
    named = {"sheet": theme.paper} | {role: theme.text[role] for role in ROLES}
    lines = "".join(f"  --{name}: {colour};\n" for name, colour in named.items())
    return f":root {{\n  color-scheme: {scheme};\n{lines}}}\n"


def _file(name: str) -> str:
    return (resources.files("autodiff.drawing") / "page" / name).read_text(encoding="utf-8")


def _data(view: View, course: list[ChainRuleStep], listed: list[Listing]) -> str:
    """Return the steps for the page's script, in which nothing can end its element."""
    lines = {node.key: _line_ids(node, listed) for node in view.nodes}
    turn = next((k for k, step in enumerate(course) if step.way == "Backward"), len(course) - 1)
    records = [asdict(step) | {"lines": _lines_of(step, lines)} for step in course]
    data = json.dumps({"steps": records, "turn": turn}, ensure_ascii=False)
    return data.replace("<", "\\u003c")


def _lines_of(step: ChainRuleStep, lines: dict[str, list[str]]) -> list[str]:
    """Return the ids of the lines that computed what a step is about: going back, the sender.

    The reader's line is first, and then the library's that it led to.
    """
    return lines.get(step.sender or step.node, [])


def _line_ids(node: Vertex, listed: list[Listing]) -> list[str]:
    ids = (_line_id(place, listed) for place in (node.caller, node.place) if place)
    return [name for name in ids if name]


def _line_id(place: tuple[str, int], listed: list[Listing]) -> str:
    file, number = place
    for i, listing in enumerate(listed):
        if listing.file == file and 0 <= number - listing.first < len(listing.lines):
            return f"line-{i}-{number}"
    return ""


def _source(listed: list[Listing]) -> str:
    """Return the functions, of which the library's are closed unless one is what is shown."""
    blocks = []
    for i, listing in enumerate(listed):
        lines = [
            f'<span class="line" id="line-{i}-{n}"><i>{n}</i>{escape(line)}\n</span>'
            for n, line in enumerate(listing.lines, listing.first)
        ]
        code, title = f"<pre>{''.join(lines)}</pre>", escape(listing.title)
        if i and listing.is_ours:
            file = escape(PurePath(listing.file).name)
            summary = f"<summary>{title or 'module'} <small>{file}</small></summary>"
            blocks.append(f"<details>{summary}{code}</details>")
        else:
            blocks.append(f"<h3>{title}</h3>" * (len(listed) > 1 and bool(title)) + code)
    return "".join(blocks) or "<p>There is no source to show.</p>"


def _table(view: View) -> str:
    """Return the table of what is given and of the output, to be filled step by step."""
    [y] = [n.name for n in view.nodes if n.kind == "output"] or ["output"]
    rows = [
        f'<tr data-key="{node.key}"><th scope="row">{escape(node.name)}</th>'
        '<td class="fact"></td><td class="gradient"></td></tr>'
        for node in view.nodes
        if node.kind in ("leaf", "parameter", "output")
    ]
    return (
        '<table><thead><tr><th scope="col">Name</th><th scope="col">Value</th>'
        f'<th scope="col">∂{escape(y)}/∂·</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
