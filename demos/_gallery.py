"""The page that shows what the lessons drew and printed."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from html import escape
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; --text: #1c1c1c; --page: #fafafa; --card: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #161616; --card: #232323; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
       max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
section { background: var(--card); border-radius: 8px; padding: 0.5rem 1.5rem 1.5rem;
          margin: 1.5rem 0; }
img { max-width: 100%; height: auto; display: block; margin: 1rem auto; }
pre { overflow-x: auto; font-size: 0.9rem; line-height: 1.35; }
"""


class _Both(io.TextIOBase):
    """Writes to two streams at once."""

    def __init__(self, *streams: io.TextIOBase) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextmanager
def printed(path: Path) -> Iterator[None]:
    """Keep what is printed in a file as well."""
    with path.open("w", encoding="utf-8") as file, redirect_stdout(_Both(sys.stdout, file)):
        yield


def write_index(gallery: Path, titles: dict[str, str]) -> Path:
    """Write the page of all lessons that have been run, and return where it is."""
    sections = [section(gallery, name, title) for name, title in titles.items()]
    page = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>chainrule: gallery</title>\n<style>{STYLE}</style>\n"
        f"<h1>chainrule: gallery</h1>\n{''.join(sections)}</html>\n"
    )
    index = gallery / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def section(gallery: Path, name: str, title: str) -> str:
    """Return one lesson's part of the page, nothing if it has not been run."""
    text = gallery / f"{name}.txt"
    if not text.exists():
        return ""
    pictures = sorted(
        picture
        for picture in [*gallery.glob(f"{name}*.svg"), *gallery.glob(f"{name}*.png")]
        if picture.stem == name or picture.stem.startswith(f"{name}_")
    )
    images = "".join(
        f'<img src="{escape(p.name)}" alt="{escape(p.stem.replace("_", " "))}">\n' for p in pictures
    )
    output = escape(text.read_text(encoding="utf-8").strip("\n"))
    return (
        f'<section id="{name}">\n<h2>{escape(title)}</h2>\n'
        f"<pre>{output}</pre>\n{images}</section>\n"
    )
