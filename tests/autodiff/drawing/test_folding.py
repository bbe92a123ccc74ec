"""What is left out of large pictures: repeats, insides of scopes, plain constants, far nodes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff.drawing._values import edge_text
from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.folding._folding import MOST_NODES, fold
from autodiff.drawing.folding._repeats import without_repeats
from autodiff.drawing.folding._slices import nearest_part
from autodiff.drawing.pictures._svg import svg
from tests.autodiff.drawing.hand_written import chain, every_kind


def view_of(*lines: str, **facts: Any) -> View:
    """Return the view of a program's lines, such as "y = sin(x) | x" with the operands behind.

    A line without a formula is a leaf; ``facts`` are values of a node's fields by its name.
    """
    nodes: list[Vertex] = []
    edges: list[Edge] = []
    keys: dict[str, str] = {}
    for i, line in enumerate(lines):
        call, _, operands = map(str.strip, line.partition("|"))
        name, _, formula = map(str.strip, call.partition("="))
        keys[name] = f"n{i}"
        kind = "op" if formula else "leaf"
        nodes.append(Vertex(f"n{i}", kind, name, formula, **facts.get(name, {})))
        edges += [Edge(keys[operand], f"n{i}") for operand in operands.split()]
    nodes[-1].kind = "output"
    return View(nodes, edges)


def said(view: View) -> list[str]:
    """Return each node as a line: its name, formula, note and operands."""
    names = {node.key: node.name for node in view.nodes}
    found = []
    for node in view.nodes:
        operands = [
            names[edge.tail] + f" ({said})" * bool(said)
            for edge in view.edges
            if edge.head == node.key
            for said in [edge_text(edge, node, node) or edge.operand]
        ]
        parts = [node.name, f"= {node.formula}" * bool(node.formula), node.note,
                 f"| {' '.join(operands)}" * bool(operands)]  # fmt: skip
        found.append(" ".join(filter(None, parts)))
    return found


def loop(times: int, *body: str) -> View:
    """Return the view of a loop whose lines have {i} for this and {j} for the last repeat."""
    lines = [line.format(i=i, j=i - 1) for i in range(1, times + 1) for line in body]
    return view_of("w", "h0", *lines, f"y = sum(h{times}) | h{times}")


class TestRepeats:
    def test_are_there_once(self) -> None:
        view = loop(12, "p{i} = h{j} * w | h{j} w", "h{i} = sin(p{i}) | p{i}")
        assert said(fold(view, collapse=True)) == [
            "w",
            "h0",
            "p12 = h11 * w ×12, the last | h0 (first repeat) h12 (next repeat, as h11) w",
            "h12 = sin(p12) ×12, the last | p12",
            "y = sum(h12) | h12",
        ]

    def test_show_the_last_value(self) -> None:
        view = view_of(
            "h0", *(f"h{i} = sin(h{i - 1}) | h{i - 1}" for i in range(1, 6)),
            "y = -h5 | h5", h4={"value": 4.0}, h5={"value": 5.0, "gradient": -1.0},
        )  # fmt: skip
        node = fold(view, collapse=True).nodes[1]
        assert (node.note, node.value, node.gradient) == ("×5, the last", 5.0, -1.0)

    def test_keep_both_uses_by_one_node(self) -> None:
        view = loop(5, "h{i} = h{j} * h{j} | h{j} h{j}")
        again = " ".join(["h5 (next repeat, as h4)"] * 2)
        first = " ".join(["h0 (first repeat)"] * 2)
        assert f"h5 = h4 * h4 ×5, the last | {first} {again}" in said(fold(view, collapse=True))

    def test_state_the_arithmetic_of_the_repeat_that_is_shown(self) -> None:
        """With x = 1, h1 = sin(1) = 0.84 beside the slope cos(1) = 0.54, and so on."""
        values = [1.0]
        for _ in range(9):
            values.append(float(np.sin(values[-1])))
        view = view_of(
            "h0",
            *(f"h{i} = sin(h{i - 1}) | h{i - 1}" for i in range(1, 10)),
            "y = -h9 | h9",
            **{f"h{i}": {"value": x} for i, x in enumerate(values)},
        )
        for i, edge in enumerate(view.edges[:-1]):
            edge.derivative = f"cos(h{i}) = {np.cos(values[i]):.4f}"
        folded = fold(view, collapse=True)
        nodes = {node.key: node for node in folded.nodes}
        first, again, _ = folded.edges
        assert (nodes[first.head].value, nodes[first.head].formula) == (values[9], "sin(h8)")
        assert (again.operand, again.leads_back) == ("h8", True)
        assert edge_text(again, nodes[again.tail], nodes[again.head]) == (
            f"next repeat, as h8: ∂h9/∂h8 = cos(h8) = {np.cos(values[8]):.4f}"
        )
        assert edge_text(first, nodes[first.tail], nodes[first.head]) == "first repeat"

    @pytest.mark.parametrize(("times", "shown"), [(3, ["2", "3", "4", "5"]), (9, ["8", ""])])
    def test_have_the_derivatives_of_all_that_is_used_of_few(
        self, times: int, shown: list[str]
    ) -> None:
        names = [f"s{i}" for i in range(times)]
        view = view_of("x", *(f"{name} = sin(x) | x" for name in names),
                       f"y = stack({', '.join(names)}) | {' '.join(names)}")  # fmt: skip
        for i, edge in enumerate(view.edges):
            edge.derivative = str(i)
        folded = fold(view, collapse=True)
        assert [edge.derivative for edge in folded.edges] == shown
        assert (folded.edges[-1].repeat == "from each repeat") == (times == 9)

    def test_say_what_a_derivative_is_taken_of(self) -> None:
        lines = [f"W{i}" for i in range(4)]
        lines += [f"h{i + 1} = h{i} @ W{i} | h{i} W{i}" for i in range(4)]
        folded = fold(view_of("h0", *lines, "y = sum(h4) | h4"), collapse=True)
        (weights,) = [edge for edge in folded.edges if edge.tail == "n4"]
        weights.derivative = "h3"
        nodes = {node.key: node for node in folded.nodes}
        assert edge_text(weights, nodes[weights.tail], nodes[weights.head]) == "∂h4/∂W3 = h3"

    def test_take_what_each_of_them_was_given_with_them(self) -> None:
        lines = [f"W{i}" for i in range(4)]
        lines += [f"h{i + 1} = h{i} @ W{i} | h{i} W{i}" for i in range(4)]
        view = view_of("h0", *lines, "y = sum(h4) | h4")
        assert said(fold(view, collapse=True)) == [
            "h0",
            "W3 ×4, the last",
            "h4 = h3 @ W3 ×4, the last | h0 (first repeat) h4 (next repeat, as h3) W3",
            "y = sum(h4) | h4",
        ]

    def test_of_what_is_given_have_the_name_of_the_one_that_is_shown(self) -> None:
        lines = [f"W{i}" for i in range(4)]
        lines += [f"h{i + 1} = h{i} @ W{i} | h{i} W{i}" for i in range(4)]
        values = {f"W{i}": {"value": float(i), "gradient": -float(i)} for i in range(4)}
        node = fold(view_of("h0", *lines, "y = sum(h4) | h4", **values), collapse=True).nodes[1]
        assert (node.name, node.value, node.gradient) == ("W3", 3.0, -3.0)

    def test_that_are_used_elsewhere_say_which(self) -> None:
        steps = [f"h{i + 1} = sin(h{i}) | h{i}" for i in range(6)]
        view = view_of("h0", *steps, "y = h6 * h3 | h6 h3")
        view.edges[-1].derivative = "h6"
        folded = fold(view, collapse=True)
        assert said(folded)[-1] == "y = h6 * h3 | h6 h6 (from repeat 3, as h3: ∂y/∂h3 = h6)"

    def test_that_are_used_elsewhere_say_how_many_others_are(self) -> None:
        steps = [f"h{i + 1} = sin(h{i}) | h{i}" for i in range(6)]
        view = view_of("h0", *steps, "y = stack(h1, h2, h3, h4, h5) | h1 h2 h3 h4 h5")
        shown = "y = stack(h1, h2, h3, h4, h5) | h6 (from repeat 5 and 4 others, as h5)"
        assert said(fold(view, collapse=True))[-1] == shown

    def test_that_are_used_elsewhere_are_few_that_have_edges_of_their_own(self) -> None:
        steps = [f"h{i + 1} = sin(h{i}) | h{i}" for i in range(6)]
        view = view_of("h0", *steps, "y = where(h2, h3, h5) | h2 h3 h5")
        for edge, derivative in zip(view.edges[-3:], ["", "1", "0"], strict=True):
            edge.derivative = derivative
        assert said(fold(view, collapse=True))[-1] == (
            "y = where(h2, h3, h5) | h6 (from repeat 2, as h2) "
            "h6 (from repeat 3, as h3: ∂y/∂h3 = 1) h6 (from repeat 5, as h5: ∂y/∂h5 = 0)"
        )

    def test_that_go_into_repeats_of_something_else_say_which(self) -> None:
        """Of six of h, the sum takes but the first five."""
        steps = [f"h{i + 1} = sin(h{i}) | h{i}" for i in range(6)]
        sums = [f"s{i + 1} = s{i} + h{i + 1} | s{i} h{i + 1}" for i in range(5)]
        folded = said(fold(view_of("h0", "s0", *steps, *sums, "y = s5 * h6 | s5 h6"), True))
        assert folded[-2:] == [
            "s5 = s4 + h5 ×5, the last | s0 (first repeat) s5 (next repeat, as s4) "
            "h6 (from repeat 5, as h5)",
            "y = s5 * h6 | s5 h6",
        ]

    def test_may_take_what_this_and_the_one_before_made(self) -> None:
        steps = ("p{i} = sin(h{j}) | h{j}", "h{i} = p{i} * p{j} | p{i} p{j}")
        lines = [line.format(i=i, j=i - 1) for i in range(1, 6) for line in steps]
        shown = said(fold(view_of("h0", "p0", *lines, "y = -h5 | h5"), collapse=True))
        row = "h5 = p5 * p4 ×5, the last | p0 (first repeat) p5 p5 (next repeat, as p4)"
        assert row in shown

    def test_may_have_keys_of_their_own(self) -> None:
        steps = [f"h{i + 1} = h{i} + data[{i}] | h{i} data" for i in range(4)]
        view = view_of("data", "h0", *steps, "y = sum(h4) | h4")
        shown = (
            "h4 = h3 + data[3] ×4, the last, numbers differ | h0 (first repeat) "
            "h4 (next repeat, as h3) data"
        )
        assert shown in said(fold(view, collapse=True))

    @pytest.mark.parametrize(
        ("line", "last"),
        [
            ("h{i} = sin(h{j}, {i})", "sin(h5, 6)"),
            ("h{i} = h{j} ** {i}", "h5 ** 6"),
            ("h{i} = h{j} * 0.{i}", "h5 * 0.6"),
            ("h{i} = h{j} + -{i}e-05", "h5 + -6e-05"),
            ("h{i} = h{j} * (1+{i}j)", "h5 * (1+6j)"),
        ],
    )
    def test_may_have_numbers_of_their_own(self, line: str, last: str) -> None:
        folded = fold(loop(6, f"{line} | h{{j}}"), collapse=True)
        assert [node.formula for node in folded.nodes[2:-1]] == [last]
        assert [node.note for node in folded.nodes[2:-1]] == ["×6, the last, numbers differ"]

    @pytest.mark.parametrize(
        ("line", "differ"),
        [
            ("h{i} = sum(h{j}, axis={k})", True),
            ("h{i} = h{j} ** {k}", True),
            ("h{i} = h{j}[:{k}]", True),
            ("h{i} = h{j} ** 2", False),
            ("h{i} = log2(h{j})", False),
            ("h{i} = h{j} * h{j}", False),
        ],
    )
    def test_say_whether_their_numbers_differ(self, line: str, differ: bool) -> None:
        lines = [f"{line} | h{{j}}".format(i=i, j=i - 1, k=i % 2) for i in range(1, 7)]
        folded = fold(view_of("h0", *lines, "y = -h6 | h6"), collapse=True)
        assert folded.nodes[1].note == "×6, the last" + ", numbers differ" * differ

    @pytest.mark.parametrize(("values", "differ"), [(range(1, 6), True), ([2] * 5, False)])
    @pytest.mark.parametrize("pattern", [np.ones(2), np.arange(2.0)])
    def test_say_whether_constants_differ(self, values: Any, differ: bool, pattern: Any) -> None:
        """Those whose entries are equal are numbers in the formula."""
        lines = [f"v{i}\nh{i} = h{i - 1} * v{i} | h{i - 1} v{i}" for i in range(1, 6)]
        facts: dict[str, Any] = {f"h{i}": {"value": np.ones(2)} for i in range(6)}
        for i, value in enumerate(values, 1):
            facts[f"v{i}"] = {"value": pattern * value}
        view = view_of("h0", *"\n".join(lines).split("\n"), "y = -h5 | h5", **facts)
        for node in view.nodes:
            node.kind = "constant" if node.name.startswith("v") else node.kind
        notes = {node.note for node in fold(view, collapse=True).nodes if node.note}
        with_differences = "×5, the last, numbers differ"
        assert (with_differences in notes) == differ
        assert len(notes) == 1 + (differ and pattern[0] == 0)

    @pytest.mark.parametrize("inner", [True, False])
    def test_within_repeats_say_whether_numbers_of_any_differ(self, inner: bool) -> None:
        lines, last = [], "x"
        for i in range(4):
            for j in range(3):
                lines.append(f"s{i}{j} = {last} ** {j if inner else i} | {last}")
                last = f"s{i}{j}"
            lines.append(f"c{i} = cos({last}) | {last}")
            last = f"c{i}"
        folded = fold(view_of("x", *lines, f"y = -{last} | {last}"), collapse=True)
        notes = [node.note for node in folded.nodes[1:-1]]
        assert notes == ["×12, the last, numbers differ", "×4, the last"]

    def test_within_repeats_are_counted_together(self) -> None:
        lines = []
        last = "x"
        for i in range(4):
            for j in range(3):
                lines.append(f"s{i}{j} = sin({last}) | {last}")
                last = f"s{i}{j}"
            lines.append(f"c{i} = cos({last}) | {last}")
            last = f"c{i}"
        folded = said(fold(view_of("x", *lines, f"y = -{last} | {last}"), collapse=True))
        assert folded == [
            "x",
            "s32 = sin(s31) ×12, the last | x (first repeat) c3 (next repeat, as c2) "
            "s32 (next repeat, as s31)",
            "c3 = cos(s32) ×4, the last | s32",
            "y = -c3 | c3",
        ]

    def test_side_by_side_are_folded_as_well(self) -> None:
        lines = [f"s{i} = sin(x) | x" for i in range(3)]
        view = view_of("x", *lines, "y = stack(s0, s1, s2) | s0 s1 s2")
        assert said(fold(view, collapse=True)) == [
            "x",
            "s2 = sin(x) ×3, the last | x",
            "y = stack(s0, s1, s2) | s2 (from repeat 1, as s0) s2 (from repeat 2, as s1) s2",
        ]

    def test_are_at_least_three(self) -> None:
        view = loop(2, "p{i} = h{j} * w | h{j} w", "h{i} = sin(p{i}) | p{i}")
        assert fold(view, collapse=True) == fold(view, collapse=False)

    @pytest.mark.parametrize("names", ["log2 log10 log1p expm1", "f1 g1 f2 g2"])
    def test_are_none_where_functions_differ(self, names: str) -> None:
        lines = [f"h{i} = {name}(h{i - 1}) | h{i - 1}" for i, name in enumerate(names.split(), 1)]
        view = view_of("h0", *lines, "y = -h4 | h4")
        assert fold(view, collapse=True) == fold(view, collapse=False)

    def test_are_none_where_shapes_differ(self) -> None:
        shapes = {f"h{i}": {"value": np.ones(i)} for i in range(1, 7)}
        view = view_of("h0", *(f"h{i} = cumsum(h{i - 1}) | h{i - 1}" for i in range(1, 7)),
                       "y = sum(h6) | h6", **shapes)  # fmt: skip
        assert fold(view, collapse=True).nodes == view.nodes

    def test_are_none_where_operands_come_from_elsewhere(self) -> None:
        """As in the Fibonacci numbers, but the third takes its second operand from the start."""
        view = view_of(
            "a", "h1 = exp(a) | a", "h2 = exp(h1) | h1", "h3 = exp(h1) | h1", "h4 = exp(h3) | h3",
            "h5 = exp(h2) | h2", "y = h5 + h4 | h5 h4",
        )  # fmt: skip
        assert len(fold(view, collapse=True).nodes) == len(view.nodes)

    def test_are_none_where_operands_stop_being_shared(self) -> None:
        view = view_of("a", "h1 = exp(a) | a", "h2 = exp(a) | a", "h3 = exp(h1) | h1",
                       "y = h2 + h3 | h2 h3")  # fmt: skip
        assert len(fold(view, collapse=True).nodes) == len(view.nodes)

    def test_may_end_with_the_output(self) -> None:
        view = view_of("h0", *(f"h{i} = sin(h{i - 1}) | h{i - 1}" for i in range(1, 6)))
        shown = "h5 = sin(h4) ×5, the last | h0 (first repeat) h5 (next repeat, as h4)"
        folded = fold(view, collapse=True)
        assert said(folded) == ["h0", shown]
        assert folded.nodes[-1].kind == "output"

    @pytest.mark.parametrize("outputs", [(3, 8), (2, 3, 8), (8, 9)])
    def test_have_an_output_in_none_but_the_last(self, outputs: tuple[int, ...]) -> None:
        view = view_of("h0", *(f"h{i} = sin(h{i - 1}) | h{i - 1}" for i in range(1, 10)))
        for i, node in enumerate(view.nodes[1:], 1):
            node.kind = "output" if i in outputs else "op"
        folded = fold(view, collapse=True)
        assert [n.name for n in folded.nodes if n.kind == "output"] == [f"h{i}" for i in outputs]
        assert sum(node.size for node in folded.nodes) == 10

    @pytest.mark.parametrize("order", ["rate * s{i} | rate s{i}", "s{i} * rate | s{i} rate"])
    def test_begin_with_the_first_whatever_is_given_to_it(self, order: str) -> None:
        """The rate is first used within the first repeat, and no other has it there."""
        body = ("s{i} = sin(h{j}) | h{j}", "p{i} = " + order, "h{i} = h{j} - p{i} | h{j} p{i}")
        lines = [line.format(i=i, j=i - 1) for i in range(1, 7) for line in body]
        shown = said(fold(view_of("h0", "rate", *lines, "y = -h6 | h6"), collapse=True))
        assert [line.partition(",")[0] for line in shown if "×" in line] == [
            "s6 = sin(h5) ×6", f"p6 = {order.partition(' |')[0].format(i=6)} ×6", "h6 = h5 - p6 ×6",
        ]  # fmt: skip
        assert "rate" in shown

    def test_begin_with_the_first_where_its_state_is_given(self) -> None:
        """As the zeros that two layers begin with, and each layer has a weight of its own."""
        body = ("p{i} = tanh(h{j}) | h{j}", "h{i} = p{i} * s{j} | p{i} s{j}",
                "w{i}", "s{i} = s{j} @ w{i} | s{j} w{i}")  # fmt: skip
        lines = [line.format(i=i, j=i - 1) for i in range(1, 7) for line in body]
        view = view_of("s0", "h0", *lines, "y = h6 * s6 | h6 s6")
        notes = {node.name: node.note for node in fold(view, collapse=True).nodes}
        assert notes == {"s0": "", "h0": "", "y": "", **dict.fromkeys(["p6", "h6", "w6", "s6"],
                                                                      "×6, the last")}  # fmt: skip

    def test_have_weights_that_are_used_elsewhere_too(self) -> None:
        """As by an encoder and a decoder that share them, each of which uses them twice."""
        lines = [f"w{i}\np{i} = h{i - 1} @ w{i} | h{i - 1} w{i}\nh{i} = p{i} * w{i} | p{i} w{i}"
                 for i in range(1, 5)]  # fmt: skip
        lines += [f"h{i} = solve(w{i - 4}, h{i - 1}) | w{i - 4} h{i - 1}" for i in range(5, 9)]
        view = view_of("h0", *"\n".join(lines).split("\n"), "y = -h8 | h8")
        assert [node.note for node in fold(view, collapse=True).nodes] == [
            "", *["×4, the last"] * 4, ""
        ]  # fmt: skip

    def test_never_are_outputs(self) -> None:
        view = view_of("x", *(f"y{i} = sin(x) | x" for i in range(5)))
        for node in view.nodes[1:]:
            node.kind = "output"
        assert fold(view, collapse=True).nodes == view.nodes

    def test_of_scopes_are_one_scope(self) -> None:
        scopes = {f"h{i}": {"scopes": ("net", f"blocks.{i}")} for i in range(1, 6)}
        view = view_of("h0", *(f"h{i} = relu(h{i - 1}) | h{i - 1}" for i in range(1, 6)),
                       "y = sum(h5) | h5", **scopes)  # fmt: skip
        assert without_repeats(view).nodes[1].scopes == ("net", "blocks.1 … blocks.5")


class TestScopes:
    def layers(self) -> View:
        inner, outer = {"scopes": ("net", "a")}, {"scopes": ("net",)}
        return view_of(
            "x", "w", "p = x @ w | x w", "h = tanh(p) | p", "r = -h | h", "y = sum(r) | r",
            w=inner, p=inner, h={**inner, "value": 3.0}, r=outer,
        )  # fmt: skip

    def test_that_are_innermost_are_one_node_each(self) -> None:
        folded = fold(self.layers(), collapse=True)
        assert said(folded) == ["x", "h = a(x) 3 nodes | x", "r = -h | h", "y = sum(r) | r"]
        assert folded.nodes[1].kind == "scope"
        assert folded.nodes[1].scopes == ("net",)
        assert folded.nodes[1].value == 3.0

    def test_count_the_nodes_in_scopes_that_were_closed_before(self) -> None:
        once = fold(self.layers(), "a")
        assert said(fold(once, "net"))[1] == "r = net(x) 4 nodes | x"

    def test_within_others_are_counted_through(self) -> None:
        """Each layer has an inner scope of two nodes, and one of its own."""
        lines, facts = ["h0"], {}
        for i in range(70):
            home = {"scopes": ("model", f"layers.{i}", "cell"), "entries": (1, 2 * i, 2 * i + 1)}
            lines += [f"p{i} = sin(h{i}) | h{i}", f"q{i} = cos(p{i}) | p{i}",
                      f"h{i + 1} = -q{i} | q{i}"]  # fmt: skip
            facts |= {f"p{i}": home, f"q{i}": home}
            facts[f"h{i + 1}"] = {key: value[:2] for key, value in home.items()}
        view = fold(view_of(*lines, "y = sum(h70) | h70", **facts))
        (box,) = [node for node in view.nodes if node.kind == "scope"]
        assert (box.note, box.size) == ("×70, the last, 3 nodes", 210)

    def test_of_repeats_count_the_nodes_of_one_call(self) -> None:
        home = {f"{name}{i}": {"scopes": ("cell",), "entries": (i,)}
                for i in range(1, 6) for name in "ph"}  # fmt: skip
        lines = [f"{name}{i} = {line} | {{}}".format(operand) for i in range(1, 6)
                 for name, line, operand in (("p", f"h{i - 1} ** {i}", f"h{i - 1}"),
                                             ("h", f"sin(p{i})", f"p{i}"))]  # fmt: skip
        folded = fold(view_of("h0", *lines, "y = -h5 | h5", **home), collapse=True)
        assert folded.nodes[1].note == "×5, the last, numbers differ, 2 nodes"

    def test_are_closed_by_name(self) -> None:
        assert said(fold(self.layers(), collapse="net")) == [
            "x",
            "r = net(x) 4 nodes | x",
            "y = sum(r) | r",
        ]

    def test_that_are_repeated_lead_back_too(self) -> None:
        lines = [line.format(i=i, j=i - 1) for i in range(1, 7)
                 for line in ("p{i} = h{j} * w | h{j} w", "h{i} = sin(p{i}) | p{i}")]  # fmt: skip
        cells = {f"{name}{i}": {"scopes": ("cell",), "entries": (i,)}
                 for i in range(1, 7) for name in "ph"}  # fmt: skip
        view = view_of("w", "h0", *lines, "y = -h6 | h6", **cells)
        assert said(fold(view, collapse=True)) == [
            "w",
            "h0",
            "h6 = cell(h5, w) ×6, the last, 2 nodes | h0 (first repeat) h6 (next repeat, as h5) w",
            "y = -h6 | h6",
        ]

    def test_that_an_output_comes_out_of_are_that_output(self) -> None:
        view = self.layers()
        view.nodes[-1].scopes, view.nodes[-1].value = ("net",), 5.0
        folded = fold(view, collapse="net")
        assert said(folded) == ["x", "y = net(x) 5 nodes | x"]
        assert (folded.nodes[-1].kind, folded.nodes[-1].value) == ("output", 5.0)

    def test_that_an_output_and_more_come_out_of_name_both(self) -> None:
        inside = {"scopes": ("net",)}
        view = view_of("x", "a = sin(x) | x", "b = -a | a", "y = a + x | a x", a=inside, b=inside)
        view.nodes[2].kind = "output"
        assert said(fold(view, collapse="net"))[1:] == [
            "a, b = net(x) 2 nodes | x", "y = a + x | a, b (a) x",
        ]  # fmt: skip

    def test_that_two_outputs_come_out_of_name_both(self) -> None:
        inside = {"scopes": ("net",)}
        view = view_of("x", "a = sin(x) | x", "b = -a | a", a=inside, b=inside)
        view.nodes[1].kind = "output"
        (_, box) = fold(view, collapse="net").nodes
        assert (box.name, box.kind, box.value) == ("a, b", "output", None)

    def test_never_hide_what_has_failed(self) -> None:
        view = self.layers()
        view.nodes[-1].scopes, view.nodes[-1].kind = ("net",), "failed"
        folded = fold(view, collapse="net")
        assert [node.kind for node in folded.nodes] == ["leaf", "scope", "failed"]
        assert folded.nodes[-1].scopes == ("net",)

    @pytest.mark.parametrize("names", [["a", "b"], ("a", "b"), {"a", "b"}, {"a": 1, "b": 2}])
    def test_are_closed_by_several_names(self, names: Any) -> None:
        view = view_of("x", "p = sin(x) | x", "q = cos(p) | p", "r = -q | q", "y = sum(r) | r",
                       p={"scopes": ("a",)}, q={"scopes": ("b",)},
                       r={"scopes": ("c",)})  # fmt: skip
        shown = ["x", "p = a(x) 1 node | x", "q = b(p) 1 node | p"]
        assert said(fold(view, names)) == [*shown, "r = -q | q", "y = sum(r) | r"]
        assert said(fold(view, [])) == said(fold(view, False))

    def steps(self, times: int) -> View:
        home = {f"{name}{i}": {"scopes": ("step",), "entries": (i,)}
                for i in range(1, times + 1) for name in "sph"}  # fmt: skip
        body = (
            "s{i} = sin(h{j}) | h{j}",
            "p{i} = 0.1 * s{i} | s{i}",
            "h{i} = h{j} - p{i} | h{j} p{i}",
        )
        lines = [line.format(i=i, j=i - 1) for i in range(1, times + 1) for line in body]
        return view_of("h0", *lines, **home)

    @pytest.mark.parametrize("collapse", ["step", ["step"], "auto", True])
    @pytest.mark.parametrize("times", [25, 90])
    def test_of_more_than_is_read_at_once_are_folded(self, collapse: Any, times: int) -> None:
        folded = fold(self.steps(times), collapse)
        last, before = f"h{times}", f"h{times - 1}"
        if times < 90 or collapse != "auto":  # where all is folded, and nothing has to be closed
            assert said(folded)[1:] == [
                f"{last} = step({before}) ×{times}, the last, 3 nodes | h0 (first repeat) "
                f"{last} (next repeat, as {before})"
            ]
        assert sum(node.size for node in folded.nodes) == 3 * times + 1

    def test_of_few_nodes_are_closed_one_by_one(self) -> None:
        assert len(fold(self.steps(10), "step").nodes) == 11

    def test_of_a_deep_network_are_folded(self) -> None:
        """Each of the layers has another name, and a weight and a bias of its own."""
        lines, facts = ["h0"], {}
        for i in range(1, 42):
            lines += [f"w{i}", f"p{i} = h{i - 1} @ w{i} | h{i - 1} w{i}", f"b{i}",
                      f"h{i} = p{i} + b{i} | p{i} b{i}"]  # fmt: skip
            home = {"scopes": ("net", f"layers.{i}"), "entries": (1, i)}
            facts |= {f"{name}{i}": home for name in "wpbh"}
        folded = fold(view_of(*lines, "y = sum(h41) | h41", **facts), "auto")
        assert said(folded)[1] == (
            "h41 = layers.41(h40) ×41, the last, 4 nodes | h0 (first repeat) "
            "h41 (next repeat, as h40)"
        )

    def test_with_several_results_say_which_one_a_derivative_is_taken_of(self) -> None:
        inside = {"scopes": ("net",)}
        view = view_of("x", "a = sin(x) | x", "b = a * x | a x", "y = a * b | a b",
                       a=inside, b=inside)  # fmt: skip
        for edge, derivative in zip(view.edges[-2:], "ba", strict=True):
            edge.derivative = derivative
        assert said(fold(view, collapse="net"))[1:] == [
            "a, b = net(x) 2 nodes | x",
            "y = a * b | a, b (∂y/∂a = b) a, b (∂y/∂b = a)",
        ]

    def test_with_several_results_that_go_into_one_another_say_which_go_in(self) -> None:
        inner, outer = {"scopes": ("inner",)}, {"scopes": ("outer",)}
        view = view_of("x", "a = sin(x) | x", "b = cos(x) | x", "c = -b | b", "y = c * a | c a",
                       a=inner, b=inner, c=outer)  # fmt: skip
        shown = said(fold(view, collapse=True))
        assert shown[1:3] == ["a, b = inner(x) 2 nodes | x", "c = outer(b) 1 node | a, b (b)"]

    @pytest.mark.parametrize("kind", ["parameter", "constant", "leaf"])
    def test_that_compute_nothing_stay_as_they_are(self, kind: str) -> None:
        """The last layer's bias is apart from its product, for what has failed is never hidden."""
        inside = {"scopes": ("net", "a")}
        view = view_of("x", "w", "p = x @ w | x w", "b", "y = p + b | p b",
                       w=inside, p=inside, b=inside, y=inside)  # fmt: skip
        view.nodes[1].kind = view.nodes[3].kind = kind
        view.nodes[-1].kind = "failed"
        folded = fold(view, collapse="a")
        assert said(folded)[2:] == ["b", "y = p + b | p b"]
        assert (folded.nodes[2].kind, folded.nodes[2].scopes) == (kind, ("net", "a"))

    def test_leave_what_is_given_and_used_elsewhere_outside(self) -> None:
        """As a matrix that two layers share: it is no result of the first."""
        inside = {"scopes": ("a",)}
        view = view_of("x", "w", "p = x @ w | x w", "y = p @ w | p w", w=inside, p=inside)
        assert said(fold(view, collapse="a")) == [
            "x", "w", "p = a(x, w) 1 node | x w", "y = p @ w | p w",
        ]  # fmt: skip

    def test_that_are_entered_twice_are_two_nodes(self) -> None:
        inside = {"scopes": ("cell",)}
        view = view_of(
            "x", "a = sin(x) | x", "b = -a | a", "c = sin(b) | b", "y = c + a | c a",
            a=inside, c=inside,
        )  # fmt: skip
        assert said(fold(view, collapse="cell")) == [
            "x", "a = cell(x) 1 node | x", "b = -a | a", "c = cell(b) 1 node | b",
            "y = c + a | c a",
        ]  # fmt: skip


