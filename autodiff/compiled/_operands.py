"""Operands of ufuncs, in the forms in which NumPy is fastest.

Numbers become arrays without axes, and what is small is spread out first: a ufunc on arrays of
one shape takes one run through memory, and others start anew with each row.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._forms import is_elementwise
from autodiff.compiled._program import Node

if TYPE_CHECKING:
    from autodiff.compiled._writer import Writer

# Entries of an array up to which spreading out operands pays. Float64 (100, 16): adding a row takes
# 1.27 µs, spreading it out .47 and then adding it .41; a product with a mask 1.21, with numbers .39
# and .41; the maximum with a number 1.04, with an array of it .45.
SPREAD = 16384
SHORT_ROW = 16  # entries, of which rows are long to spread out ...
FEW = 1024  # ... unless these are all
LONG_ROW = 128  # entries of rows that NumPy takes in full speed


def value_of(x: Any) -> Any:
    """Return an operand's value in the recorded call."""
    return x.value if type(x) is Node else x


def shape_of(x: Any) -> Any:
    """Return an operand's shape."""
    return x.shape if type(x) is Node else np.shape(x)


def operands(w: Writer, node: Node) -> list[str]:
    """Return the texts of a ufunc's operands: of numbers, arrays without axes of the type used."""
    places = w.plan.places
    if all(
        type(x) is Node
        and x.shape == node.shape
        and x.dtype == node.dtype
        and x in places
        and not is_uniform(w, x)
        for x in node.inputs
    ):
        return [w.name(places[x]) for x in node.inputs]
    texts = []
    kinds = tuple(kind_of_operand(x) for x in node.inputs)
    loop = _loop(node.function, kinds)
    for i, x in enumerate(node.inputs):
        dtype = None if loop is None else loop[i]
        if dtype is not None and _stands_for_number(w, node, x):
            x = x.options["dtype"].type(x.options["value"])
        texts.append(_spread(w, node, x, dtype) or w.operand(x, dtype))
    return texts


def _spread(w: Writer, node: Node, x: Any, dtype: Any) -> str:
    """Return the text of an operand that is spread out to the shape and type of the result."""
    if dtype is None or not node.ndim or not is_elementwise(node) or len(node.inputs) > 2:
        return ""
    if node in w.plan.stretches:  # of which a block is computed at a time
        return ""
    if not isinstance(value_of(x), np.ndarray):
        return _repetition(w, node, x, dtype)
    others = [y for y in node.inputs if y is not x]
    if not x.ndim or not all(_is_plain(y, node, dtype, x.shape == node.shape) for y in others):
        return ""
    if x.size == 1 < node.size and others:
        return _entry(w, x)
    if not others or not _pays(node, x, dtype):
        return ""
    if not isinstance(x, Node):
        return w.constant_of(np.broadcast_to(x, node.shape).astype(dtype))
    name = w.scratch(node.shape, dtype)
    w.call(f"{name}[...] = {w.text(x)}", node.size * dtype.itemsize)
    return name


def _is_plain(x: Any, node: Node, dtype: Any, beside_all: bool) -> bool:
    """Return whether an operand has the shape and type of the result, or is a number."""
    if not isinstance(value_of(x), np.ndarray):
        return beside_all and kind_of_operand(x) is not np.dtype(bool)
    return bool(x.shape == node.shape and x.dtype == dtype)


def _pays(node: Node, x: Any, dtype: Any) -> bool:
    """Return whether spreading out a mask, or a row or column, saves more time than it takes."""
    if node.size > SPREAD:
        return False
    if x.shape == node.shape:
        return bool(x.dtype == bool and dtype.kind in "fc")
    long = SHORT_ROW <= node.shape[-1] <= 2 * LONG_ROW
    return bool(x.dtype == dtype) and (long or node.size <= FEW)


def _entry(w: Writer, x: Any) -> str:
    """Return the text of an array of one entry without axes."""
    if not isinstance(x, Node):
        return w.constant_of(x.reshape(()))
    place = w.plan.places.get(x)
    place = None if place is None else place.in_shape(())
    return "" if place is None or is_uniform(w, x) else w.name(place)


def _repetition(w: Writer, node: Node, x: Any, dtype: Any) -> str:
    """Return the text of a number as an array of it, with which some functions are faster."""
    if isinstance(x, Node) or node.function not in _SLOW_WITH_NUMBERS:
        return ""
    row = node.shape[-1:] if node.size > SPREAD else node.shape
    if node.size > SPREAD and not LONG_ROW <= row[0] <= SPREAD:
        return ""
    return w.repetition(row, x, dtype)


_SLOW_WITH_NUMBERS = frozenset({np.maximum, np.minimum, np.fmax, np.fmin})


def _stands_for_number(w: Writer, node: Node, x: Any) -> bool:
    """Return whether an operand is an array of equal entries of which one will do."""
    if not is_uniform(w, x) or node.function.signature is not None:
        return False
    if node in w.plan.stretches:  # whose shape is that of the memory that is written to
        return True
    others = [shape_of(y) for y in node.inputs if not is_uniform(w, y)]
    return np.broadcast_shapes(*others) == node.shape


def is_uniform(w: Writer, x: Any) -> bool:
    """Return whether all entries of an operand are one number that is known."""
    return type(x) is Node and x.function is functions.full and x not in w.plan.owned


def kind_of_operand(x: Any) -> Any:
    """Return an operand's dtype, or the type of a number of Python's."""
    dtype = getattr(x, "dtype", None)
    if dtype is not None:
        return dtype
    value = value_of(x)
    return np.dtype(bool) if type(value) is bool else type(value)


@lru_cache(maxsize=1024)
def _loop(ufunc: Any, kinds: tuple[Any, ...]) -> Any:
    """Return the types in which a ufunc computes, or None where it does not say."""
    try:
        return ufunc.resolve_dtypes((*kinds, None))
    except (TypeError, ValueError, NotImplementedError):
        return None
