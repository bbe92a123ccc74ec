"""What changed since a graph was recorded: leaves with new values, and what had used the old."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff._core.types import Value


def changes_behind(outputs: Sequence[Tensor]) -> tuple[set[Tensor], set[Tensor]]:
    """Return the Tensors whose values are no longer those that were computed with, and their users.

    These are leaves that were given a value, and views of it. Users are what ops made of them whose
    local derivatives depend on the values: they are those of no computation.
    """
    changed: set[Tensor] = set()
    users: set[Tensor] = set()
    for y in _ancestors(outputs):
        for x in y.inputs:
            if type(x) is Tensor and (x in changed or (x.op is None and x._index > y._index)):
                changed.add(x)
                if y.op is not None and not y.op.linear:
                    users.add(y)
                if _is_view(y._value, x._value):
                    changed.add(y)
    return changed, users


def _is_view(value: Value, of: Value) -> bool:
    return (
        isinstance(value, np.ndarray)
        and isinstance(of, np.ndarray)
        and (np.may_share_memory(value, of))
    )


def _ancestors(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return what the outputs were computed from and themselves, in the order of computing."""
    found = dict.fromkeys(outputs)
    waiting = list(found)
    for y in waiting:  # which grows meanwhile
        for x in y.inputs:
            if type(x) is Tensor and x not in found:
                found[x] = None
                waiting.append(x)
    return sorted(waiting, key=attrgetter("_index"))
