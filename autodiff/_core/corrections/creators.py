"""The calls that make arrays, written so that they make arrays that take Tensors."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff._core.corrections.spots import Spot

# What takes like=, each with the number of arguments in front of dtype.
_CREATORS: list[tuple[Any, int]] = [
    *((np.zeros, 1), (np.ones, 1), (np.empty, 1), (np.identity, 1), (np.eye, 3), (np.tri, 3)),
    *((np.full, 2), (np.array, 1), (np.asarray, 1), (np.asanyarray, 1), (np.arange, 3)),
    *((np.ascontiguousarray, 1), (np.asfortranarray, 1)),
]
# They return an array itself, which takes numbers alone; np.array makes another.
_RETURNING_ARRAYS = (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray)
_BY_SHAPE: list[tuple[Any, str]] = [
    (np.zeros_like, "zeros"),
    (np.ones_like, "ones"),
    (np.empty_like, "empty"),
]


def text_of(node: ast.AST) -> str:
    """Return what an expression says, without its entries or arguments where that is long."""
    text = ast.unparse(node)
    if len(text) < 200:
        return text
    return f"{ast.unparse(node.func)}(...)" if isinstance(node, ast.Call) else "[...]"


def in_brackets(node: ast.AST) -> str:
    """Return what an expression says, in brackets where its attribute would be another's."""
    is_primary = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
    return ast.unparse(node) if is_primary else f"({ast.unparse(node)})"


def with_like(spot: Spot, value: Any, x: str, dtype: str = "") -> str:
    """Return an array's making with like=, in the place of any that it has, and with a type."""
    typed = f", dtype={dtype}" if dtype else ""
    function = spot.value(value.func) if isinstance(value, ast.Call) else None
    for other, creator in _BY_SHAPE:
        if function is other and not {key.arg for key in value.keywords} - {"dtype"}:
            of, *given = map(ast.unparse, (*value.args, *(key.value for key in value.keywords)))
            if given and not dtype:
                typed = f", dtype={given[0]}"
            elif dtype == "float":
                typed = ""  # for it is so by default
            return f"np.{creator}(np.shape({of}){typed}, like={x})"
    front = [count for creator, count in _CREATORS if creator is function]
    if not front:
        return f"np.array({text_of(value)}{typed}, like={x})"
    args, replaced = list(value.args), {"like"}
    if dtype and len(args) > front[0]:
        args[front[0]], typed = ast.Name(dtype), ""
    elif dtype:
        replaced.add("dtype")
    keywords = [keyword for keyword in value.keywords if keyword.arg not in replaced]
    returned = function in _RETURNING_ARRAYS and args and is_plain(spot.value(args[0]))
    maker: Any = ast.Name("np.array") if returned else value.func
    text = text_of(ast.Call(maker, args, keywords))
    return f"{text[:-1]}{typed}, like={x})"
