"""Pictures of computation graphs: what they show, and that any Graphviz at hand draws them."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import autodiff
from autodiff import Tensor, draw, elementwise, softmax_cross_entropy, stop_gradient

needs_graphviz = pytest.mark.skipif(
    not (which("dot") or find_spec("pygraphviz")), reason="neither dot nor pygraphviz is installed"
)
HOSTILE_NAMES = [
    *("<b>", "<<B>bold</B>>", "<script>alert(1)</script>", "-->", "]]>", "&alpha;", "&#65;", "a&b"),
    *(
        "a\\",
        "\\",
        "\\N",
        "\\\\N",
        "\\l\\r",
        "a:b",
        "a:n",
        "{x|y}",
        "[x]",
        "a;b",
        "node",
        "digraph",
    ),
    *('say "hi"', "it's", "%s", "$x$", " ", "  two  spaces", "σ² é 漢 😀", 'charset="latin1"'),
]


def labels(*outputs: Tensor) -> list[str]:
    """Return the text of each node of the picture, its lines separated by line feeds."""
    marked_up = re.findall(r"^\t\d+ \[label=<(.*?)> \w+=", draw(*outputs).source, re.M | re.S)
    return [html.unescape(re.sub("<[^>]*>", "", m.replace("<BR/>", "\n"))) for m in marked_up]


def label(y: Tensor) -> str:
    """Return the text of the output's node."""
    return labels(y)[-1]


def edges(*outputs: Tensor) -> list[tuple[str, str]]:
    """Return the names at the two ends of each edge."""
    names = [re.split(" = |\n", text)[0] for text in labels(*outputs)]
    ends = re.findall(r"^\t(\d+) -> (\d+)", draw(*outputs).source, re.M)
    return [(names[int(tail)], names[int(head)]) for tail, head in ends]


def outline(y: Tensor, name: str) -> set[str]:
    """Return how the node of that name is drawn, its colours apart."""
    (line,) = re.findall(rf"^\t\d+ \[label=<<B>{name}</B>.*> (.*)\]$", draw(y).source, re.M)
    return {attribute for attribute in line.split() if "color" not in attribute}


def svg_texts(y: Tensor) -> list[str]:
    svg = ElementTree.fromstring(draw(y).pipe("svg"))
    texts = svg.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).replace("\xa0", " ") for text in texts]


class TestNodes:
    def test_are_one_for_each_tensor(self) -> None:
        x, y = Tensor(1.0, name="x"), Tensor(2.0, name="y")
        u = x * y
        assert len(labels(np.sin(u) + u)) == 5

    def test_stand_behind_those_they_were_computed_from(self) -> None:
        x = Tensor(1.0, name="x")
        names = [text.split(" = ")[0].split("\n")[0] for text in labels(np.sin(x) + np.exp(x))]
        assert names == ["x", "v1", "v2", "v3"]

    def test_of_several_outputs_are_drawn_once(self) -> None:
        x = Tensor(1.0, name="x")
        shared = np.sin(x)
        assert len(labels(shared * 2, shared * 3)) == 4

    def test_of_a_constant_array_used_twice_are_one(self) -> None:
        x, c = Tensor(np.ones(9)), np.arange(9.0)
        assert len(labels(x * c + c)) == 4

    def test_of_a_lone_leaf(self) -> None:
        assert labels(Tensor(2.5, name="x")) == ["x\n2.5"]

    def test_differ_by_their_outline_too(self) -> None:
        x, c = Tensor(np.ones(2), name="x"), Tensor(np.ones(2), requires_grad=False, name="c")
        u = x * c
        y = np.sin(u)
        u.name, y.name = "u", "y"
        outlines = [outline(y, name) for name in ("x", "c", "u", "y")]
        assert all(a != b for i, a in enumerate(outlines) for b in outlines[:i])


class TestEdges:
    def test_of_a_square_are_two(self) -> None:
        x = Tensor(3.0, name="x")
        assert edges(x * x) == [("x", "v1"), ("x", "v1")]

    def test_come_from_constant_arrays_and_tensors(self) -> None:
        x, c = Tensor(np.ones(2), name="x"), Tensor(np.ones(2), requires_grad=False, name="c")
        assert edges(x * np.ones(2) + c) == [("x", "v2"), ("v1", "v2"), ("v2", "v3"), ("c", "v3")]

    def test_do_not_come_from_what_was_cut_off(self) -> None:
        x = Tensor(2.0, name="x")
        assert edges(x * stop_gradient(np.sin(x))) == [("x", "v2"), ("v1", "v2")]


