"""Scopes: names for parts of a program, which pictures show as boxes around what they recorded."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from autodiff._core.hook import PLAIN, recording

current_hook = recording.get


def scope(name: Any) -> AbstractContextManager[None]:
    """Name what is recorded inside: one box in the picture that `draw` makes of a function.

    Scopes nest; modules open theirs when they are called. In a large picture each may be closed to
    one node; ``draw(..., collapse="encoder")`` closes the one of that name. While nothing is drawn
    a scope takes a tenth of a microsecond.

    Parameters
    ----------
    name : str or object
        Of an object with ``named_parameters``, as a module has, the name is the path that leads to
        its parameters from the outermost module, as "layers.0"; of the outermost, and of one
        without parameters, it is its class's name in lower case: "mlp".

    Raises
    ------
    TypeError
        While a picture is made, when the name is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import draw
    >>> def loss(x, y):
    ...     with scope("distance"):
    ...         return np.sum((x - y) ** 2)
    >>> "distance" in draw(loss, [1.0, 2.0], [3.0, 4.0]).source
    True
    """
    return _UNSEEN if current_hook() is PLAIN else _Scope(name)


class _Unseen:
    """A scope while nothing is drawn; one that is a generator would take five times as long."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None: ...


_UNSEEN = _Unseen()


class _Scope:
    """A scope that is opened where the hook in charge has a mind for it."""

    def __init__(self, name: Any) -> None:
        self.name = name
        self.hook: Any = current_hook()

    def __enter__(self) -> None:
        if hasattr(self.hook, "open_scope"):
            self.hook.open_scope(scope_name(self.name))

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if hasattr(self.hook, "close_scope"):
            self.hook.close_scope(error)


def scope_name(owner: Any) -> str:
    """Return the name itself, or the path from the outermost module to one inside it."""
    if isinstance(owner, str) and owner:
        return owner
    if not hasattr(owner, "named_parameters"):
        raise TypeError(f"a scope has a name, as in scope('encoder'), but got {owner!r:.60}")
    for path, parameter in owner.named_parameters():
        return (parameter.name or "").removesuffix(path).rstrip(".") or _class_name(owner)
    return _class_name(owner)


def _class_name(owner: Any) -> str:
    return type(owner).__name__.lower()
