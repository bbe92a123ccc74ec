"""Where NaN and infinities come from: the nodes that have them first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff.drawing._values import nonfinite_counts
from autodiff.drawing._view import Vertex, View


def with_alarms(view: View) -> View:
    """Return the view in which nodes say where NaN or infinities come up.

    In a value that is where its operands have none; in a gradient, where what uses it has none,
    and no value has that its local derivatives may be made of.
    """
    values = {node.key: _kinds(node.value) for node in view.nodes}
    gradients = {node.key: _kinds(node.gradient) for node in view.nodes}
    operands: dict[str, list[str]] = {}
    users: dict[str, list[str]] = {}
    if any(values.values()) or any(gradients.values()):
        for edge in view.edges:
            operands.setdefault(edge.head, []).append(edge.tail)
            users.setdefault(edge.tail, []).append(edge.head)

    def with_its_alarm(node: Vertex) -> Vertex:
        before = (values[key] for key in operands.get(node.key, ()))
        behind = [
            kinds
            for user in users.get(node.key, ())
            for kinds in (gradients[user], values[user], *(values[x] for x in operands[user]))
        ]
        alarm = _first_here(node.value, values[node.key], before)
        gradient_alarm = _first_here(node.gradient, gradients[node.key], behind)
        if not alarm and not gradient_alarm:
            return node
        return replace(node, alarm=alarm, gradient_alarm=gradient_alarm)

    return View([with_its_alarm(node) for node in view.nodes], list(view.edges), list(view.notes))


def origin(value: Any, *used: Any) -> str:
    """Return where NaN and infinities come up in a value: what it is made of has none of them.

    It reads "NaN first here: [0, 3]; inf first here: [1, 0]", with the index of the first of each;
    "" where there is none.
    """
    return _first_here(value, _kinds(value), map(_kinds, used))


def is_finite(value: Any) -> bool:
    """Whether there is neither NaN nor an infinity in a value."""
    return not _kinds(value)


def without_source(view: View, drawn: View) -> list[str]:
    """Return a note of what is not finite, but whose source is not drawn: NaN, infinities."""
    shown = {_kind(alarm) for node in drawn.nodes for alarm in _parts(node.alarm)}
    sources: dict[str, str] = {}
    for node in view.nodes:
        for alarm in _parts(node.alarm):
            said = f"{alarm.replace('here', f'in {node.name}')}, not drawn"
            sources.setdefault(_kind(alarm), said)
    return [said for kind, said in sources.items() if kind not in shown]


def first_of_each(alarms: Iterable[tuple[str, str]]) -> str:
    """Return the first alarm of NaN and the first of infinities, each with where it is."""
    found: dict[str, str] = {}
    for alarm, where in alarms:
        for part in _parts(alarm):
            found.setdefault(_kind(part), f"{part}, {where}")
    return "; ".join(found.values())


def _parts(alarm: str) -> list[str]:
    return alarm.split("; ") if alarm else []


def _kind(alarm: str) -> str:
    return alarm.partition(" ")[0]


def _kinds(value: Any) -> set[str]:
    """Return which of NaN and inf there are in a value."""
    if not (is_plain(value) or isinstance(value, float | complex)):
        return set()
    return {name.lstrip("−") for name in nonfinite_counts(np.asarray(value))}


def _first_here(value: Any, kinds: set[str], others: Iterable[set[str]]) -> str:
    new = kinds.difference(*others) if kinds else kinds
    said = []
    if "NaN" in new:
        said.append(f"NaN first here{_index(np.isnan(value))}")
    if "inf" in new:
        said.append(f"inf first here{_index(np.isinf(value) & ~np.isnan(value))}")
    return "; ".join(said)


def _index(found: Any) -> str:
    """Return the first index at which an array is true."""
    if not np.ndim(found):
        return ""
    return f": [{', '.join(map(str, np.unravel_index(np.argmax(found), np.shape(found))))}]"
