"""Scopes: names for parts of a program, which pictures show as boxes around what they recorded."""

from __future__ import annotations

from contextvars import ContextVar
from itertools import count
from typing import Any

from autodiff.drawing._view import Home


class scope:  # noqa: N801
    """Name what is recorded inside: one box in the picture that `draw` makes of a function.

    Scopes nest; modules open theirs when they are called. In a large picture each may be closed to
    one node; ``draw(..., collapse="encoder")`` closes the one of that name. While nothing is drawn
    a scope takes less than two tenths of a microsecond. One may be made once and entered often.

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

    __slots__ = ("name",)  # a generator in the place of this class would take five times as long

    def __init__(self, name: Any) -> None:
        self.name = name

    def __enter__(self) -> None:
        opened = scopes_in_drawing()
        if opened is not None:
            opened.enter(self)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        opened = scopes_in_drawing()
        if opened is not None:
            opened.leave(self, error)


class OpenScopes:
    """The scopes that are open while a function is recorded to be drawn."""

    def __init__(self) -> None:
        self.entered: list[tuple[scope, tuple[str, int]]] = []
        self._numbers = count(1)
        self._at_error: tuple[BaseException | None, Home] = (None, ())

    @property
    def home(self) -> Home:
        """The names, outermost first, each with the number of this entry."""
        return tuple(entry for _, entry in self.entered)

    def enter(self, entered: scope) -> None:
        """Put what is recorded from here on into a scope."""
        self.entered.append((entered, (scope_name(entered.name), next(self._numbers))))

    def leave(self, left: scope, error: BaseException | None) -> None:
        """Leave a scope, perhaps because of an error.

        It need not be the innermost: a generator leaves its own when it ends.
        """
        if error is not None and error is not self._at_error[0]:
            self._at_error = error, self.home
        places = [i for i, (known, _) in enumerate(self.entered) if known is left]
        if places:  # one that was entered before there was a drawing is not among them
            del self.entered[places[-1]]

    def at(self, error: BaseException) -> Home:
        """Return those that were open where an error was raised."""
        return self._at_error[1] if self._at_error[0] is error else ()


drawing_scopes: ContextVar[OpenScopes | None] = ContextVar("drawing_scopes", default=None)
scopes_in_drawing = drawing_scopes.get


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
