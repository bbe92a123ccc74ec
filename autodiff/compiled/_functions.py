"""The functions of programs that NumPy has under no name of its own: reading, writing, moving.

All are pure: what writes returns a changed copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.machine import RANK_UPDATE_BLOCK
from autodiff._core.types import Function, Shape


def getitem(x: NDArray[Any], *parts: Any, key: Any) -> Any:
    """Return the entries at a key, in which ``parts`` stand in the places of `Part`."""
    return x[fill_in(key, parts)]


def setitem(x: NDArray[Any], v: Any, *parts: Any, key: Any) -> Any:
    """Return a copy with other entries at a key."""
    out = np.array(x)  # also of a number
    out[fill_in(key, parts)] = v
    return out


def add_at(x: NDArray[Any], v: Any, *parts: Any, key: Any, ufunc: Any = np.add) -> Any:
    """Return a copy to whose entries at a key others are added, as often as an index occurs."""
    out = np.array(x)  # also of a number
    ufunc.at(out, fill_in(key, parts), v)
    return out


class Part:
    """The place of an operand inside of a structure of static arguments."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"Part({self.number})"

    def __eq__(self, other: object) -> bool:
        return type(other) is Part and other.number == self.number

    def __hash__(self) -> int:
        return hash(self.number)


def fill_in(template: Any, parts: Any) -> Any:
    """Return a structure of static arguments with values in the places of its parts."""
    if not parts:
        return template
    kind = type(template)
    if kind is Part:
        return parts[template.number]
    if kind is tuple or kind is list:
        return kind([fill_in(x, parts) for x in template])
    if kind is dict:
        return {key: fill_in(x, parts) for key, x in template.items()}
    if kind is slice:
        return slice(*(fill_in(x, parts) for x in (template.start, template.stop, template.step)))
    return template


def template_of(x: Any, parts: list[Any], kinds: tuple[type, ...]) -> Any:
    """Return static arguments with `Part` in the place of each operand, and collect these."""
    kind = type(x)
    if isinstance(x, kinds):
        parts.append(x)
        return Part(len(parts) - 1)
    if kind is tuple or kind is list:
        return kind([template_of(y, parts, kinds) for y in x])
    if kind is dict:
        return {key: template_of(y, parts, kinds) for key, y in x.items()}
    if kind is slice:
        return slice(*(template_of(y, parts, kinds) for y in (x.start, x.stop, x.step)))
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return tuple([template_of(y, parts, kinds) for y in x])
    return x


class Opaque:
    """A call of any function, with operands wherever its arguments hold them."""

    __slots__ = ("__name__", "args", "function", "kwargs")

    def __init__(self, function: Function, args: Any, kwargs: Any) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *parts: Any) -> Any:
        """Call the function with values in the places of its operands."""
        return self.function(*fill_in(self.args, parts), **fill_in(self.kwargs, parts))


def full(*, shape: Shape, value: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of equal entries."""
    return np.full(shape, value, dtype)


def item(x: Any, *, number: Any) -> Any:
    """Return one of several results."""
    return x[number]


def astype(x: NDArray[Any], *, dtype: np.dtype[Any]) -> Any:
    """Return the entries in another type."""
    return x.astype(dtype)


def reshape(x: NDArray[Any], *, shape: Shape) -> NDArray[Any]:
    """Return the entries in another shape."""
    return x.reshape(shape)


def transpose(x: NDArray[Any], *, axes: tuple[int, ...]) -> NDArray[Any]:
    """Return the array with its axes in another order."""
    return x.transpose(axes)


def broadcast_to(x: Any, *, shape: Shape) -> NDArray[Any]:
    """Return the array repeated along axes."""
    return np.broadcast_to(x, shape)


def copy(x: Any) -> Any:
    """Return a copy."""
    return x.copy()


def concatenate(*arrays: Any, axis: int) -> NDArray[Any]:
    """Join arrays along an axis."""
    return np.concatenate(arrays, axis=axis)


def stack(*arrays: Any, axis: int) -> NDArray[Any]:
    """Join arrays along a new axis."""
    return np.stack(arrays, axis=axis)


def shape_of(x: Any) -> Shape:
    """Return the lengths of the axes."""
    lengths: Shape = x.shape
    return lengths


# Views of an array, which cost nothing but their making.
_views: list[Function] = [reshape, transpose, broadcast_to]
VIEWS = frozenset(_views)


def scatter(*operands: Any, keys: tuple[Any, ...], shape: Shape, dtype: np.dtype[Any]) -> Any:
    """Return zeros to which pieces are added at their keys; the pieces come first, then parts.

    The keys start with an Ellipsis; an index that names an entry twice adds twice.
    """
    pieces, parts = operands[: len(keys)], operands[len(keys) :]
    out = np.zeros(shape, dtype)
    for piece, key in zip(pieces, fill_in(keys, parts), strict=True):
        if any(type(k) is np.ndarray for k in key):
            np.add.at(out, key, piece)
        else:
            out[key] += piece
    return out


def weighted_gram(x: NDArray[Any], weights: NDArray[Any]) -> Any:
    """Return xᵀ diag(weights) x, by symmetric products of blocks of rows that stay in the cache.

    With roots of the weights they take half of the sums; rows with the rarer sign are counted twice
    the other way round.
    """
    negative = weights < 0
    if 2 * np.count_nonzero(negative) > len(weights):
        return -weighted_gram(x, -weights)
    roots = np.sqrt(np.abs(weights))[:, None]
    rows, columns = x.shape
    step = max(1, RANK_UPDATE_BLOCK // max(1, columns))
    buffer = np.empty((min(rows, step), columns), np.result_type(x, roots))
    total = np.zeros((columns, columns), buffer.dtype)
    for start in range(0, rows, step):
        part = slice(start, min(start + step, rows))
        scaled = np.multiply(x[part], roots[part], buffer[: part.stop - start])
        total += scaled.T.dot(scaled)
        others = scaled[negative[part]]
        if len(others):
            total -= 2 * others.T.dot(others)
    return total
