"""A Tensor as a number, a text or a plain array, unless that would lose a derivative."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autodiff._core.array_kinds import is_plain, to_numpy
from autodiff._core.corrections.corrections import (
    called_there,
    correction,
    tensor_correction,
)
from autodiff._core.corrections.without_dispatch import IN_GENERAL, stand_in
from autodiff._core.hook import recording


def _own(x: Any) -> Any:
    """Return an array or a number as one of NumPy's."""
    return x if is_plain(x) else to_numpy(x)


class LostGraphError(TypeError):
    """A Tensor stands where only its value would fit, so its derivative would be lost."""


def assignment_error(attribute: str, instead: str) -> AttributeError:
    """Return the error for an assignment to a part of a Tensor."""
    return AttributeError(
        f"a Tensor's value never changes: instead of x.{attribute} = v write {instead}"
    )


class Conversions:
    """What Python and NumPy make of an array outside of the graph."""

    __slots__ = ()

    _value: NDArray[Any]  # or a NumPy scalar, which is several times faster
    op: Any
    name: str | None
    requires_grad: bool

    def item(self, *args: Any) -> Any:
        """Return the only entry, or that at an index, as a Python number outside the graph."""
        return _own(self._plain()).item(*args)

    def tolist(self) -> Any:
        """Return the entries as nested lists of Python numbers, outside the graph."""
        return _own(self._plain()).tolist()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self._value.size == 1 else repr(self)

    def __len__(self) -> int:
        if not self._value.ndim:
            raise TypeError("a Tensor of shape () has no length")
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._plain())

    def __float__(self) -> float:
        return float(self._value_outside("a float", "t.item()"))

    def __int__(self) -> int:
        return int(self._value_outside("an int", "t.item()"))

    def __complex__(self) -> complex:
        return complex(self._value_outside("a complex", "t.item()"))

    def __index__(self) -> int:
        return operator.index(self._value_outside("an index", "t.item()", IN_GENERAL))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._value_outside("a plain array", "t.data"), dtype=dtype, copy=copy)

    def _value_outside(self, target: str, instead: str, advice: str = "") -> Any:
        """Return the value for use outside the graph, unless a derivative would be lost."""
        if self.requires_grad:
            shown = advice or correction() or stand_in() or IN_GENERAL
            constant = instead.replace("t.", f"{called_there(self)}.")
            raise LostGraphError(
                f"a Tensor of shape {self._value.shape} that requires a gradient cannot become "
                f"{target} without losing its derivative: {shown}"
                + ("\nor " if "\n" in shown else "; or ")
                + f"write {constant} if a constant is meant"
            )
        return self._plain()

    def _plain(self: Any) -> Any:
        """Return the value."""
        return recording.get().value(self)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(f"a Tensor's value never changes: {tensor_correction()}")

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"only a leaf can be copied or pickled, and {self.op.name} made this Tensor: "
                "use t.data"
            )
        return type(self), (self._plain(), self.requires_grad, self.name)