class TestConstants:
    def constant(self, value: Any, name: str = "v1", call: str = "x * {name}") -> View:
        shape = {"value": np.ones(np.shape(value))}
        formula = call.format(name=name)
        view = view_of("x", name, f"v2 = {formula} | x {name}", "y = sum(v2) | v2", x=shape,
                       v2=shape)  # fmt: skip
        view.nodes[1].kind, view.nodes[1].value = "constant", value
        return view

    def test_whose_entries_are_equal_are_numbers_in_formulas(self) -> None:
        assert said(fold(self.constant(np.full(3, 0.5)), collapse=True)) == [
            "x",
            "v2 = x * 0.5 | x",
            "y = sum(v2) | v2",
        ]

    @pytest.mark.parametrize(
        "call", ["{name} @ x", "x @ {name}", "einsum('i,i', {name}, x)", "concatenate({name}, x)"]
    )
    def test_whose_shapes_matter_are_shown(self, call: str) -> None:
        assert len(fold(self.constant(np.zeros(3), call=call), collapse=True).nodes) == 4

    def test_that_give_the_result_its_shape_are_shown(self) -> None:
        view = self.constant(np.ones(3))
        view.nodes[0].value = 2.0
        assert len(fold(view, collapse=True).nodes) == 4

    @pytest.mark.parametrize(
        ("call", "formula"),
        [
            ("{name} ** x", "(−0.5) ** x"), ("x >= {name}", "x >= −0.5"),
            ("where(x, {name}, x)", "where(x, −0.5, x)"),
        ],
    )  # fmt: skip
    def test_are_spelt_as_in_a_program(self, call: str, formula: str) -> None:
        folded = fold(self.constant(np.full(3, -0.5), call=call), collapse=True)
        assert folded.nodes[1].formula == formula.replace("−", "-")

    @pytest.mark.parametrize("operator", ["*", "+", "**"])
    def test_that_are_complex_have_brackets(self, operator: str) -> None:
        view = self.constant(np.full(3, 1 - 2j), call=f"x {operator} {{name}}")
        assert fold(view, collapse=True).nodes[1].formula == f"x {operator} (1-2j)"

    @pytest.mark.parametrize(
        ("value", "name"), [(np.arange(3.0), "v1"), (np.ones(3), "mask"), (np.ones((0, 3)), "v1")]
    )
    def test_that_say_more_are_shown(self, value: Any, name: str) -> None:
        assert len(fold(self.constant(value, name), collapse=True).nodes) == 4


