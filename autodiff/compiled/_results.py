"""What a function returns: the structure, and the values in it, which belong to the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.record import value_of
from autodiff._core.structures import map_structure
from autodiff._core.types import Structure
from autodiff.compiled._functions import Part

_NUMBERS = frozenset({int, float, np.float64})


def results_of(out: Structure) -> tuple[Structure, list[Any]]:
    """Return a structure with `Part` for its leaves, and the values of the leaves."""
    values: list[Any] = []
    return map_structure(lambda path, x: _part(x, values), out), values


def _part(x: Any, values: list[Any]) -> Any:
    """Return what stands for a leaf; a list of numbers is one, but is to be made anew."""
    if type(x) in (list, tuple):
        return type(x)([_part(y, values) for y in x])
    values.append(value_of(at_present(x)))
    return Part(len(values) - 1)


def with_values(structure: Structure, values: Sequence[Any]) -> Structure:
    """Return a structure with values in the places of its parts."""
    return map_structure(
        lambda path, x: values[x.number] if type(x) is Part else type(x)(), structure
    )


def filling(structure: Structure) -> Callable[[tuple[Any, ...]], Structure]:
    """Return the function that puts values in the places of a structure's parts."""
    if type(structure) is Part:
        return lambda values: values[0]
    if type(structure) is tuple and structure == tuple(map(Part, range(len(structure)))):
        return lambda values: values
    written = _expression(structure)
    if written:  # which takes a tenth of the time of going through the structure
        function: Callable[[tuple[Any, ...]], Structure] = eval(f"lambda values: {written}")
        return function
    return lambda values: with_values(structure, values)


def _expression(structure: Structure) -> str:
    """Return how a program writes a structure of tuples, lists and dicts; nothing of others."""
    kind = type(structure)
    if kind is Part:
        return f"values[{structure.number}]"
    if kind is dict and all(type(key) in (str, int) for key in structure):
        parts = {key: _expression(x) for key, x in structure.items()}
        written = ", ".join(f"{key!r}: {part}" for key, part in parts.items())
        return f"{{{written}}}" if all(parts.values()) else ""
    if kind is not tuple and kind is not list:
        return ""
    items = list(map(_expression, structure))
    written = "".join(f"{item}, " for item in items)
    return ("({})" if kind is tuple else "[{}]").format(written) if all(items) else ""


def own_values(out: Structure) -> Structure:
    """Return a structure with the values of its Tensors, and copies of all arrays."""
    kind = type(out)
    if kind is tuple:  # the commonest structures, in a tenth of the time
        return tuple([own_values(x) for x in out])
    if kind is np.ndarray or kind in _NUMBERS:
        return own(out)
    return map_structure(lambda path, x: own(value_of(at_present(x))), out)


def own(x: Any) -> Any:
    """Return a copy of an array, and everything else as it is."""
    return x.copy() if isinstance(x, np.ndarray) else x
