"""The source of a replay: a program as a function of straight-line NumPy calls on its buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np

from autodiff._core.hook import next_index
from autodiff.compiled import _origins as origins
from autodiff.compiled._blocks import can_be_divided, write_stretch
from autodiff.compiled._buffers import Layout, layout
from autodiff.compiled._forms import render_key
from autodiff.compiled._guards import write_guard
from autodiff.compiled._memory import Writing
from autodiff.compiled._places import HELD, MEMORY, OUTSIDE, Place
from autodiff.compiled._program import Node, Program, Same
from autodiff.compiled._statements import write_node
from autodiff.compiled._stretches import Stretch, in_stretches, note_what_is_inside
from autodiff.compiled._writer import Writer
from autodiff.compiled.passes._exact import exact_nodes

PLAN = "<plan>"  # the name of its file, in tracebacks


@dataclass
class Source:
    """A program as Python."""

    text: str
    replay: Callable[..., Any]  # of a set of buffers and the arguments
    constants: dict[str, Any]  # what the text names
    make_buffers: Callable[[], tuple[Any, ...]]
    calls: int  # of NumPy, in a replay
    bytes: int  # that all of these write
    peak: int  # bytes of a set of buffers


def write(program: Program, *, reuse: bool = True, threads: int = 1) -> Source:
    """Return the source of a program; with ``reuse``, buffers are used again."""
    w = Writer(_layout_in_stretches(program, reuse), threads)
    signature = _write_sources(w, program)
    guards: dict[Node, list[int]] = {}
    for number, guard in enumerate(program.guards):
        guards.setdefault(guard.node, []).append(number)
    for node in program.sources:
        _write_consequences(w, program, node, guards)
    written: set[Stretch] = set()
    for node in w.plan.order:
        stretch = w.plan.stretches.get(node)
        if stretch is None:
            write_node(w, node)
            _write_consequences(w, program, node, guards)
        elif stretch not in written:
            written.add(stretch)
            write_stretch(w, stretch, guards)
            for x in stretch.nodes:
                _write_consequences(w, program, x, guards)
    _write_ends(w, program)
    return _compile(w, signature)


def _layout_in_stretches(program: Program, reuse: bool) -> Layout:
    """Return where arrays live if all that can be is computed in blocks."""
    first, rest = _order(program)
    writes = any(type(effect) is origins.Write for effect in program.effects)
    parts = [first, rest] if writes else [[*first, *rest]]  # before the last guard none may write
    exact = exact_nodes(program)
    arranged = [in_stretches(program, nodes, exact) for nodes in parts]
    order = [node for nodes, _ in arranged for node in nodes]
    stretches = [stretch for _, found in arranged for stretch in found]
    while True:
        note_what_is_inside(program, order, stretches)
        plan = layout(program, order, reuse, stretches)
        plan.exact = exact
        disturbed = [s for s in stretches if not can_be_divided(plan, s)]
        if not disturbed:
            return plan
        stretches = [s for s in stretches if s not in disturbed]


def _write_consequences(
    w: Writer, program: Program, node: Node, guards: dict[Node, list[int]]
) -> None:
    """Write what follows a node: what is demanded of it, and what no other node needs."""
    for number in guards.get(node, ()):
        write_guard(w, program.guards[number], number)
    for storage in w.plan.ended.get(node, ()):
        w.let_go(storage)


def _order(program: Program) -> tuple[list[Node], list[Node]]:
    """Return the nodes that anything needs: those that guards need, and the rest."""
    first: set[Node] = set()
    needed = set(program.impure)
    first.update(guard.node for guard in program.guards)
    needed.update(x for x in program.ends() if type(x) is Node)
    impure = False  # whether a draw that comes later is among the first
    for node in reversed(program.nodes):
        if node in program.impure:
            impure = impure or node in first
            if impure:
                first.add(node)
        if node in first:
            first.update(x for x in node.inputs if type(x) is Node)
        if node in needed or node in first:
            needed.update(x for x in node.inputs if type(x) is Node)
    rest = [node for node in program.nodes if node in needed and node not in first]
    return [node for node in program.nodes if node in first], rest


def _write_sources(w: Writer, program: Program) -> str:
    """Write what reads the values from outside, and return the names of the arguments."""
    arguments: dict[int, str] = {}
    for node, origin in program.sources.items():
        if type(origin) is origins.Argument:
            name = arguments[origin.number] = f"x{origin.number}"
        elif type(origin) is origins.Memory:
            name = _object(w, origin.array, "m")
        elif node in w.plan.last:
            name = w.fresh("y")
            w.lines.append(f"{name} = {_origin(w, origin)}")
        else:
            continue
        place = w.plan.places.get(node)
        if place is None:
            w.names[node] = name
        else:
            place.name = name
    count = 1 + max(arguments, default=-1)
    return "".join(f", x{i}" for i in range(count)) + ", *rest"


def _origin(w: Writer, origin: Any) -> str:
    if type(origin) is origins.TensorValue:
        return f"{_object(w, origin.tensor, 't')}._value"
    if type(origin) is origins.TensorGradient:
        return f"{_object(w, origin.tensor, 't')}._grad"
    item = "" if origin.item is None else f"[{origin.item}]"
    return f"{_object(w, origin.owner, 'o')}.{origin.name}{item}"


def _object(w: Writer, x: Any, letter: str) -> str:
    if id(x) not in w.known:
        name = w.known[id(x)] = w.fresh(letter)
        w.objects[name] = x
    return w.known[id(x)]


# -- results and effects -------------------------------------------------------------------------


def _write_ends(w: Writer, program: Program) -> None:
    """Write what returns the results and stores what outlives the call."""
    bases = dict(w.plan.bases)
    results = [_own(w, x, bases) for x in program.results]
    pieces = [
        (_place_of(w, writing), *piece) for writing in w.plan.writings for piece in writing.pieces
    ]
    values = [_text_to_write(w, *piece, alone=len(pieces) == 1) for piece in pieces]
    for effect in program.effects:
        if type(effect) is not origins.Write:
            _write_effect(w, effect, _own(w, effect.node, bases))
    for (place, _, key), value in zip(pieces, values, strict=True):
        if value:
            view = w.view(place, key)
            name = f"{w.name(place)}[{render_key(key)}]" if view is None else f"{w.name(view)}[...]"
            w.call(f"{name} = {value}", place if view is None else view)
    held = _values_that_guards_know(program)
    for writing in w.plan.writings:
        for tensor, view in writing.effect.holders:
            if held.get(tensor) is not view:
                w.lines.append(f"{_object(w, tensor, 't')}._value = {_object(w, view, 'w')}")
            _write_index(w, tensor)
    inside = ", ".join(results) + ("," if len(results) == 1 else "")
    w.lines.append(f"return ({inside})")


def _values_that_guards_know(program: Program) -> dict[Any, Any]:
    """Return the values that Tensors have for sure when the last guard has held."""
    return {
        origin.tensor: guard.expected.thing
        for guard in program.guards
        if type(guard.expected) is Same
        and type(origin := program.sources.get(guard.node)) is origins.TensorValue
    }


def _place_of(w: Writer, writing: Writing) -> Place:
    """Return the place of the array that is written to."""
    array = writing.effect.array
    place = w.plan.memory[id(array)]
    place.name = _object(w, array, "m")
    return place


def _text_to_write(w: Writer, place: Place, x: Any, key: Any, *, alone: bool) -> str:
    """Return the text of what is written into a place: nothing of what was computed there."""
    own = w.plan.places.get(x) if type(x) is Node else None
    if own is None or not isinstance(x.value, np.ndarray):
        return w.text(x)
    if own is w.view(place, key):
        return ""
    if alone or own.storage.kind not in (OUTSIDE, HELD, MEMORY):
        return w.text(x)
    return _copy(w, x)


def _own(w: Writer, x: Any, bases: dict[Node, Node]) -> str:
    """Return the name of a value that belongs to the caller alone."""
    if type(x) is not Node:
        if not isinstance(x, np.ndarray):
            return w.literal(x)
    elif not isinstance(x.value, np.ndarray):
        return w.text(x)
    elif x in bases:
        places = w.plan.places
        if places[bases.pop(x)].storage is places[x].storage:
            return w.text(x)
    return _copy(w, x)


def _copy(w: Writer, x: Any) -> str:
    name = w.fresh("r")
    w.assign(name, f"{w.text(x)}.copy()", x if type(x) is Node else None)
    return name


def _write_effect(w: Writer, effect: Any, value: str) -> None:
    kind = type(effect)
    if kind is origins.SetGradient:
        w.lines.append(f"{_object(w, effect.tensor, 't')}._grad = {value}")
    elif kind is origins.SetValue:
        w.lines.append(f"{_object(w, effect.tensor, 't')}._value = {value}")
        _write_index(w, effect.tensor)
    else:
        item = "" if effect.item is None else f"[{effect.item}]"
        w.lines.append(f"{_object(w, effect.owner, 'o')}.{effect.name}{item} = {value}")


def _write_index(w: Writer, tensor: Any) -> None:
    if "index" not in w.known:
        w.known["index"] = w.fresh("i")
        w.lines.append(f"{w.known['index']} = {w.bind(next_index, 'next_index')}()")
    w.lines.append(f"{_object(w, tensor, 't')}._index = {w.known['index']}")


# -- text ----------------------------------------------------------------------------------------


def _compile(w: Writer, signature: str) -> Source:
    kept = fill(", ".join(w.kept) + ",", 92, initial_indent=" " * 8, subsequent_indent=" " * 8)
    header = [f"    {line}" for line in w.header]
    body = [f"    {line}" for line in w.lines]
    buffers, unpacked = "    return ()", []
    if w.kept:
        buffers, unpacked = f"    return (\n{kept}\n    )", [f"    (\n{kept}\n    ) = buffers"]
    replay = [f"def replay(buffers{signature}):", *unpacked, *body, ""]
    text = "\n".join(["def make_buffers():", *header, buffers, "", "", *replay])
    names: dict[str, Any] = dict(w.objects)
    exec(compile(text, PLAN, "exec"), names)
    return Source(text, names["replay"], w.objects, names["make_buffers"], w.calls, w.bytes, w.peak)
