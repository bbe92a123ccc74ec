"""What a node says, line by line: its name and formula, shape, value, gradient and note."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff.drawing._view import Edge, Vertex

MOST_ENTRIES = 4  # that are listed
LONGEST_LIST = 30  # characters
AT_ONCE = 1 << 20  # entries looked at together, so that a huge array needs no second one
WIDEST = 60  # characters of a line of a note
WIDEST_CAPTION = 100
WIDEST_FORMULA = 39  # characters of a local derivative on an edge
WIDEST_CALL = 24  # characters of a call in its symbol
MOST_LINES = 6
LONGEST_HOVER = 1000  # characters, which Graphviz takes though each may be escaped
A_MAP = re.compile("(g|ḡ′*) ↦ ")  # what local derivatives begin with that are no factors
ENDLESS = re.compile(r"(?<!\w)(inf|nan)$")  # a local derivative that would make NaN of 0
KIND_WORDS = {"scope": "collapsed scope", "failed": "failed call", "cut": "left out:"}
WITHOUT_GRADIENT = ("constant", "scope", "cut", "failed")


class Piece(NamedTuple):
    """Some text of a line, and what it says: a key of ``Theme.text``."""

    text: str
    role: str


def lines(node: Vertex, *, values: bool = True, gradients: bool = False) -> list[list[Piece]]:
    """Return the lines of a node, each in pieces of printable text.

    Shapes are always shown. With ``gradients`` a dash stands for one that was not computed, so
    that it is not taken for zero.
    """
    title = [Piece(_cut(node.name), "name")]
    if node.formula:
        title.append(Piece(f" = {node.formula}", "formula"))
    shown = [title, [Piece(facts(node.value), "fact")]]
    if values:
        shown.append(entries(node.value, is_source=bool(node.alarm)))
    if node.gradient is not None:
        listed = entries(node.gradient, "gradient", is_source=bool(node.gradient_alarm))
        shown.append([Piece("grad ", "gradient"), *listed])
    elif gradients and node.kind not in WITHOUT_GRADIENT:
        shown.append([Piece("grad — (not computed)", "gradient")])
    shown += [[Piece(alarm, "warning")] for alarm in alarms(node, values)]
    role = "warning" if node.kind == "failed" else "fact"
    shown += [[Piece(part, role)] for part in note_lines(node.note)]
    return [
        part
        for line in shown
        for part in _split_at_line_feeds(line)
        if any(text for text, _ in part)
    ]


def alarms(node: Vertex, values: bool = True) -> list[str]:
    """Return what a node says of NaN and infinities that come up in it."""
    gradient = f"grad {node.gradient_alarm}" if node.gradient_alarm else ""
    return list(filter(None, [node.alarm * values, gradient]))


def hover_text(node: Vertex, *, values: bool = True, gradients: bool = False) -> str:
    """Return all that is to be said of a node where there is room: its kind and its place too."""
    said = lines(node, values=values, gradients=gradients)
    said_lines = ["".join(text for text, _ in line) for line in said]
    where = [f"in {_cut(printable(' / '.join(node.scopes)))}"] if node.scopes else []
    if node.place is not None:
        file, line = node.place
        where.append(f"{printable(PurePath(file).name)}, line {line}")
    title = f"{KIND_WORDS.get(node.kind, node.kind)} {said_lines[0]}"
    return _cut("\n".join([title, *said_lines[1:], *where]), LONGEST_HOVER)


def edge_text(edge: Edge, tail: Vertex, head: Vertex) -> str:
    """Return what an edge says: between which repeats it leads, and the local derivative.

    That is cut where it is long. Of an op that is not elementwise it is a map, "g ↦ W.T @ g", of
    which ``g`` is the head's cotangent; it is ``ḡ`` where an operand is called g.
    """
    symbol = derivative_symbol(edge, tail, head, WIDEST_CALL)
    return _edge_words(edge, symbol, short_derivative(edge.derivative), tail, head)


def edge_hover_text(edge: Edge, tail: Vertex, head: Vertex) -> str:
    """Return all that is to be said of an edge where there is room: its ends, and what g is."""
    symbol = derivative_symbol(edge, tail, head)
    said = [f"{_cut(printable(tail.name))} → {_cut(printable(head.name))}"]
    said += filter(None, [_edge_words(edge, symbol, edge.derivative, tail, head)])
    if letter := A_MAP.match(edge.derivative):
        said.append(f"{letter[1]}: the cotangent of {_cut(printable(head.name))}")
    return _cut("\n".join(said), LONGEST_HOVER)


def derivative_symbol(edge: Edge, tail: Vertex, head: Vertex, widest: int | None = None) -> str:
    """Return the local derivative's symbol: "∂y/∂x", or "∂(x + v1)/∂x" where v1 depends on x, too.

    For then ∂y/∂x is another number. A call is cut where it is wider than ``widest``.
    """
    operand = _cut(edge.operand or tail.name)
    if not (edge.holds_others and head.formula):
        return f"∂{_cut(head.name)}/∂{operand}"
    call = head.formula
    if widest is not None and len(call) > widest:
        call = f"{call[:widest]}…"
    return f"∂({call})/∂" + (f"({edge.ordinal} {operand})" if edge.ordinal else operand)


def is_factor(edge: Edge) -> bool:
    """Whether an edge has a local derivative, and that is no map."""
    return bool(edge.derivative) and not A_MAP.match(edge.derivative)


def _edge_words(edge: Edge, symbol: str, derivative: str, tail: Vertex, head: Vertex) -> str:
    result, operand = _cut(head.name), _cut(edge.operand or tail.name)
    derivative = f"{symbol} = {derivative}" if is_factor(edge) else derivative
    if ENDLESS.search(derivative) and not edge.repeat and _is_zero(head.gradient):
        derivative += f", but nothing arrives at {result}"
    renamed = f"as {operand}" if edge.repeat and edge.operand else ""
    said = ", ".join(filter(None, [edge.repeat, renamed]))
    return printable(": ".join(filter(None, [said, derivative]))).replace("\n", " ")


def _is_zero(gradient: Any) -> bool:
    return gradient is not None and not np.any(gradient)


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


def _cut(text: str, longest: int = WIDEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def note_lines(text: str, widest: int = WIDEST) -> list[str]:
    """Return some words in lines that there is room for; lines of their own stay."""
    wrapped = [part for line in printable(text).split("\n") for part in textwrap.wrap(line, widest)]
    if len(wrapped) > MOST_LINES:
        last = wrapped[MOST_LINES - 1]
        wrapped[MOST_LINES - 1 :] = [
            textwrap.shorten(f"{last} {widest * 'x'}", widest, placeholder=" …")
        ]
    return wrapped


def caption(notes: Sequence[str]) -> list[list[Piece]]:
    """Return the lines of a picture's notes, each in pieces as those of a node are."""
    return [[Piece(line, "fact")] for note in notes for line in note_lines(note, WIDEST_CAPTION)]


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


