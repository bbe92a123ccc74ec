"""The site: a page for each heading, with the contents before them and a glossary behind."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from demos.contents import HEADINGS, LESSONS
from demos.website.files import write
from demos.website.lessons import Lesson, as_notebook, read_title
from demos.website.pictures import without_words
from demos.website.prose import glossary, glossary_words, printed, prose
from demos.website.reference import is_there
from demos.website.running import Outcome

_PICTURE = re.compile(r"<picture>.*?</picture>")
PARTS = "parts"  # the folder in which each lesson's part of a page is kept
FILES = "lessons"  # the folder of the lessons themselves


def write_lesson(lesson: Lesson, outcomes: list[Outcome], folder: Path) -> None:
    """Write a lesson's part of its page, and beside the pages its file and a notebook of it."""
    (folder / FILES).mkdir(exist_ok=True)
    write(folder / FILES / f"{lesson.name}.py", lesson.path.read_text(encoding="utf-8"))
    notebook = folder / FILES / f"{lesson.name}.ipynb"
    write(notebook, json.dumps(as_notebook(lesson), indent=1))
    rows, before = [], ""
    by_cell = {id(outcome.cell): outcome for outcome in outcomes}
    for cell in lesson.cells:
        if cell.kind == "prose":
            before += prose(cell.source, level=2)
            continue
        left, before = before + _code(cell.source), ""
        outcome = by_cell.get(id(cell))
        right = _result(outcome) if outcome else ""
        rows.append(_row(left, right))
    rows.append(_row(before, ""))
    _keep(lesson.name, "".join(rows) + _links(lesson), folder)


def write_missing(name: str, reason: str, folder: Path) -> None:
    """Write a place for a lesson that cannot be run, with the reason, and nothing that it had."""
    for suffix in ("py", "ipynb"):
        (folder / FILES / f"{name}.{suffix}").unlink(missing_ok=True)
    _keep(name, f'<p class="missing">{escape(reason)}</p>\n', folder)


def write_pages(folder: Path) -> Path:
    """Write all pages from the lessons' parts, and return where the first is."""
    here = Path(__file__).parent
    for file in ("style.css", "script.js"):
        write(folder / file, (here / file).read_text(encoding="utf-8"))
    for key, heading in HEADINGS.items():
        sections = "".join(_section(name, folder) for name in heading.lessons)
        contents = "".join(
            f'<li><a href="#{name}">{_title(name)}</a></li>' for name in heading.lessons
        )
        intro = f'<p class="about">{heading.about}</p><ol class="contents">{contents}</ol>'
        _write(
            folder,
            key,
            heading.title,
            f"<h1>{heading.title}</h1>{intro}{sections}",
        )
    _write(folder, "glossary", "Glossary", _glossary())
    return _write(folder, "index", "Lessons", _index(folder))


def _keep(name: str, html: str, folder: Path) -> None:
    (folder / PARTS).mkdir(parents=True, exist_ok=True)
    write(folder / PARTS / f"{name}.html", html)


def _code(source: str) -> str:
    formatter = HtmlFormatter(nowrap=True)
    code = highlight(without_words(source), PythonLexer(), formatter).rstrip()
    return f'<pre class="code" tabindex="0"><code>{code}</code></pre>\n'


def _result(outcome: Outcome) -> str:
    html = printed(outcome.printed)
    if outcome.error:
        return html + f'<p class="missing">The lesson ends here: {escape(outcome.error)}</p>\n'
    return html + outcome.pictures


def _row(left: str, right: str) -> str:
    if not left:
        return ""
    result = f'<div class="result">{right}</div>' if right else ""
    return f'<div class="row"><div class="told">{left}</div>{result}</div>\n'


def _links(lesson: Lesson) -> str:
    """Return links to the lesson's file and to the reference of what it calls."""
    names = [
        f'<a href="reference/{package}.html#{name}"><code>{package}.{name}</code></a>'
        for package, used in lesson.imported().items()
        for name in used
    ]
    reference = f"<span> In the reference: {', '.join(names)}.</span>" if names else ""
    return (
        f'<p class="links">The lesson is <a href="{FILES}/{lesson.name}.py">'
        f"<code>demos/{lesson.name}.py</code></a>, and as a notebook "
        f'<a href="{FILES}/{lesson.name}.ipynb" download><code>{lesson.name}.ipynb</code></a>.'
        f"{reference}</p>\n"
    )


