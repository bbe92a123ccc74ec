"""From Tensors to a view: a node for each call, leaf and constant array, an edge for each use."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import chain, count, takewhile
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from autodiff._core.place import line_at
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.drawing._values import is_factor
from autodiff.drawing._view import Edge, Home, Vertex, View, with_number
from autodiff.drawing.reading._changes import changes_behind
from autodiff.drawing.reading._computations import Computation, computations
from autodiff.drawing.reading._failures import message_of
from autodiff.drawing.reading._functions import Subject
from autodiff.drawing.reading._gradients import cotangents_of
from autodiff.drawing.reading._held_fixed import NOTE, mark_held_operands
from autodiff.drawing.reading._words import (
    identity,
    is_operand,
    spelling,
    without_origin,
)


def view_of(
    subject: Subject, *, gradients: bool = False, derivatives: bool = False, unfold: bool = False
) -> tuple[View, dict[Any, str]]:
    """Return the view of a subject, and the keys of its nodes by their `identity`."""
    computed = computations(subject, unfold)
    found = _in_order(computed, subject)
    names = _names(found, subject)
    keys = {key: f"n{i}" for i, key in enumerate(found)}
    view = View([_node(x, keys[key], names[key], subject) for key, x in found.items()])
    outputs = set(map(subject.original, subject.outputs))
    changed, users = changes_behind([x for x in found if x in computed])
    for node, (key, x) in zip(view.nodes, found.items(), strict=True):
        if how := computed.get(key):
            node.kind = "output" if x in outputs else "op"
            node.formula = spelling(how.words, names) + how.which
            if note := subject.calls.get(x):
                node.place, node.home, node.caller = note.place, note.home, note.caller
            texts = [""] * len(how.uses)
            if derivatives:
                texts = _derivatives(x, how, names, subject, x in users)
            for used, text in zip(how.uses, texts, strict=True):
                view.edges.append(Edge(keys[identity(used)], node.key, text))
    _add_failure(view, subject, keys, names)
    copies = {key: identity(without_origin(x)) for key, x in found.items()}
    alone = Counter(copies.values())
    keys |= {copy: keys[key] for key, copy in copies.items() if alone[copy] == 1}  # as graphs keep
    _put_into_scopes(view)
    _note_changes(view, {keys[x] for x in changed if x in found}, gradients or derivatives)
    _note_what_was_not_watched(view, {y: names[y] for y in found if y in computed}, subject)
    if gradients:
        _add_gradients(view, found, subject, users)
    if derivatives:
        mark_held_operands(view.edges)
        view.notes += [NOTE] * any(edge.holds_others and is_factor(edge) for edge in view.edges)
    return view, keys


# -- which nodes there are -----------------------------------------------------------------------


def _in_order(computed: dict[Any, Computation], subject: Subject) -> dict[Any, Any]:
    """Return what the nodes stand for by its `identity`, each behind what it was computed from."""
    found: dict[Any, Any] = {}
    for y in sorted(computed, key=attrgetter("_index")):
        for x in computed[y].uses:
            found.setdefault(identity(x), x)
        found.setdefault(y, y)
    rest = subject.failure.uses if subject.failure else subject.outputs
    for x in map(subject.original, rest):
        found.setdefault(identity(x), x)
    return found


# -- what a node says ----------------------------------------------------------------------------


def _names(found: dict[Any, Any], subject: Subject) -> dict[Any, str]:
    """Return the nodes' own names, of others their variables, else the textbooks' v1, v2, ...

    Each has another: what would be called as one before it is numbered.
    """
    own = {key: subject.names.get(key) or getattr(x, "name", None) for key, x in found.items()}
    named = [(key, name) for key, name in own.items() if isinstance(name, str)]
    named.sort(key=lambda pair: pair[0] in subject.given)
    names: dict[Any, str] = {}
    taken: set[str] = set()
    for key, name in [*named, *subject.variables.items(), *subject.results.items()]:
        if key in found and key not in names:
            others = (with_number(name, i) for i in count(2))
            names[key] = next(free for free in chain([name], others) if free not in taken)
            taken.add(names[key])
    made_up = (f"v{i}" for i in count(1) if f"v{i}" not in taken)
    return {key: names[key] if key in names else next(made_up) for key in found}


def _node(x: Any, key: str, name: str, subject: Subject) -> Vertex:
    gradient = x.grad if type(x) is Tensor and x.op is None else None
    return Vertex(
        key, _kind(x, name, subject), name, value=without_origin(value_of(x)), gradient=gradient
    )


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
    around: dict[str, list[Home]] = defaultdict(list)
    for edge in view.edges:
        around[edge.tail].append(nodes[edge.head].home)
    for node in view.nodes:
        if node.kind in ("parameter", "constant") and around[node.key]:
            levels = zip(*around[node.key], strict=False)
            shared = takewhile(lambda entries: len(set(entries)) == 1, levels)
            node.home = tuple(entries[0] for entries in shared)


def _note_changes(view: View, changed: set[str], differentiated: bool) -> None:
    """Say which values are younger than what was computed from them."""
    for node in view.nodes:
        if node.key in changed:
            node.note = "value changed since"
    if changed:
        view.notes.append(
            f"{_list_of([n.name for n in view.nodes if n.key in changed])} changed since this was "
            "computed: the values that are marked are new, all others old"
            + ", and what depends on both is not computed"
            * differentiated
        )


def _note_what_was_not_watched(view: View, names: dict[Tensor, str], subject: Subject) -> None:
    """Say which calls and scopes are unknown, and how they would be known."""
    if subject.is_hindered:
        view.notes.append(
            "a profiler was on, so calls are shown as the ops within them: draw without it to see "
            "them as they were written"
        )
    unseen = [
        name for y, name in names.items() if y._index > subject.began and y not in subject.calls
    ]
    if unseen:
        view.notes.append(
            f"{_list_of(unseen)}: the scopes are unknown and calls are shown as the ops within "
            "them, for these were computed out of sight, under debug() or in a thread without this "
            "context; contextvars.copy_context().run starts one with it"
        )


def _list_of(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _add_failure(view: View, subject: Subject, keys: dict[Any, str], names: dict[Any, str]) -> None:
    """Add what raised, with the message and the operands' shapes that it does not tell."""
    failure = subject.failure
    if failure is None:
        return
    uses = list(map(subject.original, failure.uses))
    kind = type(failure.error).__name__
    message = message_of(failure.error).replace(line_at(*failure.place), "")  # which is the node's
    shapes = {names[identity(x)]: np.shape(value_of(x)) for x in uses}
    said = [
        f"{operand} has shape {shape}"
        for operand, shape in shapes.items()
        if failure.is_call and str(shape) not in message
    ]
    name = next(f"v{i}" for i in count(1) if f"v{i}" not in names.values())
    line = spelling([subject.original(part) for part in failure.words], names)
    node = Vertex(f"n{len(view.nodes)}", "failed", *((name, line) if failure.is_call else (line,)))
    node.place, node.home = failure.place, failure.home
    node.note = "\n".join([message, *said])
    view.nodes.append(node)
    view.edges += [Edge(keys[identity(x)], node.key) for x in uses]
    file, number = Path(failure.place[0]).name, failure.place[1]
    view.notes.append(f"{kind} in {file}, line {number}: this is what was computed until then")


