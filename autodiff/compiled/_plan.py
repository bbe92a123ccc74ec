"""A plan: one way through a function, written out, and what it takes to replay it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff._core.hook import NO_GRAD, recording
from autodiff.compiled._listing import Line, lines_of
from autodiff.compiled._origins import Argument, Attribute
from autodiff.compiled._program import FINITE, Guard, Node, Present, Program, Same
from autodiff.compiled._results import filling
from autodiff.compiled._source import PLAN, Source
from autodiff.compiled._watch import Watch

MOST_REASONS = 4  # that are told of why a plan is one of its own
_COMPUTING = frozenset({"autodiff", "numpy", "scipy", "threading"})
_FAILED = Guard(Node(None, (), {}, None), FINITE)


@dataclass(frozen=True)
class Cost:
    """What a replay takes: calls of NumPy, bytes that they write, and bytes of its buffers."""

    calls: int
    bytes: int
    peak: int


class Plan:
    """One way through a function for arguments of certain shapes and types.

    Attributes
    ----------
    source : str
        The program that is replayed, as text.
    cost : Cost
        How many NumPy calls it makes, how many bytes they write, and the bytes of its buffers.
    runs : int
        How often it was replayed to the end.
    why : str
        What distinguishes it: the shapes and types, and what Python read of values.
    """

    def __init__(self, program: Program, source: Source, watch: Watch, arguments: str) -> None:
        self.program = program
        self.runs = 0
        self.source = source.text
        self.cost = Cost(source.calls, source.bytes, source.peak)
        self._watch = watch
        self._is_unchanged = watch.test()
        reasons = list(dict.fromkeys(map(_reason, values_read(program.guards))))
        self.why = ", ".join([arguments, *reasons[:MOST_REASONS]])
        if len(reasons) > MOST_REASONS:
            self.why += f" and {len(reasons) - MOST_REASONS} values more"
        self._replay = source.replay
        self._make_buffers = source.make_buffers
        self._free: list[tuple[Any, Context]] = []  # sets of buffers that no thread uses
        drawn_from = {program.sources[node.inputs[0]] for node in program.impure}
        self._numbers = [x.number for x in drawn_from if isinstance(x, Argument)]
        self._draws = bool(drawn_from)
        self._generators = [x.owner.generator for x in drawn_from if isinstance(x, Attribute)]
        self._build = filling(program.structure)

    @property
    def lines(self) -> list[Line]:
        """The values that it computes, each with its formula; `draw` makes a picture of them."""
        return lines_of(self.program)

    def __repr__(self) -> str:
        cost = self.cost
        return f"<plan of {cost.calls} calls for {self.why}: {self.runs} runs>"

    def is_stale(self) -> bool:
        """Whether something that the function uses beside its arguments has changed."""
        try:
            if self._is_unchanged():
                return False
        except Exception:  # as of a variable that is no more
            pass
        return bool(self.change())

    def change(self) -> str:
        """Return what has changed beside the arguments, in words; nothing if nothing has."""
        try:
            return self._watch.change()
        except Exception as error:
            return f"what it uses cannot be looked at ({type(error).__name__}: {error})"

    def replay(self, leaves: Sequence[Any]) -> Any:
        """Return what the function returns, or the guard that shows that it goes another way."""
        try:
            buffers, context = self._free.pop()
        except IndexError:
            buffers, context = self._make_buffers(), _silent_context()
        states = self._states(leaves) if self._draws else ()
        try:
            results = context.run(self._replay, buffers, *leaves)
        except BaseException as error:  # after which somebody may still write to the buffers
            _go_back(states)
            if not isinstance(error, Exception) or _is_from_outside(error):
                raise
            return _FAILED  # the call itself tells of it
        self._free.append((buffers, context))
        if type(results) is tuple:
            self.runs += 1
            return self._build(results)
        _go_back(states)
        return self.program.guards[results] if type(results) is int else results

    def _states(self, leaves: Sequence[Any]) -> list[tuple[Any, Any]]:
        """Return the random generators that are drawn from, with their states."""
        generators = [*[leaves[i] for i in self._numbers], *self._generators]
        return [(generator, generator.bit_generator.state) for generator in generators]


def _is_from_outside(error: Exception) -> bool:
    """Whether an error is not of what a plan computes, but was raised by a signal's handler."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or isinstance(error, MemoryError):
        return False
    frame = traceback.tb_frame
    root = frame.f_globals.get("__name__", "").partition(".")[0]
    return frame.f_code.co_filename != PLAN and root not in _COMPUTING


def _go_back(states: Iterable[tuple[Any, Any]]) -> None:
    for generator, state in states:
        generator.bit_generator.state = state


class Plans(list[Plan]):
    """Plans that print as a table: how often each ran, its calls of NumPy, and what it is for."""

    def __init__(self, plans: Iterable[Plan], reasons: Iterable[str]) -> None:
        super().__init__(plans)
        self.reasons = list(reasons)  # why calls of some kinds stay eager

    def __repr__(self) -> str:
        rows = [f"{plan.runs:>8} {plan.cost.calls:>6}  {_indent(plan.why)}" for plan in self]
        rows += [f"{'eager':>8} {'':>6}  {_indent(reason)}" for reason in self.reasons]
        return "\n".join([f"{'runs':>8} {'calls':>6}  for", *rows]) if rows else "no plans"


def _indent(text: str) -> str:
    return text.replace("\n", "\n" + " " * 19)


def _silent_context() -> Context:
    """Return a context in which NumPy warns of nothing: where a plan holds, all is finite."""
    context = copy_context()
    context.run(np.seterr, all="ignore")
    context.run(recording.set, NO_GRAD)
    return context


def values_read(guards: list[Guard]) -> list[Guard]:
    """Return the guards of values that Python read: not of what is finite, or stands somewhere."""
    return [
        g for g in guards if g.expected is not FINITE and type(g.expected) not in (Same, Present)
    ]


def _reason(guard: Guard) -> str:
    read = np.array2string(np.asarray(guard.expected), threshold=4, precision=4)
    return f"where Python read {read}{guard.line}"