class TestSlices:
    view = view_of(
        "x", "w", "a = sin(x) | x", "b = a * w | a w", "c = cos(a) | a", "d = b + c | b c",
        "y = sum(d) | d",
    )  # fmt: skip

    def test_from_a_start_hold_what_comes_from_it_and_the_leaves_it_takes(self) -> None:
        folded = fold(self.view, start_key="n3")
        assert said(folded) == ["…", "b = a * w | …", "…", "d = b + c | b …", "y = sum(d) | d"]
        assert folded.notes == ["only what lies between b and the outputs"]
        assert "w" in said(fold(self.view, start_key="n2"))

    @pytest.mark.parametrize(
        ("reach", "names"),
        [(0, "…y"), (1, "…dy"), (2, "…b…cdy"), (3, "w…abcdy"), (9, "xwabcdy")],
    )
    def test_near_the_outputs_hold_what_is_so_many_edges_away(self, reach: int, names: str) -> None:
        assert [node.name for node in fold(self.view, reach=reach).nodes] == list(names)

    def test_near_the_outputs_say_what_is_missing(self) -> None:
        assert fold(self.view, reach=1).notes == [
            "only what is within 1 edge of the outputs: 5 more nodes before it"
        ]
        assert fold(self.view, reach=9).notes == []

    def test_mark_what_is_left_out_once_before_each_call(self) -> None:
        """So that x * w is not taken for a call without operands."""
        view = view_of("x", "w", "p = x * w | x w", "y = -p | p", p={"scopes": ("net",)})
        folded = fold(view, start_key="n2")
        assert said(folded) == ["…", "p = x * w | …", "y = -p | p"]
        assert (folded.nodes[0].kind, folded.nodes[0].scopes) == ("cut", ("net",))

    def test_of_slices_have_one_mark_before_each_call(self) -> None:
        folded = fold(self.view, start_key="n3", reach=1)
        assert said(folded) == ["…", "d = b + c | …", "y = sum(d) | d"]
        assert folded.notes[-1].endswith("within 1 edge of the outputs: 1 more nodes before it")

    def test_that_are_cut_again_keep_the_mark_there_is(self) -> None:
        """Of d = b + c, c is left out first, and then b."""
        cut = fold(self.view, start_key="n3")
        cut.edges.reverse()  # what is nearest begins with the mark
        keys = [node.key for node in nearest_part(cut, 3).nodes]
        assert keys == ["n5_cut", "n5", "n6"]

    def test_from_a_leaf_have_no_mark_before_it(self) -> None:
        assert fold(self.view, start_key="n0").nodes[0].name == "x"

    @pytest.mark.parametrize("reach", [1.5, "2", True])
    def test_of_no_number_of_edges_are_refused(self, reach: Any) -> None:
        with pytest.raises(TypeError, match="number of edges"):
            fold(self.view, reach=reach)

    def test_of_less_than_no_edge_are_refused(self) -> None:
        with pytest.raises(ValueError, match="0 or more, but got -1"):
            fold(self.view, reach=-1)