def _section(name: str, folder: Path) -> str:
    if html := _part(name, folder):
        if not is_there(folder):
            html = re.sub(r"<span> In the reference: .*?</span>", "", html)
    else:
        html = f'<p class="missing">Not run yet: <code>python -m demos {name}</code></p>\n'
    return f'<section id="{name}"><h2>{_title(name)}</h2>\n{html}{_neighbours(name)}</section>\n'


def _part(name: str, folder: Path) -> str:
    path = folder / PARTS / f"{name}.html"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _neighbours(name: str) -> str:
    """Return links to the lessons before and after one, on whichever page they are."""
    pages = {name: key for key, heading in HEADINGS.items() for name in heading.lessons}
    place = LESSONS.index(name)
    near = {"Previous": LESSONS[:place][-1:], "Next": LESSONS[place + 1 :][:1]}
    links = (
        f'<span>{label}: <a href="{pages[other]}.html#{other}">{_title(other)}</a></span>'
        for label, others in near.items()
        for other in others
    )
    return f'<p class="neighbours">{"".join(links)}</p>\n'


def _title(name: str) -> str:
    title = read_title(name)
    try:
        return prose(title, words=False).removeprefix("<p>").removesuffix("</p>\n")
    except ValueError:  # a formula, which the lesson's place speaks of
        return escape(title)


def _index(folder: Path) -> str:
    cards = []
    for key, heading in HEADINGS.items():
        lessons = "".join(
            f'<li><a href="{key}.html#{name}">{_title(name)}</a></li>' for name in heading.lessons
        )
        cards.append(
            f'<section class="card"><h2><a href="{key}.html">{heading.title}</a></h2>'
            f"{_thumbnail(heading.lessons, folder)}<p>{heading.about}</p>"
            f"<ol>{lessons}</ol></section>"
        )
    about = (
        '<p class="about">Multivariate calculus for machine learning, each idea at work on one '
        "small engine. The pages are what <code>python -m demos</code> writes; each lesson is a "
        "file that can be read, run and opened as a notebook.</p>"
    )
    return f'<h1>chainrule: the lessons</h1>{about}<div class="cards">{"".join(cards)}</div>'


def _thumbnail(lessons: tuple[str, ...], folder: Path) -> str:
    """Return the first picture of the lessons under a heading, which its words stand beside."""
    for name in lessons:
        if found := _PICTURE.search(_part(name, folder)):
            return re.sub(r'alt="[^"]*"', 'alt=""', found[0])
    return ""


def _glossary() -> str:
    html = prose(glossary(), words=False)
    for entry in glossary().split("\n## ")[1:]:
        heading = entry.partition("\n")[0]
        anchor = glossary_words()[heading.partition(",")[0].lower()]
        html = html.replace(f"<h2>{heading}</h2>", f'<h2 id="{anchor}">{heading}</h2>')
    return f'<div class="glossary">{html}</div>'


def _write(folder: Path, name: str, title: str, body: str) -> Path:
    pages = {"index": "Contents"} | {key: heading.title for key, heading in HEADINGS.items()}
    pages |= {"glossary": "Glossary"} | (
        {"reference/index": "Reference"} if is_there(folder) else {}
    )
    links = "".join(
        f'<a href="{key}.html"{" aria-current=page" if key == name else ""}>{label}</a>'
        for key, label in pages.items()
    )
    path = folder / f"{name}.html"
    write(
        path,
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} - chainrule</title>\n"
        '<link rel="icon" href="data:,">\n<link rel="stylesheet" href="style.css">\n'
        '<script src="script.js" defer></script>\n</head>\n<body>\n'
        f'<header><nav aria-label="Pages">{links}</nav></header>\n<main>\n{body}</main>\n'
        "</body>\n</html>\n",
    )
    return path
