"""A program as a person reads it: a line for each value, as a formula of others."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Opaque, Part
from autodiff.compiled._origins import Argument, Attribute, TensorGradient, TensorValue
from autodiff.compiled._program import Node, Program
from autodiff.compiled._random import Draw

_OPERATORS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.power: "**",
    np.matmul: "@",
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "==",
    np.not_equal: "!=",
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
}


@dataclass(frozen=True)
class Line:
    """A value of a program: its name, how it is computed, and of which others."""

    name: str
    formula: str  # nothing where it comes from outside
    facts: str  # shape and type
    inputs: tuple[str, ...]
    kind: str  # "leaf", "op" or "output"


def lines_of(program: Program) -> list[Line]:
    """Return the lines of a program, each after those that it needs."""
    names: dict[Node, str] = {}
    lines = []
    for node, origin in program.sources.items():
        names[node] = _name_of(origin, node, len(names))
        lines.append(Line(names[node], "", _facts(node), (), "leaf"))
    ends = {x for x in program.ends() if type(x) is Node}
    for i, node in enumerate(program.nodes, start=1):
        names[node] = f"v{i}"
        needed = tuple(dict.fromkeys(names[x] for x in node.inputs if type(x) is Node))
        kind = "output" if node in ends else "op"
        lines.append(Line(names[node], formula(node, names), _facts(node), needed, kind))
    used = {name for line in lines for name in line.inputs}
    return [line for line in lines if line.kind != "leaf" or line.name in used]


def _name_of(origin: Any, node: Node, number: int) -> str:
    if isinstance(origin, Argument):
        return f"x{origin.number}"
    if isinstance(origin, TensorValue | TensorGradient):
        name = origin.tensor.name or f"p{number}"
        return f"{name}.grad" if isinstance(origin, TensorGradient) else name
    if isinstance(origin, Attribute):
        item = "" if origin.item is None else f"[{origin.item}]"
        return f"{type(origin.owner).__name__}.{origin.name}{item}"
    return f"memory{number}"


def formula(node: Node, names: dict[Node, str]) -> str:
    """Return the call that computes a value as a line of code."""
    operands = [names[x] if type(x) is Node else literal(x) for x in node.inputs]
    function = node.function
    if function in _OPERATORS and len(operands) == 2:
        return f" {_OPERATORS[function]} ".join(operands)
    if function is functions.getitem:
        return f"{operands[0]}[{_key(node.options['key'], operands[1:])}]"
    if isinstance(function, Opaque | Draw):
        args = functions.fill_in((function.args, function.kwargs), [_Name(o) for o in operands])
        return f"{function.__name__}({_arguments(*args)})"
    name = getattr(function, "__name__", "call")
    owner = getattr(function, "__self__", None)
    name = f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name
    options = [f"{k}={literal(v)}" for k, v in node.options.items() if v is not False]
    return f"{name}({', '.join(operands + options)})"


class _Name:
    """A name that prints as it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _arguments(args: Any, kwargs: Any) -> str:
    return ", ".join([*map(literal, args), *(f"{k}={literal(v)}" for k, v in kwargs.items())])


def _key(key: Any, parts: list[str]) -> str:
    keys = key if type(key) is tuple else (key,)
    return ", ".join(parts[k.number] if type(k) is Part else literal(k) for k in keys)


def literal(x: Any) -> str:
    """Return a constant as a program spells it, an array by its type and shape."""
    if isinstance(x, np.ndarray) and x.ndim:
        return f"{x.dtype}{x.shape}"
    if isinstance(x, slice):
        parts = [x.start, x.stop, x.step][: 2 + (x.step is not None)]
        return ":".join("" if part is None else literal(part) for part in parts)
    if isinstance(x, tuple | list):
        return f"({', '.join(map(literal, x))}{',' * (len(x) == 1)})"
    if isinstance(x, float | np.inexact) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
        return f"{float(x):.6g}"
    return "..." if x is Ellipsis else str(x)


def _facts(node: Node) -> str:
    shape = str(node.shape) if node.shape else ""
    dtype = str(node.dtype) if node.dtype is not None and node.dtype != np.float64 else ""
    return f"{shape} {dtype}".strip()
