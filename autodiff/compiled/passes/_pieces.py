"""Rules for what is put together and read again."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node
from autodiff.compiled.passes._keys import along_axes, index_at, reads_all
from autodiff.compiled.passes._operands import has_type, is_constant_scalar, is_node, shape_of
from autodiff.compiled.passes._repeated import equal_entries
from autodiff.compiled.passes._rewriting import Rewriting


def _read(node: Node, walk: Rewriting) -> Any:
    """Return what stands at a key, where it is seen to have been put there."""
    x, *parts = node.inputs
    key = node.options["key"]
    if parts:
        return None
    if reads_all(key, shape_of(x)):
        return x
    if is_node(x, functions.full):
        return equal_entries(node, x.options["value"], walk)
    if _is_written_at(x, key):
        return _in_shape_of(node, x.inputs[1], walk)
    if is_node(x, functions.stack, functions.concatenate):
        return _piece(x, index_at(key, x.shape, x.options["axis"]), walk)
    return None


def _is_written_at(x: Any, key: Any) -> bool:
    """Whether an operand is a copy with other entries at a key of ints and slices."""
    return (
        is_node(x, functions.setitem)
        and len(x.inputs) == 2
        and along_axes(key, x.ndim) is not None
        and along_axes(x.options["key"], x.ndim) is not None
        and x.options["key"] == key
    )


def _in_shape_of(node: Node, v: Any, walk: Rewriting) -> Any:
    """Return entries as they are where they are written in the place of a node."""
    if is_constant_scalar(v):
        return equal_entries(node, v, walk)
    if len(shape_of(v)) > node.ndim or not hasattr(v, "dtype"):
        return None
    if shape_of(v) != node.shape:
        v = walk.make(functions.broadcast_to, v, shape=node.shape)
    same = has_type(v, node.dtype) or v.dtype.kind == "c"
    return v if same else walk.make(functions.astype, v, dtype=node.dtype)


def _piece(joined: Node, index: Any, walk: Rewriting) -> Any:
    """Return the operand of a join that an index along its axis, and none other, reads."""
    if joined.function is functions.stack:
        return joined.inputs[index] if type(index) is int else None
    pieces = walk.memo.get(joined)
    if pieces is None:
        lengths = [shape_of(x)[joined.options["axis"]] for x in joined.inputs]
        ends = list(accumulate(lengths))
        places = [(end - n, end) for n, end in zip(lengths, ends, strict=True)]
        pieces = walk.memo[joined] = dict(zip(places, joined.inputs, strict=True))
    return (
        pieces.get((index.start, index.stop)) if type(index) is slice and index.step == 1 else None
    )


def _write(node: Node, walk: Rewriting) -> Any:
    """Return what is written, where that is everything; else write once what is written twice."""
    x, v, *parts = node.inputs
    key = node.options["key"]
    if parts:
        return None
    if reads_all(key, node.shape):
        return _in_shape_of(node, v, walk)
    if _is_written_at(x, key):
        return walk.make(functions.setitem, x.inputs[0], v, key=key)
    return None


def _scatter(node: Node, walk: Rewriting) -> Any:
    """Return a piece that is the whole."""
    keys = node.options["keys"]
    return node.inputs[0] if len(keys) == 1 and reads_all(keys[0], node.shape) else None


EXACT: Any = {functions.getitem: [_read], functions.setitem: [_write]}
ROUNDING: Any = {functions.scatter: [_scatter]}
