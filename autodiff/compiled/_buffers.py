"""Where a program's arrays live: which share memory, in which order, and for how long.

A *storage* is a piece of memory: a buffer, which later values use again, an array that a replay
allocates, or one that comes from outside and is never written to. A *place* is a storage or a view
of one; each array of the program has one. The last use of a storage, that of any view in it,
frees it for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from autodiff._core.machine import LARGE
from autodiff.compiled import _functions as functions
from autodiff.compiled._claims import claims_of
from autodiff.compiled._forms import (
    SHARING,
    Kind,
    Scattering,
    begins_empty,
    is_elementwise,
    kind_of,
)
from autodiff.compiled._homes import Home, homes_of, overwritable
from autodiff.compiled._memory import Writing, computed_in_memory, writings_of
from autodiff.compiled._origins import Memory, Write
from autodiff.compiled._places import (
    BLOCK,
    BUFFER,
    HELD,
    LOCAL,
    MEMORY,
    OUTSIDE,
    REPEATED,
    Place,
    Storage,
)
from autodiff.compiled._program import Node, Program
from autodiff.compiled._stretches import Stretch

MOST_SHOWN = 16  # arrays that a call's result is followed back to


@dataclass
class Layout:
    """The places of a program's arrays, and what is known of its nodes."""

    order: list[Node]
    places: dict[Node, Place] = field(default_factory=dict)
    ended: dict[Node, list[Storage]] = field(default_factory=dict)  # large ones, after which node
    owned: set[Node] = field(default_factory=set)  # what results and effects get without a copy
    bases: dict[Node, Node] = field(default_factory=dict)  # by results: which of these they show
    last: dict[Node, int] = field(default_factory=dict)  # the position of the last use
    kinds: dict[Node, Kind] = field(default_factory=dict)
    writings: list[Writing] = field(default_factory=list)
    memory: dict[int, Place] = field(default_factory=dict)  # by the ids of arrays
    scatterings: dict[Node, Scattering] = field(default_factory=dict)
    stretches: dict[Node, Stretch] = field(default_factory=dict)
    exact: set[Node] = field(default_factory=set)  # of which each bit counts


def layout(
    program: Program, order: list[Node], reuse: bool, stretches: Sequence[Stretch] = ()
) -> Layout:
    """Return where the arrays of a program live."""
    writings = writings_of(program, order)
    absorbed = {node for w in writings for node in w.absorbed}
    order = [node for node in order if node not in absorbed]
    plan = Layout(order, kinds={node: kind_of(node) for node in order}, writings=writings)
    plan.stretches = {node: stretch for stretch in stretches for node in stretch.nodes}
    positions = {node: i for i, node in enumerate(order)}
    ends = [*program.results, *(e.node for e in program.effects if type(e) is not Write)]
    _set_last_uses(program, plan, positions, [*ends, *(x for w in writings for x, _ in w.pieces)])
    claims = claims_of(program, order, plan.kinds)
    plan.owned, plan.bases = claims.owned, claims.bases
    _place_memory(program, plan)
    for node, writing, key in computed_in_memory(program, plan, positions):
        plan.places[node] = plan.memory[id(writing.effect.array)].at(key, node.shape)
    plan.scatterings = {n: Scattering(n) for n in order if n.function is functions.scatter}
    homes = homes_of(plan, positions)
    _Sweep(plan, homes, positions, reuse).run(program)
    return plan


def _place_memory(program: Program, plan: Layout) -> None:
    """Give each array that outlives the call a place, for it may be read and written to."""
    arrays = [(node, o.array) for node, o in program.sources.items() if type(o) is Memory]
    for node, array in [*arrays, *((None, w.effect.array) for w in plan.writings)]:
        if id(array) not in plan.memory:
            root = Storage(MEMORY, array.shape, array.dtype, len(plan.order)).root
            root.contiguous = array.flags.c_contiguous
            plan.memory[id(array)] = root
        if node is not None:
            plan.places[node] = plan.memory[id(array)]