class TestAuto:
    def test_closes_the_inner_scopes_of_what_is_more_than_can_be_read_at_once(self) -> None:
        view = layers_of_calls(12, 6)
        folded = fold(view)
        assert [node.formula[:6] for node in folded.nodes[:-1]] == ["layer_"] * 12
        assert folded.notes == ["73 nodes: scopes closed (collapse=False shows all)"]
        assert {node.scopes for node in folded.nodes[:-1]} == {("net",)}
        assert fold(layers_of_calls(9, 6)).nodes == layers_of_calls(9, 6).nodes

    def test_leaves_the_outermost_scope_open_where_it_can(self) -> None:
        folded = fold(layers_of_calls(70, 3))
        assert len(folded.nodes) == 71
        assert {node.scopes for node in folded.nodes[:-1]} == {("net",)}

    def test_leaves_three_hundred_nodes_as_they_are(self) -> None:
        view = chain(MOST_NODES)
        assert fold(view) == view
        assert len(fold(chain(MOST_NODES + 1)).nodes) < 10

    def test_says_what_it_did(self) -> None:
        assert fold(chain(3812)).notes == [
            "3 812 nodes: repeats folded (collapse=False shows all)",
            "×: drawn once for so many repeats, as in the last; "
            "what it takes from the one before, such as v3810, is not drawn",
        ]

    def test_closes_scopes_where_nothing_repeats(self) -> None:
        view = irregular(400)
        for i, node in enumerate(view.nodes[:-1]):
            node.scopes = ("outer", "inner") if i < 200 else ()
        folded = fold(view)
        assert [node.formula for node in folded.nodes if node.kind == "scope"] == ["inner()"]
        assert folded.notes == ["400 nodes: scopes closed (collapse=False shows all)"]

    def test_keeps_what_is_nearest_to_the_outputs_at_last(self) -> None:
        view = irregular(400)
        folded = fold(view)
        mark, *others = folded.nodes
        assert mark.kind == "cut"
        assert others == view.nodes[-60:]
        assert folded.notes == ["only the 60 nodes nearest to the outputs: 340 more before them"]

    def test_draws_an_unrolled_loop_of_ten_thousand_nodes_in_seconds(self) -> None:
        begin = time.process_time()
        drawn = svg(fold(chain(10_000)))
        assert time.process_time() - begin < 10
        assert "×" in drawn

    @pytest.mark.parametrize("times", [2, 4])
    def test_looks_for_long_repeats_in_seconds(self, times: int) -> None:
        """Of four of them, each second one uses something else than those before it."""
        body = 8000 // times
        view = irregular(8000)
        for i, node in enumerate(view.nodes):
            node.formula = view.nodes[i % body].formula
        if times == 4:
            view.edges += [Edge(f"n{i - i % (2 * body)}", f"n{i}") for i in range(1, 8000, 50)]
        begin = time.process_time()
        folded = fold(view)
        assert time.process_time() - begin < 3
        assert folded.notes[0].startswith("only the 60 nodes nearest to the outputs")

    @given(st.integers(0, 10_000), st.integers(1, 4))
    @settings(max_examples=30, deadline=None)
    def test_keeps_every_edge_between_earlier_and_later(self, seed: int, kinds: int) -> None:
        view = at_random(seed, kinds)
        for collapse in (True, "auto", False):
            folded = fold(view, collapse)
            place = {node.key: i for i, node in enumerate(folded.nodes)}
            assert len(place) == len(folded.nodes)
            forward = [edge for edge in folded.edges if not edge.leads_back]
            assert all(place[edge.tail] < place[edge.head] for edge in forward)
            assert {n.key for n in view.nodes if n.kind == "output"} <= place.keys()
            svg(folded)


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_what_goes_into_the_next_repeat_of_a_later_node_is_drawn(direction: str) -> None:
    """As the state of a cell, which goes into the first of its calls and into another."""
    view = loop(5, "h{i} = sin(h{j}) | h{j}", "b{i} = cos(h{j}) | h{j}")
    view.nodes[-1].formula += " + b5"
    view.edges.append(Edge(next(n.key for n in view.nodes if n.name == "b5"), view.nodes[-1].key))
    folded = fold(view, collapse=True)
    names = {node.key: node.name for node in folded.nodes}
    back = [(names[e.tail], names[e.head]) for e in folded.edges if e.leads_back]
    assert back == [("h5", "h5"), ("h5", "b5")]
    assert svg(folded, direction=direction).count('class="edge"') == len(folded.edges)