# -- derivatives ---------------------------------------------------------------------------------


def _add_gradients(
    view: View, found: dict[Any, Any], subject: Subject, users: Collection[Tensor]
) -> None:
    """Add the cotangent of each node that the outputs depend on, and on no changed value."""
    outputs = [subject.original(y) for y in subject.outputs]
    carried = cotangents_of(outputs, subject.arguments, users)
    for node, x in zip(view.nodes, found.values(), strict=False):
        node.gradient = carried.get(x) if type(x) is Tensor else None
    if len(outputs) > 1 or any(np.size(value_of(y)) > 1 for y in outputs):
        view.notes.append("gradients are those of the sum of all entries of the outputs")


def _input_identity(x: Any) -> Any:
    """Return what tells an input from others: of constants their values, of which ops make more."""
    return identity(x if type(x) is Tensor and x.requires_grad else value_of(x))


def _derivatives(
    y: Tensor, how: Computation, names: dict[Any, str], subject: Subject, is_outdated: bool
) -> list[str]:
    """Return the local derivative for each use; "…" of a call of several ops, or no formula."""
    from autodiff.drawing.formulas._symbols import derivative_texts

    if y.op is None:  # a constant, which a call made
        return [""] * len(how.uses)
    used = {_input_identity(without_origin(x)): x for x in how.uses}
    inputs = [used.get(_input_identity(x), subject.original(x)) for x in y.inputs]
    differentiable = [x for x in inputs if type(x) is Tensor and x.requires_grad]
    several = not {*map(id, differentiable)} <= {*map(id, how.uses)}
    called = [names.get(identity(x), "") if is_operand(x) else "" for x in [*inputs, y]]
    left = defaultdict(list)  # the numbers of the inputs that each is
    for i, x in reversed([*enumerate(inputs)]):
        left[id(x)].append(i)
    text_of = derivative_texts(y, called)
    texts = []
    for x in how.uses:
        if type(x) is not Tensor or not x.requires_grad:
            texts.append("")
        elif several:
            texts.append("…")
        elif is_outdated:
            texts.append("— (not computed)")
        else:
            texts.append((text_of(left[id(x)].pop()) or "…") if left[id(x)] else "")
    return texts
