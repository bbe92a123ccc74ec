"""How the array that the program writes into is to be made, so that it takes Tensors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff._core.corrections.creators import with_like
from autodiff._core.corrections.spots import (
    Assignment,
    Spot,
    assignments,
    frames,
    parameters,
    spot_of,
)
from autodiff._core.corrections.tensor_names import is_tensor, like_argument, like_there

_WRITERS = (np.put, np.put_along_axis, np.copyto, np.place, np.putmask, np.fill_diagonal)
_METHODS = ("fill", "put", "itemset")
_VIEWS = ("flat", "T", "mT", "real", "imag", "reshape", "ravel", "transpose", "swapaxes", "view")


def target(spot: Spot) -> ast.AST | None:
    """Return what is written into where the program stands, if anything is."""
    node = spot.node
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        of_constant = isinstance(getattr(spot.path[1], "value", None), ast.Constant)
        return None if of_constant else node.value  # for then a Tensor is the key
    if isinstance(node, ast.AugAssign):
        return node.target
    if not isinstance(node, ast.Call):
        return None
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    for keyword in node.keywords:
        if keyword.arg == "out":
            return keyword.value.elts[0] if isinstance(keyword.value, ast.Tuple) else keyword.value
    function = spot.value(node.func)
    if isinstance(function, np.ufunc) and len(node.args) > function.nin:
        return node.args[function.nin]
    if isinstance(node.func, ast.Attribute):
        owner, name = spot.value(node.func.value), node.func.attr
        if (isinstance(owner, np.ndarray) or is_tensor(owner)) and name in _METHODS:
            return node.func.value
        if isinstance(owner, np.ufunc) and name == "at":
            return arguments[0]
    return arguments[0] if any(function is writer for writer in _WRITERS) else None


def root(spot: Spot, node: Any) -> Any:
    """Return the array that a view is one of, as far as the source shows it."""
    while True:
        inner: Any = node.func if isinstance(node, ast.Call) else node
        is_view = isinstance(inner, ast.Attribute) and inner.attr in _VIEWS
        if not (is_view or isinstance(inner, ast.Subscript)):
            return node
        if type(spot.value(inner.value)) in (dict, list, tuple):
            return node
        node = inner.value


def making(spot: Spot, written: ast.AST) -> str:
    """Return how to make the array that is written into, and where, or "" if it is none."""
    variable = root(spot, written)
    array, name = spot.value(variable), ast.unparse(variable)
    if not isinstance(array, np.ndarray):
        return ""
    also, here = _other_ways(spot, written), spot.line()
    dtype = "float" if array.dtype.kind in "biu" else ""
    for outer, scope, made in _assignments_of(spot, array, name):
        is_kept = isinstance(scope, ast.Module) and outer.function != "<module>"
        known = None if is_kept else like_there(outer, scope, made.line)
        new = f"{made.left} = {with_like(outer, made.value, known or like_argument(spot), dtype)}"
        there = outer.line(made.line)
        if known is None and like_there(spot) is not None:
            if outer is not spot:
                continue
            return (
                f"for {name} to take a Tensor make it in {spot.function}: {new}, not{there}\n"
                f"but before{here}"
            )
        before = "" if there == here else f"\nbefore{here}"
        return f"for {name} to take a Tensor write {new}{also}{there}{before}"
    new = f"{name} = {with_like(spot, variable, like_argument(spot), dtype)}"
    return f"for {name} to take a Tensor make it with like=, or write {new}{also} before{here}"


def making_of_type(spot: Spot, written: Any, dtype: Any) -> str:
    """Return how to make the array that is written into for numbers of a type, or ""."""
    variable = root(spot, written)
    kinds = {"f": "float", "c": "complex"}
    kind = kinds.get(np.dtype(dtype).kind, f"np.{np.dtype(dtype).name}")
    array, name, here = spot.value(variable), ast.unparse(variable), spot.line()
    for outer, scope, made in _assignments_of(spot, array, name):
        keywords = getattr(made.value, "keywords", [])
        given = [ast.unparse(keyword.value) for keyword in keywords if keyword.arg == "like"]
        like = given[0] if given else like_there(outer, scope, made.line)
        new = f"{made.left} = {with_like(outer, made.value, like or like_argument(spot), kind)}"
        there = outer.line(made.line)
        return f"write {new}{there}" + ("" if there == here else f"\nbefore{here}")
    return ""


def _other_ways(spot: Spot, written: Any) -> str:
    """Return what else can be written for an operator such as += on a name."""
    node = spot.node
    if isinstance(node, ast.AugAssign) and isinstance(written, ast.Name):
        result = ast.unparse(ast.BinOp(written, node.op, node.value))
        return f", or {written.id} = {result} in the place of {ast.unparse(node)}"
    return ""


def _assignments_of(
    spot: Spot, array: Any, name: str
) -> Iterator[tuple[Spot, ast.AST, Assignment]]:
    """Yield where an array was made: in the functions around, or in what called them with it."""
    called = [(spot, name)]
    for frame in frames():
        names = [its for its, x in frame.f_locals.items() if x is array]
        if names and frame is not spot.frame:
            called.append((spot_of(frame), names[0]))
    for outer, its_name in called:
        for scope in outer.scopes:
            made = assignment(outer, scope, its_name)
            if made is not None:
                yield outer, scope, made
            if made is not None or its_name in parameters(scope):
                break
    if "." in name:
        yield from _assignments_in_class(spot, name)


def _assignments_in_class(spot: Spot, name: str) -> Iterator[tuple[Spot, ast.AST, Assignment]]:
    """Yield where the methods of the class around assign an attribute."""
    classes = [node for node in spot.path if isinstance(node, ast.ClassDef)]
    for method in classes[0].body if classes else ():
        made = assignment(spot, method, name)
        if made is not None and method not in spot.path:
            yield spot, spot.path[-1], made


def assignment(spot: Spot, scope: ast.AST, name: str) -> Assignment | None:
    """Return the assignment in a function that made the array of a name, or of what it views."""
    for _ in range(4):  # views of views, at most
        found = [made for made in assignments(scope) if made.target == name]
        before = [made for made in found if made.line <= spot.node.lineno]
        if not found:
            return None
        made = (before or found)[-1]
        viewed = root(spot, made.value)
        if viewed is made.value and not isinstance(viewed, ast.Name):
            return made if made.left else None
        name = ast.unparse(viewed)
    return None
