"""What is computed of parts and then joined is computed of the joined parts.

The gradients of all parameters, weight decay and the update become a few calls on one vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import FINITE, Guard, Node, Program
from autodiff.compiled.passes._operands import has_type, is_node, is_scalar
from autodiff.compiled.passes._rewriting import Rewriting, rewrite, substitute
from autodiff.compiled.passes._views import joined_segment, read

_ELEMENTWISE = frozenset(
    {
        *(np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.sqrt, np.exp),
        *(np.log, np.tanh, np.absolute, np.sign, np.maximum, np.minimum, np.reciprocal),
    }
)
_COMMUTATIVE = frozenset({np.add, np.multiply})
DEEPEST = 16  # calls between what is joined and the vector whose parts it is computed of


def compute_of_joined(program: Program) -> None:
    """Join parts before they are computed with instead of afterwards."""
    if not any(node.function is functions.concatenate for node in program.nodes):
        return
    flat: dict[Node, tuple[Node, int]] = {}
    uses = Counter([x for node in program.nodes for x in node.inputs if type(x) is Node])

    def join(node: Node, walk: Rewriting) -> Any:
        if node.ndim != 1 or len(node.inputs) < 2:
            return None
        if any(is_node(x, *_ELEMENTWISE) and uses[x] > 1 for x in map(_core, node.inputs)):
            return None  # which would be computed twice
        whole = _function_of_joined(node.inputs, walk)
        if whole is None:
            return None
        start = 0
        for x in node.inputs:
            if _core(x).function not in (functions.getitem, None):
                flat.setdefault(_core(x), (whole, start))
            start += x.size
        return whole

    rewrite(program, {functions.concatenate: [join]}, {})
    _read_from_joined(program, flat)


def _function_of_joined(xs: Sequence[Any], walk: Rewriting, depth: int = DEEPEST) -> Any:
    """Return what some vectors are, joined, without joining more than one operand of a call."""
    key = tuple(map(id, xs))
    if key not in walk.memo:
        walk.memo[key] = _join(xs, walk, depth)
    return walk.memo[key]


def _join(xs: Sequence[Any], walk: Rewriting, depth: int) -> Any:
    """Return what `_function_of_joined` does, from anew."""
    part = joined_segment(xs)
    if part is not None:
        return read(part, walk)
    if not depth:
        return None
    cores = [_core(x) for x in xs]
    columns = _operands(cores)
    if columns is None:
        return None
    operands: list[Any] = []
    for column in columns:
        operand = column[0] if _is_common(column) else _function_of_joined(column, walk, depth - 1)
        if operand is None and any(x is None for x in operands):
            return None
        operands.append(operand)
    if all(x is None for x in operands) and len(operands) > 1:
        return None
    whole = [
        walk.make(functions.concatenate, *[_flat(x, walk) for x in column], axis=0)
        if x is None
        else x
        for x, column in zip(operands, columns, strict=True)
    ]
    return walk.make(cores[0].function, *whole)


def _core(x: Any) -> Any:
    """Return what is reshaped."""
    while is_node(x, functions.reshape):
        x = x.inputs[0]
    return x


def _flat(x: Any, walk: Rewriting) -> Any:
    return x if x.ndim == 1 else walk.make(functions.reshape, x, shape=(x.size,))


def _operands(cores: list[Any]) -> list[list[Any]] | None:
    """Return the operands of one elementwise function, by their places; None of another call."""
    first = cores[0]
    if type(first) is not Node or first.function not in _ELEMENTWISE:
        return None
    pattern = [_looks(y, first) for y in first.inputs]
    rows = []
    for x in cores:
        if not is_node(x, first.function) or not has_type(x, first.dtype):
            return None
        row = list(x.inputs)
        looks = [_looks(y, x) for y in row]
        if looks != pattern and first.function in _COMMUTATIVE and looks[::-1] == pattern:
            row.reverse()
        elif looks != pattern and first.function not in _COMMUTATIVE:
            return None
        rows.append(row)
    columns = [list(column) for column in zip(*rows, strict=True)]
    fits = all(
        _is_common(column)
        or all(getattr(y, "shape", None) == x.shape for y, x in zip(column, cores, strict=True))
        for column in columns
    )
    return columns if fits else None


def _looks(y: Any, x: Node) -> Any:
    """Return what to recognise an operand of another call by: the function that made it."""
    if is_scalar(y):
        return "number"
    core = _core(y)
    return (
        core.function
        if type(core) is Node and core.function in _ELEMENTWISE
        else functions.getitem
        if is_node(core, functions.getitem)
        else "any"
    )


def _is_common(column: list[Any]) -> bool:
    """Whether the operands are one number."""
    first = column[0]
    if not is_scalar(first):
        return False
    return all(y is first or (type(y) is type(first) is not Node and y == first) for y in column)


def _read_from_joined(program: Program, flat: dict[Node, tuple[Node, int]]) -> None:
    """Let effects and results be parts of what is joined, and guard that as a whole."""
    wanted = {x for x in program.ends() if type(x) is Node and x in flat}
    replaced: dict[Node, Any] = {}
    guards: dict[Any, Guard] = {}
    for guard in program.guards:
        if guard.expected is FINITE and guard.node in flat:
            guards.setdefault(flat[guard.node][0], Guard(flat[guard.node][0], FINITE, guard.line))
        else:
            guards[id(guard)] = guard
    program.guards = list(guards.values())
    for x in wanted:
        whole, start = flat[x]
        key = (slice(start, start + x.size),)
        part = Node(functions.getitem, (whole,), {"key": key}, whole.value[key])
        shaped = Node(functions.reshape, (part,), {"shape": x.shape}, part.value.reshape(x.shape))
        program.nodes += [part, shaped]
        replaced[x] = shaped
    substitute(program, replaced)
