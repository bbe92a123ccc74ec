"""Views written by hand, and readers of the pictures that are made of them."""

from __future__ import annotations

import re
from importlib.util import find_spec
from shutil import which
from xml.etree import ElementTree

import numpy as np
import pytest

from autodiff.drawing._view import Edge, Vertex, View

SVG = "{http://www.w3.org/2000/svg}"
needs_graphviz = pytest.mark.skipif(
    not (which("dot") or find_spec("pygraphviz")), reason="neither dot nor pygraphviz is installed"
)


def every_kind() -> View:
    """Return a view that has all that a picture can show."""
    layer = ("model", "layers.0")
    hidden = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, 5.0, np.inf])
    nodes = [
        Vertex("n0", "leaf", "x", value=np.ones((4, 3)), gradient=np.zeros((4, 3))),
        Vertex(
            "n1", "parameter", "layers.0.weight", "", np.arange(21.0).reshape(3, 7), None, layer
        ),
        Vertex(
            "n2",
            "op",
            "v1",
            "x @ layers.0.weight",
            hidden,
            None,
            layer,
            ("there/train.py", 12),
            alarm="NaN first here: [0]",
        ),
        Vertex("n3", "scope", "layers.1", scopes=("model",), note="×12, 36 nodes"),
        Vertex("n4", "constant", "c", value=np.array([1, 2], np.int64)),
        Vertex("n5", "output", "loss", "sum(layers.1 * c)", np.float64(2.5), np.float64(1.0)),
        Vertex("n6", "failed", "v2", "loss @ x", None, note="ValueError: () @ (4, 3)"),
    ]
    edges = [
        *(Edge("n0", "n2"), Edge("n1", "n2"), Edge("n2", "n3"), Edge("n3", "n5", "c")),
        *(Edge("n4", "n5"), Edge("n5", "n6"), Edge("n0", "n6")),
    ]
    return View(nodes, edges, ["the value of x has changed since"])


def square(name: str = "x") -> View:
    """Return the view of x * x at 3."""
    nodes = [Vertex("n0", "leaf", name, value=3.0), Vertex("n1", "output", "y", "x * x", 9.0)]
    return View(nodes, [Edge("n0", "n1", "2 * x"), Edge("n0", "n1", "2 * x")])


def chain(length: int) -> View:
    """Return a view of v1 = sin(x), v2 = sin(v1) * x, ..."""
    nodes = [Vertex("n0", "leaf", "x", value=1.0)]
    nodes += [Vertex(f"n{i}", "op", f"v{i}", f"sin(v{i - 1}) * x", 0.3) for i in range(1, length)]
    edges = [Edge(f"n{i - 1}", f"n{i}") for i in range(1, length)]
    return View(nodes, edges + [Edge("n0", f"n{i}") for i in range(2, length)])


def folded_loop(body: int) -> View:
    """Return the view of a loop of so many calls, drawn once, from x to y."""
    nodes = [Vertex("n0", "leaf", "x", value=1.0)]
    nodes += [Vertex(f"n{i}", "op", f"v{i}", f"sin(v{i - 1})", 0.3) for i in range(1, body + 1)]
    nodes.append(Vertex("end", "output", "y", f"-v{body}", 0.3))
    edges = [Edge("n0", "n1", "", "first repeat")]
    edges += [Edge(f"n{i}", f"n{i + 1}") for i in range(1, body)]
    edges += [Edge(f"n{body}", "n1", "0.5", "next repeat", "v0"), Edge(f"n{body}", "end")]
    return View(nodes, edges)


def layers(count: int) -> View:
    """Return a view of v1 = w1 @ x, v2 = w2 @ v1, ..."""
    nodes, edges = [Vertex("n0", "leaf", "x", value=np.ones(3))], []
    for i in range(1, count + 1):
        nodes.append(Vertex(f"w{i}", "parameter", f"w{i}", value=np.ones((3, 3))))
        nodes.append(Vertex(f"n{i}", "op", f"v{i}", f"w{i} @ v{i - 1}", np.ones(3)))
        edges += [Edge(f"w{i}", f"n{i}"), Edge(f"n{i - 1}", f"n{i}")]
    return View(nodes, edges)


def texts(svg: bytes) -> list[str]:
    """Return each line of text of an SVG."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return ["".join(text.itertext()).replace("\xa0", " ") for text in found]


def titles(svg: bytes, what: str) -> list[str]:
    """Return the hover texts of an SVG's nodes, edges or clusters."""
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    chosen = [group for group in groups if re.match(rf"{what}\b(?! label)", group.get("class", ""))]
    return [group.findtext(f"{SVG}title", "").replace("\xa0", " ") for group in chosen]