def layers_of_calls(layers: int, calls: int) -> View:
    """Return the view of a net of layers of so many calls, each of its own kind, and an output."""
    view = irregular(layers * calls + 1)
    for i, node in enumerate(view.nodes[:-1]):
        node.scopes = ("net", f"layer_{'ab'[i // calls % 2] * (i // calls + 1)}")
    return view


def irregular(count: int) -> View:
    """Return the view of a chain of calls of different functions."""
    nodes = [Vertex(f"n{i}", "op", f"v{i}", f"f_{'ab'[i % 2] * (i + 1)}()") for i in range(count)]
    nodes[-1].kind = "output"
    return View(nodes, [Edge(f"n{i}", f"n{i + 1}") for i in range(count - 1)])


def at_random(seed: int, kinds: int) -> View:
    """Return a view of 30 nodes of a few kinds of calls, with random uses and scopes."""
    rng = np.random.default_rng(seed)
    nodes, edges = [Vertex("n0", "leaf", "v0")], []
    for i in range(1, 30):
        uses = rng.integers(max(0, i - 3), i, rng.integers(1, 3))
        names = ", ".join(f"v{j}" for j in uses)
        scopes = [(), ("a",), ("a", "b"), ("c",)][rng.integers(4) if seed % 2 else 0]
        nodes.append(
            Vertex(f"n{i}", "op", f"v{i}", f"f{rng.integers(kinds)}({names})", scopes=scopes)
        )
        edges += [Edge(f"n{j}", f"n{i}") for j in uses]
    nodes[-1].kind = "output"
    return View(nodes, edges)


