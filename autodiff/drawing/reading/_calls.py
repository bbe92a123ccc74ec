"""Calls: what the program wrote, noted while a function is recorded to be drawn.

For each node the frames are walked from where it is recorded outwards, while they are of this
package, NumPy or SciPy. The outermost that is an entry (a protocol, an operator, a method, a public
function) is what the program called. Whatever it records along the way belongs to one call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from autodiff._core.fillable import Fillable
from autodiff._core.hook import Hook, recording
from autodiff._core.place import HERE, PACKAGES
from autodiff._core.tensor import Tensor
from autodiff.drawing._scopes import OpenScopes, current_home
from autodiff.drawing._view import Home
from autodiff.drawing.reading._entries import ENTRIES
from autodiff.drawing.reading._fillings import READ, WRITE, Fillings, is_filling
from autodiff.drawing.reading._words import Words

# Code that computes on behalf of the program.
INSIDE = (HERE, np.__path__[0], str(Path(np.__path__[0]).parent / "scipy"))
OURS = (*INSIDE, *PACKAGES)
DRAWING = str(Path(__file__).parents[1])


@dataclass(eq=False)
class CallNote:
    """A call of the program: its words (None: as its op says), its place and the open scopes.

    ``caller`` is the reader's line, where the place is in one of the library's other packages.
    ``results`` are the Tensors that it returned, and where each is: "[1]", ".eigenvalues", or ""
    where it is all. There are none of a call that did not return.
    """

    words: Words | None
    place: tuple[str, int]
    home: Home
    caller: tuple[str, int] | None = None
    results: list[tuple[Tensor, str]] = field(default_factory=list)


class CallHook(Hook):
    """Notes of each Tensor that is recorded which call of the program made it."""

    def __init__(self) -> None:
        self.calls: dict[Tensor, CallNote] = {}
        self.scopes = OpenScopes()
        # By the frame, which is held here, so that no other takes its place meanwhile.
        self.entries: dict[FrameType, CallNote] = {}
        self.fillings = Fillings()
        self.is_hindered = False  # by a profiler that sees in its place what calls return

    def on_node(self, out: Tensor) -> None:
        """Note the call that made a new node."""
        frames = list(_frames_outwards(sys._getframe(1)))
        program = frames.pop()
        entry = _entry_of(frames)
        note = None if entry is None else self.entries.get(entry)
        if note is None:
            filling = self.fillings.filling_at(entry)
            words = filling.words if filling else _words_of(entry)
            note = CallNote(words, _place(program), current_home(), _caller(program))
            if filling:  # whose ops are of one call
                note = filling.note = filling.note or note
                note.words = words
            if entry is not None and words is not None:
                self.entries[entry] = note
                self._watch(entry)
        self.calls[out] = note

    def on_fillable(self, made: int) -> None:
        """Note what is written into an array."""
        if sys._getframe(1).f_code is WRITE:
            frames = list(_frames_outwards(sys._getframe(1)))
            self.fillings.note_write(frames, _entry_of(frames[:-1]))

    @contextmanager
    def watching_returns(self) -> Iterator[None]:
        """Note meanwhile what calls return, as a profiler sees it, and beside one if it can be.

        Where it cannot, pictures show what each op computed.
        """
        before = sys.getprofile()
        self._watch()
        try:
            yield
        finally:
            if _can_be_called(before):
                sys.setprofile(before)

    def _watch(self, until: FrameType | None = None) -> None:
        """Watch what returns in this thread, if that is not done, at least until a call returns."""
        before: Any = sys.getprofile()
        if not _can_be_called(before):
            self.is_hindered = True
        elif getattr(before, "func", None) != self._on_event:
            sys.setprofile(partial(self._on_event, before, until))

    def _on_event(
        self, before: Any, until: FrameType | None, frame: FrameType, event: str, returned: Any
    ) -> None:
        if before is not None:
            before(frame, event, returned)
        if event == "return":
            if frame in self.entries:
                self.entries[frame].results = list(_results(returned))
            if frame.f_code is READ and type(returned) is Tensor:
                self.fillings.note_read(frame, returned, self.calls)
            elif frame.f_code in ENTRIES and recording.get() is self:
                self._note_constant(frame, returned)
            if frame is until:
                sys.setprofile(before)

    def _note_constant(self, frame: FrameType, returned: Any) -> None:
        """Note which call made a constant, or an array that can be filled."""
        if isinstance(returned, Fillable):
            self.fillings.note_base(returned, ENTRIES[frame.f_code](frame) or [])
        elif type(returned) is Tensor and returned.op is None and not returned.requires_grad:
            *inside, program = _frames_outwards(frame)
            words = ENTRIES[frame.f_code](frame) if _entry_of(inside) is frame else None
            if words is not None and not any(part is returned for part in words):
                note = CallNote(words, _place(program), current_home(), _caller(program))
                note.results = [(returned, "")]
                self.calls[returned] = note


def _can_be_called(profiler: Any) -> bool:
    """Whether there is no profiler, or one that another can call; those in C are called by none."""
    return profiler is None or callable(profiler)


def _results(returned: Any, path: str = "") -> Iterator[tuple[Tensor, str]]:
    """Yield the Tensors that a call returned, and where each is."""
    if type(returned) is Tensor:
        yield returned, path
    elif isinstance(returned, list | tuple):
        fields = getattr(returned, "_fields", None)
        for i, part in enumerate(returned):
            yield from _results(part, path + (f".{fields[i]}" if fields else f"[{i}]"))


def _frames_outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames outwards, up to the first of the program."""
    while frame is not None:
        yield frame
        if not is_within(INSIDE, frame.f_code.co_filename):
            return
        frame = frame.f_back


def _entry_of(frames: list[FrameType]) -> FrameType | None:
    """Return the outermost frame that is an entry."""
    return next((f for f in reversed(frames) if f.f_code in ENTRIES or is_filling(f)), None)


def _words_of(entry: FrameType | None) -> Words | None:
    return ENTRIES[entry.f_code](entry) if entry is not None and entry.f_code in ENTRIES else None


def _place(frame: FrameType) -> tuple[str, int]:
    return frame.f_code.co_filename, frame.f_lineno


def _caller(program: FrameType) -> tuple[str, int] | None:
    """Return the reader's line that called into the library's packages; None if it is no call."""
    frame: FrameType | None = program
    while frame is not None and is_within(OURS, frame.f_code.co_filename):
        if is_within((DRAWING,), frame.f_code.co_filename):  # which called the function itself
            return None
        frame = frame.f_back
    return None if frame is None or frame is program else _place(frame)


def is_within(folders: tuple[str, ...], file: str) -> bool:
    """Whether a file lies in one of some folders."""
    return file.startswith(tuple(folder + os.sep for folder in folders))