def _set_last_uses(
    program: Program, plan: Layout, positions: dict[Node, int], ends: list[Any]
) -> None:
    """Note the last use of each node, or of what may be a view of it."""
    last, end = plan.last, len(plan.order)
    for guard in program.guards:
        stretch = plan.stretches.get(guard.node)
        read_after = guard.node
        if stretch is not None and guard.node not in stretch.inside:
            read_after = stretch.nodes[-1]
        last[guard.node] = positions.get(read_after, -1)
    for x in ends:
        if type(x) is Node:
            last[x] = end
    for node in reversed(plan.order):
        position = positions[node]
        until = last.setdefault(node, position)
        reach = max(until, position) if plan.kinds[node] in SHARING else position
        stretch = plan.stretches.get(node)
        for x in node.inputs:
            if type(x) is Node:
                until = reach
                if stretch is not None and x not in stretch.inside:
                    until = positions[stretch.nodes[-1]]  # when all blocks have read it
                last[x] = max(last.get(x, -1), until)


class _Sweep:
    """The walk through a program that gives each array its place."""

    def __init__(
        self,
        plan: Layout,
        homes: dict[Node, Home],
        positions: dict[Node, int],
        reuse: bool,
    ) -> None:
        self.plan = plan
        self.homes = homes
        self.positions = positions
        self.reuse = reuse
        self.places = plan.places
        self.shown: dict[Node, dict[Storage, None]] = {}  # what views may be of
        self.free: dict[tuple[Any, Any], list[Storage]] = {}  # by size or stretch, and dtype

    def run(self, program: Program) -> None:
        """Give each array its place."""
        for node in program.sources:
            if isinstance(node.value, np.ndarray) and node not in self.places:
                self.places[node] = self._new(OUTSIDE, node).root
        for position, node in enumerate(self.plan.order):
            kind = self.plan.kinds[node]
            if kind is Kind.VIEW:
                self._view(node)
            elif node.function is functions.full and node not in self.plan.owned:
                storage = self._new(OUTSIDE, node)
                storage.uniform = node
                self.places[node] = storage.root
            elif kind is Kind.OUT:
                if node not in self.places:
                    self._place(node, position)
            elif kind is Kind.NEW:
                self.places[node] = self._new(LOCAL, node).root
            elif kind is Kind.OTHER:
                self._hold(node)
            self._release(node, position)

    def _hold(self, node: Node) -> None:
        """Give what may share memory with its inputs a place, and note with what it does."""
        shown: dict[Storage, None] = {}
        for x in node.inputs:
            if type(x) is Node:
                shown |= self.shown.get(x, {})
                if x in self.places:
                    shown[self.places[x].storage] = None
        if len(shown) <= MOST_SHOWN:
            self.shown[node] = shown
        if isinstance(node.value, np.ndarray):
            self.places[node] = self._new(HELD, node).root

    def _new(self, kind: str, node: Node) -> Storage:
        return Storage(kind, node.shape, node.dtype, self.plan.last.get(node, -1))

    def _view(self, node: Node) -> None:
        x = node.inputs[0]
        place = self.places.get(x) if type(x) is Node else None
        if place is None:  # of a constant, or of a number
            if isinstance(node.value, np.ndarray):
                self.places[node] = self._new(OUTSIDE, node).root
            return
        found: Place | None
        if node.function is functions.reshape:
            found = place.in_shape(node.shape)
        elif node.function is functions.transpose:
            axes = node.options["axes"]
            turned = axes == tuple(range(len(axes)))[::-1]
            found = place.view(".T" if turned else f".transpose{axes}", node.shape)
        elif node.function is functions.broadcast_to:
            found = place.view(f"{REPEATED}{node.shape}", node.shape)
        else:
            found = place.at(node.options["key"], node.shape)
        self.places[node] = self._any(node) if found is None else found
        storage = self.places[node].storage
        storage.last = max(storage.last, self.plan.last[node])

    def _place(self, node: Node, position: int) -> None:
        """Give a node, and those whose homes are in one another, a place."""
        chain = [node]
        while chain[-1] in self.homes:
            chain.append(self.homes[chain[-1]].node)
            if chain[-1] in self.places:
                break
        top = chain.pop()
        if top not in self.places:
            self.places[top] = self._top(top, position, alone=not chain)
        while chain:
            x = chain.pop()
            home = self.homes[x]
            whole = self.places[home.node]
            part = whole if home.key is None else whole.at(home.key, home.shape)
            place = part.in_shape(x.shape) or self._any(x)
            self.places[x] = place
            place.storage.last = max(place.storage.last, self.plan.last[x])

    def _top(self, node: Node, position: int, alone: bool) -> Place:
        if alone and self.reuse:
            for x in overwritable(node):
                place = self._in_place(x, node, position)
                if place is not None:
                    place.storage.last = self.plan.last[node]
                    if not place.storage.strict:
                        place.storage.views = {}  # some may have been copies
                    return place
        if node in self.plan.owned:
            storage = self._new(LOCAL, node)
            in_pieces = begins_empty(node) or not alone or node in self.plan.stretches
            storage.strict = storage.root.contiguous = in_pieces
            return storage.root
        return self._any(node)

    def _in_place(self, x: Any, node: Node, position: int) -> Place | None:
        """Return the place of an operand that a node can overwrite, if it is one."""
        place = self.places.get(x) if type(x) is Node else None
        if place is None or place.shape != node.shape or not isinstance(x.value, np.ndarray):
            return None
        storage = place.storage
        if (
            storage.last != position
            or storage.dtype != node.dtype
            or storage.kind not in ((BLOCK,) if self._is_inside(node) else (BUFFER, LOCAL))
        ):
            return None
        if node in self.plan.owned and (storage.kind != LOCAL or place.parent is not None):
            return None
        if place.is_repeated() or any(
            self.places[y] is not place and self.places[y].storage is storage
            for y in node.inputs
            if type(y) is Node and y in self.places
        ):
            return None
        return place

    def _any(self, node: Node) -> Place:
        """Return a free buffer, in which the axes lie as they did in the recorded array."""
        dtype, flags = node.dtype, node.value.flags
        assert dtype is not None
        if self._is_inside(node):
            return self._block(node)
        turned = is_elementwise(node) and flags.f_contiguous and not flags.c_contiguous
        shape = node.shape[::-1] if turned else node.shape
        free = self.free.get((node.size, dtype))
        if free:
            storage = free.pop()
            storage.last = self.plan.last[node]
        else:
            storage = Storage(BUFFER, shape, dtype, self.plan.last[node])
        place = storage.root.in_shape(shape)
        assert place is not None
        return place.view(".T", node.shape) if turned else place

    def _is_inside(self, node: Node) -> bool:
        stretch = self.plan.stretches.get(node)
        return stretch is not None and node in stretch.inside

    def _block(self, node: Node) -> Place:
        """Return a free buffer of a block: its place has the shape of the whole."""
        free = self.free.get((self.plan.stretches[node], node.dtype))
        if not free:
            return self._new(BLOCK, node).root
        storage = free.pop()
        storage.last = self.plan.last[node]
        return storage.root

    def _release(self, node: Node, position: int) -> None:
        """Note what is free after a node, and what a replay had better let go."""
        ended: dict[Storage, None] = {}
        stretch = self.plan.stretches.get(node)
        done = [node] if stretch is None or node is not stretch.nodes[-1] else stretch.nodes
        for x in (x for y in done for x in (y, *y.inputs)):
            if type(x) is Node and x in self.places:
                ended[self.places[x].storage] = None
            if type(x) is Node and x in self.shown:
                ended |= self.shown[x]
        for storage in ended:
            if storage.last != position:
                continue
            size = prod(storage.root.shape)
            if storage.kind in (LOCAL, HELD):
                if size > LARGE:
                    self.plan.ended.setdefault(node, []).append(storage)
            elif storage.kind in (BUFFER, BLOCK) and self.reuse:
                where = self.plan.stretches[node] if storage.kind == BLOCK else size
                self.free.setdefault((where, storage.dtype), []).append(storage)