def test_the_view_itself_stays_as_it_is() -> None:
    view, same = chain(400), chain(400)
    for collapse in (True, False, "auto"):
        fold(view, collapse, start_key="n5", reach=3)
    assert view == same


@pytest.mark.parametrize("collapse", ["layer", None, 3, ["model", "layer"], [3], [["model"]]])
def test_what_cannot_be_collapsed_is_refused(collapse: Any) -> None:
    with pytest.raises(ValueError, match=r"scopes, such as model, layers\.0; got"):
        fold(every_kind(), collapse)


class TestMarks:
    """What is left out before a node stays visible where its scope is closed."""

    def cut(self, *entries: int) -> list[str]:
        view = view_of("x", "v = exp(x) | x", "a = sin(v) | v", "b = cos(v) | v",
                       "y = a * b | a b")  # fmt: skip
        for node, entry in zip(view.nodes[2:4], entries, strict=True):
            node.scopes, node.entries = ("enc",), (entry,)
        return said(fold(view, "enc", reach=1))

    def test_go_into_the_closed_scope_as_one(self) -> None:
        assert self.cut(1, 1) == ["…", "a, b = enc(…) 2 nodes | …", "y = a * b | a, b (a) a, b (b)"]

    def test_go_into_each_of_two_closed_scopes(self) -> None:
        assert self.cut(1, 2) == [
            "…", "a = enc(…) 1 node | …", "…", "b = enc(…) 1 node | …", "y = a * b | a b",
        ]  # fmt: skip

    def test_stand_where_the_closed_scope_stands(self) -> None:
        view = view_of("x", "v = exp(x) | x", "a = sin(v) | v", "y = -a | a",
                       a={"scopes": ("net", "enc")})  # fmt: skip
        folded = fold(view, "enc", reach=1)
        assert [(n.name, n.scopes) for n in folded.nodes] == [
            ("…", ("net",)), ("a", ("net",)), ("y", ()),
        ]  # fmt: skip

    def test_of_open_scopes_stay_in_them(self) -> None:
        view = view_of("x", "v = exp(x) | x", "a = sin(v) | v", "b = cos(v) | v", "y = a * b | a b",
                       a={"scopes": ("open",)}, b={"scopes": ("enc",)})  # fmt: skip
        folded = fold(view, "enc", reach=1)
        assert [n.scopes for n in folded.nodes if n.kind == "cut"] == [("open",), ()]


