"""What depends on no source is computed once."""

from __future__ import annotations

from typing import Any

from autodiff._core.constant_arrays import read_only
from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._rewriting import substitute

# They cost less to make than to keep, and what is written into is made at each replay.
_MADE_ANEW = frozenset({functions.full, functions.broadcast_to})


def fold_constants(program: Program) -> None:
    """Put the values of nodes in their places whose inputs are all constants."""
    replaced: dict[Node, Any] = {}
    kept = []
    for node in program.nodes:
        constant = node.function not in _MADE_ANEW
        inputs = []
        for x in node.inputs:
            if type(x) is Node:
                x = replaced.get(x, x)
                constant = constant and type(x) is not Node
            inputs.append(x)
        node.inputs = tuple(inputs)
        if constant:
            replaced[node] = read_only(node.value) if hasattr(node.value, "flags") else node.value
        else:
            kept.append(node)
    program.nodes = kept
    substitute(program, replaced)
