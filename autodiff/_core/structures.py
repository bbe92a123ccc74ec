"""Structures: nested dicts, lists, tuples, named tuples and dataclasses of arrays.

A list or tuple of numbers (of lists of numbers, ...) is array_like, as everywhere in NumPy, and so
it is a leaf. Every other list or tuple is a container, and so is every dict, named tuple and
dataclass whatever it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from itertools import accumulate
from numbers import Number
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present, dispatches, refuse_container
from autodiff._core.hook import recording
from autodiff._core.tensor import Tensor
from autodiff._core.types import Structure, Value

_LISTS = (list, tuple)
# What is no container for certain: the commonest leaves.
ARRAYS = frozenset({np.ndarray, Tensor, float, int, np.float64})


def map_structure(
    function: Callable[[str, Any], Any], structure: Structure, path: str = ""
) -> Structure:
    """Return the same structure with ``function(path, leaf)`` in the place of each leaf.

    Examples
    --------
    >>> map_structure(lambda path, leaf: path, {"layers": [np.ones(2), 3.0], "rate": [1, 2]}, "x")
    {'layers': ["x['layers'][0]", "x['layers'][1]"], 'rate': "x['rate']"}
    """
    if not is_container(structure):
        return function(path, structure)
    try:
        return _container_like(
            structure,
            [
                map_structure(function, part, path + _step(structure, key))
                for key, part in container_parts(structure).items()
            ],
        )
    except RecursionError:
        raise ValueError(
            f"a {type(structure).__name__} is nested too deeply, or holds itself: {path[:60]}..."
        ) from None


def as_arguments(x: Structure) -> tuple[Structure, ...]:
    """Return the arguments of a function: those in a tuple, or else the only one."""
    return x if type(x) is tuple else (x,)


def with_leaves(structure: Structure, leaves: Iterable[Any]) -> Structure:
    """Return the same structure with other leaves, given in their order."""
    if type(structure) is Tensor:
        (leaf,) = leaves
        return leaf
    following = iter(leaves)
    return map_structure(lambda path, leaf: next(following), structure)


def flatten(structure: Structure) -> tuple[Any, Callable[[Any], Structure]]:
    """Return all numbers of a structure in one vector, and the function that puts them back.

    So whatever works on vectors, a solver for example, works on structures.

    Returns
    -------
    vector : ndarray of shape (n,)
        A copy of the arrays and numbers, one behind the other; integers become float64.
    unflatten : callable
        Takes a vector of that shape, an array or a Tensor; returns the structure with its numbers.

    Raises
    ------
    TypeError
        When the structure holds something else than numbers, naming the path to it.
    ValueError
        By ``unflatten``, when the vector has another shape.

    Examples
    --------
    >>> vector, unflatten = flatten({"slope": 2.0, "knots": np.array([[1.0, 3.0]])})
    >>> vector
    array([2., 1., 3.])
    >>> unflatten(10 * vector)
    {'slope': np.float64(20.0), 'knots': array([[10., 30.]])}
    """
    leaves: list[Any] = []
    map_structure(lambda path, x: leaves.append(as_numbers(path, x)), structure, "x")
    if not leaves:
        raise ValueError(f"the structure holds no numbers: {structure!r:.60}")
    ends = list(accumulate(leaf.size for leaf in leaves))
    shapes = [leaf.shape for leaf in leaves]

    def unflatten(vector: Value) -> Structure:
        if np.shape(vector) != (ends[-1],):
            raise ValueError(f"expected a vector of shape ({ends[-1]},), got {np.shape(vector)}")
        if shapes == [(ends[-1],)]:
            return with_leaves(structure, [vector])
        starts = [0, *ends]
        return with_leaves(
            structure,
            [
                vector[start:end].reshape(shape) if shape else vector[start]
                for start, end, shape in zip(starts, ends, shapes, strict=False)
            ],
        )

    return np.concatenate([np.ravel(leaf) for leaf in leaves]), unflatten


def as_numbers(path: str, x: Any) -> Value:
    """Return an array_like as an array or Tensor of numbers, integers among them as float64."""
    try:
        x = at_present(x)
        refuse_container(x)
        value = x if type(x) is np.ndarray or dispatches(x) else recording.get().as_array(x)
    except ValueError:
        raise ValueError(
            f"{path} is a {type(x).__name__} of numbers whose rows differ in length: make each row "
            f"an array, or all of it one array: {x!r:.60}"
        ) from None
    if value.dtype.kind in "biu":
        return value.astype(np.float64)
    if value.dtype.kind not in "fc":
        raise TypeError(
            f"{path} is to be differentiated, but is no number or array of numbers: {x!r:.60} "
            f"({type(x).__name__}). Keep it out of the arguments that are differentiated"
        )
    return value


def leaf_pairs(
    structure: Structure, other: Structure, path: str, role: str
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each leaf, the leaf, and what stands there in the other structure.

    Raises
    ------
    ValueError
        Naming the first place where the two differ in kind, keys or length.
    """
    if not is_container(structure):
        if is_container(other):
            raise ValueError(_unlike(structure, other, path, role))
        yield path, structure, other
        return
    if type(other) is not type(structure):
        raise ValueError(_unlike(structure, other, path, role))
    parts, others = container_parts(structure), container_parts(other)
    if parts.keys() != others.keys():
        raise ValueError(_unlike(structure, other, path, role))
    for key, part in parts.items():
        yield from leaf_pairs(part, others[key], path + _step(structure, key), role)


