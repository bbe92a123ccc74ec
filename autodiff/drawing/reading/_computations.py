"""What computed each Tensor of a picture: its words, and what it uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.drawing.reading._calls import CallNote
from autodiff.drawing.reading._functions import Subject
from autodiff.drawing.reading._op_words import words_of
from autodiff.drawing.reading._words import Words, operands


@dataclass
class Computation:
    """What computed a Tensor: the words for it, and what it uses, in the words or unsaid.

    ``which`` tells it from other results of the same call.
    """

    words: Words
    uses: list[Any]
    which: str = ""


def computations(subject: Subject, unfold: bool) -> dict[Any, Computation]:
    """Return what computed each Tensor that the picture shows and that an op made."""
    found: dict[Any, Computation] = {}
    results = _results_of_calls(subject)
    waiting = _last(subject)
    for y in waiting:  # which grows meanwhile
        if y in found or _is_end(y, subject):
            continue
        note = subject.calls.get(y)
        which = None if note is None else results[note].get(y)
        if (
            note is None
            or note.words is None
            or which is None
            or (unfold and subject.ops[note] > 1)
        ):
            found[y] = _computation(words_of(y), y.inputs, subject)
        else:
            found[y] = _computation(note.words, _inputs_of_call(y, note, subject), subject)
            found[y].which = which
        waiting += [x for x in found[y].uses if type(x) is Tensor]
    return found


def _computation(words: Words, inputs: Iterable[Any], subject: Subject) -> Computation:
    uses = [subject.original(x) for x in operands(words)]
    said = set(map(id, uses))
    needed = [subject.original(x) for x in inputs if type(x) is Tensor and x.requires_grad]
    uses += [x for x in dict.fromkeys(needed) if id(x) not in said]
    return Computation([subject.original(part) for part in words], uses)


def _results_of_calls(subject: Subject) -> dict[CallNote, dict[Tensor, str]]:
    """Return what each call returned, and which of its results that is.

    What else it made is a part of it, or what it gave the program, as np.piecewise does.
    """
    found: dict[CallNote, dict[Tensor, str]] = {}
    for note in subject.ops:
        found[note] = {subject.original(y): which for y, which in reversed(note.results)}
    return found


def _last(subject: Subject) -> list[Tensor]:
    """Return the outputs; where there are none, what was computed last and used by nothing."""
    if subject.failure is None:
        return [subject.original(y) for y in subject.outputs]
    calls = {
        y: note
        for y, note in subject.calls.items()
        if note is not subject.failure.note and y.op is not None
    }
    of_failure = [subject.original(x) for x in subject.failure.uses if type(x) is Tensor]
    uses = [(x, note) for y, note in calls.items() for x in y.inputs if type(x) is Tensor]
    used = {calls.get(x) for x, note in uses if calls.get(x) is not note}
    used |= {calls.get(x) for x in of_failure}
    latest = {note: y for y, note in calls.items()}  # for a call may make what it does not return
    return [subject.original(y) for note, y in latest.items() if note not in used] + of_failure


def _is_end(x: Tensor, subject: Subject) -> bool:
    return (x.op is None and x not in subject.calls) or x in subject.arguments


def _inputs_of_call(y: Tensor, note: CallNote, subject: Subject) -> list[Any]:
    """Return what a call took from outside of it on the way to one of its results."""
    found: list[Any] = []
    inside = {y: None}
    waiting = [y]
    for consumer in waiting:  # which grows meanwhile
        for x in consumer.inputs:
            if type(x) is Tensor and subject.calls.get(x) is note:
                if x not in inside:
                    inside[x] = None
                    waiting.append(x)
            else:
                found.append(x)
    return found
