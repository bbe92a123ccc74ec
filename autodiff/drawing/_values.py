"""What a node says, line by line: its name and formula, shape, value, gradient and note."""

from __future__ import annotations

import re
import textwrap
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from autodiff.drawing._view import Edge, Vertex

MOST_ENTRIES = 6
AT_ONCE = 1 << 20  # entries looked at together, so that a huge array needs no second one
WIDEST = 60  # characters of a line of a note
WIDEST_FORMULA = 39  # characters of a local derivative on an edge
MOST_LINES = 6
A_MAP = re.compile("(g|ḡ′*) ↦ ")  # what local derivatives begin with that are no factors
KIND_WORDS = {"scope": "collapsed scope", "failed": "failed call"}
WITHOUT_GRADIENT = ("constant", "scope", "failed")


class Piece(NamedTuple):
    """Some text of a line, and what it says: a key of ``Theme.text``."""

    text: str
    role: str


def lines(node: Vertex, *, values: bool = True, gradients: bool = False) -> list[list[Piece]]:
    """Return the lines of a node, each in pieces of printable text.

    Shapes are always shown. With ``gradients`` a dash stands for one that was not computed, so
    that it is not taken for zero.
    """
    title = [Piece(node.name, "name")]
    if node.formula:
        title.append(Piece(f" = {node.formula}", "formula"))
    shown = [title, [Piece(facts(node.value), "fact")]]
    if values:
        shown.append(entries(node.value))
    if node.gradient is not None:
        shown.append([Piece("grad ", "gradient"), *entries(node.gradient, "gradient")])
    elif gradients and node.kind not in WITHOUT_GRADIENT:
        shown.append([Piece("grad — (not computed)", "gradient")])
    role = "warning" if node.kind == "failed" else "fact"
    shown += [[Piece(part, role)] for part in note_lines(node.note)]
    return [
        part
        for line in shown
        for part in _split_at_line_feeds(line)
        if any(text for text, _ in part)
    ]


def hover_text(node: Vertex, *, values: bool = True, gradients: bool = False) -> str:
    """Return all that is to be said of a node where there is room: its kind and its place too."""
    said = lines(node, values=values, gradients=gradients)
    said_lines = ["".join(text for text, _ in line) for line in said]
    where = [f"in {' / '.join(map(printable, node.scopes))}"] if node.scopes else []
    if node.place is not None:
        file, line = node.place
        where.append(f"{printable(PurePath(file).name)}, line {line}")
    return "\n".join(
        [f"{KIND_WORDS.get(node.kind, node.kind)} {said_lines[0]}", *said_lines[1:], *where]
    )


def edge_text(edge: Edge, tail: Vertex, head: Vertex) -> str:
    """Return what an edge says: the local derivative, if it was asked for, cut where it is long.

    Of an op that is not elementwise it is a map, "g ↦ W.T @ g", of which ``g`` is the head's
    cotangent; it is ``ḡ`` where an operand is called g.
    """
    return _derivative(short_derivative(edge.derivative), tail, head)


def edge_hover_text(edge: Edge, tail: Vertex, head: Vertex) -> str:
    """Return all that is to be said of an edge where there is room: its ends, and what g is."""
    said = [f"{printable(tail.name)} → {printable(head.name)}"]
    if edge.derivative:
        said.append(_derivative(edge.derivative, tail, head))
    if letter := A_MAP.match(edge.derivative):
        said.append(f"{letter[1]}: the cotangent of {printable(head.name)}")
    return "\n".join(said)


def _derivative(text: str, tail: Vertex, head: Vertex) -> str:
    of = "" if not text or A_MAP.match(text) else f"∂{head.name}/∂{tail.name} = "
    return printable(of + text).replace("\n", " ")


