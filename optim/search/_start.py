"""A start as one vector, and the way back to its structure: one function for starts that are alike.

Plans of derivatives are found again by the functions in them, so that a search from another start
takes those of the search before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from autodiff import flatten, is_lazy
from optim.chunks._in_memory import in_memory

WAYS = 128  # structures that are remembered


def vector_and_way_back(x0: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return what `autodiff.flatten` does, with the same function for structures that are alike.

    Examples
    --------
    >>> _, shaped = vector_and_way_back({"slope": 2.0, "knots": np.ones(3)})
    >>> shaped is vector_and_way_back({"slope": 5.0, "knots": np.zeros(3)})[1]
    True
    """
    vector, shaped = flatten(x0)
    if is_lazy(vector):  # unknowns, of which there are few, whatever data may be
        return vector_and_way_back(shaped(*in_memory(vector)))
    probe = shaped(vector)
    if probe is vector:
        return vector, _itself
    if isinstance(probe, np.generic):
        return vector, _only_number
    if isinstance(probe, np.ndarray):
        return vector, _to_shape(probe.shape)
    try:
        form = _form(probe)
    except _UnknownFormError:
        return vector, shaped
    return vector, _way_back(form)


def is_identity(shaped: Callable[[Any], Any]) -> bool:
    """Whether the way back leads nowhere: the start is a vector."""
    return shaped is _itself


def _itself(x: Any) -> Any:
    return x


def _only_number(x: Any) -> Any:
    return x[0]


def _to_shape(shape: tuple[int, ...]) -> Callable[[Any], Any]:
    return lambda x: x.reshape(shape)


class _UnknownFormError(Exception):
    """A structure of types of the caller's own, which may hold more than numbers."""


def _form(x: Any) -> Any:
    """Return what structures that are alike have in common, as a key."""
    kind = type(x)
    if kind is dict:
        return dict, tuple([(key, _form(part)) for key, part in x.items()])
    if kind is list or kind is tuple:
        return kind, tuple(map(_form, x))
    if isinstance(x, np.ndarray | np.generic):
        return np.ndarray, x.shape
    raise _UnknownFormError


@lru_cache(maxsize=WAYS)
def _way_back(form: Any) -> Callable[[Any], Any]:
    return flatten(_example(form))[1]


def _example(form: Any) -> Any:
    """Return a structure of a form, of arrays that take no room."""
    kind, parts = form
    if kind is dict:
        return {key: _example(part) for key, part in parts}
    if kind is np.ndarray:
        return np.broadcast_to(0.0, parts)
    return kind(map(_example, parts))
