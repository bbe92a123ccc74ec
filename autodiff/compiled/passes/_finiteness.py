"""Guards that all is finite, where Python asked whether it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import FINITE, Guard, Node, Program

# What is finite where its operand is, and the other way round, unless a sum overflows.
_SAME = frozenset(
    {np.add.reduce, np.negative, functions.reshape, functions.transpose, functions.copy}
)
# How many operands the entries of what some functions give come from: the first ones.
_PUTTING = {
    **dict.fromkeys((functions.reshape, functions.transpose, functions.getitem), 1),
    functions.setitem: 2,
}


def demand_finiteness(program: Program) -> None:
    """Write guards of ``np.isfinite`` as guards of what it was asked of.

    What they depend on then need not keep all its bits. A walk's result that nothing is computed
    of, such as the gradient on the way to a product with the Hessian, need not be finite.
    """
    guards: dict[Any, Guard] = {}
    read: set[Any] = set()  # by Python itself
    for guard in program.guards:
        asked = _asked_of(guard.node) if guard.expected is not FINITE else guard.node
        if asked is not None and (guard.expected is FINITE or np.all(guard.expected)):
            while asked.function in _SAME and type(asked.inputs[0]) is Node:
                asked = asked.inputs[0]
            guards.setdefault(asked, Guard(asked, FINITE, guard.line))
            if guard.expected is not FINITE:
                read.add(asked)
        else:
            guards[id(guard)] = guard
    needed = what_is_needed(program, guards.values()) | read
    asked_of = {g.node for g in guards.values() if g.expected is FINITE}
    program.guards = [
        g
        for g in guards.values()
        if g.expected is not FINITE
        or (g.node in needed and not _holds_entries_of(g.node, asked_of))
    ]


def _holds_entries_of(node: Node, asked_of: set[Node]) -> bool:
    """Whether all entries of a node are among those of others that are asked, or are constants."""
    left: list[Any] = [node]
    seen: set[Any] = set()
    while left:
        x = left.pop()
        if type(x) is not Node:
            if not np.all(np.isfinite(np.asarray(x).astype(node.dtype))):
                return False
        elif x.function is functions.full:
            left.append(x.options["value"])
        elif x not in seen and (x is node or x not in asked_of):
            if x.function not in _PUTTING or x.dtype != node.dtype:
                return False
            seen.add(x)
            left += x.inputs[: _PUTTING[x.function]]
    return True


def what_is_needed(program: Program, guards: Iterable[Guard]) -> set[Any]:
    """Return the nodes that something else than guards of finiteness depends on."""
    needed = {g.node for g in guards if g.expected is not FINITE} | program.impure
    needed.update([x for x in program.results if type(x) is Node])
    needed.update([effect.node for effect in program.effects if type(effect.node) is Node])
    for node in reversed(program.nodes):
        if node in needed:
            needed.update([x for x in node.inputs if type(x) is Node])
    return needed


def _asked_of(node: Node) -> Node | None:
    """Return the array of floats that np.isfinite was asked of, for all its entries."""
    if node.function == np.logical_and.reduce and type(node.inputs[0]) is Node:
        node = node.inputs[0]
    x = node.inputs[0] if node.function is np.isfinite else None
    return x if type(x) is Node and x.dtype is not None and x.dtype.kind in "fc" else None


def merge_checks(program: Program) -> None:
    """Check a joined array once instead of its parts, and nothing that another check shows."""
    asked = {g.node for g in program.guards if g.expected is FINITE}
    if len(asked) < 2:
        return
    needed = what_is_needed(program, program.guards)
    for node in program.nodes:
        joined = node.function is functions.concatenate and node in needed
        if joined and len(asked.intersection(_shown_by(node))) > 1:
            asked.add(node)
    for node in [*asked]:
        asked.difference_update([x for x in _shown_by(node) if x is not node])
    kept = [g for g in program.guards if g.expected is not FINITE or g.node in asked]
    new = asked.difference([g.node for g in kept])
    program.guards = [*kept, *[Guard(node, FINITE) for node in program.nodes if node in new]]


def _shown_by(x: Any) -> Iterator[Node]:
    """Yield the nodes that are finite if a value is, back to where it comes from."""
    stack = [x]
    while stack:
        x = stack.pop()
        if type(x) is not Node:
            continue
        yield x
        is_product = x.function is np.matmul and (_is_sum(x) or _is_square(x))
        if is_product or x.function is functions.concatenate:
            stack.extend(x.inputs)
        elif x.function in _SAME:
            stack.append(x.inputs[0])


def _is_square(x: Node) -> bool:
    """Return whether a product is of a matrix with its transpose, whose diagonal shows each row."""
    a, b = x.inputs
    return a.ndim == 2 and any(
        type(q) is Node and q.function is functions.transpose and q.inputs[0] is p
        for p, q in ((a, b), (b, a))
    )


def _is_sum(x: Node) -> bool:
    """Return whether a product is with ones, so that each entry of the other factor counts."""
    constants = [y for y in x.inputs if type(y) is not Node]
    return len(constants) == 1 and bool(np.all(constants[0] == 1))
