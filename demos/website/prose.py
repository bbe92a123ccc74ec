"""Markdown with formulas as HTML: formulas become MathML, glossary words become links."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from demos.website.lessons import FOLDER


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.use(dollarmath_plugin, renderer=_formula, allow_digits=False)


def _formula(source: str, options: dict[str, Any]) -> str:
    display = "block" if options["display_mode"] else "inline"
    formula = convert(source, display=display)
    if "<mi>&</mi>" in formula or "<mi>\\" in formula:
        raise ValueError(f"expected a formula that MathML can be made of, got {source!r}")
    return f'<div class="formula" tabindex="0">{formula}</div>' if display == "block" else formula


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
    html = html.replace("<table>", '<div class="table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    html = re.sub(r"<th(?=[ >])", '<th scope="col"', html)
    return re.sub(r"<em>([^<]+)</em>", _linked, html) if words else html


def _linked(found: re.Match[str]) -> str:
    anchor = glossary_words().get(found[1].lower())
    return f'<a class="word" href="glossary.html#{anchor}">{found[1]}</a>' if anchor else found[0]


def printed(text: str) -> str:
    """Return what a lesson printed: tables in Markdown as tables, all else as it is."""
    parts = re.split(r"((?:^\|.*\n?)+)", text, flags=re.MULTILINE)
    shown = (
        prose(part, words=False) if part.startswith("|") else _preformatted(part)
        for part in parts
        if part.strip()
    )
    return "".join(shown)


def _preformatted(text: str) -> str:
    return f'<pre class="output" tabindex="0">{escape(text.strip(chr(10)))}</pre>\n'


@cache
def glossary_words() -> dict[str, str]:
    """Return the anchor of each word that the glossary explains, by all its forms."""
    anchors = {}
    for heading in re.findall(r"^## (.+)$", glossary(), flags=re.MULTILINE):
        forms = [form.strip().lower() for form in heading.split(",")]
        anchors |= dict.fromkeys(forms, forms[0].replace(" ", "-"))
    return anchors


@cache
def glossary() -> str:
    """Return the glossary's text."""
    return (FOLDER / "glossary.md").read_text(encoding="utf-8")
