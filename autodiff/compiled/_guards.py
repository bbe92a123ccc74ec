"""How guards are written: what was read has the same bits, or all entries are finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.machine import LARGE
from autodiff.compiled._program import Finite, Guard, Node, Present, Same
from autodiff.compiled._writer import Writer

PARTS = 4  # of LARGE entries, whose inner products take less time than the sum over all
SMALL_BYTES = 4096  # up to here, comparing bytes takes less time than comparing arrays


def write_guard(w: Writer, guard: Guard, number: int) -> None:
    """Write what returns the guard's number where its value is another."""
    condition = _CONDITIONS.get(type(guard.expected), _differs)(w, guard)
    if condition:
        w.calls += isinstance(guard.expected, np.ndarray)  # which are compared
        w.lines.append(f"if {condition}: return {number}")


def _differs(w: Writer, guard: Guard) -> str:
    x, expected = w.text(guard.node), guard.expected
    if isinstance(expected, np.ndarray):
        return _array_differs(w, x, expected)
    if isinstance(expected, bool | np.bool):
        return f"not {x}" if expected else x
    if isinstance(expected, np.generic):
        return f"{x}.tobytes() != {w.literal(expected.tobytes())}"
    if type(expected) is float and expected == expected and expected:
        return f"{x} != {w.literal(expected)}"
    if type(expected) is float and not expected:
        sign = f"{w.bind(math.copysign, 'copysign')}(1.0, {x})"
        return f"{x} != 0 or {sign} != {math.copysign(1.0, expected)}"
    if isinstance(expected, float | complex):
        as_array = w.bind(np.asarray, "asarray")
        return f"{as_array}({x}).tobytes() != {w.literal(np.asarray(expected).tobytes())}"
    return f"{x} != {w.render(expected, ())}"


def _array_differs(w: Writer, x: str, expected: Any) -> str:
    if expected.nbytes <= SMALL_BYTES or expected.dtype.itemsize not in (1, 2, 4, 8):
        return f"{x}.tobytes() != {w.literal(expected.tobytes())}"
    bits = np.dtype(f"u{expected.dtype.itemsize}")
    k = w.constant(np.ascontiguousarray(expected).view(bits))
    return f"not ({x}.view({w.dtype(bits)}) == {k}).all()"


def _is_another(w: Writer, guard: Guard) -> str:
    return f"{w.text(guard.node)} is not {w.constant(guard.expected.thing)}"


def _is_absent(w: Writer, guard: Guard) -> str:
    """Return the condition that something is no array of a shape and type."""
    x, expected = w.text(guard.node), guard.expected
    dtype = f"{x}.dtype != {w.dtype(expected.dtype)}"
    return f"{x} is None or {x}.shape != {expected.shape} or {dtype}"


def _not_finite(w: Writer, guard: Guard) -> str:
    node = guard.node
    value = node.value
    if isinstance(value, int | np.integer | np.bool) or (
        isinstance(value, np.ndarray) and value.dtype.kind not in "fc"
    ):
        return ""
    inf = w.bind(np.inf, "inf")
    if isinstance(value, complex):
        return f"not -{inf} < abs({w.text(node)}) < {inf}"
    if not isinstance(value, np.ndarray):
        return f"not -{inf} < {w.text(node)} < {inf}"
    name = w.fresh("s")
    w.assign(name, _telling_sum(w, node))
    return f"not -{inf} < {name} < {inf}"


def _telling_sum(w: Writer, node: Node) -> str:
    """Return the text of a number that is infinite or NaN if an entry of an array is."""
    if node in w.totals:
        return w.totals[node]
    x, of_complex = w.text(node), node.value.dtype.kind == "c"
    if of_complex and node.size <= LARGE:
        return f"{w.bind(np.vdot, 'vdot')}({x}, {x}).real"
    place = w.plan.places[node].in_shape((node.size,))
    if node.size > PARTS * LARGE or (node.size > LARGE and (of_complex or place is None)):
        total = f"{w.reduction(np.add.reduce)}({x}, None)"
        return f"abs({total})" if of_complex else total
    if place is None:
        flat = w.fresh("v")
        w.lines.append(f"{flat} = {x}.ravel()")
        return f"{flat}.dot({flat})"
    starts = range(0, max(node.size, 1), LARGE)
    keys = [slice(i, min(i + LARGE, node.size)) for i in starts]
    whole = len(keys) == 1
    parts = [w.name(place if whole else place.at(k, (k.stop - k.start,))) for k in keys]
    return " + ".join(f"{part}.dot({part})" for part in parts)


_CONDITIONS = {Finite: _not_finite, Same: _is_another, Present: _is_absent}
