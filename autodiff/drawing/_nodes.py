"""From Tensors to a view: a node for each call, leaf and constant array, an edge for each use."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count, takewhile
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.drawing._calls import CallNote
from autodiff.drawing._functions import Subject
from autodiff.drawing._gradients import cotangents_of
from autodiff.drawing._view import Edge, Node, View
from autodiff.drawing._words import (
    Words,
    identity,
    is_operand,
    operands,
    result_words,
    spelling,
    words_of,
)


@dataclass
class Computation:
    """What computed a Tensor: the words for it, and what it uses, in the words or unsaid."""

    words: Words
    uses: list[Any]
    note: CallNote | None = None


def view_of(
    subject: Subject, *, gradients: bool = False, derivatives: bool = False, unfold: bool = False
) -> tuple[View, dict[Any, str]]:
    """Return the view of a subject, and the keys of its nodes by their `identity`."""
    lines = _lines(subject, unfold)
    found = _in_order(lines, subject)
    names = _names(found, subject)
    keys = {key: f"n{i}" for i, key in enumerate(found)}
    view = View([_node(x, keys[key], names[key], subject) for key, x in found.items()])
    outputs = set(map(subject.shown, subject.outputs))
    for node, (key, x) in zip(view.nodes, found.items(), strict=True):
        if line := lines.get(key):
            node.kind = "output" if x in outputs else "op"
            node.formula = spelling(line.words, names)
            if line.note:
                node.place, node.scopes = line.note.place, line.note.scopes
            texts = _derivatives(x, line, names, subject) if derivatives else [""] * len(line.uses)
            for used, text in zip(line.uses, texts, strict=True):
                view.edges.append(Edge(keys[identity(used)], node.key, text))
    _add_failure(view, subject, keys, names)
    _put_into_scopes(view)
    _note_changes(view, lines, keys)
    if gradients:
        _add_gradients(view, found, subject)
    return view, keys


# -- which nodes there are -----------------------------------------------------------------------


def _lines(subject: Subject, unfold: bool) -> dict[Any, Computation]:
    """Return the line of each Tensor that was computed and that the picture shows."""
    lines: dict[Any, Computation] = {}
    shown: defaultdict[CallNote, list[Tensor]] = defaultdict(list)
    ops = Counter(subject.calls.values())
    waiting = _last(subject)
    for y in waiting:  # which grows meanwhile
        if y in lines or _is_end(y, subject):
            continue
        note = subject.calls.get(y)
        if note is None or note.words is None or (unfold and ops[note] > 1):
            words = words_of(y)
            inputs = list(y.inputs)
        else:
            words = note.words
            inputs = _inputs_of_call(y, note, subject)
            shown[note].append(y)
        uses = [subject.shown(x) for x in operands(words)]
        said = set(map(id, uses))
        unsaid = dict.fromkeys(
            subject.shown(x) for x in inputs if type(x) is Tensor and x.requires_grad
        )
        uses += [x for x in unsaid if id(x) not in said]
        lines[y] = Computation([subject.shown(part) for part in words], uses, note)
        waiting += [x for x in uses if type(x) is Tensor]
    for results in shown.values():
        results.sort(key=attrgetter("_index"))
        for i, y in enumerate(results):
            lines[y].words = [*lines[y].words, result_words(y, lines[y].words, i, len(results))]
    return lines


def _last(subject: Subject) -> list[Tensor]:
    """Return the outputs; where there are none, what was computed last and used by nothing."""
    if subject.failure is None:
        return [subject.shown(y) for y in subject.outputs]
    kept = [y for y, note in subject.calls.items() if note is not subject.failure.note]
    used = {id(x) for y in kept for x in y.inputs}
    of_failure = [subject.shown(x) for x in operands(subject.failure.words)]
    return [y for y in kept if id(y) not in used] + [x for x in of_failure if type(x) is Tensor]


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


def _in_order(lines: dict[Any, Computation], subject: Subject) -> dict[Any, Any]:
    """Return what the nodes stand for by its `identity`, each behind what it was computed from."""
    found: dict[Any, Any] = {}
    for y in sorted(lines, key=attrgetter("_index")):
        for x in lines[y].uses:
            found.setdefault(identity(x), x)
        found.setdefault(y, y)
    rest = operands(subject.failure.words) if subject.failure else subject.outputs
    for x in map(subject.shown, rest):
        found.setdefault(identity(x), x)
    return found


# -- what a node says ----------------------------------------------------------------------------


def _names(found: dict[Any, Any], subject: Subject) -> dict[Any, str]:
    """Return the nodes' own names, and for the others the textbooks' v1, v2, ..."""
    own = {key: subject.names.get(key) or getattr(x, "name", None) for key, x in found.items()}
    taken = set(own.values())
    numbered = (f"v{i}" for i in count(1) if f"v{i}" not in taken)
    return {key: name if isinstance(name, str) else next(numbered) for key, name in own.items()}


def _node(x: Any, key: str, name: str, subject: Subject) -> Node:
    gradient = x.grad if type(x) is Tensor and x.op is None else None
    return Node(key, _kind(x, name, subject), name, value=value_of(x), gradient=gradient)


def _kind(x: Any, name: str, subject: Subject) -> str:
    key = identity(x)
    if key in subject.parameters:
        return "parameter"
    if key in subject.arguments:
        return "leaf"
    if type(x) is not Tensor or not x.requires_grad:
        return "constant"
    return "parameter" if subject.of_function or "." in name else "leaf"


def _put_into_scopes(view: View) -> None:
    """Put parameters and constants into the innermost scope that all of their uses are in."""
    nodes = {node.key: node for node in view.nodes}
    around: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for edge in view.edges:
        around[edge.tail].append(nodes[edge.head].scopes)
    for node in view.nodes:
        if node.kind in ("parameter", "constant") and around[node.key]:
            levels = zip(*around[node.key], strict=False)
            shared = takewhile(lambda names: len(set(names)) == 1, levels)
            node.scopes = tuple(names[0] for names in shared)


def _note_changes(view: View, lines: dict[Any, Computation], keys: dict[Any, str]) -> None:
    """Say which leaves are younger than what was computed from them."""
    changed = {
        keys[x]
        for y, line in lines.items()
        for x in line.uses
        if type(x) is Tensor and x.op is None and x._index > y._index
    }
    for node in view.nodes:
        if node.key in changed:
            node.note = "value changed since"
    if changed:
        view.notes.append(
            f"{_list_of([n.name for n in view.nodes if n.key in changed])} changed since this was "
            "computed: the values of leaves are new, all others old"
        )


def _list_of(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _add_failure(view: View, subject: Subject, keys: dict[Any, str], names: dict[Any, str]) -> None:
    """Add the call that raised, with its operands' shapes and the message."""
    failure = subject.failure
    if failure is None:
        return
    uses = [subject.shown(x) for x in operands(failure.words)]
    shapes = [f"{names[identity(x)]} has shape {np.shape(value_of(x))}" for x in uses]
    kind = type(failure.error).__name__
    message = f"{kind}: {failure.error}".strip(": ")
    name = next(f"v{i}" for i in count(1) if f"v{i}" not in names.values())
    formula = spelling([subject.shown(part) for part in failure.words], names)
    node = Node(f"n{len(view.nodes)}", "failed", name, formula, place=failure.place)
    node.note = "\n".join([message, *dict.fromkeys(shapes)])
    node.scopes = failure.scopes
    view.nodes.append(node)
    view.edges += [Edge(keys[identity(x)], node.key) for x in uses]
    file, line = Path(failure.place[0]).name, failure.place[1]
    view.notes.append(f"{kind} in {file}, line {line}: this is what was computed until then")


