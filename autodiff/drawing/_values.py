"""What a node says, line by line: its name and formula, shape, value, gradient and note."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autodiff.drawing._view import Node

MOST_ENTRIES = 6
AT_ONCE = 1 << 20  # entries looked at together, so that a huge array needs no second one
WITHOUT_GRADIENT = ("constant", "scope", "failed")


class Piece(NamedTuple):
    """Some text of a line, and what it says: a key of ``Theme.text``."""

    text: str
    role: str


def lines(node: Node, *, values: bool = True, gradients: bool = False) -> list[list[Piece]]:
    """Return the lines of a node, each in pieces.

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
    shown.append([Piece(node.note, "warning" if node.kind == "failed" else "fact")])
    return [line for line in shown if any(piece.text for piece in line)]


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