def entries(value: Any, role: str = "fact", *, is_source: bool = True) -> list[Piece]:
    """Return the entries of an array, or the least and the greatest where there are many.

    NaN and infinities are pieces of their own, with the role "warning" where they come up.
    """
    if not (is_plain(value) or isinstance(value, float | complex | int)):
        return []
    array = np.asarray(value)
    if not array.size or array.dtype.kind not in "biufc":
        return []
    alarm = "warning" if is_source else role
    count = nonfinite_counts(array)
    if array.size > 1 and array.size in count.values():
        return [Piece(f"all {next(iter(count))}", alarm)]
    if array.size <= MOST_ENTRIES:
        few = _few(array, role, alarm)
        if array.dtype.kind == "c" or sum(len(piece.text) for piece in few) <= LONGEST_LIST:
            return few
    counted = ", ".join(f"{n} {name}" for name, n in count.items())
    finite = _range(array, bool(count))
    parts = [Piece(counted, alarm), Piece(", " if counted and finite else "", role)]
    return [piece for piece in (*parts, Piece(finite, role)) if piece.text]


def literal(x: Any) -> str:
    """Return a number as a program spells it, to five digits."""
    return f"{x:.5g}" if isinstance(x, float | complex | np.inexact) else str(x)


def decimal(x: Any) -> str:
    """Return a number as mathematics spells it, to five digits."""
    return literal(x).replace("-", "−").replace("nan", "NaN")


def _few(array: Any, role: str, alarm: str) -> list[Piece]:
    """Return all entries, or the one that they all are."""
    if array.size > 1 and (array == array.flat[0]).all():
        return [Piece(f"all {decimal(array.flat[0])}", role)]
    pieces = [(text, alarm if is_marked else role) for text, is_marked in _texts_of_entries(array)]
    joined = groupby(pieces, key=itemgetter(1))
    return [Piece("".join(text for text, _ in group), role) for role, group in joined]


def _texts_of_entries(array: Any) -> Iterator[tuple[str, bool]]:
    """Yield the entries and what is between them, and whether that is to be marked."""
    if array.ndim == 0:
        yield decimal(array[()]), not np.isfinite(array)
        return
    for i, part in enumerate(array):
        yield ", " if i else "[", False
        yield from _texts_of_entries(part)
    yield "]", False


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
    if low != high:
        return f"{decimal(low)} … {decimal(high)}"
    return f"{'else' if has_nonfinite else 'all'} {decimal(low)}"


def nonfinite_counts(array: Any) -> dict[str, int]:
    """Return how many entries are NaN, inf and −inf; what there is none of is left out."""
    count = {"NaN": 0, "inf": 0, "−inf": 0}
    if array.dtype.kind in "fc":
        for part in _parts(array):
            if not np.isfinite(part).all():
                nan = np.isnan(part)
                minus = np.isneginf(part) if array.dtype.kind == "f" else nan & False
                count["NaN"] += int(nan.sum())
                count["−inf"] += int(minus.sum())
                count["inf"] += int((np.isinf(part) & ~nan & ~minus).sum())
    return {name: n for name, n in count.items() if n}


def _parts(array: Any) -> Any:
    """Yield the entries in pieces of a bounded size."""
    return np.nditer(array, flags=["external_loop", "buffered", "zerosize_ok"], buffersize=AT_ONCE)
