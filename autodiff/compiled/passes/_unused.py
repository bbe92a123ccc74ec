"""Nodes that nothing needs are dropped."""

from __future__ import annotations

from autodiff.compiled._program import Node, Program


def drop_unused(program: Program) -> None:
    """Drop the nodes that no result, guard, effect or impure node needs."""
    needed = {x for x in program.ends() if type(x) is Node} | program.impure
    kept = []
    for node in reversed(program.nodes):
        if node in needed:
            kept.append(node)
            needed.update([x for x in node.inputs if type(x) is Node])
    program.nodes = kept[::-1]
