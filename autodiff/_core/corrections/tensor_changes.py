"""What to write instead of a change of a Tensor that an op made, or that is given."""

from __future__ import annotations

import ast
from typing import Any

from autodiff._core.corrections.creators import in_brackets
from autodiff._core.corrections.makings import assignment, root
from autodiff._core.corrections.spots import Spot, assignments, parameters
from autodiff._core.corrections.tensor_names import is_tensor


def change(spot: Spot) -> str:
    """Return how to fill a copy where the program writes into a Tensor, and the op beside it."""
    node, statement = spot.path[:2]
    if root(spot, node) is not node.value or not is_tensor(spot.value(node.value)):
        raise LookupError("a part of a part")
    copy, there = _copy(spot, ast.unparse(node.value))
    here, also = spot.line(), f"or {_by_at(node, statement)}"
    if there == here:
        return f"fill a copy, {copy} before, {also}{here}"
    return f"fill a copy, {copy}{there}\n{also}{here}"


def _copy(spot: Spot, name: str) -> tuple[str, str]:
    """Return the assignment of a copy, and where it is to stand."""
    for scope in spot.scopes:
        if isinstance(scope, ast.Module) and scope is not spot.scopes[0]:
            break  # what is kept outside of a derivative is not written to inside of it
        made = assignment(spot, scope, name)
        if made is not None and made.left == made.target and len(ast.unparse(made.value)) < 200:
            return f"{made.left} = {in_brackets(made.value)}.copy()", spot.line(made.line)
        is_view = made is None and any(x.target == name for x in assignments(scope))
        if is_view or (made is not None and made.target != name):
            break
        if scope is spot.scopes[0] and (made is not None or name in parameters(scope)):
            return f"{name} = {name}.copy()", spot.line()
    if "." in name or "[" in name:
        return f"{name} = {name}.copy()", spot.line()
    raise LookupError("a view of what is not made here")


def _by_at(node: Any, statement: Any) -> str:
    """Return the assignment by at that stands for one to a part of a Tensor."""
    x = ast.unparse(node.value)
    key = ast.unparse(node)[len(x) + 1 : -1]
    new = ast.unparse(statement.value)
    method = f"set({new})"
    if isinstance(statement, ast.AugAssign):
        kinds: dict[type, str] = {ast.Add: f"add({new})", ast.Mult: f"multiply({new})"}
        operation = ast.unparse(ast.BinOp(node, statement.op, statement.value))
        method = kinds.get(type(statement.op), f"set({operation})")
    return f"{x} = {x}.at[{key}].{method}"