def is_container(x: Any) -> bool:
    """Whether something holds leaves, and is not one array_like itself."""
    if type(x) in ARRAYS:
        return False
    if isinstance(x, list | tuple):
        return _is_named_tuple(x) or not _holds_only_numbers(x)
    return isinstance(x, dict) or _is_dataclass(x)


def _holds_only_numbers(x: list[Any] | tuple[Any, ...]) -> bool:
    kinds = set(map(type, x))
    if Tensor in kinds:  # known at once of what was recorded
        return False
    others = [k for k in kinds if k not in _LISTS and not issubclass(k, (Number, np.bool))]
    if others:
        is_number = recording.get().is_number
        if not all(is_number(part) for part in x if type(part) in others):
            return False
    return all(_holds_only_numbers(part) for part in x if type(part) in _LISTS)


def _is_named_tuple(x: Any) -> bool:
    return isinstance(x, tuple) and hasattr(x, "_fields")


def _is_dataclass(x: Any) -> bool:
    return is_dataclass(x) and not isinstance(x, type)


def container_parts(container: Any) -> dict[Any, Any]:
    """Return what a container holds by key, index or name of the field."""
    if isinstance(container, dict):
        return container
    if isinstance(container, list | tuple):
        names = getattr(container, "_fields", range(len(container)))
        return dict(zip(names, container, strict=True))
    for field in fields(container):
        if not field.init:
            raise TypeError(
                f"the field {field.name} of {type(container).__name__} is set by the class itself "
                "(init=False) and cannot be an independent variable: make it a property"
            )
    return {field.name: getattr(container, field.name) for field in fields(container)}


def _container_like(container: Any, parts: list[Any]) -> Any:
    """Return a container of the same kind with other parts."""
    if isinstance(container, dict):
        result = copy(container)  # which keeps a defaultdict's factory, too
        result.update(zip(container, parts, strict=True))
        return result
    if _is_named_tuple(container):
        return container._make(parts)
    if isinstance(container, list | tuple):
        return type(container)(parts)
    # Without __init__ and __post_init__: a block of a Jacobian need not pass an array's checks.
    result = object.__new__(type(container))
    for field, part in zip(fields(container), parts, strict=True):
        object.__setattr__(result, field.name, part)
    return result


def _step(container: Any, key: Any) -> str:
    """Return how a path goes on to a part: ``[0]``, ``['key']`` or ``.name``."""
    return f".{key}" if _is_named_tuple(container) or _is_dataclass(container) else f"[{key!r}]"


def _unlike(structure: Structure, other: Structure, path: str, role: str) -> str:
    return f"{path} is {_description(structure)}, but its {role} is {_description(other)}"


def _description(x: Any) -> str:
    if not (is_container(x) or isinstance(x, list | tuple)):
        return f"an array of shape {np.shape(x)}" if hasattr(x, "shape") else f"{x!r:.60}"
    kind = type(x).__name__
    if isinstance(x, dict):
        return f"a {kind} with the keys {', '.join(map(repr, x)) or '(none)'}"
    if isinstance(x, list | tuple) and not _is_named_tuple(x):
        return f"a {kind} of {len(x)}"
    return f"a {kind}({', '.join(container_parts(x))})"
