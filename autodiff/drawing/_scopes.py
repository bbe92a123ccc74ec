"""Scopes: names for parts of a program, which pictures show as boxes around what they recorded."""

from __future__ import annotations

from typing import Any

from autodiff._core.hook import PLAIN, recording

current_hook = recording.get


class scope:  # noqa: N801  # it is used like a function, as contextlib's are
    """Name what is recorded inside: one box in the pictures that `draw` makes of a function.

    Scopes nest. Without a picture in the making they do nothing, in a tenth of a microsecond.

    Parameters
    ----------
    name : str or object
        Of an object with ``named_parameters``, as a module has, the name is the path that leads to
        its parameters from the outermost module, or its class's name where there is none.

    Raises
    ------
    TypeError
        While a picture is made, when the name is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import Tensor
    >>> with scope("energy"):
    ...     y = Tensor(3.0) ** 2 / 2
    """

    __slots__ = ("name",)

    def __init__(self, name: Any) -> None:
        self.name = name

    def __enter__(self) -> None:
        if current_hook() is not PLAIN and (
            open_scope := getattr(current_hook(), "open_scope", None)
        ):
            open_scope(scope_name(self.name))

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if current_hook() is not PLAIN and (
            close_scope := getattr(current_hook(), "close_scope", None)
        ):
            close_scope(error)


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
