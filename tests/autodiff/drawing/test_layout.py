"""Where the own layout puts nodes, edges and clusters."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import combinations, pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff.drawing._view import Edge, Vertex, View
from autodiff.drawing.layout._layout import Box, Point, Positions, layout
from tests.autodiff.drawing.hand_written import chain, every_kind

SCOPES = [(), ("model",), ("model", "a"), ("model", "b"), ("other",)]
DIRECTIONS = ["TB", "BT", "LR", "RL"]
TWO_LAYERS = ["ac ad bd bc", "ah ai bg bi cg ch", "af bf cg de ae be", "ah bg cf de af be ce dh"]
Rectangle = tuple[float, float, float, float]


@st.composite
def views(draw: st.DrawFn) -> View:
    """Return views of up to 20 nodes, in any scopes, in which some uses are there twice."""
    count = draw(st.integers(0, 20))
    nodes = [
        Vertex(f"n{i}", "op", f"v{i}", scopes=draw(st.sampled_from(SCOPES))) for i in range(count)
    ]
    edges = [
        Edge(f"n{tail}", f"n{head}")
        for head in range(1, count)
        for tail in draw(st.lists(st.integers(0, head - 1), max_size=3))
    ]
    return View(nodes, edges)


def sizes_of(view: View) -> dict[str, Point]:
    """Return sizes of all sorts."""
    return {
        node.key: (30.0 + 40 * (i % 4), 20.0 + 15 * (i % 3)) for i, node in enumerate(view.nodes)
    }


def rectangles(found: Positions, sizes: dict[str, Point]) -> dict[str, Rectangle]:
    """Return the left, top, right and bottom of each node."""
    return {
        key: (x - sizes[key][0] / 2, y - sizes[key][1] / 2, x + sizes[key][0] / 2,
              y + sizes[key][1] / 2)
        for key, (x, y) in found.centres.items()
    }  # fmt: skip


def overlap(a: Rectangle, b: Rectangle, slack: float = 1e-6) -> bool:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across > slack and down > slack


def around(box: Box) -> Rectangle:
    return (*box.corner, *box.opposite)


def is_within(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        inner[0] >= outer[0] and inner[1] >= outer[1]
        and inner[2] <= outer[2] and inner[3] <= outer[3]
    )  # fmt: skip


def level(view: View) -> Positions:
    return layout(view, {node.key: (40.0, 20.0) for node in view.nodes})


def from_edges(text: str) -> View:
    """Return the view with edges such as "ab ac", the nodes by alphabet."""
    names = sorted(set(text) - {" "})
    edges = [Edge(pair[0], pair[1]) for pair in text.split()]
    return View([Vertex(name, "op", name) for name in names], edges)


def crossings(view: View, x: Mapping[str, float]) -> int:
    """Return how many edges between two layers cross."""
    return sum(
        (x[a.tail] - x[b.tail]) * (x[a.head] - x[b.head]) < 0
        for a, b in combinations(view.edges, 2)
    )


class TestAnyView:
    @given(views(), st.sampled_from(DIRECTIONS))
    @settings(max_examples=100, deadline=None)
    def test_has_nodes_apart_and_in_the_picture(self, view: View, direction: str) -> None:
        sizes = sizes_of(view)
        found = layout(view, sizes, direction)
        places = rectangles(found, sizes)
        assert places.keys() == sizes.keys()
        for a, b in combinations(places.values(), 2):
            assert not overlap(a, b)
        for place in (*places.values(), *map(around, found.boxes)):
            assert is_within(place, (0, 0, *found.size))

    @given(views(), st.sampled_from(DIRECTIONS))
    @settings(max_examples=100, deadline=None)
    def test_has_edges_that_lead_in_the_direction(self, view: View, direction: str) -> None:
        sizes = sizes_of(view)
        found = layout(view, sizes, direction)
        places = rectangles(found, sizes)
        begin, end, sign = {"TB": (3, 1, 1), "BT": (1, 3, -1), "LR": (2, 0, 1), "RL": (0, 2, -1)}[
            direction
        ]
        for edge, route in zip(view.edges, found.routes, strict=True):
            along = [point[direction in ("TB", "BT")] for point in route]
            assert along[0] == pytest.approx(places[edge.tail][begin])
            assert along[-1] == pytest.approx(places[edge.head][end])
            assert all(sign * (b - a) > -1e-9 for a, b in pairwise(along))

    @given(views(), st.sampled_from(DIRECTIONS))
    @settings(max_examples=100, deadline=None)
    def test_has_edges_beside_nodes(self, view: View, direction: str) -> None:
        sizes = sizes_of(view)
        found = layout(view, sizes, direction)
        places = rectangles(found, sizes)
        wide, high = (1.0, 0.0) if direction in ("TB", "BT") else (0.0, 1.0)
        for route in found.routes:
            for (x, y), (to_x, to_y) in pairwise(route):  # a curve stays within its corners
                piece = (min(x, to_x) - wide, min(y, to_y) - high, max(x, to_x) + wide,
                         max(y, to_y) + high)  # fmt: skip
                assert not any(overlap(piece, place) for place in places.values())

    @given(views(), st.sampled_from(DIRECTIONS))
    @settings(max_examples=100, deadline=None)
    def test_has_clusters_that_hold_their_nodes_alone(self, view: View, direction: str) -> None:
        sizes = sizes_of(view)
        found = layout(view, sizes, direction)
        places = rectangles(found, sizes)
        for node in view.nodes:
            place = places[node.key]
            holding = {box.scopes for box in found.boxes if is_within(place, around(box))}
            touched = {box.scopes for box in found.boxes if overlap(place, around(box))}
            assert holding == touched
            assert holding == {node.scopes[: i + 1] for i in range(len(node.scopes))}
        for a, b in combinations(found.boxes, 2):
            assert (
                not overlap(around(a), around(b))
                or is_within(around(a), around(b))
                or is_within(around(b), around(a))
            )

    @given(views())
    @settings(max_examples=20, deadline=None)
    def test_is_laid_out_the_same_each_time(self, view: View) -> None:
        assert layout(view, sizes_of(view)) == layout(view, sizes_of(view))


class TestLayers:
    def test_of_a_chain_are_one_below_the_other(self) -> None:
        found = level(from_edges("ab bc cd"))
        assert [found.centres[key][0] for key in "abcd"] == [found.centres["a"][0]] * 4
        assert sorted("abcd", key=lambda key: found.centres[key][1]) == list("abcd")

    def test_have_what_is_given_next_to_its_use(self) -> None:
        found = level(from_edges("ab bc ce de"))
        assert found.centres["d"][1] == found.centres["c"][1]

    def test_have_what_is_given_beside_the_end_of_a_cluster(self) -> None:
        view = from_edges("ab bc ce de")
        for node in view.nodes[:3]:
            node.scopes = ("s",)
        found = level(view)
        assert found.centres["d"][1] + 10 == pytest.approx(found.boxes[0].opposite[1])

    def test_have_operands_from_left_to_right(self) -> None:
        found = level(from_edges("ae be ce de"))
        assert sorted("abcd", key=lambda key: found.centres[key][0]) == list("abcd")

    def test_turn_with_the_direction(self) -> None:
        view = every_kind()
        sizes = {node.key: (50.0, 50.0) for node in view.nodes}
        down, aside = layout(view, sizes, "TB"), layout(view, sizes, "LR")
        assert aside.size == down.size[::-1]
        assert aside.centres == {key: (y, x) for key, (x, y) in down.centres.items()}
        up = layout(view, sizes, "BT")
        assert up.centres == {key: (x, down.size[1] - y) for key, (x, y) in down.centres.items()}

    @pytest.mark.parametrize("edges", TWO_LAYERS)
    def test_have_no_more_crossings_than_they_must(self, edges: str) -> None:
        view = from_edges(edges)
        x = {key: centre[0] for key, centre in level(view).centres.items()}
        upper, lower = ("".join(sorted(set(edges.replace(" ", "")[i::2]))) for i in (0, 1))
        assert crossings(view, x) == min(
            crossings(view, {key: i for row in rows for i, key in enumerate(row)})
            for rows in product(permutations(upper), permutations(lower))
        )


class TestEdges:
    def test_of_two_uses_by_one_node_are_apart(self) -> None:
        found = level(from_edges("ab ab"))
        first, second = found.routes
        assert first[0] == second[0]
        assert second[-1][0] - first[-1][0] >= 10

    def test_pass_a_node_on_a_straight_line(self) -> None:
        found = level(from_edges("ab bc cd ad"))
        assert len({round(x, 6) for x, _ in found.routes[-1][1:-1]}) == 1

    def test_of_a_chain_have_two_points(self) -> None:
        assert [len(route) for route in level(from_edges("ab bc cd")).routes] == [2, 2, 2]

    def test_that_go_far_run_beside_all_the_others_and_do_not_meet(self) -> None:
        view = chain(100)
        view.nodes[1:1] = [Vertex("w", "parameter", "w")]
        view.edges += [Edge("w", "n1"), Edge("w", "n99")]
        found = level(view)
        widest = max(x for x, _ in found.centres.values()) + 20
        far = {edge.tail: route for edge, route in zip(view.edges, found.routes, strict=True)
               if edge.head == "n99"}  # fmt: skip
        lanes = {tail: max(x for x, _ in far[tail]) for tail in ("n0", "w")}
        assert min(lanes.values()) > widest
        assert abs(lanes["n0"] - lanes["w"]) > 10


class TestClusters:
    def test_of_a_scope_entered_twice_are_two(self) -> None:
        inside = ("cell",)
        scopes = [(), inside, (), inside, ()]
        nodes = [Vertex(f"n{i}", "op", f"v{i}", scopes=scope) for i, scope in enumerate(scopes)]
        view = View(nodes, [Edge(f"n{i}", f"n{i + 1}") for i in range(4)])
        assert [box.scopes for box in level(view).boxes] == [inside, inside]

    def test_are_one_where_a_parameter_was_made_between(self) -> None:
        nodes = [
            Vertex("a", "op", "a", scopes=("cell",)),
            Vertex("w", "parameter", "w"),
            Vertex("b", "op", "b", scopes=("cell",)),
        ]
        view = View(nodes, [Edge("a", "b"), Edge("w", "b")])
        assert [box.scopes for box in level(view).boxes] == [("cell",)]

    def test_say_where_edges_cross_them(self) -> None:
        view = View(
            [
                Vertex("a", "leaf", "a"),
                Vertex("b", "op", "b", scopes=("s",)),
                Vertex("c", "op", "c"),
            ],
            [Edge("a", "b"), Edge("b", "c")],
        )
        found = level(view)
        (box,) = found.boxes
        assert box.crossings == [
            (found.centres["a"][0], box.corner[1]),
            (found.centres["c"][0], box.opposite[1]),
        ]


def test_a_view_without_nodes_has_a_size() -> None:
    assert level(View()) == Positions(level(View()).size)


def test_is_the_same_in_another_process() -> None:
    code = (
        "from tests.autodiff.drawing.hand_written import every_kind\n"
        "from autodiff.drawing.layout._layout import layout\n"
        "view = every_kind()\n"
        "print(layout(view, {node.key: (50.0, 20.0) for node in view.nodes}))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert printed[0] == printed[1]


def test_ten_thousand_nodes_take_seconds() -> None:
    begin = time.process_time()
    level(chain(10_000))
    assert time.process_time() - begin < 10
