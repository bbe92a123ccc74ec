"""Equal calls become one."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff.compiled._functions import Opaque
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._rewriting import substitute, with_replaced

_COMMUTATIVE = frozenset({np.add, np.multiply, np.maximum, np.minimum})
SHORT = 64  # entries of a constant array, up to which it is compared by them


def merge_duplicates(program: Program) -> None:
    """Merge calls of one function with the same inputs and options."""
    first: dict[Any, Node] = {}
    replaced: dict[Node, Any] = {}
    kept = []
    for node in program.nodes:
        if replaced:
            node.inputs = with_replaced(node.inputs, replaced)
        earlier = node if node in program.impure else first.setdefault(_call(node), node)
        if earlier is node:
            kept.append(node)
        else:
            replaced[node] = earlier
    program.nodes = kept
    substitute(program, replaced)


def _call(node: Node) -> Any:
    """Return what two nodes have in common that compute the same."""
    function = node.function
    inputs = [x if type(x) is Node else _constant(x) for x in node.inputs]
    if function in _COMMUTATIVE and hash(inputs[0]) > hash(inputs[1]):
        inputs.reverse()
    if type(function) is Opaque:
        function = (function.function, _static(function.args), _static(function.kwargs))
    return function, *inputs, _static(node.options) if node.options else None


def _constant(x: Any) -> Any:
    """Return what constants have in common that are the same, bit for bit."""
    if isinstance(x, np.ndarray):
        return (
            (x.dtype.str, x.shape, x.tobytes())
            if 0 < x.size <= SHORT and x.dtype.kind != "O"
            else id(x)
        )
    if isinstance(x, np.generic):
        return x.dtype.str, x.tobytes()
    return _static(x)


def _static(x: Any) -> Any:
    """Return a hashable form of static arguments in which 1, 1.0 and True differ."""
    kind = type(x)
    if kind is tuple or kind is list:
        return kind, *[_static(y) for y in x]
    if kind is dict:
        return kind, *[(key, _static(y)) for key, y in x.items()]
    if kind is slice:
        return kind, _static(x.start), _static(x.stop), _static(x.step)
    if kind is float or kind is complex:
        return kind, repr(x)
    if is_plain(x):
        return _constant(x)
    try:
        hash(x)
    except TypeError:
        return id(x)
    return kind, x
