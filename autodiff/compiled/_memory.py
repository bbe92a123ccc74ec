"""Arrays that outlive the call and are written to: which nodes are computed straight into them.

Nothing may be written before the last guard has held, or while old entries are still to be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.types import Shape
from autodiff.compiled import _functions as functions
from autodiff.compiled._forms import SHARING, Kind, is_static, is_ufunc
from autodiff.compiled._origins import Memory, Write
from autodiff.compiled._program import Node, Program

if TYPE_CHECKING:
    from autodiff.compiled._buffers import Layout

WHOLE = (...,)


@dataclass(eq=False)
class Writing:
    """An effect that writes into an array, taken to pieces: values and their static keys."""

    effect: Write
    pieces: list[tuple[Any, Any]]
    absorbed: list[Node] = field(default_factory=list)  # need not be computed, for the pieces are


def writings_of(program: Program, order: list[Node]) -> list[Writing]:
    """Return what is written into arrays, in the order of the effects."""
    sources = {
        id(origin.array): node for node, origin in program.sources.items() if type(origin) is Memory
    }
    effects = [e for e in program.effects if type(e) is Write]
    if not effects:
        return []
    uses = Counter(x for node in order for x in node.inputs if type(x) is Node)
    uses.update(x for x in program.ends() if type(x) is Node)
    return [_writing(e, sources.get(id(e.array)), uses) for e in effects]


def _writing(effect: Write, source: Node | None, uses: Counter[Node]) -> Writing:
    """Return the pieces that a chain of assignments to parts of an array consists of."""
    pieces: list[tuple[Any, Any]] = []
    absorbed = []
    node = effect.node
    while (
        type(node) is Node
        and node.function is functions.setitem
        and uses[node] == 1
        and is_static(node.options["key"])
    ):
        pieces.append((node.inputs[1], node.options["key"]))
        absorbed.append(node)
        node = node.inputs[0]
    if node is source:
        return Writing(effect, pieces[::-1], absorbed)
    return Writing(effect, [(effect.node, WHOLE)])


def computed_in_memory(
    program: Program, plan: Layout, positions: dict[Node, int]
) -> Iterator[tuple[Node, Writing, Any]]:
    """Yield the nodes that are computed straight into an array, with the keys of their places.

    These are the values that it gets, and what they are computed of entry by entry.
    """
    if not plan.writings:
        return
    reads = _Reads(program, plan.writings, positions, plan.kinds)
    seen: set[Node] = set(plan.owned)
    for writing in plan.writings:
        array = writing.effect.array
        covered = np.zeros(array.shape, bool)
        for _, key in writing.pieces:
            if covered[key].any():
                break  # a later piece hides a part of an earlier one
            covered[key] = True
        else:
            for x, key in writing.pieces:
                latest, shape = reads.latest(array, key), array[key].shape
                while _is_computed(x, shape, array.dtype) and x not in seen and x in positions:
                    if positions[x] < latest:
                        break
                    seen.add(x)
                    yield x, writing, key
                    x = _only_used_by(x, plan, positions)


def _is_computed(x: Any, shape: Shape, dtype: Any) -> bool:
    """Return whether a value is computed entry by entry, in a certain shape and type."""
    if type(x) is not Node or not shape or (x.shape, x.dtype) != (shape, dtype):
        return False
    return is_ufunc(x.function) and x.function.signature is None


def _only_used_by(node: Node, plan: Layout, positions: dict[Node, int]) -> Any:
    """Return an operand of a node in whose place the node may be computed, if there is one."""
    for x in node.inputs:
        if type(x) is Node and _is_computed(x, node.shape, node.dtype):
            others = [y for y in node.inputs if type(y) is Node and y is not x]
            if plan.last.get(x) == positions[node] and not any(
                plan.kinds.get(y) in SHARING for y in others
            ):
                return x
    return None


class _Reads:
    """When the entries of arrays that are written to are read for the last time."""

    def __init__(
        self,
        program: Program,
        writings: list[Writing],
        positions: dict[Node, int],
        kinds: dict[Node, Kind],
    ) -> None:
        self.lines = {id(w.effect.array): np.full(w.effect.array.shape, -1) for w in writings}
        # of what may be any array, and the last guard, and the last call that might raise
        self.anything = max((positions.get(g.node, -1) + 1 for g in program.guards), default=-1)
        regions: dict[Node, tuple[Any, Any]] = {}  # of views: of which source, at which key
        for node, origin in program.sources.items():
            if isinstance(node.value, np.ndarray):
                regions[node] = (origin.array if type(origin) is Memory else None), WHOLE
        for node, position in positions.items():
            kind = kinds[node]
            if kind is Kind.OTHER or kind is Kind.NEW or node in program.impure:
                self.anything = position
            for x in node.inputs:
                if type(x) is Node and x in regions:
                    self._read(regions, node, x, position, kind)
        end = len(positions)
        values = [*program.results]
        values += [e.node for e in program.effects if type(e) is not Write]
        values += [x for w in writings for x, _ in w.pieces]
        for x in values:
            if type(x) is Node and x in regions:
                self._note(regions[x], end)

    def _read(self, regions: Any, node: Node, x: Node, position: int, kind: Kind) -> None:
        array, key = regions[x]
        if kind is Kind.VIEW:
            direct = key is WHOLE and node.function is functions.getitem
            regions[node] = array, node.options["key"] if direct else key
        elif kind is Kind.OTHER:  # may be a view
            regions[node] = None, WHOLE
        else:
            self._note((array, key), position)

    def _note(self, region: tuple[Any, Any], position: int) -> None:
        array, key = region
        if array is None:
            self.anything = max(self.anything, position)
        elif id(array) in self.lines:
            line = self.lines[id(array)]
            line[key] = np.maximum(line[key], position)

    def latest(self, array: Any, key: Any) -> int:
        """Return the position of the last node that reads a part of an array."""
        return max(self.anything, int(self.lines[id(array)][key].max(initial=-1)))
