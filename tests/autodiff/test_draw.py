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
import nn
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


def labels(*subject: Any, **keywords: Any) -> list[str]:
    """Return the text of each node of the picture, its lines separated by line feeds."""
    source = draw(*subject, **keywords).source
    marked_up = re.findall(r"^\t+n\d+ \[label=<(.*?)> \w+=", source, re.M | re.S)
    return [html.unescape(re.sub("<[^>]*>", "", m.replace("<BR/>", "\n"))) for m in marked_up]


def label(*subject: Any, **keywords: Any) -> str:
    """Return the text of the last node, the output's."""
    return labels(*subject, **keywords)[-1]


def edges(*subject: Any, **keywords: Any) -> list[tuple[str, str]]:
    """Return the names at the two ends of each edge."""
    source = draw(*subject, **keywords).source
    names = dict(re.findall(r"^\t+(n\d+) \[label=<<B>(.*?)</B>", source, re.M))
    ends = re.findall(r"^\t+(n\d+) -> (n\d+)", source, re.M)
    return [(names[tail], names[head]) for tail, head in ends]


def outline(y: Tensor, name: str) -> set[str]:
    """Return how the node of that name is drawn, its colours and texts apart."""
    (line,) = re.findall(rf"^\t+n\d+ \[label=<<B>{name}</B>.*?> (\w.*)\]$", draw(y).source, re.M)
    return set(re.findall(r"(?:shape|style|peripheries|penwidth)=\S+", line))


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
            (x.sum(axis=1), "sum(x, axis=1)"),
            (x.max(axis=0, keepdims=True), "max(x, axis=0, keepdims=True)"),
            (x.reshape(6), "reshape(x, shape=(6,))"),
            (x.astype(np.float32), "astype(x, dtype=float32)"),
            (np.concatenate([x, x]), "concatenate([x, x])"),
            (np.einsum("ij,jk->ik", x, w), 'einsum("ij,jk->ik", x, w)'),
            (x[0], "x[0]"),
            (x[:, 1:3], "x[:, 1:3]"),
            (x[::-1, None], "x[::-1, None]"),
            (x[[0, 1, 1]], "x[[0, 1, 1]]"),
            (x[np.zeros(9, int)], "x[indices (9,)]"),
            (x % 2, "x % 2"),
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
        assert formula.startswith("v100 = stack([v1, v2, ")
        assert formula.endswith("…")
        assert len(formula) < 80


class TestValues:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (1 / 3, "0.33333"),
            (2.0, "2"),
            (1.5e-12, "1.5e−12"),
            (np.nan, "NaN\nNaN first here"),
            (1 + 2j, "complex128\n1+2j"),
            ([1.0, 2.5], "(2,)\n[1, 2.5]"),
            ([[1.0, 2.0]], "(1, 2)\n[[1, 2]]"),
            (np.arange(100.0), "(100,)\n0 … 99"),
            (np.zeros((10, 10)), "(10, 10)\nall 0"),
            ([np.nan, *range(9)], "(10,)\n1 NaN, 0 … 8\nNaN first here: [0]"),
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


