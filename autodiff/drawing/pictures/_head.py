"""The head of an SVG: what it shows in words, and its colours where the reader's page is dark."""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape

from autodiff.drawing._themes import dark_style

MOST_NODES = 40  # that are read aloud
PICTURE = "autodiff-picture"  # the class of the <svg>, for a page may hold others


def head(said: list[str], auto: bool) -> str:
    """Return the title, the description and the style sheet, given what each node says."""
    title = f"Computation graph of {len(said)} node{'s' * (len(said) != 1)}"
    more = f"; and {len(said) - MOST_NODES} more" * (len(said) > MOST_NODES)
    description = "; ".join(", ".join(text.split("\n")) for text in said[:MOST_NODES]) + more
    style = f"<style>\n{dark_style(f'.{PICTURE}')}\n</style>\n" if auto else ""
    return f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n{style}"


def with_head(svg: bytes, auto: bool) -> bytes:
    """Return the SVG that Graphviz drew with a head, and with the hover texts as titles.

    Graphviz titles nodes and edges with its own names for them.
    """
    text = _TITLE.sub(r"<title>\3</title>\1\2", svg.decode())
    said = [unescape(title) for title in _NODE.findall(text)]
    text = _GRAPH_TITLE.sub(r"\1", text, count=1)
    opened = rf'<svg role="img" class="{PICTURE}" \1>' + "\n"
    return _SVG.sub(lambda found: found.expand(opened) + head(said, auto), text, count=1).encode()


_TITLE = re.compile(r'<title>[^<]*</title>(\s*)(<g id="a_[^"]*"><a xlink:title="([^"]*)">)')
_NODE = re.compile(r'class="node(?! label")[^"]*">\s*<title>([^<]*)</title>')
_GRAPH_TITLE = re.compile(r'(class="graph"[^>]*>\s*)<title>[^<]*</title>\s*')
_SVG = re.compile(r"<svg ([^>]*)>\s*")
