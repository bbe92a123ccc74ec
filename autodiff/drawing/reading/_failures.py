"""Where a function failed: the call that raised, or the line of the program that did."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import re
import sysconfig
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from autodiff._core.place import calling_place
from autodiff._core.tensor import Tensor
from autodiff.drawing._scopes import scope_name
from autodiff.drawing._view import Home
from autodiff.drawing.reading._calls import OURS, CallHook, CallNote, is_within
from autodiff.drawing.reading._entries import ENTRIES
from autodiff.drawing.reading._words import (
    Words,
    call_of,
    identity,
    operands,
    snapshot_of,
)

_PYTHON = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


@dataclass
class Failure:
    """What raised, where, and the error.

    Attributes
    ----------
    words : list
        The call as the program wrote it, or else the program's line.
    is_call : bool
    uses : list
        What it was computed from, as far as the words tell or the line names it.
    place : tuple of str and int
        The innermost line of the program, which is of no library.
    home : tuple of str and int, for each scope
        Those that were open.
    error : Exception
    note : CallNote, optional
        Of what the call had recorded until then.
    """

    words: Words
    is_call: bool
    uses: list[Any]
    place: tuple[str, int]
    home: Home
    error: Exception
    note: CallNote | None = field(default=None, repr=False)


def failure_of(error: Exception, hook: CallHook, arguments: Collection[Any]) -> Failure:
    """Return what an error came from, by its traceback.

    ``arguments`` are the `identity` of the arrays that have a node though no op made them.
    """
    traces = list(_inwards(error.__traceback__))
    last = _last_of_program(traces)
    program = None if last is None else traces[last]
    place = _place(program) if program else calling_place()
    home = hook.scopes.at(error)
    inner = traces if last is None else traces[last + 1 :]
    if found := _words_of_call(inner):
        words, frame = found
        note = hook.entries.get(frame)
        return Failure(words, True, operands(words), place, home, error, note)
    if words := _words_of_module(inner):
        inside = bool(home) and words[0] == f"{home[-1][0]}("
        outer = home[: len(home) - inside]
        return Failure(words, True, operands(words), place, outer, error)
    if program is None:
        return Failure([linecache.getline(*place).strip()], False, [], place, home, error)
    first, end, line = _statement(program)
    named = _named_in(program.tb_frame, first, end)
    uses = [x for x in named if type(x) is Tensor or identity(x) in arguments]
    return Failure([line], False, uses, place, home, error)


def message_of(error: Exception) -> str:
    """Return an error's kind and its text, which an error of the program's own may fail to give."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}".strip(": ")


def _inwards(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _place(trace: TracebackType) -> tuple[str, int]:
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno


def _last_of_program(traces: Sequence[TracebackType]) -> int | None:
    """Return which frame is the innermost of no library, or else of none that computes here."""
    files = [trace.tb_frame.f_code.co_filename for trace in traces]
    outside = [i for i, file in enumerate(files) if not is_within(OURS, file)]
    own = [i for i in outside if not _is_of_library(files[i])]
    return max(own or outside, default=None)


def _is_of_library(file: str) -> bool:
    installed = {"site-packages", "dist-packages"} & {*Path(file).parts}
    return bool(installed) or file.startswith((*_PYTHON, "<frozen "))


# -- calls -------------------------------------------------------------------------------------


def _words_of_call(traces: Sequence[TracebackType]) -> tuple[Words, FrameType] | None:
    """Return the words of what the program called, unless a library stands between."""
    for frame in (trace.tb_frame for trace in traces):
        if not is_within(OURS, frame.f_code.co_filename):
            return None
        words_of_entry = ENTRIES.get(frame.f_code)
        if words_of_entry and (words := words_of_entry(frame)):
            return words, frame
    return None


def _words_of_module(traces: Sequence[TracebackType]) -> Words:
    """Return the innermost call of an object with parameters, as a layer is."""
    for frame in (trace.tb_frame for trace in reversed(traces)):
        owner = frame.f_locals.get("self")
        if frame.f_code.co_name == "__call__" and hasattr(owner, "named_parameters"):
            names, more, options, found = inspect.getargvalues(frame)
            args = [*(found[name] for name in names[1:]), *found.get(more or "", ())]
            return call_of(scope_name(owner), args, found.get(options or "", {}))
    return []


# -- the program's own line --------------------------------------------------------------------


def _statement(trace: TracebackType) -> tuple[int, int, str]:
    """Return the first and the last line of what was executed, and its text.

    That is a statement, of one with a block its first line, or of a lambda its expression.
    """
    file, number = _place(trace)
    source = "".join(linecache.getlines(file))
    line = linecache.getline(file, number).strip() or f"{trace.tb_frame.f_code.co_name}(…)"
    part = _innermost(source, trace)
    if part is None or hasattr(part, "body"):
        return number, number, line
    text = re.sub(r"\s*\n\s*", " ", ast.get_source_segment(source, part) or line)
    return part.lineno, part.end_lineno or number, text


def _innermost(source: str, trace: TracebackType) -> ast.stmt | ast.expr | None:
    """Return the innermost statement, or expression of a lambda, around what raised."""
    number, _, column, _ = list(trace.tb_frame.f_code.co_positions())[trace.tb_lasti // 2]
    place = number or trace.tb_lineno, column or 0
    try:
        tree = ast.parse(source)
    except SyntaxError:  # as of a notebook's cell with a magic command
        return None
    parts = [part.body if isinstance(part, ast.Lambda) else part for part in ast.walk(tree)
             if isinstance(part, ast.stmt | ast.Lambda)]  # fmt: skip
    around = [
        part
        for part in parts
        if (part.lineno, part.col_offset) <= place
        and place <= (part.end_lineno or 0, part.end_col_offset or 0)
    ]
    return max(around, key=lambda part: (part.lineno, part.col_offset), default=None)


def _named_in(frame: FrameType, first: int, end: int) -> list[Any]:
    """Return the Tensors and arrays that some lines of a function read by name, each once."""
    known = frame.f_globals | frame.f_locals
    found: dict[str, None] = {}
    for step in dis.get_instructions(frame.f_code):
        line = step.positions.lineno if step.positions else None
        if step.opname.startswith("LOAD_") and line is not None and first <= line <= end:
            read = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            found |= dict.fromkeys(name for name in read if isinstance(name, str))
    values = [known[name] for name in found if name in known]
    return [
        x if type(x) is Tensor else snapshot_of(x)
        for x in values
        if type(x) is Tensor or (isinstance(x, np.ndarray) and x.ndim)
    ]
