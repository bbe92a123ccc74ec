"""Keys of ints and slices: what they read."""

from __future__ import annotations

from typing import Any

from autodiff._core.types import Shape
from autodiff.compiled._functions import Part

_ALL = slice(None)


def reads_all(key: Any, shape: Shape) -> bool:
    """Whether a key reads an array as it is."""
    if key is Ellipsis or key == (...,):
        return True
    keys = along_axes(key, len(shape))
    return keys is not None and all(map(_is_all, keys, shape))


def _is_all(k: Any, length: int) -> bool:
    return type(k) is slice and (k == _ALL or k.indices(length) == (0, length, 1))


def along_axes(key: Any, ndim: int) -> list[Any] | None:
    """Return the int or slice for each axis; None of a key that holds anything else."""
    keys = key if type(key) is tuple else (key,)
    own = [k for k in keys if k is not Ellipsis]
    if len(keys) - len(own) > 1 or not all(map(_is_basic, own)):
        return None
    rest = [_ALL] * (ndim - len(own))
    for i, k in enumerate(keys):
        if k is Ellipsis:
            return [*keys[:i], *rest, *keys[i + 1 :]]
    return [*keys, *rest]


def _is_basic(k: Any) -> bool:
    """Whether a key is an int, or a slice whose ends are known."""
    if type(k) is slice:
        return not any(isinstance(end, Part) for end in (k.start, k.stop, k.step))
    return type(k) is int


def index_at(key: Any, shape: Shape, axis: int) -> Any:
    """Return what a key reads along one axis, counted from the front; None where it reads others.

    A slice has all its ends, as ``range`` has them.
    """
    keys = along_axes(key, len(shape))
    if keys is None:
        return None
    if not all(_is_all(k, shape[i]) for i, k in enumerate(keys) if i != axis):
        return None
    index, length = keys[axis], shape[axis]
    return index % length if type(index) is int else slice(*index.indices(length))


def adds_axes(key: Any) -> bool:
    """Whether a key adds axes, and reads all there is."""
    keys = key if type(key) is tuple else (key,)
    return any(k is None for k in keys) and all(
        k is None or k is Ellipsis or (type(k) is slice and k == _ALL) for k in keys
    )
