"""Lessons are read as notebooks, run cell by cell, and told on pages with what they show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import pytest

for package in ("matplotlib", "markdown_it", "mdit_py_plugins", "latex2mathml", "pygments"):
    pytest.importorskip(package, reason=f"{package} is not installed")

# ruff: noqa: E402
from demos.contents import HEADINGS, LESSONS
from demos.website import lessons, pages, pictures, prose
from demos.website.inks import CURVES, GREY, INK, ON_DARK, PAPER, for_dark_paper
from demos.website.lessons import Lesson, as_notebook, read_lesson
from demos.website.reference import PACKAGES
from demos.website.running import run_lesson

ROOT = Path(__file__).parents[2]
Written = Callable[[str], Lesson]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Return what writes a lesson's code below a title, and reads it."""
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)

    def write(code: str) -> Lesson:
        text = f'# %% [markdown]\n"""\n# A title\n\nIdea.\n"""\n\n# %%\n{code}'
        (tmp_path / "example.py").write_text(text, encoding="utf-8")
        return read_lesson("example")

    return write


def told(lesson: Lesson, folder: Path) -> str:
    """Return a lesson's part of a page, once it was run."""
    with pictures.style():
        outcomes, _ = run_lesson(lesson, folder)
        pages.write_lesson(lesson, outcomes, folder)
    return (folder / pages.PARTS / f"{lesson.name}.html").read_text(encoding="utf-8")


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LESSONS)
def test_notebooks_have_the_same_cells(name: str) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    lesson = read_lesson(name)
    first, *others = jupytext.read(lesson.path).cells
    assert first.source.startswith(f"# {lesson.title}")
    assert [each.source for each in others] == [cell.source for cell in lesson.cells[1:]]
    kinds = {"prose": "markdown", "code": "code"}
    assert [each.cell_type for each in others] == [kinds[cell.kind] for cell in lesson.cells[1:]]


@pytest.mark.parametrize("name", LESSONS)
def test_the_prose_is_the_docstring(name: str) -> None:
    lesson = read_lesson(name)
    code = compile(lesson.path.read_text(encoding="utf-8"), lesson.path, "exec")
    assert str(code.co_consts[0]).strip().startswith(f"# {lesson.title}\n")


