"""Pictures that a plain installation draws: SVG by the own layout."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autodiff.drawing._themes import DARK, KINDS, LIGHT, SMALL, colours, text_width
from autodiff.drawing._values import edge_text
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.pictures._places import layout_with_labels
from autodiff.drawing.pictures._svg import svg
from tests.autodiff.drawing.hand_written import SVG, every_kind, folded_loop, square, texts, titles

HOSTILE = [
    *("<b>", "</svg>", "<script>alert(1)</script>", "-->", "]]>", "&alpha;", "&#65;", "a&b"),
    *("say \"hi\"", "it's", "%s", "\x00", "\x1b[31m", "\ud800", "a\nb", "σ² é 漢 😀", "  two  "),
]  # fmt: skip


def residual() -> View:
    """Return the view of two blocks y = x + relu(x @ w), each in a scope of its own."""
    nodes = [Vertex("n0", "leaf", "x", value=np.ones(2))]
    edges = []
    last = "n0"
    for i in range(2):
        scopes = ("net", f"blocks.{i}")
        w, product, relu, total = (f"n{4 * i + k}" for k in range(1, 5))
        nodes += [
            Vertex(w, "parameter", f"blocks.{i}.w", value=np.eye(2), scopes=scopes),
            Vertex(product, "op", f"v{3 * i + 1}", f"x @ blocks.{i}.w", scopes=scopes),
            Vertex(relu, "op", f"v{3 * i + 2}", f"relu(v{3 * i + 1})", scopes=scopes),
            Vertex(total, "op", f"v{3 * i + 3}", f"x + v{3 * i + 2}", scopes=scopes),
        ]
        edges += [Edge(last, product), Edge(w, product), Edge(product, relu), Edge(last, total),
                  Edge(relu, total)]  # fmt: skip
        last = total
    return View([*nodes, Vertex("n9", "output", "y", "sum(v6)", 4.0)], [*edges, Edge(last, "n9")])


def elements(drawn: str, name: str) -> list[ElementTree.Element]:
    """Return the groups of a class."""
    groups = ElementTree.fromstring(drawn.encode()).iter(f"{SVG}g")
    return [group for group in groups if name in group.get("class", "").split()]


def path_of(group: ElementTree.Element) -> str:
    return next(group.iter(f"{SVG}path")).get("d", "")


class TestGolden:
    @pytest.mark.parametrize("name", ["every_kind", "residual"])
    @pytest.mark.parametrize("direction", ["TB", "LR"])
    def test_is_the_same_to_the_byte(self, name: str, direction: str) -> None:
        view = {"every_kind": every_kind, "residual": residual}[name]()
        golden = Path(__file__).with_name(f"{name}_{direction}.svg").read_text(encoding="utf-8")
        assert svg(view, direction=direction, theme="light", gradients=True) == golden


class TestElements:
    def test_of_nodes_have_their_keys(self) -> None:
        view = every_kind()
        assert [group.get("id") for group in elements(svg(view), "node")] == [
            node.key for node in view.nodes
        ]

    def test_of_edges_name_both_ends_in_the_order_of_the_view(self) -> None:
        view = every_kind()
        assert [
            (group.get("data-tail"), group.get("data-head"))
            for group in elements(svg(view), "edge")
        ] == [(edge.tail, edge.head) for edge in view.edges]

    def test_of_edges_begin_with_a_path_from_the_tail_to_the_head(self) -> None:
        drawn = svg(square())
        numbers = [float(n) for n in re.findall(r"[-\d.]+", path_of(elements(drawn, "edge")[0]))]
        tops = [float(re.findall(r"[\d.]+", path_of(node))[1]) for node in elements(drawn, "node")]
        assert tops[0] < numbers[1] < numbers[-1] < tops[1]

    def test_are_two_for_two_uses(self) -> None:
        first, second = elements(svg(square()), "edge")
        assert path_of(first) != path_of(second)

    def test_of_kinds_differ_in_shape(self) -> None:
        for kind in KINDS:
            view = View([Vertex("n0", kind, "name", value=np.ones(3))])
            others = [View([Vertex("n0", k, "name", value=np.ones(3))]) for k in KINDS if k != kind]
            commands = [
                re.sub(r"[-\d. ]+", "", path_of(elements(svg(v), "node")[0]))
                for v in [view, *others]
            ]
            assert commands[0] not in commands[1:]

    def test_of_scopes_are_nested_boxes(self) -> None:
        assert titles(svg(every_kind()).encode(), "cluster") == [
            "scope model",
            "scope model / layers.0",
        ]
        assert {"model", "layers.0"} <= set(texts(svg(every_kind()).encode()))


class TestLoops:
    """Edges from repeat to repeat."""

    @pytest.mark.parametrize("body", [1, 2, 3])
    @pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
    def test_lead_back_dashed(self, body: int, direction: str) -> None:
        drawn = svg(folded_loop(body), direction=direction)
        back = [g for g in elements(drawn, "edge") if "stroke-dasharray" in g[1].attrib]
        assert [(g.get("data-tail"), g.get("data-head")) for g in back] == [(f"n{body}", "n1")]
        assert "next repeat, as v0: ∂v1/∂v0 = 0.5" in texts(drawn.encode())

    def test_of_several_calls_end_in_an_arrow_at_the_first(self) -> None:
        drawn = svg(folded_loop(3))
        (back,) = [g for g in elements(drawn, "edge") if g.get("data-tail") == "n3"
                   and g.get("data-head") == "n1"]  # fmt: skip
        line = [float(n) for n in re.findall(r"[-\d.]+", path_of(back))]
        tops = [float(re.findall(r"[\d.]+", path_of(g))[1]) for g in elements(drawn, "node")]
        assert tops[1] < line[-1] < tops[2] < line[1]

    @pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
    def test_stand_clear_of_what_is_beside(self, direction: str) -> None:
        view = folded_loop(1)
        view.nodes.append(Vertex("other", "op", "other", "cos(x)"))
        view.edges += [Edge("n0", "other"), Edge("other", "end")]
        drawn = svg(view, direction=direction)
        width, height = map(float, re.findall(r'(?:width|height)="([\d.]+)"', drawn)[:2])
        (loop,) = [g for g in elements(drawn, "edge") if g.get("data-tail") == g.get("data-head")]
        xs, ys = corners(path_of(loop))
        assert 0 < min(xs) < max(xs) < width
        assert 0 < min(ys) < max(ys) < height
        labels = [edge_text(e, view.nodes[0], view.nodes[1]) for e in view.edges]
        sizes = {node.key: (90.0, 40.0) for node in view.nodes}
        found = layout_with_labels(view, labels, sizes, direction)
        i = next(i for i, edge in enumerate(view.edges) if edge.leads_back)
        (x, y), (other_x, other_y) = found.centres[f"label {i}"], found.centres["other"]
        wide, tall = text_width(labels[i], SMALL), SMALL
        assert abs(x - other_x) > (wide + 90) / 2 or abs(y - other_y) > (tall + 40) / 2
        assert 0 < x - wide / 2 < x + wide / 2 < found.size[0]
        assert 0 < y - tall / 2 < y + tall / 2 < found.size[1]


def corners(path: str) -> tuple[list[float], list[float]]:
    """Return the abscissae and ordinates of a path with absolute commands."""
    numbers = [float(n) for n in re.findall(r"[-\d.]+", path)]
    return numbers[::2], numbers[1::2]


class TestText:
    drawn = svg(every_kind(), gradients=True).encode()

    def test_says_what_nodes_say(self) -> None:
        said = texts(self.drawn)
        assert "v1 = x @ layers.0.weight" in said
        assert "1 NaN, 1 inf, 1 … 5" in said
        assert "ValueError: () @ (4, 3)" in said
        assert "grad — (not computed)" in said
        assert "grad all 0" in said

    def test_stands_on_edges(self) -> None:
        assert "∂loss/∂layers.1 = c" in texts(self.drawn)

    def test_of_notes_stands_at_the_head(self) -> None:
        *others, last = ElementTree.fromstring(self.drawn).iter(f"{SVG}text")
        assert "".join(last.itertext()) == "the value of x has changed since"
        assert 0 < float(last.get("y", "")) < min(float(text.get("y", "")) for text in others)

    def test_for_hovering_says_the_place(self) -> None:
        assert titles(self.drawn, "node")[2].split("\n")[-1] == "train.py, line 12"
        assert "x → v1" in titles(self.drawn, "edge")

    def test_for_those_who_do_not_see_it_is_there(self) -> None:
        root = ElementTree.fromstring(self.drawn)
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title") == "Computation graph of 7 nodes"
        assert "op v1 = x @ layers.0.weight" in root.findtext(f"{SVG}desc", "")

    def test_says_whose_layout_it_is(self) -> None:
        (comment,) = re.findall(r"<!--(.*?)-->", self.drawn.decode())
        assert "chainrule" in comment
        assert "pygraphviz" in comment

    @pytest.mark.parametrize("name", HOSTILE)
    def test_of_any_name_is_text_and_nothing_else(self, name: str) -> None:
        view = square(name)
        view.nodes[0].scopes = (name,)
        view.nodes[1].formula = view.edges[0].derivative = view.nodes[1].note = name
        view.notes = [name]
        harmless = square("x")
        harmless.nodes[0].scopes = ("x",)
        harmless.nodes[1].formula = harmless.edges[0].derivative = harmless.nodes[1].note = "x"
        harmless.notes = ["x"]
        root = ElementTree.fromstring(svg(view).encode())
        tags = {element.tag for element in root.iter()}
        assert tags == {e.tag for e in ElementTree.fromstring(svg(harmless).encode()).iter()}
        visible = name.split("\n")[0] if name.isprintable() or "\n" in name else repr(name)[1:-1]
        assert any(visible in text for text in texts(svg(view).encode()))

    def test_stays_within_its_node(self) -> None:
        """The outline of a node begins at its upper left corner and runs to the right first."""
        long = "a_function_of_some_length(with, its, operands)"
        drawn = svg(View([Vertex("n0", "leaf", "mm", long), Vertex("n1", "leaf", "i", long)]))
        widths = [
            float(re.findall(r"h([\d.]+)", path_of(node))[0]) for node in elements(drawn, "node")
        ]
        assert widths[0] > widths[1] > 6 * len(long)


class TestThemes:
    @pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
    def test_use_their_own_colours_alone(self, name: str, theme: object) -> None:
        drawn = svg(every_kind(), theme=name, gradients=True)
        used = set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', drawn))
        assert used <= set(colours(LIGHT if theme is LIGHT else DARK))
        assert "<style" not in drawn

    def test_auto_is_light_and_turns_dark_by_its_style(self) -> None:
        drawn = svg(every_kind())
        without = re.sub(r"<style>.*</style>\n", "", drawn, flags=re.DOTALL)
        assert without == svg(every_kind(), theme="light")
        assert "prefers-color-scheme: dark" in drawn


def test_values_are_left_out_on_request() -> None:
    assert "0 … 20" in texts(svg(every_kind()).encode())
    assert "0 … 20" not in texts(svg(every_kind(), values=False).encode())


def test_a_view_without_nodes_is_a_picture() -> None:
    assert not elements(svg(View()), "node")
