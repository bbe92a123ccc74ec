"""Whose memory results and effects get without a copy: what a replay allocates for them alone.

The gradients of several Tensors may be parts of one joined array, if none shares entries with
another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from autodiff.compiled import _functions as functions
from autodiff.compiled._forms import JOINING, Kind, pieces_of
from autodiff.compiled._origins import SetGradient, Write
from autodiff.compiled._program import Node, Program

Interval = tuple[int, int]  # of the entries of an array in their order


@dataclass
class Claims:
    """What is allocated in a replay for results and effects."""

    owned: set[Node] = field(default_factory=set)
    bases: dict[Node, Node] = field(default_factory=dict)  # by ends that get it or a part of it


def claims_of(program: Program, order: Iterable[Node], kinds: dict[Node, Kind]) -> Claims:
    """Return which results are allocated by the nodes that compute them; others are copied."""
    joined = dict(_joined_vectors(order, kinds))
    claims = Claims()
    given: dict[Node, list[Interval]] = {}
    effects = [e for e in program.effects if type(e) is not Write]
    ends = [(x, False) for x in program.results]
    ends += [(e.node, type(e) is SetGradient) for e in effects]
    for x, divisible in ends:
        if type(x) is not Node or x in claims.bases:
            continue
        pieces = {y: at for y, at in joined.items() if y not in claims.owned} if divisible else {}
        base, start, stop = _part(x, pieces)
        whole = (start, stop) == (0, base.size)
        if kinds.get(base) not in (Kind.OUT, Kind.NEW) or not (whole or divisible):
            continue
        if base in joined and joined[base][0] in claims.owned:
            continue
        taken = given.setdefault(base, [])
        if all(stop <= other[0] or other[1] <= start for other in taken):
            taken.append((start, stop))
            claims.owned.add(base)
            claims.bases[x] = base
    return claims


def _joined_vectors(
    order: Iterable[Node], kinds: dict[Node, Kind]
) -> Iterable[tuple[Node, tuple[Node, int]]]:
    """Yield what can be computed as a part of a joined vector, with that and where it begins."""
    for node in order:
        if node.function in JOINING and node.ndim == 1 and kinds[node] is Kind.OUT:
            start = 0
            for x, _ in pieces_of(node):
                y = before_reshaping(x)
                if type(y) is Node and kinds.get(y) is Kind.OUT and y.dtype == node.dtype:
                    yield y, (node, start)
                start += getattr(x, "size", 1)


def before_reshaping(x: Any) -> Any:
    """Return what a value is in another shape."""
    while type(x) is Node and x.function is functions.reshape:
        x = x.inputs[0]
    return x


def _part(x: Node, joined: dict[Node, tuple[Node, int]]) -> tuple[Node, int, int]:
    """Return of which array a node shows a part or all, and of which entries."""
    start, stop = 0, x.size
    while True:
        y: Any = x.inputs[0] if x.inputs else None
        whole = (start, stop) == (0, x.size)
        if x.function is functions.reshape or (whole and x.function is functions.transpose):
            if type(y) is not Node:
                return x, start, stop
            x = y
        elif (stretch := _stretch(x)) is not None:
            first = stretch.indices(y.size)[0]
            x, start, stop = y, start + first, stop + first
        elif x in joined:
            x, first = joined[x]
            start, stop = start + first, stop + first
        else:
            return x, start, stop


def _stretch(x: Node) -> slice | None:
    """Return which entries of a vector a node shows, if it shows neighbours."""
    if x.function is not functions.getitem or x.inputs[0].ndim != 1 or len(x.inputs) > 1:
        return None
    key = x.options["key"]
    keys = [k for k in (key if type(key) is tuple else (key,)) if k is not Ellipsis]
    alone = len(keys) == 1 and type(keys[0]) is slice and keys[0].step in (None, 1)
    return keys[0] if alone else None