class TestNames:
    def test_are_shown(self) -> None:
        assert labels(np.sin(Tensor(0.0, name="angle")))[0].startswith("angle")

    def test_of_intermediate_results_are_shown(self) -> None:
        y = np.sin(Tensor(0.0, name="angle"))
        y.name = "height"
        assert label(y).startswith("height = sin(angle)")

    def test_are_made_up_where_there_is_none(self) -> None:
        assert [text.split("\n")[0] for text in labels(np.sin(Tensor(0.0)))] == [
            "v1",
            "v2 = sin(v1)",
        ]

    def test_that_are_made_up_avoid_those_in_use(self) -> None:
        assert label(np.sin(Tensor(0.0, name="v1"))).startswith("v2 = sin(v1)")


class TestFormulas:
    x = Tensor(np.ones((2, 3)), name="x")
    w = Tensor(np.ones((3, 2)), name="w")

    @pytest.mark.parametrize(
        ("y", "formula"),
        [
            (x + 1.5, "x + 1.5"),
            (2 - x, "2 - x"),
            (x / x, "x / x"),
            (x**2, "x ** 2"),
            (x * np.float32(0.1), "x * 0.1"),
            (x @ w, "x @ w"),
            (np.exp(x), "exp(x)"),
            (np.maximum(x, 0.0), "maximum(x, 0)"),
            (x.sum(axis=1), "sum(x, axes=(-1,))"),
            (x.max(axis=0, keepdims=True), "max(x, axes=(-2,), keepdims=True)"),
            (x.reshape(6), "reshape(x, shape=(6,))"),
            (x.astype(np.float32), "astype(x, dtype=float32)"),
            (np.concatenate([x, x]), "concatenate(x, x, axis=-2)"),
            (np.einsum("ij,jk->ik", x, w), "einsum(x, w, (ij, jk), ik, False)"),
            (x[0], "x[0, :]"),
            (x[:, 1:3], "x[:, 1:3]"),
            (x[::-1, None], "x[::-1, None, :]"),
            (x[[0, 1, 1]], "x[[0, 1, 1], :]"),
            (x[np.zeros(9, int)], "x[int64(9,), :]"),
            (softmax_cross_entropy(x, [0, 1]), "softmax_cross_entropy(x, labels=v1)"),
        ],
    )
    def test_read_like_the_program(self, y: Tensor, formula: str) -> None:
        assert label(y).split("\n")[0].split(" = ", 1)[1] == formula

    def test_of_an_op_without_a_name_are_drawn_verbatim(self) -> None:
        cube = elementwise(lambda x: x**3, lambda g, out, x: g * (3 * x**2))
        assert label(cube(Tensor(2.0, name="x"))).startswith("v1 = <lambda>(x)")

    def test_of_many_operands_are_cut_short(self) -> None:
        formula = label(np.stack([Tensor(1.0) for _ in range(99)])).split("\n")[0]
        assert formula.startswith("v100 = stack(v1, v2, ")
        assert formula.endswith("…")
        assert len(formula) < 80


class TestValues:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (1 / 3, "0.3333"),
            (2.0, "2"),
            (1.5e-12, "1.5e-12"),
            (np.nan, "nan"),
            (1 + 2j, "complex128\n1+2j"),
            ([1.0, 2.5], "(2,)\n[1, 2.5]"),
            ([[1.0, 2.0]], "(1, 2)\n[[1, 2]]"),
            (np.arange(100.0), "(100,)\n0 … 99"),
            (np.zeros((10, 10)), "(10, 10)\nall 0"),
            ([np.nan, *range(9)], "(10,)\nnan … nan"),
            (np.ones(9, np.float32), "(9,) float32\nall 1"),
            (np.ones((0, 3)), "(0, 3)"),
            (np.ones(9, complex), "(9,) complex128"),
            (np.arange(3), "(3,) int64\n[0, 1, 2]"),
            (np.array([True, False]), "(2,) bool\n[True, False]"),
        ],
    )
    def test_are_shown_briefly(self, value: Any, shown: str) -> None:
        assert label(Tensor(value, name="x")) == f"x\n{shown}"


class TestGradients:
    def test_are_not_shown_before_backward(self) -> None:
        x = Tensor(3.0, name="x")
        assert labels(x * x)[0] == "x\n3"

    def test_are_shown_after_backward(self) -> None:
        x, v = Tensor(3.0, name="x"), Tensor(np.arange(9.0), name="v")
        y = x * x + np.sum(v * v)
        y.backward()
        assert {"x\n3\ngrad 6", "v\n(9,)\n0 … 8\ngrad 0 … 16"} < set(labels(y))


class TestRefusals:
    @pytest.mark.parametrize(
        ("outputs", "given"), [((), "nothing"), ((2.0,), "float"), ((np.sin,), "ufunc")]
    )
    def test_name_what_is_no_tensor(self, outputs: tuple[Any, ...], given: str) -> None:
        with pytest.raises(TypeError, match=f"draw expects Tensors, but was given {given}"):
            draw(*outputs)

    def test_of_a_deep_graph_say_how_large_it_is(self) -> None:
        y = Tensor(1.0)
        for _ in range(5000):
            y = np.sin(y)
        with pytest.raises(
            ValueError, match=r"5001 nodes.*more than 200.*draw a Tensor from earlier"
        ):
            draw(y)

    def test_of_a_graph_that_its_leaves_no_longer_match(self) -> None:
        x = Tensor(1.0, name="x")
        y = x * x
        x.data = 2.0
        with pytest.raises(RuntimeError, match="'x' was replaced"):
            draw(y)