def test_a_file_without_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    (tmp_path / "plain.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"plain\.py: expected a first line '# %% \[markdown\]'"):
        read_lesson("plain")


# -- running ---------------------------------------------------------------------------------


def test_what_is_printed_and_what_stands_on_a_last_line_is_kept(
    written: Written, tmp_path: Path
) -> None:
    lesson = written("x = 2\nprint(x)\n\n# %%\nx + 1\n\n# %%\ny = x\n")
    outcomes, names = run_lesson(lesson, tmp_path)
    assert [outcome.printed for outcome in outcomes] == ["2\n", "3\n", ""]
    assert names["y"] == 2


def test_a_lesson_that_fails_ends_with_its_line(written: Written, tmp_path: Path) -> None:
    page = told(written("print('before')\n\n# %%\n1 / 0\n\n# %%\nprint('after')\n"), tmp_path)
    assert "The lesson ends here: ZeroDivisionError in line 12 of example.py: division" in page
    assert '<pre class="output" tabindex="0">before</pre>' in page
    assert '<pre class="output" tabindex="0">after</pre>' not in page
    assert page.index("after") > page.index("ends here")  # its code is there


def test_a_package_that_lacks_is_named(written: Written, tmp_path: Path) -> None:
    page = told(written("import no_such_package\n"), tmp_path)
    assert "it needs no_such_package: pip install &#x27;chainrule[demos]&#x27;" in page


@pytest.mark.parametrize(
    ("code", "reason"),
    [("SystemExit", "SystemExit"), ("SystemExit('too old')", "too old"), ("ImportError()", "Impo")],
)
def test_a_lesson_that_ends_itself_is_not_whole(
    written: Written, tmp_path: Path, code: str, reason: str
) -> None:
    assert f"The lesson ends here: {reason}" in told(written(f"raise {code}\n"), tmp_path)


def test_a_matplotlib_that_breaks_on_import_ends_only_lessons_that_draw(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib/__init__.py").write_text("raise AttributeError('of another NumPy')\n")
    written("print('before')\n\n# %%\nimport matplotlib.pyplot\n")
    code = (
        "from pathlib import Path\nfrom demos.website import lessons, pictures\n"
        "from demos.website.running import run_lesson\n"
        "lessons.FOLDER = Path()\n"
        "with pictures.style():\n"
        "    outcomes, _ = run_lesson(lessons.read_lesson('example'), Path())\n"
        "print([each.error for each in outcomes])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    reason = "AttributeError in line 12 of example.py: of another NumPy"
    assert ended.stdout == f"before\n['', '{reason}']\n", ended.stderr


def test_the_source_of_functions_and_dataclasses_is_known(written: Written, tmp_path: Path) -> None:
    outcomes, _ = run_lesson(
        written(
            "import inspect\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass P:\n"
            "    x: float\n\n\ndef f(x):\n    return x\n\n\nprint(inspect.getsource(f), P(1))\n"
        ),
        tmp_path,
    )
    assert outcomes[0].printed == "def f(x):\n    return x\n P(x=1)\n"


# -- prose -----------------------------------------------------------------------------------


def test_formulas_become_mathml() -> None:
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in prose.prose("the square $x^2$")
    assert '<div class="formula" tabindex="0"><math' in prose.prose("$$ x $$")
    assert "$5 and $6" in prose.prose("from $5 and $6")


@pytest.mark.parametrize("formula", [r"\begin{aligned} a &= b \end{aligned}", r"\nosuchthing"])
def test_formulas_that_cannot_be_shown_are_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="expected a formula that MathML can be made of"):
        prose.prose(f"$${formula}$$")


def test_words_that_the_glossary_explains_are_links() -> None:
    html = prose.prose("two *residuals*, one *guess*")
    linked = re.search(r'<a class="word" href="glossary.html#residual" title="(.+?)">resid', html)
    assert linked
    assert linked[1][0].isupper()
    assert "<em>guess</em>" in html


def test_every_word_of_the_glossary_has_a_meaning_that_can_be_told_without_formulas() -> None:
    meanings = prose.glossary_meanings()
    assert set(meanings) == set(prose.glossary_words().values())
    for meaning in meanings.values():
        assert not re.search(r"[$\\`*]| [,.]", meaning), meaning


def test_tables_that_are_printed_have_headers() -> None:
    html = prose.printed("first\n| a | b |\n| --- | ---: |\n| 1 | <2 |\n\nlast\n")
    assert html.startswith('<pre class="output" tabindex="0">first</pre>')
    assert '<th scope="col">a</th>' in html
    assert "&lt;2" in html
    assert html.endswith("last</pre>\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| <b>x</b> | *y* |\n| --- | --- |\n", '&lt;b&gt;x&lt;/b&gt;</th><th scope="col">*y*<'),
        ("| a |\n| - |\n| 1 |\n|x| = 3\n", '<pre class="output" tabindex="0">|x| = 3</pre>'),
        ("| a | b |\n| - | - |\n| 1 | 2 |\n|x|\n", '<pre class="output" tabindex="0">|x|</pre>'),
        ("|x|\n|y|\n", '<pre class="output" tabindex="0">|x|\n|y|</pre>'),
        ("|x| = 3", '<pre class="output" tabindex="0">|x| = 3</pre>'),
        ("| a |\n| --: |\n| 1 |", '<td style="text-align:right">1</td>'),
    ],
)
def test_only_tables_with_a_rule_are_tables_and_their_cells_are_text(text: str, shown: str) -> None:
    assert shown in prose.printed(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("of $x$, and", "</math></span>,</span> and"), ("($x$ is", '<span class="unbroken">(<span')],
)
def test_a_sign_stays_with_its_formula(text: str, kept: str) -> None:
    assert kept in prose.prose(text)
    assert "unbroken" not in prose.prose("of $x$ and $y$ and *z*")


# -- pictures --------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG 2.2."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [*CURVES, GREY])
def test_curves_stand_out_on_both_papers(colour: str) -> None:
    assert contrast(colour, PAPER) >= 4.5  # since their colours are those of words beside them, too
    assert contrast(ON_DARK[colour], ON_DARK[PAPER]) >= 4.5
    assert contrast(INK, PAPER) > 7 < contrast(ON_DARK[INK], ON_DARK[PAPER])