class TestKeywords:
    def test_names_call_tensors(self) -> None:
        x = Tensor(2.0)
        assert label(x * x, names={"side": x}) == "v1 = side * side\n4"
        assert label(x * x, names=["area"]).startswith("area = ")

    def test_values_can_be_left_out(self) -> None:
        x = Tensor(np.ones(3), name="x")
        assert labels(np.sum(x), values=False) == ["x\n(3,)", "v1 = sum(x)"]

    def test_gradients_are_shown_or_said_to_be_unknown(self) -> None:
        x, c = Tensor(3.0, name="x"), Tensor(2.0, requires_grad=False, name="c")
        shown = labels(np.sin(x) * c, gradients=True)
        assert shown[0].endswith("grad −1.98")  # 2 cos(3) = -1.97998...
        assert "grad" not in shown[2]
        assert x.grad is None

    def test_derivatives_stand_at_the_edges(self) -> None:
        source = draw(lambda x: np.sin(x), 3.0, derivatives=True).source
        assert "cos(x)" in source

    @pytest.mark.parametrize("direction", ["TB", "LR"])
    def test_direction_is_where_data_flow(self, direction: str) -> None:
        assert f"rankdir={direction}" in draw(np.sin, 1.0, direction=direction).source

    def test_themes_differ(self) -> None:
        assert draw(np.sin, 1.0, theme="dark").source != draw(np.sin, 1.0, theme="light").source

    def test_start_leaves_out_what_came_before(self) -> None:
        x = Tensor(1.0, name="x")
        u = np.sin(x)
        assert "x" not in {name for edge in edges(np.exp(u), start=u) for name in edge}

    def test_reach_leaves_out_what_is_far_away(self) -> None:
        y = Tensor(1.0, name="x")
        for _ in range(9):
            y = np.sin(y)
        assert len(edges(y, reach=2)) == 2

    def test_unfold_shows_composite_functions_op_by_op(self) -> None:
        assert len(labels(np.std, np.arange(3.0))) == 2
        assert len(labels(np.std, np.arange(3.0), unfold=True)) > 4

    def test_scopes_are_clusters(self) -> None:
        source = draw(nn.MLP([3, 4, 1], "tanh", seed=0), np.ones((5, 3))).source
        assert source.count("subgraph") == 3
        assert all(f">{name}<" in source for name in ("mlp", "layers.0", "layers.1"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("outputs", "given"), [((), "nothing"), ((2.0,), "float"), (("x",), "str")]
    )
    def test_name_what_is_no_tensor(self, outputs: tuple[Any, ...], given: str) -> None:
        with pytest.raises(TypeError, match=f"draw expects Tensors, but was given {given}"):
            draw(*outputs)

    def test_of_a_function_without_its_arguments(self) -> None:
        def f(x: Any) -> Any:
            return x

        with pytest.raises(TypeError, match=r"draw calls f\(x\) with no argument behind it"):
            draw(f)


class TestLargeGraphs:
    def test_are_drawn_and_say_what_was_left_out(self) -> None:
        y = Tensor(1.0, name="x")
        for _ in range(5000):
            y = np.sin(y)
        assert 1 < len(labels(y)) < 300
        assert "5" in draw(y).graph_attr["label"]


class TestStaleGraphs:
    def test_are_drawn_with_a_note(self) -> None:
        x = Tensor(1.0, name="x")
        y = x * x
        x.data = 2.0
        assert labels(y) == ["x\n2\nvalue changed since", "v1 = x * x\n1"]


@pytest.fixture(scope="module")
def source() -> str:
    model = nn.MLP([3, 4, 2], "tanh", seed=0)

    def loss(x: Any, labels: Any) -> Any:
        return nn.softmax_cross_entropy(np.log(model(x) - 0.6), labels)

    labels = np.array([0, 1, 0, 1, 1])
    with np.errstate(invalid="ignore"):
        picture = draw(loss, np.ones((5, 3)), labels, gradients=True, derivatives=True)
    return str(picture.source)


class TestReadersQuestions:
    """The loss of a network with a mistake in it: what a reader asks of its picture."""

    def line(self, source: str, start: str) -> str:
        (found,) = [line for line in source.splitlines() if f"label=<<B>{start}" in line]
        return found

    def test_which_parameter_is_this(self, source: str) -> None:
        for name in ("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"):
            assert "class=parameter" in self.line(source, f"{name}</B>")

    def test_what_shape_is_it(self, source: str) -> None:
        assert "(3, 4)" in self.line(source, "layers.0.weight</B>")
        assert "(5, 3)" in self.line(source, "x</B>")

    def test_where_did_the_nan_come_from(self, source: str) -> None:
        forward = [
            line.partition("grad")[0] for line in source.splitlines() if "label=<<B>" in line
        ]
        first = next(line for line in forward if " NaN" in line)
        assert re.search("= log\\(v\\d+\\)", first)

    def test_which_way_does_it_flow(self, source: str) -> None:
        assert "rankdir=TB" in source
        (x,) = re.findall(r"(n\d+) \[label=<<B>x</B>", source)
        (weight,) = re.findall(r"(n\d+) \[label=<<B>layers.0.weight</B>", source)
        (product,) = re.findall(r"(n\d+) \[label=<<B>v\d+</B> = x @ layers.0.weight", source)
        for operand in (x, weight):
            assert re.search(
                rf"{operand} -> ({product}\b|(label\d+) (.*\n)*\t\2 -> {product} )", source
            )

    def test_what_is_the_derivative_here(self, source: str) -> None:
        assert "grad " in self.line(source, "layers.0.weight</B>")
        ((name, operand),) = re.findall(r"<B>(v\d+)</B> = log\((v\d+)\)", source)
        (edge,) = [s for s in source.splitlines() if f"{operand} → {name}" in s]
        assert f"1/{operand}" in edge


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
        with pytest.raises(RuntimeError, match=r"pip install 'chainrule\[draw\]'") as caught:
            draw(self.y).render(outfile=tmp_path / "graph.png")
        assert "\n" not in str(caught.value)
        assert not os.listdir(tmp_path)

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
    def test_are_dot_where_it_is_on_the_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path, 'echo "$@"; exec /bin/cat')
        monkeypatch.setenv("PATH", str(tmp_path))
        picture = draw(self.y)
        assert picture.pipe("xdot", encoding="utf-8") == f"-Txdot -Kdot\n{picture.source}"

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
    def test_that_fail_are_quoted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(tmp_path, "read line; echo 'Warning: w' >&2; echo 'Error: out of ink' >&2; exit 1")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(
            RuntimeError, match=r"^Graphviz could not draw 'svg': Error: out of ink$"
        ):
            draw(self.y).pipe()

    @pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
    @pytest.mark.parametrize(
        ("format", "begin"),
        [("svg", "<svg>partial"), ("png", "\\211PNG partial"), ("pdf", "%%PDF-1")],
    )
    def test_that_write_but_a_part_have_failed(
        self, format: str, begin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path, f"printf '{begin}'")
        monkeypatch.setenv("PATH", str(tmp_path))
        path = tmp_path / f"graph.{format}"
        with pytest.raises(RuntimeError, match=f"what it wrote is no {format.upper()}$"):
            draw(self.y).save(path)
        assert not path.exists()


def stand_in(directory: Path, script: str) -> None:
    """Put a program called dot into the directory."""
    dot = directory / "dot"
    dot.write_text(f"#!/bin/sh\n{script}\n")
    dot.chmod(0o755)


def test_importing_autodiff_does_not_import_graphviz() -> None:
    root = Path(autodiff.__file__).parents[1]
    code = "import autodiff, sys; sys.exit('graphviz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