# -- derivatives ---------------------------------------------------------------------------------


def _add_gradients(view: View, found: dict[Any, Any], subject: Subject) -> None:
    """Add the cotangent of each node that the outputs depend on."""
    outputs = [subject.shown(y) for y in subject.outputs]
    carried = cotangents_of(outputs, subject.arguments)
    for node, x in zip(view.nodes, found.values(), strict=False):
        node.gradient = carried.get(x) if type(x) is Tensor else None
    if len(outputs) > 1 or any(np.size(value_of(y)) > 1 for y in outputs):
        view.notes.append("gradients are those of the sum of all entries of the outputs")


def _derivatives(
    y: Tensor, line: Computation, names: dict[Any, str], subject: Subject
) -> list[str]:
    """Return the local derivative for each use; none of a call that several ops made."""
    from autodiff.drawing._symbols import derivative_text

    inputs = [subject.shown(x) for x in y.inputs]
    differentiable = [x for x in inputs if type(x) is Tensor and x.requires_grad]
    if not all(any(x is used for used in line.uses) for x in differentiable):
        return [""] * len(line.uses)
    called = [names.get(identity(x), "") if is_operand(x) else "" for x in [*inputs, y]]
    left = list(range(len(inputs)))
    texts = []
    for x in line.uses:
        i = next((i for i in left if inputs[i] is x), None)
        if i is None or not x.requires_grad:
            texts.append("")
        else:
            left.remove(i)
            texts.append(derivative_text(y, i, called))
    return texts
