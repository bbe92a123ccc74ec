"""A stretch is written as a function of the number of a block, which threads call in turn.

Arrays that nothing else needs are as long as a block, one for each thread; of all others there are
views of the block's entries. Sums, products and greatest entries are those of the blocks' own.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import prod
from typing import Any

import numpy as np

from autodiff._core.machine import LARGE
from autodiff._core.types import Shape
from autodiff.compiled._buffers import Layout
from autodiff.compiled._places import BLOCK, HELD, MEMORY, OUTSIDE, Place, Storage
from autodiff.compiled._program import Node
from autodiff.compiled._statements import write_out
from autodiff.compiled._stretches import Stretch
from autodiff.compiled._threads import compute_blocks
from autodiff.compiled._writer import Writer

# Whose blocks take so long that threads pay for handing Python's lock to one another. Of all else
# memory decides: the gradient of Rosenbrock's function of 10 million numbers takes .40 of the time
# by hand in one thread and .42 in two.
SLOW = frozenset(
    {
        *(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.logaddexp),
        *(np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2, np.sinh, np.cosh),
        *(np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.power, np.float_power, np.cbrt),
        *(np.hypot, np.logaddexp2),
    }
)


def can_be_divided(plan: Layout, stretch: Stretch) -> bool:
    """Return whether no block writes what another reads.

    Places in which nodes are computed are the same or lie apart: pieces of a joined array.
    """
    places = plan.places
    written = {places[node] for node in stretch.nodes if node in places}
    storages = {place.storage for place in written}
    inputs = (x for node in stretch.nodes for x in node.inputs)
    read = {places[x] for x in inputs if type(x) is Node and x in places}
    if any(place.storage in storages for place in read - written):
        return False
    outside = any(place.storage.kind in (OUTSIDE, HELD) for place in read)
    return not (outside and any(storage.kind == MEMORY for storage in storages))


def write_stretch(w: Writer, stretch: Stretch, checked: Container[Node]) -> None:
    """Write what computes a stretch, and what shows that all entries of some nodes are finite.

    While its calls are written, arrays have the names of their entries in a block.
    """
    block = _Block(w, stretch)
    w.ahead, w.lines = w.lines, []
    for node in stretch.nodes:
        if node.shape:
            write_out(w, node, w.plan.places[node])
        else:
            block.reduce(node.function, node.inputs, node.dtype)
        if node in checked and node.shape and node.dtype is not None and node.dtype.kind in "fc":
            block.reduce(np.add.reduce, (node,), node.dtype)
    body, w.lines = w.lines, w.ahead
    w.here = {}
    w.lines += block.text(body)
    for node in stretch.nodes:
        if not node.shape:
            w.assign(w.new_number(node), block.total(node.function, node.inputs), node)
        elif (np.add.reduce, id(node)) in block.numbers:
            total = block.total(np.add.reduce, (node,))
            w.totals[node] = f"abs({total})" if node.value.dtype.kind == "c" else total


class _Block:
    """The names of what a block computes with, and how it comes by them."""

    def __init__(self, w: Writer, stretch: Stretch) -> None:
        self.w, self.stretch = w, stretch
        self.buffers: dict[str, Storage] = {}
        self.views: list[str] = []  # the lines that make them
        self.numbers: dict[Any, str] = {}  # by function and operands: of all blocks
        for node in stretch.nodes:
            for x in (node, *node.inputs):
                if type(x) is Node and x in w.plan.places:
                    self._name(w.plan.places[x])
                elif isinstance(x, np.ndarray) and id(x) not in w.here and self._key(x.shape):
                    w.here[id(x)] = self._view(x.shape, w.constant(x))

    def _name(self, place: Place) -> None:
        w, storage = self.w, place.storage
        number = storage.uniform is not None and place.parent is None
        if place in w.here or number or not self._key(place.shape):
            return
        if storage.kind == BLOCK:
            w.here[place] = w.fresh("b")
            self.buffers[w.here[place]] = storage
        else:
            w.here[place] = self._view(place.shape, w.name(place))

    def _view(self, shape: Shape, whole: str) -> str:
        name = self.w.fresh("u")
        self.views.append(f"{name} = {whole}{self._key(shape)}")
        return name

    def _key(self, shape: Shape, key: str = "start:stop") -> str:
        """Return the key of a block's entries, or nothing where all blocks have the same."""
        stretch = self.stretch
        axis = stretch.axis - len(stretch.shape) + len(shape)
        if axis < 0 or shape[axis] != stretch.shape[stretch.axis]:
            return ""
        return f"[{':, ' * axis}{key}]"

    # -- numbers ---------------------------------------------------------------------------

    def reduce(self, function: Any, inputs: Sequence[Any], dtype: Any) -> None:
        """Write what reduces a block to a number, which is kept."""
        w = self.w
        key = function, *map(id, inputs)
        if key in self.numbers:
            return
        x, *other = (w.text(x) for x in inputs)
        if other:
            matmul = w.bind(np.matmul, "matmul")
            keys = [f"[{i}:{i + LARGE}]" for i in range(0, self.stretch.step, LARGE)]
            number = " + ".join(f"{matmul}({x}{key}, {other[0]}{key})" for key in keys)
        else:
            number = f"{w.reduction(function)}({x}, None)"
        name = self.numbers[key] = w.scratch((self.stretch.count,), dtype, w.fresh("number"))
        w.call(f"{name}[number] = {number}", dtype.itemsize)

    def total(self, function: Any, inputs: Sequence[Any]) -> str:
        """Return the text of what the blocks' numbers are reduced to."""
        by = np.add.reduce if function is np.matmul else function
        return f"{self.w.reduction(by)}({self.numbers[function, *map(id, inputs)]}, None)"

    # -- text --------------------------------------------------------------------------------

    def text(self, body: Sequence[str]) -> list[str]:
        """Return the function of a block's number and buffers, and the call for all blocks."""
        w, stretch = self.w, self.stretch
        name, blocks = w.fresh("stretch"), w.fresh("blocks")
        self._make_buffers(blocks)
        lines = [f"({''.join(f'{b}, ' for b in self.buffers)}) = buffers"] if self.buffers else []
        end = stretch.shape[stretch.axis]
        lines += [f"start = number * {stretch.step}", f"stop = start + {stretch.step}"]
        if end % stretch.step:
            cut = self._key(stretch.shape, ":stop - start")
            lines += [f"if stop > {end}:", f"    stop = {end}"]
            lines += [f"    {b} = {b}{cut}" for b in self.buffers]
        inside = [f"    {line}" for line in (*lines, *self.views, *body)]
        compute = w.bind(compute_blocks, "compute_blocks")
        call = f"{compute}({name}, {stretch.count}, {blocks})"
        return [f"def {name}(number, buffers):", *inside, call]

    def _make_buffers(self, blocks: str) -> None:
        w, stretch = self.w, self.stretch
        shape = list(stretch.shape)
        shape[stretch.axis] = stretch.step
        order = ', "F"' if _is_turned(stretch.nodes[0]) else ""
        empty = w.bind(np.empty, "empty")
        made = "".join(
            f"{empty}({tuple(shape)}, {w.dtype(storage.dtype)}{order}), "
            for storage in self.buffers.values()
        )
        threads = w.threads if any(x.function in SLOW for x in stretch.nodes) else 1
        w.header.append(f"{blocks} = [({made}) for _ in range({threads})]")
        w.kept[blocks] = None
        sizes = (prod(shape) * storage.dtype.itemsize for storage in self.buffers.values())
        w.peak += threads * sum(sizes)


def _is_turned(node: Node) -> bool:
    flags = getattr(node.value, "flags", None)
    return flags is not None and flags.f_contiguous and not flags.c_contiguous
