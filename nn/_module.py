"""Module: a function with parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autodiff import Tensor


class Module:
    """A function with parameters: subclass it, keep Tensors and Modules as attributes, and define
    ``__call__``.

    Examples
    --------
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...
    ...     def __call__(self, x):
    ...         return self.factor * x
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    def parameters(self) -> list[Tensor]:
        """Return the parameters of this module and of those inside it, in order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Return the parameters with the dotted names of the attributes that hold them.

        One that is held twice is listed once.
        """
        found: dict[Tensor, str] = {}
        for name, parameter in _search(vars(self)):
            found.setdefault(parameter, name)
        return [(name, parameter) for parameter, name in found.items()]


def _search(held: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the parameters among attributes, modules, lists and dictionaries, with their names."""
    if isinstance(held, Module):
        held = vars(held)
    if isinstance(held, Tensor):
        if held.requires_grad and held.op is None:
            yield "", held
        return
    if isinstance(held, list | tuple):
        held = dict(enumerate(held))
    if isinstance(held, dict):
        for key, value in held.items():
            for name, parameter in _search(value):
                yield f"{key}.{name}".rstrip("."), parameter
