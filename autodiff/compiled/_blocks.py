"""Long vectors are updated block by block, which stay in the processor's cache between calls."""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy as np

from autodiff.compiled._forms import Kind
from autodiff.compiled._operands import is_uniform
from autodiff.compiled._places import BUFFER, LOCAL, MEMORY, Place, Storage
from autodiff.compiled._program import Node
from autodiff.compiled._statements import write_node
from autodiff.compiled._writer import Writer

# Entries of a block. The momentum update of 1.9 million float32 takes 1.5 ms call by call, .8 in
# blocks.
BLOCK = 1 << 15
LEAST = 8 * BLOCK  # entries of vectors that are worth it


def runs_of(w: Writer, nodes: list[Node], alone: Container[Node]) -> Iterator[list[Node]]:
    """Yield the nodes in order: those that are computed in blocks together, and others alone.

    Numbers that are computed of numbers may stand between. Of those ``alone`` something depends
    at once.
    """
    run: list[Node] = []
    for node in nodes:
        together = node not in alone and (_is_in_blocks(w, node) or (run and _is_number(w, node)))
        if together and (not run or _fits(w, run, node)):
            run.append(node)
            continue
        yield from _worthwhile(w, run)
        run = [node] if together and not _is_number(w, node) else []
        if not run:
            yield [node]
    yield from _worthwhile(w, run)


def _worthwhile(w: Writer, run: list[Node]) -> Iterator[list[Node]]:
    if sum(not _is_number(w, node) for node in run) > 1:
        yield run
    else:
        yield from ([node] for node in run)


def _is_number(w: Writer, node: Node) -> bool:
    """Return whether a node is a number computed of numbers."""
    return w.plan.kinds.get(node) is Kind.NUMBER and all(
        not isinstance(x.value if type(x) is Node else x, np.ndarray) for x in node.inputs
    )


def _is_in_blocks(w: Writer, node: Node) -> bool:
    """Return whether a node is computed entry by entry of long vectors in memory of its own."""
    function, place = node.function, w.plan.places.get(node)
    if node.ndim != 1 or node.size < LEAST or place is None or not place.storage.strict:
        return False
    if not isinstance(function, np.ufunc) or function.nout > 1 or function.signature is not None:
        return False
    return (
        w.plan.kinds[node] is Kind.OUT
        and _are_alike(_places(w, node))
        and all(x.shape == node.shape for x in node.inputs if _is_array(x))
        and all(_is_own(w, x) for x in node.inputs if _is_array(x) or x in w.plan.places)
    )


def _is_array(x: object) -> bool:
    return isinstance(x.value if type(x) is Node else x, np.ndarray)


def _is_own(w: Writer, x: object) -> bool:
    place = w.plan.places.get(x) if type(x) is Node else None
    return (
        type(x) is Node
        and place is not None
        and place.storage.kind in (BUFFER, LOCAL, MEMORY)
        and not is_uniform(w, x)
    )


def _places(w: Writer, node: Node) -> list[Place]:
    """Return where a node and the arrays that it is computed of live."""
    places = w.plan.places
    return [places[x] for x in (node, *node.inputs) if type(x) is Node and x in places]


def _are_alike(places: list[Place]) -> bool:
    """Return whether those that share memory are one, so that entries meet their likes alone."""
    seen: dict[Storage, Place] = {}
    return all(seen.setdefault(place.storage, place) is place for place in places)


def _fits(w: Writer, run: list[Node], node: Node) -> bool:
    """Return whether a node can be computed block by block with those of a run."""
    vectors = [x for x in run if not _is_number(w, x)]
    if _is_number(w, node):
        return True
    places = [place for x in (*vectors, node) for place in _places(w, x)]
    return node.shape == vectors[0].shape and _are_alike(places)


def write_run(w: Writer, run: list[Node]) -> None:
    """Write a loop over blocks that computes some nodes."""
    for node in run:
        if _is_number(w, node):
            write_node(w, node)
    vectors = [node for node in run if not _is_number(w, node)]
    index, heads, calls = w.fresh("i"), [], []
    whole: dict[Place, str] = {}
    for place in dict.fromkeys(
        place for node in vectors for place in _places(w, node) if place.shape
    ):
        block = w.fresh("u")
        if _is_passing(w, place, vectors):
            scratch = w.scratch((BLOCK,), place.storage.dtype, block)
            heads.append(f"    {block} = {scratch}[: {vectors[0].size} - {index}]")
        else:
            heads.append(f"    {block} = {w.name(place)}[{index}:{index} + {BLOCK}]")
        whole[place] = place.name
        place.name = block
    for node in vectors:
        write_node(w, node)
        calls.append(f"    {w.lines.pop()}")
    w.lines += [f"for {index} in range(0, {vectors[0].size}, {BLOCK}):", *heads, *calls]
    for place, name in whole.items():
        w.kept.pop(place.name, None)
        place.name = name


def _is_passing(w: Writer, place: Place, nodes: list[Node]) -> bool:
    """Return whether a buffer holds nothing but what these nodes leave to each other."""
    storage = place.storage
    return (
        storage.kind == BUFFER
        and place is storage.root
        and storage.last <= w.plan.order.index(nodes[-1])
        and all(x in nodes for x, other in w.plan.places.items() if other.storage is storage)
    )
