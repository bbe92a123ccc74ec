"""Where NaN and infinities come up that nothing before had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_KINDS: dict[str, Callable[[Any], Any]] = {
    "NaN": np.isnan,
    "inf": lambda x: np.isinf(x) if np.iscomplexobj(x) else np.isposinf(x),
    "−inf": lambda x: np.isneginf(x) if np.isrealobj(x) else np.isnan(x) & False,
}


def origin(value: Any, *used: Any) -> str:
    """Return which of NaN and infinities a value has and what it is made of has not, and where.

    It reads "NaN first here: [0, 3]", with the index of the first; "" where there is none.
    """
    firsts = []
    for name, is_such in _KINDS.items():
        index = _first(value, is_such)
        if index is not None and all(_first(x, is_such) is None for x in used):
            firsts.append(f"{name} first here" + f": {list(index)}" * bool(index))
    return ", ".join(firsts)


def is_finite(value: Any) -> bool:
    """Whether there is neither NaN nor an infinity in a value."""
    return all(_first(value, is_such) is None for is_such in _KINDS.values())


def _first(value: Any, is_such: Callable[[Any], Any]) -> tuple[int, ...] | None:
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return None
    found = is_such(array)
    if not found.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(found)), array.shape))
