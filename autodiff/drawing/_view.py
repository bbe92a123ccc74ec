"""A view: what a picture shows, as plain data. Graphs are read into it, and pictures made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, TypeAlias

NEXT_REPEAT = "next repeat"

# Scopes, outermost first: the name of each, and a number for each time that one is entered.
Home: TypeAlias = tuple[tuple[str, int], ...]


@dataclass
class Vertex:
    """A Tensor, a constant, a call or what stands for several of them.

    Attributes
    ----------
    key : str
        Tells it apart in this view: "n0", "n1", ... in the order of computing.
    kind : str
        "leaf" (an argument or input), "parameter", "constant", "op", "output", "scope" (one that is
        collapsed), "cut" (a mark for what is left out) or "failed" (the call that raised).
    name : str
        "x", "layers.0.weight", or made up: "v1".
    formula : str
        The call that computed it, as the program wrote it, with names for operands: "a * b".
    value : array or number, optional
    gradient : array or number, optional
        The cotangent; None where it was not computed.
    scopes : tuple of str
        The scopes it was recorded in, outermost first.
    place : tuple of str and int, optional
        The file and the line of the program that computed it.
    caller : tuple of str and int, optional
        The reader's line that led there, where ``place`` is in one of the library's packages.
    note : str
        What else is to be said: "×12", "value changed since", an error's message.
    alarm, gradient_alarm : str
        Where NaN or infinities come up in the value or in the gradient: "NaN first here: [0, 3]".
    entries : tuple of int
        For each scope a number of this time that it was entered: a scope that is entered twice is
        two boxes. Where there are none, neighbours in scopes of one name are in one box. Of what is
        drawn once for entries that are repeated it is the last one's number with a minus sign.
    size : int
        How many nodes of the graph it stands for.
    """

    key: str
    kind: str
    name: str
    formula: str = ""
    value: Any = None
    gradient: Any = None
    scopes: tuple[str, ...] = ()
    place: tuple[str, int] | None = None
    note: str = ""
    alarm: str = ""
    gradient_alarm: str = ""
    entries: tuple[int, ...] = ()
    size: int = 1
    caller: tuple[str, int] | None = None

    @property
    def home(self) -> Home:
        """The names of the scopes with the entries, which tell the boxes apart."""
        return tuple(zip(self.scopes, chain(self.entries, repeat(0)), strict=False))

    @home.setter
    def home(self, home: Home) -> None:
        self.scopes = tuple(name for name, _ in home)
        self.entries = tuple(number for _, number in home)


@dataclass
class Edge:
    """One use of a node by another.

    Attributes
    ----------
    tail, head : str
        The keys of what is used and of what uses it.
    derivative : str
        The local derivative in words.
    repeat : str
        Of what is drawn once for many repeats: "first repeat" where the tail goes into the first
        of them, and not into the last, "first repeat and 2 others" where into so many more, "next
        repeat" where it goes from each into the next, "from repeat 3" where it is another than the
        last that goes into the head.
    operand : str
        What the head's formula calls the tail, where it is not the tail's name.
    holds_others : bool
        Whether another operand of the head depends on the tail, too: the local derivative holds it
        fixed, and is not how the head changes with the tail.
    ordinal : str
        "first", "second", ... among the head's operands that are this tail; "" of the only one.
    """

    tail: str
    head: str
    derivative: str = ""
    repeat: str = ""
    operand: str = ""
    holds_others: bool = False
    ordinal: str = ""

    @property
    def leads_back(self) -> bool:
        """Whether the tail may stand behind the head, as from repeat to repeat."""
        return self.repeat == NEXT_REPEAT


@dataclass
class View:
    """Nodes in the order of computing, their edges, and what is said of the picture."""

    nodes: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def with_number(name: str, i: int) -> str:
    """Return a name with a number below the line: c₂."""
    return name + str(i).translate(_LOW)


_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
