"""What the program calls its Tensors, for like= to name one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from autodiff._core.corrections.spots import Spot, assignments, parameters


def is_tensor(x: Any) -> bool:
    """Whether it is a Tensor, whose file imports this one."""
    return hasattr(type(x), "requires_grad") and hasattr(type(x), "at")


def any_tensor(spot: Spot) -> str:
    """Return what the program calls a Tensor where it stands, or x."""
    return tensor_name(spot) or "x"


def tensor_name(spot: Spot, scope: ast.AST | None = None, line: int = 0) -> str | None:
    """Return what the program calls a Tensor, one with axes if there is one.

    It is known in some line of a function around, if one is asked for.
    """
    found = [
        (x.ndim == 0, name != variable, not x.requires_grad, name)
        for variable, value in _variables(spot)
        if scope is None or _is_known(spot, variable, scope, line)
        for name, x in _parts(variable, value)
        if is_tensor(x) and (x.ndim or name == variable)
    ]
    return min(found, key=lambda x: x[:3])[-1] if found else None


def _variables(spot: Spot) -> Iterator[tuple[str, Any]]:
    for names in spot.names.maps[:-1]:
        for name, value in names.items():
            if name.isidentifier() and not name.startswith("__"):
                yield name, value


def _is_known(spot: Spot, name: str, scope: ast.AST, line: int) -> bool:
    """Whether a name is bound in a function before a line, or in the functions around it."""
    for around in spot.scopes[spot.scopes.index(scope) :]:
        lines = [made.line for made in assignments(around) if made.target == name]
        if name in parameters(around) or any(n < line or around is not scope for n in lines):
            return True
    return False


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a value and its parts by what the program calls them."""
    yield name, value
    if type(value) is dict:
        yield from ((f"{name}[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"{name}[{i}]", part) for i, part in enumerate(value))
    elif not isinstance(value, type) and hasattr(value, "__dict__"):
        yield from ((f"{name}.{key}", part) for key, part in vars(value).items())
