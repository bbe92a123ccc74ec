"""What the program calls its Tensors, for like= to name one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from autodiff._core.corrections.spots import Spot, assignments, parameters

MOST = 6  # numbers that are named, to keep a line short


def is_tensor(x: Any) -> bool:
    """Whether it is a Tensor, whose file imports this one."""
    return hasattr(type(x), "requires_grad") and hasattr(type(x), "at")


def name_of(spot: Spot, tensor: Any) -> str:
    """Return what the program calls this very Tensor, or ""."""
    for variable, value in _variables(spot):
        for name, x in _parts(variable, value):
            if x is tensor:
                return name
    return ""


def like_argument(spot: Spot) -> str:
    """Return what like= can be given where the program stands, or x."""
    return like_there(spot) or "x"


def like_there(spot: Spot, scope: ast.AST | None = None, line: int = 0) -> str | None:
    """Return a Tensor with axes as the program calls it, or one that is made of its numbers.

    It is known in some line of a function around, if one is asked for. NumPy takes no numbers in
    like=, which the Tensors without axes are when the program is run by itself.
    """
    found = [
        (x.ndim == 0, name != variable, not x.requires_grad, name)
        for variable, value in _variables(spot)
        if scope is None or _is_known(spot, variable, scope, line)
        for name, x in _parts(variable, value)
        if is_tensor(x)
    ]
    if not found:
        return None
    is_number, _, _, best = min(found, key=lambda x: x[:3])
    if not is_number:
        return best
    return _stack_of(spot, scope or spot.scopes[0]) or f"np.atleast_1d({best})"


def _stack_of(spot: Spot, scope: ast.AST) -> str:
    """Return the array of a function's numbers, each of which may be a Tensor, or "" of none."""
    given: list[tuple[str, Any]] = [(name, spot.names.get(name)) for name in parameters(scope)]
    tensors = [name for name, x in given if is_tensor(x) and x.ndim == 0]
    numbers = [name for name, x in given if isinstance(x, float) or name in tensors]
    names = (numbers if len(numbers) <= MOST else tensors)[:MOST] if tensors else []
    if names:
        several = f"np.stack([{', '.join(names)}])"
        return several if len(names) > 1 else f"np.atleast_1d({names[0]})"
    for name, x in given:
        parts: Any = list(x.values()) if type(x) is dict else x
        if type(parts) not in (list, tuple) or not any(map(is_tensor, parts)):
            continue
        if all(map(_is_number, parts)):
            return f"np.stack(list({name}.values()))" if type(x) is dict else f"np.stack({name})"
    return ""


def _is_number(x: Any) -> bool:
    return isinstance(x, float | int) or (is_tensor(x) and x.ndim == 0)


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
