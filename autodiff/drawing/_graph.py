"""Pictures of computation graphs, in which each node reads like a line of the program."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.machine import product
from autodiff._core.op import Each
from autodiff._core.record import value_of
from autodiff._core.scatter import entries_at
from autodiff._core.tensor import Tensor, constant
from autodiff._core.walks import ancestors
from autodiff.drawing._plan import picture_of
from autodiff.drawing._view import Edge, Node, View
from autodiff.rules._products import matvec, vecdot, vecmat

if TYPE_CHECKING:
    from autodiff.drawing._picture import Picture

MOST_NODES = 200  # beyond this the layout can take minutes, and nobody can read it
MOST_ENTRIES = 6
LONGEST_FORMULA = 60
# By what an op computes, for an op of one's own may have any name.
OPERATORS = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
    product: "@",
    matvec: "@",
    vecmat: "@",
    vecdot: "@",
}


def draw(*outputs: Any) -> Picture:
    """Draw the graph behind one Tensor or several, or a plan.

    Data flow from top to bottom. Leaves (inputs and parameters) have sharp corners, ops round ones
    and outputs a double border; constants are pages with a folded corner. A node shows its name
    (v1, v2, ... where it has none), the call that computed it, its shape, its value, or the least
    and the greatest where there are many, and a leaf's gradient once ``backward`` has run.

    Parameters
    ----------
    *outputs : Tensor
        What to draw, with all that it was computed from. Or a plan of a compiled function, whose
        picture has a node for each NumPy call of a replay.

    Returns
    -------
    Picture
        A ``graphviz.Digraph``: it shows itself in a notebook, ``pipe("svg")`` returns an image
        and ``render(outfile="graph.png")`` writes one.

    Raises
    ------
    TypeError
        When an output is not a Tensor, or there is none.
    ValueError
        When there are more than 200 nodes.
    RuntimeError
        When a leaf's value was replaced after an output was computed from it.

    Examples
    --------
    >>> x = Tensor(3.0, name="x")
    >>> y = x * np.sin(x)
    >>> picture = draw(y)
    >>> "v2</B> = x * v1" in picture.source
    True
    """
    if len(outputs) == 1 and hasattr(outputs[0], "lines"):
        _require_few(len(outputs[0].lines), "compile a smaller part of it")
        return picture_of(outputs[0].lines)
    outputs = tuple(map(at_present, outputs))
    if not outputs or any(type(y) is not Tensor for y in outputs):
        kinds = ", ".join(type(y).__name__ for y in outputs) or "nothing"
        raise TypeError(
            f"draw expects Tensors, but was given {kinds}: compute with Tensors, such as "
            'x = Tensor(2.0, name="x"), and draw the result'
        )
    nodes = _nodes(outputs)
    _require_few(
        len(nodes), "draw a Tensor from earlier in the computation, or compute fewer steps of it"
    )
    from autodiff.drawing._dot import picture

    names = _names(nodes)
    places = {key: f"n{place}" for place, key in enumerate(nodes)}
    view = View()
    for key, x in nodes.items():
        kind = "output" if any(x is y for y in outputs) else _kind(x)
        formula = _formula(x, names)
        view.nodes.append(Node(places[key], kind, names[key], formula, value_of(x), x.grad))
        for operand in map(_identity, filter(_is_node, x.inputs)):
            view.edges.append(Edge(places[operand], places[key]))
    return picture(view)


def _require_few(count: int, instead: str) -> None:
    if count > MOST_NODES:
        raise ValueError(
            f"this graph has {count} nodes, and a picture of more than {MOST_NODES} cannot be "
            f"read: {instead}"
        )


# -- nodes: the graph's Tensors and constant arrays, by the id of the object that was recorded -----


def _is_node(x: Any) -> bool:
    """Whether an input has a node of its own; numbers, axes and keys stand in the formula."""
    return type(x) is Tensor or (hasattr(x, "dtype") and getattr(x, "ndim", 0) > 0)


def _identity(x: Any) -> int:
    """Return what tells nodes apart: of constant arrays their entries, for a graph keeps copies."""
    if type(x) is Tensor or not isinstance(x, np.ndarray):
        return id(x)
    return hash((x.shape, x.dtype, x.tobytes()))


def _nodes(outputs: Sequence[Tensor]) -> dict[int, Tensor]:
    """Return the nodes, each after those it was computed from."""
    found: dict[int, Tensor] = {}
    for consumer in ancestors(outputs)[0]:
        for x in filter(_is_node, consumer.inputs):
            found.setdefault(_identity(x), x if type(x) is Tensor else constant(x))
        found[id(consumer)] = consumer
    return found | {id(y): y for y in outputs}


def _names(nodes: dict[int, Tensor]) -> dict[int, str]:
    """Return the nodes' own names, and for the others the textbooks' v1, v2, ..."""
    own = {x.name for x in nodes.values()}
    numbered = (f"v{i}" for i in count(1) if f"v{i}" not in own)
    return {key: x.name or next(numbered) for key, x in nodes.items()}


def _kind(x: Tensor) -> str:
    return "op" if x.op else "leaf" if x.requires_grad else "constant"


# -- what a node says ------------------------------------------------------------------------


def _formula(y: Tensor, names: dict[int, str]) -> str:
    """Return the call that computed ``y`` as a line of code; nothing for what no op made."""
    if y.op is None:
        return ""
    values = [names[_identity(x)] if _is_node(x) else _literal(x) for x in y.inputs]
    if y.op.compute in OPERATORS:
        formula = f" {OPERATORS[y.op.compute]} ".join(values)
    elif y.op.compute is entries_at:
        formula = f"{values[0]}[{values[1][1:-1].removeprefix('..., ')}]"
    else:
        formula = f"{y.op.name}({', '.join(_arguments(y, values))})"
    return formula if len(formula) <= LONGEST_FORMULA else formula[: LONGEST_FORMULA - 1] + "…"


def _arguments(y: Tensor, values: list[str]) -> list[str]:
    """Return what stands in the brackets: operands, then static arguments with their names."""
    op: Any = y.op
    if isinstance(op.rules, Each):  # any number of operands; a lone integer behind them is an axis
        return [f"axis={v}" if type(x) is int else v for x, v in zip(y.inputs, values, strict=True)]
    try:
        taken = inspect.signature(op.compute).parameters
    except ValueError:  # written in C, without a signature
        return values
    parameters = [name for name, p in taken.items() if p.kind is not p.VAR_POSITIONAL]
    operands = len(op.rules)
    named = zip(parameters[operands:], y.inputs[operands:], values[operands:], strict=False)
    # The rank only says where a batch would begin, and an option left False says nothing.
    static = [f"{p}={v}" for p, x, v in named if p != "rank" and x is not False]
    return values[:operands] + static + values[max(len(parameters), operands) :]


def _literal(x: Any) -> str:
    """Return numbers and static arguments as a program spells them."""
    if isinstance(x, np.ndarray) and x.ndim:
        return _literal(x.tolist()) if x.size <= MOST_ENTRIES else f"{x.dtype}{x.shape}"
    if isinstance(x, list):
        return f"[{', '.join(map(_literal, x))}]"
    if isinstance(x, tuple):
        return f"({', '.join(map(_literal, x))}{',' * (len(x) == 1)})"
    if isinstance(x, slice):
        parts = [x.start, x.stop, x.step][: 2 + (x.step is not None)]
        return ":".join("" if part is None else _literal(part) for part in parts)
    if isinstance(x, float | complex | np.inexact | np.ndarray):
        return f"{x:.4g}"
    return "..." if x is Ellipsis else str(x)
