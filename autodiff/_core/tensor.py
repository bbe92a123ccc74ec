"""The Tensor: a value that remembers how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.array_kinds import at_present, entries_as_text, own_value
from autodiff._core.hook import next_index, recording
from autodiff._core.ndarray import NDArrayInterface, Operand, operations

if TYPE_CHECKING:
    from autodiff._core.op import Op

new = object.__new__


class Tensor(NDArrayInterface):
    """An array or number that remembers how it was made, so that it can be differentiated.

    NumPy's functions, operators and slices work on it as they do on an array, and each records
    one node of the computational graph: the op, its inputs and its value. It never changes; what
    ``x.copy()``, ``np.zeros_like(x)`` or ``np.zeros(shape, like=x)`` returns can be filled.

    Parameters
    ----------
    value : array_like
        Copied. Integers and booleans are kept as they are and never require a gradient.
    requires_grad : bool
        Whether ``backward`` computes a gradient for this Tensor.
    name : str, optional
        What to call it in pictures and messages.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor([1.0, 2.0])
    >>> y = np.sum(x**2)
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    >>> powers = np.zeros(3, like=x)
    >>> for i in range(3):
    ...     powers[i] = x[1] ** i
    >>> powers
    Tensor([1., 2., 4.], op=gather)
    """

    __slots__ = (
        "__weakref__",
        "_grad",
        "_index",
        "_value",
        "_values",
        "inputs",
        "name",
        "op",
        "requires_grad",
    )

    op: Op | None  # what made it; None for a leaf
    inputs: tuple[Any, ...]  # the op's arguments: Tensors and constants
    _values: tuple[Any, ...]  # the same arguments with plain values for Tensors
    _grad: Any
    _index: int  # larger than any input's: sorting by it is the topological order

    def __init__(self, value: Operand, requires_grad: bool = True, name: str | None = None) -> None:
        if not isinstance(requires_grad, bool | np.bool):
            raise TypeError(
                f"requires_grad is True or False, but got {requires_grad!r:.40}: a name goes by "
                "keyword, as in Tensor(2.0, name='x')"
            )
        if not (name is None or isinstance(name, str)):
            raise TypeError(f"a Tensor's name is a str, but got {name!r:.40}")
        self._value = own_value(value)
        self.op = None
        self.inputs = self._values = ()
        self.name = name
        self.requires_grad = bool(requires_grad) and self._value.dtype.kind in "fc"
        self._grad = None
        self._index = next_index()

    def __init_subclass__(cls, derives: bool = False) -> None:
        if not derives:
            raise TypeError(
                f"{cls.__name__} cannot inherit from Tensor, which NumPy's functions return: let "
                "it hold one instead"
            )

    # -- the value ---------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The value, as a plain array that cannot be written to.

        A leaf's can be replaced: instead of ``p.data -= step``, which would write into the array,
        it is ``p.data = p.data - step``.
        """
        value = recording.get().value(self)
        if type(value) is not np.ndarray:
            return value
        view = value.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, new_value: ArrayLike) -> None:
        if self.op is not None:
            raise TypeError(
                f"only a leaf's value can be replaced, and {self.op.name} made this Tensor: "
                "build a new Tensor instead"
            )
        value = own_value(new_value, self.dtype)
        if value.shape != self.shape:
            raise ValueError(f"the new value has shape {value.shape}, the Tensor {self.shape}")
        recording.get().assign(self, value)

    def __repr__(self) -> str:
        text = entries_as_text(self.data, "Tensor(")
        origin = f", op={self.op.name}" if self.op else ""
        label = f", name={self.name!r}" if self.name else ""
        return f"Tensor({text}{origin}{label})"

    # -- derivatives -------------------------------------------------------------------------

    @property
    def grad(self) -> Any:
        """A leaf's gradient, once ``backward`` has run; until then None."""
        return recording.get().gradient(self)

    @grad.setter
    def grad(self, gradient: Any) -> None:
        recording.get().set_gradient(self, gradient)

    def backward(self, cotangent: ArrayLike | None = None) -> None:
        """Add the gradient of this Tensor to the ``grad`` of every leaf that it depends on.

        The graph is kept: calling it again adds the same gradients again.

        Parameters
        ----------
        cotangent : array_like, optional
            The weight of each entry, of this Tensor's shape. For a single entry it may be left
            out and is 1.

        Raises
        ------
        ValueError
            When there are several entries and no cotangent, or it has another shape.
        TypeError
            When nothing that this Tensor depends on requires a gradient, or it is complex and there
            is no cotangent.
        RuntimeError
            When a leaf's value was replaced after this Tensor was computed from it.
        """
        operations[Tensor.backward](self, cotangent)  # of walks.py, which imports this file


# -- without recording, and without checks ----------------------------------------------------


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording a graph, in this thread or task alone.

    Works as a context manager and, called, as a decorator.

    Examples
    --------
    >>> x = Tensor(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    token = recording.set(recording.get().paused)
    try:
        yield
    finally:
        recording.reset(token)


def stop_gradient(x: Operand) -> Any:
    """Return the same value as a constant: no derivative flows through it.

    Examples
    --------
    >>> from autodiff import grad
    >>> float(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return constant(at_present(x)._plain()) if isinstance(x, Tensor) else x


def constant(value: Any) -> Tensor:
    """Return a Tensor around a value that needs no copy and no gradient."""
    return node(value, None, (), (), requires_grad=False)


def node(
    value: Any,
    op: Op | None,
    inputs: tuple[Any, ...],
    values: tuple[Any, ...],
    requires_grad: bool = True,
) -> Tensor:
    """Return a Tensor without copying or checking anything."""
    out = new(Tensor)
    out._value = value
    out.op = op
    out.inputs = inputs
    out._values = values
    out.name = None
    out._grad = None
    out._index = next_index()
    out.requires_grad = requires_grad
    return out