@needs_graphviz
class TestImages:
    x = Tensor(2.0, name="x")
    y = x * x

    @pytest.mark.parametrize(
        ("format", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF")]
    )
    def test_have_the_format_that_was_asked_for(self, format: str, start: bytes) -> None:
        assert draw(self.y).pipe(format).startswith(start)  # type: ignore[union-attr, arg-type]

    def test_are_svg_by_default(self) -> None:
        assert draw(self.y).pipe(encoding="utf-8").startswith("<?xml")  # type: ignore[arg-type]

    def test_show_every_line(self) -> None:
        assert sorted(svg_texts(self.y)) == [" = x * x", "2", "4", "v1", "x"]

    def test_show_hostile_names_verbatim(self) -> None:
        leaves = [Tensor(1.0, name=name) for name in HOSTILE_NAMES]
        assert set(HOSTILE_NAMES) <= set(svg_texts(np.stack(leaves)))

    def test_break_a_name_at_its_line_feeds(self) -> None:
        assert {"two", "lines"} <= set(svg_texts(Tensor(1.0, name="two\nlines")))

    def test_show_control_characters_as_python_does(self) -> None:
        assert r"\x00\t\x1b\ud800" in svg_texts(Tensor(1.0, name="\x00\t\x1b\ud800"))

    def test_of_the_largest_graphs_are_laid_out(self) -> None:
        y = self.x
        for _ in range(99):
            y = np.sin(y) * self.x
        assert len(svg_texts(y)) > 198 * 2

    def test_show_themselves_in_a_notebook(self) -> None:
        bundle = draw(self.y)._repr_mimebundle_()
        assert list(bundle) == ["image/svg+xml"]
        ElementTree.fromstring(bundle["image/svg+xml"].encode())

    def test_are_written_beside_their_source(self, tmp_path: Path) -> None:
        path = draw(self.y).render("graph.gv", directory=tmp_path, format="png")
        assert path == str(tmp_path / "graph.gv.png")
        assert sorted(os.listdir(tmp_path)) == ["graph.gv", "graph.gv.png"]

    def test_are_written_alone_on_request(self, tmp_path: Path) -> None:
        path = draw(self.y).render(outfile=tmp_path / "graph.png", cleanup=True)
        assert Path(path).read_bytes().startswith(b"\x89PNG")
        assert os.listdir(tmp_path) == ["graph.png"]

    def test_of_a_copy_are_the_same(self) -> None:
        picture = draw(self.y)
        assert picture.copy().pipe() == picture.pipe()


class TestPrograms:
    y = np.sin(Tensor(2.0, name="x"))

    @pytest.mark.parametrize("format", ["xyz", "PNG ", "-o/tmp/x"])
    def test_are_not_asked_for_an_unknown_format(self, format: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"unknown format '.*': give 'svg', 'png', 'pdf'"):
            draw(self.y).render(outfile=tmp_path / "graph", format=format)
        assert not os.listdir(tmp_path)

    def test_are_not_asked_for_an_unknown_engine(self) -> None:
        with pytest.raises(ValueError, match=r"unknown engine 'cat': give one of.*'dot'"):
            draw(self.y).pipe("svg", engine="cat")

    def test_that_are_all_missing_are_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
        with pytest.raises(RuntimeError, match=r"pip install pygraphviz .*program dot") as caught:
            draw(self.y).render(outfile=tmp_path / "graph.svg")
        assert "\n" not in str(caught.value)
        assert not os.listdir(tmp_path)

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
    def test_are_dot_where_it_is_on_the_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path, 'echo "$@"; exec /bin/cat')
        monkeypatch.setenv("PATH", str(tmp_path))
        picture = draw(self.y)
        assert picture.pipe("png", encoding="utf-8") == f"-Tpng -Kdot\n{picture.source}"

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
    def test_that_fail_are_quoted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(tmp_path, "read line; echo 'Warning: w' >&2; echo 'Error: out of ink' >&2; exit 1")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(
            RuntimeError, match=r"^Graphviz could not draw 'svg': Error: out of ink$"
        ):
            draw(self.y).pipe()


def stand_in(directory: Path, script: str) -> None:
    """Put a program called dot into the directory."""
    dot = directory / "dot"
    dot.write_text(f"#!/bin/sh\n{script}\n")
    dot.chmod(0o755)


def test_importing_autodiff_does_not_import_graphviz() -> None:
    root = Path(autodiff.__file__).parents[1]
    code = "import autodiff, sys; sys.exit('graphviz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