class TestRepeatsInScopes:
    """A closed box never holds parts of two repeats, or of a run and of what is outside it."""

    def turned(self, scopes: tuple[str, ...]) -> View:
        """Return a loop whose every second call is there once before it."""
        lines = ["w", "b0 = cos(w) | w", "h0 = b0 * 2 | b0"]
        facts: dict[str, Any] = {}
        for i in range(7):
            if i:
                lines += [f"b{i} = sin(h{i - 1}) | h{i - 1}", f"h{i} = b{i} * 2 | b{i}"]
            entries = (1, i + 2)[-len(scopes) :]
            facts |= {f"{name}{i}": {"scopes": scopes, "entries": entries} for name in "bh"}
        return view_of(*lines, "y = -h6 | h6", **facts)

    @pytest.mark.parametrize("scopes", [("cell",), ("net", "cell")])
    def test_begin_where_an_entry_begins(self, scopes: tuple[str, ...]) -> None:
        assert said(fold(self.turned(scopes), collapse=True))[1:] == [
            "h0 = cell(w) 2 nodes | w",
            "h6 = cell(h5) ×6, the last, 2 nodes | h0 (first repeat) h6 (next repeat, as h5)",
            "y = -h6 | h6",
        ]

    def test_are_apart_from_what_is_outside_them(self) -> None:
        """The first call begins otherwise, and nothing is left of a whole entry before the end."""
        lines = ["x", "h0 = exp(x) | x"]
        facts: dict[str, Any] = {}
        for i in range(1, 5):
            lines += [f"b{i} = sin(h{i - 1}) | h{i - 1}", f"h{i} = b{i} * 2 | b{i}"]
            facts |= {f"{name}{i}": {"scopes": ("cell",), "entries": (i,)} for name in "bh"}
        facts["t"] = {"scopes": ("cell",), "entries": (4,)}
        view = view_of(*lines, "t = tan(h4) | h4", "y = -t | t", **facts)
        assert said(fold(view, collapse=True))[2:] == [
            "h4 = cell(h3) ×4, the last, 2 nodes | h0 (first repeat) h4 (next repeat, as h3)",
            "t = cell(h4) 1 node | h4",
            "y = -t | t",
        ]

    def whole_loop(self, *functions: str) -> View:
        lines, last = ["x", "h0 = exp(x) | x"], 0
        for function in functions:
            for _ in range(5):
                lines.append(f"h{last + 1} = {function}(h{last}) | h{last}")
                last += 1
        inside = {"scopes": ("net",), "entries": (1,)}
        return view_of(
            *lines, f"y = -h{last} | h{last}", **{f"h{i}": inside for i in range(1, last + 1)}
        )

    @pytest.mark.parametrize("functions", [["sin"], ["sin", "cos"]])
    def test_that_are_within_one_entry_are_its_own(self, functions: list[str]) -> None:
        """Nothing that is computed inside is named as what goes in, and the box is no repeat."""
        last = nodes = 5 * len(functions)
        assert said(fold(self.whole_loop(*functions), collapse=True)) == [
            "x", "h0 = exp(x) | x",
            f"h{last} = net(h0) {nodes} nodes | h0", f"y = -h{last} | h{last}",
        ]  # fmt: skip

    def test_name_nothing_that_has_no_edge(self) -> None:
        """As in a gated cell, which uses its state twice and whose last call has the output."""
        lines = ["x", "h0 = x * 0 | x"]
        facts: dict[str, Any] = {}
        for i in range(1, 6):
            last = f"h{i - 1}"
            lines += [f"z{i} = tanh({last}) | {last}", f"k{i} = z{i} * {last} | z{i} {last}"]
            lines.append(f"h{i} = k{i} + x | k{i} x")
            facts |= {f"{name}{i}": {"scopes": ("cell",), "entries": (i,)} for name in "zkh"}
        view = view_of(*lines, **facts)
        folded = fold(view, collapse=True)
        names = {node.key: node.name for node in folded.nodes}
        for node in folded.nodes:
            if node.kind == "scope":
                edges = [edge for edge in folded.edges if edge.head == node.key]
                called = {edge.operand or names[edge.tail] for edge in edges} - {"h0"}
                into = set(node.formula.partition("(")[2].rstrip(")").split(", "))
                assert into <= called | {"h0"}
        assert any("next repeat, as h4" in line for line in said(folded))