@pytest.mark.parametrize(
    ("pattern", "paper"), [("*[0-9].svg", PAPER), ("*_dark.svg", ON_DARK[PAPER])]
)
def test_every_line_of_a_picture_stands_out(site: Path, pattern: str, paper: str) -> None:
    drawn = [path.read_text(encoding="utf-8") for path in site.glob(pattern)]
    strokes = {each for text in drawn for each in re.findall(r"stroke: (#[0-9a-f]{6})", text)}
    assert len(strokes) > len(CURVES)
    for stroke in strokes - {paper}:  # edges in the paper's colour part what touches
        assert contrast(stroke, paper) >= 3, stroke


def test_curves_have_different_dashes(written: Written, tmp_path: Path) -> None:
    lesson = written(
        "import matplotlib.pyplot as plt\n\n# Picture: Two lines.\n"
        "_, axes = plt.subplots()\nlines = axes.plot([1, 2]) + axes.plot([2, 1])\nplt.show()\n"
    )
    with pictures.style():
        _, names = run_lesson(lesson, tmp_path)
    first, second = names["lines"]
    assert first.get_linestyle() != second.get_linestyle()


def test_a_picture_is_inked_for_dark_paper() -> None:
    light = f'<path style="stroke: {CURVES[0]}; fill: {PAPER}"/>'
    assert for_dark_paper(light) == '<path style="stroke: #56b4e9; fill: #1b1b1f"/>'


FIGURE = "import matplotlib.pyplot as plt\n\n{words}_, axes = plt.subplots()\naxes.plot([1, 2])\n"


def test_a_picture_is_there_for_both_papers_with_its_words(
    written: Written, tmp_path: Path
) -> None:
    page = told(written(FIGURE.format(words="# Picture: A line\n# that rises.\n")), tmp_path)
    dark, light = re.findall(r'(?:srcset|src)="(.*?\.svg)"', page)
    assert (tmp_path / light).exists()
    assert (tmp_path / dark).exists()
    assert 'alt="A line that rises."' in page


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            FIGURE.format(words=""),
            "expected a comment &#x27;# Picture: ...&#x27; for each of the 1 things",
        ),
        (
            FIGURE.format(words="# Picture: A line.\n") + "axes.set_title('$\\\\nosuch$')\n",
            "Unknown symbol",
        ),
        (
            FIGURE.format(words="# Picture: A line.\n")
            + "from matplotlib.animation import FuncAnimation\n"
            "FuncAnimation(axes.figure, lambda i: 1 / (2 - i), frames=4)\n",
            "ZeroDivisionError in line 15 of example.py",
        ),
    ],
    ids=["without words", "bad mathtext", "a frame that fails"],
)
def test_a_picture_that_cannot_be_drawn_ends_the_lesson_and_says_why(
    written: Written, tmp_path: Path, code: str, reason: str
) -> None:
    page = told(written(code + "\n# %%\nprint('after' * 2)\n"), tmp_path)
    assert "The lesson ends here: " in page
    assert reason in page
    assert "afterafter" not in page


def test_a_picture_is_as_it_was_when_its_cell_had_run(written: Written, tmp_path: Path) -> None:
    code = FIGURE.format(words="# Picture: A line.\n")
    told(written(code), tmp_path)
    drawn = (tmp_path / "example_1_1.svg").read_text(encoding="utf-8")
    told(written(code + "\n# %%\naxes.set_title('later')\nNone\n"), tmp_path)
    assert (tmp_path / "example_1_1.svg").read_text(encoding="utf-8") == drawn


def test_the_words_for_a_picture_are_not_in_the_code_that_is_shown() -> None:
    source = (
        "a = 1\n\n# Picture: A line\n# that rises.\nb = 2\n# why\nc = 3\n\n# Picture: Two.\nf()"
    )
    assert pictures.without_words(source) == "a = 1\n\nb = 2\n# why\nc = 3\n\nf()"


def test_a_figure_on_the_last_line_is_shown_once(written: Written, tmp_path: Path) -> None:
    code = FIGURE.format(words="# Picture: A line.\n") + "axes.figure\n"
    assert told(written(code), tmp_path).count("alt=") == 1


@pytest.mark.parametrize("closing", ["plt.close(figure)\n", "", "plt.show()\n"])
def test_an_animation_is_a_row_of_pictures(written: Written, tmp_path: Path, closing: str) -> None:
    code = (
        "import matplotlib.pyplot as plt\nfrom matplotlib.animation import FuncAnimation\n\n"
        "# Picture: A dot that moves.\nfigure, axes = plt.subplots()\n"
        "(dot,) = axes.plot([0], [0], 'o')\n"
        "moves = FuncAnimation(figure, lambda x: dot.set_data([x], [x]), frames=3)\n"
        f"{closing}moves\n"
    )
    page = told(written(code), tmp_path)
    assert 'data-frames="3"' in page
    assert len(list(tmp_path.glob("example_1_1_*_dark.svg"))) == 3
    assert page.count("alt=") == 1


