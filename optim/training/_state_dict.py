"""States to be saved and loaded: dictionaries of arrays, numbers and the kind of their owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def check_state(state: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Return a saved state with arrays for entries, once it fits the present one.

    Raises
    ------
    ValueError
        When the kind, the names of the entries, a shape or a dtype differ.
    """
    kind = str(state["kind"]) if "kind" in state else None
    if kind != like["kind"]:
        raise ValueError(f"expected the state of {like['kind']}, got that of {kind}")
    missing, unknown = like.keys() - state.keys(), state.keys() - like.keys()
    if missing or unknown:
        raise ValueError(
            f"the state does not fit this {kind}: it lacks {sorted(missing) or 'nothing'} and "
            f"has {sorted(unknown) or 'nothing'} beyond: other parameters or settings"
        )
    arrays = {name: np.asarray(state[name]) for name in like if name != "kind"}
    for name, array in arrays.items():
        expected = np.asarray(like[name])
        if (array.shape, array.dtype) != (expected.shape, expected.dtype):
            raise ValueError(
                f"{name!r} in the state of {kind} has shape {array.shape} and dtype "
                f"{array.dtype}: expected {expected.shape} and {expected.dtype}"
            )
    return arrays
