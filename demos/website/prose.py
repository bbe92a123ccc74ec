"""Markdown with formulas as HTML: formulas become MathML, glossary words become links."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from itertools import takewhile
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from demos.website.formulas import mathml
from demos.website.lessons import FOLDER

_ROW = re.compile(r"\|.*\| *$")
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+ *$")
_MATH = r'<span class="math inline">(?:(?!</math>).)*</math></span>'
# with the signs at it, which a line's end would else part from it
_WITH_SIGNS = re.compile(rf"\({_MATH}[^\s<]*|{_MATH}[^\s<]+")


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.use(dollarmath_plugin, renderer=_formula, allow_digits=False)


def _formula(source: str, options: dict[str, Any]) -> str:
    if not options["display_mode"]:
        return mathml(source, "inline")
    # what stands beside another thing stands below it where there is no room
    parts = (mathml(part, "block") for part in re.split(r"\\q?quad\b", source))
    return f'<div class="formula" tabindex="0">{"".join(parts)}</div>'


def prose(text: str, level: int = 1, words: bool = True) -> str:
    """Return a text as HTML.

    ``# `` becomes a heading of the given level, and, with ``words``, a glossary's word in *italics*
    a link to what it means.
    """
    html: str = _markdown().render(text)
    html = re.sub(
        r"(</?h)(\d)>",
        lambda found: f"{found[1]}{int(found[2]) + level - 1}>",
        html,
    )
    html = _WITH_SIGNS.sub(r'<span class="unbroken">\g<0></span>', html)
    html = html.replace("<table>", '<div class="table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    html = re.sub(r"<th(?=[ >])", '<th scope="col"', html)
    return re.sub(r"<em>([^<]+)</em>", _linked, html) if words else html


def _linked(found: re.Match[str]) -> str:
    anchor = glossary_words().get(found[1].lower())
    if not anchor:
        return found[0]
    meaning = f'title="{escape(glossary_meanings()[anchor])}"'
    return f'<a class="word" href="glossary.html#{anchor}" {meaning}>{found[1]}</a>'


def printed(text: str) -> str:
    """Return what a lesson printed: tables in Markdown as tables, all else as it is."""
    lines, shown, plain, start = text.splitlines(), "", [], 0
    while start < len(lines):
        if table := _table_at(start, lines):
            shown += _preformatted(plain) + _as_html(table)
            plain = []
        else:
            plain.append(lines[start])
        start += len(table) or 1
    return shown + _preformatted(plain)


def _table_at(start: int, lines: list[str]) -> list[str]:
    """Return the lines of the table that begins at one, none where none does."""
    columns = lines[start].count("|")
    same = takewhile(lambda line: _ROW.match(line) and line.count("|") == columns, lines[start:])
    table = list(same)
    return table if len(table) > 1 and _RULE.match(table[1]) else []


def _as_html(table: list[str]) -> str:
    header, rule, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table)
    styles = [' style="text-align:right"' if mark.endswith(":") else "" for mark in rule]

    def row(tag: str, cells: list[str], scope: str = "") -> str:
        pairs = zip(cells, styles, strict=True)
        inside = (f"<{tag}{scope}{style}>{escape(cell)}</{tag}>" for cell, style in pairs)
        return f"<tr>{''.join(inside)}</tr>\n"

    head, body = row("th", header, ' scope="col"'), "".join(row("td", cells) for cells in rows)
    return (
        f'<div class="table" tabindex="0"><table>\n<thead>\n{head}</thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _preformatted(lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    return f'<pre class="output" tabindex="0">{escape(text)}</pre>\n' if text.strip() else ""


@cache
def glossary_words() -> dict[str, str]:
    """Return the anchor of each word that the glossary explains, by all its forms."""
    anchors = {}
    for heading in re.findall(r"^## (.+)$", glossary(), flags=re.MULTILINE):
        forms = [form.strip().lower() for form in heading.split(",")]
        anchors |= dict.fromkeys(forms, forms[0].replace(" ", "-"))
    return anchors


@cache
def glossary_meanings() -> dict[str, str]:
    """Return what the glossary says by each anchor, without the formulas in it."""
    entries = re.findall(r"^## (.+)\n\n((?:.+\n)+)", glossary(), flags=re.MULTILINE)
    return {
        glossary_words()[heading.split(",")[0].strip().lower()]: " ".join(
            re.sub(r"\s*\$[^$]+\$", "", meaning).split()
        )
        for heading, meaning in entries
    }


@cache
def glossary() -> str:
    """Return the glossary's text."""
    return (FOLDER / "glossary.md").read_text(encoding="utf-8")
