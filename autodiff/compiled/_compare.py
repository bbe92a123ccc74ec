"""Two recordings of a function beside each other: what differs without a reason, a plan would lie.

Random numbers from anywhere, the time, the state of a program: what plain Python makes of them is a
constant in a recording. So two calls are recorded before the first replay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiled._functions import Opaque
from autodiff.compiled._program import Node, Program, Same
from autodiff.compiled._random import Draw

_END = object()


def same_path(a: Program, b: Program) -> bool:
    """Whether Python read the same values in two recordings, and so went the same way."""
    return len(a.guards) == len(b.guards) and all(
        equal(x.expected, y.expected) for x, y in zip(a.guards, b.guards, strict=True)
    )


def difference(a: Program, b: Program) -> tuple[int, str] | None:
    """Return the number of the first node that differs, and how; None where there is none."""
    partner: dict[Any, Any] = {None: None}
    sources = zip([*a.sources.items(), (_END, 0)], [*b.sources.items(), (_END, 0)], strict=False)
    for (x, origin), (y, other) in sources:
        if (x is _END) != (y is _END) or not _same_origin(origin, other):
            return 0, "it uses other Tensors, or other objects that carry state,"
        partner[x] = y
    for i, (x, y) in enumerate(zip(a.nodes, b.nodes, strict=False)):
        found = _differs(x, y, partner)
        if found:
            return i, found
        partner[x] = y
    if len(a.nodes) != len(b.nodes):
        return min(len(a.nodes), len(b.nodes)) - 1, "what is computed next"
    ends = list(a.ends()), list(b.ends())
    if len(ends[0]) != len(ends[1]) or not all(
        _match(x, y, partner) for x, y in zip(*ends, strict=True)
    ):
        return len(a.nodes) - 1, "what it returns"
    return None


def _same_origin(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (
        not hasattr(a, "__dict__")
        or all(
            x is y or equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)
        )
    )


def _differs(x: Node, y: Node, partner: dict[Any, Any]) -> str:
    """Return what of two nodes differs, in words; nothing if nothing does."""
    if not equal(x.function, y.function) or len(x.inputs) != len(y.inputs):
        return f"what is computed ({_name(x)}, then {_name(y)})"
    if not equal(x.options, y.options):
        return f"what {_name(x)} is given ({x.options!r:.60}, then {y.options!r:.60})"
    for p, q in zip(x.inputs, y.inputs, strict=True):
        if not _match(p, q, partner):
            if type(p) is Node or type(q) is Node:
                return f"what {_name(x)} is computed from"
            return f"a constant that {_name(x)} is given ({p!r:.60}, then {q!r:.60})"
    if x.shape != y.shape or x.dtype != y.dtype:
        return f"what {_name(x)} gives ({x.dtype} {x.shape}, then {y.dtype} {y.shape})"
    return ""


def _match(p: Any, q: Any, partner: dict[Any, Any]) -> bool:
    if type(p) is Node:
        return partner.get(p) is q and q is not None
    return equal(p, q)


def _name(node: Node) -> str:
    function = node.function
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", type(function).__name__)
    return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name


def equal(a: Any, b: Any) -> bool:
    """Whether two constants, or functions with their static arguments, agree bit for bit."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
    if isinstance(a, np.generic):
        return bool(a.tobytes() == b.tobytes())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, slice):
        return equal((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, Same):
        return a.thing is b.thing
    if isinstance(a, Opaque):
        return equal((a.function, a.args, a.kwargs), (b.function, b.args, b.kwargs))
    if isinstance(a, Draw):
        return equal((a.__name__, a.args, a.kwargs), (b.__name__, b.args, b.kwargs))
    if isinstance(a, float | complex):
        return repr(a) == repr(b)
    return _same_code(a, b) or _equals(a, b)


def _same_code(a: Any, b: Any) -> bool:
    """Whether two functions are one that was defined again, with the same values at hand."""
    if not (hasattr(a, "__code__") and hasattr(b, "__code__") and a.__code__ is b.__code__):
        return False
    return all(
        equal(x.cell_contents, y.cell_contents)
        for x, y in zip(a.__closure__ or (), b.__closure__ or (), strict=True)
    )


def _equals(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception:
        return False
