"""What computed each Tensor of a picture: its words, and what it uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.drawing.reading._calls import CallNote
from autodiff.drawing.reading._functions import Subject
from autodiff.drawing.reading._op_words import result_words, words_of
from autodiff.drawing.reading._words import Words, operands


@dataclass
class Computation:
    """What computed a Tensor: the words for it, and what it uses, in the words or unsaid."""

    words: Words
    uses: list[Any]
    call: CallNote | None = None  # whose words they are; else they are the op's


def computations(subject: Subject, unfold: bool) -> dict[Any, Computation]:
    """Return what computed each Tensor that the picture shows and that an op made."""
    found: dict[Any, Computation] = {}
    results = _results_of_callers(subject)
    waiting = _last(subject)
    for y in waiting:  # which grows meanwhile
        if y in found or _is_end(y, subject):
            continue
        note = subject.calls.get(y)
        is_part = note is not None and (
            (unfold and subject.ops[note] > 1) or results.get(note, y) is not y
        )
        if note is None or note.words is None or is_part:
            found[y] = _computation(words_of(y), y.inputs, subject)
        else:
            found[y] = _computation(note.words, _inputs_of_call(y, note, subject), subject)
            found[y].call = note
        waiting += [x for x in found[y].uses if type(x) is Tensor]
    _tell_results_apart(found, subject)
    return found


def _computation(words: Words, inputs: Iterable[Any], subject: Subject) -> Computation:
    uses = [subject.original(x) for x in operands(words)]
    said = set(map(id, uses))
    needed = [subject.original(x) for x in inputs if type(x) is Tensor and x.requires_grad]
    uses += [x for x in dict.fromkeys(needed) if id(x) not in said]
    return Computation([subject.original(part) for part in words], uses)


def _results_of_callers(subject: Subject) -> dict[CallNote, Tensor]:
    """Return what was made last by calls that called the program back, as np.piecewise does.

    What such a call made before is what it gave the program.
    """
    last: dict[CallNote, Tensor] = {}
    callers = set()
    before = None
    for y, note in subject.calls.items():  # in the order of computing
        if note in last and note is not before:
            callers.add(note)
        last[note] = y
        before = note
    return {note: y for note, y in last.items() if note in callers}


def _tell_results_apart(found: dict[Any, Computation], subject: Subject) -> None:
    """Add to the words for one of several results of a call which of them it is.

    Of those that the picture does not show only such count as the same op made.
    """
    calls = subject.calls
    shown: defaultdict[CallNote, list[Tensor]] = defaultdict(list)
    ends: defaultdict[CallNote, list[Tensor]] = defaultdict(list)
    inner = {
        id(x) for y in calls for x in y.inputs if type(x) is Tensor and calls.get(x) is calls[y]
    }
    for y, note in calls.items():  # in the order of computing
        if y in found and found[y].call:
            shown[note].append(y)
        elif id(y) not in inner:
            ends[note].append(y)
    for note, own in shown.items():
        others = [y for y in ends[note] if y.op is own[0].op]
        several = sorted([*own, *others], key=attrgetter("_index"))
        for y in own:
            i = next(i for i, x in enumerate(several) if x is y)
            words = found[y].words
            words.append(result_words(y, words, i, len(several)))


def _last(subject: Subject) -> list[Tensor]:
    """Return the outputs; where there are none, what was computed last and used by nothing."""
    if subject.failure is None:
        return [subject.original(y) for y in subject.outputs]
    calls = {y: note for y, note in subject.calls.items() if note is not subject.failure.note}
    of_failure = [subject.original(x) for x in subject.failure.uses if type(x) is Tensor]
    uses = [(x, note) for y, note in calls.items() for x in y.inputs if type(x) is Tensor]
    used = {calls.get(x) for x, note in uses if calls.get(x) is not note}
    used |= {calls.get(x) for x in of_failure}
    latest = {note: y for y, note in calls.items()}  # for a call may make what it does not return
    return [subject.original(y) for note, y in latest.items() if note not in used] + of_failure


def _is_end(x: Tensor, subject: Subject) -> bool:
    return x.op is None or x in subject.arguments


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
