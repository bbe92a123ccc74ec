"""A view: what a picture shows, as plain data. Graphs are read into it, and pictures made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Vertex:
    """A Tensor, a constant, a call or what stands for several of them.

    Attributes
    ----------
    key : str
        Tells it apart in this view: "n0", "n1", ... in the order of computing.
    kind : str
        "leaf" (an argument or input), "parameter", "constant", "op", "output", "scope" (one that is
        collapsed) or "failed" (the call that raised).
    name : str
        "x", "layers.0.weight", or made up: "v1".
    formula : str
        The call that computed it, as the program wrote it, with names for operands: "a * b".
    value : array or number, optional
    gradient : array or number, optional
        The cotangent; None where it was not computed.
    scopes : tuple of str
        The scopes it was recorded in, outermost first.
    parts : tuple of (str, str)
        The formula in parts: a text, and the key of the operand that it names, "" of what is none.
    place : tuple of str and int, optional
        The file and the line of the program that computed it.
    note : str
        What else is to be said: "×12", "value changed since", an error's message.
    """

    key: str
    kind: str
    name: str
    formula: str = ""
    value: Any = None
    gradient: Any = None
    scopes: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    place: tuple[str, int] | None = None
    note: str = ""


@dataclass
class Edge:
    """One use of a node by another; ``derivative`` is the local derivative in words."""

    tail: str
    head: str
    derivative: str = ""


@dataclass
class View:
    """Nodes in the order of computing, their edges, and what is said below the picture."""

    nodes: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
