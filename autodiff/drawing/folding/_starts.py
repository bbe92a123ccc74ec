"""Which node of a view a picture is to start at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from autodiff._core.array_kinds import at_present
from autodiff._core.tensor import Tensor
from autodiff.drawing._view import View

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SHOWN = 6  # names in a message


def key_of_start(start: Tensor | str, view: View, keys: Mapping[Any, str]) -> str:
    """Return the key of the node that a Tensor or a name stands for, "x4" for "x₄" as well.

    Raises
    ------
    TypeError
        When ``start`` is neither.
    ValueError
        When it is no node of the view.
    """
    start = at_present(start)
    if isinstance(start, str):
        named = {node.name.translate(_DIGITS): node.key for node in view.nodes}
        named |= {node.name: node.key for node in view.nodes}
        key = named.get(start) or named.get(start.translate(_DIGITS))
        given = repr(start)
    elif type(start) is Tensor:
        key = keys.get(start)
        given = f"a Tensor of shape {start.shape}" if start.shape else f"the Tensor {start!r:.40}"
    else:
        raise TypeError(
            "start is a Tensor of the graph or the name of a node, such as start='v1', "
            f"but got {start!r:.40}"
        )
    if key is None:
        near = nearest_names(start, [node.name for node in view.nodes])
        raise ValueError(f"start is not in this graph, whose nodes are {near}: got {given:.60}")
    return key


def nearest_names(wanted: Any, names: Iterable[str]) -> str:
    """Return a few of some names for a message: those most like the one that was wanted."""
    every = {name.translate(_DIGITS): name for name in names}
    if len(every) <= SHOWN:
        return ", ".join(every.values())
    near = []
    if isinstance(wanted, str):
        near = get_close_matches(wanted.translate(_DIGITS), every, SHOWN, 0.5)
    return ", ".join([*(every[name] for name in near or list(every)[:SHOWN]), "…"])
