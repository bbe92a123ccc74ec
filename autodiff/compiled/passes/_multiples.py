"""Sums of multiples, in fewer products: each as exact as the terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff.compiled._program import Node
from autodiff.compiled.passes._operands import has_type, is_constant_scalar, is_node, is_real
from autodiff.compiled.passes._rewriting import Rewriting


def remember_multiple(node: Node, walk: Rewriting) -> None:
    """Note that there is this multiple of something."""
    number, x = node.inputs
    if is_constant_scalar(number):
        walk.memo["multiple", id(x)] = number, node


def with_known_multiple(node: Node, walk: Rewriting) -> Any:
    """Write a·x + b·(y·z) as a·(x + c·y·z), where c·y is there already."""
    for (a, x), (b, product) in _multiples(node, walk):
        if not _is_own(product, np.multiply, node, walk):
            continue
        for y, z in (product.inputs, product.inputs[::-1]):
            c, known = walk.memo.get(("multiple", id(y)), (0, None))
            if known is not None and abs(a * c) == abs(b):
                function = np.add if a * c == b else np.subtract
                total = walk.make(function, x, walk.make(np.multiply, known, z))
                return walk.make(np.multiply, a, total)
    return None


def with_common_factor(node: Node, walk: Rewriting) -> Any:
    """Write a·x + b·(z + x·y) as b·(z + x·(y + a/b))."""
    for (a, x), (b, total) in _multiples(node, walk):
        if not _is_own(total, np.add, node, walk):
            continue
        for z, product in (total.inputs, total.inputs[::-1]):
            if not _is_own(product, np.multiply, node, walk):
                continue
            y, other = product.inputs if product.inputs[1] is x else product.inputs[::-1]
            if other is x and has_type(y, node.dtype) and y.shape == x.shape:
                inner = walk.make(np.multiply, x, walk.make(np.add, y, float(a / b)))
                return walk.make(np.multiply, b, walk.make(np.add, z, inner))
    return None


def _multiples(node: Node, walk: Rewriting) -> Iterator[tuple[tuple[Any, Any], tuple[Any, Any]]]:
    """Yield the two terms of a sum as multiples that nothing else needs, in both orders."""
    terms = [x.inputs for x in node.inputs if _is_own(x, np.multiply, node, walk)]
    if len(terms) == 2 and all(is_constant_scalar(a) and a and _fits(x, node) for a, x in terms):
        yield (terms[0], terms[1])
        yield (terms[1], terms[0])


def _is_own(x: Any, function: Any, node: Node, walk: Rewriting) -> bool:
    """Whether an operand of a node's shape and type is computed so, and for that node alone."""
    return is_node(x, function) and walk.uses[x] <= 1 and _fits(x, node) and is_real(node)


def _fits(x: Any, node: Node) -> bool:
    return type(x) is Node and x.shape == node.shape and has_type(x, node.dtype)
