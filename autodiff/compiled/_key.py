"""The arguments of a call: their leaves, and the key under which calls share plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations
from types import NoneType
from typing import Any

import numpy as np

from autodiff._core.structures import container_parts, is_container, map_structure
from autodiff._core.tensor import Tensor

NUMBERS = frozenset({float, int, complex})


class UnplannedError(Exception):
    """Arguments that no plan can take: the call is made as it is."""


class _Same:
    """A key for what has no hash, or one that may change: the object itself."""

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __hash__(self) -> int:
        return id(self.x)

    def __eq__(self, other: object) -> bool:
        return type(other) is _Same and other.x is self.x


def leaves_and_key(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the arrays, numbers and generators among the arguments, and the key of the rest.

    Raises
    ------
    UnplannedError
        When an argument is a Tensor, or an array that is not NumPy's own.
    """
    leaves: list[Any] = []
    key = tuple([_key_of(x, leaves) for x in args])
    if kwargs:
        key = (*key, *[(name, _key_of(kwargs[name], leaves)) for name in kwargs])
    arrays = [id(x) for x in leaves if type(x) is np.ndarray] if len(leaves) > 1 else []
    if len({*arrays}) < len(arrays):  # one array in several places
        key = (*key, tuple(map(arrays.index, arrays)))
    return leaves, key


def fitting(args: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], bool] | None:
    """Return a function that tells whether arguments have the key of these; None if that is slow.

    For arrays and numbers it takes half the time of `leaves_and_key`.
    """
    kinds: list[Any] = []
    for x in args:
        if not is_leaf(x):
            return None
        is_array = type(x) is np.ndarray
        if is_array and not x.flags.c_contiguous:
            return None
        kinds.append((x.shape, x.dtype) if is_array else type(x))
    arrays = [id(x) for x in args if type(x) is np.ndarray]
    return _test_of(tuple(kinds)) if len({*arrays}) == len(arrays) else None


@lru_cache(maxsize=256)  # for writing it takes 50 µs
def _test_of(kinds: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], bool]:
    """Return the function that tells whether arguments are of these kinds, and no array twice."""
    terms = [f"len(args) == {len(kinds)}"]
    named: dict[str, Any] = {"ndarray": np.ndarray}
    for i, kind in enumerate(kinds):
        if isinstance(kind, tuple):
            shape, named[f"d{i}"] = kind
            terms.append(f"type(x := args[{i}]) is ndarray and x.shape == {shape}")
            terms.append(f"x.dtype is d{i} and x.flags.c_contiguous")
        else:
            named[f"k{i}"] = kind
            terms.append(f"type(args[{i}]) is k{i}")
    arrays = [i for i, kind in enumerate(kinds) if isinstance(kind, tuple)]
    terms += [f"args[{i}] is not args[{j}]" for i, j in combinations(arrays, 2)]
    test: Callable[[tuple[Any, ...]], bool]
    test = eval(f"lambda args: {' and '.join(terms)}", named)
    return test


def _key_of(x: Any, leaves: list[Any]) -> Any:
    kind = type(x)
    if kind is np.ndarray:
        if x.dtype.kind not in "fiubc":
            raise UnplannedError
        leaves.append(x)
        return x.shape, x.dtype, None if x.flags.c_contiguous else x.strides
    if kind in NUMBERS or isinstance(x, np.generic | np.random.Generator):
        leaves.append(x)
        return kind
    if kind is list or kind is tuple:
        return kind, tuple([_key_of(y, leaves) for y in x])
    if kind is dict:
        return dict, tuple([(name, _key_of(y, leaves)) for name, y in x.items()])
    if kind is Tensor or isinstance(x, np.ndarray | Iterator) or hasattr(x, "__array_ufunc__"):
        raise UnplannedError
    if is_container(x):
        parts: list[Any] = []
        map_structure(lambda path, y: parts.append((path, _key_of(y, leaves))), x)
        return kind, tuple(parts)
    try:
        hash(x)
    except TypeError:
        return _Same(x)
    return (kind, x) if kind in (bool, str, type(None)) else _Same(x)


def is_leaf(x: Any) -> bool:
    """Whether something is an array, a number or a generator, which a plan takes anew."""
    kind = type(x)
    return kind is np.ndarray or kind in NUMBERS or isinstance(x, np.generic | np.random.Generator)


def with_stand_ins(x: Any, stand_ins: Iterator[Any]) -> Any:
    """Return arguments with the next stand-ins in the places of their leaves."""
    kind = type(x)
    if is_leaf(x):
        return next(stand_ins)
    if kind is list or kind is tuple:
        return kind([with_stand_ins(y, stand_ins) for y in x])
    if kind is dict:
        return {name: with_stand_ins(y, stand_ins) for name, y in x.items()}
    if is_container(x):
        return map_structure(lambda path, y: with_stand_ins(y, stand_ins), x)
    return x


def arrangement(x: Any, is_leaf: Callable[[Any], bool]) -> list[Any]:
    """Return what a structure holds in its order: None for a leaf, of all else the identity."""
    if is_leaf(x):
        return [None]
    if not _holds_parts(x):
        return [id(x)]
    keys = tuple(x) if type(x) is dict else ()
    return [type(x), keys, *[arrangement(part, is_leaf) for part in _parts(x)]]


def objects_among(x: Any) -> list[Any]:
    """Return the objects in a structure that are no data: a plan looks at what they hold."""
    if is_leaf(x) or isinstance(x, bool | str | NoneType):
        return []
    if not _holds_parts(x):
        return [x]
    return [y for part in _parts(x) for y in objects_among(part)]


def holds_tensor(x: Any) -> bool:
    """Whether a Tensor is among the arguments."""
    return isinstance(x, Tensor) or (_holds_parts(x) and any(map(holds_tensor, _parts(x))))


def _holds_parts(x: Any) -> bool:
    return type(x) in (list, tuple, dict) or is_container(x)


def _parts(x: Any) -> Any:
    """Return what a structure holds."""
    kind = type(x)
    if kind is list or kind is tuple:
        return x
    if kind is dict:
        return x.values()
    return container_parts(x).values()