def test_graphs_and_steps_are_shown(written: Written, tmp_path: Path) -> None:
    code = (
        "from autodiff import draw, steps\n\n\ndef f(x):\n    return x * x\n\n\n"
        "# Picture: The graph of a square.\ndraw(f, 2.0)\n\n"
        "# %%\n# Picture: Its steps.\nsteps(f, 2.0)\n"
    )
    page = told(written(code), tmp_path)
    assert '<a class="graph" href="example_1_1.svg"><img' in page
    assert 'title="Its steps."' in page
    assert "def f(x):" in (tmp_path / "example_2_1.html").read_text(encoding="utf-8")


def test_lessons_lead_to_their_neighbours(tmp_path: Path) -> None:
    pages.write_pages(tmp_path)
    text = (tmp_path / "chain_rule.html").read_text(encoding="utf-8")
    assert 'Previous: <a href="multivariate_calculus.html#sandpit">The sandpit</a>' in text
    assert 'Next: <a href="chain_rule.html#neuron">' in text
    first = (tmp_path / "multivariate_calculus.html").read_text(encoding="utf-8")
    last = (tmp_path / "beyond.html").read_text(encoding="utf-8")
    assert first.count("Previous: ") == first.count("Next: ") - 1
    assert last.count("Previous: ") - 1 == last.count("Next: ")


# -- the pages -------------------------------------------------------------------------------

