"""How the array that the program writes into is to be made, so that it takes Tensors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff._core.corrections.spots import (
    Assignment,
    Spot,
    assignments,
    frames,
    parameters,
    spot_of,
)
from autodiff._core.corrections.tensor_names import any_tensor, tensor_name

# What takes like=, each with the number of arguments in front of dtype.
_CREATORS: list[tuple[Any, int]] = [
    *((np.zeros, 1), (np.ones, 1), (np.empty, 1), (np.identity, 1), (np.eye, 3), (np.tri, 3)),
    *((np.full, 2), (np.array, 1), (np.asarray, 1), (np.asanyarray, 1), (np.arange, 3)),
    *((np.ascontiguousarray, 1), (np.asfortranarray, 1)),
]
_BY_SHAPE: list[tuple[Any, str]] = [
    (np.zeros_like, "zeros"),
    (np.ones_like, "ones"),
    (np.empty_like, "empty"),
]
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
        if isinstance(owner, np.ndarray) and name in _METHODS:
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
    also = _other_ways(spot, written)
    for outer, scope, made in _assignments_of(spot, array, name):
        known = tensor_name(outer, scope, made.line)
        new = f"{made.left} = {with_like(outer, made.value, known or any_tensor(spot), array)}"
        there, here = outer.line(made.line), spot.line()
        if known is None and tensor_name(spot) is not None:
            if outer is not spot:
                continue
            return (
                f"for {name} to take a Tensor write {new} in {spot.function}, not{there}\n"
                f"but before{here}"
            )
        before = "" if there == here else f"\nbefore{here}"
        return f"for {name} to take a Tensor write {new}{also}{there}{before}"
    new = f"{name} = np.array({name}, like={any_tensor(spot)})"
    return (
        f"for {name} to take a Tensor make it with like=, or write {new}{also} before{spot.line()}"
    )


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
            made = _assignment(outer, scope, its_name)
            if made is not None:
                yield outer, scope, made
            if made is not None or its_name in parameters(scope):
                break


def _assignment(spot: Spot, scope: ast.AST, name: str) -> Assignment | None:
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


def text_of(node: ast.AST) -> str:
    """Return what an expression says, without its entries or arguments where that is long."""
    text = ast.unparse(node)
    if len(text) < 200:
        return text
    return f"{ast.unparse(node.func)}(...)" if isinstance(node, ast.Call) else "[...]"


def with_like(spot: Spot, value: Any, x: str, array: Any = None) -> str:
    """Return an array's making with like=, of the type float where it was of integers."""
    text = text_of(value)
    function = spot.value(value.func) if isinstance(value, ast.Call) else None
    for other, creator in _BY_SHAPE:
        if function is other and len(value.args) == 1 and not value.keywords:
            return f"np.{creator}(np.shape({ast.unparse(value.args[0])}), like={x})"
    front = [count for creator, count in _CREATORS if creator is function]
    if not front:
        return f"np.array({text}, like={x})"
    typed = len(value.args) > front[0] or any(key.arg == "dtype" for key in value.keywords)
    integers = array is not None and array.dtype.kind in "biu"
    return f"{text[:-1]}{', dtype=float' if integers and not typed else ''}, like={x})"
