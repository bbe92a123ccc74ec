"""What is written for Graphviz: the same text each time, in which only what is meant acts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import draw
from autodiff.drawing._themes import DARK, KINDS, LIGHT, THEMES
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.pictures._dot import DIRECTIONS, picture
from autodiff.drawing.reading._plan import view_of
from tests.autodiff.drawing.hand_written import (
    chain,
    every_kind,
    folded_loop,
    needs_graphviz,
    square,
    texts,
    titles,
)

HOSTILE = [
    *("<b>", "<<B>bold</B>>", "<script>alert(1)</script>", "-->", "]]>", "&alpha;", "&#65;", "a&b"),
    *(
        "a\\",
        "\\",
        "\\N",
        "\\\\N",
        "\\l\\r",
        "\\G\\E\\T\\H\\L",
        "a:b",
        "a:n",
        "{x|y}",
        "[x]",
        "a;b",
    ),
    *("node", "digraph", 'say "hi"', "it's", "%s", "$x$", " ", "  two  spaces", "σ² é 漢 😀"),
    *('charset="latin1"', 'x" URL="javascript:alert(1)', "</title><script>alert(1)</script>"),
]


def node_line(source: str, key: str) -> str:
    (line,) = re.findall(rf"^\t+{key} \[(.*)\]$", source, re.M)
    return str(line)


def plain(line: str) -> str:
    """Return a line of the source without the sizes, the weights and the colours of text."""
    return re.sub(r"</?(?:FONT|B)\b.*?>", "", line)


class TestSource:
    def test_of_every_kind_of_node_is_as_it_was_reviewed(self) -> None:
        golden = Path(__file__).with_name("every_kind.gv").read_text(encoding="utf-8")
        assert picture(every_kind(), gradients=True).source == golden

    def test_has_notes_at_the_head(self) -> None:
        assert "labelloc=t" in picture(every_kind()).source.split("\n")[1]

    def test_is_the_same_each_time(self) -> None:
        assert picture(every_kind()).source == picture(every_kind()).source

    def test_names_nodes_and_edges_in_the_order_of_computing(self) -> None:
        source = picture(chain(12)).source
        assert re.findall(r"^\t(n\d+) \[", source, re.M) == [f"n{i}" for i in range(12)]

    def test_has_an_edge_for_each_use(self) -> None:
        assert picture(square()).source.count("n0 -> n1") == 2

    def test_leads_back_from_repeat_to_repeat_dashed_and_without_moving_nodes(self) -> None:
        (line,) = re.findall(r"n3 -> n1 \[(.*)\]", picture(folded_loop(3)).source)
        assert "constraint=false" in line
        assert "style=dashed" in line
        assert "next repeat, as v0" in line

    def test_of_nothing_has_no_nodes(self) -> None:
        assert "->" not in picture(View()).source


class TestLabels:
    """Of edges; Graphviz puts them half way, which may be far from both ends."""

    def fan(self) -> View:
        """Return x with three uses, of which the last is in a scope, and what is made of them."""
        nodes = [Vertex("n0", "leaf", "x")]
        nodes += [Vertex(f"n{i}", "op", f"v{i}", "f(x)") for i in (1, 2, 3)]
        nodes[3].scopes = ("net",)
        nodes.append(Vertex("n4", "output", "y", "g(v1, v2, v3)"))
        edges = [Edge("n0", f"n{i}", f"f'{i}") for i in (1, 2, 3)]
        return View(nodes, [*edges, *(Edge(f"n{i}", "n4", f"g'{i}") for i in (1, 2, 3))])

    def test_of_operands_with_several_uses_stand_before_the_heads(self) -> None:
        source = picture(self.fan()).source
        for i in range(3):
            assert re.search(rf"\tn0 -> label{i} \[.*arrowhead=none", source)
            assert re.search(rf"\tlabel{i} -> n{i + 1} \[", source)
            assert f"∂v{i + 1}/∂x = f'{i + 1}" in node_line(source, f"label{i}")

    def test_of_edges_across_a_border_stand_within_it(self) -> None:
        source = picture(self.fan()).source
        cluster = source[source.index("subgraph") : source.index("}", source.index("subgraph"))]
        assert re.findall(r"\t(label\d|n\d) \[", cluster) == ["label2", "n3"]
        assert "label5 -> n4" in source  # out of the scope

    def test_of_edges_within_a_box_are_nodes_in_it(self) -> None:
        """Beside the edge Graphviz lets them cross the border."""
        view = self.fan()
        view.nodes[4].scopes = view.nodes[3].scopes
        source = picture(view).source
        assert "label5 -> n4" in source
        cluster = source[source.index("subgraph") : source.index("}", source.index("subgraph"))]
        assert "\tlabel5 [" in cluster

    def test_of_edges_into_a_box_leave_room_for_the_tail_before_it(self) -> None:
        source = picture(self.fan()).source
        assert re.findall(r"\t(n\d -> label\d) \[.*minlen=2", source) == ["n0 -> label2"]
        assert "minlen" not in picture(self.fan(), direction="LR").source

    def test_are_in_two_lines_where_data_flow_sideways(self) -> None:
        source = picture(self.fan(), direction="LR").source
        lines = re.sub("</?FONT.*?>", "", source)
        assert "<∂y/∂v1<BR/>= g'1>" in re.sub(r"\s*(<|>)\s*", r"\1", lines)
        assert 'tooltip="v1 → y&#10;∂y/∂v1 = g\'1"' in source

    def test_of_other_edges_stand_beside_them(self) -> None:
        source = picture(self.fan()).source
        assert re.search(r"\tn1 -> n4 \[.*∂y/∂v1", source)
        assert "label3" not in source

    def test_that_are_not_there_change_nothing(self) -> None:
        view = self.fan()
        for edge in view.edges:
            edge.derivative = ""
        assert not re.search(r"label\d", picture(view).source)

    @needs_graphviz
    def test_are_no_nodes_to_a_listener(self) -> None:
        svg = picture(self.fan()).svg()
        assert b"Computation graph of 5 nodes" in svg
        assert len(titles(svg, "node")) == 5
        assert " ∂v3/∂x = f'3 " in texts(svg)


class TestReadersQuestions:
    source = picture(every_kind(), gradients=True).source

    def test_which_parameter_is_this(self) -> None:
        assert "<B>layers.0.weight</B>" in node_line(self.source, "n1")
        assert "class=parameter" in node_line(self.source, "n1")

    def test_what_shape_is_it(self) -> None:
        assert "(3, 7)" in node_line(self.source, "n1")

    def test_where_did_the_nan_come_from(self) -> None:
        view = every_kind()
        view.nodes[5].value = np.array([np.nan, 2.0])  # which n2 brought about
        source = picture(view).source
        warning = f'<FONT COLOR="{LIGHT.text["warning"]}"'
        nan = [key for node in view.nodes if "nan" in node_line(source, key := node.key).lower()]
        assert nan == ["n2", "n5"]
        assert [key for key in nan if warning in node_line(source, key)] == ["n2"]
        assert "train.py, line 12" in node_line(source, "n2")

    @pytest.mark.parametrize("direction", DIRECTIONS)
    def test_which_way_does_it_flow(self, direction: str) -> None:
        source = picture(every_kind(), direction=direction).source
        assert f"rankdir={direction}" in source
        assert "n0 -> n2" in source
        assert not re.search(r"\bdir=", source)  # arrowheads are at the heads

    def test_what_is_the_derivative_here(self) -> None:
        assert " ∂loss/∂layers.1 = c " in node_line(self.source, "label3")
        assert re.search(r"\tn3 -> label3 \[.*\n\t(.*\n)*\tlabel3 -> n5 \[", self.source)
        for key, words in (("n5", "grad 1"), ("n0", "grad all 0")):
            assert f"<BR/>{words}>" in plain(node_line(self.source, key))

    def test_all_of_a_network_and_its_loss(self) -> None:
        def init(shape: tuple[int, ...], *_: Any) -> Any:
            return np.full(shape, -0.5)

        net = nn.Sequential(nn.Linear(2, 3, init=init), np.log, nn.Linear(3, 1, init=init))

        def loss(x: Any, y: Any) -> Any:
            return nn.mean_squared_error(net(x), y)

        data = np.ones((4, 2)), np.ones((4, 1))
        with np.errstate(all="ignore"):
            source = draw(loss, *data, gradients=True, derivatives=True).source
        keys = {name: key for key, name in re.findall(r"(n\d+) \[label=<<B>(.*?)</B>", source)}
        shown = {name: plain(node_line(source, key)) for name, key in keys.items()}
        assert {"layers.0.weight", "layers.2.weight"} <= keys.keys()  # which parameter is this
        assert "<BR/>(2, 3)<BR/>" in shown["layers.0.weight"]  # what shape
        red = [n for n in keys if LIGHT.text["warning"] in node_line(source, keys[n])]
        assert "= log(" in shown[red[0]]  # where did the NaN come from
        assert [n for n in red if "NaN first here: [0, 0]" in shown[n]] == red
        assert len(red) < sum("nan" in words.lower() for words in shown.values())
        assert not re.search(r"\bdir=", source)  # which way does it flow
        uses = re.findall(rf"{keys['layers.0.bias']} -> (label\d+)", source)
        assert " = 1 " in node_line(source, uses[0])  # what is the derivative here
        assert "<BR/>grad " in shown["layers.0.bias"]


class TestNodes:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_differ_by_colour_and_by_shape(self, theme: str) -> None:
        view = View([Vertex(f"n{i}", kind, "x") for i, kind in enumerate(KINDS)])
        source = picture(view, theme=theme).source
        lines = [node_line(source, node.key) for node in view.nodes]
        shapes = [re.findall(r"(?:shape|style|peripheries)=\S+", line) for line in lines]
        assert len({str(shape) for shape in shapes}) == len(KINDS)
        for line, kind in zip(lines, KINDS, strict=True):
            assert f'fillcolor="{THEMES[theme].fills[kind]}"' in line
            assert f' color="{THEMES[theme].outlines[kind]}"' in line

    def test_leave_values_out_on_request(self) -> None:
        assert '"leaf x&#10;3"' in picture(square()).source
        assert '"leaf x"' in picture(square(), values=False).source

    def test_tell_a_gradient_of_zero_from_none(self) -> None:
        nodes = [Vertex("n0", "leaf", "a", value=1.0, gradient=0.0), Vertex("n1", "leaf", "b")]
        source = picture(View(nodes), gradients=True).source
        assert re.sub("<.*?>", "", node_line(source, "n0")).count("grad 0") == 2  # hover text too
        assert "grad — (not computed)" in node_line(source, "n1")

    def test_lie_in_the_clusters_of_their_scopes(self) -> None:
        nodes = [
            Vertex("n0", "op", "a", scopes=("outer", "first")),
            Vertex("n1", "op", "b"),
            Vertex("n2", "op", "c", scopes=("outer", "second")),
            Vertex("n3", "op", "d", scopes=("outer",)),
            Vertex("n4", "op", "e", scopes=("outer", "first")),
        ]
        body = re.sub(r"\[.*\]", "", picture(View(nodes)).source)
        order = re.findall(r"n\d \s*$|subgraph \w+|\}", body, re.M)
        assert [part.strip() for part in order] == [
            *("subgraph cluster_n0_0", "subgraph cluster_n0_1", "n0", "n4", "}"),
            *("subgraph cluster_n2_1", "n2", "}", "n3", "}", "n1", "}"),
        ]


class TestThemes:
    def test_have_paper_of_their_own(self) -> None:
        assert f'bgcolor="{DARK.paper}"' in picture(square(), theme="dark").source
        assert f'bgcolor="{LIGHT.paper}"' in picture(square(), theme="light").source

    def test_use_no_other_colours(self) -> None:
        for theme in ("light", "dark"):
            used = set(re.findall(r"#[0-9a-f]{6}\b", picture(every_kind(), theme=theme).source))
            named = THEMES[theme]
            known = {*named.fills.values(), *named.outlines.values(), *named.text.values()}
            assert used <= known | {named.paper, named.line}


class TestRefusals:
    def test_of_an_unknown_direction(self) -> None:
        with pytest.raises(ValueError, match="unknown direction 'down': give one of TB, BT, LR"):
            picture(square(), direction="down")

    def test_of_an_unknown_theme(self) -> None:
        with pytest.raises(ValueError, match="unknown theme 'neon': give one of light, dark, auto"):
            picture(square(), theme="neon")


@needs_graphviz
class TestHostileText:
    """Each shows as it is, wherever it stands, and does nothing."""

    svg = picture(
        View(
            [
                Vertex(f"n{i}", "op", text, text, None, None, (text,), (text, 1), f".{text}.")
                for i, text in enumerate(HOSTILE)
            ],
            [Edge("n0", f"n{i}", text) for i, text in enumerate(HOSTILE)],
            [f"note {text}" for text in HOSTILE],
        )
    ).svg()

    def test_shows_in_names_formulas_scopes_and_notes(self) -> None:
        shown = texts(self.svg)
        for text in HOSTILE:
            assert {text, f" = {text}"} <= set(shown)
            assert any(line.startswith("note") and text.strip()[:20] in line for line in shown)

    def test_shows_as_derivatives(self) -> None:
        shown = set(texts(self.svg))
        assert {f" ∂{text}/∂{HOSTILE[0]} = {text} " for text in HOSTILE} <= shown

    def test_shows_when_one_hovers_over_it(self) -> None:
        nodes = titles(self.svg, "node")
        assert [title.split("\n")[0] for title in nodes] == [f"op {x} = {x}" for x in HOSTILE]
        assert titles(self.svg, "cluster") == [f"scope {text}" for text in HOSTILE]

    def test_adds_no_elements(self) -> None:
        assert b"<script" not in self.svg
        assert b"href" not in self.svg

    def test_of_control_characters_is_spelt_as_python_does(self) -> None:
        svg = picture(square("\x00\t\x1b\ud800\u202e")).svg()
        assert r"\x00\t\x1b\ud800\u202e" in texts(svg)

    def test_breaks_at_line_feeds(self) -> None:
        assert {"two", "lines"} <= set(texts(picture(square("two\nlines")).svg()))


class Line:
    """A value of a plan, as its listing has it."""

    def __init__(self, name: str, formula: str, facts: str, inputs: tuple[str, ...], kind: str):
        self.name, self.formula, self.facts = name, formula, facts
        self.inputs, self.kind = inputs, kind


class TestPlans:
    def test_are_views_of_their_lines(self) -> None:
        lines = [
            Line("a['w:1']", "", "(3,)", (), "leaf"),
            Line("v1", "a['w:1'] * 2", "(3,)", ("a['w:1']", "elsewhere"), "output"),
        ]
        view = view_of(lines)
        assert [(node.key, node.kind, node.name) for node in view.nodes] == [
            ("n0", "leaf", "a['w:1']"),
            ("n1", "output", "v1"),
        ]
        assert view.edges == [Edge("n0", "n1")]
        assert "(3,)" in node_line(picture(view).source, "n1")


def test_a_huge_array_is_summed_up_without_a_second_one() -> None:
    import tracemalloc

    huge = np.broadcast_to(np.float64(1.0), 10**7)
    tracemalloc.start()
    try:
        source = picture(View([Vertex("n0", "leaf", "x", value=huge)])).source
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "all 1" in source
    assert peak < 30e6