def short_derivative(derivative: str) -> str:
    """Return a local derivative with "…" for what an edge has no room for, and its value."""
    if len(derivative) <= WIDEST_FORMULA:
        return derivative
    value = match[0] if (match := re.search(r" = [−\d(]\S{,24}$", derivative)) else ""
    formula, room = derivative.removesuffix(value), WIDEST_FORMULA - len(value)
    whole_words = textwrap.shorten(formula, room, placeholder=" …")
    if len(whole_words) > room // 2:
        return whole_words + value
    return f"{formula[: room - 1]}…{value}"


def note_lines(text: str) -> list[str]:
    """Return some words in lines that a node or a picture's foot has room for."""
    return textwrap.wrap(printable(text), WIDEST, max_lines=MOST_LINES, placeholder=" …")


def printable(text: str) -> str:
    """Return text with its control characters spelt as Python spells them; line feeds stay."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _split_at_line_feeds(line: list[Piece]) -> list[list[Piece]]:
    """Return a line in several where its text has line feeds."""
    split: list[list[Piece]] = [[]]
    for text, role in line:
        first, *others = printable(text).split("\n")
        split[-1].append(Piece(first, role))
        split += [[Piece(other, role)] for other in others]
    return split


def facts(value: Any) -> str:
    """Return an array's shape and dtype where they are not () and float64."""
    shape, dtype = getattr(value, "shape", ()), getattr(value, "dtype", None)
    return " ".join([str(shape)] * bool(shape) + [str(dtype)] * (dtype not in (None, np.float64)))


def entries(value: Any, role: str = "fact") -> list[Piece]:
    """Return the entries of an array, or the least and the greatest where there are many.

    NaN and infinities are counted in pieces of their own, with the role "warning".
    """
    if not isinstance(value, np.ndarray | np.generic | float | complex | int):
        return []
    array = np.asarray(value)
    if not array.size or array.dtype.kind not in "biufc":
        return []
    count = _nonfinite(array)
    if array.ndim == 0:
        return [Piece(literal(array.item()), "warning" if count else role)]
    alarm = ", ".join(f"{n} {name}" for name, n in count.items())
    finite = _few(array) if array.size <= MOST_ENTRIES else _range(array, bool(count))
    parts = [Piece(alarm, "warning"), Piece(", " if alarm and finite else "", role)]
    return [piece for piece in (*parts, Piece(finite, role)) if piece.text]


def literal(x: Any) -> str:
    """Return a number as short as it can be read."""
    return f"{x:.4g}" if isinstance(x, float | complex | np.inexact) else str(x)


def _few(array: Any) -> str:
    if array.ndim == 0:
        return literal(array[()])
    return f"[{', '.join(map(_few, array))}]"


def _range(array: Any, has_nonfinite: bool) -> str:
    """Return the least and the greatest finite entry; nothing of complex numbers."""
    if array.dtype.kind == "c":
        return ""
    if has_nonfinite:
        ends = [
            end
            for part in _parts(array)
            if (finite := part[np.isfinite(part)]).size
            for end in (finite.min(), finite.max())
        ]
        if not ends:
            return ""
        low, high = min(ends), max(ends)
    else:
        low, high = array.min(), array.max()
    return f"all {literal(low)}" if low == high else f"{literal(low)} … {literal(high)}"


def _nonfinite(array: Any) -> dict[str, int]:
    """Return how many entries are NaN, inf and -inf; what there is none of is left out."""
    count = {"NaN": 0, "inf": 0, "-inf": 0}
    if array.dtype.kind in "fc":
        for part in _parts(array):
            if not np.isfinite(part).all():
                nan = np.isnan(part)
                minus = np.isneginf(part) if array.dtype.kind == "f" else nan & False
                count["NaN"] += int(nan.sum())
                count["-inf"] += int(minus.sum())
                count["inf"] += int((np.isinf(part) & ~nan & ~minus).sum())
    return {name: n for name, n in count.items() if n}


def _parts(array: Any) -> Any:
    """Yield the entries in pieces of a bounded size."""
    return np.nditer(array, flags=["external_loop", "buffered", "zerosize_ok"], buffersize=AT_ONCE)
