"""How a graph looks, and the programs that draw it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partialmethod
from html import escape
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import graphviz

# Fills are light and text is dark, whatever lies behind; edges are seen on white and on black. The
# hues are from Okabe and Ito's colour-blind safe palette (https://jfly.uni-koeln.de/color/), and
# the outlines tell the kinds apart without them.
STYLE: dict[str, Any] = {
    "format": "svg",
    "graph_attr": {
        "bgcolor": "transparent",
        "nodesep": "0.3",
        "ranksep": "0.35",
        "nslimit": "8",  # bounds the iterations: 200 nodes in a second, where it was minutes
    },
    "node_attr": {
        "shape": "box",
        "style": "filled",
        "margin": "0.12,0.07",
        "height": "0.3",
        "fontname": "Helvetica,Arial,sans-serif",
        "fontsize": "12",
        "fontcolor": "#1a1a1a",
    },
    "edge_attr": {"color": "#808080", "arrowsize": "0.7"},
}
NODES = {
    "leaf": {"fillcolor": "#d6ecfa", "color": "#0072b2", "penwidth": "1.6"},
    "constant": {"fillcolor": "#ececec", "color": "#808080", "shape": "note"},
    "op": {"fillcolor": "#fdf6dc", "color": "#b97c00", "style": "filled,rounded"},
    "output": {
        "fillcolor": "#fbe0d0",
        "color": "#d55e00",
        "style": "filled,rounded",
        "peripheries": "2",
    },
}
EDGES = {"leaf": {}, "constant": {"style": "dashed"}, "op": {"weight": "4"}}  # a straight spine
GRADIENT = "#a13d00"


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A graph that the ``dot`` program draws, or where there is none the Graphviz in pygraphviz.

    It shows itself in a notebook. What ``graphviz.Digraph`` offers applies: ``source`` is the text
    for Graphviz, and ``graph_attr["rankdir"] = "LR"`` turns the graph from left to right.
    """

    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None
    ) -> bytes | str:
        """Return the image in a format such as "svg", "png" or "pdf"; as text with an encoding.

        Raises
        ------
        ValueError
            When the format or the engine is unknown.
        RuntimeError
            When there is no program that draws, or it fails.
        """
        image = _image(self.source, format or self.format, engine or self.engine)
        return image if encoding is None else image.decode(encoding)

    def render(
        self,
        filename: str | Path | None = None,
        directory: str | Path | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | Path | None = None,
        engine: str | None = None,
    ) -> str:
        """Write the DOT source and beside it the image, and return the image's path.

        Name either the source by ``filename``, to which the image's name adds the format, or the
        image by ``outfile``, whose ending says the format. ``cleanup`` removes the source again,
        and ``view`` opens the image. Raises as `pipe` does, before anything is written.
        """
        if outfile is not None:
            format = format or Path(outfile).suffix[1:]
            filename = filename or Path(outfile).with_suffix(".gv")
        format = format or self.format
        image = _image(self.source, format, engine or self.engine)
        source = Path(self.save(filename, directory=directory))
        path = Path(f"{source}.{format}") if outfile is None else Path(self.directory, outfile)
        path.write_bytes(image)
        if cleanup and source != path:
            source.unlink()
        if view:
            graphviz.view(path)
        return str(path)

    view = partialmethod(render, view=True)


def label(title: str, formula: str, facts: Sequence[str], gradient: str) -> str:
    """Return a node's text, as Graphviz marks up text; empty parts are left out."""
    first = f"<B>{_verbatim(title)}</B>" + (f" = {_verbatim(formula)}" if formula else "")
    lines = [first, *(_small(fact) for fact in facts if fact)]
    if gradient:
        lines.append(f'<FONT COLOR="{GRADIENT}">{_small("grad " + gradient)}</FONT>')
    return f"<{'<BR/>'.join(lines)}>"


def _small(text: str) -> str:
    return f'<FONT POINT-SIZE="11">{_verbatim(text)}</FONT>'


def _verbatim(text: str) -> str:
    """Return the markup of any text: neither tags nor Graphviz's escapes such as ``\\N`` act."""
    visible = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return escape(visible.replace("\\", "\\\\")).replace("\n", "<BR/>")


# Run in a process of its own: Graphviz's library can end the process that it fails in, serves one
# thread at a time, and writes its warnings to the standard error.
WITHIN_PYGRAPHVIZ = """
import pygraphviz, sys
source = sys.stdin.buffer.read().decode()
image = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog=sys.argv[2])
sys.stdout.buffer.write(image)
"""


def _image(source: str, format: str, engine: str) -> bytes:
    """Return the image that Graphviz makes of DOT source."""
    if format not in graphviz.FORMATS:
        raise ValueError(
            f"unknown format {format!r}: give 'svg', 'png', 'pdf' or another of graphviz.FORMATS"
        )
    if engine not in graphviz.ENGINES:
        raise ValueError(f"unknown engine {engine!r}: give one of {sorted(graphviz.ENGINES)}")
    if which("dot"):
        command = ["dot", f"-T{format}", f"-K{engine}"]
    elif find_spec("pygraphviz"):
        command = [sys.executable, "-P", "-c", WITHIN_PYGRAPHVIZ, format, engine]
    else:
        raise RuntimeError(
            "no program that draws graphs: pip install pygraphviz (as chainrule[demos] does), or "
            "install Graphviz so that its program dot is on the PATH"
        )
    result = subprocess.run(command, input=source.encode(), capture_output=True)
    if result.returncode or not result.stdout:
        lines = result.stderr.decode(errors="replace").splitlines() or ["no reason given"]
        reason = next((line for line in lines if line.startswith("Error")), lines[-1])
        raise RuntimeError(f"Graphviz could not draw {format!r}: {reason}")
    return result.stdout