PAGES = (
    "index",
    *HEADINGS,
    "glossary",
    *(f"reference/{package}" for package in ("index", *PACKAGES)),
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, which one of the test processes makes."""
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    folder = tmp_path_factory.getbasetemp()
    if folder.name.startswith("popen-"):
        folder = folder.parent
    lock, done = folder / "site.lock", folder / "site.done"
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        while not done.exists():
            time.sleep(0.2)
    else:
        ended = subprocess.run(
            [sys.executable, "-m", "demos", "--quick"],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )
        done.write_text(ended.stderr if ended.returncode else "")
    assert not done.read_text()
    return folder / "gallery"


@pytest.mark.parametrize(
    ("name", "width", "scheme"), list(product(PAGES, (390, 1280), ("light", "dark")))
)
def test_a_page_is_whole_and_serves_everyone(
    site: Path, browser: Any, name: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        offline=True,
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((site / f"{name}.html").as_uri())
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    assert not complaints
    assert page.evaluate("[...document.images].filter((i) => !i.naturalWidth).length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.run(page, options={"preload": False, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_no_link_is_broken(site: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in texts.items()}
    for name in PAGES:
        path = site / f"{name}.html"
        for target in re.findall(r'\b(?:href|src|srcset)="([^"]+)"', texts[path]):
            if target == "data:," or "${" in target:  # what a script fills in
                continue
            file, _, anchor = target.partition("#")
            aimed = (path.parent / file).resolve() if file else path
            assert site in aimed.parents, target  # a site that is moved stays whole
            assert aimed.exists(), f"{name}: {target}"
            assert not anchor or anchor in anchors[aimed], f"{name}: {target}"


@pytest.mark.parametrize("name", LESSONS)
def test_notebooks_are_what_jupyter_opens(name: str) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    lesson = read_lesson(name)
    notebook = nbformat.reads(json.dumps(as_notebook(lesson)), as_version=4)
    nbformat.validate(notebook)
    expected = jupytext.read(lesson.path).cells
    assert [each.source for each in notebook.cells] == [each.source for each in expected]
    assert [each.cell_type for each in notebook.cells] == [each.cell_type for each in expected]


def test_what_is_wider_than_a_phone_fades_and_the_open_page_is_in_sight(
    site: Path, browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((site / "beyond.html").as_uri())
    for place in (".formula", ".code", ".output", ".table"):
        assert "gradient" in page.eval_on_selector(
            place, "(each) => getComputedStyle(each).backgroundImage"
        )
    box = page.locator("nav [aria-current]").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    page.close()


def test_pictures_have_words(site: Path) -> None:
    for key in HEADINGS:
        text = (site / f"{key}.html").read_text(encoding="utf-8")
        for alt in re.findall(r'<img src="[^"]*" alt="([^"]*)"', text):
            assert len(alt) > 30, alt


def test_the_reference_shows_short_types_and_no_decorators(site: Path) -> None:
    for path in (site / "reference").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "_typing" not in text, path.name
        assert "<tr>\n  <td></td>" not in text, path.name  # a row that goes on in the next
        shown = set(re.findall(r'<div class="decorator[^"]*">(.*?)<', text))
        assert shown <= {"@classmethod", "@staticmethod"}, path.name


@pytest.mark.parametrize("package", PACKAGES)
def test_signatures_are_as_one_writes_them(site: Path, package: str) -> None:
    text = (site / f"reference/{package}.html").read_text(encoding="utf-8")
    signatures = re.findall(r'<span class="signature.*?</div>', text, flags=re.DOTALL)
    assert len(signatures) > 10
    for signature in signatures:
        plain = unescape(re.sub(r"<[^>]+>", "", signature))
        assert not re.search(r"ForwardRef|\._\w|<|\b(numpy|typing|scipy)\.", plain), plain


@pytest.mark.parametrize("name", ["index", *PACKAGES])
def test_the_reference_fits_on_a_small_phone(site: Path, browser: Any, name: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto((site / f"reference/{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


def test_keys_reach_the_menu_of_the_reference_on_a_phone(site: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((site / "reference/fit.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent || 'search'"))
    pages = ["Contents", *(heading.title for heading in HEADINGS.values()), "Glossary"]
    assert reached[: len(pages)] == pages
    assert "search" in reached
    page.close()


@pytest.fixture(scope="module")
def search(site: Path, browser: Any) -> Callable[[str], list[str]]:
    """Return what searches the reference from its first page, and the names that it finds."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((site / "reference/index.html").as_uri())

    def found(term: str) -> list[str]:
        page.fill("input[type=search]", term)
        page.wait_for_function("document.querySelector('main.pdoc').textContent.includes('result')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        return list(page.locator(".search-result .name").all_inner_texts())

    return found


@pytest.mark.parametrize(
    ("term", "first"),
    [
        ("lagrange", "optim.lagrange"),
        ("curve_fit", "fit.curve_fit"),
        ("χ²", "fit.chi_squared"),
        ("chi-squared", "fit.chi_squared"),
        ("HESSIAN", "autodiff.hessian"),
        ("adam", "optim.Adam"),
    ],
)
def test_a_search_finds_names_first(
    search: Callable[[str], list[str]], term: str, first: str
) -> None:
    assert search(term)[0] == first


@pytest.mark.parametrize("term", ["lagrange nosuch", "?!", "<xqz>", "x" * 400])
def test_a_search_finds_only_what_has_all_words(
    search: Callable[[str], list[str]], term: str
) -> None:
    assert search(term) == []


def test_without_scripts_there_is_no_search_that_does_nothing(site: Path, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "reference/fit.html").as_uri())
    assert not page.is_visible("input[type=search]")
    context.close()


def test_the_first_page_of_the_reference_says_what_is_where(site: Path) -> None:
    text = (site / "reference/index.html").read_text(encoding="utf-8")
    for name in ("autodiff.html#grad", "nn.html#train", "optim.html#lagrange", "fit.html#fit"):
        assert f'href="{name}"' in text


def test_keys_stop_only_at_boxes_that_scroll(site: Path, browser: Any) -> None:
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((site / "chain_rule.html").as_uri())
        page.wait_for_timeout(100)  # for the observer
        wide = "(box) => [box.scrollWidth > box.clientWidth, box.tabIndex === 0]"
        boxes = [box.evaluate(wide) for box in page.locator("pre, .table, .formula").all()]
        assert len(boxes) > 20
        assert all(scrolls == stops for scrolls, stops in boxes)
        page.close()


def test_what_is_printed_has_no_buttons(site: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto((site / "chain_rule.html").as_uri())
    assert page.locator(".player").first.is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".player").first.is_visible()
    page.close()


def test_words_in_graphs_can_be_read_on_a_phone(site: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((site / "chain_rule.html").as_uri())
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    for image in page.locator(".graph img").all():
        assert image.evaluate("(image) => image.width >= 0.95 * image.naturalWidth")
    page.close()
