"""Signs in sums, and sums of what is known in places only."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Part
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._multiples import (
    remember_multiple,
    with_common_factor,
    with_known_multiple,
)
from autodiff.compiled.passes._operands import has_type, is_node, is_real, is_scalar
from autodiff.compiled.passes._rewriting import Rewriting, rewrite
from autodiff.compiled.passes._views import joined_segment, read, segment_of

WHOLE = (...,)  # the key of all entries


def gather_sums(program: Program) -> None:
    """Subtract what is negated, and put pieces in their places in one call."""
    rewrite(
        program,
        {},
        {
            np.add: [
                _signs,
                _common_number,
                with_known_multiple,
                with_common_factor,
                _pieces,
                _squares,
            ],
            np.multiply: [remember_multiple],
            np.subtract: [_signs, _common_number],
            np.negative: [_opposite_difference],
            functions.scatter: [_equal_keys],
        },
        uses=True,
    )


# -- signs -------------------------------------------------------------------------------------


def _signs(node: Node, walk: Rewriting) -> Any:
    """Subtract instead of adding a negative, and the other way round."""
    x, y = node.inputs
    if not is_real(node):
        return None
    adds = node.function is np.add
    if is_node(y, np.negative):
        return walk.make(np.subtract if adds else np.add, x, y.inputs[0])
    if adds and is_node(x, np.negative):
        return walk.make(np.subtract, y, x.inputs[0])
    if not adds and type(x) in (int, float, np.float64, np.float32) and x == 0:
        return walk.make(np.negative, y)
    return None


def _opposite_difference(node: Node, walk: Rewriting) -> Any:
    """Negate a difference by exchanging its operands."""
    x = node.inputs[0]
    return (
        walk.make(np.subtract, *x.inputs[::-1])
        if is_node(x, np.subtract) and is_real(node)
        else None
    )


def _common_number(node: Node, walk: Rewriting) -> Any:
    """Multiply a sum by a number that both terms are multiplied by."""
    x, y = node.inputs
    if not (is_node(x, np.multiply) and is_node(y, np.multiply) and is_real(node)):
        return None
    if x is y or walk.uses[x] > 1 or walk.uses[y] > 1:
        return None
    (a, x), (b, y) = x.inputs, y.inputs
    if not (
        is_scalar(a) and _same_number(a, b) and has_type(x, node.dtype) and has_type(y, node.dtype)
    ):
        return None
    return walk.make(np.multiply, a, walk.make(node.function, x, y))


# -- squares of consecutive parts ----------------------------------------------------------------


def _squares(node: Node, walk: Rewriting) -> Any:
    """Sum the squares of consecutive parts of a vector by one inner product."""
    if node.shape or not is_real(node):
        return None
    before, last = node.inputs
    earlier = (
        before if _inner_square(before) else before.inputs[1] if is_node(before, np.add) else None
    )
    a, b = _inner_square(earlier), _inner_square(last)
    if a is None or b is None or not _same_number(a[0], b[0]):
        return None
    part = joined_segment([a[1], b[1]])
    if part is None or walk.uses[before] > 1:
        return None
    vector = read(part, walk)
    square = walk.make(np.matmul, vector, vector)
    if a[0] is not None:
        square = walk.make(np.multiply, a[0], square)
    return square if earlier is before else walk.make(np.add, before.inputs[0], square)


def _inner_square(x: Any) -> tuple[Any, Any] | None:
    """Return the number in front of an inner product of a vector with itself, and the vector."""
    number = None
    if is_node(x, np.multiply) and is_scalar(x.inputs[0]):
        number, x = x.inputs
    if is_node(x, np.matmul) and x.inputs[0] is x.inputs[1] and segment_of(x.inputs[0]):
        return number, x.inputs[0]
    return None


def _same_number(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) is not Node and bool(a == b))


# -- pieces ------------------------------------------------------------------------------------


def _pieces(node: Node, walk: Rewriting) -> Any:
    """Add to what is scattered by scattering that too; an array is a piece of all entries."""
    x, y = node.inputs
    if not is_node(x, functions.scatter):
        x, y = y, x
    if not is_node(x, functions.scatter) or walk.uses[x] > 1 or x.shape != node.shape:
        return None
    if not is_real(node) or not has_type(x, node.dtype) or getattr(y, "shape", None) != node.shape:
        return None
    keys = x.options["keys"]
    pieces, parts = x.inputs[: len(keys)], x.inputs[len(keys) :]
    if is_node(y, functions.scatter) and walk.uses[y] == 1 and has_type(y, node.dtype):
        others = y.options["keys"]
        pieces += y.inputs[: len(others)]
        keys += tuple(_key_further_on(key, len(parts)) for key in others)
        parts += y.inputs[len(others) :]
    elif has_type(y, node.dtype):
        pieces, keys = (y, *pieces), (WHOLE, *keys)
    else:
        return None
    return walk.make(
        functions.scatter, *pieces, *parts, keys=keys, shape=node.shape, dtype=node.dtype
    )


def _key_further_on(key: tuple[Any, ...], by: int) -> tuple[Any, ...]:
    """Return a key for operands that stand further behind."""
    return tuple([Part(k.number + by) if type(k) is Part else k for k in key])


def _equal_keys(node: Node, walk: Rewriting) -> Any:
    """Add the pieces of one key before they are put in their places; all entries come first."""
    keys = node.options["keys"]
    pieces, parts = node.inputs[: len(keys)], node.inputs[len(keys) :]
    sums: dict[Any, tuple[Any, Any]] = {}
    for key, piece in zip(keys, pieces, strict=True):
        known = sums.get(repr(key))
        if known is not None and known[1].shape == piece.shape:
            piece = walk.make(np.add, known[1], piece)
        elif known is not None:
            return None
        sums[repr(key)] = key, piece
    ordered = sorted(sums.values(), key=lambda pair: pair[0] != WHOLE)
    if len(ordered) == len(keys) and ordered[0][0] == keys[0]:
        return None
    if len(ordered) == 1 and ordered[0][0] == WHOLE:
        return ordered[0][1]
    return walk.make(
        functions.scatter,
        *[piece for _, piece in ordered],
        *parts,
        keys=tuple([key for key, _ in ordered]),
        shape=node.shape,
        dtype=node.dtype,
    )
