"""What the program's own source says where it stands: the expression computed, and its names.

Read only when an error's message is made. Nothing is run: names, attributes of modules and
instances, and entries of plain containers are looked up, and all else is unknown.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections import ChainMap
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from types import FrameType
from typing import Any, NamedTuple

from autodiff._core.place import PACKAGES, line_at

_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_parse = lru_cache(maxsize=8)(ast.parse)


class Spot(NamedTuple):
    """The expression or statement that a frame computes."""

    frame: FrameType
    path: list[Any]  # the nodes around it, the innermost first
    names: ChainMap[str, Any]  # locals, then globals, then Python's own

    @property
    def node(self) -> Any:
        """The innermost node."""
        return self.path[0]

    @property
    def scopes(self) -> list[Any]:
        """The functions around it, the innermost first, and the module."""
        return [node for node in self.path if isinstance(node, _SCOPES)]

    @property
    def function(self) -> str:
        """What the function is called."""
        return self.frame.f_code.co_name

    def line(self, number: int | None = None) -> str:
        """Return where one of its file's lines stands, by default its own, and what it says."""
        return line_at(self.frame.f_code.co_filename, number or self.node.lineno)

    def value(self, node: ast.AST | None) -> Any:
        """Return what a simple expression is, or None where that is unknown."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            return vars(owner).get(node.attr) if hasattr(owner, "__dict__") else None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            owner, key = self.value(node.value), node.slice.value
            if type(owner) is dict:
                return owner.get(key)
            if type(owner) in (list, tuple) and type(key) is int and 0 <= key < len(owner):
                return owner[key]
        return None


def frames() -> Iterator[FrameType]:
    """Yield the program's frames from the inside, leaving out those of NumPy, SciPy and ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        ours = frame.f_code.co_filename.startswith(PACKAGES)
        if not (ours or package in ("numpy", "scipy")):
            yield frame
        frame = frame.f_back


def spot_of(frame: FrameType) -> Spot:
    """Return where a frame stands; raises where the source does not show it, or has changed."""
    code = frame.f_code
    first, last, start, end = next(islice(code.co_positions(), frame.f_lasti // 2, None))
    text = "".join(linecache.getlines(code.co_filename, frame.f_globals))
    path = _path(_parse(text), ((first, start), (last, end)))
    scopes, around = [frame.f_locals], frame
    while around.f_code.co_name.endswith("comp>") and around.f_back is not None:
        around = around.f_back
        scopes.append(around.f_locals)
    spot = Spot(frame, path, ChainMap(*scopes, frame.f_globals, vars(builtins)))
    scope = spot.scopes[0]
    if not code.co_name.startswith("<") and (scope.name, _place(scope)[0][0]) != (
        code.co_name,
        code.co_firstlineno,
    ):
        raise LookupError(f"{code.co_filename} has changed")
    return spot


def _path(node: ast.AST, place: Any) -> list[ast.AST]:
    """Return the nodes from the innermost that takes up a place to this one."""
    own = _place(node)
    if own is not None and not (own[0] <= place[0] and place[1] <= own[1]):
        return []
    for child in ast.iter_child_nodes(node):
        if path := _path(child, place):
            return [*path, node]
    return [node] if own == place else []


def _place(node: Any) -> Any:
    """Return where a node begins and ends, if it says so."""
    if not hasattr(node, "end_lineno"):
        return None
    first = min([node, *getattr(node, "decorator_list", [])], key=lambda x: x.lineno)
    return (first.lineno, first.col_offset), (node.end_lineno, node.end_col_offset)


# -- what is assigned in a function ------------------------------------------------------------


class Assignment(NamedTuple):
    """What a name, or an attribute, stands for from some line on."""

    target: str
    value: ast.expr
    line: int
    left: str  # of the equals sign; of a loop nothing


def parameters(scope: ast.AST) -> list[str]:
    """Return the names of a function's parameters."""
    inside = ast.walk(scope.args) if hasattr(scope, "args") else ()
    return [x.arg for x in inside if isinstance(x, ast.arg)]


def assignments(scope: ast.AST) -> list[Assignment]:
    """Return what is assigned in a function itself, and what its loops run over, by lines."""
    found: list[Assignment] = []
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found += _pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            found += _pairs(node.target, node.value)
        elif isinstance(node, ast.For):
            found.append(Assignment(ast.unparse(node.target), node.iter, node.lineno, ""))
    return sorted(found, key=lambda x: x.line)


def _pairs(target: Any, value: Any) -> Iterator[Assignment]:
    """Yield what each part of a target becomes, which may be a part of what is on the right."""
    parts = getattr(target, "elts", [target])
    values = getattr(value, "elts", [])
    if parts == [target]:
        yield Assignment(ast.unparse(target), value, target.lineno, ast.unparse(target))
    elif len(values) == len(parts):
        for part, its_value in zip(parts, values, strict=True):
            yield from _pairs(part, its_value)
    else:
        left = ", ".join(map(ast.unparse, parts))
        yield from (Assignment(ast.unparse(x), value, target.lineno, left) for x in parts)