class TestWhatGoesIntoHiddenRepeats:
    """How many of them use it is said, so that it is not taken for the start of a loop."""

    def by_turns(self, uses: str) -> str:
        """Return what is said of a, which goes into some repeats, where b goes into the others."""
        lines = [f"h{i} = h{i - 1} @ {w} | h{i - 1} {w}" for i, w in enumerate(uses, 1)]
        view = view_of("a", "b", "h0 = a + b | a b", *lines,
                       f"y = -h{len(uses)} | h{len(uses)}")  # fmt: skip
        folded = fold(view, collapse=True)
        return next(edge.repeat for edge in folded.edges
                    if edge.tail == "n0" and edge.head == folded.nodes[-2].key)  # fmt: skip

    @pytest.mark.parametrize(
        ("uses", "said"),
        [
            ("abbbbb", "first repeat"),
            ("aabbbb", "first repeat and 1 other"),
            ("ababab", "first repeat and 2 others"),
            ("aaabbb", "first repeat and 2 others"),
        ],
    )
    def test_is_counted(self, uses: str, said: str) -> None:
        assert self.by_turns(uses) == said

    def test_counts_repeats_and_not_uses(self) -> None:
        view = view_of("x", "y", "h0 = x * y | x y",
                       *(f"h{i} = where(h{i - 1}, {w}, {w}) | h{i - 1} {w} {w}"
                         for i, w in enumerate("xxyyyy", 1)), "z = -h6 | h6")  # fmt: skip
        found = [e.repeat for e in fold(view, collapse=True).edges if e.tail == "n0"]
        assert found == ["", "first repeat and 1 other", "first repeat and 1 other"]

    def test_is_no_matter_of_the_call_that_a_closed_scope_is(self) -> None:
        """A loop within one entry takes from outside what any of its repeats does."""
        lines = [f"h{i} = h{i - 1} @ {w} | h{i - 1} {w}" for i, w in enumerate("ababab", 1)]
        inside = {"scopes": ("net",), "entries": (1,)}
        view = view_of("a", "b", "h0 = a + b | a b", *lines, "y = -h6 | h6",
                       **{f"h{i}": inside for i in range(1, 7)})  # fmt: skip
        assert said(fold(view, collapse=True))[3:] == [
            "h6 = net(h0, a, b) 6 nodes | h0 a b", "y = -h6 | h6",
        ]  # fmt: skip
